//! The push gate: what a push wants to move is judged before any ref moves, whoever pushes with whatever Git.
//!
//! `pre-receive` hands over the refs; git keeps the pushed objects apart until the answer is given. The gate looks
//! at the repository as it would be ([`Incoming`]) with the same judges as `sync` and `verify`: governance first,
//! then journals event by event, then folds, epochs, and states recomputed from their events. One refusal refuses the
//! whole push. What was refused is recorded or counted (see [`crate::audit`]) outside git's quarantine.
//!
//! INVARIANT 1: a push that was let in leaves a repository that verifies.
//! INVARIANT 2: a push that was refused leaves every ref but the audit journal's as it was.
//! Page: docs/guide/profiles.md. Tests: ../tests/it/push_gate.rs; real pushes over file, ssh and HTTP in the
//! red-team test of the command line.

mod names;
mod offender;
mod states;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use gatos_ledger::git::Incoming;
use gatos_ledger::objects::Reader;
use gatos_ledger::receive::{self, PushedRef};
use gatos_ledger::{
    Admission, ObjectId, ObjectKind, Refusal, Repository, commit, quarantine, refs,
};
use gatos_policy::audit::{Answer, AuditIntent, Door};
use gatos_policy::governance::Chain;
use gatos_values::{ErrorCode, JournalName, SealedEvent};

use crate::append::ULID_AHEAD_MS_MAX;
use crate::arrivals;
use crate::audit::{AuditRecord, AuditRequest};
use crate::clock;
use crate::fault::{Fault, Outcome};
use crate::governance::GOVERNANCE_REF;
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
        let refusals = self.refusals_of(&chain, pushed, quarantine)?;
        self.note_refusals(&chain, refusals)
    }

    fn refusals_of(
        &self,
        chain: &Arc<Chain>,
        pushed: &[PushedRef],
        quarantine: Option<&Path>,
    ) -> Outcome<Vec<PushRefusal>> {
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
                refusals.push(refusal(one, fault, offender));
                if kind == PushedKind::Governance {
                    // Nothing else of this push can be judged by it.
                    break;
                }
            }
        }
        Ok(refusals)
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
                true => AuditIntent::Govern,
                false => AuditIntent::Write,
            },
            actor: offender.actor.clone(),
            key: offender.key,
            event: offender.event,
            document: offender.document,
            reference: self.reference.clone(),
            resource: offender.resource.clone(),
            rule_ids: Vec::new(),
            reason: self.reason_for_record(offender),
            via: Door::Push,
            governance_version: chain.version(),
            fold_root,
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
    admission: GateAdmission,
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
        Ok(PushView {
            here,
            there,
            before: chain.clone(),
            admission: GateAdmission {
                governed: GovernedAdmission::new(chain.clone()),
                oldest_version,
                newest_ms: clock::now_ms().saturating_add(ULID_AHEAD_MS_MAX),
            },
            chain,
        })
    }

    fn judge(&mut self, kind: &PushedKind, one: &PushedRef) -> Outcome<()> {
        let Some(theirs) = one.new else { return Ok(()) };
        self.require_commit(&one.name, theirs)?;
        match kind {
            PushedKind::Governance => self.judge_governance(one.old, theirs),
            PushedKind::Journal(journal) => self.judge_journal(journal, one.old, theirs),
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
        self.chain = Arc::new(chain);
        self.admission.governed = GovernedAdmission::new(self.chain.clone());
        Ok(())
    }

    fn judge_journal(
        &self,
        journal: &JournalName,
        ours: Option<ObjectId>,
        theirs: ObjectId,
    ) -> Outcome<()> {
        quarantine::refuse_if_frozen(self.here.repository(), journal)?;
        let arrived = arrivals::judge_events(
            self.repository(),
            journal,
            theirs,
            &|commit| Some(commit) == ours,
            &self.admission,
        )
        .map_err(|fault| self.as_merge(fault))?;
        if arrived.joined != ours {
            return Err(self.fork(journal, ours, theirs)?);
        }
        let tip = match ours {
            Some(ours) => Some(self.tip_at(ours)?),
            None => None,
        };
        arrived.check_continues(journal, tip)
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

    /// What a journal that does not continue ours is: cut back, or a second branch of signed events.
    fn fork(
        &self,
        journal: &JournalName,
        ours: Option<ObjectId>,
        theirs: ObjectId,
    ) -> Outcome<Fault> {
        let reader = Reader::new(self.repository());
        let mut own = std::collections::BTreeSet::new();
        if let Some(ours) = ours {
            for walked in reader.walk_back(ours, None) {
                own.insert(walked?.id);
            }
        }
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

/// Admission at the gate: by governance, and with the gate's own clock and its patience with old versions.
struct GateAdmission {
    governed: GovernedAdmission,
    /// The oldest governance version an event may name.
    oldest_version: u64,
    /// The highest time a ULID may claim, in milliseconds.
    newest_ms: u64,
}

impl Admission for GateAdmission {
    fn admit(&self, event: &SealedEvent) -> Result<u64, Refusal> {
        let version = self.governed.admit(event)?;
        if version < self.oldest_version {
            return Err(Refusal::new(
                ErrorCode::PolicyStale,
                format!(
                    "it was judged under governance version {version}; this gate takes {} or newer",
                    self.oldest_version
                ),
            ));
        }
        let ulid = event.envelope().ulid;
        if ulid.time_ms() > self.newest_ms {
            return Err(Refusal::new(
                ErrorCode::UlidAhead,
                format!("its ULID `{ulid}` lies more than 300 s ahead of the gate's clock"),
            ));
        }
        Ok(version)
    }
}
