//! A repository with three actors of their own keys, in a folder that goes with it unless a test failed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gatos_node::{InitOptions, Node, NodeOptions};
use gatos_values::Actor;
use tempfile::TempDir;

use crate::lanes::Acknowledged;
use crate::work::{ACTORS, Call, CallName};

/// How long a writer of the tests waits for its turn: longer than any test runs.
const PATIENCE: Duration = Duration::from_secs(300);

/// Repository and key folder.
pub struct Scene {
    folder: Option<TempDir>,
    repository: PathBuf,
    home: PathBuf,
}

impl Scene {
    /// A new repository in a temporary folder; `GATOS_CRASH_DIR` says where that is made.
    pub fn new() -> Scene {
        let folder = temporary_folder();
        let scene = Scene {
            repository: folder.path().join("repository"),
            home: folder.path().join("home"),
            folder: Some(folder),
        };
        scene.make();
        scene
    }

    /// A new repository at `repository`, a folder of another's keeping; keys lie in `home`.
    pub fn at(repository: &Path, home: &Path) -> Scene {
        let scene = Scene {
            folder: None,
            repository: repository.to_owned(),
            home: home.to_owned(),
        };
        scene.make();
        scene
    }

    fn make(&self) {
        let first = Actor::parse(ACTORS[0]).expect("an actor of the test");
        Node::init(&InitOptions {
            directory: self.repository.clone(),
            actor: Some(first),
            home: Some(self.home.clone()),
            ..InitOptions::default()
        })
        .expect("init works in an empty folder");
        let node = self.node();
        for name in &ACTORS[1..] {
            let public = node.keys().generate().expect("a key is made");
            let actor = Actor::parse(name).expect("an actor of the test");
            node.enrol(&actor, &public).expect("the actor is enrolled");
        }
        node.close_writer().expect("the writer closes");
    }

    pub fn repository(&self) -> &Path {
        &self.repository
    }

    pub fn home(&self) -> &Path {
        &self.home
    }

    /// A file beside the repository.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.home
            .parent()
            .expect("the key folder has a parent")
            .join(name)
    }

    pub fn try_node(&self) -> Result<Node, gatos_node::Fault> {
        open(&self.repository, &self.home)
    }

    pub fn node(&self) -> Node {
        self.try_node().expect("the repository opens")
    }

    /// Becomes the writer, recovers, appends one call and lets go.
    pub fn append(&self, name: CallName) -> Result<Vec<Acknowledged>, gatos_node::Fault> {
        let call = Call::draw(name);
        let node = self.try_node()?;
        let appended = node.append(&call.intents, call.ack)?;
        node.close_writer()?;
        Ok(Acknowledged::all(appended, true))
    }

    /// Leaves the folder where it is, for inspection.
    pub fn keep(&mut self) -> PathBuf {
        match self.folder.take() {
            Some(folder) => folder.keep(),
            None => self.repository.clone(),
        }
    }
}

/// Opens a node that waits for its turn as long as it takes.
pub fn open(repository: &Path, home: &Path) -> Result<Node, gatos_node::Fault> {
    Node::open(
        repository,
        NodeOptions {
            home: Some(home.to_owned()),
            writer_patience: PATIENCE,
            ..NodeOptions::default()
        },
    )
}

pub fn temporary_folder() -> TempDir {
    let made = match std::env::var_os("GATOS_CRASH_DIR") {
        Some(folder) => TempDir::with_prefix_in("gatos-crash-", folder),
        None => TempDir::with_prefix("gatos-crash-"),
    };
    made.expect("a temporary folder")
}
