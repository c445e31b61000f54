use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use gatos_values::{ErrorCode, JournalName};
use proptest::prelude::*;

use super::segment::{FRAMES_START, SECTOR_SIZE};
use super::*;
use crate::files::{FileOperation, fault};
use crate::object_id::ObjectId;
use crate::{scratch, vectors};

const SMALL: Sizes = Sizes {
    smallest: 8 << 10,
    largest: 32 << 10,
};

fn journal(name: &str) -> JournalName {
    let text = format!("refs/gatos/journal/ops/deploy/user/{name}/0123456789abcdef");
    JournalName::parse_ref(&text).unwrap()
}

fn event(number: u64, size: usize) -> WalEvent<'static> {
    let fill = |seed: u64| (0..size as u64).map(move |at| (at * 31 + seed * 7) as u8);
    WalEvent {
        journal: journal(if number.is_multiple_of(2) {
            "alice"
        } else {
            "bob"
        }),
        bytes: fill(number).collect(),
        signature: fill(number + 1).take(180).collect(),
        parent: (number > 2).then(|| ObjectId::from_bytes([number as u8; 20])),
        commit: ObjectId::from_bytes([!number as u8; 20]),
    }
}

fn encoded(events: &[WalEvent<'static>]) -> EncodedFrame {
    EncodedFrame::encode(events.iter().cloned()).unwrap()
}

/// A frame of one event whose content tells its number.
fn frame(number: u64, size: usize) -> EncodedFrame {
    encoded(&[event(number, size)])
}

fn recovered(number: u64, size: usize) -> RecoveredFrame {
    RecoveredFrame {
        sequence: number,
        events: vec![event(number, size)],
    }
}

/// Compares without printing thousands of bytes.
#[track_caller]
fn assert_frames(found: &[RecoveredFrame], expected: &[RecoveredFrame]) {
    let sequences = |frames: &[RecoveredFrame]| -> Vec<u64> {
        frames.iter().map(|frame| frame.sequence).collect()
    };
    assert_eq!(sequences(found), sequences(expected));
    let same = found
        .iter()
        .zip(expected)
        .position(|(found, expected)| found != expected);
    assert_eq!(same, None, "the position of the first frame that differs");
}

fn open(directory: &Path) -> (Wal, Vec<RecoveredFrame>) {
    Wal::open_sized(directory, SMALL).unwrap()
}

fn segment_names(directory: &Path) -> Vec<String> {
    let names = files::list(directory).unwrap();
    names
        .into_iter()
        .filter(|name| name.ends_with(".wal"))
        .collect()
}

/// Forgets the log as a killed process would: without the note of an orderly end.
fn kill(wal: Wal) {
    std::mem::forget(wal);
}

#[test]
fn frames_come_back_in_order_until_they_are_released() {
    let directory = scratch::folder();
    let (mut wal, frames) = open(directory.path());
    assert!(frames.is_empty());
    assert_eq!((wal.next_sequence(), wal.durable_sequence()), (1, 0));
    assert_eq!(
        wal.append_and_sync(&[frame(1, 100), frame(2, 0)]).unwrap(),
        2
    );
    assert_eq!(
        wal.append_frames(&[encoded(&[event(3, 9), event(4, 5)])])
            .unwrap(),
        3
    );
    assert_eq!(wal.durable_sequence(), 2);
    wal.sync().unwrap();
    assert_eq!((wal.next_sequence(), wal.durable_sequence()), (4, 3));
    kill(wal);

    let third = RecoveredFrame {
        sequence: 3,
        events: vec![event(3, 9), event(4, 5)],
    };
    let expected = [recovered(1, 100), recovered(2, 0), third.clone()];
    let (mut wal, frames) = open(directory.path());
    assert_frames(&frames, &expected);
    assert_eq!(wal.dropped_tail(), None);
    wal.release(2).unwrap();
    drop(wal);
    let (mut wal, frames) = open(directory.path());
    assert_frames(&frames, &[third]);
    assert_eq!(wal.next_sequence(), 4);
    wal.release(99).unwrap();
    drop(wal);
    let (mut wal, frames) = open(directory.path());
    assert!(frames.is_empty());
    // What is not written yet cannot be released ahead of time.
    wal.append_and_sync(&[frame(4, 1)]).unwrap();
    kill(wal);
    assert_frames(&open(directory.path()).1, &[recovered(4, 1)]);
}

#[test]
fn segments_follow_each_other_and_go_when_they_are_released() {
    let directory = scratch::folder();
    let (mut wal, _) = open(directory.path());
    for number in 1..=60 {
        wal.append_and_sync(&[frame(number, 2000)]).unwrap();
    }
    assert!(segment_names(directory.path()).len() >= 4);
    kill(wal);
    let (mut wal, frames) = open(directory.path());
    let expected: Vec<RecoveredFrame> = (1..=60).map(|number| recovered(number, 2000)).collect();
    assert_frames(&frames, &expected);
    wal.release(60).unwrap();
    assert_eq!(
        segment_names(directory.path()).len(),
        1,
        "only the current segment is left"
    );
    for number in 61..=64 {
        wal.append_and_sync(&[frame(number, 2000)]).unwrap();
    }
    kill(wal);
    let expected: Vec<RecoveredFrame> = (61..=64).map(|number| recovered(number, 2000)).collect();
    assert_frames(&open(directory.path()).1, &expected);
}

#[test]
fn spares_are_used_and_their_old_frames_stay_dead() {
    let directory = scratch::folder();
    let (mut wal, _) = open(directory.path());
    let mut number = 0;
    let mut reused = false;
    for _ in 0..300 {
        number += 1;
        let spares_before = segment::spares(directory.path()).unwrap().len();
        let segments_before = wal.full.len();
        wal.append_and_sync(&[frame(number, 1500)]).unwrap();
        let rolled = wal.full.len() > segments_before;
        reused |= rolled && segment::spares(directory.path()).unwrap().len() < spares_before;
        if number % 40 == 0 {
            wal.release(number).unwrap();
        }
    }
    assert!(reused, "no spare was ever used");
    kill(wal);
    let (wal, frames) = open(directory.path());
    assert_eq!(frames.first(), Some(&recovered(281, 1500)));
    assert_eq!(frames.last(), Some(&recovered(300, 1500)));
    assert_eq!(frames.len(), 20);
    assert_eq!(wal.dropped_tail(), None);
}

#[test]
fn a_spare_can_be_prepared_beside_the_log() {
    let directory = scratch::folder();
    let (mut wal, _) = open(directory.path());
    assert!(wal.spare_request().unwrap().is_none());
    wal.append_and_sync(&[frame(1, 5000)]).unwrap();
    let request = wal
        .spare_request()
        .unwrap()
        .expect("the segment is more than half full");
    request.prepare().unwrap();
    assert!(wal.spare_request().unwrap().is_none());
    assert_eq!(segment::spares(directory.path()).unwrap().len(), 1);
    wal.append_and_sync(&[frame(2, 5000)]).unwrap();
    assert!(
        segment::spares(directory.path()).unwrap().is_empty(),
        "the spare became a segment"
    );
    kill(wal);
    assert_eq!(
        open(directory.path()).1,
        [recovered(1, 5000), recovered(2, 5000)]
    );
}

#[test]
fn a_call_larger_than_a_segment_gets_one_of_its_own() {
    let directory = scratch::folder();
    let (mut wal, _) = open(directory.path());
    wal.append_and_sync(&[frame(1, 10), frame(2, 300_000), frame(3, 10)])
        .unwrap();
    wal.append_and_sync(&[frame(4, 10)]).unwrap();
    kill(wal);
    let (mut wal, frames) = open(directory.path());
    let expected = [
        recovered(1, 10),
        recovered(2, 300_000),
        recovered(3, 10),
        recovered(4, 10),
    ];
    assert_frames(&frames, &expected);
    wal.release(4).unwrap();
    drop(wal);
    // Nothing is needed any more: the next opening goes back to a small segment.
    drop(open(directory.path()));
    let names = segment_names(directory.path());
    let size = std::fs::metadata(directory.path().join(&names[0]))
        .unwrap()
        .len();
    assert_eq!((names.len(), size), (1, SMALL.smallest));
}

#[test]
fn what_cannot_be_a_frame_is_refused() {
    let error = EncodedFrame::encode([]).unwrap_err();
    assert!(matches!(error, WalError::BadFrame { .. }));
    let mut huge = event(1, 0);
    huge.bytes = vec![0; FRAME_SIZE_MAX].into();
    let error = EncodedFrame::encode([huge]).unwrap_err();
    assert_eq!(error.code(), ErrorCode::TooLarge);
    let mut signed = event(1, 0);
    signed.signature = vec![0; 70_000].into();
    assert!(matches!(
        EncodedFrame::encode([signed]),
        Err(WalError::BadFrame { .. })
    ));
}

#[test]
fn a_directory_without_a_log_has_no_summary_and_looking_changes_nothing() {
    let directory = scratch::folder();
    assert_eq!(inspect(&directory.path().join("none")).unwrap(), None);
    let (mut wal, _) = open(directory.path());
    wal.append_and_sync(&[frame(1, 1), encoded(&[event(2, 2), event(3, 3)])])
        .unwrap();
    let before = Image::of(directory.path());
    let summary = inspect(directory.path()).unwrap().unwrap();
    assert_eq!(summary.frame_count, 2);
    assert_eq!(summary.event_count, 3);
    assert_eq!(summary.next_sequence, 3);
    assert_eq!(summary.segment_count, 1);
    assert!(Image::of(directory.path()) == before);
}

// Faults of the disk.

#[test]
fn a_full_disk_at_a_new_segment_changes_nothing_and_passes() {
    let directory = scratch::folder();
    let (mut wal, _) = open(directory.path());
    wal.append_and_sync(&[frame(1, 5000)]).unwrap();
    // Every operation up to the rename that gives the new segment its name.
    for passes in 0..5 {
        let full = fault::inject(directory.path(), None, passes, 1, ErrorKind::StorageFull);
        let error = wal.append_and_sync(&[frame(2, 5000)]).unwrap_err();
        drop(full);
        assert_eq!(error.code(), ErrorCode::DiskFull);
        if wal.is_poisoned() {
            assert!(passes >= 4, "operation {passes} must not poison");
            return;
        }
        assert_eq!(
            files::list(directory.path()).unwrap().len(),
            1,
            "nothing is left behind"
        );
        assert_eq!(wal.next_sequence(), 2);
    }
    panic!("the rename was never reached");
}

#[test]
fn after_space_returns_the_log_goes_on() {
    let directory = scratch::folder();
    let (mut wal, _) = open(directory.path());
    wal.append_and_sync(&[frame(1, 5000)]).unwrap();
    let full = fault::inject(
        directory.path(),
        Some(FileOperation::Write),
        0,
        u64::MAX,
        ErrorKind::StorageFull,
    );
    for _ in 0..3 {
        let error = wal.append_and_sync(&[frame(2, 5000)]).unwrap_err();
        assert_eq!(error.code(), ErrorCode::DiskFull);
        assert!(!wal.is_poisoned());
    }
    drop(full);
    wal.append_and_sync(&[frame(2, 5000)]).unwrap();
    kill(wal);
    assert_eq!(
        open(directory.path()).1,
        [recovered(1, 5000), recovered(2, 5000)]
    );
}

#[test]
fn a_failed_write_or_flush_poisons_until_the_log_is_opened_again() {
    for operation in [FileOperation::Write, FileOperation::Sync] {
        let directory = scratch::folder();
        let (mut wal, _) = open(directory.path());
        wal.append_and_sync(&[frame(1, 50)]).unwrap();
        let broken = fault::inject(directory.path(), Some(operation), 0, 1, ErrorKind::Other);
        let error = wal.append_and_sync(&[frame(2, 50)]).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Io);
        drop(broken);
        assert!(wal.is_poisoned());
        assert!(
            matches!(wal.sync(), Err(WalError::Poisoned)),
            "a failed flush is never retried"
        );
        assert!(matches!(
            wal.append_frames(&[frame(3, 50)]),
            Err(WalError::Poisoned)
        ));
        assert_eq!(wal.durable_sequence(), 1);
        drop(wal);
        let (mut wal, frames) = open(directory.path());
        // The second frame was never acknowledged: whole or not there, both are right.
        assert!(frames == [recovered(1, 50)] || frames == [recovered(1, 50), recovered(2, 50)]);
        let next = wal.next_sequence();
        wal.append_and_sync(&[frame(next, 50)]).unwrap();
        kill(wal);
        let (_, frames) = open(directory.path());
        assert_eq!(frames.last(), Some(&recovered(next, 50)));
    }
}

