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

/// A sum split by journal, sorted by journal number. Mostly there is one journal for a key, so one component lies
/// inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Components {
    #[default]
    None,
    One(Component),
    Many(Vec<Component>),
}

/// The sum over a prefix of one journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Component {
    floor: i128,
    fraction: u32,
    journal: JournalIndex,
}

impl Component {
    fn new(journal: JournalIndex, sum: Sum) -> Component {
        Component {
            floor: sum.floor,
            fraction: sum.fraction,
            journal,
        }
    }

    fn sum(&self) -> Sum {
        Sum {
            floor: self.floor,
            fraction: self.fraction,
        }
    }
}

impl Components {
    pub(super) fn from_sorted(
        components: impl IntoIterator<Item = (JournalIndex, Sum)>,
    ) -> Components {
        let components = components
            .into_iter()
            .map(|(journal, sum)| Component::new(journal, sum));
        let mut list: Vec<Component> = components.collect();
        match list.len() {
            0 => Components::None,
            1 => list.pop().map_or(Components::None, Components::One),
            _ => Components::Many(list),
        }
    }

    fn as_slice(&self) -> &[Component] {
        match self {
            Components::None => &[],
            Components::One(component) => core::slice::from_ref(component),
            Components::Many(list) => list,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (JournalIndex, Sum)> {
        self.as_slice()
            .iter()
            .map(|component| (component.journal, component.sum()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// Adds an amount to the journal's component; `false` (and nothing changed) where that overflows.
    pub(super) fn add(&mut self, journal: JournalIndex, amount: Number) -> bool {
        let place = self
            .as_slice()
            .binary_search_by_key(&journal, |component| component.journal);
        let found = place.ok().and_then(|place| self.as_slice().get(place));
        let before = found.map_or(Sum::default(), Component::sum);
        let Some(after) = before.plus(amount) else {
            return false;
        };
        let component = Component::new(journal, after);
        match (&mut *self, place) {
            (Components::None, _) => *self = Components::One(component),
            (Components::One(only), Ok(_)) => *only = component,
            (Components::One(only), Err(place)) => {
                let mut list = Vec::from([*only]);
                list.insert(place, component);
                *self = Components::Many(list);
            }
            (Components::Many(list), Ok(place)) => list[place] = component,
            (Components::Many(list), Err(place)) => list.insert(place, component),
        }
        true
    }

    /// The total over all journals, exact; `None` where it has no form in the value model.
    pub(crate) fn total(&self) -> Option<Number> {
        const HALF_BITS: u32 = 64;
        let (mut high, mut low, mut fraction) = (0_i128, 0_u128, 0_u64);
        // Halves of at most 2^32 components cannot overflow their accumulators.
        for component in self.as_slice() {
            high += component.floor >> HALF_BITS;
            low += (component.floor as u128) & u128::from(u64::MAX);
            fraction += u64::from(component.fraction);
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
        let (mine, theirs): (Vec<_>, Vec<_>) = (self.iter().collect(), other.iter().collect());
        *self = Components::from_sorted(join_by_prefix(&mine, &theirs, prefixes));
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
