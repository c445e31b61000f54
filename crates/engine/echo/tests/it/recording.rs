//! Recordings: what is in them, what recording leaves alone, and hostile bytes.

use crate::parts::Health;
use crate::vectors::check_file;
use gatos_echo::bus::{BusConfig, Draft, Handler, Lane, Overflow, PrngSpan};
use gatos_echo::component;
use gatos_echo::recording::{
    RecordError, Recorder, RecorderOptions, Recording, RecordingError, Sink, TraceDepth,
};
use gatos_echo::replay::{ReplayError, ReplayOptions, Verdict, verify};
use gatos_echo::schedule::{Phase, Query, Rng, Workers, each, system};
use gatos_echo::simulation::{Input, Simulation};

#[derive(Clone, Copy, Debug, PartialEq)]
struct Coin {
    heads: u32,
    tails: u32,
}
component!(Coin = "coin" { heads: u32, tails: u32 });

/// A world with a bit of everything: systems, draws, events, drops, spawning.
fn simulation() -> Simulation {
    let mint = Handler::new("mint", Phase::Update, "mint", |context| {
        let count = context.envelope.payload()[0];
        let coin = Coin { heads: 0, tails: 0 };
        for _ in 0..count {
            context
                .world
                .spawn((coin, Health(context.rng.next_u32() % 10)))?;
        }
        Ok::<(), gatos_echo::WorldError>(())
    });
    let bus =
        BusConfig::new()
            .handler(mint)
            .lane(Phase::Present, Lane::Normal, 2, Overflow::DropOldest);
    Simulation::builder()
        .component::<Health>()
        .component::<Coin>()
        .bus(bus)
        .ticks_per_second(20)
        .system(system(
            "toss",
            |mut coins: Query<&mut Coin>, mut rng: Rng| {
                coins.for_each(|coin| {
                    let is_heads = rng.next_u32().is_multiple_of(2);
                    coin.heads += u32::from(is_heads);
                    coin.tails += u32::from(!is_heads);
                });
            },
        ))
        .system(each::<&mut Health, ()>("heal", |health| health.0 += 1))
        .setup(|world| world.spawn(Coin { heads: 0, tails: 0 }).map(|_| ()))
        .build()
        .expect("the parts fit together")
}

fn mint(count: u8) -> Input {
    let span = PrngSpan {
        first: 0,
        count: count.into(),
    };
    Input::Emit(Draft::new("mint", &[count]).span(span))
}

fn inputs(tick: u64) -> Vec<Input> {
    match tick {
        0 => vec![mint(2)],
        2 => {
            let late = Draft::new("show", &[]).phase(Phase::Present).after_ticks(9);
            (0..4).map(|_| Input::Emit(late.clone())).collect()
        }
        3 => vec![mint(1), Input::Stop],
        _ => Vec::new(),
    }
}

fn record(ticks: u64, options: RecorderOptions, sources: &[(&str, &[u8])]) -> Vec<u8> {
    let mut simulation = simulation();
    let mut recorder =
        Recorder::begin(Vec::new(), &mut simulation, sources, options).expect("a beginning");
    for tick in 0..ticks {
        recorder
            .step(&mut simulation, &inputs(tick), &Workers::inline())
            .expect("a tick");
    }
    recorder.finish().expect("an end")
}

const PLAIN: RecorderOptions = RecorderOptions {
    key_frame_ticks: 0,
    trace: TraceDepth::None,
};

#[test]
fn a_recording_says_what_happened_and_recording_changes_nothing() {
    let bytes = record(
        5,
        PLAIN,
        &[("main.lua", b"return 1"), ("world.yaml", b"a: 1")],
    );
    let recording = Recording::read(&bytes).expect("what was recorded");
    let mut alone = simulation();
    for tick in 0..5 {
        let report = alone
            .step(&inputs(tick), &Workers::inline())
            .expect("a tick");
        let record = recording.tick(tick as usize).expect("it was recorded");
        assert_eq!(record.tick, tick);
        assert_eq!(record.inputs, inputs(tick));
        assert_eq!(record.hash, alone.hash());
        assert_eq!(record.events, report.delivered);
        assert_eq!(record.draws, report.draws);
        assert_eq!(record.dropped, report.dropped);
    }
    assert_eq!(recording.tick(2).expect("it was recorded").dropped.len(), 2);
    assert_eq!(recording.tick(5), None);
    let header = recording.header();
    assert_eq!(header.ticks_per_second, 20);
    assert_eq!(&header.identity, alone.identity());
    assert_eq!(recording.sources().len(), 2);
    assert_eq!(recording.sources()[0], ("main.lua", &b"return 1"[..]));
    assert!(recording.is_finished());
    assert_eq!((recording.torn(), recording.len()), (None, 5));
    // Traces and key frames change nothing either.
    let options = RecorderOptions {
        key_frame_ticks: 2,
        trace: TraceDepth::Values,
    };
    let traced = record(5, options, &[]);
    let traced = Recording::read(&traced).expect("what was recorded");
    let ticks: Vec<u64> = traced.key_frames().iter().map(|frame| frame.tick).collect();
    assert_eq!(ticks, [0, 2, 4]);
    for index in 0..5 {
        assert_eq!(traced.tick(index), recording.tick(index));
        assert!(traced.trace(index).is_some());
        assert!(recording.trace(index).is_none());
    }
}