#[test]
fn a_full_segment_is_flushed_before_the_next_one_begins() {
    let directory = scratch::folder();
    let (mut wal, _) = open(directory.path());
    wal.append_frames(&[frame(1, 5000)]).unwrap();
    let broken = fault::inject(
        directory.path(),
        Some(FileOperation::Sync),
        0,
        1,
        ErrorKind::Other,
    );
    wal.append_frames(&[frame(2, 5000)]).unwrap_err();
    drop(broken);
    assert!(wal.is_poisoned());
    assert_eq!(segment_names(directory.path()).len(), 1);
}

#[test]
fn whatever_fails_while_opening_nothing_acknowledged_is_lost() {
    let directory = scratch::folder();
    let mut failures = 0;
    loop {
        let broken = fault::inject(directory.path(), None, failures, 1, ErrorKind::Other);
        let result = Wal::open_sized(directory.path(), SMALL);
        drop(broken);
        match result {
            Ok((mut wal, _)) => {
                wal.append_and_sync(&[frame(1, 3000), frame(2, 3000)])
                    .unwrap();
                kill(wal);
                break;
            }
            Err(error) => assert_eq!(error.code(), ErrorCode::Io),
        }
        failures += 1;
    }
    assert!(
        failures >= 4,
        "only {failures} operations were made to fail"
    );
    for failures in 0..3 {
        let broken = fault::inject(directory.path(), None, failures, 1, ErrorKind::Other);
        let result = Wal::open_sized(directory.path(), SMALL);
        drop(broken);
        if let Ok((wal, frames)) = result {
            assert_frames(&frames, &[recovered(1, 3000), recovered(2, 3000)]);
            kill(wal);
        }
    }
    assert_eq!(open(directory.path()).1.len(), 2);
}

