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
