//! Random programs under the machine, the twin, and a stock Lua where one is installed.
//!
//! `GATOS_PROGRAMS=100000 cargo test --release -p gatos-echolua --lib random_programs -- --nocapture` runs so many in each
//! comparison and prints which operations and functions they hit.

use super::coverage;
use super::generate::{CALLS_COROUTINE, Generator};
use super::tests::run;
use crate::compile::compile;
use crate::profile::Profile;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::io::Write as _;
use std::process::{Command, Stdio};

const FUEL: u64 = 1 << 32;

fn count() -> u64 {
    let asked = std::env::var("GATOS_PROGRAMS")
        .ok()
        .and_then(|text| text.parse().ok());
    asked.unwrap_or(60)
}

#[test]
fn random_programs_do_under_the_machine_what_they_do_under_the_twin() {
    let mut finished = 0;
    for seed in 0..count() {
        for profile in [Profile::Script, Profile::Fold] {
            let source = Generator::program(seed, profile, profile == Profile::Script);
            let compiled = compile(source.as_bytes(), profile);
            assert!(
                compiled.module.is_some(),
                "seed {seed}, {profile:?}: {:?}\n{source}",
                compiled.findings
            );
            let machine = run(source.as_bytes(), profile, FUEL, false);
            let twin = run(source.as_bytes(), profile, FUEL, true);
            assert_eq!(machine, twin, "seed {seed}, {profile:?}\n{source}");
            finished += u64::from(machine.ending.starts_with("ok "));
        }
    }
    let missed = coverage::missed_operations();
    let (functions_missed, function_count) = coverage::missed_functions();
    std::println!(
        "{} programs in each profile: machine and twin agree; {finished} came to their end",
        count()
    );
    std::println!(
        "executed: {} of {} operations and captures; not: {missed:?}",
        coverage::OPERATIONS.len() - missed.len(),
        coverage::OPERATIONS.len()
    );
    std::println!(
        "called: {} of {function_count} functions; not: {functions_missed:?}",
        function_count - functions_missed.len()
    );
    assert!(finished > count(), "{finished} programs came to their end");
    assert!(missed.is_empty(), "never executed: {missed:?}");
    assert!(
        functions_missed.len() * 5 < function_count,
        "{functions_missed:?}"
    );
}

/// Programs that stock Lua runs one after the other, each with its result behind a mark.
fn stock(sources: &[String]) -> Option<Vec<String>> {
    let host = "local all = io.read('a') local at = 1
        while true do
          local size, body = all:match('^(%d+)\\n()', at) if not size then break end
          local f, e = load(all:sub(body, body + size - 1), '=test')
          local ok, r if f then ok, r = pcall(f) else ok, r = false, e end
          r = (ok and 'ok ' or 'error ') .. tostring(r) io.write(#r, '\\n', r) at = body + size
        end";
    let mut child = Command::new("lua5.4")
        .args(["-e", host])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut input = Vec::new();
    for source in sources {
        input.extend_from_slice(format!("{}\n{source}", source.len()).as_bytes());
    }
    let mut pipe = child.stdin.take()?;
    let writer = std::thread::spawn(move || pipe.write_all(&input));
    let output = child.wait_with_output().ok()?;
    writer.join().ok()?.ok()?;
    let mut rest = &output.stdout[..];
    let mut found = Vec::new();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let size: usize = core::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
        found.push(String::from_utf8_lossy(rest.get(end + 1..end + 1 + size)?).into_owned());
        rest = &rest[end + 1 + size..];
    }
    Some(found)
}

/// Texts that may differ, made equal: a NaN has no sign here; names of variables stand in stock messages; Lua 5.4.4 gives
/// wrong lines for errors of arithmetic, as its list of bugs says.
fn plain(text: &str) -> String {
    let mut pieces = text.split("test:");
    let mut text = String::from(pieces.next().unwrap_or_default());
    for piece in pieces {
        text.push_str("test:");
        text.push_str(piece.trim_start_matches(|character: char| character.is_ascii_digit()));
    }
    let text = text.replace("-nan", "nan");
    let mut rest = &text[..];
    let mut without_names = String::new();
    while let Some(start) = KINDS.iter().filter_map(|kind| rest.find(kind)).min() {
        let end = rest[start..]
            .find("')")
            .map_or(rest.len(), |end| start + end + 2);
        without_names.push_str(&rest[..start]);
        rest = &rest[end..];
    }
    without_names.push_str(rest);
    without_names
}

/// How stock messages name variables.
const KINDS: [&str; 6] = [
    " (local '",
    " (field '",
    " (upvalue '",
    " (global '",
    " (constant '",
    " (method '",
];

#[test]
fn random_programs_give_what_a_stock_lua_gives() {
    if stock(&[String::from("return 1")]).as_deref() != Some(&[String::from("ok 1")]) {
        std::eprintln!("SKIPPED: no stock Lua here; install lua5.4 to compare with it");
        return;
    }
    let functions: BTreeSet<&str> = CALLS_COROUTINE.iter().map(|(name, _)| *name).collect();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for start in (0..count()).step_by(200) {
        let seeds: Vec<u64> = (start..count().min(start + 200)).collect();
        let sources: Vec<String> = seeds
            .iter()
            .map(|seed| Generator::program(*seed, Profile::Script, true))
            .collect();
        let theirs = stock(&sources).expect("it answered before");
        assert_eq!(theirs.len(), sources.len());
        for ((seed, source), theirs) in seeds.iter().zip(&sources).zip(&theirs) {
            seen.extend(functions.iter().filter(|name| source.contains(**name)));
            let ours = run(source.as_bytes(), Profile::Script, FUEL, false);
            assert_eq!(plain(&ours.ending), plain(theirs), "seed {seed}\n{source}");
        }
    }
    std::println!(
        "{} programs: {} of {} coroutine functions",
        count(),
        seen.len(),
        functions.len()
    );
    assert_eq!(seen.len(), functions.len());
}
