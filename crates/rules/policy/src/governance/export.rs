//! What may leave: which namespaces are kept, and which labels may lie nowhere else.
//!
//! A journal goes to another place as a whole, so leaving is decided for a namespace, by `namespace.set`: marked for
//! export it may go wherever the policy lets it, named without the mark it is *kept*. An event with an export-limiting
//! label is accepted in kept namespaces only; otherwise it would leave with its neighbours. Who asks at which door is
//! the node's work.
//!
//! INVARIANT: while its namespace is kept, an event with such a label is pushed to no remote outside.
//! Page: docs/guide/profiles.md. Tests: tests/it/export.rs.

use gatos_values::{Envelope, EventType, Namespace};

use super::chain::Chain;

/// Labels of data that stay inside, sorted; so do labels that begin with one of them and a dot.
pub const EXPORT_LIMITING_LABELS: [&str; 4] = ["no-export", "pii", "private", "secret"];

/// Whether data with this label stay inside.
#[must_use]
pub fn is_export_limiting(label: &str) -> bool {
    let first = label.split('.').next().unwrap_or(label);
    EXPORT_LIMITING_LABELS.binary_search(&first).is_ok()
}

impl Chain {
    /// Whether what is in a namespace stays here: governance names it and does not mark it for export.
    #[must_use]
    pub fn is_kept_at(&self, ns: &Namespace, version: u64) -> bool {
        self.is_named_at(ns, version) && !self.is_export_marked_at(ns, version)
    }

    /// The label that keeps an event out of its namespace: export-limiting, where the namespace is not kept.
    #[must_use]
    pub fn misplaced_label<'e>(
        &self,
        envelope: &'e Envelope,
        version: u64,
    ) -> Option<&'e EventType> {
        let mut labels = envelope.labels.iter();
        let limiting = labels.find(|label| is_export_limiting(label.as_str()))?;
        (!self.is_kept_at(&envelope.ns, version)).then_some(limiting)
    }
}
