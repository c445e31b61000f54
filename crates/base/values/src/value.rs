//! The value model: null, bool, integer, fixed, text, bytes, list, map.
//!
//! Bytes of values are `json`'s and `cbor`'s work. This file keeps the two promises they rest on:
//! map keys are unique and sorted by their UTF-8 bytes, and there is one total order of all values.
//!
//! INVARIANT: equality and order go by meaning, so an integer equals the fixed value of the same size.
//! Tests: `tests/it/value.rs`.

use crate::text::{Text, TextError};
use alloc::vec::Vec;
use core::cmp::Ordering;
use gatos_numbers::{Fixed, Number};

/// A canonical value.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// False or true.
    Bool(bool),
    /// An integer, −2^127 … 2^127 − 1.
    Integer(i128),
    /// A fixed-point number whose fraction is not zero; build it with [`Value::fixed`] or [`Value::number`].
    Fixed(Fixed),
    /// A string.
    Text(Text),
    /// Bytes; they have no JSON form.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Value>),
    /// A map with text keys.
    Map(Map),
}

impl Value {
    /// A number in normal form: a zero fraction becomes the integer.
    #[must_use]
    pub const fn number(number: Number) -> Value {
        match number.normalised() {
            Number::Integer(integer) => Value::Integer(integer),
            Number::Fixed(fixed) => Value::Fixed(fixed),
        }
    }

    /// A fixed value in normal form: a zero fraction becomes the integer.
    #[must_use]
    pub const fn fixed(fixed: Fixed) -> Value {
        Value::number(Number::Fixed(fixed))
    }

    /// A string, normalised to NFC.
    ///
    /// # Errors
    /// [`TextError::Unassigned`].
    pub fn text(text: &str) -> Result<Value, TextError> {
        Text::new(text).map(Value::Text)
    }

    /// Whether this is null.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The bool, if it is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The string as [`Text`], if it is one.
    #[must_use]
    pub const fn as_text(&self) -> Option<&Text> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes, if it is bytes.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The list, if it is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The map, if it is one.
    #[must_use]
    pub const fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The integer, if it is a number without a fraction.
    #[must_use]
    pub fn as_integer(&self) -> Option<i128> {
        self.as_number().and_then(Number::as_integer)
    }

    /// The number, if it is one.
    #[must_use]
    pub const fn as_number(&self) -> Option<Number> {
        match self {
            Value::Integer(integer) => Some(Number::Integer(*integer)),
            Value::Fixed(fixed) => Some(Number::from_fixed(*fixed)),
            _ => None,
        }
    }

    /// The member `key` of a map; `None` for a missing key and for anything that is not a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map().and_then(|map| map.get(key))
    }

    /// How many lists and maps lie around the deepest value: 0 for a scalar, 1 for `[]`.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self {
            Value::List(list) => 1 + list.iter().map(Value::depth).max().unwrap_or(0),
            Value::Map(map) => {
                1 + map
                    .iter()
                    .map(|(_, value)| value.depth())
                    .max()
                    .unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// Place of the kind in the total order.
    const fn rank(&self) -> u8 {
        match self {
            Value::Null => 0,
            Value::Bool(_) => 1,
            Value::Integer(_) | Value::Fixed(_) => 2,
            Value::Text(_) => 3,
            Value::Bytes(_) => 4,
            Value::List(_) => 5,
            Value::Map(_) => 6,
        }
    }
}

