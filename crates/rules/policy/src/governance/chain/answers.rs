//! What may be asked of a chain, at each of its versions. Later versions than the newest answer as the newest.

use alloc::vec::Vec;

use gatos_values::roots::{EMPTY_FOLD_ROOT, EMPTY_POLICY_ROOT};
use gatos_values::{
    Actor, DottedName, EventId, GovernanceId, JournalName, KeyId, Namespace, RepositoryId,
    ResourceUri, Segment, Sha256Digest, Text, Ulid,
};

use super::super::cut::{Cut, JournalChoice, JournalCut, JournalCuts};
use super::super::grant::GrantId;
use super::super::operation::GovernedAction;
use super::super::quorum::QuorumRule;
use super::grants::GrantRecord;
use super::tables::KeyRecord;
use super::{Chain, VersionRecord};

/// What an actor may do on a resource in an epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Capabilities of live grants: sorted, unique.
    pub live: Vec<Text>,
    /// Capabilities the actor would have, had their grants not run out by this epoch: sorted, unique, none of
    /// `live`.
    pub expired: Vec<Text>,
}

impl Chain {
    /// The repository: the id of its genesis.
    #[must_use]
    pub fn repository_id(&self) -> RepositoryId {
        self.versions[0].id
    }

    /// The repository's name in resource URIs.
    #[must_use]
    pub const fn repository_name(&self) -> &Segment {
        &self.name
    }

    /// The id of the newest version.
    #[must_use]
    pub fn head(&self) -> GovernanceId {
        self.newest().id
    }

