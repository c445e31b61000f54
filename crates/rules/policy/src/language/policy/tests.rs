//! The bytes of a policy: what is read back, what is refused.

use super::*;
use crate::language::compile;
use alloc::string::ToString;
use alloc::vec;
use gatos_values::{Map, Value, cbor, roots::EMPTY_POLICY_BYTES};

const SOURCE: &str = "id: a\nwhen: {intent: write, path: gatos/**}\nallow_if: [\"caps includes 'x'\", \"trust[actor].level > 1\"]\n";

fn value() -> Value {
    let compiled = compile(SOURCE).expect("valid");
    cbor::decode(&compiled.rgc, RGC_SIZE_MAX).expect("canonical")
}

/// What the reader says to the policy with one field of its rule changed.
fn with_rule_field(key: &str, change: impl Fn(&Value) -> Value) -> String {
    let mut policy = value();
    let Value::Map(map) = &mut policy else {
        panic!("a map")
    };
    let Some(Value::List(rules)) = map.get_mut("rules") else {
        panic!("rules")
    };
    let Some(Value::Map(rule)) = rules.first_mut() else {
        panic!("a rule")
    };
    let changed = change(rule.get(key).expect("the field"));
    rule.insert(Text::new(key).expect("assigned"), changed);
    verdict(&policy)
}

fn verdict(policy: &Value) -> String {
    let bytes = cbor::encode(policy).expect("shallow");
    match Policy::decode(&bytes) {
        Ok(policy) => {
            assert_eq!(policy.bytes(), bytes);
            "read".to_string()
        }
        Err(error) => error.to_string(),
    }
}

fn list(items: &[Value]) -> Value {
    Value::List(items.to_vec())
}

fn text(text: &str) -> Value {
    Value::text(text).expect("assigned")
}

#[test]
fn the_empty_policy_has_its_published_root() {
    let policy = Policy::decode(EMPTY_POLICY_BYTES).expect("published");
    assert!(policy.is_empty());
    assert_eq!(policy.root(), EMPTY_POLICY_ROOT);
}

#[test]
fn forms_that_the_compiler_does_not_write_are_refused() {
    let same = |value: &Value| value.clone();
    assert_eq!(with_rule_field("audit", same), "read");
    let caps = list(&[text("get"), text("caps")]);
    let line = list(&[text("includes"), caps.clone(), text("x")]);
    let reversed = |value: &Value| {
        let mut lines = value.as_list().expect("lines").to_vec();
        lines.reverse();
        Value::List(lines)
    };
    for (key, changed, expected) in [
        (
            "id",
            text("A"),
            "not a valid policy: rule id `A` must be lower-case letters, digits, `.`, `_` and `-`, starting with a letter or digit",
        ),
        (
            "id",
            text("auto-000000000000"),
            "not a compiled policy: an id of the compiler that is not this rule's",
        ),
        (
            "audit",
            Value::Null,
            "not a compiled policy: `audit` is not a truth value",
        ),
        (
            "reason",
            text(""),
            "not a compiled policy: `reason` is not null or a text of 1 to 256 bytes",
        ),
        (
            "allow",
            list(&[]),
            "not a compiled policy: `allow` is an empty list",
        ),
        (
            "allow",
            Value::Null,
            "not a compiled policy: a rule that neither allows nor denies nor audits",
        ),
        (
            "allow",
            list(&[line.clone(), line.clone()]),
            "not a compiled policy: lines are not sorted, or one occurs twice",
        ),
        (
            "allow",
            list(&[list(&[text("not"), Value::Bool(true)])]),
            "not the canonical form of the policy it holds",
        ),
        (
            "allow",
            list(&[list(&[
                text("and"),
                line.clone(),
                list(&[text("and"), line.clone(), line.clone()]),
            ])]),
            "not the canonical form of the policy it holds",
        ),
        (
            "allow",
            list(&[list(&[text("includes"), caps, Value::Integer(1)])]),
            "not a valid policy: a list of texts never has a number in it",
        ),
        (
            "allow",
            list(&[list(&[text("call"), Value::Integer(1)])]),
            "not a compiled policy: an operation that policies do not have",
        ),
        (
            "allow",
            list(&[list(&[])]),
            "not a compiled policy: an expression does not start with a word",
        ),
        (
            "when",
            Value::Map(Map::new()),
            "not a compiled policy: `when` has other fields than intent, path",
        ),
    ] {
        assert_eq!(
            with_rule_field(key, |_| changed.clone()),
            expected,
            "{key} {changed:?}"
        );
    }
    assert_eq!(
        with_rule_field("allow", reversed),
        "not a compiled policy: lines are not sorted, or one occurs twice"
    );
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels: usize| {
        let mut line = list(&[text("get"), text("payload")]);
        for _ in 1..levels {
            line = list(&[text("field"), line, text("a")]);
        }
        vec![line]
    };
    let depth = crate::language::expression::DEPTH_MAX;
    assert_eq!(
        with_rule_field("allow", |_| Value::List(nested(depth))),
        "read"
    );
    assert_eq!(
        with_rule_field("allow", |_| Value::List(nested(depth + 1))),
        "not a compiled policy: an expression is too deep or too large"
    );
}

#[test]
fn every_changed_byte_is_refused_or_another_policy() {
    let compiled = compile(SOURCE).expect("valid");
    for index in 0..compiled.rgc.len() {
        for flip in [1_u8, 0x20, 0x80] {
            let mut bytes = compiled.rgc.clone();
            bytes[index] ^= flip;
            if let Ok(policy) = Policy::decode(&bytes) {
                assert_eq!(policy.bytes(), bytes);
                assert_ne!(policy.root(), compiled.root);
            }
        }
    }
}
