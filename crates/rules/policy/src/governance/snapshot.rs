//! The trust state of a version as the policy language asks for it.
//!
//! Tests: tests/it/operations.rs.

use alloc::vec::Vec;

use gatos_values::{Actor, Text};

use super::chain::Chain;
use super::quorum::GOVERNORS_GROUP;
use crate::language::{TrustEntry, TrustSnapshot};

impl Chain {
    /// Who is trusted how far at a version, and in which groups; governors are in the group `governors`.
    #[must_use]
    pub fn trust_snapshot_at(&self, version: u64) -> TrustSnapshot {
        let governors = self.governors_at(version);
        let actors = self.actors_at(version).into_iter();
        TrustSnapshot::from_entries(actors.filter_map(|actor| {
            let name = Text::new(actor.as_str()).ok()?;
            Some((name, self.trust_entry(&actor, &governors, version)))
        }))
    }

    fn trust_entry(&self, actor: &Actor, governors: &[Actor], version: u64) -> TrustEntry {
        let groups = self.groups_of(actor, version);
        let mut groups: Vec<Text> = groups
            .iter()
            .filter_map(|group| Text::new(group.as_str()).ok())
            .collect();
        if governors.contains(actor) {
            groups.push(Text::from_ascii(GOVERNORS_GROUP));
        }
        TrustEntry {
            // Documents with a higher level are refused.
            level: i64::try_from(self.level_at(actor, version)).unwrap_or(i64::MAX),
            groups,
        }
    }
}
