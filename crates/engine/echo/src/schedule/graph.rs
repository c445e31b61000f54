//! The graph of jobs: which systems of a phase may run side by side.
//!
//! A system stands one level above the highest system before it that it conflicts with or was ordered behind. Only the last
//! writer and the readers since then matter for each component, so the graph is made in time linear in what systems
//! declare. Tests: `graph/tests.rs`, with all pairs as slow twin.

#[cfg(test)]
mod tests;

use super::build::Entry;
use crate::access::Target;
use alloc::vec::Vec;
use gatos_numbers::Pcg32;

/// Systems by level; those of one level do not conflict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Graph {
    /// Places of systems, level by level, in each rising.
    places: Vec<usize>,
    /// Where each level ends in `places`.
    ends: Vec<usize>,
}

impl Graph {
    /// How many levels there are.
    pub(crate) const fn level_count(&self) -> usize {
        self.ends.len()
    }

    /// The places of the systems of each level.
    pub(crate) fn levels(&self) -> impl Iterator<Item = &[usize]> {
        let starts = core::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, end)| &self.places[start..*end])
    }

    /// The places of all systems that run, level by level.
    pub(crate) fn places(&self) -> &[usize] {
        &self.places
    }

    /// The graph where each system that is enabled has the level it has, counted from 1.
    fn of_levels(level_of: &[u32], enabled: &[bool]) -> Graph {
        let placed = || {
            let all = level_of.iter().zip(enabled).enumerate();
            all.filter(|(_, (_, enabled))| **enabled)
                .map(|(index, (level, _))| (index, *level as usize))
        };
        // First where each level begins; filling it moves that place to where the level ends.
        let count = placed().map(|(_, level)| level).max().unwrap_or(0);
        let mut ends: Vec<usize> = alloc::vec![0; count];
        let mut total = 0;
        for (_, level) in placed() {
            total += 1;
            if let Some(next) = ends.get_mut(level) {
                *next += 1;
            }
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum;
        }
        let mut places = alloc::vec![0; total];
        for (index, level) in placed() {
            let end = &mut ends[level - 1];
            places[*end] = index;
            *end += 1;
        }
        Graph { places, ends }
    }
}

/// What is known about a component so far: levels, counted from 1.
#[derive(Clone, Copy, Default)]
struct Seen {
    written: u32,
    read: u32,
}

/// What a graph needs to know about a system.
#[derive(Clone, Copy)]
struct Node<'a> {
    reads: &'a [u32],
    writes: &'a [u32],
    after: &'a [usize],
}

/// The graph of the systems that are enabled. Targets are numbered below `target_count`.
pub(crate) fn build(entries: &[Entry], target_count: usize, enabled: &[bool]) -> Graph {
    of_nodes(
        |index| node(&entries[index]),
        0..entries.len(),
        target_count,
        enabled,
    )
}

/// The same with systems that commute in an order drawn from a seed, for tests.
pub(crate) fn build_shuffled(
    entries: &[Entry],
    target_count: usize,
    enabled: &[bool],
    seed: u64,
) -> Graph {
    let order = shuffled(entries, seed);
    of_nodes(
        |index| node(&entries[index]),
        order.into_iter(),
        target_count,
        enabled,
    )
}

fn node(entry: &Entry) -> Node<'_> {
    Node {
        reads: &entry.reads,
        writes: &entry.writes,
        after: &entry.after,
    }
}

/// The same with one pair of systems turned round; `None` where somebody who stands between them forbids it.
pub(crate) fn build_turned(
    entries: &[Entry],
    target_count: usize,
    enabled: &[bool],
    pair: (usize, usize),
) -> Option<Graph> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.swap(pair.0, pair.1);
    keeps_order(entries, &order).then(|| {
        let node = |index: usize| node(&entries[index]);
        of_nodes(node, order.into_iter(), target_count, enabled)
    })
}

/// An order in which pairs of systems that commute may be turned round, and no other pair that matters.
fn shuffled(entries: &[Entry], seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    let mut dice = Pcg32::new(seed, 1);
    for (index, entry) in entries.iter().enumerate() {
        for other in &entry.commutes {
            if *other > index || dice.next_u32() & 1 == 0 {
                continue;
            }
            let mut turned = order.clone();
            let place = |wanted: usize| order.iter().position(|at| *at == wanted);
            if let (Some(one), Some(two)) = (place(index), place(*other)) {
                turned.swap(one, two);
            }
            if keeps_order(entries, &turned) {
                order = turned;
            }
        }
    }
    order
}

/// Whether pairs that conflict or were ordered, and do not commute, come in canonical order.
fn keeps_order(entries: &[Entry], order: &[usize]) -> bool {
    order.iter().enumerate().all(|(place, early)| {
        order[place + 1..].iter().all(|late| {
            let is_turned = late < early;
            let (entry, other) = (&entries[*early], &entries[*late]);
            let is_ordered = entry.after.contains(late);
            let conflicts = !entry.access.conflicts(&other.access).is_empty();
            !is_turned || !is_ordered && (!conflicts || entry.commutes.contains(late))
        })
    })
}

fn of_nodes<'a>(
    node: impl Fn(usize) -> Node<'a>,
    order: impl Iterator<Item = usize>,
    target_count: usize,
    enabled: &[bool],
) -> Graph {
    let mut seen: Vec<Seen> = alloc::vec![Seen::default(); target_count];
    let mut level_of: Vec<u32> = alloc::vec![0; enabled.len()];
    for index in order {
        let Node {
            reads,
            writes,
            after,
        } = node(index);
        // An order holds through a system that does not run: its level is that of what came before it.
        let mut below = after
            .iter()
            .map(|other| level_of[*other])
            .max()
            .unwrap_or(0);
        if !enabled[index] {
            level_of[index] = below;
            continue;
        }
        for target in reads {
            below = below.max(seen[*target as usize].written);
        }
        for target in writes {
            let seen = &seen[*target as usize];
            below = below.max(seen.written).max(seen.read);
        }
        let level = below + 1;
        for target in reads {
            let seen = &mut seen[*target as usize];
            seen.read = seen.read.max(level);
        }
        for target in writes {
            seen[*target as usize].written = level;
        }
        level_of[index] = level;
    }
    Graph::of_levels(&level_of, enabled)
}

/// Numbers the targets of a phase's systems; how many there are.
pub(crate) fn number_targets(entries: &mut [Entry]) -> usize {
    let mut all: Vec<Target> = Vec::new();
    for entry in &*entries {
        all.extend(entry.access.reads());
        all.extend(entry.access.writes());
    }
    all.sort_unstable();
    all.dedup();
    let number = |targets: &[Target]| -> Vec<u32> {
        let find = |target: &Target| all.binary_search(target).ok().map(|place| place as u32);
        targets.iter().filter_map(find).collect()
    };
    for entry in entries {
        entry.reads = number(entry.access.reads());
        entry.writes = number(entry.access.writes());
    }
    all.len()
}
