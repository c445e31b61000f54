//! Reading a `.rgf`: canonical CBOR back to a fold, with the checks of the compiler.
//!
//! A program (kind `elc`) is read by `program`. Reducers: the bytes are turned into the nodes that the YAML layer would have produced and compiled again; they are
//! accepted only if that gives the same bytes. So a hostile `.rgf` passes exactly the checks a source passes,
//! and no rule is written twice.
//!
//! INVARIANT: `Fold::decode(bytes)` succeeds only for bytes that some source compiles to.
//!
//! Format: `docs/formats/rgf.md`. TWIN: rgf-fields — `ir/value.rs`. Tests: `rgf/tests.rs`.

#[cfg(test)]
mod tests;

use crate::compile;
use crate::ir::Ir;
use crate::program::{Program, ProgramLimits};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::cbor::{self, CborError};
use gatos_values::{ErrorCode, Glob, Map, Sha256Digest, Text, Value};
use gatos_yaml::Severity;
use gatos_yaml::{Data, Entry, Node, Position};

/// Largest `.rgf` that is read, in bytes.
pub const RGF_SIZE_MAX: usize = 4 * 1024 * 1024;

/// Why bytes are no `.rgf`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RgfError {
    /// Not canonical CBOR.
    #[error("not canonical CBOR: {0}")]
    Cbor(#[from] CborError),
    /// A field is missing, unknown or of the wrong form.
    #[error("not a compiled fold: {0}")]
    Form(&'static str),
    /// The fold breaks a rule that sources must keep.
    #[error("not a valid fold: {0}")]
    Invalid(String),
    /// The fold is well formed, but these are not the bytes it compiles to.
    #[error("not the canonical form of the fold it holds")]
    NotNormal,
}

impl RgfError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        ErrorCode::BadFold
    }
}

/// A fold ready to run.
#[derive(Clone, Debug)]
pub struct Fold {
    /// Reducers and emissions; a program has none.
    pub(crate) ir: Ir,
    pub(crate) program: Option<Arc<Program>>,
    bytes: Vec<u8>,
    root: Sha256Digest,
}

impl Fold {
    /// Reads a `.rgf`.
    ///
    /// # Errors
    /// [`RgfError`] for anything the compiler would not have written.
    pub fn decode(bytes: &[u8]) -> Result<Fold, RgfError> {
        let value = cbor::decode(bytes, RGF_SIZE_MAX)?;
        if let Some(map) = value.as_map()
            && map.get("kind").and_then(Value::as_str) == Some("elc")
        {
            return Fold::of_program(Program::decode(map)?, bytes);
        }
        let node = source_of(&value)?;
        let (ir, _) = compile::compile_node(&node).map_err(|findings| {
            let error = findings
                .iter()
                .find(|finding| finding.severity == Severity::Error);
            RgfError::Invalid(error.map_or_else(String::new, |finding| finding.message.clone()))
        })?;
        if compile::encode(&ir).as_deref() != Ok(bytes) {
            return Err(RgfError::NotNormal);
        }
        Ok(Fold {
            ir,
            program: None,
            bytes: bytes.to_vec(),
            root: Sha256Digest::of(bytes),
        })
    }

    fn of_program(program: Program, bytes: &[u8]) -> Result<Fold, RgfError> {
        if program.encode().as_deref() != Ok(bytes) {
            return Err(RgfError::NotNormal);
        }
        Ok(Fold {
            ir: Ir {
                inputs: program.declared.inputs.clone(),
                reducers: Vec::new(),
                emits: Vec::new(),
                privileged: program.declared.privileged,
            },
            program: Some(Arc::new(program)),
            bytes: bytes.to_vec(),
            root: Sha256Digest::of(bytes),
        })
    }

    /// The fold with the lines and names that [`crate::Compiled::map`] holds, for reports of errors. Results are the same
    /// without.
    ///
    /// # Errors
    /// [`RgfError`] for the map of another fold, or of one without a program.
    pub fn with_map(mut self, map: &[u8]) -> Result<Fold, RgfError> {
        let Some(program) = &self.program else {
            return Err(RgfError::Form("a map of lines beside a fold of reducers"));
        };
        self.program = Some(Arc::new(program.with_map(map)?));
        Ok(self)
    }

