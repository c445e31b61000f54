-- Classes with metatables and inheritance.
local Animal = {}
Animal.__index = Animal
function Animal.new(name, x) return setmetatable({name = name, x = x, steps = 0}, Animal) end
function Animal:move(d) self.x = self.x + d self.steps = self.steps + 1 return self end
function Animal:position() return self.x end
local Dog = setmetatable({}, {__index = Animal})
Dog.__index = Dog
function Dog.new(name, x) local d = Animal.new(name, x) return setmetatable(d, Dog) end
function Dog:bark() return #self.name end
local animals = {}
for i = 1, 100 do animals[i] = (i % 2 == 0) and Dog.new("dog" .. i, i) or Animal.new("cat" .. i, i) end
local total = 0
for round = 1, 20000 do
  for i = 1, #animals do
    local a = animals[i]
    a:move(round % 3 - 1)
    total = total + a:position()
  end
end
for i = 2, 100, 2 do total = total + animals[i]:bark() end
print(total)
