//! Values that a fold keeps between two runs: out of the machine as one canonical value, and back to the very same.
//!
//! JSON is too narrow for that: a table may have a hole, integer and text keys side by side, and the behaviour of one
//! of the library's classes. A table becomes `[shape, class, length, key, value, …]`: what it is as JSON (0 by its keys,
//! 1 list, 2 map), whose methods it has (0 nobody's, then [`CLASSES`]), how long its list part is, and its pairs in the
//! total order of keys. Text is text, other strings are bytes, `json.null` is null, numbers are themselves.
//!
//! A kept value is a tree: a table that stands twice would be two tables afterwards, so it is refused, as are
//! functions and metatables of the program's own.
//!
//! INVARIANT: `keep` gives one value for what a program cannot tell apart, and `revive(keep(v))` behaves as `v`;
//! `revive` accepts nothing that `keep` does not give.
//! Format: `docs/formats/checkpoint.md`. Tests: `tests/it/kept.rs`.

use super::bridge::{self, BridgeError, Room};
use crate::machine::Vm;
use crate::table::Shape;
use crate::value::{TableId, Value};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_values::{Text, Value as Plain};

/// Classes of the library whose objects can be kept, by number from 1: names of hidden members of its globals.
pub(super) const CLASSES: [&str; 4] = ["class or_set", "class two_phase", "class g", "class pn"];

/// Deepest nesting of tables that is kept.
pub const KEPT_DEPTH_MAX: usize = 100;

/// Places before the pairs of a table.
const HEAD: usize = 3;

/// Why a value cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeepError {
    /// A value without a form.
    #[error("a {kind} cannot be kept (at `{path}`)")]
    Kind {
        /// What it is.
        kind: &'static str,
        /// Where it stands.
        path: String,
    },
    /// A metatable that is none of the library's.
    #[error("a table with a metatable of its own cannot be kept (at `{path}`)")]
    Metatable {
        /// Where it stands.
        path: String,
    },
    /// One table in two places.
    #[error(
        "one table stands in two places, the second is `{path}`: it would be two tables after the next run"
    )]
    Shared {
        /// The second place.
        path: String,
    },
    /// A string that stands in many places is kept once for each, and that is more than the limit of memory.
    #[error("kept, the state is larger than the limit of memory (at `{path}`)")]
    TooLarge {
        /// Where it became too large.
        path: String,
    },
    /// Nesting beyond [`KEPT_DEPTH_MAX`].
    #[error("tables nest deeper than {KEPT_DEPTH_MAX}")]
    TooDeep,
    /// A value that no machine keeps in this form.
    #[error("no kept value: {0}")]
    Form(&'static str),
}

impl Vm {
    /// The canonical form of a value.
    ///
    /// # Errors
    /// [`KeepError`] for what would not be the same afterwards.
    pub fn keep(&self, value: Value) -> Result<Plain, KeepError> {
        self.keep_apart(value, BTreeSet::new())
    }

    /// As [`Vm::keep`], of a value that must not lead to any of these tables.
    pub(super) fn keep_apart(
        &self,
        value: Value,
        seen: BTreeSet<TableId>,
    ) -> Result<Plain, KeepError> {
        let mut keeper = Keeper {
            vm: self,
            classes: self.kept_classes(),
            seen,
            room: Room::of(self),
            path: String::from("state"),
        };
        keeper.value(value, 0)
    }

    /// The value with this canonical form.
    ///
    /// # Errors
    /// [`KeepError::Form`] for anything [`Vm::keep`] does not give.
    pub fn revive(&mut self, plain: &Plain) -> Result<Value, KeepError> {
        let classes = self.kept_classes();
        revive(self, &classes, plain, 0)
    }

    fn kept_classes(&self) -> [Option<TableId>; CLASSES.len()] {
        CLASSES.map(|name| match self.hidden_member(name) {
            Value::Table(table) => Some(table),
            _ => None,
        })
    }

