-- Closures made and called, variables shared.
local function counter()
  local n = 0
  return function() n = n + 1 return n end, function() return n end
end
local total = 0
for _ = 1, 300000 do
  local up, get = counter()
  up() up() up()
  total = total + get()
end
local function compose(f, g) return function(x) return f(g(x)) end end
local inc = function(x) return x + 1 end
local f = inc
for _ = 1, 10 do f = compose(f, inc) end
for _ = 1, 50000 do total = total + f(1) end
print(total)
