//! What the process really takes while a program runs stays near its limit of memory: a call of the library that takes
//! much is refused before it does.
//!
//! Each program runs in a process of its own, whose largest size the system tells at its end (on Linux; elsewhere only how
//! programs end is looked at). A program that takes all the same is stopped by the system and fails its test.

use gatos_echolua::{Fault, Limits, Profile, Vm, compile};
use std::process::Command;

const LIMIT_BYTES: usize = 16 << 20;
const FUEL: u64 = 1 << 32;
/// How many times its limit a program may take. Once for what is counted; once for a string that is being built beside it,
/// twice where that doubles its room; what the allocator and lists that double keep comes on top.
const FACTOR_MAX: usize = 4;
/// The same for JSON, whose tree stands beside its text and its tables.
const JSON_FACTOR_MAX: usize = 8;
/// What a child may take in all, in KiB: more than any of it should, less than a machine has.
const CHILD_KIBIBYTES_MAX: usize = 3 << 20;
const ASKED: &str = "GATOS_MEMORY_PROGRAM";

/// Programs and how they end.
const PROGRAMS: &[(&str, Profile, &str)] = &[
    (
        "ok 3000",
        Profile::Fold,
        "local s, t = ('x'):rep(1 << 20), {} for i = 1, 3000 do t[i] = s end function step() return t end return #t",
    ),
    // Strings.
    (
        "MemoryExhausted",
        Profile::Script,
        "return ('x'):rep(17 << 20)",
    ),
    (
        "ok 15728640",
        Profile::Script,
        "return #('x'):rep(15 << 20)",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local s = 'x' while true do s = s .. s end",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local s = ('a'):rep(5 << 20) return #('%s%s%s%s%s'):format(s, s, s, s, s)",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local s = ('\\1\\2\\3\\127'):rep(3 << 20) return #('%q'):format(s)",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local t = {} for i = 1, 200000 do t[i] = i end return #(('%99d'):rep(200000)):format(table.unpack(t))",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "return #string.pack('c16777216', '')",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "return #string.pack(('c1000000'):rep(20), table.unpack((function() local t = {} for i = 1, 20 do t[i] = '' end return t end)()))",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local t, s = {}, ('x'):rep(1 << 20) for i = 1, 10000 do t[i] = s end return #table.concat(t)",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local t = {} for i = 1, 10000 do t[i] = '' end return #table.concat(t, ('x'):rep(1 << 20))",
    ),
    // Tables that have room for what never comes, or keep it for what is gone.
    (
        "MemoryExhausted",
        Profile::Script,
        "local keep = {} for i = 1, 400000 do keep[i] = {NILS} end",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local keep = {} for i = 1, 400000 do keep[i] = {KEYS} end",
    ),
    (
        "ok 5000",
        Profile::Script,
        "local function fail() error() end for i = 1, 5000 do pcall(function() return {LIST, fail()} end) end return 5000",
    ),
    (
        "ok 2000",
        Profile::Script,
        "local keep = {} for i = 1, 2000 do local t = {} for j = 1, 2000 do t[j] = j end for j = 2000, 1, -1 do t[j] = nil end keep[i] = t end return #keep",
    ),
    // Stacks of coroutines that wait, that died, and that wait for each other.
    (
        "MemoryExhausted",
        Profile::Script,
        "local t, big = {}, {} for i = 1, 100000 do big[i] = 1 end for i = 1, 1000 do local c = coroutine.wrap(function() select('#', table.unpack(big)) coroutine.yield() end) c() t[i] = c end",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local t, big = {}, {} for i = 1, 100000 do big[i] = 1 end for i = 1, 1000 do local c = coroutine.create(function() local x <close> = setmetatable({}, {__close = print}) select('#', table.unpack(big)) error('x') end) coroutine.resume(c) t[i] = c end",
    ),
    (
        "ok 200",
        Profile::Script,
        "local t, big = {}, {} for i = 1, 100000 do big[i] = 1 end for i = 1, 200 do local c = coroutine.create(function() select('#', table.unpack(big)) error('x') end) coroutine.resume(c) t[i] = c end return #t",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local big = {} for i = 1, 100000 do big[i] = 1 end local function f() select('#', table.unpack(big)) return coroutine.wrap(f)() end f()",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local t = {} local function f(n) if n == 0 then coroutine.yield() else f(n - 1) end return 1 end for i = 1, 2000 do t[i] = coroutine.wrap(f) t[i](10000) end",
    ),
    // Replacements: what one match is replaced with, and what many are.
    (
        "MemoryExhausted",
        Profile::Script,
        "return #('a'):rep(1 << 20):gsub('.*', ('%0'):rep(5000))",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "return #('a'):rep(1 << 20):gsub('(.*)', ('%1'):rep(5000))",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "return #('a'):rep(1 << 16):gsub('a', {a = ('b'):rep(1000)})",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local r = ('b'):rep(1000) return #('a'):rep(1 << 16):gsub('a', function() return r end)",
    ),
    // Captures, one inside the other.
    (
        "MemoryExhausted",
        Profile::Script,
        "local s = ('a'):rep(5 << 20) return s:match('^' .. ('(.'):rep(31) .. '(.*)' .. (')'):rep(31))",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local s = ('a'):rep(5 << 20) return s:find('^' .. ('(.'):rep(31) .. '(.*)' .. (')'):rep(31))",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local s = ('a'):rep(5 << 20) for a in s:gmatch(('(.'):rep(31) .. '(.*)' .. (')'):rep(31)) do return a end",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local s = ('a'):rep(5 << 20) return s:gsub(('(.'):rep(31) .. '(.*)' .. (')'):rep(31), type)",
    ),
    // Many results.
    (
        "error test:1: string slice too long",
        Profile::Script,
        "return ('a'):rep(12 << 20):byte(1, -1)",
    ),
    (
        "error test:1: stack overflow",
        Profile::Script,
        "return utf8.codepoint(('a'):rep(12 << 20), 1, -1)",
    ),
    (
        "error test:1: stack overflow",
        Profile::Script,
        "local s = ('b'):rep(6 << 20) return s.unpack(s, s)",
    ),
    (
        "error test:1: stack overflow",
        Profile::Script,
        "return string.unpack(('c0'):rep(6 << 20), '')",
    ),
    (
        "ok 499999",
        Profile::Script,
        "return select('#', table.unpack(setmetatable({}, {__index = type}), 1, 499999))",
    ),
    // Lists that nothing holds, and output that nobody takes.
    (
        "MemoryExhausted",
        Profile::Script,
        "return #table.move(setmetatable({}, {__index = rawequal}), 1, 100000000, 1, {})",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "return #table.move(setmetatable({}, {__index = rawequal}), 1, 100000000, 2, {})",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local s = ('x'):rep(1 << 20) while true do print(s) end",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local s, t = ('x'):rep(1 << 20), {} for i = 1, 2000 do t[i] = s end print(table.unpack(t))",
    ),
    // What grows bit by bit.
    (
        "MemoryExhausted",
        Profile::Script,
        "local t = {} for i = 1, math.huge do t[i] = i end",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local t = {} for i = 1, math.huge do t['k' .. i] = i end",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local t = {} for i = 1, math.huge do t[i] = {} tostring(t[i]) end",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local t = {} for i = 1, math.huge do t[i] = function() i = i + 1 return i end end",
    ),
    (
        "MemoryExhausted",
        Profile::Script,
        "local t = {} for i = 1, math.huge do t[i] = coroutine.wrap(coroutine.yield) t[i]() end",
    ),
    (
        "ok 300000",
        Profile::Script,
        "local t = {} for i = 1, 300000 do t[i] = i * 7919 % 1000003 end table.sort(t) return #t",
    ),
    (
        "ok false test:1: stack overflow",
        Profile::Script,
        "local function f(n) return 1 + f(n + 1) end return pcall(f, 1)",
    ),
    // The library of folds.
    (
        "MemoryExhausted",
        Profile::Fold,
        "local t = {1} for i = 1, 60 do t = {t, t} end return #json.encode_canonical(t)",
    ),
    (
        "error nesting is deeper than 128",
        Profile::Fold,
        "local t = {} t.a = t t.b = t return #json.encode_canonical(t)",
    ),
    (
        "MemoryExhausted",
        Profile::Fold,
        "local t, s = {}, ('x'):rep(1 << 20) for i = 1, 5000 do t[i] = s end return #json.encode_canonical(t)",
    ),
    (
        "MemoryExhausted",
        Profile::Fold,
        "local t, s = {}, ('x'):rep(1 << 20) for i = 1, 5000 do t[i] = {[s] = 1} end return #json.encode_canonical(t)",
    ),
    (
        "MemoryExhausted",
        Profile::Fold,
        "local s = ('\\1'):rep(5 << 20) return #json.encode_canonical(s)",
    ),
    (
        "MemoryExhausted",
        Profile::Fold,
        "return #json.decode_strict('[' .. ('[],'):rep(2 << 20) .. '1]')",
    ),
    (
        "MemoryExhausted",
        Profile::Fold,
        "return #json.decode_strict('[' .. ('{\"a\":1},'):rep(1 << 20) .. '1]')",
    ),
    (
        "MemoryExhausted",
        Profile::Fold,
        "return #json.decode_strict('[' .. ('1,'):rep(3 << 20) .. '1]')",
    ),
    (
        "ok 1",
        Profile::Fold,
        "return #json.decode_strict('[\"' .. ('[\\\\\"{,:'):rep(1 << 18) .. '\"]')",
    ),
    (
        "MemoryExhausted",
        Profile::Fold,
        "local s = ('x'):rep(1 << 20) for i = 1, 5000 do emit_json_canonical('p' .. i, s) end",
    ),
    (
        "ok 100000",
        Profile::Fold,
        "local t = {} for i = 1, 100000 do t[-i] = i end return #dkeys(t)",
    ),
    (
        "ok 200000",
        Profile::Fold,
        "local t = {} for i = 1, 200000 do t[i] = -i end return #dsort(t)",
    ),
];

