-- An agent: it asks somebody for what it lacks, answers who asks for what it has, and learns its price from both.
--
-- Each step of a deal is an event, so no two deals ever meet: a handler sees what the one before it did.

local ledger = require "ledger"
local me = echo.id(self)

local function wanted() return self.trade.is_baker and "wine" or "bread" end
local function made() return self.trade.is_baker and "bread" or "wine" end

-- A coroutine that lives as long as the agent: a rest of a few ticks after each question.
local function life()
  while true do
    if self.goods[wanted()] < 5 and self.purse > 0 then
      local others = echo.list{with = {"trade"}}
      local other = others[echo.rng(#others)]
      if other ~= me then
        echo.emit("ask", {from = me, to = other, good = wanted(), offer = self.trade.price})
      end
    end
    for _ = 1, echo.rng(3) do coroutine.yield() end
  end
end

local living = coroutine.create(life)

function update()
  local is_fine, reason = coroutine.resume(living)
  if not is_fine then error(reason, 0) end
end

echo.on("ask", function(ask)
  if ask.to ~= me then return end
  if ask.good ~= made() or self.goods[ask.good] == 0 then return end
  if ask.offer < self.trade.price then
    -- Nobody buys at this price: a little less next time.
    self.trade.price = math.max(1, self.trade.price - 1)
    return
  end
  echo.emit("sell", {from = me, to = ask.from, good = ask.good, price = ask.offer}, {phase = "post_update"})
end)

echo.on("sell", function(deal)
  if deal.to ~= me or self.purse < deal.price then return end
  local seller = echo.entity(deal.from)
  if seller.goods[deal.good] == 0 then return end
  self.purse = self.purse - deal.price
  seller.purse = seller.purse + deal.price
  self.goods[deal.good] = self.goods[deal.good] + 1
  seller.goods[deal.good] = seller.goods[deal.good] - 1
  seller.trade.price = seller.trade.price + 1
  ledger.note(deal.good, deal.price)
end)

-- Everybody eats and drinks once a second.
echo.every(1, function()
  for _, good in ipairs{"bread", "wine"} do
    if self.goods[good] > 0 then self.goods[good] = self.goods[good] - 1 end
  end
end)
