//! Judging what arrives from elsewhere, by a fetch or by a push: one judgement for both doors.
//!
//! Nothing is moved here and nothing is written. Whoever asks decides what becomes of the answer: `sync`
//! forwards, quarantines or reports; the push gate lets the push in or refuses it.
//!
//! INVARIANT: what these functions accept continues what is here, commit by commit.
//! Tests: ../tests/it/sync.rs, ../tests/it/push_gate.rs.

use gatos_ledger::{Admission, ObjectId, Repository, walk};
use gatos_policy::governance::Chain;
use gatos_values::{ErrorCode, EventId, JournalName, Ulid};

use crate::fault::{Fault, Outcome};
use crate::governance::{self, GOVERNANCE_REF};
use crate::reply;

/// The chain that ends in `theirs`, if it continues ours; none if ours contains all of it.
///
/// # Errors
/// `REPO_MISMATCH`, `GOV_FORK`, `FF_VIOLATION` when it is ours with other signatures, and what loading says.
pub(crate) fn judge_governance(
    repository: &Repository,
    ours: ObjectId,
    our_chain: &Chain,
    theirs: ObjectId,
) -> Outcome<Option<Chain>> {
    let their_chain = governance::load(repository, theirs)?;
    if their_chain.repository_id() != our_chain.repository_id() {
        return Err(Fault::new(
            ErrorCode::RepoMismatch,
            GOVERNANCE_REF,
            format!(
                "it is another repository: its genesis is `{}`, ours `{}`",
                their_chain.repository_id(),
                our_chain.repository_id()
            ),
        )
        .with_hint("check the remote's URL with `git remote -v`"));
    }
    if our_chain.version_of(&their_chain.head()).is_some() {
        return Ok(None);
    }
    if their_chain.version_of(&our_chain.head()).is_none() {
        return Err(Fault::new(
            ErrorCode::GovFork,
            GOVERNANCE_REF,
            "their governance and ours continue the same version differently; nothing was forwarded",
        )
        .with_hint("the governors must settle on one chain: compare `git log refs/gatos/governance` on both sides"));
    }
    // One document can stand in several commits, with more or fewer signatures; the ref only moves forward.
    let stands = governance::read_documents(repository, theirs)?
        .iter()
        .any(|(commit, _)| *commit == ours);
    if !stands {
        return Err(Fault::new(
            ErrorCode::FfViolation,
            GOVERNANCE_REF,
            "it holds our documents in other commits, so the ref would be rewritten",
        ));
    }
    Ok(Some(their_chain))
}

/// Events that arrived for a journal, every one of them admitted.
pub(crate) struct ArrivedEvents {
    /// What is new, newest first.
    pub steps: Vec<walk::Step>,
    /// The commit of ours on which the oldest of them stands.
    pub joined: Option<ObjectId>,
    oldest: Option<walk::OldestLink>,
}

/// Walks from `theirs` back to a commit that is `known`, judging each event.
///
/// # Errors
/// The refusal of the first event that may not stand, with its `commit`.
pub(crate) fn judge_events(
    repository: &Repository,
    journal: &JournalName,
    theirs: ObjectId,
    known: &(dyn Fn(ObjectId) -> bool + Sync),
    admission: &dyn Admission,
) -> Outcome<ArrivedEvents> {
    let mut steps = Vec::new();
    let end = walk::walk(repository, journal, theirs, known, admission, |step| {
        steps.push(step.clone());
    });
    if let Some(bad) = end.bad {
        return Err(Fault::new(
            bad.refusal.code,
            journal.short(),
            format!(
                "commit {} may not stand: {}; the journal was not moved",
                bad.commit, bad.refusal.reason
            ),
        )
        .with_detail("commit", reply::text(&bad.commit.to_string())));
    }
    Ok(ArrivedEvents {
        steps,
        joined: end.joined,
        oldest: end.oldest,
    })
}

impl ArrivedEvents {
    /// Checks that the oldest event stands on our newest one (id, ULID, governance version).
    ///
    /// # Errors
    /// `PREV_MISMATCH`, `ULID_NOT_RISING`, `GOV_BEHIND`.
    pub(crate) fn check_continues(
        &self,
        journal: &JournalName,
        tip: Option<(EventId, Ulid, Option<u64>)>,
    ) -> Outcome<()> {
        let Some(oldest) = self.oldest else {
            return Ok(());
        };
        walk::link(
            oldest.prev,
            oldest.ulid,
            Some(oldest.governance_version),
            tip,
        )
        .map_err(|refusal| {
            Fault::new(refusal.code, journal.short(), refusal.reason)
                .with_detail("commit", reply::text(&oldest.commit.to_string()))
        })
    }

    /// Checks that all of them are above the ULID up to which the namespace is sealed.
    ///
    /// # Errors
    /// `EPOCH_SEALED`.
    pub(crate) fn check_unsealed(&self, journal: &JournalName, sealed: Ulid) -> Outcome<()> {
        match self.oldest {
            Some(oldest) if oldest.ulid <= sealed => Err(Fault::new(
                ErrorCode::EpochSealed,
                journal.short(),
                format!(
                    "ULID `{}` is not above `{sealed}`, up to which the namespace is sealed; the journal was not moved",
                    oldest.ulid
                ),
            )),
            _ => Ok(()),
        }
    }
}
