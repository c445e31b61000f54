//! The push gate: what a push wants to move is judged before any ref moves, whoever pushes with whatever Git.
//!
//! `pre-receive` hands over the refs; git keeps the pushed objects apart until the answer is given. The gate looks
//! at the repository as it would be ([`Incoming`]) with the same judges as `sync` and `verify`: governance first, put to the
//! policy of the version before, then journals event by event with the policy of the version each names, then policies, folds, epochs, and states
//! recomputed from their events. One refusal refuses the
//! whole push. What was refused is recorded or counted (see [`crate::audit`]) outside git's quarantine.
//!
//! INVARIANT 1: a push that was let in leaves a repository that verifies.
//! INVARIANT 2: a push that was refused leaves every ref but the audit journal's as it was.
//! Page: docs/guide/profiles.md. Tests: ../tests/it/push_gate.rs; real pushes over file, ssh and HTTP in the
//! red-team test of the command line.

mod names;
mod offender;
mod states;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use gatos_ledger::git::Incoming;
use gatos_ledger::objects::Reader;
use gatos_ledger::receive::{self, PushedRef};
use gatos_ledger::{
    Admission, ObjectId, ObjectKind, Refusal, Repository, commit, quarantine, refs,
};
use gatos_policy::audit::{Answer, Asked, Door};
use gatos_policy::governance::Chain;
use gatos_policy::language::Intent;
use gatos_values::{Blake3Digest, ErrorCode, EventId, JournalName, SealedEvent, Ulid};

use crate::append::{ULID_AHEAD_MS_MAX, lock};
use crate::arrivals;
use crate::audit::{AuditRecord, AuditRequest};
use crate::branches;
use crate::clock;
use crate::fault::{Fault, Outcome};
use crate::gate::govern::{SignedChange, record_of_change};
use crate::gate::{self, Gates, Surroundings, Verdict};
use crate::governance::{self, GOVERNANCE_REF};
use crate::node::{GovernedAdmission, Node, NodeOptions};
use crate::reply;
use names::PushedKind;
use offender::Offender;

pub use gatos_ledger::receive::HOOK_INPUT_SIZE_MAX;

/// Records one push can make; what is refused beyond is counted.
const RECORD_COUNT_MAX: usize = 64;
/// How many of the newest records are searched for the same refusal, so that repeating one adds nothing.
const REPEAT_SEARCH_COUNT: usize = 256;

/// One ref that may not move.
#[derive(Clone, Debug)]
pub struct PushRefusal {
    /// Its full name.
    pub reference: String,
    /// Why.
    pub fault: Fault,
    /// Who signed what was refused, where a signature holds.
    offender: Option<Offender>,
    /// The rules of the policy that refuse it.
    rule_ids: Vec<String>,
    /// What the policy was asked with, if it was asked.
    asked: Option<Asked>,
}

/// What judging the refs of a push gave.
struct Judged {
    refusals: Vec<PushRefusal>,
    /// Allowed events that a rule wants on record.
    wanted: Vec<AuditRequest>,
}

/// The answer to a push.
#[derive(Clone, Debug, Default)]
pub struct PushVerdict {
    /// What may not be; nothing when the push is let in.
    pub refusals: Vec<PushRefusal>,
    /// Records made of it.
    pub records: Vec<AuditRecord>,
    /// Refusals that were counted, not recorded.
    pub counted: usize,
}

impl Node {
    /// Judges the push that git tells a `pre-receive` hook of, in the environment git gives it.
    ///
    /// # Errors
    /// `BAD_NAME` for lines that are not git's, and as [`Node::judge_push`].
    pub fn judge_push_of_hook(&self, lines: &[u8]) -> Outcome<PushVerdict> {
        let pushed = match receive::parse_pushed_refs(lines) {
            Ok(pushed) => pushed,
            Err(error) => {
                self.count_refused(&[error.code()])?;
                return Err(Fault::new(error.code(), "pre-receive", error.to_string()));
            }
        };
        let quarantine = receive::quarantine_folder(|name| std::env::var_os(name));
        self.judge_push(&pushed, quarantine.as_deref())
    }

