//! Changes of governance before the policy in force: a restriction beside signatures, thresholds and quorum rules.
//!
//! What is asked and what an answer means is `gatos_policy::governing`. This file finds who signed, the epoch, and the
//! policy of the version before; it refuses what would lock everybody out. Local changes and pushed ones pass here.
//!
//! INVARIANT: the same document on the same chain, epochs and settings get the same answer on any machine.
//! Tests: ../../tests/it/govern_gate.rs.

use std::collections::BTreeSet;
use std::sync::Arc;

use gatos_policy::audit::{Answer, Door};
use gatos_policy::governance::{Chain, ChangeOperation, GovernanceDocument, SignedDocument};
use gatos_policy::governing::{GOVERNANCE_PATH, can_still_govern, questions};
use gatos_policy::language::Intent;
use gatos_values::roots::EMPTY_FOLD_ROOT;
use gatos_values::{Actor, Blake3Digest, ErrorCode, KeyId, ResourceUri};

use super::{Gate, Gates, Question, Surroundings, Verdict};
use crate::audit::AuditRequest;
use crate::fault::{Fault, Outcome};
use crate::governance::GOVERNANCE_REF;
use crate::node::Node;
use crate::signing::ActingKey;

/// How many may be able to sign a proposal for every combination of them to be tried before it is made.
const CANDIDATE_COUNT_MAX: usize = 6;

/// The policy's word about a change, and who was refused or, where nobody was, who signed first.
pub(crate) struct ChangeVerdict {
    pub(crate) verdict: Verdict,
    pub(crate) actor: Actor,
    pub(crate) key: KeyId,
    pub(crate) resource: ResourceUri,
}

/// A change with those who signed it.
pub(crate) struct SignedChange {
    pub(crate) id: Blake3Digest,
    operations: Vec<ChangeOperation>,
    /// Actor and key, in the order of actors.
    signers: Vec<(Actor, KeyId)>,
}

impl SignedChange {
    /// Reads what a chain that already holds the document knows of its signers.
    pub(crate) fn of(document: &SignedDocument, next: &Chain) -> Outcome<SignedChange> {
        let operations = match GovernanceDocument::decode(&document.bytes)? {
            GovernanceDocument::Change(change) => change.changes,
            GovernanceDocument::Genesis(_) => Vec::new(),
        };
        let keys = document.signatures.iter().map(|one| one.public.key_id());
        let mut signers: Vec<(Actor, KeyId)> = keys
            .filter_map(|key| Some((next.key(&key)?.actor.clone(), key)))
            .collect();
        signers.sort();
        signers.dedup_by(|left, right| left.0 == right.0);
        Ok(SignedChange {
            id: Blake3Digest::of(&document.bytes),
            operations,
            signers,
        })
    }
}

impl Gate {
    /// Asks about every operation and signer; the first refusal, else an allow with all rules that allow.
    pub(crate) fn judge_change(&self, change: &SignedChange, epoch: u64) -> Option<ChangeVerdict> {
        let signers: BTreeSet<Actor> = change
            .signers
            .iter()
            .map(|(actor, _)| actor.clone())
            .collect();
        let key_of = |actor: &Actor| {
            let mut signers = change.signers.iter();
            signers.find(|(one, _)| one == actor).map(|(_, key)| *key)
        };
        let mut together: Option<ChangeVerdict> = None;
        for asked in questions(&self.chain, &change.operations, &signers) {
            let verdict = self.answer(&Question {
                intent: Intent::Govern,
                actor: &asked.actor,
                claimed: None,
                labels: Vec::new(),
                path: GOVERNANCE_PATH,
                resource: &asked.resource,
                payload: &asked.payload,
                epoch,
            });
            let is_refused = verdict.refusal.is_some();
            let one = ChangeVerdict {
                verdict,
                key: key_of(&asked.actor)?,
                actor: asked.actor,
                resource: asked.resource,
            };
            if is_refused {
                return Some(one);
            }
            match &mut together {
                None => together = Some(one),
                Some(all) => {
                    all.verdict.rule_ids.extend(one.verdict.rule_ids);
                    if one.verdict.audit && !all.verdict.audit {
                        all.verdict.asked = one.verdict.asked;
                        all.verdict.audit = true;
                    }
                }
            }
        }
        together
    }
}

impl Node {
    /// Asks the policy in force about a document that is the next version. A refusal is recorded.
    ///
    /// # Errors
    /// `POLICY_DENY`, `CAP_EXPIRED`, `BAD_POLICY` when the policy's bytes are not here, `BAD_GOVERNANCE` when nobody
    /// could change anything again.
    pub(crate) fn pass_gate_to_govern(
        &self,
        chain: &Arc<Chain>,
        next: &Chain,
        document: &SignedDocument,
    ) -> Outcome<()> {
        let gates = Gates::new(Surroundings::local(self)?);
        if let Some(gate) = gates.at(self, chain, chain.version())? {
            let change = SignedChange::of(document, next)?;
            if let Some(judged) = gate.judge_change(&change, self.newest_epoch()?) {
                let record = || record_of_change(chain, &change, &judged, Door::Change);
                if let Some(refusal) = &judged.verdict.refusal {
                    return Err(self.recorded(refusal.clone(), record()));
                }
                if judged.verdict.audit {
                    self.record(vec![record()])?;
                }
            }
        }
        self.refuse_lock_out(next)
    }

