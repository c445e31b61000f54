//! The one writer of a repository: write-ahead log, group commit, packs, refs, index.
//!
//! Callers hand over sealed events; the writer computes the final commit ids at once, flushes the frames
//! of all waiting callers with one `fdatasync` (*durable*), and moves everything that waits into Git as one
//! pack and one compare-and-swap of the refs (*visible*), on request or from a background thread. Judging
//! events is the caller's work (`Admission`), making them too.
//!
//! INVARIANT 1: an acknowledged event is in the log until its ref, on disk, points at it.
//! INVARIANT 2: refs move only forward and only from the value this writer last saw; what was moved by
//! other hands is never overwritten: frames that no longer fit go to quarantine and are reported.
//! INVARIANT 3: after a failed write or flush of the log nothing more is acknowledged until it is reopened.
//! Tests: ../tests/it/writer.rs, ../tests/it/recovery.rs; kill -9 and power cuts: `cargo xtask crash`.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use gatos_values::{
    Actor, ErrorCode, EventId, IdempotencyKey, JournalName, Namespace, SealedEvent, SshSignature,
    Ulid,
};

use crate::codec;
use crate::error::LedgerError;
use crate::git::Repository;
use crate::index::Index;
use crate::lock::WriterLock;
use crate::object_id::{ObjectId, ObjectKind};
use crate::pack::{self, PackObject};
use crate::quarantine::{self, QuarantineReport};
use crate::recovery::{self, Logged};
use crate::refs::{self, RefChange, RefError};
use crate::upkeep;
use crate::wal::{EncodedFrame, RecoveredFrame, Wal, WalEvent};
use crate::walk::{self, Admission, Step};

/// Events that wait at most before the background thread makes them visible.
pub const VISIBLE_EVENT_COUNT_MAX: usize = 4096;
/// Events that wait at most before appending itself waits for Git.
pub const WAITING_EVENT_COUNT_MAX: usize = 2 * VISIBLE_EVENT_COUNT_MAX;
/// The longest an acknowledged event stays invisible while the background thread runs.
pub const VISIBLE_DELAY_MAX: Duration = Duration::from_millis(250);

/// What an append returns at once: where its events will stand.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Sequence number of the call's frame in the log.
    pub sequence: u64,
    /// Final commit ids, in the order of the events.
    pub commits: Vec<ObjectId>,
}

/// The newest event of a journal, visible or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its id.
    pub id: EventId,
    /// Its ULID.
    pub ulid: Ulid,
    /// Commit that holds it.
    pub commit: ObjectId,
    /// Events up to and including it.
    pub count: u64,
}

/// An event with the commit that holds it.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// The event.
    pub event: SealedEvent,
    /// The commit.
    pub commit: ObjectId,
}

/// What a flush did.
#[derive(Clone, Debug, Default)]
pub struct Flushed {
    /// Events that became visible.
    pub event_count: u64,
    /// Journals whose refs had been moved by other hands; their frames are in quarantine.
    pub quarantined: Vec<QuarantineReport>,
}

/// A journal as the writer knows it.
#[derive(Clone, Copy, Debug)]
struct JournalState {
    tip: Option<Tip>,
    /// What the ref holds.
    visible: Option<ObjectId>,
    standing: Standing,
}

/// Whether events may be put on a journal's tip. While some of it wait, a journal is not simply forgotten: what
/// stands at its ref is then not what the next event has to stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Good,
    /// To be looked at again; first its waiting events become visible.
    Stale,
    /// Other hands moved its ref; what still waits stands on what was set aside and goes there too.
    Displaced,
}

/// An event on its way from the log to Git: its commit, and what the index will note of it. The decoded
/// event is not kept; a caller who asks for it again is rare.
#[derive(Clone)]
struct Waiting {
    sequence: u64,
    journal: JournalName,
    step: Step,
    content: Arc<[u8]>,
}

/// A waiting event as the look-ups find it.
#[derive(Clone)]
struct Unseen {
    commit: ObjectId,
    content: Arc<[u8]>,
}

impl Unseen {
    fn read(&self) -> Result<StoredEvent, LedgerError> {
        Ok(StoredEvent {
            event: codec::decode_event_commit(&self.content)?.event,
            commit: self.commit,
        })
    }
}

/// What a flush takes: the events, the refs' expected values, and the journals whose events go to quarantine.
type DurableBatch = (
    Vec<Waiting>,
    HashMap<JournalName, Option<ObjectId>>,
    BTreeSet<JournalName>,
);

/// An event found in the log of an earlier writer.
struct LeftEvent {
    sequence: u64,
    event: SealedEvent,
    parent: Option<ObjectId>,
    commit: ObjectId,
}

