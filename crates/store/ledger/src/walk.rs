//! Walking a journal backwards and judging every commit on the way.
//!
//! One thread follows the parents and inflates; others rebuild each commit, compare it byte for byte and
//! ask the caller's [`Admission`] about signature and key. The links between neighbours (`prev`, rising
//! ULIDs, governance never falling, one ref for all) are checked here. What an event means, and whether its
//! key was allowed, is not this crate's business: that is what `Admission` is for.
//!
//! INVARIANT: nothing enters the index, and no ref is forwarded, without having passed this walk.
//! Tests: ../tests/it/walk.rs.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use gatos_values::{ErrorCode, EventId, IdempotencyKey, JournalName, SealedEvent, Ulid};

use crate::codec::{self, EventDecoder};
use crate::git::Repository;
use crate::object_id::ObjectId;
use crate::objects::SequentialReader;

/// Commits handed to a worker at once.
const BATCH_LEN: usize = 128;

/// Judges one decoded event by itself: signature, key, governance.
pub trait Admission: Sync {
    /// The governance version the event names, if it may stand.
    ///
    /// # Errors
    /// The reason why it may not.
    fn admit(&self, event: &SealedEvent) -> Result<u64, Refusal>;
}

/// Why an event may not stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Code of the taxonomy.
    pub code: ErrorCode,
    /// One sentence.
    pub reason: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(code: ErrorCode, reason: impl Into<String>) -> Refusal {
        Refusal {
            code,
            reason: reason.into(),
        }
    }
}

/// What is kept of an admitted event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Commit that holds it.
    pub commit: ObjectId,
    /// Its id.
    pub id: EventId,
    /// Its ULID.
    pub ulid: Ulid,
    /// Its idempotency key, for the look-up index.
    pub idem: Option<IdempotencyKey>,
}

/// The first bad commit of a journal, in journal order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadCommit {
    /// The commit.
    pub commit: ObjectId,
    /// What is wrong.
    pub refusal: Refusal,
}

/// One commit as read.
struct Read {
    commit: ObjectId,
    parent: Option<ObjectId>,
    content: Vec<u8>,
}

/// One commit as judged.
struct Judged {
    commit: ObjectId,
    outcome: Result<Admitted, Refusal>,
}

struct Admitted {
    step: Step,
    parent: Option<ObjectId>,
    prev: Option<EventId>,
    governance_version: u64,
}

/// Walks from `tip` back to a commit for which `stop` says so, or to the root.
///
/// Each admitted event goes to `on_step`, newest first; memory stays flat on any length.
pub fn walk(
    repository: &Repository,
    journal: &JournalName,
    tip: ObjectId,
    stop: &(dyn Fn(ObjectId) -> bool + Sync),
    admission: &dyn Admission,
    mut on_step: impl FnMut(&Step),
) -> WalkEnd {
    let worker_count = std::thread::available_parallelism().map_or(1, |count| count.get().min(8));
    let mut checker = LinkChecker::new();
    let (batch_sender, batch_receiver) = sync_channel::<(u64, Vec<Read>)>(2 * worker_count);
    let batch_receiver = Mutex::new(batch_receiver);
    std::thread::scope(|scope| {
        let (judged_sender, judged_receiver) = sync_channel::<(u64, Vec<Judged>)>(4 * worker_count);
        let reader = scope.spawn(move || read_back(repository, tip, stop, &batch_sender));
        for _ in 0..worker_count {
            let judged_sender = judged_sender.clone();
            let batch_receiver = &batch_receiver;
            scope.spawn(move || judge_all(journal, admission, batch_receiver, &judged_sender));
        }
        drop(judged_sender);
        collect_in_order(&judged_receiver, |judged| {
            checker.take(judged, &mut on_step)
        });
        let end = reader.join().unwrap_or(ReadEnd::Failed(BadCommit {
            commit: tip,
            refusal: Refusal::new(
                ErrorCode::Internal,
                "the reading thread stopped unexpectedly",
            ),
        }));
        checker.finish(end)
    })
}

/// How a walk ended.
#[derive(Clone, Debug)]
pub struct WalkEnd {
    /// The commit at which `stop` said yes, if it did.
    pub joined: Option<ObjectId>,
    /// What the oldest walked event says of the one before it: (`prev`, its own ULID, its governance version).
    pub oldest: Option<OldestLink>,
    /// Events admitted.
    pub count: u64,
    /// The oldest bad commit.
    pub bad: Option<BadCommit>,
}

