//! The graph of jobs: which systems of a phase may run side by side.
//!
//! A system stands one level above the highest system before it that it conflicts with or was ordered behind. Only the last
//! writer and the readers since then matter for each component, so the graph is made in time linear in what systems
//! declare. Tests: `graph/tests.rs`, with all pairs as slow twin.

#[cfg(test)]
mod tests;

use super::build::Entry;
use crate::access::{Access, Target};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Systems by level; those of one level do not conflict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Graph {
    /// Places of systems, in each level rising.
    pub levels: Vec<Vec<usize>>,
}

/// What is known about a component so far: levels, counted from 1.
#[derive(Clone, Copy, Default)]
struct Seen {
    written: usize,
    read: usize,
}

/// The graph of the systems that are enabled.
pub(crate) fn build(entries: &[Entry], enabled: &[bool]) -> Graph {
    let systems = entries
        .iter()
        .map(|entry| (&entry.access, entry.after.as_slice()));
    of_accesses(systems, enabled)
}

fn of_accesses<'a>(
    systems: impl Iterator<Item = (&'a Access, &'a [usize])>,
    enabled: &[bool],
) -> Graph {
    let mut seen: BTreeMap<Target, Seen> = BTreeMap::new();
    let mut level_of: Vec<usize> = Vec::with_capacity(enabled.len());
    let mut graph = Graph::default();
    for (index, (access, after)) in systems.enumerate() {
        // An order holds through a system that does not run: its level is that of what came before it.
        let mut below = after
            .iter()
            .map(|other| level_of[*other])
            .max()
            .unwrap_or(0);
        if !enabled[index] {
            level_of.push(below);
            continue;
        }
        for target in access.reads() {
            below = below.max(seen.get(target).map_or(0, |seen| seen.written));
        }
        for target in access.writes() {
            below = below.max(
                seen.get(target)
                    .map_or(0, |seen| seen.written.max(seen.read)),
            );
        }
        let level = below + 1;
        for target in access.reads() {
            let seen = seen.entry(*target).or_default();
            seen.read = seen.read.max(level);
        }
        for target in access.writes() {
            seen.entry(*target).or_default().written = level;
        }
        level_of.push(level);
        if graph.levels.len() < level {
            graph.levels.push(Vec::new());
        }
        graph.levels[level - 1].push(index);
    }
    graph
}
