//! Emitting and delivering: from drafts to lanes, from lanes to handlers.
//!
//! Tests: `tests/it/bus.rs`.

use super::draft::Draft;
use super::envelope::{Envelope, Lane};
use super::handler::{BusConfig, Handler, HandlerContext, Overflow};
use super::mailbox::Mailbox;
use super::post::Post;
use super::short::ShortBytes;
use super::{BusError, Drop, signature};
use crate::error::WorldError;
use crate::schedule::{Hooks, Phase, Step};
use crate::simulation::{LogLine, Moment};
use crate::world::World;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use gatos_numbers::Pcg32;
use gatos_values::seed;

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
    /// Who hears the kind that was delivered last; the next one often is of the same kind.
    heard: Option<Heard>,
    /// What the next handler puts into what it emits; most emit nothing.
    empty: Post,
}

/// Who hears a kind in a phase.
struct Heard {
    phase: Phase,
    kind: ShortBytes,
    /// The handlers' places in the list.
    handlers: Range<usize>,
}

impl<'a, 'h> Courier<'a, 'h> {
    pub(crate) fn new(
        config: &'a BusConfig,
        world: &'a mut World,
        phase: Option<Phase>,
        report: &'a mut PostReport,
        hooks: &'a mut Hooks<'h>,
    ) -> Courier<'a, 'h> {
        Courier {
            config,
            world,
            phase,
            report,
            hooks,
            heard: None,
            empty: Post::default(),
        }
    }
}

