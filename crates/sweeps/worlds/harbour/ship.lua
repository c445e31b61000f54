age = 0

function update()
  age = age + 1
  if age == 6 then
    local ok, why = pcall(function() return self.place.nothing end)
    logbook = {ok, tostring(why), age / 7}
  end
  if age == 9 then self.anchored = true end
  if age == 12 then self.anchored = nil end
end

function on_event(kind, payload)
  if kind == "storm" then self.hull.mass = self.hull.mass + payload.force end
end

function on_stop() echo.log("gone at", age) end
