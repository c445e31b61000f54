//! What others may see: events and rows of state, one by one.

use gatos_fold::compile_yaml;
use gatos_node::LogQuery;
use gatos_values::EventType;

use crate::gate::activate;
use crate::world::{World, actor, append, code, intent, ns};

const FOLD: &str = "version: 1\nreducers:\n  - kind: count-by\n    key: \"$.k\"\nemit:\n  - path: \"state/ops/counts.json\"\n";

const POLICY: &str = "rules:
  - id: write
    when: { intent: write }
    allow_if: [\"true\"]
  - id: events
    when: { intent: read, path: \"gatos/journal/**\" }
    allow_if: [\"payload.k != 'c' or actor == 'user:alice'\"]
    deny_if: [\"labels contains 'urgent' and trust[actor].level < 1\"]
  - id: rows
    when: { intent: read, path: \"gatos/state/ops/**\" }
    allow_if: [\"payload.key == 'a' or actor == 'user:alice'\"]
";

#[test]
fn every_event_and_row_is_asked_about() {
    let world = World::new();
    let node = world.node();
    let public = node.keys().generate().expect("a key");
    node.enrol(&actor("user:bob"), &public)
        .expect("bob is enrolled");
    let compiled = compile_yaml(FOLD).expect("the fold compiles");
    node.fold_install(&ns("ops"), &compiled.rgf, None)
        .expect("it installs");
    let tick = |key: &str| intent("ops", "tick", &format!("{{\"k\":\"{key}\"}}"));
    let mut urgent = tick("a");
    urgent.labels = vec![EventType::parse("urgent").expect("a label")];
    append(&node, &[tick("a"), tick("b"), tick("c"), urgent]);
    node.fold_run(&ns("ops"), &mut |_| {}).expect("it folds");
    let state = node
        .state_show(&ns("ops"), "state/ops/counts.json", None)
        .expect("a file");
    let seen = |name: &str| {
        let reading = node.reading_for(&actor(name)).expect("an actor");
        let events = node
            .log(LogQuery::all(ns("ops")))
            .expect("it opens")
            .filter(|entry| {
                let event = &entry.as_ref().expect("it reads").event;
                reading
                    .refuse_event(event.envelope())
                    .expect("an answer")
                    .is_none()
            })
            .count();
        let shown = reading.visible_state(&ns("ops"), "state/ops/counts.json", &state);
        (
            events,
            shown.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        )
    };
    // The empty policy shows every enrolled actor everything.
    assert_eq!(seen("user:bob").0, 4);
    assert_eq!(seen("user:bob").1.expect("all of it").as_bytes(), state);
    assert_eq!(
        code(node.reading_for(&actor("user:zoe")).map(drop)),
        "UNKNOWN_ACTOR"
    );

    activate(&node, POLICY);
    let (events, shown) = seen("user:bob");
    assert_eq!(events, 2, "neither `c` nor what is urgent");
    assert_eq!(shown.expect("one row"), "{\"a\":2}");
    let (events, shown) = seen("user:alice");
    // Her level is no level yet, so that what is urgent stays hidden from her as well.
    assert_eq!(events, 3);
    assert_eq!(shown.expect("all rows").as_bytes(), state);

    let none = "rules:\n  - id: write\n    when: { intent: write }\n    allow_if: [\"true\"]\n";
    activate(&node, none);
    let (events, shown) = seen("user:alice");
    assert_eq!(events, 0);
    assert_eq!(code(shown), "POLICY_DENY");
}
