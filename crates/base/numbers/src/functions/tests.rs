//! The slow path against the fast one, which MPFR has judged; and rounding by its definition.

extern crate std;

use super::precise::{Series, evaluate};
use super::round::{nearest, nearest_exact, slow};
use super::wide::Wide;
use super::{Function, power};
use crate::Q32;
use proptest::prelude::*;

/// The functions that have a slow path, with arguments for it where the format has a result.
const PAIRS: [(Function, Series); 14] = [
    (Function::Exp, Series::Exp),
    (Function::Ln, Series::Ln),
    (Function::Log2, Series::Log2),
    (Function::Log10, Series::Log10),
    (Function::Sin, Series::Sin),
    (Function::Cos, Series::Cos),
    (Function::Tan, Series::Tan),
    (Function::Asin, Series::Asin),
    (Function::Acos, Series::Acos),
    (Function::Atan2, Series::Atan2),
    (Function::Sinh, Series::Sinh),
    (Function::Cosh, Series::Cosh),
    (Function::Tanh, Series::Tanh),
    (Function::Pow, Series::Pow),
];

/// Arguments small enough for every function, often inside −1 … 1.
fn arguments() -> impl Strategy<Value = i64> {
    prop_oneof![
        -22i64 << 32..22 << 32,
        -1i64 << 32..=1 << 32,
        (any::<i64>(), 30u32..64).prop_map(|(steps, shift)| steps >> shift),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_slow_path_agrees_with_the_fast_one(first in arguments(), second in arguments()) {
        prop_assume!(second != 0 && first != 0);
        for (function, series) in PAIRS {
            let first = if series == Series::Pow { first.abs() } else { first };
            if let Ok(fast) = function.evaluate(Q32::from_steps(first), Q32::from_steps(second)) {
                let is_too_small = series == Series::Pow && fast == Q32::ZERO;
                if !is_too_small {
                    prop_assert_eq!(slow::<32>(series, first, second), i128::from(fast.steps()), "{:?}", series);
                }
            }
        }
    }

    #[test]
    fn both_widths_of_the_slow_path_agree(first in arguments(), second in 1i64..22 << 32) {
        for (_, series) in PAIRS {
            let is_unit = matches!(series, Series::Asin | Series::Acos);
            let first = if is_unit { first % (1 << 32) } else { first };
            let is_positive = matches!(series, Series::Ln | Series::Log2 | Series::Log10 | Series::Pow);
            let first = if is_positive { first.abs().max(1) } else { first };
            let second = if series == Series::Pow { second >> 34 } else { second };
            let narrow = evaluate::<4>(series, first, second).magnitude.fraction();
            let wide = evaluate::<8>(series, first, second).magnitude.fraction();
            // 2^−88 is what the rounding test of the narrow width allows for; fractions may meet at their ends.
            let distance = wide.wrapping_sub(narrow).min(narrow.wrapping_sub(wide));
            prop_assert!(distance < 1 << 40, "{:?}: {}", series, distance);
        }
    }

    #[test]
    fn exact_values_round_to_the_nearest_even_step(value in -1i128 << 100..1 << 100, point in 33u32..90) {
        let steps = nearest_exact::<32>(value, point);
        let (twice_error, whole) = (2 * (value - (steps << (point - 32))), 1i128 << (point - 32));
        prop_assert!(twice_error.abs() < whole || (twice_error.abs() == whole && steps % 2 == 0));
    }

    #[test]
    fn a_decision_holds_for_every_value_it_allows(value in -1i128 << 90..1 << 90, error in 1i128..1 << 40, inside in 0i128..1 << 40) {
        if let Some(steps) = nearest::<32>(value, 80, error) {
            for exact in [value - inside % error, value + inside % error] {
                prop_assert_eq!(nearest_exact::<32>(exact, 80), steps);
            }
        }
    }

    #[test]
    fn wide_division_and_roots_undo_products(left in 1u64.., right in 1u64..) {
        let (a, b) = (Wide::<4>::from_steps(left >> 1), Wide::<4>::from_steps(right >> 33));
        prop_assume!(!b.is_zero() && !a.is_zero());
        // Both factors are whole numbers of 2^−32, so the product is exact; it stays below 2^63 by its sizes.
        let product = Wide::<4>::from_steps(left >> 33).times(b);
        prop_assert_eq!(product.over(b), Wide::from_steps(left >> 33));
        prop_assert_eq!(b.times(b).square_root(), b);
        prop_assert_eq!(a.plus(b).minus(b), a);
        prop_assert_eq!(a.shifted_right(3).shifted_left(3), a);
    }
}

#[test]
fn midpoints_of_powers_go_to_the_even_step() {
    // 2^(n/2^k) · 2^−33 and its odd multiples, found by algebra since no precision would tell.
    for (base, exponent, steps) in [
        (2 << 32, -33 << 32, 0),
        (4 << 32, -33 << 31, 0),
        (1 << 31, 33 << 32, 0),
        (3 << 21, 3 << 32, 14),
        (5 << 21, 3 << 32, 62),
        (7 << 21, 3 << 32, 172),
    ] {
        assert_eq!(
            power::pow::<32>(base, exponent),
            Ok(steps),
            "{base} {exponent}"
        );
    }
}
