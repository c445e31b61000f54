-- Queens, primes, matrices, a heap, a least-recently-used cache, memoised recursion, Dijkstra, big numbers, life.
local function queens(n)
  local count, first = 0, nil
  local columns, up, down, rows = {}, {}, {}, {}
  local function place(row)
    if row > n then
      count = count + 1
      first = first or table.concat(rows, " ")
      return
    end
    for column = 1, n do
      if not (columns[column] or up[row + column] or down[row - column]) then
        columns[column], up[row + column], down[row - column] = true, true, true
        rows[row] = column
        place(row + 1)
        columns[column], up[row + column], down[row - column] = nil, nil, nil
      end
    end
  end
  place(1)
  return count, first
end
print(queens(6))
print(queens(8))

local function primes(limit)
  local sieve, found = {}, {}
  for i = 2, limit do
    if not sieve[i] then
      found[#found + 1] = i
      for j = i * i, limit, i do sieve[j] = true end
    end
  end
  return found
end
local found = primes(1000)
print(#found, found[#found], table.concat(found, ",", 1, 10))

local function multiply(a, b)
  local result = {}
  for i = 1, #a do
    result[i] = {}
    for j = 1, #b[1] do
      local sum = 0
      for k = 1, #b do sum = sum + a[i][k] * b[k][j] end
      result[i][j] = sum
    end
  end
  return result
end
local function power(matrix, n)
  local result = { { 1, 0 }, { 0, 1 } }
  while n > 0 do
    if n & 1 == 1 then result = multiply(result, matrix) end
    matrix = multiply(matrix, matrix)
    n = n >> 1
  end
  return result
end
print(power({ { 1, 1 }, { 1, 0 } }, 90)[1][2])

local Heap = {}
Heap.__index = Heap
function Heap.new(less) return setmetatable({ n = 0, less = less }, Heap) end
function Heap:push(v)
  self.n = self.n + 1
  local i = self.n
  while i > 1 and self.less(v, self[i // 2]) do
    self[i] = self[i // 2]
    i = i // 2
  end
  self[i] = v
end
function Heap:pop()
  local top, last = self[1], self[self.n]
  self[self.n] = nil
  self.n = self.n - 1
  if self.n == 0 then return top end
  local i = 1
  while true do
    local child = 2 * i
    if child > self.n then break end
    if child < self.n and self.less(self[child + 1], self[child]) then child = child + 1 end
    if not self.less(self[child], last) then break end
    self[i] = self[child]
    i = child
  end
  self[i] = last
  return top
end
local heap = Heap.new(function(a, b) return a < b end)
local seed = 42
for _ = 1, 200 do
  seed = (seed * 1103515245 + 12345) % 2147483648
  heap:push(seed % 1000)
end
local sorted, is_sorted = {}, true
while heap.n > 0 do sorted[#sorted + 1] = heap:pop() end
for i = 2, #sorted do is_sorted = is_sorted and sorted[i - 1] <= sorted[i] end
print(is_sorted, #sorted, sorted[1], sorted[100], sorted[200])

local graph = {
  a = { b = 7, c = 9, f = 14 }, b = { a = 7, c = 10, d = 15 }, c = { a = 9, b = 10, d = 11, f = 2 },
  d = { b = 15, c = 11, e = 6 }, e = { d = 6, f = 9 }, f = { a = 14, c = 2, e = 9 },
}
local function shortest(from, to)
  local distance, previous = { [from] = 0 }, {}
  local queue = Heap.new(function(x, y) return x.d < y.d or (x.d == y.d and x.v < y.v) end)
  queue:push({ v = from, d = 0 })
  while queue.n > 0 do
    local here = queue:pop()
    if here.d == distance[here.v] then
      for v, weight in pairs(graph[here.v]) do
        local d = here.d + weight
        if not distance[v] or d < distance[v] then
          distance[v], previous[v] = d, here.v
          queue:push({ v = v, d = d })
        end
      end
    end
  end
  local path = { to }
  while previous[path[1]] do table.insert(path, 1, previous[path[1]]) end
  return distance[to], table.concat(path, "-")
end
print(shortest("a", "e"))

local function lru(limit)
  local map, head = {}, {}
  head.next, head.prev = head, head
  local size = 0
  local function unlink(node) node.prev.next, node.next.prev = node.next, node.prev end
  local function to_front(node)
    node.next, node.prev = head.next, head
    head.next.prev, head.next = node, node
  end
  return {
    get = function(key)
      local node = map[key]
      if node then unlink(node) to_front(node) return node.value end
    end,
    put = function(key, value)
      local node = map[key]
      if node then unlink(node) size = size - 1 end
      node = { key = key, value = value }
      map[key] = node
      to_front(node)
      size = size + 1
      if size > limit then
        local oldest = head.prev
        unlink(oldest)
        map[oldest.key] = nil
        size = size - 1
      end
    end,
  }
end
local cache = lru(2)
cache.put("a", 1) cache.put("b", 2) cache.get("a") cache.put("c", 3)
print(cache.get("a"), cache.get("b"), cache.get("c"))

local function memoise(f)
  local known = {}
  return function(n)
    if known[n] == nil then known[n] = f(n) end
    return known[n]
  end
end
local fib
fib = memoise(function(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end)
print(fib(80))

local function factorial(n)
  local digits = { 1 }
  for k = 2, n do
    local carry = 0
    for i = 1, #digits do
      local v = digits[i] * k + carry
      digits[i], carry = v % 10, v // 10
    end
    while carry > 0 do digits[#digits + 1], carry = carry % 10, carry // 10 end
  end
  return table.concat(digits):reverse()
end
print(factorial(50))

local function life(cells, steps)
  for _ = 1, steps do
    local neighbours = {}
    for key in pairs(cells) do
      local x, y = key:match("(-?%d+),(-?%d+)")
      for dx = -1, 1 do
        for dy = -1, 1 do
          if dx ~= 0 or dy ~= 0 then
            local k = (x + dx) // 1 .. "," .. (y + dy) // 1
            neighbours[k] = (neighbours[k] or 0) + 1
          end
        end
      end
    end
    local after = {}
    for key, n in pairs(neighbours) do
      if n == 3 or (n == 2 and cells[key]) then after[key] = true end
    end
    cells = after
  end
  local keys = {}
  for key in pairs(cells) do keys[#keys + 1] = key end
  table.sort(keys)
  return table.concat(keys, " ")
end
print(life({ ["1,0"] = true, ["2,1"] = true, ["0,2"] = true, ["1,2"] = true, ["2,2"] = true }, 8))

for i = 1, 3 do
  for j = 1, 3 do
    if j == 2 then goto continue end
    if i == 3 then goto done end
    io.write(i, ":", j, " ")
    ::continue::
  end
end
::done::
print()

local function sum(...)
  local total = 0
  for _, v in ipairs({ ... }) do total = total + v end
  return total, select("#", ...), (select(-1, ...))
end
print(sum(1, 2, 3.5, 4), table.unpack({ 1, 2, 3 }, 2), table.pack(nil, 2, nil).n)
do
  local log = {}
  do
    local first <close> = setmetatable({}, { __close = function() log[#log + 1] = "first" end })
    local second <close> = setmetatable({}, { __close = function() log[#log + 1] = "second" end })
    local limit <const> = 3
    log[#log + 1] = limit
  end
  print(table.concat(log, " "))
end
print(xpcall(function() local t = nil; return t.x end, function(m) return "handled: " .. m end))
print(pcall(error), select("#", pcall(error, nil)), pcall(error, "text", 0), pcall(error, { 1 }) == false)
