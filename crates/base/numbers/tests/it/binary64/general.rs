//! Lua's `%.14g`: rows known from C, and that the digits are the exact value's, ties to even.

use super::values::float;
use gatos_numbers::binary64::{general_14, lua_text};
use proptest::prelude::*;

#[test]
fn rows_known_from_c() {
    for (value, expected) in [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (0.1, "0.1"),
        (1.0 / 3.0, "0.33333333333333"),
        (2.0 / 3.0, "0.66666666666667"),
        (1e15, "1e+15"),
        (1e14, "1e+14"),
        (99_999_999_999_999.0, "99999999999999"),
        (1e13, "10000000000000"),
        (123_456_789_012_345.0, "1.2345678901234e+14"),
        (123_456_789_012_355.0, "1.2345678901236e+14"),
        (12_345_678_901_234.5, "12345678901234"),
        (12_345_678_901_235.5, "12345678901236"),
        (99_999_999_999_999.5, "1e+14"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (0.000_123_456_789_012_345_6, "0.00012345678901235"),
        (1e100, "1e+100"),
        (5e-324, "4.9406564584125e-324"),
        (f64::MAX, "1.7976931348623e+308"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (f64::NAN, "nan"),
        (-f64::NAN, "nan"),
        (core::f64::consts::PI, "3.1415926535898"),
        (100.0, "100"),
        (-1.5, "-1.5"),
    ] {
        assert_eq!(general_14(value).as_str(), expected, "{value:e}");
    }
}

#[test]
fn lua_marks_what_looks_like_an_integer() {
    for (value, expected) in [
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (1e14, "1e+14"),
        (-99_999_999_999_999.0, "-99999999999999.0"),
        (0.5, "0.5"),
        (1e100, "1e+100"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (f64::NAN, "nan"),
    ] {
        assert_eq!(lua_text(value).as_str(), expected, "{value:e}");
    }
}

proptest! {
    #[test]
    fn the_text_is_near_and_short(value in float()) {
        prop_assume!(value.is_finite());
        let text = general_14(value);
        prop_assert!(text.as_str().len() <= 21, "{}", text);
        let back: f64 = text.as_str().parse().expect("C's text is a number");
        prop_assert!(back.is_infinite() || (back - value).abs() <= value.abs() * 5.1e-14 + 1e-323, "{} {:e}", text, value);
        prop_assert_eq!(back.is_sign_negative(), value.is_sign_negative());
    }
}
