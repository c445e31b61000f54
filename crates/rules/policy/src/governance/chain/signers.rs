//! Who must sign a document: the governors' threshold, before and after, and the quorum rules of what it does.
//!
//! INVARIANT: a document counts only with the threshold of the version before it and of its own, and with every rule
//! that either version has for its actions.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use gatos_values::{Actor, DottedName, KeyId, SignatureNamespace, SshSignature, sshsig};

use super::super::document::SignedDocument;
use super::super::error::GovernanceError;
use super::super::operation::{ChangeOperation, GovernedAction};
use super::super::quorum::QuorumRule;
use super::Chain;

/// A quorum rule that a document must meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// For which action.
    pub action: GovernedAction,
    /// The rule.
    pub rule: QuorumRule,
    /// The version whose keys and groups count.
    pub version: u64,
}

impl Chain {
    /// How many more governors must sign the next version when these keys do.
    #[must_use]
    pub fn signers_missing(&self, keys: &[KeyId]) -> u64 {
        let version = self.version();
        let signed = governors_among(&self.governing_keys_at(version), keys);
        self.threshold_at(version).saturating_sub(signed)
    }

    /// The quorum rules that the next version needs when it carries these operations. Rules that it sets itself are
    /// judged by the groups and keys it makes.
    #[must_use]
    pub fn requirements(&self, changes: &[ChangeOperation]) -> Vec<Requirement> {
        self.requirements_of(changes, self.version() + 1)
    }

    fn requirements_of(&self, changes: &[ChangeOperation], version: u64) -> Vec<Requirement> {
        let mut actions: BTreeSet<GovernedAction> =
            changes.iter().map(ChangeOperation::action).collect();
        let mut requirements = Vec::new();
        for operation in changes {
            if let ChangeOperation::QuorumSet { action, rule } = operation {
                actions.insert(*action);
                if let Some(rule) = rule.clone() {
                    requirements.push(Requirement {
                        action: *action,
                        rule,
                        version,
                    });
                }
            }
        }
        let before = version.saturating_sub(1);
        for action in actions {
            if let Some(rule) = self.quorum_at(action, before).cloned() {
                requirements.push(Requirement {
                    action,
                    rule,
                    version: before,
                });
            }
        }
        requirements
    }

    /// Whether these actors meet a requirement.
    #[must_use]
    pub fn meets(&self, requirement: &Requirement, approvers: &BTreeSet<&Actor>) -> bool {
        let members = |group: &DottedName| self.tables.members_at(group, requirement.version);
        requirement.rule.is_met(approvers, &members)
    }

    /// Whether an actor's agreement can matter to a requirement.
    #[must_use]
    pub fn counts_for(&self, requirement: &Requirement, actor: &Actor) -> bool {
        let members = |group: &DottedName| self.tables.members_at(group, requirement.version);
        requirement.rule.counts(actor, &members)
    }

    fn governing_keys_at(&self, version: u64) -> BTreeMap<KeyId, &Actor> {
        let mut governing = BTreeMap::new();
        for governor in &self.tables.governors_at(version).actors {
            let keys = self.keys_of(governor, version).into_iter();
            governing.extend(keys.map(|key| (key, governor)));
        }
        governing
    }

    /// Every signature is valid, by a key that may sign and by no key twice; the thresholds of the version before
    /// and of the document's own are met, and so are all quorum rules. The tables hold the document's operations.
    pub(super) fn check_signatures(
        &self,
        document: &SignedDocument,
        version: u64,
        changes: &[ChangeOperation],
    ) -> Result<(), GovernanceError> {
        let before = version.saturating_sub(1);
        let governing = [before, version].map(|version| (version, self.governing_keys_at(version)));
        let requirements = self.requirements_of(changes, version);
        let may_sign = |key: &KeyId| {
            let counts = |requirement: &Requirement| {
                let record = self.tables.key_at(key, requirement.version);
                record.is_some_and(|record| self.counts_for(requirement, &record.actor))
            };
            governing.iter().any(|(_, keys)| keys.contains_key(key))
                || requirements.iter().any(counts)
        };
        let keys = check_each(document, may_sign)?;
        for (version, governing) in &governing {
            let (signed, needed) = (
                governors_among(governing, &keys),
                self.threshold_at(*version),
            );
            if signed < needed {
                return Err(GovernanceError::TooFewSignatures { signed, needed });
            }
        }
        for requirement in requirements {
            let owner = |key| self.tables.key_at(key, requirement.version);
            let approvers = keys.iter().filter_map(owner).map(|record| &record.actor);
            if !self.meets(&requirement, &approvers.collect()) {
                let Requirement { action, rule, .. } = requirement;
                return Err(GovernanceError::QuorumNotMet { action, rule });
            }
        }
        Ok(())
    }
}

fn governors_among(governing: &BTreeMap<KeyId, &Actor>, keys: &[KeyId]) -> u64 {
    let signed = keys.iter().filter_map(|key| governing.get(key));
    signed.collect::<BTreeSet<_>>().len() as u64
}

/// The keys that signed, each once.
fn check_each(
    document: &SignedDocument,
    may_sign: impl Fn(&KeyId) -> bool,
) -> Result<Vec<KeyId>, GovernanceError> {
    let mut keys: Vec<KeyId> = Vec::with_capacity(document.signatures.len());
    for signature in &document.signatures {
        let key = signature.public.key_id();
        if keys.contains(&key) {
            return Err(GovernanceError::SignedTwice(key));
        }
        if !may_sign(&key) {
            return Err(GovernanceError::NotAGovernor(key));
        }
        check_signature(document, signature, key)?;
        keys.push(key);
    }
    Ok(keys)
}

fn check_signature(
    document: &SignedDocument,
    signature: &SshSignature,
    key: KeyId,
) -> Result<(), GovernanceError> {
    let namespace = SignatureNamespace::Grant.as_str();
    sshsig::verify(namespace, &document.bytes, signature)
        .map_err(|error| GovernanceError::BadSignature { key, error })
}
