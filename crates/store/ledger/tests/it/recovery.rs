//! Reopening after a writer was cut short, and after files of ours were lost, damaged or put back.
//!
//! A writer that is dropped without a flush leaves its log as a killed one does. The slow twin is `git log`.

use std::fs;
use std::path::{Path, PathBuf};

use gatos_ledger::reading::{self, Selection};
use gatos_ledger::{LedgerError, ObjectId, Writer, table};
use gatos_testkit::author::Author;
use gatos_values::{EventId, SealedEvent};

use crate::world::{Dice, Seen, Signatures, World, alice, append, bob, found_id};

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder to copy") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a file is copied");
    }
}

fn part(world: &World, name: &str) -> PathBuf {
    world.repository().gatos_dir().join(name)
}

/// Keeps a folder of ours as it is now, to put it back later.
fn keep(world: &World, name: &str, moment: &str) {
    copy(
        &part(world, name),
        &world.beside(&format!("{name}-{moment}")),
    );
}

fn put_back(world: &World, name: &str, moment: &str) {
    copy(
        &world.beside(&format!("{name}-{moment}")),
        &part(world, name),
    );
}

fn commits_of(world: &World) -> Vec<ObjectId> {
    world.twin().iter().map(|seen| seen.commit).collect()
}

fn sorted(mut commits: Vec<ObjectId>) -> Vec<ObjectId> {
    commits.sort();
    commits
}

#[test]
fn what_was_acknowledged_is_there_after_a_drop_without_a_flush() {
    let world = World::new();
    let (mut alice, mut bob) = (alice(), bob());
    let mut promised = Vec::new();
    for round in 0..5 {
        let writer = world.writer();
        let left: u64 = if round == 0 { 0 } else { 6 };
        assert_eq!(writer.recovered().event_count, left);
        assert_eq!(sorted(commits_of(&world)), sorted(promised.clone()));
        for _ in 0..2 {
            let events = [alice.next_events(1), bob.next_events(2)].concat();
            promised.extend(append(&writer, events));
        }
        // Also one that is made visible by hand, and one that nobody waited for.
        if round == 2 {
            writer.flush().expect("the flush works");
            let events = [alice.next_events(4), bob.next_events(2)].concat();
            promised.extend(append(&writer, events));
        }
        writer
            .append(alice.clone().next_events(1))
            .expect("it is taken");
    }
    drop(world.writer());
    assert_eq!(sorted(commits_of(&world)), sorted(promised));
    assert_eq!(world.read(Selection::all()), world.twin());
    world.fsck();
}

#[test]
fn a_log_whose_events_are_visible_already_adds_nothing() {
    let world = World::new();
    let (mut alice, mut bob) = (alice(), bob());
    let writer = world.writer();
    append(&writer, [alice.next_events(3), bob.next_events(2)].concat());
    keep(&world, "wal", "unreleased");
    writer.flush().expect("the flush works");
    drop(writer);
    let twin = world.twin();
    // Killed between the move of the refs and the release of the log, with the index as it is, without it,
    // and when the journal has gone on since.
    for case in ["index", "no index", "gone on"] {
        match case {
            "no index" => fs::remove_dir_all(part(&world, "index")).expect("the index goes"),
            "gone on" => {
                let parent = world.read_ref(&alice.journal().ref_name());
                let later = world.put_events(&alice.clone().next_events(2), parent);
                world.point(&alice.journal(), later[1]);
            }
            _ => {}
        }
        let want = world.twin();
        put_back(&world, "wal", "unreleased");
        let writer = world.writer();
        assert_eq!(writer.recovered().event_count, 0, "{case}");
        assert!(writer.recovered().quarantined.is_empty(), "{case}");
        for seen in &twin {
            assert_eq!(found_id(writer.find_id(&seen.id)), Some(seen.id), "{case}");
        }
        drop(writer);
        assert_eq!(world.twin(), want, "{case}");
        assert_eq!(world.read(Selection::all()), want, "{case}");
        // The log was released: the next writer finds nothing.
        assert_eq!(world.writer().recovered().event_count, 0, "{case}");
    }
}

