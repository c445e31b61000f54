//! What scripts cost: reading and writing a hundred thousand rows in a tick, and the digest of a large machine. Nothing is judged
//! here; figures stand in `docs/benchmarks-echo.md`.

use crate::script_parts::rig;
use gatos_echo::script::ScriptSource;
use std::time::{Duration, Instant};

const ROWS: u32 = 100_000;

/// The shortest of some runs.
fn shortest(count: usize, mut run: impl FnMut()) -> Duration {
    let times = (0..count).map(|_| {
        let started = Instant::now();
        run();
        started.elapsed()
    });
    times.min().unwrap_or_default()
}

#[test]
#[ignore = "a measurement: cargo test --release -p gatos-echo --test it what_scripts_cost -- --ignored --nocapture"]
fn what_scripts_cost() {
    let set_up = format!(
        "function on_start() for i = 1, {ROWS} do echo.spawn{{position = {{x = i, y = 0}}, mass = 1}} end end\n"
    );
    let rows = [
        ("nothing", ""),
        (
            "a loop over numbers alone",
            "local s = 0 for i = 1, 100000 do s = s + i end",
        ),
        (
            "a query of two fields",
            "local s = 0 for e, x, y in echo.query{'position.x', 'position.y'} do s = s + x end",
        ),
        (
            "`echo.get` of a field of each",
            "local s = 0 for e in echo.query{} do s = s + echo.get(e, 'position.x') end",
        ),
        (
            "a query, and `echo.set` of two fields of each",
            "for e, x, y in echo.query{'position.x', 'position.y'} do echo.set(e, 'position.x', y, 'position.y', x + 1) end",
        ),
        (
            "what changed, where nothing did",
            "local n = 0 for e, m in echo.query{'mass', changed = 'mass'} do n = n + 1 end",
        ),
    ];
    for (what, body) in rows {
        let source = format!("{set_up}function update() {body} end");
        let mut rig = rig(&[ScriptSource::new("main.lua", &source)]);
        rig.step(&[]).expect("a tick");
        rig.step(&[]).expect("a tick");
        let time = shortest(5, || {
            rig.step(&[]).expect("a tick");
        });
        println!(
            "{what}: {time:?} a tick, {} ns a row",
            time.as_nanos() / u128::from(ROWS)
        );
    }
    for objects in [100, 10_000, 100_000] {
        let source = format!(
            "function on_start() all = {{}} for i = 1, {objects} do all[i] = {{x = i, name = 'n' .. i}} end end\n\
             function update() all[1].x = all[1].x + 1 end"
        );
        let mut rig = rig(&[ScriptSource::new("main.lua", &source)]);
        let time = shortest(5, || {
            rig.step(&[]).expect("a tick");
            rig.simulation.hash();
        });
        println!("a tick and the digest of a machine with {objects} tables: {time:?}");
    }
}
