//! A map from text keys, sorted bytewise, made for many look-ups of short keys.
//!
//! Keys are found by their first 16 bytes, as one number that lies inside the tree, so that a look-up mostly touches
//! neither the key's own memory nor `memcmp`; that is worth a factor of three over a tree of texts. Keys that share
//! those bytes lie in a tree of their own. There is no hashing: no input makes look-ups slow.
//!
//! INVARIANT: iteration goes in the bytewise order of the keys. Heads padded with zeros sort like the keys, except
//! that a key may share its head with a longer one that goes on with zeros; those two lie in one group.
//! Tests: `text_map/tests.rs`, against `BTreeMap`.

#[cfg(test)]
mod tests;

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use gatos_values::Text;

const HEAD_SIZE: usize = 16;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct TextMap<T> {
    groups: BTreeMap<u128, Group<T>>,
}

/// The keys that share a head.
#[derive(Clone, Debug)]
enum Group<T> {
    One(Text, T),
    Many(BTreeMap<Text, T>),
}

impl<T> Default for TextMap<T> {
    fn default() -> TextMap<T> {
        TextMap {
            groups: BTreeMap::new(),
        }
    }
}

impl<T> TextMap<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    pub(crate) fn get(&self, key: &str) -> Option<&T> {
        match self.groups.get(&head(key))? {
            Group::One(only, value) => same(only, key).then_some(value),
            Group::Many(map) => map.get(key),
        }
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        match self.groups.get_mut(&head(key))? {
            Group::One(only, value) => same(only, key).then_some(value),
            Group::Many(map) => map.get_mut(key),
        }
    }

    pub(crate) fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Sets the value of a key.
    pub(crate) fn insert(&mut self, key: Text, value: T) {
        match self.groups.entry(head(&key)) {
            Entry::Vacant(place) => {
                place.insert(Group::One(key, value));
            }
            Entry::Occupied(mut group) => group.get_mut().insert(key, value),
        }
    }

    /// Keys and values in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Text, &T)> {
        self.groups.values().flat_map(|group| {
            let (one, many) = match group {
                Group::One(key, value) => (Some((key, value)), None),
                Group::Many(map) => (None, Some(map.iter())),
            };
            one.into_iter().chain(many.into_iter().flatten())
        })
    }

    /// Keys and values in order, the values to change.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&Text, &mut T)> {
        self.groups.values_mut().flat_map(|group| {
            let (one, many) = match group {
                Group::One(key, value) => (Some((&*key, value)), None),
                Group::Many(map) => (None, Some(map.iter_mut())),
            };
            one.into_iter().chain(many.into_iter().flatten())
        })
    }

    /// Keeps only what the test accepts.
    pub(crate) fn retain(&mut self, mut keeps: impl FnMut(&T) -> bool) {
        self.groups.retain(|_, group| match group {
            Group::One(_, value) => keeps(value),
            Group::Many(map) => {
                map.retain(|_, value| keeps(value));
                !map.is_empty()
            }
        });
    }
}

impl<T> Group<T> {
    fn insert(&mut self, key: Text, value: T) {
        match self {
            Group::One(only, present) if *only == key => *present = value,
            Group::Many(map) => {
                map.insert(key, value);
            }
            Group::One(..) => {
                let added = Group::Many(BTreeMap::from([(key, value)]));
                if let (Group::One(key, value), Group::Many(map)) =
                    (core::mem::replace(self, added), self)
                {
                    map.insert(key, value);
                }
            }
        }
    }
}

/// The first bytes of a key as a number that sorts like them.
fn head(key: &str) -> u128 {
    let bytes = key.as_bytes();
    if let Some(head) = bytes.first_chunk::<HEAD_SIZE>() {
        return u128::from_be_bytes(*head);
    }
    let mut head = [0; HEAD_SIZE];
    head[..bytes.len()].copy_from_slice(bytes);
    u128::from_be_bytes(head)
}

/// Whether two keys with one head are the same key. Short ones are if they are equally long.
fn same(left: &Text, right: &str) -> bool {
    left.len() == right.len() && (right.len() <= HEAD_SIZE || left.as_str() == right)
}
