-- Classes, single and multiple inheritance, properties, operators, and objects that print themselves.
local function class(...)
  local parents = { ... }
  local c = {}
  c.__index = c
  setmetatable(c, {
    __index = function(_, key)
      for _, parent in ipairs(parents) do
        local found = parent[key]
        if found ~= nil then return found end
      end
    end,
    __call = function(cls, ...)
      local object = setmetatable({}, cls)
      if cls.init then object:init(...) end
      return object
    end,
  })
  function c:is(other)
    if other == c then return true end
    for _, parent in ipairs(parents) do
      if parent.is and parent.is(self, other) then return true end
    end
    return false
  end
  return c
end

local Animal = class()
function Animal:init(name) self.name = name end
function Animal:speak() return self.name .. " makes " .. self:sound() end
function Animal:sound() return "no sound" end

local Dog = class(Animal)
function Dog:sound() return "woof" end

local Swimmer = class()
function Swimmer:swim(metres) self.swum = (self.swum or 0) + metres return self end

local Otter = class(Animal, Swimmer)
function Otter:init(name, colour)
  Animal.init(self, name)
  self.colour = colour
end
function Otter:sound() return "chirp" end

for _, animal in ipairs({ Animal("it"), Dog("Rex"), Otter("Otto", "brown") }) do
  print(animal:speak(), animal:is(Animal), animal:is(Swimmer))
end
print(Otter("Ona", "grey"):swim(10):swim(2.5).swum)

-- Vectors with every operator.
local Vector = {}
Vector.__index = Vector
local function vector(x, y) return setmetatable({ x = x, y = y }, Vector) end
Vector.__add = function(a, b) return vector(a.x + b.x, a.y + b.y) end
Vector.__sub = function(a, b) return vector(a.x - b.x, a.y - b.y) end
Vector.__mul = function(a, b)
  if type(a) == "number" then return vector(a * b.x, a * b.y) end
  if type(b) == "number" then return vector(a.x * b, a.y * b) end
  return a.x * b.x + a.y * b.y
end
Vector.__div = function(a, k) return vector(a.x / k, a.y / k) end
Vector.__idiv = function(a, k) return vector(a.x // k, a.y // k) end
Vector.__mod = function(a, k) return vector(a.x % k, a.y % k) end
Vector.__unm = function(a) return vector(-a.x, -a.y) end
Vector.__len = function(a) return 2 end
Vector.__eq = function(a, b) return a.x == b.x and a.y == b.y end
Vector.__lt = function(a, b) return a * a < b * b end
Vector.__le = function(a, b) return a * a <= b * b end
Vector.__concat = function(a, b) return tostring(a) .. tostring(b) end
Vector.__tostring = function(a) return "(" .. a.x .. ", " .. a.y .. ")" end
Vector.__call = function(a, i) return i == 1 and a.x or a.y end

local a, b = vector(3, 4), vector(-7, 2)
print(tostring(a + b), tostring(a - b), a * b, tostring(2 * a), tostring(a * 2))
print(tostring(b / 2), tostring(b // 2), tostring(b % 5), tostring(-a), #a)
print(a == vector(3, 4), a ~= b, a < b, a <= b, a > b, a .. b, "v" .. a, a(1) + a(2))

-- Properties by functions, and a table that cannot be changed.
local function properties(getters, setters)
  local store = {}
  return setmetatable({}, {
    __index = function(_, key) return getters[key] and getters[key](store) or store[key] end,
    __newindex = function(_, key, value)
      if setters[key] then setters[key](store, value) else rawset(store, key, value) end
    end,
  })
end
local celsius = properties(
  { fahrenheit = function(s) return s.degrees * 9 / 5 + 32 end },
  { fahrenheit = function(s, v) s.degrees = (v - 32) * 5 / 9 end }
)
celsius.degrees = 100
print(celsius.fahrenheit)
celsius.fahrenheit = 32
print(celsius.degrees)

local function frozen(t)
  return setmetatable({}, {
    __index = t,
    __newindex = function(_, key) error("cannot change '" .. tostring(key) .. "'", 2) end,
    __len = function() return #t end,
    __pairs = function() return next, t, nil end,
  })
end
local days = frozen({ "Mon", "Tue", "Wed" })
print(days[2], #days, select(2, pcall(function() days[4] = "Thu" end)))
for i, day in pairs(days) do io.write(i, "=", day, " ") end
print()