    /// Refuses a proposal that the policy in force lets nobody carry out, and records that. Where more may sign than can be
    /// tried in every combination, or keys are not enrolled yet, it is left to carrying out.
    ///
    /// # Errors
    /// `POLICY_DENY`, `CAP_EXPIRED`, and as [`Node::pass_gate_to_govern`].
    pub(crate) fn refuse_hopeless_proposal(
        &self,
        chain: &Arc<Chain>,
        bytes: &[u8],
        operations: &[ChangeOperation],
        proposer: &ActingKey,
    ) -> Outcome<()> {
        let gates = Gates::new(Surroundings::local(self)?);
        let Some(gate) = gates.at(self, chain, chain.version())? else {
            return Ok(());
        };
        let Some(candidates) = candidates(chain, operations) else {
            return Ok(());
        };
        let epoch = self.newest_epoch()?;
        let mut refused = None;
        // All together first: what that says is what the proposer reads.
        for chosen in (1..1_u32 << candidates.len()).rev() {
            let signers = candidates.iter().zip(0..);
            let signers = signers.filter(|(_, bit)| chosen & (1 << bit) != 0);
            let change = SignedChange {
                id: Blake3Digest::of(bytes),
                operations: operations.to_vec(),
                signers: signers.map(|(signer, _)| signer.clone()).collect(),
            };
            if !are_enough(chain, &change) {
                continue;
            }
            match gate.judge_change(&change, epoch) {
                Some(judged) if judged.verdict.refusal.is_some() => {
                    refused.get_or_insert((change, judged));
                }
                _ => return Ok(()),
            }
        }
        let Some((change, mut judged)) = refused else {
            return Ok(());
        };
        // On record stands who asked, not who would have been refused.
        (judged.actor, judged.key) = (proposer.actor.clone(), proposer.key);
        let record = record_of_change(chain, &change, &judged, Door::Change);
        match judged.verdict.refusal {
            None => Ok(()),
            Some(refusal) => {
                let reason = format!("nobody who may sign could carry it out: {}", refusal.reason);
                Err(self.recorded(Fault { reason, ..refusal }, record))
            }
        }
    }

    /// Refuses a chain under whose policy nobody could ever activate another.
    pub(crate) fn refuse_lock_out(&self, next: &Chain) -> Outcome<()> {
        let version = next.version();
        let Some(policy) = self.policy_at(next, version)? else {
            return Ok(());
        };
        if can_still_govern(next, &policy) {
            return Ok(());
        }
        Err(Fault::new(
            ErrorCode::BadGovernance,
            GOVERNANCE_REF,
            format!(
                "policy `{}` would let nobody change anything again: its rules about `govern` refuse the governors",
                policy.root()
            ),
        )
        .with_hint(
            "give the governors what those rules ask for first (`gatos trust grant --cap`, without an end; `gatos trust group`, `gatos trust governors`)",
        ))
    }

    /// The highest epoch of any namespace here: that of changes of governance, which belong to none.
    pub(crate) fn newest_epoch(&self) -> Outcome<u64> {
        let mut newest = 0;
        for ns in self.epoch_namespaces()? {
            newest = newest.max(self.epoch_current(&ns)?);
        }
        Ok(newest)
    }
}

/// Everybody whose signature could count for a change, with a key; none where that cannot be told or are too many.
fn candidates(chain: &Chain, operations: &[ChangeOperation]) -> Option<Vec<(Actor, KeyId)>> {
    let version = chain.version();
    let mut actors: BTreeSet<Actor> = chain.governors_at(version).into_iter().collect();
    for operation in operations {
        if let ChangeOperation::GovernorsSet { governors, .. } = operation {
            actors.extend(governors.iter().cloned());
        }
    }
    let requirements = chain.requirements(operations);
    let counts = |actor: &Actor| {
        let mut requirements = requirements.iter();
        requirements.any(|requirement| chain.counts_for(requirement, actor))
    };
    actors.extend(chain.actors_at(version).into_iter().filter(counts));
    if actors.len() > CANDIDATE_COUNT_MAX {
        return None;
    }
    let keyed = actors.into_iter().map(|actor| {
        let key = chain.keys_of(&actor, version).first().copied()?;
        Some((actor, key))
    });
    keyed.collect()
}

/// Whether these signers meet the threshold and the quorum rules of the version before.
fn are_enough(chain: &Chain, change: &SignedChange) -> bool {
    let version = chain.version();
    let signers: BTreeSet<&Actor> = change.signers.iter().map(|(actor, _)| actor).collect();
    let governors = chain.governors_at(version);
    let signing = governors
        .iter()
        .filter(|one| signers.contains(*one))
        .count() as u64;
    let requirements = chain.requirements(&change.operations);
    signing >= chain.threshold_at(version)
        && requirements
            .iter()
            .all(|requirement| chain.meets(requirement, &signers))
}

/// The record of a verdict about a change.
pub(crate) fn record_of_change(
    chain: &Chain,
    change: &SignedChange,
    judged: &ChangeVerdict,
    via: Door,
) -> AuditRequest {
    let verdict = &judged.verdict;
    AuditRequest {
        answer: match &verdict.refusal {
            None => Answer::Allow,
            Some(fault) => Answer::Deny(fault.code),
        },
        intent: Intent::Govern,
        actor: judged.actor.clone(),
        key: judged.key,
        event: None,
        document: Some(change.id),
        reference: GOVERNANCE_REF.to_owned(),
        resource: Some(judged.resource.clone()),
        rule_ids: verdict.rule_ids.clone(),
        reason: verdict.refusal.as_ref().map_or_else(
            || "a rule allows it and wants it on record".to_owned(),
            |fault| fault.reason.clone(),
        ),
        via,
        governance_version: chain.version(),
        fold_root: EMPTY_FOLD_ROOT,
        asked: verdict.asked.clone(),
    }
}