#[test]
fn releasing_with_a_broken_disk_leaves_no_gap() {
    let directory = scratch::folder();
    let (mut wal, _) = open(directory.path());
    for number in 1..=40 {
        wal.append_and_sync(&[frame(number, 3000)]).unwrap();
    }
    let mut failures = 0;
    loop {
        let broken = fault::inject(directory.path(), None, failures, 1, ErrorKind::Other);
        let released = wal.release(40);
        drop(broken);
        // Whatever happened, the log can be read as it stands.
        inspect(directory.path()).unwrap();
        if released.is_ok() {
            break;
        }
        failures += 1;
    }
    assert!(failures > 0);
    wal.append_and_sync(&[frame(41, 10)]).unwrap();
    kill(wal);
    assert_frames(&open(directory.path()).1, &[recovered(41, 10)]);
}

// Damage, torn ends and power cuts, simulated on images of the directory.

/// The files of a log, as a crash could have left them.
#[derive(Clone, PartialEq, Eq)]
struct Image {
    files: Vec<(String, Vec<u8>)>,
}

impl Image {
    fn of(directory: &Path) -> Image {
        let names = files::list(directory).unwrap().into_iter();
        let read = |name: String| (name.clone(), std::fs::read(directory.join(name)).unwrap());
        Image {
            files: names.map(read).collect(),
        }
    }

