//! Ways in which a Lua can show the machine it runs on, one test each: what a script sees instead, and what a fold refuses.

use crate::support::{module, run, run_module};
use gatos_echolua::{Limits, Profile, Vm, compile};

/// A script gives this, today and on a machine whose heap has another history.
fn script(source: &str, expected: &str) {
    let source = source.as_bytes();
    assert_eq!(run(source, Profile::Script).1, expected);
    let mut vm = Vm::new(Profile::Script, Limits::default());
    let noise = b"for i = 1, 3000 do local t = {['noise' .. i] = {}, [i] = function() end} end";
    for source in [&noise[..], source] {
        let main = vm
            .load(&module(source, Profile::Script), "test")
            .expect("it loads");
        let ending = match vm.call(main, &[]) {
            Ok(values) => values
                .iter()
                .map(|value| vm.show(*value))
                .collect::<Vec<_>>()
                .join(" "),
            Err(_) => String::from("error"),
        };
        if source != noise && !expected.starts_with("error") {
            assert_eq!(ending, expected, "after noise");
        }
    }
}

/// A fold that says this does not compile.
fn refused(source: &str) {
    assert!(
        compile(source.as_bytes(), Profile::Fold).module.is_none(),
        "{source}"
    );
}

fn fold(source: &str, expected: &str) {
    assert_eq!(run(source.as_bytes(), Profile::Fold).1, expected);
}

#[test]
fn order_of_string_keys_has_no_seed() {
    script(
        "local t = {} for w in ('one two three four five six seven'):gmatch('%a+') do t[w] = 1 end
         local s = '' for k in pairs(t) do s = s .. k .. ' ' end return s",
        "one two three four five six seven ",
    );
    refused("local t = {} for k in pairs(t) do end");
}

#[test]
fn order_of_objects_as_keys_has_no_addresses() {
    script(
        "local t, s = {}, '' for i = 1, 20 do t[i % 2 == 0 and {} or function() end] = i end
         for _, v in pairs(t) do s = s .. v .. ' ' end return s",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 ",
    );
}

#[test]
fn traversal_is_array_then_insertion_and_reinsertion_goes_last() {
    script(
        "local t = {x = 1, 'a', y = 2, 'b'} t.x = nil t.z = 3 t.x = 4 local s = ''
         for k, v in pairs(t) do s = s .. k .. v .. ' ' end return s",
        "1a 2b y2 z3 x4 ",
    );
}

#[test]
fn a_new_key_during_a_traversal_is_an_error() {
    script(
        "local t = {a = 1} local ok, e = pcall(function() for k in pairs(t) do t[k .. k] = 1 end end) return tostring(ok), e",
        "false test:1: a key was added to the table during its traversal",
    );
    script(
        "local t = {a = 1, b = 2, c = 3} for k in pairs(t) do t[k] = nil end return next(t)",
        "nil",
    );
    script(
        "return pcall(next, {}, 'gone')",
        "false invalid key to 'next'",
    );
}

#[test]
fn length_has_one_border() {
    script(
        "local t = {1, 2, nil, 4} return #t, #{1, nil}, #{nil, nil, 3}, #{n = 1}",
        "4 1 3 0",
    );
    script(
        "local t = {} t[1] = 1 t[2] = 2 t[4] = 4 local a = #t t[3] = 3 local b = #t t[4] = nil return a, b, #t",
        "2 4 3",
    );
    fold("local t = {1, 2, nil, 4} return #t", "4");
}

#[test]
fn keys_move_into_the_array_by_rule() {
    script(
        "local t = {} for _, k in ipairs({3, 2, 5, 1, 4}) do t[k] = k end local s = '' for k in pairs(t) do s = s .. k end return s, #t",
        "12345 5",
    );
    script(
        "local t = {} t[3] = 3 t[2] = 2 local s = '' for k in pairs(t) do s = s .. k end return s, #t",
        "32 0",
    );
}

#[test]
fn text_of_an_object_is_a_count() {
    script(
        "local a, b, c = {}, {}, print local x, y, z = tostring(b), tostring(a), tostring(b)
         return x == z, x ~= y, x:match('^table: 0x%x+$') ~= nil, tostring(c):match('builtin'), ('%p'):format(a) == ('%p'):format(a)",
        "true true true builtin true",
    );
    assert!(
        run(b"return pcall(tostring, {})", Profile::Fold)
            .1
            .starts_with("false")
    );
}

#[test]
fn stores_of_a_multiple_assignment_run_right_to_left() {
    script(
        "local s = '' local t = setmetatable({}, {__newindex = function(_, k) s = s .. k end}) t.a, t.b, t.c = 1, 2, 3 return s",
        "cba",
    );
    script(
        "local s = '' local function f(x) s = s .. x return x end local t = {f(1), x = f(2), f(3), [f(4)] = f(5)} return s",
        "12345",
    );
}

