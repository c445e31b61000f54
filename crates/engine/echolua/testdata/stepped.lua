-- coroutines: a program that a host steps, with one of everything that can wait: loops, traversals, closures that share
-- variables, protected calls, marked variables, coroutines inside coroutines.
local log = {}
local function note(...) log[#log + 1] = table.concat({...}, " ") end

local Account = {}
Account.__index = Account
function Account.new(n) return setmetatable({balance = n}, Account) end
function Account:add(n) self.balance = self.balance + n return self end
Account.__add = function(a, b) coroutine.yield() return Account.new(a.balance + b.balance) end
Account.__lt = function(a, b) coroutine.yield() return a.balance < b.balance end
Account.__concat = function(a, b)
  coroutine.yield()
  return (type(a) == "table" and a.balance or a) .. ":" .. (type(b) == "table" and b.balance or b)
end

local function counter()
  local n = 0
  return function(by) n = n + by return n end, function() return n end
end
local up, get = counter()

local function generate(limit)
  return coroutine.wrap(function() for i = 1, limit do coroutine.yield(i * i) end end)
end

local function work(name)
  local mine = {}
  for i = 1, 5 do
    mine[i] = name .. i
    mine[name .. i] = i / 4
    if i % 2 == 0 then mine[name .. (i - 1)] = nil end
    up(i)
    coroutine.yield()
  end
  for key, value in pairs(mine) do
    note(name, tostring(key), tostring(value))
    coroutine.yield()
  end
  local ok, message = pcall(function()
    local guard <close> = setmetatable({}, {__close = function(_, e) note("closed", tostring(e)) end})
    coroutine.yield()
    error({code = 7})
  end)
  note(tostring(ok), type(message), message.code)
  local _, text = xpcall(function() coroutine.yield() local t = nil return t.x end, function(m) return "handled " .. m end)
  note(text)
  for square in generate(4) do note(name, square) coroutine.yield() end
  local sum = Account.new(1) + Account.new(2):add(3)
  note(tostring(sum < Account.new(100)), "a" .. sum .. "b", sum.balance)
  note(string.format("%.3f %s", math.random(), tostring(mine)), math.random(100))
  return name, get()
end

local workers = {}
for index, name in ipairs({"red", "green", "blue"}) do workers[index] = coroutine.create(work) end
local turn = 0

-- Each call lets one worker go on; it makes garbage on the way. True as long as there is work.
function step()
  turn = turn + 1
  local index = turn % 3 + 1
  local worker = workers[index]
  local garbage = {}
  for i = 1, 300 do garbage[i] = {i, "garbage " .. i .. " of " .. turn} end
  if coroutine.status(worker) ~= "dead" then
    local ok, name, count = coroutine.resume(worker, ({"red", "green", "blue"})[index])
    if coroutine.status(worker) == "dead" then note(tostring(ok), tostring(name), tostring(count)) end
  end
  for _, other in ipairs(workers) do
    if coroutine.status(other) ~= "dead" then return true end
  end
  print(table.concat(log, "\n"))
  return false
end
