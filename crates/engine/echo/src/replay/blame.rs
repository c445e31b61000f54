//! Who is to blame: the first step, component and entity that differ, with both values, by the best evidence there is.
//!
//! Tests: `tests/it/faults.rs`.

use super::trace::{Mismatch, Seen, StepKind, StepTrace, first_mismatch};
use super::verify::Outcome;
use super::ways::{Run, Way};
use crate::difference::Subject;
use crate::entity::Entity;
use crate::recording::PluginName;
use crate::registry::Registry;
use crate::schedule::Phase;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The recording says what each step left behind; this is the first step that left something else here.
    Recorded {
        /// The way in which the tick was done here.
        way: Way,
    },
    /// The recording says no more than the hash; these two ways of doing the tick here disagree, and must not.
    Reruns {
        /// The way whose values stand where those recorded would.
        one: Way,
        /// The other way.
        other: Way,
    },
    /// Two recordings say what each step left behind; this is the first step that left different things.
    Recordings,
}

/// The first place where two runs of a tick differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blame {
    /// The phase.
    pub phase: Phase,
    /// What kind of step it is.
    pub kind: StepKind,
    /// The system, adapter, handler or script.
    pub name: String,
    /// The plugin that brought it, if one did.
    pub plugin: Option<PluginName>,
    /// The component, resource or part of the world; none where one run made a step that the other did not.
    pub subject: Option<String>,
    /// The entity, where it is about one and the evidence knows it.
    pub entity: Option<Entity>,
    /// The value as recorded, or in one way.
    pub recorded: String,
    /// The value here, or in the other way.
    pub replayed: String,
    /// What shows it.
    pub evidence: Evidence,
}

/// The first place that differs, of everything the runs and the recording show.
pub(super) fn find(
    runs: &[Run],
    recorded: Option<&[StepTrace]>,
    outcome: &Outcome,
    registry: &Registry,
    plugins: &[PluginName],
) -> Option<Blame> {
    let by_runs = disagreement(runs, outcome);
    let by_record = recorded.and_then(|steps| {
        let found = runs.iter().filter_map(|run| {
            let evidence = Evidence::Recorded { way: run.way };
            first_mismatch(steps, &run.steps).map(|mismatch| (mismatch, evidence))
        });
        found.min_by_key(|(mismatch, _)| mismatch.step_index)
    });
    let (mut mismatch, evidence) = by_record.or_else(|| by_runs.clone())?;
    // Of a digest one cannot tell which entity it is; perhaps the runs can.
    if let (None, Some((other, _))) = (mismatch.key, by_runs)
        && (mismatch.step_index, mismatch.subject) == (other.step_index, other.subject)
    {
        mismatch.key = other.key;
        mismatch.right = other.right;
    }
    Some(blame(mismatch, evidence, registry, plugins))
}

/// The first place that differs between two recordings of a tick, by their steps and by what doing it again shows.
pub(super) fn between(
    runs: &[Run],
    recorded: (Option<Vec<StepTrace>>, Option<Vec<StepTrace>>),
    outcomes: (&Outcome, &Outcome),
    registry: &Registry,
    plugins: &[PluginName],
) -> Option<Blame> {
    let by_runs = between_runs(runs, outcomes);
    let against = |steps: &Option<Vec<StepTrace>>, outcome: &Outcome| {
        let steps = steps.as_deref()?;
        // A run that came out as the other recording speaks for it; one that came out as this one says nothing.
        let found = runs.iter().filter(|run| run.outcome == *outcome);
        let found = found.filter_map(|run| {
            let evidence = Evidence::Recorded { way: run.way };
            first_mismatch(steps, &run.steps).map(|mismatch| (mismatch, evidence))
        });
        found.min_by_key(|(mismatch, _)| mismatch.step_index)
    };
    let swapped = |(mut mismatch, evidence): (Mismatch, Evidence)| {
        core::mem::swap(&mut mismatch.left, &mut mismatch.right);
        (mismatch, evidence)
    };
    let by_left = against(&recorded.0, outcomes.1);
    let by_right = against(&recorded.1, outcomes.0).map(swapped);
    let by_both = match &recorded {
        (Some(one), Some(other)) => {
            first_mismatch(one, other).map(|mismatch| (mismatch, Evidence::Recordings))
        }
        _ => None,
    };
    let found = [by_both, by_left, by_right, by_runs].into_iter().flatten();
    // The earliest; of those that name the same step and subject, one that knows the entity.
    let (mismatch, evidence) = found.min_by_key(|(mismatch, _)| {
        let place = (mismatch.step_index, mismatch.subject);
        (place, mismatch.key.is_none())
    })?;
    Some(blame(mismatch, evidence, registry, plugins))
}

