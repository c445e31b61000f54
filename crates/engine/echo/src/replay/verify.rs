//! Going through a recording, comparing tick by tick, and finding the place where it differs.
//!
//! Tests: `tests/it/faults.rs`.

use super::blame::{self, Blame};
use super::ways::{self, Way};
use crate::recording::{Header, KeyFrame, Recording, TickRecord, TraceDepth, header};
use crate::schedule::{TickReport, Workers};
use crate::simulation::{Branch, BranchError, Input, Simulation};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// Which ticks are compared, and how hard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayOptions {
    /// The first tick that matters; the last key frame at or before it is where the replay starts.
    pub from: Option<u64>,
    /// The first tick that does not matter any more.
    pub until: Option<u64>,
    /// Does every tick in all [ways](Way) that must not matter, not only those that differ.
    pub is_thorough: bool,
}

/// What came of a tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The tick was made.
    Made {
        /// The digest of world and scripts after it.
        hash: Blake3Digest,
        /// How many envelopes were delivered.
        events: u64,
        /// How many random numbers were drawn.
        draws: u64,
        /// How many envelopes were dropped.
        dropped: u64,
        /// The branches that scripts asked for, by their labels.
        forks: Vec<String>,
    },
    /// The tick stopped with an error.
    Stopped {
        /// Its words.
        reason: String,
    },
}

impl Outcome {
    pub(super) fn of(hash: Blake3Digest, report: &TickReport) -> Outcome {
        Outcome::Made {
            hash,
            events: report.delivered,
            draws: report.draws,
            dropped: report.dropped.len() as u64,
            forks: report.forks.clone(),
        }
    }

    fn recorded(tick: &TickRecord) -> Outcome {
        Outcome::Made {
            hash: tick.hash,
            events: tick.events,
            draws: tick.draws,
            dropped: tick.dropped.len() as u64,
            forks: tick.forks.clone(),
        }
    }
}

/// What a replay found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every tick that was compared is the same.
    Identical {
        /// How many were compared.
        ticks: u64,
    },
    /// One is not.
    Diverged(alloc::boxed::Box<Divergence>),
}

/// The first tick that is not as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The tick.
    pub tick: u64,
    /// What the recording says.
    pub recorded: Outcome,
    /// What came of it here.
    pub replayed: Outcome,
    /// The way in which it was done here.
    pub way: Way,
    /// The first place that differs, where evidence names one.
    pub blame: Option<Blame>,
}

/// Why a recording cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// Something else ran when it was recorded.
    #[error("the recording is of another {what}: recorded {recorded}, here {here}")]
    Foreign {
        /// What differs.
        what: &'static str,
        /// As recorded.
        recorded: String,
        /// As it is here.
        here: String,
    },
    /// A key frame that is no world.
    #[error("the key frame of tick {tick}: {error}")]
    KeyFrame {
        /// The tick.
        tick: u64,
        /// What is wrong with it.
        error: BranchError,
    },
    /// A key frame that is another world than its hash says.
    #[error("the key frame of tick {tick} is another world than its hash says")]
    KeyFrameHash {
        /// The tick.
        tick: u64,
    },
    /// No recorded tick is among those asked for.
    #[error("the recording has ticks {first} to {end}, without {end}; none of those asked for")]
    NoTicks {
        /// The first one.
        first: u64,
        /// Behind the last one.
        end: u64,
    },
}

/// Ticks between two forks to come back to.
const FORK_TICKS: usize = 64;

/// Does the recorded ticks again and compares. `progress` is told of every tick that was the same.
///
/// The simulation must be made of what the recording was made of; its own branch is replaced.
///
/// # Errors
/// [`ReplayError`] where the recording cannot be replayed at all.
pub fn verify(
    simulation: &mut Simulation,
    recording: &Recording<'_>,
    options: ReplayOptions,
    workers: &Workers,
    progress: &mut dyn FnMut(u64),
) -> Result<Verdict, ReplayError> {
    check_alike(simulation, recording)?;
    let range = range(recording, options)?;
    let start = start(simulation, recording, range.first)?;
    let mut replay = Replay {
        simulation,
        recording,
        workers,
        is_thorough: options.is_thorough,
        checkpoint: None,
    };
    for index in start..range.end {
        if let Some(divergence) = replay.tick(index) {
            return Ok(Verdict::Diverged(divergence));
        }
        progress(recording.first_tick() + index as u64);
    }
    if range.has_failure
        && let Some(divergence) = replay.failure()
    {
        return Ok(Verdict::Diverged(divergence));
    }
    Ok(Verdict::Identical {
        ticks: (range.end - start) as u64 + u64::from(range.has_failure),
    })
}