    /// What the fold is made of: `reducers`, or `elc` for a program.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        if self.program.is_some() {
            "elc"
        } else {
            "reducers"
        }
    }

    /// The functions that a program is run by, in the order they are called; none for folds of reducers.
    #[must_use]
    pub fn functions(&self) -> &'static [&'static str] {
        let Some(program) = &self.program else {
            return &[];
        };
        match (program.declared.has_batch, program.declared.has_stream) {
            (true, true) => &["fold", "init", "step", "emit"],
            (true, false) => &["fold"],
            (false, _) => &["init", "step", "emit"],
        }
    }

    /// The limits of a program; none for folds of reducers, which need none.
    #[must_use]
    pub fn limits(&self) -> Option<ProgramLimits> {
        self.program.as_ref().map(|program| program.declared.limits)
    }

    /// Whether every run must see all events, because the fold keeps no state between runs.
    #[must_use]
    pub fn needs_all_events(&self) -> bool {
        self.program
            .as_ref()
            .is_some_and(|program| program.needs_all())
    }

    /// The `.rgf` bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the bytes: the `fold_root` of events, checkpoints and proofs.
    #[must_use]
    pub fn fold_root(&self) -> Sha256Digest {
        self.root
    }

    /// Patterns over journal names (`gatos/journal/…`); `None` means the namespace the fold is installed in.
    #[must_use]
    pub fn inputs(&self) -> Option<&[Glob]> {
        self.ir.inputs.as_deref()
    }

    /// Names of the reducers, in order.
    pub fn reducer_names(&self) -> impl Iterator<Item = &str> {
        self.ir.reducers.iter().map(|reducer| reducer.name.as_str())
    }

    /// Whether some reducer depends on the order of events: its states cannot be joined.
    #[must_use]
    pub fn needs_order(&self) -> bool {
        self.program.is_some()
            || self
                .ir
                .reducers
                .iter()
                .any(|reducer| reducer.shape.needs_order())
    }

    /// Whether checkpoints of this fold need a proof.
    #[must_use]
    pub fn is_privileged(&self) -> bool {
        self.ir.privileged
    }

    /// The merge contract: emitted path (with `*` for keys) → kind whose lattice merges it. A path that is not
    /// in it merges by no lattice.
    #[must_use]
    pub fn merge_contract(&self) -> Map {
        if let Some(program) = &self.program {
            return program.declared.merge.clone();
        }
        crate::ir::merge_contract(&self.ir)
    }
}

/// The nodes a source of this fold would consist of.
fn source_of(value: &Value) -> Result<Node, RgfError> {
    let Value::Map(map) = value else {
        return Err(RgfError::Form("not a map"));
    };
    if map.get("kind").and_then(Value::as_str) != Some("reducers") {
        return Err(RgfError::Form("`kind` is neither `reducers` nor `elc`"));
    }
    let mut entries = Vec::new();
    for (key, value) in map {
        match key.as_str() {
            "kind" => {}
            "v" => entries.push(entry("version", plain(value)?)),
            "code" => entries.push(entry("reducers", reducers(value)?)),
            "emit" => entries.push(entry("emit", emits(value)?)),
            "inputs" if value.is_null() => {}
            _ => entries.push(Entry {
                position: Position::START,
                key: key.clone(),
                value: plain(value)?,
            }),
        }
    }
    Ok(node(Data::Map(entries)))
}

fn reducers(value: &Value) -> Result<Node, RgfError> {
    let Value::List(items) = value else {
        return Err(RgfError::Form("`code` is not a list"));
    };
    items
        .iter()
        .map(reducer)
        .collect::<Result<_, _>>()
        .map(|items| node(Data::List(items)))
}

/// A reducer, a nested kind or an operation: `where` lists become maps, nulls vanish.
fn reducer(value: &Value) -> Result<Node, RgfError> {
    let Value::Map(map) = value else {
        return Err(RgfError::Form("a reducer is not a map"));
    };
    let nests = map.get("kind").and_then(Value::as_str) == Some("map-join");
    let mut entries = Vec::new();
    for (key, value) in map {
        let value = match (key.as_str(), value) {
            (_, Value::Null) => continue,
            ("where", value) => match conditions(value)? {
                None => continue,
                Some(node) => node,
            },
            ("add" | "remove" | "inc" | "dec" | "delete", value @ Value::Map(_)) => {
                operation(value)?
            }
            ("value", value @ Value::Map(_)) if nests => reducer(value)?,
            (_, value) => plain(value)?,
        };
        entries.push(Entry {
            position: Position::START,
            key: key.clone(),
            value,
        });
    }
    Ok(node(Data::Map(entries)))
}

