//! Sums: exact across journals, whatever the parts.

extern crate std;

use super::sum::Components;
use alloc::vec::Vec;
use gatos_numbers::{Fixed, Number};

fn total(amounts: &[(u32, Number)]) -> Option<Number> {
    let mut components = Components::default();
    let fits: Vec<bool> = amounts
        .iter()
        .map(|(journal, amount)| components.add(*journal, *amount))
        .collect();
    assert!(fits.iter().all(|fits| *fits));
    components.total()
}

#[test]
fn totals_are_exact_where_partial_sums_overflow() {
    let (max, min) = (Number::Integer(i128::MAX), Number::Integer(i128::MIN));
    let one = Number::Integer(1);
    assert_eq!(
        total(&[(0, max), (1, max), (2, min), (3, min), (4, one)]),
        Some(Number::Integer(-1))
    );
    assert_eq!(total(&[(0, max), (1, one)]), None);
    assert_eq!(
        total(&[(0, max), (1, one), (2, Number::Integer(-1))]),
        Some(max)
    );
    assert_eq!(total(&[]), Some(Number::ZERO));
}

#[test]
fn fractions_carry_between_journals() {
    let half = |sign| Number::from_fixed(Fixed::from_steps(sign * (1_i128 << 31)));
    assert_eq!(
        total(&[(0, half(1)), (1, half(1))]),
        Some(Number::Integer(1))
    );
    assert_eq!(
        total(&[(0, half(-1)), (1, half(-1)), (2, half(-1))]),
        Some(Number::from_fixed(Fixed::from_steps(-3 << 31)))
    );
    let large = Number::Integer(1 << 96);
    assert_eq!(
        total(&[(0, large), (1, half(1))]),
        None,
        "no fixed form so far out"
    );
    assert_eq!(
        total(&[(0, large), (1, half(1)), (2, half(1))]),
        Some(Number::Integer((1 << 96) + 1))
    );
    let edge = Number::Integer(-(1 << 95));
    assert_eq!(
        total(&[(0, edge), (1, half(1))]),
        Some(Number::from_fixed(Fixed::from_steps(i128::MIN + (1 << 31))))
    );
}
