//! Work that comes to nothing is paid for: errors that a program catches, searches that fail, texts that are no numbers.
//!
//! Each program does as much of it as it has fuel for. Without its price it would copy or compare a hundred times the bytes
//! that are allowed here, or never end.

use crate::support::{module, run_module};
use gatos_echolua::{Limits, Profile};

const FUEL: u64 = 600_000;
/// Rounds that the fuel pays for at most, where each handles a million bytes.
const ROUNDS_MAX: usize = 150;

/// A body that is repeated, and each time prints a dot; `s` is a million bytes long.
const BODIES: &[&str] = &[
    "pcall(table.concat, {s, s, s, {}})",
    "pcall(string.format, '%s%s%s%d', s, s, s, {})",
    "pcall(string.gsub, 'aaab', '.', function(c) if c == 'b' then return {} end return s end)",
    "pcall(string.pack, 'zzzi', s, s, s, {})",
    "pcall(error, s)",
    "tonumber(s)",
    "tonumber(s, 36)",
    "(s .. 'y'):find(s .. 'z', 1, true)",
    "(s .. s):find(half .. 'z', 1, true)",
    "('aaaa'):gsub('', template)",
    "s:find('zz', 1, true)",
    "s:find('[z]')",
    "s:match('1-z')",
    "half:find('[^' .. set:sub(2))",
    "half:match('^1-%f' .. set .. 'z')",
    "half:match('^' .. set .. '*')",
    "half:match('^' .. set .. '-$')",
    "(half:sub(1, 500) .. '2' .. half):match('^(1*)2.-%1z')",
    "pcall(malformed)",
    "half:gsub(set, '')",
    "next_code(continued, 1)",
    "utf8.offset(s, 900000)",
    "utf8.offset(s, -900000)",
    "utf8.offset(continued, 0, 900000)",
    "utf8.codepoint(s, 1, 900000)",
    "pcall(utf8.codepoint, s .. '\\x80', 1, -1)",
    "s:byte(1, 200000) ; s:byte(-200000, -1)",
];

#[test]
fn what_comes_to_nothing_costs_fuel() {
    for body in BODIES {
        let source = format!(
            "local s = ('1'):rep(1000000) local half = s:sub(1, 1000) local template = ('%0'):rep(500000)
             local set = '[' .. ('z'):rep(1000) .. '1]'
             local malformed = s:gmatch('[' .. s)
             local continued = 'a' .. ('\\x80'):rep(1000000) local next_code = utf8.codes('a')
             while true do print('.') ; {body} end"
        );
        let limits = Limits {
            fuel: FUEL,
            memory_bytes: 64 << 20,
        };
        let (output, ending, _) = run_module(&module(source.as_bytes(), Profile::Script), limits);
        assert_eq!(ending, "FuelExhausted", "{body}");
        let rounds = output.lines().count();
        println!("{rounds} rounds of {body}");
        assert!(
            (1..=ROUNDS_MAX).contains(&rounds),
            "{rounds} rounds of {body}"
        );
    }
}

/// Programs that go through a mebibyte in many calls, and what they may use at most for each byte of it.
const WALKS: &[(&str, u64)] = &[
    ("for word in s:gmatch('%a+') do count = count + 1 end", 8),
    ("for word in s:gmatch('%a+', 5) do count = count + 1 end", 8),
    (
        "local at = 1
         while true do
           local first, last = s:find('%a+', at) if not first then break end
           at = last + 1 count = count + 1
         end",
        12,
    ),
    (
        "local at = 1
         while true do
           local word, last = s:match('^(%a+) ()', at) if not word then break end
           at = last count = count + 1
         end",
        12,
    ),
    (
        "local at = 1
         while true do
           at = s:find(' ', at, true) if not at then break end
           at = at + 1 count = count + 1
         end",
        12,
    ),
    ("for at, code in utf8.codes(s) do count = count + 1 end", 12),
    (
        "local at = 1
         while at <= #s do
           local code = utf8.codepoint(s, at) at = utf8.offset(s, 2, at) count = count + 1
         end",
        40,
    ),
    (
        "for at = 1, #s do if s:byte(at - #s - 1) == 32 then count = count + 1 end end",
        24,
    ),
];

#[test]
fn going_through_a_long_text_costs_what_is_looked_at() {
    for (walk, per_byte_max) in WALKS {
        let source = format!(
            "local s = ('word '):rep(1 << 18):sub(1, 1 << 20) local count = 0 {walk} print(count)"
        );
        let module = module(source.as_bytes(), Profile::Script);
        let (output, ending, fuel) = run_module(&module, Limits::default());
        let count: u64 = output.trim().parse().expect("it says how far it came");
        assert_eq!(ending, "", "{walk}");
        assert!(count >= (1 << 20) / 5 - 1, "{count} of {walk}");
        println!("{} of a thousand a byte: {walk}", (fuel * 1000) >> 20);
        assert!(fuel <= per_byte_max << 20, "{fuel} for {walk}");
    }
}

#[test]
fn captures_of_the_same_bytes_are_paid_for_each() {
    let fuel_of = |captures: usize| {
        let (opened, closed) = ("(".repeat(captures), ")".repeat(captures));
        let source = format!(
            "local s = ('x'):rep(64000) return select('#', s:match('^{opened}x*{closed}'))"
        );
        let module = module(source.as_bytes(), Profile::Script);
        let (_, ending, fuel) = run_module(&module, Limits::default());
        assert_eq!(ending, captures.to_string());
        fuel
    };
    assert!(fuel_of(31) - fuel_of(1) >= 30 * 1000);
}