    /// Judges a push, and records or counts what it refuses.
    ///
    /// # Errors
    /// Only when nothing can be judged or recorded at all; then nothing may be let in.
    pub fn judge_push(
        &self,
        pushed: &[PushedRef],
        quarantine: Option<&Path>,
    ) -> Outcome<PushVerdict> {
        let chain = self.governance()?;
        // A gate that could not keep its record lets nothing in.
        self.node_signer(&chain)?;
        let judged = self.judge_refs(&chain, pushed, quarantine)?;
        if judged.refusals.is_empty() {
            return Ok(PushVerdict {
                records: self.record(judged.wanted)?,
                ..PushVerdict::default()
            });
        }
        self.note_refusals(&chain, judged.refusals)
    }

    fn judge_refs(
        &self,
        chain: &Arc<Chain>,
        pushed: &[PushedRef],
        quarantine: Option<&Path>,
    ) -> Outcome<Judged> {
        let mut refusals = Vec::new();
        let mut wanted = Vec::new();
        for one in pushed {
            match self.classify(one) {
                Ok(Some(kind)) => wanted.push((kind, one)),
                Ok(None) => {}
                Err(fault) => refusals.push(refusal(one, fault, None)),
            }
        }
        let moved: BTreeMap<String, ObjectId> = wanted
            .iter()
            .filter_map(|(_, one)| Some((one.name.clone(), one.new?)))
            .collect();
        let incoming = Incoming::open(self.repository(), quarantine, moved)?;
        // Kinds rise in the order in which they are judged: governance, journals, folds, epochs, states.
        wanted.sort_by(|left, right| left.0.cmp(&right.0));
        let mut view = PushView::new(self, chain.clone(), &incoming)?;
        for (kind, one) in wanted {
            if let Err(fault) = view.judge(&kind, one) {
                let offender = view.offender(&kind, one, &fault);
                refusals.push(view.with_rules(refusal(one, fault, offender)));
                if kind == PushedKind::Governance {
                    // Nothing else of this push can be judged by it.
                    break;
                }
            }
        }
        Ok(Judged {
            refusals,
            wanted: view.wanted_records(),
        })
    }

    /// What a pushed ref is, if its name is one of ours; none for branches and tags, which git itself guards.
    fn classify(&self, one: &PushedRef) -> Outcome<Option<PushedKind>> {
        let kind = PushedKind::of(&one.name)?;
        let current = match kind {
            PushedKind::Branch => return Ok(None),
            PushedKind::Tag => {
                return match one.old {
                    None => Ok(None),
                    Some(_) => Err(rewritten(&one.name, "a tag is neither moved nor deleted")),
                };
            }
            _ => refs::read(self.repository(), &one.name)?,
        };
        if one.new.is_none() {
            return Err(rewritten(&one.name, "it cannot be deleted")
                .with_hint("the ledger keeps everything; open a new journal instead"));
        }
        if current != one.old {
            return Err(rewritten(&one.name, "it was moved by others meanwhile"));
        }
        Ok(Some(kind))
    }

    /// Records what somebody signed, counts the rest.
    fn note_refusals(
        &self,
        chain: &Arc<Chain>,
        refusals: Vec<PushRefusal>,
    ) -> Outcome<PushVerdict> {
        let mut requests = Vec::new();
        let mut counted = Vec::new();
        for refusal in &refusals {
            let request = refusal.request(chain);
            match request {
                Some(request)
                    if requests.len() < RECORD_COUNT_MAX && !self.was_recorded(&request)? =>
                {
                    requests.push(request);
                }
                _ => counted.push(refusal.fault.code),
            }
        }
        if !counted.is_empty() {
            self.count_refused(&counted)?;
        }
        Ok(PushVerdict {
            records: self.record(requests)?,
            counted: counted.len(),
            refusals,
        })
    }

