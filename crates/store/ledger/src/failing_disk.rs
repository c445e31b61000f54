//! The writer on a disk that fails: every file operation of ours in turn, once and for good. Tests only.
//!
//! INVARIANT (of the tests): whatever fails, what was acknowledged is there once after reopening, a call is there
//! whole or not at all, and once the disk works again everything goes on. What is promised while the disk
//! fails is an error with its code, never an acknowledgement.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use gatos_testkit::author::Author;
use gatos_values::{EventId, SealedEvent};

use crate::error::LedgerError;
use crate::files::FileOperation;
use crate::files::fault::{self, Injection};
use crate::git::Repository;
use crate::reading::{self, EventReader, Selection};
use crate::walk::{Admission, Refusal};
use crate::writer::Writer;
use crate::{refs, scratch};

/// Whose keys count is not what these tests are about.
struct Everybody;

impl Admission for Everybody {
    fn admit(&self, _: &SealedEvent) -> Result<u64, Refusal> {
        Ok(0)
    }
}

struct Desk {
    _folder: tempfile::TempDir,
    repository: Repository,
}

impl Desk {
    fn new() -> Desk {
        let folder = scratch::folder();
        let (repository, _) =
            Repository::init(&folder.path().join("repo"), true).expect("a repository");
        Desk {
            _folder: folder,
            repository,
        }
    }

    /// A desk like this one, before anything was written.
    fn copy(&self) -> Desk {
        let folder = scratch::folder();
        let to = folder.path().join("repo");
        copy_folder(self.repository.git_dir(), &to);
        let repository = Repository::open(&to).expect("it opens");
        Desk {
            _folder: folder,
            repository,
        }
    }

    fn writer(&self) -> Result<Writer, LedgerError> {
        let patience = Duration::from_secs(5);
        let repository = Repository::open(self.repository.git_dir())?;
        Writer::open(&repository, patience, Box::new(Everybody))
    }

    /// What is visible, in order.
    fn visible(&self) -> Vec<EventId> {
        let repository = Repository::open(self.repository.git_dir()).expect("it opens");
        let views = reading::views(&repository, &|_| true, &Everybody).expect("the views open");
        EventReader::new(&repository, views, Selection::all())
            .map(|read| read.expect("the event reads").event.id())
            .collect()
    }

    /// Fails `failures` file operations below the repository after so many that pass.
    fn fail(
        &self,
        operation: Option<FileOperation>,
        passes: u64,
        failures: u64,
        kind: ErrorKind,
    ) -> Injection {
        let folder: &Path = self.repository.git_dir();
        fault::inject(folder, operation, passes, failures, kind)
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder to copy") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a file is copied");
        }
    }
}

/// The calls of one run: what they held, and whether each was acknowledged.
#[derive(Default)]
struct Calls {
    events: Vec<Vec<EventId>>,
    acknowledged: Vec<bool>,
    error_count: usize,
}

impl Calls {
    /// Appends a call of the authors' next events and waits; true when it was acknowledged.
    fn append(&mut self, writer: &Writer, authors: &mut [Author]) -> bool {
        // An author goes on from what was acknowledged; what was not may or may not be there, and the
        // writer is asked for that when it is opened again.
        let events: Vec<SealedEvent> = authors
            .iter_mut()
            .flat_map(|author| author.clone().next_events(2))
            .collect();
        let receipt = writer.append(events.clone());
        let done = receipt.and_then(|receipt| writer.wait_durable(&receipt));
        self.events
            .push(events.iter().map(SealedEvent::id).collect());
        self.acknowledged.push(done.is_ok());
        match &done {
            Ok(()) => {
                for event in &events {
                    let journal = event.envelope().journal();
                    let author = authors.iter_mut().find(|one| one.journal() == journal);
                    author.expect("an author of the call").go_on_from(event);
                }
            }
            Err(error) => self.note(error),
        }
        done.is_ok()
    }

    /// Makes visible, whether it works or not.
    fn flush(&mut self, writer: &Writer) {
        if let Err(error) = writer.flush() {
            self.note(&error);
        }
    }

    fn note(&mut self, error: &LedgerError) {
        let code = error.code().as_str();
        assert!(matches!(code, "DISK_FULL" | "IO"), "{code}: {error}");
        self.error_count += 1;
    }

    /// Acknowledged calls are in `visible` once; the others whole or not at all.
    fn check(&self, visible: &[EventId], what: &str) {
        for (events, acknowledged) in self.events.iter().zip(&self.acknowledged) {
            let times = |id: &EventId| visible.iter().filter(|seen| *seen == id).count();
            let there = times(&events[0]);
            assert!(
                there <= 1 && (there == 1 || !acknowledged),
                "{what}: {there}"
            );
            let as_first = events.iter().all(|id| times(id) == there);
            assert!(as_first, "{what}: a call is there in part");
        }
        let known = visible
            .iter()
            .filter(|id| self.events.iter().flatten().any(|one| one == *id));
        assert_eq!(known.count(), visible.len(), "{what}: events of nobody");
    }
}