    fn last(&mut self) -> &mut Vec<u8> {
        let last = self
            .files
            .iter_mut()
            .rfind(|(name, _)| name.ends_with(".wal"));
        &mut last.expect("a log has a segment").1
    }

    fn restore(&self, directory: &Path) {
        for name in files::list(directory).unwrap() {
            std::fs::remove_file(directory.join(name)).unwrap();
        }
        for (name, bytes) in &self.files {
            std::fs::write(directory.join(name), bytes).unwrap();
        }
    }
}

/// A log of `durable` flushed frames and `unsynced` written ones behind them.
struct Crash {
    directory: tempfile::TempDir,
    before: Image,
    after: Image,
    sizes: Vec<usize>,
    durable: usize,
}

impl Crash {
    fn new(durable: &[usize], unsynced: &[usize]) -> Crash {
        let directory = scratch::folder();
        let (mut wal, _) = open(directory.path());
        let mut number = 0;
        let mut next = |size: &usize| {
            number += 1;
            frame(number, *size)
        };
        for size in durable {
            wal.append_and_sync(&[next(size)]).unwrap();
        }
        let before = Image::of(directory.path());
        let group: Vec<EncodedFrame> = unsynced.iter().map(&mut next).collect();
        wal.append_frames(&group).unwrap();
        let after = Image::of(directory.path());
        kill(wal);
        let sizes = [durable, unsynced].concat();
        Crash {
            directory,
            before,
            after,
            sizes,
            durable: durable.len(),
        }
    }

