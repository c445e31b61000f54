//! Reading: every filter against picking from a sorted list, following, and reads that insist on an event.

use std::time::Duration;

use gatos_fold::compile_yaml;
use gatos_node::{Acknowledgement, Intent, LogQuery, Node};
use gatos_values::{EventId, Glob, Ulid};

use crate::world::{World, actor, append, code, intent, ns};

/// An event as the test itself remembers it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    ulid: Ulid,
    id: EventId,
    actor: String,
    event_type: String,
}

fn glob(pattern: &str) -> Glob {
    Glob::parse(pattern, '.').expect("a pattern of the test")
}

/// A time of the past, so that ULIDs of the test need not wait for a clock.
fn ulid(tick: u64) -> Ulid {
    Ulid::from_parts(1_700_000_000_000 + tick, u128::from(tick % 3)).expect("a ULID")
}

fn at(tick: u64, who: &str, event_type: &str) -> Intent {
    let mut one = intent("ops", event_type, &tick.to_string());
    one.actor = Some(actor(who));
    one.ulid = Some(ulid(tick));
    one
}

fn tell(node: &Node, intents: &[Intent]) -> Vec<Told> {
    let appended = append(node, intents);
    let told = intents.iter().zip(&appended).map(|(intent, one)| Told {
        ulid: one.ulid,
        id: one.id,
        actor: intent
            .actor
            .as_ref()
            .map_or_else(String::new, ToString::to_string),
        event_type: intent.event_type.to_string(),
    });
    told.collect()
}

fn read(node: &Node, query: LogQuery) -> Vec<EventId> {
    node.log(query)
        .expect("the log opens")
        .map(|entry| entry.expect("the entry reads").event.id())
        .collect()
}

/// A repository in which `service:build` may write beside `user:alice`.
fn two_actors() -> World {
    let world = World::new();
    let node = world.node();
    let public = node.keys().generate().expect("a key");
    node.enrol(&actor("service:build"), &public)
        .expect("it is enrolled");
    world
}

#[test]
fn every_filter_gives_what_picking_from_a_sorted_list_gives() {
    let world = two_actors();
    let node = world.node();
    let types = ["build.done", "build.failed", "deploy.eu.done", "deploy"];
    let mut told = Vec::new();
    for tick in 0..24 {
        // Both write under the same ULID now and then: the order is then that of the ids.
        let event_type = types[(tick % 4) as usize];
        told.extend(tell(&node, &[at(tick, "user:alice", event_type)]));
        if tick % 3 != 1 {
            told.extend(tell(
                &node,
                &[at(tick, "service:build", types[(tick % 3) as usize])],
            ));
        }
    }
    told.sort();
    let patterns = [
        None,
        Some("build.*"),
        Some("**"),
        Some("*"),
        Some("deploy.**"),
        Some("none"),
    ];
    let actors = [
        None,
        Some("user:alice"),
        Some("service:build"),
        Some("user:nobody"),
    ];
    let edges = [None, Some(ulid(7)), Some(ulid(12))];
    for (index, pattern) in patterns.iter().enumerate() {
        for who in actors {
            for since in edges {
                for until in edges {
                    let limit = [None, Some(0), Some(3)][index % 3];
                    let query = LogQuery {
                        ns: ns("ops"),
                        actor: who.map(actor),
                        event_type: pattern.map(glob),
                        since,
                        until,
                        limit,
                    };
                    let want: Vec<EventId> = told
                        .iter()
                        .filter(|one| who.is_none_or(|who| one.actor == who))
                        .filter(|one| {
                            pattern.is_none_or(|pattern| glob(pattern).matches(&one.event_type))
                        })
                        .filter(|one| since.is_none_or(|since| one.ulid >= since))
                        .filter(|one| until.is_none_or(|until| one.ulid < until))
                        .map(|one| one.id)
                        .take(limit.map_or(usize::MAX, |limit| limit as usize))
                        .collect();
                    assert_eq!(read(&node, query.clone()), want, "{query:?}");
                }
            }
        }
    }
}