/// Places of ticks.
struct Range {
    first: usize,
    end: usize,
    /// Whether the tick that stopped is among them.
    has_failure: bool,
}

fn range(recording: &Recording<'_>, options: ReplayOptions) -> Result<Range, ReplayError> {
    let first_tick = recording.first_tick();
    let has_failure = recording.failure().is_some();
    let count = recording.len() as u64;
    let place = |tick: u64| tick.saturating_sub(first_tick);
    let all = count + u64::from(has_failure);
    let first = options.from.map_or(0, place);
    let end = options.until.map_or(all, place).min(all);
    if first >= end && all > 0 {
        return Err(ReplayError::NoTicks {
            first: first_tick,
            end: first_tick + all,
        });
    }
    Ok(Range {
        first: first.min(count) as usize,
        end: end.min(count) as usize,
        has_failure: has_failure && end == all,
    })
}

/// Whether the simulation is what the recording was made of.
pub(super) fn check_alike(
    simulation: &Simulation,
    recording: &Recording<'_>,
) -> Result<(), ReplayError> {
    let here = header(simulation, TraceDepth::None);
    match unlike(recording.header(), &here) {
        None => Ok(()),
        Some((what, recorded, here)) => Err(ReplayError::Foreign {
            what,
            recorded,
            here,
        }),
    }
}

/// What two headers differ in, with both words for it. How much is traced is no difference.
pub(super) fn unlike(one: &Header, other: &Header) -> Option<(&'static str, String, String)> {
    let plugins = |header: &Header| {
        let names = header.plugins.iter();
        let names = names.map(|plugin| alloc::format!("{} {}", plugin.id, plugin.version));
        let names = names.collect::<Vec<_>>().join(", ");
        alloc::format!("{names} ({})", header.identity.plugins)
    };
    let scripts = |header: &Header| {
        let names = header.scripts.iter();
        let names = names.map(|(name, digest)| alloc::format!("{name} {digest}"));
        names.collect::<Vec<_>>().join(", ")
    };
    type Words<'a> = (&'static str, &'a dyn Fn(&Header) -> String);
    let parts: [Words<'_>; 5] = [
        ("engine", &|header| header.engine.clone()),
        ("set of plugins", &plugins),
        ("table of handlers", &|header| {
            header.identity.handlers.to_string()
        }),
        ("configuration", &|header| {
            header.identity.config.to_string()
        }),
        ("set of scripts", &scripts),
    ];
    parts.into_iter().find_map(|(what, words)| {
        let (one, other) = (words(one), words(other));
        (one != other).then_some((what, one, other))
    })
}

/// Puts the simulation on the last key frame at or before a tick; the place of the tick behind it.
fn start(
    simulation: &mut Simulation,
    recording: &Recording<'_>,
    first: usize,
) -> Result<usize, ReplayError> {
    let wanted = recording.first_tick() + first as u64;
    let frame = key_frame_before(recording, wanted);
    stand_at(simulation, &frame)?;
    Ok((frame.tick - recording.first_tick()) as usize)
}

/// The last key frame at or before a tick.
pub(super) fn key_frame_before<'a>(recording: &Recording<'a>, tick: u64) -> KeyFrame<'a> {
    let frames = recording.key_frames();
    let place = frames.partition_point(|frame| frame.tick <= tick);
    frames[place.saturating_sub(1)]
}

/// Puts the simulation on a key frame.
pub(super) fn stand_at(
    simulation: &mut Simulation,
    frame: &KeyFrame<'_>,
) -> Result<(), ReplayError> {
    let tick = frame.tick;
    let bad = |error| ReplayError::KeyFrame { tick, error };
    let branch = simulation.load(frame.branch).map_err(bad)?;
    simulation.switch(branch).map_err(bad)?;
    if simulation.hash() != frame.hash || simulation.world().tick() != tick {
        return Err(ReplayError::KeyFrameHash { tick });
    }
    Ok(())
}

/// A replay under way.
struct Replay<'a, 'r> {
    simulation: &'a mut Simulation,
    recording: &'a Recording<'r>,
    workers: &'a Workers,
    is_thorough: bool,
    /// A branch that was as recorded, with the place of the tick behind it.
    checkpoint: Option<(usize, Branch)>,
}

/// What a tick should be.
pub(super) struct Expected {
    pub tick: u64,
    pub index: usize,
    pub inputs: Vec<Input>,
    pub outcome: Outcome,
}

