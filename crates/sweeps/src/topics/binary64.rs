//! binary64: arithmetic, conversions and text as bits, and the cases that go wrong elsewhere.
//!
//! Raw bits are recorded, not canonical ones, so that a NaN of the hardware's own making is seen. Floats come from
//! bits or from our own conversions; the host computes none of them.

use crate::dice::Dice;
use crate::record::Record;
use gatos_numbers::binary64::{self as binary64, poison};

/// Values at the edges of the format: zero, subnormals, one, the ends of integers, the largest, infinity, NaN.
const EDGES: &[u64] = &[
    0,
    1,
    0x000f_ffff_ffff_ffff,
    0x0010_0000_0000_0000,
    0x3fe0_0000_0000_0000,
    0x3ff0_0000_0000_0000,
    0x3ff0_0000_0000_0001,
    0x41df_ffff_ffc0_0000,
    0x41e0_0000_0000_0000,
    0x41ef_ffff_ffe0_0000,
    0x41f0_0000_0000_0000,
    0x4330_0000_0000_0000,
    0x4340_0000_0000_0000,
    0x43e0_0000_0000_0000,
    0x43f0_0000_0000_0000,
    0x7fef_ffff_ffff_ffff,
    0x7ff0_0000_0000_0000,
    0x7ff0_0000_0000_0001,
    0x7ff8_0000_0000_0000,
    0x7fff_ffff_ffff_ffff,
];

/// Every operation of one, two and three arguments.
pub fn arithmetic(dice: &mut Dice, record: &mut Record) {
    let (left, right, third) = (float(dice), float(dice), float(dice));
    let arguments = [left, right, third].map(f64::to_bits);
    record.text("arguments", format_args!("{arguments:016x?}"));
    let results = [
        ("add", binary64::add(left, right)),
        ("sub", binary64::sub(left, right)),
        ("mul", binary64::mul(left, right)),
        ("div", binary64::div(left, right)),
        ("sqrt", binary64::sqrt(left)),
        ("fma", binary64::fma(left, right, third)),
        ("fmod", binary64::fmod(left, right)),
        ("remainder", binary64::remainder(left, right)),
        ("floor mod", binary64::floor_mod(left, right)),
        ("floor div", binary64::floor_div(left, right)),
        ("floor", binary64::floor(left)),
        ("ceil", binary64::ceil(left)),
        ("trunc", binary64::trunc(left)),
        ("round", binary64::round_ties_even(left)),
    ];
    for (name, result) in results {
        record.text(name, bits(result));
    }
    let order = binary64::compare_bits(left, right);
    record.text("order", format_args!("{order:?}"));
    record.text("same", binary64::is_same(left, right));
}

/// To and from integers, Q32.32 and binary32.
pub fn conversions(dice: &mut Dice, record: &mut Record) {
    let value = float(dice);
    record.text("value", bits(value));
    record.outcome("i32", binary64::to_i32(value));
    record.outcome("u32", binary64::to_u32(value));
    record.outcome("i64", binary64::to_i64(value));
    record.outcome("u64", binary64::to_u64(value));
    record.outcome("i32 truncated", binary64::to_i32_truncated(value));
    record.outcome("u32 truncated", binary64::to_u32_truncated(value));
    record.outcome("i64 truncated", binary64::to_i64_truncated(value));
    record.outcome("u64 truncated", binary64::to_u64_truncated(value));
    record.outcome("i64 exact", binary64::to_i64_exact(value));
    let fixed = binary64::to_q32(value).map(gatos_numbers::Q32::steps);
    record.outcome("q32", fixed);
    let narrow = binary64::to_binary32_bits(value);
    record.text("binary32", format_args!("{narrow:08x}"));
    let integer = dice.narrow_integer();
    record.text("integer", integer);
    record.text("from i64", bits(binary64::from_i64(integer)));
    record.text("from u64", bits(binary64::from_u64(integer as u64)));
    record.text("from i32", bits(binary64::from_i32(integer as i32)));
    record.text("from u32", bits(binary64::from_u32(integer as u32)));
    let fixed = gatos_numbers::Q32::from_steps(integer);
    record.text("from q32", bits(binary64::from_q32(fixed)));
    let widened = binary64::from_binary32_bits(integer as u32);
    record.text("from binary32", bits(widened));
    record.bytes("bytes", &binary64::to_le_bytes(value));
    let read = binary64::from_le_bytes(integer.to_le_bytes());
    record.text("read", read.map_or_else(|| "refused".to_owned(), bits));
}

/// Shortest text, Lua's, hexadecimal; what each reads back to, and decimal text of any length.
pub fn text(dice: &mut Dice, record: &mut Record) {
    let value = float(dice);
    record.text("value", bits(value));
    let (shortest, hexadecimal) = (binary64::shortest(value), binary64::hexadecimal(value));
    record.text("shortest", shortest);
    record.text("general", binary64::general_14(value));
    record.text("hexadecimal", hexadecimal);
    let again = binary64::parse(shortest.as_str()).map(bits);
    record.outcome("again", again);
    let again = binary64::parse_hexadecimal(hexadecimal.as_str()).map(bits);
    record.outcome("again from hexadecimal", again);
    let decimal = decimal(dice);
    record.text("decimal", &decimal);
    record.outcome("read", binary64::parse(&decimal).map(bits));
    record.outcome("read as Lua", binary64::parse_lua(&decimal).map(bits));
}

/// The poison cases, each with what it gave, and how many differ from what every target must give.
pub fn poison_cases(_dice: &mut Dice, record: &mut Record) {
    for case in poison::CASES {
        record.text(case.name, format_args!("{:016x}", case.computed()));
    }
    let mut failures = 0_u64;
    poison::failures(|name, computed| {
        failures += 1;
        record.text(name, format_args!("FAILED with {computed:016x}"));
    });
    record.text("failures", failures);
}

fn bits(value: f64) -> String {
    format!("{:016x}", value.to_bits())
}

/// Any bits, an edge of either sign, a number near an integer, or one near 1.
pub fn float(dice: &mut Dice) -> f64 {
    let sign = dice.below(2) << 63;
    match dice.below(5) {
        0 => f64::from_bits(dice.bits()),
        1 => f64::from_bits(dice.pick(EDGES) | sign),
        2 => binary64::from_i64(dice.narrow_integer()),
        3 => binary64::from_q32(gatos_numbers::Q32::from_steps(dice.narrow_integer())),
        _ => f64::from_bits(dice.between(0x3f00, 0x4100) << 48 | dice.bits() >> 16 | sign),
    }
}

/// Digits, a point, an exponent; sometimes not well formed.
fn decimal(dice: &mut Dice) -> String {
    let mut text = String::new();
    if dice.one_in(3) {
        text.push('-');
    }
    let digit_count = dice.between(1, 30);
    let point = dice.below(40);
    for place in 0..digit_count {
        if place == point && place > 0 {
            text.push('.');
        }
        let lowest = u64::from(place == 0);
        text.push(char::from(b'0' + dice.between(lowest, 9) as u8));
    }
    if dice.one_in(2) {
        let exponent = dice.below(700) as i64 - 360;
        text.push_str(&format!("e{exponent}"));
    }
    if dice.one_in(8) {
        text.push(dice.pick(&['.', 'e', '-', ' ', 'x']));
    }
    text
}
