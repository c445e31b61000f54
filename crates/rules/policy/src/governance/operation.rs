//! The operations of a change: what each is called, its fields, and which kind of governed action it is.
//!
//! What an operation does is `chain`'s work.
//!
//! INVARIANT: `read` accepts exactly what `to_value` gives.
//! Format: docs/formats/governance.md. Tests: tests/it/document.rs, tests/it/operations.rs.

use alloc::string::ToString;
use alloc::vec::Vec;

use gatos_values::{
    Actor, DottedName, EventId, JournalName, KeyId, Map, Namespace, PublicKey, RepositoryId,
    Sha256Digest, SshSignature, Text, Value, json,
};

use super::cut;
use super::document::{key_map, read_key, unsupported};
use super::error::GovernanceError;
use super::fields::{Fields, bad, check_rising};
use super::grant::{GrantId, SignedGrant};
use super::quorum::{GOVERNORS_GROUP, QuorumRule};

/// One operation of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeOperation {
    /// `actor.enrol`: a new actor, without keys yet.
    ActorEnrol {
        /// Who.
        actor: Actor,
    },
    /// `actor.level`: the trust level of an actor from here on; 0 at first.
    ActorLevel {
        /// Who.
        actor: Actor,
        /// How far it is trusted.
        level: u64,
    },
    /// `fold.install`: the fold of a namespace from here on.
    FoldInstall {
        /// Where.
        ns: Namespace,
        /// SHA-256 of the compiled fold.
        fold_root: Sha256Digest,
    },
    /// `governors.set`: who governs from here on, and how many of them must sign.
    GovernorsSet {
        /// Who: sorted, unique, each with a key.
        governors: Vec<Actor>,
        /// How many.
        threshold: u64,
    },
    /// `grant.issue`: a grant enters.
    GrantIssue {
        /// The grant.
        grant: SignedGrant,
    },
    /// `grant.revoke`: a grant ends, and with it what hangs on it.
    GrantRevoke {
        /// Which.
        grant: GrantId,
    },
    /// `group.set`: the members of a group from here on; none ends it.
    GroupSet {
        /// Which group.
        group: DottedName,
        /// Who belongs to it: sorted, unique.
        members: Vec<Actor>,
    },
    /// `journal.choose`: of two branches that one key signed, the one with this event counts.
    JournalChoose {
        /// Which journal.
        journal: JournalName,
        /// The first place at which the branches differ, from 1 on.
        count: u64,
        /// The event that stands there.
        event: EventId,
    },
    /// `key.enrol`: a new key of an enrolled actor.
    KeyEnrol {
        /// Whose.
        actor: Actor,
        /// Which.
        public: PublicKey,
    },
    /// `key.revoke`: a key ends.
    KeyRevoke {
        /// Which.
        key: KeyId,
    },
    /// `key.rotate`: a new key that takes an old one's place; the old one lives on until it is revoked.
    KeyRotate(KeyRotation),
    /// `namespace.creation`: whether events may go to namespaces that no `namespace.set` named.
    NamespaceCreation {
        /// Whether creating namespaces is governed from here on.
        governed: bool,
    },
    /// `namespace.set`: a namespace exists, with these marks.
    NamespaceSet {
        /// Which.
        ns: Namespace,
        /// Whether what is in it may leave; without it the namespace is kept, and admits export-limiting labels.
        export: bool,
    },
    /// `policy.activate`: the policy in force from here on.
    PolicyActivate {
        /// SHA-256 of the compiled policy.
        policy_root: Sha256Digest,
    },
    /// `quorum.set`: who must agree to an action from here on; no rule leaves it to the governors.
    QuorumSet {
        /// Which action.
        action: GovernedAction,
        /// The rule.
        rule: Option<QuorumRule>,
    },
}