/// The largest size this process has had, in bytes, where the system tells it.
fn largest_size() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: usize = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kibibytes << 10)
}

/// In a child, which the other test starts: runs one program and tells how it ended and what it took.
#[test]
fn a_child_runs_the_program_it_is_asked_for() {
    let asked = std::env::var(ASKED).ok();
    let Some(number) = asked.and_then(|text| text.parse::<usize>().ok()) else {
        return;
    };
    let (_, profile, source) = PROGRAMS[number];
    let keys: String = (0..200).map(|key| format!("k{key} = nil, ")).collect();
    let source = source
        .replace("NILS", &"nil, ".repeat(200))
        .replace("LIST", "1, ".repeat(2000).trim_end_matches(", "))
        .replace("KEYS", &keys);
    let compiled = compile(source.as_bytes(), profile);
    let module = compiled
        .module
        .unwrap_or_else(|| panic!("{:?}", compiled.findings));
    let limits = Limits {
        fuel: FUEL,
        memory_bytes: LIMIT_BYTES,
    };
    let mut vm = Vm::new(profile, limits);
    let main = vm.load(&module, "test").expect("it was lowered once");
    let before = largest_size();
    let result = vm.call(main, &[]);
    if profile == Profile::Fold {
        // What a host asks a fold for after every run.
        let _ = vm.digest_of_globals("kept state");
    }
    let after = largest_size();
    let ending = match result {
        Ok(values) => {
            let values: Vec<String> = values.iter().map(|value| vm.show(*value)).collect();
            format!("ok {}", values.join(" "))
        }
        Err(Fault::Raised(value)) => format!("error {}", vm.show(value)),
        Err(fault) => format!("{fault:?}"),
    };
    println!("\nending {ending:.200}");
    if let (Some(before), Some(after)) = (before, after) {
        println!("took {}", after - before);
    }
}

