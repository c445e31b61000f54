//! Diagnostics: the findings of a document, where editors underline them.
//!
//! INVARIANT: they come in the order of their places, at most [`DIAGNOSTIC_COUNT_MAX`] of them.
//! Tests: tests/it/editor.rs.

use super::documents::Document;
use super::message;
use super::server::Client;
use super::source::Source;
use gatos_yaml::{Finding, Severity};
use serde_json::{Value, json};

/// Diagnostics of one document; nobody reads more.
pub const DIAGNOSTIC_COUNT_MAX: usize = 1000;

/// The remark that carries all diagnostics of a document.
#[must_use]
pub fn publish(uri: &str, document: &Document, client: Client) -> Value {
    let empty = Source::new(String::new());
    let source = document.source.as_ref().unwrap_or(&empty);
    let mut findings = document.findings();
    findings.sort_by_key(Finding::position);
    findings.truncate(DIAGNOSTIC_COUNT_MAX);
    let list: Vec<Value> = findings
        .iter()
        .map(|finding| diagnostic(uri, document, source, finding, client))
        .collect();
    let mut params = json!({"uri": uri, "diagnostics": list});
    if !document.version.is_null() {
        params["version"] = document.version.clone();
    }
    message::notification("textDocument/publishDiagnostics", params)
}

/// The remark that takes them all away.
#[must_use]
pub fn clear(uri: &str) -> Value {
    message::notification(
        "textDocument/publishDiagnostics",
        json!({"uri": uri, "diagnostics": []}),
    )
}

/// One finding as editors have it; the hint stands below the message.
#[must_use]
pub fn diagnostic(
    uri: &str,
    document: &Document,
    source: &Source,
    finding: &Finding,
    client: Client,
) -> Value {
    let severity = match finding.severity {
        Severity::Error => 1,
        Severity::Warning => 2,
    };
    let hint = match finding.hint.as_str() {
        "" => String::new(),
        hint => format!("\nhint: {hint}"),
    };
    let mut value = json!({
        "range": source.range(source.span_of(finding)),
        "severity": severity,
        "code": finding.rule,
        "source": document.language.map_or("gatos", |language| language.name()),
        "message": format!("{}{hint}", finding.message),
    });
    if let Some(place) = finding.related.filter(|_| client.related) {
        let range = source.range(source.span(place, super::source::token_size(source.rest(place))));
        value["relatedInformation"] =
            json!([{"location": {"uri": uri, "range": range}, "message": "the other one"}]);
    }
    value
}
