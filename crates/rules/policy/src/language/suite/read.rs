//! Reading a suite from YAML.
//!
//! A case is `{name, request, expect, rule, reason, unknown, audit}`; `base` holds parts of requests that a case does not
//! say itself. A part that a case sets to null is missing, whatever the base says.
//!
//! Tests: `tests.rs`.

use super::{CASE_COUNT_MAX, Case, Expectation, Suite};
use crate::language::context::Context;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use gatos_values::{Map, Number, Value};
use gatos_yaml::{Data, Entry, Finding, Node};

const TOP_KEYS: [&str; 4] = ["version", "policy", "base", "cases"];
const CASE_KEYS: [&str; 7] = [
    "name", "request", "expect", "rule", "reason", "unknown", "audit",
];

pub(super) fn suite(source: &str) -> Result<Suite, Vec<Finding>> {
    let document = gatos_yaml::parse(source).map_err(|cause| {
        vec![Finding::error(
            cause.position,
            "yaml",
            cause.to_string(),
            cause.kind.hint(),
        )]
    })?;
    let mut reader = Reader::default();
    let suite = reader.suite(&document);
    match suite {
        Some(suite) if reader.findings.is_empty() => Ok(suite),
        _ => Err(reader.findings),
    }
}

#[derive(Default)]
struct Reader {
    findings: Vec<Finding>,
}

impl Reader {
    fn suite(&mut self, document: &Node) -> Option<Suite> {
        let entries = self.map(document, "a suite", &TOP_KEYS)?;
        let get = |name: &str| {
            entries
                .iter()
                .find(|entry| entry.key.as_str() == name)
                .map(|entry| &entry.value)
        };
        if let Some(version) = get("version")
            && version.data != Data::Number(Number::Integer(1))
        {
            self.wrong(
                version,
                "`version` is not one this program knows",
                "write `version: 1`",
            );
        }
        let base = match get("base").map(value).unwrap_or(Value::Map(Map::new())) {
            Value::Map(map) => map,
            _ => {
                self.wrong(document, "`base` must be a map", "write parts of a request");
                return None;
            }
        };
        let policy = get("policy").and_then(|node| self.text(node, "policy"));
        let Some(Data::List(items)) = get("cases").map(|node| &node.data) else {
            self.wrong(
                document,
                "`cases` must be a list",
                "write `cases:` with `- name: …` below",
            );
            return None;
        };
        if items.is_empty() || items.len() > CASE_COUNT_MAX {
            let message = format!(
                "`cases` has {} items, not 1 to {CASE_COUNT_MAX}",
                items.len()
            );
            self.wrong(
                document,
                &message,
                "write one case at least, or split the suite",
            );
        }
        let cases: Vec<_> = items.iter().map(|item| self.case(item, &base)).collect();
        Some(Suite {
            policy,
            cases: cases.into_iter().collect::<Option<_>>()?,
        })
    }

    fn case(&mut self, node: &Node, base: &Map) -> Option<Case> {
        let entries = self.map(node, "a case", &CASE_KEYS)?;
        let get = |name: &str| {
            entries
                .iter()
                .find(|entry| entry.key.as_str() == name)
                .map(|entry| &entry.value)
        };
        let Some(expect) = get("expect").and_then(|node| self.text(node, "expect")) else {
            self.wrong(
                node,
                "a case without `expect`",
                "write `expect: allow` or `expect: deny`",
            );
            return None;
        };
        if expect != "allow" && expect != "deny" {
            self.wrong(
                node,
                &format!("`{expect}` is no decision"),
                "write `expect: allow` or `expect: deny`",
            );
        }
        let mut words = ["name", "rule", "reason", "unknown"]
            .map(|name| get(name).and_then(|node| self.text(node, name)));
        let audit = match get("audit").map(|node| (&node.data, node)) {
            None => None,
            Some((Data::Bool(audit), _)) => Some(*audit),
            Some((_, node)) => {
                self.wrong(node, "`audit` must be true or false", "write true or false");
                None
            }
        };
        Some(Case {
            name: words[0]
                .take()
                .unwrap_or_else(|| format!("line {}", node.position.line)),
            position: node.position,
            context: self.context(
                get("request").unwrap_or(node),
                get("request").is_some(),
                base,
            )?,
            expect: Expectation {
                allow: expect == "allow",
                rule: words[1].take(),
                reason: words[2].take(),
                unknown: words[3].take(),
                audit,
            },
        })
    }

    fn context(&mut self, node: &Node, is_there: bool, base: &Map) -> Option<Context> {
        let mut merged = base.clone();
        match value(node) {
            _ if !is_there => {}
            Value::Map(own) => {
                for (key, value) in &own {
                    // A payload may be null; everything else that is null is missing.
                    if value.is_null() && key.as_str() != "payload" {
                        merged.remove(key);
                    } else {
                        merged.insert(key.clone(), value.clone());
                    }
                }
            }
            _ => {
                self.wrong(node, "`request` must be a map", "write parts of a request");
                return None;
            }
        }
        match Context::from_value(&Value::Map(merged)) {
            Ok(context) => Some(context),
            Err(cause) => {
                self.wrong(
                    node,
                    &cause.to_string(),
                    "see docs/formats/rgs.md for the parts of a request",
                );
                None
            }
        }
    }

    fn map<'a>(&mut self, node: &'a Node, what: &str, known: &[&str]) -> Option<&'a [Entry]> {
        let Data::Map(entries) = &node.data else {
            self.wrong(
                node,
                &format!("{what} must be a map, not {}", node.data.kind()),
                "write a map",
            );
            return None;
        };
        for entry in entries {
            if !known.contains(&entry.key.as_str()) {
                let message = format!("`{}` is not a key of {what}", entry.key);
                self.findings.push(Finding::error(
                    entry.position,
                    "unknown-key",
                    message,
                    format!("keys are {}", known.join(", ")),
                ));
            }
        }
        Some(entries)
    }

    fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        match &node.data {
            Data::Text(text) => Some(text.to_string()),
            _ => {
                self.wrong(
                    node,
                    &format!("`{what}` must be text, not {}", node.data.kind()),
                    "write text",
                );
                None
            }
        }
    }

    fn wrong(&mut self, node: &Node, message: &str, hint: &str) {
        self.findings.push(Finding::error(
            node.position,
            "suite",
            message.to_string(),
            hint,
        ));
    }
}

/// A node as the value it stands for. Depth is bounded by the YAML layer; so is uniqueness of keys.
fn value(node: &Node) -> Value {
    match &node.data {
        Data::Null => Value::Null,
        Data::Bool(value) => Value::Bool(*value),
        Data::Number(number) => Value::number(*number),
        Data::Text(text) => Value::Text(text.clone()),
        Data::List(items) => Value::List(items.iter().map(value).collect()),
        Data::Map(entries) => {
            let mut map = Map::new();
            for entry in entries {
                map.insert(entry.key.clone(), value(&entry.value));
            }
            Value::Map(map)
        }
    }
}
