//! Decimal text: printing and reading against the slow twins, edges, refusals, golden vectors.

use crate::{slow, vectors};
use gatos_numbers::{Fixed, Number, NumberError};
use proptest::prelude::*;

fn fixed(steps: i128) -> Number {
    Number::from_fixed(Fixed::from_steps(steps))
}

fn print_fraction(fraction: u32) -> String {
    let text = fixed(i128::from(fraction)).to_string();
    text.strip_prefix("0.")
        .expect("a fraction below one")
        .to_owned()
}

#[test]
fn golden_vectors() {
    vectors::check("numbers/text.tsv", 1, 60, |inputs| {
        match Number::parse(inputs[0]) {
            Ok(Number::Integer(integer)) => {
                vec![
                    "integer".to_owned(),
                    integer.to_string(),
                    Number::Integer(integer).to_string(),
                ]
            }
            Ok(Number::Fixed(fixed)) => vec![
                "fixed".to_owned(),
                fixed.steps().to_string(),
                fixed.to_string(),
            ],
            Err(NumberError::Syntax { offset }) => vec!["syntax".to_owned(), offset.to_string()],
            Err(error) => vec![format!("{error:?}").to_lowercase()],
        }
    });
}

#[test]
fn fractions_of_few_bits_print_as_the_twin_says() {
    // Every fraction with at most 12 significant bits at every place, and its neighbours: ties live here.
    for significand in 1u32..4096 {
        for shift in 0..=20 {
            let fraction = significand << shift;
            for fraction in [fraction - 1, fraction, fraction.saturating_add(1)] {
                if fraction != 0 {
                    assert_eq!(
                        print_fraction(fraction),
                        slow::fraction_digits(fraction),
                        "{fraction}"
                    );
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_fraction_prints_as_the_twin_says(fraction in 1u32..) {
        prop_assert_eq!(print_fraction(fraction), slow::fraction_digits(fraction));
    }

    #[test]
    fn any_digits_round_as_the_twin_says(digits in "[0-9]{1,45}") {
        check_rounding(&digits);
    }

    #[test]
    fn digits_at_and_beside_a_tie_round_as_the_twin_says(k in 0u64..1 << 32, tail in "[0-9]{0,6}", zeros in 0usize..40) {
        let tie = format!("{:033}", (2 * u128::from(k) + 1) * 5u128.pow(33));
        check_rounding(&tie);
        check_rounding(&format!("{tie}{}{tail}", "0".repeat(zeros)));
        let below = format!("{:033}", (2 * u128::from(k) + 1) * 5u128.pow(33) - 1);
        check_rounding(&format!("{below}{}", "9".repeat(zeros)));
    }

    #[test]
    fn printing_and_reading_are_inverse(steps in any::<i128>(), shift in 0u32..128) {
        let number = fixed(steps >> shift);
        let text = number.to_string();
        prop_assert_eq!(Number::parse(&text).expect("canonical text"), number);
        prop_assert!(Number::is_canonical_text(text.as_bytes()));
        let integer = Number::Integer(steps >> shift);
        prop_assert_eq!(Number::parse(&integer.to_string()).expect("canonical text"), integer);
        prop_assert_eq!(integer.to_string(), (steps >> shift).to_string());
    }

    #[test]
    fn canonical_is_what_the_printer_prints(text in "-?[0-9]{1,3}(\\.[0-9]{1,11})?|[-0-9.]{0,12}") {
        let slow = Number::parse(&text).is_ok_and(|number| number.to_string() == text);
        prop_assert_eq!(Number::is_canonical_text(text.as_bytes()), slow);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,60}") {
        if let Err(NumberError::Syntax { offset }) = Number::parse(&text) {
            prop_assert!(offset <= text.len());
        }
    }

    #[test]
    fn one_digit_fewer_never_reads_back(fraction in 1u32..) {
        let digits = print_fraction(fraction);
        if digits.len() > 1 {
            let shorter = &digits[..digits.len() - 1];
            let rounded_up = format!("{:01$}", shorter.parse::<u64>().expect("digits") + 1, shorter.len());
            for shorter in [shorter, rounded_up.as_str()] {
                let read = Number::parse(&format!("0.{shorter}"));
                prop_assert_ne!(read, Ok(fixed(i128::from(fraction))));
            }
        }
    }
}

fn check_rounding(digits: &str) {
    let expected = fixed(i128::from(slow::round_fraction(digits)));
    assert_eq!(
        Number::parse(&format!("0.{digits}")),
        Ok(expected),
        "0.{digits}"
    );
    let negative = expected.checked_neg().expect("small");
    assert_eq!(
        Number::parse(&format!("-0.{digits}")),
        Ok(negative),
        "-0.{digits}"
    );
}

#[test]
fn the_ends_of_the_range() {
    let parse = Number::parse;
    assert_eq!(
        parse("170141183460469231731687303715884105727"),
        Ok(Number::Integer(i128::MAX))
    );
    assert_eq!(
        parse("170141183460469231731687303715884105728"),
        Err(NumberError::Range)
    );
    assert_eq!(
        parse("-170141183460469231731687303715884105728"),
        Ok(Number::Integer(i128::MIN))
    );
    assert_eq!(
        parse("-170141183460469231731687303715884105729"),
        Err(NumberError::Range)
    );
    // 2^95 is the first whole that no longer carries a fraction.
    assert_eq!(
        parse("39614081257132168796771975167.9999999998"),
        Ok(fixed(i128::MAX))
    );
    assert_eq!(
        parse("39614081257132168796771975168.5"),
        Err(NumberError::Range)
    );
    assert_eq!(
        parse("-39614081257132168796771975167.9999999998"),
        Ok(fixed(i128::MIN + 1))
    );
    // A decimal that rounds to a zero fraction is the integer, whose range is wider.
    assert_eq!(
        parse("39614081257132168796771975168.0"),
        Ok(Number::Integer(1 << 95))
    );
    assert_eq!(
        parse("170141183460469231731687303715884105726.99999999999"),
        Ok(Number::Integer(i128::MAX))
    );
    assert_eq!(
        parse("170141183460469231731687303715884105727.99999999999"),
        Err(NumberError::Range)
    );
    assert_eq!(
        parse("-170141183460469231731687303715884105727.99999999999"),
        Ok(Number::Integer(i128::MIN))
    );
}

#[test]
fn very_long_text_is_read_in_linear_time() {
    let zeros = "0".repeat(1_000_000);
    assert_eq!(Number::parse(&format!("1.{zeros}")), Ok(Number::Integer(1)));
    assert_eq!(Number::parse(&format!("1.5{zeros}1")), Ok(fixed(3 << 31)));
    let nines = "9".repeat(1_000_000);
    assert_eq!(Number::parse(&nines), Err(NumberError::Range));
    assert_eq!(Number::parse(&format!("0.{nines}")), Ok(Number::Integer(1)));
}
