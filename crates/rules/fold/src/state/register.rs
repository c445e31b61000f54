//! Last-writer registers: a value with the stamp of the event that wrote it; the greater stamp wins.

use gatos_values::{EventId, Ulid, Value};

/// When a value was written, as the order of events has it: ULID, then event id, then element of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    pub(crate) ulid: Ulid,
    pub(crate) event: EventId,
    /// Index of the element for reducers with `each`, else 0.
    pub(crate) element: u32,
}

/// A value and its stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Register<T = Value> {
    pub(crate) stamp: Stamp,
    pub(crate) value: T,
}

impl<T: Clone + PartialEq> Register<T> {
    /// Takes over the other value if its stamp is greater.
    pub(crate) fn update(&mut self, stamp: Stamp, value: &T) {
        if stamp > self.stamp {
            self.stamp = stamp;
            // Rewriting an equal value is common and would cost an allocation.
            if self.value != *value {
                self.value = value.clone();
            }
        }
    }
}
