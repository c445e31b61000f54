//! A world of scripts with a bit of everything, recorded on one machine in a debug build, replayed on every other.
//!
//! Its texts lie in `worlds/harbour`. The recording holds them too, so `gatos echo replay` does it again alone; the gate
//! `demo` lets the released program do that.

use crate::dice::Dice;
use crate::record::Record;
use gatos_echo::manifest::{MANIFEST_NAME, Sources, assemble};
use gatos_echo::plugins::builtin;
use gatos_echo::recording::{Recorder, RecorderOptions, Recording, TraceDepth};
use gatos_echo::replay::{Bisection, ReplayOptions, bisect, verify};
use gatos_echo::schedule::Workers;
use gatos_echo::simulation::{Input, Simulation};

/// The world's texts.
const TEXTS: [(&str, &str); 4] = [
    (
        "harbour.lua",
        include_str!("../../worlds/harbour/harbour.lua"),
    ),
    (
        "lib/tide.lua",
        include_str!("../../worlds/harbour/lib/tide.lua"),
    ),
    ("ship.lua", include_str!("../../worlds/harbour/ship.lua")),
    (
        MANIFEST_NAME,
        include_str!("../../worlds/harbour/world.yaml"),
    ),
];

const GOLDEN: &[u8] = include_bytes!("../../../../vectors/echo/harbour.echo");

/// How many ticks the recording has.
const TICKS: u64 = 24;

/// The recording that is committed, made anew.
#[must_use]
pub fn golden_bytes() -> Vec<u8> {
    let sources = TEXTS.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
    let world = assemble(&Sources::from(sources), &builtin);
    let mut world = world.expect("the texts are right");
    let texts = TEXTS.map(|(name, text)| (name, text.as_bytes()));
    let options = RecorderOptions {
        key_frame_ticks: 9,
        trace: TraceDepth::Digests,
    };
    let begun = Recorder::begin(Vec::new(), &mut world.simulation, &texts, options);
    let mut recorder = begun.expect("a vector takes everything");
    for tick in 0..TICKS {
        let mut inputs = world.inputs.remove(&tick).unwrap_or_default();
        inputs.extend((tick + 1 == TICKS).then_some(Input::Stop));
        let stepped = recorder.step(&mut world.simulation, &inputs, &Workers::inline());
        stepped.expect("nothing fails");
    }
    recorder.finish().expect("a vector takes everything")
}

/// The world that a recording holds.
fn held(recording: &Recording<'_>) -> Simulation {
    let sources = recording.sources().iter();
    let sources = sources.map(|(name, text)| ((*name).to_owned(), text.to_vec()));
    let world = assemble(&sources.collect(), &builtin);
    world.expect("it ran when it was recorded").simulation
}

/// The committed recording, replayed on one thread and on several, and made anew.
pub fn golden(_dice: &mut Dice, record: &mut Record) {
    let recording = match Recording::read(GOLDEN) {
        Ok(recording) => recording,
        Err(error) => return record.text("refused", error),
    };
    for workers in [Workers::inline(), Workers::new(3).always()] {
        let options = ReplayOptions::default();
        let mut simulation = held(&recording);
        let verdict = verify(&mut simulation, &recording, options, &workers, &mut |_| ());
        record.text("verdict", format_args!("{verdict:?}"));
    }
    let again = golden_bytes();
    record.text("same", again == GOLDEN);
    // Where it is not, the first tick says more than bytes.
    match Recording::read(&again).map(|again| bisect(&recording, &again)) {
        Ok(Ok(Bisection::Identical { ticks, .. })) => record.text("ticks", ticks),
        Ok(Ok(Bisection::Different(difference))) => {
            record.text("differs", format_args!("{difference:?}"));
        }
        Ok(Err(error)) => record.text("another", error),
        Err(error) => record.text("none", error),
    }
}
