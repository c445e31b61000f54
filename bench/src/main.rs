//! Benchmarks: GATOS and its peers in one run, on one disk, side by side, with the bars they are held to.
//!
//! `cargo run --release --manifest-path bench/Cargo.toml -- [all|base|append|read|fold|fold-memory|incremental]...` prints one table.
//! Each figure is the median of `BENCH_RUNS` runs (3). `BENCH_DIR` says on which disk (the system's folder for
//! temporary files), `BENCH_SCALE` divides the amount of work (1). Nothing here asserts a time: a figure is
//! read by a person. What is measured against what: docs/benchmarks.md.
#![forbid(unsafe_code)]

mod report;
mod statistics;

mod bed;
mod sqlite;

mod append;
mod command_line;
mod read;

mod flights;
mod fold;
mod incremental;

mod base;

use report::Report;

const USAGE: &str = "usage: gatos-bench [all|base|append|read|fold|fold-memory|incremental]...";

/// One group of figures: its name and what fills the report.
type Group = (&'static str, fn(&mut Report));

const GROUPS: &[Group] = &[
    ("base", base::run),
    ("append", append::run),
    ("read", read::run),
    ("fold", fold::run),
    ("fold-memory", fold::run_in_memory),
    ("incremental", incremental::run),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is_known = |name: &String| name == "all" || GROUPS.iter().any(|(group, _)| group == name);
    if wanted.is_empty() || !wanted.iter().all(is_known) {
        eprintln!("{USAGE}");
        std::process::exit(2);
    }
    let mut report = Report::default();
    for (name, run) in GROUPS {
        if wanted
            .iter()
            .any(|wanted| wanted == "all" || wanted == name)
        {
            eprintln!("{name} ...");
            run(&mut report);
        }
    }
    print!("{report}");
}
