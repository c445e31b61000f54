//! What may leave: labels that stay inside, and refs on their way to another place.
//!
//! A remote is *inside* if its setting `remote.<name>.gatosSide` says `internal`; a clone says so of where it came
//! from. Towards any other, governance decides first (a kept namespace stays), then the policy in force, asked with
//! `export` for every ref of a namespace. `sync` and the hook `pre-push` ask here. Whoever skips the hook skips the
//! question: it keeps honest hands from mistakes, not a holder of the files from copying them.
//!
//! INVARIANT: neither `sync` nor a push with the hook carries a ref of a kept namespace to a remote outside.
//! Page: docs/guide/profiles.md. Tests: ../../tests/it/export.rs, with real pushes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gatos_ledger::codec;
use gatos_ledger::objects::Reader;
use gatos_ledger::reading::{EventReader, Selection};
use gatos_ledger::{ObjectId, receive, settings};
use gatos_policy::audit::{Answer, Door};
use gatos_policy::governance::{Chain, EXPORT_LIMITING_LABELS};
use gatos_policy::language::Intent;
use gatos_values::{Actor, Envelope, ErrorCode, JournalName, Map, Namespace, ResourceUri, Value};

use super::{Gate, Gates, LOCAL_ADDRESS, Question, Surroundings, Verdict};
use crate::audit::AuditRequest;
use crate::fault::{Fault, Outcome};
use crate::governance;
use crate::node::Node;
use crate::reply;
use crate::signing::ActingKey;

/// What a remote inside is called, by its setting and in requests.
pub const INSIDE: &str = "internal";
/// The last part of the setting `remote.<name>.gatosSide`.
const SIDE_SETTING: &str = "gatosSide";
/// The other side where a push names an address that no remote has.
const NO_REMOTE: &str = "address";
/// Where refs of the ledger lie.
const ROOT: &str = "refs/gatos/";

/// A ref on its way, by its names on both sides.
#[derive(Clone, Debug)]
pub struct LeavingRef {
    /// Its full name here, or what git calls what is pushed.
    pub here: String,
    /// Its full name there.
    pub there: String,
    /// The commit that goes.
    pub commit: Option<ObjectId>,
}

impl LeavingRef {
    /// A ref that has one name on both sides.
    #[must_use]
    pub fn same(name: &str, commit: ObjectId) -> LeavingRef {
        LeavingRef {
            here: name.to_owned(),
            there: name.to_owned(),
            commit: Some(commit),
        }
    }
}

/// A ref that may not leave.
#[derive(Clone, Debug)]
pub struct LeavingRefusal {
    /// Its name there.
    pub reference: String,
    /// Why.
    pub fault: Fault,
}

/// The refusal of an event whose label keeps it out of its namespace, if one does.
pub(crate) fn refuse_misplaced(chain: &Chain, version: u64, envelope: &Envelope) -> Option<Fault> {
    let label = chain.misplaced_label(envelope, version)?;
    let ns = &envelope.ns;
    Some(
        Fault::new(
            ErrorCode::PolicyDeny,
            envelope.resource.to_string(),
            format!(
                "label `{label}` limits export, and namespace `{ns}` is not kept: the event would leave with its journal"
            ),
        )
        .with_hint(format!(
            "governors keep a namespace with `gatos trust namespace {ns}`; else leave the label out"
        )),
    )
}

/// What is looked up once for all refs of a push.
struct Leaving<'n> {
    node: &'n Node,
    chain: Arc<Chain>,
    gate: Option<Arc<Gate>>,
    acting: Option<Arc<ActingKey>>,
    /// Labels of all events of a namespace, sorted.
    labels: BTreeMap<Namespace, Vec<String>>,
}

impl Node {
    /// Which of these refs may not go to a remote, by its name or address. Refusals are recorded.
    ///
    /// # Errors
    /// Only when nothing can be judged or recorded; then nothing may leave.
    pub fn judge_leaving(&self, remote: &str, refs: &[LeavingRef]) -> Outcome<Vec<LeavingRefusal>> {
        let side = self.side_of(remote)?;
        if side == INSIDE {
            return Ok(Vec::new());
        }
        let chain = self.governance()?;
        let surroundings = Surroundings {
            remote: side,
            remote_addr: LOCAL_ADDRESS.to_owned(),
        };
        let gate = Gates::new(surroundings).at(self, &chain, chain.version())?;
        let acting = match &gate {
            Some(_) => Some(self.acting_key(&chain, None, None)?),
            // Nobody is asked about; a record is made all the same where a key is at hand.
            None => self.acting_key(&chain, None, None).ok(),
        };
        let mut leaving = Leaving {
            node: self,
            chain,
            gate,
            acting,
            labels: BTreeMap::new(),
        };
        let (mut refusals, mut records, mut counted) = (Vec::new(), Vec::new(), Vec::new());
        for one in refs {
            for ns in self.namespaces_of(one)? {
                let verdict = leaving.judge(one, &ns, remote)?;
                let record = leaving.record_of(one, &ns, &verdict);
                if verdict.refusal.is_some() || verdict.audit {
                    match (record, &verdict.refusal) {
                        (Some(record), _) => records.push(record),
                        (None, Some(fault)) => counted.push(fault.code),
                        (None, None) => {}
                    }
                }
                if let Some(fault) = verdict.refusal {
                    refusals.push(LeavingRefusal {
                        reference: one.there.clone(),
                        fault,
                    });
                    break;
                }
            }
        }
        if !counted.is_empty() {
            self.count_refused(&counted)?;
        }
        self.record(records)?;
        Ok(refusals)
    }

