local tide = {}
function tide.level(time) return math.sin(time * 0.7) + math.exp(-time) / 3 end
function tide.words(level) return string.format("%.6f %s", level, level < 0 and "low" or "high") end
return tide
