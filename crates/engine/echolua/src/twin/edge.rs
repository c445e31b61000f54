//! Programs under limits of memory about where they just fit: random ones and ones that grow in one way each.
//!
//! A run under a limit does what it does without one, or memory ends it; never a panic, never another result. The same
//! limit gives the same run again, to the byte, and so it does for a machine that was forked or saved and restored.
//!
//! `GATOS_PROGRAMS=1000 cargo test --release -p gatos-echolua --lib edge -- --nocapture` tries so many random programs in
//! each profile and prints how far above their limits runs have ended.

use super::generate::Generator;
use super::tests::ending_of;
use crate::compile::compile;
use crate::elc::Module;
use crate::machine::{Limits, Vm};
use crate::profile::Profile;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_numbers::Pcg32;

const FUEL: u64 = 1 << 32;
/// As good as none.
const PLENTY_BYTES: usize = 1 << 26;
/// More than a machine needs before it runs, and more than it may hold afterwards.
const IDLE_BYTES: usize = 1 << 20;
/// How far above its limit a run may end. The limit is looked at before instructions that may grow, so one instruction or
/// one call of the library goes beyond it: as much as the longest list that a program here makes in one call.
const SLACK_BYTES: usize = 1 << 20;

/// Ways in which memory grows, each with its own program. What it says at the end shows that it did all of it.
const GROWING: &[(&str, Profile, &str)] = &[
    (
        "lists by assignment",
        Profile::Script,
        "local t = {} for i = 1, 90000 do t[i] = i * 2 end print(#t) return t[90000]",
    ),
    (
        "tables by key",
        Profile::Script,
        "local t = {} for i = 1, 16000 do t['key ' .. i] = i end local n = 0 for _ in pairs(t) do n = n + 1 end return n",
    ),
    (
        "tables whose keys come and go",
        Profile::Script,
        "local t = {} for i = 1, 40000 do t[i * 3] = i if i > 14000 then t[(i - 14000) * 3] = nil end end
         local n = 0 for _ in pairs(t) do n = n + 1 end return n",
    ),
    (
        "constructors",
        Profile::Script,
        "local t = {} for i = 1, 4000 do t[i] = {i, i + 1, {i}, name = 'n' .. i, other = {x = i, y = {}}} end
         return t[4000].name .. #t[7]",
    ),
    (
        "joined strings",
        Profile::Script,
        "local t, s = {}, '' for i = 1, 600 do s = s .. 'one part ' .. i t[i % 300] = s end return #s",
    ),
    (
        "long strings",
        Profile::Script,
        "local t = {} for i = 1, 12 do t[i] = ('a long word, '):rep(8000 + i) .. i end
         local s = table.concat(t, ',') s = s:sub(1, 40000):gsub('long', '%0er') .. s return #s .. s:sub(-3)",
    ),
    (
        "formatted strings",
        Profile::Script,
        "local t = {} for i = 1, 5000 do t[i] = ('%99d %-50s|%.3f'):format(i, 'name ' .. i, i / 7) end return #table.concat(t)",
    ),
    (
        "packed strings",
        Profile::Script,
        "local t = {} for i = 1, 9000 do t[i] = string.pack('>I8s4zd', i, 'text ' .. i, 'z', i / 3) end
         local n = 0 for i = 1, #t do n = n + string.unpack('>I8', t[i]) end return n",
    ),
    (
        "closures",
        Profile::Script,
        "local t = {} for i = 1, 12000 do local n = i t[i] = function(by) n = n + by return n, i end end
         local sum = 0 for i = 1, #t do sum = sum + t[i](1) end return sum",
    ),
    (
        "coroutines",
        Profile::Script,
        "local t = {} for i = 1, 400 do t[i] = coroutine.wrap(function(a) local b = {a} while true do b[#b + 1] = coroutine.yield(#b) end end) t[i](i) end
         local sum = 0 for turn = 1, 20 do for i = 1, #t do sum = sum + t[i](turn) end end return sum",
    ),
    (
        "coroutines that end",
        Profile::Script,
        "local n = 0 for i = 1, 1200 do local f = coroutine.wrap(function() coroutine.yield(i) return {i} end) n = n + f() + f()[1] end return n",
    ),
    (
        "sorted lists",
        Profile::Script,
        "local t, s = {}, {} for i = 1, 12000 do t[i] = i * 7919 % 25013 .. '' s[i % 3000 + 1] = 'k' .. t[i] end
         table.sort(t) table.sort(s, function(a, b) return a > b end) return t[1] .. s[1] .. t[#t]",
    ),
    (
        "deep recursion",
        Profile::Script,
        "local function f(n) local t = {n} if n == 0 then return 0 end return f(n - 1) + #t end
         return f(12000) + f(12000)",
    ),
    (
        "garbage",
        Profile::Script,
        "local keep = {} for i = 1, 20000 do keep[i % 4000 + 1] = {i, 'text ' .. i, {}} end print(#keep) return keep[7][2]",
    ),
    (
        "many results",
        Profile::Script,
        "local t = {} for i = 1, 20000 do t[i] = i end
         local n = 0 for i = 1, 4 do local u = {table.unpack(t)} local v = table.pack(table.unpack(u)) n = n + #u + v.n + #table.move(t, 1, #t, 1, {}) end return n",
    ),
    (
        "metamethods and errors",
        Profile::Script,
        "local M = {} M.__index = function(t, k) return {k} end M.__concat = function(a, b) return ('c'):rep(200) end M.__close = function() end
         local t, n = setmetatable({}, M), 0
         for i = 1, 5000 do local ok, e = pcall(function() local c <close> = t if i % 3 == 0 then error({i, t .. i}) end return t[i] end) n = n + (ok and e[1] or #e[2]) end return n",
    ),
    (
        "canonical keys",
        Profile::Fold,
        "local t = {} for i = 1, 6000 do t['k' .. i] = {i} end local n = 0
         for i = 1, 2 do for k, v in dpairs(t) do n = n + v[1] end n = n + #dkeys(t) + #dvalues(t) + #dsort(dkeys(t)) end return n",
    ),
    (
        "JSON",
        Profile::Fold,
        "local t = {} for i = 1, 3000 do t[i] = {id = i, name = 'n' .. i, tags = {'a', 'b'}} end
         local s = json.encode_canonical(t) local u = json.decode_strict(s) return #s .. u[3000].name .. hash.blake3(s)",
    ),
    (
        "emitted files",
        Profile::Fold,
        "local t = {} for i = 1, 300 do t[i] = ('a word '):rep(250) .. i end
         for i = 1, 300 do emit_json_canonical('file ' .. i, {t[i], i}) end return #t",
    ),
    (
        "the fold's classes",
        Profile::Fold,
        "local s, c = set.or_set(), counter.pn() for i = 1, 2500 do s:add('e' .. i % 900, 't' .. i) c:inc('a' .. i % 50, i) if i % 5 == 0 then s:remove('e' .. i % 300) end end
         local l = cmp_sort(s:values(), function(a, b) return a < b end) return #l .. ' ' .. c:value() .. l[1]",
    ),
];

/// What a run came to.
#[derive(Clone, Debug, PartialEq)]
struct Outcome {
    output: String,
    ending: String,
    fuel: u64,
    bytes: usize,
}

impl Outcome {
    fn is_exhausted(&self) -> bool {
        self.ending == "MemoryExhausted"
    }
}

/// What is done to a machine before it runs.
#[derive(Clone, Copy, Debug)]
enum Before {
    Nothing,
    /// Its fork runs.
    Fork,
    /// It runs after its fork has run.
    ForkFirst,
    /// What it was saved as runs.
    Restore,
}

fn run(module: &Module, memory_bytes: usize, before: Before) -> Outcome {
    let limits = Limits {
        fuel: FUEL,
        memory_bytes,
    };
    let mut vm = Vm::new(module.profile, limits);
    let main = vm.load(module, "test").expect("it was lowered once");
    match before {
        Before::Nothing => {}
        Before::Fork => vm = vm.clone(),
        Before::ForkFirst => {
            let _ = vm.clone().call(main, &[]);
        }
        Before::Restore => {
            let bytes = vm.save().expect("nothing runs");
            vm = Vm::restore(&bytes, memory_bytes).expect("it was saved");
        }
    }
    let result = vm.call(main, &[]);
    let ending = ending_of(&vm, result);
    let output = String::from_utf8_lossy(&vm.take_output()).into_owned();
    let bytes = vm.bytes_in_use();
    // Whatever ended it, nothing of the run is held any more.
    while !vm.collect_between_calls(u64::MAX) {}
    while !vm.collect_between_calls(u64::MAX) {}
    assert!(
        vm.bytes_in_use() < IDLE_BYTES,
        "{} bytes are held after a run that ended with {ending:.40}",
        vm.bytes_in_use()
    );
    Outcome {
        output,
        ending,
        fuel: FUEL - vm.fuel(),
        bytes,
    }
}

/// What the runs about one edge have shown.
#[derive(Debug, Default)]
struct Tally {
    finished: u32,
    exhausted: u32,
    /// The farthest that a run ended above its limit.
    above_bytes: usize,
}

/// The smallest limit that a bisection finds to be enough.
fn edge_of(module: &Module, enough: usize) -> usize {
    let (mut low, mut high) = (0, enough);
    while high - low > 1024 {
        let middle = low + (high - low) / 2;
        if run(module, middle, Before::Nothing).is_exhausted() {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Runs a program under limits about the smallest that is enough for it.
fn check(name: &str, source: &str, profile: Profile, seed: u64, tally: &mut Tally) {
    let compiled = compile(source.as_bytes(), profile);
    let module = compiled
        .module
        .unwrap_or_else(|| panic!("{name}: {:?}\n{source}", compiled.findings));
    let unlimited = run(&module, PLENTY_BYTES, Before::Nothing);
    assert!(!unlimited.is_exhausted(), "{name}");
    let mut enough = IDLE_BYTES * 2;
    while run(&module, enough, Before::Nothing).is_exhausted() {
        enough *= 2;
    }
    let edge = edge_of(&module, enough);
    let mut dice = Pcg32::new(seed, 41);
    let mut limits: Vec<usize> = [0, 400, 1000]
        .into_iter()
        .flat_map(|distance| [edge.saturating_sub(distance), edge + distance])
        .collect();
    for _ in 0..2 {
        let distance = dice.next_u32() as usize % (1 << (4 + dice.next_u32() % 14));
        limits.extend([edge.saturating_sub(distance), edge + distance]);
    }
    limits.extend([edge - edge / 10, edge + edge / 10]);
    for memory_bytes in limits {
        let context =
            || format!("{name}, limit {memory_bytes} (edge {edge}), seed {seed}\n{source}");
        let first = run(&module, memory_bytes, Before::Nothing);
        if first.is_exhausted() {
            tally.exhausted += 1;
            assert!(
                unlimited.output.starts_with(&first.output) && first.fuel <= unlimited.fuel,
                "{}",
                context()
            );
        } else {
            tally.finished += 1;
            assert_eq!(
                (&first.output, &first.ending, first.fuel),
                (&unlimited.output, &unlimited.ending, unlimited.fuel),
                "{}",
                context()
            );
        }
        let above = first.bytes.saturating_sub(memory_bytes);
        tally.above_bytes = tally.above_bytes.max(above);
        assert!(
            above <= SLACK_BYTES,
            "ends {above} bytes above: {}",
            context()
        );
        let befores = [
            Before::Nothing,
            Before::Fork,
            Before::ForkFirst,
            Before::Restore,
        ];
        let before = befores[dice.next_u32() as usize % befores.len()];
        assert_eq!(
            run(&module, memory_bytes, before),
            first,
            "{before:?}, {}",
            context()
        );
    }
}

#[test]
fn what_grows_in_any_way_fits_or_is_ended_by_memory() {
    for (name, profile, source) in GROWING {
        let mut tally = Tally::default();
        check(name, source, *profile, 5, &mut tally);
        std::println!("{name}: {tally:?}");
        assert!(
            tally.finished > 1 && tally.exhausted > 1,
            "{name}: {tally:?}"
        );
    }
}

/// What is in use before a random program begins, of each kind of object: alone, it needs less than the library does.
const BALLASTS: [&str; 4] = [
    "local ballast = {} for i = 1, 20000 do ballast[i] = {i} end\n",
    "local ballast = {} for i = 1, 20000 do ballast['ballast ' .. i] = i .. 'th' end\n",
    "local ballast = {} for i = 1, 30000 do ballast[i] = function() return i end end\n",
    "local ballast = {} for i = 1, 40 do ballast[i] = string.rep('ballast ', 5000 + i) end\n",
];

#[test]
fn what_is_random_fits_or_is_ended_by_memory() {
    let asked = std::env::var("GATOS_PROGRAMS")
        .ok()
        .and_then(|text| text.parse().ok());
    let count: u64 = asked.unwrap_or(3);
    let mut tally = Tally::default();
    for seed in 0..count {
        for profile in [Profile::Script, Profile::Fold] {
            let ballast = BALLASTS[seed as usize % BALLASTS.len()];
            let has_coroutines = profile == Profile::Script;
            let program = Generator::program(seed, profile, has_coroutines);
            let source = format!("{ballast}{program}");
            check("a random program", &source, profile, seed, &mut tally);
        }
    }
    std::println!("{count} programs in each profile: {tally:?}");
    assert!(
        u64::from(tally.finished) > count && u64::from(tally.exhausted) > count,
        "{tally:?}"
    );
}
