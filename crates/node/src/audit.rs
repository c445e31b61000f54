//! The audit journal: what the gate answered, signed by this node, on `refs/gatos/audit/policy`.
//!
//! A request whose signature holds gets a record of its own when it is refused (or when a rule asks for one);
//! any other is only counted, so that nobody without a key can make the journal grow. The counts stand in a
//! file and in every later record. Records are written outside git's quarantine and never with a pushed
//! object: they survive the push they refuse.
//!
//! INVARIANT 1: the journal moves forward only, one record a commit, each naming the one before it.
//! INVARIANT 2: who is told of a record can find it: its commit and ref are on the disk first.
//! Format: docs/formats/audit.md. Tests: ../tests/it/audit.rs.

mod counts;

use std::sync::Arc;
use std::time::Duration;

use gatos_ledger::codec::{self, DocumentForm};
use gatos_ledger::objects::{self, Reader};
use gatos_ledger::{ObjectId, ObjectKind, Repository, WriterLock, refs, settings};
use gatos_policy::audit::{
    ASKED_SIZE_MAX, Answer, Asked, Decision, Door, REASON_CHARACTER_COUNT_MAX,
};
use gatos_policy::governance::Chain;
use gatos_policy::language::Intent;
use gatos_values::{
    Actor, Blake3Digest, ErrorCode, EventId, KeyId, ResourceUri, Sha256Digest, SignatureNamespace,
    SshSignature, Text, Ulid, Value, sshsig,
};

use crate::clock;
use crate::fault::{Fault, Outcome};
use crate::keys::Signer;
use crate::node::Node;
use crate::reply;

/// The ref of the journal.
pub const AUDIT_REF: &str = "refs/gatos/audit/policy";
/// The clone's setting that names the node's own key.
pub(crate) const NODE_KEY_SETTING: &str = "gatos.nodeKey";
/// How long one record waits for another.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a record is written anew because other hands moved the ref.
const RETRY_COUNT_MAX: usize = 8;

/// What a record is about, before it has its place in the chain.
#[derive(Clone, Debug)]
pub struct AuditRequest {
    /// The answer.
    pub answer: Answer,
    /// What was wanted.
    pub intent: Intent,
    /// Who asked, with a signature that holds.
    pub actor: Actor,
    /// With which key.
    pub key: KeyId,
    /// The event it was about.
    pub event: Option<EventId>,
    /// The other signed document it was about.
    pub document: Option<Blake3Digest>,
    /// The ref it was about, in full.
    pub reference: String,
    /// The resource it was about.
    pub resource: Option<ResourceUri>,
    /// The rules that decided.
    pub rule_ids: Vec<String>,
    /// Why.
    pub reason: String,
    /// By which door it came.
    pub via: Door,
    /// The governance version it was judged under.
    pub governance_version: u64,
    /// The fold root of the namespace at that version.
    pub fold_root: Sha256Digest,
    /// What the policy was asked with, if it was asked.
    pub asked: Option<Asked>,
}

/// A record with its place.
#[derive(Clone, Debug)]
pub struct AuditRecord {
    /// Id of the decision.
    pub id: Blake3Digest,
    /// The decision.
    pub decision: Decision,
    /// Who signed the record.
    pub signature: SshSignature,
    /// Commit that holds it.
    pub commit: ObjectId,
}

impl AuditRecord {
    /// The code of a refusal; none where the answer was yes.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self.decision.answer {
            Answer::Allow => None,
            Answer::Deny(code) => Some(code),
        }
    }

    /// The `--json` document: the decision's own fields, its id, its commit and its signer.
    ///
    /// # Errors
    /// None in practice: a record that was read has a canonical form.
    pub fn to_value(&self) -> Outcome<Value> {
        let bytes = self.decision.encode().map_err(broken)?;
        let document = gatos_values::json::decode_canonical(&bytes, bytes.len())?;
        Ok(reply::object(vec![
            ("id", reply::text(&self.id.to_string())),
            ("commit", reply::text(&self.commit.to_string())),
            (
                "signer",
                reply::text(&self.signature.public.key_id().to_string()),
            ),
            ("record", document),
        ]))
    }
}

/// What verifying the journal found, all of it good.
#[derive(Clone, Debug, Default)]
pub struct AuditReport {
    /// Records.
    pub record_count: u64,
    /// Refusals among them.
    pub denied_count: u64,
    /// Requests without a valid signature that were refused, by code.
    pub counted: Vec<(ErrorCode, u64)>,
}

