use std::collections::HashMap;
use std::io::ErrorKind;

use gatos_values::Segment;
use proptest::prelude::*;

use super::*;
use crate::files::fault;
use crate::{scratch, vectors};

/// Small enough that a few hundred entries make several runs.
const SMALL: usize = 16;

fn journal(number: usize) -> JournalName {
    let text = format!("gatos/journal/ops/deploy/user/u{number}/0123456789abcdef");
    JournalName::parse_short(&text).unwrap()
}

fn open(directory: &Path) -> Lookup {
    Lookup::open_sized(directory, SMALL).unwrap()
}

/// The n-th of a fixed row of hashes; every seventh is one of three that repeat.
fn key(number: u64) -> u64 {
    if number.is_multiple_of(7) {
        return number / 7 % 3 * (u64::MAX / 2);
    }
    event_key(&EventId::of_envelope(&number.to_be_bytes()))
}

/// What the look-up should answer, kept the obvious way.
#[derive(Default, Clone)]
struct Model {
    entries: HashMap<u64, BTreeSet<(JournalName, u64)>>,
    covered: HashMap<JournalName, u64>,
    number: u64,
}

impl Model {
    /// Adds events to the look-up and here.
    fn add(&mut self, lookup: &mut Lookup, count: u64) {
        for _ in 0..count {
            self.number += 1;
            let journal = journal(self.number as usize % 3);
            let position = self.covered.get(&journal).unwrap_or(&0) + 1;
            lookup.insert(key(self.number), &journal, position).unwrap();
            lookup.cover(&journal, position).unwrap();
            self.entries
                .entry(key(self.number))
                .or_default()
                .insert((journal.clone(), position));
            self.covered.insert(journal, position);
        }
    }

    #[track_caller]
    fn check(&self, lookup: &Lookup) {
        for number in 1..=self.number + 3 {
            let found: BTreeSet<(JournalName, u64)> =
                lookup.find(key(number)).unwrap().into_iter().collect();
            let expected = self.entries.get(&key(number)).cloned().unwrap_or_default();
            assert_eq!(found, expected, "key {number}");
        }
        for number in 0..4 {
            let journal = journal(number);
            let expected = self.covered.get(&journal).copied().unwrap_or(0);
            assert_eq!(lookup.covered(&journal).unwrap(), expected);
        }
    }
}

#[test]
fn everything_inserted_is_found_at_once_after_a_flush_and_after_reopening() {
    let directory = scratch::folder();
    let mut model = Model::default();
    let mut lookup = open(directory.path());
    for round in 0..60 {
        model.add(&mut lookup, 1 + round % 9);
        if round % 10 == 0 {
            model.check(&lookup);
        }
        lookup.flush().unwrap();
        if round % 7 == 0 {
            lookup = open(directory.path());
        }
    }
    model.check(&lookup);
    let entries = model.entries.values().map(BTreeSet::len).sum::<usize>() as u64;
    assert_eq!(lookup.verify().unwrap(), entries);
    assert!(
        (1..=6).contains(&lookup.runs.len()),
        "{} runs",
        lookup.runs.len()
    );
    model.check(&Lookup::open_read_only(directory.path()).unwrap().unwrap());
    let files = files::list(directory.path()).unwrap();
    assert_eq!(
        files.len(),
        lookup.runs.len() + 2,
        "runs, a log and the manifest: {files:?}"
    );
}

#[test]
fn a_large_run_is_found_through_its_buckets() {
    let directory = scratch::folder();
    let mut lookup = Lookup::open(directory.path()).unwrap();
    let count = 2 * LOG_ENTRIES_MAX as u64;
    for position in 1..=count {
        lookup
            .insert(key(7 * position + 1), &journal(1), position)
            .unwrap();
    }
    lookup.flush().unwrap();
    assert_eq!((lookup.runs.len(), lookup.recent.len()), (1, 0));
    assert_eq!(lookup.verify().unwrap(), count);
    for position in (1..=count).step_by(97) {
        assert_eq!(
            lookup.find(key(7 * position + 1)).unwrap(),
            [(journal(1), position)]
        );
        assert_eq!(lookup.find(key(7 * position + 2)).unwrap(), []);
    }
}

#[test]
fn the_bytes_of_all_files_are_pinned() {
    let directory = scratch::folder();
    let mut lookup = open(directory.path());
    let mut model = Model::default();
    model.add(&mut lookup, 40);
    lookup.flush().unwrap();
    model.add(&mut lookup, 3);
    lookup.flush().unwrap();
    let names = files::list(directory.path()).unwrap();
    let expected = [
        "lookup-0000000000000002.run",
        "lookup-0000000000000003.log",
        "lookup.manifest",
    ];
    assert_eq!(names, expected);
    for name in names {
        vectors::check(&name, &std::fs::read(directory.path().join(&name)).unwrap());
    }
}

