//! The hazards: ways in which stock Lua lets the machine show, each with the rule that holds here.

use crate::support::{run, value};
use gatos_echolua::Profile::{self, Fold, Script};

/// Row of the list of hazards, profile, expression, what it gives.
const HAZARDS: &[(u32, Profile, &str, &str)] = &[
    // 1–3: order of traversal: the array, then insertion.
    (
        1,
        Script,
        "(function() local s = '' for k in pairs({z = 1, a = 2, m = 3}) do s = s .. k end return s end)()",
        "zam",
    ),
    (
        2,
        Script,
        "(function() local s = '' local a, b = {}, {} local t = {[b] = 'b', [a] = 'a'} for _, v in pairs(t) do s = s .. v end return s end)()",
        "ba",
    ),
    (
        3,
        Script,
        "(function() local s = '' local t = {x = 1, 5, y = 2, 6} t.x = nil t.x = 3 for k in pairs(t) do s = s .. k end return s end)()",
        "12yx",
    ),
    (
        4,
        Script,
        "select(2, pcall(function() local t = {a = 1} for k in pairs(t) do t[k .. 'b'] = 1 end end))",
        "test:1: a key was added to the table during its traversal",
    ),
    // 5, 6: one border.
    (
        5,
        Script,
        "(function() local t = {1, 2, nil, 4} local n = #t t[4] = nil return n .. #t end)()",
        "42",
    ),
    (
        6,
        Script,
        "(function() local t = {} t[4] = 4 t[3] = 3 t[2] = 2 local n = #t t[1] = 1 return n .. #t end)()",
        "04",
    ),
    // 7: no addresses.
    (
        7,
        Script,
        "tostring({}) .. tostring({}) .. string.format('%p', {})",
        "table: 0x00000001table: 0x000000020x00000003",
    ),
    (
        7,
        Fold,
        "select(2, pcall(tostring, {}))",
        "a table has no text",
    ),
    // 8, 9: order of evaluation and of stores.
    (
        8,
        Script,
        "(function() local s = '' local t = setmetatable({}, {__newindex = function(_, k) s = s .. k end}) t.a, t.b, t.c = 1, 2, 3 return s end)()",
        "cba",
    ),
    (
        8,
        Script,
        "({10, [1] = 20})[1] .. ({[1] = 20, 10})[1]",
        "2010",
    ),
    (
        9,
        Script,
        "(function() local s = '' local function f(x) s = s .. x return x end local _ = f(1) + f(2) * f(3), f(4) > f(5), {f(6), f(7)} return s end)()",
        "1234567",
    ),
    (
        10,
        Script,
        "(function() local function make() return function() end end return make() == make() end)()",
        "false",
    ),
    // 11, 12: sorting is one algorithm.
    (
        11,
        Script,
        "(function() local t = {} for i = 1, 500 do t[i] = (i * 7919) % 503 end local n = 0 table.sort(t, function(a, b) n = n + 1 return a < b end) return n end)()",
        "4531",
    ),
    (
        12,
        Script,
        "select(2, pcall(table.sort, {3, 1, 2, 5, 4}, function() return true end))",
        "invalid order function for sorting",
    ),
    // 13: chance comes from the host only.
    (
        13,
        Script,
        "math.random(1000) .. ' ' .. math.random(1000)",
        "962 521",
    ),
    (
        13,
        Script,
        "select(2, pcall(math.randomseed))",
        "randomseed needs a seed: chance comes from the host only",
    ),
    // 14–20: floats and their text.
    (
        14,
        Script,
        "string.format('%.17g %.17g %.17g', math.exp(1), math.sin(1e22), 2 ^ 0.5)",
        "2.7182818284590451 -0.85220084976718879 1.4142135623730951",
    ),
    (15, Script, "tostring(0/0) .. tostring(-(0/0))", "nannan"),
    (
        17,
        Script,
        "1e15 .. ' ' .. 0.1 .. ' ' .. 1e100 .. ' ' .. 3.0",
        "1e+15 0.1 1e+100 3.0",
    ),
    (
        18,
        Script,
        "string.format('%a %a', 0.1, 4.9e-324)",
        "0x1.999999999999ap-4 0x1p-1074",
    ),
    (
        19,
        Script,
        "select(2, pcall(string.format, '%5.123f', 1))",
        "invalid conversion specification: '%5.123f'",
    ),
    (
        20,
        Script,
        "tostring(tonumber('0x.1p4')) .. tostring(tonumber('1,5')) .. tostring(tonumber('inf'))",
        "1.0nilnil",
    ),
    // 21: bytes and ASCII.
    (
        21,
        Script,
        "('ä'):upper() .. tostring(('ä'):find('%a')) .. tostring('Z' < 'a')",
        "äniltrue",
    ),
    (
        22,
        Script,
        "string.packsize('i') .. string.packsize('l') .. string.packsize('!bd') .. string.pack('I2', 1):byte()",
        "48161",
    ),
    (23, Script, "1 << 64 | 1 >> -1", "2"),
    (
        24,
        Script,
        "(function() local n = 0 for i = math.maxinteger - 1, math.maxinteger do n = n + 1 end return n end)()",
        "2",
    ),
    (
        25,
        Script,
        "collectgarbage() .. tostring(collectgarbage('step')) .. type(collectgarbage('count'))",
        "0truenumber",
    ),
    (
        26,
        Script,
        "(function() setmetatable({}, {__gc = error}) collectgarbage() return 'quiet' end)()",
        "quiet",
    ),
    (
        27,
        Script,
        "(function() local t = setmetatable({}, {__mode = 'k'}) t[{}] = 1 collectgarbage() return next(t) ~= nil end)()",
        "true",
    ),
    (
        29,
        Script,
        "select(2, pcall(function() local function f() return 1 + f() end return f() end)):match('stack overflow')",
        "stack overflow",
    ),
    (
        29,
        Script,
        "select(2, pcall(string.rep('x', 300).match, string.rep('x', 300), string.rep('(x', 40)))",
        "too many captures",
    ),
    (
        31,
        Script,
        "tostring(os) .. tostring(io) .. tostring(debug)",
        "nilnilnil",
    ),
    (
        32,
        Script,
        "tostring(require) .. tostring(package) .. tostring(dofile) .. tostring(loadfile)",
        "nilnilnilnil",
    ),
    (
        33,
        Script,
        "select(2, load('\\27Lua')) .. tostring(string.dump)",
        "attempt to load a binary chunk (mode is 't')nil",
    ),
    (
        35,
        Script,
        "select(2, pcall(function() local x return x.y end))",
        "test:1: attempt to index a nil value (local 'x')",
    ),
    (
        35,
        Fold,
        "select(2, pcall(function() local x return x.y end))",
        "attempt to index a nil value",
    ),
    (
        36,
        Script,
        "select(2, pcall(error, {1}))[1] .. tostring(select(2, pcall(error)))",
        "1nil",
    ),
    (
        37,
        Script,
        "select(2, coroutine.resume(coroutine.create(function() return table.sort({2, 1}, coroutine.yield) end)))",
        "attempt to yield across a C-call boundary",
    ),
    (
        40,
        Script,
        "(function() local s = 0 for k in pairs(_G) do if s == 0 then s = k end end return s end)()",
        "next",
    ),
    (
        41,
        Script,
        "select(2, pcall(table.unpack, {}, 1, 1e8))",
        "too many results to unpack",
    ),
    (
        42,
        Script,
        "(function() local t = {} t[1.0] = 'a' t[2^53] = 'b' t[-0.0] = 'c' return t[1] .. t[2^53|0] .. t[0] end)()",
        "abc",
    ),
    (
        42,
        Script,
        "select(2, pcall(function() local t = {} t[0/0] = 1 end))",
        "test:1: table index is NaN",
    ),
];

