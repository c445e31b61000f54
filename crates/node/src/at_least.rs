//! Reading your own writes: a read that answers only once it sees a given event.
//!
//! An append's token is its event id. A durable event becomes visible within a moment, by the writer that
//! took it; a state covers it once a fold has run. Waiting is bounded, and what did not come is named.
//! Tests: ../tests/it/log.rs, the command's sessions (`events`, `state`).

use std::thread;
use std::time::{Duration, Instant};

use gatos_ledger::StoredEvent;
use gatos_values::{ErrorCode, EventId, Namespace, Ulid};

use crate::fault::{Fault, Outcome};
use crate::node::Node;
use crate::state::state_ref;

/// How long a read waits for an event, unless told otherwise: many times what a writer takes to make it visible.
pub const PATIENCE_DEFAULT: Duration = Duration::from_secs(5);
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(50);

impl Node {
    /// Waits until an event is visible.
    ///
    /// # Errors
    /// `UNKNOWN_EVENT` when it is not after all that patience.
    pub fn await_event(&self, token: &EventId, patience: Duration) -> Outcome<StoredEvent> {
        let started = Instant::now();
        loop {
            match self.find_event(token) {
                Err(fault)
                    if fault.code == ErrorCode::UnknownEvent && started.elapsed() < patience =>
                {
                    thread::sleep(PAUSE);
                }
                answer => return answer,
            }
        }
    }

    /// Waits until an event is visible, and makes sure that the newest checkpoint of a namespace covers it.
    ///
    /// # Errors
    /// As [`Node::await_event`]; `NO_CHECKPOINT` when no fold has taken the event in yet.
    pub fn await_state(&self, ns: &Namespace, token: &EventId, patience: Duration) -> Outcome<()> {
        let stored = self.await_event(token, patience)?;
        let envelope = stored.event.envelope();
        let checkpoint = self.checkpoint_at(ns, None)?.checkpoint;
        let head = checkpoint.window.heads.get(&envelope.journal().short());
        // ULIDs rise along a journal, so the head's tells which events lie before it.
        let covered_up_to: Option<Ulid> = match head {
            Some(head) => Some(self.find_event(&head.event)?.event.envelope().ulid),
            None => None,
        };
        if covered_up_to.is_some_and(|ulid| ulid >= envelope.ulid) {
            return Ok(());
        }
        Err(Fault::new(
            ErrorCode::NoCheckpoint,
            state_ref(ns),
            format!("the newest checkpoint of `{ns}` does not cover event `{token}`"),
        )
        .with_hint(format!(
            "bring the state up to date: `gatos fold run --ns {ns}`"
        )))
    }
}
