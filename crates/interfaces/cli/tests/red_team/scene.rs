//! The scene: a hub behind the push gate, two honest actors with a history, and a pusher who has stock Git.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gatos_fold::compile_yaml;
use gatos_ledger::{ObjectId, Repository, refs};
use gatos_node::keys::{KeyStore, Signer};
use gatos_node::{Acknowledgement, Intent, Node, NodeOptions};
use gatos_policy::governance::ChangeOperation;
use gatos_values::{Actor, EventType, KeyId, Namespace, PublicKey, Sha256Digest, SigningKey, json};

use crate::transports::Transport;

const FOLD: &str = "version: 1\nreducers:\n  - kind: count-by\n    key: \"$.k\"\nemit:\n  - path: \"state/ops/counts.json\"\n";

const POLICY: &str = "version: 1
rules:
  - id: ops-append
    when: { intent: \"write\", path: \"gatos/journal/ops/**\" }
    allow_if: [\"trust[actor].level >= 0\"]
    deny_if: [\"payload.k == 'forbidden'\"]
  - id: vault-append
    when: { intent: \"write\", path: \"gatos/journal/vault/**\" }
    allow_if: [\"true\"]
  - id: changes
    when: { intent: \"govern\" }
    deny_if:
      - \"payload.op == 'actor.level' and payload.level > 3\"
      - \"payload.kind == 'export'\"
";

/// The largest push the hub of the scene takes, in bytes.
pub const INPUT_SIZE_MAX: usize = 4 << 20;

/// Everything the attacks need.
pub struct Scene {
    folder: tempfile::TempDir,
    pub transport: Transport,
    pub alice: Person,
    pub bob: Person,
}

/// An honest actor, whose key the attacker may have got hold of.
pub struct Person {
    pub actor: Actor,
    pub key: SigningKey,
}

impl Person {
    pub fn public(&self) -> PublicKey {
        self.key.public()
    }

    pub fn key_id(&self) -> KeyId {
        self.public().key_id()
    }
}

pub fn ns(text: &str) -> Namespace {
    Namespace::parse(text).expect("a namespace of the test")
}

impl Scene {
    pub fn new(transport: Transport) -> Scene {
        // In memory where the system has such: what a flush does on a real disk is tested elsewhere.
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        let folder = folder.expect("a temporary folder");
        let root = folder.path().canonicalize().expect("it is there");
        let gatos = |home: &str, arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_gatos"));
            command
                .args(arguments)
                .current_dir(&root)
                .env("GATOS_HOME", root.join(home))
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .env("GIT_CONFIG_GLOBAL", root.join("no-git-config"))
                .env_remove("SSH_AUTH_SOCK");
            succeed(command)
        };
        let init = [
            "init",
            "--bare",
            "--profile",
            "push-gate",
            "--actor",
            "user:alice",
        ];
        gatos(
            "gate",
            &[&init[..], &["--name", "ledger", "hub.git"]].concat(),
        );
        git(
            &root.join("hub.git"),
            &[
                "config",
                "receive.maxInputSize",
                &INPUT_SIZE_MAX.to_string(),
            ],
        );
        git(
            &root.join("hub.git"),
            &["config", "http.receivepack", "true"],
        );
        let alice = person(&root.join("gate"), "user:alice", &root.join("hub.git"));
        let bob_key = KeyStore::open(Some(&root.join("bob")))
            .expect("a home")
            .with_agent(None)
            .generate()
            .expect("a key");
        let scene = Scene {
            bob: Person {
                actor: Actor::parse("user:bob").expect("an actor"),
                key: signing_key(&root.join("bob"), &bob_key.key_id()),
            },
            alice,
            transport,
            folder,
        };
        scene.write_history(&bob_key);
        scene
    }

    /// Governance with a second actor and a fold, two journals, a checkpoint: all through the gate.
    fn write_history(&self, bob: &PublicKey) {
        let alice = self.clone_as("alice-desk", "gate");
        alice.enrol(&self.bob.actor, bob).expect("bob is enrolled");
        let compiled = compile_yaml(FOLD).expect("the fold compiles");
        alice
            .fold_install(&ns("ops"), &compiled.rgf, None)
            .expect("the fold installs");
        let policy = gatos_policy::language::compile(POLICY).expect("the policy compiles");
        alice
            .policy_activate(
                &policy.rgc,
                &[("ops.rgs".to_owned(), POLICY.as_bytes().to_vec())],
            )
            .expect("the policy is activated");
        alice
            .govern(vec![ChangeOperation::NamespaceSet {
                ns: ns("vault"),
                export: false,
            }])
            .expect("the vault is kept");
        for k in ["a", "b", "c"] {
            append(&alice, &self.alice.actor, k);
        }
        sync(&alice);
        let bob = self.clone_as("bob-desk", "bob");
        for k in ["a", "d"] {
            append(&bob, &self.bob.actor, k);
        }
        append_labelled(&bob, &self.bob.actor);
        bob.fold_run(&ns("ops"), &mut |_| {})
            .expect("the fold runs");
        sync(&bob);
        sync(&alice);
        alice
            .epoch_new(&ns("ops"), &mut |_| {})
            .expect("epoch 0 is sealed");
        sync(&alice);
        sync(&bob);
        append(&bob, &self.bob.actor, "e");
        bob.fold_run(&ns("ops"), &mut |_| {})
            .expect("the fold runs");
        sync(&bob);
        git(
            &self.root(),
            &["clone", "-q", "--mirror", "hub.git", "pusher.git"],
        );
        let pusher = self.pusher();
        git(
            &pusher,
            &[
                "remote",
                "set-url",
                "origin",
                &self.transport.url(&self.hub()),
            ],
        );
        git(&pusher, &["config", "remote.origin.mirror", "false"]);
    }

    /// A clone with its own folder of keys.
    pub fn clone_as(&self, desk: &str, home: &str) -> Node {
        let options = NodeOptions {
            home: Some(self.root().join(home)),
            ..NodeOptions::default()
        };
        let url = self.hub().display().to_string();
        let desk = self.root().join(desk);
        Node::clone_from(&url, &desk, None, options.clone(), &mut |_| {}).expect("the clone works");
        Node::open(&desk, options).expect("it opens")
    }

    /// Alice, who governs, gives Bob a new key in the place of the old one, which counts as lost; the old one is revoked
    /// with a cut. The gate becomes as patient as it can be.
    pub fn replace_the_key_of_bob(&self) {
        let alice = self.clone_as("alice-again", "gate");
        alice
            .rotate(self.bob.key_id(), true)
            .expect("the key is replaced");
        sync(&alice);
        git(&self.hub(), &["config", "gatos.policyLag", "any"]);
        // The thief keeps up with what is there.
        let hub = self.hub().display().to_string();
        git(
            &self.pusher(),
            &["fetch", "-q", &hub, "+refs/gatos/*:refs/gatos/*"],
        );
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("it is there")
    }

    pub fn hub(&self) -> PathBuf {
        self.root().join("hub.git")
    }

    pub fn pusher(&self) -> PathBuf {
        self.root().join("pusher.git")
    }

    /// The policy in force.
    pub fn policy_root(&self) -> Sha256Digest {
        let policy = gatos_policy::language::compile(POLICY).expect("the policy compiles");
        policy.root
    }

    /// What a ref of the hub holds.
    pub fn at(&self, name: &str) -> ObjectId {
        let hub = Repository::open(&self.hub()).expect("the hub opens");
        refs::read(&hub, name).expect("it reads").expect(name)
    }

    /// The journal of a person in `ops`.
    pub fn journal(&self, person: &Person) -> String {
        format!(
            "refs/gatos/journal/ops/user/{}/{}",
            person.actor.name(),
            person.key_id()
        )
    }

    /// Pushes with stock Git and gives what it said.
    pub fn push(&self, arguments: &[String]) -> Output {
        let mut command = stock_git(&self.pusher());
        command.args(["push", "origin"]).args(arguments);
        self.transport.prepare(&mut command);
        command.output().expect("git runs")
    }
}

/// An event that may not leave, in the namespace that is kept.
fn append_labelled(node: &Node, actor: &Actor) {
    let payload = json::decode_strict(br#"{"name":"Ada"}"#, 1024);
    let mut intent = Intent::new(
        ns("vault"),
        EventType::parse("note").expect("a type"),
        payload.expect("JSON"),
    );
    intent.actor = Some(actor.clone());
    intent.labels = vec![EventType::parse("pii").expect("a label")];
    node.append(&[intent], Acknowledgement::Visible)
        .expect("the append works");
}

pub fn append(node: &Node, actor: &Actor, k: &str) {
    let payload = json::decode_strict(format!(r#"{{"k":"{k}"}}"#).as_bytes(), 1024);
    let mut intent = Intent::new(
        ns("ops"),
        EventType::parse("tick").expect("a type"),
        payload.expect("JSON"),
    );
    intent.actor = Some(actor.clone());
    node.append(&[intent], Acknowledgement::Visible)
        .expect("the append works");
}

pub fn sync(node: &Node) {
    let report = node
        .sync("origin", true, &mut |_| {})
        .expect("the sync works");
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

fn person(home: &Path, actor: &str, repository: &Path) -> Person {
    let key = git(repository, &["config", "gatos.key"]);
    let key = KeyId::parse(key.trim()).expect("a key id");
    Person {
        actor: Actor::parse(actor).expect("an actor"),
        key: signing_key(home, &key),
    }
}

fn signing_key(home: &Path, key: &KeyId) -> SigningKey {
    let store = KeyStore::open(Some(home)).expect("a home").with_agent(None);
    match store.find(key).expect("it reads").expect("it is there") {
        Signer::File(key) => key,
        Signer::Agent(..) => panic!("the key is in a file"),
    }
}

/// Stock Git with nothing of this machine's settings.
pub fn stock_git(directory: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(directory)
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_AUTHOR_NAME", "m")
        .env("GIT_AUTHOR_EMAIL", "m@example.org")
        .env("GIT_COMMITTER_NAME", "m")
        .env("GIT_COMMITTER_EMAIL", "m@example.org");
    command
}

pub fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut command = stock_git(directory);
    command.args(arguments);
    succeed(command)
}

pub fn succeed(mut command: Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
