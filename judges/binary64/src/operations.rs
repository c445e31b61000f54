//! Arithmetic, comparisons and conversions beside Berkeley SoftFloat.
//!
//! SoftFloat is built with the default NaN of RISC-V, which is our canonical one, so bits are compared as they are.
//! Where it raises the invalid flag, a conversion of ours must be an error.

use crate::operands::{Random, few, many};
use crate::tally::Tally;
use gatos_numbers::{NumberError, binary64};
use softfloat_wrapper::{ExceptionFlags, F32, F64, Float, RoundingMode};

const NEAREST: RoundingMode = RoundingMode::TiesToEven;
const TRUNCATED: RoundingMode = RoundingMode::TowardZero;
/// Stands for "an error", and is no float's bits after canonicalisation.
const ERROR: u64 = 0xfff8_dead_dead_dead;

type Two = (&'static str, fn(f64, f64) -> f64, fn(F64, F64) -> F64);
type Comparison = (&'static str, fn(f64, f64) -> bool, fn(F64, F64) -> bool);
type One = (&'static str, fn(u64) -> u64, fn(u64) -> u64);

pub const TWO: &[Two] = &[
    ("f64_add", binary64::add, |a, b| a.add(b, NEAREST)),
    ("f64_sub", binary64::sub, |a, b| a.sub(b, NEAREST)),
    ("f64_mul", binary64::mul, |a, b| a.mul(b, NEAREST)),
    ("f64_div", binary64::div, |a, b| a.div(b, NEAREST)),
    ("f64_rem", binary64::remainder, |a, b| a.rem(b, NEAREST)),
];

pub const COMPARISONS: &[Comparison] = &[
    ("f64_eq", |a, b| a == b, |a, b| a.eq(b)),
    ("f64_lt", |a, b| a < b, |a, b| a.lt(b)),
    ("f64_le", |a, b| a <= b, |a, b| a.le(b)),
];

/// Functions of one argument, from bits to bits.
pub const ONE: &[One] = &[
    (
        "f64_sqrt",
        |a| binary64::sqrt(f64::from_bits(a)).to_bits(),
        |a| F64::from_bits(a).sqrt(NEAREST).to_bits(),
    ),
    (
        "f64_roundToInt nearest",
        |a| binary64::round_ties_even(f64::from_bits(a)).to_bits(),
        |a| integral(a, NEAREST),
    ),
    (
        "f64_roundToInt down",
        |a| binary64::floor(f64::from_bits(a)).to_bits(),
        |a| integral(a, RoundingMode::TowardNegative),
    ),
    (
        "f64_roundToInt up",
        |a| binary64::ceil(f64::from_bits(a)).to_bits(),
        |a| integral(a, RoundingMode::TowardPositive),
    ),
    (
        "f64_roundToInt to zero",
        |a| binary64::trunc(f64::from_bits(a)).to_bits(),
        |a| integral(a, TRUNCATED),
    ),
    (
        "f64_to_f32",
        |a| binary64::to_binary32_bits(f64::from_bits(a)).into(),
        |a| F64::from_bits(a).to_f32(NEAREST).to_bits().into(),
    ),
    (
        "f32_to_f64",
        |a| binary64::from_binary32_bits(a as u32).to_bits(),
        |a| F32::from_bits(a as u32).to_f64(NEAREST).to_bits(),
    ),
    (
        "i32_to_f64",
        |a| binary64::from_i32(a as i32).to_bits(),
        |a| F64::from_i32(a as i32, NEAREST).to_bits(),
    ),
    (
        "ui32_to_f64",
        |a| binary64::from_u32(a as u32).to_bits(),
        |a| F64::from_u32(a as u32, NEAREST).to_bits(),
    ),
    (
        "i64_to_f64",
        |a| binary64::from_i64(a as i64).to_bits(),
        |a| F64::from_i64(a as i64, NEAREST).to_bits(),
    ),
    (
        "ui64_to_f64",
        |a| binary64::from_u64(a).to_bits(),
        |a| F64::from_u64(a, NEAREST).to_bits(),
    ),
    (
        "f64_to_i32 nearest",
        |a| ours(binary64::to_i32(f64::from_bits(a)).map(|i| i as u64)),
        |a| theirs(|| F64::from_bits(a).to_i32(NEAREST, true) as u64),
    ),
    (
        "f64_to_i32 to zero",
        |a| ours(binary64::to_i32_truncated(f64::from_bits(a)).map(|i| i as u64)),
        |a| theirs(|| F64::from_bits(a).to_i32(TRUNCATED, true) as u64),
    ),
    (
        "f64_to_ui32 nearest",
        |a| ours(binary64::to_u32(f64::from_bits(a)).map(u64::from)),
        |a| theirs(|| F64::from_bits(a).to_u32(NEAREST, true).into()),
    ),
    (
        "f64_to_ui32 to zero",
        |a| ours(binary64::to_u32_truncated(f64::from_bits(a)).map(u64::from)),
        |a| theirs(|| F64::from_bits(a).to_u32(TRUNCATED, true).into()),
    ),
    (
        "f64_to_i64 nearest",
        |a| ours(binary64::to_i64(f64::from_bits(a)).map(|i| i as u64)),
        |a| theirs(|| F64::from_bits(a).to_i64(NEAREST, true) as u64),
    ),
    (
        "f64_to_i64 to zero",
        |a| ours(binary64::to_i64_truncated(f64::from_bits(a)).map(|i| i as u64)),
        |a| theirs(|| F64::from_bits(a).to_i64(TRUNCATED, true) as u64),
    ),
    (
        "f64_to_ui64 nearest",
        |a| ours(binary64::to_u64(f64::from_bits(a))),
        |a| theirs(|| F64::from_bits(a).to_u64(NEAREST, true)),
    ),
    (
        "f64_to_ui64 to zero",
        |a| ours(binary64::to_u64_truncated(f64::from_bits(a))),
        |a| theirs(|| F64::from_bits(a).to_u64(TRUNCATED, true)),
    ),
];

fn ours(result: Result<u64, NumberError>) -> u64 {
    result.unwrap_or(ERROR)
}

fn theirs(convert: impl Fn() -> u64) -> u64 {
    let mut flags = ExceptionFlags::default();
    flags.set();
    let converted = convert();
    flags.get();
    if flags.is_invalid() { ERROR } else { converted }
}

fn integral(bits: u64, mode: RoundingMode) -> u64 {
    F64::from_bits(bits).round_to_integral(mode).to_bits()
}

pub fn judge(seed: u64) -> u64 {
    let mut differences = 0;
    for (name, ours, theirs) in TWO {
        let mut tally = Tally::new(name);
        pairs(seed, name, |a, b| {
            let judge = theirs(F64::from_bits(a), F64::from_bits(b)).to_bits();
            tally.compare(
                &[a, b],
                ours(f64::from_bits(a), f64::from_bits(b)).to_bits(),
                judge,
            );
        });
        differences += tally.finish();
    }
    for (name, ours, theirs) in COMPARISONS {
        let mut tally = Tally::new(name);
        pairs(seed, name, |a, b| {
            let judge = theirs(F64::from_bits(a), F64::from_bits(b));
            tally.compare(
                &[a, b],
                ours(f64::from_bits(a), f64::from_bits(b)).into(),
                judge.into(),
            );
        });
        differences += tally.finish();
    }
    for (name, ours, theirs) in ONE {
        let mut tally = Tally::new(name);
        let mut random = Random::new(seed, name);
        for operand in many() {
            // The operand, its high and low half as an integer, and random ones.
            for bits in [
                operand,
                operand >> 32,
                operand >> 11,
                random.operand(),
                random.word(),
                random.word() >> random.below(64),
            ] {
                tally.compare(&[bits], ours(bits), theirs(bits));
            }
        }
        differences += tally.finish();
    }
    differences + judge_fma(seed)
}

fn pairs(seed: u64, name: &str, mut each: impl FnMut(u64, u64)) {
    let mut random = Random::new(seed, name);
    for a in few() {
        for b in few() {
            each(a, b);
            each(a, random.operand());
            each(random.operand(), b);
            for _ in 0..3 {
                each(random.operand(), random.operand());
            }
        }
    }
}

fn judge_fma(seed: u64) -> u64 {
    let mut tally = Tally::new("f64_mulAdd");
    let mut random = Random::new(seed, "f64_mulAdd");
    let mut each = |a, b, c| {
        let judge = F64::from_bits(a).fused_mul_add(F64::from_bits(b), F64::from_bits(c), NEAREST);
        let ours = binary64::fma(f64::from_bits(a), f64::from_bits(b), f64::from_bits(c));
        tally.compare(&[a, b, c], ours.to_bits(), judge.to_bits());
    };
    let operands = few();
    for &a in &operands {
        for &b in &operands {
            for &c in &operands {
                each(a, b, c);
                each(a, b, random.operand());
                each(random.operand(), b, c);
                each(a, random.operand(), c);
                each(a, random.operand(), random.operand());
                each(random.operand(), b, random.operand());
                each(random.operand(), random.operand(), c);
                each(random.operand(), random.operand(), random.operand());
                // The sum nearly cancels the product: where a fused operation shows.
                let (x, y) = (random.operand(), random.operand());
                let product = -(f64::from_bits(x) * f64::from_bits(y));
                each(x, y, product.to_bits());
            }
        }
    }
    tally.finish()
}

/// Whether a product with its last bit turned is found.
pub fn finds_a_turned_bit() -> bool {
    let (a, b) = (3.7, 1.9);
    let judge = F64::from_f64(a).mul(F64::from_f64(b), NEAREST).to_bits();
    let mut tally = Tally::new("self-test f64_mul");
    tally.compare(&[], binary64::mul(a, b).to_bits(), judge);
    tally.compare(&[], binary64::mul(a, b).to_bits() ^ 1, judge);
    tally.finish() == 1
}
