-- Reading an array.
local a = {}
for i = 1, 1000 do a[i] = i end
local s = 0
for _ = 1, 20000 do
  for i = 1, #a do s = s + a[i] end
end
print(s)
