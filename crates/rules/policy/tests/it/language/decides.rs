//! Decisions: which rule, which reason, in which order, recorded how.

use gatos_policy::language::{
    Decision, DenyReason, Intent, Policy, Request, TrustEntry, TrustSnapshot, compile,
};
use gatos_values::roots::EMPTY_POLICY_BYTES;
use gatos_values::{Text, Value, cbor, json};

const SEED: &str = r#"when: { intent: "write", path: "gatos/journal/finance/**" }
allow_if:
    - "caps includes 'journal:append'"
    - "trust[actor].level >= 2"
deny_if:
    - "labels contains 'private' and remote != 'internal'"
audit: true
"#;

fn policy(source: &str) -> Policy {
    match compile(source) {
        Ok(compiled) => Policy::decode(&compiled.rgc).expect("our own bytes"),
        Err(findings) => panic!("{}", findings[0]),
    }
}

fn trust() -> TrustSnapshot {
    let entry = |level| TrustEntry {
        level,
        groups: Vec::new(),
    };
    let text = |text| Text::new(text).expect("assigned");
    TrustSnapshot::from_entries([(text("user:alice"), entry(2)), (text("user:bob"), entry(1))])
}

/// An ordinary append to the finance journal.
fn ordinary(trust: &TrustSnapshot) -> Request<'_> {
    Request {
        actor: Some("user:alice"),
        caps: Some(&["journal:append"]),
        labels: Some(&[]),
        remote: Some("none"),
        epoch: Some(0),
        path: Some("gatos/journal/finance/user:alice/0011223344556677"),
        ..Request::new(Intent::Write, trust)
    }
}

/// The decision on one line.
fn shown(decision: &Decision) -> String {
    let ids = |ids: &[std::sync::Arc<str>]| ids.join(",");
    let audit = if decision.audit() { " audit" } else { "" };
    match decision {
        Decision::Allow { rule_ids, .. } => format!("allow [{}]{audit}", ids(rule_ids)),
        Decision::Deny {
            rule_id,
            reason,
            firing,
            ..
        } => {
            let path = match reason {
                DenyReason::Unknown { path, cause } => format!(" {path} {}", cause.as_str()),
                _ => String::new(),
            };
            format!(
                "deny {rule_id} {}{path} [{}]{audit}",
                reason.as_str(),
                ids(firing)
            )
        }
    }
}

#[test]
fn the_rule_of_the_first_description_decides_as_it_reads() {
    let policy = policy(&format!("id: finance\n{SEED}"));
    let trust = trust();
    let ordinary = ordinary(&trust);
    for (request, expected) in [
        (ordinary, "allow [finance] audit"),
        (
            Request {
                intent: Intent::Read,
                ..ordinary
            },
            "deny default-deny deny_default []",
        ),
        (
            Request {
                path: Some("gatos/journal/hr/user:alice/00"),
                ..ordinary
            },
            "deny default-deny deny_default []",
        ),
        (
            Request {
                path: None,
                ..ordinary
            },
            "deny default-deny deny_unknown path missing [] audit",
        ),
        (
            Request {
                caps: Some(&["bus:read"]),
                ..ordinary
            },
            "deny default-deny deny_default [] audit",
        ),
        (
            Request {
                caps: None,
                ..ordinary
            },
            "deny default-deny deny_unknown caps missing [] audit",
        ),
        (
            Request {
                actor: Some("user:bob"),
                ..ordinary
            },
            "deny default-deny deny_default [] audit",
        ),
        (
            Request {
                actor: Some("user:eve"),
                ..ordinary
            },
            "deny default-deny deny_unknown trust[actor].level missing [] audit",
        ),
        (
            Request {
                labels: Some(&["private"]),
                ..ordinary
            },
            "deny finance deny_rule [finance] audit",
        ),
        (
            Request {
                labels: Some(&["private"]),
                remote: Some("internal"),
                ..ordinary
            },
            "allow [finance] audit",
        ),
        (
            Request {
                labels: Some(&["private"]),
                remote: None,
                ..ordinary
            },
            "deny finance deny_unknown remote missing [finance] audit",
        ),
        (
            Request {
                labels: None,
                ..ordinary
            },
            "deny finance deny_unknown labels missing [finance] audit",
        ),
        (
            Request {
                labels: None,
                remote: Some("internal"),
                ..ordinary
            },
            "allow [finance] audit",
        ),
    ] {
        assert_eq!(shown(&policy.evaluate(&request)), expected, "{request:?}");
    }
}

