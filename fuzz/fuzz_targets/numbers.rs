//! Decimal text: what parses prints as one text, which parses to the same number.
#![no_main]

use gatos_numbers::{Number, Q32};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(number) = Number::parse(text) {
        let printed = number.to_string();
        assert_eq!(Number::parse(&printed), Ok(number));
        assert!(printed.len() <= 64);
    }
    if let Ok(number) = Q32::parse(text) {
        assert_eq!(Q32::parse(&number.to_string()), Ok(number));
    }
});
