use std::io::ErrorKind;

use proptest::prelude::*;

use super::*;
use crate::files::{FileOperation, fault};
use crate::{scratch, vectors};

fn journal(name: &str) -> JournalName {
    let text = format!("gatos/journal/ops/deploy/user/{name}/0123456789abcdef");
    JournalName::parse_short(&text).unwrap()
}

fn record(number: u64) -> Record {
    let mut event = [0xee; 32];
    event[..8].copy_from_slice(&number.to_be_bytes());
    let mut commit = [0xcc; 20];
    commit[..8].copy_from_slice(&number.to_be_bytes());
    Record {
        // Gaps of ten, so that there are ULIDs between the records.
        ulid: Ulid::from_parts(1_000_000 + number * 10, 5).unwrap(),
        event: EventId::from_bytes(event),
        commit: ObjectId::from_bytes(commit),
    }
}

fn records(numbers: std::ops::RangeInclusive<u64>) -> Vec<Record> {
    numbers.map(record).collect()
}

fn filled(directory: &Path, count: u64) -> TableWriter {
    let mut table = TableWriter::open(directory, &journal("alice")).unwrap();
    table.append(&records(1..=count)).unwrap();
    table.sync().unwrap();
    table
}

fn open(directory: &Path) -> TableReader {
    TableReader::open(directory, &journal("alice"))
        .unwrap()
        .unwrap()
}

fn file(directory: &Path) -> PathBuf {
    path(directory, &journal("alice"))
}

#[test]
fn records_read_back_by_position_and_by_ulid() {
    let directory = scratch::folder();
    let writer = filled(directory.path(), 3000);
    let table = open(directory.path());
    assert_eq!((writer.count(), table.count()), (3000, 3000));
    assert_eq!(table.record(0).unwrap(), None);
    assert_eq!(table.record(1).unwrap(), Some(record(1)));
    assert_eq!(table.record(3000).unwrap(), Some(record(3000)));
    assert_eq!(table.record(3001).unwrap(), None);
    assert_eq!(table.last().unwrap(), Some(record(3000)));
    assert_eq!(table.records(1, usize::MAX).unwrap(), records(1..=3000));
    assert_eq!(table.records(2999, 10).unwrap(), records(2999..=3000));
    assert_eq!(table.records(500, 2).unwrap(), records(500..=501));
    assert_eq!(table.records(3001, 2).unwrap(), []);
    for number in [1, 2, 1024, 1025, 2999, 3000] {
        let Record { ulid, .. } = record(number);
        assert_eq!(table.first_position_at_or_after(ulid).unwrap(), number);
        assert_eq!(
            table.find_ulid(ulid).unwrap(),
            Some((number, record(number)))
        );
        let above = ulid.next().unwrap();
        assert_eq!(table.first_position_at_or_after(above).unwrap(), number + 1);
        assert_eq!(table.find_ulid(above).unwrap(), None);
    }
    assert_eq!(table.first_position_at_or_after(Ulid::MIN).unwrap(), 1);
    assert_eq!(table.first_position_at_or_after(Ulid::MAX).unwrap(), 3001);
}

#[test]
fn the_bytes_of_a_table_are_pinned() {
    let directory = scratch::folder();
    drop(filled(directory.path(), 2));
    vectors::check(
        "journal.table",
        &std::fs::read(file(directory.path())).unwrap(),
    );
    let name = file(directory.path()).file_name().unwrap().to_owned();
    assert_eq!(name, "fcd5b5f30d9b749c60f76781a7acea31.table");
}

#[test]
fn readers_see_what_was_there_and_refresh_to_see_more() {
    let directory = scratch::folder();
    assert!(
        TableReader::open(directory.path(), &journal("alice"))
            .unwrap()
            .is_none()
    );
    let mut writer = filled(directory.path(), 5);
    let mut reader = open(directory.path());
    let snapshot = writer.reader();
    writer.append(&records(6..=8)).unwrap();
    assert_eq!((reader.count(), snapshot.count()), (5, 5));
    assert_eq!(reader.record(6).unwrap(), None);
    reader.refresh().unwrap();
    assert_eq!(reader.record(8).unwrap(), Some(record(8)));
    writer.truncate(2).unwrap();
    assert_eq!(
        reader.record(7).unwrap(),
        None,
        "what was cut off is gone, not damaged"
    );
    reader.refresh().unwrap();
    assert_eq!(reader.count(), 2);
    writer.append(&records(7..=7)).unwrap();
    assert_eq!(
        open(directory.path()).records(1, 9).unwrap(),
        [record(1), record(2), record(7)]
    );
}

