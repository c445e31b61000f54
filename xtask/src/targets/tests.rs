//! Whole runs on a machine of paper: every way a target can end, the table, and whether the command fails.

use super::compare::Report;
use super::list::{self, TARGETS, Target};
use super::machine::Machine;
use super::{Required, USAGE, Wish, settle, sweep::sweep, table, wish_of};
use crate::flags::Flags;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

const HOST: &str = "x86_64-unknown-linux-gnu";
const MUSL: &str = "x86_64-unknown-linux-musl";
const S390X: &str = "s390x-unknown-linux-gnu";
const APPLE: &str = "aarch64-apple-darwin";

/// What a target does on the machine of paper.
#[derive(Clone, Copy)]
enum Fate {
    Prints(&'static str),
    Crashes,
    CannotBeBuilt,
    CannotBePrepared,
    Unable,
}

struct Paper(BTreeMap<&'static str, Fate>);

impl Machine for Paper {
    fn host(&self) -> Target {
        list::find(HOST).expect("in the list").clone()
    }

    fn able(&self, target: &Target) -> Result<(), String> {
        match self.0[target.triple] {
            Fate::Unable => Err("only on such a machine".to_owned()),
            _ => Ok(()),
        }
    }

    fn prepare(&self, target: &Target) -> Result<(), String> {
        match self.0[target.triple] {
            Fate::CannotBePrepared => Err("no network".to_owned()),
            _ => Ok(()),
        }
    }

    fn build(&self, target: &Target) -> Result<PathBuf, String> {
        match self.0[target.triple] {
            Fate::CannotBeBuilt => Err("does not compile".to_owned()),
            _ => Ok(PathBuf::from(target.triple)),
        }
    }

    fn run(&self, target: &Target, program: &Path, words: &[&str]) -> Result<String, String> {
        assert_eq!(program, Path::new(target.triple));
        match (self.0[target.triple], words) {
            (Fate::Prints(text), ["--scale", scale]) => {
                Ok(printed(text, scale.parse().expect("a scale")))
            }
            (Fate::Prints(text), ["--cases", topic, _]) => {
                Ok(format!("0\tsame\n1\t{}\n", letter(text, topic)))
            }
            (Fate::Prints(text), ["--show", topic, "1"]) => {
                Ok(format!("input\tx\nresult\t{}\n", letter(text, topic)))
            }
            _ => Err("the program ended with signal: 11".to_owned()),
        }
    }
}

/// What a machine of paper computes for a topic.
fn letter(text: &str, topic: &str) -> String {
    let mut words = text
        .split_whitespace()
        .filter_map(|word| word.split_once('='));
    let found = words.find(|(name, _)| *name == topic);
    found.map_or_else(String::new, |(_, letter)| letter.to_owned())
}

/// `one=a two=b` as a report: topics with as many cases as the scale, and digests of one letter.
fn printed(text: &str, scale: u64) -> String {
    text.split_whitespace()
        .map(|word| match word.split_once('=') {
            Some((topic, letter)) => format!("{topic}\t{scale}\tblake3:{}\n", letter.repeat(64)),
            None => format!("{word}\n"),
        })
        .collect()
}

fn wish(triples: &[&str], scale: u64, required: Required) -> Wish {
    Wish {
        triples: triples.iter().map(ToString::to_string).collect(),
        scale,
        required,
        limit: Duration::from_secs(1),
    }
}

/// The results of the rows, one a line, then how the command ends.
fn check(fates: &[(&'static str, Fate)], scale: u64, required: Required, expected: &str) {
    let machine = Paper(fates.iter().copied().collect());
    let triples: Vec<&str> = fates.iter().map(|(triple, _)| *triple).collect();
    let golden = Report::parse(&printed("one=a two=b", 1)).expect("a report");
    let rows = sweep(&machine, &golden, &wish(&triples, scale, required)).expect("rows");
    let mut lines: Vec<String> = table::text(&rows)
        .lines()
        .skip(1)
        .map(|line| {
            // Name and result; the columns between are fixed in width.
            let (name, result) = (line.split_whitespace().next(), line.get(78..));
            match result {
                Some(result) => format!("{}: {result}", name.unwrap_or_default()),
                None => line.trim().to_owned(),
            }
        })
        .collect();
    lines.push(match settle(&rows) {
        Ok(()) => "ok".to_owned(),
        Err(failure) => {
            let failure = failure.to_string();
            failure.lines().next().unwrap_or_default().to_owned()
        }
    });
    let expected: Vec<&str> = expected.lines().map(str::trim).collect();
    assert_eq!(lines, expected);
}

const GOOD: Fate = Fate::Prints("one=a two=b");

fn nothing() -> Required {
    Required::Named(Vec::new())
}

#[test]
fn what_agrees_is_the_same() {
    check(
        &[(HOST, GOOD), (MUSL, GOOD), (S390X, GOOD)],
        1,
        nothing(),
        "x86_64-unknown-linux-gnu: same (2 topics)
         x86_64-unknown-linux-musl: same (2 topics)
         s390x-unknown-linux-gnu: same (2 topics)
         3 the same, 0 not the same, 0 not run
         ok",
    );
}

#[test]
fn one_poisoned_topic_is_found() {
    check(
        &[
            (HOST, GOOD),
            (MUSL, GOOD),
            (S390X, Fate::Prints("one=a two=c")),
        ],
        1,
        nothing(),
        "x86_64-unknown-linux-gnu: same (2 topics)
         x86_64-unknown-linux-musl: same (2 topics)
         s390x-unknown-linux-gnu: DIFFERS at two

         s390x-unknown-linux-gnu
         two, case 1, host (-) and target (+):
         - result\tb
         + result\tc
         2 the same, 1 not the same, 0 not run
         not the same bits everywhere, or not known: s390x-unknown-linux-gnu",
    );
}

#[test]
fn crashes_half_reports_and_noise_are_broken_or_differ() {
    check(
        &[
            (HOST, GOOD),
            (MUSL, Fate::Prints("one=a")),
            (S390X, Fate::Crashes),
            ("wasm32-wasip1", Fate::CannotBeBuilt),
            ("i686-unknown-linux-gnu", Fate::Prints("one=a two=b panicked")),
            ("x86_64-pc-windows-gnu", Fate::Prints("one=a two=b three=c")),
            ("riscv64gc-unknown-linux-gnu", Fate::Prints("")),
        ],
        1,
        nothing(),
        "x86_64-unknown-linux-gnu: same (2 topics)
         x86_64-unknown-linux-musl: DIFFERS at two (missing)
         s390x-unknown-linux-gnu: BROKEN: the program ended with signal: 11
         wasm32-wasip1: BROKEN: does not compile
         i686-unknown-linux-gnu: BROKEN: line 3 is not `topic cases digest`: \"panicked\"
         x86_64-pc-windows-gnu: DIFFERS at three (unknown)
         riscv64gc-unknown-linux-gnu: BROKEN: there is no line
         1 the same, 6 not the same, 0 not run
         not the same bits everywhere, or not known: x86_64-unknown-linux-musl, s390x-unknown-linux-gnu, wasm32-wasip1, i686-unknown-linux-gnu, x86_64-pc-windows-gnu, riscv64gc-unknown-linux-gnu",
    );
}

#[test]
fn what_is_not_run_is_not_the_same_and_fails_only_where_required() {
    let fates = [
        (HOST, GOOD),
        (APPLE, Fate::Unable),
        (S390X, Fate::CannotBePrepared),
    ];
    check(
        &fates,
        1,
        nothing(),
        "x86_64-unknown-linux-gnu: same (2 topics)
         aarch64-apple-darwin: not run: only on such a machine
         s390x-unknown-linux-gnu: not run: no network
         1 the same, 0 not the same, 2 not run
         ok",
    );
    check(
        &fates,
        1,
        Required::Named(vec![APPLE.to_owned()]),
        "x86_64-unknown-linux-gnu: same (2 topics)
         aarch64-apple-darwin: NOT RUN, but required: only on such a machine
         s390x-unknown-linux-gnu: not run: no network
         1 the same, 0 not the same, 2 not run
         not the same bits everywhere, or not known: aarch64-apple-darwin",
    );
    check(
        &fates,
        1,
        Required::WhereAble,
        "x86_64-unknown-linux-gnu: same (2 topics)
         aarch64-apple-darwin: not run: only on such a machine
         s390x-unknown-linux-gnu: NOT RUN, but required: no network
         1 the same, 0 not the same, 2 not run
         not the same bits everywhere, or not known: s390x-unknown-linux-gnu",
    );
}

#[test]
fn a_wrong_host_is_told_and_is_no_measure_for_others() {
    check(
        &[(HOST, Fate::Prints("one=c two=b")), (MUSL, GOOD)],
        1,
        nothing(),
        "x86_64-unknown-linux-gnu: DIFFERS at one
         x86_64-unknown-linux-musl: same (2 topics)
         1 the same, 1 not the same, 0 not run
         not the same bits everywhere, or not known: x86_64-unknown-linux-gnu",
    );
}

#[test]
fn longer_sweeps_are_held_to_the_host() {
    check(
        &[
            (HOST, GOOD),
            (MUSL, GOOD),
            (S390X, Fate::Prints("one=d two=b")),
        ],
        7,
        nothing(),
        "x86_64-unknown-linux-gnu: same (2 topics)
         x86_64-unknown-linux-musl: same (2 topics)
         s390x-unknown-linux-gnu: DIFFERS at one

         s390x-unknown-linux-gnu
         one, case 1, host (-) and target (+):
         - result\ta
         + result\td
         2 the same, 1 not the same, 0 not run
         not the same bits everywhere, or not known: s390x-unknown-linux-gnu",
    );
}

#[test]
fn the_table_for_programs_says_the_same() {
    let machine = Paper([(HOST, GOOD), (S390X, Fate::Prints("one=b two=b"))].into());
    let golden = Report::parse(&printed("one=a two=b", 1)).expect("a report");
    let rows = sweep(&machine, &golden, &wish(&[S390X], 1, nothing())).expect("rows");
    let json = table::json(&rows);
    assert_eq!(json[0]["result"], "same");
    assert_eq!(json[1]["result"], "differs");
    assert_eq!(json[1]["endian"], "big");
    assert_eq!(json[1]["detail"], "DIFFERS at one");
    assert_eq!(json.as_array().expect("a list").len(), 2);
}

#[test]
fn words_on_the_command_line() {
    let parsed = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        let known = ["scale", "require", "limit-seconds"];
        Flags::parse(&words, "usage", &known, TARGETS.len()).and_then(|flags| wish_of(&flags))
    };
    let all = parsed(&[]).expect("no words");
    assert_eq!(all.triples.len(), 11);
    assert_eq!((all.scale, all.required), (1, nothing()));
    let some = parsed(&[S390X, "--scale", "20", "--require", APPLE]).expect("words");
    assert_eq!(some.triples, [S390X, APPLE]);
    assert_eq!(some.scale, 20);
    assert_eq!(some.required, Required::Named(vec![APPLE.to_owned()]));
    for words in [
        &["s390x"][..],
        &["--require", "s390x"],
        &["--scale", "0"],
        &["--scale", "x"],
    ] {
        assert!(parsed(words).is_err(), "{words:?}");
    }
}

#[test]
fn the_list_holds_both_orders_and_both_widths() {
    let has = |width_bits, is_big_endian| {
        let mut targets = TARGETS.iter();
        targets
            .any(|target| (target.width_bits, target.is_big_endian) == (width_bits, is_big_endian))
    };
    assert!(has(32, false) && has(64, false) && has(64, true));
    let script = std::fs::read_to_string(crate::shell::root().join("scripts/targets.sh"));
    let script = script.expect("the script is there");
    for target in TARGETS {
        assert!(script.contains(target.triple), "{}", target.triple);
    }
}

#[test]
fn what_is_required_is_named_or_whatever_can_be_prepared() {
    let wish = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let known = ["scale", "require", "limit-seconds"];
        wish_of(&Flags::parse(&words, USAGE, &known, TARGETS.len()).expect("flags"))
    };
    let named = wish(&["--require", S390X, APPLE]).expect("a wish");
    assert_eq!(named.triples, [APPLE, S390X]);
    assert_eq!(named.required, Required::Named(vec![S390X.to_owned()]));
    let able = wish(&["--require", "able", APPLE]).expect("a wish");
    assert_eq!(able.triples, [APPLE]);
    assert_eq!(able.required, Required::WhereAble);
    assert!(wish(&["--require", "abel"]).is_err());
}
