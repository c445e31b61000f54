//! Folding in the repository: a full run over a million events, then a run over a thousand new ones.

use std::time::Instant;

use gatos_fold::compile_yaml;
use gatos_node::{Acknowledgement, Intent, Node};

use crate::bed::{Bed, intent, namespace};
use crate::fold::{LWW, rate_in_memory};
use crate::report::{Bar, Report};
use crate::statistics::{median, run_count, scaled};

const EVENT_COUNT: usize = 1_000_000;
const NEW_COUNT: usize = 1_000;
const BATCH: usize = 4_096;

pub fn run(report: &mut Report) {
    let in_memory_rate = rate_in_memory(LWW);
    let count = scaled(EVENT_COUNT);
    let bed = Bed::new();
    let node = bed.node();
    let ns = namespace("meters");
    let compiled = compile_yaml(LWW).expect("the fold compiles");
    node.fold_install(&ns, &compiled.rgf, None)
        .expect("the fold installs");
    let begun = Instant::now();
    append(&node, 0, count);
    report.add(
        format!("filling a repository with {count}, batches of {BATCH}"),
        count as f64 / begun.elapsed().as_secs_f64(),
        "events/s",
        None,
    );
    let (full, cores) = full_run(&node, count);
    report.add(format!("full run over {count}"), full, "s", None);
    report.add("cores busy during it", cores, "cores", None);
    report.add(
        "folding's share of its processor time",
        100.0 * (count as f64 / in_memory_rate) / (full * cores),
        "%",
        Some(Bar::AtMost(50.0)),
    );
    let mut times: Vec<f64> = (0..run_count())
        .map(|run| {
            append(&node, count + run * NEW_COUNT, NEW_COUNT);
            let begun = Instant::now();
            let done = node.fold_run(&ns, &mut |_| {}).expect("the fold runs");
            let taken = begun.elapsed().as_secs_f64() * 1000.0;
            assert_eq!(
                done.read_count, NEW_COUNT as u64,
                "the run was not incremental"
            );
            taken
        })
        .collect();
    report.add(
        format!("incremental run, {NEW_COUNT} new after {count}, 10,000 keys"),
        median(&mut times),
        "ms",
        Some(Bar::AtMost(100.0)),
    );
}

fn append(node: &Node, first: usize, count: usize) {
    let ns = namespace("meters");
    node.writer().expect("the writer opens").start_background();
    for begin in (first..first + count).step_by(BATCH) {
        let end = (begin + BATCH).min(first + count);
        let call: Vec<Intent> = (begin..end).map(|number| intent(&ns, number)).collect();
        node.append(&call, Acknowledgement::Durable)
            .expect("the append works");
    }
    // As every import ends: visible, and packs folded where there are many.
    let writer = node.writer().expect("the writer is open");
    writer.flush().expect("everything becomes visible");
    writer.upkeep().expect("git folds the packs");
}

/// Seconds of a first run, and processor seconds a second.
fn full_run(node: &Node, count: usize) -> (f64, f64) {
    let (begun, before) = (Instant::now(), processor_seconds());
    let done = node
        .fold_run(&namespace("meters"), &mut |_| {})
        .expect("the fold runs");
    let taken = begun.elapsed().as_secs_f64();
    assert_eq!(done.event_count, count as u64);
    (taken, (processor_seconds() - before) / taken)
}

/// User and system time of this process, in seconds; not a number where the kernel does not say.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |index: usize| {
        fields
            .get(index)
            .and_then(|field| field.parse::<f64>().ok())
    };
    // The kernel counts in hundredths of a second for programs, whatever it counts in itself.
    match (ticks(11), ticks(12)) {
        (Some(user), Some(system)) => (user + system) / 100.0,
        _ => f64::NAN,
    }
}
