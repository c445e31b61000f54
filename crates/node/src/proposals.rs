//! Proposals in the repository: made by one, approved by several in several clones, carried out by whoever comes last.
//!
//! `refs/gatos/proposals/<ulid>` holds a proposal and its approvals as files, each with a detached signature; clones that
//! diverge are joined by the union of the files. Nothing in it counts before it is judged against governance.
//!
//! INVARIANT: a change is made only with approvals that count now; see `gatos_policy::governance::consensus`.
//! Format: docs/formats/proposal.md. Tests: ../tests/it/governed.rs.

use std::collections::BTreeMap;

use gatos_ledger::{ObjectId, refs};
use gatos_policy::analysis::Difference;
use gatos_policy::governance::consensus::{prove, tally};
use gatos_policy::governance::{
    Approval, Chain, ChangeOperation, GovernanceDocument, Proposal, Signed, Tally,
};
use gatos_values::{
    Actor, ErrorCode, GovernanceId, Sha256Digest, SignatureNamespace, SshSignature, Text, Ulid,
    Value,
};

use crate::Progress;
use crate::clock;
use crate::fault::{Fault, Outcome};
use crate::governance;
use crate::kept::KeptCommit;
use crate::node::Node;
use crate::replay::ReplayReport;
use crate::reply;
use crate::trust::describe;

/// Folder of the refs of proposals.
pub const PROPOSALS: &str = "refs/gatos/proposals/";
const PROPOSAL_FILE: &str = "proposal.json";
const APPROVAL_FOLDER: &str = "approvals/";
const SIGNATURE_EXTENSION: &str = ".sig";

/// A proposal as it lies in the repository.
#[derive(Clone, Debug)]
pub struct StoredProposal {
    /// The proposal and its proposer's signature.
    pub proposal: Signed<Proposal>,
    /// What was said to it, as far as it can be read.
    pub approvals: Vec<Signed<Approval>>,
    /// How it stands.
    pub standing: Standing,
}

/// How a proposal stands.
#[derive(Clone, Debug)]
pub enum Standing {
    /// It waits: what counts, what does not, what is missing.
    Open(Tally),
    /// It became a governance version.
    Made(u64),
    /// Another version took its place, or it expired: it must be proposed again.
    Past(String),
}

impl StoredProposal {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        let said = &self.proposal.said;
        let texts =
            |texts: Vec<String>| Value::List(texts.iter().map(|text| reply::text(text)).collect());
        let (state, counted, missing) = match &self.standing {
            Standing::Open(tally) => (
                "open",
                tally
                    .counted
                    .iter()
                    .map(|approval| approval.said.actor.to_string())
                    .collect(),
                tally.missing.as_ref().map(ToString::to_string),
            ),
            Standing::Made(_) => ("made", Vec::new(), None),
            Standing::Past(reason) => ("past", Vec::new(), Some(reason.clone())),
        };
        reply::object(vec![
            ("proposal", reply::text(&said.ulid.to_string())),
            ("proposer", reply::text(said.proposer.as_str())),
            ("reason", Value::Text(said.reason.clone())),
            ("version", reply::count(said.change.version)),
            (
                "changes",
                texts(said.change.changes.iter().map(describe).collect()),
            ),
            ("state", reply::text(state)),
            ("approvers", texts(counted)),
            ("missing", reply::optional_text(missing.as_deref())),
        ])
    }
}

/// What a proposed policy would change: what those who approve need to know.
#[derive(Clone, Debug)]
pub struct PolicyReview {
    /// The policy in force before.
    pub first: Sha256Digest,
    /// The policy that is proposed.
    pub second: Sha256Digest,
    /// What is proved of the two, and what recorded decisions would become; none where bytes of one are not here.
    pub found: Option<(Difference, ReplayReport)>,
}

