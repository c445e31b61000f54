//! What a program says about itself: constants that are assigned to certain globals at its top level.
//!
//! `fold`, or `init`, `step` and `emit`, are the program's two forms. The other names say which journals it reads, what it
//! may use, what an error does, and how its files merge. Each is assigned once, alone, outside functions and blocks, so
//! that what is read here is what the program would see.
//!
//! Tests: `tests/it/program.rs`.

use crate::compile::{JOURNAL_PREFIX, PATTERN_COUNT_MAX, sorted_globs};
use crate::path;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use gatos_echolua::elc::{Expression, Item, Module, Statement, Target};
use gatos_echolua::names::EXPORTS;
use gatos_values::{Glob, Map, Text, Value};

/// What `allow` may name.
pub(super) const RNG: &str = "rng";

/// Kinds of lattice that a merge contract may name.
const LATTICES: [&str; 13] = [
    "counter-g",
    "counter-pn",
    "count-by",
    "lww",
    "map-join",
    "map-join-lww",
    "max",
    "min",
    "set-2p",
    "set-g",
    "set-lww",
    "set-or",
    "sum-by",
];

/// Most paths in a merge contract.
const MERGE_COUNT_MAX: usize = 256;

/// Limits of a program. Fuel is for each call of `fold`, `init`, `step` and `emit`, so that it does not matter how many
/// events a run takes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgramLimits {
    /// Fuel of one call, by the weights of ELC.
    pub fuel: u64,
    /// Memory of the machine by the engine's own table of sizes, in bytes.
    pub memory_bytes: u64,
    /// All files together, in bytes.
    pub output_bytes: u64,
    /// Values on the stack of calls.
    pub stack_values: u64,
}

impl Default for ProgramLimits {
    fn default() -> ProgramLimits {
        ProgramLimits {
            fuel: 2_000_000_000,
            memory_bytes: 256 << 20,
            output_bytes: 64 << 20,
            stack_values: 200_000,
        }
    }
}

/// Least and greatest value of each limit, in the order of their names.
const LIMIT_ROWS: [(&str, u64, u64); 4] = [
    ("fuel", 1_000, 1_000_000_000_000),
    ("memory_bytes", 1 << 20, 4 << 30),
    ("output_bytes", 1 << 10, 1 << 30),
    ("stack_values", 1_024, 1_000_000),
];

impl ProgramLimits {
    fn get_mut(&mut self, index: usize) -> &mut u64 {
        match index {
            0 => &mut self.fuel,
            1 => &mut self.memory_bytes,
            2 => &mut self.output_bytes,
            _ => &mut self.stack_values,
        }
    }

    /// Name to value, as the container has it.
    pub(super) fn to_map(self) -> Map {
        let mut limits = self;
        let mut map = Map::new();
        for (index, (name, _, _)) in LIMIT_ROWS.iter().enumerate() {
            map.insert(Text::from_ascii(name), (*limits.get_mut(index)).into());
        }
        map
    }
}

/// What an error in `step` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// The run stops.
    #[default]
    Fail,
    /// The event counts as skipped, and the state is as before.
    Skip,
}

/// Everything a program says about itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Declared {
    /// Whether there is a `fold`.
    pub(crate) has_batch: bool,
    /// Whether there are `init`, `step` and `emit`.
    pub(crate) has_stream: bool,
    pub(crate) inputs: Option<Vec<Glob>>,
    pub(crate) limits: ProgramLimits,
    pub(crate) allows_draws: bool,
    pub(crate) on_error: OnError,
    pub(crate) merge: Map,
    pub(crate) privileged: bool,
}

/// What is wrong with a declaration.
#[derive(Clone, Debug)]
pub(super) struct Mistake {
    /// The global it is about.
    pub(super) name: &'static str,
    pub(super) rule: &'static str,
    pub(super) message: String,
    pub(super) hint: &'static str,
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.message, self.hint)
    }
}

impl Declared {
    /// Reads the declarations of a program.
    pub(super) fn of(module: &Module) -> Result<Declared, Mistake> {
        let assigned = assignments(module)?;
        let mut declared = Declared {
            has_batch: assigned.contains_key("fold"),
            ..Declared::default()
        };
        declared.has_stream = has_stream(&assigned)?;
        if !declared.has_batch && !declared.has_stream {
            return Err(Mistake {
                name: "fold",
                rule: "missing-function",
                message: "there is neither `fold` nor `init`, `step` and `emit`".to_string(),
                hint: "write `function fold(events) … end`",
            });
        }
        for (name, value) in assigned {
            match name {
                "inputs" => declared.inputs = Some(inputs(&constant(name, value)?)?),
                "limits" => declared.limits = limits(&constant(name, value)?)?,
                "allow" => declared.allows_draws = allow(&constant(name, value)?)?,
                "on_error" => declared.on_error = on_error(&constant(name, value)?)?,
                "merge" => declared.merge = merge(&constant(name, value)?)?,
                "privileged" => declared.privileged = privileged(&constant(name, value)?)?,
                _ => {}
            }
        }
        Ok(declared)
    }
}

