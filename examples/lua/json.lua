-- A JSON library in plain Lua, as programs carry one with them: a recursive decoder and an encoder with sorted keys.
local json = {}

local escapes = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function fail(text, place, what)
  local line = 1
  for _ in text:sub(1, place - 1):gmatch("\n") do line = line + 1 end
  error(string.format("line %d: %s", line, what), 0)
end

local function skip(text, place)
  return text:find("[^ \t\r\n]", place) or #text + 1
end

local decode

local function decode_string(text, place)
  local parts, from = {}, place + 1
  while true do
    local stop = text:find('["\\]', from)
    if not stop then fail(text, place, "unfinished string") end
    parts[#parts + 1] = text:sub(from, stop - 1)
    if text:sub(stop, stop) == '"' then return table.concat(parts), stop + 1 end
    local letter = text:sub(stop + 1, stop + 1)
    if letter == "u" then
      local digits = text:match("^%x%x%x%x", stop + 2)
      if not digits then fail(text, stop, "bad escape") end
      parts[#parts + 1] = utf8.char(tonumber(digits, 16))
      from = stop + 6
    else
      if not escapes[letter] then fail(text, stop, "bad escape '" .. letter .. "'") end
      parts[#parts + 1] = escapes[letter]
      from = stop + 2
    end
  end
end

local function decode_list(text, place)
  local list, count = {}, 0
  place = skip(text, place + 1)
  if text:sub(place, place) == "]" then return list, place + 1 end
  while true do
    local value
    value, place = decode(text, place)
    count = count + 1
    list[count] = value
    place = skip(text, place)
    local mark = text:sub(place, place)
    if mark == "]" then return list, place + 1 end
    if mark ~= "," then fail(text, place, "expected ',' or ']'") end
    place = place + 1
  end
end

local function decode_map(text, place)
  local map = {}
  place = skip(text, place + 1)
  if text:sub(place, place) == "}" then return map, place + 1 end
  while true do
    place = skip(text, place)
    if text:sub(place, place) ~= '"' then fail(text, place, "expected a key") end
    local key, value
    key, place = decode_string(text, place)
    place = skip(text, place)
    if text:sub(place, place) ~= ":" then fail(text, place, "expected ':'") end
    value, place = decode(text, place + 1)
    map[key] = value
    place = skip(text, place)
    local mark = text:sub(place, place)
    if mark == "}" then return map, place + 1 end
    if mark ~= "," then fail(text, place, "expected ',' or '}'") end
    place = place + 1
  end
end

local words = { ["true"] = true, ["false"] = false }

function decode(text, place)
  place = skip(text, place)
  local first = text:sub(place, place)
  if first == '"' then return decode_string(text, place) end
  if first == "[" then return decode_list(text, place) end
  if first == "{" then return decode_map(text, place) end
  local word = text:match("^%a+", place)
  if word == "null" then return nil, place + 4 end
  if word and words[word] ~= nil then return words[word], place + #word end
  local number = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", place)
  if number and tonumber(number) then return tonumber(number), place + #number end
  fail(text, place, "unexpected '" .. first .. "'")
end

function json.decode(text)
  local value, place = decode(text, 1)
  place = skip(text, place)
  if place <= #text then fail(text, place, "something follows") end
  return value
end

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c)
    for letter, byte in pairs({ n = "\n", r = "\r", t = "\t", b = "\b", f = "\f" }) do
      if byte == c then return "\\" .. letter end
    end
    if c == '"' or c == "\\" then return "\\" .. c end
    return string.format("\\u%04x", c:byte())
  end) .. '"'
end

function json.encode(value)
  local kind = math.type(value) or type(value)
  if kind == "nil" then return "null" end
  if kind == "boolean" or kind == "integer" then return tostring(value) end
  if kind == "float" then return string.format("%.14g", value) end
  if kind == "string" then return quoted(value) end
  if kind ~= "table" then error("cannot encode a " .. kind, 2) end
  local parts = {}
  if #value > 0 or next(value) == nil then
    for i, item in ipairs(value) do parts[i] = json.encode(item) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys)
  for i, key in ipairs(keys) do parts[i] = quoted(key) .. ":" .. json.encode(value[key]) end
  return "{" .. table.concat(parts, ",") .. "}"
end

local text = [==[
{
  "name": "Åsa \u00e9 \"quoted\"\n",
  "numbers": [0, -1, 3.25, 1e3, 12345678901],
  "nested": {"a": {"b": {"c": [[], {}, [1, [2, [3]]]]}}},
  "flags": [true, false],
  "empty": ""
}]==]
local value = json.decode(text)
print(value.name, #value.numbers, value.nested.a.b.c[3][2][2][1])
print(json.encode(value))
local again = json.encode(json.decode(json.encode(value)))
print(again == json.encode(value), #again)
for _, wrong in ipairs({ "", "[1,", "{1:2}", '{"a" 1}', '"abc', "[1]]", "nul", '{"a":\n\n?}', '"\\q"' }) do
  print(pcall(json.decode, wrong))
end
print(select(2, pcall(json.encode, { f = print })))
