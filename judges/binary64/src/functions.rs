//! Elementary functions beside CORE-MATH and MPFR.
//!
//! Both round correctly and were written independently of each other and of us. Arguments are random, of every kind;
//! and lists of hard arguments, where a folder of CORE-MATH's `.wc` files is given: one line an argument, hexadecimal,
//! two separated by a comma.

use crate::operands::Random;
use crate::options::Options;
use crate::tally::Tally;
use gatos_numbers::binary64;
use rug::Float;
use rug::float::Round;
use std::cmp::Ordering;
use std::path::Path;

/// Mantissa bits of binary64.
const PRECISION: u32 = 53;

/// One function: our name, the list's name, ours, CORE-MATH's, MPFR's, and the exponents of ordinary arguments.
struct Function {
    name: &'static str,
    list: &'static str,
    ours: fn(f64, f64) -> f64,
    core_math: fn(f64, f64) -> f64,
    mpfr: fn(&Float, &Float) -> (Float, Ordering),
    exponents: (i64, i64),
}

macro_rules! of_one {
    ($ours:ident, $core:ident, $mpfr:ident, $list:literal, $low:literal, $high:literal) => {
        Function {
            name: stringify!($ours),
            list: $list,
            ours: |x, _| binary64::$ours(x),
            core_math: |x, _| core_math::$core(x),
            mpfr: |x, _| Float::with_val_round(PRECISION, x.$mpfr(), Round::Nearest),
            exponents: ($low, $high),
        }
    };
}

const FUNCTIONS: &[Function] = &[
    of_one!(exp, exp, exp_ref, "exp", -55, 10),
    of_one!(exp2, exp2, exp2_ref, "exp2", -55, 11),
    of_one!(exp_m1, expm1, exp_m1_ref, "expm1", -56, 10),
    of_one!(ln, log, ln_ref, "log", -60, 60),
    of_one!(ln_1p, log1p, ln_1p_ref, "log1p", -56, 60),
    of_one!(log2, log2, log2_ref, "log2", -60, 60),
    of_one!(log10, log10, log10_ref, "log10", -60, 60),
    of_one!(sin, sin, sin_ref, "sin", -29, 60),
    of_one!(cos, cos, cos_ref, "cos", -29, 60),
    of_one!(tan, tan, tan_ref, "tan", -29, 60),
    of_one!(asin, asin, asin_ref, "asin", -29, 1),
    of_one!(acos, acos, acos_ref, "acos", -60, 1),
    of_one!(atan, atan, atan_ref, "atan", -40, 60),
    of_one!(sinh, sinh, sinh_ref, "sinh", -29, 10),
    of_one!(cosh, cosh, cosh_ref, "cosh", -29, 10),
    of_one!(tanh, tanh, tanh_ref, "tanh", -29, 6),
    of_one!(cbrt, cbrt, cbrt_ref, "cbrt", -60, 60),
    Function {
        name: "atan2",
        list: "atan2",
        ours: binary64::atan2,
        core_math: core_math::atan2,
        mpfr: |y, x| Float::with_val_round(PRECISION, y.atan2_ref(x), Round::Nearest),
        exponents: (-40, 40),
    },
    Function {
        name: "hypot",
        list: "hypot",
        ours: binary64::hypot,
        core_math: core_math::hypot,
        mpfr: |x, y| Float::with_val_round(PRECISION, x.hypot_ref(y), Round::Nearest),
        exponents: (-20, 20),
    },
    Function {
        name: "pow",
        list: "pow",
        ours: binary64::pow,
        core_math: core_math::pow,
        mpfr: |x, y| Float::with_val_round(PRECISION, rug::ops::Pow::pow(x, y), Round::Nearest),
        exponents: (-12, 10),
    },
];

pub fn judge(options: &Options) -> u64 {
    let mut differences = judge_vectors();
    for function in FUNCTIONS {
        let mut tally = Tally::new(&format!("{} / CORE-MATH", function.name));
        arguments(function, options.seed, options.arguments, |x, y| {
            tally.compare(&bits(x, y), ours(function, x, y), core_math(function, x, y));
        });
        differences += tally.finish();
        let mut tally = Tally::new(&format!("{} / MPFR", function.name));
        arguments(function, options.seed, options.mpfr, |x, y| {
            tally.compare(&bits(x, y), ours(function, x, y), mpfr(function, x, y));
        });
        differences += tally.finish();
        if let Some(folder) = &options.worst_cases {
            differences += judge_list(function, folder);
        }
    }
    differences
}

