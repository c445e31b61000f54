//! Emitting and delivering: from drafts to lanes, from lanes to handlers.
//!
//! Tests: `tests/it/bus.rs`.

use super::draft::Draft;
use super::envelope::{Envelope, Lane};
use super::handler::{BusConfig, Handler, HandlerContext, Overflow};
use super::mailbox::Mailbox;
use super::{BusError, Drop, signature};
use crate::error::WorldError;
use crate::schedule::{Hooks, Phase, Step};
use crate::simulation::{LogLine, Moment};
use crate::world::World;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_numbers::Pcg32;
use gatos_values::seed;

/// What a system or handler emits, in order.
#[derive(Debug, Default)]
pub struct Post {
    drafts: Vec<Draft>,
    at_once: Vec<Draft>,
}

impl Post {
    /// Emits an envelope. It is sealed when the phase or the handler ends.
    #[inline]
    pub fn emit(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }

    /// Emits an envelope to be delivered before the next one that waits. Handlers may, if its kind is on the list and the
    /// tick's budget is not used up; a system may not.
    pub fn emit_now(&mut self, draft: Draft) {
        self.at_once.push(draft);
    }

    /// Whether nothing was emitted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.drafts.is_empty() && self.at_once.is_empty()
    }
}

/// What the bus did in a tick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PostReport {
    pub delivered: u64,
    pub unheard: u64,
    pub dropped: Vec<Drop>,
    pub draws: u64,
    /// How many envelopes were delivered at once.
    pub immediate: u32,
    /// Commands of scripts that heard envelopes, and those that found nobody.
    pub commands: u64,
    pub refused: Vec<WorldError>,
    /// What those scripts logged, and the branches they asked for.
    pub log: Vec<LogLine>,
    pub forks: Vec<String>,
}

/// The bus at work on a world, in a phase or outside of ticks.
pub(crate) struct Courier<'a, 'h> {
    pub config: &'a BusConfig,
    pub world: &'a mut World,
    /// The phase that is under way.
    pub phase: Option<Phase>,
    pub report: &'a mut PostReport,
    /// Whom else to call.
    pub hooks: &'a mut Hooks<'h>,
}

impl Courier<'_, '_> {
    /// Tells whoever watches.
    pub(crate) fn done(&mut self, step: Step<'_>) {
        if let Some(phase) = self.phase {
            self.hooks.done(phase, step, self.world);
        }
    }

    /// Seals and stores all that a system emitted.
    pub(crate) fn accept_all(&mut self, source: &Arc<str>, post: Post) -> Result<(), BusError> {
        if let Some(draft) = post.at_once.first() {
            let reason = "only handlers emit at once";
            return Err(invalid(source, draft, reason));
        }
        if post.drafts.is_empty() {
            return Ok(());
        }
        let mut intake = self.intake();
        post.drafts
            .into_iter()
            .try_for_each(|draft| intake.accept(source, draft))
    }

    /// Seals a draft and puts it into its lane.
    pub(crate) fn accept(&mut self, source: &Arc<str>, draft: Draft) -> Result<(), BusError> {
        self.intake().accept(source, draft)
    }

    fn mailbox(&mut self) -> &mut Mailbox {
        Arc::make_mut(&mut self.world.state_mut().mailbox)
    }