impl AuditReport {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        let counted = self
            .counted
            .iter()
            .map(|(code, count)| (code.as_str(), reply::count(*count)));
        reply::object(vec![
            ("ok", Value::Bool(true)),
            ("records", reply::count(self.record_count)),
            ("denied", reply::count(self.denied_count)),
            ("counted", reply::object(counted.collect())),
        ])
    }
}

impl Node {
    /// Records decisions, in this order; none or all of them stand afterwards.
    ///
    /// # Errors
    /// `UNKNOWN_KEY` when the node has no key to sign with, `LOCKED`, `IO`, `DISK_FULL`.
    pub fn record(&self, requests: Vec<AuditRequest>) -> Outcome<Vec<AuditRecord>> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let chain = self.governance()?;
        let signer = self.node_signer(&chain)?;
        let lock = self.lock_audit()?;
        for _ in 0..RETRY_COUNT_MAX {
            let head = refs::read(self.repository(), AUDIT_REF)?;
            let records = self.make_records(&chain, &signer, head, &requests)?;
            if move_audit_ref(
                self.repository(),
                head,
                records.last().map(|last| last.commit),
            )? {
                drop(lock);
                return Ok(records);
            }
        }
        Err(Fault::new(
            ErrorCode::Locked,
            AUDIT_REF,
            "other hands keep moving the audit journal",
        ))
    }

    /// Counts refused requests that get no record, by code, and gives the totals.
    ///
    /// # Errors
    /// `LOCKED`, `IO`, `DISK_FULL`.
    pub fn count_refused(&self, codes: &[ErrorCode]) -> Outcome<Vec<(ErrorCode, u64)>> {
        let _lock = self.lock_audit()?;
        let mut totals = self.refused_counts()?;
        for code in codes {
            counts::add(&mut totals, *code, 1);
        }
        counts::write(self.repository(), &totals)?;
        Ok(totals)
    }

    /// Requests that were refused and got no record, by code.
    ///
    /// # Errors
    /// `IO`, `AUDIT_BROKEN`.
    pub fn refused_counts(&self) -> Outcome<Vec<(ErrorCode, u64)>> {
        let mut totals = counts::read(self.repository())?;
        if let Some(head) = refs::read(self.repository(), AUDIT_REF)? {
            // A file that was lost never takes back what a record has said.
            let newest = read_record(&Reader::new(self.repository()), head)?
                .0
                .decision;
            counts::raise(&mut totals, &newest.counted);
        }
        Ok(totals)
    }

    /// The records, newest first.
    pub fn audit_log(&self) -> Outcome<AuditLog> {
        Ok(AuditLog {
            repository: self.repository().clone(),
            next: refs::read(self.repository(), AUDIT_REF)?,
        })
    }

    /// One record, by its id or the first digits of it.
    ///
    /// # Errors
    /// `UNKNOWN_EVENT` when there is none.
    pub fn audit_show(&self, id: &str) -> Outcome<AuditRecord> {
        for record in self.audit_log()? {
            let record = record?;
            let shown = record.id.to_string();
            let digits = shown.trim_start_matches("blake3:");
            if shown == id || (id.len() >= 8 && digits.starts_with(id)) {
                return Ok(record);
            }
        }
        Err(Fault::new(
            ErrorCode::UnknownEvent,
            AUDIT_REF,
            format!("the audit journal has no record `{id}`"),
        )
        .with_hint("`gatos audit log` lists them"))
    }

    /// Verifies the journal from its newest record to its first: forms, links, signatures, signers.
    ///
    /// # Errors
    /// `AUDIT_BROKEN` naming the commit, `UNKNOWN_KEY` when a signer was not enrolled.
    pub fn audit_verify(&self) -> Outcome<AuditReport> {
        let chain = self.governance()?;
        let mut report = AuditReport::default();
        let mut later: Option<AuditRecord> = None;
        for record in self.audit_log()? {
            let record = record?;
            if let Some(later) = &later {
                later
                    .decision
                    .follows(Some((record.id, &record.decision)))
                    .map_err(|error| at(later.commit, broken(error)))?;
            } else {
                report.counted = record.decision.counted.clone();
            }
            judge_signer(&chain, &record)?;
            report.record_count += 1;
            report.denied_count += u64::from(matches!(record.decision.answer, Answer::Deny(_)));
            later = Some(record);
        }
        if let Some(first) = &later {
            first
                .decision
                .follows(None)
                .map_err(|error| at(first.commit, broken(error)))?;
        }
        counts::raise(&mut report.counted, &self.refused_counts()?);
        Ok(report)
    }

    /// The key of this node itself: the one its settings name, else the clone's default.
    ///
    /// # Errors
    /// `UNKNOWN_KEY` when it is not at hand or not enrolled.
    pub(crate) fn node_signer(&self, chain: &Chain) -> Outcome<Signer> {
        let Some(named) = settings::value(self.repository(), NODE_KEY_SETTING)? else {
            return Ok(self.acting_key(chain, None, None)?.signer().clone());
        };
        let key = KeyId::parse(&named)?;
        let unknown = |reason: String| {
            Fault::new(ErrorCode::UnknownKey, NODE_KEY_SETTING, reason).with_hint(
                "`gatos doctor profile` tells what the node needs; `gatos actor add service:gate --key` enrols a key",
            )
        };
        if chain.key_at(&key, chain.version()).is_none() {
            return Err(unknown(format!("the node's key `{key}` is not enrolled")));
        }
        self.keys()
            .find(&key)?
            .ok_or_else(|| unknown(format!("the node's key `{key}` is not at hand")))
    }

    fn lock_audit(&self) -> Outcome<WriterLock> {
        let folder = counts::folder(self.repository());
        gatos_ledger::files::create_directory_durable(&folder)?;
        Ok(WriterLock::acquire(&folder, PATIENCE)?)
    }

    fn make_records(
        &self,
        chain: &Arc<Chain>,
        signer: &Signer,
        head: Option<ObjectId>,
        requests: &[AuditRequest],
    ) -> Outcome<Vec<AuditRecord>> {
        let reader = Reader::new(self.repository());
        let mut before = match head {
            Some(head) => Some(read_record(&reader, head)?.0),
            None => None,
        };
        let counted = self.refused_counts()?;
        let mut records = Vec::with_capacity(requests.len());
        for request in requests {
            let decision = decision_of(chain, before.as_ref(), request, counted.clone())?;
            let bytes = decision.encode().map_err(broken)?;
            let signature = signer.sign(SignatureNamespace::Decision.as_str(), &bytes)?;
            let parent = before.as_ref().map(|record| record.commit);
            let content = codec::encode_chained_commit(
                DocumentForm::Decision,
                &bytes,
                std::slice::from_ref(&signature),
                parent,
            )?;
            let commit = objects::write_loose(self.repository(), ObjectKind::Commit, &content)?;
            let record = AuditRecord {
                id: Blake3Digest::of(&bytes),
                decision,
                signature,
                commit,
            };
            before = Some(record.clone());
            records.push(record);
        }
        // The tree of every record is the empty one; a push gate may never have written it.
        objects::write_loose(self.repository(), ObjectKind::Tree, b"")?;
        Ok(records)
    }
}