impl Expected {
    /// A tick by its place from 0; behind the last one, the one that stopped.
    pub(super) fn at(recording: &Recording<'_>, index: usize) -> Option<Expected> {
        if index == recording.len() {
            return Expected::failure(recording);
        }
        let record = recording.tick(index)?;
        Some(Expected {
            tick: record.tick,
            index,
            outcome: Outcome::recorded(&record),
            inputs: record.inputs,
        })
    }

    fn failure(recording: &Recording<'_>) -> Option<Expected> {
        let failure = recording.failure()?;
        Some(Expected {
            tick: failure.tick,
            index: recording.len(),
            inputs: failure.inputs.clone(),
            outcome: Outcome::Stopped {
                reason: failure.reason.clone(),
            },
        })
    }
}

/// Makes one tick.
pub(super) fn step(simulation: &mut Simulation, inputs: &[Input], workers: &Workers) -> Outcome {
    match simulation.step(inputs, workers) {
        Ok(report) => Outcome::of(simulation.hash(), &report),
        Err(error) => Outcome::Stopped {
            reason: error.to_string(),
        },
    }
}

impl Replay<'_, '_> {
    /// Does one tick; what is different.
    fn tick(&mut self, index: usize) -> Option<alloc::boxed::Box<Divergence>> {
        let expected = Expected::at(self.recording, index)?;
        let is_due = |(place, _): &(usize, Branch)| index - place >= FORK_TICKS;
        if self.checkpoint.as_ref().is_none_or(is_due) {
            // Who writes to a world that is held pays for copies, so it is not held anew every tick.
            self.checkpoint = Some((index, self.simulation.fork()));
        }
        if self.is_thorough {
            return self.thoroughly(&expected);
        }
        let outcome = step(self.simulation, &expected.inputs, self.workers);
        if outcome == expected.outcome {
            return None;
        }
        Some(self.narrow(expected, outcome))
    }

    /// Does a tick in every way; the branch afterwards is that of the way given.
    fn thoroughly(&mut self, expected: &Expected) -> Option<alloc::boxed::Box<Divergence>> {
        let before = self.simulation.fork();
        for way in Way::ALL.into_iter().rev() {
            let (simulation, workers) = (&mut *self.simulation, self.workers);
            let run = ways::run(simulation, &before, &expected.inputs, way, workers, false);
            if run.outcome != expected.outcome {
                return Some(self.blame(expected, &before, run.outcome, way));
            }
        }
        None
    }

    /// Goes back to the last fork and looks for the first tick that differs, this time holding each world.
    fn narrow(&mut self, expected: Expected, seen: Outcome) -> alloc::boxed::Box<Divergence> {
        if let Some((first, branch)) = self.checkpoint.take() {
            let back = self.simulation.switch(branch).is_ok();
            for index in first..expected.index {
                let earlier = Expected::at(self.recording, index);
                let Some(earlier) = earlier.filter(|_| back) else {
                    break;
                };
                let before = self.simulation.fork();
                let outcome = step(self.simulation, &earlier.inputs, self.workers);
                if outcome != earlier.outcome {
                    // What was as recorded a moment ago is not: the tick depends on chance.
                    return self.blame(&earlier, &before, outcome, Way::AsGiven);
                }
            }
        }
        let before = self.simulation.fork();
        self.blame(&expected, &before, seen, Way::AsGiven)
    }

    fn blame(
        &mut self,
        expected: &Expected,
        before: &Branch,
        replayed: Outcome,
        way: Way,
    ) -> alloc::boxed::Box<Divergence> {
        let runs = ways::run_all(self.simulation, before, &expected.inputs, self.workers);
        let recorded = self.recording.trace(expected.index);
        let blame = blame::find(
            &runs,
            recorded.as_deref(),
            &expected.outcome,
            before.world().registry(),
            &self.recording.header().plugins,
        );
        alloc::boxed::Box::new(Divergence {
            tick: expected.tick,
            recorded: expected.outcome.clone(),
            replayed,
            way,
            blame,
        })
    }

    /// Does the tick that stopped when it was recorded.
    fn failure(&mut self) -> Option<alloc::boxed::Box<Divergence>> {
        let expected = Expected::failure(self.recording)?;
        let before = self.simulation.fork();
        let outcome = step(self.simulation, &expected.inputs, self.workers);
        (outcome != expected.outcome).then(|| self.blame(&expected, &before, outcome, Way::AsGiven))
    }
}
