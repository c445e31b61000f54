-- What was sold, by good: shared by all who require it.

local ledger = {deals = 0, coins = 0, by_good = {bread = 0, wine = 0}}

function ledger.note(good, price)
  ledger.deals = ledger.deals + 1
  ledger.coins = ledger.coins + price
  ledger.by_good[good] = ledger.by_good[good] + 1
end

return ledger
