//! The worlds of `examples/echo`: what they log and come to is committed beside them, as `expected.txt`.
//!
//! `GATOS_BLESS=1` writes it anew. The flock is cut to a hundredth here; with all its boids it is an ignored test.

use gatos_echo::manifest::{MANIFEST_NAME, Manifest, Sources, assemble};
use gatos_echo::plugins::builtin;
use gatos_echo::schedule::Workers;
use gatos_echo::simulation::Input;
use std::fmt::Write as _;
use std::path::PathBuf;

fn folder(name: &str) -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../examples/echo")
        .join(name)
}

fn sources(name: &str) -> Sources {
    let read = |file: &str| std::fs::read(folder(name).join(file)).expect("the file is there");
    let manifest = read(MANIFEST_NAME);
    let files = Manifest::read(&manifest).expect("it has no errors");
    let files = files.files().into_iter().map(str::to_string);
    let mut sources: Sources = files.map(|file| (file.clone(), read(&file))).collect();
    sources.insert(MANIFEST_NAME.into(), manifest);
    sources
}

/// Log, number of entities and hash after so many ticks.
fn run(sources: &Sources, ticks: u64, workers: &Workers) -> String {
    let world = assemble(sources, &builtin);
    let mut world = world.unwrap_or_else(|findings| panic!("{findings:?}"));
    let mut text = String::new();
    for tick in 0..ticks {
        let mut inputs = world.inputs.remove(&tick).unwrap_or_default();
        if tick + 1 == ticks {
            inputs.push(Input::Stop);
        }
        let report = world.simulation.step(&inputs, workers);
        let report = report.unwrap_or_else(|error| panic!("{error}"));
        for line in report.log {
            writeln!(text, "{tick} {}: {}", line.script, line.text).expect("text grows");
        }
    }
    let (entities, hash) = (world.simulation.world().len(), world.simulation.hash());
    writeln!(text, "{entities} entities after {ticks} ticks, {hash}").expect("text grows");
    text
}

fn check(name: &str, file: &str, text: &str) {
    let path = folder(name).join(file);
    if std::env::var("GATOS_BLESS").is_ok_and(|value| value == "1") {
        std::fs::write(&path, text).expect("write what is expected");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{}", path.display());
}

#[test]
fn the_fountain_plays() {
    let sources = sources("fountain");
    let text = run(&sources, 120, &Workers::inline());
    check("fountain", "expected.txt", &text);
    assert_eq!(run(&sources, 120, &Workers::new(4).always()), text);
}

#[test]
fn the_market_trades() {
    let sources = sources("market");
    let text = run(&sources, 150, &Workers::inline());
    check("market", "expected.txt", &text);
}

#[test]
fn a_small_flock_flies() {
    let mut sources = sources("flock");
    let sky = sources.get_mut("sky.lua").expect("it is there");
    let text = String::from_utf8_lossy(sky).replace("local boids = 100000", "local boids = 1000");
    assert!(text.contains("local boids = 1000\n"));
    *sky = text.into_bytes();
    let text = run(&sources, 40, &Workers::inline());
    check("flock", "expected-small.txt", &text);
    assert_eq!(run(&sources, 40, &Workers::new(2).always()), text);
}

#[test]
#[ignore = "a hundred thousand boids; with --release some seconds"]
fn the_flock_flies() {
    let sources = sources("flock");
    let text = run(&sources, 40, &Workers::new(2));
    check("flock", "expected.txt", &text);
}
