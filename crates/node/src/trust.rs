//! Trust at the node's door: grants, rotation step by step, and the history of governance in words.
//!
//! INVARIANT: a rotation that is interrupted leaves both keys usable; the old one goes last.
//! Tests: ../tests/it/governed.rs.

use gatos_policy::governance::{
    ChangeOperation, GovernanceDocument, Grant, GrantId, KeyRotation, ResourcePattern, SignedGrant,
    rotation_bytes,
};
use gatos_values::{
    Actor, ErrorCode, GovernanceId, KeyId, PublicKey, SignatureNamespace, Text, Ulid, Value,
};

use crate::VerifyScope;
use crate::clock;
use crate::fault::{Fault, Outcome};
use crate::governance;
use crate::keys::Signer;
use crate::node::{Node, NodeOptions};
use crate::reply;

/// What somebody wants to give.
#[derive(Clone, Debug)]
pub struct GrantWish {
    /// To whom.
    pub subject: Actor,
    /// What.
    pub caps: Vec<Text>,
    /// On which resources.
    pub resource: ResourcePattern,
    /// The first epoch it holds in.
    pub not_before_epoch: u64,
    /// The first epoch it no longer holds in.
    pub expires_epoch: Option<u64>,
    /// The grant it rests on.
    pub prev: Option<GrantId>,
    /// Grants of the same giver that end with it.
    pub revokes: Vec<GrantId>,
}

/// What a rotation did, a line for each step of the checklist.
#[derive(Clone, Debug)]
pub struct RotationReport {
    /// Whose key.
    pub actor: Actor,
    /// The old key, revoked now.
    pub old: KeyId,
    /// The new key.
    pub new: KeyId,
    /// The nine steps in order.
    pub steps: Vec<String>,
    /// The governance version that revoked the old key.
    pub gov: GovernanceId,
}

impl RotationReport {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        let steps = self.steps.iter().map(|step| reply::text(step)).collect();
        reply::object(vec![
            ("ok", Value::Bool(true)),
            ("actor", reply::text(self.actor.as_str())),
            ("old", reply::text(&self.old.to_string())),
            ("new", reply::text(&self.new.to_string())),
            ("steps", Value::List(steps)),
            ("gov", reply::text(&self.gov.to_string())),
        ])
    }
}

/// A governance version in words.
#[derive(Clone, Debug)]
pub struct TrustVersion {
    /// Which.
    pub version: u64,
    /// Its id.
    pub gov: GovernanceId,
    /// When it claims to be made.
    pub ulid: Ulid,
    /// Whose keys signed it.
    pub signers: Vec<Actor>,
    /// What it changed, a line each.
    pub changes: Vec<String>,
    /// How many journals its cut keeps, if it has one.
    pub cut_count: Option<u64>,
}

impl TrustVersion {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        let texts =
            |texts: &[String]| Value::List(texts.iter().map(|text| reply::text(text)).collect());
        let signers: Vec<String> = self.signers.iter().map(Actor::to_string).collect();
        reply::object(vec![
            ("version", reply::count(self.version)),
            ("gov", reply::text(&self.gov.to_string())),
            ("ulid", reply::text(&self.ulid.to_string())),
            ("signers", texts(&signers)),
            ("changes", texts(&self.changes)),
            ("cut", self.cut_count.map_or(Value::Null, reply::count)),
        ])
    }
}

impl Node {
    /// The operation that brings in a grant, signed by the acting actor.
    ///
    /// # Errors
    /// `UNKNOWN_KEY`, `UNKNOWN_ACTOR`, `BAD_GOVERNANCE` for a grant that breaks its format.
    pub fn prepare_grant(&self, wish: GrantWish) -> Outcome<ChangeOperation> {
        let chain = self.newest_governance()?;
        let acting = self.acting_key(&chain, None, None)?;
        let version = chain.version();
        let grant = Grant {
            repo: chain.repository_id(),
            ulid: clock::fresh_ulid(clock::now_ms()),
            issuer: acting.actor.clone(),
            subject: wish.subject,
            caps: wish.caps,
            fold_root: chain.fold_root_of(&wish.resource, version),
            resource: wish.resource,
            not_before_epoch: wish.not_before_epoch,
            expires_epoch: wish.expires_epoch,
            prev: wish.prev,
            revokes: wish.revokes,
            policy_root: chain.policy_root_at(version),
        };
        let signature = acting.sign(SignatureNamespace::Grant, &grant.encode()?)?;
        let grant = SignedGrant { grant, signature };
        Ok(ChangeOperation::GrantIssue { grant })
    }

