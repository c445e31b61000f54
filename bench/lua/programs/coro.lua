-- Coroutines that hand over values.
local function generate(n)
  return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end)
end
local sum = 0
for _ = 1, 10 do for v in generate(100000) do sum = sum + v end end
for _ = 1, 20000 do
  local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) return b * 2 end)
  local _, x = coroutine.resume(co, 1)
  local _, y = coroutine.resume(co, x)
  sum = sum + y
end
print(sum)
