use std::collections::BTreeMap;
use std::io::ErrorKind;

use gatos_testkit::git_fixture::{FixtureGit, GitFixture};
use proptest::prelude::*;

use super::*;
use crate::object_id::ObjectKind::{Blob, Commit, Tree};

/// A bare repository of the installed git, which judges what we write.
struct Oracle {
    fixture: GitFixture,
}

impl Oracle {
    fn new() -> Oracle {
        Oracle {
            fixture: GitFixture::new_bare(),
        }
    }

    fn path(&self) -> &Path {
        self.fixture.path()
    }

    fn packs(&self) -> PathBuf {
        self.path().join("objects/pack")
    }

    fn git(&self, arguments: &[&str]) -> Vec<u8> {
        let output = FixtureGit::default_git().output(self.path(), arguments);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {complaint}");
        output.stdout
    }

    fn write(&self, objects: &[(ObjectKind, Vec<u8>)]) -> PackWritten {
        write_pack(&self.packs(), named(objects)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        files::list(&self.packs()).unwrap()
    }
}

fn named(objects: &[(ObjectKind, Vec<u8>)]) -> Vec<PackObject<'_>> {
    objects
        .iter()
        .map(|(kind, bytes)| PackObject::new(*kind, bytes))
        .collect()
}

fn commit(parent: Option<ObjectId>, message: &str) -> Vec<u8> {
    let parent = parent.map_or(String::new(), |parent| format!("parent {parent}\n"));
    let person = "alice <alice@user.gatos.invalid> 1700000000 +0000";
    format!(
        "tree {}\n{parent}author {person}\ncommitter {person}\n\n{message}\n",
        ObjectId::EMPTY_TREE
    )
    .into_bytes()
}

fn chain(length: usize) -> Vec<(ObjectKind, Vec<u8>)> {
    let mut objects = vec![(Tree, Vec::new())];
    let mut parent = None;
    for index in 0..length {
        let content = commit(parent, &format!("event {index}"));
        parent = Some(ObjectId::of(Commit, &content));
        objects.push((Commit, content));
    }
    objects
}

#[test]
fn git_accepts_a_pack_and_reads_every_object_back() {
    let oracle = Oracle::new();
    let mut objects = chain(300);
    let blob = b"some state\n".repeat(50_000);
    let tree = [
        b"100644 state.json\0".as_slice(),
        ObjectId::of(Blob, &blob).as_bytes(),
    ]
    .concat();
    objects.extend([(Blob, blob), (Blob, Vec::new()), (Tree, tree)]);
    let tip = ObjectId::of(Commit, &objects[300].1);
    let written = oracle.write(&objects);
    assert_eq!(written.object_count, objects.len());

    let pack = format!("objects/pack/{}.pack", written.name);
    let index = format!("objects/pack/{}.idx", written.name);
    assert_eq!(
        std::fs::metadata(oracle.path().join(&pack)).unwrap().len(),
        written.size_bytes
    );
    oracle.git(&["verify-pack", "-v", &index]);
    // Git's own index of our pack must be ours, byte for byte.
    oracle.git(&[
        "index-pack",
        "--strict",
        "--no-rev-index",
        "-o",
        "theirs.idx",
        &pack,
    ]);
    let theirs = std::fs::read(oracle.path().join("theirs.idx")).unwrap();
    assert_eq!(theirs, std::fs::read(oracle.path().join(&index)).unwrap());
    oracle.git(&["update-ref", "refs/heads/x", &tip.to_string()]);
    oracle.git(&["fsck", "--strict", "--full"]);
    for (kind, bytes) in objects.iter().rev().take(5) {
        let id = ObjectId::of(*kind, bytes).to_string();
        assert_eq!(oracle.git(&["cat-file", kind.as_str(), &id]), *bytes);
    }
    written.release().unwrap();
}

#[test]
fn the_keep_file_protects_the_pack_until_release_and_from_the_harshest_gc() {
    let oracle = Oracle::new();
    let objects = chain(3);
    let tip = ObjectId::of(Commit, &objects[3].1).to_string();
    let written = oracle.write(&objects);
    let stem = written.name.clone();
    for gentle in [
        &["repack", "-adq"][..],
        &["gc", "-q", "--prune=now"],
        &["prune", "--expire=now"],
    ] {
        oracle.git(gentle);
        oracle.git(&["cat-file", "-e", &tip]);
    }
    assert!(oracle.names().contains(&format!("{stem}.keep")));
    written.release().unwrap();
    assert!(!oracle.names().contains(&format!("{stem}.keep")));
    oracle.git(&["repack", "-adq"]);
    assert!(
        !oracle.names().contains(&format!("{stem}.pack")),
        "nothing else protected the pack"
    );
}

