//! Numbers: decimal text that parses prints as one text, which parses to the same number; and no function or operation
//! panics, wraps or gives a number out of normal form, for any bits.
#![no_main]

use gatos_numbers::{FoldNumber, Function, Number, NumberError, Q32};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = core::str::from_utf8(data) {
        text_round_trips(text);
    }
    if let [first @ .., _, _, _, _, _, _, _, _] = data
        && let Some(&second) = first.last_chunk::<8>()
        && let Some(&first) = data.last_chunk::<8>()
    {
        operations_hold(i64::from_le_bytes(first), i64::from_le_bytes(second));
    }
});

fn text_round_trips(text: &str) {
    if let Ok(number) = Number::parse(text) {
        let printed = number.to_string();
        assert_eq!(Number::parse(&printed), Ok(number));
        assert!(printed.len() <= 64);
    }
    if let Ok(number) = Q32::parse(text) {
        assert_eq!(Q32::parse(&number.to_string()), Ok(number));
    }
}

/// Both as Q32.32 and as integers, mixed.
fn operations_hold(first: i64, second: i64) {
    let (x, y) = (Q32::from_steps(first), Q32::from_steps(second));
    for function in Function::ALL {
        if let Err(error) = function.evaluate(x, y) {
            assert!(!matches!(
                error,
                NumberError::Syntax { .. } | NumberError::Range
            ));
        }
    }
    if y != Q32::ZERO
        && let (Ok(quotient), Ok(rest)) = (x.floor_div(y), x.floor_mod(y))
    {
        let back = i128::from(quotient) * i128::from(second) + i128::from(rest.steps());
        assert_eq!(back, i128::from(first));
    }
    for left in [FoldNumber::Integer(first), FoldNumber::from_q32(x)] {
        for right in [FoldNumber::Integer(second), FoldNumber::from_q32(y)] {
            for result in [
                left.checked_add(right),
                left.checked_sub(right),
                left.checked_mul(right),
                left.checked_div(right),
                left.floor_div(right),
                left.floor_mod(right),
            ] {
                if let Ok(FoldNumber::Fixed(value)) = result {
                    assert!(!value.is_integer());
                }
            }
        }
    }
}