#[test]
fn operands_and_arguments_run_left_to_right() {
    script(
        "local s = '' local function f(x) s = s .. x return x end
         local _ = f(1) + f(2) * f(3) .. f(4) local function g() end g(f(5), f(6)) local _ = f(8) > f(7) return s",
        "12345687",
    );
    script(
        "local function m(n) return setmetatable({}, {__add = function() return n end, __lt = function() return n == 'r' end}) end
         return m('l') + m('r'), m('l') < m('r'), m('l') > m('r')",
        "l false true",
    );
}

#[test]
fn each_evaluation_makes_a_new_closure() {
    script(
        "local t = {} for i = 1, 2 do t[i] = function() return 1 end end local function f() return function() end end return t[1] == t[2], f() == f()",
        "false false",
    );
}

#[test]
fn sorting_asks_the_same_pairs() {
    script(
        "local n, t = 0, {} for i = 1, 500 do t[i] = (i * 7919) % 503 end
         table.sort(t, function(a, b) n = n * 31 % 1000003 + a - b return a < b end) return n, t[1], t[500]",
        &run(
            b"local n, t = 0, {} for i = 1, 500 do t[i] = (i * 7919) % 503 end
         table.sort(t, function(a, b) n = n * 31 % 1000003 + a - b return a < b end) return n, t[1], t[500]",
            Profile::Script,
        )
        .1,
    );
}

#[test]
fn an_inconsistent_comparator_is_an_error_or_an_order_always_the_same() {
    script(
        "local t = {} for i = 1, 50 do t[i] = i end local ok, e = pcall(table.sort, t, function() return true end) return tostring(ok), e",
        "false invalid order function for sorting",
    );
}

#[test]
fn chance_begins_fixed_and_only_a_seed_changes_it() {
    script(
        "math.randomseed(1007) return ('%x'):format(math.random(0))",
        "7a7040a5a323c9d6",
    );
    let first = run(b"return math.random(0)", Profile::Script).1;
    script("return math.random(0)", &first);
    refused("return math.random()");
}

#[test]
fn elementary_functions_are_not_the_platforms() {
    script(
        "return ('%a %a %a %a'):format(math.exp(1), math.sin(1e22), math.log(10), 10 ^ 0.3)",
        "0x1.5bf0a8b145769p+1 -0x1.b453ab76bf397p-1 0x1.26bb1bbb55516p+1 0x1.fec982d5bb8afp+0",
    );
    script(
        "return 5.5 % -2, -5.5 % 2, math.fmod(-5.5, 2), math.log(8, 2), math.log(1000, 10)",
        "-0.5 0.5 -1.5 3.0 3.0",
    );
}

#[test]
fn nan_has_no_sign_and_no_payload() {
    script(
        "local a, b = 0/0, -(0/0) return tostring(a), tostring(b), a ~= a, string.pack('d', a) == string.pack('d', b), ('%a'):format(a)",
        "nan nan true true nan",
    );
    script(
        "return (string.pack('<d', -(0/0)):gsub('.', function(c) return ('%02x'):format(c:byte()) end))",
        "000000000000f87f",
    );
}

#[test]
fn products_are_not_fused() {
    script(
        "local a, b, c = 1 + 2.0 ^ -30, 1 - 2.0 ^ -30, -1.0 return a * b + c, 1e308 * 10, 5e-324 / 2",
        "0.0 inf 0.0",
    );
}

#[test]
fn text_of_floats_is_ours() {
    script(
        "return 1e15, 1e100, 0.1, -0.0, 1/0, 2^53, 3.14159265358979, 100 // 1.0",
        "1e+15 1e+100 0.1 -0.0 inf 9.007199254741e+15 3.1415926535898 100.0",
    );
    script(
        "return ('%.17g %g'):format(0.1, 1e20)",
        "0.10000000000000001 1e+20",
    );
}

#[test]
fn hexadecimal_floats_have_one_form() {
    script(
        "return ('%a %a %q %q'):format(1, 0.5, 0.1, 1/0)",
        "0x1p+0 0x1p-1 0x1.999999999999ap-4 1e9999",
    );
}

#[test]
fn formats_are_our_own_and_unknown_ones_are_errors() {
    script(
        "return ('%5d|%-5d|%05d|%+d|%x|%5.1f|%s|%c'):format(42, 42, 42, 42, 255, 2.25, 'x', 65)",
        "   42|42   |00042|+42|ff|  2.2|x|A",
    );
    script(
        "return pcall(string.format, '%y', 1)",
        "false invalid conversion '%y' to 'format'",
    );
}

