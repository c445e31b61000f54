//! Values: 16 bytes, copied freely; whatever is large lies in the heap and is named by its index.
//!
//! Tests: `tests/it/language.rs`.

use crate::syntax::number::Numeral;
use gatos_numbers::binary64;

/// Index of a string in the heap. Equal strings have equal indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StringId(pub(crate) u32);

impl StringId {
    /// The place in the heap.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// Index of a table in the heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(pub(crate) u32);
/// Index of a closure in the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClosureId(pub(crate) u32);
/// Index of a coroutine in the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CoroutineId(pub(crate) u32);
/// Index of a variable that closures share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId(pub(crate) u32);
/// Number of a function of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NativeId(pub(crate) u16);

/// A value of a running program: a tag, and a payload at its byte 8.
#[repr(C, u8)]
#[derive(Clone, Copy, Debug, Default)]
pub enum Value {
    /// nil
    #[default]
    Nil,
    /// false or true
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A float of a script.
    Float(f64),
    /// A fraction of a fold, in steps of 2^−32; never whole.
    Fixed(i64),
    /// A string.
    String(StringId),
    /// A table.
    Table(TableId),
    /// A function of the program.
    Closure(ClosureId),
    /// A function of the library.
    Native(NativeId),
    /// A coroutine.
    Coroutine(CoroutineId),
    /// `json.null` of a fold.
    Null,
    /// A shared variable; the machine's own, never seen by programs.
    Cell(CellId),
}

impl Value {
    /// Whether the value counts as true: anything but nil and false.
    #[must_use]
    #[inline]
    pub const fn is_true(self) -> bool {
        !matches!(self, Value::Nil | Value::Boolean(false))
    }

    /// Whether the value is nil.
    #[must_use]
    #[inline]
    pub const fn is_nil(self) -> bool {
        matches!(self, Value::Nil)
    }

    /// The word `type` gives.
    #[must_use]
    pub const fn type_name(self) -> &'static str {
        match self {
            Value::Nil | Value::Cell(_) => "nil",
            Value::Boolean(_) => "boolean",
            Value::Integer(_) | Value::Float(_) | Value::Fixed(_) => "number",
            Value::String(_) => "string",
            Value::Table(_) => "table",
            Value::Closure(_) | Value::Native(_) => "function",
            Value::Coroutine(_) => "thread",
            Value::Null => "null",
        }
    }

    /// The number, if it is one.
    #[must_use]
    #[inline]
    pub const fn as_numeral(self) -> Option<Numeral> {
        match self {
            Value::Integer(integer) => Some(Numeral::Integer(integer)),
            Value::Float(float) => Some(Numeral::Float(float)),
            Value::Fixed(steps) => Some(Numeral::Fixed(steps)),
            _ => None,
        }
    }

    /// Whether two values are the same without asking metamethods. Integers and floats of equal value are.
    #[must_use]
    #[inline]
    pub fn raw_equal(self, other: Value) -> bool {
        match (self, other) {
            (Value::Integer(left), Value::Integer(right)) => left == right,
            (Value::String(left), Value::String(right)) => left == right,
            (Value::Nil, Value::Nil) | (Value::Null, Value::Null) => true,
            (Value::Boolean(left), Value::Boolean(right)) => left == right,
            (Value::Table(left), Value::Table(right)) => left == right,
            (Value::Float(left), Value::Float(right)) => left == right,
            (Value::Fixed(left), Value::Fixed(right)) => left == right,
            (Value::Integer(integer), Value::Float(float))
            | (Value::Float(float), Value::Integer(integer)) => {
                binary64::to_i64_exact(float) == Ok(integer)
            }
            (Value::Closure(left), Value::Closure(right)) => left == right,
            (Value::Native(left), Value::Native(right)) => left == right,
            (Value::Coroutine(left), Value::Coroutine(right)) => left == right,
            _ => false,
        }
    }

    /// The value as a key: a float that is an integer becomes the integer.
    #[must_use]
    #[inline]
    pub fn normalised_key(self) -> Value {
        match self {
            Value::Float(float) => binary64::to_i64_exact(float).map_or(self, Value::Integer),
            _ => self,
        }
    }

    /// Whether two normalised keys are the same.
    #[inline]
    pub(crate) fn same_key(self, other: Value) -> bool {
        match (self, other) {
            (Value::String(left), Value::String(right)) => left == right,
            (Value::Integer(left), Value::Integer(right)) => left == right,
            (Value::Float(left), Value::Float(right)) => left == right,
            _ => self.raw_equal(other),
        }
    }

    /// Tag and payload, for hashes of keys.
    #[inline]
    pub(crate) fn bits(self) -> (u8, u64) {
        match self {
            Value::Nil => (0, 0),
            Value::Boolean(value) => (1, u64::from(value)),
            Value::Integer(integer) => (2, integer.cast_unsigned()),
            Value::Float(float) => (3, binary64::canonical_bits(float)),
            Value::Fixed(steps) => (4, steps.cast_unsigned()),
            Value::String(id) => (5, u64::from(id.0)),
            Value::Table(id) => (6, u64::from(id.0)),
            Value::Closure(id) => (7, u64::from(id.0)),
            Value::Native(id) => (8, u64::from(id.0)),
            Value::Coroutine(id) => (9, u64::from(id.0)),
            Value::Null => (10, 0),
            Value::Cell(id) => (11, u64::from(id.0)),
        }
    }
}

impl From<Numeral> for Value {
    #[inline]
    fn from(numeral: Numeral) -> Value {
        match numeral {
            Numeral::Integer(integer) => Value::Integer(integer),
            Numeral::Float(float) => Value::Float(float),
            Numeral::Fixed(steps) => Value::Fixed(steps),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Boolean(value)
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Value {
        Value::Integer(integer)
    }
}
