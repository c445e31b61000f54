//! Bisecting: where two recordings of one world part, and who is to blame.
//!
//! The search reads digests and makes no tick. Each tick has one that stands for all ticks up to it, so the first tick that
//! differs is found in ⌈log₂(n + 1)⌉ comparisons, also where the worlds are equal again later: roots of worlds may become
//! so, and a search among them could find a later place. Then the simulation is put on the nearest key frame of either
//! recording, goes forward to that tick, and the tick is done in all [ways](super::Way), traced. So at most the ticks
//! between two key frames are made again, and one.
//!
//! INVARIANT: what is found does not depend on traces or key frames, only how much is known of it.
//! Guide: `docs/guide/worlds.md`. Tests: `tests/it/bisect.rs`.

use super::blame::{self, Blame};
use super::verify::{Expected, Outcome, key_frame_before, stand_at, step, unlike};
use super::{ReplayError, check_alike, ways};
use crate::recording::Recording;
use crate::schedule::Workers;
use crate::simulation::{Input, Simulation};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// What came of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bisection {
    /// Every tick that both have is the same.
    Identical {
        /// The first tick that both have.
        first_tick: u64,
        /// How many ticks both have.
        ticks: u64,
        /// How many digests were compared.
        comparisons: u32,
    },
    /// One is not.
    Different(Box<Difference>),
}

/// The first tick in which two recordings differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The tick.
    pub tick: u64,
    /// How many digests were compared to find it.
    pub comparisons: u32,
    /// What came from outside before it, where that differs; then nothing else needs a reason.
    pub inputs: Option<InputDifference>,
    /// What came of it in the first recording.
    pub left: Outcome,
    /// What came of it in the second one.
    pub right: Outcome,
    /// Whether the worlds are equal again after the last tick that both have.
    pub ends_alike: bool,
}

/// The first input that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputDifference {
    /// Its place among the inputs of the tick, from 0.
    pub index: usize,
    /// Words for it in the first recording.
    pub left: String,
    /// Words for it in the second one.
    pub right: String,
}

/// What doing the tick again shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The key frame it began with: how many ticks were completed there.
    pub key_frame: u64,
    /// How many ticks were made to come to the one that differs.
    pub ticks: u64,
    /// What came of the tick here; none where it was not reached, or not tried because inputs differ.
    pub replayed: Option<Outcome>,
    /// A tick before the one that differs which comes out here as in neither recording.
    pub stray: Option<u64>,
    /// The first place that differs, where evidence names one: `recorded` is the first recording's value, `replayed` the
    /// second one's.
    pub blame: Option<Blame>,
}

/// Why two recordings cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BisectError {
    /// Different things ran.
    #[error("the recordings are of two worlds, with another {what}: {left}, and {right}")]
    Foreign {
        /// What differs.
        what: &'static str,
        /// In the first recording.
        left: String,
        /// In the second one.
        right: String,
    },
    /// The worlds differ before any tick.
    #[error(
        "the worlds are not the same before tick {tick}, the first that both have: {left}, and {right}"
    )]
    Beginning {
        /// The first tick that both have.
        tick: u64,
        /// The digest in the first recording.
        left: Blake3Digest,
        /// In the second one.
        right: Blake3Digest,
    },
    /// One ends before the other begins.
    #[error(
        "the recordings have no tick in common: one ends before tick {end}, the other begins with tick {first}"
    )]
    Apart {
        /// Behind the last tick of the earlier one.
        end: u64,
        /// The first tick of the later one.
        first: u64,
    },
}

/// Looks for the first tick in which two recordings differ. No tick is made.
///
/// # Errors
/// [`BisectError`] where they are not of one world.
pub fn bisect(left: &Recording<'_>, right: &Recording<'_>) -> Result<Bisection, BisectError> {
    if let Some((what, left, right)) = unlike(left.header(), right.header()) {
        return Err(BisectError::Foreign { what, left, right });
    }
    let common = Common::of(left, right)?;
    let (place, comparisons) = common.search(left, right);
    let both = |place| {
        Some((
            Expected::at(left, common.left + place)?,
            Expected::at(right, common.right + place)?,
        ))
    };
    let Some((one, other)) = both(place).filter(|_| place < common.len) else {
        return Ok(Bisection::Identical {
            first_tick: common.first_tick,
            ticks: common.len as u64,
            comparisons,
        });
    };
    let last = both(common.len - 1).filter(|_| place + 1 < common.len);
    Ok(Bisection::Different(Box::new(Difference {
        tick: one.tick,
        comparisons,
        inputs: input_difference(&one.inputs, &other.inputs),
        left: one.outcome,
        right: other.outcome,
        ends_alike: last.is_some_and(|(one, other)| has_same_world(&one.outcome, &other.outcome)),
    })))
}

