use gatos_testkit::git_fixture::{FixtureGit, GitFixture};

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ScopedJoinHandle;

use super::*;

const JOURNAL: &str = "refs/gatos/journal/finance/user/alice/0123456789abcdef";

fn opened(fixture: &GitFixture) -> Repository {
    Repository::open(fixture.path()).expect("a repository")
}

fn parsed(id: &str) -> ObjectId {
    ObjectId::parse(id).expect("an id")
}

#[test]
fn objects_written_are_the_objects_git_writes() {
    for git in FixtureGit::all_installed() {
        let fixture = GitFixture::with(git, true);
        let repository = opened(&fixture);
        for content in [&b""[..], b"hello\n", &[0; 100_000]] {
            let id = write_loose(&repository, ObjectKind::Blob, content).expect("written");
            assert_eq!(
                fixture.feed(&["hash-object", "--stdin"], content),
                id.to_string()
            );
            assert_eq!(
                fixture.run(&["cat-file", "-s", &id.to_string()]),
                content.len().to_string()
            );
            assert_eq!(
                write_loose(&repository, ObjectKind::Blob, content).expect("again"),
                id
            );
            let read = Reader::new(&repository)
                .read(id, ObjectKind::Blob, 1 << 20)
                .expect("readable");
            assert_eq!(read, content);
        }
        write_loose(&repository, ObjectKind::Tree, b"").expect("the empty tree");
        fixture.run(&["fsck", "--strict", "--no-dangling"]);
        sync_object_folders(&repository).expect("flushed");
    }
}

#[test]
fn a_walk_gives_every_commit_once_newest_first() {
    let fixture = GitFixture::new_bare();
    let ids = fixture.chain(JOURNAL, "event", 50);
    let repository = opened(&fixture);
    let reader = Reader::new(&repository);
    let tip = parsed(&ids[49]);
    let walked: Vec<WalkedCommit> = reader
        .walk_back(tip, None)
        .map(|it| it.expect("sound"))
        .collect();
    let expected: Vec<ObjectId> = ids.iter().rev().map(|id| parsed(id)).collect();
    assert_eq!(walked.iter().map(|it| it.id).collect::<Vec<_>>(), expected);
    assert_eq!(walked[0].parent, Some(parsed(&ids[48])));
    assert_eq!(walked[49].parent, None);
    let content = fixture.run(&["cat-file", "commit", &ids[49]]);
    assert_eq!(
        String::from_utf8_lossy(&walked[0].content).trim_end(),
        content
    );
    let until: Vec<_> = reader
        .walk_back(tip, Some(parsed(&ids[46])))
        .map(|it| it.expect("sound").id)
        .collect();
    assert_eq!(until, &expected[..3]);
    assert_eq!(reader.walk_back(tip, Some(tip)).count(), 0);
}

#[test]
fn replacements_and_grafts_are_not_followed() {
    let fixture = GitFixture::new_bare();
    let ids = fixture.chain(JOURNAL, "event", 3);
    let other = fixture.commit(&[], "something else");
    fixture.run(&["replace", &ids[2], &other]);
    std::fs::create_dir_all(fixture.path().join("info")).expect("a folder");
    std::fs::write(fixture.path().join("info/grafts"), format!("{}\n", ids[1])).expect("a graft");
    let repository = opened(&fixture);
    let reader = Reader::new(&repository);
    assert_eq!(reader.walk_back(parsed(&ids[2]), None).count(), 3);
    let content = reader.commit(parsed(&ids[2])).expect("readable");
    assert!(String::from_utf8_lossy(&content).contains("event 3"));
}

#[test]
fn what_is_not_a_journal_ends_a_walk() {
    let fixture = GitFixture::new_bare();
    let ids = fixture.chain(JOURNAL, "event", 2);
    let merge = fixture.commit(&[&ids[0], &ids[1]], "a merge");
    let above = fixture.commit(&[&merge], "above it");
    let repository = opened(&fixture);
    let reader = Reader::new(&repository);
    let mut walk = reader.walk_back(parsed(&above), None);
    assert!(walk.next().is_some_and(|it| it.is_ok()));
    let error = walk.next().expect("an answer").expect_err("a merge");
    assert_eq!(error.code(), ErrorCode::FfViolation);
    assert!(walk.next().is_none(), "an error ends the walk");

    let missing = parsed("00000000000000000000000000000000000000ff");
    let error = reader
        .walk_back(missing, None)
        .next()
        .expect("an answer")
        .expect_err("missing");
    assert_eq!(
        error,
        ObjectError::Missing {
            id: missing,
            kind: ObjectKind::Commit
        }
    );
    assert_eq!(reader.header(missing), Ok(None));
    assert_eq!(reader.contains(missing), Ok(false));
    let error = reader.commit(ObjectId::EMPTY_TREE).expect_err("a tree");
    assert_eq!(
        error.to_string(),
        format!("object `{}` is a tree, not a commit", ObjectId::EMPTY_TREE)
    );
}

