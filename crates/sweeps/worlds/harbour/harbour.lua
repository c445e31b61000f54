local tide = require("tide")
local boids, logs = {}, {}

function on_start()
  for i = 1, 7 do
    boids[i] = echo.spawn{["flock:position"] = {x = i * 3.7, y = i * i / 7}, ["flock:velocity"] = {x = 0.5, y = i / 9}}
  end
  echo.delay(0.21, function() echo.emit("storm", {force = 1 / 3, names = {7}}) end)
  echo.every(0.15, function() echo.set("wind.x", math.cos(echo.time()) * echo.rng()) end)
  pilot = coroutine.create(function()
    for round = 1, 100 do
      local lost = coroutine.yield(round * 1.5)
      logs[#logs + 1] = lost or "nothing"
    end
  end)
end

function pre_update()
  local _, weight = coroutine.resume(pilot, echo.count{"hull"} % 2 == 0 and "even" or nil)
  for e, x, mass in echo.query{"place.x", "hull.mass", without = {"anchored"}} do
    echo.set(e, "place.x", x + echo.get("wind.x") / mass, "hull.cargo", math.tointeger(weight * 2))
  end
end

function update()
  local tick = echo.tick()
  if tick % 4 == 1 then
    local lead = echo.list{"hull"}[1]
    local boat = echo.spawn{place = {x = tick ^ 0.5, y = tide.level(tick)}, hull = {mass = 1 + echo.rng(9)}}
    if lead then echo.link("rides", boat, lead) end
  end
  if tick % 7 == 6 then
    local last = echo.list{"hull"}
    echo.despawn(last[#last // 2 + 1])
  end
  for i = 1, tick % 5 * 4 do echo.emit("wave", {i, tick / i}) end
  if tick == 5 then echo.fork("calm") end
end

function post_update()
  for e in echo.query{"place", changed = "place"} do
    if echo.has(e, "debt") then echo.add(e, "debt", echo.get(e, "debt") * 3 / 2) end
  end
end

echo.on("wave", function(payload) heard = (heard or 0) + payload[2] end)
echo.on("storm", function(payload, event)
  for e, y in echo.query{"place.y"} do echo.set(e, "place.y", y - payload.force * event.tick) end
  logs[#logs + 1] = tide.words(payload.force)
end, {priority = 2})
echo.on("place", function(row) echo.spawn{place = row, anchored = true} end)
