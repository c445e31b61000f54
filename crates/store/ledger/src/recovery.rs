//! Recovery: which events of the log are not in Git yet, and which no longer fit.
//!
//! The log may hold events that are visible already (it is released only after the refs moved), events that
//! wait, and, if other hands moved a ref, events that fit nowhere. Deciding is a pure function of the log's
//! events of one journal and of what the journal holds; acting on it is the writer's work.
//!
//! INVARIANT: every event of the log ends in exactly one of visible, waiting, displaced.
//! Tests: recovery/tests.rs; the whole with kill -9: `cargo xtask crash`.

use gatos_values::EventId;

#[cfg(test)]
mod tests;

/// What becomes of the events of one journal in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The first so many are in Git already.
    pub visible_count: usize,
    /// Whether the rest continues the journal; otherwise it is displaced.
    pub rest_fits: bool,
}

/// One event of the log: its id and the id of the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Its id.
    pub id: EventId,
    /// Its `prev`.
    pub prev: Option<EventId>,
}

/// Places the events of one journal, oldest first, against the journal's tip.
///
/// `holds` tells whether the journal holds an event at any position; it is asked only when the tip itself
/// is not among the logged events.
pub fn place(
    logged: &[Logged],
    tip: Option<EventId>,
    mut holds: impl FnMut(&EventId) -> bool,
) -> Placement {
    let at_tip = tip.and_then(|tip| logged.iter().position(|event| event.id == tip));
    if let Some(index) = at_tip {
        return Placement {
            visible_count: index + 1,
            rest_fits: true,
        };
    }
    // The tip may stand before, beyond or beside the logged events; what the journal holds is a prefix.
    let visible_count = logged.partition_point(|event| holds(&event.id));
    let rest_fits = match logged.get(visible_count) {
        None => true,
        Some(next) => next.prev == tip,
    };
    Placement {
        visible_count,
        rest_fits,
    }
}
