//! The write-ahead log: whatever bytes change, a frame that is read is one that was written.
#![no_main]

use gatos_fuzz::{Change, files, folder, restore};
use gatos_ledger::ObjectId;
use gatos_ledger::wal::{EncodedFrame, Wal, WalEvent, inspect};
use gatos_values::JournalName;
use libfuzzer_sys::fuzz_target;
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::LazyLock;

/// How many frames the log holds.
const FRAME_COUNT: u8 = 5;

struct Scene {
    folder: PathBuf,
    files: Vec<(PathBuf, Vec<u8>)>,
}

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let folder = folder("wal");
    let (mut wal, _) = Wal::open(&folder).expect("an empty folder is an empty log");
    for number in 0..FRAME_COUNT {
        let frame = EncodedFrame::encode([event(number), event(number)]).expect("small events fit");
        wal.append_frames(&[frame]).expect("there is room");
        if number % 2 == 1 {
            wal.sync().expect("the folder can be flushed");
        }
    }
    drop(wal);
    let files = files(&folder);
    Scene { folder, files }
});

fn event(number: u8) -> WalEvent<'static> {
    let journal = "refs/gatos/journal/finance/user/alice/0123456789abcdef";
    WalEvent {
        journal: JournalName::parse_ref(journal).expect("a journal"),
        bytes: Cow::Owned(vec![number; 100 + usize::from(number)]),
        signature: Cow::Owned(vec![!number; 80]),
        parent: (number > 0).then(|| ObjectId::from_bytes([number - 1; 20])),
        commit: ObjectId::from_bytes([number; 20]),
    }
}

fuzz_target!(|changes: Vec<Change>| {
    let scene = &*SCENE;
    let mut files = scene.files.clone();
    for change in &changes {
        let part = change.part_of(files.len());
        let bytes = &mut files[part].1;
        // The interesting bytes stand at the front; the rest are zeros.
        let front = bytes.len().min(4096);
        change.apply(&mut bytes[..front]);
    }
    restore(&scene.folder, &files);
    let looked = inspect(&scene.folder).is_ok();
    // Opening makes a new segment, which is slow; damage is looked at more often than it is opened.
    if !looked && changes.len() > 2 {
        return;
    }
    let opened = Wal::open(&scene.folder);
    assert_eq!(
        looked,
        opened.is_ok(),
        "looking and opening agree on damage"
    );
    let Ok((_, frames)) = opened else {
        return;
    };
    for (number, frame) in (0..FRAME_COUNT).zip(&frames) {
        assert_eq!(
            frame.events,
            [event(number), event(number)],
            "frames come back in order"
        );
    }
    assert!(frames.len() <= usize::from(FRAME_COUNT));
});
