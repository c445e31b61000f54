//! Index files: whatever bytes change, a table gives true records or says that it is
//! damaged, and a look-up finds what it says it covers.
#![no_main]

use gatos_fuzz::{Change, files, folder, restore};
use gatos_ledger::ObjectId;
use gatos_ledger::lookup::{Lookup, event_key};
use gatos_ledger::table::{Record, TableReader, TableWriter};
use gatos_values::{Blake3Digest, EventId, JournalName, Ulid};
use libfuzzer_sys::fuzz_target;
use std::path::PathBuf;
use std::sync::LazyLock;

/// How many records the table holds.
const RECORD_COUNT: u64 = 20;

struct Scene {
    folder: PathBuf,
    files: Vec<(PathBuf, Vec<u8>)>,
}

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let folder = folder("index");
    let records: Vec<Record> = (1..=RECORD_COUNT).map(record).collect();
    let mut table = TableWriter::open(&folder, &journal()).expect("a new table");
    table.append(&records).expect("ULIDs rise");
    table.sync().expect("the table can be flushed");
    let mut lookup = Lookup::open(&folder).expect("a new look-up");
    for (position, record) in (1..).zip(&records) {
        lookup
            .insert(event_key(&record.event), &journal(), position)
            .expect("there is room");
    }
    lookup
        .cover(&journal(), RECORD_COUNT)
        .expect("there is room");
    lookup.flush().expect("the look-up can be flushed");
    drop((table, lookup));
    let files = files(&folder);
    Scene { folder, files }
});

fn journal() -> JournalName {
    let name = "refs/gatos/journal/finance/user/alice/0123456789abcdef";
    JournalName::parse_ref(name).expect("a journal")
}

fn record(position: u64) -> Record {
    Record {
        ulid: Ulid::from_parts(position, 7).expect("a small time"),
        event: EventId::from_digest(Blake3Digest::of(&position.to_be_bytes())),
        commit: ObjectId::from_bytes([position as u8; 20]),
    }
}

fuzz_target!(|changes: Vec<Change>| {
    let scene = &*SCENE;
    let mut files = scene.files.clone();
    for change in &changes {
        let part = change.part_of(files.len());
        change.apply(&mut files[part].1);
    }
    restore(&scene.folder, &files);
    if let Ok(Some(table)) = TableReader::open(&scene.folder, &journal()) {
        for position in 0..=table.count().min(RECORD_COUNT) + 1 {
            if let Ok(Some(found)) = table.record(position) {
                assert_eq!(
                    found,
                    record(position),
                    "a record is the one that was written"
                );
            }
        }
        let _ = table.find_ulid(Ulid::from_parts(9, 7).expect("a small time"));
        let _ = table.records(1, 1000);
    }
    if let Ok(Some(lookup)) = Lookup::open_read_only(&scene.folder) {
        let covered = lookup.covered(&journal()).unwrap_or_default();
        for position in 1..=covered.min(RECORD_COUNT) {
            if let Ok(found) = lookup.find(event_key(&record(position).event)) {
                assert!(
                    found.contains(&(journal(), position)),
                    "what is covered is found"
                );
            }
        }
        let _ = lookup.verify();
    }
});
