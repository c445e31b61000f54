-- Variables that closures share, fresh ones for each iteration, recursion.
local fs = {}
for i = 1, 3 do
  local j = i * 10
  fs[i] = function() j = j + 1 i = i + 1 return i, j end
end
print(fs[1]()) print(fs[1]()) print(fs[2]())
local function counter()
  local n = 0
  return function() n = n + 1 return n end, function() return n end
end
local up, see = counter()
up() up()
print(see())
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(fib(15))
local function even(n) if n == 0 then return true end return odd(n - 1) end
function odd(n) if n == 0 then return false end return even(n - 1) end
print(even(10), odd(7))
local k
do
  local a = 1
  k = function() a = a * 2 return a end
end
print(k(), k())
local list = {}
local i = 1
while i <= 3 do
  local c = i
  list[i] = function() c = c + 1 return c end
  i = i + 1
end
print(list[1](), list[1](), list[3]())
repeat
  local x = 5
  local g = function() return x end
until g() == 5
local function self() return self end
print(self() == self)
local r
r = function(n) if n == 0 then return "end" end return r(n - 1) end
print(r(50))