fn authors() -> Vec<Author> {
    vec![
        Author::new(1, "ops", "user:alice"),
        Author::new(2, "ops", "user:bob"),
    ]
}

/// Two calls, a flush, another call and a flush, under `injection`; then the disk works again.
///
/// Tells whether an operation failed.
fn run(desk: &Desk, what: &str, inject: impl FnOnce() -> Injection) -> bool {
    let mut authors = authors();
    let mut calls = Calls::default();
    let injection = inject();
    if let Ok(writer) = desk.writer() {
        calls.append(&writer, &mut authors);
        calls.append(&writer, &mut authors);
        calls.flush(&writer);
        calls.append(&writer, &mut authors);
        calls.flush(&writer);
    } else {
        calls.error_count += 1;
    }
    let has_failed = injection.has_failed();
    assert!(has_failed || calls.error_count == 0, "{what}");
    drop(injection);
    let writer = desk
        .writer()
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    writer
        .flush()
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    calls.check(&desk.visible(), what);
    // It goes on, from wherever each journal stands.
    for author in &mut authors {
        let tip = writer
            .tip(&author.journal())
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        author.prev = tip.map(|tip| tip.id);
        author.tick += 100;
    }
    assert!(calls.append(&writer, &mut authors), "{what}");
    writer
        .flush()
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    calls.check(&desk.visible(), what);
    let nothing_set_aside = refs::list(&desk.repository, "refs/gatos/quarantine/");
    assert!(nothing_set_aside.expect("it lists").is_empty(), "{what}");
    has_failed
}

/// Lets the operations fail from the first on, until a run has fewer of them; gives how many runs met a failure.
fn fail_each(
    operation: Option<FileOperation>,
    failures: u64,
    kind: ErrorKind,
    step: usize,
) -> usize {
    let blank = Desk::new();
    let mut failed_runs = 0;
    for passes in (0..).step_by(step) {
        let desk = blank.copy();
        let what = format!("{operation:?} {passes}, {failures} times, {kind:?}");
        if !run(&desk, &what, || {
            desk.fail(operation, passes, failures, kind)
        }) {
            break;
        }
        failed_runs += 1;
    }
    failed_runs
}

#[test]
fn each_operation_fails_once() {
    assert!(fail_each(None, 1, ErrorKind::Other, 2) > 10);
}

#[test]
fn the_disk_is_full_from_some_moment_on() {
    assert!(fail_each(None, u64::MAX, ErrorKind::StorageFull, 7) > 5);
}

#[test]
fn each_flush_to_the_disk_fails_once() {
    assert!(fail_each(Some(FileOperation::Sync), 1, ErrorKind::Other, 1) > 5);
}

#[test]
fn after_a_failed_flush_of_the_log_nothing_is_acknowledged_until_it_is_opened_again() {
    let desk = Desk::new();
    let writer = desk.writer().expect("it opens");
    let mut authors = authors();
    let mut calls = Calls::default();
    assert!(calls.append(&writer, &mut authors));
    let wal = desk.repository.gatos_dir().join("wal");
    let injection = fault::inject(&wal, Some(FileOperation::Sync), 0, 1, ErrorKind::Other);
    assert!(!calls.append(&writer, &mut authors));
    drop(injection);
    assert!(writer.has_failed());
    // The disk works again, but what the failed flush left behind is unknown.
    for _ in 0..3 {
        assert!(!calls.append(&writer, &mut authors));
        assert!(writer.flush().is_err());
    }
    drop(writer);
    let writer = desk.writer().expect("it opens");
    assert!(!writer.has_failed());
    calls.check(&desk.visible(), "reopened");
}

#[test]
fn an_index_that_cannot_be_written_hides_nothing() {
    let desk = Desk::new();
    let writer = desk.writer().expect("it opens");
    let mut authors = authors();
    let mut calls = Calls::default();
    assert!(calls.append(&writer, &mut authors));
    let index = desk.repository.gatos_dir().join("index");
    let injection = fault::inject(
        &index,
        Some(FileOperation::Write),
        0,
        u64::MAX,
        ErrorKind::Other,
    );
    // The events become visible all the same: the index can be made again.
    writer.flush().expect("only the index fails");
    assert_eq!(desk.visible().len(), 4);
    drop(injection);
    for author in &authors {
        let tip = writer
            .tip(&author.journal())
            .expect("it is caught up")
            .expect("a tip");
        assert_eq!((Some(tip.id), tip.count), (author.prev, 2));
    }
    for id in calls.events.concat() {
        let found = writer.find_id(&id).expect("the look-up works");
        assert_eq!(found.map(|stored| stored.event.id()), Some(id));
    }
    assert!(calls.append(&writer, &mut authors));
    writer.flush().expect("it goes on");
    calls.check(&desk.visible(), "afterwards");
}