#[test]
fn a_pack_in_the_making_survives_prune() {
    let oracle = Oracle::new();
    let temporary = files::temporary_beside(&oracle.packs().join("pack"));
    std::fs::write(&temporary, b"half").unwrap();
    oracle.git(&["prune", "--expire=now"]);
    oracle.git(&["gc", "-q", "--prune=now"]);
    assert!(temporary.exists());
}

#[test]
fn the_same_batch_twice_is_one_pack() {
    let oracle = Oracle::new();
    let first = oracle.write(&chain(5));
    let name = first.name.clone();
    // As after a kill between pack and refs: the first `.keep` is still there.
    let second = oracle.write(&chain(5));
    assert_eq!(second.name, name);
    oracle.git(&["fsck", "--strict", "--full"]);
    first.release().unwrap();
    second.release().unwrap();
    assert_eq!(
        oracle.names(),
        [format!("{name}.idx"), format!("{name}.pack")]
    );
}

#[test]
fn bytes_do_not_depend_on_threads_and_repeated_objects_are_written_once() {
    // Large enough for several chunks, each object of its own size; no commits, so no deltas.
    let objects: Vec<(ObjectKind, Vec<u8>)> = (0..4000_usize)
        .map(|index| {
            (
                Blob,
                format!("{index} ").repeat(1 + index % 97).into_bytes(),
            )
        })
        .collect();
    let mut one_by_one = Vec::new();
    let objects_named = named(&objects);
    for object in &objects_named {
        entries::pack_in_order(&[*object], |chunk| {
            one_by_one.extend_from_slice(&chunk.bytes);
            Ok(())
        })
        .unwrap();
    }
    let directory = tempfile::tempdir().unwrap();
    let twice = objects_named.iter().chain(&objects_named).copied();
    let written = write_pack(directory.path(), twice).unwrap();
    assert_eq!(written.object_count, 4000);
    let pack = std::fs::read(directory.path().join(format!("{}.pack", written.name))).unwrap();
    assert!(
        pack[12..pack.len() - 20] == one_by_one[..],
        "chunks in order, each object once"
    );
}

/// A commit like those of events: much that is the same, some that never is.
fn event_commit(
    parent: Option<ObjectId>,
    actor: &str,
    number: u64,
    payload_size: usize,
) -> Vec<u8> {
    let digest = |salt: u64| blake3::hash(&(number * 10 + salt).to_be_bytes()).to_hex();
    let mut payload = vec![0; payload_size / 2];
    blake3::Hasher::new()
        .update(&number.to_be_bytes())
        .finalize_xof()
        .fill(&mut payload);
    let payload = gatos_values::hex::encode(&payload);
    let parent = parent.map_or(String::new(), |parent| format!("parent {parent}\n"));
    let person = format!(
        "user:{actor} <{actor}@user.gatos.invalid> {} +0000",
        1_700_000_000 + number
    );
    let same = "f462cb67ddde8e5c0550938b8d78f8aa15a5b810ffe575c4c4cbc799ffd70af3".repeat(6);
    format!(
        "tree {}\n{parent}author {person}\ncommitter {person}\n\ndeploy.done {number}\n\n\
         {{\"actor\":\"user:{actor}\",\"gov\":\"{same}\",\"payload\":\"{payload}\",\"prev\":\"{}\"}}\n\n\
         Event-Id: blake3:{}\nSig: {}{}\n",
        ObjectId::EMPTY_TREE, digest(0), digest(1), digest(2), digest(3)
    )
    .into_bytes()
}

/// Journals of several actors, interleaved.
fn journals(actors: usize, count: u64, payload_size: usize) -> Vec<(ObjectKind, Vec<u8>)> {
    let mut tips = vec![None; actors];
    let mut objects = vec![(Tree, Vec::new())];
    for number in 0..count {
        let actor = number as usize % actors;
        let size = if number % 50 == 49 {
            payload_size * 20
        } else {
            payload_size
        };
        let content = event_commit(tips[actor], &format!("actor{actor}"), number, size);
        tips[actor] = Some(ObjectId::of(Commit, &content));
        objects.push((Commit, content));
    }
    objects
}