    /// Where drafts are handed in.
    fn intake(&mut self) -> Intake<'_> {
        let tick = self.world.tick();
        Intake {
            config: self.config,
            mailbox: Arc::make_mut(&mut self.world.state_mut().mailbox),
            dropped: &mut self.report.dropped,
            tick,
            phase: self.phase,
        }
    }

    /// Delivers all that is due in a phase.
    pub(crate) fn deliver(&mut self, phase: Phase) -> Result<(), BusError> {
        let tick = self.world.tick();
        for lane in Lane::ALL {
            for batch in self.mailbox().take_due(phase, lane, tick) {
                for envelope in batch.iter() {
                    self.deliver_one(envelope)?;
                }
            }
        }
        Ok(())
    }

    /// Delivers an envelope, then what its handlers emitted at once, then what those did.
    fn deliver_one(&mut self, envelope: &Envelope) -> Result<(), BusError> {
        let mut at_once = VecDeque::new();
        self.deliver_alone(envelope, &mut at_once)?;
        while let Some(envelope) = at_once.pop_front() {
            self.deliver_alone(&envelope, &mut at_once)?;
        }
        Ok(())
    }

    /// Delivers an envelope; what its handlers emitted at once is appended to the queue.
    fn deliver_alone(
        &mut self,
        envelope: &Envelope,
        at_once: &mut VecDeque<Envelope>,
    ) -> Result<(), BusError> {
        let posts = self.call_handlers(envelope)?;
        if envelope.every_ticks() > 0 {
            let mut intake = self.intake();
            let again = envelope.again(intake.mailbox.take_id());
            intake.store(again)?;
        }
        for (source, post) in posts {
            for draft in post.at_once {
                at_once.push_back(self.seal_now(&source, draft)?);
            }
            for draft in post.drafts {
                self.accept(&source, draft)?;
            }
        }
        Ok(())
    }

    /// Seals an envelope that is delivered at once.
    fn seal_now(&mut self, source: &Arc<str>, draft: Draft) -> Result<Envelope, BusError> {
        check(self.config, source, &draft)?;
        let source_name = source.to_string();
        if !self.config.immediate.contains(draft.kind()) {
            return Err(BusError::ImmediateForbidden {
                source_name,
                kind: draft.kind().to_string(),
            });
        }
        if self.report.immediate >= self.config.immediate_budget {
            return Err(BusError::ImmediateBudget {
                source_name,
                kind: draft.kind().to_string(),
                budget: self.config.immediate_budget,
            });
        }
        self.report.immediate += 1;
        let (id, tick) = (self.mailbox().take_id(), self.world.tick());
        Ok(Envelope::seal(id, tick, Arc::clone(source), draft))
    }

    /// The random numbers of an envelope. Those of one without a span are never seen: who draws one stops the tick.
    fn generator(&self, envelope: &Envelope) -> Pcg32 {
        if envelope.span().is_none() {
            return Pcg32::new(0, 0);
        }
        let seed = seed::branch_seed(
            self.world.seed().as_bytes(),
            envelope.hash().as_bytes(),
            self.world.tick(),
        );
        seed::branch_generator(&seed)
    }

    /// Calls the handlers of an envelope in order; what they emitted.
    fn call_handlers(&mut self, envelope: &Envelope) -> Result<Vec<(Arc<str>, Post)>, BusError> {
        if !envelope.is_intact() {
            return Err(BusError::Tampered {
                id: envelope.id(),
                kind: envelope.kind().to_string(),
            });
        }
        if !envelope.is_sealed_here() {
            // It waited in bytes, where somebody may have sealed another one in its place.
            signature::check(self.config, envelope.source(), envelope.draft())?;
        }
        let span = envelope.span();
        let first = span.map_or(0, |span| span.first);
        let mut rng = self.generator(envelope);
        rng.advance(first);
        let mut posts = Vec::new();
        let mut handler_count = 0_usize;
        let config = self.config;
        for handler in config.handlers_of(envelope.phase(), envelope.kind()) {
            if handler.is_once {
                if self.mailbox().is_spent(&handler.name) {
                    continue;
                }
                self.mailbox().spend(&handler.name);
            }
            check_requirements(handler, envelope)?;
            let mut post = Post::default();
            let mut context = HandlerContext {
                world: &mut *self.world,
                envelope,
                rng: &mut rng,
                post: &mut post,
            };
            (handler.function)(&mut context).map_err(|reason| BusError::Handler {
                handler: handler.name.to_string(),
                kind: envelope.kind().to_string(),
                reason,
            })?;
            if !post.is_empty() {
                posts.push((Arc::clone(&handler.name), post));
            }
            handler_count += 1;
            self.done(Step::Handler {
                handler: &handler.name,
                envelope,
            });
        }
        let is_heard = self.call_scripts(envelope, &mut posts)? || handler_count > 0;
        self.report.delivered += 1;
        self.report.unheard += u64::from(!is_heard);
        let drawn = rng.draws().wrapping_sub(first);
        self.report.draws = self.report.draws.wrapping_add(drawn);
        let declared = span.map_or(0, |span| span.count);
        // Nobody who hears it draws nothing.
        if drawn != declared && handler_count > 0 {
            return Err(BusError::PrngMismatch {
                id: envelope.id(),
                kind: envelope.kind().to_string(),
                drawn,
                declared,
            });
        }
        Ok(posts)
    }
}

