-- Integers and floats.
print(7 // 2, -7 // 2, 7 % 3, -7 % 3, 7 % -3, 7 / 2, 2 ^ 10, 7.5 // 2, -7.5 % 2)
print(1e15, 1e100, 0.1, -0.0, 1 / 0, -1 / 0, 0 / 0, 2 ^ 53, 1e14, 123456789012345678)
print(9223372036854775807 + 1, -9223372036854775807 - 2, 9223372036854775807 * 2)
print(3 & 5, 3 | 5, 3 ~ 5, ~0, 1 << 63, 1 << 64, -1 >> 60, 1 << -1, 2.0 | 1)
print("10" + 5, "0x10" * 2, "3" ^ 2, -"2", 10 .. 20, 1.5 .. "x", "1e1" + 0)
print(pcall(function() return 1 // 0 end), pcall(function() return 1 % 0 end))
print(pcall(function() return 1.5 | 1 end), pcall(function() return {} + 1 end))
print(pcall(function() return "a" | 1 end), pcall(function() return 1 < "2" end))
print(1 == 1.0, 9007199254740993 == 9007199254740992.0, 1 < 1.5, -1 > -1.5, 2^63 > 9223372036854775807)
print(tonumber("  12  "), tonumber("0x1p4"), tonumber("1e"), tonumber(""), tonumber("z", 36), tonumber("7fffffffffffffff", 16))
print(tonumber("1_000"), tonumber("0x"), tonumber("1 2"), tonumber("١"), tonumber(nil == nil and "5"))
print(tostring(3) == "3", tostring(3.0), tostring(-3.5e-7), 1e300 * 1e10, 5 // 0.0, -5 // 0.0, 5 % (1 / 0), -5 % (1 / 0))
local t = {} t[1.0] = "a" t[2^53] = "b"
print(t[1], t[2^53 | 0])
print(0x7fffffffffffffff, 0xffffffffffffffff, 0x1p-2, 1 // 1.0, 3 % -2.5, 1e308 + 1e308)
for i = 1.0, 3 do print(i) end
