//! `%.14g`, `%a` and reading beside the system's `printf`.
//!
//! The command reads its arguments as a longer float, in which every binary64 written in hexadecimal is exact, so the
//! digits are those of the exact value. `%a` differs between libraries in how it normalises, so it is read back instead.

use crate::operands::Random;
use crate::tally::Tally;
use gatos_numbers::binary64;
use std::process::Command;

/// Arguments of one call.
const BATCH: usize = 4000;

pub fn judge(seed: u64, count: u64) -> u64 {
    let mut random = Random::new(seed, "texts");
    let mut tally = Tally::new("%.14g / printf");
    let mut round_trip = Tally::new("text and back");
    let mut done = 0;
    while done < count {
        let floats: Vec<f64> = (0..BATCH).map(|_| float(&mut random)).collect();
        done += floats.len() as u64;
        for value in &floats {
            round_trip.compare(
                &[value.to_bits()],
                back(binary64::shortest(*value).as_str()),
                value.to_bits(),
            );
            let hexadecimal = binary64::hexadecimal(*value);
            let read = binary64::parse_hexadecimal(hexadecimal.as_str()).map(f64::to_bits);
            round_trip.compare(&[value.to_bits()], read.unwrap_or(0), value.to_bits());
        }
        let Some(texts) = printed(&floats) else {
            println!("SKIPPED: no `printf` command to judge texts");
            break;
        };
        for (value, text) in floats.iter().zip(&texts) {
            let ours = binary64::general_14(*value);
            if ours.as_str() != text {
                println!(
                    "DIFFERENT %.14g of {:016x}: ours {ours}, printf {text}",
                    value.to_bits()
                );
            }
            tally.compare(&[value.to_bits()], u64::from(ours.as_str() == text), 1);
        }
    }
    tally.finish() + round_trip.finish()
}

fn back(text: &str) -> u64 {
    binary64::parse(text).map_or(0, f64::to_bits)
}

/// A finite float: anything, or one whose fifteenth digit is a tie or near one.
fn float(random: &mut Random) -> f64 {
    loop {
        let value = if random.below(4) == 0 {
            let integer = random.word() >> (14 + random.below(8));
            integer as f64 / 2f64.powi(random.below(8) as i32)
        } else {
            f64::from_bits(random.operand())
        };
        if value.is_finite() {
            return value;
        }
    }
}

fn printed(floats: &[f64]) -> Option<Vec<String>> {
    let output = Command::new("printf")
        .env("LC_ALL", "C")
        .arg("%.14g\\n")
        .args(
            floats
                .iter()
                .map(|value| binary64::hexadecimal(*value).to_string()),
        )
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    (lines.len() == floats.len()).then_some(lines)
}