#[test]
fn golden_recordings_are_read_and_replayed() {
    let rows = [
        ("recording", PLAIN),
        (
            "recording.digests",
            RecorderOptions {
                key_frame_ticks: 0,
                trace: TraceDepth::Digests,
            },
        ),
        (
            "recording.values",
            RecorderOptions {
                key_frame_ticks: 3,
                trace: TraceDepth::Values,
            },
        ),
    ];
    for (name, options) in rows {
        let bytes = record(5, options, &[("world.yaml", b"coins: 1\n")]);
        check_file(name, &bytes);
        let recording = Recording::read(&bytes).expect("what was recorded");
        let mut simulation = simulation();
        let verdict = verify(
            &mut simulation,
            &recording,
            ReplayOptions::default(),
            &Workers::new(3).always(),
            &mut |_| (),
        );
        assert_eq!(verdict, Ok(Verdict::Identical { ticks: 5 }));
    }
}

/// The header, by hand.
#[test]
fn the_frames_of_a_recording_by_hand() {
    let bytes = record(0, PLAIN, &[]);
    let mut expected = b"ECHORECD\x02\x00".to_vec();
    let blake3 = |parts: &[&[u8]]| gatos_values::Blake3Digest::of_parts(parts);
    let mut seal = blake3(&[&expected]);
    let simulation = simulation();
    let identity = simulation.identity();
    let engine = "gatos-echo 2 api 1";
    let mut header = vec![engine.len() as u8];
    header.extend(engine.as_bytes());
    header.extend(20_u32.to_le_bytes());
    header.extend(identity.config.as_bytes());
    header.extend(identity.plugins.as_bytes());
    header.extend(identity.handlers.as_bytes());
    header.extend((simulation.world().registry().len() as u16).to_le_bytes());
    header.push(0);
    header.extend([0; 8]);
    let mut simulation = simulation;
    let mut key_frame = 0_u64.to_le_bytes().to_vec();
    key_frame.extend(simulation.hash().as_bytes());
    key_frame.extend(simulation.save());
    let end = 0_u64.to_le_bytes().to_vec();
    for (kind, body) in [(1_u8, header), (3, key_frame), (7, end)] {
        let size = (body.len() as u64).to_le_bytes();
        seal = blake3(&[seal.as_bytes(), &[0x21, kind], &size, &body]);
        expected.push(kind);
        expected.extend(size);
        expected.extend(&body);
        expected.extend(seal.as_bytes());
    }
    assert_eq!(bytes, expected);
    let recording = Recording::read(&bytes).expect("what was recorded");
    assert_eq!(recording.seal(), seal);
}

/// A cut recording is read up to its last whole frame and replays so far; every other change is found out.
#[test]
fn every_cut_is_a_shorter_recording_and_every_changed_byte_is_found() {
    let options = RecorderOptions {
        key_frame_ticks: 2,
        trace: TraceDepth::Values,
    };
    let bytes = record(3, options, &[("a", b"b")]);
    let whole = Recording::read(&bytes).expect("what was recorded");
    let mut lens = Vec::new();
    for cut in 0..bytes.len() {
        match Recording::read(&bytes[..cut]) {
            Ok(recording) => {
                assert!(!recording.is_finished());
                let len = recording.len();
                assert_eq!(recording.tick(len.saturating_sub(1)).is_some(), len > 0);
                for index in 0..len {
                    assert_eq!(recording.tick(index), whole.tick(index));
                }
                lens.push(len);
            }
            Err(RecordingError::Magic) => assert!(cut < 10),
            Err(RecordingError::Empty { offset }) => {
                assert_eq!(offset, cut);
                assert!(lens.is_empty(), "no world after a world");
            }
            Err(error) => panic!("cut at {cut}: {error}"),
        }
    }
    assert!(lens.is_sorted());
    assert_eq!((lens.first(), lens.last()), (Some(&0), Some(&3)));
    let mut changed = bytes.clone();
    for place in 0..bytes.len() {
        changed[place] ^= 0x41;
        // A size that reaches beyond the end looks like a cut; nothing behind it is believed.
        if let Ok(recording) = Recording::read(&changed) {
            assert!(recording.torn().is_some(), "byte {place}");
        }
        changed[place] ^= 0x41;
    }
}

