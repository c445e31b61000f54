//! State machines: a resource that is one of several states, changed by envelopes.
//!
//! Whoever wants another state emits it. In `pre_update` the resource is set, and `update` hears that the old state was
//! left and the new one entered, before its systems run. So a change of state is an event like every other: ordered,
//! recorded, replayed. Systems that run in one state only have the condition [`in_state`](crate::schedule::in_state).
//!
//! Tests: `tests/it/authoring.rs`.

use super::draft::Draft;
use super::handler::{BusConfig, Handler};
use crate::component::Component;
use crate::schedule::Phase;
use alloc::format;
use alloc::string::String;

impl BusConfig {
    /// Makes a resource a state machine. Envelopes [`Draft::of`] a state for `pre_update` change it; `update` hears envelopes
    /// of the kinds `NAME.exit` with the old state, if there was one, and `NAME.enter` with the new one.
    #[must_use]
    pub fn machine<S: Component + PartialEq>(self) -> BusConfig {
        let name = format!("machine {}", S::NAME);
        self.handler(Handler::new(&name, Phase::PreUpdate, S::NAME, |context| {
            let Some(next) = context.envelope.read::<S>() else {
                return Err(format!("the payload is no state of `{}`", S::NAME));
            };
            let now = context.world.resource::<S>().ok().cloned();
            if now.as_ref() == Some(&next) {
                return Ok(());
            }
            if let Some(now) = &now {
                context.post.emit(draft(".exit", now));
            }
            context.post.emit(draft(".enter", &next));
            let set = context.world.set_resource(next);
            set.map_err(|error| format!("{error}"))
        }))
    }
}

fn draft<S: Component>(suffix: &str, state: &S) -> Draft {
    let mut row = alloc::vec![0; S::SIZE];
    state.write(&mut row);
    let mut kind = String::from(S::NAME);
    kind.push_str(suffix);
    Draft::new(&kind, &row).phase(Phase::Update)
}