    /// Whether one of the newest records says the same: repeating a refused push must not fill the journal.
    fn was_recorded(&self, request: &AuditRequest) -> Outcome<bool> {
        for record in self.audit_log()?.take(REPEAT_SEARCH_COUNT) {
            let decision = record?.decision;
            if decision.answer == request.answer
                && decision.event == request.event
                && decision.document == request.document
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn refusal(one: &PushedRef, fault: Fault, offender: Option<Offender>) -> PushRefusal {
    PushRefusal {
        reference: one.name.clone(),
        fault,
        offender,
        rule_ids: Vec::new(),
        asked: None,
    }
}

fn rewritten(reference: &str, reason: &str) -> Fault {
    Fault::new(ErrorCode::FfViolation, reference, reason)
}

impl PushRefusal {
    /// The reason without Git's object ids: a signed document names what was signed, never a commit.
    fn reason_for_record(&self, offender: &Offender) -> String {
        let signed = match (offender.event, offender.document) {
            (Some(event), _) => format!("of event {event}"),
            (None, Some(document)) => format!("of document {document}"),
            (None, None) => "of this push".to_owned(),
        };
        let is_object_id = |word: &str| {
            let word = word.trim_matches(|char: char| !char.is_ascii_hexdigit());
            ObjectId::parse_bytes(word.as_bytes()).is_some()
        };
        let words = self
            .fault
            .reason
            .split(' ')
            .map(|word| match is_object_id(word) {
                true => signed.as_str(),
                false => word,
            });
        words.collect::<Vec<_>>().join(" ")
    }

    fn request(&self, chain: &Chain) -> Option<AuditRequest> {
        let offender = self.offender.as_ref()?;
        let fold_root = match &offender.ns {
            Some(ns) => chain.fold_root_at(ns, chain.version()),
            None => gatos_values::roots::EMPTY_FOLD_ROOT,
        };
        Some(AuditRequest {
            answer: Answer::Deny(self.fault.code),
            intent: match self.reference == GOVERNANCE_REF {
                true => Intent::Govern,
                false => Intent::Write,
            },
            actor: offender.actor.clone(),
            key: offender.key,
            event: offender.event,
            document: offender.document,
            reference: self.reference.clone(),
            resource: offender.resource.clone(),
            rule_ids: self.rule_ids.clone(),
            reason: self.reason_for_record(offender),
            via: Door::Push,
            governance_version: chain.version(),
            fold_root,
            asked: self.asked.clone(),
        })
    }
}

/// Everything that judging one push needs: the repository as it is, and as it would be.
pub(crate) struct PushView<'a> {
    /// The node that was asked.
    here: &'a Node,
    /// A node over the repository as it would be.
    there: Node,
    /// Governance as it was before the push.
    before: Arc<Chain>,
    /// Governance that counts: with what the push brought, once that was accepted.
    chain: Arc<Chain>,
    governed: GovernedAdmission,
    gates: Gates,
    /// What the policy said of pushed events, where it refused or wants a record.
    spoken: Mutex<Vec<Spoken>>,
    /// The oldest governance version an event may name.
    oldest_version: u64,
    /// The highest time a ULID may claim, in milliseconds.
    newest_ms: u64,
}

/// The policy's word about one pushed event or document.
struct Spoken {
    event: Option<EventId>,
    document: Option<Blake3Digest>,
    verdict: Verdict,
    /// The record of it, where an allow goes on record.
    record: AuditRequest,
}

impl<'a> PushView<'a> {
    fn new(here: &'a Node, chain: Arc<Chain>, incoming: &Incoming) -> Outcome<PushView<'a>> {
        let options = NodeOptions {
            home: here.options().home.clone(),
            ..NodeOptions::default()
        };
        let there = Node::over(incoming.repository().clone(), options)?;
        let oldest_version = here
            .policy_lag()?
            .map_or(0, |lag| chain.version().saturating_sub(lag));
        let surroundings = Surroundings::of_push(here, |name| std::env::var(name).ok())?;
        Ok(PushView {
            here,
            there,
            before: chain.clone(),
            governed: GovernedAdmission::new(chain.clone()),
            gates: Gates::new(surroundings),
            spoken: Mutex::new(Vec::new()),
            oldest_version,
            newest_ms: clock::now_ms().saturating_add(ULID_AHEAD_MS_MAX),
            chain,
        })
    }

    /// The refusal with the rules behind it and what the policy advises, if a policy spoke.
    fn with_rules(&self, mut refusal: PushRefusal) -> PushRefusal {
        let Some(offender) = &refusal.offender else {
            return refusal;
        };
        let about = (offender.event, offender.document);
        let spoken = lock(&self.spoken);
        let mut spoken = spoken.iter();
        if let Some(spoken) = spoken.find(|one| (one.event, one.document) == about)
            && let Some(fault) = &spoken.verdict.refusal
            && fault.code == refusal.fault.code
        {
            refusal.fault.hint = fault.hint.clone();
            refusal.rule_ids = spoken.verdict.rule_ids.clone();
            refusal.asked = spoken.verdict.asked.clone();
        }
        refusal
    }

    /// Records of allowed events that a rule wants.
    fn wanted_records(&self) -> Vec<AuditRequest> {
        let spoken = lock(&self.spoken);
        let allowed = spoken.iter().filter(|one| one.verdict.refusal.is_none());
        allowed.map(|one| one.record.clone()).collect()
    }

    fn judge(&mut self, kind: &PushedKind, one: &PushedRef) -> Outcome<()> {
        let Some(theirs) = one.new else { return Ok(()) };
        self.require_commit(&one.name, theirs)?;
        match kind {
            PushedKind::Governance => self.judge_governance(one.old, theirs),
            PushedKind::Journal(journal) => self.judge_journal(journal, one.old, theirs),
            PushedKind::Policy => self.judge_policies(one.old, theirs),
            PushedKind::Epoch(ns) => self.judge_epochs(ns, one.old, theirs),
            PushedKind::Fold(ns) => self.judge_folds(ns, one.old, theirs),
            PushedKind::State(ns) => self.judge_states(ns, one.old, theirs),
            PushedKind::Paper => self.new_commits(&one.name, one.old, theirs).map(drop),
            PushedKind::Branch | PushedKind::Tag => Ok(()),
        }
    }

    fn repository(&self) -> &Repository {
        self.there.repository()
    }

    fn require_commit(&self, reference: &str, id: ObjectId) -> Outcome<()> {
        match Reader::new(self.repository()).header(id)? {
            Some(header) if header.kind == ObjectKind::Commit => Ok(()),
            Some(header) => Err(rewritten(
                reference,
                &format!("it would hold a {}, not a commit", header.kind),
            )),
            None => Err(Fault::new(
                ErrorCode::BadCommit,
                reference,
                format!("commit {id} did not come with the push"),
            )),
        }
    }

    fn judge_governance(&mut self, ours: Option<ObjectId>, theirs: ObjectId) -> Outcome<()> {
        let Some(ours) = ours else {
            return Err(Fault::new(
                ErrorCode::BadGovernance,
                GOVERNANCE_REF,
                "this repository has no genesis to go on from",
            ));
        };
        let judged = arrivals::judge_governance(self.repository(), ours, &self.before, theirs)?;
        let Some(chain) = judged else {
            return Err(rewritten(
                GOVERNANCE_REF,
                "it would be set back to a version before the newest",
            ));
        };
        for version in self.before.version()..=chain.version() {
            // A policy whose bytes are missing would leave nothing that can be judged.
            self.there.policy_at(&chain, version)?;
        }
        let chain = Arc::new(chain);
        self.ask_about_changes(&chain, theirs)?;
        self.chain = chain;
        self.governed = GovernedAdmission::new(self.chain.clone());
        Ok(())
    }

    /// Puts every pushed version to the policy of the version before it.
    fn ask_about_changes(&self, chain: &Arc<Chain>, theirs: ObjectId) -> Outcome<()> {
        let epoch = self.here.newest_epoch()?;
        let documents = governance::read_documents(self.repository(), theirs)?;
        let new = documents
            .iter()
            .zip(0u64..)
            .skip_while(|(_, version)| *version <= self.before.version());
        for ((commit, document), version) in new {
            let about =
                |fault: Fault| fault.with_detail("commit", reply::text(&commit.to_string()));
            if let Some(gate) = self.gates.at(&self.there, chain, version - 1)? {
                let change = SignedChange::of(document, chain)?;
                if let Some(judged) = gate.judge_change(&change, epoch) {
                    let refusal = judged.verdict.refusal.clone();
                    if refusal.is_some() || judged.verdict.audit {
                        lock(&self.spoken).push(Spoken {
                            event: None,
                            document: Some(change.id),
                            record: record_of_change(chain, &change, &judged, Door::Push),
                            verdict: judged.verdict,
                        });
                    }
                    if let Some(fault) = refusal {
                        return Err(about(fault));
                    }
                }
            }
            self.there
                .refuse_lock_out(&chain.up_to(version))
                .map_err(about)?;
            self.refuse_other_branches(chain, version).map_err(about)?;
        }
        Ok(())
    }

    /// What was let in is never rewritten: a version that chooses between branches chooses the one that stands here.
    fn refuse_other_branches(&self, chain: &Chain, version: u64) -> Outcome<()> {
        for journal in chain.chosen_journals() {
            let cuts = chain.cuts_of(journal);
            let is_new = cuts.choices().iter().any(|one| one.version == version);
            let tip = refs::read(self.repository(), &journal.ref_name())?;
            if let Some(tip) = tip
                && is_new
            {
                branches::check_chosen(self.repository(), journal, tip, &cuts)?;
            }
        }
        Ok(())
    }

    fn judge_journal(
        &self,
        journal: &JournalName,
        ours: Option<ObjectId>,
        theirs: ObjectId,
    ) -> Outcome<()> {
        quarantine::refuse_if_frozen(self.here.repository(), journal)?;
        let sealed = self.here.newest_anchor(&journal.ns)?;
        let admission = GateAdmission {
            view: self,
            sealed: sealed.map(|sealed| sealed.anchor.max_ulid),
        };
        let own = self.own_commits(ours, theirs)?;
        let arrived = arrivals::judge_events(
            self.repository(),
            journal,
            theirs,
            &|commit| own.contains(&commit),
            &admission,
        )
        .map_err(|fault| self.as_merge(fault))?;
        // Also a fork must stand on the event it names: a good event on another commit accuses nobody.
        let tip = match arrived.joined {
            Some(joined) => Some(self.tip_at(joined)?),
            None => None,
        };
        arrived.check_continues(journal, tip)?;
        if arrived.joined != ours {
            return Err(self.fork(journal, &own, theirs)?);
        }
        self.refuse_stale(journal, ours, &arrived)
    }

    /// What names an older version than one that cut its journal would never count; the gate does not take it.
    fn refuse_stale(
        &self,
        journal: &JournalName,
        ours: Option<ObjectId>,
        arrived: &arrivals::ArrivedEvents,
    ) -> Outcome<()> {
        let cuts = self.chain.cuts_of(journal);
        if cuts.is_empty() {
            return Ok(());
        }
        let reader = Reader::new(self.repository());
        let mut position = match ours {
            Some(ours) => reader.walk_back(ours, None).count() as u64,
            None => 0,
        };
        for step in arrived.steps.iter().rev() {
            position += 1;
            let content = reader.commit(step.commit)?;
            let event = gatos_ledger::codec::decode_event_commit(&content)?.event;
            let version = self.chain.version_of(&event.envelope().gov).unwrap_or(0);
            let about = |code, reason: String| {
                Fault::new(code, journal.short(), reason)
                    .with_detail("commit", reply::text(&step.commit.to_string()))
            };
            if let Some(newer) = cuts.contradicts(position, &step.id) {
                return Err(about(
                    ErrorCode::Equivocation,
                    format!(
                        "event number {position} is another one than governance version {newer} accepted at this place"
                    ),
                ));
            }
            if let Some(newer) = cuts.stale_since(position, version) {
                return Err(about(
                    ErrorCode::StaleGov,
                    format!(
                        "event `{}` names governance version {version}, but version {newer} cut its journal before it",
                        step.id
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Id, ULID and governance version of the event a journal's ref holds now.
    fn tip_at(
        &self,
        commit: ObjectId,
    ) -> Outcome<(gatos_values::EventId, gatos_values::Ulid, Option<u64>)> {
        let content = Reader::new(self.repository()).commit(commit)?;
        let event = gatos_ledger::codec::decode_event_commit(&content)?.event;
        let envelope = event.envelope();
        Ok((
            event.id(),
            envelope.ulid,
            self.chain.version_of(&envelope.gov),
        ))
    }

    /// A commit with two parents is refused as no commit of a journal; the truth is that it is a merge.
    fn as_merge(&self, fault: Fault) -> Fault {
        let Some(commit) = offender::commit_of(&fault) else {
            return fault;
        };
        let parents = Reader::new(self.repository())
            .commit(commit)
            .ok()
            .and_then(|content| commit::head_of(&content).ok())
            .map_or(0, |(_, parents)| parents.len());
        match parents > 1 {
            true => Fault {
                code: ErrorCode::FfViolation,
                reason: format!("commit {commit} is a merge: a journal is never merged"),
                hint: ErrorCode::FfViolation.hint().to_owned(),
                ..fault
            },
            false => fault,
        }
    }

    /// The commits of a journal at which judging what was pushed to it may stop: its tip, where the push continues
    /// it, else all of them. What was admitted long ago is not judged by today's epoch and versions.
    fn own_commits(&self, ours: Option<ObjectId>, theirs: ObjectId) -> Outcome<BTreeSet<ObjectId>> {
        let Some(ours) = ours else {
            return Ok(BTreeSet::new());
        };
        let reader = Reader::new(self.repository());
        let mut walked = reader.walk_back(theirs, None);
        // A commit that cannot be walked over is refused when the events are judged.
        if walked.any(|walked| walked.is_ok_and(|walked| walked.id == ours)) {
            return Ok(BTreeSet::from([ours]));
        }
        let own = reader.walk_back(ours, None);
        own.map(|walked| Ok(walked?.id)).collect()
    }

    /// What a journal that does not continue ours is: cut back, or a second branch of signed events.
    fn fork(
        &self,
        journal: &JournalName,
        own: &BTreeSet<ObjectId>,
        theirs: ObjectId,
    ) -> Outcome<Fault> {
        let reader = Reader::new(self.repository());
        let mut first_theirs = None;
        for walked in reader.walk_back(theirs, None) {
            let walked = walked?;
            if own.contains(&walked.id) {
                break;
            }
            first_theirs = Some(walked.id);
        }
        Ok(match first_theirs {
            None => rewritten(
                &journal.ref_name(),
                "it would be set back: its newest events would be lost",
            ),
            Some(commit) => Fault::new(
                ErrorCode::Equivocation,
                journal.short(),
                format!(
                    "commit {commit} is a second event of this key in the same place; the journal keeps the first"
                ),
            )
            .with_detail("commit", reply::text(&commit.to_string()))
            .with_hint("one key signed in two places: go on with another key, and have governors revoke this one if it was stolen"),
        })
    }
}

/// Admission at the gate: by governance, the gate's clock and its patience, what is sealed, and the policy.
struct GateAdmission<'v> {
    view: &'v PushView<'v>,
    /// The ULID up to which the namespace is sealed.
    sealed: Option<Ulid>,
}

impl Admission for GateAdmission<'_> {
    fn admit(&self, event: &SealedEvent) -> Result<u64, Refusal> {
        let view = self.view;
        let version = view.governed.admit(event)?;
        if version < view.oldest_version {
            return Err(Refusal::new(
                ErrorCode::PolicyStale,
                format!(
                    "it was judged under governance version {version}; this gate takes {} or newer",
                    view.oldest_version
                ),
            ));
        }
        let ulid = event.envelope().ulid;
        if ulid.time_ms() > view.newest_ms {
            return Err(Refusal::new(
                ErrorCode::UlidAhead,
                format!("its ULID `{ulid}` lies more than 300 s ahead of the gate's clock"),
            ));
        }
        if let Some(sealed) = self.sealed
            && ulid <= sealed
        {
            return Err(Refusal::new(
                ErrorCode::EpochSealed,
                format!(
                    "its ULID `{ulid}` is not above `{sealed}`, up to which the namespace is sealed"
                ),
            ));
        }
        if let Some(fault) = gate::refuse_misplaced(&view.chain, version, event.envelope()) {
            return Err(Refusal::new(fault.code, fault.reason));
        }
        view.ask_policy(event, version)
            .map_err(|fault| Refusal::new(fault.code, fault.reason))?;
        Ok(version)
    }
}

impl PushView<'_> {
    /// Asks the policy of the version about an event whose signature holds.
    fn ask_policy(&self, event: &SealedEvent, version: u64) -> Outcome<()> {
        let Some(gate) = self.gates.at(&self.there, &self.chain, version)? else {
            return Ok(());
        };
        let verdict = gate.judge(event.envelope(), self.here.epoch_of(event.envelope())?);
        let refusal = verdict.refusal.clone();
        if refusal.is_some() || verdict.audit {
            let (envelope, id) = (event.envelope(), event.id());
            lock(&self.spoken).push(Spoken {
                event: Some(id),
                document: None,
                record: gate::record_of(&self.chain, envelope, id, &verdict, Door::Push),
                verdict,
            });
        }
        match refusal {
            None => Ok(()),
            Some(fault) => Err(fault),
        }
    }
}