#[test]
fn refs_of_which_only_some_had_moved_are_completed() {
    for killed_first in [true, false] {
        let world = World::new();
        let (mut alice, mut bob) = (alice(), bob());
        let writer = world.writer();
        append(&writer, [alice.next_events(1), bob.next_events(1)].concat());
        writer.flush().expect("the flush works");
        let before: Vec<_> = [&alice, &bob]
            .map(|author| world.read_ref(&author.journal().ref_name()).expect("a tip"))
            .to_vec();
        keep(&world, "index", "before");
        append(&writer, [alice.next_events(2), bob.next_events(2)].concat());
        keep(&world, "wal", "unreleased");
        writer.flush().expect("the flush works");
        drop(writer);
        let twin = world.twin();
        // As a kill between two renames leaves it: one ref still old, nothing indexed, nothing released.
        let (author, old) = if killed_first {
            (&alice, before[0])
        } else {
            (&bob, before[1])
        };
        world.point(&author.journal(), old);
        put_back(&world, "index", "before");
        put_back(&world, "wal", "unreleased");
        let writer = world.writer();
        assert_eq!(writer.recovered().event_count, 2);
        assert!(writer.recovered().quarantined.is_empty());
        assert_eq!(world.twin(), twin);
        append(&writer, [alice.next_events(1), bob.next_events(1)].concat());
        writer.flush().expect("the flush works");
        assert_eq!(world.read(Selection::all()), world.twin());
        world.fsck();
    }
}

#[test]
fn events_of_the_log_that_no_longer_fit_are_set_aside_and_the_others_come_in() {
    let world = World::new();
    let (mut alice, mut bob) = (alice(), bob());
    let writer = world.writer();
    let commits = append(&writer, alice.next_events(2));
    writer.flush().expect("the flush works");
    let ours = alice.next_events(2);
    let kept = append(&writer, [ours.clone(), bob.next_events(2)].concat());
    drop(writer);
    let mut theirs = crate::world::alice();
    theirs.prev = Some(world.twin()[1].id);
    theirs.tick = 77;
    let foreign = world.put_events(&theirs.next_events(1), Some(commits[1]));
    world.point(&alice.journal(), foreign[0]);
    let writer = world.writer();
    let recovered = writer.recovered();
    assert_eq!(recovered.event_count, 2, "bob's");
    let [report] = recovered.quarantined.as_slice() else {
        panic!("{recovered:?}");
    };
    let ids: Vec<EventId> = ours.iter().map(SealedEvent::id).collect();
    assert_eq!((&report.journal, &report.events), (&alice.journal(), &ids));
    assert_eq!(
        world.git(&["rev-parse", &format!("{}^1", report.reference)]),
        kept[1].to_string()
    );
    // The journal is where the others left it and goes on from there.
    let tip = writer
        .tip(&alice.journal())
        .expect("it is good")
        .expect("a tip");
    assert_eq!((tip.commit, tip.count), (foreign[0], 3));
    append(&writer, theirs.next_events(1));
    assert_eq!(writer.flush().expect("it fits").event_count, 1);
    drop(writer);
    assert!(
        world.writer().recovered().quarantined.is_empty(),
        "said once"
    );
    world.fsck();
}

/// Everything the ledger answers about a repository.
#[derive(Debug, PartialEq)]
struct Answers {
    read: Vec<Seen>,
    since: Vec<Seen>,
    tips: Vec<(String, ObjectId, u64)>,
    ids: Vec<Option<EventId>>,
    keys: Vec<Option<EventId>>,
    ulids: Vec<Option<EventId>>,
}

/// Two journals of several flushes, in which some events have an idempotency key.
struct Books {
    world: World,
    authors: Vec<Author>,
    events: Vec<SealedEvent>,
}

