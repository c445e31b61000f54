//! Random values, texts and names for property tests.

use gatos_values::{Fixed, Map, Text, Value};
use proptest::prelude::*;

/// Characters where encoders and normal forms go wrong.
const CHARACTERS: &[char] = &[
    '\0',
    '\u{1}',
    '\u{8}',
    '\t',
    '\n',
    '\u{b}',
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
    '<',
    '>',
    '=',
    '\u{7f}',
    '\u{80}',
    '\u{85}',
    'é',
    'ß',
    'ÿ',
    '\u{300}',
    '\u{301}',
    '\u{308}',
    '\u{323}',
    '\u{338}',
    '\u{340}',
    '\u{344}',
    '\u{37e}',
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
    '\u{fffe}',
    '\u{ffff}',
    '𝄞',
    '\u{1d15e}',
    '😀',
    '\u{2f800}',
    '\u{10ffff}',
];

/// Any string without reserved code points, often not in NFC.
pub fn strings() -> impl Strategy<Value = String> {
    let odd = prop::collection::vec(prop::sample::select(CHARACTERS), 0..8)
        .prop_map(|list| list.into_iter().collect());
    prop_oneof![3 => "[a-z]{0,6}", 3 => odd, 1 => "[ -~]{0,20}"]
}

/// Any text.
pub fn texts() -> impl Strategy<Value = Text> {
    strings().prop_map(|string| Text::from_string(string).expect("no reserved code points"))
}

/// Integers of all sizes.
pub fn integers() -> impl Strategy<Value = i128> {
    let edges = [
        0,
        1,
        -1,
        23,
        24,
        255,
        256,
        65535,
        65536,
        1 << 32,
        1 << 64,
        -(1 << 64),
        i128::MAX,
        i128::MIN,
    ];
    let edge = (prop::sample::select(edges.to_vec()), -2i128..=2)
        .prop_map(|(edge, by)| edge.saturating_add(by));
    prop_oneof![2 => -100i128..100, 1 => (any::<i128>(), 0u32..128).prop_map(|(integer, shift)| integer >> shift), 1 => edge]
}

/// Fixed values of all sizes, in normal form.
pub fn fixed() -> impl Strategy<Value = Value> {
    (any::<i128>(), 0u32..128)
        .prop_map(|(steps, shift)| Value::fixed(Fixed::from_steps(steps >> shift)))
}

fn tree(leaf: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    leaf.prop_recursive(4, 24, 6, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List);
        let map = prop::collection::vec((texts(), inner), 0..6)
            .prop_map(|entries| Value::Map(map_of(entries)));
        prop_oneof![list, map]
    })
    .boxed()
}

/// A map of the entries; of equal keys the last one stays.
pub fn map_of(entries: Vec<(Text, Value)>) -> Map {
    let mut map = Map::new();
    for (key, value) in entries {
        map.insert(key, value);
    }
    map
}

fn scalars() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        3 => integers().prop_map(Value::Integer),
        2 => fixed(),
        4 => texts().prop_map(Value::Text),
    ]
}

/// Values that JSON can write.
pub fn json_values() -> impl Strategy<Value = Value> {
    tree(scalars().boxed())
}

/// All values, bytes too.
pub fn values() -> impl Strategy<Value = Value> {
    let bytes = prop::collection::vec(any::<u8>(), 0..30).prop_map(Value::Bytes);
    tree(prop_oneof![6 => scalars(), 1 => bytes].boxed())
}
