//! The value model: order, equality, maps.

use crate::any;
use gatos_values::json::{decode_strict, encode_canonical};
use gatos_values::{DuplicateKey, Fixed, Map, Number, Text, Value};
use proptest::prelude::*;

fn json(text: &str) -> Value {
    decode_strict(text.as_bytes(), usize::MAX).expect(text)
}

#[test]
fn the_total_order() {
    let mut rising = vec![json("null"), json("false"), json("true")];
    for number in [
        "-170141183460469231731687303715884105728",
        "-1",
        "-0.5",
        "0",
        "0.0000000002",
        "1",
        "1.5",
        "2",
    ] {
        rising.push(json(number));
    }
    rising.extend(["\"\"", "\"a\"", "\"a\\u0000\"", "\"b\"", "\"é\""].map(json));
    rising.extend([vec![], vec![0], vec![0, 0], vec![1]].map(Value::Bytes));
    rising.extend(["[]", "[null]", "[null,null]", "[0]", "[[]]"].map(json));
    rising.extend(
        [
            r#"{}"#,
            r#"{"a":1}"#,
            r#"{"a":1,"b":0}"#,
            r#"{"a":2}"#,
            r#"{"b":0}"#,
        ]
        .map(json),
    );
    for (index, left) in rising.iter().enumerate() {
        for (other, right) in rising.iter().enumerate() {
            assert_eq!(left.cmp(right), index.cmp(&other), "{left:?} {right:?}");
            assert_eq!(left == right, index == other);
        }
    }
}

proptest! {
    #[test]
    fn order_is_total_and_equality_is_that_of_the_text(mut list in prop::collection::vec(any::json_values(), 3)) {
        list.sort();
        assert!(list[0] <= list[1] && list[1] <= list[2] && list[0] <= list[2]);
        let texts: Vec<_> = list.iter().map(encode_canonical).collect();
        assert_eq!(list[0] == list[1], texts[0] == texts[1]);
    }

    #[test]
    fn maps_behave_like_the_standard_library_s(entries in prop::collection::vec((any::texts(), 0i64..9, any::<bool>()), 0..20)) {
        let (mut map, mut twin) = (Map::new(), std::collections::BTreeMap::new());
        for (key, value, is_removal) in entries {
            if is_removal {
                assert_eq!(map.remove(&key), twin.remove(&key));
            } else {
                assert_eq!(map.insert(key.clone(), Value::from(value)), twin.insert(key, Value::from(value)));
            }
        }
        assert!(map.iter().map(|(key, value)| (key, value)).eq(twin.iter()));
        assert_eq!(map.len(), twin.len());
        let shuffled: Vec<_> = map.clone().into_iter().rev().collect();
        assert_eq!(Map::from_entries(shuffled).as_ref(), Ok(&map));
    }
}

#[test]
fn maps_refuse_duplicates() {
    let key = Text::from_ascii("k");
    let entries = vec![
        (key.clone(), Value::Null),
        (Text::from_ascii("a"), Value::Null),
        (key.clone(), Value::Null),
    ];
    assert_eq!(Map::from_entries(entries), Err(DuplicateKey(key.clone())));
    let entries = vec![(key.clone(), Value::Null), (key.clone(), Value::Null)];
    assert_eq!(Map::from_entries(entries), Err(DuplicateKey(key)));
}

#[test]
fn numbers_are_normalised_and_reached() {
    assert!(matches!(
        Value::fixed(Fixed::from_steps(2 << 32)),
        Value::Integer(2)
    ));
    assert!(matches!(
        Value::number(Number::Fixed(Fixed::from_steps(1))),
        Value::Fixed(_)
    ));
    assert_eq!(
        Value::Fixed(Fixed::from_steps(2 << 32)).as_integer(),
        Some(2)
    );
    assert_eq!(json("0.5").as_integer(), None);
    assert_eq!(
        json("0.5").as_number(),
        Some(Number::Fixed(Fixed::from_steps(1 << 31)))
    );
    assert_eq!(json("\"5\"").as_number(), None);
}

#[test]
fn accessors_and_depth() {
    let value = json(r#"{"a":[1,{"b":"x"}],"c":true,"d":null}"#);
    assert_eq!(value.depth(), 3);
    assert_eq!(
        value.get("a").and_then(Value::as_list).map(<[Value]>::len),
        Some(2)
    );
    assert_eq!(value.get("c").and_then(Value::as_bool), Some(true));
    assert_eq!(value.get("d").map(Value::is_null), Some(true));
    assert_eq!(value.get("x"), None);
    assert_eq!(Value::from("x").get("x"), None);
    assert_eq!(Value::from(Some(3u8)), Value::Integer(3));
    assert_eq!(Value::from(None::<bool>), Value::Null);
}