#[test]
fn no_program_takes_much_more_than_its_limit() {
    let this = std::env::current_exe().expect("a test has a name");
    let (mut largest, mut complaints) = (0, Vec::new());
    for (number, (expected, profile, source)) in PROGRAMS.iter().enumerate() {
        let mut child = if cfg!(target_os = "linux") {
            let limited = format!("ulimit -v {CHILD_KIBIBYTES_MAX}; exec \"$0\" \"$@\"");
            let mut shell = Command::new("sh");
            shell.args(["-c", &limited]).arg(&this);
            shell
        } else {
            Command::new(&this)
        };
        child
            .args(["--exact", "a_child_runs_the_program_it_is_asked_for"])
            .args(["--nocapture", "--test-threads=1"])
            .env(ASKED, number.to_string());
        let output = child.output().expect("it can be started");
        let told = String::from_utf8_lossy(&output.stdout);
        let line = |word: &str| told.lines().find_map(|line| line.strip_prefix(word));
        let ending = line("ending ").unwrap_or("it was stopped");
        if ending != *expected {
            complaints.push(format!("{ending}, not {expected}: {source}"));
        }
        let Some(took) = line("took ") else {
            continue;
        };
        let took: usize = took.parse().expect("a number");
        println!("{:>4}% of the limit: {source}", took * 100 / LIMIT_BYTES);
        let factor = match profile {
            Profile::Fold => JSON_FACTOR_MAX,
            Profile::Script => FACTOR_MAX,
        };
        if took > LIMIT_BYTES * factor {
            complaints.push(format!("took {took} bytes: {source}"));
        }
        largest = largest.max(took);
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
    if largest == 0 {
        eprintln!(
            "SKIPPED: the system does not tell the size of a process; only endings were looked at"
        );
    }
}
