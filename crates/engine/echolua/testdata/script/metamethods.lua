-- Every metamethod.
local log = {}
local mt = {}
for _, e in ipairs {"add", "sub", "mul", "div", "mod", "pow", "unm", "idiv", "band", "bor", "bxor", "shl", "shr", "bnot", "concat"} do
  mt["__" .. e] = function(a, b) return e end
end
mt.__len = function() return 99 end
mt.__eq = function() return true end
mt.__lt = function(a, b) return "yes" end
mt.__le = function(a, b) return nil end
mt.__call = function(self, ...) return "called", ... end
mt.__index = function(t, k) return k .. "?" end
mt.__tostring = function() return "an object" end
mt.__name = "Thing"
local a, b = setmetatable({}, mt), setmetatable({}, mt)
print(a + 1, 1 - a, a * a, a / 2, a % 2, a ^ 2, -a, a // 1, a & 1, 1 | a, a ~ 1, a << 1, 1 >> a, ~a)
print(a .. "x", "x" .. a, 1 .. a, a .. a, "p" .. "q" .. a, a .. "r" .. "s", "t" .. a .. "u")
print(#a, a == b, a ~= b, a == 1, a < b, a <= b, a > b, a >= b, a(1, 2), a.name, a[5], tostring(a))
local base = {greet = function(self) return "hello " .. self.name end}
base.__index = base
local o = setmetatable({name = "o"}, base)
print(o:greet(), o.nothing)
local stored = {}
local p = setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, v * 2) end})
p.x = 5 p.x = 6
print(p.x)
local q = setmetatable({}, {__newindex = stored, __index = stored})
q.y = 7
print(rawget(q, "y"), stored.y, q.y)
print(getmetatable(setmetatable({}, {__metatable = "locked"})), pcall(setmetatable, setmetatable({}, {__metatable = 1}), {}))
for k, v in pairs(setmetatable({}, {__pairs = function(t) return function(_, k) if not k then return 1, "one" end end, t, nil end})) do print(k, v) end
print(pcall(function() return setmetatable({}, {__index = function() error("deep") end}).x end))
print(pcall(function() return {} < {} end), pcall(function() return {} .. "x" end), pcall(function() return #5 end))
print(pcall(function() local c = setmetatable({}, {__index = 5}) return c.x end))
local loop = {} setmetatable(loop, {__index = loop})
print(pcall(function() return loop.x end))
for i, v in ipairs(setmetatable({}, {__index = function(_, i) if i < 4 then return i * i end end})) do print(i, v) end