    /// A member of the globals that programs have no name for.
    pub(super) fn hidden_member(&self, name: &str) -> Value {
        let mut pairs = self.heap.table(self.globals).pairs();
        pairs
            .find(|(key, _)| self.bytes(*key) == Some(name.as_bytes()))
            .map_or(Value::Nil, |(_, value)| value)
    }
}

struct Keeper<'a> {
    vm: &'a Vm,
    classes: [Option<TableId>; CLASSES.len()],
    seen: BTreeSet<TableId>,
    room: Room,
    /// Where the value stands, for errors.
    path: String,
}

impl Keeper<'_> {
    fn value(&mut self, value: Value, depth: usize) -> Result<Plain, KeepError> {
        let size = self.vm.bytes(value).map_or(0, <[u8]>::len);
        if !self.room.take(size) {
            return Err(KeepError::TooLarge {
                path: self.path.clone(),
            });
        }
        match value {
            Value::Table(table) => match self.vm.wide_number(table) {
                Some(number) => Ok(number),
                None => self.table(table, depth),
            },
            Value::String(id) => Ok(plain_string(self.vm.heap.bytes_of(id))),
            other => match self.vm.export(other) {
                Ok(plain) => Ok(plain),
                Err(BridgeError::Kind(_)) if other.is_nil() => self.refuse("nil"),
                Err(_) => self.refuse(other.type_name()),
            },
        }
    }

    fn refuse(&self, kind: &'static str) -> Result<Plain, KeepError> {
        Err(KeepError::Kind {
            kind,
            path: self.path.clone(),
        })
    }

    fn table(&mut self, id: TableId, depth: usize) -> Result<Plain, KeepError> {
        if depth >= KEPT_DEPTH_MAX {
            return Err(KeepError::TooDeep);
        }
        if !self.seen.insert(id) {
            return Err(KeepError::Shared {
                path: self.path.clone(),
            });
        }
        let class = self.class_of(id)?;
        let table = { self.vm }.heap.table(id);
        let mut pairs = Vec::new();
        let length = self.path.len();
        for (key, value) in table.pairs() {
            let step = step(self.vm, key);
            self.path.push_str(&step);
            let kept_key = match key {
                Value::Table(_) => self.refuse("table as a key")?,
                key => self.value(key, depth)?,
            };
            pairs.push((kept_key, self.value(value, depth + 1)?));
            self.path.truncate(length);
        }
        pairs.sort_by(|left, right| left.0.cmp(&right.0));
        let shape: u8 = match table.shape {
            Shape::Plain => 0,
            Shape::List => 1,
            Shape::Map => 2,
        };
        let mut items = Vec::with_capacity(HEAD + pairs.len() * 2);
        items.extend([
            Plain::from(shape),
            Plain::from(class),
            Plain::from(table.array.len() as u64),
        ]);
        for (key, value) in pairs {
            items.extend([key, value]);
        }
        Ok(Plain::List(items))
    }

    fn class_of(&self, id: TableId) -> Result<u8, KeepError> {
        let Some(metatable) = self.vm.heap.table(id).metatable else {
            return Ok(0);
        };
        let number = self
            .classes
            .iter()
            .position(|class| *class == Some(metatable));
        match number {
            Some(number) => Ok(number as u8 + 1),
            None => Err(KeepError::Metatable {
                path: self.path.clone(),
            }),
        }
    }
}

/// A key as people write it behind a table's name.
fn step(vm: &Vm, key: Value) -> String {
    match vm.bytes(key) {
        Some(bytes) => format!(".{}", String::from_utf8_lossy(bytes)),
        None => format!("[{}]", vm.show(key)),
    }
}

fn plain_string(bytes: &[u8]) -> Plain {
    let text = core::str::from_utf8(bytes)
        .ok()
        .and_then(|text| Text::new(text).ok());
    text.map_or_else(|| Plain::Bytes(bytes.to_vec()), Plain::Text)
}

