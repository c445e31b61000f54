//! What a chain knows, each item with the version it holds since.
//!
//! INVARIANT: `truncate(v)` gives the tables as they were when v was the newest version.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use gatos_values::{
    Actor, DottedName, EventId, JournalName, KeyId, Namespace, PublicKey, Sha256Digest,
};

use super::super::document::Genesis;
use super::super::grant::GrantId;
use super::super::history::History;
use super::super::operation::GovernedAction;
use super::super::quorum::QuorumRule;
use super::grants::GrantRecord;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tables {
    pub actors: BTreeMap<Actor, ActorRecord>,
    pub keys: BTreeMap<KeyId, KeyRecord>,
    pub folds: BTreeMap<Namespace, History<Sha256Digest>>,
    pub policy: History<Sha256Digest>,
    pub governors: History<Governors>,
    /// Members, sorted; an ended group has none.
    pub groups: BTreeMap<DottedName, History<Vec<Actor>>>,
    pub quorums: BTreeMap<GovernedAction, History<Option<QuorumRule>>>,
    /// Whether a namespace is marked for export.
    pub namespaces: BTreeMap<Namespace, History<bool>>,
    /// Whether creating namespaces is governed.
    pub creation_governed: History<bool>,
    /// Chosen branches: the first place at which they differ, and the event there.
    pub choices: BTreeMap<JournalName, History<(u64, EventId)>>,
    pub grants: BTreeMap<GrantId, GrantRecord>,
    /// In order of entry.
    pub grants_by_subject: BTreeMap<Actor, Vec<GrantId>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ActorRecord {
    pub since_version: u64,
    /// In order of enrolment.
    pub keys: Vec<KeyId>,
    pub level: History<u64>,
}

/// Who governs, sorted, and how many of them must sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Governors {
    pub actors: Vec<Actor>,
    pub threshold: u64,
}

/// An enrolled key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// Whose it is.
    pub actor: Actor,
    /// The key itself.
    pub public: PublicKey,
    /// The version that enrolled it.
    pub since_version: u64,
    /// The version that revoked it.
    pub until_version: Option<u64>,
    /// The key whose place it took.
    pub rotated_from: Option<KeyId>,
}

impl KeyRecord {
    pub(super) const fn new(actor: Actor, public: PublicKey, since_version: u64) -> KeyRecord {
        KeyRecord {
            actor,
            public,
            since_version,
            until_version: None,
            rotated_from: None,
        }
    }

    /// Whether the key may sign at a version.
    #[must_use]
    pub fn is_live_at(&self, version: u64) -> bool {
        is_live(self.since_version, self.until_version, version)
    }
}

/// Whether `version` lies in `since..until`.
pub(super) fn is_live(since: u64, until: Option<u64>, version: u64) -> bool {
    since <= version && until.is_none_or(|until| version < until)
}

impl Tables {
    pub fn found(genesis: Genesis) -> Tables {
        let mut tables = Tables {
            actors: BTreeMap::new(),
            keys: BTreeMap::new(),
            folds: BTreeMap::new(),
            policy: History::from_version(0, genesis.policy_root),
            governors: History::from_version(
                0,
                Governors {
                    actors: genesis.governors,
                    threshold: genesis.threshold,
                },
            ),
            groups: BTreeMap::new(),
            quorums: BTreeMap::new(),
            namespaces: BTreeMap::new(),
            creation_governed: History::default(),
            choices: BTreeMap::new(),
            grants: BTreeMap::new(),
            grants_by_subject: BTreeMap::new(),
        };
        for entry in genesis.actors {
            tables.add_actor(entry.actor.clone(), 0);
            for public in entry.keys {
                tables.add_key(KeyRecord::new(entry.actor.clone(), public, 0));
            }
        }
        tables
    }

    pub fn add_actor(&mut self, actor: Actor, since_version: u64) {
        let record = ActorRecord {
            since_version,
            keys: Vec::new(),
            level: History::default(),
        };
        self.actors.insert(actor, record);
    }

    pub fn add_key(&mut self, record: KeyRecord) {
        let key = record.public.key_id();
        if let Some(owner) = self.actors.get_mut(&record.actor) {
            owner.keys.push(key);
        }
        self.keys.insert(key, record);
    }

    pub fn add_grant(&mut self, id: GrantId, record: GrantRecord) {
        let subject = record.signed.grant.subject.clone();
        self.grants_by_subject.entry(subject).or_default().push(id);
        self.grants.insert(id, record);
    }

    pub fn governors_at(&self, version: u64) -> &Governors {
        const NOBODY: &Governors = &Governors {
            actors: Vec::new(),
            threshold: u64::MAX,
        };
        // The genesis always sets governors; were it ever otherwise, nobody could sign.
        self.governors.at(version).unwrap_or(NOBODY)
    }

    pub fn key_at(&self, key: &KeyId, version: u64) -> Option<&KeyRecord> {
        self.keys
            .get(key)
            .filter(|record| record.is_live_at(version))
    }

    pub fn has_live_key(&self, actor: &Actor, version: u64) -> bool {
        self.actors.get(actor).is_some_and(|record| {
            record
                .keys
                .iter()
                .any(|key| self.key_at(key, version).is_some())
        })
    }

    pub fn members_at(&self, group: &DottedName, version: u64) -> &[Actor] {
        if group.as_str() == super::super::quorum::GOVERNORS_GROUP {
            return &self.governors_at(version).actors;
        }
        let members = self.groups.get(group).and_then(|group| group.at(version));
        members.map_or(&[], Vec::as_slice)
    }

    pub fn quorum_at(&self, action: GovernedAction, version: u64) -> Option<&QuorumRule> {
        self.quorums.get(&action)?.at(version)?.as_ref()
    }

    /// Forgets whatever versions above `version` did.
    pub fn truncate(&mut self, version: u64) {
        let undo = |until: &mut Option<u64>| {
            if until.is_some_and(|until| until > version) {
                *until = None;
            }
        };
        self.keys.retain(|_, record| {
            undo(&mut record.until_version);
            record.since_version <= version
        });
        let keys = &self.keys;
        self.actors.retain(|_, record| {
            record.keys.retain(|key| keys.contains_key(key));
            record.level.truncate(version);
            record.since_version <= version
        });
        self.grants.retain(|_, record| {
            undo(&mut record.until_version);
            record.hangs_on.truncate(version);
            record.since_version <= version
        });
        let grants = &self.grants;
        self.grants_by_subject.retain(|_, ids| {
            ids.retain(|id| grants.contains_key(id));
            !ids.is_empty()
        });
        self.folds.retain(|_, history| history.truncate(version));
        self.groups.retain(|_, history| history.truncate(version));
        self.quorums.retain(|_, history| history.truncate(version));
        self.namespaces
            .retain(|_, history| history.truncate(version));
        self.choices.retain(|_, history| history.truncate(version));
        self.creation_governed.truncate(version);
        self.policy.truncate(version);
        self.governors.truncate(version);
    }
}
