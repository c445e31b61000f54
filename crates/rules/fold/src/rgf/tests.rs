//! Bytes that no source compiles to are refused.

extern crate std;

use super::*;
use crate::compile_yaml;
use alloc::string::ToString;
use alloc::vec;

fn fold_value() -> Value {
    let source = "version: 1
inputs: [gatos/journal/a/**]
reducers:
  - {name: a, kind: map-join, key: $.k, value: {kind: counter-pn, dec: {where: {type: x, $.n: {'<': 3, '>': 1}}}}, each: $.l}
  - {name: b, kind: set-2p, value: {x: $.x}, remove: {where: {$.r: {in: [1, 2]}}}}
emit:
  - {path: state/a.json, from: a}
  - {path: 'state/b/{key}', from: a, split: key}
";
    cbor::decode(&compile_yaml(source).expect("valid").rgf, usize::MAX).expect("canonical")
}

fn decoded(value: &Value) -> Result<Fold, RgfError> {
    Fold::decode(&cbor::encode(value).expect("encodes"))
}

fn changed(change: impl Fn(&mut Map)) -> Value {
    let Value::Map(mut map) = fold_value() else {
        panic!("a map")
    };
    change(&mut map);
    Value::Map(map)
}

fn text(text: &str) -> Value {
    Value::text(text).expect("text")
}

#[test]
fn reads_what_was_compiled() {
    let fold = decoded(&fold_value()).expect("valid");
    assert_eq!(fold.reducer_names().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(fold.inputs().map(<[_]>::len), Some(1));
    assert!(!fold.needs_order() && !fold.is_privileged());
    assert_eq!(fold.merge_contract().len(), 2);
}

#[test]
fn refuses_other_fields_and_forms() {
    let refused = [
        changed(|map| drop(map.remove("limits"))),
        changed(|map| drop(map.insert(Text::from_ascii("extra"), Value::Null))),
        changed(|map| drop(map.insert(Text::from_ascii("v"), 2_u8.into()))),
        changed(|map| drop(map.insert(Text::from_ascii("kind"), text("elc")))),
        changed(|map| drop(map.insert(Text::from_ascii("inputs"), Value::List(vec![])))),
        changed(|map| {
            drop(map.insert(
                Text::from_ascii("inputs"),
                Value::List(vec![text("gatos/x/**")]),
            ))
        }),
        changed(|map| drop(map.insert(Text::from_ascii("merge"), Map::new().into()))),
        changed(|map| drop(map.insert(Text::from_ascii("privileged"), Value::Null))),
        changed(|map| drop(map.insert(Text::from_ascii("privileged"), Value::Bytes(vec![])))),
        changed(|map| drop(map.insert(Text::from_ascii("code"), Value::Null))),
        changed(|map| {
            if let Some(Value::List(code)) = map.get_mut("code") {
                code.reverse();
            }
        }),
        changed(|map| {
            if let Some(Value::List(emits)) = map.get_mut("emit") {
                emits.reverse();
            }
        }),
        Value::Null,
        Map::new().into(),
    ];
    for value in &refused {
        assert!(decoded(value).is_err(), "{value:?}");
    }
}

#[test]
fn refuses_unnormalised_parts() {
    let rows: [(&str, Value); 5] = [
        ("key", text("$.k")),
        ("each", text("$.l")),
        (
            "where",
            Value::List(vec![Value::List(vec![
                text("type"),
                text("glob"),
                Value::List(vec![]),
            ])]),
        ),
        ("where", Value::List(vec![text("type")])),
        ("name", text("A")),
    ];
    for (field, value) in rows {
        let fold = changed(|map| {
            if let Some(Value::List(code)) = map.get_mut("code")
                && let Some(Value::Map(reducer)) = code.first_mut()
            {
                reducer.insert(Text::new(field).expect("text"), value.clone());
            }
        });
        assert!(decoded(&fold).is_err(), "{field} {value:?}");
    }
}

#[test]
fn every_changed_byte_is_refused_or_another_fold() {
    let bytes = cbor::encode(&fold_value()).expect("encodes");
    let root = Fold::decode(&bytes).expect("valid").fold_root();
    for index in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[index] ^= 1 << bit;
            if let Ok(fold) = Fold::decode(&changed) {
                assert_ne!(fold.fold_root(), root);
                assert_eq!(fold.bytes(), changed, "accepted as it stands");
            }
        }
    }
    for size in 0..bytes.len() {
        assert!(Fold::decode(&bytes[..size]).is_err());
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let error =
        changed(|map| drop(map.insert(Text::from_ascii("inputs"), Value::List(vec![text("x")]))));
    let error = decoded(&error).expect_err("refused");
    assert_eq!(
        error.to_string(),
        "not a valid fold: `x` matches no journal"
    );
    assert_eq!(error.code(), ErrorCode::BadFold);
    assert!(matches!(Fold::decode(&[0xff]), Err(RgfError::Cbor(_))));
}
