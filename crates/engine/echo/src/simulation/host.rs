//! The seam between a simulation and its scripts: what a host of scripts is asked, and what it sees of the world.
//!
//! A simulation has at most one host, whatever language it speaks. The host is called at fixed moments of a tick on the
//! caller's thread; it reads the world, and writes down commands and envelopes that are done in a fixed order. Its own
//! state belongs to the branch like the world: forked with it, saved, hashed.
//!
//! INVARIANT: what a host does depends on its code, its state and the view alone. `simulation` puts the state back that it
//! had before the tick when a tick fails.
//! Tests: `tests/it/simulation.rs`.

use crate::bus::{Envelope, Post};
use crate::commands::Commands;
use crate::schedule::Phase;
use crate::world::World;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_numbers::Pcg32;
use gatos_values::{Blake3Digest, seed};

/// When a host is called.
#[derive(Clone, Copy, Debug)]
pub enum Moment<'a> {
    /// Once in the life of a world, in [`Phase::Initialize`] of its first tick.
    Start,
    /// After the envelopes of the phase were delivered and before its systems run; in [`Phase::PreUpdate`],
    /// [`Phase::Update`] and [`Phase::PostUpdate`].
    Phase(Phase),
    /// An envelope of a kind that [`ScriptHost::hears`], after the handlers of systems. Commands are done at once.
    Event(&'a Envelope),
    /// In [`Phase::TimelineFlush`] of a tick whose inputs say that it is the last one.
    Stop,
}

/// Why scripts stop a tick. World and scripts are then as before the tick.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the script `{script}` gave up: {reason}")]
pub struct ScriptError {
    /// The script.
    pub script: String,
    /// Its words, with file, line and traceback.
    pub reason: String,
}

/// Whoever runs the scripts of a world.
pub trait ScriptHost: Send {
    /// The scripts' names with the digests of their compiled code, sorted by name.
    fn roots(&self) -> Vec<(String, Blake3Digest)>;

    /// Whether some script wants envelopes of this kind in this phase.
    fn hears(&self, phase: Phase, kind: &str) -> bool;

    /// Runs what belongs to this moment, script after script in a fixed order.
    ///
    /// # Errors
    /// [`ScriptError`]; the caller then throws this host away and goes on with the fork it made before the tick.
    fn call(&mut self, moment: Moment<'_>, view: &mut ScriptView<'_>) -> Result<(), ScriptError>;

    /// Puts other code in a script's place, between two ticks.
    ///
    /// # Errors
    /// [`ScriptError`]; nothing changed.
    fn reload(&mut self, script: &str, code: &[u8]) -> Result<(), ScriptError>;

    /// The same host again, sharing no state that either changes.
    fn fork(&self) -> Box<dyn ScriptHost>;

    /// The state as bytes: everything that a later call can depend on and that is not in the world.
    fn save(&mut self) -> Vec<u8>;

    /// A host with the same scripts as this one and the state that [`ScriptHost::save`] wrote.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    fn load(&self, bytes: &[u8]) -> Result<Box<dyn ScriptHost>, String>;

    /// The digest of code and state: equal exactly when every later call does the same.
    fn hash(&mut self) -> Blake3Digest;
}

/// A world as scripts see it, and where they write down what they want.
pub struct ScriptView<'a> {
    world: &'a World,
    phase: Phase,
    ticks_per_second: u32,
    commands: Commands,
    posts: Vec<(Arc<str>, Post)>,
    draws: u64,
    log: Vec<LogLine>,
    forks: Vec<String>,
}

/// A line that a script wrote to the log of the world, which is no part of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The script.
    pub script: Arc<str>,
    /// What it wrote.
    pub text: String,
}

/// What scripts left behind.
pub(crate) struct ScriptOutput {
    pub commands: Commands,
    pub posts: Vec<(Arc<str>, Post)>,
    pub draws: u64,
    pub log: Vec<LogLine>,
    pub forks: Vec<String>,
}

impl<'a> ScriptView<'a> {
    pub(crate) fn new(world: &'a World, phase: Phase, ticks_per_second: u32) -> ScriptView<'a> {
        ScriptView {
            world,
            phase,
            ticks_per_second,
            commands: Commands::default(),
            posts: Vec::new(),
            draws: 0,
            log: Vec::new(),
            forks: Vec::new(),
        }
    }

    pub(crate) fn finish(self) -> ScriptOutput {
        ScriptOutput {
            commands: self.commands,
            posts: self.posts,
            draws: self.draws,
            log: self.log,
            forks: self.forks,
        }
    }

    /// The world as it is at this moment. What is asked for shows up when it is done, not before.
    #[must_use]
    pub const fn world(&self) -> &'a World {
        self.world
    }

    /// The phase that is under way.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// How many ticks a second of the world's time has.
    #[must_use]
    pub const fn ticks_per_second(&self) -> u32 {
        self.ticks_per_second
    }

    /// Asks for changes: done when the phase ends, before what systems ask for, or, in [`Moment::Event`], at once.
    pub const fn commands(&mut self) -> &mut Commands {
        &mut self.commands
    }

    /// Where a script puts what it emits; `source` is who emits, for capabilities and for whoever reads the envelope.
    pub fn post(&mut self, source: &str) -> &mut Post {
        let is_same = self.posts.last().is_some_and(|(last, _)| &**last == source);
        if !is_same {
            self.posts.push((Arc::from(source), Post::default()));
        }
        let last = self.posts.len() - 1;
        &mut self.posts[last].1
    }

    /// The random numbers of a stream in this tick, from the first one. Two calls with one name give the same numbers, so
    /// a host keeps the generator while the tick lasts.
    #[must_use]
    pub fn generator(&self, stream: &str) -> Pcg32 {
        let name = Blake3Digest::of(stream.as_bytes());
        let seed = seed::branch_seed(
            self.world.seed().as_bytes(),
            name.as_bytes(),
            self.world.tick(),
        );
        seed::branch_generator(&seed)
    }

    /// Counts random numbers that scripts drew, for report and recording.
    pub const fn count_draws(&mut self, count: u64) {
        self.draws = self.draws.wrapping_add(count);
    }

    /// Writes a line to the log.
    pub fn log(&mut self, script: &str, text: String) {
        let script = Arc::from(script);
        self.log.push(LogLine { script, text });
    }

    /// Asks whoever drives the world for a branch that begins after this tick.
    pub fn fork(&mut self, label: String) {
        self.forks.push(label);
    }
}
