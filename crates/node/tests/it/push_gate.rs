//! The gate as a function: what it says of refs that a push wants to move. Real pushes are the red team's.

use gatos_ledger::receive::PushedRef;
use gatos_ledger::{ObjectId, Repository, refs};
use gatos_node::{InitOptions, Node};

use crate::world::{World, actor, append, intent, run};

/// A push gate with a clone whose node acts as its governor.
struct Gate {
    world: World,
}

impl Gate {
    fn new() -> Gate {
        let world = World::empty();
        Node::init(&InitOptions {
            directory: world.folder().join("hub.git"),
            bare: true,
            actor: Some(actor("user:alice")),
            profile: Some("push-gate".to_owned()),
            home: Some(world.home()),
            ..InitOptions::default()
        })
        .expect("the gate is made");
        let hub = world.folder().join("hub.git");
        // Commits are handed over here as a push would: into the same folder of objects.
        Node::clone_from(
            &hub.display().to_string(),
            &world.path(),
            None,
            world.options(),
            &mut |_| {},
        )
        .expect("the clone works");
        Gate { world }
    }

    fn hub(&self) -> Node {
        self.world.node_at(&self.world.folder().join("hub.git"))
    }

    /// Judges refs whose objects lie in the clone, as if it were git's quarantine.
    fn judge(&self, pushed: &[PushedRef]) -> Vec<(String, &'static str)> {
        let quarantine = self.world.path().join(".git/objects");
        let verdict = self
            .hub()
            .judge_push(pushed, Some(&quarantine))
            .expect("a verdict");
        let refused = verdict.refusals.iter();
        refused
            .map(|one| (one.reference.clone(), one.fault.code.as_str()))
            .collect()
    }

    fn clone_ref(&self, name: &str) -> ObjectId {
        let repository = Repository::open(&self.world.path()).expect("it opens");
        refs::read(&repository, name)
            .expect("it reads")
            .expect(name)
    }

    fn journal(&self) -> String {
        let names = self
            .world
            .git(&["for-each-ref", "--format=%(refname)", "refs/gatos/journal/"]);
        names.trim().to_owned()
    }
}

fn pushed(name: &str, old: Option<ObjectId>, new: ObjectId) -> PushedRef {
    PushedRef {
        old,
        new: Some(new),
        name: name.to_owned(),
    }
}

#[test]
fn what_continues_is_let_in_and_judging_changes_nothing() {
    let gate = Gate::new();
    let node = gate.world.node();
    append(&node, &[intent("ops", "tick", r#"{"k":"a"}"#)]);
    append(&node, &[intent("ops", "tick", r#"{"k":"b"}"#)]);
    let journal = gate.journal();
    let tip = gate.clone_ref(&journal);
    let hub = gate.world.folder().join("hub.git");
    let before = run(&hub, "git", &["for-each-ref"]);
    assert_eq!(gate.judge(&[pushed(&journal, None, tip)]), []);
    assert_eq!(run(&hub, "git", &["for-each-ref"]), before);
    assert!(
        std::fs::read_dir(hub.join("gatos/incoming"))
            .expect("a folder")
            .next()
            .is_none()
    );
    // Without the objects there is nothing to judge.
    let verdict = gate
        .hub()
        .judge_push(&[pushed(&journal, None, tip)], None)
        .expect("a verdict");
    assert_eq!(verdict.refusals[0].fault.code.as_str(), "BAD_COMMIT");
}

#[test]
fn one_refusal_names_each_ref_and_repeating_it_is_counted() {
    let gate = Gate::new();
    let node = gate.world.node();
    append(&node, &[intent("ops", "tick", r#"{"k":"a"}"#)]);
    let journal = gate.journal();
    let tip = gate.clone_ref(&journal);
    let elsewhere = journal.replace("/ops/", "/finance/");
    let both = [
        pushed(&elsewhere, None, tip),
        pushed("refs/gatos/nowhere", None, tip),
        pushed("refs/heads/main", None, tip),
        pushed(&journal, None, tip),
    ];
    let expected = [
        ("refs/gatos/nowhere".to_owned(), "BAD_NAME"),
        (elsewhere.clone(), "BAD_EVENT"),
    ];
    for round in 0..3 {
        assert_eq!(gate.judge(&both), expected, "round {round}");
        let report = gate.hub().audit_verify().expect("it holds");
        // One record, however often it is tried; everything else is counted.
        assert_eq!(report.record_count, 1);
        let counted: u64 = report.counted.iter().map(|(_, count)| count).sum();
        assert_eq!(counted, 1 + 2 * round);
    }
    let record = gate
        .hub()
        .audit_log()
        .expect("it opens")
        .next()
        .expect("one")
        .expect("it reads");
    assert_eq!(record.decision.actor, actor("user:alice"));
    let event = record
        .decision
        .event
        .expect("it is about an event")
        .to_string();
    let reason = record.decision.reason.as_str();
    assert!(
        reason.contains(&event) && !reason.contains(&tip.to_string()),
        "{reason}"
    );
}

#[test]
fn a_value_that_others_moved_meanwhile_is_refused() {
    let gate = Gate::new();
    let node = gate.world.node();
    append(&node, &[intent("ops", "tick", r#"{"k":"a"}"#)]);
    let journal = gate.journal();
    let tip = gate.clone_ref(&journal);
    let refused = gate.judge(&[pushed(&journal, Some(tip), tip)]);
    assert_eq!(refused, [(journal, "FF_VIOLATION")]);
}

#[test]
fn a_gate_without_its_key_lets_nothing_in() {
    let gate = Gate::new();
    let hub = gate.world.folder().join("hub.git");
    let key = run(&hub, "git", &["config", "gatos.nodeKey"]);
    let file = gate.world.home().join("keys").join(key.trim());
    std::fs::rename(&file, file.with_extension("away")).expect("the key is a file");
    let fault = gate
        .hub()
        .judge_push(&[], None)
        .expect_err("it must be refused");
    assert_eq!(fault.code.as_str(), "UNKNOWN_KEY");
}

#[test]
fn the_gate_tells_how_old_a_version_it_takes() {
    let gate = Gate::new();
    let node = gate.world.node();
    append(&node, &[intent("ops", "tick", r#"{"k":"a"}"#)]);
    let journal = gate.journal();
    let event = gate.clone_ref(&journal);
    let key = node.keys().generate().expect("a key");
    node.enrol(&actor("user:bob"), &key)
        .expect("bob is enrolled");
    let governance = "refs/gatos/governance";
    let hub = gate.world.folder().join("hub.git");
    let old = Repository::open(&hub).map(|hub| refs::read(&hub, governance).expect("it reads"));
    let old = old.expect("it opens");
    let new = gate.clone_ref(governance);
    // The version arrives with the event: when the event was made, it was the newest the gate had.
    let both = [pushed(governance, old, new), pushed(&journal, None, event)];
    assert_eq!(gate.judge(&both), []);
    // Once the gate has the version, the older event comes too late, unless the gate is patient.
    run(
        &hub,
        "git",
        &[
            "fetch",
            "-q",
            &gate.world.path().display().to_string(),
            "refs/gatos/governance:refs/gatos/governance",
        ],
    );
    assert_eq!(
        gate.judge(&[pushed(&journal, None, event)]),
        [(journal.clone(), "POLICY_STALE")]
    );
    for patience in ["1", "any"] {
        run(&hub, "git", &["config", "gatos.policyLag", patience]);
        assert_eq!(gate.judge(&[pushed(&journal, None, event)]), []);
    }
}
