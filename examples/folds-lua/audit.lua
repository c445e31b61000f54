-- Passes over events it cannot take: they are counted, and the state is as if they had not been there.
on_error = "skip"

function init()
  return {seen = set.or_set(), spent = counter.g(), largest = {}, total = 0}
end

function step(state, event)
  state.total = state.total + 1
  state.seen:add(event.actor, event.id)
  -- An amount that is missing or no number is an error: the lines above are undone too.
  state.spent:inc(event.actor, event.payload.amount)
  local before = state.largest[event.actor]
  if before == nil or before < event.payload.amount then
    state.largest[event.actor] = event.payload.amount
  end
  return state
end

function emit(state)
  emit_json_canonical("state/audit.json", {
    actors = json.array(state.seen:values()),
    largest = state.largest,
    spent = state.spent:value(),
    taken = state.total,
  })
end
