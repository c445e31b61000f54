//! A long run: a million events in batches and singles, folded on the way, verified, checked and cloned.
//!
//! Prints figures and asserts only what must hold on any machine: every event is there, everything verifies,
//! `git fsck --strict` is clean. Run it with `cargo xtask soak --events 1000000`.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use gatos_fold::compile_yaml;
use gatos_node::{Acknowledgement, Intent, LogQuery, Node, VerifyScope};
use gatos_values::{EventType, Map, Namespace, Text, Value};

use crate::dice::{self, Dice};
use crate::scene::Scene;
use crate::stock;

/// Events of a batch.
const BATCH_LENGTH: u64 = 256;
/// Single durable appends after each batch.
const SINGLES_PER_BATCH: u64 = 8;
/// One call in so many waits until its event is visible.
const BATCHES_PER_VISIBLE: u64 = 16;
const STEP_COUNT: u64 = 10;
/// Keys of the fold's table.
const KEY_COUNT: u64 = 10_000;

const FOLD: &str = r#"
version: 1
reducers:
  - name: meters
    kind: map-join-lww
    key: "$.meter"
  - name: totals
    kind: sum-by
    key: "$.region"
    value: "$.amount"
emit:
  - path: "state/meters.json"
    from: meters
  - path: "state/totals.json"
    from: totals
"#;

#[test]
#[ignore = "runs for minutes; `cargo xtask soak --events N`"]
fn a_million_events() {
    let event_count = dice::number_from("GATOS_SOAK_EVENTS", 100_000);
    let seed = dice::seed();
    println!("soak: {event_count} events, seed {seed}");
    let scene = Scene::new();
    let ns = Namespace::parse("meters").expect("a namespace of the test");
    let mut soak = Soak::new(&scene, ns.clone(), seed);
    for step in 1..=STEP_COUNT {
        soak.append_until(event_count * step / STEP_COUNT);
        soak.fold(step);
    }
    soak.append_until(event_count + 1_000);
    soak.fold(STEP_COUNT + 1);
    soak.print_latencies();
    let appended = soak.appended;
    drop(soak);
    read(&scene, &ns, appended);
    verify(&scene, appended);
    timed("git fsck --strict", || {
        stock::git(scene.repository(), &["fsck", "--strict", "--no-progress"])
            .expect("git finds nothing wrong")
    });
    clone(&scene);
}

struct Soak {
    node: Node,
    ns: Namespace,
    dice: Dice,
    appended: u64,
    batches: Vec<Duration>,
    singles: Vec<Duration>,
    visibles: Vec<Duration>,
    flushes: Vec<Duration>,
    probe: File,
    begun: Instant,
}

impl Soak {
    fn new(scene: &Scene, ns: Namespace, seed: u64) -> Soak {
        let node = scene.node();
        let compiled = compile_yaml(FOLD).expect("the fold compiles");
        node.fold_install(&ns, &compiled.rgf, Some(("meters.yaml", FOLD.as_bytes())))
            .expect("the fold installs");
        let mut probe = File::create(scene.beside("probe")).expect("a probe file is made");
        probe.write_all(&[0; 4096]).expect("the probe is written");
        probe.sync_all().expect("the probe is flushed");
        Soak {
            node,
            ns,
            dice: Dice::new(seed),
            appended: 0,
            batches: Vec::new(),
            singles: Vec::new(),
            visibles: Vec::new(),
            flushes: Vec::new(),
            probe,
            begun: Instant::now(),
        }
    }

    fn append_until(&mut self, wanted: u64) {
        self.node
            .writer()
            .expect("the writer opens")
            .start_background();
        while self.appended < wanted {
            let length = BATCH_LENGTH.min(wanted - self.appended);
            let taken = self.append(length, Acknowledgement::Durable);
            self.batches.push(taken);
            for _ in 0..SINGLES_PER_BATCH.min(wanted - self.appended) {
                let taken = self.append(1, Acknowledgement::Durable);
                self.singles.push(taken);
            }
            let is_visible_turn = (self.batches.len() as u64).is_multiple_of(BATCHES_PER_VISIBLE);
            if is_visible_turn && self.appended < wanted {
                let taken = self.append(1, Acknowledgement::Visible);
                self.visibles.push(taken);
                self.node
                    .writer()
                    .expect("the writer is open")
                    .upkeep()
                    .expect("upkeep works");
            }
            let flushed = self.probe_flush();
            self.flushes.push(flushed);
        }
    }

