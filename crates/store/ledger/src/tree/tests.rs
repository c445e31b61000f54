use gatos_testkit::git_fixture::{FixtureGit, GitFixture};

use super::*;
use crate::git::Repository;
use crate::objects::{Reader, write_loose};

struct Fixture {
    git: GitFixture,
    repository: Repository,
}

impl Fixture {
    fn new(git: FixtureGit) -> Fixture {
        let git = GitFixture::with(git, true);
        let repository = Repository::open(git.path()).expect("a repository");
        Fixture { git, repository }
    }

    fn blob(&self, content: &str) -> ObjectId {
        write_loose(&self.repository, ObjectKind::Blob, content.as_bytes()).expect("written")
    }

    fn tree(&self, content: &[u8]) -> ObjectId {
        write_loose(&self.repository, ObjectKind::Tree, content).expect("written")
    }

    fn files(&self, paths: &[&str]) -> Vec<TreeFile> {
        paths
            .iter()
            .map(|path| TreeFile {
                path: (*path).to_owned(),
                blob: self.blob(path),
            })
            .collect()
    }

    fn write(&self, trees: &Trees) {
        for (id, content) in &trees.objects {
            assert_eq!(self.tree(content), *id);
        }
    }

    fn list(&self, root: ObjectId) -> Result<Vec<TreeFile>, TreeError> {
        list(&Reader::new(&self.repository), root, TreeLimits::default())
    }
}

/// Paths whose order in a tree is not their order as strings.
const PATHS: &[&str] = &[
    "a",
    "a-b",
    "a.b/x",
    "a0",
    "b/c/d",
    "b/c/e",
    "b-/x",
    "b.txt",
    "b0/y",
    "state/ä/ö.json",
    "z/~",
    "git",
    ".gitignore",
    "x.git/y",
];

#[test]
fn trees_are_those_git_makes() {
    for git in FixtureGit::all_installed() {
        let it = Fixture::new(git);
        let mut files = it.files(PATHS);
        let trees = build(&files).expect("good paths");
        it.write(&trees);
        // Git's own way to the same tree: through its index.
        for file in &files {
            it.git.run(&[
                "update-index",
                "--add",
                "--cacheinfo",
                &format!("100644,{},{}", file.blob, file.path),
            ]);
        }
        assert_eq!(it.git.run(&["write-tree"]), trees.root.to_string());
        it.git.run(&["fsck", "--strict", "--no-dangling"]);
        files.sort();
        assert_eq!(it.list(trees.root).expect("sound"), files);
        files.reverse();
        assert_eq!(
            build(&files).expect("good paths"),
            trees,
            "the order given does not matter"
        );
    }
}

#[test]
fn files_are_found_by_path() {
    let it = Fixture::new(FixtureGit::default_git());
    let files = it.files(PATHS);
    let trees = build(&files).expect("good paths");
    it.write(&trees);
    let reader = Reader::new(&it.repository);
    for file in &files {
        assert_eq!(
            blob_at(&reader, trees.root, &file.path),
            Ok(Some(file.blob)),
            "{}",
            file.path
        );
    }
    for absent in ["b", "b/c", "a/x", "b/c/d/e", "nothing", "b/nothing"] {
        assert_eq!(blob_at(&reader, trees.root, absent), Ok(None), "{absent}");
    }
    assert!(blob_at(&reader, trees.root, "b/../a").is_err());
    let commit = it
        .git
        .run(&["commit-tree", &trees.root.to_string(), "-m", "one"]);
    let commit = ObjectId::parse(&commit).expect("an id");
    assert_eq!(of_commit(&it.repository, commit), Ok(trees.root));
    assert_eq!(
        list_commit(&it.repository, commit).map(|found| found.len()),
        Ok(files.len())
    );
}

