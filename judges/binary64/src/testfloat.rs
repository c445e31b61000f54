//! The real TestFloat, where somebody has it: `testfloat_gen -level 1 f64_add | … --testfloat f64_add`.
//!
//! A line holds the operands, the result and the flags in hexadecimal, separated by blanks. The result is canonicalised
//! when it is a NaN, since `testfloat_gen` may be built for another machine.

use crate::operations::{COMPARISONS, ONE, TWO};
use crate::tally::Tally;
use gatos_numbers::binary64;
use std::io::BufRead as _;

/// The invalid flag: our conversions give an error there.
const INVALID: u64 = 0x10;

pub fn judge(function: &str) -> u64 {
    let Some(ours) = ours(function) else {
        println!("`{function}` is not one of ours");
        return 1;
    };
    let is_to_integer = ["f64_to_i", "f64_to_u"]
        .iter()
        .any(|start| function.starts_with(start));
    let mut tally = Tally::new(function);
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return 1 };
        let words: Vec<u64> = line
            .split_whitespace()
            .map_while(|word| u64::from_str_radix(word, 16).ok())
            .collect();
        let [arguments @ .., result, flags] = words.as_slice() else {
            return 1;
        };
        let computed = ours(arguments);
        if is_to_integer && flags & INVALID != 0 {
            // The bits that stand for an error.
            tally.compare(arguments, computed, 0xfff8_dead_dead_dead);
        } else if is_to_integer && function.contains("32") {
            tally.compare(arguments, computed & 0xffff_ffff, *result);
        } else if function.ends_with("f32") {
            let value = f32::from_bits(*result as u32);
            let result = if value.is_nan() {
                binary64::CANONICAL_NAN_BITS_32.into()
            } else {
                *result
            };
            tally.compare(arguments, computed, result);
        } else if is_to_integer || COMPARISONS.iter().any(|(name, ..)| *name == function) {
            tally.compare(arguments, computed, *result);
        } else {
            tally.compare(arguments, computed, binary64::from_bits(*result).to_bits());
        }
    }
    tally.finish()
}

/// From the bits of the operands to the bits of the result.
type Operation = Box<dyn Fn(&[u64]) -> u64>;

fn ours(function: &str) -> Option<Operation> {
    let float = |arguments: &[u64], index: usize| f64::from_bits(arguments[index]);
    if function == "f64_mulAdd" {
        return Some(Box::new(move |a| {
            binary64::fma(float(a, 0), float(a, 1), float(a, 2)).to_bits()
        }));
    }
    if let Some((_, ours, _)) = TWO.iter().find(|(name, ..)| *name == function) {
        return Some(Box::new(move |a| ours(float(a, 0), float(a, 1)).to_bits()));
    }
    if let Some((_, ours, _)) = COMPARISONS.iter().find(|(name, ..)| *name == function) {
        return Some(Box::new(move |a| ours(float(a, 0), float(a, 1)).into()));
    }
    // `testfloat_gen` rounds to nearest even unless told otherwise.
    let nearest = format!("{function} nearest");
    let (_, ours, _) = ONE
        .iter()
        .find(|(name, ..)| *name == function || *name == nearest)?;
    Some(Box::new(move |a| ours(a[0])))
}
