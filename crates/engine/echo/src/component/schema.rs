//! Schemas: what the fields of a component are, for readers that do not know the Rust type.
//!
//! Scripts, inspectors, diffs and reports of divergence see a component through its schema. A record is a component
//! that has nothing but a schema. Canonical bytes of values are the field types' work (`plain`).
//!
//! INVARIANT: fields that pass [`Schema::new`] have distinct names, no gaps and a size of at most
//! [`Schema::SIZE_MAX`] bytes.
//! Bytes: `docs/formats/world.md`. Tests: `tests/it/component.rs`.

use super::Plain;
use crate::Entity;
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use gatos_numbers::{Q32, binary64};
use gatos_values::Blake3Digest;

/// What one element of a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum FieldKind {
    /// An unsigned byte.
    U8 = 1,
    /// An unsigned integer of 16 bits.
    U16 = 2,
    /// An unsigned integer of 32 bits.
    U32 = 3,
    /// An unsigned integer of 64 bits.
    U64 = 4,
    /// An unsigned integer of 128 bits.
    U128 = 5,
    /// A signed byte.
    I8 = 6,
    /// A signed integer of 16 bits.
    I16 = 7,
    /// A signed integer of 32 bits.
    I32 = 8,
    /// A signed integer of 64 bits.
    I64 = 9,
    /// A signed integer of 128 bits.
    I128 = 10,
    /// IEEE binary32.
    F32 = 11,
    /// IEEE binary64.
    F64 = 12,
    /// One byte, 0 or 1.
    Bool = 13,
    /// A fixed-point number, Q32.32.
    Q32 = 14,
    /// A handle of an entity: index and generation, four bytes each.
    Entity = 15,
}

impl FieldKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: &'static [FieldKind] = &[
        FieldKind::U8,
        FieldKind::U16,
        FieldKind::U32,
        FieldKind::U64,
        FieldKind::U128,
        FieldKind::I8,
        FieldKind::I16,
        FieldKind::I32,
        FieldKind::I64,
        FieldKind::I128,
        FieldKind::F32,
        FieldKind::F64,
        FieldKind::Bool,
        FieldKind::Q32,
        FieldKind::Entity,
    ];

    /// Size of one element in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            FieldKind::U8 | FieldKind::I8 | FieldKind::Bool => 1,
            FieldKind::U16 | FieldKind::I16 => 2,
            FieldKind::U32 | FieldKind::I32 | FieldKind::F32 => 4,
            FieldKind::U64
            | FieldKind::I64
            | FieldKind::F64
            | FieldKind::Q32
            | FieldKind::Entity => 8,
            FieldKind::U128 | FieldKind::I128 => 16,
        }
    }

    /// The word for the kind, as scripts write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            FieldKind::U8 => "u8",
            FieldKind::U16 => "u16",
            FieldKind::U32 => "u32",
            FieldKind::U64 => "u64",
            FieldKind::U128 => "u128",
            FieldKind::I8 => "i8",
            FieldKind::I16 => "i16",
            FieldKind::I32 => "i32",
            FieldKind::I64 => "i64",
            FieldKind::I128 => "i128",
            FieldKind::F32 => "f32",
            FieldKind::F64 => "f64",
            FieldKind::Bool => "bool",
            FieldKind::Q32 => "q32",
            FieldKind::Entity => "entity",
        }
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<FieldKind> {
        FieldKind::ALL
            .iter()
            .copied()
            .find(|kind| *kind as u8 == number)
    }

    /// Reads one element; `None` for bytes that are not canonical.
    #[must_use]
    pub fn read(self, bytes: &[u8]) -> Option<FieldValue> {
        Some(match self {
            FieldKind::U8 => FieldValue::Unsigned(u8::read(bytes)?.into()),
            FieldKind::U16 => FieldValue::Unsigned(u16::read(bytes)?.into()),
            FieldKind::U32 => FieldValue::Unsigned(u32::read(bytes)?.into()),
            FieldKind::U64 => FieldValue::Unsigned(u64::read(bytes)?.into()),
            FieldKind::U128 => FieldValue::Unsigned(u128::read(bytes)?),
            FieldKind::I8 => FieldValue::Signed(i8::read(bytes)?.into()),
            FieldKind::I16 => FieldValue::Signed(i16::read(bytes)?.into()),
            FieldKind::I32 => FieldValue::Signed(i32::read(bytes)?.into()),
            FieldKind::I64 => FieldValue::Signed(i64::read(bytes)?.into()),
            FieldKind::I128 => FieldValue::Signed(i128::read(bytes)?),
            FieldKind::F32 => FieldValue::Float(f32::read(bytes)?.into()),
            FieldKind::F64 => FieldValue::Float(f64::read(bytes)?),
            FieldKind::Bool => FieldValue::Bool(bool::read(bytes)?),
            FieldKind::Q32 => FieldValue::Q32(Q32::read(bytes)?),
            FieldKind::Entity => FieldValue::Entity(Entity::read(bytes)?),
        })
    }
}

