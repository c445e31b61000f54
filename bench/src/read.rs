//! Reading, verifying and cloning 100,000 events.

use std::process::{Command, Stdio};
use std::time::Instant;

use ed25519_dalek::{Signature, VerifyingKey};
use gatos_node::{Acknowledgement, Intent, LogQuery, VerifyScope};
use gatos_values::SealedEvent;

use crate::bed::{Bed, Signer, folder, intent, namespace, payload};
use crate::report::{Bar, Report};
use crate::sqlite::Database;
use crate::statistics::{median, median_of, medians_of, run_count, scaled};

const EVENT_COUNT: usize = 100_000;
const BATCH: usize = 1_024;

pub fn run(report: &mut Report) {
    let count = scaled(EVENT_COUNT);
    let bed = filled(count);
    let database = filled_database(&bed, count);
    let (ours, sqlite) = medians_of(
        || seconds(|| assert_eq!(replay(&bed), count)),
        || seconds(|| assert_eq!(database.read_all().0, count)),
    );
    report.compare(
        format!("replay of {count}"),
        ours,
        "s",
        ("SQLite", sqlite),
        Some(Bar::AtMost(1.0)),
    );
    let git_log =
        median_of(|| seconds(|| drop(bed.git(&["log", "--reverse", "--format=%B", "--all"]))));
    report.compare(
        format!("replay of {count}"),
        ours,
        "s",
        ("git log --reverse", git_log),
        None,
    );
    let (ours, plain) = medians_of(
        || seconds(|| verify(&bed, count)),
        || verify_one_by_one(&bed),
    );
    report.compare(
        format!("strict verification of {count}, signatures included"),
        ours,
        "s",
        ("dalek verify_strict, one core", plain * count as f64),
        Some(Bar::AtMost(3.0)),
    );
    clone(report, &bed, count);
}

fn seconds(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64()
}

fn filled(count: usize) -> Bed {
    let bed = Bed::new();
    let node = bed.node();
    node.writer().expect("the writer opens").start_background();
    let ns = namespace("c0");
    for first in (0..count).step_by(BATCH) {
        let last = (first + BATCH).min(count);
        let call: Vec<Intent> = (first..last).map(|number| intent(&ns, number)).collect();
        node.append(&call, Acknowledgement::Durable)
            .expect("the append works");
    }
    node.close_writer().expect("everything becomes visible");
    drop(node);
    bed
}

fn filled_database(bed: &Bed, count: usize) -> Database {
    let database = Database::open(&bed.folder().join("events.sqlite"));
    let mut signer = Signer::new(&bed.node(), &namespace("c0"));
    for first in (0..count).step_by(BATCH) {
        let last = (first + BATCH).min(count);
        database.append(&signer.seal((first..last).map(payload).collect()));
    }
    database
}

/// Every event in canonical order, decoded.
fn replay(bed: &Bed) -> usize {
    let node = bed.node();
    let reader = node
        .log(LogQuery::all(namespace("c0")))
        .expect("the log opens");
    reader
        .map(|entry| entry.expect("the entry reads").event.bytes().len())
        .filter(|size| *size > 0)
        .count()
}

fn verify(bed: &Bed, count: usize) {
    let report = bed
        .node()
        .verify(VerifyScope::All, None, &mut |_| {})
        .expect("everything verifies");
    assert_eq!(report.event_count, count as u64);
}

/// Seconds that one strict verification takes, as `ed25519-dalek` does it without a prepared key.
fn verify_one_by_one(bed: &Bed) -> f64 {
    let mut signer = Signer::new(&bed.node(), &namespace("c9"));
    let events: Vec<SealedEvent> = signer.seal((0..500).map(payload).collect());
    let begun = Instant::now();
    for event in &events {
        let signature = event.signature();
        let key =
            VerifyingKey::from_bytes(signature.public.as_bytes()).expect("the key is a point");
        let message = gatos_values::sshsig::signed_data("gatos-event", event.bytes());
        key.verify_strict(&message, &Signature::from_bytes(&signature.signature))
            .expect("the signature is good");
    }
    begun.elapsed().as_secs_f64() / events.len() as f64
}

fn clone(report: &mut Report, bed: &Bed, count: usize) {
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    for _ in 0..run_count() {
        let target = folder();
        let copy = target.path().join("copy.git");
        times.push(seconds(|| {
            let status = Command::new("git")
                .args(["clone", "--quiet", "--mirror", "--no-local"])
                .arg(bed.repository())
                .arg(&copy)
                .stdin(Stdio::null())
                .status()
                .expect("git starts");
            assert!(status.success());
        }));
        sizes.push(size(&copy) as f64 / 1e6);
    }
    report.add(
        format!("git clone --mirror of {count}"),
        median(&mut times),
        "s",
        Some(Bar::AtMost(3.0)),
    );
    report.add(
        format!("size of that clone of {count}"),
        median(&mut sizes),
        "MB",
        Some(Bar::AtMost(80.0)),
    );
}

fn size(folder: &std::path::Path) -> u64 {
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
