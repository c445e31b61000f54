//! Append: gate, sign, write, in that order, for one call as a whole.
//!
//! A call carries any number of intents; either all of them become events or none does. Bytes, order
//! and durability are the ledger's work; which key may sign is governance's. This file gives each
//! intent its ULID, its `prev` and its roots, recognises repeats, and signs.
//!
//! INVARIANT 1: two calls that touch one (namespace, actor) never interleave inside a process (a *lane*
//! is held from the look at the tip until the ledger has taken the events), and one writer holds the
//! repository, so `prev` is always the true tip.
//! INVARIANT 2: nothing is acknowledged before its write-ahead frame is flushed.
//! Tests: ../tests/it/append.rs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use gatos_ledger::Writer;
use gatos_policy::audit::Door;
use gatos_policy::governance::Chain;
use gatos_values::{
    Actor, Envelope, ErrorCode, EventId, EventType, IdempotencyKey, JournalName, Namespace,
    ResourceUri, SealedEvent, Text, Ulid, Value,
};

use crate::audit::AuditRequest;
use crate::clock;
use crate::fault::{Fault, Outcome};
use crate::gate::{self, Gates, Surroundings, Verdict};
use crate::node::Node;
use crate::signing::ActingKey;

/// How far ahead of the writer's clock a ULID may lie, in milliseconds.
pub const ULID_AHEAD_MS_MAX: u64 = 5 * 60 * 1000;
/// Batches from this size on are signed by several threads.
const PARALLEL_SIGNING_COUNT_MIN: usize = 64;

/// When a reply to an append is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledgement {
    /// The write-ahead log holds the event and was flushed to disk.
    Durable,
    /// The journal's ref points at the event: every Git command sees it.
    Visible,
}

impl Acknowledgement {
    /// The word used in replies.
    pub fn as_str(self) -> &'static str {
        match self {
            Acknowledgement::Durable => "durable",
            Acknowledgement::Visible => "visible",
        }
    }
}

/// What a repeated append (same ULID or idempotency key, same content) answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeats {
    /// The first event's id, marked `duplicate`.
    #[default]
    Allow,
    /// `DUP_COMMIT`.
    Deny,
}

/// What somebody wants to record.
#[derive(Clone, Debug)]
pub struct Intent {
    /// Namespace of the journal.
    pub ns: Namespace,
    /// Event type.
    pub event_type: EventType,
    /// Any JSON value.
    pub payload: Value,
    /// Who acts; the repository's default actor when absent.
    pub actor: Option<Actor>,
    /// Path of a private key file, or a key id; found by the actor when absent.
    pub key: Option<String>,
    /// Idempotency key.
    pub idem: Option<IdempotencyKey>,
    /// ULID; the generator's next when absent.
    pub ulid: Option<Ulid>,
    /// Resource; the journal's own URI when absent.
    pub resource: Option<ResourceUri>,
    /// Labels, in any order.
    pub labels: Vec<EventType>,
    /// Capabilities claimed, in any order.
    pub caps: Vec<Text>,
    /// What a repeat answers.
    pub repeats: Repeats,
}

impl Intent {
    /// An intent with nothing but the necessary.
    pub fn new(ns: Namespace, event_type: EventType, payload: Value) -> Intent {
        Intent {
            ns,
            event_type,
            payload,
            actor: None,
            key: None,
            idem: None,
            ulid: None,
            resource: None,
            labels: Vec::new(),
            caps: Vec::new(),
            repeats: Repeats::Allow,
        }
    }
}

/// The reply for one intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Event id.
    pub id: EventId,
    /// ULID of the event.
    pub ulid: Ulid,
    /// Commit id, lower-case hex.
    pub commit: String,
    /// Level reached.
    pub ack: Acknowledgement,
    /// True when the event was there before this call.
    pub duplicate: bool,
}

impl Appended {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        crate::reply::object(vec![
            ("ok", Value::Bool(true)),
            ("id", crate::reply::text(&self.id.to_string())),
            ("ulid", crate::reply::text(&self.ulid.to_string())),
            ("commit", crate::reply::text(&self.commit)),
            ("ack", crate::reply::text(self.ack.as_str())),
            ("duplicate", Value::Bool(self.duplicate)),
            // Reads take it as `--at-least`: they answer only once they see this event.
            ("token", crate::reply::text(&self.id.to_string())),
        ])
    }
}

/// One lock per (namespace, actor), handed out in sorted order so that no two calls can wait for each other.
#[derive(Default)]
pub(crate) struct Lanes(Mutex<HashMap<Lane, Arc<Mutex<()>>>>);

