//! Appends: signed inside the timed region, durable at the end of each call, beside SQLite and `git commit-tree`.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gatos_ledger::Writer;
use gatos_node::{Acknowledgement, Intent};
use gatos_values::{SealedEvent, Value, VerifyingContext};

use crate::bed::{Bed, FlushProbe, Signer, intent, namespace, payload};
use crate::command_line;
use crate::report::{Bar, Report};
use crate::sqlite::Database;
use crate::statistics::{median, median_of, medians_of, percentile_ms, run_count, scaled};

const CLIENT_COUNT: usize = 16;
/// Batch size and events of a run, for one client.
const CASES: &[(usize, usize)] = &[(1, 2_000), (16, 16_000), (256, 51_200), (4096, 81_920)];

pub fn run(report: &mut Report) {
    flush(report);
    for (clients, factor) in [(1, 1), (CLIENT_COUNT, 4)] {
        for (batch, events) in CASES {
            against_sqlite(report, *batch, clients, scaled(events * factor));
        }
    }
    against_git(report);
    many_clients(report);
    visible(report);
    command_line::run(report);
}

fn flush(report: &mut Report) {
    let mut times = FlushProbe::new().times(500);
    report.add(
        "flush of 4 KiB, p50",
        percentile_ms(&mut times, 50),
        "ms",
        None,
    );
    report.add(
        "flush of 4 KiB, p99",
        percentile_ms(&mut times, 99),
        "ms",
        None,
    );
}

fn against_sqlite(report: &mut Report, batch: usize, clients: usize, events: usize) {
    // Each client makes whole calls.
    let per_client = (events / clients).next_multiple_of(batch);
    let (ours, sqlite) = medians_of(
        || signed(batch, clients, per_client),
        || signed_into_sqlite(batch, clients, per_client),
    );
    let bar = (batch == 256 && clients == 1).then_some(Bar::Ratio(0.8));
    report.compare(
        format!("signed durable, {clients} client(s), batches of {batch}"),
        ours,
        "events/s",
        ("SQLite", sqlite),
        bar,
    );
}

/// Events a second through the node: gate, envelope, signature, log, flush; the background makes them visible.
fn signed(batch: usize, clients: usize, per_client: usize) -> f64 {
    let bed = Bed::new();
    let node = bed.node();
    node.writer().expect("the writer opens").start_background();
    let calls: Vec<Vec<Vec<Intent>>> = (0..clients)
        .map(|client| {
            let ns = namespace(&format!("c{client}"));
            let all: Vec<Intent> = (0..per_client).map(|number| intent(&ns, number)).collect();
            all.chunks(batch).map(<[Intent]>::to_vec).collect()
        })
        .collect();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for calls in &calls {
            let node = &node;
            scope.spawn(move || {
                for call in calls {
                    node.append(call, Acknowledgement::Durable)
                        .expect("the append works");
                }
            });
        }
    });
    (clients * per_client) as f64 / begun.elapsed().as_secs_f64()
}

/// The same envelopes and signatures, one transaction a call.
fn signed_into_sqlite(batch: usize, clients: usize, per_client: usize) -> f64 {
    let bed = Bed::new();
    let node = bed.node();
    let database = Database::open(&bed.folder().join("events.sqlite"));
    let calls: Vec<(Signer, Vec<Vec<Value>>)> = (0..clients)
        .map(|client| {
            let ns = namespace(&format!("c{client}"));
            let all: Vec<Value> = (0..per_client).map(payload).collect();
            (
                Signer::new(&node, &ns),
                all.chunks(batch).map(<[Value]>::to_vec).collect(),
            )
        })
        .collect();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for (mut signer, calls) in calls {
            let database = &database;
            scope.spawn(move || {
                for call in calls {
                    database.append(&signer.seal(call));
                }
            });
        }
    });
    (clients * per_client) as f64 / begun.elapsed().as_secs_f64()
}