#[test]
fn a_reader_beside_a_busy_writer_sees_only_prefixes() {
    let directory = scratch::folder();
    let mut writer = filled(directory.path(), 1);
    let directory = directory.path();
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut table = open(directory);
            let mut seen = 0;
            while seen < 2000 {
                table.refresh().unwrap();
                assert!(table.count() >= seen);
                seen = table.count();
                assert_eq!(table.last().unwrap(), Some(record(seen)));
            }
        });
        for number in 2..=2000 {
            writer.append(&[record(number)]).unwrap();
        }
        reader.join().unwrap();
    });
}

#[test]
fn ulids_must_rise() {
    let directory = scratch::folder();
    let mut table = filled(directory.path(), 3);
    for bad in [
        vec![record(3)],
        vec![record(4), record(2)],
        vec![record(4), record(4)],
    ] {
        let error = table.append(&bad).unwrap_err();
        assert_eq!(error.code(), ErrorCode::UlidNotRising);
        assert_eq!(table.count(), 3, "all or none");
    }
    table.append(&[record(4)]).unwrap();
    assert_eq!(open(directory.path()).count(), 4);
}

#[test]
fn tables_are_listed_and_belong_to_one_journal() {
    let directory = scratch::folder();
    assert_eq!(list(&directory.path().join("none")).unwrap(), []);
    for name in ["carol", "alice", "bob"] {
        TableWriter::open(directory.path(), &journal(name)).unwrap();
    }
    std::fs::write(directory.path().join("junk.table"), b"junk").unwrap();
    std::fs::copy(
        file(directory.path()),
        path(directory.path(), &journal("bob")),
    )
    .unwrap();
    assert_eq!(
        list(directory.path()).unwrap(),
        [journal("alice"), journal("alice"), journal("carol")]
    );
    assert!(
        TableReader::open(directory.path(), &journal("bob"))
            .unwrap()
            .is_none()
    );
    // A writer begins it anew.
    let mut bob = TableWriter::open(directory.path(), &journal("bob")).unwrap();
    bob.append(&[record(1)]).unwrap();
    assert_eq!(bob.reader().journal(), &journal("bob"));
}

#[test]
fn a_torn_end_is_cut_off_at_every_byte() {
    let directory = scratch::folder();
    let mut table = filled(directory.path(), 3);
    table.append(&records(4..=6)).unwrap();
    drop(table);
    let whole = std::fs::read(file(directory.path())).unwrap();
    for cut in offset_of(4)..whole.len() as u64 {
        for zeros in [0, 200] {
            let mut torn = whole[..cut as usize].to_vec();
            torn.resize(torn.len() + zeros, 0);
            std::fs::write(file(directory.path()), &torn).unwrap();
            let expected = 3 + (cut - offset_of(4)) / RECORD_SIZE as u64;
            assert_eq!(open(directory.path()).count(), expected, "cut at {cut}");
            let mut table = TableWriter::open(directory.path(), &journal("alice")).unwrap();
            assert_eq!(table.count(), expected);
            table.append(&[record(9)]).unwrap();
            let last = open(directory.path());
            assert_eq!(
                (last.count(), last.last().unwrap()),
                (expected + 1, Some(record(9)))
            );
        }
    }
}

#[test]
fn after_a_cut_nothing_counts_as_flushed_that_was_not() {
    let directory = scratch::folder();
    let mut table = filled(directory.path(), 8);
    table.truncate(2).unwrap();
    table.append(&records(20..=30)).unwrap();
    drop(table);
    // A crash that lost the middle of what was not flushed.
    let mut bytes = std::fs::read(file(directory.path())).unwrap();
    bytes[offset_of(5) as usize..offset_of(6) as usize].fill(0);
    std::fs::write(file(directory.path()), bytes).unwrap();
    assert_eq!(open(directory.path()).count(), 4);
}

