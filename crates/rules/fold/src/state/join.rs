//! The join of two states: associative, commutative, idempotent; the fold of a union is the join of the folds.
//!
//! TWIN: kinds — `state/kinds.rs`.

use super::FoldState;
use super::entry::{self, LwwEntry};
use super::journals::{JournalIndex, Journals};
use super::kinds::{FieldMap, KindState, ObservedSet, beats};
use super::names::NameIndex;
use super::register::Register;
use super::sum::Components;
use super::text_map::TextMap;
use crate::ir::{End, Shape};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::cmp::Ordering;
use gatos_values::Value;

/// Whose components count for a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Winner {
    Mine,
    Theirs,
    /// Both cover the same prefix.
    Same,
}

/// How the journals of another state relate to those of this one.
pub(super) struct Prefixes {
    /// This state's numbers of the other's journals.
    numbers: Vec<JournalIndex>,
    /// By this state's numbers.
    winners: Vec<Winner>,
}

impl Prefixes {
    /// Numbers the other's journals in `mine` and compares the prefixes, without changing any yet.
    fn new(mine: &mut Journals, theirs: &Journals) -> Prefixes {
        let indexes = || (0..theirs.count()).filter_map(|index| JournalIndex::try_from(index).ok());
        let numbers: Vec<JournalIndex> = indexes()
            .filter_map(|index| theirs.name(index))
            .map(|name| mine.add(name.clone()))
            .collect();
        let mut winners = Vec::from_iter((0..mine.count()).map(|_| Winner::Mine));
        for (theirs_index, number) in indexes().zip(&numbers) {
            let winner = match mine.position(*number).cmp(&theirs.position(theirs_index)) {
                Ordering::Less => Winner::Theirs,
                Ordering::Equal => Winner::Same,
                Ordering::Greater => Winner::Mine,
            };
            if let Some(slot) = winners.get_mut(*number as usize) {
                *slot = winner;
            }
        }
        Prefixes { numbers, winners }
    }

    pub(super) fn renumber(&self, theirs: JournalIndex) -> JournalIndex {
        self.numbers
            .get(theirs as usize)
            .copied()
            .unwrap_or(JournalIndex::MAX)
    }

    pub(super) fn winner(&self, journal: JournalIndex) -> Winner {
        self.winners
            .get(journal as usize)
            .copied()
            .unwrap_or(Winner::Mine)
    }
}

/// Unites `other` into `state`; both are states of `fold`-roots that agree.
pub(super) fn join(state: &mut FoldState, other: &FoldState, shapes: &[&Shape]) {
    let prefixes = Prefixes::new(&mut state.journals, &other.journals);
    for ((mine, theirs), shape) in state.reducers.iter_mut().zip(&other.reducers).zip(shapes) {
        mine.skipped.join(&theirs.skipped, &prefixes);
        join_kind(&mut mine.state, &theirs.state, shape, &prefixes);
    }
    for (name, position) in other.journals.iter() {
        if let Some(index) = state.journals.index_of(name) {
            state.journals.extend_to(index, position);
        }
    }
}

fn join_kind(mine: &mut KindState, theirs: &KindState, shape: &Shape, prefixes: &Prefixes) {
    match (mine, theirs) {
        (KindState::Fields(mine), KindState::Fields(theirs)) => join_fields(mine, theirs),
        (KindState::Entries(mine), KindState::Entries(theirs)) => join_entries(mine, theirs),
        (KindState::Nested(mine), KindState::Nested(theirs)) => {
            if let Shape::MapJoin { value, .. } = shape {
                join_nested(mine, theirs, value, prefixes);
            }
        }
        (KindState::Register(mine), KindState::Register(Some(theirs))) => match mine {
            None => *mine = Some(theirs.clone()),
            Some(mine) => mine.update(theirs.stamp, &theirs.value),
        },
        (KindState::Extreme(mine), KindState::Extreme(Some(theirs))) => {
            let end = if let Shape::Extreme { end, .. } = shape {
                *end
            } else {
                End::Greatest
            };
            if beats(end, theirs, mine.as_ref()) {
                *mine = Some(theirs.clone());
            }
        }
        (KindState::Counter(mine), KindState::Counter(theirs)) => mine.join(theirs, prefixes),
        (KindState::Sums(mine), KindState::Sums(theirs)) => join_sums(mine, theirs, prefixes),
        (KindState::Grown(mine), KindState::Grown(theirs)) => mine.extend(theirs.iter().cloned()),
        (KindState::TwoPhase(mine), KindState::TwoPhase(theirs)) => {
            for (value, present) in theirs {
                mine.entry(value.clone())
                    .and_modify(|mine| *mine &= *present)
                    .or_insert(*present);
            }
        }
        (KindState::Observed(mine), KindState::Observed(theirs)) => join_observed(mine, theirs),
        (KindState::Switched(mine), KindState::Switched(theirs)) => join_registers(mine, theirs),
        // An absent register or extreme adds nothing; lists are refused before; other pairs do not occur.
        _ => {}
    }
}

