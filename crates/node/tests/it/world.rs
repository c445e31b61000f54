//! A repository with its own key folder, and stock tools beside it.

use std::path::{Path, PathBuf};
use std::process::Command;

use gatos_node::keys::KeyStore;
use gatos_node::{
    Acknowledgement, Appended, Fault, InitOptions, Intent, LogQuery, Node, NodeOptions,
};
use gatos_values::{Actor, EventType, IdempotencyKey, Namespace, Value, json};

/// A repository in a folder that goes with it.
pub struct World {
    folder: tempfile::TempDir,
}

pub fn ns(text: &str) -> Namespace {
    Namespace::parse(text).expect("a namespace of the test")
}

pub fn actor(text: &str) -> Actor {
    Actor::parse(text).expect("an actor of the test")
}

pub fn value(text: &str) -> Value {
    json::decode_strict(text.as_bytes(), 1 << 20).expect("JSON of the test")
}

pub fn intent(namespace: &str, event_type: &str, payload: &str) -> Intent {
    Intent::new(
        ns(namespace),
        EventType::parse(event_type).expect("a type of the test"),
        value(payload),
    )
}

pub fn idem(text: &str) -> Option<IdempotencyKey> {
    Some(IdempotencyKey::parse(text).expect("a key of the test"))
}

impl World {
    /// A new repository of `user:alice`.
    pub fn new() -> World {
        let world = World::empty();
        world.init(&world.path());
        world
    }

    /// Folders without a repository, in memory where the system has such: what a flush does on a real disk is
    /// tested apart.
    pub fn empty() -> World {
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        World {
            folder: folder.expect("a temporary folder"),
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub fn init(&self, directory: &Path) {
        Node::init(&InitOptions {
            directory: directory.to_owned(),
            actor: Some(actor("user:alice")),
            home: Some(self.home()),
            ..InitOptions::default()
        })
        .expect("init works in an empty folder");
    }

    pub fn node(&self) -> Node {
        self.node_at(&self.path())
    }

    pub fn node_at(&self, directory: &Path) -> Node {
        Node::open(directory, self.options()).expect("the repository opens")
    }

    /// A node once this one is gone, as the next process opens it.
    pub fn node_after(&self, node: Node) -> Node {
        drop(node);
        self.node()
    }

    /// The keys of a home of this name beside the repository.
    pub fn keys_of(&self, home: &str) -> KeyStore {
        let home = self.folder().join(home);
        KeyStore::open(Some(&home))
            .expect("a home")
            .with_agent(None)
    }

    pub fn options(&self) -> NodeOptions {
        NodeOptions {
            home: Some(self.home()),
            ..NodeOptions::default()
        }
    }

    /// Runs stock git in the repository and returns what it prints; panics with its words when it fails.
    pub fn git(&self, arguments: &[&str]) -> String {
        run(&self.path(), "git", arguments)
    }

    pub fn fsck(&self) {
        self.git(&["fsck", "--strict", "--no-progress"]);
    }
}

/// Runs a stock tool with a clean environment.
pub fn run(directory: &Path, program: &str, arguments: &[&str]) -> String {
    let (ok, text) = try_run(directory, program, arguments);
    assert!(ok, "{program} {arguments:?} failed: {text}");
    text
}

pub fn try_run(directory: &Path, program: &str, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        // The hook `pre-push` runs the program, which is not built here; the command line's tests let it ask.
        .env("GATOS_LEAVING_JUDGED", "1")
        .env("GIT_AUTHOR_NAME", "t")
        .env("GIT_AUTHOR_EMAIL", "t@example.org")
        .env("GIT_COMMITTER_NAME", "t")
        .env("GIT_COMMITTER_EMAIL", "t@example.org")
        .output()
        .unwrap_or_else(|error| panic!("{program} cannot be started: {error}"));
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        text.push_str(&String::from_utf8_lossy(&output.stderr));
    }
    (output.status.success(), text)
}

pub fn append(node: &Node, intents: &[Intent]) -> Vec<Appended> {
    node.append(intents, Acknowledgement::Visible)
        .expect("the append works")
}

pub fn log_ids(node: &Node, namespace: &str) -> Vec<String> {
    node.log(LogQuery::all(ns(namespace)))
        .expect("the log opens")
        .map(|entry| entry.expect("the entry reads").event.id().to_string())
        .collect()
}

pub fn code<T: std::fmt::Debug>(outcome: Result<T, Fault>) -> &'static str {
    outcome.expect_err("a fault was expected").code.as_str()
}
