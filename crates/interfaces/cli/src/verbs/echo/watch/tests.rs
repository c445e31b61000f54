use super::*;
use crate::console::Manners;
use crate::worlds;
use gatos_echo::recording::{Recorder, RecorderOptions, Recording};
use gatos_echo::replay::{ReplayOptions, Verdict, verify};
use std::fs;

const MANIFEST: &str =
    "world: pond\ntick_rate: 20\nscripts: [main.lua]\nmodules: {step: step.lua}\n";
const SCRIPT: &str = "local step = require 'step'\nfunction update() print(step.size()) end\n";

fn step_of(word: &str) -> String {
    format!("return {{size = function() return '{word}' end}}\n")
}

#[test]
fn what_changes_is_loaded_recorded_and_replayed_and_mistakes_are_left_out() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write =
        |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("writable");
    write("world.yaml", MANIFEST);
    write("main.lua", SCRIPT);
    write("step.lua", &step_of("one"));
    let mut console = Console::new(Manners::default());
    let read = |console: &mut Console| {
        let sources = worlds::read(folder.path(), console).expect("readable");
        let made = worlds::make(folder.path(), &sources, console).expect("a world");
        (sources, made.simulation)
    };
    let (sources, mut simulation) = read(&mut console);
    let (_, mut again) = read(&mut console);
    let mut watcher = Watcher::new(folder.path(), &sources);
    let workers = Workers::inline();
    let begun = Recorder::begin(Vec::new(), &mut simulation, &[], RecorderOptions::default());
    let mut recorder = begun.expect("a vector");
    let texts = [
        (None, "one"),
        // Written again as it is.
        (Some(step_of("one")), "one"),
        (Some(step_of("fish")), "fish"),
        // A mistake of grammar, and one that shows when the module runs.
        (Some("return {".to_owned()), "fish"),
        (Some("error('deep water')".to_owned()), "fish"),
        (Some(step_of("whale")), "whale"),
    ];
    for (text, said) in texts {
        if let Some(text) = text {
            write("step.lua", &text);
        }
        // As if the file were of another time: clocks of files may be coarse.
        watcher.files.iter_mut().for_each(|file| file.seen = None);
        let changes = watcher.changes(&mut console);
        let tried = watcher.tried(&mut console, &mut simulation, changes, &[], &workers);
        let inputs = tried.unwrap_or_else(|_| panic!("the branch is its own"));
        let report = recorder.step(&mut simulation, &inputs, &workers);
        let log = report.expect("what would stop a tick is left out").log;
        assert_eq!(log.len(), 1);
        assert_eq!(log[0].text, said);
    }
    assert!(watcher.changes(&mut console).is_empty());
    let bytes = recorder.finish().expect("a vector");
    let recording = Recording::read(&bytes).expect("what was recorded");
    let counts: Vec<usize> = (0..recording.len())
        .map(|index| recording.tick(index).expect("recorded").inputs.len())
        .collect();
    assert_eq!(counts, [0, 0, 1, 0, 0, 1]);
    let options = ReplayOptions::default();
    let verdict = verify(&mut again, &recording, options, &workers, &mut |_| ());
    assert_eq!(verdict, Ok(Verdict::Identical { ticks: 6 }));
}
