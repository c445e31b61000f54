//! Code actions: a quick fix wherever a finding knows word for word what to write. Tests: tests/it/editor.rs.

use super::diagnostics::{DIAGNOSTIC_COUNT_MAX, diagnostic};
use super::documents::Document;
use super::server::Client;
use super::source::{Source, Span};
use gatos_yaml::Finding;
use serde_json::{Value, json};

/// The kind of all actions here.
pub const QUICK_FIX: &str = "quickfix";

/// The answer to `textDocument/codeAction`; null for clients that want commands.
#[must_use]
pub fn answer(
    uri: &str,
    document: &Document,
    source: &Source,
    range: Span,
    client: Client,
) -> Value {
    if !client.action_literals {
        return Value::Null;
    }
    let mut findings = document.findings();
    findings.sort_by_key(Finding::position);
    findings.truncate(DIAGNOSTIC_COUNT_MAX);
    let actions = findings.iter().filter_map(|finding| {
        let span = source.span_of_fix(finding)?;
        let fix = finding.fix.as_ref()?;
        let is_asked_for = span.start <= range.end && range.start <= span.end;
        is_asked_for.then(|| {
            let edit = json!({"range": source.range(span), "newText": fix.with});
            json!({
                "title": format!("Write `{}`", fix.with.trim()),
                "kind": QUICK_FIX,
                "isPreferred": true,
                "diagnostics": [diagnostic(uri, document, source, finding, client)],
                "edit": {"changes": {uri: [edit]}},
            })
        })
    });
    actions.collect()
}