#[test]
fn keys_are_pinned_and_depend_on_every_part() {
    let ns = |text| Namespace::parse(text).unwrap();
    let actor = |text| Actor::parse(text).unwrap();
    let idem = |text| IdempotencyKey::parse(text).unwrap();
    let key = idempotency_key(&ns("ops/deploy"), &actor("user:alice"), &idem("build-1"));
    assert_eq!(format!("{key:016x}"), "0d7b152ce3e5c9c3");
    for other in [
        idempotency_key(&ns("ops"), &actor("user:alice"), &idem("build-1")),
        idempotency_key(&ns("ops/deploy"), &actor("user:alic"), &idem("build-1")),
        idempotency_key(&ns("ops/deploy"), &actor("user:alice"), &idem("build-2")),
    ] {
        assert_ne!(key, other);
    }
    assert_eq!(
        event_key(&EventId::from_bytes([0xab; 32])),
        0xabab_abab_abab_abab
    );
    let name = Segment::parse("u1").unwrap();
    assert!(journal(1).short().contains(name.as_str()));
}

#[test]
fn without_a_flush_a_crash_takes_entries_and_coverage_together() {
    let directory = scratch::folder();
    let mut model = Model::default();
    let mut lookup = open(directory.path());
    model.add(&mut lookup, 5);
    lookup.flush().unwrap();
    let kept = model.clone();
    model.add(&mut lookup, 4);
    drop(lookup);
    kept.check(&open(directory.path()));
}

#[test]
fn a_log_cut_at_any_byte_covers_what_it_still_finds() {
    let directory = scratch::folder();
    let mut model = Model::default();
    let mut lookup = open(directory.path());
    let LookupError::Corrupt { path: log, .. } = lookup.log.corrupt("") else {
        unreachable!()
    };
    let mut states = vec![(std::fs::metadata(&log).unwrap().len(), model.clone())];
    for count in [3, 1, 5] {
        model.add(&mut lookup, count);
        lookup.flush().unwrap();
        states.push((std::fs::metadata(&log).unwrap().len(), model.clone()));
    }
    drop(lookup);
    let whole = std::fs::read(&log).unwrap();
    for cut in states[0].0..=whole.len() as u64 {
        std::fs::write(&log, &whole[..cut as usize]).unwrap();
        let (_, expected) = states.iter().rev().find(|(size, _)| *size <= cut).unwrap();
        expected.check(&Lookup::open_read_only(directory.path()).unwrap().unwrap());
        let mut lookup = open(directory.path());
        expected.check(&lookup);
        let mut expected = expected.clone();
        expected.add(&mut lookup, 2);
        lookup.flush().unwrap();
        expected.check(&open(directory.path()));
    }
}

#[test]
fn a_flipped_bit_loses_no_entry_that_is_said_to_be_covered() {
    let directory = scratch::folder();
    let mut model = Model::default();
    let mut lookup = open(directory.path());
    for count in [20, 2, 3] {
        model.add(&mut lookup, count);
        lookup.flush().unwrap();
    }
    drop(lookup);
    let files: Vec<(PathBuf, Vec<u8>)> = files::list(directory.path())
        .unwrap()
        .into_iter()
        .map(|name| directory.path().join(name))
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    for (path, whole) in &files {
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            std::fs::write(path, &flipped).unwrap();
            if let Ok(reader) = Lookup::open_read_only(directory.path()) {
                check_honesty(&reader.unwrap(), &model);
            }
            std::fs::write(path, whole).unwrap();
        }
    }
    model.check(&open(directory.path()));
}

/// Whatever is covered is found, or the look-up says that it is damaged.
fn check_honesty(lookup: &Lookup, model: &Model) {
    for (key, places) in &model.entries {
        match lookup.find(*key) {
            Ok(found) => {
                for (journal, position) in places {
                    let is_covered = lookup.covered(journal).unwrap() >= *position;
                    assert!(!is_covered || found.contains(&(journal.clone(), *position)));
                }
            }
            Err(error) => assert_eq!(error.code(), ErrorCode::IndexCorrupt),
        }
    }
}