#[test]
fn a_flipped_bit_never_gives_a_wrong_record() {
    let directory = scratch::folder();
    drop(filled(directory.path(), 4));
    let whole = std::fs::read(file(directory.path())).unwrap();
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(file(directory.path()), &flipped).unwrap();
        let Some(table) = TableReader::open(directory.path(), &journal("alice")).unwrap() else {
            assert!(at < HEADER_SIZE, "byte {at}");
            continue;
        };
        for position in 1..=4 {
            match table.record(position) {
                Ok(Some(found)) => assert_eq!(found, record(position), "byte {at}"),
                Ok(None) => assert!(position > table.count()),
                Err(error) => assert_eq!(error.code(), ErrorCode::IndexCorrupt),
            }
        }
        // The last record is checked on opening, with the check before it.
        let expected_count = match (at as u64 + CHECK_SIZE as u64).checked_sub(offset_of(4)) {
            None => 4,
            Some(0..4) => 2,
            Some(_) => 3,
        };
        assert_eq!(table.count(), expected_count, "byte {at}");
        // A writer can always go on, whatever it finds.
        TableWriter::open(directory.path(), &journal("alice")).unwrap();
    }
}

#[test]
fn records_do_not_pass_in_another_place() {
    let directory = scratch::folder();
    drop(filled(directory.path(), 5));
    let mut bytes = std::fs::read(file(directory.path())).unwrap();
    let (second, third) = (offset_of(2) as usize, offset_of(3) as usize);
    let moved = bytes[second..third].to_vec();
    bytes[third..third + RECORD_SIZE].copy_from_slice(&moved);
    std::fs::write(file(directory.path()), &bytes).unwrap();
    let table = open(directory.path());
    assert!(matches!(
        table.record(3),
        Err(TableError::Corrupt { position: 3, .. })
    ));
    assert!(matches!(
        table.records(1, 9),
        Err(TableError::Corrupt { position: 3, .. })
    ));
}

#[test]
fn a_full_disk_appends_nothing_and_passes() {
    let directory = scratch::folder();
    let mut table = filled(directory.path(), 2);
    let full = fault::inject(
        directory.path(),
        Some(FileOperation::Write),
        0,
        1,
        ErrorKind::StorageFull,
    );
    let error = table.append(&records(3..=5)).unwrap_err();
    drop(full);
    assert_eq!(error.code(), ErrorCode::DiskFull);
    assert_eq!(
        (table.count(), open(directory.path()).count()),
        (2, 3),
        "half was written"
    );
    table.append(&records(3..=5)).unwrap();
    assert_eq!(
        open(directory.path()).records(1, 9).unwrap(),
        records(1..=5)
    );
    let other = journal("bob");
    let full = fault::inject(directory.path(), None, 1, 1, ErrorKind::StorageFull);
    assert_eq!(
        TableWriter::open(directory.path(), &other)
            .unwrap_err()
            .code(),
        ErrorCode::DiskFull
    );
    drop(full);
    assert_eq!(files::list(directory.path()).unwrap().len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hostile_tables_are_refused_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..4000),
        keeps_header in any::<bool>(),
    ) {
        let directory = scratch::folder();
        drop(filled(directory.path(), 3));
        let mut content = std::fs::read(file(directory.path())).unwrap();
        content.truncate(if keeps_header { HEADER_SIZE } else { 0 });
        content.extend(bytes);
        std::fs::write(file(directory.path()), &content).unwrap();
        if let Some(table) = TableReader::open(directory.path(), &journal("alice")).unwrap() {
            prop_assert!(keeps_header);
            let _ = table.records(1, usize::MAX);
            let _ = table.first_position_at_or_after(Ulid::MAX);
        }
        let mut writer = TableWriter::open(directory.path(), &journal("alice")).unwrap();
        writer.append(&[Record { ulid: Ulid::MAX, ..record(1) }]).unwrap();
    }
}