#[test]
fn no_files_are_the_empty_tree_and_equal_folders_one_object() {
    let trees = build(&[]).expect("nothing to refuse");
    assert_eq!(trees.root, ObjectId::EMPTY_TREE);
    assert_eq!(trees.objects, [(ObjectId::EMPTY_TREE, Vec::new())]);
    let blob = ObjectId::of(ObjectKind::Blob, b"");
    let file = |path: &str| TreeFile {
        path: path.to_owned(),
        blob,
    };
    let trees = build(&[file("a/x"), file("b/x"), file("c/d/x")]).expect("good paths");
    assert_eq!(trees.objects.len(), 3, "`x` once, `c`, and the root");
    assert_eq!(trees.objects.last().map(|(id, _)| *id), Some(trees.root));
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    let blob = ObjectId::of(ObjectKind::Blob, b"");
    let deep = vec!["d"; DEPTH_MAX + 1].join("/");
    let long = vec!["0123456789"; 400].join("/");
    let wide = "w".repeat(256);
    for bad in [
        "",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/../b",
        "./a",
        ".git",
        "a/.git/config",
        ".GIT",
        ".Git",
        ".git ",
        ".git.",
        ".git...",
        ".git::$INDEX_ALLOCATION",
        "git~1",
        "GIT~1/x",
        ".g\u{200c}it",
        "\u{feff}.git",
        "a\\b",
        "a\0b",
        "a\nb",
        "a\u{7f}",
        &deep,
        &long,
        &wide,
    ] {
        let outcome = build(&[TreeFile {
            path: bad.to_owned(),
            blob,
        }]);
        assert!(
            matches!(outcome, Err(TreeError::BadPath { .. })),
            "{bad:?}: {outcome:?}"
        );
    }
    let file = |path: &str| TreeFile {
        path: path.to_owned(),
        blob,
    };
    for twice in [["a", "a"], ["a", "a/b"], ["a/b", "a"], ["x/y/z", "x/y"]] {
        assert!(
            matches!(build(&twice.map(file)), Err(TreeError::Twice { .. })),
            "{twice:?}"
        );
    }
}

/// One entry of a tree object.
fn entry(mode: &str, name: &[u8], id: ObjectId) -> Vec<u8> {
    [mode.as_bytes(), b" ", name, b"\0", id.as_bytes()].concat()
}

#[test]
fn hostile_trees_are_refused() {
    let it = Fixture::new(FixtureGit::default_git());
    let blob = it.blob("x");
    let folder = it.tree(&entry("100644", b"x", blob));
    let file = |name: &str| entry("100644", name.as_bytes(), blob);
    let sub = |name: &str| entry("40000", name.as_bytes(), folder);
    let check = |content: Vec<u8>, words: &str| {
        let id = it.tree(&content);
        let error = it.list(id).expect_err(words);
        assert!(error.to_string().contains(words), "{error}");
        assert!(blob_at(&Reader::new(&it.repository), id, "sub/x").is_err());
    };
    check(sub(".git"), "a name is not allowed");
    check(file(".."), "a name is not allowed");
    check(file(""), "a name is not allowed");
    check(file("a/b"), "a name is not allowed");
    check(entry("100644", b"\xff", blob), "not UTF-8");
    check([file("b"), file("a")].concat(), "not in order");
    check([file("a"), file("a")].concat(), "not in order");
    check([file("a"), file("a-b"), sub("a")].concat(), "comes twice");
    check([sub("a"), file("a.b")].concat(), "not in order");
    check(entry("120000", b"link", blob), "a mode is neither");
    check(entry("100755", b"run", blob), "a mode is neither");
    check(entry("160000", b"sub", blob), "a mode is neither");
    check(entry("040000", b"sub", folder), "a mode is neither");
    check(b"100644".to_vec(), "a mode is not ended");
    check(b"100644 name".to_vec(), "a name is not ended");
    check(b"100644 name\0short".to_vec(), "an id is cut short");
    check(entry("40000", b"sub", blob), "is a blob, not a tree");
    check(entry("40000", b"sub", ObjectId::ZERO), "is missing");
}

#[test]
fn small_trees_that_stand_for_endless_files_are_cut_off() {
    let it = Fixture::new(FixtureGit::default_git());
    let blob = it.blob("x");
    let names: Vec<String> = (0..10).map(|index| index.to_string()).collect();
    let mut content: Vec<u8> = names
        .iter()
        .flat_map(|name| entry("100644", name.as_bytes(), blob))
        .collect();
    // Ten levels of ten equal folders each: eleven objects, 10^11 files.
    for _ in 0..10 {
        let below = it.tree(&content);
        content = names
            .iter()
            .flat_map(|name| entry("40000", name.as_bytes(), below))
            .collect();
    }
    let root = it.tree(&content);
    let reader = Reader::new(&it.repository);
    let limits = TreeLimits {
        entry_count_max: 5000,
        ..TreeLimits::default()
    };
    assert_eq!(
        list(&reader, root, limits),
        Err(TreeError::TooMany {
            id: root,
            count_max: 5000
        })
    );
    let limits = TreeLimits {
        tree_size_max: 100,
        ..TreeLimits::default()
    };
    assert_eq!(
        list(&reader, root, limits).map_err(|error| error.code()),
        Err(ErrorCode::TooLarge)
    );

    let mut nested = it.tree(&entry("100644", b"x", blob));
    for _ in 0..=DEPTH_MAX {
        nested = it.tree(&entry("40000", b"d", nested));
    }
    assert!(matches!(
        list(&reader, nested, TreeLimits::default()),
        Err(TreeError::BadPath { .. })
    ));
}
