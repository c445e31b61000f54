//! Hexadecimal text: Lua's examples, rounding of long mantissas, offsets.

use gatos_numbers::NumberError;
use gatos_numbers::binary64::{hexadecimal, parse_hexadecimal};

#[test]
fn texts_of_lua_and_c() {
    for (text, value) in [
        ("0x1.8p3", 12.0),
        ("0xA", 10.0),
        ("0Xa.8P0", 10.5),
        ("0x.1", 0.0625),
        ("0x0.1E", 0.1171875),
        ("0xA23p-4", 162.1875),
        ("-0x10.", -16.0),
        ("0x0p99999999999999999999999", 0.0),
        ("-0x0", -0.0),
        ("0x1p-1074", 5e-324),
        ("0x1p-1075", 0.0),
        ("0x1.8p-1075", 5e-324),
        ("0x1.0000000000000001p-1075", 5e-324),
        ("0x1.fffffffffffff8p1023", f64::INFINITY),
        ("0x1.fffffffffffff7ffffffffffffffp1023", f64::MAX),
        ("0x1p1024", f64::INFINITY),
        ("0x1p99999999999999999999999", f64::INFINITY),
        ("-0x1p-99999999999999999999999", -0.0),
        ("0x1.00000000000008p0", 1.0),
        (
            "0x1.000000000000080000000000000000000000001p0",
            1.000_000_000_000_000_2,
        ),
        ("0x1.00000000000018p0", 1.000_000_000_000_000_4),
    ] {
        let read = parse_hexadecimal(text).map(f64::to_bits);
        assert_eq!(read, Ok(value.to_bits()), "{text}");
    }
    // Zeros before and after the digits that count.
    let long = format!("0x{}1{}p-{}", "0".repeat(500), "0".repeat(500), 2000);
    assert_eq!(parse_hexadecimal(&long), Ok(1.0));
    let small = format!("0x0.{}1p2004", "0".repeat(500));
    assert_eq!(parse_hexadecimal(&small), Ok(1.0));
}

#[test]
fn printed_like_c() {
    for (value, expected) in [
        (0.0, "0x0p+0"),
        (-0.0, "-0x0p+0"),
        (1.0, "0x1p+0"),
        (12.0, "0x1.8p+3"),
        (-0.1, "-0x1.999999999999ap-4"),
        (5e-324, "0x1p-1074"),
        (f64::MAX, "0x1.fffffffffffffp+1023"),
        (f64::NEG_INFINITY, "-inf"),
        (f64::NAN, "nan"),
    ] {
        assert_eq!(hexadecimal(value).as_str(), expected);
    }
}

#[test]
fn what_does_not_fit_is_told_with_its_offset() {
    for (text, offset) in [
        ("", 0),
        ("1", 0),
        ("0", 1),
        ("0b1", 1),
        ("0x", 2),
        ("0x.", 3),
        ("0x.p1", 3),
        ("0xg", 2),
        ("0x1p", 4),
        ("0x1p+", 5),
        ("0x1pf", 4),
        ("0x1.2.3", 5),
        ("--0x1", 1),
        ("0x1 ", 3),
    ] {
        assert_eq!(
            parse_hexadecimal(text),
            Err(NumberError::Syntax { offset }),
            "{text:?}"
        );
    }
}