/// Does the tick again from the nearest key frame, and names the first step, component and entity that differ.
///
/// The simulation must be made of what the recordings were made of; its own branch is replaced. Where inputs differ
/// nothing is done: they are the reason.
///
/// # Errors
/// [`ReplayError`] where the recordings cannot be replayed by this simulation.
pub fn explain(
    simulation: &mut Simulation,
    left: &Recording<'_>,
    right: &Recording<'_>,
    difference: &Difference,
    workers: &Workers,
) -> Result<Explanation, ReplayError> {
    check_alike(simulation, left)?;
    let tick = difference.tick;
    // A difference of other recordings may name an earlier tick; its outcome then fits none of these.
    let place = |recording: &Recording<'_>| tick.saturating_sub(recording.first_tick()) as usize;
    let (one, other) = (key_frame_before(left, tick), key_frame_before(right, tick));
    let frame = if other.tick > one.tick { other } else { one };
    // The recordings are the same up to there, so either one's inputs will do, if it goes that far back.
    let source = if other.tick > one.tick { right } else { left };
    let mut explanation = Explanation {
        key_frame: frame.tick,
        ticks: 0,
        replayed: None,
        stray: None,
        blame: None,
    };
    if difference.inputs.is_some() {
        return Ok(explanation);
    }
    stand_at(simulation, &frame)?;
    let first = (frame.tick - source.first_tick()) as usize;
    for index in first..place(source) {
        let Some(expected) = Expected::at(source, index) else {
            break;
        };
        explanation.ticks += 1;
        if step(simulation, &expected.inputs, workers) != expected.outcome {
            explanation.stray = Some(expected.tick);
            break;
        }
    }
    let mut runs = Vec::new();
    let expected = Expected::at(left, place(left)).filter(|_| explanation.stray.is_none());
    if let Some(expected) = expected {
        explanation.ticks += 1;
        let before = simulation.fork();
        runs = ways::run_all(simulation, &before, &expected.inputs, workers);
        explanation.replayed = runs.first().map(|run| run.outcome.clone());
    }
    explanation.blame = blame::between(
        &runs,
        (left.trace(place(left)), right.trace(place(right))),
        (&difference.left, &difference.right),
        simulation.world().registry(),
        &left.header().plugins,
    );
    Ok(explanation)
}

/// The ticks that two recordings have in common.
struct Common {
    first_tick: u64,
    /// The place of the first one in the first recording.
    left: usize,
    /// And in the second one.
    right: usize,
    /// How many there are, one that stopped being the last.
    len: usize,
}

impl Common {
    fn of(left: &Recording<'_>, right: &Recording<'_>) -> Result<Common, BisectError> {
        let first = left.first_tick().max(right.first_tick());
        let place = |recording: &Recording<'_>| {
            let end = recording.first_tick() + recording.len() as u64;
            if first > end {
                return Err(BisectError::Apart { end, first });
            }
            Ok((first - recording.first_tick()) as usize)
        };
        let (one, other) = (place(left)?, place(right)?);
        let worlds = (left.world_before(one), right.world_before(other));
        if worlds.0 != worlds.1 {
            return Err(BisectError::Beginning {
                tick: first,
                left: worlds.0,
                right: worlds.1,
            });
        }
        Ok(Common {
            first_tick: first,
            left: one,
            right: other,
            len: (left.chain().len() - one).min(right.chain().len() - other),
        })
    }

    /// The place of the first tick that differs, or behind all of them, and how many digests were compared.
    fn search(&self, left: &Recording<'_>, right: &Recording<'_>) -> (usize, u32) {
        if (self.left, self.right) == (0, 0) {
            return first_difference(left.chain(), right.chain(), self.len);
        }
        // Chains begin where recordings do; one that begins earlier is gone through again.
        let chains = (left.chain_from(self.left), right.chain_from(self.right));
        first_difference(&chains.0, &chains.1, self.len)
    }
}

/// Halves what is left: digests that are equal stand for everything before them.
fn first_difference(left: &[Blake3Digest], right: &[Blake3Digest], len: usize) -> (usize, u32) {
    let (mut first, mut end, mut comparisons) = (0, len, 0);
    while first < end {
        let middle = first + (end - first) / 2;
        comparisons += 1;
        if left[middle] == right[middle] {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    (first, comparisons)
}

fn has_same_world(one: &Outcome, other: &Outcome) -> bool {
    match (one, other) {
        (Outcome::Made { hash: one, .. }, Outcome::Made { hash: other, .. }) => one == other,
        _ => false,
    }
}

fn input_difference(left: &[Input], right: &[Input]) -> Option<InputDifference> {
    let count = left.len().max(right.len());
    let index = (0..count).find(|index| left.get(*index) != right.get(*index))?;
    Some(InputDifference {
        index,
        left: describe(left.get(index)),
        right: describe(right.get(index)),
    })
}

fn describe(input: Option<&Input>) -> String {
    match input {
        None => "none".to_string(),
        Some(Input::Stop) => "the stop".to_string(),
        Some(Input::Reload { script, code }) => {
            let digest = Blake3Digest::of(code);
            format!("code for `{script}` of digest {digest}")
        }
        Some(Input::Emit(draft)) => {
            let mut bytes = Vec::new();
            draft.encode(&mut bytes);
            let (kind, phase, after) = (draft.kind(), draft.phase.as_str(), draft.after_ticks);
            let digest = Blake3Digest::of(&bytes);
            format!("an envelope `{kind}` for {phase}, {after} ticks later, of digest {digest}")
        }
    }
}
