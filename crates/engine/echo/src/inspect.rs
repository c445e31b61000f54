//! Inspection: what a tick did and how long it took, for people and tools.
//!
//! An [`Inspector`] watches one tick after the other. Times come from a clock of the caller's, since the engine has none;
//! they reach nobody but the caller. Systems that ran side by side share one time, that of their level.
//!
//! INVARIANT: a tick that is inspected gives what it gives alone.
//! Tests: `tests/it/inspect.rs`.

use crate::bus::{Envelope, Lane};
use crate::replay::StepKind;
use crate::schedule::{Phase, Step, Watch};
use crate::world::World;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A clock of the caller's.
pub trait Clock {
    /// Nanoseconds since some moment.
    fn now_ns(&self) -> u64;
}

/// How long a step took, all of a tick added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepTime {
    /// The phase.
    pub phase: Phase,
    /// What it was.
    pub kind: StepKind,
    /// Who: a handler, the kind of an envelope that scripts heard, `scripts`, or the systems that ran side by side.
    pub names: Vec<String>,
    /// How often.
    pub count: u64,
    /// How long in all, in nanoseconds, with the engine's own work since the step before.
    pub time_ns: u64,
}

/// What waits in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLen {
    /// The phase.
    pub phase: Phase,
    /// The lane.
    pub lane: Lane,
    /// How many envelopes waited when the phase began.
    pub at_begin: usize,
    /// How many wait now.
    pub at_end: usize,
}

/// How envelopes of one kind came through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latency {
    /// The kind.
    pub kind: String,
    /// How often one was heard, by a handler or the scripts.
    pub heard: u64,
    /// The most ticks that one was late.
    pub late_ticks_max: u64,
}

/// What a tick did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TickInspection {
    /// The number of the tick.
    pub tick: u64,
    /// How many entities live after it.
    pub entities: usize,
    /// Steps, in the order in which they were made first.
    pub steps: Vec<StepTime>,
    /// Lanes in which something waited or waits, by phase, then lane.
    pub queues: Vec<QueueLen>,
    /// Kinds of envelopes that were heard, sorted.
    pub latencies: Vec<Latency>,
}

impl TickInspection {
    /// How long the tick took, in nanoseconds.
    #[must_use]
    pub fn time_ns(&self) -> u64 {
        self.steps.iter().map(|step| step.time_ns).sum()
    }
}

/// Watches ticks.
pub struct Inspector<'c> {
    clock: &'c dyn Clock,
    last_ns: u64,
    tick: TickInspection,
}

impl<'c> Inspector<'c> {
    /// An inspector with a clock.
    #[must_use]
    pub fn new(clock: &'c dyn Clock) -> Inspector<'c> {
        Inspector {
            clock,
            last_ns: clock.now_ns(),
            tick: TickInspection::default(),
        }
    }

    /// What the tick did that just ended; the next one begins anew.
    pub fn take(&mut self, world: &World) -> TickInspection {
        let mut tick = core::mem::take(&mut self.tick);
        tick.entities = world.len();
        for phase in Phase::ALL {
            for lane in Lane::ALL {
                note_queue(&mut tick.queues, world, phase, lane, true);
            }
        }
        tick.queues.sort_by_key(|queue| (queue.phase, queue.lane));
        tick.latencies
            .sort_by(|left, right| left.kind.cmp(&right.kind));
        self.last_ns = self.clock.now_ns();
        tick
    }

    fn note(&mut self, phase: Phase, kind: StepKind, names: Vec<String>) {
        let now = self.clock.now_ns();
        let time_ns = now.saturating_sub(self.last_ns);
        self.last_ns = now;
        let steps = &mut self.tick.steps;
        let is_same =
            |step: &&mut StepTime| (step.phase, step.kind, &step.names) == (phase, kind, &names);
        match steps.iter_mut().find(is_same) {
            Some(step) => {
                step.count += 1;
                step.time_ns += time_ns;
            }
            None => steps.push(StepTime {
                phase,
                kind,
                names,
                count: 1,
                time_ns,
            }),
        }
    }

    fn note_latency(&mut self, envelope: &Envelope, world: &World) {
        let late = world.tick().saturating_sub(envelope.chronos());
        let latencies = &mut self.tick.latencies;
        let found = latencies
            .iter_mut()
            .find(|latency| latency.kind == envelope.kind());
        match found {
            Some(latency) => {
                latency.heard += 1;
                latency.late_ticks_max = latency.late_ticks_max.max(late);
            }
            None => latencies.push(Latency {
                kind: envelope.kind().to_string(),
                heard: 1,
                late_ticks_max: late,
            }),
        }
    }
}

impl Watch for Inspector<'_> {
    fn done(&mut self, phase: Phase, step: Step<'_>, world: &World) {
        match step {
            Step::Begin => {
                self.tick.tick = world.tick();
                if phase == Phase::Initialize {
                    // What came before the tick is not its doing.
                    self.last_ns = self.clock.now_ns();
                }
                for lane in Lane::ALL {
                    note_queue(&mut self.tick.queues, world, phase, lane, false);
                }
            }
            Step::Handler { handler, envelope } => {
                self.note(phase, StepKind::Handler, [handler.to_string()].into());
                self.note_latency(envelope, world);
            }
            Step::Event { envelope, .. } => {
                let names = [envelope.kind().to_string()].into();
                self.note(phase, StepKind::Event, names);
                self.note_latency(envelope, world);
            }
            Step::Scripts { .. } => {
                self.note(phase, StepKind::Scripts, ["scripts".to_string()].into());
            }
            Step::Systems(systems) => {
                let names = systems.iter().map(|ran| ran.name.to_string()).collect();
                self.note(phase, StepKind::System, names);
            }
            Step::Reduced { source } => {
                self.note(phase, StepKind::Reduced, [source.to_string()].into());
            }
        }
    }
}

/// Notes how much waits in a lane, if anything does or did.
fn note_queue(queues: &mut Vec<QueueLen>, world: &World, phase: Phase, lane: Lane, is_end: bool) {
    let len = world.waiting(phase, lane);
    let found = queues
        .iter()
        .position(|queue| (queue.phase, queue.lane) == (phase, lane));
    let place = match found {
        Some(place) => place,
        None if len == 0 => return,
        None => {
            queues.push(QueueLen {
                phase,
                lane,
                at_begin: 0,
                at_end: 0,
            });
            queues.len() - 1
        }
    };
    if is_end {
        queues[place].at_end = len;
    } else {
        queues[place].at_begin = len;
    }
}
