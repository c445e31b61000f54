-- coroutines
local co = coroutine.create(function(a, b)
  print("start", a, b)
  local c = coroutine.yield(a + b)
  print("got", c)
  local d, e = coroutine.yield(c * 2)
  print("got", d, e)
  return "end", d
end)
print(coroutine.resume(co, 1, 2))
print(coroutine.status(co))
print(coroutine.resume(co, 10))
print(coroutine.resume(co, "x", "y"))
print(coroutine.status(co), coroutine.resume(co))
local gen = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
print(gen(), gen(), gen(), gen())
print(pcall(gen))
print(coroutine.resume(coroutine.create(function() error("inside") end)))
print(coroutine.resume(coroutine.create(function() error({}) end)) == false)
local w = coroutine.wrap(function() print(pcall(function() coroutine.yield("in pcall") error("after") end)) return "done" end)
print(w()) print(w())
print(coroutine.isyieldable(), coroutine.running())
print(pcall(coroutine.yield, 1))
local mt = setmetatable({}, {__add = function(a, b) return coroutine.yield("adding") end, __index = function(t, k) return coroutine.yield(k) end,
  __lt = function() return coroutine.yield("lt") end, __concat = function() return coroutine.yield("cat") end})
local m = coroutine.wrap(function() local r = mt + 1 local s = mt.field local t = mt < mt local u = "a" .. mt .. "b" return r, s, t, u end)
print(m()) print(m(5)) print(m("value")) print(m(nil)) print(m("c1"))
local outer = coroutine.wrap(function()
  local inner = coroutine.wrap(function() coroutine.yield(1) coroutine.yield(2) end)
  coroutine.yield(inner()) coroutine.yield(inner())
  return coroutine.status(coroutine.create(print))
end)
print(outer(), outer(), outer())
local self self = coroutine.create(function() return coroutine.resume(self) end)
print(coroutine.resume(self))
local it = coroutine.wrap(function() for i, v in ipairs {"a", "b"} do coroutine.yield(i, v) end end)
for i, v in it do print(i, v) end
local c = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() print("closed") end}) coroutine.yield() end)
coroutine.resume(c)
print(coroutine.close(c), coroutine.status(c))
print(coroutine.close(coroutine.create(print)))
local dead = coroutine.create(function() error("why") end)
coroutine.resume(dead)
print(coroutine.close(dead))
print(select("#", coroutine.resume(coroutine.create(function() return end))))
-- Closing across a yield, and after the end.
local function closer(name) return setmetatable({}, {__close = function(_, e) print("close", name, e) end}) end
local function waiting(name) return setmetatable({}, {__close = function(_, e) print("closing", name, e, coroutine.yield(name)) end}) end
local function many() local a <close> = waiting("many") return 1, 2, 3 end
local co = coroutine.wrap(function(...)
  print(pcall(function() local a <close> = waiting("a") local b <close> = waiting("b") error("oops", 0) end))
  print(many())
  for k in next, {1}, nil, waiting("loop") do print(k, ...) break end
  local c <close> = waiting("c")
end)
for i = 1, 6 do print("got", co(i)) end
local died = coroutine.create(function() local d <close> = closer("d") error("died", 0) end)
print(coroutine.resume(died))
print(coroutine.close(died))
print(coroutine.close(died))
print(pcall(coroutine.wrap(function() local d <close> = closer("wrapped") error("in a wrap") end)))
-- A message handler sees an error before anything is closed, and then what the closing raises.
print(xpcall(function() local d <close> = setmetatable({}, {__close = function() error("late", 0) end}) error("early", 0) end,
  function(m) return m .. "!" end))