/// What each of the special globals is assigned, by name.
fn assignments(module: &Module) -> Result<BTreeMap<&'static str, &Expression>, Mistake> {
    let mut found: BTreeMap<&'static str, &Expression> = BTreeMap::new();
    for (index, function) in module.functions.iter().enumerate() {
        let mut wrong = None;
        if index == 0 {
            for statement in &function.body {
                if let Some((name, value)) = sole_assignment(statement) {
                    if found.insert(name, value).is_some() {
                        wrong = Some(name);
                    }
                } else {
                    wrong = wrong.or(misplaced(core::slice::from_ref(statement)));
                }
            }
        } else {
            wrong = misplaced(&function.body);
        }
        if let Some(name) = wrong {
            return Err(Mistake {
                name,
                rule: "declaration",
                message: format!(
                    "`{name}` is assigned twice, together with others, or inside something"
                ),
                hint: "assign it once, alone, outside functions and blocks",
            });
        }
    }
    Ok(found)
}

/// `name = value` with one target, a special global.
fn sole_assignment(statement: &Statement) -> Option<(&'static str, &Expression)> {
    let Statement::Assign { targets, values } = statement else {
        return None;
    };
    match (targets.as_slice(), values.single.as_slice(), &values.rest) {
        ([Target::Export(number)], [value], None) => Some((export(*number), value)),
        ([Target::Export(number)], [], Some(value)) => Some((export(*number), value)),
        _ => None,
    }
}

fn export(number: u32) -> &'static str {
    EXPORTS.get(number as usize).copied().unwrap_or_default()
}

/// A special global that these statements assign, however deep.
fn misplaced(block: &[Statement]) -> Option<&'static str> {
    block.iter().find_map(|statement| match statement {
        Statement::Assign { targets, .. } => targets.iter().find_map(|target| match target {
            Target::Export(number) => Some(export(*number)),
            _ => None,
        }),
        Statement::Do(body)
        | Statement::While { body, .. }
        | Statement::Repeat { body, .. }
        | Statement::NumericFor { body, .. }
        | Statement::GenericFor { body, .. } => misplaced(body),
        Statement::If {
            then, otherwise, ..
        } => misplaced(then).or_else(|| misplaced(otherwise)),
        _ => None,
    })
}

fn has_stream(assigned: &BTreeMap<&'static str, &Expression>) -> Result<bool, Mistake> {
    let parts = ["init", "step", "emit"];
    let missing = parts.iter().find(|part| !assigned.contains_key(*part));
    let present = parts.iter().find(|part| assigned.contains_key(*part));
    match (missing, present) {
        (None, _) => Ok(true),
        (Some(_), None) => Ok(false),
        (Some(missing), Some(present)) => Err(Mistake {
            name: present,
            rule: "missing-function",
            message: format!("there is `{present}`, but no `{missing}`"),
            hint: "the streaming form needs `init`, `step` and `emit`",
        }),
    }
}

/// The value of an expression that is written out.
fn constant(name: &'static str, expression: &Expression) -> Result<Value, Mistake> {
    value_of(expression).ok_or_else(|| Mistake {
        name,
        rule: "declaration",
        message: format!("`{name}` is not a constant"),
        hint: "write its value out: it is read without running the fold",
    })
}

fn value_of(expression: &Expression) -> Option<Value> {
    Some(match expression {
        Expression::Boolean(value) => Value::Bool(*value),
        Expression::Integer(integer) => Value::from(*integer),
        Expression::Text(bytes) => Value::Text(text_of(bytes)?),
        Expression::Table { items, rest, .. } if rest.is_none() => table(items)?,
        _ => return None,
    })
}

fn text_of(bytes: &[u8]) -> Option<Text> {
    Text::new(core::str::from_utf8(bytes).ok()?).ok()
}

/// A list or a map; a table with nothing in it is a list.
fn table(items: &[Item]) -> Option<Value> {
    if items.iter().all(|item| matches!(item, Item::Listed(_))) {
        let values = items.iter().map(|item| match item {
            Item::Listed(value) => value_of(value),
            Item::Keyed(..) => None,
        });
        return Some(Value::List(values.collect::<Option<_>>()?));
    }
    let pairs = items.iter().map(|item| match item {
        Item::Keyed(Expression::Text(key), value) => Some((text_of(key)?, value_of(value)?)),
        _ => None,
    });
    let map = Map::from_entries(pairs.collect::<Option<_>>()?).ok()?;
    Some(Value::Map(map))
}

