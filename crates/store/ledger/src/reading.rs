//! Reading events in canonical order: (ULID, event id) over any number of journals, in flat memory.
//!
//! A [`JournalView`] knows the order of one journal (its table, and what the ref holds beyond it); an
//! [`EventReader`] merges views and reads the commits ahead on other threads. Readers take no lock.
//!
//! INVARIANT: what is read was admitted: either before (it stands in the table) or now, on opening the view.
//! Tests: ../tests/it/reading.rs; the slow twin sorts all events in memory.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::mpsc::{Receiver, sync_channel};

use gatos_values::{ErrorCode, EventId, JournalName, Ulid};

use crate::codec::EventDecoder;
use crate::error::LedgerError;
use crate::git::Repository;
use crate::index::{self, CaughtUp};
use crate::object_id::ObjectId;
use crate::objects::{Reader, SequentialReader};
use crate::refs;
use crate::table::{self, Record, TableReader};
use crate::walk::{self, Admission, Step};
use crate::writer::StoredEvent;

/// Events read by a worker at once.
const BATCH_LEN: usize = 64;
/// How often a reader looks at a ref again that a writer moves meanwhile.
const RACE_RETRY_COUNT_MAX: usize = 8;

/// One journal in its order. Positions start at 1.
pub struct JournalView {
    journal: JournalName,
    table: Option<TableReader>,
    table_count: u64,
    tail: Vec<Record>,
}

impl JournalView {
    /// The journal.
    pub fn journal(&self) -> &JournalName {
        &self.journal
    }

    /// Number of events.
    pub fn count(&self) -> u64 {
        self.table_count + self.tail.len() as u64
    }

    /// What stands at a position; none at 0 and beyond the end.
    ///
    /// # Errors
    /// `INDEX_CORRUPT` or `IO` from the table.
    pub fn step(&self, position: u64) -> Result<Option<Step>, LedgerError> {
        Ok(self.record(position)?.map(|record| Step {
            commit: record.commit,
            id: record.event,
            ulid: record.ulid,
            idem: None,
        }))
    }

    fn record(&self, position: u64) -> Result<Option<Record>, LedgerError> {
        if position == 0 {
            return Ok(None);
        }
        if position <= self.table_count {
            return match &self.table {
                Some(table) => Ok(table.record(position)?),
                None => Ok(None),
            };
        }
        let offset = usize::try_from(position - self.table_count - 1).unwrap_or(usize::MAX);
        Ok(self.tail.get(offset).copied())
    }

