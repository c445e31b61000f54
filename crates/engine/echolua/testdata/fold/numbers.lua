-- Integers that trap and Q32.32.
local function try(f, ...)
  local ok, e = pcall(f, ...)
  return ok, e
end
local results = {
  7 // 2, -7 // 2, 7 % 3, 7 / 2, 6 / 2, 1 / 3, 0.1 + 0.2, 0.5 + 0.5, 2 ^ 10, 2 ^ 0.5, 1.25 // 0.5, 3 & 5, "10" + 5,
}
local text = ""
for i, v in ipairs(results) do text = text .. i .. "=" .. v .. " " end
local _, overflow = try(function() local x = 9223372036854775807 return x + 1 end)
local _, product = try(function() local x = 4294967296 return x * x end)
local _, zero = try(function() local z = 0 return 1 // z end)
local _, modulo = try(function() local z = 0 return 1 % z end)
local _, wide = try(function() local z = 3000000000 return z + 0.5 end)
for x = 0.25, 1, 0.25 do text = text .. x .. ";" end
for i = 3, 1.5, -1 do text = text .. i .. "," end
return text, overflow, product, zero, modulo, wide
