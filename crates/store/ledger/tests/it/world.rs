//! A repository with nothing but the ledger over it, stock `git` beside it, and the slow twin: what `git log` says.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gatos_ledger::reading::{self, EventReader, JournalView, Selection};
use gatos_ledger::{
    Admission, LedgerError, ObjectId, ObjectKind, Refusal, Repository, StoredEvent, Writer, codec,
    objects, refs,
};
use gatos_testkit::author::Author;
use gatos_testkit::git_fixture::FixtureGit;
use gatos_values::{ErrorCode, EventId, JournalName, SealedEvent, Ulid};

/// Accepts every event that is signed well; the first byte of `gov` is its governance version.
#[derive(Clone, Copy, Debug)]
pub struct Signatures;

impl Admission for Signatures {
    fn admit(&self, event: &SealedEvent) -> Result<u64, Refusal> {
        event
            .verify_signature()
            .map_err(|error| Refusal::new(ErrorCode::BadSignature, error.to_string()))?;
        Ok(u64::from(event.envelope().gov.as_bytes()[0]))
    }
}

/// Refuses everything: whoever asks it is judging anew.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

impl Admission for Nothing {
    fn admit(&self, _: &SealedEvent) -> Result<u64, Refusal> {
        Err(Refusal::new(
            ErrorCode::UnknownActor,
            "nobody is known here",
        ))
    }
}

/// An event as `git log` shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    pub ulid: Ulid,
    pub id: EventId,
    pub commit: ObjectId,
    pub journal: String,
    /// From 1.
    pub position: u64,
}

pub struct World {
    folder: tempfile::TempDir,
    git: FixtureGit,
    repository: Repository,
}

