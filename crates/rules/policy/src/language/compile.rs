//! From a `.rgs` source to a policy: every mistake with its line, column and cure.
//!
//! YAML with places is `gatos-yaml`'s; expressions are parsed and lowered; here are the rules around them. The compiler
//! goes on after a mistake and reports all it finds.
//!
//! INVARIANT: comments, layout, short forms, and the order of keys, rules, lines, patterns and intents never change the
//! bytes.
//! Format: docs/formats/rgs.md. Tests: `compile/tests.rs`.

mod rule;
#[cfg(test)]
mod tests;

use super::policy::{Policy, RULE_COUNT_MAX};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use gatos_values::{Number, Sha256Digest};
use gatos_yaml::{Data, Entry, Finding, Fix, Node, Position, Severity};

/// A compiled source.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The `.rgc` bytes.
    pub rgc: Vec<u8>,
    /// SHA-256 of [`Compiled::rgc`].
    pub root: Sha256Digest,
    /// The same, ready to decide.
    pub policy: Policy,
    /// Where each rule stands in the source, in the order of [`Policy::rules`].
    pub source_map: Vec<RuleSource>,
    /// Remarks that do not stop the source from compiling.
    pub warnings: Vec<Finding>,
}

/// Where a rule stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSource {
    /// The rule's id.
    pub id: Arc<str>,
    /// Where it starts.
    pub position: Position,
    /// Where `when` starts.
    pub when: Position,
    /// Its `allow_if`, in the order of the compiled rule.
    pub allow_if: Vec<ClauseSource>,
    /// Its `deny_if`, in the order of the compiled rule.
    pub deny_if: Vec<ClauseSource>,
}

/// Where a line stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClauseSource {
    /// Where it starts.
    pub position: Position,
    /// The line as written.
    pub text: String,
}

/// Compiles a `.rgs` source.
///
/// # Errors
/// All findings, warnings included, in source order; at least one is an error.
pub fn compile(source: &str) -> Result<Compiled, Vec<Finding>> {
    let document = gatos_yaml::parse(source).map_err(|cause| {
        let message = cause.to_string();
        vec![Finding::error(
            cause.position,
            "yaml",
            message,
            cause.kind.hint(),
        )]
    })?;
    let mut compiler = Compiler {
        source: source.lines().collect(),
        findings: Vec::new(),
    };
    let rules = compiler.document(&document);
    let mut findings = compiler.findings;
    findings.sort_by_key(Finding::position);
    let has_error = findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    let mut rules = rules
        .filter(|_| !has_error)
        .ok_or_else(|| findings.clone())?;
    rules.sort_by(|left, right| left.0.id.cmp(&right.0.id));
    let (rules, source_map) = rules.into_iter().unzip();
    let too_large = |message| {
        vec![Finding::error(
            Position::START,
            "too-large",
            message,
            "split the policy",
        )]
    };
    let policy = Policy::from_rules(rules);
    if policy.bytes().len() > super::policy::RGC_SIZE_MAX {
        let message = format!("the compiled policy has {} bytes", policy.bytes().len());
        return Err(too_large(message));
    }
    Ok(Compiled {
        rgc: policy.bytes().to_vec(),
        root: policy.root(),
        policy,
        source_map,
        warnings: findings,
    })
}

/// Collects findings while the parts of a source are read. A reader that returns `None` has left a finding.
struct Compiler<'s> {
    source: Vec<&'s str>,
    findings: Vec<Finding>,
}

type Compiling = Vec<(super::policy::Rule, RuleSource)>;

const TOP_LEVEL_KEYS: [&str; 2] = ["version", "rules"];