#[test]
fn text_to_number_knows_no_locale() {
    script(
        "return tonumber('1,5'), tonumber('1.5'), tonumber('0x1p4'), tonumber(' 10 '), tonumber('1e'), tonumber('inf'), '10' + 1",
        "nil 1.5 16.0 10 nil nil 11",
    );
}

#[test]
fn text_is_compared_by_bytes_and_classes_are_ascii() {
    script(
        "return 'a' < 'B', 'Z' < 'a', '\\xE4' > 'z', ('\\xE4'):upper() == '\\xE4', ('\\xE4'):match('%a')",
        "false true true true nil",
    );
}

#[test]
fn packing_has_fixed_sizes() {
    script(
        "return string.packsize('i'), string.packsize('l'), string.packsize('j'), string.packsize('!d'), (string.pack('i2', 258):byte())",
        "4 8 8 8 2",
    );
}

#[test]
fn integers_keep_to_the_manual() {
    script(
        "return math.maxinteger + 1 == math.mininteger, 7 // -2, 7 % -2, 1 << 63, 1 << 64, -1 >> 63, 3 | 4.0",
        "true -4 -1 -9223372036854775808 0 1 7",
    );
    script(
        "return pcall(function() return 1 // 0 end)",
        "false test:1: attempt to divide by zero",
    );
    assert!(
        run(
            b"return pcall(function() return math.maxinteger + 1 end)",
            Profile::Fold
        )
        .1
        .starts_with("false number overflow")
    );
}

#[test]
fn counting_loops_end_where_the_manual_says() {
    script(
        "local n = 0 for i = math.maxinteger - 1, math.maxinteger do n = n + 1 end for i = 1, 2, 0.25 do n = n + 1 end for i = 3, 1 do n = 99 end return n",
        "7",
    );
}

#[test]
fn the_collector_shows_nothing_but_a_count() {
    script(
        "collectgarbage() return collectgarbage('step'), collectgarbage('collect'), collectgarbage('isrunning'), type(collectgarbage('count'))",
        "true 0 true number",
    );
    refused("collectgarbage()");
}

#[test]
fn finalizers_never_run() {
    script(
        "local n = 0 for i = 1, 50000 do setmetatable({}, {__gc = function() n = n + 1 end}) end return n",
        "0",
    );
    refused("return setmetatable({}, {__gc = function() end})");
}

#[test]
fn weak_tables_keep_their_values() {
    script(
        "local t = setmetatable({}, {__mode = 'kv'}) for i = 1, 100 do t[i] = {} end for i = 1, 50000 do local _ = {i} end local n = 0 for _ in pairs(t) do n = n + 1 end return n",
        "100",
    );
    refused("return setmetatable({}, {__mode = 'k'})");
}

#[test]
fn memory_ends_the_run_and_cannot_be_caught() {
    let source = module(
        b"pcall(function() local t = {} while true do t[#t + 1] = {} end end) return 1",
        Profile::Script,
    );
    let limits = Limits {
        fuel: 1 << 40,
        memory_bytes: 4 << 20,
    };
    let first = run_module(&source, limits);
    assert_eq!(first.1, "MemoryExhausted");
    assert_eq!(first, run_module(&source, limits));
}

#[test]
fn depth_is_counted_in_our_frames() {
    script(
        "local function f(n) return 1 + f(n + 1) end local ok, e = pcall(f, 1) return tostring(ok), e:match('stack overflow')",
        "false stack overflow",
    );
    script(
        "return pcall(string.rep('x', 10).find, string.rep('a', 300000), string.rep('(a)', 40))",
        "false too many captures",
    );
}

#[test]
fn only_fuel_is_a_time_limit() {
    let source = module(b"local t <close> = setmetatable({}, {__close = function() end}) pcall(function() while true do end end)", Profile::Script);
    let limits = Limits {
        fuel: 10_000,
        ..Limits::default()
    };
    assert_eq!(run_module(&source, limits).1, "FuelExhausted");
    assert_eq!(run_module(&source, limits).2, 10_000);
}

#[test]
fn clocks_files_and_environments_are_absent() {
    script(
        "return os, io, warn, package, dofile, loadfile, require",
        "nil nil nil nil nil nil nil",
    );
    for name in ["os", "io", "package", "require", "dofile"] {
        refused(&format!("return {name}"));
    }
}

#[test]
fn nothing_is_imported_while_a_program_runs() {
    script(
        "return pcall(function() return require('x') end)",
        "false test:1: attempt to call a nil value (global 'require')",
    );
}

#[test]
fn code_is_text_only() {
    script(
        "local f, e = load('\\27Lua') return f, e, string.dump",
        "nil attempt to load a binary chunk (mode is 't') nil",
    );
    script("return load('return 1 + 1')()", "2");
    refused("return load('return 1')");
}

#[test]
fn a_program_does_not_look_at_itself() {
    script("return debug", "nil");
    refused("return debug");
}

