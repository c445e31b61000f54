//! From a YAML source to a checked fold: every mistake with its line, column and cure.
//!
//! The compiler reads positioned nodes, never text, so that a `.rgf` (`rgf`) passes through the very same checks.
//! It goes on after a mistake and reports all it finds. Running the result is `state`'s work.
//!
//! Reading order: [`compile_yaml`], `fields` (maps with known keys), `reducer`, `condition`, `emit`.
//!
//! INVARIANT 1: comments, layout, the order of keys, reducers and emissions never change the bytes.
//! INVARIANT 2: what compiles here decodes again to the same fold.
//!
//! Guide: `docs/guide/folds.md`. Format: `docs/formats/rgf.md`. Tests: `compile/tests.rs`.

mod condition;
mod emit;
mod fields;
mod reducer;
#[cfg(test)]
mod tests;

use crate::ir::{self, Ir};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use fields::Fields;
use gatos_numbers::Number;
use gatos_values::{Glob, Sha256Digest, Text, cbor};
use gatos_yaml::{self as yaml, Data, Node, Position};
use gatos_yaml::{Finding, Severity};

/// Most reducers in a fold.
pub const REDUCER_COUNT_MAX: usize = 256;

/// Most emissions in a fold.
pub const EMIT_COUNT_MAX: usize = 256;

/// Most input patterns, and most patterns in one condition.
pub const PATTERN_COUNT_MAX: usize = 256;

/// Where every journal lies; patterns of inputs must start with it.
pub(crate) const JOURNAL_PREFIX: &str = "gatos/journal/";

const TOP_LEVEL_KEYS: &[&str] = &[
    "version",
    "inputs",
    "reducers",
    "emit",
    "merge",
    "limits",
    "allow",
    "privileged",
];

/// A compiled source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// The `.rgf` bytes.
    pub rgf: Vec<u8>,
    /// SHA-256 of [`Compiled::rgf`].
    pub fold_root: Sha256Digest,
    /// Lines and names of a program, for reports of errors; none for folds of reducers.
    pub map: Option<Vec<u8>>,
    /// Remarks that do not stop the source from compiling.
    pub warnings: Vec<Finding>,
}

/// Compiles a YAML fold.
///
/// # Errors
/// All findings, warnings included, in source order; at least one is an error.
pub fn compile_yaml(source: &str) -> Result<Compiled, Vec<Finding>> {
    let node = yaml::parse(source).map_err(|cause| {
        let message = cause.to_string();
        vec![Finding::error(
            cause.position,
            "yaml",
            message,
            cause.kind.hint(),
        )]
    })?;
    let (ir, warnings) = compile_node(&node)?;
    let rgf = encode(&ir).map_err(|message| {
        vec![Finding::error(
            Position::START,
            "too-large",
            message,
            "split the fold",
        )]
    })?;
    Ok(Compiled {
        fold_root: Sha256Digest::of(&rgf),
        rgf,
        map: None,
        warnings,
    })
}

/// The canonical bytes of a fold.
pub(crate) fn encode(ir: &Ir) -> Result<Vec<u8>, String> {
    cbor::encode(&ir::to_value(ir)).map_err(|cause| cause.to_string())
}

/// Checks and resolves a parsed source.
pub(crate) fn compile_node(node: &Node) -> Result<(Ir, Vec<Finding>), Vec<Finding>> {
    let mut compiler = Compiler::default();
    let ir = compiler.fold(node);
    let mut findings = compiler.findings;
    findings.sort_by_key(|finding| (finding.line, finding.column));
    match ir {
        Some(ir)
            if findings
                .iter()
                .all(|finding| finding.severity == Severity::Warning) =>
        {
            Ok((ir, findings))
        }
        _ => Err(findings),
    }
}

/// Collects findings while the parts of a source are read. A reader that returns `None` has left a finding.
#[derive(Default)]
pub(crate) struct Compiler {
    findings: Vec<Finding>,
}

impl Compiler {
    fn fold(&mut self, node: &Node) -> Option<Ir> {
        let fields = Fields::open(self, node, "a fold", TOP_LEVEL_KEYS)?;
        self.version(&fields);
        let inputs = fields.get("inputs").map(|node| self.inputs(node));
        let reducers = fields
            .require(self, "reducers")
            .and_then(|node| self.reducers(node));
        let emits = fields
            .require(self, "emit")
            .map(|node| self.emits(node, reducers.as_ref()));
        let privileged = fields
            .get("privileged")
            .map(|node| self.boolean(node, "privileged"));
        self.unused(&fields);
        let mut ir = Ir {
            inputs: transpose(inputs)?,
            reducers: reducers?.into_reducers()?,
            emits: emits??,
            privileged: transpose(privileged)?.unwrap_or(false),
        };
        emit::sort(&mut ir);
        if let Some(node) = fields.get("merge") {
            self.merge(node, &ir);
        }
        Some(ir)
    }

    fn version(&mut self, fields: &Fields<'_>) {
        if let Some(node) = fields.require(self, "version")
            && node.data != Data::Number(Number::Integer(1))
        {
            let message = "`version` is not one this program knows".to_string();
            self.error(node.position, "version", message, "write `version: 1`");
        }
    }

