//! Recordings whose bytes say something else than what comes of them: the tick is named, and the exit status is 1.

use crate::stage::{Stage, run};
use gatos_echo::manifest::{Options, Sources, assemble};
use gatos_echo::plugins::{Position, Velocity, Wind};
use gatos_echo::recording::{Recorder, RecorderOptions, TraceDepth};
use gatos_echo::schedule::{Query, Res, Workers, each, system};
use gatos_echo::simulation::{Manifest, Plugin, Registrar, Version};
use gatos_values::Blake3Digest;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

const MANIFEST: &str =
    "world: pond\ntick_rate: 10\nseed: 3\ncomponents:\n  place: {x: f64}\nscripts: [main.lua]\n";
const SCRIPT: &str = "function on_start() echo.spawn{place = {x = 1}} end\n\
    function update() for e, x in echo.query{\"place.x\"} do echo.set(e, \"place.x\", x + 0.5) end end\n";

/// A frame: kind and body.
type Frame = (u8, Vec<u8>);

fn split(bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut rest = &bytes[10..];
    while let Some((kind, tail)) = rest.split_first() {
        let (size, tail) = tail.split_at(8);
        let size = u64::from_le_bytes(size.try_into().expect("eight bytes")) as usize;
        frames.push((*kind, tail[..size].to_vec()));
        rest = &tail[size + 32..];
    }
    frames
}

/// Seals frames anew, as docs/formats/recording.md says.
fn join(frames: &[Frame]) -> Vec<u8> {
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

#[test]
fn a_tick_that_comes_out_otherwise_is_named() {
    let stage = Stage::new();
    let desk = stage.work();
    fs::create_dir(desk.join("pond")).expect("writable");
    fs::write(desk.join("pond/world.yaml"), MANIFEST).expect("writable");
    fs::write(desk.join("pond/main.lua"), SCRIPT).expect("writable");
    let record = [
        "echo",
        "run",
        "pond",
        "--ticks",
        "6",
        "--record",
        "pond.echo",
        "--trace",
        "values",
    ];
    let output = run(stage.gatos(record), b"");
    assert!(output.status.success(), "{output:?}");
    let mut frames = split(&fs::read(desk.join("pond.echo")).expect("it was written"));
    // The third tick's hash: behind its number and the number of its inputs, which are none.
    let mut ticks = frames.iter_mut().filter(|(kind, _)| *kind == 4);
    let (_, third) = ticks.nth(2).expect("there are six");
    third[8 + 4] ^= 1;
    fs::write(desk.join("other.echo"), join(&frames)).expect("writable");
    let output = run(
        stage.gatos(["echo", "replay", "--verify", "other.echo"]),
        b"",
    );
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("different: tick 2"), "{text}");
    assert!(text.contains("nobody"), "{text}");
    let output = run(
        stage.gatos(["echo", "replay", "--verify", "other.echo", "--json"]),
        b"",
    );
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.starts_with("{\"divergence\":{\"recorded\":{"),
        "{text}"
    );
    assert!(text.contains("\"tick\":2"), "{text}");
    // A header whose first size is wrong.
    let mut frames = split(&fs::read(desk.join("pond.echo")).expect("it was written"));
    let (_, header) = &mut frames[0];
    header[0] ^= 1;
    fs::write(desk.join("other.echo"), join(&frames)).expect("writable");
    let output = run(stage.gatos(["echo", "replay", "other.echo"]), b"");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("BAD_RECORDING"), "{text}");
}

/// What another build of the plugin `flock` might be: the same names and signatures, and nobody comes back from the edge of
/// the plane.
struct FlatFlock;

impl Plugin for FlatFlock {
    fn manifest(&self) -> Manifest {
        Manifest::new("flock", Version::new(1, 0, 0))
    }

