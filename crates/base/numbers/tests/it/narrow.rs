//! The same code at small widths, for every argument there is: Q8.8 for functions of one argument, Q4.4 for pairs.

use crate::twin;
use gatos_numbers::Function;
use std::thread;

/// Compares all arguments of `F` fraction bits; `seconds` are the second arguments.
fn check<const F: u32>(function: Function, seconds: std::ops::Range<i64>) {
    let limit = 1i64 << (2 * F - 1);
    for first in -limit..limit {
        for second in seconds.clone() {
            let ours = function.evaluate_at_width::<F>(first << (32 - F), second << (32 - F));
            let theirs = twin::evaluate(function, first, second, F as usize);
            assert_eq!(
                ours,
                theirs,
                "{}({first}, {second}) of Q{F}.{F}",
                function.name()
            );
        }
    }
}

#[test]
fn every_argument_of_a_small_format_agrees_with_the_twin() {
    thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || {
                for function in Function::ALL.into_iter().skip(half).step_by(2) {
                    if function.is_binary() {
                        check::<4>(function, -128..128);
                    } else {
                        check::<8>(function, 0..1);
                    }
                }
            });
        }
    });
}
