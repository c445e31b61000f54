//! The reader beside the slow one: on policies, on changed bytes, on values that are no policy.
//!
//! More: `GATOS_RGC_POLICIES=20000 GATOS_RGC_SEED=1 cargo test --release -p gatos-policy --lib code::tests -- --nocapture`.

extern crate std;

use super::*;
use crate::language::any::{self, Chooser};
use crate::language::policy::{RGC_SIZE_MAX, RgcError};
use alloc::string::String;
use gatos_values::{Map, Text};

/// Whether both read the bytes, to the same rules; neither may call canonical CBOR what is not.
fn agree(bytes: &[u8]) -> bool {
    let shown = || hex::encode(bytes);
    match (rules(bytes), slow::decode(bytes)) {
        (Ok(found), Ok(expected)) => {
            assert_eq!(found, expected, "{}", shown());
            assert_eq!(policy_bytes(&found), bytes, "{}", shown());
            true
        }
        (Err(found), Err(expected)) => {
            let is_cbor = |error: &RgcError| matches!(error, RgcError::Cbor(_));
            if is_cbor(&found) || is_cbor(&expected) {
                assert_eq!(found, expected, "{}", shown());
            }
            false
        }
        (found, expected) => panic!("{found:?} instead of {expected:?}: {}", shown()),
    }
}

fn changed_bytes(bytes: &[u8], chooser: &mut Chooser) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    let at = chooser.below(bytes.len());
    match chooser.below(6) {
        0 => changed.truncate(at),
        1 => drop(changed.remove(at)),
        2 => changed.insert(at, chooser.pick(bytes)),
        3 => changed[at] = chooser.pick(bytes),
        4 => changed[at] ^= 1 << chooser.below(8),
        _ => changed.swap(at, chooser.below(bytes.len())),
    }
    changed
}

/// Any value below this one.
fn part<'a>(value: &'a Value, chooser: &mut Chooser) -> &'a Value {
    let mut part = value;
    loop {
        let inner: Vec<&Value> = match part {
            Value::List(items) => items.iter().collect(),
            Value::Map(map) => map.values().collect(),
            _ => return part,
        };
        if inner.is_empty() || chooser.percent(20) {
            return part;
        }
        part = chooser.pick(&inner);
    }
}

/// The value with something in it exchanged, doubled, left out or added.
fn changed_value(value: &Value, whole: &Value, chooser: &mut Chooser) -> Value {
    let strange = [
        Value::Null,
        Value::from(1),
        Value::from("or"),
        Value::Bytes(Vec::new()),
        Value::List(Vec::new()),
    ];
    match value {
        Value::List(items) if !items.is_empty() && chooser.percent(90) => {
            let mut items = items.clone();
            let at = chooser.below(items.len());
            match chooser.below(10) {
                0 => drop(items.remove(at)),
                1 => items.insert(at, part(whole, chooser).clone()),
                2 => items.insert(at, items[at].clone()),
                3 => {
                    let other = chooser.below(items.len());
                    items.swap(at, other);
                }
                _ => items[at] = changed_value(&items[at], whole, chooser),
            }
            Value::List(items)
        }
        Value::Map(map) if !map.is_empty() && chooser.percent(90) => {
            let keys: Vec<Text> = map.keys().cloned().collect();
            let key = chooser.pick(&keys);
            let mut map: Map = map.clone();
            match chooser.below(20) {
                0 => drop(map.remove(&key)),
                1 => drop(map.insert(Text::from_ascii("x"), Value::Null)),
                _ => {
                    let inner = map.get(&key).expect("a key of it");
                    let inner = changed_value(inner, whole, chooser);
                    map.insert(key, inner);
                }
            }
            Value::Map(map)
        }
        _ if chooser.percent(50) => chooser.pick(&strange),
        _ => part(whole, chooser).clone(),
    }
}

fn number_of(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn both_readers_agree() {
    let seed = number_of("GATOS_RGC_SEED", 6);
    let count = number_of("GATOS_RGC_POLICIES", 60);
    let (mut read, mut tried) = (0, 0);
    for seed in seed..seed + count {
        std::println!("GATOS_RGC_SEED={seed}");
        let mut chooser = Chooser(seed);
        let bytes = policy_bytes(&any::rules(&mut chooser));
        assert!(agree(&bytes), "{}", hex::encode(&bytes));
        for _ in 0..20 {
            agree(&changed_bytes(&bytes, &mut chooser));
        }
        let value = cbor::decode(&bytes, RGC_SIZE_MAX).expect("canonical");
        for _ in 0..20 {
            let changed = changed_value(&value, &value, &mut chooser);
            tried += 1;
            read += u64::from(agree(&cbor::encode(&changed).expect("shallow")));
        }
    }
    // Else the changes say nothing about what is accepted.
    assert!(read * 50 > tried, "only {read} of {tried} are policies");
}

#[test]
fn every_byte_of_one_policy() {
    let mut chooser = Chooser(2);
    let bytes = loop {
        let bytes = policy_bytes(&any::rules(&mut chooser));
        if (200..300).contains(&bytes.len()) {
            break bytes;
        }
    };
    for at in 0..bytes.len() {
        for change in [0x01, 0x20, 0x80, 0x40 | 0x1F] {
            let mut changed = bytes.clone();
            changed[at] ^= change;
            agree(&changed);
        }
        assert!(!agree(&bytes[..at]));
    }
    let mut longer = bytes;
    longer.push(0xF6);
    assert!(!agree(&longer));
}

#[test]
fn intents_stand_in_one_order() {
    let bytes = |intents: &[&str]| {
        let intents: Vec<Value> = intents
            .iter()
            .map(|intent| Value::text(intent).expect("ASCII"))
            .collect();
        let when = Map::new().with("intent", intents).with("path", Value::Null);
        let rule = Map::new()
            .with("id", "a")
            .with("when", when)
            .with("allow", Value::Null)
            .with("deny", Vec::new())
            .with("audit", true)
            .with("reason", Value::Null);
        let policy = Map::new()
            .with("v", 1)
            .with("kind", "policy")
            .with("rules", Vec::from([Value::Map(rule)]));
        cbor::encode(&Value::Map(policy)).expect("shallow")
    };
    let all = [
        "read",
        "write",
        "exec",
        "publish",
        "subscribe",
        "export",
        "govern",
    ];
    for (intents, expected) in [
        (&["read", "govern"][..], "read"),
        (
            &["govern", "read"],
            "not a compiled policy: `intent` is not in order or has repeats",
        ),
        (
            &["read", "read"],
            "not a compiled policy: `intent` is not in order or has repeats",
        ),
        (&[], "not a compiled policy: `intent` is empty or complete"),
        (&all, "not a compiled policy: `intent` is empty or complete"),
        (&["think"], "not a compiled policy: an unknown intent"),
    ] {
        let bytes = bytes(intents);
        let found = match rules(&bytes) {
            Ok(_) => String::from("read"),
            Err(error) => error.to_string(),
        };
        assert_eq!((agree(&bytes), &*found), (expected == "read", expected));
    }
}
