-- Wrapped coroutines: places of errors, numbers of values.
-- What a wrapped coroutine dies of gets the place of whoever resumed it, as stock Lua does.
local function dies(value) return coroutine.wrap(function() error(value, 0) end) end
local first = dies("plain")
print(pcall(function() first() end))
print(pcall(function() first() end))
print(pcall(function() for _ in dies("in a loop") do end end))
print(pcall(function() return (dies("in a tail", 1)()) end))
print(pcall(function() dies({})() end) == false)
local nested = coroutine.wrap(function() for _ in coroutine.wrap(function() error("deep") end) do end end)
print(pcall(function() nested() end))
-- Wrapped coroutines are handed more values than one, and fewer.
local echo = coroutine.wrap(function(...)
  local values = table.pack(...)
  while true do values = table.pack(coroutine.yield(table.unpack(values, 1, values.n))) end
end)
print(echo(1, nil, 3))
print(echo())
print((echo(7, 8)))
print(select("#", echo(nil, nil)))
print(pcall(echo, 1, 2))
local indexed = setmetatable({}, {__index = coroutine.wrap(function(t, k) while true do t, k = coroutine.yield(k .. "!") end end)})
print(indexed.one, indexed.two)
