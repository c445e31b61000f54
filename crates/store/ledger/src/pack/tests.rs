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
    // Large enough for several chunks, each object of its own size.
    let objects: Vec<(ObjectKind, Vec<u8>)> = (0..2000_usize)
        .map(|index| {
            (
                Blob,
                format!("{index} ").repeat(1 + index % 97).into_bytes(),
            )
        })
        .collect();
    let mut one_thread = Vec::new();
    let objects_named = named(&objects);
    for object in &objects_named {
        deflate::deflate_in_order(&[*object], |chunk| {
            one_thread.extend_from_slice(&chunk.bytes);
            Ok(())
        })
        .unwrap();
    }
    let directory = tempfile::tempdir().unwrap();
    let twice = objects_named.iter().chain(&objects_named).copied();
    let written = write_pack(directory.path(), twice).unwrap();
    assert_eq!(written.object_count, 2000);
    let pack = std::fs::read(directory.path().join(format!("{}.pack", written.name))).unwrap();
    assert!(
        pack[12..pack.len() - 20] == one_thread[..],
        "chunks in order, each object once"
    );
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
    // As a kill would: the guard never runs.
    std::mem::forget(written);
    std::fs::write(packs.join("pack-0000.keep"), b"by hand\n").unwrap();
    std::fs::write(files::temporary_beside(&packs.join("pack")), b"half").unwrap();
    assert_eq!(remove_stale_temporaries(&packs).unwrap(), 2);
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
