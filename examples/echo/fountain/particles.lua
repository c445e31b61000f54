-- What particles do: they are born by an event, fall, and fade.

echo.on("spawn_particle", function(event)
  echo.spawn{
    pos = event.pos,
    vel = {x = echo.rng() * 2 - 1, y = 8 + echo.rng() * 2},
    particle = {left = 1.5},
  }
end)

echo.on("gust", function(wind)
  for e, x in echo.query{"vel.x", with = {"particle"}} do
    echo.set(e, "vel.x", x + wind.x)
  end
end)

local step = 1 / 30

function update()
  local fall = echo.get("gravity.y") * step
  for e, x, y, vx, vy, left in echo.query{"pos.x", "pos.y", "vel.x", "vel.y", "particle.left"} do
    if left <= step or y < 0 then
      echo.despawn(e)
    else
      echo.set(e, "pos.x", x + vx * step, "pos.y", y + vy * step, "vel.y", vy + fall, "particle.left", left - step)
    end
  end
end

function on_stop()
  local highest = 0
  for _, y in echo.query{"pos.y", with = {"particle"}} do highest = math.max(highest, y) end
  echo.log(string.format("%d particles, the highest at %.2f", echo.count{with = {"particle"}}, highest))
end