/// What a lane is held for.
type Lane = (Namespace, Actor);

impl Lanes {
    fn of(&self, wanted: &BTreeSet<Lane>) -> Vec<Arc<Mutex<()>>> {
        let mut lanes = lock(&self.0);
        wanted
            .iter()
            .map(|lane| lanes.entry(lane.clone()).or_default().clone())
            .collect()
    }
}

/// Locks a mutex whose protected data stays valid when a holder panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// An intent with its actor and key found.
struct Prepared<'a> {
    intent: &'a Intent,
    acting: Arc<ActingKey>,
    journal: JournalName,
}

/// Where each intent of a call ended.
enum Placed {
    /// At this index of the new events.
    New(usize),
    /// It was there before.
    Before(Appended),
}

/// The tip of a journal as this call has moved it.
#[derive(Clone, Copy)]
struct Tip {
    id: Option<EventId>,
    ulid: Option<Ulid>,
}

impl Node {
    /// Appends all intents, or none.
    ///
    /// # Errors
    /// `UNKNOWN_ACTOR`, `UNKNOWN_KEY`, `BAD_EVENT`, `RESERVED_TYPE`, `TOO_LARGE`, `ULID_NOT_RISING`, `ULID_AHEAD`,
    /// `DUP_COMMIT`, `LOCKED`, `DISK_FULL`, `READ_ONLY`, `IO`, `JOURNAL_FROZEN`, `POLICY_DENY`, `CAP_EXPIRED`,
    /// `EPOCH_SEALED`: nothing of the call was written but, for a refusal of the gate, the record of it.
    pub fn append(&self, intents: &[Intent], ack: Acknowledgement) -> Outcome<Vec<Appended>> {
        if intents.is_empty() {
            return Ok(Vec::new());
        }
        let writer = self.writer()?;
        let chain = self.governance()?;
        let prepared = self.prepare(&chain, intents)?;
        let lanes = self.lanes.of(&prepared
            .iter()
            .map(|item| (item.intent.ns.clone(), item.acting.actor.clone()))
            .collect());
        let held: Vec<_> = lanes.iter().map(|lane| lock(lane)).collect();
        let (placed, envelopes) = self.place(&chain, &writer, &prepared)?;
        self.pass_gate(&chain, &envelopes)?;
        let sealed = seal_all(envelopes)?;
        let ids: Vec<(EventId, Ulid)> = sealed
            .iter()
            .map(|event| (event.id(), event.envelope().ulid))
            .collect();
        let receipt = if sealed.is_empty() {
            None
        } else {
            Some(writer.append(sealed)?)
        };
        drop(held);
        if let Some(receipt) = &receipt {
            writer.wait_durable(receipt)?;
        }
        if ack == Acknowledgement::Visible {
            // Also for repeats: what is called visible must be so, even if the first call asked for less.
            writer.flush()?;
        }
        Ok(placed
            .into_iter()
            .map(|place| match place {
                Placed::Before(appended) => Appended { ack, ..appended },
                Placed::New(index) => Appended {
                    id: ids[index].0,
                    ulid: ids[index].1,
                    commit: receipt
                        .as_ref()
                        .map(|receipt| receipt.commits[index].to_string())
                        .unwrap_or_default(),
                    ack,
                    duplicate: false,
                },
            })
            .collect())
    }

