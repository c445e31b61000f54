//! Numbers of the fold profile: promotion, normal form, exactness; golden vectors; the twin is a big rational.

use crate::vectors;
use gatos_numbers::{FoldNumber, Function, Number, NumberError, Q32};
use num_bigint::BigInt;
use proptest::prelude::*;

fn number(text: &str) -> FoldNumber {
    FoldNumber::from_number(Number::parse(text).expect("a number")).expect("in range")
}

type Operation = fn(FoldNumber, FoldNumber) -> Result<FoldNumber, NumberError>;

const OPERATIONS: [(&str, Operation); 6] = [
    ("add", FoldNumber::checked_add),
    ("sub", FoldNumber::checked_sub),
    ("mul", FoldNumber::checked_mul),
    ("div", FoldNumber::checked_div),
    ("idiv", FoldNumber::floor_div),
    ("mod", FoldNumber::floor_mod),
];

#[test]
fn golden_vectors_of_fold_numbers() {
    vectors::check("numbers/fold.tsv", 3, 100, |inputs| {
        let operation = OPERATIONS.iter().find(|(name, _)| *name == inputs[0]);
        let (_, operate) = operation.unwrap_or_else(|| panic!("no operation {}", inputs[0]));
        vec![match operate(number(inputs[1]), number(inputs[2])) {
            Ok(value) => value.to_string(),
            Err(error) => format!("{error:?}"),
        }]
    });
}

fn numbers() -> impl Strategy<Value = FoldNumber> {
    let integers =
        (any::<i64>(), 0u32..64).prop_map(|(value, shift)| FoldNumber::Integer(value >> shift));
    let fixed = (any::<i64>(), 0u32..64)
        .prop_map(|(steps, shift)| FoldNumber::from_q32(Q32::from_steps(steps >> shift)));
    let halves =
        (-64i64..64).prop_map(|halves| FoldNumber::from_q32(Q32::from_steps(halves << 31)));
    prop_oneof![integers, fixed, halves]
}

/// Steps of 2^−32 as a whole number of any size.
fn steps(number: FoldNumber) -> BigInt {
    match number {
        FoldNumber::Integer(integer) => BigInt::from(integer) << 32,
        FoldNumber::Fixed(value) => BigInt::from(value.steps()),
    }
}

fn floor(dividend: &BigInt, divisor: &BigInt) -> BigInt {
    let (quotient, remainder) = (dividend / divisor, dividend % divisor);
    let zero = BigInt::ZERO;
    if remainder != zero && (remainder < zero) != (*divisor < zero) {
        quotient - 1
    } else {
        quotient
    }
}

fn round(dividend: &BigInt, divisor: &BigInt) -> BigInt {
    let twice: BigInt = dividend * 2;
    let below = floor(&(&twice - divisor), &(divisor * 2u32));
    // ceil(q − ½) and floor(q + ½) differ only at a tie; the even one is right there.
    let above = floor(&(&twice + divisor), &(divisor * 2u32));
    let low = if &(&below * 2u32 + 1) * divisor == twice {
        below
    } else {
        above.clone()
    };
    if &low % 2 == BigInt::ZERO { low } else { above }
}

/// The rule of the page, in steps: promote, compute exactly, round once, take the integer where the fraction is zero.
fn twin(name: &str, left: FoldNumber, right: FoldNumber) -> Result<FoldNumber, NumberError> {
    let both_integers = left.as_integer().is_some() && right.as_integer().is_some();
    let (a, b) = (steps(left), steps(right));
    let zero = BigInt::ZERO;
    if matches!(name, "div" | "idiv" | "mod") && b == zero {
        return Err(NumberError::DivideByZero);
    }
    let is_promotable = |value: &BigInt| i64::try_from(value).is_ok();
    let are_promotable = is_promotable(&a) && is_promotable(&b);
    if !(both_integers || are_promotable) {
        return Err(NumberError::Overflow);
    }
    let one = BigInt::from(1) << 32;
    let result = match name {
        "add" => a + b,
        "sub" => a - b,
        "mul" => round(&(a * b), &one),
        "div" => round(&(a << 32), &b),
        "idiv" => floor(&a, &b) << 32,
        _ => &a - &b * floor(&a, &b),
    };
    if &result % &one == zero {
        let integer = i64::try_from(result >> 32).map_err(|_| NumberError::Overflow)?;
        return Ok(FoldNumber::Integer(integer));
    }
    let steps = i64::try_from(result).map_err(|_| NumberError::Overflow)?;
    Ok(FoldNumber::Fixed(Q32::from_steps(steps)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn operations_agree_with_big_rationals(left in numbers(), right in numbers()) {
        for (name, operate) in OPERATIONS {
            prop_assert_eq!(operate(left, right), twin(name, left, right), "{} {} {}", left, name, right);
        }
    }

    #[test]
    fn a_zero_fraction_is_an_integer_at_once(left in numbers(), right in numbers()) {
        for (_, operate) in OPERATIONS {
            if let Ok(FoldNumber::Fixed(value)) = operate(left, right) {
                prop_assert!(!value.is_integer());
            }
        }
        for function in Function::ALL {
            if let Ok(FoldNumber::Fixed(value)) = FoldNumber::apply(function, left, right) {
                prop_assert!(!value.is_integer());
            }
        }
    }

    #[test]
    fn order_of_fold_numbers_is_by_value(left in numbers(), right in numbers()) {
        prop_assert_eq!(left.cmp(&right), steps(left).cmp(&steps(right)));
        prop_assert_eq!(left == right, steps(left) == steps(right));
        prop_assert_eq!(FoldNumber::from_number(left.to_number()), Ok(left));
    }

    #[test]
    fn floor_and_modulo_belong_together(left in numbers(), right in numbers()) {
        if let (Ok(quotient), Ok(rest)) = (left.floor_div(right), left.floor_mod(right)) {
            let back = steps(quotient) * steps(right) + (steps(rest) << 32);
            prop_assert_eq!(back, steps(left) << 32);
        }
    }
}

#[test]
fn integers_of_events_beyond_64_bits_are_refused() {
    for integer in [1i128 << 63, -(1i128 << 63) - 1] {
        assert_eq!(
            FoldNumber::from_number(Number::Integer(integer)),
            Err(NumberError::Overflow)
        );
    }
    assert_eq!(
        FoldNumber::from(i64::MIN).checked_neg(),
        Err(NumberError::Overflow)
    );
    assert_eq!(
        FoldNumber::from(1 << 31).to_q32(),
        Err(NumberError::Overflow)
    );
}
