//! The cases that go wrong elsewhere: NaNs of each sign and payload, signed zeros, subnormals, overflow, ties.
//!
//! An ordinary test runs [`failures`] here; the sweep program runs it on every target, since what is right on one
//! machine says little about another. Values pass through `black_box`, so that the target computes and not the compiler.
//! Tests: `tests/it/binary64/poison.rs`.

use super::{
    CANONICAL_NAN_BITS, acos, add, asin, atan2, canonical_bits, cbrt, ceil, cos, cosh, div, exp,
    exp_m1, exp2, floor, floor_mod, fma, fmod, from_bits, from_i64, hypot, ln, ln_1p, log2, log10,
    mul, pow, remainder, round_ties_even, sin, sinh, sqrt, sub, tan, tanh, to_binary32_bits, trunc,
};
use core::hint::black_box;

const POSITIVE_INFINITY: u64 = 0x7ff0_0000_0000_0000;
const NEGATIVE_INFINITY: u64 = 0xfff0_0000_0000_0000;
const NEGATIVE_ZERO: u64 = 0x8000_0000_0000_0000;
const ONE: u64 = 0x3ff0_0000_0000_0000;
const TWO: u64 = 0x4000_0000_0000_0000;
const SUBNORMAL_LOWEST: u64 = 1;
const SUBNORMAL_HIGHEST: u64 = 0x000f_ffff_ffff_ffff;
const NORMAL_LOWEST: u64 = 0x0010_0000_0000_0000;
const FINITE_HIGHEST: u64 = 0x7fef_ffff_ffff_ffff;

/// NaNs that hardware and programs make: of both signs, quiet and signalling, with payloads.
pub const NANS: [u64; 8] = [
    0x7ff8_0000_0000_0000,
    0xfff8_0000_0000_0000,
    0x7ff0_0000_0000_0001,
    0xfff0_0000_0000_0001,
    0x7ff7_ffff_ffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0xffff_ffff_ffff_ffff,
    0x7ff8_dead_beef_cafe,
];

/// One case: what it shows, the operation, the bits of its arguments (unused ones 0) and of its result.
pub struct PoisonCase {
    /// What the case shows.
    pub name: &'static str,
    operation: fn(f64, f64, f64) -> f64,
    arguments: [u64; 3],
    expected: u64,
}

impl PoisonCase {
    /// The bits that this target gives.
    #[must_use]
    pub fn computed(&self) -> u64 {
        let [first, second, third] = self.arguments.map(|bits| f64::from_bits(black_box(bits)));
        canonical_bits((black_box(self.operation))(first, second, third))
    }

    /// The bits that every target must give.
    #[must_use]
    pub const fn expected(&self) -> u64 {
        self.expected
    }
}

macro_rules! cases {
    ($($name:literal: $operation:expr, [$($argument:expr),+] => $expected:expr;)+) => {
        &[$(PoisonCase {
            name: $name,
            operation: $operation,
            arguments: three(&[$($argument),+]),
            expected: $expected,
        }),+]
    };
}

const fn three(given: &[u64]) -> [u64; 3] {
    let mut arguments = [0; 3];
    let mut index = 0;
    while index < given.len() {
        arguments[index] = given[index];
        index += 1;
    }
    arguments
}

