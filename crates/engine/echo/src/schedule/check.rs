//! What makes systems no schedule: circles, pairs without an order, names that are there twice, second writers.
//!
//! Tests: `tests/it/schedule.rs`, `tests/it/order.rs`.

use super::build::{Ambiguity, Entry, ScheduleBuilder, ScheduleError, SystemConfig};
use super::observer::Observer;
use crate::bus::BusConfig;
use crate::registry::Registry;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Names a circle among systems that all wait for each other.
pub(crate) fn cycle(
    systems: &[SystemConfig],
    after: &[Vec<usize>],
    waiting: &[usize],
) -> ScheduleError {
    let mut path = Vec::new();
    let mut at = waiting[0];
    while !path.contains(&at) {
        path.push(at);
        // Whoever waits, waits for somebody who waits.
        at = after[at]
            .iter()
            .copied()
            .find(|other| waiting.contains(other))
            .unwrap_or(at);
    }
    let start = path.iter().position(|index| *index == at).unwrap_or(0);
    let mut circle: Vec<usize> = path[start..].to_vec();
    circle.push(at);
    circle.reverse();
    let names: Vec<String> = circle
        .iter()
        .map(|index| alloc::format!("`{}`", systems[*index].name))
        .collect();
    ScheduleError::Cycle {
        names: names.join(", "),
    }
}

/// Gives systems that commute one stamp, so that stamps do not tell who wrote last.
pub(crate) fn check_commuting(entries: &mut [Entry]) -> Result<(), ScheduleError> {
    for entry in entries.iter() {
        if let (true, Some(other)) = (entry.facts.looks_back, entry.commutes.first()) {
            return Err(ScheduleError::CannotCommute {
                first: entry.name.to_string(),
                second: entries[*other].name.to_string(),
            });
        }
    }
    let mut is_settled = false;
    while !is_settled {
        is_settled = true;
        for index in 0..entries.len() {
            let others = entries[index].commutes.iter();
            let last = others.map(|other| entries[*other].stamp_place).max();
            if last.is_some_and(|last| last > entries[index].stamp_place) {
                entries[index].stamp_place = last.unwrap_or_default();
                is_settled = false;
            }
        }
    }
    Ok(())
}

/// Every two systems that conflict must be ordered, by a chain of orders or by priorities that differ, or commute.
pub(crate) fn check_ambiguity(registry: &Registry, entries: &[Entry]) -> Result<(), ScheduleError> {
    // For each system, all that come before it by some chain.
    let mut before: Vec<Vec<bool>> = Vec::with_capacity(entries.len());
    for entry in entries {
        let mut all = alloc::vec![false; entries.len()];
        for other in &entry.after {
            all[*other] = true;
            for (place, is_before) in all.iter_mut().zip(&before[*other]) {
                *place |= is_before;
            }
        }
        before.push(all);
    }
    let mut pairs = Vec::new();
    for (second, entry) in entries.iter().enumerate() {
        for first in 0..second {
            let other = &entries[first];
            let is_ordered = before[second][first]
                || entry.priority != other.priority
                || entry.commutes.contains(&first);
            let conflicts = other.access.conflicts(&entry.access);
            if is_ordered || conflicts.is_empty() {
                continue;
            }
            let targets: Vec<String> = conflicts
                .iter()
                .map(|target| alloc::format!("`{}`", target.name(registry)))
                .collect();
            pairs.push(Ambiguity {
                first: other.name.to_string(),
                second: entry.name.to_string(),
                targets: targets.join(", "),
            });
        }
    }
    if pairs.is_empty() {
        Ok(())
    } else {
        Err(ScheduleError::Ambiguous { pairs })
    }
}

/// Names of handlers are theirs alone: what they emit and that they heard once is kept by name.
pub(crate) fn check_handlers(bus: &BusConfig, observers: &[Observer]) -> Result<(), ScheduleError> {
    let mut names = BTreeMap::new();
    let handlers = bus.handlers.iter().map(|handler| &handler.name);
    for name in handlers.chain(observers.iter().map(|observer| &observer.name)) {
        let name = name.to_string();
        if name.is_empty() || name.len() > ScheduleBuilder::NAME_SIZE_MAX {
            return Err(ScheduleError::Name { name });
        }
        if names.insert(name.clone(), ()).is_some() {
            return Err(ScheduleError::Twice { name });
        }
    }
    Ok(())
}

pub(crate) fn check_writers(
    registry: &Registry,
    phases: &[Vec<Entry>],
) -> Result<(), ScheduleError> {
    let mut writers = BTreeMap::new();
    for entry in phases.iter().flatten() {
        for target in entry.access.writes() {
            if let Some(first) = writers.insert(*target, &entry.name) {
                return Err(ScheduleError::SecondWriter {
                    first: first.to_string(),
                    second: entry.name.to_string(),
                    target: target.name(registry).to_string(),
                });
            }
        }
    }
    Ok(())
}
