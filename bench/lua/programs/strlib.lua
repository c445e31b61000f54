-- Patterns, formats, pieces.
local text = ("The quick brown fox jumps over the lazy dog 12345. "):rep(200)
local count, digits = 0, 0
for _ = 1, 30 do
  for word in text:gmatch("%a+") do count = count + #word end
  for d in text:gmatch("%d+") do digits = digits + tonumber(d) end
end
local s = 0
for i = 1, 60000 do
  local line = string.format("%d:%s:%5.2f", i, "name", i / 3)
  s = s + #line + (line:find(":", 1, true) or 0) + line:byte(-1)
end
local up = text:upper():gsub("FOX", "cat"):lower():reverse():sub(1, 100)
print(count, digits, s, #up)
