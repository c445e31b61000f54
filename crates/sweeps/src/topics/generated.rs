//! Generated texts and values: the material of several themes.

use crate::dice::Dice;
use gatos_values::{Fixed, Map, Text, Value};

/// Characters where encoders, normal forms and orders go wrong; the last two are reserved and so refused.
const CHARACTERS: &[char] = &[
    '\0',
    '\u{8}',
    '\t',
    '\n',
    '\u{c}',
    '\r',
    '\u{1f}',
    ' ',
    '"',
    '\\',
    '/',
    'a',
    'b',
    'n',
    'u',
    'Z',
    '0',
    '\u{7f}',
    '\u{80}',
    'é',
    'ß',
    '\u{300}',
    '\u{301}',
    '\u{323}',
    '\u{338}',
    '\u{344}',
    'Å',
    'ё',
    'א',
    '\u{5b0}',
    '\u{9c7}',
    '\u{9be}',
    '\u{1100}',
    '\u{1161}',
    '\u{11a8}',
    '가',
    '각',
    '\u{2028}',
    '\u{212b}',
    '中',
    '\u{f900}',
    '\u{fb1d}',
    '\u{fdd0}',
    '\u{fffd}',
    '\u{ffff}',
    '𝄞',
    '\u{1d15e}',
    '😀',
    '\u{2f800}',
    '\u{10ffff}',
    '\u{378}',
    '\u{e0080}',
];

/// How many of [`CHARACTERS`], from the first, are assigned.
const ASSIGNED_COUNT: usize = CHARACTERS.len() - 2;

/// Nesting of generated values.
const DEPTH_MAX: u64 = 4;

/// Any string, often not in normal form; now and then with reserved code points.
pub fn string(dice: &mut Dice) -> String {
    characters(dice, CHARACTERS)
}

/// A text.
pub fn text(dice: &mut Dice) -> Text {
    if dice.one_in(2) {
        let names = ["id", "n", "tag", "amount", "a", "b", "", "Z", "zz"];
        return Text::from_ascii(dice.pick(&names));
    }
    let string = characters(dice, &CHARACTERS[..ASSIGNED_COUNT]);
    Text::from_string(string).expect("none of the characters is reserved")
}

fn characters(dice: &mut Dice, characters: &[char]) -> String {
    let length = dice.below(10);
    (0..length).map(|_| dice.pick(characters)).collect()
}

/// A value that JSON can write.
pub fn json_value(dice: &mut Dice) -> Value {
    tree(dice, false, DEPTH_MAX)
}

/// Any value, byte strings too.
pub fn value(dice: &mut Dice) -> Value {
    tree(dice, true, DEPTH_MAX)
}

fn tree(dice: &mut Dice, with_bytes: bool, depth_left: u64) -> Value {
    let is_leaf = depth_left == 0 || dice.one_in(3);
    if is_leaf {
        return scalar(dice, with_bytes);
    }
    let count = dice.below(5);
    if dice.one_in(2) {
        let items = (0..count).map(|_| tree(dice, with_bytes, depth_left - 1));
        return Value::List(items.collect());
    }
    let mut map = Map::new();
    for _ in 0..count {
        let key = text(dice);
        map.insert(key, tree(dice, with_bytes, depth_left - 1));
    }
    map.into()
}

fn scalar(dice: &mut Dice, with_bytes: bool) -> Value {
    match dice.below(if with_bytes { 7 } else { 6 }) {
        0 => Value::Null,
        1 => Value::Bool(dice.one_in(2)),
        2 => Value::Integer(dice.integer()),
        3 => Value::fixed(Fixed::from_steps(dice.integer())),
        4 | 5 => Value::Text(text(dice)),
        _ => {
            let count = dice.below(40);
            Value::Bytes(dice.bytes(count))
        }
    }
}

/// The bytes with one thing changed: a bit, a byte, a byte more, a byte less, the end cut off.
pub fn changed(dice: &mut Dice, bytes: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    let place = dice.place(bytes.len().max(1));
    match dice.below(5) {
        0 if !bytes.is_empty() => changed[place] ^= 1 << dice.below(8),
        1 if !bytes.is_empty() => changed[place] = dice.below(256) as u8,
        2 if !bytes.is_empty() => {
            changed.remove(place);
        }
        3 => changed.truncate(place),
        _ => {
            let telling = b"0\"\\{}[],:-.etn \x80\xff";
            changed.insert(place, dice.pick(telling));
        }
    }
    changed
}
