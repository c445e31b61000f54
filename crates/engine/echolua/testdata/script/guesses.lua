-- Instructions guess: where a key lies, which function a call leads to. Here most guesses are wrong.

-- One call site, another callee each time: functions, library, a table with __call, one that is loaded meanwhile.
local seen = {}
local function note(...) seen[#seen + 1] = select("#", ...) return ... end
local function fixed(a, b) return b, a end
local function tail(a, b) return fixed(b, a) end
local callable = setmetatable({}, {__call = function(_, a, b) return a + b end})
local loaded = load("return function(a, b) return a - b end")()
local later = {}
for round = 1, 3 do
  later[round] = load("local a, b = ... return (a or 0) * " .. round .. " + (b or 0)")
  for _, f in ipairs({note, fixed, math.max, tail, callable, loaded, later[round], assert, fixed, type}) do
    local x = f(round, 2)
    local y, z = f(3, round)
    f(1, 1)
    print(x, y, z, (f(7, 8)))
  end
end
print(#seen, table.concat(seen, " "))

-- The same in tail position.
local function through(f, ...) return f(...) end
for _, f in ipairs({note, fixed, math.min, tail, callable, loaded, rawequal, later[2], fixed}) do
  print(through(f, 4, 9))
end

-- One site, keys that move: they are deleted and stored again, and tables differ in layout.
local things = {{a = 1, b = 2, c = 3}, {c = 4, a = 5}, {b = 6, a = 7, x = 1, y = 2, z = 3, u = 4, v = 5, w = 6, c = 8}}
for round = 1, 4 do
  for index, t in ipairs(things) do
    t.a = nil
    t.c = (t.c or 0) + index
    t.a = round
    if round == 2 then t.b = nil end
    local order = {}
    for key, value in pairs(t) do order[#order + 1] = key .. "=" .. value end
    table.sort(order)
    print(t.a, t.b, t.c, table.concat(order, ","))
  end
end

-- Fields that come and go in front of a class that has them too, one and two levels up.
local Base = {kind = "base", size = 0}
function Base:name() return self.kind .. self.size end
local Class = setmetatable({kind = "class"}, {__index = Base})
function Class:grow(by) self.size = self.size + by return self end
local objects = {}
for index, class in ipairs({Class, Base, Class}) do
  objects[index] = setmetatable({}, {__index = class, __newindex = index == 3 and function(t, k, v)
    print("new", k, type(v))
    rawset(t, k, v)
  end or nil})
end
for round = 1, 3 do
  for _, object in ipairs(objects) do
    object.size = round
    print(object:name(), object.grow and object:grow(2):name())
    object.kind = round == 2 and "own" or nil
    print(object.kind, object.size)
    object.size = nil
    if round == 3 then object.name = function(self) return "own name " .. self.size end end
    print(object:name())
  end
  Class.name = round == 1 and function() return "class's name" end or nil
end

-- Globals that come and go.
for round = 1, 3 do
  print(count)
  count = (count or 0) + round
  if round == 2 then count = nil end
end
setmetatable(_G, {__newindex = function(t, k, v) rawset(t, k, v and v * 10) end, __index = function(_, k) return k .. "?" end})
other = 4
print(other, unknown)
other = nil
print(other)

-- Deep calls and long loops at one site, with errors on the way out.
local function down(n, f) if n == 0 then return f() end local x = down(n - 1, f) return x and x + 1 end
print(down(20, function() return 0 end), pcall(down, 5, function() error("up") end), select("#", down(3, note)))
print(pcall(function() local t = {} t.x.y = 1 end))
print(pcall(function() local o = {} o:missing() end))
print(pcall(function() local n = nil return n + 1 end), pcall(function() return {} - 2 end))
print(10 + 1.5, 1 - 3, 2^53 + 1, 1.5 - 1, "3" + 4, "10" - 2, math.maxinteger + 1 == math.mininteger, math.mininteger - 1 == math.maxinteger)
