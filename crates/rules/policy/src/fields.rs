//! Reading the fields of a signed document by name, so that a wrong or missing one is named.
//!
//! Unknown fields are found by the caller, who encodes again what it read and compares the bytes.
//! Tests: with the documents, tests/it/audit.rs and tests/it/epoch.rs.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::Display;
use core::str::FromStr;

use gatos_values::{Map, Text, Value};

/// The fields of a document, read by name.
pub(crate) struct Reader<'a>(&'a Map);

impl<'a> Reader<'a> {
    /// The fields of `what`, if it is a map.
    pub(crate) fn top(value: &'a Value, what: &str) -> Result<Reader<'a>, FieldError> {
        value
            .as_map()
            .map(Reader)
            .ok_or_else(|| field(what, "is not a map"))
    }

    /// The fields of a map.
    pub(crate) fn of(map: &'a Map) -> Reader<'a> {
        Reader(map)
    }

    /// A field that may be absent.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name)
    }

    pub(crate) fn required(&self, name: &str) -> Result<&'a Value, FieldError> {
        self.get(name).ok_or_else(|| field(name, "is missing"))
    }

    pub(crate) fn value_text(&self, name: &str) -> Result<Text, FieldError> {
        match self.required(name)? {
            Value::Text(text) => Ok(text.clone()),
            _ => Err(field(name, "is not a string")),
        }
    }

    pub(crate) fn text(&self, name: &str) -> Result<&'a str, FieldError> {
        self.required(name)?
            .as_str()
            .ok_or_else(|| field(name, "is not a string"))
    }

    pub(crate) fn parsed<T>(&self, name: &str) -> Result<T, FieldError>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.text(name)?
            .parse()
            .map_err(|error: T::Err| field(name, &format!("is wrong: {error}")))
    }

    pub(crate) fn optional<T>(&self, name: &str) -> Result<Option<T>, FieldError>
    where
        T: FromStr,
        T::Err: Display,
    {
        match self.get(name) {
            None => Ok(None),
            Some(_) => self.parsed(name).map(Some),
        }
    }

    pub(crate) fn unsigned(&self, name: &str) -> Result<u64, FieldError> {
        self.required(name)?
            .as_integer()
            .and_then(|integer| u64::try_from(integer).ok())
            .ok_or_else(|| field(name, "is not an integer from 0 to 2^64 - 1"))
    }
}

fn field(name: &str, reason: &str) -> FieldError {
    FieldError::new(name, reason)
}

/// A field of a document that is missing, unknown, of the wrong kind or has a value it cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field `{field}` {reason}")]
pub struct FieldError {
    /// Which.
    pub field: String,
    /// What is wrong.
    pub reason: String,
}

impl FieldError {
    pub(crate) fn new(field: &str, reason: &str) -> FieldError {
        FieldError {
            field: field.to_string(),
            reason: reason.to_string(),
        }
    }
}
