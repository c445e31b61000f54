-- Open lists, long ones, in a fold.
local wide = {}
for i = 1, 100 do wide[i] = i end
local function all() return table.unpack(wide) end
local function pass(...) return ... end
local function more(...) return 1, pass(...) end
local function looping() for _ in ipairs({1}) do return all() end end
local function deep(n) if n == 0 then return all() end return n, deep(n - 1) end
local counts = {
  select("#", all()), select("#", pass(all())), select("#", more(all())), select("#", looping()), select("#", deep(40)),
  #{all()}, #{1, 2, all()}, #{pass(all())}, (pcall(pass, all())) and 1 or 0,
  #{table.unpack(wide, 1, 15)}, #{table.unpack(wide, 1, 16)},
}
return table.concat(counts, " ")