    /// Governance, verified from its genesis on: not behind what was seen on this machine, and of this genesis.
    ///
    /// # Errors
    /// `REPO_MISMATCH` for another genesis, `GOV_BEHIND`, `GOV_FORK`, and what loading says.
    pub fn verify_governance(
        &self,
        root: Option<&GovernanceId>,
    ) -> Outcome<std::sync::Arc<gatos_policy::governance::Chain>> {
        let chain = self.newest_governance()?;
        match root {
            Some(root) if *root != chain.repository_id() => Err(Fault::new(
                ErrorCode::RepoMismatch,
                governance::GOVERNANCE_REF,
                format!("the genesis is `{}`, not `{root}`", chain.repository_id()),
            )),
            _ => Ok(chain),
        }
    }

    /// The versions of governance in words, oldest first.
    pub fn trust_log(&self) -> Outcome<Vec<TrustVersion>> {
        let chain = self.governance()?;
        let head = governance::head(self.repository())?;
        let mut versions = Vec::new();
        for (_, document) in governance::read_documents(self.repository(), head)? {
            let decoded = GovernanceDocument::decode(&document.bytes)?;
            let owner = |key: KeyId| chain.key(&key).map(|record| record.actor.clone());
            let mut signers: Vec<Actor> = document
                .signatures
                .iter()
                .filter_map(|signature| owner(signature.public.key_id()))
                .collect();
            signers.sort();
            signers.dedup();
            let (changes, cut) = match &decoded {
                GovernanceDocument::Genesis(genesis) => (
                    vec![format!(
                        "founded `{}` with {} actor(s); {} of {} governor(s) must sign",
                        genesis.name,
                        genesis.actors.len(),
                        genesis.threshold,
                        genesis.governors.len()
                    )],
                    None,
                ),
                GovernanceDocument::Change(change) => (
                    change.changes.iter().map(describe).collect(),
                    change.cut.as_ref().map(|entries| entries.len() as u64),
                ),
            };
            versions.push(TrustVersion {
                version: decoded.version(),
                gov: document.id(),
                ulid: decoded.ulid(),
                signers,
                changes,
                cut_count: cut,
            });
        }
        Ok(versions)
    }

    /// Replaces an actor's key by a new one, step by step; the old key is revoked at the end.
    ///
    /// # Errors
    /// `UNKNOWN_KEY` when the old key is not live or not at hand (say that it is lost), and what governance says: it
    /// refuses to leave a governor without a key or a quorum rule that nobody could meet.
    pub fn rotate(&self, old: KeyId, is_lost: bool) -> Outcome<RotationReport> {
        let chain = self.newest_governance()?;
        let Some(record) = chain.key_at(&old, chain.version()).cloned() else {
            return Err(Fault::new(
                ErrorCode::UnknownKey,
                old.to_string(),
                format!("key `{old}` is not live"),
            ));
        };
        let actor = record.actor;
        let mut steps = Vec::new();
        let new = self.keys().generate()?;
        let rotation = self.prepare_rotation(&actor, old, &new, is_lost)?;
        steps.push(format!("new key {} made, possession proved", new.key_id()));

        let mut operations = vec![rotation];
        let reissued = self.reissue_grants(&actor, old, &new)?;
        let reissued_count = reissued.len();
        operations.extend(reissued);
        self.govern(operations)?;
        steps.push(match is_lost {
            true => "rotation signed by the new key and the quorum for recovery".to_owned(),
            false => "rotation signed by the old and the new key".to_owned(),
        });
        steps.push(format!("{reissued_count} live grant(s) issued anew"));
        let governs = chain.governors_at(chain.version()).contains(&actor);
        steps.push(match governs {
            true => {
                "the change of a governor's keys is signed by the set before and after".to_owned()
            }
            false => "the actor does not govern: the governors' keys stay".to_owned(),
        });
        steps.push(self.settle_new_key(&old, &new)?);
        steps.push("no blob has this actor as a recipient".to_owned());
        let renewed = self.renew_checkpoints(&new.key_id())?;
        steps.push(format!("{renewed} checkpoint(s) written under the new key"));
        steps.push(self.verify_from_a_clone()?);
        let gov = self.govern(vec![ChangeOperation::KeyRevoke { key: old }])?;
        steps.push(format!(
            "old key {old} revoked, its journals cut where they stand"
        ));
        Ok(RotationReport {
            actor,
            old,
            new: new.key_id(),
            steps,
            gov,
        })
    }

