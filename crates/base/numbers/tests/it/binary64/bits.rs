//! Canonical bits: one NaN, two zeros, one order.

use super::values::{EDGES, float};
use core::cmp::Ordering;
use gatos_numbers::binary64::{
    CANONICAL_NAN, CANONICAL_NAN_BITS, canonical, canonical_bits, compare_bits, from_bits,
    from_le_bytes, is_same, poison, to_le_bytes,
};
use proptest::prelude::*;

#[test]
fn every_nan_becomes_the_one() {
    for bits in poison::NANS {
        assert_eq!(
            canonical(f64::from_bits(bits)).to_bits(),
            CANONICAL_NAN_BITS
        );
        assert_eq!(canonical_bits(f64::from_bits(bits)), CANONICAL_NAN_BITS);
        assert_eq!(from_bits(bits).to_bits(), CANONICAL_NAN_BITS);
        let expected = (bits == CANONICAL_NAN_BITS).then_some(CANONICAL_NAN_BITS);
        assert_eq!(
            from_le_bytes(bits.to_le_bytes()).map(f64::to_bits),
            expected
        );
    }
}

#[test]
fn zeros_stay_two() {
    assert_eq!(canonical_bits(-0.0), 1 << 63);
    assert_eq!(canonical_bits(0.0), 0);
    assert!(!is_same(0.0, -0.0));
    assert!(is_same(CANONICAL_NAN, CANONICAL_NAN));
    assert_eq!(to_le_bytes(-0.0), [0, 0, 0, 0, 0, 0, 0, 0x80]);
    assert_eq!(compare_bits(-0.0, 0.0), Ordering::Less);
}

#[test]
fn the_order_of_the_edges() {
    let mut sorted: Vec<f64> = EDGES
        .iter()
        .flat_map(|bits| [from_bits(*bits), from_bits(*bits | 1 << 63)])
        .collect();
    sorted.sort_by(|left, right| compare_bits(*left, *right));
    assert_eq!(
        sorted.first().map(|value| value.to_bits()),
        Some(f64::NEG_INFINITY.to_bits())
    );
    assert!(sorted[sorted.len() - 1].is_nan() && sorted[sorted.len() - 2].is_nan());
    let numbers: Vec<f64> = sorted.into_iter().filter(|value| !value.is_nan()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] <= pair[1]));
}

proptest! {
    #[test]
    fn bytes_are_inverse(value in float()) {
        let read = from_le_bytes(to_le_bytes(value)).expect("canonical bytes are read");
        prop_assert!(is_same(read, value));
    }

    #[test]
    fn the_order_agrees_with_comparison(left in float(), right in float()) {
        let order = compare_bits(left, right);
        prop_assert_eq!(order == Ordering::Equal, is_same(left, right));
        prop_assert_eq!(order, compare_bits(right, left).reverse());
        if left < right {
            prop_assert_eq!(order, Ordering::Less);
        }
    }
}