fn decision_of(
    chain: &Chain,
    before: Option<&AuditRecord>,
    request: &AuditRequest,
    counted: Vec<(ErrorCode, u64)>,
) -> Outcome<Decision> {
    let version = request.governance_version.min(chain.version());
    let mut rule_ids: Vec<Text> = request.rule_ids.iter().map(|id| reply::lossy(id)).collect();
    rule_ids.sort();
    rule_ids.dedup();
    let path = request.reference.trim_start_matches("refs/");
    Ok(Decision {
        version: before.map_or(0, |record| record.decision.version + 1),
        prev: before.map(|record| record.id),
        repo: chain.repository_id(),
        ulid: next_ulid(before.map(|record| record.decision.ulid))?,
        answer: request.answer,
        intent: request.intent,
        actor: request.actor.clone(),
        key: request.key,
        event: request.event,
        document: request.document,
        path: reply::lossy(path),
        resource: request.resource.clone(),
        rule_ids,
        reason: reply::lossy(&shortened(&request.reason)),
        via: request.via,
        gov: chain.id_of(version).unwrap_or(chain.head()),
        policy_root: chain.policy_root_at(version),
        fold_root: request.fold_root,
        asked: request
            .asked
            .clone()
            .filter(|asked| asked.size() <= ASKED_SIZE_MAX),
        counted,
    })
}

/// What others wrote may be of any length; the record keeps the beginning.
fn shortened(reason: &str) -> String {
    reason.chars().take(REASON_CHARACTER_COUNT_MAX).collect()
}