#[test]
fn a_damaged_look_up_is_begun_anew_and_covers_nothing() {
    let directory = scratch::folder();
    let mut lookup = open(directory.path());
    Model::default().add(&mut lookup, 40);
    lookup.flush().unwrap();
    drop(lookup);
    for name in files::list(directory.path()).unwrap() {
        let damaged = scratch::folder();
        for name in files::list(directory.path()).unwrap() {
            std::fs::copy(directory.path().join(&name), damaged.path().join(&name)).unwrap();
        }
        if name.ends_with("manifest") {
            std::fs::write(damaged.path().join(&name), b"junk").unwrap();
        } else {
            std::fs::remove_file(damaged.path().join(&name)).unwrap();
        }
        let mut lookup = open(damaged.path());
        Model::default().check(&lookup);
        let mut model = Model::default();
        model.add(&mut lookup, 50);
        lookup.flush().unwrap();
        model.check(&open(damaged.path()));
    }
    let mut lookup = open(directory.path());
    lookup.begin_anew().unwrap();
    Model::default().check(&lookup);
    Model::default().check(&open(directory.path()));
}

#[test]
fn what_is_inserted_again_is_kept_once() {
    let directory = scratch::folder();
    let mut lookup = open(directory.path());
    for _ in 0..5 {
        for number in 1..=20 {
            lookup.insert(key(number), &journal(1), number).unwrap();
        }
        lookup.flush().unwrap();
    }
    assert_eq!(lookup.verify().unwrap(), 20);
    assert_eq!(lookup.find(key(1)).unwrap(), [(journal(1), 1)]);
}

#[test]
fn coverage_may_shrink_when_a_journal_did() {
    let directory = scratch::folder();
    let mut lookup = open(directory.path());
    lookup.cover(&journal(1), 9).unwrap();
    lookup.cover(&journal(1), 4).unwrap();
    lookup.flush().unwrap();
    assert_eq!(open(directory.path()).covered(&journal(1)).unwrap(), 4);
    assert_eq!(lookup.covered(&journal(2)).unwrap(), 0);
    assert!(matches!(
        lookup.insert(1, &journal(1), 1 << 32),
        Err(LookupError::TooMany)
    ));
}

#[test]
fn readers_beside_a_busy_writer_always_find_what_was_flushed_before() {
    let directory = scratch::folder();
    let mut lookup = open(directory.path());
    let mut model = Model::default();
    model.add(&mut lookup, 5);
    lookup.flush().unwrap();
    let (early, directory) = (model.clone(), directory.path());
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (done, early) = (&done, &early);
        scope.spawn(move || {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let reader = Lookup::open_read_only(directory).unwrap().unwrap();
                for (key, places) in &early.entries {
                    let found = reader.find(*key).unwrap();
                    assert!(places.iter().all(|place| found.contains(place)));
                }
            }
        });
        for _ in 0..150 {
            model.add(&mut lookup, 6);
            lookup.flush().unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    model.check(&lookup);
}

#[test]
fn whatever_fails_in_a_merge_nothing_is_forgotten() {
    let directory = scratch::folder();
    let mut model = Model::default();
    let mut lookup = open(directory.path());
    model.add(&mut lookup, 20);
    lookup.flush().unwrap();
    let mut failures = 0;
    loop {
        model.add(&mut lookup, 17);
        let full = fault::inject(directory.path(), None, failures, 1, ErrorKind::StorageFull);
        let flushed = lookup.flush();
        drop(full);
        model.check(&lookup);
        match flushed {
            Ok(()) => break,
            Err(error) => assert_eq!(error.code(), ErrorCode::DiskFull),
        }
        if failures % 2 == 0 {
            // Not flushed: what the next opening covers, it finds.
            check_honesty(&open(directory.path()), &model);
            lookup = open(directory.path());
            lookup.begin_anew().unwrap();
            model = Model::default();
        }
        failures += 1;
        assert!(failures < 60);
    }
    assert!(failures > 8, "only {failures} operations were made to fail");
    model.check(&open(directory.path()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn hostile_files_are_refused_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        which in 0..3_usize,
        keeps in 0..64_usize,
    ) {
        let directory = scratch::folder();
        let mut lookup = open(directory.path());
        Model::default().add(&mut lookup, 20);
        lookup.flush().unwrap();
        let name = files::list(directory.path()).unwrap().remove(which);
        let path = directory.path().join(name);
        let mut content = std::fs::read(&path).unwrap();
        content.truncate(keeps);
        content.extend(bytes);
        std::fs::write(&path, &content).unwrap();
        if let Ok(Some(reader)) = Lookup::open_read_only(directory.path()) {
            let _ = reader.find(0);
            let _ = reader.verify();
        }
        let mut lookup = open(directory.path());
        lookup.insert(1, &journal(1), 1).unwrap();
        lookup.flush().unwrap();
        prop_assert_eq!(open(directory.path()).find(1).unwrap(), [(journal(1), 1)]);
    }
}
