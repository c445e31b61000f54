//! Actors and their keys: listing and enrolling. Tests: ../tests/it/governance.rs.

use gatos_policy::governance::ChangeOperation;
use gatos_values::{Actor, ErrorCode, GovernanceId, KeyId, PublicKey, Value};

use crate::fault::{Fault, Outcome};
use crate::node::Node;
use crate::reply;

/// An actor with its live keys.
#[derive(Clone, Debug)]
pub struct ActorRecord {
    /// The actor.
    pub actor: Actor,
    /// Its live keys.
    pub keys: Vec<KeyId>,
    /// Whether it governs.
    pub governor: bool,
}

impl ActorRecord {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        reply::object(vec![
            ("actor", reply::text(self.actor.as_str())),
            (
                "keys",
                Value::List(
                    self.keys
                        .iter()
                        .map(|key| reply::text(&key.to_string()))
                        .collect(),
                ),
            ),
            ("governor", Value::Bool(self.governor)),
        ])
    }
}

impl Node {
    /// All enrolled actors.
    pub fn actors(&self) -> Outcome<Vec<ActorRecord>> {
        let chain = self.governance()?;
        let version = chain.version();
        let governors = chain.governors_at(version);
        Ok(chain
            .actors_at(version)
            .into_iter()
            .map(|actor| ActorRecord {
                keys: chain.keys_of(&actor, version),
                governor: governors.contains(&actor),
                actor,
            })
            .collect())
    }

    /// Enrols a public key for an actor, and the actor too when it is new.
    ///
    /// # Errors
    /// `BAD_GOVERNANCE` when the key is enrolled already, and what governance may say.
    pub fn enrol(&self, actor: &Actor, public: &PublicKey) -> Outcome<GovernanceId> {
        let chain = self.governance()?;
        let version = chain.version();
        let key = public.key_id();
        if let Some(record) = chain.key_at(&key, version) {
            return Err(Fault::new(
                ErrorCode::BadGovernance,
                actor.as_str(),
                format!("key `{key}` is enrolled already, for `{}`", record.actor),
            )
            .with_hint("a key belongs to one actor; make another with `gatos key new`"));
        }
        let mut operations = Vec::new();
        if !chain.actors_at(version).contains(actor) {
            operations.push(ChangeOperation::ActorEnrol {
                actor: actor.clone(),
            });
        }
        operations.push(ChangeOperation::KeyEnrol {
            actor: actor.clone(),
            public: *public,
        });
        self.govern(operations)
    }
}
