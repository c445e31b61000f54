//! Explanations: verdicts, lines with values and places, the nearest rule.

use super::*;
use crate::language::context::Context;
use crate::language::{DenyReason, compile};
use alloc::format;
use alloc::vec;

const SOURCE: &str = r#"rules:
- id: append
  when: { intent: "write", path: "gatos/journal/**" }
  allow_if:
    - "caps includes 'journal:append'"
    - "trust[actor].level >= 2 and payload.amount < 100"
  deny_if:
    - "labels includes 'private' and remote != 'internal'"
- id: see
  when: { intent: read }
  allow_if: ["true"]
"#;

/// One line a rule and line, the way a person would want it.
fn shown_for(request: &str) -> Vec<String> {
    let compiled = compile(SOURCE).expect("valid");
    let value = json::decode_strict(request.as_bytes(), usize::MAX).expect("JSON");
    let context = Context::from_value(&value).expect("a context");
    let explanation =
        context.ask(|request| explain(&compiled.policy, request, &compiled.source_map));
    assert_eq!(
        explanation.decision,
        context.ask(|request| compiled.policy.evaluate(request))
    );
    let mut lines = Vec::new();
    for rule in &explanation.rules {
        let (matches, allows, denies) = (
            rule.matches.as_str(),
            rule.allows.as_str(),
            rule.denies.as_str(),
        );
        lines.push(format!(
            "{} matches {matches} allows {allows} denies {denies}",
            rule.id
        ));
        for line in &rule.lines {
            let place = line.position.map_or(0, |position| position.line);
            let values: Vec<String> = line
                .values
                .iter()
                .map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("?")))
                .collect();
            lines.push(format!(
                "{place}: {} [{}]",
                line.truth.as_str(),
                values.join(" ")
            ));
        }
    }
    if let Some(nearest) = &explanation.nearest {
        lines.push(format!(
            "nearest {} {} {:?}",
            nearest.id, nearest.when_differs, nearest.missing
        ));
    }
    lines
}

#[test]
fn every_line_shows_its_answer_and_what_it_looked_at() {
    let request = r#"{"intent":"write","actor":"user:a","caps":["x"],"labels":[],"path":"gatos/journal/f","payload":{"amount":250},"trust":{"user:a":{"level":3}}}"#;
    assert_eq!(
        shown_for(request),
        [
            "append matches true allows false denies false",
            r#"5: false [caps=["x"]]"#,
            r#"6: false [trust[actor].level=3 payload.amount=250]"#,
            "8: false [labels=[] remote=?]",
            "see matches false allows false denies false",
            "nearest see true []",
        ]
    );
}

#[test]
fn what_is_unknown_is_named() {
    let compiled = compile(SOURCE).expect("valid");
    let context = Context {
        path: Some(Text::from_ascii("gatos/journal/f")),
        labels: Some(vec![Text::from_ascii("private")]),
        ..Context::new(crate::language::Intent::Write)
    };
    let explanation = context.ask(|request| explain(&compiled.policy, request, &[]));
    let Decision::Deny {
        reason: DenyReason::Unknown { path, .. },
        ..
    } = &explanation.decision
    else {
        panic!("denied by something unknown")
    };
    assert_eq!(path, "remote");
    let lines = &explanation.rules[0].lines;
    assert_eq!(
        lines[2].unknown,
        Some(("remote".to_string(), UnknownCause::Missing))
    );
    assert_eq!(
        lines[0].text,
        "trust[actor].level >= 2 and payload.amount < 100"
    );
    assert!(explanation.to_value().get("nearest").is_some());
}

#[test]
fn an_allow_has_no_nearest_rule() {
    assert_eq!(
        shown_for(r#"{"intent":"read"}"#),
        [
            "append matches false allows false denies false",
            "see matches true allows true denies false",
            "11: true []"
        ]
    );
}
