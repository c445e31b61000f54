//! Order, equality and exact arithmetic of integers and wide fixed values together.

use gatos_numbers::{Fixed, Number, NumberError};
use proptest::prelude::*;
use std::cmp::Ordering;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// Numbers of all sizes, fixed ones also with a zero fraction.
pub fn numbers() -> impl Strategy<Value = Number> {
    let integers =
        (any::<i128>(), 0u32..128).prop_map(|(integer, shift)| Number::Integer(integer >> shift));
    let fixed = (any::<i128>(), 0u32..128)
        .prop_map(|(steps, shift)| Number::Fixed(Fixed::from_steps(steps >> shift)));
    let whole = (-5i128..5).prop_map(|integer| Number::Fixed(Fixed::from_steps(integer << 32)));
    prop_oneof![integers, fixed, whole]
}

/// Order by the definition: compare value · 2^32 in 160 bits, as (high 128 bits, low 32 bits).
fn slow_cmp(left: Number, right: Number) -> Ordering {
    let wide = |number: Number| match number {
        Number::Integer(integer) => (integer, 0u32),
        Number::Fixed(fixed) => (
            fixed.steps().div_euclid(1 << 32),
            fixed.steps().rem_euclid(1 << 32) as u32,
        ),
    };
    wide(left).cmp(&wide(right))
}

fn hash(number: Number) -> u64 {
    let mut hasher = DefaultHasher::new();
    number.hash(&mut hasher);
    hasher.finish()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn order_is_by_value(left in numbers(), right in numbers()) {
        prop_assert_eq!(left.cmp(&right), slow_cmp(left, right));
        prop_assert_eq!(left == right, slow_cmp(left, right) == Ordering::Equal);
        prop_assert_eq!(left.normalised(), left);
        prop_assert_eq!(hash(left.normalised()), hash(left));
        prop_assert!(!matches!(left.normalised(), Number::Fixed(fixed) if fixed.is_integer()));
    }

    #[test]
    fn sums_are_exact_or_an_error(left in numbers(), right in numbers()) {
        prop_assert_eq!(left.checked_add(right), right.checked_add(left));
        if let Ok(sum) = left.checked_add(right) {
            // Undoing may leave the range only where the opposite has no form.
            match sum.checked_sub(right) {
                Ok(back) => prop_assert_eq!(back, left),
                Err(error) => prop_assert_eq!(error, NumberError::Overflow),
            }
        }
        // Where both are small nothing may overflow.
        if let (Some(a), Some(b)) = (left.to_fixed(), right.to_fixed())
            && let Some(steps) = a.steps().checked_add(b.steps())
        {
            prop_assert_eq!(left.checked_add(right), Ok(Number::from_fixed(Fixed::from_steps(steps))));
        }
    }
}

#[test]
fn sums_and_multiples_of_128_bits_are_exact_or_an_error() {
    let half = Number::from_fixed(Fixed::from_steps(1 << 31));
    let sum = |numbers: &[Number]| Number::checked_sum(numbers.iter().copied());
    assert_eq!(sum(&[]), Ok(Number::ZERO));
    assert_eq!(
        sum(&[half, half, half.checked_neg().expect("small")]),
        Ok(half)
    );
    let most = Number::Integer(i128::MAX);
    assert_eq!(
        sum(&[most, Number::Integer(-1), Number::Integer(1)]),
        Ok(most)
    );
    assert_eq!(sum(&[most, Number::Integer(1)]), Err(NumberError::Overflow));
    assert_eq!(half.checked_multiple(4), Ok(Number::Integer(2)));
    assert_eq!(
        half.checked_multiple(-3),
        Ok(Number::from_fixed(Fixed::from_steps(-3 << 31)))
    );
    assert_eq!(half.checked_multiple(i128::MAX), Err(NumberError::Overflow));
    assert_eq!(
        Number::Integer(1 << 100).checked_multiple(1 << 26),
        Ok(Number::Integer(1 << 126))
    );
    assert_eq!(most.checked_multiple(2), Err(NumberError::Overflow));
    assert_eq!(
        Number::Integer(i128::MIN).checked_multiple(-1),
        Err(NumberError::Overflow)
    );
}

#[test]
fn a_large_integer_and_a_large_fixed_may_meet_in_the_middle() {
    let low = Number::Fixed(Fixed::from_steps(i128::MIN + 1));
    let high = Number::Integer(1 << 95);
    assert_eq!(
        high.checked_add(low),
        Ok(Number::Fixed(Fixed::from_steps(1)))
    );
    assert_eq!(
        Number::Integer(i128::MAX).checked_add(Number::Integer(1)),
        Err(NumberError::Overflow)
    );
    assert_eq!(
        Number::Integer(i128::MIN).checked_neg(),
        Err(NumberError::Overflow)
    );
    let half = Number::Fixed(Fixed::from_steps(1 << 31));
    assert_eq!(
        Number::Integer(i128::MAX).checked_add(half),
        Err(NumberError::Overflow)
    );
    assert_eq!(Number::Integer(0).checked_sub(half), half.checked_neg());
}

#[test]
fn wide_fixed_arithmetic() {
    let (low, one) = (Fixed::from_steps(i128::MIN), Fixed::from_steps(1));
    assert_eq!(low.checked_neg(), Err(NumberError::Overflow));
    assert_eq!(low.checked_sub(one), Err(NumberError::Overflow));
    assert_eq!(low.checked_add(one).map(Fixed::steps), Ok(i128::MIN + 1));
    assert_eq!(Fixed::from_integer(1 << 95), None);
    assert_eq!(
        Fixed::from_integer((1 << 95) - 1).map(Fixed::floor),
        Some((1 << 95) - 1)
    );
    assert_eq!(Fixed::from_steps(-1).floor(), -1);
    assert_eq!(Fixed::from_steps(-1).fraction_steps(), u32::MAX);
}
