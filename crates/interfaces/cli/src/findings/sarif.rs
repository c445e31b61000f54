//! Findings as SARIF 2.1.0, the form that code hosts and review tools read.
//!
//! Tests: ../findings/tests.rs.

use super::SourceFindings;
use gatos_fold::Severity;
use gatos_node::reply;
use gatos_values::Value;
use std::collections::BTreeSet;

/// One document about any number of sources.
#[must_use]
pub fn document(all: &[SourceFindings]) -> Value {
    let mut rules = BTreeSet::new();
    let mut results = Vec::new();
    for source in all {
        let (file, findings) = source.parts();
        for finding in findings {
            rules.insert(finding.rule);
            results.push(result(file, finding));
        }
    }
    let rules = rules
        .into_iter()
        .map(|rule| reply::object(vec![("id", Value::from(rule))]));
    let driver = reply::object(vec![
        ("name", Value::from("gatos")),
        ("version", Value::from(env!("CARGO_PKG_VERSION"))),
        ("rules", Value::List(rules.collect())),
    ]);
    let run = reply::object(vec![
        ("tool", reply::object(vec![("driver", driver)])),
        ("columnKind", Value::from("unicodeCodePoints")),
        ("results", Value::List(results)),
    ]);
    reply::object(vec![
        (
            "$schema",
            Value::from("https://json.schemastore.org/sarif-2.1.0.json"),
        ),
        ("version", Value::from("2.1.0")),
        ("runs", Value::List(vec![run])),
    ])
}

fn result(file: &str, finding: &gatos_fold::Finding) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let text = match finding.hint.is_empty() {
        true => finding.message.clone(),
        false => format!("{}. {}", finding.message, finding.hint),
    };
    let region = reply::object(vec![
        ("startLine", Value::from(finding.line)),
        ("startColumn", Value::from(finding.column)),
    ]);
    let artifact = reply::object(vec![("uri", reply::text(&uri(file)))]);
    let location = reply::object(vec![("artifactLocation", artifact), ("region", region)]);
    reply::object(vec![
        ("ruleId", Value::from(finding.rule)),
        ("level", Value::from(level)),
        ("message", reply::object(vec![("text", reply::text(&text))])),
        (
            "locations",
            Value::List(vec![reply::object(vec![("physicalLocation", location)])]),
        ),
    ])
}

/// A path as a relative reference: slashes, and `%XX` for what a reference must not hold.
fn uri(file: &str) -> String {
    let mut uri = String::new();
    for byte in file.replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b'~' => {
                uri.push(char::from(byte));
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}