    /// The first position whose ULID is at or above the given one; count + 1 when there is none.
    ///
    /// # Errors
    /// As [`JournalView::step`].
    pub fn first_position_at_or_after(&self, ulid: Ulid) -> Result<u64, LedgerError> {
        let (mut low, mut high) = (1, self.count() + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let below = self
                .record(middle)?
                .is_some_and(|record| record.ulid < ulid);
            if below {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// The position of an event's commit, found through its ULID.
    ///
    /// # Errors
    /// As [`JournalView::step`].
    pub fn position_of(&self, ulid: Ulid, commit: ObjectId) -> Result<Option<u64>, LedgerError> {
        let position = self.first_position_at_or_after(ulid)?;
        Ok(self
            .record(position)?
            .filter(|record| record.commit == commit)
            .map(|_| position))
    }

    /// The position of a commit, if this journal holds it; what is no event commit is held by none.
    ///
    /// # Errors
    /// As [`JournalView::step`].
    pub fn position_of_commit(
        &self,
        repository: &Repository,
        commit: ObjectId,
    ) -> Result<Option<u64>, LedgerError> {
        match index::read_event(&Reader::new(repository), commit) {
            Ok(stored) => self.position_of(stored.event.envelope().ulid, commit),
            Err(_) => Ok(None),
        }
    }
}

/// Opens the views of all journals whose short names `wanted` accepts, judging what their tables do not hold.
///
/// # Errors
/// `FF_VIOLATION`, or the refusal of the first event that may not stand.
pub fn views(
    repository: &Repository,
    wanted: &dyn Fn(&str) -> bool,
    admission: &dyn Admission,
) -> Result<Vec<JournalView>, LedgerError> {
    let mut found = Vec::new();
    for (name, tip) in refs::list(repository, "refs/gatos/journal/")? {
        let Ok(journal) = JournalName::parse_ref(&name) else {
            continue;
        };
        if wanted(&journal.short()) {
            found.push(view(repository, &journal, Some(tip), admission)?);
        }
    }
    Ok(found)
}

/// Opens the view of one journal whose ref holds `tip`.
///
/// # Errors
/// As [`views`].
pub fn view(
    repository: &Repository,
    journal: &JournalName,
    tip: Option<ObjectId>,
    admission: &dyn Admission,
) -> Result<JournalView, LedgerError> {
    let mut tip = tip;
    for _ in 0..RACE_RETRY_COUNT_MAX {
        match view_at(repository, journal, tip, admission) {
            Err(LedgerError::Rewritten { .. }) => {
                // A writer may have moved the ref and the table since the caller read the ref.
                let now = refs::read(repository, &journal.ref_name())?;
                if now == tip {
                    break;
                }
                tip = now;
            }
            outcome => return outcome,
        }
    }
    view_at(repository, journal, tip, admission)
}

fn view_at(
    repository: &Repository,
    journal: &JournalName,
    tip: Option<ObjectId>,
    admission: &dyn Admission,
) -> Result<JournalView, LedgerError> {
    let table = TableReader::open(&index_directory(repository), journal)?;
    let CaughtUp {
        usable_count,
        new_steps,
    } = index::catch_up_from(repository, journal, table.as_ref(), tip, admission)?;
    Ok(JournalView {
        journal: journal.clone(),
        table,
        table_count: usable_count,
        tail: new_steps.iter().map(Step::record).collect(),
    })
}

/// A view of the first `count` events of a journal, every one of them judged now, without the table.
///
/// # Errors
/// The refusal of the first event that may not stand; the view is shorter when the journal is.
pub fn verified_prefix(
    repository: &Repository,
    journal: &JournalName,
    count: u64,
    admission: &dyn Admission,
) -> Result<JournalView, LedgerError> {
    let tip = refs::read(repository, &journal.ref_name())?;
    let mut records = Vec::new();
    if let Some(tip) = tip {
        let end = walk::walk(repository, journal, tip, &|_| false, admission, |step| {
            records.push(step.record());
        });
        if let Some(bad) = end.bad {
            return Err(LedgerError::BadCommit {
                journal: journal.clone(),
                bad,
            });
        }
    }
    records.reverse();
    records.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    Ok(JournalView {
        journal: journal.clone(),
        table: None,
        table_count: 0,
        tail: records,
    })
}

/// Where the index of a repository lies.
pub fn index_directory(repository: &Repository) -> std::path::PathBuf {
    repository.gatos_dir().join("index")
}

/// The newest event the index has admitted of a journal.
#[derive(Clone, Debug)]
pub struct KnownJournal {
    /// The journal.
    pub journal: JournalName,
    /// Commit of the newest admitted event.
    pub commit: ObjectId,
    /// Number of admitted events.
    pub count: u64,
}

/// Every journal the index knows, whatever the refs say now.
///
/// # Errors
/// `IO`.
pub fn known_journals(repository: &Repository) -> Result<Vec<KnownJournal>, LedgerError> {
    let directory = index_directory(repository);
    let mut found = Vec::new();
    for journal in table::list(&directory)? {
        let Some(table) = TableReader::open(&directory, &journal)? else {
            continue;
        };
        if let Some(last) = table.record(table.count())? {
            found.push(KnownJournal {
                journal,
                commit: last.commit,
                count: table.count(),
            });
        }
    }
    Ok(found)
}

/// Which events to read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Selection {
    /// From this ULID on, inclusive.
    pub since: Option<Ulid>,
    /// Up to this ULID, exclusive.
    pub until: Option<Ulid>,
}

impl Selection {
    /// Everything.
    pub fn all() -> Selection {
        Selection::default()
    }
}

/// An event with its place.
#[derive(Clone, Debug)]
pub struct Positioned {
    /// Which of the views it comes from.
    pub view_index: usize,
    /// Its position there.
    pub position: u64,
    /// The event.
    pub stored: StoredEvent,
}

/// Merges positions of several journals into canonical order.
struct Merge {
    views: Vec<JournalView>,
    heap: BinaryHeap<Reverse<(Ulid, EventId, usize, u64)>>,
    until: Option<Ulid>,
}

/// A place in the canonical order, before its commit is read.
#[derive(Clone, Copy)]
struct Place {
    view_index: usize,
    position: u64,
    commit: ObjectId,
    event: EventId,
}

impl Merge {
    fn new(
        views: Vec<JournalView>,
        after: &[u64],
        selection: Selection,
    ) -> Result<Merge, LedgerError> {
        let mut merge = Merge {
            views,
            heap: BinaryHeap::new(),
            until: selection.until,
        };
        for view_index in 0..merge.views.len() {
            let mut position = after.get(view_index).copied().unwrap_or(0) + 1;
            if let Some(since) = selection.since {
                position = position.max(merge.views[view_index].first_position_at_or_after(since)?);
            }
            merge.push(view_index, position)?;
        }
        Ok(merge)
    }

    fn push(&mut self, view_index: usize, position: u64) -> Result<(), LedgerError> {
        if let Some(record) = self.views[view_index].record(position)?
            && self.until.is_none_or(|until| record.ulid < until)
        {
            self.heap
                .push(Reverse((record.ulid, record.event, view_index, position)));
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Place>, LedgerError> {
        let Some(Reverse((_, event, view_index, position))) = self.heap.pop() else {
            return Ok(None);
        };
        let commit = self.views[view_index]
            .record(position)?
            .map(|record| record.commit)
            .ok_or(LedgerError::Internal("a merged position has vanished"))?;
        self.push(view_index, position + 1)?;
        Ok(Some(Place {
            view_index,
            position,
            commit,
            event,
        }))
    }

    fn batch(&mut self) -> Result<Vec<Place>, LedgerError> {
        let mut batch = Vec::with_capacity(BATCH_LEN);
        while batch.len() < BATCH_LEN {
            match self.next()? {
                Some(place) => batch.push(place),
                None => break,
            }
        }
        Ok(batch)
    }
}

type BatchResult = Result<Vec<Positioned>, LedgerError>;

/// Yields the events of several journals in canonical order, reading ahead on other threads.
pub struct EventReader {
    receiver: Receiver<(u64, BatchResult)>,
    early: BTreeMap<u64, BatchResult>,
    expected: u64,
    current: std::vec::IntoIter<Positioned>,
    ended: bool,
}

impl EventReader {
    /// Reads the selected events of the views.
    pub fn new(
        repository: &Repository,
        views: Vec<JournalView>,
        selection: Selection,
    ) -> EventReader {
        EventReader::from_positions(repository, views, &[], selection)
    }

    /// As [`EventReader::new`], leaving out the first `after[i]` events of view i.
    pub fn from_positions(
        repository: &Repository,
        views: Vec<JournalView>,
        after: &[u64],
        selection: Selection,
    ) -> EventReader {
        let worker_count =
            std::thread::available_parallelism().map_or(1, |count| count.get().min(4));
        let (result_sender, receiver) = sync_channel(4 * worker_count);
        let (batch_sender, batch_receiver) = sync_channel::<(u64, Vec<Place>)>(2 * worker_count);
        let batch_receiver = std::sync::Arc::new(std::sync::Mutex::new(batch_receiver));
        let first_reader = SequentialReader::new(repository);
        for _ in 0..worker_count {
            let mut reader = first_reader.beside();
            let batches = batch_receiver.clone();
            let results = result_sender.clone();
            std::thread::spawn(move || {
                let mut decoder = EventDecoder::default();
                loop {
                    let received = batches
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .recv();
                    let Ok((index, batch)) = received else { return };
                    let read = batch
                        .into_iter()
                        .map(|place| read_place(&mut decoder, &mut reader, place))
                        .collect();
                    if results.send((index, read)).is_err() {
                        return;
                    }
                }
            });
        }
        let after = after.to_vec();
        std::thread::spawn(move || {
            let mut index = 0;
            let mut merge = match Merge::new(views, &after, selection) {
                Ok(merge) => merge,
                Err(error) => {
                    // The reader may be gone already; then nobody is left to tell.
                    let _ = result_sender.send((index, Err(error)));
                    return;
                }
            };
            loop {
                match merge.batch() {
                    Ok(batch) if batch.is_empty() => {
                        // An empty batch is the end; a channel that closes without it is a fault.
                        let _ = result_sender.send((index, Ok(Vec::new())));
                        return;
                    }
                    Ok(batch) => {
                        if batch_sender.send((index, batch)).is_err() {
                            return;
                        }
                        index += 1;
                    }
                    Err(error) => {
                        let _ = result_sender.send((index, Err(error)));
                        return;
                    }
                }
            }
        });
        EventReader {
            receiver,
            early: BTreeMap::new(),
            expected: 0,
            current: Vec::new().into_iter(),
            ended: false,
        }
    }

    /// The events with their places.
    pub fn positioned(self) -> PositionedReader {
        PositionedReader(self)
    }

    fn next_positioned(&mut self) -> Option<Result<Positioned, LedgerError>> {
        loop {
            if let Some(positioned) = self.current.next() {
                return Some(Ok(positioned));
            }
            if self.ended {
                return None;
            }
            match self.next_batch() {
                Ok(batch) if batch.is_empty() => self.ended = true,
                Ok(batch) => self.current = batch.into_iter(),
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
    }

    fn next_batch(&mut self) -> BatchResult {
        loop {
            if let Some(batch) = self.early.remove(&self.expected) {
                self.expected += 1;
                return batch;
            }
            let (index, batch) = self
                .receiver
                .recv()
                .map_err(|_| LedgerError::Internal("a reading thread stopped unexpectedly"))?;
            self.early.insert(index, batch);
        }
    }
}

impl Iterator for EventReader {
    type Item = Result<StoredEvent, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_positioned()
            .map(|read| read.map(|positioned| positioned.stored))
    }
}

/// As [`EventReader`], with places.
pub struct PositionedReader(EventReader);

impl Iterator for PositionedReader {
    type Item = Result<Positioned, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next_positioned()
    }
}

/// Reads an event that its view has admitted: the content hashes to the commit that was judged then, so it is not
/// judged again. That the event is the one the view names shows that the table speaks of this commit.
fn read_place(
    decoder: &mut EventDecoder,
    reader: &mut SequentialReader,
    place: Place,
) -> Result<Positioned, LedgerError> {
    let content = reader.reader(place.commit)?.commit(place.commit)?;
    let event = decoder.decode_admitted(&content)?.event;
    if event.id() != place.event {
        return Err(LedgerError::Part {
            code: ErrorCode::IndexCorrupt,
            message: format!(
                "the index says that commit {} holds event {}, but it holds {}",
                place.commit,
                place.event,
                event.id()
            )
            .into(),
        });
    }
    Ok(Positioned {
        view_index: place.view_index,
        position: place.position,
        stored: StoredEvent {
            event,
            commit: place.commit,
        },
    })
}

/// Looks an event up by its id: in the index, else (also where the index is damaged) in the journals.
///
/// # Errors
/// As [`views`].
pub fn find_event(
    repository: &Repository,
    id: &EventId,
    admission: &dyn Admission,
) -> Result<Option<StoredEvent>, LedgerError> {
    // The index may lag behind the refs, and a reader cannot mend a damaged one; the journals' own order is
    // complete.
    if let Ok(Some(found)) = index::find_id_read_only(repository, id) {
        return Ok(Some(found));
    }
    for view in views(repository, &|_| true, admission)? {
        for position in (1..=view.count()).rev() {
            if let Some(record) = view.record(position)?
                && record.event == *id
            {
                return Ok(Some(index::read_event(
                    &Reader::new(repository),
                    record.commit,
                )?));
            }
        }
    }
    Ok(None)
}