/// A new key in the place of an old one, with proof that its owner holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRotation {
    /// Whose.
    pub actor: Actor,
    /// The old key.
    pub old: KeyId,
    /// The new key.
    pub public: PublicKey,
    /// The new key's signature over [`rotation_bytes`].
    pub new_signature: SshSignature,
    /// The old key's; `None` when it is lost, which is a `recovery`.
    pub old_signature: Option<SshSignature>,
}

/// What both keys of a rotation sign, namespace `gatos-grant`: canonical JSON of
/// `{actor, kind: "governance.rotation", new, old, repo, v}`.
#[must_use]
pub fn rotation_bytes(
    repo: RepositoryId,
    actor: &Actor,
    old: KeyId,
    public: &PublicKey,
) -> Vec<u8> {
    let map = Map::new()
        .with("actor", actor.to_value())
        .with("kind", "governance.rotation")
        .with("new", openssh_value(public))
        .with("old", old.to_value())
        .with("repo", repo.to_value())
        .with("v", 1u64);
    // Names, digests and keys are ASCII, so the map always has a canonical form.
    json::encode_canonical(&Value::Map(map)).unwrap_or_default()
}

/// The kinds of governed action that may have a quorum rule of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GovernedAction {
    /// Sealing an epoch of a namespace; its anchor is signed, no change of governance.
    Epoch,
    /// Marking a namespace for export.
    Export,
    /// Installing folds.
    Fold,
    /// Issuing and revoking grants.
    Grant,
    /// Activating policies.
    Policy,
    /// A new key for an actor whose old one is lost.
    Recovery,
    /// Actors, keys, levels, groups, governors, namespaces, branches of journals and the rules themselves.
    Trust,
}

impl GovernedAction {
    /// Every action, in name order.
    pub const ALL: [GovernedAction; 7] = [
        GovernedAction::Epoch,
        GovernedAction::Export,
        GovernedAction::Fold,
        GovernedAction::Grant,
        GovernedAction::Policy,
        GovernedAction::Recovery,
        GovernedAction::Trust,
    ];

    /// The name in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            GovernedAction::Epoch => "epoch",
            GovernedAction::Export => "export",
            GovernedAction::Fold => "fold",
            GovernedAction::Grant => "grant",
            GovernedAction::Policy => "policy",
            GovernedAction::Recovery => "recovery",
            GovernedAction::Trust => "trust",
        }
    }

    /// The action of a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<GovernedAction> {
        GovernedAction::ALL
            .into_iter()
            .find(|action| action.as_str() == text)
    }
}

