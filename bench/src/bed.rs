//! What is measured on: a repository on the disk in question, payloads, events signed beforehand.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gatos_node::signing::ActingKey;
use gatos_node::{InitOptions, Intent, Node, NodeOptions};
use gatos_values::{
    Actor, Envelope, EventId, EventType, Map, Namespace, ResourceUri, SealedEvent, Text, Ulid,
    Value,
};
use tempfile::TempDir;

/// Signatures are made by as many threads as there are cores, for batches from this size on; ours does so,
/// so the peers do too.
pub const PARALLEL_SIGNING_COUNT_MIN: usize = 64;

/// A repository that goes away afterwards.
pub struct Bed {
    folder: TempDir,
}

pub fn folder() -> TempDir {
    let made = match std::env::var_os("BENCH_DIR") {
        Some(folder) => TempDir::with_prefix_in("gatos-bench-", folder),
        None => TempDir::with_prefix("gatos-bench-"),
    };
    made.expect("a temporary folder")
}

impl Bed {
    pub fn new() -> Bed {
        let bed = Bed { folder: folder() };
        Node::init(&InitOptions {
            directory: bed.repository(),
            actor: Some(actor()),
            home: Some(bed.home()),
            ..InitOptions::default()
        })
        .expect("init works in an empty folder");
        bed
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn repository(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub fn node(&self) -> Node {
        let options = NodeOptions {
            home: Some(self.home()),
            ..NodeOptions::default()
        };
        Node::open(&self.repository(), options).expect("the repository opens")
    }

    pub fn git(&self, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.repository())
            .stdin(Stdio::null())
            .output()
            .expect("git starts");
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }
}

pub fn actor() -> Actor {
    Actor::parse("user:bench").expect("a constant name")
}

pub fn namespace(name: &str) -> Namespace {
    Namespace::parse(name).expect("a constant name")
}

pub fn event_type() -> EventType {
    EventType::parse("meter.read").expect("a constant name")
}

/// A payload of about 300 bytes as canonical JSON that differs from number to number.
pub fn payload(number: usize) -> Value {
    let ascii = |text: String| Value::Text(Text::new(&text).expect("ASCII is text"));
    // SplitMix64 as text that does not compress to nothing.
    let noise: String = (0..6_u64)
        .map(|part| {
            let mut mixed = (number as u64 * 6 + part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            format!("{:016x}", mixed ^ (mixed >> 31))
        })
        .collect();
    let map = Map::new()
        .with("amount", Value::from((number % 100_000) as u64))
        .with("meter", ascii(format!("m{:05}", number % 10_000)))
        .with("noise", ascii(noise))
        .with(
            "note",
            ascii("the quick brown fox jumps over the lazy dog; ".repeat(3)),
        )
        .with("region", ascii(format!("r{:02}", number % 50)));
    Value::Map(map)
}

pub fn intent(ns: &Namespace, number: usize) -> Intent {
    Intent::new(ns.clone(), event_type(), payload(number))
}

/// Makes envelopes of one journal, as the node does, and signs them.
pub struct Signer {
    template: Envelope,
    acting: Arc<ActingKey>,
    time_ms: u64,
    number: u128,
}

impl Signer {
    pub fn new(node: &Node, ns: &Namespace) -> Signer {
        let chain = node.governance().expect("there is a genesis");
        let acting = node
            .acting_key(&chain, None, None)
            .expect("the key is at hand");
        let version = chain.version();
        let template = Envelope {
            repo: chain.repository_id(),
            ns: ns.clone(),
            actor: acting.actor.clone(),
            key: acting.key,
            event_type: event_type(),
            ulid: Ulid::from_parts(0, 0).expect("zero fits"),
            prev: None,
            resource: ResourceUri::journal(chain.repository_name(), ns),
            payload: Value::Null,
            caps: Vec::new(),
            labels: Vec::new(),
            idem: None,
            session: None,
            gov: chain.head(),
            policy_root: chain.policy_root_at(version),
            fold_root: chain.fold_root_at(ns, version),
        };
        Signer {
            template,
            acting,
            time_ms: gatos_node::clock::now_ms(),
            number: 0,
        }
    }

    /// The next envelopes of the journal and their bytes, not yet signed.
    pub fn envelopes(&mut self, payloads: Vec<Value>) -> Vec<(Envelope, Vec<u8>)> {
        payloads
            .into_iter()
            .map(|payload| {
                self.number += 1;
                let ulid = Ulid::from_parts(self.time_ms, self.number).expect("small numbers fit");
                let envelope = Envelope {
                    ulid,
                    payload,
                    ..self.template.clone()
                };
                let bytes = envelope.encode().expect("the envelope is small");
                self.template.prev = Some(EventId::of_envelope(&bytes));
                (envelope, bytes)
            })
            .collect()
    }

    pub fn sign(&self, envelope: Envelope, bytes: &[u8]) -> SealedEvent {
        let signature = self.acting.sign_event(bytes).expect("a key file signs");
        SealedEvent::from_signed(envelope, signature).expect("what was just made fits")
    }

    /// Envelopes, ids and signatures of a batch, on all cores when it is large.
    pub fn seal(&mut self, payloads: Vec<Value>) -> Vec<SealedEvent> {
        let envelopes = self.envelopes(payloads);
        let thread_count = std::thread::available_parallelism().map_or(1, usize::from);
        if envelopes.len() < PARALLEL_SIGNING_COUNT_MIN || thread_count == 1 {
            return envelopes
                .into_iter()
                .map(|(envelope, bytes)| self.sign(envelope, &bytes))
                .collect();
        }
        let share = envelopes.len().div_ceil(thread_count);
        std::thread::scope(|scope| {
            let mut rest = envelopes.into_iter();
            let mut threads = Vec::new();
            loop {
                let part: Vec<_> = rest.by_ref().take(share).collect();
                if part.is_empty() {
                    break;
                }
                let signer = &*self;
                threads.push(scope.spawn(move || {
                    part.into_iter()
                        .map(|(envelope, bytes)| signer.sign(envelope, &bytes))
                        .collect::<Vec<_>>()
                }));
            }
            threads
                .into_iter()
                .flat_map(|thread| thread.join().expect("signing does not panic"))
                .collect()
        })
    }
}

/// What one flush costs on this disk at this moment: a rewritten block of 4 KiB and `fdatasync`.
pub struct FlushProbe {
    file: File,
    _folder: TempDir,
}

impl FlushProbe {
    pub fn new() -> FlushProbe {
        let folder = folder();
        let mut file = File::create(folder.path().join("probe")).expect("a file is made");
        file.write_all(&[0; 4096]).expect("the file is written");
        file.sync_all().expect("the file is flushed");
        FlushProbe {
            file,
            _folder: folder,
        }
    }

    pub fn times(&mut self, count: usize) -> Vec<Duration> {
        (0..count)
            .map(|_| {
                self.file.rewind().expect("a file has a beginning");
                let begun = Instant::now();
                self.file
                    .write_all(&[1; 4096])
                    .expect("the file is written");
                self.file.sync_data().expect("the file is flushed");
                begun.elapsed()
            })
            .collect()
    }
}
