//! Two writing processes: the second waits for its turn, or is told who has it.

use std::time::Duration;

use gatos_node::{Node, NodeOptions};

use crate::books::Books;
use crate::lanes::Lane;
use crate::scene::Scene;
use crate::work::{Call, CallName, Mix};
use crate::writer::Orders;

/// Enough for a process to start and append on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn orders(scene: &Scene, calls_per_turn: Option<u64>) -> Orders {
    Orders {
        repository: scene.repository().to_owned(),
        home: scene.home().to_owned(),
        seed: Mix::Everything.seed(calls_per_turn.unwrap_or(0)),
        thread_count: 1,
        calls_per_turn,
        calls_per_upkeep: None,
        background: true,
        repeat: Vec::new(),
    }
}

#[test]
fn the_second_writer_is_told_who_holds_the_lock() {
    let scene = Scene::new();
    let lane = Lane::start_writer(&orders(&scene, None), &scene.beside("writer.errors"));
    assert!(
        lane.wait_until(PATIENCE, |heard| heard.call_count > 0),
        "the first writer works"
    );
    let process_id = lane.process_id().expect("the writer is a process");
    let impatient = Node::open(
        scene.repository(),
        NodeOptions {
            home: Some(scene.home().to_owned()),
            writer_patience: Duration::ZERO,
            ..NodeOptions::default()
        },
    )
    .expect("reading needs no lock");
    let call = Call::draw(CallName {
        writer: 1,
        thread: 0,
        number: 0,
    });
    let fault = impatient
        .append(&call.intents, call.ack)
        .expect_err("the lock is held");
    assert_eq!(fault.code.as_str(), "LOCKED", "{fault}");
    assert!(
        fault.reason.contains(&format!("process {process_id}")),
        "{fault}"
    );
    let heard = lane.kill().expect("the writer was at work");
    // The owner is gone: nothing has to be removed by hand.
    let mut books = Books::default();
    books.note(heard.acknowledged);
    impatient
        .append(&call.intents, call.ack)
        .expect("the lock is free");
    impatient.close_writer().expect("the writer closes");
    books.check_recovered(&scene).expect("everything is there");
}

#[test]
fn the_second_writer_waits_for_its_turn() {
    let scene = Scene::new();
    let lane = Lane::start_writer(&orders(&scene, Some(3)), &scene.beside("writer.errors"));
    assert!(
        lane.wait_until(PATIENCE, |heard| heard.call_count > 0),
        "the first writer works"
    );
    let node = scene.node();
    let call = Call::draw(CallName {
        writer: 1,
        thread: 0,
        number: 0,
    });
    node.append(&call.intents, call.ack)
        .expect("the turn comes");
    node.close_writer().expect("the writer closes");
    let before = lane.call_count();
    assert!(
        lane.wait_until(PATIENCE, |heard| heard.call_count > before),
        "the first writer goes on"
    );
    let heard = lane.kill().expect("the writer was at work");
    let mut books = Books::default();
    books.note(heard.acknowledged);
    scene.node().writer().expect("the next writer recovers");
    books.check_recovered(&scene).expect("everything is there");
}