#[test]
fn a_follower_tells_each_event_once_whoever_wrote_it() {
    let world = two_actors();
    let node = world.node();
    let reader = world.node();
    let mut follower = reader.follow(LogQuery::all(ns("ops")));
    let mut round = || -> Option<Vec<EventId>> {
        let round = follower.round().expect("the round reads")?;
        Some(
            round
                .map(|entry| entry.expect("the entry reads").event.id())
                .collect(),
        )
    };
    assert_eq!(round(), None);
    let first = tell(&node, &[at(1, "user:alice", "a"), at(2, "user:alice", "b")]);
    assert_eq!(round(), Some(vec![first[0].id, first[1].id]));
    assert_eq!(round(), None);
    // A journal that is new, with an event from before those already told.
    let early = tell(&node, &[at(0, "service:build", "c")]);
    assert_eq!(round(), Some(vec![early[0].id]));
    let mut more = tell(
        &node,
        &[at(9, "user:alice", "a"), at(5, "service:build", "a")],
    );
    more.sort();
    assert_eq!(round(), Some(vec![more[0].id, more[1].id]));
    // Durable is not yet visible.
    let durable = node
        .append(&[at(11, "user:alice", "a")], Acknowledgement::Durable)
        .expect("the append works");
    assert_eq!(round(), None);
    node.close_writer().expect("the writer closes");
    assert_eq!(round(), Some(vec![durable[0].id]));
    assert_eq!(round(), None);
}

#[test]
fn a_follower_keeps_to_its_query() {
    let world = two_actors();
    let node = world.node();
    let mut query = LogQuery::all(ns("ops"));
    query.actor = Some(actor("user:alice"));
    query.event_type = Some(glob("build.*"));
    query.since = Some(ulid(4));
    let mut follower = node.follow(query);
    let mut told = Vec::new();
    let mut want = Vec::new();
    for tick in [2, 4, 6, 8] {
        let events = tell(
            &node,
            &[
                at(tick, "user:alice", "build.done"),
                at(tick + 1, "user:alice", "x"),
            ],
        );
        tell(&node, &[at(tick, "service:build", "build.done")]);
        want.extend((tick >= 4).then_some(events[0].id));
        let round = follower
            .round()
            .expect("the round reads")
            .expect("the journal grew");
        told.extend(round.map(|entry| entry.expect("the entry reads").event.id()));
    }
    assert_eq!(told, want);
}

#[test]
fn a_read_waits_for_the_event_it_insists_on() {
    let world = World::new();
    let node = world.node();
    let reader = world.node();
    let durable = node
        .append(&[intent("ops", "tick", "1")], Acknowledgement::Durable)
        .expect("the append works")
        .remove(0);
    let wait = |patience| reader.await_event(&durable.id, Duration::from_millis(patience));
    assert_eq!(code(wait(0)), "UNKNOWN_EVENT");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| wait(60_000));
        node.close_writer().expect("the writer closes");
        let found = waiting
            .join()
            .expect("no panic")
            .expect("it became visible");
        assert_eq!(found.commit.to_string(), durable.commit);
    });
    let nothing = EventId::from_bytes([1; 32]);
    assert_eq!(
        code(reader.await_event(&nothing, Duration::ZERO)),
        "UNKNOWN_EVENT"
    );
    assert_eq!(code(reader.find_event(&nothing)), "UNKNOWN_EVENT");
}

#[test]
fn a_state_covers_an_event_once_a_fold_has_taken_it_in() {
    const FOLD: &str =
        "version: 1\nreducers:\n  - kind: counter-g\nemit:\n  - path: state/count.json\n";
    let world = two_actors();
    let node = world.node();
    let fold = compile_yaml(FOLD).expect("the fold compiles");
    node.fold_install(&ns("ops"), &fold.rgf, None)
        .expect("it installs");
    let covers = |id: &EventId| node.await_state(&ns("ops"), id, Duration::ZERO);
    let first = tell(&node, &[at(5, "user:alice", "a"), at(6, "user:alice", "a")]);
    assert_eq!(code(covers(&first[0].id)), "NO_CHECKPOINT");
    node.fold_run(&ns("ops"), &mut |_| {})
        .expect("the fold runs");
    for one in &first {
        covers(&one.id).expect("it is in");
    }
    // Later in the same journal, and earlier in a journal that the checkpoint does not know.
    let later = tell(&node, &[at(7, "user:alice", "a")]);
    let other = tell(&node, &[at(1, "service:build", "a")]);
    assert_eq!(code(covers(&later[0].id)), "NO_CHECKPOINT");
    assert_eq!(code(covers(&other[0].id)), "NO_CHECKPOINT");
    covers(&first[1].id).expect("it is still in");
    node.fold_run(&ns("ops"), &mut |_| {})
        .expect("the fold runs");
    covers(&later[0].id).expect("it is in");
    covers(&other[0].id).expect("it is in");
    // An event of another namespace is in no state of this one.
    let elsewhere = append(&node, &[intent("other", "a", "1")]).remove(0);
    assert_eq!(code(covers(&elsewhere.id)), "NO_CHECKPOINT");
}
