//! The map against `BTreeMap`.

extern crate std;

use super::*;
use alloc::string::String;
use alloc::vec::Vec;
use proptest::prelude::*;

fn text(key: &str) -> Text {
    Text::new(key).expect("text")
}

proptest! {
    /// Keys over a small alphabet with zeros, long enough to share heads.
    #[test]
    fn agrees_with_btree_map(keys in prop::collection::vec(("(abcdefghijklmno|abcdefghijklmnop)?[ab\0]{0,2}", any::<u8>()), 0..40)) {
        let mut map: TextMap<u8> = TextMap::default();
        let mut twin: BTreeMap<String, u8> = BTreeMap::new();
        for (key, value) in &keys {
            map.insert(text(key), *value);
            twin.insert(key.clone(), *value);
            prop_assert_eq!(map.get(key), twin.get(key));
        }
        for (key, _) in &keys {
            if let Some(value) = map.get_mut(key) {
                *value ^= 1;
            }
            if let Some(value) = twin.get_mut(key) {
                *value ^= 1;
            }
        }
        let expected: Vec<(&str, u8)> = twin.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        let found: Vec<(&str, u8)> = map.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        prop_assert_eq!(found, expected);
        let found: Vec<(String, u8)> = map.iter_mut().map(|(key, value)| (String::from(key.as_str()), *value)).collect();
        prop_assert_eq!(&found, &twin.clone().into_iter().collect::<Vec<_>>());
        map.retain(|value| value % 2 == 0);
        twin.retain(|_, value| *value % 2 == 0);
        prop_assert_eq!(map.iter().count(), twin.len());
        prop_assert_eq!(map.is_empty(), twin.is_empty());
        for (key, _) in &keys {
            prop_assert_eq!(map.contains_key(key), twin.contains_key(key));
        }
    }
}
