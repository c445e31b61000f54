//! Epochs: sealing a stretch of a namespace's history, and what is sealed.
//!
//! The anchors of a namespace form a chain on `refs/gatos/epoch/<ns>/head`. Anchor N seals epoch N: it names the head
//! of every journal and the roots of all events up to there. Before the first anchor it is epoch 0. An event that
//! comes later has a ULID above the newest anchor's highest, so the sealed events stay a prefix of canonical order.
//!
//! INVARIANT 1: an anchor covers every event of the namespace up to its highest ULID, and no other.
//! INVARIANT 2: an anchor of ours is the newest of its chain; the ref only moves to an anchor that names it.
//! Format: docs/formats/epoch.md. Tests: ../tests/it/epochs.rs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gatos_ledger::codec::{self, DocumentForm};
use gatos_ledger::objects::{self, Reader};
use gatos_ledger::reading::{EventReader, JournalView, Selection};
use gatos_ledger::{ObjectId, ObjectKind, RefChange, refs};
use gatos_policy::epoch::{Anchor, AnchorError, AnchorHead, may_seal, who_must_sign};
use gatos_policy::governance::Chain;
use gatos_values::merkle::{self, Frontier};
use gatos_values::roots::EMPTY_FOLD_ROOT;
use gatos_values::{
    Actor, Blake3Digest, Envelope, ErrorCode, Namespace, SignatureNamespace, SshSignature, Ulid,
    Value,
};

use crate::Progress;
use crate::append::lock;
use crate::clock;
use crate::fault::{Fault, Outcome};
use crate::node::Node;
use crate::reply;
use crate::signing::ActingKey;

/// How many checkpoints back the state of an anchor is looked for.
const CHECKPOINT_SEARCH_COUNT_MAX: usize = 10_000;

/// The ref of a namespace's anchors.
pub fn epoch_ref(ns: &Namespace) -> String {
    format!("refs/gatos/epoch/{ns}/head")
}

/// An anchor with its place.
#[derive(Clone, Debug)]
pub struct SealedEpoch {
    /// Id of the anchor.
    pub id: Blake3Digest,
    /// The anchor.
    pub anchor: Anchor,
    /// Its bytes, as signed.
    pub bytes: Vec<u8>,
    /// Signatures over them.
    pub signatures: Vec<SshSignature>,
    /// Commit that holds it.
    pub commit: ObjectId,
}

impl SealedEpoch {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        let anchor = &self.anchor;
        let keys = self.signatures.iter();
        let keys = keys.map(|one| reply::text(&one.public.key_id().to_string()));
        reply::object(vec![
            ("id", reply::text(&self.id.to_string())),
            ("ns", reply::text(anchor.ns.as_str())),
            ("epoch", reply::count(anchor.epoch)),
            ("events", reply::count(anchor.count)),
            ("journals", reply::count(anchor.heads.len() as u64)),
            ("max_ulid", reply::text(&anchor.max_ulid.to_string())),
            ("inputs_root", anchor.inputs_root.to_value()),
            ("state_root", anchor.state_root.to_value()),
            ("policy_root", anchor.policy_root.to_value()),
            ("fold_root", anchor.fold_root.to_value()),
            ("gov", reply::text(&anchor.gov.to_string())),
            ("signers", Value::List(keys.collect())),
            ("commit", reply::text(&self.commit.to_string())),
        ])
    }
}

/// What sealing did.
#[derive(Clone, Debug)]
pub struct EpochReport {
    /// The anchor.
    pub sealed: SealedEpoch,
    /// True when there was nothing new, so that the newest anchor stands for the reply.
    pub unchanged: bool,
}

impl EpochReport {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        with_ok(
            self.sealed.to_value(),
            vec![("unchanged", Value::Bool(self.unchanged))],
        )
    }
}

/// What verifying found, all of it good.
#[derive(Clone, Debug)]
pub struct EpochVerified {
    /// The namespace.
    pub ns: Namespace,
    /// Anchors.
    pub anchor_count: u64,
    /// Events they cover.
    pub event_count: u64,
}

impl EpochVerified {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        reply::object(vec![
            ("ok", Value::Bool(true)),
            ("ns", reply::text(self.ns.as_str())),
            ("anchors", reply::count(self.anchor_count)),
            ("events", reply::count(self.event_count)),
        ])
    }
}

