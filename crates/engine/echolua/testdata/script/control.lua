-- Loops, goto, break, varargs, multiple assignment.
for i = 10, 1, -3 do print(i) end
for i = 1, 0 do print("never") end
for x = 0.5, 2, 0.5 do print(x) end
for i = math_maxinteger or 9223372036854775806, 9223372036854775807 do print(i) end
print(pcall(function() for i = 1, 10, 0 do end end))
print(pcall(function() for i = "a", 10 do end end))
for i = 1, 3 do
  for j = 1, 3 do
    if j == 2 then goto continue end
    if i == 3 then goto done end
    print(i, j)
    ::continue::
  end
end
::done::
do
  local n = 0
  ::top::
  n = n + 1
  if n < 5 then goto top end
  print(n)
end
local function va(...)
  local a, b = ...
  return select("#", ...), a, b, ...
end
print(va()) print(va(1)) print(va(1, nil, 3)) print((va(1, 2)))
local a, b, c = va(7)
print(a, b, c)
local t = {}
a, t.x, t.y, b = 1, 2, 3
print(a, b, t.x, t.y)
a, b = b, a
print(a, b)
local i = 1
i, t[i] = i + 1, 20
print(i, t[1], t[2])
local n = 0
while true do n = n + 1 if n > 4 then break end end
print(n)
repeat local z = n n = n - 1 until z < 3
print(n)
print(1 and 2, nil and 1, false or "x", nil or false, 1 or error("no"), not nil, not 0)
local x = nil
x = x or 5
x = x and x + 1
print(x, 1 < 2 == true, "a" < "b", 2 <= 2, 3 > 4, 3 >= 3, 1 ~= 1.0)
print(select(-1, 1, 2, 3), select(2, "a", "b", "c"))
if x == 1 then print "one" elseif x == 6 then print "six" else print "other" end
local function tail(n) if n == 0 then return "deep" end return tail(n - 1) end
print(tail(100))
