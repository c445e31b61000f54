-- coroutines: a program that a host steps, which waits in every place where a coroutine can wait inside something else:
-- in a `__close`, in a `__pairs`, in an iterator, in an operator's metamethod, below protected calls. Stock Lua runs it too.
local function wait(...)
  local back = coroutine.yield(...)
  return back
end
local function note(...) print(...) end

-- Its `__close` waits twice, before and after what it says.
local function closer(name, raises)
  return setmetatable({name = name}, {__close = function(self, problem)
    local first = wait("close " .. self.name)
    note("closes", self.name, type(problem) == "table" and "a table" or problem, first)
    local second = wait("closed " .. self.name)
    if raises then error(raises, 0) end
    note("has closed", self.name, second)
  end})
end

-- Every metamethod waits.
local Number = {}
local function number(n) return setmetatable({n = n}, Number) end
local function value(x) return type(x) == "table" and rawget(x, "n") or x end
local function waiting(name, f)
  Number[name] = function(a, b)
    local back = wait(name)
    note(name, value(a), value(b), back)
    wait(name .. " again")
    return f(value(a), value(b))
  end
end
waiting("__add", function(a, b) return number(a + b) end)
waiting("__sub", function(a, b) return number(a - b) end)
waiting("__mul", function(a, b) return number(a * b) end)
waiting("__idiv", function(a, b) return number(a // b) end)
waiting("__mod", function(a, b) return number(a % b) end)
waiting("__band", function(a, b) return number(a & b) end)
waiting("__shl", function(a, b) return number(a << b) end)
waiting("__unm", function(a) return number(-a) end)
waiting("__bnot", function(a) return number(~a) end)
waiting("__len", function(a) return a end)
waiting("__eq", function(a, b) return a == b end)
waiting("__lt", function(a, b) return a < b and "yes" end)
waiting("__le", function(a, b) return a <= b and 1 end)
waiting("__concat", function(a, b) return a .. "+" .. b end)
Number.__index = function(self, key)
  local back = wait("__index")
  note("__index", key, back)
  wait("__index again")
  if key == "bad" then error({code = 4}) end
  return key .. "!", "dropped"
end
Number.__newindex = function(self, key, new)
  local back = wait("__newindex")
  note("__newindex", key, new, back)
  rawset(self, key, new)
end
Number.__call = function(self, ...)
  local back = wait("__call")
  return self.n, back, ...
end
Number.__pairs = function(self)
  local back = wait("__pairs")
  note("__pairs", back)
  wait("__pairs again")
  local function step(limit, i)
    i = (i or 0) + 1
    local inner = wait("step " .. i)
    if i <= limit then return i, i * i, inner end
  end
  return step, self.n
end

local cases = {
  function()
    do
      local a <close> = closer("a")
      local between = "between"
      local b <close> = closer("b")
      note("in the block", between)
    end
    note("behind the block")
  end,
  function()
    local function inner(...)
      local c <close> = closer("c")
      local rest = {...}
      local d <close> = closer("d")
      return #rest, rest[1], ...
    end
    note(inner("p", "q", "r"))
    note((inner()))
    local list = {inner("s"), inner("t", nil, "u")}
    note(#list, list[1], list[2])
  end,
  function()
    note(pcall(function()
      local e <close> = closer("e")
      local f <close> = closer("f")
      error("left", 0)
    end))
    note(pcall(function(...)
      local g <close> = closer("g", "second")
      local h <close> = closer("h", "first")
      return ...
    end, 1, 2))
    local ok, problem = pcall(function()
      local i <close> = closer("i")
      local t = nil
      return t.x
    end)
    note(ok, problem)
  end,
  function()
    local seen = 0
    note(xpcall(function()
      local j <close> = closer("j", "of j")
      local k <close> = closer("k")
      error("start", 0)
    end, function(m) seen = seen + 1 return "seen " .. tostring(m) end))
    note(seen)
    note(xpcall(function(...) wait("in xpcall") return ... end, print, "all", "is", "well"))
  end,
  function()
    for i = 1, 3 do
      local l <close> = closer("l" .. i)
      if i == 2 then break end
      note("turn", i)
    end
    local n = 0
    while true do
      local m <close> = closer("m" .. n)
      n = n + 1
      if n == 2 then goto out end
    end
    ::out::
    repeat
      local o <close> = closer("o" .. n)
      n = n + 1
    until n > 3
    do
      local i = 0
      ::again::
      local p <close> = closer("p" .. i)
      i = i + 1
      if i < 3 then goto again end
    end
    note("left the loops", n)
  end,
  function()
    local function each(name)
      local function step(limit, i)
        local back = wait("iterator " .. name .. i)
        if i < limit then return i + 1, back end
      end
      return step, 3, 0, closer(name)
    end
    for i, back in each("whole") do note(i, back) end
    for i, back in each("broken") do note(i, back) if i == 2 then break end end
    note((function() for i, back in each("returned") do return i, back end end)())
    note(pcall(function() for i in each("raised") do error("raised " .. i, 0) end end))
    for i in each("outer") do
      for j in each("inner") do if j == 2 then goto next end end
      ::next::
      if i == 2 then break end
    end
    note(pcall(function()
      for i in function() wait("bad iterator") error("no next", 0) end, nil, nil, closer("bad") do note(i) end
    end))
  end,
  function()
    for key, square, back in pairs(number(3)) do note(key, square, back) end
    local step, limit = pairs(number(1))
    note(step(limit, 0), (step(limit, 1)))
    note((pcall(pairs, number(2))))
  end,
  function()
    local a, b = number(6), number(4)
    note((a + b).n, (a - 1).n, (2 * b).n, (a // b).n, (a % b).n, (a & b).n, (1 << b).n, (-a).n, (~a).n, #a)
    local sum = number(0)
    for i = 1, 3 do sum = sum + i end
    note(sum.n)
    note(a < b, a > b, a <= b, a >= b, a == b, a ~= b, not (a < b), a == number(6))
    if a < b then note("less") elseif b <= a then note("not less") end
    local turns = 0
    while b < a do b = b + 1 turns = turns + 1 end
    note(turns, a == b and "same" or "other")
    repeat local last = b <= a b = b + 3 until not last
    note(b.n, a ~= b and "other" or "same")
  end,
  function()
    local a = number(7)
    note("x" .. a .. "y" .. number(8) .. "z")
    note(a .. 1 .. 2, 1 .. 2 .. a)
    note(a.field, a[1], rawget(a, "field"))
    a.field, a.other = "new", a.another
    note(a.field, a.other)
    local r, s = a("one", a.two)
    note(r, s, select("#", a(nil, nil)))
    note((pcall(function() return a.bad end)))
    local ok, problem = pcall(function() local q <close> = closer("q") return a.bad .. "never" end)
    note(ok, type(problem), type(problem) == "table" and problem.code)
  end,
  function()
    note(pcall(pcall, pcall, function(...)
      wait("deep")
      note(pcall(function() wait("deeper") error("deepest", 0) end))
      local t <close> = closer("t")
      return ..., wait("deep again")
    end, "passed"))
    note(pcall(error, "at once", 0))
    local count, up = 0, nil
    do
      local shared = 0
      up = function() shared = shared + 1 count = shared return shared end
      local u <close> = setmetatable({}, {__close = function() up() wait("shared") up() end})
      up()
    end
    up()
    note(count)
    local function tail(n)
      if n == 0 then return number(1) + 1 end
      return tail(n - 1)
    end
    note(tail(5).n)
  end,
  function()
    local inner = coroutine.wrap(function(...)
      local v <close> = closer("v")
      local got = wait("inner", ...)
      note("inner got", got)
      local sum = number(1) + number(2)
      return "inner ends", sum.n
    end)
    local first, second = inner("hand", "over")
    while first ~= "inner ends" do
      note("outer sees", first, second)
      first, second = inner(wait("outer"))
    end
    note(first, second)
  end,
  function()
    local inner = coroutine.create(function()
      local w <close> = setmetatable({}, {__close = function(_, problem) note("w closed", problem) end})
      local x <close> = closer("x")
      wait("to be closed")
    end)
    note(coroutine.resume(inner))
    note(coroutine.resume(inner, "on"))
    wait("with an inner one inside a close")
    note(coroutine.status(inner), coroutine.close(inner))
    note(coroutine.status(inner), coroutine.resume(inner))
    local dying = coroutine.create(function()
      local y <close> = setmetatable({}, {__close = function(_, problem) note("y closed", problem) end})
      wait("dying")
      error("dead", 0)
    end)
    note(coroutine.resume(dying))
    wait("before it dies")
    note(coroutine.resume(dying))
    wait("after it died")
    note(coroutine.close(dying))
  end,
}

local case, running, turn = 0, nil, 0

-- Each call lets the running case go on. True as long as there is work.
function step()
  turn = turn + 1
  local garbage = {}
  for i = 1, 20 do garbage[i] = {i, "garbage " .. i .. " of " .. turn} end
  if not running or coroutine.status(running) == "dead" then
    case = case + 1
    if not cases[case] then return false end
    print("case " .. case)
    running = coroutine.create(cases[case])
  end
  print("waits", coroutine.resume(running, turn))
  return true
end