impl Compiler<'_> {
    /// One rule at the top, or `rules:` with several.
    fn document(&mut self, document: &Node) -> Option<Compiling> {
        let entries = self.map(document, "a policy")?;
        let is_one_rule = !entries.iter().any(|entry| entry.key.as_str() == "rules");
        for entry in entries {
            let key = entry.key.as_str();
            if key == "version" {
                self.version(&entry.value);
            } else if !is_one_rule && !TOP_LEVEL_KEYS.contains(&key) {
                self.unknown_key(entry, "beside `rules`", &TOP_LEVEL_KEYS);
            }
        }
        if is_one_rule {
            return self.rule(document, true).map(|rule| vec![rule]);
        }
        let rules = entries.iter().find(|entry| entry.key.as_str() == "rules")?;
        let items = self.list(&rules.value, "rules", RULE_COUNT_MAX)?;
        if items.is_empty() {
            let message = "a policy without rules".to_string();
            let hint = "a repository begins with the empty policy, which admits every enrolled key; write at least one rule";
            self.error(rules.value.position, "empty", message, hint);
        }
        let compiled: Vec<_> = items.iter().map(|item| self.rule(item, false)).collect();
        self.distinct(compiled.into_iter().collect::<Option<Compiling>>()?)
    }

    fn version(&mut self, node: &Node) {
        if node.data != Data::Number(Number::Integer(1)) {
            let message = "`version` is not one this program knows".to_string();
            self.error(node.position, "version", message, "write `version: 1`");
        }
    }

    /// Ids are unique. Two rules that say the same under ids of the compiler are one.
    fn distinct(&mut self, rules: Compiling) -> Option<Compiling> {
        let mut kept: Compiling = Vec::with_capacity(rules.len());
        let mut ids: alloc::collections::BTreeMap<Arc<str>, usize> =
            alloc::collections::BTreeMap::new();
        for (rule, source) in rules {
            let Some(first) = ids.get(&rule.id).and_then(|index| kept.get(*index)) else {
                ids.insert(rule.id.clone(), kept.len());
                kept.push((rule, source));
                continue;
            };
            let line = first.1.position.line;
            if first.0 == rule && rule.id.starts_with(super::code::AUTO_PREFIX) {
                let message = format!("this rule says the same as the one in line {line}");
                let hint = "remove one of the two";
                let finding = Finding::warning(source.position, "repeated", message, hint);
                self.findings.push(finding.with_related(first.1.position));
            } else {
                let message = format!("a second rule `{}`; the first is in line {line}", rule.id);
                let hint = "give it another id";
                let finding = Finding::error(source.position, "duplicate-id", message, hint);
                self.findings.push(finding.with_related(first.1.position));
            }
        }
        Some(kept)
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
        let message = format!("{what} must be {wanted}, not {}", node.data.kind());
        self.error(
            node.position,
            "wrong-type",
            message,
            format!("write {wanted}"),
        );
    }

    fn unknown_key(&mut self, entry: &Entry, place: &str, known: &[&str]) {
        let key = entry.key.as_str();
        let message = format!("`{key}` is not a key {place}");
        let alike = known.iter().find(|name| {
            name.eq_ignore_ascii_case(key) || name.starts_with(key) || key.starts_with(**name)
        });
        let hint = match alike {
            Some(name) => format!("write `{name}`"),
            None => format!("keys are {}", known.join(", ")),
        };
        let fix = alike.map(|name| Fix::new(key, *name));
        let finding = Finding::error(entry.position, "unknown-key", message, hint);
        self.findings.push(finding.with_fix(fix));
    }

    fn map<'a>(&mut self, node: &'a Node, what: &str) -> Option<&'a [Entry]> {
        match &node.data {
            Data::Map(entries) => Some(entries),
            _ => {
                self.wrong_type(node, what, "a map");
                None
            }
        }
    }

    fn list<'a>(&mut self, node: &'a Node, what: &str, count_max: usize) -> Option<&'a [Node]> {
        match &node.data {
            Data::List(items) if items.len() <= count_max => Some(items),
            Data::List(items) => {
                let message = format!("`{what}` has {} items, more than {count_max}", items.len());
                self.error(node.position, "too-many", message, "split the policy");
                None
            }
            _ => {
                self.wrong_type(node, &format!("`{what}`"), "a list");
                None
            }
        }
    }
}