    fn register(&self, registrar: &mut Registrar<'_>) {
        registrar.component::<Position>();
        registrar.component::<Velocity>();
        registrar.component::<Wind>();
        let steer =
            |mut bodies: Query<(&Position, &mut Velocity)>, _: Res<Wind>| bodies.for_each(|_| ());
        registrar.system(system("steer", steer));
        registrar.system(
            each::<(&mut Position, &Velocity), ()>("move", |(position, velocity)| {
                position.x += velocity.x;
                position.y += velocity.y;
            })
            .after("steer"),
        );
        registrar.setup(|world| world.set_resource(Wind { x: 0.0, y: 0.0 }));
    }
}

const PLANE: &str = "world: plane\ntick_rate: 10\nseed: 3\nscripts: [main.lua]\nplugins:\n  \
    flock: {size: 10, cohesion: 0, alignment: 0, separation: 0}\nentities:\n  \
    - {components: {flock:position: {x: 1}, flock:velocity: {x: 0.5}}}\n  \
    - {components: {flock:position: {x: 8, y: 2}, flock:velocity: {x: 0.5}}}\n";

/// A recording of the world by the other build; the second boid crosses the edge in tick 3.
fn by_another_build(trace: TraceDepth) -> Vec<u8> {
    let sources = Sources::from([
        ("main.lua".to_owned(), b"function update() end\n".to_vec()),
        ("world.yaml".to_owned(), PLANE.as_bytes().to_vec()),
    ]);
    let other =
        |id: &str, _: &Options| (id == "flock").then(|| Ok(Box::new(FlatFlock) as Box<dyn Plugin>));
    let world = assemble(&sources, &other).unwrap_or_else(|findings| panic!("{findings:?}"));
    let mut simulation = world.simulation;
    let texts: Vec<(&str, &[u8])> = sources
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_slice()))
        .collect();
    let options = RecorderOptions {
        trace,
        ..RecorderOptions::default()
    };
    let mut recorder =
        Recorder::begin(Vec::new(), &mut simulation, &texts, options).expect("a vector");
    for _ in 0..8 {
        let stepped = recorder.step(&mut simulation, &[], &Workers::inline());
        stepped.expect("nothing fails");
    }
    recorder.finish().expect("a vector")
}

#[test]
fn a_world_that_another_build_made_names_tick_phase_system_component_entity_and_both_values() {
    let stage = Stage::new();
    let file = stage.work().join("plane.echo");
    fs::write(&file, by_another_build(TraceDepth::Values)).expect("writable");
    for threads in ["1", "3"] {
        let output = run(
            stage.gatos([
                "echo",
                "replay",
                "--verify",
                "plane.echo",
                "--threads",
                threads,
            ]),
            b"",
        );
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8_lossy(&output.stdout);
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        for expected in [
            "different: tick 3, done as given",
            "phase update",
            "system flock:move",
            "plugin flock 1.0.0",
            "what flock:position",
            "entity 1v1",
            "recorded x=10.0 y=2.0",
            "replayed x=0.0 y=2.0",
        ] {
            let words: Vec<&str> = expected.split_whitespace().collect();
            assert!(lines.contains(&words), "no `{expected}` in\n{text}");
        }
    }
    let output = run(stage.gatos(["echo", "replay", "plane.echo", "--json"]), b"");
    let text = String::from_utf8_lossy(&output.stdout);
    let blame = "\"blame\":{\"entity\":\"1v1\",\"evidence\":\"the steps that were recorded; done again as given\",\
        \"kind\":\"system\",\"name\":\"flock:move\",\"phase\":\"update\",\"plugin\":\"flock 1.0.0\"";
    assert!(text.contains(blame), "{text}");
    // Hashes alone show the tick, and with digests of steps the system and the component.
    fs::write(&file, by_another_build(TraceDepth::None)).expect("writable");
    let output = run(stage.gatos(["echo", "replay", "plane.echo"]), b"");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("different: tick 3"), "{text}");
    fs::write(&file, by_another_build(TraceDepth::Digests)).expect("writable");
    let output = run(stage.gatos(["echo", "replay", "plane.echo", "--json"]), b"");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("\"name\":\"flock:move\""), "{text}");
    assert!(text.contains("\"subject\":\"flock:position\""), "{text}");
}

