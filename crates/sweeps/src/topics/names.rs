//! ULIDs, names, resource URIs and patterns: what is accepted, what is refused and where.

use crate::dice::Dice;
use crate::record::Record;
use crate::refusal::Refusal as _;
use gatos_values::{
    Actor, DottedName, Glob, IdempotencyKey, JournalName, KeyId, NameError, Namespace, ResourceUri,
    Segment, Ulid,
};
use std::fmt::Display;

/// Parts that names are made of, good and bad.
const PARTS: &[&str] = &[
    "a",
    "b",
    "finance",
    "ops",
    "deploy",
    "user",
    "agent",
    "service",
    "0",
    "x9",
    "a-b",
    "a_b",
    "con",
    "com1",
    "aux",
    "nul",
    "lock",
    "head",
    "..",
    ".",
    "A",
    "é",
    " ",
    "*",
    "state",
    "journal",
    "0123456789abcdef",
    "refs",
    "gatos",
    "long-name-of-a-part-that-goes-on-and-on-and-on",
];

const GOOD_PARTS: &[&str] = &["a", "finance", "ops", "x9", "a-b", "a_b", "0"];

const JOINTS: &[&str] = &["/", "/", ":", ".", "-", "", "//"];

/// From parts, as text, from text with one character changed, and the next one.
pub fn ulids(dice: &mut Dice, record: &mut Record) {
    let time_ms = dice.bits() >> dice.between(14, 63);
    let random = dice.wide_bits() >> dice.between(46, 127);
    let ulid = Ulid::from_parts(time_ms, random);
    record.text("parts", optional(ulid));
    let ulid = Ulid::from_bits(dice.wide_bits());
    let mut text = ulid.to_string();
    record.text("text", &text);
    record.bytes("bytes", &ulid.to_bytes());
    record.text("next", optional(ulid.next()));
    let place = dice.place(text.len());
    text.replace_range(
        place..=place,
        dice.pick(&["0", "8", "I", "u", "Z", "!", "é", ""]),
    );
    record.outcome("changed", Ulid::parse(&text).map(Ulid::bits));
}

/// One text through the grammar of every name.
pub fn names(dice: &mut Dice, record: &mut Record) {
    let text = if dice.one_in(2) {
        joined(dice, 6)
    } else {
        one_name(dice)
    };
    record.text("input", &text);
    let mut verdict = |label: &str, outcome: Result<String, NameError>| {
        record.outcome(label, outcome);
    };
    verdict("segment", Segment::parse(&text).map(shown));
    verdict("namespace", Namespace::parse(&text).map(shown));
    verdict("dotted", DottedName::parse(&text).map(shown));
    verdict("actor", Actor::parse(&text).map(shown));
    verdict("key id", KeyId::parse(&text).map(shown));
    verdict("idempotency", IdempotencyKey::parse(&text).map(shown));
    let journal = format!("gatos/journal/{text}/user/al/0123456789abcdef");
    verdict("journal", JournalName::parse_short(&journal).map(shown));
}

/// Resource URIs, whole and with flaws.
pub fn uris(dice: &mut Dice, record: &mut Record) {
    let scheme = dice.pick(&[
        "gatos://", "gatos://", "gatos://", "gatos:/", "", "GATOS://",
    ]);
    let rest = if dice.one_in(2) {
        joined(dice, 5)
    } else {
        format!("books/{}", joined_by(dice, 4, GOOD_PARTS, &["/"]))
    };
    let text = format!("{scheme}{rest}");
    record.text("input", &text);
    let uri = ResourceUri::parse(&text);
    if let Ok(uri) = &uri {
        let ns = Namespace::parse("finance").expect("a namespace");
        record.text("path in", optional(uri.path_in(&ns)));
        record.text("repository", uri.repo());
        record.text("path", uri.path());
    }
    record.outcome("uri", uri);
}

/// Patterns against texts.
pub fn globs(dice: &mut Dice, record: &mut Record) {
    let pattern = pattern(dice);
    record.text("pattern", &pattern);
    match Glob::parse(&pattern, dice.pick(&['/', '.'])) {
        Err(error) => record.text("error", error.refusal()),
        Ok(glob) => {
            for _ in 0..4 {
                let text = joined(dice, 6);
                record.text(&text, glob.matches(&text));
            }
        }
    }
}

/// A name that some grammar accepts.
fn one_name(dice: &mut Dice) -> String {
    let kind = dice.pick(&["user", "agent", "service"]);
    match dice.below(5) {
        0 => format!("{kind}:{}", dice.pick(GOOD_PARTS)),
        1 => format!("{}/{}", dice.pick(GOOD_PARTS), dice.pick(GOOD_PARTS)),
        2 => format!("{}.{}", dice.pick(GOOD_PARTS), dice.pick(GOOD_PARTS)),
        3 => format!("{:016x}", dice.bits()),
        _ => dice.pick(GOOD_PARTS).to_owned(),
    }
}

fn pattern(dice: &mut Dice) -> String {
    let count = dice.between(1, 5);
    let mut pattern = String::new();
    for _ in 0..count {
        let part = match dice.below(4) {
            0 => "**",
            1 => "*",
            _ => dice.pick(PARTS),
        };
        pattern.push_str(part);
        pattern.push_str(dice.pick(&["/", "/", ".", "", "*"]));
    }
    pattern
}

/// Up to this many parts with joints between them.
fn joined(dice: &mut Dice, part_count_max: u64) -> String {
    joined_by(dice, part_count_max, PARTS, JOINTS)
}

fn joined_by(dice: &mut Dice, part_count_max: u64, parts: &[&str], joints: &[&str]) -> String {
    let mut text = String::from(dice.pick(parts));
    for _ in 1..dice.between(1, part_count_max) {
        text.push_str(dice.pick(joints));
        text.push_str(dice.pick(parts));
    }
    text
}

fn shown(name: impl Display) -> String {
    name.to_string()
}

fn optional(value: Option<impl Display>) -> String {
    value.map_or_else(|| "none".to_owned(), shown)
}