#[test]
fn every_hazard_has_its_rule() {
    let mut wrong = Vec::new();
    for (row, profile, expression, expected) in HAZARDS {
        let found = value(expression, *profile);
        if found != *expected {
            wrong.push(format!(
                "hazard {row}: {expression}\n   gives {found}\n  wanted {expected}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_trace_names_the_lines() {
    use gatos_echolua::{Limits, Vm};
    let source = b"local function inner()\n  error('deep')\nend\nlocal function outer()\n  inner()\n  return 1\nend\nouter()\n";
    let module = crate::support::module(source, Script);
    let mut vm = Vm::new(Script, Limits::default());
    let main = vm.load(&module, "file.lua").expect("it loads");
    assert!(vm.call(main, &[]).is_err());
    let lines: Vec<String> = vm.trace().iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "file.lua:2: in the function of line 1",
            "file.lua:5: in the function of line 4",
            "file.lua:8: in the main function"
        ]
    );
}

#[test]
fn the_same_run_twice_is_the_same() {
    let source = b"local t = {} for i = 1, 2000 do t[i] = {i} t['k' .. i % 7] = tostring(t[i]) end print(t.k3, collectgarbage('count'))";
    assert_eq!(run(source, Script), run(source, Script));
}

#[test]
fn constants_of_outer_functions_are_constants() {
    let source = "local x <const> = 20 local function f() return function() return function() x = y end end end";
    let found = gatos_echolua::compile(source.as_bytes(), Profile::Script);
    assert!(found.module.is_none());
    assert!(found.findings[0].message.contains("const variable 'x'"));
}

#[test]
fn loops_with_nan_as_limit_do_what_lua_does() {
    let source =
        "local n = 0 for i = 0, 0/0, 0.75 do n = n + 1 end for i = 1, 0/0 do n = n + 10 end
        for i = 1, 0/0, -1 do n = n + 100 if i < 0 then break end end return n";
    assert_eq!(run(source.as_bytes(), Profile::Script).1, "301");
}

#[test]
fn a_coroutine_that_is_being_closed_is_not_closed_again() {
    let source = "local co co = coroutine.create(function() local g <close> = setmetatable({}, {__close = function()
          print(pcall(coroutine.close, co)) print(coroutine.resume(co)) end}) coroutine.yield() end)
        coroutine.resume(co) return coroutine.close(co), coroutine.status(co)";
    let (output, ending, _) = run(source.as_bytes(), Profile::Script);
    assert_eq!(ending, "true dead");
    assert!(
        output.contains("cannot close a running coroutine"),
        "{output}"
    );
    assert!(
        output.contains("cannot resume non-suspended coroutine"),
        "{output}"
    );
}