fn next_ulid(before: Option<Ulid>) -> Outcome<Ulid> {
    let fresh = clock::fresh_ulid(clock::now_ms());
    match before {
        Some(before) if fresh <= before => before.next().ok_or_else(|| {
            Fault::new(
                ErrorCode::BadUlid,
                AUDIT_REF,
                "the audit journal's ULIDs are used up",
            )
        }),
        _ => Ok(fresh),
    }
}

/// Moves the ref with git's own lock; false when it no longer holds `expected`.
///
/// Stock git does it because a writer may hold this repository all day: its notes of locks are its own.
fn move_audit_ref(
    repository: &Repository,
    expected: Option<ObjectId>,
    new: Option<ObjectId>,
) -> Outcome<bool> {
    let Some(new) = new else { return Ok(true) };
    let expected = expected.unwrap_or(ObjectId::ZERO);
    let output = repository
        .git()?
        .arguments(["update-ref", "--no-deref", AUDIT_REF])
        .arguments([new.to_string(), expected.to_string()])
        .run_any()?;
    if output.status.success() {
        return Ok(true);
    }
    let now = refs::read(repository, AUDIT_REF)?;
    if now.unwrap_or(ObjectId::ZERO) != expected {
        return Ok(false);
    }
    Err(Fault::new(
        ErrorCode::GitFailed,
        AUDIT_REF,
        format!("the record could not be kept: {}", output.stderr.trim()),
    ))
}

fn read_record(reader: &Reader, commit: ObjectId) -> Outcome<(AuditRecord, Option<ObjectId>)> {
    let content = reader.commit(commit)?;
    let chained =
        codec::decode_chained_commit(DocumentForm::Decision, &content).map_err(|error| {
            at(
                commit,
                Fault::new(ErrorCode::AuditBroken, "", error.to_string()),
            )
        })?;
    let decision = Decision::decode(&chained.bytes).map_err(|error| at(commit, broken(error)))?;
    let [signature] = <[SshSignature; 1]>::try_from(chained.signatures).map_err(|_| {
        at(
            commit,
            Fault::new(ErrorCode::AuditBroken, "", "a record has one signature"),
        )
    })?;
    let record = AuditRecord {
        id: chained.id,
        decision,
        signature,
        commit,
    };
    Ok((record, chained.parent))
}

fn judge_signer(chain: &Chain, record: &AuditRecord) -> Outcome<()> {
    let wrong = |reason: String| {
        at(
            record.commit,
            Fault::new(ErrorCode::AuditBroken, "", reason),
        )
    };
    if record.decision.repo != chain.repository_id() {
        return Err(wrong("it belongs to another repository".to_owned()));
    }
    let version = chain.version_of(&record.decision.gov).ok_or_else(|| {
        wrong(format!(
            "governance version `{}` is unknown",
            record.decision.gov
        ))
    })?;
    let key = record.signature.public.key_id();
    // The node may sign a decision about an older version with a key that was enrolled later.
    let enrolled = chain
        .key_at(&key, chain.version())
        .or_else(|| chain.key_at(&key, version))
        .is_some_and(|enrolled| enrolled.public == record.signature.public);
    if !enrolled {
        return Err(Fault::new(
            ErrorCode::UnknownKey,
            AUDIT_REF,
            format!(
                "record commit {}: its signer `{key}` is not enrolled",
                record.commit
            ),
        ));
    }
    let bytes = record.decision.encode().map_err(broken)?;
    sshsig::verify(
        SignatureNamespace::Decision.as_str(),
        &bytes,
        &record.signature,
    )
    .map_err(|error| wrong(error.to_string()))
}

fn broken(error: gatos_policy::audit::AuditError) -> Fault {
    Fault::new(error.code(), AUDIT_REF, error.to_string())
}

fn at(commit: ObjectId, fault: Fault) -> Fault {
    Fault {
        reason: format!("record commit {commit}: {}", fault.reason),
        resource: AUDIT_REF.to_owned(),
        ..fault
    }
}

/// The records, newest first.
pub struct AuditLog {
    repository: Repository,
    next: Option<ObjectId>,
}

impl Iterator for AuditLog {
    type Item = Outcome<AuditRecord>;

    fn next(&mut self) -> Option<Outcome<AuditRecord>> {
        let commit = self.next.take()?;
        let read = read_record(&Reader::new(&self.repository), commit);
        Some(read.map(|(record, parent)| {
            self.next = parent;
            record
        }))
    }
}