#[test]
fn commits_that_are_alike_become_small_deltas_that_git_and_gix_read() {
    for (actors, payload_size) in [(1, 200), (5, 60), (40, 300)] {
        let oracle = Oracle::new();
        let objects = journals(actors, 600, payload_size);
        let written = oracle.write(&objects);
        let whole_size: usize = objects.iter().map(|(_, bytes)| bytes.len()).sum();
        let size = written.size_bytes as usize;
        assert!(
            size * 5 < whole_size * 3,
            "{size} of {whole_size} bytes, {actors} actors"
        );
        let index = format!("objects/pack/{}.idx", written.name);
        let pack = format!("objects/pack/{}.pack", written.name);
        oracle.git(&[
            "index-pack",
            "--strict",
            "--no-rev-index",
            "-o",
            "theirs.idx",
            &pack,
        ]);
        let theirs = std::fs::read(oracle.path().join("theirs.idx")).unwrap();
        assert_eq!(theirs, std::fs::read(oracle.path().join(&index)).unwrap());
        let listing = String::from_utf8(oracle.git(&["verify-pack", "-v", &index])).unwrap();
        let depths: Vec<&str> = listing
            .lines()
            .filter(|line| line.starts_with("chain length"))
            .collect();
        assert_eq!(depths.len(), 1, "deltas stand on whole objects: {depths:?}");
        for (kind, bytes) in &objects {
            assert!(listing.contains(&ObjectId::of(*kind, bytes).to_string()));
        }
        let repository = gix::open(oracle.path()).unwrap();
        for (kind, bytes) in &objects {
            let id = gix::ObjectId::from(ObjectId::of(*kind, bytes));
            assert!(repository.find_object(id).unwrap().data == *bytes);
        }
        written.release().unwrap();
    }
}

/// Applies a delta the way `gitformat-pack(5)` tells it.
fn apply(base: &[u8], delta: &[u8]) -> Vec<u8> {
    let mut bytes = delta.iter().copied();
    let mut size = || {
        let (mut size, mut shift) = (0, 0);
        loop {
            let byte = bytes.next().unwrap();
            size |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return size;
            }
        }
    };
    assert_eq!(size(), base.len());
    let target_size = size();
    let mut target = Vec::new();
    while let Some(opcode) = bytes.next() {
        assert_ne!(opcode, 0, "reserved");
        if opcode < 0x80 {
            target.extend((0..opcode).map(|_| bytes.next().unwrap()));
            continue;
        }
        let mut part = |first: u8, count: u8| {
            (0..count)
                .filter(|bit| opcode & (first << bit) != 0)
                .map(|bit| (bit, bytes.next().unwrap()))
                .fold(0, |sum, (bit, byte)| sum | usize::from(byte) << (8 * bit))
        };
        let (start, size) = (part(0x01, 4), part(0x10, 3));
        target.extend_from_slice(&base[start..start + size]);
    }
    assert_eq!(target.len(), target_size);
    target
}

#[test]
fn every_failing_file_operation_leaves_a_clean_folder_and_the_next_try_works() {
    let oracle = Oracle::new();
    let objects = chain(4);
    let mut failures = 0;
    loop {
        let injection = fault(&oracle, failures);
        let result = write_pack(&oracle.packs(), named(&objects));
        drop(injection);
        match result {
            Ok(written) => {
                written.release().unwrap();
                break;
            }
            Err(error) => assert_eq!(error.code(), ErrorCode::DiskFull, "{error}"),
        }
        let names = oracle.names();
        // A whole pack may stay when only the flush of the folder failed; half a one never.
        let whole = names.len() == 2 && names[0].ends_with(".idx") && names[1].ends_with(".pack");
        assert!(
            names.is_empty() || whole,
            "after failing operation {failures}: {names:?}"
        );
        for name in names {
            std::fs::remove_file(oracle.packs().join(name)).unwrap();
        }
        failures += 1;
    }
    assert!(
        failures >= 10,
        "only {failures} operations were made to fail"
    );
    oracle.git(&["fsck", "--strict", "--full"]);
}

fn fault(oracle: &Oracle, passes: u64) -> files::fault::Injection {
    files::fault::inject(&oracle.packs(), None, passes, 1, ErrorKind::StorageFull)
}

