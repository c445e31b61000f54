-- Primes by crossing out.
local total = 0
for _ = 1, 40 do
  local flags, count = {}, 0
  for i = 1, 100000 do flags[i] = true end
  for i = 2, 100000 do
    if flags[i] then
      count = count + 1
      for k = i + i, 100000, i do flags[k] = false end
    end
  end
  total = total + count
end
print(total)
