-- Many keys of strings and numbers.
local t = {}
for i = 1, 200000 do t["k" .. i] = i end
local s = 0
for i = 1, 200000 do s = s + t["k" .. i] end
local u = {}
for i = 1, 300000 do u[i * 7919 % 1000003] = i end
local n = 0
for _ in pairs(u) do n = n + 1 end
for i = 1, 200000 do t["k" .. i] = nil end
print(s, n, next(t))