#[test]
fn leftovers_of_a_killed_writer_are_removed_and_those_of_others_stay() {
    let oracle = Oracle::new();
    let packs = oracle.packs();
    let written = oracle.write(&chain(2));
    let stem = written.name.clone();
    // A kill, and an error before the refs moved, leave the same behind.
    drop(written);
    std::fs::write(packs.join("pack-0000.keep"), b"by hand\n").unwrap();
    std::fs::write(files::temporary_beside(&packs.join("pack")), b"half").unwrap();
    assert_eq!(remove_stale_temporaries(&packs).unwrap(), 1);
    // Until recovery is done the pack stays protected.
    assert!(oracle.names().contains(&format!("{stem}.keep")));
    oracle.git(&["repack", "-a", "-d", "-q"]);
    assert!(oracle.names().contains(&format!("{stem}.pack")));
    assert_eq!(remove_stale_keeps(&packs).unwrap(), 1);
    assert_eq!(
        oracle.names(),
        [
            "pack-0000.keep".into(),
            format!("{stem}.idx"),
            format!("{stem}.pack")
        ]
    );
}

#[test]
fn what_cannot_be_a_pack_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let error = write_pack(directory.path(), []).unwrap_err();
    assert!(matches!(error, PackError::Empty));
    let same_id = ObjectId::from_bytes([7; 20]);
    let objects = [
        PackObject {
            id: same_id,
            kind: Blob,
            bytes: b"one",
        },
        PackObject {
            id: same_id,
            kind: Blob,
            bytes: b"two",
        },
    ];
    let error = write_pack(directory.path(), objects).unwrap_err();
    assert!(matches!(error, PackError::IdCollision { id } if id == same_id));
}

#[test]
fn offsets_beyond_two_gibibytes_go_to_the_large_table() {
    // A pack of that size is too slow for a test; the index alone is not. Layout: gitformat-pack(5).
    let entry = |byte: u8, offset: u64| Entry {
        id: ObjectId::from_bytes([byte; 20]),
        crc32: 1,
        offset,
    };
    let entries = [
        entry(1, 12),
        entry(2, OFFSET_LARGE - 1),
        entry(3, OFFSET_LARGE),
        entry(4, 1 << 40),
    ];
    let index = index_bytes(&entries, ObjectId::EMPTY_TREE);
    let offsets = 8 + 1024 + 4 * 20 + 4 * 4;
    let word = |at: usize| u32::from_be_bytes(index[at..at + 4].try_into().unwrap());
    let large = |at: usize| u64::from_be_bytes(index[at..at + 8].try_into().unwrap());
    assert_eq!(word(offsets), 12);
    assert_eq!(word(offsets + 4), 0x7fff_ffff);
    assert_eq!(word(offsets + 8), 0x8000_0000);
    assert_eq!(word(offsets + 12), 0x8000_0001);
    assert_eq!(large(offsets + 16), 1 << 31);
    assert_eq!(large(offsets + 24), 1 << 40);
    assert_eq!(index.len(), offsets + 32 + 40);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn deltas_make_their_targets(
        base in prop::collection::vec(0..4_u8, 0..3000),
        parts in prop::collection::vec((any::<prop::sample::Index>(), 0..400_usize, prop::collection::vec(any::<u8>(), 0..300)), 0..8),
    ) {
        // Targets made of pieces of the base and of new bytes.
        let mut target = Vec::new();
        for (start, size, new) in parts {
            let start = start.index(base.len() + 1);
            target.extend_from_slice(&base[start..(start + size).min(base.len())]);
            target.extend(new);
        }
        let mut delta = Vec::new();
        delta::Base::new(&base).delta(&target, &mut delta);
        prop_assert_eq!(apply(&base, &delta), target);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_batch_of_blobs_reads_back(
        contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 1..40)
    ) {
        let oracle = Oracle::new();
        let objects: Vec<(ObjectKind, Vec<u8>)> =
            contents.into_iter().map(|bytes| (Blob, bytes)).collect();
        let written = oracle.write(&objects);
        let index = format!("objects/pack/{}.idx", written.name);
        let listing = String::from_utf8(oracle.git(&["verify-pack", "-v", &index])).unwrap();
        let listed: BTreeMap<&str, usize> = listing
            .lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let id = words.next().filter(|id| id.len() == 40)?;
                Some((id, words.nth(1)?.parse().ok()?))
            })
            .collect();
        for (kind, bytes) in &objects {
            prop_assert_eq!(listed[ObjectId::of(*kind, bytes).to_string().as_str()], bytes.len());
        }
        prop_assert_eq!(listed.len(), written.object_count);
    }
}