fn against_git(report: &mut Report) {
    let count = scaled(100);
    let (ours, git) = medians_of(
        || signed(1, CLIENT_COUNT, scaled(500)),
        || signed_through_git(count),
    );
    report.compare(
        "signed durable, 16 clients, singles",
        ours,
        "events/s",
        ("git commit-tree + update-ref", git),
        Some(Bar::Ratio(100.0)),
    );
}

/// One commit and one ref update an event, flushed as far as git can be told to.
fn signed_through_git(count: usize) -> f64 {
    let bed = Bed::new();
    let node = bed.node();
    let mut signer = Signer::new(&node, &namespace("c0"));
    let mut parent: Option<String> = None;
    let begun = Instant::now();
    for number in 0..count {
        let event = signer.seal(vec![payload(number)]).remove(0);
        let signature = event.signature().to_base64_line();
        let mut message = event.bytes().to_vec();
        message.extend_from_slice(format!("\n\nSig: {signature}\n").as_bytes());
        let mut arguments = vec!["commit-tree", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"];
        if let Some(parent) = &parent {
            arguments.extend(["-p", parent]);
        }
        let commit = git(&bed.repository(), &arguments, &message);
        git(
            &bed.repository(),
            &["update-ref", "refs/heads/peer", commit.trim()],
            b"",
        );
        parent = Some(commit.trim().to_owned());
    }
    count as f64 / begun.elapsed().as_secs_f64()
}

fn git(directory: &Path, arguments: &[&str], input: &[u8]) -> String {
    let mut child = Command::new("git")
        .args(["-c", "core.fsync=all"])
        .args(arguments)
        .current_dir(directory)
        .env("GIT_AUTHOR_NAME", "bench")
        .env("GIT_AUTHOR_EMAIL", "bench@example.org")
        .env("GIT_COMMITTER_NAME", "bench")
        .env("GIT_COMMITTER_EMAIL", "bench@example.org")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git starts");
    child
        .stdin
        .take()
        .expect("the input is piped")
        .write_all(input)
        .expect("git reads");
    let output = child.wait_with_output().expect("git ends");
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8(output.stdout).expect("git prints ids")
}

/// Sixteen clients that wait for each event: signed beforehand, and signed and verified on the way.
fn many_clients(report: &mut Report) {
    let mut probe = FlushProbe::new();
    let per_client = scaled(4_000);
    let (mut rates, mut visible_rates, mut p99s, mut flush_p50s) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..run_count() {
        let mut run = pre_signed(per_client);
        rates.push(run.durable_rate);
        visible_rates.push(run.visible_rate);
        p99s.push(percentile_ms(&mut run.times, 99));
        flush_p50s.push(percentile_ms(&mut probe.times(200), 50));
    }
    let (p99, flush_p50) = (median(&mut p99s), median(&mut flush_p50s));
    let what = "pre-signed durable, 16 clients, singles";
    report.add(
        what,
        median(&mut rates),
        "events/s",
        Some(Bar::AtLeast(30_000.0)),
    );
    report.add(
        format!("{what}: until all are visible"),
        median(&mut visible_rates),
        "events/s",
        None,
    );
    report.add(format!("{what}: p99"), p99, "ms", None);
    report.add(format!("{what}: flush beside, p50"), flush_p50, "ms", None);
    report.add(
        format!("{what}: p99 / flush beside"),
        p99 / flush_p50,
        "x",
        Some(Bar::AtMost(15.0)),
    );
    let rate = median_of(|| signed_and_verified(scaled(2_000)));
    report.add(
        "signed and strictly verified, 16 clients, singles",
        rate,
        "events/s",
        Some(Bar::AtLeast(12_000.0)),
    );
}

struct PreSigned {
    durable_rate: f64,
    visible_rate: f64,
    times: Vec<Duration>,
}

fn pre_signed(per_client: usize) -> PreSigned {
    let bed = Bed::new();
    let node = bed.node();
    let writer = node.writer().expect("the writer opens");
    writer.start_background();
    let events: Vec<Vec<SealedEvent>> = (0..CLIENT_COUNT)
        .map(|client| {
            let mut signer = Signer::new(&node, &namespace(&format!("c{client}")));
            signer.seal((0..per_client).map(payload).collect())
        })
        .collect();
    let begun = Instant::now();
    let times: Vec<Duration> = std::thread::scope(|scope| {
        let clients: Vec<_> = events
            .into_iter()
            .map(|events| {
                let writer = &writer;
                scope.spawn(move || {
                    events
                        .into_iter()
                        .map(|event| append_one(writer, event))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().expect("a client does not panic"))
            .collect()
    });
    let durable_rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    writer.flush().expect("everything becomes visible");
    let visible_rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    PreSigned {
        durable_rate,
        visible_rate,
        times,
    }
}

fn append_one(writer: &Writer, event: SealedEvent) -> Duration {
    let begun = Instant::now();
    let receipt = writer
        .append(vec![event])
        .expect("the event continues its journal");
    writer.wait_durable(&receipt).expect("the disk flushes");
    begun.elapsed()
}

/// Clients sign, the gate verifies strictly, the writer makes it durable.
fn signed_and_verified(per_client: usize) -> f64 {
    let bed = Bed::new();
    let node = bed.node();
    let writer = node.writer().expect("the writer opens");
    writer.start_background();
    let clients: Vec<(Signer, Vec<Value>)> = (0..CLIENT_COUNT)
        .map(|client| {
            let signer = Signer::new(&node, &namespace(&format!("c{client}")));
            (signer, (0..per_client).map(payload).collect())
        })
        .collect();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for (mut signer, payloads) in clients {
            let writer = &writer;
            scope.spawn(move || {
                let mut context = None;
                for payload in payloads {
                    let event = signer.seal(vec![payload]).remove(0);
                    let context = context
                        .get_or_insert_with(|| VerifyingContext::new(&event.signature().public));
                    event
                        .verify_signature_with(context)
                        .expect("the signature is good");
                    append_one(writer, event);
                }
            });
        }
    });
    (CLIENT_COUNT * per_client) as f64 / begun.elapsed().as_secs_f64()
}

/// From the call to the moment the ref holds the event; and, acknowledged as durable, from the
/// acknowledgement to the moment stock git sees it.
fn visible(report: &mut Report) {
    let bed = Bed::new();
    let node = bed.node();
    let ns = namespace("c0");
    let mut times: Vec<Duration> = (0..scaled(300))
        .map(|number| {
            let call = [intent(&ns, number)];
            let begun = Instant::now();
            node.append(&call, Acknowledgement::Visible)
                .expect("the append works");
            begun.elapsed()
        })
        .collect();
    report.add(
        "visible append in process, p50",
        percentile_ms(&mut times, 50),
        "ms",
        None,
    );
    report.add(
        "visible append in process, p99",
        percentile_ms(&mut times, 99),
        "ms",
        None,
    );
    node.writer()
        .expect("the writer is open")
        .start_background();
    let name =
        String::from_utf8(bed.git(&["for-each-ref", "--format=%(refname)", "refs/gatos/journal"]))
            .expect("a ref is ASCII");
    let mut times: Vec<Duration> = (0..scaled(20))
        .map(|number| {
            let call = [intent(&ns, 1_000 + number)];
            let appended = node
                .append(&call, Acknowledgement::Durable)
                .expect("the append works");
            let begun = Instant::now();
            let wanted = appended[0].commit.as_bytes();
            while !bed
                .git(&["log", "-1", "--format=%H", name.trim()])
                .starts_with(wanted)
            {}
            begun.elapsed()
        })
        .collect();
    report.add(
        "durable, then seen by git log, slowest",
        percentile_ms(&mut times, 100),
        "ms",
        Some(Bar::AtMost(500.0)),
    );
}
