use gatos_testkit::git_fixture::{FixtureGit, GitFixture};

use super::*;
use crate::git::GitProgram;
use crate::object_id::ObjectId;
use crate::objects::Reader;
use crate::refs::RefChange;

fn initialised(git: &FixtureGit) -> (GitFixture, Repository) {
    let fixture = GitFixture::empty(git.clone());
    let program = GitProgram::at(&git.path).expect("git is installed");
    let (repository, _) =
        Repository::init_with(fixture.path(), true, program).expect("a new repository");
    (fixture, repository)
}

const FEW: Thresholds = Thresholds {
    pack_count: 8,
    loose_count: 30,
    loose_ref_count: 40,
};

fn journal(index: usize) -> String {
    format!("refs/gatos/journal/finance/user/alice/{index:016x}")
}

#[test]
fn many_packs_become_few_and_nothing_is_lost() {
    for git in FixtureGit::all_installed() {
        let (fixture, repository) = initialised(&git);
        assert_eq!(
            run_with(&repository, FEW).expect("nothing to do"),
            UpkeepReport {
                before: StoreCounts {
                    loose_count: 1,
                    ..StoreCounts::default()
                },
                after: StoreCounts {
                    loose_count: 1,
                    ..StoreCounts::default()
                },
                ..UpkeepReport::default()
            }
        );
        let ids = fixture.chain_of_packs(&journal(0), "event", FEW.pack_count);
        // Written, but its ref not yet moved: neither by its age nor by `.keep` may it be lost.
        let fresh = fixture.chain("refs/heads/fresh", "not yet visible", 2);
        fixture.run(&["update-ref", "-d", "refs/heads/fresh"]);
        let kept = fixture.chain("refs/heads/kept", "kept", 2);
        fixture.run(&["update-ref", "-d", "refs/heads/kept"]);
        keep_newest_pack(&repository, &kept[1]);

        let reader = Reader::new(&repository);
        let report = run_with(&repository, FEW).expect("folded");
        assert!(report.repacked && !report.refs_packed, "{report:?}");
        assert_eq!(report.before.pack_count, FEW.pack_count + 2);
        assert_eq!(report.before.kept_pack_count, 1);
        assert!(report.after.pack_count <= 3, "{report:?}");
        assert_eq!(report.after.kept_pack_count, 1);
        for id in ids.iter().chain(&fresh).chain(&kept) {
            let id = ObjectId::parse(id).expect("an id");
            // The reader that was open all the while, and a new one.
            assert!(reader.commit(id).is_ok() && Reader::new(&repository).commit(id).is_ok());
        }
        assert!(!repository.pack_dir().join("multi-pack-index").exists());
        let graphs = repository.objects_dir().join("info/commit-graphs");
        assert!(graphs.is_dir());
        let fsck = fsck_strict(&repository).expect("git runs");
        assert!(fsck.clean && fsck.lines.is_empty(), "{fsck:?}");
        assert!(!run_with(&repository, FEW).expect("nothing to do").repacked);
    }
}

/// Puts `.keep` beside the pack that holds this commit.
fn keep_newest_pack(repository: &Repository, id: &str) {
    let pack_dir = repository.pack_dir();
    for name in files::list(&pack_dir)
        .expect("a folder")
        .iter()
        .filter(|name| name.ends_with(".idx"))
    {
        let output = std::process::Command::new("git")
            .args(["show-index", "--object-format=sha1"])
            .stdin(fs::File::open(pack_dir.join(name)).expect("an index"))
            .output()
            .expect("git runs");
        if String::from_utf8_lossy(&output.stdout).contains(id) {
            fs::write(pack_dir.join(name.replace(".idx", ".keep")), "").expect("written");
            return;
        }
    }
    panic!("the commit is in no pack");
}

#[test]
fn many_loose_refs_are_packed() {
    let (fixture, repository) = initialised(&FixtureGit::default_git());
    let id = ObjectId::parse(&fixture.chain("refs/heads/main", "one", 1)[0]).expect("an id");
    let changes: Vec<RefChange> = (0..FEW.loose_ref_count)
        .map(|index| RefChange {
            name: journal(index),
            expected: None,
            new: id,
        })
        .collect();
    refs::update(&repository, &changes).expect("made");
    let report = run_with(&repository, FEW).expect("packed");
    assert!(report.refs_packed && !report.repacked);
    assert_eq!(refs::loose_ref_count(&repository).expect("a count"), 0);
    assert_eq!(
        refs::list(&repository, "refs/gatos/journal/")
            .expect("a list")
            .len(),
        FEW.loose_ref_count
    );
}

#[test]
fn many_loose_objects_are_packed() {
    let (fixture, repository) = initialised(&FixtureGit::default_git());
    let mut stream = String::new();
    for index in 0..FEW.loose_count {
        let text = format!("blob {index}");
        stream.push_str(&format!("blob\ndata {}\n{text}\n", text.len()));
    }
    fixture.feed(
        &[
            "-c",
            "fastimport.unpackLimit=1000000",
            "fast-import",
            "--quiet",
        ],
        stream.as_bytes(),
    );
    assert!(count(&repository).expect("a count").loose_count >= FEW.loose_count);
    let report = run_with(&repository, FEW).expect("packed");
    assert!(report.repacked);
    assert_eq!((report.after.loose_count, report.after.pack_count), (0, 1));
    assert_eq!(
        fixture.run(&["cat-file", "-t", &ObjectId::EMPTY_TREE.to_string()]),
        "tree"
    );
}

#[test]
fn fsck_tells_what_is_broken() {
    let (fixture, repository) = initialised(&FixtureGit::default_git());
    let report = fsck_strict(&repository).expect("git runs");
    assert!(report.clean, "{report:?}");
    fs::write(
        fixture.path().join("refs/heads/broken"),
        format!("{}\n", "1".repeat(40)),
    )
    .expect("written");
    let report = fsck_strict(&repository).expect("git runs");
    assert!(
        !report.clean
            && report
                .lines
                .iter()
                .any(|line| line.contains("refs/heads/broken")),
        "{report:?}"
    );
}

#[test]
fn thresholds_are_those_documented() {
    let usual = Thresholds {
        pack_count: 64,
        loose_count: 4096,
        loose_ref_count: 1024,
    };
    assert_eq!(Thresholds::default(), usual);
}

#[test]
fn a_failing_git_is_reported() {
    let (fixture, repository) = initialised(&FixtureGit::default_git());
    fs::remove_dir_all(fixture.path().join("objects")).expect("a folder");
    let error = fold_packs(&repository).expect_err("no repository any more");
    assert_eq!(error.code(), ErrorCode::GitFailed, "{error}");
}
