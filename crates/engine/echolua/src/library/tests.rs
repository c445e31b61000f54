use super::ROWS;
use crate::machine::{Limits, Vm};
use crate::names::INTRINSICS;
use crate::profile::Profile;

#[test]
fn numbers_of_known_rows_are_right() {
    assert_eq!(ROWS[usize::from(super::NEXT.0)].name, "next");
    assert_eq!(ROWS[usize::from(super::IPAIRS_STEP.0)].name, "ipairs step");
}

#[test]
fn names_are_sorted_and_each_has_a_value() {
    assert!(INTRINSICS.is_sorted_by(|left, right| left.0 < right.0));
    let mut vm = Vm::new(Profile::Fold, Limits::default());
    for (name, _) in INTRINSICS {
        assert!(!vm.library_value(name).is_nil(), "{name}");
    }
}
