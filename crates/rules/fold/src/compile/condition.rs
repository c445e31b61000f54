//! `where`: tests on the type, the actor and values of the payload, all of which must hold.

use super::fields::suggestion;
use super::reducer::Scope;
use super::{Compiler, PATTERN_COUNT_MAX, sorted_globs};
use crate::ir::{Comparison, Condition, condition_value};
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;
use gatos_values::{Glob, Value};
use gatos_yaml::{Data, Entry, Node};

/// Most values behind one `in`.
const CHOICE_COUNT_MAX: usize = 1024;

/// Most entries in one `where`.
const CONDITION_COUNT_MAX: usize = 64;

impl Compiler {
    /// The conditions of a `where` map, sorted.
    pub(super) fn conditions(&mut self, node: &Node, scope: Scope) -> Option<Vec<Condition>> {
        let entries = self.map(node, "where")?;
        if entries.len() > CONDITION_COUNT_MAX {
            let message = format!(
                "`where` has {} entries, more than {CONDITION_COUNT_MAX}",
                entries.len()
            );
            self.error(
                node.position,
                "too-many",
                message,
                "use `in` for lists of values",
            );
            return None;
        }
        let mut complete = true;
        let mut conditions: Vec<(Value, Condition)> = Vec::new();
        for entry in entries {
            match self.entry(entry, scope) {
                None => complete = false,
                Some(found) => {
                    conditions.extend(found.into_iter().map(|one| (condition_value(&one), one)))
                }
            }
        }
        conditions.sort_by(|(left, _), (right, _)| left.cmp(right));
        if conditions
            .windows(2)
            .any(|pair| same_test(&pair[0].0, &pair[1].0))
        {
            let message = "`where` tests one value twice in the same way".into();
            self.error(
                node.position,
                "duplicate",
                message,
                "keep one of the two, or use `in`",
            );
            return None;
        }
        complete.then(|| {
            conditions
                .into_iter()
                .map(|(_, condition)| condition)
                .collect()
        })
    }

    fn entry(&mut self, entry: &Entry, scope: Scope) -> Option<Vec<Condition>> {
        match entry.key.as_str() {
            "type" => Some(vec![Condition::Type(self.patterns(&entry.value, '.')?)]),
            "actor" => Some(vec![Condition::Actor(self.patterns(&entry.value, ':')?)]),
            key if key.starts_with(['$', '@']) => {
                let query = self.query_text(key, entry.position, scope)?;
                let tests = self.comparisons(&entry.value)?;
                let compare = |(comparison, operand)| Condition::Compare {
                    query: query.clone(),
                    comparison,
                    operand,
                };
                Some(tests.into_iter().map(compare).collect())
            }
            key => {
                let message = format!("unknown key `{key}` in `where`");
                let hint = format!(
                    "{}; or a query such as `\"$.{key}\"`",
                    suggestion(key, &["type", "actor"])
                );
                self.error(entry.position, "unknown-key", message, hint);
                None
            }
        }
    }

    /// One pattern or a list of them.
    fn patterns(&mut self, node: &Node, separator: char) -> Option<Vec<Glob>> {
        let Data::List(items) = &node.data else {
            return Some(vec![self.glob(node, separator)?]);
        };
        if items.is_empty() || items.len() > PATTERN_COUNT_MAX {
            let message = format!("a list of patterns has 1 to {PATTERN_COUNT_MAX} items");
            self.error(
                node.position,
                "wrong-type",
                message,
                "write one pattern or a list of patterns",
            );
            return None;
        }
        let globs: Vec<Option<Glob>> = items
            .iter()
            .map(|item| self.glob(item, separator))
            .collect();
        Some(sorted_globs(globs.into_iter().collect::<Option<_>>()?))
    }

    fn comparisons(&mut self, node: &Node) -> Option<Vec<(Comparison, Value)>> {
        let Data::Map(entries) = &node.data else {
            return Some(vec![(Comparison::Equal, self.scalar(node)?)]);
        };
        if entries.is_empty() {
            let message = "an empty comparison tests nothing".into();
            self.error(
                node.position,
                "empty",
                message,
                "write `exists: true` to test that the value is there",
            );
            return None;
        }
        let tests: Vec<Option<(Comparison, Value)>> =
            entries.iter().map(|entry| self.comparison(entry)).collect();
        tests.into_iter().collect()
    }

    fn comparison(&mut self, entry: &Entry) -> Option<(Comparison, Value)> {
        let Some(comparison) = Comparison::parse(&entry.key) else {
            let known: Vec<&str> = Comparison::ALL
                .iter()
                .map(|comparison| comparison.as_str())
                .collect();
            let message = format!("unknown comparison `{}`", entry.key);
            self.error(
                entry.position,
                "unknown-key",
                message,
                format!("known here: {}", known.join(" ")),
            );
            return None;
        };
        let operand = match comparison {
            Comparison::Equal | Comparison::NotEqual => self.scalar(&entry.value)?,
            Comparison::Exists => Value::Bool(self.boolean(&entry.value, "exists")?),
            Comparison::In => self.choices(&entry.value)?,
            _ => self.ordered(&entry.value)?,
        };
        Some((comparison, operand))
    }

    fn scalar(&mut self, node: &Node) -> Option<Value> {
        match &node.data {
            Data::Null => Some(Value::Null),
            Data::Bool(value) => Some(Value::Bool(*value)),
            Data::Number(number) => Some(Value::number(*number)),
            Data::Text(text) => Some(Value::Text(text.clone())),
            Data::List(_) | Data::Map(_) => {
                self.wrong_type(node, "comparison", "null, a boolean, a number or text");
                None
            }
        }
    }

    /// An operand of `<` and its like: only numbers and texts have an order people would agree on.
    fn ordered(&mut self, node: &Node) -> Option<Value> {
        match self.scalar(node)? {
            value @ (Value::Integer(_) | Value::Fixed(_) | Value::Text(_)) => Some(value),
            _ => {
                self.wrong_type(node, "comparison", "a number or text");
                None
            }
        }
    }

    fn choices(&mut self, node: &Node) -> Option<Value> {
        let items = self.list(node, "in", CHOICE_COUNT_MAX)?;
        if items.is_empty() {
            let message = "`in` with an empty list never holds".into();
            self.error(node.position, "empty", message, "name at least one value");
            return None;
        }
        let values: Vec<Option<Value>> = items.iter().map(|item| self.scalar(item)).collect();
        let mut values: Vec<Value> = values.into_iter().collect::<Option<_>>()?;
        values.sort();
        values.dedup();
        Some(Value::List(values))
    }
}

/// Whether two condition values have the same subject and comparison.
fn same_test(left: &Value, right: &Value) -> bool {
    let head = |value: &Value| {
        value
            .as_list()
            .map(|parts| parts.iter().take(2).cloned().collect::<Vec<_>>())
    };
    head(left).cmp(&head(right)) == Ordering::Equal
}