impl Books {
    fn new() -> Books {
        let mut books = Books {
            world: World::new(),
            authors: vec![alice(), bob()],
            events: Vec::new(),
        };
        books.grow(2);
        keep(&books.world, "index", "old");
        books.grow(2);
        books
    }

    /// Adds so many flushes of seven events of each author.
    fn grow(&mut self, flush_count: usize) {
        let writer = self.world.writer();
        for _ in 0..flush_count {
            for author in &mut self.authors {
                let mut call = author.next_events(4);
                for _ in 0..3 {
                    let key = format!("k-{}", author.tick);
                    call.push(author.next_with_key(&key));
                }
                self.events.extend(call.clone());
                append(&writer, call);
            }
            writer.flush().expect("the flush works");
        }
    }

    /// What readers answer without the writer's lock.
    fn read_only(&self) -> (Vec<Seen>, Vec<Option<EventId>>) {
        let read = self.world.read(Selection::all());
        let repository = self.world.reopened();
        let find = |event: &SealedEvent| {
            found_id(reading::find_event(&repository, &event.id(), &Signatures))
        };
        (read, self.events.iter().step_by(28).map(find).collect())
    }

    /// What a writer answers. It uses a journal before it looks into it, as every append does.
    fn answers(&self, writer: &Writer) -> Answers {
        let mut tips = Vec::new();
        for author in &self.authors {
            let tip = writer
                .tip(&author.journal())
                .expect("it is good")
                .expect("a tip");
            tips.push((author.journal().short(), tip.commit, tip.count));
        }
        let envelopes = || self.events.iter().map(SealedEvent::envelope);
        let since = envelopes().nth(30).expect("enough events").ulid;
        Answers {
            read: self.world.read(Selection::all()),
            since: self.world.read(Selection {
                since: Some(since),
                until: None,
            }),
            tips,
            ids: self
                .events
                .iter()
                .map(|event| found_id(writer.find_id(&event.id())))
                .collect(),
            keys: envelopes()
                .filter_map(|one| {
                    let idem = one.idem.as_ref()?;
                    Some(found_id(
                        writer.find_idempotency_key(&one.ns, &one.actor, idem),
                    ))
                })
                .collect(),
            ulids: envelopes()
                .map(|one| found_id(writer.find_ulid(&one.ns, &one.actor, one.ulid)))
                .collect(),
        }
    }

    /// The files of the index, by name.
    fn index_files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = fs::read_dir(part(&self.world, "index"))
            .expect("an index")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        files.sort();
        files
    }
}

/// Damages the index in `damage`'s way and wants the answers of before, from readers and from a writer, and
/// again from the writer after it.
fn check_same(books: &Books, want: &Answers, what: &str, damage: &dyn Fn()) {
    put_back(&books.world, "index", "whole");
    damage();
    let (read, found) = books.read_only();
    assert_eq!(read, want.read, "{what}: readers");
    let ids: Vec<_> = want.ids.iter().step_by(28).copied().collect();
    assert_eq!(found, ids, "{what}: readers");
    for round in ["first", "next"] {
        let writer = books.world.writer();
        assert_eq!(books.answers(&writer), *want, "{what}: {round} writer");
    }
}

#[test]
fn a_lost_or_older_index_gives_the_same_answers() {
    let books = Books::new();
    let want = books.answers(&books.world.writer());
    assert_eq!(want.read, books.world.twin());
    assert!(
        want.ids
            .iter()
            .chain(&want.keys)
            .chain(&want.ulids)
            .all(Option::is_some)
    );
    keep(&books.world, "index", "whole");
    let folder = part(&books.world, "index");
    check_same(&books, &want, "no index", &|| {
        fs::remove_dir_all(&folder).expect("the index goes");
    });
    check_same(&books, &want, "the index of before", &|| {
        put_back(&books.world, "index", "old");
    });
    let old = books.world.beside("index-old");
    for path in books.index_files() {
        let name = path.file_name().expect("a name").to_owned();
        let what = name.to_string_lossy().into_owned();
        check_same(&books, &want, &format!("without {what}"), &|| {
            fs::remove_file(&path).expect("the file goes");
        });
        if old.join(&name).exists() {
            check_same(&books, &want, &format!("{what} of before"), &|| {
                fs::copy(old.join(&name), &path).expect("the old file");
            });
        }
    }
}

