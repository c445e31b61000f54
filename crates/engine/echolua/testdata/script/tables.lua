-- Constructors, length, order of traversal, deletion during a traversal.
local t = {10, 20, 30, x = 1, y = 2, [4] = 40, [2.0] = 21}
print(#t, t[2], t[4], t.x, t["y"])
for k, v in pairs(t) do print(k, v) end
for i, v in ipairs(t) do print(i, v) end
for k in pairs(t) do t[k] = nil end
print(#t, next(t))
t[3] = "c" t[2] = "b" t[1] = "a"
print(#t)
t[2] = nil
print(#t)
t[3] = nil
print(#t)
local keys = {}
for i = 1, 20 do keys["k" .. i] = i end
for i = 1, 20, 2 do keys["k" .. i] = nil end
keys.k1 = "again"
for k, v in pairs(keys) do print(k, v) end
print(pcall(function() local u = {a = 1} for k in pairs(u) do u[k .. "x"] = 1 end end))
print(pcall(next, {}, "nothing"))
print(pcall(function() t[nil] = 1 end))
print(pcall(function() t[0/0] = 1 end))
print(rawlen({1, 2}), rawequal(t, t), rawget({5}, 1), rawset({}, 1, 2)[1])
print(#{1, 2, nil, 4}, #{nil}, #{nil, 2})
local function f() return 1, 2, 3 end
print(#{f(), f()}, #{f(), (f())}, #{(f())})