#[test]
fn the_head_of_a_commit_is_read_strictly() {
    let id = ObjectId::ZERO;
    let hex = ObjectId::EMPTY_TREE.to_string();
    let check = |content: String, expected: Result<Option<ObjectId>, &str>| {
        let found = parent_of_commit(id, content.as_bytes()).map_err(|error| error.to_string());
        match expected {
            Ok(parent) => assert_eq!(found, Ok(parent), "{content:?}"),
            Err(words) => assert!(
                found.as_ref().is_err_and(|said| said.contains(words)),
                "{content:?}: {found:?}"
            ),
        }
    };
    check(format!("tree {hex}\nauthor"), Ok(None));
    check(format!("tree {hex}\n\nparent {hex}\n"), Ok(None));
    check(
        format!("tree {hex}\nparent {hex}\nauthor"),
        Ok(Some(ObjectId::EMPTY_TREE)),
    );
    check(
        format!("tree {hex}\nparent {hex}\nparent {hex}\n"),
        Err("more than one parent"),
    );
    check(
        format!("tree {hex}\nparent {}\n", &hex[1..]),
        Err("its parent is no object id"),
    );
    check(
        format!("tree {hex}\nparent {hex}x\n"),
        Err("its parent is no object id"),
    );
    check(
        format!("tree {}\n", hex.to_uppercase()),
        Err("it names no tree"),
    );
    check(String::new(), Err("it names no tree"));
}

#[test]
fn objects_beyond_the_limit_are_refused_before_they_are_read() {
    let fixture = GitFixture::new_bare();
    let repository = opened(&fixture);
    let id = write_loose(&repository, ObjectKind::Blob, &[7; 1001]).expect("written");
    let reader = Reader::new(&repository);
    let error = reader
        .read(id, ObjectKind::Blob, 1000)
        .expect_err("too large");
    assert_eq!(
        error,
        ObjectError::TooLarge {
            id,
            size: 1001,
            size_max: 1000
        }
    );
    assert_eq!(error.code(), ErrorCode::TooLarge);
    assert_eq!(
        reader
            .read(id, ObjectKind::Blob, 1001)
            .map(|content| content.len()),
        Ok(1001)
    );
}

#[test]
fn damage_is_never_handed_out() {
    let fixture = GitFixture::new_bare();
    let repository = opened(&fixture);
    let id =
        write_loose(&repository, ObjectKind::Blob, b"the content that was meant").expect("written");
    let hex = id.to_string();
    let path = fixture
        .path()
        .join("objects")
        .join(&hex[..2])
        .join(&hex[2..]);
    let sound = std::fs::read(&path).expect("a file");
    let mut damaged: Vec<Vec<u8>> = (0..sound.len())
        .flat_map(|at| {
            [1, 0x80].map(|bit| {
                let mut it = sound.clone();
                it[at] ^= bit;
                it
            })
        })
        .collect();
    damaged.extend((0..sound.len()).map(|length| sound[..length].to_vec()));
    // A sound object of another content under this name.
    let other = write_loose(&repository, ObjectKind::Blob, b"other")
        .expect("written")
        .to_string();
    damaged.push(
        std::fs::read(
            fixture
                .path()
                .join("objects")
                .join(&other[..2])
                .join(&other[2..]),
        )
        .expect("a file"),
    );
    for content in damaged {
        std::fs::remove_file(&path).expect("it was there");
        std::fs::write(&path, &content).expect("replaced");
        match Reader::new(&repository).read(id, ObjectKind::Blob, 1 << 20) {
            // Bits that inflating does not look at leave the content as it was.
            Ok(read) => assert_eq!(read, b"the content that was meant"),
            Err(error) => assert_eq!(error.code(), error.code()),
        }
    }
}

#[test]
fn damaged_packs_give_errors_and_no_other_bytes() {
    let fixture = GitFixture::new_bare();
    let ids = fixture.chain(JOURNAL, "event", 20);
    let repository = opened(&fixture);
    let pack_dir = repository.pack_dir();
    let names = crate::files::list(&pack_dir).expect("a folder");
    let pack = pack_dir.join(
        names
            .iter()
            .find(|name| name.ends_with(".pack"))
            .expect("a pack"),
    );
    let sound = std::fs::read(&pack).expect("a file");
    let mut seen_damage = false;
    for at in (12..sound.len() - 20).step_by(31) {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x55;
        std::fs::remove_file(&pack).expect("it was there");
        std::fs::write(&pack, &damaged).expect("replaced");
        let repository = opened(&fixture);
        let reader = Reader::new(&repository);
        for id in &ids {
            match reader.commit(parsed(id)) {
                Ok(content) => assert_eq!(ObjectId::of(ObjectKind::Commit, &content), parsed(id)),
                Err(_) => seen_damage = true,
            }
        }
    }
    assert!(seen_damage);
}