/// The link from the oldest walked event to the one it stands on.
#[derive(Clone, Copy, Debug)]
pub struct OldestLink {
    /// Commit of the oldest walked event.
    pub commit: ObjectId,
    /// Its `prev`.
    pub prev: Option<EventId>,
    /// Its ULID.
    pub ulid: Ulid,
    /// The governance version it names.
    pub governance_version: u64,
}

enum ReadEnd {
    Root,
    Stopped(ObjectId),
    Failed(BadCommit),
}

fn read_back(
    repository: &Repository,
    tip: ObjectId,
    stop: &(dyn Fn(ObjectId) -> bool + Sync),
    sender: &SyncSender<(u64, Vec<Read>)>,
) -> ReadEnd {
    let mut reader = SequentialReader::new(repository);
    let mut next = Some(tip);
    let mut batch = Vec::with_capacity(BATCH_LEN);
    let mut batch_index = 0;
    let end = loop {
        let Some(commit) = next else {
            break ReadEnd::Root;
        };
        if stop(commit) {
            break ReadEnd::Stopped(commit);
        }
        let read = reader
            .commit(commit)
            .map_err(|error| Refusal::new(error.code(), error.to_string()))
            .and_then(|content| {
                let parent = codec::parent_of(&content)
                    .map_err(|error| Refusal::new(error.code(), error.to_string()))?;
                Ok(Read {
                    commit,
                    parent,
                    content,
                })
            });
        match read {
            Ok(read) => {
                next = read.parent;
                batch.push(read);
            }
            Err(refusal) => break ReadEnd::Failed(BadCommit { commit, refusal }),
        }
        if batch.len() == BATCH_LEN {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH_LEN));
            if sender.send((batch_index, full)).is_err() {
                return end_of_workers(commit);
            }
            batch_index += 1;
        }
    };
    if !batch.is_empty() && sender.send((batch_index, batch)).is_err() {
        return end_of_workers(tip);
    }
    end
}

fn end_of_workers(commit: ObjectId) -> ReadEnd {
    ReadEnd::Failed(BadCommit {
        commit,
        refusal: Refusal::new(
            ErrorCode::Internal,
            "the judging threads stopped unexpectedly",
        ),
    })
}

fn judge_all(
    journal: &JournalName,
    admission: &dyn Admission,
    batches: &Mutex<Receiver<(u64, Vec<Read>)>>,
    sender: &SyncSender<(u64, Vec<Judged>)>,
) {
    let mut decoder = EventDecoder::default();
    loop {
        let received = batches
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .recv();
        let Ok((index, batch)) = received else { return };
        let judged = batch
            .into_iter()
            .map(|read| Judged {
                commit: read.commit,
                outcome: judge(journal, admission, &mut decoder, &read),
            })
            .collect();
        if sender.send((index, judged)).is_err() {
            return;
        }
    }
}

fn judge(
    journal: &JournalName,
    admission: &dyn Admission,
    decoder: &mut EventDecoder,
    read: &Read,
) -> Result<Admitted, Refusal> {
    let decoded = decoder
        .decode(&read.content)
        .map_err(|error| Refusal::new(error.code(), error.to_string()))?;
    let event = decoded.event;
    if event.envelope().journal() != *journal {
        return Err(Refusal::new(
            ErrorCode::BadEvent,
            format!(
                "the event belongs to `{}`, not to this journal",
                event.envelope().journal().short()
            ),
        ));
    }
    if let Some(session) = event.envelope().session {
        return Err(Refusal::new(
            ErrorCode::BadEvent,
            format!("the event belongs to session `{session}`, not to the main journal"),
        ));
    }
    let governance_version = admission.admit(&event)?;
    Ok(Admitted {
        step: Step {
            commit: read.commit,
            id: event.id(),
            ulid: event.envelope().ulid,
            idem: event.envelope().idem.clone(),
        },
        parent: decoded.parent,
        prev: event.envelope().prev,
        governance_version,
    })
}