    fn prepare<'a>(&self, chain: &Chain, intents: &'a [Intent]) -> Outcome<Vec<Prepared<'a>>> {
        intents
            .iter()
            .map(|intent| {
                if gatos_values::event::is_reserved_type(&intent.event_type) {
                    return Err(Fault::new(
                        ErrorCode::ReservedType,
                        intent.ns.as_str(),
                        format!(
                            "event type `{}` is reserved for the system itself",
                            intent.event_type
                        ),
                    ));
                }
                let acting =
                    self.acting_key(chain, intent.actor.as_ref(), intent.key.as_deref())?;
                let journal = JournalName {
                    ns: intent.ns.clone(),
                    actor: acting.actor.clone(),
                    key: acting.key,
                };
                Ok(Prepared {
                    intent,
                    acting,
                    journal,
                })
            })
            .collect()
    }

    /// Gives every intent its place: a repeat of something known, or the next envelope of its journal.
    fn place(
        &self,
        chain: &Chain,
        writer: &Writer,
        prepared: &[Prepared<'_>],
    ) -> Outcome<(Vec<Placed>, Vec<Unsigned>)> {
        let now_ms = clock::now_ms();
        let mut tips: BTreeMap<&JournalName, Tip> = BTreeMap::new();
        let mut placed = Vec::with_capacity(prepared.len());
        let mut unsigned: Vec<Unsigned> = Vec::with_capacity(prepared.len());
        let mut in_call = InCall::default();
        let mut sealed: BTreeMap<&Namespace, Option<Ulid>> = BTreeMap::new();
        for item in prepared {
            let wanted = Wanted::of(item);
            if let Some(index) = in_call.find(&wanted) {
                refuse_unless_same(item, &unsigned[index].envelope, unsigned[index].id)?;
                placed.push(Placed::New(index));
                continue;
            }
            if let Some(before) = find_repeat(writer, item, &wanted)? {
                placed.push(Placed::Before(before));
                continue;
            }
            let tip = match tips.get(&item.journal) {
                Some(tip) => *tip,
                None => {
                    let tip = tip_of(writer, &item.journal)?;
                    self.refuse_left_branch(chain, &item.journal)?;
                    tip
                }
            };
            let floor = match sealed.get(&item.intent.ns) {
                Some(floor) => *floor,
                None => {
                    let newest = self.newest_anchor(&item.intent.ns)?;
                    let floor = newest.map(|sealed| sealed.anchor.max_ulid);
                    sealed.insert(&item.intent.ns, floor);
                    floor
                }
            };
            let ulid = next_ulid(item, tip, floor, now_ms)?;
            let envelope = self.envelope(chain, item, tip, ulid);
            let bytes = envelope.encode()?;
            let id = EventId::of_envelope(&bytes);
            gatos_policy::governance::admit(chain, &envelope)?;
            tips.insert(
                &item.journal,
                Tip {
                    id: Some(id),
                    ulid: Some(ulid),
                },
            );
            in_call.note(&wanted, ulid, unsigned.len());
            placed.push(Placed::New(unsigned.len()));
            unsigned.push(Unsigned {
                envelope,
                bytes,
                id,
                acting: item.acting.clone(),
            });
        }
        Ok((placed, unsigned))
    }

    /// Asks the gate about every new event, before anything is signed. A refusal is recorded and stands for the call.
    fn pass_gate(&self, chain: &Arc<Chain>, events: &[Unsigned]) -> Outcome<()> {
        let version = chain.version();
        for event in events {
            if let Some(refusal) = gate::refuse_misplaced(chain, version, &event.envelope) {
                let verdict = Verdict::without_rule(refusal.clone());
                let record =
                    gate::record_of(chain, &event.envelope, event.id, &verdict, Door::Append);
                return Err(self.recorded(refusal, record));
            }
        }
        // The empty policy admits every enrolled key, which admission has seen to.
        if chain.policy_root_at(version) == gatos_values::roots::EMPTY_POLICY_ROOT {
            return Ok(());
        }
        let gates = Gates::new(Surroundings::local(self)?);
        let Some(gate) = gates.at(self, chain, version)? else {
            return Ok(());
        };
        let mut wanted = Vec::new();
        for event in events {
            let verdict = gate.judge(&event.envelope, self.epoch_of(&event.envelope)?);
            let record =
                || gate::record_of(chain, &event.envelope, event.id, &verdict, Door::Append);
            if let Some(refusal) = &verdict.refusal {
                return Err(self.recorded(refusal.clone(), record()));
            }
            if verdict.audit {
                wanted.push(record());
            }
        }
        self.record(wanted).map(drop)
    }

    /// The refusal, once it is on record; that it could not be is said with it.
    pub(crate) fn recorded(&self, refusal: Fault, request: AuditRequest) -> Fault {
        match self.record(vec![request]) {
            Ok(records) => match records.first() {
                Some(record) => {
                    refusal.with_detail("decision", crate::reply::text(&record.id.to_string()))
                }
                None => refusal,
            },
            Err(fault) => Fault {
                reason: format!(
                    "{}; it could not be recorded: {}",
                    refusal.reason, fault.reason
                ),
                ..refusal
            },
        }
    }

    fn envelope(&self, chain: &Chain, item: &Prepared<'_>, tip: Tip, ulid: Ulid) -> Envelope {
        let intent = item.intent;
        let version = chain.version();
        let mut labels = intent.labels.clone();
        labels.sort();
        labels.dedup();
        let mut caps = intent.caps.clone();
        caps.sort();
        caps.dedup();
        Envelope {
            repo: chain.repository_id(),
            ns: intent.ns.clone(),
            actor: item.acting.actor.clone(),
            key: item.acting.key,
            event_type: intent.event_type.clone(),
            ulid,
            prev: tip.id,
            resource: intent
                .resource
                .clone()
                .unwrap_or_else(|| ResourceUri::journal(chain.repository_name(), &intent.ns)),
            payload: intent.payload.clone(),
            caps,
            labels,
            idem: intent
                .idem
                .clone()
                .or_else(|| mandatory_idem(&intent.event_type, ulid)),
            session: None,
            gov: chain.head(),
            policy_root: chain.policy_root_at(version),
            fold_root: chain.fold_root_at(&intent.ns, version),
        }
    }
}

