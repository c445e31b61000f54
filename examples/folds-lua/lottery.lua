-- Draws a winner among those who took part. The draw depends on the events, the policy and the fold, and on nothing else;
-- whoever has them draws the same.
allow = {"rng"}

function fold(events)
  local names = {}
  for _, event in dpairs(events) do
    if event.type == "lottery.entered" then names[#names + 1] = event.actor end
  end
  local draw = rng()
  local winner = json.null
  if #names > 0 then winner = names[draw(#names)] end
  emit_json_canonical("state/lottery.json", {entries = #names, winner = winner})
end
