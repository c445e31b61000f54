//! Random programs: every operation of ELC and every function of the library, sooner or later, in either profile.
//!
//! A program runs its pieces under `pcall`, notes what they come to in `out`, and returns that as one text. It always ends:
//! loops are counted, recursion goes down. What it notes has no order, address or NaN sign that stock Lua leaves open.
//!
//! Tests: `src/twin/random.rs`.

use crate::profile::Profile;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_numbers::Pcg32;

/// Calls of the library, by name: `N` stands for a number, `I` for a small integer, `S` for a string, `T` for a list. The
/// ones of scripts are Lua's own, so that stock Lua can be asked too.
pub(super) const CALLS_BOTH: &[(&str, &str)] = &[
    // Open lists of up to thirty values.
    (
        "table.unpack",
        "(function(...) local t = {1, 2, ...} return select('#', 0, ...) + #t end)(table.unpack(T, 1, I))",
    ),
    (
        "select",
        "select('#', (function(...) return N, ... end)(S, table.unpack({}, 1, I)))",
    ),
    ("assert", "(assert(N, S))"),
    ("error", "select(2, pcall(error, S, 0))"),
    (
        "getmetatable",
        "getmetatable(setmetatable({}, {__metatable = N}))",
    ),
    (
        "ipairs",
        "(function() local c = 0 for i, v in ipairs(T) do c = c + i end return c end)()",
    ),
    ("pcall", "pcall(F, N, S)"),
    ("rawequal", "rawequal(N, I)"),
    ("rawget", "rawget(T, I)"),
    ("rawlen", "rawlen(T) + rawlen(S)"),
    ("rawset", "rawset({}, I, N)[I]"),
    ("select", "select(I, N, S, I, N)"),
    ("select", "select('#', N, S, nil)"),
    (
        "setmetatable",
        "setmetatable({}, {__index = function(_, k) return k end})[S]",
    ),
    ("tonumber", "tonumber(S)"),
    ("tonumber", "tonumber('zz', 36)"),
    ("tostring", "tostring(N)"),
    ("type", "type(N) .. type(T) .. type(F)"),
    ("xpcall", "xpcall(F, function(e) return type(e) end, N)"),
    ("string.byte", "string.byte(S, I, I)"),
    ("string.char", "string.char(I % 90 + 33, 65)"),
    ("string.len", "string.len(S)"),
    ("string.lower", "string.lower(S)"),
    ("string.rep", "string.rep(S, I % 5, ',')"),
    ("string.reverse", "string.reverse(S)"),
    ("string.sub", "string.sub(S, I, I)"),
    ("string.upper", "string.upper(S)"),
    ("string.find", "string.find(S, '[a-c]+', I)"),
    ("string.find", "string.find(S, 'b', 1, true)"),
    ("string.match", "string.match(S, '(%a)(%d*)')"),
    (
        "string.gmatch",
        "(function() local c = 0 for w in string.gmatch(S, '%w') do c = c + #w end return c end)()",
    ),
    ("string.gsub", "string.gsub(S, '%a', {a = '1', b = 'x'})"),
    (
        "string.gsub",
        "string.gsub(S, '(.)', function(x) return x .. x end, I % 4)",
    ),
    (
        "string.format",
        "string.format('%d|%5s|%-4s|%x', I, S, S, I % 100 + 100)",
    ),
    ("string.pack", "string.pack('<i4z', I, S)"),
    ("string.packsize", "string.packsize('<i4i8')"),
    (
        "string.unpack",
        "string.unpack('<i4', string.pack('<i4', I))",
    ),
    ("table.concat", "table.concat(T, '-')"),
    (
        "table.insert",
        "(function() local t = {I, I} table.insert(t, 2, N) table.insert(t, S) return #t, t[2] end)()",
    ),
    (
        "table.move",
        "table.concat(table.move({1, 2, 3}, 1, 3, I % 3 + 1))",
    ),
    ("table.pack", "table.pack(N, S, nil).n"),
    ("table.remove", "table.remove({1, 2, I}, 2)"),
    (
        "table.sort",
        "(function() local t = {I, I, 5, I, 3, I, 1} table.sort(t) return table.concat(t, ' ') end)()",
    ),
    (
        "table.sort",
        "(function() local t = {I, I, 9, I, I} table.sort(t, function(a, b) return a > b end) return table.concat(t, ' ') end)()",
    ),
    ("table.unpack", "table.unpack(T)"),
    ("utf8.char", "utf8.char(I % 900 + 900, 65)"),
    ("utf8.codepoint", "utf8.codepoint('aé', 1, -1)"),
    (
        "utf8.codes",
        "(function() local c = 0 for p, x in utf8.codes('aé€') do c = c + p * x end return c end)()",
    ),
    ("utf8.len", "utf8.len(S)"),
    ("utf8.offset", "utf8.offset('aé€z', I % 4 + 1)"),
    ("math.abs", "math.abs(N)"),
    ("math.ceil", "math.ceil(N)"),
    ("math.floor", "math.floor(N)"),
    ("math.fmod", "math.fmod(I, 7)"),
    ("math.max", "math.max(N, I, N)"),
    ("math.min", "math.min(N, I)"),
    ("math.modf", "math.modf(N)"),
    ("math.sqrt", "math.sqrt(16)"),
    ("math.tointeger", "math.tointeger(N)"),
    ("math.type", "math.type(N)"),
    ("math.ult", "math.ult(I, I)"),
    ("math.exp", "math.exp(0)"),
    ("math.log", "math.log(1)"),
    ("math.sin", "math.sin(0)"),
    ("math.cos", "math.cos(0)"),
    ("math.tan", "math.tan(0)"),
    ("math.asin", "math.asin(0)"),
    ("math.acos", "math.acos(1)"),
    ("math.atan", "math.atan(0, 1)"),
];

