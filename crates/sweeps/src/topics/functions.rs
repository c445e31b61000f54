//! exp, sin, pow and the others, of Q32.32 and of binary64, over arguments of every size and beside exact cases.

use super::binary64::float;
use crate::dice::Dice;
use crate::record::Record;
use gatos_numbers::{Function, Q32, binary64 as functions};

/// A function of a float.
type FunctionOfOne = fn(f64) -> f64;
/// A function of two floats.
type FunctionOfTwo = fn(f64, f64) -> f64;

/// The functions of binary64 of one argument, by name.
pub const FUNCTIONS: [(&str, FunctionOfOne); 17] = [
    ("acos", functions::acos),
    ("asin", functions::asin),
    ("atan", functions::atan),
    ("cbrt", functions::cbrt),
    ("cos", functions::cos),
    ("cosh", functions::cosh),
    ("exp", functions::exp),
    ("exp2", functions::exp2),
    ("exp_m1", functions::exp_m1),
    ("ln", functions::ln),
    ("ln_1p", functions::ln_1p),
    ("log10", functions::log10),
    ("log2", functions::log2),
    ("sin", functions::sin),
    ("sinh", functions::sinh),
    ("tan", functions::tan),
    ("tanh", functions::tanh),
];

/// Those of two arguments.
pub const FUNCTIONS_OF_TWO: [(&str, FunctionOfTwo); 3] = [
    ("atan2", functions::atan2),
    ("hypot", functions::hypot),
    ("pow", functions::pow),
];

/// Every function of binary64 at one pair of arguments, as bits.
pub fn binary64(dice: &mut Dice, record: &mut Record) {
    let (first, second) = (float(dice), float(dice));
    let mut bits = |name: &str, value: f64| {
        record.text(name, format_args!("{:016x}", value.to_bits()));
    };
    bits("first", first);
    bits("second", second);
    for (name, function) in FUNCTIONS {
        bits(name, function(first));
    }
    for (name, function) in FUNCTIONS_OF_TWO {
        bits(name, function(first, second));
    }
}

/// Every function at one pair of arguments.
pub fn q32(dice: &mut Dice, record: &mut Record) {
    let (first, second) = (argument(dice), argument(dice));
    record.text("first", first.steps());
    record.text("second", second.steps());
    for function in Function::ALL {
        let value = function.evaluate(first, second);
        record.outcome(function.name(), value.map(Q32::steps));
    }
}

/// Any value; a small one, where few functions overflow; a whole number or a power of two and their neighbours, where
/// results are exact or nearly so.
fn argument(dice: &mut Dice) -> Q32 {
    let steps = match dice.below(4) {
        0 => dice.narrow_integer(),
        1 => dice.bits() as i64 >> 28,
        2 => (dice.below(64) as i64 - 16) << 32,
        _ => {
            let power = 1 << dice.below(62);
            beside(dice, power)
        }
    };
    Q32::from_steps(steps)
}

fn beside(dice: &mut Dice, steps: i64) -> i64 {
    let beside = steps + dice.below(3) as i64 - 1;
    if dice.one_in(4) { -beside } else { beside }
}