fn with_ok(document: Value, more: Vec<(&'static str, Value)>) -> Value {
    let Value::Map(mut map) = document else {
        return document;
    };
    map.insert(gatos_values::Text::from_ascii("ok"), Value::Bool(true));
    for (name, value) in more {
        map.insert(gatos_values::Text::from_ascii(name), value);
    }
    Value::Map(map)
}

impl Node {
    /// Namespaces that have an anchor.
    pub fn epoch_namespaces(&self) -> Outcome<Vec<Namespace>> {
        let mut found = Vec::new();
        for (name, _) in refs::list(self.repository(), "refs/gatos/epoch/")? {
            let ns = name
                .strip_prefix("refs/gatos/epoch/")
                .and_then(|rest| rest.strip_suffix("/head"));
            if let Some(ns) = ns {
                found.push(Namespace::parse(ns)?);
            }
        }
        Ok(found)
    }

    /// The anchors of a namespace, newest first; nothing recomputed.
    ///
    /// # Errors
    /// `EPOCH_BROKEN` naming the anchor.
    pub fn epoch_list(&self, ns: &Namespace) -> Outcome<Vec<SealedEpoch>> {
        let head = refs::read(self.repository(), &epoch_ref(ns))?;
        self.anchors_from(ns, head)
    }

    /// The newest anchor of a namespace.
    ///
    /// # Errors
    /// As [`Node::epoch_list`].
    pub(crate) fn newest_anchor(&self, ns: &Namespace) -> Outcome<Option<Arc<SealedEpoch>>> {
        let Some(head) = refs::read(self.repository(), &epoch_ref(ns))? else {
            return Ok(None);
        };
        if let Some(known) = lock(&self.anchors).get(ns)
            && known.commit == head
        {
            return Ok(Some(known.clone()));
        }
        let read = Arc::new(read_anchor(&Reader::new(self.repository()), ns, head)?.0);
        lock(&self.anchors).insert(ns.clone(), read.clone());
        Ok(Some(read))
    }

    /// The epoch an event belongs to: how many anchors lie below its ULID.
    ///
    /// # Errors
    /// As [`Node::epoch_list`].
    pub(crate) fn epoch_of(&self, envelope: &Envelope) -> Outcome<u64> {
        let Some(newest) = self.newest_anchor(&envelope.ns)? else {
            return Ok(0);
        };
        if envelope.ulid > newest.anchor.max_ulid {
            return Ok(newest.anchor.epoch + 1);
        }
        let anchors = self.epoch_list(&envelope.ns)?;
        let below = anchors
            .iter()
            .filter(|sealed| sealed.anchor.max_ulid < envelope.ulid);
        Ok(below.count() as u64)
    }

    /// The epoch that new events of a namespace belong to.
    ///
    /// # Errors
    /// As [`Node::epoch_list`].
    pub fn epoch_current(&self, ns: &Namespace) -> Outcome<u64> {
        Ok(self
            .newest_anchor(ns)?
            .map_or(0, |sealed| sealed.anchor.epoch + 1))
    }

    /// Seals what the journals of a namespace hold now.
    ///
    /// # Errors
    /// `UNKNOWN_NAMESPACE` without an event, `QUORUM_NOT_MET` when those who must sign are not at hand, `EPOCH_BROKEN`, and
    /// what running the fold may say.
    pub fn epoch_new(
        &self,
        ns: &Namespace,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<EpochReport> {
        let writer = self.writer()?;
        writer.flush()?;
        let chain = self.governance()?;
        let before = self.newest_anchor(ns)?;
        let counted = self.count_events(self.journals_of(ns)?, progress, |_, _| Ok(()))?;
        let Some(max_ulid) = counted.max_ulid else {
            return Err(Fault::new(
                ErrorCode::UnknownNamespace,
                ns.as_str(),
                format!("namespace `{ns}` has no event to seal"),
            ));
        };
        if let Some(before) = &before
            && before.anchor.count == counted.count
        {
            return Ok(EpochReport {
                sealed: (**before).clone(),
                unchanged: true,
            });
        }
        let version = chain.version();
        let fold_root = chain.fold_root_at(ns, version);
        let state_root = match fold_root == EMPTY_FOLD_ROOT {
            true => merkle::state_root([]),
            false => self.fold_run(ns, progress)?.roots.state_root,
        };
        let anchor = Anchor {
            repo: chain.repository_id(),
            ns: ns.clone(),
            epoch: before.as_ref().map_or(0, |before| before.anchor.epoch + 1),
            prev: before.as_ref().map(|before| before.id),
            heads: counted.heads,
            count: counted.count,
            max_ulid,
            inputs_root: counted.inputs.root(),
            idem_root: counted.idem.root(),
            state_root,
            policy_root: chain.policy_root_at(version),
            fold_root,
            gov: chain.head(),
            ulid: next_ulid(before.as_deref())?,
        };
        let sealed = self.publish(&chain, anchor, before.as_deref())?;
        Ok(EpochReport {
            sealed,
            unchanged: false,
        })
    }

    fn publish(
        &self,
        chain: &Arc<Chain>,
        anchor: Anchor,
        before: Option<&SealedEpoch>,
    ) -> Outcome<SealedEpoch> {
        let bytes = anchor.encode()?;
        let mut signatures = Vec::new();
        for key in self.keys_to_seal(chain)? {
            signatures.push(key.sign(SignatureNamespace::Anchor, &bytes)?);
        }
        anchor.check_signers(chain, &bytes, &signatures)?;
        anchor.follows(before.map(|before| (before.id, &before.anchor)))?;
        let parent = before.map(|before| before.commit);
        let content =
            codec::encode_chained_commit(DocumentForm::Anchor, &bytes, &signatures, parent)?;
        objects::write_loose(self.repository(), ObjectKind::Tree, b"")?;
        let commit = objects::write_loose(self.repository(), ObjectKind::Commit, &content)?;
        self.writer()?.move_refs(&[RefChange {
            name: epoch_ref(&anchor.ns),
            expected: parent,
            new: commit,
        }])?;
        Ok(SealedEpoch {
            id: Blake3Digest::of(&bytes),
            anchor,
            bytes,
            signatures,
            commit,
        })
    }

    /// Keys at hand of actors who may seal an epoch together, as few as will do.
    fn keys_to_seal(&self, chain: &Arc<Chain>) -> Outcome<Vec<Arc<ActingKey>>> {
        let version = chain.version();
        let mut signers: BTreeSet<Actor> = BTreeSet::new();
        let mut keys = Vec::new();
        let default = self.acting_key(chain, None, None).ok();
        let others = chain.actors_at(version).into_iter();
        let others = others.filter_map(|actor| self.acting_key(chain, Some(&actor), None).ok());
        for key in default.into_iter().chain(others) {
            if may_seal(chain, version, &signers) {
                break;
            }
            let mut more = signers.clone();
            // Whoever adds nothing to an agreement does not sign.
            let helps = more.insert(key.actor.clone()) && counts(chain, version, &key.actor);
            if helps {
                signers = more;
                keys.push(key);
            }
        }
        match may_seal(chain, version, &signers) {
            true => Ok(keys),
            false => Err(Fault::new(
                ErrorCode::QuorumNotMet,
                "refs/gatos/epoch",
                format!(
                    "{}; not enough of their keys are at hand",
                    who_must_sign(chain, version)
                ),
            )
            .with_hint("run this where the keys are, or `ssh-add` them")),
        }
    }

    /// Verifies the anchors of a namespace, and what the newest covers, against its journals.
    ///
    /// # Errors
    /// `EPOCH_BROKEN` or `BAD_SIGNATURE` naming the anchor, `EPOCH_SEALED` naming a journal with an event that came too
    /// late.
    pub fn epoch_verify(
        &self,
        ns: &Namespace,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<EpochVerified> {
        let head = refs::read(self.repository(), &epoch_ref(ns))?;
        self.verify_anchors(ns, head, progress)
    }

    /// As [`Node::epoch_verify`], for the chain that ends in `head`, whatever the ref holds.
    pub(crate) fn verify_anchors(
        &self,
        ns: &Namespace,
        head: Option<ObjectId>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<EpochVerified> {
        let chain = self.governance()?;
        let anchors = self.anchors_from(ns, head)?;
        for sealed in &anchors {
            sealed
                .anchor
                .check_signers(&chain, &sealed.bytes, &sealed.signatures)
                .map_err(|error| at(sealed, error.into()))?;
        }
        let Some(newest) = anchors.first() else {
            return Ok(EpochVerified {
                ns: ns.clone(),
                anchor_count: 0,
                event_count: 0,
            });
        };
        let views = self.journals_of(ns)?;
        self.check_heads(newest, &views)?;
        let mut open: Vec<&SealedEpoch> = anchors.iter().collect();
        let counted = self.count_events(views, progress, |counted, next| {
            while let Some(sealed) = open.last()
                && next > sealed.anchor.max_ulid
            {
                check_counted(sealed, counted)?;
                open.pop();
            }
            Ok(())
        })?;
        for sealed in open.iter().rev() {
            check_counted(sealed, &counted)?;
        }
        self.check_states(ns, &anchors, progress)?;
        Ok(EpochVerified {
            ns: ns.clone(),
            anchor_count: anchors.len() as u64,
            event_count: newest.anchor.count,
        })
    }

    /// Each head stands where the anchor says, and what comes behind it is above the highest ULID.
    fn check_heads(&self, sealed: &SealedEpoch, views: &[JournalView]) -> Outcome<()> {
        let max_ulid = sealed.anchor.max_ulid;
        for view in views {
            let name = view.journal().short();
            let head = sealed.anchor.heads.get(&name);
            let count = head.map_or(0, |head| head.count);
            if let Some(head) = head
                && !matches!(view.step(count)?, Some(step) if step.id == head.event)
            {
                return Err(broken(
                    sealed,
                    &format!(
                        "journal `{name}` does not hold `{}` at position {count}",
                        head.event
                    ),
                ));
            }
            if let Some(next) = view.step(count + 1)?
                && next.ulid <= max_ulid
            {
                return Err(Fault::new(
                    ErrorCode::EpochSealed,
                    name,
                    format!(
                        "event `{}` is not covered by anchor {} and its ULID `{}` is not above `{max_ulid}`",
                        next.id, sealed.anchor.epoch, next.ulid
                    ),
                ));
            }
        }
        let known: BTreeSet<String> = views.iter().map(|view| view.journal().short()).collect();
        match sealed
            .anchor
            .heads
            .keys()
            .find(|name| !known.contains(*name))
        {
            None => Ok(()),
            Some(name) => Err(broken(sealed, &format!("journal `{name}` is not here"))),
        }
    }

    /// Every anchor's state is that of a checkpoint; the newest one's is recomputed.
    fn check_states(
        &self,
        ns: &Namespace,
        anchors: &[SealedEpoch],
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<()> {
        let checkpoints = self.state_log(ns, CHECKPOINT_SEARCH_COUNT_MAX)?;
        for (index, sealed) in anchors.iter().enumerate() {
            let anchor = &sealed.anchor;
            if anchor.fold_root == EMPTY_FOLD_ROOT {
                if anchor.state_root != merkle::state_root([]) {
                    return Err(broken(sealed, "without a fold there is no state"));
                }
                continue;
            }
            let found = checkpoints.iter().find(|read| {
                let checkpoint = &read.checkpoint;
                checkpoint.state_root == anchor.state_root
                    && checkpoint.fold_root == anchor.fold_root
            });
            let Some(read) = found else {
                return Err(broken(sealed, "no checkpoint here has its state root"));
            };
            if index == 0 {
                self.fold_verify(ns, Some(read.commit), progress)?;
            }
        }
        Ok(())
    }

    fn journals_of(&self, ns: &Namespace) -> Outcome<Vec<JournalView>> {
        let prefix = format!("gatos/journal/{ns}/");
        let depth = prefix.matches('/').count() + 2;
        self.journal_views(&|name| name.starts_with(&prefix) && name.matches('/').count() == depth)
    }

    /// Reads all events in canonical order; `before` is told what was counted so far and the next event's ULID.
    fn count_events(
        &self,
        views: Vec<JournalView>,
        progress: &mut dyn FnMut(Progress<'_>),
        mut before: impl FnMut(&Counted, Ulid) -> Outcome<()>,
    ) -> Outcome<Counted> {
        let mut counted = Counted::default();
        let total = views.iter().map(JournalView::count).sum();
        for view in &views {
            let count = view.count();
            if let Some(step) = view.step(count)? {
                let head = AnchorHead {
                    event: step.id,
                    count,
                };
                counted.heads.insert(view.journal().short(), head);
            }
        }
        for stored in EventReader::new(self.repository(), views, Selection::all()) {
            let event = stored?.event;
            before(&counted, event.envelope().ulid)?;
            counted.take(event.envelope(), event.id().as_bytes());
            if counted.count.is_multiple_of(1024) {
                progress(Progress {
                    stage: "epoch",
                    done: counted.count,
                    total: Some(total),
                });
            }
        }
        Ok(counted)
    }

    fn anchors_from(&self, ns: &Namespace, head: Option<ObjectId>) -> Outcome<Vec<SealedEpoch>> {
        let reader = Reader::new(self.repository());
        let mut found: Vec<SealedEpoch> = Vec::new();
        let mut next = head;
        while let Some(commit) = next {
            let (sealed, parent) = read_anchor(&reader, ns, commit)?;
            if let Some(later) = found.last() {
                later
                    .anchor
                    .follows(Some((sealed.id, &sealed.anchor)))
                    .map_err(|error| at(later, error.into()))?;
            }
            found.push(sealed);
            next = parent;
        }
        if let Some(first) = found.last() {
            first
                .anchor
                .follows(None)
                .map_err(|error| at(first, error.into()))?;
        }
        Ok(found)
    }
}

/// What a walk over all events has seen.
#[derive(Default)]
struct Counted {
    heads: BTreeMap<String, AnchorHead>,
    count: u64,
    max_ulid: Option<Ulid>,
    inputs: Frontier,
    idem: Frontier,
}

impl Counted {
    fn take(&mut self, envelope: &Envelope, id: &[u8]) {
        self.count += 1;
        self.max_ulid = Some(envelope.ulid);
        self.inputs.push(id);
        let idem = envelope.idem.as_ref().map_or("", |idem| idem.as_str());
        let line = format!("{}\0{}\0{idem}", envelope.actor, envelope.ulid);
        self.idem.push(line.as_bytes());
    }
}

fn check_counted(sealed: &SealedEpoch, counted: &Counted) -> Outcome<()> {
    let anchor = &sealed.anchor;
    let rows = [
        ("count", anchor.count == counted.count),
        ("max_ulid", Some(anchor.max_ulid) == counted.max_ulid),
        ("inputs_root", anchor.inputs_root == counted.inputs.root()),
        ("idem_root", anchor.idem_root == counted.idem.root()),
    ];
    match rows.iter().find(|(_, same)| !same) {
        None => Ok(()),
        Some((name, _)) => Err(broken(
            sealed,
            &format!("its `{name}` is not what the journals give"),
        )),
    }
}

/// Whether an actor's signature can matter to an anchor.
fn counts(chain: &Chain, version: u64, actor: &Actor) -> bool {
    use gatos_policy::governance::GovernedAction;
    match chain.quorum_at(GovernedAction::Epoch, version) {
        None => chain.governors_at(version).contains(actor),
        Some(rule) => rule.counts(actor, &|group| chain.members_at(group, version)),
    }
}

fn read_anchor(
    reader: &Reader,
    ns: &Namespace,
    commit: ObjectId,
) -> Outcome<(SealedEpoch, Option<ObjectId>)> {
    let wrong = |reason: String| {
        Fault::new(
            ErrorCode::EpochBroken,
            epoch_ref(ns),
            format!("anchor commit {commit}: {reason}"),
        )
        .with_detail("commit", reply::text(&commit.to_string()))
    };
    let content = reader
        .commit(commit)
        .map_err(|error| wrong(error.to_string()))?;
    let chained = codec::decode_chained_commit(DocumentForm::Anchor, &content)
        .map_err(|error| wrong(error.to_string()))?;
    let anchor = Anchor::decode(&chained.bytes).map_err(|error| wrong(error.to_string()))?;
    if anchor.ns != *ns {
        return Err(wrong(format!("it seals `{}`, not `{ns}`", anchor.ns)));
    }
    let sealed = SealedEpoch {
        id: chained.id,
        anchor,
        bytes: chained.bytes,
        signatures: chained.signatures,
        commit,
    };
    Ok((sealed, chained.parent))
}

fn broken(sealed: &SealedEpoch, reason: &str) -> Fault {
    at(sealed, Fault::new(ErrorCode::EpochBroken, "", reason))
}

fn at(sealed: &SealedEpoch, fault: Fault) -> Fault {
    Fault {
        reason: format!("anchor of epoch {}: {}", sealed.anchor.epoch, fault.reason),
        resource: epoch_ref(&sealed.anchor.ns),
        ..fault
    }
    .with_detail("commit", reply::text(&sealed.commit.to_string()))
}

fn next_ulid(before: Option<&SealedEpoch>) -> Outcome<Ulid> {
    let fresh = clock::fresh_ulid(clock::now_ms());
    match before.map(|before| before.anchor.ulid) {
        Some(last) if fresh <= last => last
            .next()
            .ok_or_else(|| Fault::new(ErrorCode::BadUlid, "", "the anchors' ULIDs are used up")),
        _ => Ok(fresh),
    }
}

impl From<AnchorError> for Fault {
    fn from(error: AnchorError) -> Fault {
        Fault::new(error.code(), "", error.to_string())
    }
}
