use super::{Step, Table};
use crate::value::Value;
use alloc::vec::Vec;

fn integer(value: i64) -> Value {
    Value::Integer(value)
}

fn order(table: &Table) -> Vec<(i64, i64)> {
    let number = |value| match value {
        Value::Integer(integer) => integer,
        other => panic!("{other:?}"),
    };
    let mut key = Value::Nil;
    let mut found = Vec::new();
    while let Step::Pair(next, value) = table.next(key) {
        found.push((number(next), number(value)));
        key = next;
    }
    let pairs: Vec<(i64, i64)> = table
        .pairs()
        .map(|(key, value)| (number(key), number(value)))
        .collect();
    assert_eq!(found, pairs);
    found
}

#[test]
fn the_array_takes_over_what_follows_it() {
    let mut table = Table::default();
    for key in [3, 2, 5, 1] {
        table.set(integer(key), integer(key * 10));
    }
    assert_eq!(table.length(), 3);
    assert_eq!(order(&table), [(1, 10), (2, 20), (3, 30), (5, 50)]);
    table.set(integer(4), integer(40));
    assert_eq!(table.length(), 5);
}

#[test]
fn the_length_is_where_the_array_ends() {
    let mut table = Table::default();
    for key in 1..=5 {
        table.set(integer(key), integer(key));
    }
    table.set(integer(3), Value::Nil);
    assert_eq!(table.length(), 5);
    table.set(integer(5), Value::Nil);
    assert_eq!(table.length(), 4);
    table.set(integer(4), Value::Nil);
    assert_eq!(table.length(), 2);
    assert_eq!(order(&table), [(1, 1), (2, 2)]);
}

#[test]
fn a_key_stored_again_goes_last() {
    let mut table = Table::default();
    for key in [-1, -2, -3] {
        table.set(integer(key), integer(key));
    }
    table.set(integer(-1), Value::Nil);
    table.set(integer(-1), integer(7));
    assert_eq!(order(&table), [(-2, -2), (-3, -3), (-1, 7)]);
}

/// The slow twin: a list of pairs in order of insertion, and the array rule spelled out.
#[derive(Default)]
struct Slow {
    array: Vec<i64>,
    pairs: Vec<(i64, i64)>,
}

impl Slow {
    /// 0 stands for nil.
    fn set(&mut self, key: i64, value: i64) {
        let count = self.array.len() as i64;
        if key >= 1 && key <= count {
            self.array[key as usize - 1] = value;
            while self.array.last() == Some(&0) {
                self.array.pop();
            }
        } else if key == count + 1 && value != 0 {
            self.pairs.retain(|pair| pair.0 != key);
            self.array.push(value);
            while let Some(position) = self
                .pairs
                .iter()
                .position(|pair| pair.0 == self.array.len() as i64 + 1)
            {
                self.array.push(self.pairs.remove(position).1);
            }
        } else {
            match self.pairs.iter().position(|pair| pair.0 == key) {
                Some(position) if value == 0 => {
                    self.pairs.remove(position);
                }
                Some(position) => self.pairs[position].1 = value,
                None if value != 0 => self.pairs.push((key, value)),
                None => {}
            }
        }
    }

    fn order(&self) -> Vec<(i64, i64)> {
        let array = self
            .array
            .iter()
            .enumerate()
            .map(|(index, value)| (index as i64 + 1, *value));
        array
            .filter(|pair| pair.1 != 0)
            .chain(self.pairs.iter().copied())
            .collect()
    }
}

#[test]
fn random_stores_agree_with_the_slow_twin() {
    let seed = 20_260_101;
    let mut dice = gatos_numbers::Pcg32::new(seed, 1);
    for round in 0..60 {
        let (mut table, mut slow) = (Table::default(), Slow::default());
        let spread = 1 + dice.next_u32() % 60;
        for step in 0..300 {
            let key = i64::from(dice.next_u32() % spread) - 4;
            let value = i64::from(dice.next_u32() % 3);
            table.set(
                integer(key),
                if value == 0 {
                    Value::Nil
                } else {
                    integer(value)
                },
            );
            slow.set(key, value);
            assert_eq!(
                order(&table),
                slow.order(),
                "seed {seed} round {round} step {step}"
            );
            assert_eq!(
                table.length(),
                slow.array.len() as i64,
                "seed {seed} round {round} step {step}"
            );
        }
    }
}

/// Keys that all want one slot of the index a table of this size has, whatever else they are.
fn colliding(count: usize, mask: usize) -> Vec<Value> {
    let candidates = (1i64..).map(|number| Value::Integer(number << 20));
    let wanted = |key: &Value| super::hash(*key, 0) & mask == 7;
    candidates.filter(wanted).take(count).collect()
}

#[test]
fn keys_that_collide_on_purpose_get_another_seed_and_keep_their_order() {
    let keys = colliding(1000, 4095);
    let mut table = Table::default();
    for key in &keys {
        table.set(*key, *key);
    }
    assert!(table.seed > 0, "{}", table.seed);
    let mask = table.index.len() - 1;
    let longest = keys.iter().map(|key| {
        let home = super::hash(*key, table.seed) & mask;
        let position = table.position(*key).expect("it is there") as u32;
        let slot = table
            .index
            .iter()
            .position(|found| *found == position)
            .expect("it is noted");
        slot.wrapping_sub(home) & mask
    });
    assert!(longest.max().expect("there are keys") <= super::PROBE_COUNT_MAX as usize);
    let stored: Vec<(u8, u64)> = table.pairs().map(|(key, _)| key.bits()).collect();
    let wanted: Vec<(u8, u64)> = keys.iter().map(|key| key.bits()).collect();
    assert_eq!(stored, wanted);
}