impl World {
    pub fn new() -> World {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            tempfile::tempdir_in(memory)
        } else {
            tempfile::tempdir()
        };
        let folder = folder.expect("a temporary folder");
        let (repository, _) =
            Repository::init(&folder.path().join("repo"), true).expect("a repository");
        World {
            folder,
            git: FixtureGit::default_git(),
            repository,
        }
    }

    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The repository opened anew, with nothing remembered.
    pub fn reopened(&self) -> Repository {
        Repository::open(self.repository.git_dir()).expect("the repository opens")
    }

    pub fn writer(&self) -> Writer {
        self.try_writer().expect("the writer opens")
    }

    pub fn try_writer(&self) -> Result<Writer, LedgerError> {
        let patience = Duration::from_secs(10);
        Writer::open(&self.reopened(), patience, Box::new(Signatures))
    }

    /// A folder of the test's own, beside the repository.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        self.git.run(self.repository.git_dir(), arguments)
    }

    pub fn fsck(&self) {
        self.git(&["fsck", "--strict", "--no-progress", "--no-dangling"]);
    }

    /// Puts an object there as another program would, and gives its id.
    pub fn put(&self, kind: &str, content: &[u8]) -> ObjectId {
        let arguments = ["hash-object", "-w", "--literally", "-t", kind, "--stdin"];
        let id = self
            .git
            .feed(self.repository.git_dir(), &arguments, content);
        object_id(&id)
    }

    /// Puts events there, each on the one before, and gives their commits; no ref moves.
    pub fn put_events(&self, events: &[SealedEvent], parent: Option<ObjectId>) -> Vec<ObjectId> {
        let mut parent = parent;
        events
            .iter()
            .map(|event| {
                let content = codec::encode_event_commit(event, parent);
                let commit = objects::write_loose(&self.repository, ObjectKind::Commit, &content)
                    .expect("the object is written");
                parent = Some(commit);
                commit
            })
            .collect()
    }

    /// Moves a ref as another program would, wherever it stands.
    pub fn point(&self, journal: &JournalName, commit: ObjectId) {
        self.git(&["update-ref", &journal.ref_name(), &commit.to_string()]);
    }

    pub fn read_ref(&self, name: &str) -> Option<ObjectId> {
        refs::read(&self.repository, name).expect("the ref reads")
    }

    pub fn quarantine(&self) -> Vec<String> {
        let names = self.git(&[
            "for-each-ref",
            "--format=%(refname)",
            "refs/gatos/quarantine",
        ]);
        names.lines().map(str::to_owned).collect()
    }

    /// The slow twin: all events of all journals as stock `git` tells them, sorted in memory.
    pub fn twin(&self) -> Vec<Seen> {
        let names = self.git(&["for-each-ref", "--format=%(refname)", "refs/gatos/journal"]);
        let mut seen: Vec<Seen> = names
            .lines()
            .flat_map(|name| self.twin_of(name, name.trim_start_matches("refs/")))
            .collect();
        seen.sort();
        seen
    }

    fn twin_of(&self, reference: &str, journal: &str) -> Vec<Seen> {
        let format = "--format=%H %s %(trailers:key=Event-Id,valueonly)";
        let log = self.git(&["log", "--reverse", format, reference]);
        log.lines()
            .filter(|line| !line.is_empty())
            .zip(1..)
            .map(|(line, position)| {
                let words: Vec<&str> = line.split_whitespace().collect();
                let [commit, _, ulid, id] = words.as_slice() else {
                    panic!("git log says `{line}`");
                };
                Seen {
                    ulid: Ulid::parse(ulid).expect("a ULID in the subject"),
                    id: EventId::parse(id).expect("an id in the trailer"),
                    commit: object_id(commit),
                    journal: journal.to_owned(),
                    position,
                }
            })
            .collect()
    }

    pub fn views(&self) -> Vec<JournalView> {
        reading::views(&self.reopened(), &|_| true, &Signatures).expect("the views open")
    }

    /// What the ledger reads.
    pub fn read(&self, selection: Selection) -> Vec<Seen> {
        self.read_after(&[], selection)
    }

    /// What the ledger reads beyond these positions.
    pub fn read_after(&self, after: &[u64], selection: Selection) -> Vec<Seen> {
        let views = self.views();
        let journals: Vec<String> = views.iter().map(|view| view.journal().short()).collect();
        EventReader::from_positions(&self.reopened(), views, after, selection)
            .positioned()
            .map(|read| {
                let read = read.expect("the event reads");
                Seen {
                    ulid: read.stored.event.envelope().ulid,
                    id: read.stored.event.id(),
                    commit: read.stored.commit,
                    journal: journals[read.view_index].clone(),
                    position: read.position,
                }
            })
            .collect()
    }
}

fn object_id(text: &str) -> ObjectId {
    ObjectId::parse(text).expect("an object id of git")
}

/// Appends events as one call and returns their commits once they are durable.
pub fn append(writer: &Writer, events: Vec<SealedEvent>) -> Vec<ObjectId> {
    let receipt = writer.append(events).expect("the append works");
    writer.wait_durable(&receipt).expect("it becomes durable");
    receipt.commits
}

/// The code of a refusal.
#[track_caller]
pub fn code<T>(outcome: Result<T, LedgerError>) -> &'static str {
    match outcome {
        Ok(_) => panic!("a refusal was expected"),
        Err(error) => error.code().as_str(),
    }
}

pub fn found_id(found: Result<Option<StoredEvent>, LedgerError>) -> Option<EventId> {
    found
        .expect("the look-up works")
        .map(|stored| stored.event.id())
}

pub fn alice() -> Author {
    Author::new(1, "ops", "user:alice")
}

pub fn bob() -> Author {
    Author::new(2, "ops", "user:bob")
}

/// A generator of small random numbers; the same seed gives the same test.
pub struct Dice(u64);

impl Dice {
    /// Prints the seed, so that a failing run can be repeated.
    pub fn new(seed: u64) -> Dice {
        println!("seed {seed}");
        Dice(seed)
    }

    /// A number from 0 up to, not including, `end` (splitmix64).
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}
