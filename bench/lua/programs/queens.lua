-- Eight queens, many times over: arrays of booleans and calls.
local function queens(n)
  local free_rows, free_max, free_min, rows = {}, {}, {}, {}
  for i = 1, n do free_rows[i] = true rows[i] = -1 end
  for i = 1, 2 * n do free_max[i] = true free_min[i] = true end
  local function place(c)
    for r = 1, n do
      if free_rows[r] and free_max[c + r] and free_min[c - r + n] then
        rows[r] = c
        free_rows[r] = false free_max[c + r] = false free_min[c - r + n] = false
        if c == n then return true end
        if place(c + 1) then return true end
        free_rows[r] = true free_max[c + r] = true free_min[c - r + n] = true
      end
    end
    return false
  end
  return place(1)
end
local ok = 0
for _ = 1, 2000 do if queens(8) then ok = ok + 1 end end
print(ok)