#[test]
fn the_lowest_rule_that_fires_is_named_and_all_are_listed() {
    let rules = [
        "- {id: b, when: {}, deny_if: [\"actor == 'user:bob'\"]}\n",
        "- {id: a, when: {}, deny_if: [\"resource == 'x'\"]}\n",
        "- {id: c, when: {}, allow_if: ['true'], audit: true}\n",
        "- {id: d, when: {intent: read}, allow_if: ['true']}\n",
    ];
    let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]];
    let trust = trust();
    for order in orders {
        let source: String = order.iter().map(|index| rules[*index]).collect();
        let policy = policy(&format!("rules:\n{source}"));
        let read = Request {
            intent: Intent::Read,
            resource: Some("y"),
            ..ordinary(&trust)
        };
        let bob = Request {
            actor: Some("user:bob"),
            ..read
        };
        for (request, expected) in [
            (read, "allow [c,d] audit"),
            (bob, "deny b deny_rule [b] audit"),
            (
                Request {
                    resource: None,
                    ..read
                },
                "deny a deny_unknown resource missing [a] audit",
            ),
            (
                Request {
                    resource: None,
                    ..bob
                },
                "deny a deny_unknown resource missing [a,b] audit",
            ),
            (
                Request {
                    resource: Some("x"),
                    ..bob
                },
                "deny a deny_rule [a,b] audit",
            ),
        ] {
            assert_eq!(shown(&policy.evaluate(&request)), expected);
        }
    }
}

#[test]
fn the_empty_policy_admits_whoever_is_known() {
    let policy = Policy::decode(EMPTY_POLICY_BYTES).expect("published");
    let trust = trust();
    let ordinary = ordinary(&trust);
    for (request, expected) in [
        (ordinary, "allow []"),
        (
            Request {
                intent: Intent::Govern,
                ..Request {
                    actor: Some("user:bob"),
                    ..ordinary
                }
            },
            "allow []",
        ),
        (
            Request {
                actor: Some("user:eve"),
                ..ordinary
            },
            "deny default-deny deny_unknown trust[actor] missing []",
        ),
        (
            Request {
                actor: None,
                ..ordinary
            },
            "deny default-deny deny_unknown actor missing []",
        ),
    ] {
        assert_eq!(shown(&policy.evaluate(&request)), expected);
    }
}

#[test]
fn a_decision_has_one_spelling() {
    let policy = policy(&format!("id: finance\n{SEED}"));
    let trust = trust();
    let mut ordinary = ordinary(&trust);
    let document = |request: &Request<'_>| {
        let decision = policy.evaluate(request);
        let value: Value = cbor::decode(&decision.to_bytes(), usize::MAX).expect("canonical");
        assert_eq!(value, decision.to_value());
        String::from_utf8(json::encode_canonical(&value).expect("shallow")).expect("UTF-8")
    };
    assert_eq!(
        document(&ordinary),
        r#"{"audit":true,"kind":"decision","rules":["finance"],"v":1,"verdict":"allow"}"#
    );
    ordinary.labels = None;
    assert_eq!(
        document(&ordinary),
        r#"{"audit":true,"kind":"decision","reason":{"cause":"missing","code":"deny_unknown","path":"labels"},"rule":"finance","rules":["finance"],"v":1,"verdict":"deny"}"#
    );
}