fn mistake(name: &'static str, message: String, hint: &'static str) -> Mistake {
    Mistake {
        name,
        rule: "declaration",
        message,
        hint,
    }
}

fn inputs(value: &Value) -> Result<Vec<Glob>, Mistake> {
    let hint = "write patterns such as `gatos/journal/finance/**`, or leave `inputs` out";
    let wrong = |message: String| mistake("inputs", message, hint);
    let items = value
        .as_list()
        .filter(|items| !items.is_empty() && items.len() <= PATTERN_COUNT_MAX)
        .ok_or_else(|| {
            wrong(format!(
                "`inputs` is not a list of 1 to {PATTERN_COUNT_MAX} patterns"
            ))
        })?;
    let mut globs = Vec::new();
    for item in items {
        let text = item
            .as_str()
            .ok_or_else(|| wrong("a pattern of `inputs` is not text".to_string()))?;
        let glob = Glob::parse(text, '/').map_err(|error| wrong(error.to_string()))?;
        if !text.starts_with(JOURNAL_PREFIX) {
            return Err(wrong(format!("`{text}` matches no journal")));
        }
        globs.push(glob);
    }
    Ok(sorted_globs(globs))
}

fn limits(value: &Value) -> Result<ProgramLimits, Mistake> {
    let hint = "known limits: fuel, memory_bytes, output_bytes, stack_values";
    let wrong = |message: String| mistake("limits", message, hint);
    let empty = Map::new();
    let map = match value {
        Value::Map(map) => map,
        Value::List(items) if items.is_empty() => &empty,
        _ => {
            return Err(wrong(
                "`limits` is not a table of names and numbers".to_string(),
            ));
        }
    };
    let mut limits = ProgramLimits::default();
    for (name, value) in map {
        let row = LIMIT_ROWS
            .iter()
            .position(|(known, _, _)| *known == name.as_str());
        let row = row.ok_or_else(|| wrong(format!("there is no limit `{name}`")))?;
        let (_, least, greatest) = LIMIT_ROWS[row];
        let number = value
            .as_integer()
            .and_then(|integer| u64::try_from(integer).ok())
            .filter(|number| (least..=greatest).contains(number));
        *limits.get_mut(row) = number.ok_or_else(|| {
            wrong(format!(
                "the limit `{name}` is not an integer from {least} to {greatest}"
            ))
        })?;
    }
    Ok(limits)
}

fn allow(value: &Value) -> Result<bool, Mistake> {
    let hint = "write `allow = {\"rng\"}`, or leave it out";
    match value.as_list() {
        Some([]) => Ok(false),
        Some([one]) if one.as_str() == Some(RNG) => Ok(true),
        _ => Err(mistake(
            "allow",
            "`allow` names something unknown".to_string(),
            hint,
        )),
    }
}

fn on_error(value: &Value) -> Result<OnError, Mistake> {
    match value.as_str() {
        Some("fail") => Ok(OnError::Fail),
        Some("skip") => Ok(OnError::Skip),
        _ => Err(mistake(
            "on_error",
            "`on_error` is neither \"fail\" nor \"skip\"".to_string(),
            "write `on_error = \"skip\"`, or leave it out to stop at an error",
        )),
    }
}

fn privileged(value: &Value) -> Result<bool, Mistake> {
    match value {
        Value::Bool(value) => Ok(*value),
        _ => Err(mistake(
            "privileged",
            "`privileged` is neither true nor false".to_string(),
            "write `privileged = true`, or leave it out",
        )),
    }
}

fn merge(value: &Value) -> Result<Map, Mistake> {
    let hint = "write `merge = {[\"state/invoices.json\"] = \"map-join-lww\"}`";
    let wrong = |message: String| mistake("merge", message, hint);
    let map = match value {
        Value::List(items) if items.is_empty() => return Ok(Map::new()),
        Value::Map(map) if map.len() <= MERGE_COUNT_MAX => map,
        _ => {
            return Err(wrong(
                "`merge` is not a table of paths and kinds".to_string(),
            ));
        }
    };
    for (path, kind) in map {
        path::check_pattern(path).map_err(|error| wrong(error.to_string()))?;
        if !kind.as_str().is_some_and(|kind| LATTICES.contains(&kind)) {
            return Err(wrong(format!(
                "`{path}` merges by no known kind: {}",
                LATTICES.join(", ")
            )));
        }
    }
    Ok(map.clone())
}