/// Every fixed case; the cases with [`NANS`] are made by [`failures`].
pub const CASES: &[PoisonCase] = cases! {
    "0 / 0 is the canonical NaN": |a, b, _| div(a, b), [0, 0] => CANONICAL_NAN_BITS;
    "inf - inf is the canonical NaN": |a, b, _| sub(a, b), [POSITIVE_INFINITY, POSITIVE_INFINITY] => CANONICAL_NAN_BITS;
    "0 * inf is the canonical NaN": |a, b, _| mul(a, b), [0, NEGATIVE_INFINITY] => CANONICAL_NAN_BITS;
    "sqrt(-1) is the canonical NaN": |a, _, _| sqrt(a), [0xbff0_0000_0000_0000] => CANONICAL_NAN_BITS;
    "fma(0, inf, 1) is the canonical NaN": fma, [0, POSITIVE_INFINITY, ONE] => CANONICAL_NAN_BITS;
    "fmod(1, 0) is the canonical NaN": |a, b, _| fmod(a, b), [ONE, 0] => CANONICAL_NAN_BITS;
    "inf % 1 is the canonical NaN": |a, b, _| floor_mod(a, b), [POSITIVE_INFINITY, ONE] => CANONICAL_NAN_BITS;
    "remainder(inf, 1) is the canonical NaN": |a, b, _| remainder(a, b), [POSITIVE_INFINITY, ONE] => CANONICAL_NAN_BITS;
    "0 + -0 is 0": |a, b, _| add(a, b), [0, NEGATIVE_ZERO] => 0;
    "-0 + -0 is -0": |a, b, _| add(a, b), [NEGATIVE_ZERO, NEGATIVE_ZERO] => NEGATIVE_ZERO;
    "-0 - 0 is -0": |a, b, _| sub(a, b), [NEGATIVE_ZERO, 0] => NEGATIVE_ZERO;
    "1 - 1 is 0": |a, b, _| sub(a, b), [ONE, ONE] => 0;
    "1 / -0 is -inf": |a, b, _| div(a, b), [ONE, NEGATIVE_ZERO] => NEGATIVE_INFINITY;
    "-1 * 0 is -0": |a, b, _| mul(a, b), [0xbff0_0000_0000_0000, 0] => NEGATIVE_ZERO;
    "sqrt(-0) is -0": |a, _, _| sqrt(a), [NEGATIVE_ZERO] => NEGATIVE_ZERO;
    "floor(-0) is -0": |a, _, _| floor(a), [NEGATIVE_ZERO] => NEGATIVE_ZERO;
    "ceil(-0.5) is -0": |a, _, _| ceil(a), [0xbfe0_0000_0000_0000] => NEGATIVE_ZERO;
    "trunc(-0.5) is -0": |a, _, _| trunc(a), [0xbfe0_0000_0000_0000] => NEGATIVE_ZERO;
    "round(-0.5) is -0": |a, _, _| round_ties_even(a), [0xbfe0_0000_0000_0000] => NEGATIVE_ZERO;
    "fmod(-1, 1) is -0": |a, b, _| fmod(a, b), [0xbff0_0000_0000_0000, ONE] => NEGATIVE_ZERO;
    "half of the lowest subnormal is a tie to 0": |a, b, _| div(a, b), [SUBNORMAL_LOWEST, TWO] => 0;
    "three halves of it are a tie to 2": |a, b, _| mul(a, b), [SUBNORMAL_LOWEST, 0x3ff8_0000_0000_0000] => 2;
    "subnormals are not flushed by addition": |a, b, _| add(a, b), [SUBNORMAL_LOWEST, SUBNORMAL_HIGHEST] => NORMAL_LOWEST;
    "subnormals are not flushed by multiplication": |a, b, _| mul(a, b), [NORMAL_LOWEST, 0x3fe0_0000_0000_0000] => 0x0008_0000_0000_0000;
    "the gap below the lowest normal": |a, b, _| sub(a, b), [NORMAL_LOWEST, SUBNORMAL_LOWEST] => SUBNORMAL_HIGHEST;
    "sqrt of the lowest subnormal": |a, _, _| sqrt(a), [SUBNORMAL_LOWEST] => 0x1e60_0000_0000_0000;
    "fma into a subnormal rounds once": fma, [NORMAL_LOWEST, 0x3fe0_0000_0000_0001, 0] => 0x0008_0000_0000_0000;
    "the largest finite doubled is inf": |a, b, _| mul(a, b), [FINITE_HIGHEST, TWO] => POSITIVE_INFINITY;
    "half a unit above the largest finite ties to inf": |a, b, _| add(a, b), [FINITE_HIGHEST, 0x7c90_0000_0000_0000] => POSITIVE_INFINITY;
    "less than half a unit above it stays": |a, b, _| add(a, b), [FINITE_HIGHEST, 0x7c8f_ffff_ffff_ffff] => FINITE_HIGHEST;
    "fma does not overflow in the middle": fma, [FINITE_HIGHEST, TWO, 0xffef_ffff_ffff_ffff] => FINITE_HIGHEST;
    "1 + 2^-53 ties to 1": |a, b, _| add(a, b), [ONE, 0x3ca0_0000_0000_0000] => ONE;
    "1 + 3 * 2^-53 ties to even": |a, b, _| add(a, b), [ONE, 0x3cb8_0000_0000_0000] => 0x3ff0_0000_0000_0002;
    "1 + a little over 2^-53 rounds up": |a, b, _| add(a, b), [ONE, 0x3ca0_0000_0000_0001] => 0x3ff0_0000_0000_0001;
    "a product and a sum are not contracted": |a, b, c| add(mul(a, b), c), [0x3ff0_0000_0000_0001, 0x3ff0_0000_0000_0001, 0xbff0_0000_0000_0002] => 0;
    "fma keeps the low half of the product": fma, [0x3ff0_0000_0000_0001, 0x3ff0_0000_0000_0001, 0xbff0_0000_0000_0002] => 0x3970_0000_0000_0000;
    "ln(-1) is the canonical NaN": |a, _, _| ln(a), [0xbff0_0000_0000_0000] => CANONICAL_NAN_BITS;
    "sin(inf) is the canonical NaN": |a, _, _| sin(a), [POSITIVE_INFINITY] => CANONICAL_NAN_BITS;
    "asin(2) is the canonical NaN": |a, _, _| asin(a), [TWO] => CANONICAL_NAN_BITS;
    "pow(-1, 0.5) is the canonical NaN": |a, b, _| pow(a, b), [0xbff0_0000_0000_0000, 0x3fe0_0000_0000_0000] => CANONICAL_NAN_BITS;
    "ln(0) is -inf": |a, _, _| ln(a), [0] => NEGATIVE_INFINITY;
    "exp of the lowest exponent is subnormal": |a, _, _| exp(a), [0xc087_4385_446d_71c3] => SUBNORMAL_LOWEST;
    "sin(-0) is -0": |a, _, _| sin(a), [NEGATIVE_ZERO] => NEGATIVE_ZERO;
    "tan of a subnormal is itself": |a, _, _| tan(a), [SUBNORMAL_HIGHEST] => SUBNORMAL_HIGHEST;
    "atan2(-0, -0) is -pi": |a, b, _| atan2(a, b), [NEGATIVE_ZERO, NEGATIVE_ZERO] => 0xc009_21fb_5444_2d18;
    "hypot does not overflow in the middle": |a, b, _| hypot(a, b), [0x7fe0_0000_0000_0000, 0x7fd0_0000_0000_0000] => 0x7fe1_e377_9b97_f4a8;
    "pow(-0, -1) is -inf": |a, b, _| pow(a, b), [NEGATIVE_ZERO, 0xbff0_0000_0000_0000] => NEGATIVE_INFINITY;
    "0.5 rounds to even": |a, _, _| round_ties_even(a), [0x3fe0_0000_0000_0000] => 0;
    "2.5 rounds to even": |a, _, _| round_ties_even(a), [0x4004_0000_0000_0000] => TWO;
    "2^53 + 1 as an integer ties to even": |_, _, _| from_i64(black_box((1 << 53) + 1)), [0] => 0x4340_0000_0000_0000;
    "narrowing ties to even": |a, _, _| from_i64(to_binary32_bits(a).into()), [0x3ff0_0000_1000_0000] => 0x41cf_c000_0000_0000;
    "narrowing keeps subnormals": |a, _, _| from_i64(to_binary32_bits(a).into()), [0x36a0_0000_0000_0000] => ONE;
};