fn revive(
    vm: &mut Vm,
    classes: &[Option<TableId>; CLASSES.len()],
    plain: &Plain,
    depth: usize,
) -> Result<Value, KeepError> {
    match plain {
        Plain::List(items) => revive_table(vm, classes, items, depth).map(Value::Table),
        Plain::Map(_) => Err(KeepError::Form("a map")),
        Plain::Bytes(bytes) if matches!(plain_string(bytes), Plain::Text(_)) => {
            Err(KeepError::Form("text as bytes"))
        }
        Plain::Integer(_) | Plain::Fixed(_) => {
            Ok(bridge::import_number(plain).unwrap_or_else(|_| vm.new_wide_number(plain)))
        }
        scalar => vm
            .import(scalar)
            .map_err(|_| KeepError::Form("a value without a form")),
    }
}

fn revive_table(
    vm: &mut Vm,
    classes: &[Option<TableId>; CLASSES.len()],
    items: &[Plain],
    depth: usize,
) -> Result<TableId, KeepError> {
    let small = |index: usize| items.get(index).and_then(Plain::as_integer);
    let (Some(shape), Some(class), Some(length)) = (small(0), small(1), small(2)) else {
        return Err(KeepError::Form("the head of a table"));
    };
    if depth >= KEPT_DEPTH_MAX {
        return Err(KeepError::TooDeep);
    }
    let shape = match shape {
        0 => Shape::Plain,
        1 => Shape::List,
        2 => Shape::Map,
        _ => return Err(KeepError::Form("the shape of a table")),
    };
    let metatable = match usize::try_from(class) {
        Ok(0) => None,
        Ok(number) if number <= classes.len() => classes[number - 1],
        _ => return Err(KeepError::Form("the class of a table")),
    };
    let pairs = items.get(HEAD..).unwrap_or_default();
    // The last place of a list part is never empty, so it is as long as its largest key, and nothing follows it.
    let has_key = |number: i128| {
        let is_it = |pair: &[Plain]| pair[0].as_integer() == Some(number);
        pairs.chunks_exact(2).any(is_it)
    };
    if pairs.len() % 2 != 0
        || !(0..=i128::from(u32::MAX)).contains(&length)
        || (length > 0 && !has_key(length))
        || has_key(length + 1)
    {
        return Err(KeepError::Form("the pairs of a table"));
    }
    let table = vm.heap.new_table();
    let mut last: Option<&Plain> = None;
    let mut values = Vec::new();
    for pair in pairs.chunks_exact(2) {
        if last.is_some_and(|last| *last >= pair[0]) {
            return Err(KeepError::Form("the order of keys"));
        }
        last = Some(&pair[0]);
        let key = match &pair[0] {
            Plain::List(_) => return Err(KeepError::Form("a key")),
            key => revive(vm, classes, key, depth)?,
        };
        if matches!(key, Value::Table(_)) {
            return Err(KeepError::Form("a key"));
        }
        values.push((key, revive(vm, classes, &pair[1], depth + 1)?));
    }
    // Holes are filled for a moment, so that the list part gets its length whatever is missing in it.
    if vm.heap.would_exceed(length as usize * 40) {
        return Err(KeepError::Form("a list part beyond the limit of memory"));
    }
    vm.heap.table_mut(table).reserve(length as usize, 0);
    for index in 1..=length as i64 {
        vm.heap
            .set(table, Value::Integer(index), Value::Boolean(true));
    }
    let mut filled = BTreeSet::new();
    for (key, value) in values {
        if let Value::Integer(index) = key {
            filled.insert(index);
        }
        vm.heap.set(table, key, value);
    }
    for index in 1..=length as i64 {
        if !filled.contains(&index) {
            vm.heap.set(table, Value::Integer(index), Value::Nil);
        }
    }
    let revived = vm.heap.table_mut(table);
    revived.shape = shape;
    revived.metatable = metatable;
    Ok(table)
}
