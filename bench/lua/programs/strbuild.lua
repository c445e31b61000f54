-- Strings joined, kept and joined again.
local parts = {}
for i = 1, 300000 do parts[#parts + 1] = "item " .. i .. ";" end
local text = table.concat(parts)
local n = 0
for i = 1, 200000 do
  local s = "key" .. (i % 1000) .. "/" .. i
  n = n + #s
end
print(#text, n)