impl PolicyReview {
    /// The `--json` document.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let (difference, replay) = match &self.found {
            Some((difference, replay)) => (difference.to_value(), reply::object(replay.fields())),
            None => (Value::Null, Value::Null),
        };
        reply::object(vec![
            ("first", self.first.to_value()),
            ("second", self.second.to_value()),
            ("difference", difference),
            ("replay", replay),
        ])
    }
}

impl Node {
    /// What an open proposal would change in what is allowed; none if it brings no policy into force.
    ///
    /// # Errors
    /// As [`Node::what_if`].
    pub fn review(
        &self,
        stored: &StoredProposal,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<Option<PolicyReview>> {
        let changes = &stored.proposal.said.change.changes;
        let proposed = changes.iter().rev().find_map(|operation| match operation {
            ChangeOperation::PolicyActivate { policy_root } => Some(*policy_root),
            _ => None,
        });
        let (Some(second), Standing::Open(_)) = (proposed, &stored.standing) else {
            return Ok(None);
        };
        let chain = self.governance()?;
        let first = chain.policy_root_at(chain.version());
        let found = match (self.kept_policy(first), self.kept_policy(second)) {
            (Ok(before), Ok(after)) => {
                let difference = Difference::between(&before, &after);
                Some((difference, self.what_if(&after, None, progress)?))
            }
            _ => None,
        };
        Ok(Some(PolicyReview {
            first,
            second,
            found,
        }))
    }

    /// Proposes operations: the exact next version, for others to sign.
    ///
    /// # Errors
    /// `BAD_GOVERNANCE` when an operation does not fit, `UNKNOWN_KEY`, `GOV_BEHIND`, `POLICY_DENY` and `CAP_EXPIRED` when the
    /// policy in force would refuse it, whoever signs.
    pub fn propose(
        &self,
        operations: Vec<ChangeOperation>,
        reason: &str,
        lifetime_ms: Option<u64>,
    ) -> Outcome<Ulid> {
        self.writer()?.flush()?;
        let chain = self.newest_governance()?;
        let bytes = self.change_bytes(&chain, operations)?;
        let GovernanceDocument::Change(change) = GovernanceDocument::decode(&bytes)? else {
            return Err(Fault::new(
                ErrorCode::Internal,
                PROPOSALS,
                "the change is a genesis",
            ));
        };
        let acting = self.acting_key(&chain, None, None)?;
        self.refuse_hopeless_proposal(&chain, &bytes, &change.changes, &acting)?;
        let now = clock::now_ms();
        let said = Proposal {
            change,
            proposer: acting.actor.clone(),
            reason: Text::new(reason)?,
            expires: lifetime_ms
                .map(|lifetime| end_after(now, lifetime))
                .transpose()?,
            ulid: clock::fresh_ulid(now),
        };
        let bytes = said.encode()?;
        let signature = acting.sign(SignatureNamespace::Grant, &bytes)?;
        let files = signed_files(PROPOSAL_FILE, bytes, &signature);
        self.write_proposal(said.ulid, &[], files, "governance.proposal")?;
        Ok(said.ulid)
    }

    /// Approves a proposal with the acting actor's key, or takes an approval back.
    ///
    /// # Errors
    /// `UNKNOWN_EVENT` for an unknown proposal, `BAD_GOVERNANCE` when it is past, `UNKNOWN_KEY`.
    pub fn approve(&self, id: Ulid, lifetime_ms: Option<u64>, withdraws: bool) -> Outcome<()> {
        let chain = self.newest_governance()?;
        let stored = self.proposal(id)?;
        let Standing::Open(_) = stored.standing else {
            return Err(past(&stored));
        };
        let said = &stored.proposal.said;
        let acting = self.acting_key(&chain, None, None)?;
        let now = clock::now_ms();
        let change_signature = match withdraws {
            true => None,
            false => Some(acting.sign(SignatureNamespace::Grant, &said.change_bytes()?)?),
        };
        let approval = Approval {
            repo: chain.repository_id(),
            proposal: said.id()?,
            actor: acting.actor.clone(),
            change_signature,
            expires: lifetime_ms
                .map(|lifetime| end_after(now, lifetime))
                .transpose()?,
            ulid: clock::fresh_ulid(now),
        };
        let bytes = approval.encode()?;
        let signature = acting.sign(SignatureNamespace::Grant, &bytes)?;
        let (_, head) = self.proposal_head(id)?;
        let mut files = self.files_of_commit(head)?;
        let path = format!("{APPROVAL_FOLDER}{}.json", approval.ulid);
        files.extend(signed_files(&path, bytes, &signature));
        let subject = if withdraws {
            "governance.withdrawal"
        } else {
            "governance.approval"
        };
        self.write_proposal(id, &[head], files, subject)?;
        Ok(())
    }

    /// Makes the change of a proposal if enough approvals count; none if some are missing.
    ///
    /// # Errors
    /// `BAD_GOVERNANCE` when it is past, and what governance may say.
    pub fn carry_out_proposal(&self, id: Ulid) -> Outcome<Option<GovernanceId>> {
        let writer = self.writer()?;
        let chain = self.newest_governance()?;
        let stored = self.proposal(id)?;
        let Standing::Open(tally) = &stored.standing else {
            return Err(past(&stored));
        };
        if tally.missing.is_some() {
            return Ok(None);
        }
        let document = tally.document(&stored.proposal.said)?;
        let head = governance::head(self.repository())?;
        self.add_version(&writer, (head, &chain), document)
            .map(Some)
    }

    /// The proof that a proposal was agreed to: it verifies without this repository.
    ///
    /// # Errors
    /// `QUORUM_NOT_MET` and `BAD_SIGNATURE` when it was not.
    pub fn prove_consensus(&self, id: Ulid) -> Outcome<Vec<u8>> {
        let stored = self.proposal(id)?;
        let head = governance::head(self.repository())?;
        let base = stored.proposal.said.change.version;
        let documents: Vec<_> = governance::read_documents(self.repository(), head)?
            .into_iter()
            .map(|(_, document)| document)
            .zip(0..base)
            .map(|(document, _)| document)
            .collect();
        Ok(prove(&documents, &stored.proposal, &stored.approvals)?)
    }

    /// Every proposal, oldest first.
    pub fn proposals(&self) -> Outcome<Vec<StoredProposal>> {
        let mut found = Vec::new();
        for (name, _) in refs::list(self.repository(), PROPOSALS)? {
            if let Some(Ok(id)) = name.strip_prefix(PROPOSALS).map(Ulid::parse) {
                found.push(self.proposal(id)?);
            }
        }
        Ok(found)
    }

    /// One proposal, judged as of now.
    ///
    /// # Errors
    /// `UNKNOWN_EVENT`, `BAD_GOVERNANCE` and `BAD_SIGNATURE` when it is no proposal of this repository.
    pub fn proposal(&self, id: Ulid) -> Outcome<StoredProposal> {
        let (reference, head) = self.proposal_head(id)?;
        let files: BTreeMap<String, Vec<u8>> = self.files_of_commit(head)?.into_iter().collect();
        let broken = |reason: &str| Fault::new(ErrorCode::BadGovernance, reference.clone(), reason);
        let bytes = files
            .get(PROPOSAL_FILE)
            .ok_or_else(|| broken("it holds no proposal"))?;
        let proposal = Signed {
            said: Proposal::decode(bytes)?,
            signature: signature_of(&files, PROPOSAL_FILE)
                .ok_or_else(|| broken("the proposal is not signed"))?,
        };
        proposal.verify()?;
        if proposal.said.ulid != id {
            return Err(broken("it holds another proposal than its name says"));
        }
        let chain = self.governance()?;
        let by = chain.key(&proposal.signature.public.key_id());
        if by.is_none_or(|record| record.actor != proposal.said.proposer) {
            return Err(broken("it is not signed by its proposer"));
        }
        let mut approvals = Vec::new();
        for (path, bytes) in &files {
            let is_approval = path.starts_with(APPROVAL_FOLDER) && path.ends_with(".json");
            if is_approval
                && let Ok(said) = Approval::decode(bytes)
                && let Some(signature) = signature_of(&files, path)
            {
                approvals.push(Signed { said, signature });
            }
        }
        let standing = standing_of(&chain, &proposal.said, &approvals);
        Ok(StoredProposal {
            proposal,
            approvals,
            standing,
        })
    }

    fn proposal_head(&self, id: Ulid) -> Outcome<(String, ObjectId)> {
        let reference = format!("{PROPOSALS}{id}");
        match refs::read(self.repository(), &reference)? {
            Some(head) => Ok((reference, head)),
            None => Err(Fault::new(
                ErrorCode::BadGovernance,
                reference,
                format!("there is no proposal `{id}` here"),
            )
            .with_hint(
                "`gatos grants list` shows the proposals; `gatos sync` brings those of others",
            )),
        }
    }

    pub(crate) fn write_proposal(
        &self,
        id: Ulid,
        parents: &[ObjectId],
        mut files: Vec<(String, Vec<u8>)>,
        subject: &str,
    ) -> Outcome<ObjectId> {
        files.sort();
        files.dedup_by(|left, right| left.0 == right.0);
        KeptCommit {
            reference: &format!("{PROPOSALS}{id}"),
            parents,
            files: &files,
            role: "proposals",
            subject: &format!("{subject} {id}"),
            trailers: "",
            date: id,
        }
        .write(self)
    }
}

fn standing_of(chain: &Chain, proposal: &Proposal, approvals: &[Signed<Approval>]) -> Standing {
    let made = proposal.change_bytes().map(|bytes| {
        let id = GovernanceId::from_digest(gatos_values::Blake3Digest::of(&bytes));
        chain.version_of(&id)
    });
    if let Ok(Some(version)) = made {
        return Standing::Made(version);
    }
    match tally(
        chain,
        proposal,
        approvals,
        clock::fresh_ulid(clock::now_ms()),
    ) {
        Ok(tally) => Standing::Open(tally),
        Err(error) => Standing::Past(error.to_string()),
    }
}

fn past(stored: &StoredProposal) -> Fault {
    let said = &stored.proposal.said;
    let reason = match &stored.standing {
        Standing::Made(version) => format!("the proposal was made as governance version {version}"),
        Standing::Past(reason) => format!("the proposal is past: {reason}"),
        Standing::Open(_) => "the proposal is open".to_owned(),
    };
    Fault::new(
        ErrorCode::BadGovernance,
        format!("{PROPOSALS}{}", said.ulid),
        reason,
    )
    .with_hint("propose it again on the newest governance version")
}

fn end_after(now_ms: u64, lifetime_ms: u64) -> Outcome<Ulid> {
    Ulid::from_parts(now_ms.saturating_add(lifetime_ms), 0)
        .ok_or_else(|| Fault::new(ErrorCode::BadUlid, PROPOSALS, "the end lies too far ahead"))
}

fn signed_files(path: &str, bytes: Vec<u8>, signature: &SshSignature) -> Vec<(String, Vec<u8>)> {
    vec![
        (path.to_owned(), bytes),
        (
            format!("{path}{SIGNATURE_EXTENSION}"),
            signature.armored().into_bytes(),
        ),
    ]
}

fn signature_of(files: &BTreeMap<String, Vec<u8>>, path: &str) -> Option<SshSignature> {
    let armored = files.get(&format!("{path}{SIGNATURE_EXTENSION}"))?;
    SshSignature::from_armored(std::str::from_utf8(armored).ok()?).ok()
}

/// Who has agreed so far, by name.
#[must_use]
pub fn approvers(tally: &Tally) -> Vec<&Actor> {
    tally
        .counted
        .iter()
        .map(|approval| &approval.said.actor)
        .collect()
}