/// Where a run that came out as one recording differs from one that came out as the other; else where any two differ.
fn between_runs(runs: &[Run], outcomes: (&Outcome, &Outcome)) -> Option<(Mismatch, Evidence)> {
    let of = |outcome: &Outcome| runs.iter().find(|run| run.outcome == *outcome);
    if let (Some(one), Some(other)) = (of(outcomes.0), of(outcomes.1)) {
        let mismatch = first_mismatch(&one.steps, &other.steps)?;
        let (one, other) = (one.way, other.way);
        return Some((mismatch, Evidence::Reruns { one, other }));
    }
    if runs.is_empty() {
        return None;
    }
    disagreement(runs, outcomes.0)
}

/// The first step in which two runs disagree. One that ended as recorded speaks for the recording.
fn disagreement(runs: &[Run], outcome: &Outcome) -> Option<(Mismatch, Evidence)> {
    let faithful = runs.iter().position(|run| run.outcome == *outcome);
    let base = &runs[faithful.unwrap_or(0)];
    let found = runs.iter().filter_map(|run| {
        let evidence = Evidence::Reruns {
            one: base.way,
            other: run.way,
        };
        first_mismatch(&base.steps, &run.steps).map(|mismatch| (mismatch, evidence))
    });
    found.min_by_key(|(mismatch, _)| mismatch.step_index)
}

fn blame(
    mismatch: Mismatch,
    evidence: Evidence,
    registry: &Registry,
    plugins: &[PluginName],
) -> Blame {
    let plugin = mismatch.name.split_once(':').and_then(|(id, _)| {
        let found = plugins.iter().find(|plugin| plugin.id == id);
        found.cloned()
    });
    let is_of_entity = matches!(
        mismatch.subject,
        Some(Subject::Component(_) | Subject::Place)
    );
    let key = mismatch.key.filter(|_| is_of_entity);
    Blame {
        phase: mismatch.phase,
        kind: mismatch.kind,
        plugin,
        subject: mismatch.subject.map(|subject| name_of(subject, registry)),
        entity: key.map(|key| Entity::new((key >> 32) as u32, key as u32)),
        recorded: describe(&mismatch.left, &mismatch, registry),
        replayed: describe(&mismatch.right, &mismatch, registry),
        evidence,
        name: mismatch.name,
    }
}

fn name_of(subject: Subject, registry: &Registry) -> String {
    match subject {
        Subject::Component(id) => registry.kind(id).name().to_string(),
        Subject::Resource(id) => format!("resource {}", registry.kind(id).name()),
        Subject::Local(id) => format!("own {}", registry.kind(id).name()),
        Subject::Place => "place of the row".to_string(),
        Subject::Envelope => "envelope".to_string(),
        Subject::Bus => "bus".to_string(),
        Subject::Slots => "table of entities".to_string(),
        Subject::Scripts => "state of the scripts".to_string(),
    }
}

fn describe(seen: &Seen, mismatch: &Mismatch, registry: &Registry) -> String {
    match seen {
        Seen::NotRun => "did not run".to_string(),
        Seen::Unchanged if mismatch.subject.is_none() => "ran".to_string(),
        Seen::Unchanged => "unchanged".to_string(),
        Seen::Nothing => "nothing".to_string(),
        Seen::Digest(digest) => format!("values of digest {digest}"),
        Seen::Value(bytes) => value(bytes, mismatch, registry),
    }
}

fn value(bytes: &[u8], mismatch: &Mismatch, registry: &Registry) -> String {
    let number = |range: core::ops::Range<usize>| {
        let bytes = bytes.get(range).unwrap_or_default();
        let number = bytes.iter().rev();
        number.fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
    };
    match mismatch.subject {
        Some(Subject::Component(id) | Subject::Resource(id) | Subject::Local(id)) => {
            let row = bytes.get(16..).unwrap_or_default();
            let text = registry.kind(id).schema().describe(row);
            // Where rows are equal the stamps are not; else they would only be in the way.
            let rows_differ = match (&mismatch.left, &mismatch.right) {
                (Seen::Value(left), Seen::Value(right)) => left.get(16..) != right.get(16..),
                _ => true,
            };
            if rows_differ {
                return text;
            }
            format!("{text} (added {}, changed {})", number(0..8), number(8..16))
        }
        Some(Subject::Place) => format!("archetype {} row {}", number(0..4), number(4..8)),
        Some(Subject::Bus) => format!("next id {}, {} wait", number(0..8), number(8..16)),
        Some(Subject::Slots) => format!("{} slots, first free {}", number(0..4), number(4..8)),
        Some(Subject::Envelope) => crate::bus::describe(bytes, registry),
        Some(Subject::Scripts) | None => hex(bytes),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
