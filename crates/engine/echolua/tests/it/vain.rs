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
];

#[test]
fn what_comes_to_nothing_costs_fuel() {
    for body in BODIES {
        let source = format!(
            "local s = ('1'):rep(1000000) local half = s:sub(1, 1000) local template = ('%0'):rep(500000)
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