impl ChangeOperation {
    /// The name in documents, for example `actor.enrol`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            ChangeOperation::ActorEnrol { .. } => "actor.enrol",
            ChangeOperation::ActorLevel { .. } => "actor.level",
            ChangeOperation::FoldInstall { .. } => "fold.install",
            ChangeOperation::GovernorsSet { .. } => "governors.set",
            ChangeOperation::GrantIssue { .. } => "grant.issue",
            ChangeOperation::GrantRevoke { .. } => "grant.revoke",
            ChangeOperation::GroupSet { .. } => "group.set",
            ChangeOperation::JournalChoose { .. } => "journal.choose",
            ChangeOperation::KeyEnrol { .. } => "key.enrol",
            ChangeOperation::KeyRevoke { .. } => "key.revoke",
            ChangeOperation::KeyRotate(_) => "key.rotate",
            ChangeOperation::NamespaceCreation { .. } => "namespace.creation",
            ChangeOperation::NamespaceSet { .. } => "namespace.set",
            ChangeOperation::PolicyActivate { .. } => "policy.activate",
            ChangeOperation::QuorumSet { .. } => "quorum.set",
        }
    }

    /// Which kind of governed action it is.
    #[must_use]
    pub const fn action(&self) -> GovernedAction {
        match self {
            ChangeOperation::FoldInstall { .. } => GovernedAction::Fold,
            ChangeOperation::GrantIssue { .. } | ChangeOperation::GrantRevoke { .. } => {
                GovernedAction::Grant
            }
            ChangeOperation::KeyRotate(rotation) if rotation.old_signature.is_none() => {
                GovernedAction::Recovery
            }
            ChangeOperation::NamespaceSet { export: true, .. } => GovernedAction::Export,
            ChangeOperation::PolicyActivate { .. } => GovernedAction::Policy,
            _ => GovernedAction::Trust,
        }
    }

    /// Reads a list of operations as it stands in the `changes` of a document.
    ///
    /// # Errors
    /// [`GovernanceError::Field`] and [`GovernanceError::Unsupported`], naming the place as in a document.
    pub fn list_from_value(list: &Value) -> Result<Vec<ChangeOperation>, GovernanceError> {
        let map = Value::Map(Map::new().with("changes", list.clone()));
        let mut fields = Fields::top(&map)?;
        fields.maps("changes", ChangeOperation::read)
    }

    /// The operation as it stands in a document.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let map = match self {
            ChangeOperation::ActorEnrol { actor } => Map::new().with("actor", actor.to_value()),
            ChangeOperation::ActorLevel { actor, level } => Map::new()
                .with("actor", actor.to_value())
                .with("level", *level),
            ChangeOperation::FoldInstall { ns, fold_root } => Map::new()
                .with("ns", ns.to_value())
                .with("fold_root", fold_root.to_value()),
            ChangeOperation::GovernorsSet {
                governors,
                threshold,
            } => Map::new()
                .with("governors", actors_value(governors))
                .with("threshold", *threshold),
            ChangeOperation::GrantIssue { grant } => {
                Map::new().with("grant", Value::Map(grant.to_map()))
            }
            ChangeOperation::GrantRevoke { grant } => Map::new().with("grant", grant.to_value()),
            ChangeOperation::GroupSet { group, members } => Map::new()
                .with("group", group.to_value())
                .with("members", actors_value(members)),
            ChangeOperation::JournalChoose {
                journal,
                count,
                event,
            } => Map::new()
                .with("journal", cut::journal_value(journal))
                .with("count", *count)
                .with("event", event.to_value()),
            ChangeOperation::KeyEnrol { actor, public } => {
                key_map(public).with("actor", actor.to_value())
            }
            ChangeOperation::KeyRevoke { key } => Map::new().with("key", key.to_value()),
            ChangeOperation::KeyRotate(rotation) => rotation.to_map(),
            ChangeOperation::NamespaceCreation { governed } => {
                Map::new().with("governed", *governed)
            }
            ChangeOperation::NamespaceSet { ns, export } => {
                Map::new().with("ns", ns.to_value()).with("export", *export)
            }
            ChangeOperation::PolicyActivate { policy_root } => {
                Map::new().with("policy_root", policy_root.to_value())
            }
            ChangeOperation::QuorumSet { action, rule } => {
                Map::new().with("action", action.as_str()).with(
                    "rule",
                    rule.as_ref().map_or(Value::Null, QuorumRule::to_value),
                )
            }
        };
        Value::Map(map.with("op", self.name()))
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> Result<ChangeOperation, GovernanceError> {
        let operation = match fields.text("op")? {
            "actor.enrol" => ChangeOperation::ActorEnrol {
                actor: fields.parsed("actor")?,
            },
            "actor.level" => ChangeOperation::ActorLevel {
                actor: fields.parsed("actor")?,
                level: fields.unsigned("level")?,
            },
            "fold.install" => ChangeOperation::FoldInstall {
                ns: fields.parsed("ns")?,
                fold_root: fields.parsed("fold_root")?,
            },
            "governors.set" => ChangeOperation::GovernorsSet {
                governors: fields.parsed_list("governors")?,
                threshold: fields.unsigned("threshold")?,
            },
            "grant.issue" => ChangeOperation::GrantIssue {
                grant: fields.map("grant", SignedGrant::read)?,
            },
            "grant.revoke" => ChangeOperation::GrantRevoke {
                grant: fields.parsed("grant")?,
            },
            "group.set" => ChangeOperation::GroupSet {
                group: fields.parsed("group")?,
                members: fields.parsed_list("members")?,
            },
            "journal.choose" => ChangeOperation::JournalChoose {
                journal: cut::read_journal(fields)?,
                count: fields.unsigned("count")?,
                event: fields.parsed("event")?,
            },
            "key.enrol" => ChangeOperation::KeyEnrol {
                actor: fields.parsed("actor")?,
                public: read_key(fields)?,
            },
            "key.revoke" => ChangeOperation::KeyRevoke {
                key: fields.parsed("key")?,
            },
            "key.rotate" => ChangeOperation::KeyRotate(KeyRotation::read(fields)?),
            "namespace.creation" => ChangeOperation::NamespaceCreation {
                governed: fields.boolean("governed")?,
            },
            "namespace.set" => ChangeOperation::NamespaceSet {
                ns: fields.parsed("ns")?,
                export: fields.boolean("export")?,
            },
            "policy.activate" => ChangeOperation::PolicyActivate {
                policy_root: fields.parsed("policy_root")?,
            },
            "quorum.set" => ChangeOperation::QuorumSet {
                action: read_action(fields)?,
                rule: fields.optional("rule", Fields::parsed)?,
            },
            other => return Err(unsupported(&fields.name("op"), other)),
        };
        operation.check(&fields.name(""))?;
        Ok(operation)
    }

    /// What can be wrong with an operation on its own.
    pub(super) fn check(&self, place: &str) -> Result<(), GovernanceError> {
        let name = |field: &str| alloc::format!("{place}{field}");
        match self {
            ChangeOperation::GovernorsSet {
                governors,
                threshold,
            } => {
                check_rising(&name("governors"), governors.iter())?;
                if *threshold == 0 || *threshold > governors.len() as u64 {
                    let reason = "is not between 1 and the number of governors";
                    return Err(bad(&name("threshold"), reason));
                }
                Ok(())
            }
            ChangeOperation::GroupSet { group, members } => {
                if group.as_str() == GOVERNORS_GROUP {
                    let reason = "is `governors`, the group that always holds the governors";
                    return Err(bad(&name("group"), reason));
                }
                check_rising(&name("members"), members.iter())
            }
            ChangeOperation::GrantIssue { grant } => grant.grant.encode().map(|_| ()),
            ChangeOperation::JournalChoose { count: 0, .. } => {
                Err(bad(&name("count"), "is 0; the first event stands at 1"))
            }
            ChangeOperation::ActorLevel { level, .. } if i64::try_from(*level).is_err() => {
                Err(bad(&name("level"), "is not an integer from 0 to 2^63 - 1"))
            }
            _ => Ok(()),
        }
    }
}

fn read_action(fields: &mut Fields<'_>) -> Result<GovernedAction, GovernanceError> {
    let text = fields.text("action")?;
    GovernedAction::parse(text).ok_or_else(|| unsupported(&fields.name("action"), text))
}

fn actors_value(actors: &[Actor]) -> Value {
    Value::List(actors.iter().map(Actor::to_value).collect())
}

fn openssh_value(public: &PublicKey) -> Value {
    Text::from_string(public.openssh_text().to_string()).map_or(Value::Null, Value::Text)
}

impl KeyRotation {
    fn to_map(&self) -> Map {
        let old = self.old_signature.as_ref();
        key_map(&self.public)
            .with("actor", self.actor.to_value())
            .with("new_sig", self.new_signature.to_value())
            .with("old", self.old.to_value())
            .with("old_sig", old.map_or(Value::Null, SshSignature::to_value))
    }

    fn read(fields: &mut Fields<'_>) -> Result<KeyRotation, GovernanceError> {
        Ok(KeyRotation {
            actor: fields.parsed("actor")?,
            old: fields.parsed("old")?,
            public: read_key(fields)?,
            new_signature: fields.signature("new_sig")?,
            old_signature: fields.optional("old_sig", Fields::signature)?,
        })
    }
}
