//! Conversions: edges of every range, and integers as the exact judge.

use super::values::float;
use gatos_numbers::binary64::{
    CANONICAL_NAN_BITS, CANONICAL_NAN_BITS_32, from_binary32_bits, from_i32, from_i64, from_q32,
    from_u32, from_u64, to_binary32_bits, to_i32, to_i32_truncated, to_i64, to_i64_exact,
    to_i64_truncated, to_q32, to_u32, to_u32_truncated, to_u64, to_u64_truncated,
};
use gatos_numbers::{NumberError, Q32};
use proptest::prelude::*;

#[test]
fn edges_of_the_integers() {
    assert_eq!(to_i32(2_147_483_647.5), Err(NumberError::Overflow));
    assert_eq!(to_i32_truncated(2_147_483_647.5), Ok(i32::MAX));
    assert_eq!(to_i32(-2_147_483_648.5), Ok(i32::MIN));
    assert_eq!(to_u32(-0.5), Ok(0));
    assert_eq!(to_u32(-0.6), Err(NumberError::Overflow));
    assert_eq!(to_u32_truncated(-0.99), Ok(0));
    assert_eq!(
        to_i64(9_223_372_036_854_774_784.0),
        Ok(9_223_372_036_854_774_784)
    );
    assert_eq!(
        to_i64(9_223_372_036_854_775_808.0),
        Err(NumberError::Overflow)
    );
    assert_eq!(to_i64(-9_223_372_036_854_775_808.0), Ok(i64::MIN));
    assert_eq!(
        to_u64(18_446_744_073_709_549_568.0),
        Ok(18_446_744_073_709_549_568)
    );
    assert_eq!(
        to_u64_truncated(18_446_744_073_709_551_616.0),
        Err(NumberError::Overflow)
    );
    assert_eq!(to_i64(2.5), Ok(2));
    assert_eq!(to_i64(-3.5), Ok(-4));
    assert_eq!(to_i64_exact(3.0), Ok(3));
    assert_eq!(to_i64_exact(3.5), Err(NumberError::Domain));
    assert_eq!(to_i64_exact(f64::INFINITY), Err(NumberError::Overflow));
    for convert in [to_i64, to_i64_truncated, to_i64_exact] {
        assert_eq!(convert(f64::NAN), Err(NumberError::Domain));
        assert_eq!(convert(f64::NEG_INFINITY), Err(NumberError::Overflow));
    }
}

#[test]
fn narrow_nans_are_canonical() {
    assert_eq!(to_binary32_bits(-f64::NAN), CANONICAL_NAN_BITS_32);
    assert_eq!(
        from_binary32_bits(0xffc0_0001).to_bits(),
        CANONICAL_NAN_BITS
    );
    assert_eq!(to_binary32_bits(1e300), f32::INFINITY.to_bits());
    assert_eq!(from_binary32_bits(0x8000_0000).to_bits(), 1 << 63);
}

proptest! {
    #[test]
    fn integers_come_back(integer in any::<i64>(), shift in 0u32..64) {
        let integer = integer >> shift;
        // The nearest float is at most half a unit in its last place away.
        let float = from_i64(integer);
        let back = float as i128;
        let unit = 1i128 << (64 - integer.unsigned_abs().leading_zeros()).saturating_sub(53);
        prop_assert!(2 * (back - i128::from(integer)).abs() <= unit);
        prop_assert_eq!(from_u64(integer.unsigned_abs()), from_i64(integer).abs().max(from_u64(integer.unsigned_abs())));
        if i128::from(integer) == back {
            prop_assert_eq!(to_i64_exact(float), Ok(integer));
        }
        prop_assert_eq!(to_i32_truncated(from_i32(integer as i32)), Ok(integer as i32));
        prop_assert_eq!(to_u32_truncated(from_u32(integer as u32)), Ok(integer as u32));
    }

    #[test]
    fn fixed_values_of_53_bits_come_back(steps in any::<i64>(), shift in 11u32..64) {
        let fixed = Q32::from_steps(steps >> shift);
        prop_assert_eq!(to_q32(from_q32(fixed)), Ok(fixed));
    }

    #[test]
    fn a_float_becomes_the_nearest_fixed_value(value in float()) {
        match to_q32(value) {
            Ok(fixed) => prop_assert!((fixed.steps() as f64 - value * 4_294_967_296.0).abs() <= 0.5),
            Err(NumberError::Domain) => prop_assert!(value.is_nan()),
            Err(_) => prop_assert!(value.abs() >= 2_147_483_648.0),
        }
    }

    #[test]
    fn narrowing_and_widening_agree(value in float()) {
        let narrow = from_binary32_bits(to_binary32_bits(value));
        prop_assert_eq!(to_binary32_bits(narrow), to_binary32_bits(value));
        if value.is_finite() && narrow.is_finite() {
            prop_assert!((narrow - value).abs() <= value.abs() / 16_777_216.0 + 1e-45);
        }
    }
}
