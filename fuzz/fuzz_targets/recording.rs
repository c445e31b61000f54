//! Recordings: frames with seals that fit around any bytes are read or refused, and whatever is read can be replayed or is
//! told why not.
#![no_main]

use gatos_echo::component;
use gatos_echo::recording::{Recorder, RecorderOptions, Recording, TraceDepth};
use gatos_echo::replay::{ReplayOptions, verify};
use gatos_echo::schedule::{Workers, each};
use gatos_echo::simulation::Simulation;
use gatos_values::Blake3Digest;
use libfuzzer_sys::fuzz_target;

#[derive(Clone, Copy)]
struct Health(u32);
component!(Health = "health" { 0: u32 });

fn simulation() -> Simulation {
    Simulation::builder()
        .component::<Health>()
        .system(each::<&mut Health, ()>("heal", |health| health.0 ^= 1))
        .setup(|world| world.spawn(Health(3)).map(|_| ()))
        .build()
        .expect("one system")
}

/// The first bytes of a recording: header and world, made by a recorder.
fn beginning(trace: TraceDepth) -> (Vec<u8>, Blake3Digest) {
    let options = RecorderOptions {
        key_frame_ticks: 0,
        trace,
    };
    let mut simulation = simulation();
    let mut recorder = Recorder::begin(Vec::new(), &mut simulation, &[], options)
        .expect("a vector takes everything");
    let _ = recorder.step(&mut simulation, &[], &Workers::inline());
    let seal = recorder.seal();
    let bytes = recorder.finish().expect("a vector takes everything");
    // Behind the tick comes the end: kind, size, count, seal.
    (bytes[..bytes.len() - (1 + 8 + 8 + 32)].to_vec(), seal)
}

fuzz_target!(|input: &[u8]| {
    let Some((&first, rest)) = input.split_first() else {
        return;
    };
    let trace = [TraceDepth::None, TraceDepth::Digests, TraceDepth::Values][usize::from(first % 3)];
    let (mut bytes, mut seal) = beginning(trace);
    // Frames of any kind and body; a length byte and a kind byte stand before each.
    let mut rest = rest;
    while let [kind, size, tail @ ..] = rest {
        let (body, more) = tail.split_at(tail.len().min(usize::from(*size)));
        let size = (body.len() as u64).to_le_bytes();
        let parts: [&[u8]; 4] = [seal.as_bytes(), &[0x21, *kind], &size, body];
        seal = Blake3Digest::of_parts(&parts);
        bytes.push(*kind);
        bytes.extend(size);
        bytes.extend(body);
        bytes.extend(seal.as_bytes());
        rest = more;
    }
    let Ok(recording) = Recording::read(&bytes) else {
        return;
    };
    for index in 0..recording.len() {
        assert!(recording.tick(index).is_some(), "what was checked decodes");
    }
    let options = ReplayOptions::default();
    let _ = verify(
        &mut simulation(),
        &recording,
        options,
        &Workers::inline(),
        &mut |_| (),
    );
});