    fn open(&self, image: &Image) -> Result<(Wal, Vec<RecoveredFrame>), WalError> {
        image.restore(self.directory.path());
        Wal::open_sized(self.directory.path(), SMALL)
    }

    fn expected(&self, count: usize) -> Vec<RecoveredFrame> {
        let numbered = (1..).zip(&self.sizes).take(count);
        numbered
            .map(|(number, size)| recovered(number, *size))
            .collect()
    }

    /// Opens the image: every durable frame is there, and a prefix of the others; then goes on.
    fn check_survival(&self, image: &Image) {
        let (mut wal, frames) = self.open(image).expect("a crash is no damage");
        assert!(frames.len() >= self.durable, "a durable frame is lost");
        assert_frames(&frames, &self.expected(frames.len()));
        let next = frames.len() as u64 + 1;
        // The same sizes again, so that a dropped frame would fit in exactly where it was.
        let size = self.sizes.get(frames.len()).copied().unwrap_or(77);
        let other = encoded(&[event(next + 100, size)]);
        wal.append_and_sync(&[other]).unwrap();
        kill(wal);
        let (_, again) = open(self.directory.path());
        assert_eq!(again[..frames.len()], frames);
        assert_eq!(again.len(), frames.len() + 1, "a dropped frame came back");
        assert_eq!(again[frames.len()].events, [event(next + 100, size)]);
    }
}

#[test]
fn any_subset_of_unflushed_sectors_is_a_torn_end() {
    let crash = Crash::new(&[700, 40], &[1200, 0, 300, 650]);
    let (mut before, mut after) = (crash.before.clone(), crash.after.clone());
    let changed: Vec<usize> = before
        .last()
        .chunks(SECTOR_SIZE)
        .zip(after.last().chunks(SECTOR_SIZE))
        .enumerate()
        .filter_map(|(sector, (old, new))| (old != new).then_some(sector))
        .collect();
    assert!(changed.len() >= 7, "{changed:?}");
    for subset in 0..1_u32 << changed.len() {
        let mut image = crash.before.clone();
        for (bit, sector) in changed.iter().enumerate() {
            if subset & (1 << bit) != 0 {
                let range = sector * SECTOR_SIZE..(sector + 1) * SECTOR_SIZE;
                image.last()[range.clone()].copy_from_slice(&after.last()[range]);
            }
        }
        crash.check_survival(&image);
    }
}

#[test]
fn an_end_cut_off_at_any_byte_is_a_torn_end() {
    let crash = Crash::new(&[100, 30], &[200, 10]);
    let (mut before, mut after) = (crash.before.clone(), crash.after.clone());
    let (before, after) = (before.last().clone(), after.last().clone());
    let end = after.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let start = before.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for cut in start..=end {
        let mut image = crash.before.clone();
        image.last()[..cut].copy_from_slice(&after[..cut]);
        crash.check_survival(&image);
    }
}

