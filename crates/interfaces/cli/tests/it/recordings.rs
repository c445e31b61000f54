//! Recordings whose bytes say something else than what comes of them: the tick is named, and the exit status is 1.

use crate::stage::{Stage, run};
use gatos_values::Blake3Digest;
use std::fs;

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
    let mut bytes = b"ECHORECD\x01\x00".to_vec();
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
