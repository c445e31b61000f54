//! A topic: one row of the table, and how its cases become one digest.

use crate::dice::Dice;
use crate::record::Record;
use gatos_values::Blake3Digest;

/// Something that must come out the same everywhere, tried on many generated cases.
#[derive(Clone, Copy, Debug)]
pub struct Topic {
    /// What the line is called: `theme/what`.
    pub name: &'static str,
    /// How many cases at scale 1.
    pub case_count: u64,
    /// Throws the inputs of one case and records what comes out.
    pub case: fn(&mut Dice, &mut Record),
    /// Whether the number of cases grows with the scale; a table of fixed cases does not.
    pub is_scaled: bool,
}

impl Topic {
    /// A topic of generated cases.
    #[must_use]
    pub const fn new(
        name: &'static str,
        case_count: u64,
        case: fn(&mut Dice, &mut Record),
    ) -> Topic {
        Topic {
            name,
            case_count,
            case,
            is_scaled: true,
        }
    }

    /// A topic of one case that goes through a table of its own.
    #[must_use]
    pub const fn table(name: &'static str, case: fn(&mut Dice, &mut Record)) -> Topic {
        Topic {
            name,
            case_count: 1,
            case,
            is_scaled: false,
        }
    }

    /// How many cases there are at this scale.
    #[must_use]
    pub const fn cases_at(&self, scale: u64) -> u64 {
        if self.is_scaled {
            self.case_count.saturating_mul(scale)
        } else {
            self.case_count
        }
    }

    /// Digest of one case.
    #[must_use]
    pub fn case_digest(&self, case: u64) -> Blake3Digest {
        self.recorded(case, Record::default()).digest()
    }

    /// What one case did, in lines that can be read.
    #[must_use]
    pub fn case_lines(&self, case: u64) -> String {
        self.recorded(case, Record::with_lines()).lines().to_owned()
    }

    /// BLAKE3 of the digests of all cases.
    #[must_use]
    pub fn digest(&self, scale: u64) -> Blake3Digest {
        let mut digests = Vec::new();
        for case in 0..self.cases_at(scale) {
            digests.extend_from_slice(self.case_digest(case).as_bytes());
        }
        Blake3Digest::of(&digests)
    }

    /// The line of the report: name, cases, digest.
    #[must_use]
    pub fn line(&self, scale: u64) -> String {
        let (count, digest) = (self.cases_at(scale), self.digest(scale));
        format!("{}\t{count}\t{digest}", self.name)
    }

    fn recorded(&self, case: u64, mut record: Record) -> Record {
        let mut dice = Dice::of_case(self.name, case);
        (self.case)(&mut dice, &mut record);
        record.text("draws", dice.draw_count());
        record
    }
}
