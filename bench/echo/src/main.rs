//! Echo beside other entity libraries: the same work, interleaved, as ratios.
//!
//! Every case runs in rounds, all engines one after the other in each, and the median of each engine's best samples is
//! printed with its ratio to Echo. Bars B1 … are ratios too, so a busy machine blurs but does not bend them.
//! Usage: `cargo run --release [-- CASE]`, `cargo run --release -- soak [ENTITIES] [TICKS]`. Page: `docs/benchmarks-echo.md`.
#![forbid(unsafe_code)]

mod echo;
mod measure;
mod parts;
mod peers;
mod record;

use gatos_echo::recording::TraceDepth;
use measure::Case;

fn main() {
    let wanted = std::env::args().nth(1);
    if wanted.as_deref() == Some("soak") {
        let number = |place: usize, default: u64| {
            let word = std::env::args().nth(place);
            word.and_then(|word| word.parse().ok()).unwrap_or(default)
        };
        record::soak(number(2, 1_000_000) as usize, number(3, 10_000));
        return;
    }
    for case in cases() {
        if wanted
            .as_ref()
            .is_none_or(|wanted| case.name.contains(wanted.as_str()))
        {
            case.run();
        }
    }
}

fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("B1 simple_insert 10,000")
            .with("echo", echo::simple_insert)
            .with("hecs", peers::hecs_simple_insert)
            .with("bevy", peers::bevy_simple_insert),
        Case::new("B2 simple_iter 10,000")
            .with("echo", echo::simple_iter)
            .with("hecs", peers::hecs_simple_iter)
            .with("bevy", peers::bevy_simple_iter),
        Case::new("B3 frag_iter 26 x 20")
            .with("echo", echo::frag_iter)
            .with("hecs", peers::hecs_frag_iter)
            .with("bevy", peers::bevy_frag_iter),
        Case::new("B4 schedule, one tick")
            .with("echo inline", || echo::schedule(1))
            .with("echo 2 threads", || echo::schedule(2))
            .with("bevy single", || peers::bevy_schedule(false))
            .with("bevy multi", || peers::bevy_schedule(true)),
        Case::new("B6 add_remove 10,000")
            .with("echo", echo::add_remove)
            .with("hecs", peers::hecs_add_remove)
            .with("bevy", peers::bevy_add_remove),
    ];
    for count in [1_000, 10_000, 100_000, 1_000_000] {
        cases
            .push(Case::new(format!("B8 fork of {count}")).with("echo", move || echo::fork(count)));
    }
    cases.extend([
        Case::new("B10 fork and write one").with("echo", echo::first_write),
        Case::new("B10 column write 100,000")
            .with("echo unshared", || echo::column_write(false))
            .with("echo after a fork", || echo::column_write(true)),
        Case::new("B11 full root 100,000").with("echo", echo::full_root),
        Case::new("B12 root, 1 % of rows written").with("echo", || echo::root_after(1_000)),
        Case::new("B12 root, one row written").with("echo", || echo::root_after(1)),
        Case::new("B12 root, clean").with("echo", || echo::root_after(0)),
        Case::new("B18 changed 0 of 100,000")
            .with("echo", || echo::changed(0))
            .with("bevy", || peers::bevy_changed(0)),
        Case::new("B18 changed 1,000 of 100,000")
            .with("echo", || echo::changed(1_000))
            .with("bevy", || peers::bevy_changed(1_000)),
    ]);
    for count in [100, 1_000] {
        cases.push(
            Case::new(format!("B14 {count} empty systems"))
                .with("echo", move || echo::empty_systems(count))
                .with("bevy single", move || {
                    peers::bevy_empty_systems(count, false)
                })
                .with("bevy multi", move || peers::bevy_empty_systems(count, true)),
        );
    }
    cases.extend([
        Case::new("B16 8 heavy systems")
            .with("echo 1 thread", || echo::heavy(8, 1))
            .with("echo 2 threads", || echo::heavy(8, 2)),
        Case::new("B16 one heavy system")
            .with("echo 1 thread", || echo::heavy(1, 1))
            .with("echo 2 threads", || echo::heavy(1, 2)),
        Case::new("B17 100 tiny systems")
            .with("echo 1 thread", || echo::tiny(1))
            .with("echo 2 threads", || echo::tiny(2)),
        Case::new("B21 a tick of 100,000, 1 % of leaves written")
            .with("alone", || record::tick(None))
            .with("recorded", || record::tick(Some(TraceDepth::None)))
            .with("with digests", || record::tick(Some(TraceDepth::Digests)))
            .with("with values", || record::tick(Some(TraceDepth::Values))),
    ]);
    cases
}
