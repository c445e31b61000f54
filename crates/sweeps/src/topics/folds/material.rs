//! Sources of folds and events for them, small enough that keys and values meet often.
//!
//! A source is written in YAML's flow style, so that a nested kind is one string inside another.

use super::super::generated;
use crate::dice::Dice;
use gatos_values::{Blake3Digest, EventId, Fixed, Map, Text, Ulid, Value};
use std::fmt::Write as _;

/// How many journals the events of one case stand in.
pub const JOURNAL_COUNT: u64 = 3;

/// Name of a journal.
pub fn journal(number: u64) -> String {
    format!("gatos/journal/n/user/al/{number:016x}")
}

/// A fold with one to three reducers and one or two files for each.
pub fn source(dice: &mut Dice) -> String {
    let mut source = String::from("version: 1\nreducers:\n");
    let mut emits = String::from("emit:\n");
    for number in 0..dice.between(1, 3) {
        let has_each = dice.one_in(3);
        let (kind, rest) = shape(dice, has_each, 2);
        let each = if has_each { "each: \"$.items\", " } else { "" };
        let condition = if dice.one_in(2) {
            format!("where: {}, ", conditions(dice, has_each))
        } else {
            String::new()
        };
        push(
            &mut source,
            format_args!("  - {{name: r{number}, {each}{condition}kind: {kind}{rest}}}\n"),
        );
        push(
            &mut emits,
            format_args!("  - {{path: state/r{number}/all.json, from: r{number}}}\n"),
        );
        if is_keyed(kind) && dice.one_in(2) {
            push(
                &mut emits,
                format_args!(
                    "  - {{path: \"state/r{number}/by/{{key}}.json\", from: r{number}, split: key}}\n"
                ),
            );
        }
    }
    source + &emits
}

fn is_keyed(kind: &str) -> bool {
    ["map-join-lww", "map-join", "count-by", "sum-by"].contains(&kind)
}

/// A kind and its fields, each with a comma before it.
fn shape(dice: &mut Dice, has_each: bool, depth_left: u64) -> (&'static str, String) {
    if depth_left > 0 && dice.one_in(4) {
        let key = key(dice, has_each);
        let (kind, rest) = shape(dice, has_each, depth_left - 1);
        return (
            "map-join",
            format!(", key: {key}, value: {{kind: {kind}{rest}}}"),
        );
    }
    leaf(dice, has_each)
}

fn leaf(dice: &mut Dice, has_each: bool) -> (&'static str, String) {
    let value = selector(dice, has_each);
    match dice.below(10) {
        0 => {
            let kind = dice.pick(&["lww", "max", "min", "list-append"]);
            (kind, format!(", value: {value}"))
        }
        1 => ("counter-g", format!(", inc: {}", operation(dice, has_each))),
        2 => (
            "counter-pn",
            format!(
                ", inc: {}, dec: {}",
                operation(dice, has_each),
                operation(dice, has_each)
            ),
        ),
        3 => ("count-by", format!(", key: {}", key(dice, has_each))),
        4 => {
            let (key, amount) = (key(dice, has_each), amount(dice, has_each));
            ("sum-by", format!(", key: {key}, value: {amount}"))
        }
        5 => ("set-g", format!(", value: {value}")),
        6 => {
            let kind = dice.pick(&["set-2p", "set-lww"]);
            let remove = conditions(dice, has_each);
            (
                kind,
                format!(", value: {value}, remove: {{where: {remove}}}"),
            )
        }
        7 => {
            let remove = conditions(dice, has_each);
            let rest =
                format!(", value: {value}, remove: {{where: {remove}, value: \"$.observed\"}}");
            ("set-or", rest)
        }
        _ => ("map-join-lww", last_writers(dice, has_each, &value)),
    }
}

fn last_writers(dice: &mut Dice, has_each: bool, value: &str) -> String {
    let mut rest = format!(", key: {}", key(dice, has_each));
    let granularity = dice.pick(&["field", "entry"]);
    push(&mut rest, format_args!(", granularity: {granularity}"));
    if dice.one_in(2) {
        push(&mut rest, format_args!(", value: {value}"));
    }
    if dice.one_in(2) {
        let delete = conditions(dice, has_each);
        push(&mut rest, format_args!(", delete: {{where: {delete}}}"));
    }
    rest
}

fn key(dice: &mut Dice, has_each: bool) -> &'static str {
    let keys: &[&str] = if has_each {
        &["\"@.k\"", "\"$.id\"", "\"@.n\""]
    } else {
        &["\"$.id\"", "\"$.tag\"", "event.type"]
    };
    dice.pick(keys)
}

fn selector(dice: &mut Dice, has_each: bool) -> String {
    let selectors: &[&str] = if has_each {
        &["\"@.k\"", "\"@.n\"", "\"@\"", "\"$.id\"", "event.ulid"]
    } else {
        &[
            "\"$.id\"",
            "\"$.tag\"",
            "\"$['n']\"",
            "\"$.items[-1].n\"",
            "\"$\"",
            "event.actor",
            "event.id",
        ]
    };
    let first = dice.pick(selectors);
    if dice.one_in(4) {
        let second = dice.pick(selectors);
        return format!("{{first: {first}, second: {second}}}");
    }
    first.to_owned()
}