/// `intent.exec.**` must carry an idempotency key; the ULID serves when the caller gave none.
fn mandatory_idem(event_type: &EventType, ulid: Ulid) -> Option<IdempotencyKey> {
    let text = event_type.as_str();
    (text == "intent.exec" || text.starts_with("intent.exec."))
        .then(|| IdempotencyKey::parse(&ulid.to_string()).expect("a ULID is printable ASCII"))
}

/// An envelope ready to be signed.
struct Unsigned {
    envelope: Envelope,
    bytes: Vec<u8>,
    id: EventId,
    acting: Arc<ActingKey>,
}

/// By what an intent could be a repeat.
#[derive(Clone)]
struct Wanted {
    ns: Namespace,
    actor: Actor,
    idem: Option<IdempotencyKey>,
    ulid: Option<Ulid>,
}

impl Wanted {
    fn of(item: &Prepared<'_>) -> Wanted {
        Wanted {
            ns: item.intent.ns.clone(),
            actor: item.acting.actor.clone(),
            idem: item.intent.idem.clone(),
            ulid: item.intent.ulid,
        }
    }
}

/// What this very call has already placed, so that a repeat inside one call is seen too.
#[derive(Default)]
struct InCall {
    by_idem: HashMap<(Namespace, Actor, IdempotencyKey), usize>,
    by_ulid: HashMap<(Namespace, Actor, Ulid), usize>,
}

impl InCall {
    fn find(&self, wanted: &Wanted) -> Option<usize> {
        let by_idem = wanted.idem.as_ref().and_then(|idem| {
            self.by_idem
                .get(&(wanted.ns.clone(), wanted.actor.clone(), idem.clone()))
        });
        let by_ulid = wanted.ulid.and_then(|ulid| {
            self.by_ulid
                .get(&(wanted.ns.clone(), wanted.actor.clone(), ulid))
        });
        by_idem.or(by_ulid).copied()
    }

    fn note(&mut self, wanted: &Wanted, ulid: Ulid, index: usize) {
        if let Some(idem) = &wanted.idem {
            self.by_idem.insert(
                (wanted.ns.clone(), wanted.actor.clone(), idem.clone()),
                index,
            );
        }
        self.by_ulid
            .insert((wanted.ns.clone(), wanted.actor.clone(), ulid), index);
    }
}

fn find_repeat(writer: &Writer, item: &Prepared<'_>, wanted: &Wanted) -> Outcome<Option<Appended>> {
    let found = match (&wanted.idem, wanted.ulid) {
        (Some(idem), _) => writer.find_idempotency_key(&wanted.ns, &wanted.actor, idem)?,
        (None, Some(ulid)) => writer.find_ulid(&wanted.ns, &wanted.actor, ulid)?,
        (None, None) => None,
    };
    let found = match (found, wanted.ulid) {
        (Some(found), _) => Some(found),
        (None, Some(ulid)) => writer.find_ulid(&wanted.ns, &wanted.actor, ulid)?,
        (None, None) => None,
    };
    let Some(found) = found else { return Ok(None) };
    refuse_unless_same(item, found.event.envelope(), found.event.id())?;
    Ok(Some(Appended {
        id: found.event.id(),
        ulid: found.event.envelope().ulid,
        commit: found.commit.to_string(),
        ack: Acknowledgement::Durable,
        duplicate: true,
    }))
}

/// A repeat must say the same as the first, and repeats must be welcome.
fn refuse_unless_same(item: &Prepared<'_>, first: &Envelope, first_id: EventId) -> Outcome<()> {
    let intent = item.intent;
    let mut labels = intent.labels.clone();
    labels.sort();
    labels.dedup();
    let mut caps = intent.caps.clone();
    caps.sort();
    caps.dedup();
    let same = first.event_type == intent.event_type
        && first.payload == intent.payload
        && first.labels == labels
        && first.caps == caps
        && intent
            .resource
            .as_ref()
            .is_none_or(|resource| *resource == first.resource);
    if same && intent.repeats == Repeats::Allow {
        return Ok(());
    }
    let reason = if same {
        format!("this was appended before as `{first_id}`, and repeats are denied")
    } else {
        format!(
            "another event, `{first_id}`, already has this ULID or idempotency key with other content"
        )
    };
    Err(
        Fault::new(ErrorCode::DupCommit, first.resource.to_string(), reason)
            .with_detail("first", crate::reply::text(&first_id.to_string()))
            .with_hint(if same {
                "nothing to do: the first event stands"
            } else {
                "use a new idempotency key (or ULID) for a new fact"
            }),
    )
}