pub(super) const CALLS_SCRIPT: &[(&str, &str)] = &[
    ("next", "(next({I}))"),
    (
        "pairs",
        "(function() local c = 0 for k, v in pairs(T) do c = c + 1 end return c end)()",
    ),
    ("load", "load('local a = ... return a, ' .. I)(N)"),
    ("collectgarbage", "collectgarbage()"),
    ("math.random", "(math.random(5) <= 5)"),
    ("math.randomseed", "(math.randomseed(I))"),
    ("math.deg", "math.deg(0.5)"),
    ("math.rad", "math.rad(N)"),
    ("coroutine.isyieldable", "coroutine.isyieldable()"),
];

pub(super) const CALLS_COROUTINE: &[(&str, &str)] = &[
    (
        "coroutine.wrap",
        "coroutine.wrap(function(a) local b = coroutine.yield(a) return b end)(N)",
    ),
    (
        "coroutine.create",
        "coroutine.resume(coroutine.create(F), N, S)",
    ),
    ("coroutine.status", "coroutine.status(coroutine.create(F))"),
    ("coroutine.close", "coroutine.close(coroutine.create(F))"),
    ("coroutine.running", "select(2, coroutine.running())"),
    (
        "coroutine.yield",
        "(function() local s = 0 for v in coroutine.wrap(function() for i = 1, I % 5 do coroutine.yield(i) end end) do s = s + v end return s end)()",
    ),
    // Yields in a `__close`, of a block that ends and of one that an error leaves.
    (
        "coroutine.resume",
        "(function() local log = '' \
         local co = coroutine.create(function(a) \
         local d <close> = setmetatable({}, {__close = function(_, e) log = log .. 'c' .. show(e) coroutine.yield('in') end}) \
         local b = coroutine.yield(a) return b end) \
         for _, v in ipairs({N, S, 1, 2}) do log = log .. show(select(2, coroutine.resume(co, v))) end \
         return log .. coroutine.status(co) end)()",
    ),
    (
        "coroutine.resume",
        "(function() local log = '' \
         local co = coroutine.wrap(function() return pcall(function(a) \
         local d <close> = setmetatable({}, {__close = function(_, e) log = log .. show(e) .. show(coroutine.yield('in')) end}) \
         error(S, 0) end) end) \
         return show(co()) .. show(co(N)) .. log end)()",
    ),
    // What a coroutine leaves to be closed, dead or waiting.
    (
        "coroutine.close",
        "(function() local log = '' \
         local co = coroutine.create(function(a) \
         local d <close> = setmetatable({}, {__close = function(_, e) log = log .. 'c' .. show(e) end}) \
         local c <close> = setmetatable({}, {__close = function(_, e) if I % 3 == 0 then error('x' .. show(e), 0) end end}) \
         if I % 2 == 0 then coroutine.yield(a) end error(S, 0) end) \
         log = log .. show(select(2, coroutine.resume(co, N))) .. coroutine.status(co) \
         log = log .. show(select(2, coroutine.close(co))) .. coroutine.status(co) \
         return log .. show(select(2, coroutine.close(co))) end)()",
    ),
    (
        "coroutine.wrap",
        "(function() local log = '' \
         local co = coroutine.wrap(function() \
         local d <close> = setmetatable({}, {__close = function(_, e) log = log .. show(e) end}) \
         coroutine.yield(N) error(S) end) \
         log = show(co()) return log .. show(select(2, pcall(function() co() end))) .. log end)()",
    ),
    // Yields through protected calls, metamethods and iterators, and none through the library.
    (
        "coroutine.yield",
        "(function() local co = coroutine.wrap(function() \
         local ok, e = pcall(function() coroutine.yield(N) error(S, 0) end) \
         coroutine.yield(show(ok) .. show(e)) return 'end' end) \
         return show(co()) .. show(co()) .. show(co()) .. show(select(2, pcall(co))) end)()",
    ),
    (
        "coroutine.yield",
        "(function() local log = '' \
         local co = coroutine.wrap(function() return select(2, xpcall(function() \
         local d <close> = setmetatable({}, {__close = function(_, e) log = log .. show(e) end}) \
         coroutine.yield(N) error(S, 0) end, function(m) log = log .. 'h' return show(m) .. '!' end)) end) \
         return show(co()) .. show(co()) .. log end)()",
    ),
    (
        "coroutine.yield",
        "(function() local function ask(x, y) return coroutine.yield(type(y)) end \
         local mt = setmetatable({}, {__index = ask, __add = ask, __lt = ask, __concat = ask, __unm = ask, __len = ask, __call = ask}) \
         local co = coroutine.wrap(function() \
         return show(mt.x) .. show(mt + 1) .. show(mt < mt) .. show(mt .. 'a') .. show(-mt) .. show(#mt) .. show(mt(N)) end) \
         local log = '' for _, v in ipairs({0, N, I, S, 1, 2, 3, 4}) do log = log .. show(co(v)) end return log end)()",
    ),
    (
        "coroutine.yield",
        "(function() local log = '' \
         local closing = setmetatable({}, {__close = function() log = log .. 'closed' end}) \
         local co = coroutine.wrap(function() \
         for v in function(_, c) return coroutine.yield(c) end, nil, N, closing do log = log .. show(v) if v == S then break end end \
         return log end) \
         co() co(I) co(1) return show(co(nil)) end)()",
    ),
    (
        "coroutine.yield",
        "select(2, pcall(coroutine.wrap(function() table.sort({I, 2, 1}, function(x, y) coroutine.yield(N) return x < y end) end)))",
    ),
    (
        "coroutine.isyieldable",
        "show(coroutine.isyieldable()) .. show(coroutine.wrap(function() return coroutine.isyieldable() end)())",
    ),
];

