-- Founds the town and watches over its money.

local ledger = require "ledger"
local agents = 40

function on_start()
  for i = 1, agents do
    local is_baker = i % 2 == 0
    echo.spawn{
      purse = 100,
      goods = {bread = is_baker and 20 or 0, wine = is_baker and 0 or 20},
      trade = {price = 5 + echo.rng(5), is_baker = is_baker},
    }
  end
end

echo.on("harvest", function(gift)
  for e, wine in echo.query{"goods.wine"} do echo.set(e, "goods.wine", wine + gift.wine) end
  echo.log("harvest:", gift.wine, "more wine for everybody")
end)

local function money()
  local sum = 0
  for _, coins in echo.query{"purse"} do sum = sum + coins end
  return sum
end

function post_update()
  if money() ~= agents * 100 then error("money was made or lost") end
end

function on_stop()
  local rich, poor = 0, math.maxinteger
  for _, coins in echo.query{"purse"} do rich, poor = math.max(rich, coins), math.min(poor, coins) end
  echo.log(string.format("%d deals for %d coins: %d bread, %d wine", ledger.deals, ledger.coins, ledger.by_good.bread, ledger.by_good.wine))
  echo.log(string.format("the richest has %d coins, the poorest %d", rich, poor))
end