    fn inputs(&mut self, node: &Node) -> Option<Vec<Glob>> {
        let list = self.list(node, "inputs", PATTERN_COUNT_MAX)?;
        if list.is_empty() {
            let message = "`inputs` is empty".to_string();
            let hint = "name a journal pattern, or leave `inputs` out to read the namespace the fold is installed in";
            self.error(node.position, "empty", message, hint);
        }
        let globs: Vec<Option<Glob>> = list.iter().map(|item| self.input(item)).collect();
        Some(sorted_globs(globs.into_iter().collect::<Option<_>>()?))
    }

    fn input(&mut self, node: &Node) -> Option<Glob> {
        let glob = self.glob(node, '/')?;
        if !glob.as_str().starts_with(JOURNAL_PREFIX) {
            let message = format!("`{}` matches no journal", glob.as_str());
            let hint =
                "start the pattern with `gatos/journal/`, for example `gatos/journal/finance/**`";
            self.error(node.position, "bad-glob", message, hint);
            return None;
        }
        Some(glob)
    }

    /// Keys that only Lua folds use so far: accepted where they say nothing.
    fn unused(&mut self, fields: &Fields<'_>) {
        if let Some(node) = fields.get("limits")
            && !matches!(&node.data, Data::Map(entries) if entries.is_empty())
        {
            let message = "`limits` says nothing about reducers written in YAML".to_string();
            self.error(node.position, "unsupported", message, "remove `limits`");
        }
        if let Some(node) = fields.get("allow")
            && !matches!(&node.data, Data::List(items) if items.is_empty())
        {
            let message = "`allow` says nothing about reducers written in YAML".to_string();
            self.error(node.position, "unsupported", message, "remove `allow`");
        }
    }

    /// `merge` is implied by the kinds; a written one must say the same.
    fn merge(&mut self, node: &Node, ir: &Ir) {
        let contract = ir::merge_contract(ir);
        let Some(entries) = self.map(node, "merge") else {
            return;
        };
        for entry in entries {
            let implied = contract.get(&entry.key);
            let written = match &entry.value.data {
                Data::Text(text) => Some(text.as_str()),
                _ => None,
            };
            if implied.is_none() || implied.and_then(gatos_values::Value::as_str) != written {
                let message = format!("`merge` of `{}` is not what its reducer implies", entry.key);
                self.error(
                    entry.position,
                    "merge",
                    message,
                    "remove `merge`: it follows from the kinds",
                );
            }
        }
    }

    // Readers of single values, shared by the parts.

    fn error(
        &mut self,
        place: Position,
        rule: &'static str,
        message: String,
        hint: impl Into<String>,
    ) {
        self.findings
            .push(Finding::error(place, rule, message, hint));
    }

    fn warn(
        &mut self,
        place: Position,
        rule: &'static str,
        message: String,
        hint: impl Into<String>,
    ) {
        self.findings
            .push(Finding::warning(place, rule, message, hint));
    }

    fn wrong_type(&mut self, node: &Node, what: &str, wanted: &str) {
        let message = format!("`{what}` must be {wanted}, not {}", node.data.kind());
        self.error(
            node.position,
            "wrong-type",
            message,
            format!("write {wanted}"),
        );
    }

    fn text<'a>(&mut self, node: &'a Node, what: &str) -> Option<&'a Text> {
        match &node.data {
            Data::Text(text) => Some(text),
            _ => {
                self.wrong_type(node, what, "text");
                None
            }
        }
    }

    fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        match &node.data {
            Data::Bool(value) => Some(*value),
            _ => {
                self.wrong_type(node, what, "true or false");
                None
            }
        }
    }

    fn list<'a>(&mut self, node: &'a Node, what: &str, count_max: usize) -> Option<&'a [Node]> {
        match &node.data {
            Data::List(items) if items.len() <= count_max => Some(items),
            Data::List(items) => {
                let message = format!("`{what}` has {} items, more than {count_max}", items.len());
                self.error(node.position, "too-many", message, "split the fold");
                None
            }
            _ => {
                self.wrong_type(node, what, "a list");
                None
            }
        }
    }

    fn map<'a>(&mut self, node: &'a Node, what: &str) -> Option<&'a [yaml::Entry]> {
        match &node.data {
            Data::Map(entries) => Some(entries),
            _ => {
                self.wrong_type(node, what, "a map");
                None
            }
        }
    }

    fn glob(&mut self, node: &Node, separator: char) -> Option<Glob> {
        let text = self.text(node, "pattern")?;
        match Glob::parse(text, separator) {
            Ok(glob) => Some(glob),
            Err(cause) => {
                let hint = "`*` stands for anything within a segment, `**` for any number of whole segments";
                self.error(node.position, "bad-glob", cause.to_string(), hint);
                None
            }
        }
    }
}

/// Patterns in the order of their text, without repeats.
pub(crate) fn sorted_globs(mut globs: Vec<Glob>) -> Vec<Glob> {
    globs.sort_by(|left, right| left.as_str().cmp(right.as_str()));
    globs.dedup_by(|left, right| left.as_str() == right.as_str());
    globs
}

/// An absent field is fine; a field that was read with a finding is not.
#[allow(clippy::option_option)] // absent, present but wrong, present and right
fn transpose<T>(field: Option<Option<T>>) -> Option<Option<T>> {
    match field {
        None => Some(None),
        Some(None) => None,
        Some(value) => Some(value),
    }
}