impl<'a> Courier<'a, '_> {
    /// Tells whoever watches.
    pub(crate) fn done(&mut self, step: Step<'_>) {
        if let Some(phase) = self.phase {
            self.hooks.done(phase, step, self.world);
        }
    }

    /// Seals and stores all that a system emitted.
    pub(crate) fn accept_all(&mut self, source: &Arc<str>, post: Post) -> Result<(), BusError> {
        if let Some(draft) = post.at_once().first() {
            let reason = "only handlers emit at once";
            return Err(invalid(source, draft, reason));
        }
        if post.is_empty() {
            return Ok(());
        }
        self.intake().accept_all(source, post)
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
            for due in self.mailbox().take_due(phase, lane, tick) {
                due.visit(|envelope| self.deliver_one(envelope))?;
            }
        }
        Ok(())
    }

    /// Delivers an envelope, then what its handlers emitted at once, then what those did.
    fn deliver_one(&mut self, envelope: &Envelope) -> Result<(), BusError> {
        let posts = self.call_handlers(envelope)?;
        if posts.is_empty() && envelope.every_ticks() == 0 {
            return Ok(());
        }
        let mut at_once = VecDeque::new();
        self.follow(envelope, posts, &mut at_once)?;
        while let Some(envelope) = at_once.pop_front() {
            let posts = self.call_handlers(&envelope)?;
            self.follow(&envelope, posts, &mut at_once)?;
        }
        Ok(())
    }

    /// Does what follows from an envelope; what its handlers emitted at once is appended to the queue.
    fn follow(
        &mut self,
        envelope: &Envelope,
        posts: Vec<(Arc<str>, Post)>,
        at_once: &mut VecDeque<Envelope>,
    ) -> Result<(), BusError> {
        if envelope.every_ticks() > 0 {
            let mut intake = self.intake();
            let again = envelope.again(intake.mailbox.take_id());
            intake.store(again.id, again.chronos, &again.source, again.draft)?;
        }
        for (source, mut post) in posts {
            for draft in post.take_at_once() {
                at_once.push_back(self.seal_now(&source, draft)?);
            }
            self.intake().accept_all(&source, post)?;
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

    /// Who hears an envelope.
    #[inline]
    fn handlers_of(&mut self, envelope: &Envelope) -> &'a [Handler] {
        let (phase, kind) = (envelope.phase(), envelope.draft().short_kind());
        let is_known = |heard: &Heard| heard.phase == phase && heard.kind == *kind;
        if !self.heard.as_ref().is_some_and(is_known) {
            self.heard = Some(Heard {
                phase,
                kind: kind.clone(),
                handlers: self.config.handlers_of(phase, envelope.kind()),
            });
        }
        let handlers = self.heard.as_ref().map(|heard| heard.handlers.clone());
        &self.config.handlers[handlers.unwrap_or_default()]
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
        if first > 0 {
            rng.advance(first);
        }
        let mut posts = Vec::new();
        let mut handler_count = 0_usize;
        for handler in self.handlers_of(envelope) {
            if handler.is_once {
                if self.mailbox().is_spent(&handler.name) {
                    continue;
                }
                self.mailbox().spend(&handler.name);
            }
            if !handler.requires.is_empty() {
                check_requirements(handler, envelope)?;
            }
            let mut context = HandlerContext {
                world: &mut *self.world,
                envelope,
                rng: &mut rng,
                post: &mut self.empty,
            };
            (handler.function)(&mut context).map_err(|reason| BusError::Handler {
                handler: handler.name.to_string(),
                kind: envelope.kind().to_string(),
                reason,
            })?;
            if !self.empty.is_empty() {
                let post = core::mem::take(&mut self.empty);
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
    /// Seals drafts in their order and puts them into their lanes.
    fn accept_all(&mut self, source: &Arc<str>, post: Post) -> Result<(), BusError> {
        let Some(ticks) = self.ticks_of_runs(&post) else {
            let mut list = post.into_list().into_iter();
            return list.try_for_each(|draft| self.accept(source, draft));
        };
        let (list, runs, count) = post.into_runs();
        for draft in list {
            self.accept(source, draft)?;
        }
        let first = self.mailbox.take_ids(count);
        for (run, chronos) in runs.into_iter().zip(ticks) {
            let batches = run.batches.into_iter().map(|mut batch| {
                batch.seal(source, first);
                batch
            });
            let place = (run.phase, run.lane, chronos);
            self.mailbox.push_batches(place, batches);
        }
        Ok(())
    }

    /// The target ticks of a post's runs; `None` where nothing is gained, or something may be refused or dropped, or two
    /// runs are for one lane and tick, so that one draft after the other has to be looked at.
    fn ticks_of_runs(&self, post: &Post) -> Option<Vec<u64>> {
        if post.runs().is_empty() || self.config.has_signers() {
            return None;
        }
        let mut places = Vec::with_capacity(post.runs().len());
        for run in post.runs() {
            let (phase, lane) = (run.phase, run.lane);
            let chronos = self.chronos(phase, run.after_ticks)?;
            let (capacity, _) = self.config.capacity(phase, lane);
            let len = self.mailbox.lane_len(phase, lane) as u64 + post.len();
            let place = (phase, lane, chronos);
            if len > capacity as u64 || places.contains(&place) {
                return None;
            }
            places.push(place);
        }
        Some(places.into_iter().map(|(_, _, chronos)| chronos).collect())
    }

    /// The tick that something for a phase and with a delay is for; `None` beyond all ticks.
    #[inline]
    fn chronos(&self, phase: Phase, after_ticks: u64) -> Option<u64> {
        let is_late = self.phase.is_some_and(|now| phase <= now);
        self.tick.checked_add(after_ticks.max(u64::from(is_late)))
    }

    /// Seals a draft and puts it into its lane.
    fn accept(&mut self, source: &Arc<str>, mut draft: Draft) -> Result<(), BusError> {
        check(self.config, source, &draft)?;
        let Some(chronos) = self.chronos(draft.phase, draft.after_ticks) else {
            let reason = "the target tick is beyond all ticks";
            return Err(invalid(source, &draft, reason));
        };
        let id = self.mailbox.take_id();
        draft.seal();
        self.store(id, chronos, source, draft)
    }

    /// Puts what is sealed into its lane, by the lane's rule.
    #[inline]
    fn store(
        &mut self,
        id: u64,
        chronos: u64,
        source: &Arc<str>,
        draft: Draft,
    ) -> Result<(), BusError> {
        let (capacity, _) = self.config.capacity(draft.phase, draft.lane);
        if self.mailbox.lane_len(draft.phase, draft.lane) < capacity {
            self.mailbox.push_draft(id, chronos, source, draft);
            return Ok(());
        }
        self.overflow(Envelope::seal(id, chronos, Arc::clone(source), draft))
    }

    /// Does with an envelope that its lane has no room for what the lane's rule says.
    #[cold]
    fn overflow(&mut self, envelope: Envelope) -> Result<(), BusError> {
        let (phase, lane) = (envelope.phase(), envelope.lane());
        let (capacity, overflow) = self.config.capacity(phase, lane);
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
        if self.hooks.scripts.is_none() || !self.hooks.hears(phase, envelope.kind()) {
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