    fn prepare_rotation(
        &self,
        actor: &Actor,
        old: KeyId,
        new: &PublicKey,
        is_lost: bool,
    ) -> Outcome<ChangeOperation> {
        let chain = self.governance()?;
        let bytes = rotation_bytes(chain.repository_id(), actor, old, new);
        let sign = |key: &KeyId| {
            self.signer_of(key)?
                .sign(SignatureNamespace::Grant.as_str(), &bytes)
        };
        let old_signature = match is_lost {
            true => None,
            false => Some(sign(&old).map_err(|fault| {
                fault.with_hint("if the old key is gone, say `--lost`; a quorum then speaks for it")
            })?),
        };
        Ok(ChangeOperation::KeyRotate(KeyRotation {
            actor: actor.clone(),
            old,
            public: *new,
            new_signature: sign(&new.key_id())?,
            old_signature,
        }))
    }

    fn signer_of(&self, key: &KeyId) -> Outcome<Signer> {
        self.keys().find(key)?.ok_or_else(|| {
            Fault::new(
                ErrorCode::UnknownKey,
                key.to_string(),
                format!("key `{key}` is not at hand"),
            )
        })
    }

    /// What the old key signed takes its place under the new one, so that nothing ends with the old key.
    fn reissue_grants(
        &self,
        actor: &Actor,
        old: KeyId,
        new: &PublicKey,
    ) -> Outcome<Vec<ChangeOperation>> {
        let chain = self.governance()?;
        let version = chain.version();
        let signer = self.signer_of(&new.key_id())?;
        let mut operations = Vec::new();
        for (id, record) in chain.grants_at(version) {
            if record.signed.grant.issuer != *actor
                || record.signed.signature.public.key_id() != old
            {
                continue;
            }
            let grant = Grant {
                ulid: clock::fresh_ulid(clock::now_ms()),
                prev: Some(*id),
                revokes: Vec::new(),
                policy_root: chain.policy_root_at(version),
                fold_root: chain.fold_root_of(&record.signed.grant.resource, version),
                ..record.signed.grant.clone()
            };
            let signature = signer.sign(SignatureNamespace::Grant.as_str(), &grant.encode()?)?;
            let grant = SignedGrant { grant, signature };
            operations.push(ChangeOperation::GrantIssue { grant });
        }
        Ok(operations)
    }

    /// The clone's default key follows, if it was the old one.
    fn settle_new_key(&self, old: &KeyId, new: &PublicKey) -> Outcome<String> {
        if self.configured_key()?.as_ref() == Some(old) {
            gatos_ledger::settings::set(self.repository(), "gatos.key", &new.key_id().to_string())?;
            return Ok("this clone signs with the new key; hooks hold no key".to_owned());
        }
        Ok("this clone's default key is another one; hooks hold no key".to_owned())
    }

    fn renew_checkpoints(&self, key: &KeyId) -> Outcome<u64> {
        let chain = self.governance()?;
        let mut renewed = 0;
        for ns in self.state_namespaces()? {
            let is_folded =
                chain.fold_root_at(&ns, chain.version()) != gatos_values::roots::EMPTY_FOLD_ROOT;
            if is_folded {
                let run = self.fold_run(&ns, &mut |_| {})?;
                let read = self.read_checkpoint(run.checkpoint)?;
                renewed += u64::from(read.signature.public.key_id() == *key);
            }
        }
        Ok(renewed)
    }

