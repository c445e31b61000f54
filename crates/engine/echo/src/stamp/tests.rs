//! Stamps against a plain list of numbers.

use super::{Stamp, Stamps};
use alloc::vec::Vec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Operation {
    SetAll(u64),
    Set(usize, u64),
    Push(usize, u64),
    Pop,
    /// The last row takes the place of another.
    SwapRemove(usize),
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        1 => (0u64..9).prop_map(Operation::SetAll),
        3 => (any::<usize>(), 0u64..9).prop_map(|(row, stamp)| Operation::Set(row, stamp)),
        3 => (1usize..4, 0u64..9).prop_map(|(count, stamp)| Operation::Push(count, stamp)),
        1 => Just(Operation::Pop),
        2 => any::<usize>().prop_map(Operation::SwapRemove),
    ];
    prop::collection::vec(operation, 0..60)
}

proptest! {
    #[test]
    fn stamps_are_a_list_of_numbers(operations in operations()) {
        let mut stamps = Stamps::default();
        let mut twin: Vec<Stamp> = Vec::new();
        for operation in operations {
            match operation {
                Operation::SetAll(stamp) if !twin.is_empty() => {
                    stamps.set_all(Stamp(stamp));
                    twin.fill(Stamp(stamp));
                }
                Operation::Set(row, stamp) if !twin.is_empty() => {
                    let row = row % twin.len();
                    stamps.set(row, twin.len(), Stamp(stamp));
                    twin[row] = Stamp(stamp);
                }
                Operation::Push(count, stamp) => {
                    stamps.push(twin.len(), count, Stamp(stamp));
                    twin.resize(twin.len() + count, Stamp(stamp));
                }
                Operation::Pop if !twin.is_empty() => {
                    let popped = stamps.pop(twin.len());
                    prop_assert_eq!(Some(popped), twin.pop());
                }
                Operation::SwapRemove(row) if !twin.is_empty() => {
                    let row = row % twin.len();
                    let last = stamps.pop(twin.len());
                    if row + 1 < twin.len() {
                        stamps.set(row, twin.len() - 1, last);
                    }
                    twin.swap_remove(row);
                }
                _ => {}
            }
            for (row, stamp) in twin.iter().enumerate() {
                prop_assert_eq!(stamps.get(row), *stamp);
                prop_assert!(stamps.latest() >= *stamp);
            }
            if !twin.is_empty() {
                let (mut one, mut other) = (Vec::new(), Vec::new());
                stamps.encode(twin.len(), &mut one);
                Stamps::from_rows(twin.clone()).encode(twin.len(), &mut other);
                prop_assert_eq!(&one, &other);
                prop_assert_eq!(one[0] == 0, Stamps::is_uniform(&twin));
            }
        }
    }
}
