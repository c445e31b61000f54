//! Signatures of envelopes: who may emit a kind, what is signed, and that a wrong one stops the tick and leaves no trace.

use crate::parts::Health;
use crate::vectors::check_file;
use gatos_echo::bus::{BusConfig, BusError, Draft, Handler};
use gatos_echo::recording::{Recorder, RecorderOptions, Recording};
use gatos_echo::replay::{ReplayOptions, Verdict, verify};
use gatos_echo::schedule::{Phase, Schedule, TickError, Workers, system};
use gatos_echo::simulation::{Input, Simulation};
use gatos_echo::{Registry, World};
use gatos_values::Blake3Digest;
use gatos_values::sshsig::SigningKey;

fn world() -> World {
    let registry = Registry::builder().with::<Health>().build();
    World::new(&registry.expect("plain data"))
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed([number; 32])
}

fn order() -> Draft {
    Draft::new("order", &[7]).weight(3).capability("cap")
}

/// A bus on which orders must be signed by the first key or the second.
fn bus() -> BusConfig {
    let obey = Handler::new("obey", Phase::Update, "order", |context| {
        context
            .world
            .spawn(Health(u32::from(context.envelope.payload()[0])))
            .map(|_| ())
    });
    BusConfig::new()
        .grant("input", "cap")
        .signer("order", &key(1).public())
        .signer("order", &key(2).public())
        .handler(obey)
}

fn schedule() -> Schedule {
    let built = Schedule::builder(world().registry()).bus(bus()).build();
    built.expect("ordered")
}

#[test]
fn kinds_that_must_be_signed_are_heard_only_with_a_signature_that_fits() {
    let (mut world, mut schedule) = (world(), schedule());
    // What was not signed: lists that come in another order, and when it is delivered.
    let late = order().capability("b").signed_by(&key(2)).after_ticks(2);
    assert_eq!(
        schedule
            .emit(&mut world, late)
            .map_err(|error| error.to_string()),
        Err("ERR_CAPABILITY_DENIED: `input` has no `b` for `order`".to_string())
    );
    for draft in [
        order().signed_by(&key(1)),
        order().signed_by(&key(2)).after_ticks(2),
        Draft::new("other", &[]),
        Draft::new("other", &[]).signed_by(&key(9)),
    ] {
        assert_eq!(schedule.emit(&mut world, draft), Ok(None));
    }
    let before = world.save();
    let wrong = [
        (order(), "it is not signed"),
        (order().signed_by(&key(3)), "the key may not sign this kind"),
        (
            order().signed_by(&key(1)).weight(4),
            "the signature does not fit",
        ),
        (
            Draft::new("other", &[]).signed_by(&key(9)).every_ticks(1),
            "the signature does not fit",
        ),
        (
            order().signature(key(1).sign("file", &order().message())),
            "signatures of envelopes are made for `gatos-echo`",
        ),
    ];
    for (draft, reason) in wrong {
        let error = schedule.emit(&mut world, draft).expect_err("it is wrong");
        let (BusError::Signature { reason: found, .. } | BusError::Invalid { reason: found, .. }) =
            &error
        else {
            panic!("{error}");
        };
        assert_eq!(*found, reason);
        assert!(world.save() == before);
    }
    // Snapshots carry signatures, and say so by their version.
    assert_eq!(before[8..10], [3, 0]);
    let mut copy = World::load(world.registry(), &before).expect("saved");
    assert!(copy.save() == before);
    for _ in 0..3 {
        for world in [&mut world, &mut copy] {
            schedule.tick(world, &Workers::inline()).expect("signed");
        }
    }
    assert_eq!((world.len(), copy.len()), (2, 2));
    assert_eq!(world.hash(), copy.hash());
    assert_eq!(world.save()[8..10], [1, 0], "nothing signed waits");
}

#[test]
fn an_envelope_that_somebody_sealed_in_place_of_a_signed_one_stops_the_tick() {
    let (mut world, mut schedule) = (world(), schedule());
    let draft = Draft::new("order", b"\x01 to look for").signed_by(&key(1));
    schedule.emit(&mut world, draft).expect("signed");
    let mut bytes = world.save();
    let place = |bytes: &[u8], wanted: &[u8]| {
        let mut windows = bytes.windows(wanted.len());
        windows
            .position(|window| window == wanted)
            .expect("it waits")
    };
    // Payload changed, envelope sealed anew, snapshot too: only the signature is missing.
    let payload = place(&bytes, b"\x01 to look for");
    bytes[payload] = 2;
    let start = place(&bytes, b"\x05input\x05order") - 16;
    let end = payload + 13;
    let seal = Blake3Digest::of_parts(&[&[0x20], &bytes[start..end]]);
    bytes[end..end + 32].copy_from_slice(seal.as_bytes());
    let body = bytes.len() - 32;
    let digest = Blake3Digest::of(&bytes[..body]);
    bytes[body..].copy_from_slice(digest.as_bytes());
    let mut world = World::load(world.registry(), &bytes).expect("well formed");
    let error = schedule
        .tick(&mut world, &Workers::inline())
        .expect_err("it is false");
    assert_eq!(
        error.to_string(),
        "the bus stopped the tick in update: ERR_SIGNATURE_INVALID: `input` emits `order`: the signature does not fit"
    );
    assert!(world.save() == bytes);
}

#[test]
fn a_system_that_emits_what_it_cannot_sign_stops_the_tick() {
    let mut world = world();
    let mut schedule = Schedule::builder(world.registry())
        .add(system("forge", |post: &mut gatos_echo::bus::Post| {
            post.emit(Draft::new("order", &[1]));
        }))
        .bus(bus())
        .build()
        .expect("ordered");
    let before = world.save();
    let error = schedule.tick(&mut world, &Workers::inline());
    let Err(TickError::Bus { error, .. }) = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        error.to_string(),
        "ERR_SIGNATURE_INVALID: `forge` emits `order`: it is not signed"
    );
    assert!(world.save() == before);
}

#[test]
fn who_may_sign_is_in_the_digest_of_the_rules() {
    let digests = [
        BusConfig::new(),
        BusConfig::new().signer("a", &key(1).public()),
        BusConfig::new().signer("b", &key(1).public()),
        BusConfig::new().signer("a", &key(2).public()),
    ]
    .map(|bus| bus.rules_digest());
    for (index, digest) in digests.iter().enumerate() {
        assert!(!digests[..index].contains(digest), "{index}");
    }
}

#[test]
fn recordings_hold_signed_inputs() {
    let simulation = || {
        let built = Simulation::builder()
            .component::<Health>()
            .bus(bus())
            .build();
        built.expect("the parts fit together")
    };
    let mut running = simulation();
    let mut recorder = Recorder::begin(Vec::new(), &mut running, &[], RecorderOptions::default())
        .expect("a vector");
    let inputs = [Input::Emit(order().signed_by(&key(1)).after_ticks(1))];
    for inputs in [&inputs[..], &[], &[]] {
        let stepped = recorder.step(&mut running, inputs, &Workers::inline());
        stepped.expect("signed");
    }
    let bytes = recorder.finish().expect("a vector");
    check_file("recording.signed", &bytes);
    let recording = Recording::read(&bytes).expect("what was recorded");
    assert_eq!(recording.tick(0).expect("recorded").inputs, inputs);
    let verdict = verify(
        &mut simulation(),
        &recording,
        ReplayOptions::default(),
        &Workers::inline(),
        &mut |_| (),
    );
    assert_eq!(verdict, Ok(Verdict::Identical { ticks: 3 }));
}
