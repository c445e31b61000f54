-- A set of complex numbers: floats in registers.
local size, total = 400, 0
for y = 0, size - 1 do
  local ci = 2.0 * y / size - 1.0
  for x = 0, size - 1 do
    local cr = 2.0 * x / size - 1.5
    local zr, zi, tr, ti, n = 0.0, 0.0, 0.0, 0.0, 0
    while n < 50 and tr + ti <= 4.0 do
      zi = 2.0 * zr * zi + ci
      zr = tr - ti + cr
      tr = zr * zr
      ti = zi * zi
      n = n + 1
    end
    total = total + n
  end
end
print(total)