impl fmt::Display for FieldKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// The value of one element of a field, whatever its size.
#[derive(Clone, Copy, Debug)]
pub enum FieldValue {
    /// An unsigned integer.
    Unsigned(u128),
    /// A signed integer.
    Signed(i128),
    /// A float; of binary32 the same value.
    Float(f64),
    /// False or true.
    Bool(bool),
    /// A fixed-point number.
    Q32(Q32),
    /// A handle of an entity.
    Entity(Entity),
}

impl fmt::Display for FieldValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldValue::Unsigned(value) => write!(formatter, "{value}"),
            FieldValue::Signed(value) => write!(formatter, "{value}"),
            FieldValue::Float(value) => write!(formatter, "{}", binary64::shortest(*value)),
            FieldValue::Bool(value) => write!(formatter, "{value}"),
            FieldValue::Q32(value) => write!(formatter, "{value}"),
            FieldValue::Entity(value) => write!(formatter, "{value}"),
        }
    }
}

/// One field of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name: the Rust name, or the digits of its place in a tuple.
    pub name: Cow<'static, str>,
    /// What its elements are.
    pub kind: FieldKind,
    /// Number of elements; 1 but for arrays.
    pub count: u32,
}

impl Field {
    /// The field of a Rust type.
    #[must_use]
    pub const fn of<T: Plain>(name: &'static str) -> Field {
        Field {
            name: Cow::Borrowed(name),
            kind: T::KIND,
            count: T::COUNT,
        }
    }

    /// A field made at run time.
    #[must_use]
    pub fn new(name: &str, kind: FieldKind, count: u32) -> Field {
        Field {
            name: Cow::Owned(name.to_string()),
            kind,
            count,
        }
    }

    /// Size in bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.kind.size().saturating_mul(self.count as usize)
    }
}

/// Why fields are no schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// A name that is empty, too long or holds other characters than letters, digits and `_`.
    #[error("`{name}` is no name of a field: 1 to 64 ASCII letters, digits and `_`")]
    FieldName {
        /// The name.
        name: String,
    },
    /// Two fields of one name.
    #[error("the field `{name}` occurs twice")]
    FieldTwice {
        /// The name.
        name: String,
    },
    /// A field without elements.
    #[error("the field `{name}` has no elements")]
    FieldEmpty {
        /// The name.
        name: String,
    },
    /// More fields or bytes than allowed.
    #[error("{fields} fields of {size} bytes are more than {fields_max} fields of {size_max} bytes", fields_max = Schema::FIELDS_MAX, size_max = Schema::SIZE_MAX)]
    TooLarge {
        /// Number of fields.
        fields: usize,
        /// Size in bytes.
        size: usize,
    },
}

/// The fields of a component, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    fields: Vec<Field>,
    size: usize,
}

