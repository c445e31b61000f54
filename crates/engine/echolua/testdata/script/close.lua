-- Variables that are closed.
local function closer(name) return setmetatable({}, {__close = function(_, e) print("close", name, e) end}) end
do local a <close> = closer("a") local b <close> = closer("b") print("in") end
local function f() local x <close> = closer("x") return "result", 2 end
print(f())
print(pcall(function() local y <close> = closer("y") error("bad", 0) end))
for i = 1, 3 do local z <close> = closer(i) if i == 2 then break end end
do local n <close> = nil local m <close> = false end
print(pcall(function() local w <close> = 5 end))
local function g() for k in next, {1}, nil, closer("loop") do return "out" end end
print(g())
for k in next, {1, 2}, nil, closer("loop2") do print(k) end
do
  local i = 0
  ::again::
  local c <close> = closer("goto" .. i)
  i = i + 1
  if i < 3 then goto again end
end
print(pcall(function()
  local a <close> = setmetatable({}, {__close = function(_, e) print("first", e) error("second", 0) end})
  local b <close> = setmetatable({}, {__close = function(_, e) print("zeroth", e) error("first error", 0) end})
  error("start", 0)
end))
-- At the end of a function without a return.
local function falls_out(...) local c <close> = closer("fell out") end
falls_out(1, 2)
print(pcall(function(...) local c <close> = setmetatable({}, {__close = function() error("at the end", 0) end}) end))
for k, v in pairs(setmetatable({}, {__pairs = function(t) return next, {9}, nil, 4 end})) do print(k, v) end
print(pcall(function() local t = setmetatable({}, {__add = 34}) return t + 1 end))
print(pcall(function() local t = setmetatable({}, {__lt = {}}) return t < t end))
