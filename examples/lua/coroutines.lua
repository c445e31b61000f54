-- Coroutines as generators, pipelines, a scheduler with messages, and a parser that is fed piece by piece.
local function generate(f)
  return coroutine.wrap(function(...) f(coroutine.yield, ...) end)
end

-- Permutations, one at a time.
local function permutations(list, n)
  n = n or #list
  if n <= 1 then
    coroutine.yield(list)
  else
    for i = 1, n do
      list[n], list[i] = list[i], list[n]
      permutations(list, n - 1)
      list[n], list[i] = list[i], list[n]
    end
  end
end
for p in coroutine.wrap(function() permutations({ "a", "b", "c" }) end) do io.write(table.concat(p), " ") end
print()

-- A pipeline: numbers, squares of the odd ones, running sums.
local function numbers(n) return generate(function(yield) for i = 1, n do yield(i) end end) end
local function filter(source, keep)
  return generate(function(yield) for v in source do if keep(v) then yield(v) end end end)
end
local function map(source, f) return generate(function(yield) for v in source do yield(f(v)) end end) end
local function scan(source, f, state)
  return generate(function(yield) for v in source do state = f(state, v) yield(state) end end)
end
local odd = filter(numbers(12), function(v) return v % 2 == 1 end)
for sum in scan(map(odd, function(v) return v * v end), function(a, b) return a + b end, 0) do io.write(sum, " ") end
print()

-- A scheduler: tasks sleep, send and receive.
local scheduler = { time = 0, waiting = {}, boxes = {}, order = 0 }
function scheduler:spawn(name, f)
  self:wake(name, coroutine.create(f), self.time)
end
function scheduler:wake(name, thread, at)
  self.order = self.order + 1
  table.insert(self.waiting, { name = name, thread = thread, at = at, order = self.order })
  table.sort(self.waiting, function(a, b)
    if a.at ~= b.at then return a.at < b.at end
    return a.order < b.order
  end)
end
function scheduler:send(to, message)
  self.boxes[to] = self.boxes[to] or {}
  table.insert(self.boxes[to], message)
end
function scheduler:run()
  while #self.waiting > 0 do
    local task = table.remove(self.waiting, 1)
    self.time = task.at
    local ok, what, amount = coroutine.resume(task.thread, self.boxes[task.name] and table.remove(self.boxes[task.name], 1))
    if not ok then
      print(self.time, task.name, "failed: " .. what)
    elseif coroutine.status(task.thread) ~= "dead" then
      self:wake(task.name, task.thread, self.time + (what == "sleep" and amount or 1))
    end
  end
end
scheduler:spawn("clock", function()
  for tick = 1, 3 do
    print(scheduler.time, "tick", tick)
    coroutine.yield("sleep", 10)
  end
end)
scheduler:spawn("ping", function()
  for round = 1, 3 do
    scheduler:send("pong", "ping " .. round)
    local answer
    repeat answer = coroutine.yield("poll") until answer
    print(scheduler.time, answer)
  end
end)
scheduler:spawn("pong", function(message)
  local served = 0
  while served < 3 do
    message = message or coroutine.yield("poll")
    if message then
      served = served + 1
      scheduler:send("ping", (message:gsub("ping", "pong")))
      message = nil
    end
  end
  error("done after " .. served, 0)
end)
scheduler:run()

-- Same fringe: two trees compared leaf by leaf.
local function leaves(tree)
  return coroutine.wrap(function()
    local function walk(node)
      if type(node) == "table" then walk(node[1]) walk(node[2]) else coroutine.yield(node) end
    end
    walk(tree)
  end)
end
local function same(a, b)
  local x, y = leaves(a), leaves(b)
  repeat
    local u, v = x(), y()
    if u ~= v then return false end
  until u == nil
  return true
end
print(same({ 1, { 2, { 3, 4 } } }, { { 1, 2 }, { 3, 4 } }), same({ 1, 2 }, { 2, 1 }))

-- A parser of words that is fed pieces.
local parser = coroutine.create(function(piece)
  local words, word = {}, ""
  while piece do
    for c in piece:gmatch(".") do
      if c == " " then
        if word ~= "" then words[#words + 1] = word end
        word = ""
      else
        word = word .. c
      end
    end
    piece = coroutine.yield(#words)
  end
  words[#words + 1] = word
  return table.concat(words, "|")
end)
print(coroutine.resume(parser, "the qui"))
print(coroutine.resume(parser, "ck brown f"))
print(coroutine.resume(parser, "ox"))
print(coroutine.resume(parser, nil))
print(coroutine.resume(parser), coroutine.status(parser))
print(coroutine.isyieldable(), coroutine.close(coroutine.create(print)))
local co = coroutine.wrap(function() error({ code = 7 }) end)
print(select(2, pcall(co)).code)