fn join_fields(mine: &mut FieldMap, theirs: &FieldMap) {
    let numbers: Vec<NameIndex> = theirs
        .names
        .iter()
        .map(|name| mine.names.add(name))
        .collect();
    let number = |name: NameIndex| numbers.get(name as usize).copied().unwrap_or_default();
    let nothing = LwwEntry::default();
    for (key, entry) in theirs.entries.iter() {
        let joined = entry::join(
            mine.entries.get(key).unwrap_or(&nothing),
            entry,
            number,
            &mine.names,
        );
        match mine.entries.get_mut(key) {
            Some(entry) => *entry = joined,
            None => mine.entries.insert(key.clone(), joined),
        }
    }
}

fn join_entries(
    mine: &mut TextMap<Register<Option<Value>>>,
    theirs: &TextMap<Register<Option<Value>>>,
) {
    for (key, register) in theirs.iter() {
        match mine.get_mut(key) {
            Some(mine) => mine.update(register.stamp, &register.value),
            None => mine.insert(key.clone(), register.clone()),
        }
    }
}

fn join_registers<K: Ord + Clone, T: Clone + PartialEq>(
    mine: &mut BTreeMap<K, Register<T>>,
    theirs: &BTreeMap<K, Register<T>>,
) {
    for (key, register) in theirs {
        match mine.get_mut(key) {
            Some(mine) => mine.update(register.stamp, &register.value),
            None => drop(mine.insert(key.clone(), register.clone())),
        }
    }
}

fn join_nested(
    mine: &mut TextMap<KindState>,
    theirs: &TextMap<KindState>,
    shape: &Shape,
    prefixes: &Prefixes,
) {
    // Keys that only one side has are joined with nothing, because journals are numbered anew and a longer prefix
    // speaks for all keys.
    let nothing = KindState::new(shape);
    for (key, state) in mine.iter_mut() {
        join_kind(state, theirs.get(key).unwrap_or(&nothing), shape, prefixes);
    }
    for (key, state) in theirs.iter() {
        if !mine.contains_key(key) {
            let mut joined = nothing.clone();
            join_kind(&mut joined, state, shape, prefixes);
            mine.insert(key.clone(), joined);
        }
    }
    mine.retain(|state| !state.is_empty());
}

fn join_sums(mine: &mut TextMap<Components>, theirs: &TextMap<Components>, prefixes: &Prefixes) {
    let nothing = Components::default();
    for (key, components) in mine.iter_mut() {
        components.join(theirs.get(key).unwrap_or(&nothing), prefixes);
    }
    for (key, components) in theirs.iter() {
        if !mine.contains_key(key) {
            let mut joined = nothing.clone();
            joined.join(components, prefixes);
            mine.insert(key.clone(), joined);
        }
    }
    mine.retain(|components| !components.is_empty());
}

fn join_observed(mine: &mut ObservedSet, theirs: &ObservedSet) {
    for id in &theirs.removed {
        mine.added.remove(id);
        mine.removed.insert(*id);
    }
    for (id, values) in &theirs.added {
        if !mine.removed.contains(id) {
            let known: &mut BTreeSet<Value> = mine.added.entry(*id).or_default();
            known.extend(values.iter().cloned());
        }
    }
}