#[test]
fn a_cut_or_zeroed_index_gives_the_same_answers() {
    let mut dice = Dice::new(5);
    let books = Books::new();
    let want = books.answers(&books.world.writer());
    keep(&books.world, "index", "whole");
    for path in books.index_files() {
        let what = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let whole = fs::read(&path).expect("the file reads");
        let random = dice.below(whole.len() as u64) as usize;
        for cut in [0, random, whole.len() - 1] {
            check_same(&books, &want, &format!("{what} cut at {cut}"), &|| {
                fs::write(&path, &whole[..cut]).expect("the file is cut");
            });
            // A file system that lost the data of a flushed length.
            check_same(&books, &want, &format!("{what} zero from {cut}"), &|| {
                let mut zeroed = whole.clone();
                zeroed[cut..].fill(0);
                fs::write(&path, zeroed).expect("the file is zeroed");
            });
        }
    }
}

#[test]
fn a_changed_index_never_answers_wrongly() {
    let mut dice = Dice::new(9);
    let books = Books::new();
    let want = books.answers(&books.world.writer());
    keep(&books.world, "index", "whole");
    for path in books.index_files() {
        let what = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let whole = fs::read(&path).expect("the file reads");
        for _ in 0..12 {
            put_back(&books.world, "index", "whole");
            let (byte, bit) = (dice.below(whole.len() as u64) as usize, dice.below(8));
            let mut changed = whole.clone();
            changed[byte] ^= 1 << bit;
            fs::write(&path, changed).expect("the file is changed");
            let what = format!("{what}, bit {bit} of byte {byte}");
            let views = reading::views(&books.world.reopened(), &|_| true, &Signatures);
            let read: Result<Vec<EventId>, LedgerError> = views.and_then(|views| {
                reading::EventReader::new(&books.world.reopened(), views, Selection::all())
                    .map(|read| read.map(|stored| stored.event.id()))
                    .collect()
            });
            match read {
                Ok(ids) => {
                    let all: Vec<EventId> = want.read.iter().map(|seen| seen.id).collect();
                    assert_eq!(ids, all, "{what}");
                }
                Err(error) => assert_eq!(error.code().as_str(), "INDEX_CORRUPT", "{what}"),
            }
            let writer = books.world.writer();
            for event in &books.events {
                match writer.find_id(&event.id()) {
                    Ok(found) => {
                        // Whoever has not used the journal yet may be told that nothing is known; never
                        // another event.
                        let other = found.filter(|found| found.event.id() != event.id());
                        assert!(other.is_none(), "{what}");
                    }
                    Err(error) => assert_eq!(error.code().as_str(), "INDEX_CORRUPT", "{what}"),
                }
            }
        }
    }
}

#[test]
fn a_table_of_another_journal_is_none() {
    let books = Books::new();
    let want = books.answers(&books.world.writer());
    keep(&books.world, "index", "whole");
    let folder = part(&books.world, "index");
    let tables: Vec<PathBuf> = books
        .authors
        .iter()
        .map(|author| table::path(&folder, &author.journal()))
        .collect();
    check_same(&books, &want, "swapped tables", &|| {
        let aside = folder.join("aside");
        fs::rename(&tables[0], &aside).expect("moved");
        fs::rename(&tables[1], &tables[0]).expect("moved");
        fs::rename(&aside, &tables[1]).expect("moved");
    });
}
