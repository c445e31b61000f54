//! A full disk and a read-only one: refused with the right words, nothing lost, and the next append works.

#![cfg(target_os = "linux")]

use std::path::Path;

use gatos_node::{Acknowledgement, Fault, Intent, LogQuery, Node};
use gatos_values::{EventType, Namespace, Text, Value};

use crate::books::Books;
use crate::dice::{Dice, tell};
use crate::lanes::Acknowledged;
use crate::power_cut::Image;
use crate::scene::Scene;
use crate::work::{CallName, Mix, NAMESPACES};

/// Room for three ballasts, the log's first segments and some packs.
const DISK_BYTES: u64 = 48 << 20;
const BALLAST_BYTES: usize = 8 << 20;
/// Noise in each event's payload; few large events fill a disk sooner than many small ones.
const NOISE_BYTES: usize = 30_000;
const ROUND_COUNT: u64 = 3;

#[test]
fn a_full_tmpfs_is_reported_and_survived() {
    fill(Image::memory(DISK_BYTES), "tmpfs");
}

#[test]
fn a_full_ext4_is_reported_and_survived() {
    fill(Image::make_sized("ext4", DISK_BYTES), "ext4");
}

fn fill(image: Result<Image, String>, kind: &str) {
    let image = match image {
        Ok(image) => image,
        Err(reason) => {
            tell(&format!("SKIPPED: a full disk on {kind}: {reason}"));
            return;
        }
    };
    let scene = Scene::at(
        &image.mount_point().join("repository"),
        &image.folder().join("home"),
    );
    let ballast = |round: u64| image.mount_point().join(format!("ballast-{round}"));
    for round in 0..ROUND_COUNT {
        std::fs::write(ballast(round), vec![0; BALLAST_BYTES]).expect("the ballast fits");
    }
    let mut books = Books::default();
    for round in 0..ROUND_COUNT {
        let node = scene.node();
        let fault = append_until_full(&node, round, &mut books);
        assert_eq!(fault.code.as_str(), "DISK_FULL", "{fault}");
        assert!(
            !fault.hint.is_empty() && !fault.reason.is_empty(),
            "{fault}"
        );
        assert_eq!(fault.exit_status(), 3);
        // A full disk still answers questions.
        assert!(count_events(&node) > 0);
        std::fs::remove_file(ballast(round)).expect("the ballast goes");
        // The same node goes on, and so does the next one.
        if round % 2 == 0 {
            append(&node, round, 1_000_000, &mut books).expect("the append after the flood works");
            node.close_writer()
                .expect("what was durable becomes visible");
        } else if let Err(again) = node.close_writer() {
            // Where it was the log that failed, closing repeats why, and the next writer recovers.
            assert_eq!(again.code, fault.code, "{again}");
        }
        drop(node);
        let acknowledged = scene.append(CallName {
            writer: Mix::VisibleSingles.seed(round),
            thread: 1,
            number: 0,
        });
        books.note(acknowledged.expect("the next writer's append works"));
        books
            .check_recovered(&scene)
            .unwrap_or_else(|complaint| panic!("{kind}: {complaint}"));
    }
    tell(&format!(
        "{kind}: full {ROUND_COUNT} times, {} events acknowledged, 0 lost",
        books.acknowledged_count()
    ));
}

fn append_until_full(node: &Node, round: u64, books: &mut Books) -> Fault {
    for number in 0..1_000_000 {
        if let Err(fault) = append(node, round, number, books) {
            return fault;
        }
    }
    panic!("the disk never became full");
}

/// One event, durable or visible, with noise that does not compress.
fn append(node: &Node, round: u64, number: u64, books: &mut Books) -> Result<(), Fault> {
    let mut dice = Dice::new(round * 10_000_000 + number);
    let noise: String = (0..NOISE_BYTES / 16)
        .map(|_| format!("{:016x}", dice.roll()))
        .collect();
    let intent = Intent::new(
        Namespace::parse(dice.choose::<&str>(NAMESPACES)).expect("a namespace of the test"),
        EventType::parse("crash.noise").expect("a type of the test"),
        Value::Text(Text::new(&noise).expect("ASCII is text")),
    );
    let ack = match dice.one_in(3) {
        true => Acknowledgement::Visible,
        false => Acknowledgement::Durable,
    };
    let appended = node.append(&[intent], ack)?;
    books.note(Acknowledged::all(appended, ack == Acknowledgement::Visible));
    Ok(())
}

fn count_events(node: &Node) -> usize {
    NAMESPACES
        .iter()
        .map(|name| {
            let ns = Namespace::parse(name).expect("a namespace of the test");
            let reader = node.log(LogQuery::all(ns)).expect("a read works");
            reader
                .inspect(|entry| assert!(entry.is_ok(), "an entry reads"))
                .count()
        })
        .sum()
}

#[test]
fn a_read_only_disk_can_be_read_and_says_so_when_written() {
    let image = match Image::memory(DISK_BYTES) {
        Ok(image) => image,
        Err(reason) => {
            tell(&format!("SKIPPED: a read-only disk: {reason}"));
            return;
        }
    };
    let scene = Scene::at(
        &image.mount_point().join("repository"),
        &image.folder().join("home"),
    );
    let mut books = Books::default();
    {
        let node = scene.node();
        for number in 0..10 {
            append(&node, 0, number, &mut books).expect("the append works");
        }
        // Not closed: some events are durable and not yet visible.
    }
    check_read_only(&image, &scene);
    let acknowledged = scene.append(CallName {
        writer: Mix::VisibleSingles.seed(1),
        thread: 1,
        number: 0,
    });
    books.note(acknowledged.expect("an append works when the disk is writable again"));
    books.check_recovered(&scene).expect("everything is there");
}

fn check_read_only(image: &Image, scene: &Scene) {
    image.remount("ro").expect("the disk becomes read-only");
    let node = scene.node();
    assert!(
        count_events(&node) > 0,
        "a read-only repository can be read"
    );
    let fault = append(&node, 2, 0, &mut Books::default()).expect_err("a write is refused");
    assert_eq!(fault.code.as_str(), "READ_ONLY", "{fault}");
    assert!(!fault.hint.is_empty());
    drop(node);
    image.remount("rw").expect("the disk becomes writable");
    assert!(Path::new(scene.repository()).exists());
}