impl Ord for Value {
    /// The total order: null < false < true < numbers by value < text bytewise < bytes < lists < maps, the last two
    /// lexicographically.
    fn cmp(&self, other: &Value) -> Ordering {
        match (self, other) {
            (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
            (Value::Integer(left), Value::Integer(right)) => left.cmp(right),
            (Value::Text(left), Value::Text(right)) => left.cmp(right),
            (Value::Bytes(left), Value::Bytes(right)) => left.cmp(right),
            (Value::List(left), Value::List(right)) => left.cmp(right),
            (Value::Map(left), Value::Map(right)) => left.cmp(right),
            _ => match (self.as_number(), other.as_number()) {
                (Some(left), Some(right)) => left.cmp(&right),
                _ => self.rank().cmp(&other.rank()),
            },
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Value) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

/// A map with unique text keys, sorted by their UTF-8 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Map(Vec<(Text, Value)>);

/// Two entries of one map have the same key (after NFC).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("duplicate key `{}`", crate::excerpt::excerpt(.0))]
pub struct DuplicateKey(pub Text);

impl Map {
    /// The empty map.
    #[must_use]
    pub const fn new() -> Map {
        Map(Vec::new())
    }

    /// A map of these entries, in any order.
    ///
    /// # Errors
    /// [`DuplicateKey`].
    pub fn from_entries(mut entries: Vec<(Text, Value)>) -> Result<Map, DuplicateKey> {
        if !entries.is_sorted_by(|(left, _), (right, _)| left < right) {
            entries.sort_by(|(left, _), (right, _)| left.cmp(right));
            if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                return Err(DuplicateKey(pair[0].0.clone()));
            }
        }
        Ok(Map(entries))
    }

    /// A map of entries that are sorted and unique already.
    pub(crate) fn from_sorted(entries: Vec<(Text, Value)>) -> Map {
        debug_assert!(entries.is_sorted_by(|(left, _), (right, _)| left < right));
        Map(entries)
    }

    /// The same map with `key`, a literal of the program, set to `value`.
    ///
    /// # Panics
    /// If the literal is not ASCII.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Map {
        self.insert(Text::from_ascii(key), value.into());
        self
    }

    /// Sets `key` to `value` and returns the value it had.
    pub fn insert(&mut self, key: Text, value: Value) -> Option<Value> {
        match self.position(&key) {
            Ok(index) => Some(core::mem::replace(&mut self.0[index].1, value)),
            Err(index) => {
                self.0.insert(index, (key, value));
                None
            }
        }
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.position(key).ok().map(|index| &self.0[index].1)
    }

    /// The value of `key`, to change in place.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.position(key).ok().map(|index| &mut self.0[index].1)
    }

    /// Whether the map has `key`.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_ok()
    }

    /// Takes `key` out of the map.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.position(key).ok().map(|index| self.0.remove(index).1)
    }

    /// The entries in key order.
    pub fn iter(&self) -> core::slice::Iter<'_, (Text, Value)> {
        self.0.iter()
    }

    /// The keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &Text> {
        self.0.iter().map(|(key, _)| key)
    }

    /// The values in key order.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().map(|(_, value)| value)
    }

    /// How many entries the map has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the map has no entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries in key order.
    #[must_use]
    pub fn into_entries(self) -> Vec<(Text, Value)> {
        self.0
    }

    fn position(&self, key: &str) -> Result<usize, usize> {
        self.0
            .binary_search_by(|(entry, _)| entry.as_str().cmp(key))
    }
}

impl IntoIterator for Map {
    type Item = (Text, Value);
    type IntoIter = alloc::vec::IntoIter<(Text, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = &'a (Text, Value);
    type IntoIter = core::slice::Iter<'a, (Text, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

macro_rules! value_from_integer {
    ($($integer:ty)*) => {
        $(impl From<$integer> for Value {
            fn from(integer: $integer) -> Value {
                Value::Integer(i128::from(integer))
            }
        })*
    };
}

value_from_integer!(u8 u16 u32 u64 i8 i16 i32 i64 i128);

impl From<usize> for Value {
    fn from(integer: usize) -> Value {
        Value::Integer(integer as i128)
    }
}

impl From<&'static str> for Value {
    /// A literal of the program; see [`Text::from_ascii`].
    fn from(text: &'static str) -> Value {
        Value::Text(Text::from_ascii(text))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Bool(value)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Value {
        Value::number(number)
    }
}

impl From<Fixed> for Value {
    fn from(fixed: Fixed) -> Value {
        Value::fixed(fixed)
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Value {
        Value::Text(text)
    }
}

impl From<Vec<Value>> for Value {
    fn from(list: Vec<Value>) -> Value {
        Value::List(list)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Value {
        Value::Map(map)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}