fn tip_of(writer: &Writer, journal: &JournalName) -> Outcome<Tip> {
    Ok(match writer.tip(journal)? {
        Some(tip) => Tip {
            id: Some(tip.id),
            ulid: Some(tip.ulid),
        },
        None => Tip {
            id: None,
            ulid: None,
        },
    })
}

/// The ULID of the next event: the caller's if it fits, else max(now, tip + 1, newest sealed + 1).
fn next_ulid(item: &Prepared<'_>, tip: Tip, sealed: Option<Ulid>, now_ms: u64) -> Outcome<Ulid> {
    if let Some(ulid) = item.intent.ulid {
        if let Some(sealed) = sealed
            && ulid <= sealed
        {
            return Err(Fault::new(
                ErrorCode::EpochSealed,
                item.journal.short(),
                format!(
                    "ULID `{ulid}` is not above `{sealed}`, up to which the namespace is sealed"
                ),
            ));
        }
        if let Some(tip_ulid) = tip.ulid
            && ulid <= tip_ulid
        {
            return Err(Fault::new(
                ErrorCode::UlidNotRising,
                item.journal.short(),
                format!("ULID `{ulid}` is not above the journal's last, `{tip_ulid}`"),
            ));
        }
        return refuse_ahead(ulid, now_ms, &item.journal);
    }
    let fresh = clock::fresh_ulid(now_ms);
    let ulid = match tip.ulid.max(sealed) {
        Some(newest) if fresh <= newest => newest.next().ok_or_else(|| {
            Fault::new(
                ErrorCode::BadUlid,
                item.journal.short(),
                "the journal's ULIDs are used up",
            )
        })?,
        _ => fresh,
    };
    refuse_ahead(ulid, now_ms, &item.journal)
}

fn refuse_ahead(ulid: Ulid, now_ms: u64, journal: &JournalName) -> Outcome<Ulid> {
    if ulid.time_ms() <= now_ms.saturating_add(ULID_AHEAD_MS_MAX) {
        return Ok(ulid);
    }
    let ahead_s = (ulid.time_ms() - now_ms) / 1000;
    Err(Fault::new(
        ErrorCode::UlidAhead,
        journal.short(),
        format!("ULID `{ulid}` lies {ahead_s} s ahead of this machine's clock; 300 s are allowed"),
    )
    .with_hint("check the clocks of the machines that write this journal"))
}

/// Signs all envelopes; many of them on all cores.
fn seal_all(unsigned: Vec<Unsigned>) -> Outcome<Vec<SealedEvent>> {
    let thread_count = std::thread::available_parallelism().map_or(1, |count| count.get());
    if unsigned.len() < PARALLEL_SIGNING_COUNT_MIN || thread_count == 1 {
        return unsigned.into_iter().map(seal).collect();
    }
    let chunk_len = unsigned.len().div_ceil(thread_count);
    let mut chunks: Vec<Vec<Unsigned>> = Vec::new();
    let mut rest = unsigned.into_iter();
    loop {
        let chunk: Vec<Unsigned> = rest.by_ref().take(chunk_len).collect();
        if chunk.is_empty() {
            break;
        }
        chunks.push(chunk);
    }
    let sealed: Vec<Outcome<Vec<SealedEvent>>> = std::thread::scope(|scope| {
        let handles: Vec<_> = chunks
            .into_iter()
            .map(|chunk| scope.spawn(|| chunk.into_iter().map(seal).collect()))
            .collect();
        handles
            .into_iter()
            .map(|handle| {
                handle.join().unwrap_or_else(|_| {
                    Err(Fault::new(
                        ErrorCode::Internal,
                        "",
                        "a signing thread stopped unexpectedly",
                    ))
                })
            })
            .collect()
    });
    let mut all = Vec::new();
    for chunk in sealed {
        all.extend(chunk?);
    }
    Ok(all)
}

fn seal(unsigned: Unsigned) -> Outcome<SealedEvent> {
    let signature = unsigned.acting.sign_event(&unsigned.bytes)?;
    Ok(SealedEvent::from_signed(unsigned.envelope, signature)?)
}