    /// The same for the lines that git hands to `pre-push`.
    ///
    /// # Errors
    /// `BAD_NAME` for lines that are not git's, and as [`Node::judge_leaving`].
    pub fn judge_leaving_of_hook(
        &self,
        remote: &str,
        lines: &[u8],
    ) -> Outcome<Vec<LeavingRefusal>> {
        let lines = receive::parse_leaving_refs(lines)
            .map_err(|error| Fault::new(error.code(), "pre-push", error.to_string()))?;
        // What is deleted over there carries nothing away.
        let going = lines.into_iter().filter(|line| line.commit.is_some());
        let refs: Vec<LeavingRef> = going
            .map(|line| LeavingRef {
                here: line.local,
                there: line.remote,
                commit: line.commit,
            })
            .collect();
        self.judge_leaving(remote, &refs)
    }

    /// The side of a remote as policies see it: `internal`, or its name.
    ///
    /// # Errors
    /// What git says of its settings.
    pub fn side_of(&self, remote: &str) -> Outcome<String> {
        let known = settings::remotes(self.repository())?;
        let mut name = known.iter().find(|name| *name == remote);
        if name.is_none() {
            // A push may name the address of a remote.
            for one in &known {
                let url = settings::value(self.repository(), &format!("remote.{one}.url"))?;
                if url.as_deref() == Some(remote) {
                    name = Some(one);
                    break;
                }
            }
        }
        let Some(name) = name else {
            return Ok(NO_REMOTE.to_owned());
        };
        let setting = format!("remote.{name}.{SIDE_SETTING}");
        Ok(match settings::value(self.repository(), &setting)? {
            Some(side) if side == INSIDE => side,
            _ => name.clone(),
        })
    }

    /// Says that a remote is inside, where nothing was said of it.
    pub(crate) fn note_inside(&self, remote: &str) -> Outcome<()> {
        let setting = format!("remote.{remote}.{SIDE_SETTING}");
        if settings::value(self.repository(), &setting)?.is_none() {
            settings::set(self.repository(), &setting, INSIDE)?;
        }
        Ok(())
    }

    /// The namespaces whose data a ref carries: by its names on both sides, and by what its commit is, for a journal
    /// under another name is still a journal.
    fn namespaces_of(&self, one: &LeavingRef) -> Outcome<BTreeSet<Namespace>> {
        let names = [one.here.as_str(), one.there.as_str()];
        let mut found: BTreeSet<Namespace> =
            names.into_iter().filter_map(namespace_of_ref).collect();
        let Some(commit) = one.commit else {
            return Ok(found);
        };
        let reader = Reader::new(self.repository());
        if let Ok(content) = reader.commit(commit)
            && let Ok(decoded) = codec::decode_event_commit(&content)
        {
            found.insert(decoded.event.envelope().ns.clone());
        } else if let Ok(read) = self.read_checkpoint(commit) {
            found.insert(read.checkpoint.ns);
        }
        Ok(found)
    }

    /// The labels of all events here, and those that limit export whether an event has them or not.
    ///
    /// # Errors
    /// What reading the journals says.
    pub fn known_labels(&self) -> Outcome<BTreeSet<String>> {
        let mut known = self.labels_in(&|_| true)?;
        known.extend(EXPORT_LIMITING_LABELS.map(str::to_owned));
        Ok(known)
    }

    /// The labels of all events of a namespace, sorted.
    pub(crate) fn labels_of(&self, ns: &Namespace) -> Outcome<Vec<String>> {
        let is_of = |name: &str| {
            let journal = JournalName::parse_ref(&format!("refs/{name}"));
            journal.is_ok_and(|journal| journal.ns == *ns)
        };
        Ok(self.labels_in(&is_of)?.into_iter().collect())
    }

