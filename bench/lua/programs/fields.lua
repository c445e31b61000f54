-- Fields of one table, read and stored.
local p = {x = 1.0, y = 0.5}
local k = 0.001
for _ = 1, 10000000 do
  p.x = p.x + p.y * k
  p.y = p.y - p.x * k
end
print(string.format("%.10f %.10f", p.x, p.y))