#[test]
fn a_segment_shortened_at_any_byte_is_damage() {
    let crash = Crash::new(&[100, 30], &[]);
    let length = crash.after.clone().last().len();
    for cut in (0..length)
        .rev()
        .step_by(61)
        .chain([0, 1, 95, 96, 1023, 1024])
    {
        let mut image = crash.after.clone();
        image.last().truncate(cut);
        let error = crash
            .open(&image)
            .expect_err("preallocated segments do not shrink");
        assert_eq!(error.code(), ErrorCode::WalCorrupt);
        assert!(
            Image::of(crash.directory.path()) == image,
            "damage is left as it was found"
        );
    }
}

#[test]
fn a_flipped_bit_never_makes_a_wrong_event() {
    let crash = Crash::new(&[90, 5, 60], &[40]);
    let mut clean = crash.after.clone();
    let end = clean.last().iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mut verdicts = BTreeSet::new();
    for at in (0..end).filter(|at| !(100..FRAMES_START as usize).contains(at)) {
        let mut image = crash.after.clone();
        image.last()[at] ^= 1 << (at % 8);
        match crash.open(&image) {
            // Frame 4 was never flushed; frame 3 was, but nothing in the log says so yet.
            Ok((wal, frames)) => {
                kill(wal);
                assert!(
                    frames.len() >= 2,
                    "byte {at}: frame {} was known to be durable",
                    frames.len() + 1
                );
                assert_frames(&frames, &crash.expected(frames.len()));
                verdicts.insert(frames.len().to_string());
            }
            Err(error) => {
                let expected = [ErrorCode::WalCorrupt, ErrorCode::UnsupportedRepository];
                assert!(expected.contains(&error.code()), "byte {at}: {error}");
                assert!(Image::of(crash.directory.path()) == image);
                verdicts.insert(error.code().as_str().to_owned());
            }
        }
    }
    let expected = ["3", "4", "UNSUPPORTED_REPOSITORY", "WAL_CORRUPT"];
    assert_eq!(
        verdicts.iter().map(String::as_str).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn after_an_orderly_end_every_flipped_bit_of_a_frame_is_found() {
    let directory = scratch::folder();
    let (mut wal, _) = open(directory.path());
    wal.append_and_sync(&[frame(1, 33), frame(2, 60)]).unwrap();
    let end = wal.position;
    drop(wal);
    let clean = Image::of(directory.path());
    for at in FRAMES_START..end {
        let mut image = clean.clone();
        image.last()[at as usize] ^= 0x10;
        image.restore(directory.path());
        match Wal::open_sized(directory.path(), SMALL) {
            Ok((_, frames)) => assert_eq!(
                frames,
                [recovered(1, 33), recovered(2, 60)],
                "byte {at} is padding"
            ),
            Err(error) => assert_eq!(error.code(), ErrorCode::WalCorrupt),
        }
    }
}

#[test]
fn a_missing_damaged_or_swapped_segment_is_damage() {
    let directory = scratch::folder();
    let (mut wal, _) = open(directory.path());
    for number in 1..=40 {
        wal.append_and_sync(&[frame(number, 3000)]).unwrap();
    }
    kill(wal);
    let clean = Image::of(directory.path());
    assert!(clean.files.len() >= 4);
    for missing in 1..clean.files.len() - 1 {
        let mut image = clean.clone();
        image.files.remove(missing);
        image.restore(directory.path());
        assert_eq!(
            Wal::open_sized(directory.path(), SMALL).unwrap_err().code(),
            ErrorCode::WalCorrupt
        );
    }
    for damaged in 0..clean.files.len() - 1 {
        let mut image = clean.clone();
        image.files[damaged].1[FRAMES_START as usize + 100] ^= 1;
        image.restore(directory.path());
        let error = Wal::open_sized(directory.path(), SMALL).unwrap_err();
        assert_eq!(error.code(), ErrorCode::WalCorrupt, "segment {damaged}");
    }
    let mut image = clean.clone();
    let first = image.files[1].1.clone();
    image.files[1].1 = std::mem::replace(&mut image.files[2].1, first);
    image.restore(directory.path());
    assert_eq!(
        Wal::open_sized(directory.path(), SMALL).unwrap_err().code(),
        ErrorCode::WalCorrupt
    );
}

#[test]
fn a_frame_copied_to_another_place_is_no_frame() {
    // The third event has a parent of 20 bytes, so these frames have one size.
    let crash = Crash::new(&[220, 220, 200], &[]);
    let frame_size = frame(1, 220).size_on_disk() as usize;
    assert_eq!(frame_size, frame(3, 200).size_on_disk() as usize);
    let start = FRAMES_START as usize;
    for (from, to) in [(1, 0), (0, 1), (2, 1), (1, 2), (2, 3)] {
        let mut image = crash.after.clone();
        let copied = start + from * frame_size..start + (from + 1) * frame_size;
        image.last().copy_within(copied, start + to * frame_size);
        match crash.open(&image) {
            Ok((wal, frames)) => {
                kill(wal);
                assert_frames(&frames, &crash.expected(frames.len()));
                assert_eq!(
                    frames.len(),
                    to,
                    "what stood there cannot be told from a torn end"
                );
                assert!(to >= 2);
            }
            Err(error) => assert_eq!(error.code(), ErrorCode::WalCorrupt),
        }
    }
}

#[test]
fn a_log_written_by_the_first_version_still_reads() {
    let directory = scratch::folder();
    let (mut wal, _) = open(directory.path());
    wal.append_and_sync(&[frame(1, 100), encoded(&[event(2, 7), event(3, 0)])])
        .unwrap();
    wal.release(1).unwrap();
    wal.append_and_sync(&[frame(3, 33)]).unwrap();
    drop(wal);
    let name = "0000000000000001.wal";
    let written = std::fs::read(directory.path().join(name)).unwrap();
    // The id of a segment is never the same, so the vector is read, not compared.
    let kept = vectors::kept(name, &written);
    std::fs::write(directory.path().join(name), kept).unwrap();
    let (wal, frames) = open(directory.path());
    let second = RecoveredFrame {
        sequence: 2,
        events: vec![event(2, 7), event(3, 0)],
    };
    assert_frames(&frames, &[second, recovered(3, 33)]);
    assert_eq!(wal.next_sequence(), 4);
}

#[test]
fn a_lost_note_or_a_foreign_file_does_no_harm() {
    let directory = scratch::folder();
    let (mut wal, _) = open(directory.path());
    wal.append_and_sync(&[frame(1, 10), frame(2, 10)]).unwrap();
    wal.release(1).unwrap();
    drop(wal);
    std::fs::write(directory.path().join("notes.txt"), b"mine").unwrap();
    std::fs::write(directory.path().join("zz.wal"), b"not a segment name").unwrap();
    let mut image = Image::of(directory.path());
    let segment = image
        .files
        .iter_mut()
        .find(|(name, _)| name.starts_with("0000"))
        .unwrap();
    segment.1[SECTOR_SIZE..SECTOR_SIZE + 48].fill(0xee);
    image.restore(directory.path());
    assert_eq!(
        open(directory.path()).1,
        [recovered(1, 10), recovered(2, 10)]
    );
    assert!(directory.path().join("notes.txt").exists());
}

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<usize>),
    Sync,
    Release(u64),
    Reopen,
    Kill,
    /// A power cut that keeps the sectors of the last unflushed group whose bit is set.
    PowerCut(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let sizes = prop::collection::vec(0..3000_usize, 1..5);
    let step = prop_oneof![
        5 => sizes.prop_map(Step::Append),
        4 => Just(Step::Sync),
        2 => (0..8_u64).prop_map(Step::Release),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
        2 => any::<u64>().prop_map(Step::PowerCut),
    ];
    prop::collection::vec(step, 1..40)
}

/// The log beside a plain list of what was written.
struct Model {
    directory: tempfile::TempDir,
    wal: Option<Wal>,
    sizes: Vec<usize>,
    durable: usize,
    released: u64,
    synced: Image,
}

impl Model {
    fn step(&mut self, step: Step) {
        let wal = self.wal.as_mut().unwrap();
        match step {
            Step::Append(sizes) => {
                let first = self.sizes.len() as u64 + 1;
                let group: Vec<EncodedFrame> = (first..)
                    .zip(&sizes)
                    .map(|(number, size)| frame(number, *size))
                    .collect();
                let rolls = wal.full.len();
                wal.append_frames(&group).unwrap();
                if wal.full.len() > rolls {
                    // A new segment flushes the one before; of the new one only the header is flushed.
                    self.durable = self.sizes.len();
                    self.synced = Image::of(self.directory.path());
                    self.synced.last()[FRAMES_START as usize..].fill(0);
                }
                self.sizes.extend(sizes);
            }
            Step::Sync => {
                wal.sync().unwrap();
                self.settled();
            }
            Step::Release(back) => {
                let sequence = wal.durable_sequence().saturating_sub(back);
                wal.release(sequence).unwrap();
                self.released = self.released.max(sequence);
                if self.durable == self.sizes.len() {
                    self.settled();
                }
            }
            Step::Reopen => {
                self.wal = None;
                self.reopen();
            }
            Step::Kill => {
                kill(self.wal.take().unwrap());
                self.reopen();
            }
            Step::PowerCut(kept) => {
                kill(self.wal.take().unwrap());
                let mut image = self.synced.clone();
                let mut written = Image::of(self.directory.path());
                let sectors = image
                    .last()
                    .chunks_mut(SECTOR_SIZE)
                    .zip(written.last().chunks(SECTOR_SIZE));
                let changed = sectors.filter(|(old, new)| old != new);
                for (index, (old, new)) in changed.enumerate() {
                    if kept >> (index % 64) & 1 == 1 {
                        old.copy_from_slice(new);
                    }
                }
                image.restore(self.directory.path());
                self.reopen();
            }
        }
    }

    fn settled(&mut self) {
        self.durable = self.sizes.len();
        self.synced = Image::of(self.directory.path());
    }

    fn reopen(&mut self) {
        let (wal, frames) = open(self.directory.path());
        let last = wal.next_sequence() - 1;
        assert!(last >= self.durable as u64 && last <= self.sizes.len() as u64);
        self.sizes.truncate(last as usize);
        let first = frames.first().map_or(last + 1, |frame| frame.sequence);
        assert!(
            first <= self.released + 1,
            "a frame that was not released is missing"
        );
        let expected: Vec<RecoveredFrame> = (first..=last)
            .map(|number| recovered(number, self.sizes[number as usize - 1]))
            .collect();
        assert_frames(&frames, &expected);
        self.wal = Some(wal);
        self.settled();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_log_agrees_with_a_plain_list(steps in steps()) {
        let directory = scratch::folder();
        let (wal, _) = open(directory.path());
        let synced = Image::of(directory.path());
        let mut model =
            Model { directory, wal: Some(wal), sizes: Vec::new(), durable: 0, released: 0, synced };
        for step in steps {
            model.step(step);
        }
    }

    #[test]
    fn hostile_segments_and_payloads_are_refused_without_a_panic(
        header in prop::collection::vec(any::<u8>(), 0..200),
        frames in prop::collection::vec(any::<u8>(), 0..3000),
        keeps_header in any::<bool>(),
    ) {
        let crash = Crash::new(&[100], &[]);
        let mut image = crash.after.clone();
        let bytes = image.last();
        if !keeps_header {
            bytes[..header.len()].copy_from_slice(&header);
        }
        bytes[FRAMES_START as usize..][..frames.len()].copy_from_slice(&frames);
        let _ = crash.open(&image);
        let _ = frame::decode_events(&frames);
    }

    #[test]
    fn payloads_read_back_and_every_cut_is_refused(
        sizes in prop::collection::vec(0..50_usize, 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let events: Vec<WalEvent<'static>> =
            (1..).zip(&sizes).map(|(number, size)| event(number, *size)).collect();
        let mut bytes = Vec::new();
        encoded(&events).write_to(&mut bytes, &frame::Place { segment_id: [0; 16], position: 0, sequence: 1 }, 0);
        let payload = Header::read(&bytes, [0; 16], 0).unwrap().payload(&bytes).unwrap().to_vec();
        prop_assert_eq!(frame::decode_events(&payload).unwrap(), events);
        prop_assert!(frame::decode_events(&payload[..cut.index(payload.len())]).is_err());
    }
}

use super::frame::Header;