    /// Everything as a stranger would find it.
    fn verify_from_a_clone(&self) -> Outcome<String> {
        let folder = std::env::temp_dir().join(format!(
            "gatos-rotation-{}",
            clock::fresh_ulid(clock::now_ms())
        ));
        let source = self.repository().git_dir().display().to_string();
        let options = NodeOptions {
            actor: None,
            key: None,
            ..self.options().clone()
        };
        let outcome = (|| {
            Node::clone_from(&source, &folder, None, options.clone(), &mut |_| {})?;
            Node::open(&folder, options)?.verify(VerifyScope::All, None, &mut |_| {})
        })();
        // A temporary folder that cannot be removed is no reason to stop half-way.
        let _ = std::fs::remove_dir_all(&folder);
        let report = outcome?;
        Ok(format!(
            "a fresh clone verifies: {} event(s), {} state(s)",
            report.event_count, report.state_count
        ))
    }
}

/// An operation in words, for those who decide on it.
#[must_use]
pub fn describe(operation: &ChangeOperation) -> String {
    match operation {
        ChangeOperation::ActorEnrol { actor } => format!("`{actor}` is enrolled"),
        ChangeOperation::ActorLevel { actor, level } => {
            format!("`{actor}` is trusted at level {level}")
        }
        ChangeOperation::FoldInstall { ns, fold_root } => {
            format!("namespace `{ns}` is folded by `{fold_root}`")
        }
        ChangeOperation::GovernorsSet {
            governors,
            threshold,
        } => format!("{threshold} of {} govern", names(governors)),
        ChangeOperation::GrantIssue { grant } => {
            let grant = &grant.grant;
            let caps: Vec<&str> = grant.caps.iter().map(Text::as_str).collect();
            let until = grant
                .expires_epoch
                .map_or_else(String::new, |epoch| format!(" until epoch {epoch}"));
            format!(
                "`{}` gives `{}` {} on `{}`{until}",
                grant.issuer,
                grant.subject,
                caps.join(", "),
                grant.resource
            )
        }
        ChangeOperation::GrantRevoke { grant } => {
            format!("grant `{grant}` ends, and what hangs on it")
        }
        ChangeOperation::GroupSet { group, members } if members.is_empty() => {
            format!("group `{group}` ends")
        }
        ChangeOperation::GroupSet { group, members } => {
            format!("group `{group}` is {}", names(members))
        }
        ChangeOperation::JournalChoose {
            journal,
            count,
            event,
        } => format!(
            "of the branches of `{}`, the one with event `{event}` at place {count} counts",
            journal.short()
        ),
        ChangeOperation::KeyEnrol { actor, public } => {
            format!("key `{}` may sign for `{actor}`", public.key_id())
        }
        ChangeOperation::KeyRevoke { key } => format!("key `{key}` may not sign any more"),
        ChangeOperation::KeyRotate(rotation) => format!(
            "key `{}` takes the place of `{}` for `{}`{}",
            rotation.public.key_id(),
            rotation.old,
            rotation.actor,
            match rotation.old_signature {
                Some(_) => "",
                None => ", which is lost",
            }
        ),
        ChangeOperation::NamespaceCreation { governed: true } => {
            "only named namespaces admit events".to_owned()
        }
        ChangeOperation::NamespaceCreation { governed: false } => {
            "every namespace admits events".to_owned()
        }
        ChangeOperation::NamespaceSet { ns, export } => format!(
            "namespace `{ns}` exists, {}",
            if *export {
                "for export"
            } else {
                "not for export"
            }
        ),
        ChangeOperation::PolicyActivate { policy_root } => {
            format!("policy `{policy_root}` is in force")
        }
        ChangeOperation::QuorumSet { action, rule } => match rule {
            Some(rule) => format!("`{}` needs {rule}", action.as_str()),
            None => format!("`{}` needs the governors alone", action.as_str()),
        },
        other => other.name().to_owned(),
    }
}

fn names(actors: &[Actor]) -> String {
    let names: Vec<&str> = actors.iter().map(Actor::as_str).collect();
    names.join(", ")
}