fn amount(dice: &mut Dice, has_each: bool) -> &'static str {
    let amounts: &[&str] = if has_each {
        &["\"@.n\"", "\"$.n\""]
    } else {
        &["\"$.n\"", "\"$.items[0].n\""]
    };
    dice.pick(amounts)
}

fn operation(dice: &mut Dice, has_each: bool) -> String {
    let value = if dice.one_in(4) {
        dice.pick(&["0", "1", "2.5"])
    } else {
        amount(dice, has_each)
    };
    format!("{{where: {}, value: {value}}}", conditions(dice, has_each))
}

fn conditions(dice: &mut Dice, has_each: bool) -> String {
    let mut parts = Vec::new();
    if !dice.one_in(4) {
        let event_type = dice.pick(&["\"item.*\"", "\"item.**\"", "\"**\"", "item.add", "other"]);
        parts.push(format!("type: {event_type}"));
    }
    if dice.one_in(5) {
        parts.push("actor: [\"agent:*\", \"user:al\"]".to_owned());
    }
    if dice.one_in(3) {
        let query = if has_each { "\"@.n\"" } else { "\"$.n\"" };
        let test = dice.pick(&[
            "{exists: true}",
            "{exists: false}",
            "{\"==\": a}",
            "{\"!=\": 1}",
            "{\"<\": 2, \">=\": -1}",
            "{\">\": a}",
            "{\"<=\": 0.5}",
            "{in: [a, 1, null, true]}",
            "41",
            "null",
        ]);
        parts.push(format!("{query}: {test}"));
    }
    format!("{{{}}}", parts.join(", "))
}

/// One event, before it is lent to a fold.
#[derive(Debug)]
pub struct Event {
    pub id: EventId,
    pub ulid: Ulid,
    pub event_type: &'static str,
    pub actor: &'static str,
    pub journal: String,
    pub position: u64,
    pub payload: Value,
}

/// Up to 40 events; each journal's events are in their order.
pub fn events(dice: &mut Dice) -> Vec<Event> {
    let mut times_ms = [0; JOURNAL_COUNT as usize];
    let mut positions = [0; JOURNAL_COUNT as usize];
    let count = dice.below(40);
    let mut events = Vec::new();
    for number in 0..count {
        let place = dice.place(positions.len());
        times_ms[place] += dice.between(1, 2);
        positions[place] += 1;
        events.push(Event {
            id: id(number),
            ulid: Ulid::from_parts(times_ms[place], 0).expect("a small time"),
            event_type: dice.pick(&["item.add", "item.remove", "item", "other.item.add"]),
            actor: dice.pick(&["user:al", "agent:bo"]),
            journal: journal(place as u64),
            position: positions[place],
            payload: payload(dice),
        });
    }
    events
}

fn id(number: u64) -> EventId {
    EventId::from_digest(Blake3Digest::of(&number.to_le_bytes()))
}

fn payload(dice: &mut Dice) -> Value {
    let mut map = Map::new();
    put(dice, &mut map, "id", short_key);
    put(dice, &mut map, "tag", scalar);
    put(dice, &mut map, "n", amount_value);
    put(dice, &mut map, "items", |dice| {
        let count = dice.below(3);
        Value::List((0..count).map(|_| item(dice)).collect())
    });
    put(dice, &mut map, "observed", |dice| {
        let count = dice.below(3);
        Value::List((0..count).map(|_| id(dice.below(40)).to_value()).collect())
    });
    map.into()
}

fn item(dice: &mut Dice) -> Value {
    let mut map = Map::new();
    put(dice, &mut map, "k", short_key);
    put(dice, &mut map, "n", amount_value);
    put(dice, &mut map, "tag", scalar);
    map.into()
}

/// Sets a field four times out of five.
fn put(dice: &mut Dice, map: &mut Map, name: &'static str, make: impl FnOnce(&mut Dice) -> Value) {
    if !dice.one_in(5) {
        map.insert(Text::from_ascii(name), make(dice));
    }
}

fn short_key(dice: &mut Dice) -> Value {
    let long = "long ".repeat(30);
    let keys = [
        "a",
        "b",
        "a",
        "b",
        "B/é",
        "con",
        "n",
        "",
        "7",
        long.as_str(),
    ];
    match dice.below(12) {
        0 => Value::from(7_u8),
        1 => Value::Bool(true),
        _ => Value::text(dice.pick(&keys)).expect("no reserved code points"),
    }
}

fn amount_value(dice: &mut Dice) -> Value {
    match dice.below(10) {
        0 => Value::Integer(dice.integer()),
        1 => Value::fixed(Fixed::from_steps(dice.integer())),
        2 => Value::Integer(i128::MAX),
        3 => Value::fixed(Fixed::from_steps(1 << 31)),
        4 => Value::text("1").expect("ASCII"),
        _ => Value::Integer(i128::from(dice.below(50)) - 5),
    }
}

fn scalar(dice: &mut Dice) -> Value {
    match dice.below(3) {
        0 => short_key(dice),
        1 => amount_value(dice),
        _ => generated::json_value(dice),
    }
}

fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).expect("a string takes everything");
}
