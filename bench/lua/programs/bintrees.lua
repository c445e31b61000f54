-- Small tables made and dropped.
local function bottom_up(depth)
  if depth > 0 then
    depth = depth - 1
    local left, right = bottom_up(depth), bottom_up(depth)
    return {left, right}
  end
  return {}
end
local function check(tree)
  if tree[1] then return 1 + check(tree[1]) + check(tree[2]) end
  return 1
end
local N = 14
local long = bottom_up(N)
for depth = 4, N, 4 do
  local iterations = 1 << (N - depth + 4)
  local sum = 0
  for _ = 1, iterations do sum = sum + check(bottom_up(depth)) end
  print(iterations, depth, sum)
end
print(check(long))