/// Gives batches on in the order in which they were read, whatever order they come back in.
fn collect_in_order(receiver: &Receiver<(u64, Vec<Judged>)>, mut take: impl FnMut(Judged)) {
    let mut early = BTreeMap::new();
    let mut expected = 0;
    for (index, judged) in receiver {
        early.insert(index, judged);
        while let Some(batch) = early.remove(&expected) {
            batch.into_iter().for_each(&mut take);
            expected += 1;
        }
    }
}

/// Compares each event with the one that follows it (the walk goes backwards).
struct LinkChecker {
    later: Option<Admitted>,
    count: u64,
    bad: Option<BadCommit>,
}

impl LinkChecker {
    fn new() -> LinkChecker {
        LinkChecker {
            later: None,
            count: 0,
            bad: None,
        }
    }

    fn take(&mut self, judged: Judged, on_step: &mut impl FnMut(&Step)) {
        match judged.outcome {
            Err(refusal) => {
                // The walk goes backwards, so the last one noted is the first of the journal.
                self.bad = Some(BadCommit {
                    commit: judged.commit,
                    refusal,
                });
                self.later = None;
            }
            Ok(admitted) => {
                if let Some(later) = &self.later
                    && let Err(refusal) = check_link(
                        later,
                        Some((
                            admitted.step.id,
                            admitted.step.ulid,
                            admitted.governance_version,
                        )),
                    )
                {
                    self.bad = Some(BadCommit {
                        commit: later.step.commit,
                        refusal,
                    });
                }
                self.count += 1;
                on_step(&admitted.step);
                self.later = Some(admitted);
            }
        }
    }

    fn finish(mut self, end: ReadEnd) -> WalkEnd {
        let oldest = self.later.as_ref().map(|admitted| OldestLink {
            commit: admitted.step.commit,
            prev: admitted.prev,
            ulid: admitted.step.ulid,
            governance_version: admitted.governance_version,
        });
        let joined = match end {
            ReadEnd::Stopped(commit) => Some(commit),
            ReadEnd::Root => {
                if let Some(first) = &self.later
                    && let Err(refusal) = check_link(first, None)
                {
                    self.bad = Some(BadCommit {
                        commit: first.step.commit,
                        refusal,
                    });
                }
                None
            }
            ReadEnd::Failed(bad) => {
                self.bad = Some(bad);
                None
            }
        };
        WalkEnd {
            joined,
            oldest,
            count: self.count,
            bad: self.bad,
        }
    }
}

/// Checks that `later` stands on the event described by `before` (id, ULID, governance version).
fn check_link(later: &Admitted, before: Option<(EventId, Ulid, u64)>) -> Result<(), Refusal> {
    debug_assert_eq!(later.parent.is_some(), before.is_some());
    link(
        later.prev,
        later.step.ulid,
        Some(later.governance_version),
        before.map(|(id, ulid, version)| (id, ulid, Some(version))),
    )
}

/// The rule between neighbours of a journal: `prev` names the one before, ULIDs rise, governance never falls.
///
/// # Errors
/// `PREV_MISMATCH`, `ULID_NOT_RISING` or `GOV_BEHIND` with a sentence.
pub fn link(
    prev: Option<EventId>,
    ulid: Ulid,
    governance_version: Option<u64>,
    before: Option<(EventId, Ulid, Option<u64>)>,
) -> Result<(), Refusal> {
    if prev != before.map(|(id, _, _)| id) {
        let named = prev.map_or_else(|| "none".to_owned(), |id| id.to_string());
        let stands_on = before.map_or_else(|| "none".to_owned(), |(id, _, _)| id.to_string());
        return Err(Refusal::new(
            ErrorCode::PrevMismatch,
            format!("the event names `{named}` as the one before it, but stands on `{stands_on}`"),
        ));
    }
    let Some((_, ulid_before, version_before)) = before else {
        return Ok(());
    };
    if ulid <= ulid_before {
        return Err(Refusal::new(
            ErrorCode::UlidNotRising,
            format!("ULID `{ulid}` is not above `{ulid_before}` of the event before it"),
        ));
    }
    if let (Some(version), Some(version_before)) = (governance_version, version_before)
        && version < version_before
    {
        return Err(Refusal::new(
            ErrorCode::GovBehind,
            format!(
                "the event was judged under governance version {version}, the one before it under {version_before}"
            ),
        ));
    }
    Ok(())
}