/// Recordings of two builds: the tick by halves, and who is to blame from the steps of either.
#[test]
fn two_recordings_are_bisected_to_tick_system_component_entity_and_both_values() {
    let stage = Stage::new();
    let desk = stage.work();
    fs::create_dir(desk.join("plane")).expect("writable");
    fs::write(desk.join("plane/world.yaml"), PLANE).expect("writable");
    fs::write(desk.join("plane/main.lua"), "function update() end\n").expect("writable");
    let gatos = |words: &str| {
        let output = run(stage.gatos(words.split(' ')), b"");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), text, errors)
    };
    let record = "echo run plane --ticks 8 --record mine.echo --key-frames 2";
    assert_eq!(gatos(record).0, Some(0));
    fs::copy(desk.join("mine.echo"), desk.join("same.echo")).expect("writable");
    let (code, text, _) = gatos("echo bisect mine.echo same.echo --json");
    assert_eq!(code, Some(0));
    assert!(text.contains("\"compared\":8"), "{text}");
    let theirs = by_another_build(TraceDepth::Values);
    fs::write(desk.join("theirs.echo"), &theirs).expect("writable");
    for (words, here, sides) in [
        (
            "mine.echo theirs.echo",
            "left",
            ["x=0.0 y=2.0", "x=10.0 y=2.0"],
        ),
        (
            "theirs.echo mine.echo",
            "right",
            ["x=10.0 y=2.0", "x=0.0 y=2.0"],
        ),
    ] {
        let (code, text, _) = gatos(&format!("echo bisect {words} --threads 2"));
        assert_eq!(code, Some(1));
        let lines: Vec<String> = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        let again =
            format!("again 2 ticks from the key frame at tick 2: it comes out as in {here}");
        let (left, right) = (format!("left {}", sides[0]), format!("right {}", sides[1]));
        for expected in [
            again.as_str(),
            "phase update",
            "system flock:move",
            "plugin flock 1.0.0",
            "what flock:position",
            "entity 1v1",
            &left,
            &right,
        ] {
            assert!(
                lines.iter().any(|line| line == expected),
                "no `{expected}` in\n{text}"
            );
        }
        assert!(
            text.contains("different: tick 3, found by 3 comparisons"),
            "{text}"
        );
    }
    let (_, text, _) = gatos("echo bisect mine.echo theirs.echo --json");
    let again = "\"again\":{\"as\":\"left\",\"key_frame\":2,\"stray\":null,\"ticks\":2}";
    assert!(text.contains(again), "{text}");
    assert!(text.contains("\"left\":\"x=0.0 y=2.0\""), "{text}");
    // Hashes alone: the tick, and that steps would tell.
    fs::write(desk.join("theirs.echo"), by_another_build(TraceDepth::None)).expect("writable");
    let (code, text, _) = gatos("echo bisect mine.echo theirs.echo");
    assert_eq!(code, Some(1));
    assert!(
        text.contains("different: tick 3") && text.contains("nobody"),
        "{text}"
    );
    // Another world, one cut off before its first world, one that was changed.
    fs::write(
        desk.join("plane/main.lua"),
        "function update() local a end\n",
    )
    .expect("writable");
    assert_eq!(
        gatos("echo run plane --ticks 2 --record other.echo").0,
        Some(0)
    );
    fs::write(desk.join("cut.echo"), &theirs[..60]).expect("writable");
    let mut changed = theirs.clone();
    changed[300] ^= 1;
    fs::write(desk.join("changed.echo"), changed).expect("writable");
    for (file, expected) in [
        ("other.echo", "of two worlds, with another"),
        ("cut.echo", "before its first world"),
        ("changed.echo", "was changed"),
        ("nowhere.echo", "cannot read"),
    ] {
        let (code, _, errors) = gatos(&format!("echo bisect mine.echo {file}"));
        assert_ne!(code, Some(0));
        assert!(errors.contains(expected), "{file}: {errors}");
    }
}