struct State {
    journals: HashMap<JournalName, JournalState>,
    queue: Vec<EncodedFrame>,
    next_sequence: u64,
    durable_sequence: u64,
    waiting: VecDeque<Waiting>,
    /// Waiting events by id and by idempotency key, since the index learns of them only when visible.
    waiting_by_id: HashMap<EventId, Unseen>,
    waiting_by_idem: HashMap<(Namespace, Actor, IdempotencyKey), Unseen>,
    leader_active: bool,
    /// The last sequence number a leader has taken from the queue.
    taken_sequence: u64,
    /// Which of the two conditions the callers of the group taken last wait on.
    taken_turn: usize,
    failure: Option<LedgerError>,
    stopping: bool,
}

struct Shared {
    repository: Repository,
    admission: Box<dyn Admission + Send>,
    state: Mutex<State>,
    /// Callers of the group being flushed wait on one, callers of the next group on the other, so that the
    /// end of a flush wakes nobody in vain. They take turns.
    progress: [Condvar; 2],
    wake_background: Condvar,
    wal: Mutex<Wal>,
    index: Mutex<Index>,
    flushing: Mutex<()>,
    _lock: WriterLock,
}

/// The writer. One per repository at any time, held by a lock.
pub struct Writer {
    shared: Arc<Shared>,
    background: Mutex<Option<JoinHandle<()>>>,
    recovered: Flushed,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Writer {
    /// Takes the repository's writer lock (waiting up to `patience`), recovers what an earlier writer left
    /// behind, and is ready to append.
    ///
    /// # Errors
    /// `LOCKED` with the owner's line, `WAL_CORRUPT`, `READ_ONLY`, `DISK_FULL`, `IO`.
    pub fn open(
        repository: &Repository,
        patience: Duration,
        admission: Box<dyn Admission + Send>,
    ) -> Result<Writer, LedgerError> {
        let directory = repository.gatos_dir();
        let writer_lock = WriterLock::acquire(&directory, patience)?;
        refs::remove_noted_locks(repository)?;
        pack::remove_stale_temporaries(&repository.pack_dir())?;
        let (wal, frames) = Wal::open(&directory.join("wal"))?;
        let index = Index::open_for_writing(&directory.join("index"))?;
        let next_sequence = wal.next_sequence();
        let shared = Arc::new(Shared {
            repository: repository.clone(),
            admission,
            state: Mutex::new(State::new(next_sequence)),
            progress: [Condvar::new(), Condvar::new()],
            wake_background: Condvar::new(),
            wal: Mutex::new(wal),
            index: Mutex::new(index),
            flushing: Mutex::new(()),
            _lock: writer_lock,
        });
        let mut recovered = Flushed::default();
        if !frames.is_empty() {
            recovered.quarantined = shared.take_over(frames)?;
            let flushed = shared.flush()?;
            recovered.event_count = flushed.event_count;
            recovered.quarantined.extend(flushed.quarantined);
        }
        // Not before: an unprotected pack that recovery writes again may be another git's to remove.
        pack::remove_stale_keeps(&repository.pack_dir())?;
        Ok(Writer {
            shared,
            background: Mutex::new(None),
            recovered,
        })
    }

    /// What opening found in the log of an earlier writer and brought into Git.
    pub fn recovered(&self) -> &Flushed {
        &self.recovered
    }

    /// The newest event of a journal, acknowledged or on its way.
    ///
    /// # Errors
    /// `FF_VIOLATION` when the ref no longer continues what was indexed, or the refusal of an event that
    /// other hands put there, or an I/O error.
    pub fn tip(&self, journal: &JournalName) -> Result<Option<Tip>, LedgerError> {
        self.shared.ensure_journal(journal)?;
        Ok(lock(&self.shared.state)
            .journals
            .get(journal)
            .and_then(|state| state.tip))
    }

    /// Takes events of any number of journals as one call. They are not acknowledged before
    /// [`Writer::wait_durable`] returns.
    ///
    /// # Errors
    /// `PREV_MISMATCH` or `ULID_NOT_RISING` when an event does not continue its journal, `JOURNAL_FROZEN`,
    /// `TOO_LARGE`; nothing of the call is kept then.
    pub fn append(&self, events: Vec<SealedEvent>) -> Result<Receipt, LedgerError> {
        // Whoever appends faster than Git takes it up helps to make visible, so that memory stays flat.
        if lock(&self.shared.state).waiting.len() >= WAITING_EVENT_COUNT_MAX {
            self.flush()?;
        }
        if events.is_empty() {
            return Ok(Receipt {
                sequence: lock(&self.shared.state).durable_sequence,
                commits: Vec::new(),
            });
        }
        let mut events = events;
        loop {
            for event in &events {
                self.shared.ensure_journal(&event.envelope().journal())?;
            }
            match self.shared.enqueue(events)? {
                Ok(receipt) => return Ok(receipt),
                // Another thread let go of a journal meanwhile.
                Err(back) => events = back,
            }
        }
    }

    /// Returns once the frame of `receipt` is on disk. All callers that wait share one flush.
    ///
    /// # Errors
    /// What the disk said; the events of the call are then not acknowledged.
    pub fn wait_durable(&self, receipt: &Receipt) -> Result<(), LedgerError> {
        self.shared.wait_durable(receipt.sequence)
    }

    /// Makes everything appended so far visible: one pack, one compare-and-swap of the refs.
    ///
    /// # Errors
    /// What the disk said; durable events stay in the log and become visible by the next flush.
    pub fn flush(&self) -> Result<Flushed, LedgerError> {
        let flushed = self.shared.flush()?;
        if let Some(report) = flushed.quarantined.first() {
            return Err(LedgerError::Quarantined(report.clone()));
        }
        Ok(flushed)
    }

    /// Runs a thread that flushes every 250 ms, or sooner once 4,096 events wait.
    pub fn start_background(&self) {
        let mut background = lock(&self.background);
        if background.is_some() {
            return;
        }
        let shared = self.shared.clone();
        *background = std::thread::Builder::new()
            .name("gatos-visible".to_owned())
            .spawn(move || shared.run_background())
            .ok();
    }

    /// Looks an event up by its id.
    pub fn find_id(&self, id: &EventId) -> Result<Option<StoredEvent>, LedgerError> {
        let unseen = lock(&self.shared.state).waiting_by_id.get(id).cloned();
        if let Some(unseen) = unseen {
            return unseen.read().map(Some);
        }
        lock(&self.shared.index).find_id(&self.shared.repository, id)
    }

    /// Looks an actor's event up by its idempotency key.
    pub fn find_idempotency_key(
        &self,
        ns: &Namespace,
        actor: &Actor,
        idem: &IdempotencyKey,
    ) -> Result<Option<StoredEvent>, LedgerError> {
        let key = (ns.clone(), actor.clone(), idem.clone());
        let unseen = lock(&self.shared.state).waiting_by_idem.get(&key).cloned();
        if let Some(unseen) = unseen {
            return unseen.read().map(Some);
        }
        self.shared.ensure_actor(ns, actor)?;
        lock(&self.shared.index).find_idempotency_key(&self.shared.repository, ns, actor, idem)
    }

    /// Looks an actor's event up by its ULID, in all journals of the actor in the namespace.
    pub fn find_ulid(
        &self,
        ns: &Namespace,
        actor: &Actor,
        ulid: Ulid,
    ) -> Result<Option<StoredEvent>, LedgerError> {
        if let Some(unseen) = lock(&self.shared.state).unseen_by_ulid(ns, actor, ulid) {
            return unseen.read().map(Some);
        }
        for journal in self.shared.ensure_actor(ns, actor)? {
            let found =
                lock(&self.shared.index).find_ulid(&self.shared.repository, &journal, ulid)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Notes events of a journal whose ref was moved to them by [`Writer::move_refs`].
    ///
    /// # Errors
    /// What the disk said; the index then catches up at the next look.
    pub fn note_admitted(&self, journal: &JournalName, steps: &[Step]) -> Result<(), LedgerError> {
        let mut index = lock(&self.shared.index);
        index.append(journal, steps)?;
        index.sync()
    }

    /// Lets go of what is known of a journal, so that its next use looks at its ref and at quarantine again.
    pub fn forget(&self, journal: &JournalName) {
        lock(&self.shared.state).forget(journal);
    }

    /// True once the log refused a write or a flush: open another writer, which recovers first.
    pub fn has_failed(&self) -> bool {
        lock(&self.shared.state).failure.is_some()
    }

    /// Brings the index of a journal up to its ref, judging what is new, and returns its tip.
    ///
    /// # Errors
    /// As [`Writer::tip`].
    pub fn refresh(&self, journal: &JournalName) -> Result<Option<Tip>, LedgerError> {
        self.flush()?;
        lock(&self.shared.state).forget(journal);
        self.tip(journal)
    }

    /// Moves refs that are not journals of waiting events (governance, checkpoints, forwarded journals),
    /// after everything that waits has become visible.
    ///
    /// # Errors
    /// `RefError::Moved` when a ref is not where the caller saw it.
    pub fn move_refs(&self, changes: &[RefChange]) -> Result<(), LedgerError> {
        self.flush()?;
        let _flushing = lock(&self.shared.flushing);
        refs::update(&self.shared.repository, changes)?;
        let mut state = lock(&self.shared.state);
        for change in changes {
            if let Ok(journal) = JournalName::parse_ref(&change.name) {
                state.forget(&journal);
            }
        }
        Ok(())
    }

    /// Puts a journal on another branch than the one its ref holds: the one exception to refs that only move forward, for
    /// a branch that governance did not choose. What of it is left behind must be pinned. `shared_count` events are in
    /// both branches.
    ///
    /// # Errors
    /// `RefError::Moved` when the ref is not where the caller saw it, and what the disk said.
    pub fn replace_branch(
        &self,
        journal: &JournalName,
        (ours, chosen): (ObjectId, ObjectId),
        shared_count: u64,
    ) -> Result<(), LedgerError> {
        self.flush()?;
        let _flushing = lock(&self.shared.flushing);
        // The index first: were the ref moved and the index not, it would look like a journal rewritten by other hands.
        lock(&self.shared.index).keep_first(journal, shared_count)?;
        refs::update(
            &self.shared.repository,
            &[RefChange {
                name: journal.ref_name(),
                expected: Some(ours),
                new: chosen,
            }],
        )?;
        lock(&self.shared.state).forget(journal);
        Ok(())
    }

    /// Folds packs when there are many, under this writer's lock.
    ///
    /// # Errors
    /// What git said.
    pub fn upkeep(&self) -> Result<upkeep::UpkeepReport, LedgerError> {
        let _flushing = lock(&self.shared.flushing);
        Ok(upkeep::run(&self.shared.repository)?)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        lock(&self.shared.state).stopping = true;
        self.shared.wake_background.notify_all();
        if let Some(thread) = lock(&self.background).take() {
            // A background thread that panicked has nothing more to say; the log holds what it left.
            let _ = thread.join();
        }
    }
}

impl JournalState {
    fn good(tip: Option<Tip>, visible: Option<ObjectId>) -> JournalState {
        JournalState {
            tip,
            visible,
            standing: Standing::Good,
        }
    }
}

impl State {
    fn new(next_sequence: u64) -> State {
        State {
            journals: HashMap::new(),
            queue: Vec::new(),
            next_sequence,
            durable_sequence: next_sequence - 1,
            waiting: VecDeque::new(),
            waiting_by_id: HashMap::new(),
            waiting_by_idem: HashMap::new(),
            leader_active: false,
            taken_sequence: next_sequence - 1,
            taken_turn: 0,
            failure: None,
            stopping: false,
        }
    }

    fn refuse_after_failure(&self) -> Result<(), LedgerError> {
        match &self.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(()),
        }
    }

    fn standing(&self, journal: &JournalName) -> Option<Standing> {
        self.journals.get(journal).map(|known| known.standing)
    }

    /// Lets go of what is known of a journal, at once or when nothing of it waits any more.
    fn forget(&mut self, journal: &JournalName) {
        if !self.waits(journal) {
            self.journals.remove(journal);
        } else if let Some(known) = self.journals.get_mut(journal)
            && known.standing == Standing::Good
        {
            known.standing = Standing::Stale;
        }
    }

    fn waits(&self, journal: &JournalName) -> bool {
        self.waiting
            .iter()
            .any(|waiting| waiting.journal == *journal)
    }

    /// Notes an event as waiting to become visible.
    fn push_waiting(&mut self, waiting: Waiting) {
        let unseen = waiting.unseen();
        self.waiting_by_id.insert(waiting.step.id, unseen.clone());
        if let Some(key) = waiting.idempotency_key() {
            self.waiting_by_idem.insert(key, unseen);
        }
        self.waiting.push_back(waiting);
    }

    fn forget_waiting(&mut self, waiting: &Waiting) {
        self.waiting_by_id.remove(&waiting.step.id);
        if let Some(key) = waiting.idempotency_key() {
            self.waiting_by_idem.remove(&key);
        }
    }

    fn unseen_by_ulid(&self, ns: &Namespace, actor: &Actor, ulid: Ulid) -> Option<Unseen> {
        let found = self.waiting.iter().find(|waiting| {
            let journal = &waiting.journal;
            waiting.step.ulid == ulid && journal.ns == *ns && journal.actor == *actor
        });
        found.map(Waiting::unseen)
    }

    /// Which condition tells a caller that the group of its frame is durable.
    fn turn_of(&self, sequence: u64) -> usize {
        if sequence <= self.taken_sequence {
            self.taken_turn
        } else {
            1 - self.taken_turn
        }
    }

    /// Takes everything queued as the next group to flush.
    fn take_group(&mut self) -> Vec<EncodedFrame> {
        self.leader_active = true;
        self.taken_sequence = self.next_sequence - 1;
        self.taken_turn = 1 - self.taken_turn;
        std::mem::take(&mut self.queue)
    }
}

impl Shared {
    /// Learns a journal's tip from its ref and the index, unless it is known.
    fn ensure_journal(&self, journal: &JournalName) -> Result<(), LedgerError> {
        loop {
            let standing = lock(&self.state).standing(journal);
            match standing {
                Some(Standing::Good) => return Ok(()),
                None => break,
                Some(Standing::Stale | Standing::Displaced) => {
                    // Nothing is added to it meanwhile, so a flush takes the last of it along.
                    if let Some(report) = self.flush()?.quarantined.into_iter().next() {
                        return Err(LedgerError::Quarantined(report));
                    }
                }
            }
        }
        let mut index = lock(&self.index);
        // Another thread may have learnt it while this one waited for the index.
        if lock(&self.state).journals.contains_key(journal) {
            return Ok(());
        }
        let visible = refs::read(&self.repository, &journal.ref_name())?;
        quarantine::refuse_if_frozen(&self.repository, journal)?;
        let tip = index.catch_up(&self.repository, journal, visible, &*self.admission)?;
        lock(&self.state)
            .journals
            .insert(journal.clone(), JournalState::good(tip, visible));
        Ok(())
    }

    /// Takes over what an earlier writer left in the log: what is not in Git yet waits again, what no longer
    /// fits goes to quarantine.
    fn take_over(&self, frames: Vec<RecoveredFrame>) -> Result<Vec<QuarantineReport>, LedgerError> {
        let mut by_journal: BTreeMap<JournalName, Vec<LeftEvent>> = BTreeMap::new();
        for frame in frames {
            for event in frame.events {
                let sealed = SealedEvent::from_parts(
                    event.bytes.into_owned(),
                    SshSignature::from_blob(&event.signature)?,
                )?;
                by_journal
                    .entry(event.journal)
                    .or_default()
                    .push(LeftEvent {
                        sequence: frame.sequence,
                        event: sealed,
                        parent: event.parent,
                        commit: event.commit,
                    });
            }
        }
        let mut reports = Vec::new();
        let mut waiting = Vec::new();
        for (journal, left) in by_journal {
            match self.take_over_journal(&journal, left)? {
                Ok(events) => waiting.extend(events),
                Err(report) => reports.push(report),
            }
        }
        // The log's order across journals is the order of its sequence numbers.
        waiting.sort_by_key(|waiting| waiting.sequence);
        let mut state = lock(&self.state);
        for one in waiting {
            state.push_waiting(one);
        }
        Ok(reports)
    }

    fn take_over_journal(
        &self,
        journal: &JournalName,
        left: Vec<LeftEvent>,
    ) -> Result<Result<Vec<Waiting>, QuarantineReport>, LedgerError> {
        let visible = refs::read(&self.repository, &journal.ref_name())?;
        if visible.is_some() {
            // What is visible of the log will leave it; its writer may have ended between rename and flush.
            refs::make_durable(&self.repository, &journal.ref_name())?;
        }
        let mut index = lock(&self.index);
        let caught = index.catch_up(&self.repository, journal, visible, &*self.admission);
        let tip = match caught {
            Ok(tip) => tip,
            // The journal was rewritten or holds what may not stand: none of the log's events can continue it.
            Err(error @ (LedgerError::Rewritten { .. } | LedgerError::BadCommit { .. })) => {
                let reason = format!("the journal cannot be continued: {error}");
                return self.displace(journal, &left, visible, &reason).map(Err);
            }
            Err(error) => return Err(error),
        };
        let logged: Vec<Logged> = left
            .iter()
            .map(|left| Logged {
                id: left.event.id(),
                prev: left.event.envelope().prev,
            })
            .collect();
        let mut failure = None;
        let placement = recovery::place(&logged, tip.map(|tip| tip.id), |id| {
            match index.find_id(&self.repository, id) {
                Ok(found) => found.is_some(),
                Err(error) => {
                    failure = Some(error);
                    false
                }
            }
        });
        if let Some(error) = failure {
            return Err(error);
        }
        drop(index);
        let rest: Vec<LeftEvent> = left.into_iter().skip(placement.visible_count).collect();
        if !placement.rest_fits {
            let reason = "the journal's ref was moved by other hands before these acknowledged events became visible";
            return self.displace(journal, &rest, visible, reason).map(Err);
        }
        let mut tip = tip;
        let mut waiting = Vec::with_capacity(rest.len());
        for left in rest {
            let parent = tip.map(|tip| tip.commit);
            let content = codec::encode_event_commit(&left.event, parent);
            let commit = codec::commit_id(&content);
            if parent != left.parent || commit != left.commit {
                return Err(LedgerError::Part {
                    code: ErrorCode::WalCorrupt,
                    message: format!(
                        "the log promised commit {} for event {}, but it gives {commit}",
                        left.commit,
                        left.event.id()
                    )
                    .into(),
                });
            }
            tip = Some(Tip {
                id: left.event.id(),
                ulid: left.event.envelope().ulid,
                commit,
                count: tip.map_or(0, |tip| tip.count) + 1,
            });
            waiting.push(Waiting {
                sequence: left.sequence,
                journal: journal.clone(),
                step: Step::of(&left.event, commit),
                content: content.into(),
            });
        }
        lock(&self.state)
            .journals
            .insert(journal.clone(), JournalState::good(tip, visible));
        Ok(Ok(waiting))
    }

    fn displace(
        &self,
        journal: &JournalName,
        left: &[LeftEvent],
        found: Option<ObjectId>,
        reason: &str,
    ) -> Result<QuarantineReport, LedgerError> {
        let contents: Vec<Vec<u8>> = left
            .iter()
            .map(|left| codec::encode_event_commit(&left.event, left.parent))
            .collect();
        let events: Vec<(EventId, Ulid, &[u8])> = left
            .iter()
            .zip(&contents)
            .map(|(left, content)| {
                (
                    left.event.id(),
                    left.event.envelope().ulid,
                    content.as_slice(),
                )
            })
            .collect();
        quarantine::set_aside_displaced(&self.repository, journal, &events, found, reason)
    }

    /// All journals of an actor in a namespace, each with its index up to date.
    fn ensure_actor(&self, ns: &Namespace, actor: &Actor) -> Result<Vec<JournalName>, LedgerError> {
        let prefix = format!("refs/gatos/journal/{ns}/{}/{}/", actor.kind(), actor.name());
        let mut journals = Vec::new();
        for (name, _) in refs::list(&self.repository, &prefix)? {
            if let Ok(journal) = JournalName::parse_ref(&name) {
                self.ensure_journal(&journal)?;
                journals.push(journal);
            }
        }
        Ok(journals)
    }

    /// Checks a call against the tips, computes its commits and queues its frame. Gives the events back where a
    /// journal has to be looked at (again) first.
    fn enqueue(
        &self,
        events: Vec<SealedEvent>,
    ) -> Result<Result<Receipt, Vec<SealedEvent>>, LedgerError> {
        let mut state = lock(&self.state);
        state.refuse_after_failure()?;
        let is_good = |event: &SealedEvent| {
            state.standing(&event.envelope().journal()) == Some(Standing::Good)
        };
        if !events.iter().all(is_good) {
            return Ok(Err(events));
        }
        let mut tips: HashMap<JournalName, Option<Tip>> = HashMap::new();
        let mut calls: Vec<(JournalName, StoredEvent, Vec<u8>, Option<ObjectId>)> =
            Vec::with_capacity(events.len());
        for event in events {
            let journal = event.envelope().journal();
            let tip = match tips.get(&journal) {
                Some(tip) => *tip,
                None => state.journals.get(&journal).and_then(|known| known.tip),
            };
            walk::link(
                event.envelope().prev,
                event.envelope().ulid,
                None,
                tip.map(|tip| (tip.id, tip.ulid, None)),
            )
            .map_err(|refusal| LedgerError::Refused {
                journal: journal.clone(),
                refusal,
            })?;
            let parent = tip.map(|tip| tip.commit);
            let content = codec::encode_event_commit(&event, parent);
            let commit = codec::commit_id(&content);
            tips.insert(
                journal.clone(),
                Some(Tip {
                    id: event.id(),
                    ulid: event.envelope().ulid,
                    commit,
                    count: tip.map_or(0, |tip| tip.count) + 1,
                }),
            );
            calls.push((journal, StoredEvent { event, commit }, content, parent));
        }
        let logged: Vec<WalEvent<'_>> = calls
            .iter()
            .map(|(journal, stored, _, parent)| WalEvent {
                journal: journal.clone(),
                bytes: stored.event.bytes().into(),
                signature: stored.event.signature().to_blob().into(),
                parent: *parent,
                commit: stored.commit,
            })
            .collect();
        let frame = EncodedFrame::encode(logged)?;
        let sequence = state.next_sequence;
        state.next_sequence += 1;
        state.queue.push(frame);
        let commits = calls
            .iter()
            .map(|(_, stored, _, _)| stored.commit)
            .collect();
        for (journal, stored, content, _) in calls {
            state.push_waiting(Waiting {
                sequence,
                journal,
                step: Step::of(&stored.event, stored.commit),
                content: content.into(),
            });
        }
        for (journal, tip) in tips {
            if let Some(known) = state.journals.get_mut(&journal) {
                known.tip = tip;
            }
        }
        if state.waiting.len() >= VISIBLE_EVENT_COUNT_MAX {
            self.wake_background.notify_one();
        }
        Ok(Ok(Receipt { sequence, commits }))
    }

    /// Group commit: the first waiter writes and flushes for all who came meanwhile.
    fn wait_durable(&self, sequence: u64) -> Result<(), LedgerError> {
        let mut state = lock(&self.state);
        loop {
            if state.durable_sequence >= sequence {
                return Ok(());
            }
            state.refuse_after_failure()?;
            if state.leader_active {
                let turn = state.turn_of(sequence);
                state = self.progress[turn]
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let frames = state.take_group();
            let (last, turn) = (state.taken_sequence, state.taken_turn);
            drop(state);
            let written = lock(&self.wal).append_and_sync(&frames);
            state = lock(&self.state);
            state.leader_active = false;
            let next = &self.progress[1 - turn];
            match written {
                Ok(_) => {
                    state.durable_sequence = last;
                    // One of those who came meanwhile leads the next group.
                    next.notify_one();
                }
                Err(error) => {
                    state.failure = Some(error.into());
                    next.notify_all();
                }
            }
            self.progress[turn].notify_all();
        }
    }

    /// Moves all durable events into Git.
    fn flush(&self) -> Result<Flushed, LedgerError> {
        let last = lock(&self.state).next_sequence - 1;
        self.wait_durable(last)?;
        let _flushing = lock(&self.flushing);
        let (batch, mut expected, displaced) = self.durable_batch();
        if batch.is_empty() {
            return Ok(Flushed::default());
        }
        let objects: Vec<PackObject<'_>> = batch
            .iter()
            .map(|waiting| {
                PackObject::with_id(waiting.step.commit, ObjectKind::Commit, &waiting.content)
            })
            .collect();
        let keep = pack::write_pack(&self.repository.pack_dir(), objects)?;
        let mut flushed = Flushed::default();
        let mut heads: HashMap<JournalName, ObjectId> = batch
            .iter()
            .map(|waiting| (waiting.journal.clone(), waiting.step.commit))
            .collect();
        for journal in displaced {
            heads.remove(&journal);
            let found = refs::read(&self.repository, &journal.ref_name())?;
            let report = self.set_aside(&journal, &batch, found)?;
            flushed.quarantined.push(report);
        }
        loop {
            let changes = ref_changes(&heads, &expected);
            match refs::update(&self.repository, &changes) {
                Ok(()) => break,
                Err(RefError::Moved { name, found, .. }) => {
                    let journal = JournalName::parse_ref(&name)
                        .map_err(|_| LedgerError::Internal("a ref that was not asked for moved"))?;
                    let is_ours = |waiting: &Waiting| {
                        waiting.journal == journal && Some(waiting.step.commit) == found
                    };
                    if batch.iter().any(is_ours) {
                        // An earlier flush moved it and failed afterwards; more events came since.
                        refs::make_durable(&self.repository, &name)?;
                        expected.insert(journal, found);
                        continue;
                    }
                    heads.remove(&journal);
                    let report = self.set_aside(&journal, &batch, found)?;
                    flushed.quarantined.push(report);
                }
                Err(error) => return Err(error.into()),
            }
        }
        let indexed = self.index_batch(&batch, &heads);
        flushed.event_count = self.retire(&batch, &heads);
        if indexed.is_err() {
            // The events are visible, and the index can be rebuilt: the next use of these journals looks at
            // their refs again and adds what is missing.
            let mut state = lock(&self.state);
            for journal in heads.keys() {
                state.forget(journal);
            }
        }
        keep.release()?;
        let last = batch.last().map_or(0, |waiting| waiting.sequence);
        lock(&self.wal).release(last)?;
        Ok(flushed)
    }

    /// Everything durable that waits, what each touched ref should still hold, and which of these journals
    /// other hands have moved already.
    fn durable_batch(&self) -> DurableBatch {
        let state = lock(&self.state);
        let durable = state.durable_sequence;
        let count = state
            .waiting
            .iter()
            .take_while(|waiting| waiting.sequence <= durable)
            .count();
        let batch: Vec<Waiting> = state.waiting.iter().take(count).cloned().collect();
        let mut expected = HashMap::new();
        let mut displaced = BTreeSet::new();
        for waiting in &batch {
            let known = state.journals.get(&waiting.journal);
            if known.is_some_and(|known| known.standing == Standing::Displaced) {
                displaced.insert(waiting.journal.clone());
            }
            expected
                .entry(waiting.journal.clone())
                .or_insert_with(|| known.and_then(|known| known.visible));
        }
        (batch, expected, displaced)
    }

    /// Pins the frames of a journal that other hands moved, and lets the writer forget the journal.
    fn set_aside(
        &self,
        journal: &JournalName,
        batch: &[Waiting],
        found: Option<ObjectId>,
    ) -> Result<QuarantineReport, LedgerError> {
        let ours: Vec<(EventId, Ulid, &[u8])> = batch
            .iter()
            .filter(|waiting| waiting.journal == *journal)
            .map(|waiting| (waiting.step.id, waiting.step.ulid, &*waiting.content))
            .collect();
        quarantine::set_aside_displaced(
            &self.repository,
            journal,
            &ours,
            found,
            "the journal's ref was moved by other hands before these acknowledged events became visible",
        )
    }

    fn index_batch(
        &self,
        batch: &[Waiting],
        heads: &HashMap<JournalName, ObjectId>,
    ) -> Result<(), LedgerError> {
        let mut by_journal: HashMap<&JournalName, Vec<Step>> = HashMap::new();
        for waiting in batch {
            if heads.contains_key(&waiting.journal) {
                by_journal
                    .entry(&waiting.journal)
                    .or_default()
                    .push(waiting.step.clone());
            }
        }
        let mut index = lock(&self.index);
        for (journal, steps) in by_journal {
            index.append(journal, &steps)?;
        }
        index.sync()?;
        Ok(())
    }

    /// Drops what became visible (or went to quarantine) from memory, and counts the former.
    fn retire(&self, batch: &[Waiting], heads: &HashMap<JournalName, ObjectId>) -> u64 {
        let mut state = lock(&self.state);
        let mut visible_count = 0;
        for waiting in batch {
            state.waiting.pop_front();
            state.forget_waiting(waiting);
            match heads.get(&waiting.journal) {
                Some(_) => {
                    visible_count += 1;
                    if let Some(known) = state.journals.get_mut(&waiting.journal) {
                        known.visible = Some(waiting.step.commit);
                    }
                }
                None => {
                    // The rest of it, if any came meanwhile, follows with the next flush.
                    if let Some(known) = state.journals.get_mut(&waiting.journal) {
                        known.standing = Standing::Displaced;
                    }
                }
            }
        }
        let journals: BTreeSet<&JournalName> =
            batch.iter().map(|waiting| &waiting.journal).collect();
        for journal in journals {
            let is_left = !matches!(state.standing(journal), None | Some(Standing::Good));
            if is_left && !state.waits(journal) {
                state.journals.remove(journal);
            }
        }
        visible_count
    }

    fn run_background(&self) {
        loop {
            let mut state = lock(&self.state);
            if state.waiting.len() < VISIBLE_EVENT_COUNT_MAX && !state.stopping {
                state = self
                    .wake_background
                    .wait_timeout(state, VISIBLE_DELAY_MAX)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            }
            let (stopping, idle) = (state.stopping, state.waiting.is_empty());
            drop(state);
            if !idle && self.flush().is_err() {
                // The log keeps the events; the next caller of flush gets the error. Do not spin meanwhile.
                std::thread::sleep(VISIBLE_DELAY_MAX);
            }
            if stopping {
                return;
            }
        }
    }
}

impl Waiting {
    fn unseen(&self) -> Unseen {
        Unseen {
            commit: self.step.commit,
            content: self.content.clone(),
        }
    }

    fn idempotency_key(&self) -> Option<(Namespace, Actor, IdempotencyKey)> {
        let JournalName { ns, actor, .. } = &self.journal;
        let idem = self.step.idem.clone()?;
        Some((ns.clone(), actor.clone(), idem))
    }
}

fn ref_changes(
    heads: &HashMap<JournalName, ObjectId>,
    expected: &HashMap<JournalName, Option<ObjectId>>,
) -> Vec<RefChange> {
    let mut changes: Vec<RefChange> = heads
        .iter()
        .map(|(journal, head)| RefChange {
            name: journal.ref_name(),
            expected: expected.get(journal).copied().flatten(),
            new: *head,
        })
        .collect();
    changes.sort_by(|a, b| a.name.cmp(&b.name));
    changes
}