fn operation(value: &Value) -> Result<Node, RgfError> {
    let Value::Map(map) = value else {
        return Err(RgfError::Form("an operation is not a map"));
    };
    let mut entries = Vec::new();
    for (key, value) in map {
        let value = match (key.as_str(), value) {
            // An operation without conditions is written as an empty map, which `delete` does not take.
            ("where", value) => conditions(value)?.unwrap_or_else(|| node(Data::Map(Vec::new()))),
            (_, value) => plain(value)?,
        };
        entries.push(Entry {
            position: Position::START,
            key: key.clone(),
            value,
        });
    }
    Ok(node(Data::Map(entries)))
}

/// `[[subject, comparison, operand], …]` as the map a source has; `None` for the empty list.
fn conditions(value: &Value) -> Result<Option<Node>, RgfError> {
    let wrong = || RgfError::Form("`where` is not a list of [subject, comparison, operand]");
    let Value::List(items) = value else {
        return Err(wrong());
    };
    let mut entries: Vec<Entry> = Vec::new();
    for item in items {
        let Some([Value::Text(subject), Value::Text(comparison), operand]) = item.as_list() else {
            return Err(wrong());
        };
        let operand = plain(operand)?;
        if comparison.as_str() == "glob" {
            entries.push(Entry {
                position: Position::START,
                key: subject.clone(),
                value: operand,
            });
            continue;
        }
        let test = Entry {
            position: Position::START,
            key: comparison.clone(),
            value: operand,
        };
        match entries.last_mut() {
            Some(Entry {
                key,
                value:
                    Node {
                        data: Data::Map(tests),
                        ..
                    },
                ..
            }) if key == subject => tests.push(test),
            _ => {
                let value = node(Data::Map(Vec::from([test])));
                entries.push(Entry {
                    position: Position::START,
                    key: subject.clone(),
                    value,
                });
            }
        }
    }
    Ok((!entries.is_empty()).then(|| node(Data::Map(entries))))
}

fn emits(value: &Value) -> Result<Node, RgfError> {
    let Value::List(items) = value else {
        return Err(RgfError::Form("`emit` is not a list"));
    };
    let mut nodes = Vec::new();
    for item in items {
        let Value::Map(map) = item else {
            return Err(RgfError::Form("an emission is not a map"));
        };
        let present = map.iter().filter(|(_, value)| !value.is_null());
        let entries: Result<Vec<Entry>, RgfError> = present
            .map(|(key, value)| {
                Ok(Entry {
                    position: Position::START,
                    key: key.clone(),
                    value: plain(value)?,
                })
            })
            .collect();
        nodes.push(node(Data::Map(entries?)));
    }
    Ok(node(Data::List(nodes)))
}

/// A value as the node it would be in a source. Depth is bounded by the CBOR decoder.
fn plain(value: &Value) -> Result<Node, RgfError> {
    Ok(node(match value {
        Value::Null => Data::Null,
        Value::Bool(value) => Data::Bool(*value),
        Value::Integer(_) | Value::Fixed(_) => match value.as_number() {
            Some(number) => Data::Number(number),
            None => return Err(RgfError::Form("a number without a value")),
        },
        Value::Text(text) => Data::Text(text.clone()),
        Value::Bytes(_) => return Err(RgfError::Form("bytes where a source has none")),
        Value::List(items) => Data::List(items.iter().map(plain).collect::<Result<_, _>>()?),
        Value::Map(map) => Data::Map(
            map.iter()
                .map(|(key, value)| {
                    Ok(Entry {
                        position: Position::START,
                        key: key.clone(),
                        value: plain(value)?,
                    })
                })
                .collect::<Result<_, RgfError>>()?,
        ),
    }))
}

fn entry(key: &'static str, value: Node) -> Entry {
    Entry {
        position: Position::START,
        key: Text::from_ascii(key),
        value,
    }
}

fn node(data: Data) -> Node {
    Node {
        position: Position::START,
        data,
    }
}
