//! What was placed is read again.

use super::*;
use crate::analysis::classes::literal_value;
use crate::language::compile;
use alloc::format;

/// The term that a line compares with null.
fn term(text: &str) -> Expression {
    let source = format!("when: {{}}\nallow_if: [\"{text} == null\"]\n");
    let compiled = compile(&source).expect("compiles");
    let lines = compiled.policy.rules()[0].allow_if.clone().expect("lines");
    lines[0].children().next().expect("a child").clone()
}

#[test]
fn what_was_placed_is_read() {
    let number = Value::Integer(7);
    let text = Value::text("x").expect("assigned");
    let list = Value::List(Vec::from([text.clone()]));
    for (written, value) in [
        ("actor", &text),
        ("path", &text),
        ("epoch", &number),
        ("caps", &list),
        ("payload", &number),
        ("payload.a.b", &list),
        ("payload.a[2].b", &number),
        ("trust[actor].level", &number),
        ("trust['user:z'].groups", &list),
        ("trust[payload.owner].level", &number),
    ] {
        let term = term(written);
        let mut context = Context::new(crate::language::Intent::Read);
        place(&mut context, &term, Some(value));
        let read = context.ask(|request| match evaluate(&term, request) {
            Ok(Datum::Number(number)) => Some(Value::number(number)),
            Ok(Datum::Text(text)) => Value::text(&text).ok(),
            Ok(Datum::Names(names)) => names
                .iter()
                .map(|name| Value::text(name).ok())
                .collect::<Option<Vec<_>>>()
                .map(Value::List),
            Ok(Datum::Texts(texts)) => Some(Value::List(
                texts.iter().cloned().map(Value::Text).collect(),
            )),
            Ok(Datum::Values(values)) => Some(Value::List(values.to_vec())),
            Ok(Datum::Literals(literals)) => {
                Some(Value::List(literals.iter().map(literal_value).collect()))
            }
            _ => None,
        });
        assert_eq!(read.as_ref(), Some(value), "{written}");
        if !written.starts_with("trust") {
            place(&mut context, &term, None);
            assert!(
                context.ask(|request| evaluate(&term, request).is_err()),
                "{written}"
            );
        }
    }
}

#[test]
fn an_actor_is_forgotten() {
    let actor = term("actor");
    let mut context = Context::new(crate::language::Intent::Read);
    trusted(&mut context, &actor);
    assert!(context.trust.get("user:alice").is_some());
    distrusted(&mut context, &actor);
    assert_eq!(context.trust, TrustSnapshot::EMPTY);
}
