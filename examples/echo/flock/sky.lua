-- Makes the boids, and the weather they fly in.

local boids = 100000

function on_start()
  for _ = 1, boids do
    echo.spawn{
      ["flock:position"] = {x = echo.rng() * 2000, y = echo.rng() * 2000},
      ["flock:velocity"] = {x = echo.rng() * 2 - 1, y = echo.rng() * 2 - 1},
    }
  end
  for i = 1, 3 do
    echo.spawn{hawk = {}, ["flock:position"] = {x = i * 500, y = 1000}, ["flock:velocity"] = {x = 1, y = 0}}
  end
end

-- Now and then the wind turns.
echo.every(0.5, function()
  local angle = echo.rng() * 2 * math.pi
  echo.set("flock:wind", {x = math.cos(angle) * 0.05, y = math.sin(angle) * 0.05})
  echo.emit("weather", {angle = angle})
end)

-- Once a second somebody counts who flies to the right.
echo.every(1, function()
  local right, all = 0, 0
  for _, vx in echo.query{"flock:velocity.x"} do
    all = all + 1
    if vx > 0 then right = right + 1 end
  end
  echo.set("sight", {boids = right, speed = right / all})
  echo.log(string.format("%d of %d boids fly to the right", right, all))
end)
