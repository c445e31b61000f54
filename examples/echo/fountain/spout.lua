-- One instance for each entity with `spout`; `self` is its handle.

function on_start()
  -- Quiet at first.
  echo.delay(1.0, function()
    echo.log("the water is on")
    echo.every(1 / self.spout.rate, function()
      echo.emit("spawn_particle", {pos = self.pos})
    end)
  end)
end

-- A strong wind bends the water: the spout leans against it.
echo.on("gust", function(wind)
  self.pos.x = self.pos.x - wind.x
  echo.log("gust of", wind.x)
end)