/// Where drafts are handed in, one after the other: they get ids and go into lanes.
struct Intake<'a> {
    config: &'a BusConfig,
    mailbox: &'a mut Mailbox,
    dropped: &'a mut Vec<Drop>,
    tick: u64,
    phase: Option<Phase>,
}

impl Intake<'_> {
    /// Seals a draft and puts it into its lane.
    fn accept(&mut self, source: &Arc<str>, draft: Draft) -> Result<(), BusError> {
        check(self.config, source, &draft)?;
        let is_late = self.phase.is_some_and(|phase| draft.phase <= phase);
        let after = draft.after_ticks.max(u64::from(is_late));
        let Some(chronos) = self.tick.checked_add(after) else {
            let reason = "the target tick is beyond all ticks";
            return Err(invalid(source, &draft, reason));
        };
        let id = self.mailbox.take_id();
        let envelope = Envelope::seal(id, chronos, Arc::clone(source), draft);
        self.store(envelope)
    }

    /// Puts an envelope into its lane, by the lane's rule.
    fn store(&mut self, envelope: Envelope) -> Result<(), BusError> {
        let (phase, lane) = (envelope.phase(), envelope.lane());
        let (capacity, overflow) = self.config.capacity(phase, lane);
        if self.mailbox.lane_len(phase, lane) < capacity {
            self.mailbox.push(envelope);
            return Ok(());
        }
        let dropped = match overflow {
            Overflow::Throw => {
                return Err(BusError::Overflow {
                    phase,
                    lane,
                    capacity,
                    source_name: envelope.source().to_string(),
                    kind: envelope.kind().to_string(),
                });
            }
            Overflow::DropNewest => envelope,
            Overflow::DropOldest => match self.mailbox.drop_oldest(phase, lane) {
                Some(oldest) => {
                    self.mailbox.push(envelope);
                    oldest
                }
                // A lane that holds nothing has no older one.
                None => envelope,
            },
        };
        self.dropped.push(Drop {
            phase,
            lane,
            id: dropped.id(),
            hash: dropped.hash(),
        });
        Ok(())
    }
}

/// Whether a draft can be sealed and may carry what it claims.
fn check(config: &BusConfig, source: &str, draft: &Draft) -> Result<(), BusError> {
    if let Some(reason) = draft.flaw() {
        return Err(invalid(source, draft, reason));
    }
    let denied = |capability: &&String| !config.is_granted(source, capability);
    match draft.capabilities().iter().find(denied) {
        Some(capability) => Err(BusError::Denied {
            who: source.to_string(),
            capability: capability.clone(),
            kind: draft.kind().to_string(),
        }),
        None => signature::check(config, source, draft),
    }
}

impl Courier<'_, '_> {
    /// Lets scripts hear an envelope and does what they ask for; whether one wanted it.
    fn call_scripts(
        &mut self,
        envelope: &Envelope,
        posts: &mut Vec<(Arc<str>, Post)>,
    ) -> Result<bool, BusError> {
        let phase = envelope.phase();
        if !self.hooks.hears(phase, envelope.kind()) {
            return Ok(false);
        }
        let called = self.hooks.call(phase, Moment::Event(envelope), self.world);
        let output = called.map_err(|error| BusError::Handler {
            handler: error.script,
            kind: envelope.kind().to_string(),
            reason: error.reason,
        })?;
        if let Some(output) = output {
            self.report.draws = self.report.draws.wrapping_add(output.draws);
            self.report.commands += output.commands.len() as u64;
            output.commands.apply(self.world, &mut self.report.refused);
            self.report.log.extend(output.log);
            self.report.forks.extend(output.forks);
            posts.extend(output.posts);
        }
        let digest = self.hooks.scripts_digest();
        self.done(Step::Event { envelope, digest });
        Ok(true)
    }
}

fn check_requirements(handler: &Handler, envelope: &Envelope) -> Result<(), BusError> {
    let missing = |capability: &&String| envelope.capabilities().binary_search(capability).is_err();
    match handler.requires.iter().find(missing) {
        Some(capability) => Err(BusError::Denied {
            who: handler.name.to_string(),
            capability: capability.clone(),
            kind: envelope.kind().to_string(),
        }),
        None => Ok(()),
    }
}

fn invalid(source: &str, draft: &Draft, reason: &'static str) -> BusError {
    BusError::Invalid {
        source_name: source.to_string(),
        kind: draft.kind().to_string(),
        reason,
    }
}
