//! The functions of Q32.32: exp, sin, pow and the others, over arguments of every size and beside exact cases.

use crate::dice::Dice;
use crate::record::Record;
use gatos_numbers::{Function, Q32};

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