/// The golden vectors themselves: what the product's tests compare with must be right.
fn judge_vectors() -> u64 {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../vectors/numbers/functions.tsv"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("no {path}");
        return 1;
    };
    let mut tally = Tally::new("golden vectors");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let name = columns.next().unwrap_or_default();
        let numbers: Vec<u64> = columns
            .map_while(|column| u64::from_str_radix(column, 16).ok())
            .collect();
        let function = FUNCTIONS.iter().find(|function| function.name == name);
        let (Some(function), [x, y, expected]) = (function, numbers.as_slice()) else {
            println!("golden vectors: cannot read `{line}`");
            return 1;
        };
        let (x, y) = (f64::from_bits(*x), f64::from_bits(*y));
        tally.compare(&bits(x, y), *expected, core_math(function, x, y));
        tally.compare(&bits(x, y), *expected, mpfr(function, x, y));
    }
    tally.finish()
}

/// Every argument of a list, of either sign, against both judges.
fn judge_list(function: &Function, folder: &Path) -> u64 {
    let path = folder.join(format!("{}.wc", function.list));
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("{} / hard cases: no {}", function.name, path.display());
        return 0;
    };
    let mut tally = Tally::new(&format!("{} / hard cases", function.name));
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut numbers = line.split(',').map(|number| {
            let number = number.trim().trim_start_matches('+');
            binary64::parse_hexadecimal(number)
        });
        let (Some(Ok(x)), y) = (numbers.next(), numbers.next().unwrap_or(Ok(1.0))) else {
            continue;
        };
        let Ok(y) = y else { continue };
        for (x, y) in [(x, y), (-x, y), (x, -y), (-x, -y)] {
            let found = ours(function, x, y);
            tally.compare(&bits(x, y), found, core_math(function, x, y));
            tally.compare(&bits(x, y), found, mpfr(function, x, y));
        }
    }
    tally.finish()
}

fn bits(x: f64, y: f64) -> [u64; 2] {
    [x.to_bits(), y.to_bits()]
}

/// Ours as it is: a NaN that is not canonical is a difference.
fn ours(function: &Function, x: f64, y: f64) -> u64 {
    (function.ours)(x, y).to_bits()
}

fn canonical(value: f64) -> u64 {
    binary64::canonical_bits(value)
}

/// CORE-MATH's result. It tells signalling NaNs apart (`pow(1, signalling)` is NaN there); we have one NaN, a quiet one,
/// so the judge is asked about that one.
fn core_math(function: &Function, x: f64, y: f64) -> u64 {
    canonical((function.core_math)(
        binary64::canonical(x),
        binary64::canonical(y),
    ))
}

/// MPFR's result rounded once to binary64, subnormal results included.
fn mpfr(function: &Function, x: f64, y: f64) -> u64 {
    let (x, y) = (Float::with_val(PRECISION, x), Float::with_val(PRECISION, y));
    let (mut result, side) = (function.mpfr)(&x, &y);
    result.subnormalize_ieee_round(side, Round::Nearest);
    canonical(result.to_f64())
}

fn arguments(function: &Function, seed: u64, count: u64, mut each: impl FnMut(f64, f64)) {
    let mut random = Random::new(seed, function.name);
    for _ in 0..count {
        let (x, y) = (
            argument(&mut random, function),
            argument(&mut random, function),
        );
        each(x, y);
    }
}

/// Four of five have ordinary exponents, some of these few bits; the fifth is anything.
fn argument(random: &mut Random, function: &Function) -> f64 {
    let kind = random.below(5);
    if kind == 0 {
        return f64::from_bits(random.operand());
    }
    let (low, high) = function.exponents;
    let exponent = low + random.below((high - low).cast_unsigned()).cast_signed() + 1023;
    let cut = if kind == 1 { random.below(53) } else { 0 };
    let word = random.word();
    let fraction = (word & ((1 << 52) - 1)) >> cut << cut;
    f64::from_bits(word & 1 << 63 | exponent.cast_unsigned() << 52 | fraction)
}

/// Whether a sine with its last bit turned is found by both judges.
pub fn finds_a_turned_bit() -> bool {
    FUNCTIONS.iter().all(|function| {
        let (x, y) = (0.7, 1.3);
        let right = ours(function, x, y);
        let judges = [core_math(function, x, y), mpfr(function, x, y)];
        judges
            .iter()
            .all(|judge| *judge == right && *judge != right ^ 1)
    })
}
