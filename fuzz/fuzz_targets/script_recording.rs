//! Recordings of a world with scripts, and their state, with changed bytes: refused, or replayed and run within limits.
#![no_main]

use gatos_echo::bus::Draft;
use gatos_echo::recording::{Recorder, RecorderOptions, Recording, TraceDepth};
use gatos_echo::replay::{ReplayOptions, verify};
use gatos_echo::schedule::Workers;
use gatos_echo::script::{ModuleSource, ScriptLimits, ScriptSet, ScriptSource, Scripts};
use gatos_echo::simulation::{Input, Simulation};
use gatos_echo::{Field, FieldKind};
use gatos_echolua::{Profile, compile, elc};
use gatos_values::Blake3Digest;
use gatos_values::sshsig::SigningKey;
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

const SCRIPT: &str = "
    local lib = require 'lib'
    function on_start()
      e = echo.spawn{mass = 1} echo.set_parent(echo.spawn{mass = 2}, e)
      echo.every(0.1, function() echo.emit('pulse', {n = lib.next()}) end)
    end
    echo.on('pulse', function(p) work = coroutine.wrap(function() while true do coroutine.yield(p.n) end end) end)
    function update()
      if work then work() end
      for e, m in echo.query{'mass', changed = 'mass'} do echo.set(e, 'mass', m + echo.rng()) end
      if echo.tick() == 2 then echo.fork('two') end
    end";
const MODULE: &str = "local n = 0 return {next = function() n = n + 1 return n end}";

fn simulation() -> Simulation {
    let set = ScriptSet {
        scripts: vec![ScriptSource::new("main.lua", SCRIPT)],
        modules: vec![ModuleSource {
            name: "lib".into(),
            file: "lib.lua".into(),
            source: MODULE.as_bytes().to_vec(),
        }],
        limits: ScriptLimits {
            fuel: 40_000,
            memory_bytes: 8 << 20,
            collector_units: 1000,
        },
    };
    Simulation::builder()
        .ticks_per_second(10)
        .record("mass", &[Field::new("0", FieldKind::F64, 1)])
        .scripts(move |registry| {
            let scripts = Scripts::new(&set, registry).map_err(|error| error.to_string())?;
            Ok(Box::new(scripts))
        })
        .build()
        .expect("the world of the target")
}

/// Frames, kind and body, of a recording with a reload, a signed input and a branch that is asked for.
fn frames() -> &'static Vec<(u8, Vec<u8>)> {
    static FRAMES: OnceLock<Vec<(u8, Vec<u8>)>> = OnceLock::new();
    FRAMES.get_or_init(|| {
        let mut simulation = simulation();
        let options = RecorderOptions {
            key_frame_ticks: 2,
            trace: TraceDepth::Values,
        };
        let mut recorder = Recorder::begin(Vec::new(), &mut simulation, &[], options)
            .expect("a vector takes everything");
        let module = compile(MODULE.as_bytes(), Profile::Script).module;
        let reload = Input::Reload {
            script: "lib.lua".into(),
            code: elc::encode(&module.expect("it compiles")),
        };
        let signed = Draft::new("pulse", &[3]).signed_by(&SigningKey::from_seed([1; 32]));
        for inputs in [vec![], vec![reload], vec![Input::Emit(signed)], vec![Input::Stop]] {
            let stepped = recorder.step(&mut simulation, &inputs, &Workers::inline());
            stepped.expect("nothing fails");
        }
        let bytes = recorder.finish().expect("a vector takes everything");
        let (mut frames, mut rest) = (Vec::new(), &bytes[10..]);
        while let Some((kind, tail)) = rest.split_first() {
            let (size, tail) = tail.split_at(8);
            let size = u64::from_le_bytes(size.try_into().expect("eight bytes")) as usize;
            frames.push((*kind, tail[..size].to_vec()));
            rest = &tail[size + 32..];
        }
        frames
    })
}

/// Seals frames, so that only what stands in them can be wrong.
fn sealed(frames: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"ECHORECD\x02\x00".to_vec();
    let mut seal = Blake3Digest::of(&bytes);
    for (kind, body) in frames {
        let size = (body.len() as u64).to_le_bytes();
        let parts: [&[u8]; 4] = [seal.as_bytes(), &[0x21, *kind], &size, body];
        seal = Blake3Digest::of_parts(&parts);
        bytes.push(*kind);
        bytes.extend(size);
        bytes.extend(body);
        bytes.extend(seal.as_bytes());
    }
    bytes
}

fuzz_target!(|input: &[u8]| {
    let Some((which, changes)) = input.split_first() else {
        return;
    };
    let mut frames = frames().clone();
    let index = usize::from(*which) % frames.len();
    let (kind, body) = &mut frames[index];
    // Each change: three bytes of place, one of what is mixed in.
    for change in changes.chunks_exact(4) {
        let place = u32::from_le_bytes([change[0], change[1], change[2], 0]) as usize;
        let size = body.len().max(1);
        if let Some(byte) = body.get_mut(place % size) {
            *byte ^= change[3];
        }
    }
    if *kind == 3 {
        // A branch alone: whatever loads has one spelling and runs within its limits.
        let mut simulation = simulation();
        let branch = &body[40.min(body.len())..];
        if let Ok(loaded) = simulation.load(branch) {
            simulation.switch(loaded).expect("the same components");
            assert_eq!(simulation.save(), branch);
            for _ in 0..3 {
                let _ = simulation.step(&[], &Workers::inline());
            }
        }
    }
    let bytes = sealed(&frames);
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