    /// The newest version; 0 is the genesis.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.versions.len() as u64 - 1
    }

    /// The ULID of the newest version.
    #[must_use]
    pub fn ulid(&self) -> Ulid {
        self.newest().ulid
    }

    fn newest(&self) -> &VersionRecord {
        &self.versions[self.versions.len() - 1]
    }

    /// Which version has this id.
    #[must_use]
    pub fn version_of(&self, id: &GovernanceId) -> Option<u64> {
        self.ids.get(id).copied()
    }

    /// The id of a version, if the chain has it.
    #[must_use]
    pub fn id_of(&self, version: u64) -> Option<GovernanceId> {
        self.record(version).map(|record| record.id)
    }

    /// The ULID of a version, if the chain has it.
    #[must_use]
    pub fn ulid_of(&self, version: u64) -> Option<Ulid> {
        self.record(version).map(|record| record.ulid)
    }

    fn record(&self, version: u64) -> Option<&VersionRecord> {
        usize::try_from(version)
            .ok()
            .and_then(|index| self.versions.get(index))
    }

    /// The policy in force at a version.
    #[must_use]
    pub fn policy_root_at(&self, version: u64) -> Sha256Digest {
        self.tables
            .policy
            .at(version)
            .copied()
            .unwrap_or(EMPTY_POLICY_ROOT)
    }

    /// The version that put the policy of `version` in force.
    #[must_use]
    pub fn policy_since(&self, version: u64) -> u64 {
        self.tables
            .policy
            .entry_at(version)
            .map_or(0, |(since, _)| since)
    }

    /// Every policy that was ever in force, with the version that activated it, oldest first.
    pub fn policies(&self) -> impl Iterator<Item = (u64, Sha256Digest)> {
        self.tables.policy.entries().iter().copied()
    }

    /// The fold of a namespace at a version; the empty fold where none is installed.
    #[must_use]
    pub fn fold_root_at(&self, ns: &Namespace, version: u64) -> Sha256Digest {
        let installs = self.tables.folds.get(ns);
        let fold_root = installs.and_then(|installs| installs.at(version));
        fold_root.copied().unwrap_or(EMPTY_FOLD_ROOT)
    }

    /// The version that installed the fold a namespace has at `version`; `None` for the empty fold of the
    /// beginning.
    #[must_use]
    pub fn fold_since(&self, ns: &Namespace, version: u64) -> Option<u64> {
        let installs = self.tables.folds.get(ns)?;
        installs.entry_at(version).map(|(since, _)| since)
    }

    /// The namespaces that have ever had a fold installed, with the newest one, in name order.
    pub fn folds(&self) -> impl Iterator<Item = (&Namespace, Sha256Digest)> {
        self.tables
            .folds
            .keys()
            .map(|ns| (ns, self.fold_root_at(ns, self.version())))
    }

    /// A key, if it may sign at a version.
    #[must_use]
    pub fn key_at(&self, key: &KeyId, version: u64) -> Option<&KeyRecord> {
        self.tables.key_at(key, version)
    }

    /// A key that was ever enrolled, revoked or not.
    #[must_use]
    pub fn key(&self, key: &KeyId) -> Option<&KeyRecord> {
        self.tables.keys.get(key)
    }

    /// Whether an actor is enrolled at a version.
    #[must_use]
    pub fn has_actor_at(&self, actor: &Actor, version: u64) -> bool {
        self.tables
            .actors
            .get(actor)
            .is_some_and(|record| record.since_version <= version)
    }

    /// The actors enrolled at a version, in name order.
    #[must_use]
    pub fn actors_at(&self, version: u64) -> Vec<Actor> {
        let actors = self.tables.actors.iter();
        let enrolled = actors.filter(|(_, record)| record.since_version <= version);
        enrolled.map(|(actor, _)| actor.clone()).collect()
    }

    /// The live keys of an actor at a version, in order of enrolment; none for an unknown actor.
    #[must_use]
    pub fn keys_of(&self, actor: &Actor, version: u64) -> Vec<KeyId> {
        let keys = self.all_keys_of(actor).iter();
        keys.copied()
            .filter(|key| self.key_at(key, version).is_some())
            .collect()
    }

    /// Every key an actor ever had, in order of enrolment.
    #[must_use]
    pub fn all_keys_of(&self, actor: &Actor) -> &[KeyId] {
        let record = self.tables.actors.get(actor);
        record.map_or(&[], |record| &record.keys)
    }

    /// The trust level of an actor at a version; 0 where none was set.
    #[must_use]
    pub fn level_at(&self, actor: &Actor, version: u64) -> u64 {
        let record = self.tables.actors.get(actor);
        let level = record.and_then(|record| record.level.at(version));
        level.copied().unwrap_or(0)
    }

    /// The groups that have members at a version, in name order; `governors` is not listed.
    #[must_use]
    pub fn groups_at(&self, version: u64) -> Vec<DottedName> {
        let groups = self.tables.groups.keys();
        groups
            .filter(|group| !self.members_at(group, version).is_empty())
            .cloned()
            .collect()
    }

    /// The members of a group at a version, in name order; `governors` is the group of the governors.
    #[must_use]
    pub fn members_at(&self, group: &DottedName, version: u64) -> &[Actor] {
        self.tables.members_at(group, version)
    }

    /// The groups an actor belongs to at a version, in name order; `governors` is not listed.
    #[must_use]
    pub fn groups_of(&self, actor: &Actor, version: u64) -> Vec<DottedName> {
        let mut groups = self.groups_at(version);
        groups.retain(|group| self.members_at(group, version).contains(actor));
        groups
    }

    /// Who governs at a version, in name order.
    #[must_use]
    pub fn governors_at(&self, version: u64) -> Vec<Actor> {
        self.tables.governors_at(version).actors.clone()
    }

    /// How many governors must sign what follows a version.
    #[must_use]
    pub fn threshold_at(&self, version: u64) -> u64 {
        self.tables.governors_at(version).threshold
    }

    /// The quorum rule of an action at a version.
    #[must_use]
    pub fn quorum_at(&self, action: GovernedAction, version: u64) -> Option<&QuorumRule> {
        self.tables.quorum_at(action, version)
    }

    /// Whether creating namespaces is governed at a version.
    #[must_use]
    pub fn is_creation_governed_at(&self, version: u64) -> bool {
        self.tables
            .creation_governed
            .at(version)
            .is_some_and(|governed| *governed)
    }

    /// Whether events may go to a namespace at a version, as far as creating it is concerned.
    #[must_use]
    pub fn admits_namespace_at(&self, ns: &Namespace, version: u64) -> bool {
        !self.is_creation_governed_at(version) || self.is_named_at(ns, version)
    }

    /// Whether governance names a namespace at a version.
    #[must_use]
    pub fn is_named_at(&self, ns: &Namespace, version: u64) -> bool {
        self.namespace_mark(ns, version).is_some()
    }

    /// The version that set the marks a namespace has at `version`.
    #[must_use]
    pub fn namespace_since(&self, ns: &Namespace, version: u64) -> Option<u64> {
        let marks = self.tables.namespaces.get(ns)?;
        marks.entry_at(version).map(|(since, _)| since)
    }

    /// Whether a namespace is marked for export at a version.
    #[must_use]
    pub fn is_export_marked_at(&self, ns: &Namespace, version: u64) -> bool {
        self.namespace_mark(ns, version) == Some(true)
    }

    /// The namespaces that governance names at a version and whether they are marked for export, in name order.
    #[must_use]
    pub fn namespaces_at(&self, version: u64) -> Vec<(Namespace, bool)> {
        let namespaces = self.tables.namespaces.keys();
        namespaces
            .filter_map(|ns| Some((ns.clone(), self.namespace_mark(ns, version)?)))
            .collect()
    }

    fn namespace_mark(&self, ns: &Namespace, version: u64) -> Option<bool> {
        self.tables.namespaces.get(ns)?.at(version).copied()
    }

    /// A grant that ever entered the chain.
    #[must_use]
    pub fn grant(&self, id: &GrantId) -> Option<&GrantRecord> {
        self.tables.grants.get(id)
    }

    /// The grants in force at a version, epochs aside, by id.
    pub fn grants_at(&self, version: u64) -> impl Iterator<Item = (&GrantId, &GrantRecord)> {
        let grants = self.tables.grants.iter();
        grants.filter(move |(_, record)| record.is_live_at(version))
    }

    /// The grants an actor holds at a version, epochs aside, in order of entry.
    pub fn grants_of(
        &self,
        actor: &Actor,
        version: u64,
    ) -> impl Iterator<Item = (GrantId, &GrantRecord)> {
        let held = self.tables.grants_by_subject.get(actor).into_iter();
        held.flatten().filter_map(move |id| {
            let record = self.tables.grants.get(id)?;
            record.is_live_at(version).then_some((*id, record))
        })
    }

    /// What an actor may do on a resource at a version in an epoch: the flat set of all its grants.
    #[must_use]
    pub fn capabilities_at(
        &self,
        actor: &Actor,
        version: u64,
        epoch: u64,
        resource: &ResourceUri,
    ) -> Capabilities {
        let (mut live, mut expired): (Vec<&Text>, Vec<&Text>) = (Vec::new(), Vec::new());
        for (_, record) in self.grants_of(actor, version) {
            let grant = &record.signed.grant;
            if !grant.resource.matches(resource) {
                continue;
            }
            if grant.holds_in(epoch) {
                live.extend(&grant.caps);
            } else if grant.is_expired_in(epoch) {
                expired.extend(&grant.caps);
            }
        }
        for caps in [&mut live, &mut expired] {
            caps.sort_unstable();
            caps.dedup();
        }
        expired.retain(|cap| live.binary_search(cap).is_err());
        Capabilities {
            live: live.into_iter().cloned().collect(),
            expired: expired.into_iter().cloned().collect(),
        }
    }

    /// What a version cut, if it took something away.
    #[must_use]
    pub fn cut_at(&self, version: u64) -> Option<&Cut> {
        self.record(version)?.cut.as_ref()
    }

    /// The journals in which a branch was chosen, in name order.
    pub fn chosen_journals(&self) -> impl Iterator<Item = &JournalName> {
        self.tables.choices.keys()
    }

    /// The cuts of one journal by all versions, and the choices between its branches.
    #[must_use]
    pub fn cuts_of(&self, journal: &JournalName) -> JournalCuts {
        let mut cuts = Vec::new();
        for (record, version) in self.versions.iter().zip(0u64..) {
            if let Some(cut) = &record.cut
                && cut.affects(journal)
            {
                let kept = cut.entry(journal);
                cuts.push(JournalCut {
                    version,
                    count: kept.map_or(0, |entry| entry.count),
                    event: kept.map(|entry| entry.event),
                });
            }
        }
        let choices = self.tables.choices.get(journal);
        let choices = choices.map_or(&[][..], |history| history.entries());
        let choice = |(version, (count, event)): &(u64, (u64, EventId))| JournalChoice {
            version: *version,
            count: *count,
            event: *event,
        };
        JournalCuts::new(cuts, choices.iter().map(choice).collect())
    }
}
