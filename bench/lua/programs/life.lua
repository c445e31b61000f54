-- A game of life on strings as keys of a sparse table.
local cells = {}
local function key(x, y) return x * 1000 + y end
for i = 0, 40 do cells[key(500 + i, 500)] = true cells[key(500, 480 + i)] = true end
for _ = 1, 60 do
  local around = {}
  for k in pairs(cells) do
    for dx = -1, 1 do
      for dy = -1, 1 do
        if dx ~= 0 or dy ~= 0 then
          local n = k + dx * 1000 + dy
          around[n] = (around[n] or 0) + 1
        end
      end
    end
  end
  local following = {}
  for k, n in pairs(around) do
    if n == 3 or (n == 2 and cells[k]) then following[k] = true end
  end
  cells = following
end
local n = 0
for _ in pairs(cells) do n = n + 1 end
print(n)
