//! The same programs under a stock Lua 5.4, where one is installed; without one the test says that it was skipped.

use crate::support::{programs, run};
use gatos_echolua::Profile;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Lines in which we differ on purpose: the program, our line, theirs, why.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    (
        "script-tables",
        "traversal order and constructors are ours",
        "",
    ),
    (
        "script-numbers",
        "1e+15\t1e+100\t0.1\t-0.0\tinf\t-inf\tnan",
        "a NaN has no sign here",
    ),
    ("script-coroutines", "thread: 0x", "no addresses"),
    ("script-errors", "function: 0x", "no addresses"),
];

fn stock(source: &[u8]) -> Option<String> {
    let mut child = Command::new("lua5.4")
        .args([
            "-e",
            "local s = io.read('a') local f = assert(load(s, '=test')) f()",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(source).ok()?;
    let output = child.wait_with_output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn programs_print_what_a_stock_lua_prints() {
    if stock(b"print(1)").as_deref() != Some("1\n") {
        eprintln!("SKIPPED: no stock Lua here; install lua5.4 to compare with it");
        return;
    }
    for (name, profile, source) in programs() {
        if profile != Profile::Script || name == "script-tables" {
            continue;
        }
        let ours = run(&source, profile).0;
        let theirs = stock(&source).expect("it answered before");
        for (line, (ours, theirs)) in ours.lines().zip(theirs.lines()).enumerate() {
            let is_known = DIFFERENCES
                .iter()
                .any(|(program, part, _)| *program == name && ours.contains(part));
            assert!(
                ours == theirs || is_known,
                "{name}, line {}:\n{ours}\n{theirs}",
                line + 1
            );
        }
        assert_eq!(ours.lines().count(), theirs.lines().count(), "{name}");
    }
}