/// Runs every case on this target and tells each that differs: its name and the bits that came out.
///
/// Every NaN of [`NANS`] also goes through every operation, in every place.
pub fn failures(mut report: impl FnMut(&'static str, u64)) -> usize {
    let mut count = 0;
    let mut tell = |name, computed| {
        count += 1;
        report(name, computed);
    };
    for case in CASES {
        let computed = case.computed();
        if computed != case.expected {
            tell(case.name, computed);
        }
    }
    for (name, computed) in NANS.iter().flat_map(|bits| function_results(*bits)) {
        if computed != CANONICAL_NAN_BITS {
            tell(name, computed);
        }
    }
    for bits in NANS {
        for (name, computed) in nan_results(bits) {
            if computed != CANONICAL_NAN_BITS {
                tell(name, computed);
            }
        }
    }
    count
}

/// The raw bits of every operation with this NaN: not canonicalised again, since it is the operation that must.
fn nan_results(bits: u64) -> [(&'static str, u64); 18] {
    let nan = f64::from_bits(black_box(bits));
    let one = black_box(1.0);
    [
        ("from_bits of a NaN", from_bits(black_box(bits)).to_bits()),
        ("NaN + 1", add(nan, one).to_bits()),
        ("1 + NaN", add(one, nan).to_bits()),
        ("NaN - 1", sub(nan, one).to_bits()),
        ("NaN * 1", mul(nan, one).to_bits()),
        ("1 / NaN", div(one, nan).to_bits()),
        ("sqrt(NaN)", sqrt(nan).to_bits()),
        ("fma(NaN, 1, 1)", fma(nan, one, one).to_bits()),
        ("fma(1, 1, NaN)", fma(one, one, nan).to_bits()),
        ("fmod(NaN, 1)", fmod(nan, one).to_bits()),
        ("fmod(1, NaN)", fmod(one, nan).to_bits()),
        ("NaN % 1", floor_mod(nan, one).to_bits()),
        ("1 % NaN", floor_mod(one, nan).to_bits()),
        ("remainder(1, NaN)", remainder(one, nan).to_bits()),
        ("floor(NaN)", floor(nan).to_bits()),
        ("ceil(NaN)", ceil(nan).to_bits()),
        ("trunc(NaN)", trunc(nan).to_bits()),
        ("round(NaN)", round_ties_even(nan).to_bits()),
    ]
}

/// The raw bits of every elementary function of this NaN. (`pow(1, NaN)` and `hypot(inf, NaN)` are no NaN, as in C.)
fn function_results(bits: u64) -> [(&'static str, u64); 20] {
    let nan = f64::from_bits(black_box(bits));
    let two = black_box(2.0);
    [
        ("exp(NaN)", exp(nan)),
        ("exp2(NaN)", exp2(nan)),
        ("exp_m1(NaN)", exp_m1(nan)),
        ("ln(NaN)", ln(nan)),
        ("ln_1p(NaN)", ln_1p(nan)),
        ("log2(NaN)", log2(nan)),
        ("log10(NaN)", log10(nan)),
        ("sin(NaN)", sin(nan)),
        ("cos(NaN)", cos(nan)),
        ("tan(NaN)", tan(nan)),
        ("asin(NaN)", asin(nan)),
        ("acos(NaN)", acos(nan)),
        ("atan2(NaN, 2)", atan2(nan, two)),
        ("atan2(2, NaN)", atan2(two, nan)),
        ("sinh(NaN)", sinh(nan)),
        ("cosh(NaN)", cosh(nan)),
        ("tanh(NaN)", tanh(nan)),
        ("pow(2, NaN)", pow(two, nan)),
        ("cbrt(NaN)", cbrt(nan)),
        ("hypot(2, NaN)", hypot(two, nan)),
    ]
    .map(|(name, value)| (name, value.to_bits()))
}
