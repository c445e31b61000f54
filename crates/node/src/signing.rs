//! Who acts and with which key: from an intent's wishes to a key that can sign.
//!
//! Governance says which keys an actor has; the key store and the agent say which of them are at hand.
//! INVARIANT: a key is used for an actor only if governance's newest version has it live for that actor.
//! Tests: ../tests/it/append.rs, ../tests/it/keys.rs.

use std::path::PathBuf;
use std::sync::Arc;

use gatos_policy::governance::Chain;
use gatos_values::{Actor, ErrorCode, KeyId, SignatureNamespace, SshSignature};

use crate::append::lock;
use crate::fault::{Fault, Outcome};
use crate::init::KEY_FILE_SETTING;
use crate::keys::Signer;
use crate::node::Node;

/// An actor with a key of its own that is at hand.
pub struct ActingKey {
    /// Who acts.
    pub actor: Actor,
    /// With which key.
    pub key: KeyId,
    signer: Signer,
}

impl ActingKey {
    /// Signs an event's envelope.
    pub fn sign_event(&self, envelope_bytes: &[u8]) -> Outcome<SshSignature> {
        self.signer
            .sign(SignatureNamespace::Event.as_str(), envelope_bytes)
    }

    /// What signs with the key.
    pub(crate) fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Signs anything else under its own SSHSIG namespace.
    pub fn sign(&self, namespace: SignatureNamespace, message: &[u8]) -> Outcome<SshSignature> {
        self.signer.sign(namespace.as_str(), message)
    }
}

impl Node {
    /// Finds the key for an actor: the one named, else the repository's default key if it is this
    /// actor's, else the first of the actor's live keys that is at hand (key file first, then agent).
    ///
    /// # Errors
    /// `UNKNOWN_ACTOR` when the actor is not enrolled, `UNKNOWN_KEY` when none of its keys is at hand or the
    /// named one is not enrolled for it, `BAD_KEY` and `AGENT_FAILED` from the key itself.
    pub fn acting_key(
        &self,
        chain: &Chain,
        actor: Option<&Actor>,
        key: Option<&str>,
    ) -> Outcome<Arc<ActingKey>> {
        let named_key = key
            .map(str::to_owned)
            .or_else(|| self.options().key.clone());
        let actor = match actor {
            Some(actor) => actor.clone(),
            None => self.default_actor(chain, named_key.as_deref())?,
        };
        let cache_key = (actor.clone(), named_key.clone(), chain.head());
        if let Some(found) = lock(&self.acting_keys).get(&cache_key) {
            return Ok(found.clone());
        }
        let found = Arc::new(self.find_acting_key(chain, actor, named_key.as_deref())?);
        lock(&self.acting_keys).insert(cache_key, found.clone());
        Ok(found)
    }

    fn default_actor(&self, chain: &Chain, named_key: Option<&str>) -> Outcome<Actor> {
        if let Some(actor) = &self.options().actor {
            return Ok(actor.clone());
        }
        if let Some(named) = named_key {
            let signer = self.keys().load(named)?;
            let key = signer.public().key_id();
            return match chain.key_at(&key, chain.version()) {
                Some(record) => Ok(record.actor.clone()),
                None => Err(not_enrolled(&key)),
            };
        }
        self.configured_actor()?.ok_or_else(|| {
            Fault::new(
                ErrorCode::UnknownActor,
                chain.repository_name().as_str(),
                "no actor was named and this clone has no default actor",
            )
            .with_hint("name one with `--actor`, or set one: `git config gatos.actor user:<name>`")
        })
    }

    /// The key in the file that `init --key FILE` was given, if it is still there.
    fn configured_key_file(&self) -> Outcome<Option<Signer>> {
        let named = gatos_ledger::settings::value(self.repository(), KEY_FILE_SETTING)?;
        match named.map(PathBuf::from) {
            Some(path) if path.is_file() => Ok(Some(self.keys().load_file(&path)?)),
            _ => Ok(None),
        }
    }

    fn find_acting_key(
        &self,
        chain: &Chain,
        actor: Actor,
        named_key: Option<&str>,
    ) -> Outcome<ActingKey> {
        let version = chain.version();
        let live = chain.keys_of(&actor, version);
        if live.is_empty() {
            return Err(Fault::new(
                ErrorCode::UnknownActor,
                actor.as_str(),
                format!("actor `{actor}` is not enrolled, or has no live key"),
            )
            .with_hint(format!(
                "a governor can enrol it: `gatos actor add {actor} --key KEY.pub`"
            )));
        }
        if let Some(named) = named_key {
            let signer = self.keys().load(named)?;
            let key = signer.public().key_id();
            if !live.contains(&key) {
                return Err(Fault::new(
                    ErrorCode::UnknownKey,
                    actor.as_str(),
                    format!("key `{key}` is not enrolled for `{actor}`"),
                )
                .with_hint(format!(
                    "`gatos key list` shows the keys at hand, `gatos actor list` the enrolled ones; enrol it with `gatos actor add {actor} --key`"
                )));
            }
            return Ok(ActingKey { actor, key, signer });
        }
        let preferred = self.configured_key()?;
        let ordered = preferred
            .iter()
            .filter(|key| live.contains(key))
            .chain(live.iter().filter(|key| Some(**key) != preferred));
        for key in ordered {
            if let Some(signer) = self.keys().find(key)? {
                return Ok(ActingKey {
                    actor,
                    key: *key,
                    signer,
                });
            }
        }
        if let Some(signer) = self.configured_key_file()?
            && live.contains(&signer.public().key_id())
        {
            return Ok(ActingKey {
                actor,
                key: signer.public().key_id(),
                signer,
            });
        }
        let ids: Vec<String> = live.iter().map(KeyId::to_string).collect();
        Err(Fault::new(
            ErrorCode::UnknownKey,
            actor.as_str(),
            format!(
                "none of the keys of `{actor}` ({}) is at hand",
                ids.join(", ")
            ),
        )
        .with_hint("name the private key with `--key FILE`, put it into the key folder with `gatos key import FILE`, or `ssh-add` it"))
    }
}

fn not_enrolled(key: &KeyId) -> Fault {
    Fault::new(
        ErrorCode::UnknownKey,
        key.to_string(),
        format!("key `{key}` is not enrolled in this repository"),
    )
    .with_hint("a governor can enrol it: `gatos actor add user:<name> --key KEY.pub`")
}
