//! Counting cases and differences of one kind, and printing the first few differences.

use std::time::Instant;

/// Differences of one kind that are printed in full.
const PRINTED_MAX: u64 = 5;

pub struct Tally {
    name: String,
    cases: u64,
    differences: u64,
    begun: Instant,
}

impl Tally {
    pub fn new(name: &str) -> Tally {
        Tally {
            name: name.to_owned(),
            cases: 0,
            differences: 0,
            begun: Instant::now(),
        }
    }

    /// One case: the bits of its arguments, ours and the judge's.
    pub fn compare(&mut self, arguments: &[u64], ours: u64, judge: u64) {
        self.cases += 1;
        if ours == judge {
            return;
        }
        self.differences += 1;
        if self.differences <= PRINTED_MAX {
            let arguments: Vec<String> = arguments
                .iter()
                .map(|bits| format!("{bits:016x}"))
                .collect();
            println!(
                "DIFFERENT {}({}): ours {ours:016x}, judge {judge:016x}",
                self.name,
                arguments.join(", ")
            );
        }
    }

    /// Prints the line of this kind and gives its differences.
    pub fn finish(self) -> u64 {
        println!(
            "{:<28} {:>9} cases, {} differences, {:.1} s",
            self.name,
            self.cases,
            self.differences,
            self.begun.elapsed().as_secs_f64()
        );
        self.differences
    }
}
