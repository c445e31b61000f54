//! Arithmetic against exact integers and Lua's and C's definitions; SoftFloat judges the rest outside the workspace.

use super::values::float;
use gatos_numbers::binary64::{
    add, canonical, canonical_bits, div, floor, floor_div, floor_mod, fma, fmod, is_same, mul,
    remainder, round_ties_even, sqrt, sub, trunc,
};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn nothing_but_nan_is_changed(left in float(), right in float()) {
        prop_assert_eq!(canonical_bits(left + right), add(left, right).to_bits());
        prop_assert_eq!(canonical_bits(left - right), sub(left, right).to_bits());
        prop_assert_eq!(canonical_bits(left * right), mul(left, right).to_bits());
        prop_assert_eq!(canonical_bits(left / right), div(left, right).to_bits());
    }

    #[test]
    fn small_integers_are_exact(left in -(1i64 << 24)..1 << 24, right in -(1i64 << 24)..1 << 24, third in -(1i64 << 24)..1 << 24) {
        let (a, b, c) = (left as f64, right as f64, third as f64);
        prop_assert_eq!(fma(a, b, c), (left * right + third) as f64);
        if right != 0 {
            prop_assert_eq!(fmod(a, b), (left % right) as f64);
            prop_assert_eq!(floor_mod(a, b), (left - right * left.div_euclid(right) - if right < 0 && left.rem_euclid(right) != 0 { -right } else { 0 }) as f64);
            prop_assert_eq!(floor_div(a, b), (a / b).floor());
        }
        prop_assert_eq!(sqrt(a * a), a.abs());
    }

    #[test]
    fn fused_products_keep_their_low_half(left in -(1i64 << 53)..1 << 53, right in -(1i64 << 53)..1 << 53) {
        // The error of a product of 53-bit integers is an integer of 53 bits: a·b − fl(a·b), exactly what fma gives.
        let product = left as f64 * right as f64;
        let error = i128::from(left) * i128::from(right) - product as i128;
        prop_assert_eq!(fma(left as f64, right as f64, -product), error as f64);
    }

    #[test]
    fn remainders_keep_their_promises(left in float(), right in float()) {
        let (truncated, floored, nearest) = (fmod(left, right), floor_mod(left, right), remainder(left, right));
        if !left.is_finite() || right == 0.0 || right.is_nan() {
            prop_assert!(truncated.is_nan() && floored.is_nan() && nearest.is_nan());
            return Ok(());
        }
        prop_assert_eq!(truncated.is_sign_negative(), left.is_sign_negative());
        prop_assert!(truncated.abs() < right.abs());
        prop_assert!(floored == 0.0 || floored.is_sign_negative() == right.is_sign_negative());
        prop_assert!(floored.abs() <= right.abs());
        prop_assert!(nearest.abs() <= right.abs() - nearest.abs() || right.is_infinite());
        // The nearest remainder is the truncated one or one divisor away from it.
        let away = truncated.abs() - right.abs();
        prop_assert!(nearest.abs() == truncated.abs() || nearest.abs() == away.abs());
    }

    #[test]
    fn roundings_are_neighbouring_integers(value in float()) {
        prop_assert!(is_same(floor(value), value.floor()));
        prop_assert!(is_same(trunc(value), value.trunc()));
        prop_assert!(is_same(round_ties_even(value), value.round_ties_even()));
        prop_assert!(is_same(gatos_numbers::binary64::ceil(value), value.ceil()));
        prop_assert!(is_same(sqrt(value), canonical(value.sqrt())));
    }
}

#[test]
fn remainders_of_lua_and_ieee() {
    for (left, right, expected) in [
        (5.5, 2.0, 1.5),
        (-5.5, 2.0, 0.5),
        (5.5, -2.0, -0.5),
        (-5.5, -2.0, -1.5),
        (5.0, f64::INFINITY, 5.0),
        (-5.0, f64::INFINITY, f64::INFINITY),
        (-0.0, 3.0, -0.0),
        (6.0, 3.0, 0.0),
        (-6.0, 3.0, -0.0),
    ] {
        assert!(
            is_same(floor_mod(left, right), expected),
            "{left} % {right}"
        );
    }
    for (left, right, expected) in [
        (5.0, 2.0, 1.0),
        (7.0, 2.0, -1.0),
        (3.0, 2.0, -1.0),
        (1.0, 2.0, 1.0),
        (-1.0, 2.0, -1.0),
        (-4.0, 2.0, -0.0),
        (f64::MAX, 3e-308, 0.0),
        (1.5e308, f64::MAX, 1.5e308 - f64::MAX),
        (5e-324, f64::INFINITY, 5e-324),
        (15e-324, 10e-324, -5e-324),
    ] {
        if left != f64::MAX {
            assert!(
                is_same(remainder(left, right), expected),
                "{left} rem {right}"
            );
        } else {
            assert!(remainder(left, right).abs() <= right / 2.0);
        }
    }
}