    /// The labels of all events of the journals whose short names are wanted.
    fn labels_in(&self, is_wanted: &dyn Fn(&str) -> bool) -> Outcome<BTreeSet<String>> {
        let views = self.journal_views(is_wanted)?;
        let selection = Selection {
            since: None,
            until: None,
        };
        let mut labels = BTreeSet::new();
        for stored in EventReader::from_positions(self.repository(), views, &[], selection) {
            for label in &stored?.event.envelope().labels {
                if !labels.contains(label.as_str()) {
                    labels.insert(label.as_str().to_owned());
                }
            }
        }
        Ok(labels)
    }
}

/// The namespace of a ref of the ledger, if it has one.
fn namespace_of_ref(name: &str) -> Option<Namespace> {
    if let Ok(journal) = JournalName::parse_ref(name) {
        return Some(journal.ns);
    }
    let (_, rest) = name.strip_prefix(ROOT)?.split_once('/')?;
    Namespace::parse(rest.strip_suffix("/head")?).ok()
}

impl Leaving<'_> {
    fn judge(&mut self, one: &LeavingRef, ns: &Namespace, remote: &str) -> Outcome<Verdict> {
        if self.chain.is_kept_at(ns, self.chain.version()) {
            return Ok(Verdict::without_rule(kept(&one.there, ns, remote)));
        }
        let (Some(gate), Some(acting)) = (self.gate.clone(), self.acting.clone()) else {
            return Ok(Verdict {
                refusal: None,
                rule_ids: Vec::new(),
                audit: false,
                asked: None,
            });
        };
        if !self.labels.contains_key(ns) {
            let labels = self.node.labels_of(ns)?;
            self.labels.insert(ns.clone(), labels);
        }
        let labels = self.labels.get(ns).into_iter().flatten();
        let name = match one.here.starts_with(ROOT) {
            true => &one.here,
            false => &one.there,
        };
        Ok(gate.answer(&Question {
            intent: Intent::Export,
            actor: &acting.actor,
            claimed: None,
            labels: labels.map(String::as_str).collect(),
            path: name.trim_start_matches("refs/"),
            resource: &self.resource(name, ns),
            payload: &self.payload(ns, &acting.actor)?,
            epoch: self.node.epoch_current(ns)?,
        }))
    }

    fn resource(&self, name: &str, ns: &Namespace) -> ResourceUri {
        let repository = self.chain.repository_name();
        match name.starts_with("refs/gatos/state/") {
            true => ResourceUri::state(repository, ns),
            false => ResourceUri::journal(repository, ns),
        }
    }

    /// The namespace, and who of others agreed that it is marked for export.
    fn payload(&self, ns: &Namespace, actor: &Actor) -> Outcome<Value> {
        let version = self.chain.version();
        let mut approvals = BTreeSet::new();
        if self.chain.is_export_marked_at(ns, version)
            && let Some(since) = self.chain.namespace_since(ns, version)
        {
            let head = governance::head(self.node.repository())?;
            let documents = governance::read_documents(self.node.repository(), head)?;
            let marking = documents.into_iter().zip(0u64..);
            let marking = marking.filter(|(_, version)| *version == since);
            for signature in marking.flat_map(|((_, document), _)| document.signatures) {
                let signer = self.chain.key(&signature.public.key_id());
                approvals.extend(signer.map(|record| record.actor.clone()));
            }
        }
        approvals.remove(actor);
        let approvals = approvals.iter().map(|actor| reply::text(actor.as_str()));
        let map = Map::new()
            .with("approvals", Value::List(approvals.collect()))
            .with("ns", ns.to_value());
        Ok(Value::Map(map))
    }

    fn record_of(
        &self,
        one: &LeavingRef,
        ns: &Namespace,
        verdict: &Verdict,
    ) -> Option<AuditRequest> {
        let acting = self.acting.as_ref()?;
        let version = self.chain.version();
        Some(AuditRequest {
            answer: match &verdict.refusal {
                None => Answer::Allow,
                Some(fault) => Answer::Deny(fault.code),
            },
            intent: Intent::Export,
            actor: acting.actor.clone(),
            key: acting.key,
            event: None,
            document: None,
            reference: one.there.clone(),
            resource: Some(self.resource(&one.there, ns)),
            rule_ids: verdict.rule_ids.clone(),
            reason: verdict.refusal.as_ref().map_or_else(
                || "a rule allows it and wants it on record".to_owned(),
                |fault| fault.reason.clone(),
            ),
            via: Door::Export,
            governance_version: version,
            fold_root: self.chain.fold_root_at(ns, version),
            asked: verdict.asked.clone(),
        })
    }
}

fn kept(reference: &str, ns: &Namespace, remote: &str) -> Fault {
    Fault::new(
        ErrorCode::PolicyDeny,
        reference,
        format!("namespace `{ns}` is kept: governance does not mark it for export, and `{remote}` is outside"),
    )
    .with_hint(format!(
        "governors mark it with `gatos trust namespace {ns} --export`; a remote inside is named by `git config remote.NAME.{SIDE_SETTING} {INSIDE}`"
    ))
}
