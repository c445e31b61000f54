//! Who else is called while a tick runs: the scripts of the world, and whoever watches.
//!
//! A watcher sees the world after every step of a tick. It cannot change it, so a tick with a watcher gives what it gives
//! without. Tests: `tests/it/simulation.rs`.

use super::Phase;
use crate::access::Access;
use crate::bus::Envelope;
use crate::simulation::{Moment, ScriptError, ScriptHost, ScriptOutput, ScriptView};
use crate::world::World;
use gatos_values::Blake3Digest;

/// A system that ran.
#[derive(Clone, Copy, Debug)]
pub struct Ran<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it may read and write.
    pub access: &'a Access,
}

/// Something that was done in a tick.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// Nothing yet: the phase begins.
    Begin,
    /// A handler heard an envelope.
    Handler {
        /// The handler.
        handler: &'a str,
        /// The envelope.
        envelope: &'a Envelope,
    },
    /// The scripts heard an envelope, and their commands were done.
    Event {
        /// The envelope.
        envelope: &'a Envelope,
        /// The digest of the scripts' state, if whoever watches wants it.
        digest: Option<Blake3Digest>,
    },
    /// The scripts were called for the phase.
    Scripts {
        /// The digest of the scripts' state, if whoever watches wants it.
        digest: Option<Blake3Digest>,
    },
    /// Systems ran: one, or those of a level side by side.
    Systems(&'a [Ran<'a>]),
    /// The commands of a system or of the scripts were done and its envelopes sealed.
    Reduced {
        /// The system, or `scripts`.
        source: &'a str,
    },
}

/// Whoever watches a tick.
pub trait Watch {
    /// Whether to compute the digest of the scripts' state after each of their steps.
    fn wants_digests(&self) -> bool {
        false
    }

    /// Is called after every step.
    fn done(&mut self, phase: Phase, step: Step<'_>, world: &World);
}

/// Whom a tick calls besides systems and handlers.
pub(crate) struct Hooks<'a> {
    pub scripts: Option<&'a mut (dyn ScriptHost + 'static)>,
    pub watch: Option<&'a mut dyn Watch>,
    pub ticks_per_second: u32,
    /// Whether the scripts are told that this is the last tick.
    pub is_last: bool,
}

/// The name under which the scripts' commands are done.
pub(crate) const SCRIPTS: &str = "scripts";

impl Hooks<'_> {
    /// Nobody.
    pub(crate) const fn none() -> Hooks<'static> {
        Hooks {
            scripts: None,
            watch: None,
            ticks_per_second: 1,
            is_last: false,
        }
    }

    /// Tells whoever watches.
    #[inline]
    pub(crate) fn done(&mut self, phase: Phase, step: Step<'_>, world: &World) {
        if let Some(watch) = &mut self.watch {
            watch.done(phase, step, world);
        }
    }

    /// The digest of the scripts' state, if whoever watches wants it.
    pub(crate) fn scripts_digest(&mut self) -> Option<Blake3Digest> {
        let is_wanted = self
            .watch
            .as_ref()
            .is_some_and(|watch| watch.wants_digests());
        let scripts = self.scripts.as_mut().filter(|_| is_wanted)?;
        Some(scripts.hash())
    }

    /// Whether scripts hear the envelope.
    pub(crate) fn hears(&self, phase: Phase, kind: &str) -> bool {
        let scripts = self.scripts.as_ref();
        scripts.is_some_and(|scripts| scripts.hears(phase, kind))
    }

    /// What scripts leave behind at a moment; `None` if there are none.
    pub(crate) fn call(
        &mut self,
        phase: Phase,
        moment: Moment<'_>,
        world: &World,
    ) -> Result<Option<ScriptOutput>, ScriptError> {
        let Some(scripts) = &mut self.scripts else {
            return Ok(None);
        };
        let mut view = ScriptView::new(world, phase, self.ticks_per_second);
        scripts.call(moment, &mut view)?;
        Ok(Some(view.finish()))
    }

    /// What scripts leave behind when a phase runs.
    pub(crate) fn call_phase(
        &mut self,
        phase: Phase,
        world: &World,
    ) -> Result<Option<ScriptOutput>, ScriptError> {
        let moment = match phase {
            Phase::Initialize if world.tick() == 0 => Moment::Start,
            Phase::PreUpdate | Phase::Update | Phase::PostUpdate => Moment::Phase(phase),
            Phase::TimelineFlush if self.is_last => Moment::Stop,
            _ => return Ok(None),
        };
        let output = self.call(phase, moment, world)?;
        if output.is_some() {
            let digest = self.scripts_digest();
            self.done(phase, Step::Scripts { digest }, world);
        }
        Ok(output)
    }
}
