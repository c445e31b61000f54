-- Sorting with and without a comparator.
local seed = 42
local function random() seed = (seed * 1103515245 + 12345) % 2147483648 return seed end
local t = {}
for i = 1, 150000 do t[i] = random() end
table.sort(t)
local u = {}
for i = 1, 100000 do u[i] = random() end
table.sort(u, function(a, b) return a > b end)
print(t[1], t[#t], u[1], u[#u])
