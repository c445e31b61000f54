-- String work: splitting, templates, counting words, justification, Caesar and run-length codes, patterns, formats, UTF-8.
local function split(text, mark)
  local parts = {}
  for part in (text .. mark):gmatch("(.-)" .. mark:gsub("%p", "%%%0")) do parts[#parts + 1] = part end
  return parts
end
print(table.concat(split("a,b,,c", ","), "|"), #split("", ","), table.concat(split("1..2..3", ".."), "+"))

local function fill(template, values)
  return (template:gsub("%${(%w+)(:?[%d.]*)}", function(name, spec)
    local value = values[name]
    if value == nil then return nil end
    return spec == "" and tostring(value) or string.format("%" .. spec:sub(2) .. "f", value)
  end))
end
print(fill("Dear ${name}, you owe ${sum:8.2} for ${what}; ${missing}", { name = "Bo", sum = 12.345, what = "tea" }))

local text = [[
The quick brown fox jumps over the lazy dog. The dog sleeps;
the fox does not. "What a dog!", says the fox.]]
local counts, order = {}, {}
for word in text:lower():gmatch("%a+") do
  if not counts[word] then order[#order + 1] = word end
  counts[word] = (counts[word] or 0) + 1
end
table.sort(order, function(a, b)
  if counts[a] ~= counts[b] then return counts[a] > counts[b] end
  return a < b
end)
for i = 1, 5 do io.write(order[i], "=", counts[order[i]], " ") end
print(#order)

local function justify(words, width)
  local lines, line = {}, {}
  local size = 0
  local function flush(is_last)
    local gaps = #line - 1
    if gaps <= 0 or is_last then
      lines[#lines + 1] = table.concat(line, " ")
    else
      local spare = width - size
      local out = line[1]
      for i = 2, #line do
        local gap = spare // gaps + ((i - 2 < spare % gaps) and 1 or 0)
        out = out .. (" "):rep(gap) .. line[i]
      end
      lines[#lines + 1] = out
    end
    line, size = {}, 0
  end
  for word in words:gmatch("%S+") do
    if size + #line + #word > width then flush() end
    line[#line + 1] = word
    size = size + #word
  end
  flush(true)
  return lines
end
for _, line in ipairs(justify(text, 28)) do print("[" .. line .. "]") end

local function caesar(s, n)
  return (s:gsub("%a", function(c)
    local base = c:match("%l") and 97 or 65
    return string.char((c:byte() - base + n) % 26 + base)
  end))
end
print(caesar("Hello, World!", 3), caesar(caesar("Hello, World!", 3), -3))

local function rle(s) return (s:gsub("((.)%2*)", function(run, c) return #run .. c end)) end
print((rle("aaabccddddd"):gsub("(%d+)(.)", function(n, c) return c:rep(tonumber(n)) end)), rle("aaabccddddd"))

print(("key = value # note"):match("^(%w+)%s*=%s*(%w+)"))
print(("2026-11-30T08:15:00"):match("(%d+)-(%d+)-(%d+)T(%d+):(%d+)"))
print(("f(a(b)c)d"):match("%b()"), ("THE (quick) fox"):find("%((%a+)%)"), ("hello"):find("l", 1, true))
print(("  trim me "):match("^%s*(.-)%s*$") .. "|", ("x"):rep(3, "-"), ("abc"):reverse(), ("%d"):format(42))
print(string.format("%5d|%-5d|%05d|%+d|%x|%X|%o|%c|%e|%g|%.3f|%10.4s|%q|%%", 42, 42, 42, 42, 255, 255, 8, 65, 12345.678, 0.0001, 2 / 3, "abcdefgh", "a\n\"b\"\0"))
print(string.format("%s %s %s %i %a", nil, true, { 1 } ~= nil, 7, 1.5))
for _, code in utf8.codes("héß€") do io.write(code, " ") end
print(utf8.len("héß€"), utf8.char(72, 228, 8364), utf8.offset("héß€", 3), #utf8.charpattern, utf8.len("\xff"))
print(("%s"):rep(3, ","):format(1, 2.0, "x"), #("\z
   joined"), "\x41\u{48}\065", 'tab\tend', "a\
b")
print(("abc"):byte(1, -1), ("äö"):upper(), ("ABC"):lower(), "10" + 5, "3" * "4", 10 .. 20)
print(string.pack("<i4", 7):byte(1, -1))
print(string.unpack("<i2 s1 z", string.pack("<i2 s1 z", -2, "len", "zero")))
print(table.concat({ 1, 2.5, "x" }, "; "), tostring(1e15), 2 ^ 53, 7 // 2, -7 // 2, -7 % 3, 7 % -3, 1 / 0, -1 / 0, 3 | 4, ~0)
print(tonumber("0x1p4"), tonumber("  12  "), tonumber("1e1"), tonumber("z", 36), tonumber("12a"), math.tointeger(3.0))
