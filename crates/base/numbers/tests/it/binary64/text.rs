//! Decimal text: layout, round trips by the million, syntax with offsets, golden vectors.

use super::values::{EDGES, float, words};
use crate::vectors;
use gatos_numbers::NumberError;
use gatos_numbers::binary64::{
    from_bits, general_14, hexadecimal, is_canonical_text, is_same, parse, parse_hexadecimal,
    parse_lua, shortest,
};
use proptest::prelude::*;

#[test]
fn golden_vectors() {
    vectors::check("numbers/binary64.tsv", 1, 60, |inputs| {
        let bits = u64::from_str_radix(inputs[0], 16).expect("16 hex digits");
        let value = from_bits(bits);
        vec![
            shortest(value).to_string(),
            general_14(value).to_string(),
            hexadecimal(value).to_string(),
        ]
    });
}

#[test]
fn a_million_floats_come_back() {
    let seed = 0x6761_746f_7331;
    println!("seed {seed:#x}");
    for bits in words(seed).take(1_000_000) {
        let value = from_bits(bits);
        let text = shortest(value);
        let back = parse(text.as_str());
        assert!(
            back.is_ok_and(|back| is_same(back, value)),
            "{bits:016x} {text} {back:?}"
        );
        if value.is_finite() {
            let text = hexadecimal(value);
            let back = parse_hexadecimal(text.as_str());
            assert!(
                back.is_ok_and(|back| is_same(back, value)),
                "{bits:016x} {text} {back:?}"
            );
        }
    }
}

/// Whole numbers have a way of their own through the printer; `core` is the twin.
#[test]
fn whole_numbers_are_their_digits_and_a_zero() {
    let powers = (0..54).map(|bit| 1u64 << bit);
    let tens = (0..16).map(|zeros| 10u64.pow(zeros));
    let near = |number: u64| [number.wrapping_sub(1), number, number + 1, number * 7];
    let all = powers.chain(tens).flat_map(near);
    for number in all.filter(|number| *number < 10_000_000_000_000_000) {
        let value = number as f64;
        assert_eq!(shortest(value).as_str(), format!("{value:?}"), "{number}");
        assert_eq!(
            shortest(-value).as_str(),
            format!("{:?}", -value),
            "-{number}"
        );
    }
}

#[test]
fn edges_come_back() {
    for bits in EDGES.iter().flat_map(|bits| [*bits, *bits | 1 << 63]) {
        let value = from_bits(bits);
        let text = shortest(value);
        assert!(is_canonical_text(text.as_bytes()), "{text}");
        assert!(
            parse(text.as_str()).is_ok_and(|back| is_same(back, value)),
            "{text}"
        );
    }
}

#[test]
fn what_does_not_fit_is_told_with_its_offset() {
    for (text, offset) in [
        ("", 0),
        ("-", 1),
        ("+1", 0),
        (" 1", 0),
        ("01", 1),
        ("1.", 2),
        (".5", 0),
        ("1.5 ", 3),
        ("1e", 2),
        ("1e+", 3),
        ("1.e5", 2),
        ("0x1", 1),
        ("1_0", 1),
        ("infinity", 0),
        ("NaN", 0),
        ("-nan", 1),
        ("1.5e5.5", 5),
        ("٣", 0),
    ] {
        assert_eq!(parse(text), Err(NumberError::Syntax { offset }), "{text:?}");
        assert!(!is_canonical_text(text.as_bytes()));
    }
    for (text, value) in [
        ("5.", 5.0),
        (".5", 0.5),
        ("007", 7.0),
        ("-.5e1", -5.0),
        ("1.e2", 100.0),
    ] {
        assert_eq!(parse_lua(text), Ok(value), "{text:?}");
    }
    for (text, offset) in [
        (".", 1),
        ("-.", 2),
        ("inf", 0),
        ("nan", 0),
        (".e1", 1),
        ("1e", 2),
        ("", 0),
    ] {
        assert_eq!(
            parse_lua(text),
            Err(NumberError::Syntax { offset }),
            "{text:?}"
        );
    }
}

#[test]
fn reading_rounds_once() {
    for (text, bits) in [
        ("1e400", 0x7ff0_0000_0000_0000),
        ("-1e400", 0xfff0_0000_0000_0000),
        ("1e-400", 0),
        ("-1e-400", 1 << 63),
        ("1e99999999999999999999", 0x7ff0_0000_0000_0000),
        ("0e99999999999999999999", 0),
        ("1e-99999999999999999999", 0),
        ("9007199254740993", 0x4340_0000_0000_0000),
        (
            "9007199254740993.0000000000000000000000000000000000000001",
            0x4340_0000_0000_0001,
        ),
        ("1.7976931348623158e308", 0x7fef_ffff_ffff_ffff),
        ("1.7976931348623159e308", 0x7ff0_0000_0000_0000),
        ("2.4703282292062327e-324", 0),
        ("2.4703282292062328e-324", 1),
        ("2.2250738585072011e-308", 0x000f_ffff_ffff_ffff),
    ] {
        assert_eq!(parse(text).map(f64::to_bits), Ok(bits), "{text}");
    }
    let long = format!("0.{}1e{}", "0".repeat(5000), 5001);
    assert_eq!(parse(&long), Ok(1.0));
}

proptest! {
    #[test]
    fn printed_text_is_canonical_and_no_other_is(value in float()) {
        let text = shortest(value).to_string();
        prop_assert!(is_canonical_text(text.as_bytes()));
        prop_assert!(text.contains(['.', 'e', 'n']), "{} looks like an integer", text);
        prop_assert!(text.len() <= 24);
        let (mantissa, exponent) = text.split_at(text.find('e').unwrap_or(text.len()));
        let point = if mantissa.contains('.') { "" } else { "." };
        let longer = format!("{mantissa}{point}0{exponent}");
        prop_assert!(!is_canonical_text(longer.as_bytes()));
    }

    #[test]
    fn one_digit_fewer_is_another_float(value in float()) {
        prop_assume!(value.is_finite() && value != 0.0);
        let text = shortest(value).to_string();
        let mantissa = text.split('e').next().unwrap_or("").trim_end_matches(".0").trim_matches(['-', '0', '.']);
        let precision = mantissa.bytes().filter(u8::is_ascii_digit).count();
        if precision >= 2 {
            let fewer = format!("{value:.*e}", precision - 2);
            prop_assert!(fewer.parse::<f64>().is_ok_and(|other| !is_same(other, value)));
        }
    }

    #[test]
    fn any_text_is_read_or_refused_inside(text in "[-+0-9.eExXpPinfa ]{0,24}") {
        for result in [parse(&text), parse_lua(&text), parse_hexadecimal(&text)] {
            match result {
                Ok(value) => prop_assert!(is_same(parse(shortest(value).as_str()).expect("printed text is read"), value)),
                Err(NumberError::Syntax { offset }) => prop_assert!(offset <= text.len()),
                Err(other) => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
