-- The shape of a fold: exports, closures, metatables, errors.
local Account = {}
Account.__index = Account
local function new(owner) return setmetatable({owner = owner, balance = 0, log = {}}, Account) end
function Account:add(amount)
  if amount < 0 and self.balance + amount < 0 then error({code = "POOR", owner = self.owner}) end
  self.balance = self.balance + amount
  self.log[#self.log + 1] = amount
  return self
end
function init() return {accounts = {}, order = {}, refused = 0} end
function step(state, event)
  local account = state.accounts[event.id]
  if not account then
    account = new(event.id)
    state.accounts[event.id] = account
    state.order[#state.order + 1] = event.id
  end
  local ok, e = pcall(account.add, account, event.amount)
  if not ok then state.refused = state.refused + 1 state.last = e.code end
  return state
end
local state = init()
for i = 1, 30 do state = step(state, {id = "a" .. i % 4, amount = i % 5 == 0 and -1000 or i}) end
local out = ""
for _, id in ipairs(state.order) do out = out .. id .. ":" .. state.accounts[id].balance .. "/" .. #state.accounts[id].log .. " " end
local n = 0
::top::
n = n + 1
if n < 3 then goto top end
return out, state.refused, state.last, n, select("#", 1, nil)
