-- The part of the fold's library that is written in Lua. Each function is a value of its own; nothing here is shared.

-- map_join(list, key, join): a table from key(item) to join(old, item), item by item.
local function map_join(list, key, join)
  local result = {}
  for _, item in ipairs(list) do
    local k = key(item)
    if k ~= nil then result[k] = join(result[k], item) end
  end
  return result
end

-- reduce(list, step, start): step(... step(step(start, first), second) ..., last).
local function reduce(list, step, start)
  local result = start
  for _, item in ipairs(list) do result = step(result, item) end
  return result
end

-- cmp_sort(list, less): a new list, sorted, in which equal items keep their order.
local function cmp_sort(list, less)
  local from, to, count = {}, {}, #list
  for i = 1, count do from[i] = list[i] end
  local width = 1
  while width < count do
    local start = 1
    while start <= count do
      local middle = math.min(start + width, count + 1)
      local stop = math.min(start + width + width, count + 1)
      local left, right = start, middle
      for i = start, stop - 1 do
        if left < middle and (right >= stop or not less(from[right], from[left])) then
          to[i] = from[left]
          left = left + 1
        else
          to[i] = from[right]
          right = right + 1
        end
      end
      start = stop
    end
    from, to = to, from
    width = width + width
  end
  return from
end

-- lww(a, b): of two registers {ulid, id, value} the one with the greater (ulid, id); nil counts as none.
local function lww(a, b)
  if a == nil then return b end
  if b == nil then return a end
  if a.ulid ~= b.ulid then
    if a.ulid < b.ulid then return b end
    return a
  end
  if (a.id or "") < (b.id or "") then return b end
  return a
end

-- Sets whose adds carry tags; a remove takes away the tags it has seen.
local or_set = {}
or_set.__index = or_set
function or_set.add(self, element, tag)
  local tags = self.tags[element] or {}
  if not self.gone[tag] then tags[tag] = true end
  self.tags[element] = tags
  return self
end
function or_set.remove(self, element)
  local tags = self.tags[element]
  if tags then
    for tag in dpairs(tags) do self.gone[tag] = true end
    self.tags[element] = nil
  end
  return self
end
function or_set.has(self, element)
  local tags = self.tags[element]
  return tags ~= nil and #dkeys(tags) > 0
end
function or_set.values(self)
  local result = {}
  for element in dpairs(self.tags) do
    if self:has(element) then result[#result + 1] = element end
  end
  return result
end
function or_set.join(self, other)
  for tag in dpairs(other.gone) do self.gone[tag] = true end
  for element, tags in dpairs(other.tags) do
    for tag in dpairs(tags) do self:add(element, tag) end
  end
  for _, tags in dpairs(self.tags) do
    for _, tag in ipairs(dkeys(tags)) do
      if self.gone[tag] then tags[tag] = nil end
    end
  end
  return self
end

-- Sets in which a remove is final.
local two_phase = {}
two_phase.__index = two_phase
function two_phase.add(self, element) self.added[element] = true return self end
function two_phase.remove(self, element) self.removed[element] = true return self end
function two_phase.has(self, element) return self.added[element] == true and not self.removed[element] end
function two_phase.values(self)
  local result = {}
  for element in dpairs(self.added) do
    if not self.removed[element] then result[#result + 1] = element end
  end
  return result
end
function two_phase.join(self, other)
  for element in dpairs(other.added) do self.added[element] = true end
  for element in dpairs(other.removed) do self.removed[element] = true end
  return self
end

-- Counters with one component for each actor.
local g = {}
g.__index = g
function g.inc(self, actor, amount)
  amount = amount or 1
  if amount < 0 then error("a g-counter only grows") end
  self.up[actor] = (self.up[actor] or 0) + amount
  return self
end
function g.value(self)
  local sum = 0
  for _, amount in dpairs(self.up) do sum = sum + amount end
  return sum
end
local function join_components(left, right)
  for actor, amount in dpairs(right) do left[actor] = math.max(left[actor] or 0, amount) end
end
function g.join(self, other) join_components(self.up, other.up) return self end

local pn = {}
pn.__index = pn
function pn.inc(self, actor, amount) self.up[actor] = (self.up[actor] or 0) + (amount or 1) return self end
function pn.dec(self, actor, amount) self.down[actor] = (self.down[actor] or 0) + (amount or 1) return self end
function pn.value(self)
  local sum = 0
  for _, amount in dpairs(self.up) do sum = sum + amount end
  for _, amount in dpairs(self.down) do sum = sum - amount end
  return sum
end
function pn.join(self, other)
  join_components(self.up, other.up)
  join_components(self.down, other.down)
  return self
end

-- join(a, b, kind): the join of two states of a kind.
local function join(a, b, kind)
  if a == nil then return b end
  if b == nil then return a end
  if kind == "max" then return math.max(a, b) end
  if kind == "min" then return math.min(a, b) end
  if kind == "lww" then return lww(a, b) end
  if kind == "or_set" or kind == "two_phase" or kind == "g" or kind == "pn" then return a:join(b) end
  error("no lattice is called " .. tostring(kind))
end

return {
  map_join = map_join,
  reduce = reduce,
  cmp_sort = cmp_sort,
  lww = lww,
  join = join,
  set = {
    or_set = function() return setmetatable({tags = {}, gone = {}}, or_set) end,
    two_phase = function() return setmetatable({added = {}, removed = {}}, two_phase) end,
  },
  ["class or_set"] = or_set,
  ["class two_phase"] = two_phase,
  ["class g"] = g,
  ["class pn"] = pn,
  counter = {
    g = function() return setmetatable({up = {}}, g) end,
    pn = function() return setmetatable({up = {}, down = {}}, pn) end,
  },
}
