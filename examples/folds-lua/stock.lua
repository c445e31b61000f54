-- Pieces on the shelf, in both forms. `step` sees one event at a time and goes on from a checkpoint; `fold` sees all of
-- them. They must give the same bytes, and a run from the first event on compares them.
inputs = {"gatos/journal/shop/**"}
limits = {fuel = 1000000, memory_bytes = 16 << 20}
merge = {["state/shop/stock.json"] = "map-join"}

local function book(shelves, event)
  local item = event.payload.item
  local shelf = shelves[item] or {count = 0}
  if event.type == "stock.in" then
    shelf.count = shelf.count + event.payload.pieces
  elseif event.type == "stock.out" then
    shelf.count = shelf.count - event.payload.pieces
  end
  shelf.last = event.ulid
  shelves[item] = shelf
end

local function low(shelves)
  local names = {}
  for name, shelf in dpairs(shelves) do
    if shelf.count < 10 then names[#names + 1] = name end
  end
  return json.array(names)
end

local function files(shelves)
  emit_json_canonical("state/shop/stock.json", shelves)
  emit_json_canonical("state/shop/low.json", low(shelves))
end

function init() return {shelves = {}} end

function step(state, event)
  book(state.shelves, event)
  return state
end

function emit(state) files(state.shelves) end

function fold(events)
  local shelves = {}
  for _, event in dpairs(events) do book(shelves, event) end
  files(shelves)
end
