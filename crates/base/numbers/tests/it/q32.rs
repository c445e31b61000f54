//! Q32.32: every operation against exact rationals, edges, golden vectors.

use crate::vectors;
use gatos_numbers::{Number, NumberError, Q32};
use proptest::prelude::*;

/// Steps of all sizes, the extremes among them.
fn steps() -> impl Strategy<Value = i64> {
    let edges = prop::sample::select(vec![
        i64::MIN,
        i64::MIN + 1,
        -1 << 32,
        -1,
        0,
        1,
        1 << 31,
        1 << 32,
        i64::MAX,
    ]);
    prop_oneof![4 => (any::<i64>(), 0u32..64).prop_map(|(steps, shift)| steps >> shift), 1 => edges]
}

/// Whether `rounded` is `numerator / denominator` rounded to nearest, ties to even; by the definition.
fn is_nearest_even(rounded: i128, numerator: i128, denominator: i128) -> bool {
    let (numerator, denominator) = if denominator < 0 {
        (-numerator, -denominator)
    } else {
        (numerator, denominator)
    };
    // |rounded − n/d| ≤ ½, with = only for an even result.
    let twice_error = 2 * (rounded * denominator - numerator).unsigned_abs();
    let whole = denominator.unsigned_abs();
    twice_error < whole || (twice_error == whole && rounded % 2 == 0)
}

fn fits(steps: i128) -> bool {
    i64::try_from(steps).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn sums_and_differences_are_exact(a in steps(), b in steps()) {
        let (left, right) = (Q32::from_steps(a), Q32::from_steps(b));
        let expected = |exact: i128| i64::try_from(exact).map(Q32::from_steps).map_err(|_| NumberError::Overflow);
        prop_assert_eq!(left.checked_add(right), expected(i128::from(a) + i128::from(b)));
        prop_assert_eq!(left.checked_sub(right), expected(i128::from(a) - i128::from(b)));
        prop_assert_eq!(left.checked_neg(), expected(-i128::from(a)));
    }

    #[test]
    fn products_round_to_nearest_even(a in steps(), b in steps()) {
        let exact = i128::from(a) * i128::from(b);
        match Q32::from_steps(a).checked_mul(Q32::from_steps(b)) {
            Ok(product) => prop_assert!(is_nearest_even(product.steps().into(), exact, 1 << 32)),
            // Too large: also the nearest value inside the range is no rounding of the exact one.
            Err(error) => {
                prop_assert_eq!(error, NumberError::Overflow);
                prop_assert!(!is_nearest_even(i64::MAX.into(), exact, 1 << 32));
                prop_assert!(!is_nearest_even(i64::MIN.into(), exact, 1 << 32));
            }
        }
    }

    #[test]
    fn quotients_round_to_nearest_even(a in steps(), b in steps()) {
        let result = Q32::from_steps(a).checked_div(Q32::from_steps(b));
        if b == 0 {
            prop_assert_eq!(result, Err(NumberError::DivideByZero));
            return Ok(());
        }
        let exact = i128::from(a) << 32;
        match result {
            Ok(quotient) => prop_assert!(is_nearest_even(quotient.steps().into(), exact, b.into())),
            Err(error) => {
                prop_assert_eq!(error, NumberError::Overflow);
                prop_assert!(!fits(exact / i128::from(b)) || (exact / i128::from(b)).abs() >= i128::from(i64::MAX));
            }
        }
    }

    #[test]
    fn floored_division_is_lua_s(a in steps(), b in steps()) {
        let (left, right) = (Q32::from_steps(a), Q32::from_steps(b));
        if b == 0 {
            prop_assert_eq!(left.floor_div(right), Err(NumberError::DivideByZero));
            prop_assert_eq!(left.floor_mod(right), Err(NumberError::DivideByZero));
            return Ok(());
        }
        let remainder = i128::from(left.floor_mod(right).expect("a remainder always fits").steps());
        prop_assert!(remainder == 0 || (remainder < 0) == (b < 0));
        prop_assert!(remainder.abs() < i128::from(b).abs());
        let quotient = (i128::from(a) - remainder) / i128::from(b);
        prop_assert_eq!(quotient * i128::from(b) + remainder, i128::from(a));
        match left.floor_div(right) {
            Ok(floor) => prop_assert_eq!(i128::from(floor), quotient),
            Err(_) => prop_assert!(!fits(quotient)),
        }
    }

    #[test]
    fn square_roots_are_nearest(a in steps()) {
        match Q32::from_steps(a).checked_sqrt() {
            Ok(root) => {
                // (root − ½)² < a·2^32 < (root + ½)², in quarters.
                let (twice, quarters) = (2 * i128::from(root.steps()), (i128::from(a) << 32) * 4);
                prop_assert!(a >= 0 && (twice - 1).max(0).pow(2) <= quarters && quarters < (twice + 1).pow(2));
            }
            Err(error) => prop_assert!(a < 0 && error == NumberError::Domain),
        }
    }

    #[test]
    fn text_and_number_forms_are_inverse(a in steps()) {
        let value = Q32::from_steps(a);
        prop_assert_eq!(Q32::parse(&value.to_string()), Ok(value));
        prop_assert_eq!(Q32::from_number(value.to_number()), Ok(value));
        prop_assert_eq!(Number::from(value), value.to_number());
        prop_assert_eq!(value.is_integer(), a % (1 << 32) == 0);
    }
}

#[test]
fn the_ends_of_the_range() {
    assert_eq!(Q32::MAX.to_string(), "2147483647.9999999998");
    assert_eq!(Q32::MIN.to_string(), "-2147483648");
    assert_eq!(Q32::from_integer(1 << 31), Err(NumberError::Overflow));
    assert_eq!(Q32::from_integer(-1 << 31), Ok(Q32::MIN));
    assert_eq!(Q32::parse("2147483648"), Err(NumberError::Range));
    assert_eq!(Q32::parse("x"), Err(NumberError::Syntax { offset: 0 }));
    assert_eq!(
        Q32::MIN.floor_div(Q32::from_steps(-1)),
        Err(NumberError::Overflow)
    );
    assert_eq!(Q32::from_steps(-1).floor(), -1);
    assert_eq!(Q32::ONE.floor(), 1);
}

#[test]
fn golden_vectors() {
    vectors::check("numbers/q32.tsv", 3, 40, |inputs| {
        let left = Q32::parse(inputs[1]).expect("the first operand is Q32.32");
        let right = Q32::parse(inputs[2]).expect("the second operand is Q32.32");
        let text = |result: Result<Q32, NumberError>| result.map(|value| value.to_string());
        let result = match inputs[0] {
            "add" => text(left.checked_add(right)),
            "sub" => text(left.checked_sub(right)),
            "mul" => text(left.checked_mul(right)),
            "div" => text(left.checked_div(right)),
            "idiv" => left.floor_div(right).map(|value| value.to_string()),
            "mod" => text(left.floor_mod(right)),
            "sqrt" => text(left.checked_sqrt()),
            other => panic!("unknown operation {other}"),
        };
        vec![result.unwrap_or_else(|error| format!("{error:?}"))]
    });
}