pub(super) const CALLS_FOLD: &[(&str, &str)] = &[
    ("math.add", "math.add(N, I)"),
    ("math.sub", "math.sub(N, I)"),
    ("math.mul", "math.mul(N, I)"),
    ("math.div", "math.div(N, 3)"),
    ("math.cbrt", "math.cbrt(N)"),
    ("math.cosh", "math.cosh(1)"),
    ("math.hypot", "math.hypot(N, I)"),
    ("math.log10", "math.log10(1000)"),
    ("math.log2", "math.log2(I % 9 + 10)"),
    ("math.pow", "math.pow(2, I % 5)"),
    ("math.sinh", "math.sinh(0.5)"),
    ("math.tanh", "math.tanh(0.5)"),
    ("dkeys", "table.concat(dkeys({b = 1, a = 2, [I] = 3}), ' ')"),
    ("table.dkeys", "#table.dkeys(T)"),
    (
        "dpairs",
        "(function() local c = '' for k, v in dpairs({b = N, a = S, [3] = I}) do c = c .. k .. show(v) end return c end)()",
    ),
    (
        "table.dpairs",
        "(function() local c = 0 for k, v in table.dpairs(T) do c = c + k end return c end)()",
    ),
    ("dsort", "table.concat(dsort({I, S, I}), ' ')"),
    ("table.dsort", "#table.dsort(T)"),
    ("dvalues", "#dvalues({a = N, b = S})"),
    ("table.dvalues", "#table.dvalues(T)"),
    (
        "cmp_sort",
        "table.concat(cmp_sort({I, I, I}, function(a, b) return a > b end), ' ')",
    ),
    (
        "reduce",
        "reduce(T, function(a, b) return show(a) .. show(b) end, '')",
    ),
    (
        "map_join",
        "show(map_join(T, function(v) return show(v) end, function(a, b) return a end))",
    ),
    ("json.array", "json.encode_canonical(json.array({I, S}))"),
    ("json.object", "json.encode_canonical(json.object({}))"),
    ("json.null", "json.encode_canonical({a = json.null})"),
    (
        "json.encode_canonical",
        "json.encode_canonical({x = N, y = {S, I}})",
    ),
    (
        "json.decode_strict",
        "show(json.decode_strict('[1,{\"a\":0.5}]')[2].a)",
    ),
    ("hash.blake3", "hash.blake3(S)"),
    ("hash.sha256", "hash.sha256(S)"),
    (
        "ulid.compare",
        "ulid.compare('01ARZ3NDEKTSV4RRFFQ69G5FAV', '01ARZ3NDEKTSV4RRFFQ69G5FAW')",
    ),
    ("uri.parse", "show(uri.parse(S))"),
    ("set.or_set", "type(set.or_set())"),
    ("set.two_phase", "type(set.two_phase())"),
    ("counter.g", "type(counter.g())"),
    ("counter.pn", "type(counter.pn())"),
    ("rng", "rng()"),
    (
        "lww",
        "type(lww({ts = '1', value = N}, {ts = '2', value = S}))",
    ),
    ("join", "join(N, I, 'max')"),
    (
        "emit_json_canonical",
        "emit_json_canonical('a/' .. S .. I, {N})",
    ),
];

