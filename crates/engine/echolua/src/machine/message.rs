//! Error messages that programs can see: fixed templates; scripts get the line and the variable's name as in Lua.
//!
//! Tests: `tests/it/language.rs`.

use super::meaning::Wrong;
use super::{Fault, Vm, event};
use crate::arithmetic::Trap;
use crate::value::Value;
use alloc::format;
use alloc::string::String;

impl Vm {
    /// The type of a value as messages name it: `__name` of its metatable, or the type.
    pub(crate) fn type_of(&mut self, value: Value) -> String {
        if let Value::Table(_) = value
            && let Value::String(name) = self.metamethod(value, event::NAME)
        {
            return String::from_utf8_lossy(self.heap.bytes_of(name)).into_owned();
        }
        String::from(value.type_name())
    }

    /// `source:line: ` of a call that has not returned; 1 is the innermost. Empty for folds and library functions.
    pub(crate) fn place_of(&self, level: usize) -> String {
        if !self.has_places || level == 0 {
            return String::new();
        }
        if self.is_twin() {
            let found = self
                .twin_lines
                .iter()
                .rev()
                .nth(level - 1)
                .filter(|(source, _)| !source.is_empty());
            return found.map_or_else(String::new, |(source, line)| format!("{source}:{line}: "));
        }
        let Some(frame) = self
            .frames
            .iter()
            .rev()
            .nth(level - 1)
            .filter(|frame| frame.is_program())
        else {
            return String::new();
        };
        let notes = &self.program.prototypes[frame.prototype as usize].notes;
        if notes.source.is_empty() {
            return String::new();
        }
        let line = notes
            .lines
            .get(frame.pc.saturating_sub(1) as usize)
            .copied()
            .unwrap_or(0);
        format!("{}:{line}: ", notes.source)
    }

    /// An error with the place of the innermost call before its text.
    pub(crate) fn raise(&mut self, text: &str) -> Fault {
        let message = format!("{}{text}", self.place_of(1));
        Fault::Raised(Value::String(self.heap.string(message.as_bytes())))
    }

    /// A text with the place of the running function before it, as `assert` raises its message and `coroutine.wrap` what its
    /// coroutine died of.
    pub(crate) fn with_place(&mut self, value: Value) -> Value {
        let Value::String(id) = value else {
            return value;
        };
        let mut text = self.place_of(1).into_bytes();
        text.extend_from_slice(self.heap.bytes_of(id));
        Value::String(self.heap.string(&text))
    }

    /// An error that is not at any line of the program.
    pub(crate) fn raise_bare(&mut self, text: &str) -> Fault {
        Fault::Raised(Value::String(self.heap.string(text.as_bytes())))
    }

    /// The error that an operation raises; `name` says how an operand is called, such as ` (local 'x')`.
    pub(crate) fn raise_wrong(&mut self, wrong: Wrong, name: impl Fn(u8) -> String) -> Fault {
        let text = match wrong {
            Wrong::Stop(fault) => return fault,
            Wrong::Index(value, key) => {
                let (kind, mut named) = (self.type_of(value), name(0));
                if named.is_empty() && self.has_names {
                    named = self.key_name(key);
                }
                format!("attempt to index a {kind} value{named}")
            }
            Wrong::IndexHandler(value) => {
                format!("attempt to index a {} value", self.type_of(value))
            }
            Wrong::CallHandler(value, event) => {
                let event = super::EVENT_NAMES.get(event).map_or("", |name| &name[2..]);
                let named = if self.has_names {
                    format!(" (metamethod '{event}')")
                } else {
                    String::new()
                };
                format!("attempt to call a {} value{named}", self.type_of(value))
            }
            Wrong::Call(value) => {
                format!("attempt to call a {} value{}", self.type_of(value), name(0))
            }
            Wrong::Arithmetic(operand, value) => {
                format!(
                    "attempt to perform arithmetic on a {} value{}",
                    self.type_of(value),
                    name(operand)
                )
            }
            Wrong::Bitwise(operand, value) => {
                let kind = self.type_of(value);
                format!(
                    "attempt to perform bitwise operation on a {kind} value{}",
                    name(operand)
                )
            }
            Wrong::NoInteger(operand) => {
                format!("number{} has no integer representation", name(operand))
            }
            Wrong::Concat(operand, value) => {
                format!(
                    "attempt to concatenate a {} value{}",
                    self.type_of(value),
                    name(operand)
                )
            }
            Wrong::Length(value) => format!(
                "attempt to get length of a {} value{}",
                self.type_of(value),
                name(0)
            ),
            Wrong::Compare(left, right) => {
                let (left, right) = (self.type_of(left), self.type_of(right));
                if left == right {
                    format!("attempt to compare two {left} values")
                } else {
                    format!("attempt to compare {left} with {right}")
                }
            }
            Wrong::Trap(trap) => String::from(trap_text(trap)),
            Wrong::ChainTooLong(event) => format!("'{event}' chain too long; possible loop"),
            Wrong::NilKey => String::from("table index is nil"),
            Wrong::NanKey => String::from("table index is NaN"),
            Wrong::LoopValue(what, value) => {
                format!(
                    "bad 'for' {what} (number expected, got {})",
                    self.type_of(value)
                )
            }
            Wrong::TextArithmetic(name, left, right) => {
                let (left, right) = (self.type_of(left), self.type_of(right));
                format!("attempt to {name} a '{left}' with a '{right}'")
            }
            Wrong::LoopStep => String::from("'for' step is zero"),
            Wrong::Changed => String::from("a key was added to the table during its traversal"),
            Wrong::TooLong => String::from("string length overflow"),
        };
        self.raise(&text)
    }

    /// How Lua names what is indexed when only the key is known.
    fn key_name(&self, key: Value) -> String {
        match key {
            Value::String(id) => format!(
                " (field '{}')",
                String::from_utf8_lossy(self.heap.bytes_of(id))
            ),
            _ => String::new(),
        }
    }
}

/// The text of an arithmetic error.
pub(crate) const fn trap_text(trap: Trap) -> &'static str {
    match trap {
        Trap::Overflow => "number overflow",
        Trap::DivideByZero => "attempt to divide by zero",
        Trap::ModuloByZero => "attempt to perform 'n%0'",
        Trap::Domain => "the function is not defined for this number",
        Trap::NoInteger => "number has no integer representation",
    }
}