/// Frames with true digests and wrong contents are refused with the place.
#[test]
fn hostile_frames_are_refused_with_their_place() {
    let bytes = record(2, PLAIN, &[("a", b"b")]);
    let frames = split(&bytes);
    let read = |frames: &[(u8, Vec<u8>)]| {
        let bytes = join(frames);
        let result = Recording::read(&bytes).map(|_| ());
        result.map_err(|error| error.to_string())
    };
    assert_eq!(read(&frames), Ok(()));
    let error = |frames: &[(u8, Vec<u8>)]| read(frames).expect_err("it breaks a rule");
    // 0 header, 1 source, 2 world, 3 and 4 ticks, 5 end.
    type Change = fn(&mut Vec<(u8, Vec<u8>)>);
    let rows: [(Change, &str); 18] = [
        (
            |frames| (2..5).for_each(|frame| frames[frame].1[..8].fill(0xff)),
            "ticks follow one another",
        ),
        (
            |frames| frames.swap(0, 1),
            "is out of place: the header comes first",
        ),
        (
            |frames| frames.swap(1, 3),
            "the first world comes before the first tick",
        ),
        (|frames| frames.swap(3, 4), "ticks follow one another"),
        (|frames| frames.swap(4, 5), "breaks a rule of the end"),
        (
            |frames| frames.push((7, vec![2, 0, 0, 0, 0, 0, 0, 0])),
            "nothing follows the end",
        ),
        (
            |frames| frames.insert(1, frames[0].clone()),
            "there is one header",
        ),
        (
            |frames| frames.insert(3, frames[1].clone()),
            "sources come before the first world",
        ),
        (
            |frames| frames.insert(1, frames[1].clone()),
            "breaks a rule of the sources",
        ),
        (
            |frames| frames.insert(3, frames[2].clone()),
            "a key frame is the world after",
        ),
        (
            |frames| frames[1].0 = 99,
            "breaks a rule of the kinds of frames",
        ),
        (
            |frames| frames[2].1.truncate(20),
            "breaks a rule of the key frames",
        ),
        (|frames| frames[3].1.push(0), "breaks a rule of the ticks"),
        (|frames| frames[3].1[8] = 255, "breaks a rule of the ticks"),
        (|frames| frames[0].1.push(0), "breaks a rule of the header"),
        (
            |frames| frames.insert(4, (5, vec![0; 12])),
            "steps follow the tick they belong to",
        ),
        (
            |frames| frames[5] = (6, vec![2, 0, 0, 0]),
            "breaks a rule of the tick that stopped",
        ),
        (|frames| frames[5].1[0] = 3, "breaks a rule of the end"),
    ];
    for (change, expected) in rows {
        let mut changed = frames.clone();
        change(&mut changed);
        let error = error(&changed);
        assert!(error.contains(expected), "{error} / {expected}");
        assert!(error.contains("byte "), "{error}");
    }
    // Lengths that promise more than there is reserve nothing.
    for place in 0..frames[3].1.len() {
        let mut changed = frames.clone();
        changed[3].1[place] = 0xff;
        drop(read(&changed));
    }
    for cut in 0..frames[3].1.len() {
        let mut changed = frames.clone();
        changed[3].1.truncate(cut);
        assert!(read(&changed).is_err(), "cut at {cut}");
    }
}