    fn append(&mut self, length: u64, ack: Acknowledgement) -> Duration {
        let intents: Vec<Intent> = (0..length).map(|_| self.intent()).collect();
        let begun = Instant::now();
        let appended = self.node.append(&intents, ack).expect("the append works");
        let taken = begun.elapsed();
        self.appended += appended.len() as u64;
        taken
    }

    /// About 300 bytes of envelope payload.
    fn intent(&mut self) -> Intent {
        let ascii = |text: String| Value::Text(Text::new(&text).expect("ASCII is text"));
        let payload = Map::new()
            .with(
                "meter",
                ascii(format!("m{:05}", self.dice.below(KEY_COUNT))),
            )
            .with("region", ascii(format!("r{:02}", self.dice.below(50))))
            .with("amount", Value::from(self.dice.below(100_000)))
            .with("note", ascii("x".repeat(220)));
        Intent::new(
            self.ns.clone(),
            EventType::parse("meter.read").expect("a type of the test"),
            Value::Map(payload),
        )
    }

    /// What one flush of four KiB costs at this moment, beside everything else.
    fn probe_flush(&mut self) -> Duration {
        self.probe.rewind().expect("the probe is a file");
        let begun = Instant::now();
        self.probe
            .write_all(&[1; 4096])
            .expect("the probe is written");
        self.probe.sync_data().expect("the probe is flushed");
        begun.elapsed()
    }

    fn fold(&mut self, step: u64) {
        let begun = Instant::now();
        let report = self
            .node
            .fold_run(&self.ns, &mut |_| {})
            .expect("the fold runs");
        assert_eq!(report.event_count, self.appended);
        println!(
            "step {step:>2}: {:>9} events after {:>6.1} s; fold read {:>7} in {:>6.0} ms; {}",
            self.appended,
            self.begun.elapsed().as_secs_f64(),
            report.read_count,
            begun.elapsed().as_secs_f64() * 1000.0,
            memory()
        );
    }

    fn print_latencies(&mut self) {
        for (name, times) in [
            ("batch of 256, durable", &mut self.batches),
            ("single, durable", &mut self.singles),
            ("single, visible", &mut self.visibles),
            ("flush of 4 KiB beside", &mut self.flushes),
        ] {
            times.sort_unstable();
            println!(
                "{name:<24} n {:>6}  p50 {:>8.3} ms  p99 {:>8.3} ms  max {:>8.3} ms",
                times.len(),
                milliseconds(times, 50),
                milliseconds(times, 99),
                milliseconds(times, 100),
            );
        }
    }
}

fn milliseconds(sorted: &[Duration], percent: usize) -> f64 {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted
        .get(index)
        .map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

/// What the kernel says of our memory; pages of mapped packs are the `file` part.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kibibytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        kibibytes.unwrap_or(0) / 1024
    };
    format!(
        "memory {} MiB (own {}, file {}), at most {}",
        field("VmRSS:"),
        field("RssAnon:"),
        field("RssFile:"),
        field("VmHWM:")
    )
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    println!(
        "{what:<24} {:>8.2} s; {}",
        begun.elapsed().as_secs_f64(),
        memory()
    );
    done
}

fn read(scene: &Scene, ns: &Namespace, appended: u64) {
    let node = scene.node();
    let count = timed("read everything", || {
        let reader = node.log(LogQuery::all(ns.clone())).expect("the log opens");
        reader
            .inspect(|entry| assert!(entry.is_ok(), "the entry reads"))
            .count()
    });
    assert_eq!(count as u64, appended);
}

fn verify(scene: &Scene, appended: u64) {
    let node = scene.node();
    let report = timed("verify everything", || {
        node.verify(VerifyScope::All, None, &mut |_| {})
            .expect("everything verifies")
    });
    assert_eq!(report.event_count, appended);
}

fn clone(scene: &Scene) {
    let target = scene.beside("clone.git");
    let arguments = ["clone", "--quiet", "--mirror", "--no-local"];
    let source = scene.repository().to_string_lossy();
    let copy = target.to_string_lossy();
    let parent = scene.home().parent().expect("the key folder has a parent");
    timed("git clone --mirror", || {
        let all: Vec<&str> = arguments.into_iter().chain([&*source, &*copy]).collect();
        stock::git(parent, &all).expect("git clones")
    });
    println!(
        "size: clone {} MiB, repository {} MiB",
        size(&target) >> 20,
        size(&scene.repository().join(".git")) >> 20
    );
}

fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