#[test]
fn messages_are_templates_with_a_line() {
    script(
        "local t = {} return pcall(function()\n return t.x.y end)",
        "false test:2: attempt to index a nil value (field 'x')",
    );
    fold(
        "return pcall(function() local t = {} return t.x.y end)",
        "false attempt to index a nil value",
    );
}

#[test]
fn errors_carry_any_value() {
    script(
        "local ok, e = pcall(error, {code = 3}) return tostring(ok), e.code, select('#', pcall(error)), (select(2, pcall(error, nil)))",
        "false 3 2 nil",
    );
    script("return pcall(pcall, error, 'x')", "true false x");
}

#[test]
fn coroutines_are_data() {
    script(
        "local co = coroutine.create(function(a) local b = coroutine.yield(a * 2) error('late ' .. b) end)
         local _, x = coroutine.resume(co, 4) local ok, e = coroutine.resume(co, 'b') return x, tostring(ok), e, coroutine.status(co), coroutine.close(co)",
        "8 false test:1: late b dead false test:1: late b",
    );
    script(
        "return pcall(coroutine.wrap(function() table.sort({1, 2, 3}, function() coroutine.yield() end) end))",
        "false attempt to yield across a C-call boundary",
    );
    refused("return coroutine.create(function() end)");
}

#[test]
fn equal_strings_are_one_string_however_long() {
    script(
        "local a, b = ('x'):rep(300), ('x'):rep(150) .. ('x'):rep(150) local t = {[a] = 1} return a == b, t[b], ('%p'):format(a) == ('%p'):format(b)",
        "true 1 true",
    );
}

#[test]
fn no_address_of_the_host_is_a_value() {
    script(
        "return type(print), tostring(print) == tostring(print), tostring(print):match('^function: builtin: 0x%x+$') ~= nil",
        "function true true",
    );
}

#[test]
fn globals_are_traversed_as_they_were_made() {
    let first = run(
        b"local s = '' for k in pairs(_G) do s = s .. k .. ' ' end return s",
        Profile::Script,
    )
    .1;
    script(
        "local s = '' for k in pairs(_G) do s = s .. k .. ' ' end return s",
        &first,
    );
    script(
        "zz = 1 aa = 2 local s, seen = '', false for k in pairs(_G) do if k == 'zz' then seen = true end if seen then s = s .. k end end return s",
        "zzaa",
    );
    refused("zz = 1");
}

#[test]
fn results_and_sizes_have_fixed_limits() {
    script(
        "return pcall(table.unpack, {}, 1, 1e7)",
        "false too many results to unpack",
    );
    script(
        "return pcall(string.rep, 'x', 1 << 40)",
        "false resulting string too large",
    );
    script(
        "return pcall(utf8.char, -1)",
        "false bad argument #1 to 'utf8.char' (value out of range)",
    );
}

#[test]
fn number_keys_are_normalised() {
    script(
        "local t = {} t[1.0] = 'a' t[2^53] = 'b' t[-0.0] = 'c' return t[1], t[1 << 53], t[0], math.type(next(t))",
        "a b c integer",
    );
    script(
        "return pcall(rawset, {}, 0/0, 1)",
        "false table index is NaN",
    );
    script("local t = {} return t[0/0], t[nil]", "nil nil");
}

#[test]
fn machines_share_nothing() {
    let threads: Vec<_> = (0..4)
        .map(|_| std::thread::spawn(|| run(b"local t = {} for i = 1, 20000 do t['k' .. i % 500] = {i} end local s = '' for k in pairs(t) do s = s .. k end return s", Profile::Script)))
        .collect();
    let mut found: Vec<_> = threads
        .into_iter()
        .map(|thread| thread.join().expect("it ran"))
        .collect();
    found.dedup();
    assert_eq!(found.len(), 1);
}

#[test]
fn warm_caches_and_forks_change_neither_result_nor_fuel() {
    let source = module(b"local function f(t) return t.a + t.b + t.c end local n = 0
        for i = 1, 200 do n = n + f(i % 3 == 0 and {a = 1, b = 2, c = 3} or i % 3 == 1 and {c = 3, a = 1, b = 2} or {b = 2, c = 3, a = 1}) end return n", Profile::Script);
    let mut vm = Vm::new(Profile::Script, Limits::default());
    let main = vm.load(&source, "test").expect("it loads");
    let mut costs = Vec::new();
    for _ in 0..3 {
        let before = vm.fuel();
        let values = vm.call(main, &[]).expect("it runs");
        costs.push((vm.show(values[0]), before - vm.fuel()));
        vm = vm.clone();
    }
    costs.dedup();
    assert_eq!(costs.len(), 1, "{costs:?}");
    assert_eq!(costs[0].0, "1200");
}
