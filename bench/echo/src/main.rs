//! Echo beside other entity libraries: the same work, interleaved, as ratios.
//!
//! Every case runs in rounds, all engines one after the other in each, and the median of each engine's best samples is
//! printed with its ratio to Echo. Bars B1 … are ratios too, so a busy machine blurs but does not bend them.
//! Usage: `cargo run --release [-- CASE]`, `cargo run --release -- soak [ENTITIES] [TICKS]`. Page: `docs/benchmarks-echo.md`.
#![deny(unsafe_code)]

mod echo;
mod measure;
mod parts;
mod peers;
mod peers_flecs;
mod peers_more;
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
    let is_wanted = |case: &Case| {
        let name = wanted.as_ref();
        name.is_none_or(|wanted| case.name.contains(wanted.as_str()))
    };
    let cases = cases();
    let rows: Vec<_> = cases
        .iter()
        .filter(|case| is_wanted(case))
        .map(Case::run)
        .collect();
    measure::print_table(&rows);
}

fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("B1 simple_insert 10,000")
            .with("echo", echo::simple_insert)
            .with("hecs", peers::hecs_simple_insert)
            .with("bevy", peers::bevy_simple_insert)
            .with("legion", peers_more::legion_simple_insert)
            .with("shipyard", peers_more::shipyard_simple_insert)
            .with("flecs", peers_flecs::simple_insert)
            .bar("0.62 of hecs"),
        Case::new("B2 simple_iter 10,000")
            .with("echo", echo::simple_iter)
            .with("hecs", peers::hecs_simple_iter)
            .with("bevy", peers::bevy_simple_iter)
            .with("legion", peers_more::legion_simple_iter)
            .with("flecs", peers_flecs::simple_iter)
            .bar("1.08 of hecs"),
        Case::new("B3 frag_iter 26 x 20")
            .with("echo", echo::frag_iter)
            .with("hecs", peers::hecs_frag_iter)
            .with("bevy", peers::bevy_frag_iter)
            .with("legion", peers_more::legion_frag_iter)
            .with("flecs", peers_flecs::frag_iter)
            .bar("1.25 of hecs"),
        Case::new("B4 schedule, one tick")
            .with("echo inline", || echo::schedule(1))
            .with("echo 2 threads", || echo::schedule(2))
            .with("bevy single", || peers::bevy_schedule(false))
            .with("bevy multi", || peers::bevy_schedule(true))
            .with("legion", peers_more::legion_schedule)
            .with("flecs", peers_flecs::schedule)
            .bar("0.97 of legion"),
        Case::new("B4 schedule, guarded")
            .with("echo inline", echo::schedule_guarded)
            .with("legion", peers_more::legion_schedule)
            .with("flecs", peers_flecs::schedule)
            .rollback(),
        Case::new("B5 heavy_compute")
            .with("echo 1 thread", || echo::heavy_compute(1))
            .with("echo 2 threads", || echo::heavy_compute(2))
            .with("hecs", peers::hecs_heavy_compute)
            .with("bevy", || peers::bevy_heavy_compute(false))
            .with("bevy all threads", || peers::bevy_heavy_compute(true))
            .with("legion", || peers_more::legion_heavy_compute(false))
            .with("flecs", peers_flecs::heavy_compute)
            .with("legion all threads", || {
                peers_more::legion_heavy_compute(true)
            })
            .bar("2 threads 0.52 of 1"),
        Case::new("B6 add_remove at once 10,000")
            .with("echo", echo::add_remove_at_once)
            .with("hecs", peers::hecs_add_remove)
            .bar("1.0 of hecs"),
        Case::new("B6 add_remove by commands 10,000")
            .with("echo", echo::add_remove_commands)
            .with("hecs", peers::hecs_add_remove)
            .bar("1.0 of hecs"),
        Case::new("B7 snapshot and load 1,000")
            .with("echo", echo::serialize)
            .bar("58 us"),
        Case::new("B7 scene as text and back 1,000")
            .with("echo", echo::serialize_text)
            .bar("2,750 us"),
        Case::new("B6 add_remove 10,000")
            .with("echo", echo::add_remove)
            .with("hecs", peers::hecs_add_remove)
            .with("bevy", peers::bevy_add_remove)
            .with("legion", peers_more::legion_add_remove)
            .with("flecs", peers_flecs::add_remove)
            .bar("1.0 of hecs"),
    ];
    for count in [1_000, 10_000, 100_000, 1_000_000] {
        cases.push(
            Case::new(format!("B8 fork of {count}"))
                .with("echo", move || echo::fork(count))
                .bar("1 us, flat"),
        );
    }
    cases.extend([
        Case::new("B9 restore of 100,000, one row written since")
            .with("echo", echo::restore)
            .bar("10 us"),
        Case::new("B10 fork and write one")
            .with("echo", echo::first_write)
            .bar("1 us"),
        Case::new("B10 column write 100,000")
            .with("echo unshared", || echo::column_write(false))
            .with("echo after a fork", || echo::column_write(true))
            .bar("a fork 1.8 of unshared"),
        Case::new("B11 full root 100,000")
            .with("echo 1 thread", || echo::full_root(1))
            .with("echo 2 threads", || echo::full_root(2))
            .with("BLAKE3 alone", echo::blake3_alone)
            .bar("1.3 of BLAKE3"),
        Case::new("B12 root, 4 leaves written")
            .with("echo", || echo::root_after_leaves(4))
            .bar("25 us"),
        Case::new("B12 root, 1 % of rows written one by one")
            .with("echo", || echo::root_after(1_000)),
        Case::new("B12 root, one row written").with("echo", || echo::root_after(1)),
        Case::new("B12 root, clean").with("echo", || echo::root_after(0)),
        Case::new("B18 changed 0 of 100,000")
            .with("echo", || echo::changed(0))
            .with("bevy", || peers::bevy_changed(0))
            .bar("0.12 of bevy"),
        Case::new("B18 changed 1,000 of 100,000")
            .with("echo", || echo::changed(1_000))
            .with("bevy", || peers::bevy_changed(1_000))
            .bar("1.0 of bevy"),
        Case::new("B15 tick of 100 systems, graph known").with("echo", || echo::graph(100, false)),
        Case::new("B15 tick of 100 systems, graph anew")
            .with("echo", || echo::graph(100, true))
            .bar("2 us more"),
        Case::new("B15 tick of 1,000 systems, graph known")
            .with("echo", || echo::graph(1_000, false)),
        Case::new("B15 tick of 1,000 systems, graph anew")
            .with("echo", || echo::graph(1_000, true))
            .bar("20 us more"),
        Case::new("B19 10,000 envelopes, sealed and heard")
            .with("echo", echo::bus)
            .with("bevy Messages", peers::bevy_messages)
            .bar("60 us")
            .rollback(),
    ]);
    for count in [100, 1_000] {
        cases.push(
            Case::new(format!("B14 {count} empty systems"))
                .with("echo", move || echo::empty_systems(count))
                .with("bevy single", move || {
                    peers::bevy_empty_systems(count, false)
                })
                .with("bevy multi", move || peers::bevy_empty_systems(count, true))
                .with("legion", move || peers_more::legion_empty_systems(count))
                .with("flecs", move || peers_flecs::empty_systems(count))
                .bar("2.8, 0.93 of bevy single"),
        );
    }
    cases.extend([
        Case::new("B16 8 heavy systems")
            .with("echo 1 thread", || echo::heavy(8, 1))
            .with("echo 2 threads", || echo::heavy(8, 2))
            .with("bevy single", || peers::bevy_heavy_systems(false))
            .with("bevy multi", || peers::bevy_heavy_systems(true))
            .with("legion", peers_more::legion_heavy_systems)
            .bar("2 threads 0.53 of 1"),
        Case::new("B16 one heavy system")
            .with("echo 1 thread", || echo::heavy(1, 1))
            .with("echo 2 threads", || echo::heavy(1, 2))
            .bar("2 threads 0.54 of 1"),
        Case::new("B17 100 tiny systems")
            .with("echo 1 thread", || echo::tiny(1))
            .with("echo 2 threads", || echo::tiny(2))
            .with("bevy single", || peers::bevy_tiny(false))
            .with("bevy multi", || peers::bevy_tiny(true))
            .with("legion", peers_more::legion_tiny)
            .with("flecs", peers_flecs::tiny)
            .bar("2 threads 1.05 of 1"),
        Case::new("B21 a tick of 100,000, 1 % of leaves written")
            .with("alone", || record::tick(None))
            .with("echo recorded", || record::tick(Some(TraceDepth::None)))
            .with("echo with digests", || {
                record::tick(Some(TraceDepth::Digests))
            })
            .with("echo with values", || {
                record::tick(Some(TraceDepth::Values))
            })
            .bar("25 us more")
            .rollback(),
    ]);
    cases
}