#[test]
fn branches_that_scripts_ask_for_have_recordings_of_their_own() {
    let stage = Stage::new();
    let desk = stage.work();
    fs::create_dir(desk.join("pond")).expect("writable");
    fs::write(desk.join("pond/world.yaml"), MANIFEST).expect("writable");
    let script = format!(
        "{SCRIPT} function post_update() if echo.tick() == 2 then echo.fork('calm') echo.fork('wild') end end\n\
         echo.on('forked', function(p) if p.label == 'wild' then echo.spawn{{place = {{x = 100}}}} end end)\n"
    );
    fs::write(desk.join("pond/main.lua"), script).expect("writable");
    let output = run(
        stage.gatos([
            "echo",
            "run",
            "pond",
            "--ticks",
            "6",
            "--record",
            "pond.echo",
            "--json",
        ]),
        b"",
    );
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(text.contains("\"entities\":2,\"hash\""), "{text}");
    for file in ["pond.echo", "pond.1.echo", "pond.2.echo"] {
        let output = run(stage.gatos(["echo", "replay", "--verify", file]), b"");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{file}: {output:?}");
        let expected = if file == "pond.echo" { 6 } else { 3 };
        assert!(
            text.contains(&format!("identical: {expected} ticks compared")),
            "{file}: {text}"
        );
    }
}

/// Takes seconds of real time: `cargo test -p gatos-cli --test it files_that_change -- --ignored`. What it is made of is tested
/// without waiting in `verbs/echo/watch/tests.rs`.
#[test]
#[ignore = "waits for a world that runs in its own time"]
fn files_that_change_while_a_world_runs_are_inputs_of_its_recording() {
    let stage = Stage::new();
    let desk = stage.work();
    fs::create_dir(desk.join("pond")).expect("writable");
    let manifest = "world: pond\ntick_rate: 20\nscripts: [main.lua]\nmodules: {step: step.lua}\n";
    fs::write(desk.join("pond/world.yaml"), manifest).expect("writable");
    let script = "local step = require 'step'\nfunction update() print(step.size()) end\n";
    fs::write(desk.join("pond/main.lua"), script).expect("writable");
    let step = |text: &str| {
        // Whole or not at all, as editors do it.
        fs::write(desk.join("step.new"), text).expect("writable");
        fs::rename(desk.join("step.new"), desk.join("pond/step.lua")).expect("writable");
    };
    step("return {size = function() return 'one' end}\n");
    let arguments = "echo run pond --ticks 120 --watch --record pond.echo";
    let mut command = stage.gatos(arguments.split(' '));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().expect("it starts");
    let mut output = BufReader::new(running.stdout.take().expect("piped")).lines();
    let mut notes = BufReader::new(running.stderr.take().expect("piped")).lines();
    let wait = |lines: &mut dyn Iterator<Item = std::io::Result<String>>, wanted: &str| {
        let mut lines = lines.map(|line| line.expect("text"));
        assert!(lines.any(|line| line.contains(wanted)), "no `{wanted}`");
    };
    wait(&mut output, " one");
    step("return {size = function() return 'two' end\n");
    wait(&mut notes, "pond/step.lua:2:1: error");
    step("error('never')\n");
    wait(&mut notes, "not loaded, step.lua");
    step("return {size = function() return 'three' end}\n");
    wait(&mut notes, "loaded anew: step.lua");
    wait(&mut output, " three");
    assert!(output.all(|line| !line.expect("text").contains(" two")));
    assert!(running.wait().expect("it ends").success());
    let output = run(stage.gatos(["echo", "replay", "pond.echo"]), b"");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("identical: 120 ticks compared"), "{text}");
}
