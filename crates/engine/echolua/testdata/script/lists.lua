-- Open lists, long ones: what they cost does not depend on how a program is run.
local wide = {}
for i = 1, 100 do wide[i] = i end
local function all() return table.unpack(wide) end
local function pass(...) return ... end
local function tail() return all() end
local function more() return 1, all() end
local function both(...) return select("#", ...), all() end
local function closing(c) local d <close> = c return all() end
local function closes_rest(c, ...) local d <close> = c return ... end
local function looping() for _ in pairs({1}) do return all() end end
local function jumping(n)
  ::top::
  if n > 1 then return all() end
  n = n + 1
  local d <close> = nil
  goto top
end
local function deep(n) if n == 0 then return all() end return n, deep(n - 1) end
local object = {}
function object:count(...) return select("#", self, ...) end
local closer = setmetatable({}, {__close = function(...) print("closed", select("#", ...)) end})
print(select("#", all()), select("#", pass(all())), select("#", tail()), select("#", more()))
print(select("#", both(all())), select("#", closing()), select("#", closing(closer)), select("#", looping()))
print(select("#", closes_rest(nil, all())), select("#", closes_rest(closer, all())), select("#", jumping(0)))
print(#{all()}, #{1, 2, 3, all()}, #{all(), all()}, #{x = 1, 7, pass(all())}, select("#", deep(40)))
print(object:count(all()), object:count(1, all()), object.count(object, pass(all())))
print(math.max(all()), string.char(table.unpack(wide, 65, 90)), (pcall(pass, all())), select(-1, pcall(all)))
local a, b, c = pass(all())
local function first(...) local x, y = ... return (...), x, y end
print(a, b, c, first(all()))
print((all()), pass(all(), all()), #table.pack(all()))
for i, j, k, l in all do print(i, j, k, l) break end
local co = coroutine.wrap(function(...) local n = select("#", ...) while true do n = select("#", coroutine.yield(n, all())) end end)
print(select("#", co(all())), (co(all())), select("#", co(1, all())))
print(select("#", table.unpack(wide, 1, 15)), #{table.unpack(wide, 1, 15)}, #{table.unpack(wide, 1, 16)}, #{0, table.unpack(wide, 1, 15)})
