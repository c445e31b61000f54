-- A hawk flies with the boids, and remembers the weather.

function on_event(kind, payload)
  if kind ~= "weather" then return end
  self.hawk.seen = self.hawk.seen + 1
  -- It likes to fly against the wind.
  local v = self["flock:velocity"]
  v.x = v.x - math.cos(payload.angle)
  v.y = v.y - math.sin(payload.angle)
end

function on_stop()
  echo.log(string.format("%s has seen %d winds", tostring(self), self.hawk.seen))
end
