//! Exact sums, one component per journal.
//!
//! A component is the sum over a prefix of one journal, so of two components of one journal the one over the
//! longer prefix contains the other: joining takes it, and no amount is lost or counted twice. Prefixes are kept
//! once for the whole state (`journals`), not with each component.
//!
//! INVARIANT: components are sorted by journal number; a sum's integer part is a 128-bit integer, and its fraction
//! counts steps of 2^−32.

use super::join::{Prefixes, Winner};
use super::journals::JournalIndex;
use alloc::vec::Vec;
use gatos_numbers::{Fixed, Number};

/// An exact sum: `floor` + `fraction` · 2^−32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sum {
    pub(crate) floor: i128,
    pub(crate) fraction: u32,
}

impl Sum {
    /// The sum with one more amount; `None` where the integer part would leave its 128 bits.
    fn plus(self, amount: Number) -> Option<Sum> {
        let amount = Sum::from(amount);
        let (fraction, carry) = self.fraction.overflowing_add(amount.fraction);
        let floor = self.floor.checked_add(amount.floor);
        // Where the plain sum overflows downwards, the carry may bring it back.
        let floor = match (floor, carry) {
            (Some(floor), carry) => floor.checked_add(i128::from(carry))?,
            (None, true) => self.floor.checked_add(1)?.checked_add(amount.floor)?,
            (None, false) => return None,
        };
        Some(Sum { floor, fraction })
    }

    /// The sum as a number, where it has that form.
    fn to_number(self) -> Option<Number> {
        if self.fraction == 0 {
            return Some(Number::Integer(self.floor));
        }
        let whole = Fixed::from_integer(self.floor)?;
        let steps = whole.steps().checked_add(i128::from(self.fraction))?;
        Some(Number::from_fixed(Fixed::from_steps(steps)))
    }
}

impl From<Number> for Sum {
    fn from(number: Number) -> Sum {
        match number {
            Number::Integer(floor) => Sum { floor, fraction: 0 },
            Number::Fixed(fixed) => Sum {
                floor: fixed.floor(),
                fraction: fixed.fraction_steps(),
            },
        }
    }
}

/// A sum split by journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Components(Vec<(JournalIndex, Sum)>);

impl Components {
    pub(super) fn from_sorted(components: Vec<(JournalIndex, Sum)>) -> Components {
        Components(components)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (JournalIndex, Sum)> {
        self.0.iter().copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds an amount to the journal's component; `false` (and nothing changed) where that overflows.
    pub(super) fn add(&mut self, journal: JournalIndex, amount: Number) -> bool {
        let place = self.0.binary_search_by_key(&journal, |(index, _)| *index);
        let before = place
            .ok()
            .and_then(|place| self.0.get(place))
            .map_or(Sum::default(), |(_, sum)| *sum);
        let Some(after) = before.plus(amount) else {
            return false;
        };
        match place {
            Ok(place) => {
                if let Some((_, sum)) = self.0.get_mut(place) {
                    *sum = after;
                }
            }
            Err(place) => self.0.insert(place, (journal, after)),
        }
        true
    }

    /// The total over all journals, exact; `None` where it has no form in the value model.
    pub(crate) fn total(&self) -> Option<Number> {
        const HALF_BITS: u32 = 64;
        let (mut high, mut low, mut fraction) = (0_i128, 0_u128, 0_u64);
        // Halves of at most 2^32 components cannot overflow their accumulators.
        for (_, sum) in &self.0 {
            high += sum.floor >> HALF_BITS;
            low += (sum.floor as u128) & u128::from(u64::MAX);
            fraction += u64::from(sum.fraction);
        }
        low += u128::from(fraction >> 32);
        high += (low >> HALF_BITS) as i128;
        let high = i64::try_from(high).ok()?;
        let floor = (i128::from(high) << HALF_BITS) | ((low & u128::from(u64::MAX)) as i128);
        Sum {
            floor,
            fraction: fraction as u32,
        }
        .to_number()
    }

    /// For each journal, the component over the longer prefix.
    pub(super) fn join(&mut self, other: &Components, prefixes: &Prefixes) {
        self.0 = join_by_prefix(&self.0, &other.0, prefixes);
    }
}

/// Counts split by journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JournalCounts(Vec<(JournalIndex, u64)>);

impl JournalCounts {
    pub(super) fn from_sorted(counts: Vec<(JournalIndex, u64)>) -> JournalCounts {
        JournalCounts(counts)
    }

    pub(super) fn add(&mut self, journal: JournalIndex, count: u64) {
        match self.0.binary_search_by_key(&journal, |(index, _)| *index) {
            Ok(place) => self.0[place].1 = self.0[place].1.saturating_add(count),
            Err(place) => self.0.insert(place, (journal, count)),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (JournalIndex, u64)> {
        self.0.iter().copied()
    }

    pub(super) fn total(&self) -> u64 {
        self.0
            .iter()
            .fold(0, |total, (_, count)| total.saturating_add(*count))
    }

    pub(super) fn join(&mut self, other: &JournalCounts, prefixes: &Prefixes) {
        self.0 = join_by_prefix(&self.0, &other.0, prefixes);
    }
}

fn join_by_prefix<T: Copy + Ord>(
    mine: &[(JournalIndex, T)],
    theirs: &[(JournalIndex, T)],
    prefixes: &Prefixes,
) -> Vec<(JournalIndex, T)> {
    let kept = mine
        .iter()
        .copied()
        .filter(|(journal, _)| prefixes.winner(*journal) != Winner::Theirs);
    let mut joined: Vec<(JournalIndex, T)> = kept.collect();
    for (journal, value) in theirs {
        let journal = prefixes.renumber(*journal);
        if prefixes.winner(journal) == Winner::Mine {
            continue;
        }
        match joined.binary_search_by_key(&journal, |(index, _)| *index) {
            // Equal prefixes have equal components; should they differ, the greater is as good as any fixed rule.
            Ok(place) => joined[place].1 = joined[place].1.max(*value),
            Err(place) => joined.insert(place, (journal, *value)),
        }
    }
    joined
}