#[test]
fn one_reader_sees_many_new_packs_and_a_repack() {
    let fixture = GitFixture::new_bare();
    let repository = opened(&fixture);
    let reader = Reader::new(&repository);
    // The library's default handle fails at the 33rd pack after it was opened.
    let first = fixture.chain(JOURNAL, "first", 1);
    assert!(reader.commit(parsed(&first[0])).is_ok());
    let mut ids = fixture.chain_of_packs("refs/gatos/governance", "pack", 70);
    for id in &ids {
        assert!(reader.commit(parsed(id)).is_ok());
    }
    fixture.run(&["repack", "-d", "--quiet", "--geometric=2", "--write-midx"]);
    ids.extend(fixture.chain("refs/gatos/journal/ns/user/a/last", "after", 1));
    fixture.run(&["repack", "-ad", "--quiet"]);
    for id in &ids {
        assert!(reader.commit(parsed(id)).is_ok());
    }
}

/// Readers beside repacks of all kinds. Packs come under new names and go, packed objects become loose and
/// packed again; nothing that a ref names may ever look missing.
#[test]
fn nothing_looks_missing_while_git_repacks() {
    let rounds = std::env::var("GATOS_REPACK_ROUNDS").ok();
    let rounds: usize = rounds.and_then(|text| text.parse().ok()).unwrap_or(12);
    let fixture = GitFixture::new_bare();
    let ids: Vec<ObjectId> = fixture
        .chain_of_packs(JOURNAL, "event", 24)
        .iter()
        .map(|id| parsed(id))
        .collect();
    let repository = opened(&fixture);
    let done = AtomicBool::new(false);
    let read_all = |reader: &Reader| {
        for id in &ids {
            let content = reader.commit(*id).expect("it is there all the time");
            assert_eq!(ObjectId::of(ObjectKind::Commit, &content), *id);
        }
    };
    std::thread::scope(|scope| {
        let shared = || {
            let reader = Reader::new(&repository);
            while !done.load(Ordering::Relaxed) {
                read_all(&reader);
            }
        };
        let fresh = || {
            while !done.load(Ordering::Relaxed) {
                read_all(&Reader::new(&opened(&fixture)));
            }
        };
        let readers = [scope.spawn(shared), scope.spawn(shared), scope.spawn(fresh)];
        for round in 0..rounds {
            match round % 4 {
                0 => fixture.run(&["repack", "-a", "-d", "--quiet"]),
                1 => fixture.run(&["repack", "-d", "--quiet", "--geometric=2", "--write-midx"]),
                2 => fixture.run(&["gc", "--quiet", "--prune=now"]),
                _ => unpack_everything(&fixture),
            };
            if readers.iter().any(ScopedJoinHandle::is_finished) {
                break;
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// Makes all packed objects loose and then takes the packs away.
fn unpack_everything(fixture: &GitFixture) -> String {
    let pack_dir = fixture.path().join("objects/pack");
    let names = crate::files::list(&pack_dir).expect("a folder");
    // `unpack-objects` leaves out what its repository has, so it works in one beside and shares the result.
    let beside = GitFixture::new_bare();
    for name in names.iter().filter(|name| name.ends_with(".pack")) {
        let pack = std::fs::read(pack_dir.join(name)).expect("a pack");
        beside.feed(&["unpack-objects", "-q"], &pack);
    }
    for folder in crate::files::list(&beside.path().join("objects")).expect("a folder") {
        let (from, to) = (
            beside.path().join("objects").join(&folder),
            fixture.path().join("objects").join(&folder),
        );
        for file in crate::files::list(&from).expect("a folder") {
            std::fs::create_dir_all(&to).expect("a folder");
            std::fs::rename(from.join(&file), to.join(&file)).expect("moved");
        }
    }
    for name in &names {
        std::fs::remove_file(pack_dir.join(name)).expect("removed");
    }
    String::new()
}

/// A repack that was outrun by another one leaves a multi-pack index that names packs which are gone. Git
/// looks into the other packs then, and so must we.
#[test]
fn a_multi_pack_index_of_packs_that_are_gone_hides_nothing() {
    let fixture = GitFixture::new_bare();
    let ids = fixture.chain_of_packs(JOURNAL, "event", 5);
    fixture.run(&["multi-pack-index", "write"]);
    let path = fixture.path().join("objects/pack/multi-pack-index");
    let stale = std::fs::read(&path).expect("a multi-pack index");
    fixture.run(&["repack", "-a", "-d", "--quiet"]);
    std::fs::write(&path, stale).expect("written");
    let reader = Reader::new(&opened(&fixture));
    for id in &ids {
        fixture.run(&["cat-file", "-e", id]);
        let content = reader.commit(parsed(id)).expect("it is in the other pack");
        assert_eq!(ObjectId::of(ObjectKind::Commit, &content), parsed(id));
    }
}
