//! Fuel, memory, depth: what runs out ends the run and cannot be caught.

use crate::support::{module, run_module};
use gatos_echolua::{Limits, Profile};

fn ending(source: &str, fuel: u64, memory_bytes: usize) -> String {
    run_module(
        &module(source.as_bytes(), Profile::Script),
        Limits { fuel, memory_bytes },
    )
    .1
}

#[test]
fn fuel_ends_every_loop_and_cannot_be_caught() {
    let sources = [
        "while true do end",
        "repeat until false",
        "for i = 1, math.huge do end",
        "::top:: goto top",
        "local function f() return f() end f()",
        "while true do pcall(function() while true do end end) end",
        "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) pcall(function() return t[1] end) while true do end",
        "for w in ('x'):rep(100000):gmatch('.-b') do end",
        "(('a'):rep(60)):find(('a?'):rep(60) .. ('a'):rep(60))",
        "local t = {} for i = 1, 100 do t[i] = 1 end while true do table.concat(t) end",
        "coroutine.wrap(function() while true do end end)()",
        "pcall(coroutine.wrap(function() while true do pcall(error) end end))",
        "local s = 'x' while true do s = s:rep(2):sub(1, 10) end",
        "table.sort({3, 2, 1}, function() while true do end end)",
        "xpcall(error, function() while true do end end)",
        "('a'):rep(20000):gsub('', ('%0'):rep(20000))",
    ];
    for source in sources {
        assert_eq!(
            ending(source, 300_000, 64 << 20),
            "FuelExhausted",
            "{source}"
        );
    }
}

#[test]
fn memory_ends_every_growth_and_cannot_be_caught() {
    let sources = [
        "local t = {} while true do t[#t + 1] = {} end",
        "local t = {} for i = 1, math.huge do t[i] = i end",
        "local t = {} local i = 0 while true do i = i + 1 t['k' .. i] = i end",
        "local s = 'x' while true do s = s .. s end",
        "local t = {} while true do pcall(function() t[#t + 1] = ('x'):rep(10000) .. #t end) end",
        "return ('x'):rep(1 << 29)",
        "local t = {} while true do t = {t} end",
        "local t = {} while true do local n = #t t[n + 1] = function() return n end end",
        "local t = {} while true do t[#t + 1] = coroutine.create(print) end",
    ];
    for source in sources {
        assert_eq!(
            ending(source, 1 << 40, 4 << 20),
            "MemoryExhausted",
            "{source}"
        );
    }
}

#[test]
fn what_is_written_out_in_vain_costs_fuel() {
    // Each round writes out 2^14 tables before it meets what has no form.
    let source = "local t = {} for i = 1, 14 do t = {t, t} end t[3] = dkeys
        while true do pcall(json.encode_canonical, t) end";
    let limits = Limits {
        fuel: 3_000_000,
        memory_bytes: 64 << 20,
    };
    let module = module(source.as_bytes(), Profile::Fold);
    assert_eq!(run_module(&module, limits).1, "FuelExhausted");
}

#[test]
fn garbage_is_not_counted() {
    let source = "local keep = {} for i = 1, 200000 do local t = {i, 'text' .. i} keep[i % 10] = t end return #keep";
    assert_eq!(ending(source, 1 << 40, 4 << 20), "9");
}

/// Whoever holds nearly as much as it may makes the collector look at all of it for every little garbage. That ends before
/// the fuel does, which does not show it.
#[test]
fn collecting_at_the_limit_of_memory_ends() {
    const LIMIT: usize = 2 << 20;
    const FUEL: u64 = 30_000_000;
    let held = |size: usize| {
        format!(
            "local keep = {{}} for i = 1, 60000 do keep[i] = i end
             local fill = ('x'):rep({size}) for i = 1, 100 do local t = {{}} end "
        )
    };
    let fits = |size: usize| ending(&held(size), FUEL, LIMIT) != "MemoryExhausted";
    let (mut least, mut most) = (0, LIMIT);
    while most - least > 256 {
        let middle = usize::midpoint(least, most);
        if fits(middle) {
            least = middle;
        } else {
            most = middle;
        }
    }
    let with_room = |room: usize| {
        let work = "while true do local t = {} for i = 1, 20 do t[i] = {} end end";
        ending(&(held(least - room) + work), FUEL, LIMIT)
    };
    assert_eq!(with_room(3 << 10), "MemoryExhausted");
    assert_eq!(with_room(256 << 10), "FuelExhausted");
}

#[test]
fn depth_ends_in_an_error_that_can_be_caught() {
    let sources = [
        "local function f(n) return 1 + f(n + 1) end return pcall(f, 1) == false",
        "local t = {} setmetatable(t, {__index = function(_, k) return t[k + 1] end}) return pcall(function() return t[1] end) == false",
        "local function f() table.sort({2, 1}, f) end return pcall(f) == false",
        "local function f() return coroutine.wrap(f)() end return pcall(f) == false",
        "local f f = function() return ('x'):gsub('x', f) end return pcall(f) == false",
        "local t = setmetatable({}, {}) getmetatable(t).__tostring = function() return tostring(t) end return pcall(tostring, t) == false",
        "local function f() return pcall(f) end return f() ~= nil",
    ];
    for source in sources {
        assert_eq!(ending(source, 1 << 34, 512 << 20), "true", "{source}");
    }
}

/// Lists that are handed over, and numbers that are read out of texts, cost fuel by their length: time is bounded by fuel.
#[test]
fn long_lists_and_long_numbers_cost_fuel() {
    const ROUNDS: u64 = 10;
    const LENGTH: u64 = 100_000;
    let head = format!(
        "local big, text = {{}}, (' '):rep({LENGTH}) .. '0' for i = 1, {LENGTH} do big[i] = 1 end
         local function all() return table.unpack(big) end
         local function count(...) return select('#', ...) end
         local function pass(...) return ... end
         local function closing() local c <close> = nil return all() end "
    );
    let fuel_of = |body: &str| {
        let source = format!("{head} for round = 1, {ROUNDS} do {body} end");
        let module = module(source.as_bytes(), Profile::Script);
        let (_, ending, fuel) = run_module(&module, Limits::default());
        assert_eq!(ending, "", "{body}");
        fuel
    };
    // What is made, without being handed over.
    let without = fuel_of("all()");
    let rows = [
        ("count(all())", 3 * LENGTH / 16),
        ("pass(all())", 3 * LENGTH / 16),
        ("local function f() return 1, all() end f()", LENGTH / 16),
        ("closing()", LENGTH / 16),
        ("local t = {all()}", LENGTH / 16),
        ("math.max(all())", LENGTH / 16),
        ("all() local n = text + 1", LENGTH / 32),
        ("all() local n = -text", LENGTH / 32),
        ("all() local n = ('x'):rep(text)", LENGTH / 32),
        ("all() for i = 1, text do end", LENGTH / 32),
        ("all() local n = math.tointeger(text)", LENGTH / 32),
    ];
    for (body, least) in rows {
        let more = fuel_of(body) - without;
        assert!(more >= ROUNDS * least, "{more} for {body}");
        assert!(more < ROUNDS * (least + 100), "{more} for {body}");
    }
}