fn split(bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
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

fn join(frames: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"ECHORECD\x02\x00".to_vec();
    let mut seal = gatos_values::Blake3Digest::of(&bytes);
    for (kind, body) in frames {
        let size = (body.len() as u64).to_le_bytes();
        let parts: [&[u8]; 4] = [seal.as_bytes(), &[0x21, *kind], &size, body];
        seal = gatos_values::Blake3Digest::of_parts(&parts);
        bytes.push(*kind);
        bytes.extend(size);
        bytes.extend(body);
        bytes.extend(seal.as_bytes());
    }
    bytes
}

#[test]
fn recordings_of_other_simulations_are_refused_with_what_differs() {
    let bytes = record(2, PLAIN, &[]);
    let recording = Recording::read(&bytes).expect("what was recorded");
    let refused = |simulation: &mut Simulation, recording: &Recording<'_>, options| {
        let workers = Workers::inline();
        let verdict = verify(simulation, recording, options, &workers, &mut |_| ());
        verdict.expect_err("it is another")
    };
    let mut other = Simulation::builder().build().expect("nothing in it");
    let error = refused(&mut other, &recording, ReplayOptions::default());
    assert!(
        matches!(
            &error,
            ReplayError::Foreign {
                what: "table of handlers",
                ..
            }
        ),
        "{error}"
    );
    let late = ReplayOptions {
        from: Some(2),
        ..ReplayOptions::default()
    };
    assert_eq!(
        refused(&mut simulation(), &recording, late).to_string(),
        "the recording has ticks 0 to 2, without 2; none of those asked for"
    );
    let mut frames = split(&bytes);
    frames[1].1[8] ^= 1;
    let changed = join(&frames);
    let changed = Recording::read(&changed).expect("it keeps the rules");
    let error = refused(&mut simulation(), &changed, ReplayOptions::default());
    assert_eq!(error, ReplayError::KeyFrameHash { tick: 0 });
    let last = frames[1].1.len() - 2;
    frames[1].1[last] ^= 1;
    let changed = join(&frames);
    let changed = Recording::read(&changed).expect("it keeps the rules");
    let error = refused(&mut simulation(), &changed, ReplayOptions::default());
    assert!(
        matches!(error, ReplayError::KeyFrame { tick: 0, .. }),
        "{error}"
    );
}

#[test]
fn what_a_replay_could_not_know_is_refused() {
    let mut simulation = simulation();
    let mut recorder =
        Recorder::begin(Vec::new(), &mut simulation, &[], PLAIN).expect("a beginning");
    let coin = Coin { heads: 9, tails: 9 };
    simulation.world_mut().spawn(coin).expect("room");
    let error = recorder.step(&mut simulation, &[], &Workers::inline());
    assert_eq!(error, Err(RecordError::Changed { tick: 0 }));
    for names in [["b", "a"], ["a", "a"], ["", "a"]] {
        let sources = names.map(|name| (name, &b""[..]));
        let begun = Recorder::begin(Vec::new(), &mut simulation, &sources, PLAIN);
        assert!(matches!(begun.err(), Some(RecordError::SourceName { .. })));
    }
}

/// A sink that is full after some pieces.
struct Full(usize);

impl Sink for Full {
    type Error = &'static str;

    fn write(&mut self, _: &[u8]) -> Result<(), &'static str> {
        self.0 = self.0.checked_sub(1).ok_or("the disk is full")?;
        Ok(())
    }
}

#[test]
fn a_sink_that_is_full_is_told() {
    for room in 0..4 {
        let mut simulation = simulation();
        let begun = Recorder::begin(Full(room), &mut simulation, &[], PLAIN);
        let result = begun.and_then(|mut recorder| {
            let workers = Workers::inline();
            recorder.step(&mut simulation, &[], &workers)?;
            recorder.finish().map(|_| ())
        });
        assert_eq!(result, Err(RecordError::Sink("the disk is full")));
    }
}

#[test]
fn branches_that_scripts_ask_for_are_recorded_and_compared() {
    use crate::script_parts::rig;
    use gatos_echo::script::ScriptSource;
    let world = |label: &str| {
        let source =
            format!("function update() if echo.tick() == 1 then echo.fork('{label}') end end");
        rig(&[ScriptSource::new("main.lua", &source)]).simulation
    };
    let mut running = world("a");
    let mut recorder = Recorder::begin(Vec::new(), &mut running, &[], PLAIN).expect("a beginning");
    for _ in 0..3 {
        let stepped = recorder.step(&mut running, &[], &Workers::inline());
        stepped.expect("a tick");
    }
    let bytes = recorder.finish().expect("an end");
    let recording = Recording::read(&bytes).expect("what was recorded");
    let forks = |index| recording.tick(index).expect("it was recorded").forks;
    assert_eq!((forks(0), forks(1)), (vec![], vec!["a".to_string()]));
    let verdict = verify(
        &mut world("a"),
        &recording,
        ReplayOptions::default(),
        &Workers::inline(),
        &mut |_| (),
    );
    assert_eq!(verdict, Ok(Verdict::Identical { ticks: 3 }));
}