impl Schema {
    /// Most fields a component may have.
    pub const FIELDS_MAX: usize = 256;
    /// Most bytes a component may have.
    pub const SIZE_MAX: usize = 65_536;
    const NAME_SIZE_MAX: usize = 64;

    /// Checks the fields.
    ///
    /// # Errors
    /// [`SchemaError`].
    pub fn new(fields: &[Field]) -> Result<Schema, SchemaError> {
        let size = fields
            .iter()
            .fold(0usize, |size, field| size.saturating_add(field.size()));
        if fields.len() > Schema::FIELDS_MAX || size > Schema::SIZE_MAX {
            return Err(SchemaError::TooLarge {
                fields: fields.len(),
                size,
            });
        }
        for (index, field) in fields.iter().enumerate() {
            check_field(field, &fields[..index])?;
        }
        Ok(Schema {
            fields: fields.to_vec(),
            size,
        })
    }

    /// The fields in the order of their bytes.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Size of a row in bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The place of a field in the bytes of a row, with the field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<(usize, &Field)> {
        let mut offset = 0;
        for field in &self.fields {
            if field.name == name {
                return Some((offset, field));
            }
            offset += field.size();
        }
        None
    }

    /// Whether the bytes are canonical for these fields.
    #[must_use]
    pub fn accepts(&self, bytes: &[u8]) -> bool {
        bytes.len() == self.size && self.elements(bytes).all(|(_, _, value)| value.is_some())
    }

    /// The row as text, for reports: `x=1.0 y=2.0 tags=[1 2]`.
    #[must_use]
    pub fn describe(&self, bytes: &[u8]) -> String {
        let mut text = String::new();
        for (field, index, value) in self.elements(bytes) {
            let is_first = index == 0;
            if is_first {
                text.push_str(if text.is_empty() { "" } else { " " });
                text.push_str(&field.name);
                text.push_str(if field.count > 1 { "=[" } else { "=" });
            } else {
                text.push(' ');
            }
            match value {
                Some(value) => text.push_str(&value.to_string()),
                None => text.push('?'),
            }
            if field.count > 1 && index + 1 == field.count {
                text.push(']');
            }
        }
        text
    }

    /// Every element with its field, its index in the field and its value.
    fn elements<'a>(
        &'a self,
        bytes: &'a [u8],
    ) -> impl Iterator<Item = (&'a Field, u32, Option<FieldValue>)> {
        let mut rest = bytes;
        self.fields
            .iter()
            .flat_map(|field| (0..field.count).map(move |index| (field, index)))
            .map(move |(field, index)| {
                let (head, tail) = rest
                    .split_at_checked(field.kind.size())
                    .unwrap_or((&[], &[]));
                rest = tail;
                (field, index, field.kind.read(head))
            })
    }

    /// The bytes of the schema: number of fields, then for each the size of its name, name, kind and count.
    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        output.extend((self.fields.len() as u64 as u16).to_le_bytes());
        for field in &self.fields {
            output.push(field.name.len() as u8);
            output.extend(field.name.as_bytes());
            output.push(field.kind as u8);
            output.extend(field.count.to_le_bytes());
        }
    }

    /// The digest of the schema's bytes.
    #[must_use]
    pub fn digest(&self) -> Blake3Digest {
        let mut bytes = Vec::new();
        self.encode(&mut bytes);
        Blake3Digest::of(&bytes)
    }
}

fn check_field(field: &Field, before: &[Field]) -> Result<(), SchemaError> {
    let name = &*field.name;
    let is_fine = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if name.is_empty() || name.len() > Schema::NAME_SIZE_MAX || !is_fine {
        return Err(SchemaError::FieldName { name: name.into() });
    }
    if before.iter().any(|other| other.name == field.name) {
        return Err(SchemaError::FieldTwice { name: name.into() });
    }
    if field.count == 0 {
        return Err(SchemaError::FieldEmpty { name: name.into() });
    }
    Ok(())
}