/// What programs share: how values are noted.
const HEAD: &str = "local out = {}
local function show(v)
  if type(v) == 'table' then local n = 0 for i, x in ipairs(v) do n = n + 1 end return 'table' .. n end
  if type(v) == 'function' then return 'function' end
  if type(v) == 'number' or type(v) == 'string' then return tostring(v) end
  if v == nil then return 'nil' end
  if v == true then return 'true' end
  if v == false then return 'false' end
  return 'other'
end
local function note(...)
  local line = {}
  for i = 1, select('#', ...) do line[i] = show((select(i, ...))) end
  out[#out + 1] = table.concat(line, ' ')
end
local function try(f, ...)
  note(pcall(f, ...))
end
local meta = {}
meta.__index = function(t, k) return k end
meta.__add = function(a, b) return 'add' end
meta.__sub = function(a, b) return 7 end
meta.__mul = function(a, b) return a end
meta.__unm = function(a) return 'unm' end
meta.__len = function(a) return 9 end
meta.__eq = function(a, b) return true end
meta.__lt = function(a, b) return false end
meta.__le = function(a, b) return true end
meta.__concat = function(a, b) return 'cat' end
meta.__call = function(self, a, b) return b, a end
meta.__band = function(a, b) return 5 end
meta.__shl = function(a, b) return 6 end
meta.__bnot = function(a) return 8 end
meta.__tostring = function(a) return 'object' end
local function object() return setmetatable({}, meta) end
";

pub(super) struct Generator {
    dice: Pcg32,
    profile: Profile,
    has_coroutines: bool,
    numbers: Vec<String>,
    next: u32,
    text: String,
}

impl Generator {
    /// A program of a profile.
    pub fn program(seed: u64, profile: Profile, has_coroutines: bool) -> String {
        let mut generator = Generator {
            dice: Pcg32::new(seed, 77),
            profile,
            has_coroutines,
            numbers: Vec::new(),
            next: 0,
            text: String::from(HEAD),
        };
        // What a fold exports is its only kind of global. Every eighth program has one.
        if profile == Profile::Fold && seed.is_multiple_of(8) {
            let value = generator.integer();
            generator.text.push_str(&format!(
                "function init(x) return x + {value} % 9 end\nnote(init(1), step)\n"
            ));
        }
        let count = 3 + generator.below(5);
        for _ in 0..count {
            generator.piece();
        }
        generator.text.push_str("return table.concat(out, '\\n')\n");
        generator.text
    }

    fn below(&mut self, count: u32) -> u32 {
        self.dice.next_u32() % count
    }

    fn is_script(&self) -> bool {
        self.profile == Profile::Script
    }

    fn fresh(&mut self) -> String {
        self.next += 1;
        format!("v{}", self.next)
    }

    /// A function that is tried: parameters, statements, results.
    fn piece(&mut self) {
        let (a, b) = (self.fresh(), self.fresh());
        self.text
            .push_str(&format!("try(function({a}, {b}, ...)\n"));
        self.numbers.push(a);
        let count = 1 + self.below(5);
        for _ in 0..count {
            self.statement(3);
        }
        let result = self.any(2);
        self.numbers.clear();
        let (number, text) = (self.number(0), self.string(0));
        self.text
            .push_str(&format!("return {result}\nend, {number}, {text}, 1, 2)\n"));
    }

    fn block(&mut self, depth: u32) {
        let known = self.numbers.len();
        for _ in 0..1 + self.below(2) {
            self.statement(depth);
        }
        self.numbers.truncate(known);
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    #[expect(clippy::too_many_lines, reason = "a table of statements")]
    fn statement(&mut self, depth: u32) {
        let choice = self.below(if depth == 0 { 7 } else { 20 });
        match choice {
            0 => {
                let (name, value) = (self.fresh(), self.number(2));
                self.line(&format!("local {name} = {value}"));
                self.numbers.push(name);
            }
            1 => {
                let value = self.any(2);
                self.line(&format!("note({value})"));
            }
            2 | 3 => {
                let call = self.call();
                self.line(&format!("note({call})"));
            }
            4 => {
                if let Some(name) = self.variable() {
                    let value = self.number(2);
                    self.line(&format!("{name} = {value}"));
                }
            }
            5 => {
                let (t, key, value) = (self.fresh(), self.string(1), self.any(1));
                let (number, last) = (self.number(1), self.any(1));
                self.line(&format!(
                    "local {t} = {{{number}, x = {value}, [{key}] = {number}, {last}}}"
                ));
                self.line(&format!("{t}.y, {t}[3], {t}.x = {value}, {number}, {t}.x note({t}.y, {t}[1], {t}.x, #{t} > 0)"));
            }
            6 => {
                let (x, y) = (self.fresh(), self.fresh());
                let (first, second) = (self.number(1), self.string(1));
                self.line(&format!(
                    "local {x}, {y} = {first}, {second} {x}, {y} = {y}, {x} note({x}, {y})"
                ));
            }
            7 => {
                let condition = self.condition(2);
                self.line(&format!("if {condition} then"));
                self.block(depth - 1);
                let other = self.condition(1);
                self.line(&format!("elseif {other} then"));
                self.block(depth - 1);
                self.line("else");
                self.block(depth - 1);
                self.line("end");
            }
            8 => {
                let name = self.fresh();
                let (start, step) = (
                    self.integer(),
                    ["1", "2", "-1", "3"][self.below(4) as usize],
                );
                self.line(&format!(
                    "for {name} = {start} % 5, 6, {step} do if {name} < 0 then break end"
                ));
                self.numbers.push(name);
                self.block(depth - 1);
                self.numbers.pop();
                self.line("end");
            }
            9 => {
                let name = self.fresh();
                let limit = 1 + self.below(4);
                self.line(&format!(
                    "local {name} = 0 while {name} < {limit} do {name} = {name} + 1"
                ));
                self.block(depth - 1);
                self.line("end");
            }
            10 => {
                let name = self.fresh();
                self.line(&format!("local {name} = 0 repeat {name} = {name} + 1"));
                self.block(depth - 1);
                let limit = self.below(4);
                self.line(&format!("until {name} > {limit}"));
            }
            11 => {
                let (key, value, list) = (self.fresh(), self.fresh(), self.list());
                self.line(&format!("for {key}, {value} in ipairs({list}) do"));
                self.numbers.push(key);
                self.block(depth - 1);
                self.numbers.pop();
                self.line("end");
            }
            12 => {
                let (name, parameter) = (self.fresh(), self.fresh());
                self.line(&format!("local function {name}({parameter}, ...)"));
                self.line(&format!("if type({parameter}) ~= 'number' or not ({parameter} > 0) or {parameter} > 6 then return {parameter}, ... end"));
                self.block(depth - 1);
                self.line(&format!(
                    "return {name}({parameter} - 1, {parameter}, ...)\nend"
                ));
                let value = self.number(1);
                self.line(&format!(
                    "note({name}({value})) note(({name}({value} % 3 + 1, ...)))"
                ));
            }
            13 => {
                let (n, up) = (self.fresh(), self.fresh());
                let value = self.number(1);
                self.line(&format!("local {n} = {value} local {up} = function(x) {n} = x return {n} end note({up}({value}), {n})"));
                self.numbers.push(n);
            }
            14 => {
                let name = self.fresh();
                self.line(&format!(
                    "do local {name} = 0 ::top_{name}:: {name} = {name} + 1"
                ));
                self.block(depth - 1);
                self.line(&format!(
                    "if {name} < 3 then goto top_{name} end goto end_{name} ::end_{name}:: end"
                ));
            }
            15 => {
                let (name, value) = (self.fresh(), self.any(1));
                self.line(&format!("local {name} = {{n = 1}} function {name}:get(k) self.n = self.n + 1 return k, self.n end note({name}:get({value}), {name}.n)"));
            }
            16 => {
                let piece = self.any(1);
                self.line(&format!(
                    "try(function() local x = {piece} return x.y.z end)"
                ));
            }
            17 if self.is_script() => {
                let name = self.fresh();
                self.line(&format!("do local {name} <close> = setmetatable({{}}, {{__close = function(_, e) note('closed', e) end}})"));
                self.block(depth - 1);
                self.line("end");
            }
            18 if self.is_script() => {
                let name = self.fresh();
                let (start, limit) = (self.number(0), self.number(0));
                self.line(&format!("do local c = 0 for {name} = {start}, {limit}, 0.75 do c = c + 1 if c > 5 then break end note({name}) end end"));
            }
            19 => {
                let name = self.fresh();
                let (first, second) = (self.number(1), self.number(1));
                self.line(&format!("local {name} = object() note({name} + {first}, {second} - {name}, -{name}, #{name}, {name} == object(), {name} < {first}, {second} <= {name}, {name} .. 'x', {name}({first}, 2), {name}.q)"));
                if self.is_script() {
                    self.line(&format!(
                        "note({name} & 1, 1 << {name}, ~{name}, tostring({name}))"
                    ));
                }
            }
            _ => {
                self.line("do");
                self.block(depth - 1);
                self.line("end");
            }
        }
    }

    fn variable(&mut self) -> Option<String> {
        let count = self.numbers.len() as u32;
        if count == 0 {
            return None;
        }
        let index = self.below(count) as usize;
        self.numbers.get(index).cloned()
    }

    fn integer(&mut self) -> String {
        match self.below(8) {
            0 => String::from("9223372036854775807"),
            1 => String::from("0"),
            _ => format!("{}", self.below(40)),
        }
    }

    fn number(&mut self, depth: u32) -> String {
        let choice = self.below(if depth == 0 { 4 } else { 14 });
        match choice {
            0 | 1 => self.integer(),
            2 => String::from(["0.5", "1.25", "-3", "2.75", "100.5"][self.below(5) as usize]),
            3 => self.variable().unwrap_or_else(|| String::from("7")),
            4..=8 => {
                let operator = ["+", "-", "*", "//", "%", "+", "-"][self.below(7) as usize];
                let (left, mut right) = (self.number(depth - 1), self.number(depth - 1));
                let is_folded = !right.contains('v') && (right == "0" || right.starts_with('('));
                if operator == "-" && is_folded {
                    // Stock Lua folds `x - 0`, also where the 0 was computed, to `x + 0`, which makes a negative zero positive.
                    right = String::from("1");
                }
                format!("({left} {operator} {right})")
            }
            9 => {
                let operator = ["&", "|", "~", "<<", ">>"][self.below(5) as usize];
                let left = self.variable().unwrap_or_else(|| String::from("5"));
                let right = self.integer();
                format!("({left} {operator} {right} % 70)")
            }
            10 => format!("(- {})", self.number(depth - 1)),
            11 => format!("(~ {})", self.integer()),
            12 => format!("#{}", self.string(0)),
            _ if self.is_script() => {
                let (left, right) = (
                    self.number(depth - 1),
                    ["2", "0.5", "-1", "3"][self.below(4) as usize],
                );
                if self.below(2) == 0 {
                    format!("({left} / {right})")
                } else {
                    format!("({left} ^ 2)")
                }
            }
            _ => format!("({} / 4)", self.number(depth - 1)),
        }
    }

    fn string(&mut self, depth: u32) -> String {
        match self.below(if depth == 0 { 3 } else { 6 }) {
            0..=2 => String::from(
                [
                    "'abc'",
                    "'b7'",
                    "''",
                    "'Hello World'",
                    "'10'",
                    "'0x1F'",
                    "'x y z'",
                ][self.below(7) as usize],
            ),
            3 => format!("({} .. {})", self.string(0), self.integer()),
            4 => format!(
                "({} .. {} .. {})",
                self.string(0),
                self.string(0),
                self.string(0)
            ),
            _ => format!("({} or {})", self.string(0), self.string(0)),
        }
    }

    fn list(&mut self) -> String {
        format!(
            "{{{}, {}, {}}}",
            self.integer(),
            self.string(0),
            self.integer()
        )
    }

    fn condition(&mut self, depth: u32) -> String {
        let (left, right) = (self.number(1), self.number(1));
        match self.below(if depth == 0 { 3 } else { 8 }) {
            0 | 1 => {
                let operator = ["<", "<=", ">", ">=", "==", "~="][self.below(6) as usize];
                format!("{left} {operator} {right}")
            }
            2 => format!("{} < {}", self.string(0), self.string(0)),
            3 => format!("(not ({}))", self.condition(depth - 1)),
            4 => format!(
                "({} and {})",
                self.condition(depth - 1),
                self.condition(depth - 1)
            ),
            5 => format!(
                "({} or {})",
                self.condition(depth - 1),
                self.condition(depth - 1)
            ),
            6 => format!("{left} > {}", self.below(30)),
            _ => format!("{} == {}", self.any(0), self.any(0)),
        }
    }

    fn any(&mut self, depth: u32) -> String {
        match self.below(10) {
            0 => String::from("nil"),
            1 => String::from(["true", "false"][self.below(2) as usize]),
            2 | 3 => self.string(depth.min(1)),
            4 if depth > 0 => self.list(),
            5 if depth > 0 => format!(
                "({} and {} or {})",
                self.condition(0),
                self.any(depth - 1),
                self.any(depth - 1)
            ),
            6 if depth > 0 => format!("({})", self.condition(depth - 1)),
            _ => self.number(depth),
        }
    }

    /// A call of the library with its letters filled in.
    fn call(&mut self) -> String {
        let mut lists = Vec::from([CALLS_BOTH]);
        if self.is_script() {
            lists.push(CALLS_SCRIPT);
            if self.has_coroutines {
                lists.push(CALLS_COROUTINE);
            }
        } else {
            lists.push(CALLS_FOLD);
        }
        let count: usize = lists.iter().map(|list| list.len()).sum();
        let index = self.below(count as u32) as usize;
        let found = lists.iter().flat_map(|list| list.iter()).nth(index);
        let (_, template) = found.copied().unwrap_or(("", "nil"));
        let mut text = String::new();
        let characters: Vec<char> = template.chars().collect();
        for (place, character) in characters.iter().enumerate() {
            let is_word = |other: Option<&char>| {
                other.is_some_and(|other| {
                    other.is_alphanumeric() || matches!(other, '_' | '\'' | '"')
                })
            };
            let stands_alone = !is_word(
                place
                    .checked_sub(1)
                    .and_then(|before| characters.get(before)),
            ) && !is_word(characters.get(place + 1));
            match character {
                'N' if stands_alone => text.push_str(&self.number(1)),
                'I' if stands_alone => text.push_str(&format!("{}", self.below(30))),
                'S' if stands_alone => text.push_str(&self.string(1)),
                'T' if stands_alone => text.push_str(&self.list()),
                'F' if stands_alone => text.push_str("function(x, y) return y, x end"),
                other => text.push(*other),
            }
        }
        text
    }
}
