//! Appending: ids, order, repeats, refusals.

use gatos_node::{Acknowledgement, Repeats};
use gatos_values::Ulid;

use crate::world::{World, actor, append, code, idem, intent, log_ids, ns, run};

#[test]
fn an_event_is_a_commit_that_git_and_ssh_keygen_accept() {
    let world = World::new();
    let node = world.node();
    let appended = append(&node, &[intent("finance", "invoice.paid", r#"{"id":7}"#)]);
    world.fsck();
    let reference = world.git(&["for-each-ref", "--format=%(refname)", "refs/gatos/journal"]);
    let subject = world.git(&["log", "-1", "--format=%s", reference.trim()]);
    assert_eq!(subject.trim(), format!("invoice.paid {}", appended[0].ulid));
    let tip = world.git(&["rev-parse", reference.trim()]);
    assert_eq!(tip.trim(), appended[0].commit);
    let out = world.folder().join("export");
    node.export_event(&appended[0].id, &out)
        .expect("the event exports");
    let script = "ssh-keygen -Y verify -f allowed_signers -I user:alice -n gatos-event -s event.json.sig < event.json && b3sum --no-names event.json";
    if which("ssh-keygen") && which("b3sum") {
        let said = run(&out, "sh", &["-c", script]);
        let digest = appended[0].id.to_string();
        assert!(
            said.contains(digest.trim_start_matches("blake3:")),
            "b3sum says {said}, the id is {digest}"
        );
    }
}

fn which(program: &str) -> bool {
    std::process::Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output()
        .is_ok_and(|output| output.status.success())
}

#[test]
fn events_chain_within_and_across_calls() {
    let world = World::new();
    let mut ids = Vec::new();
    for round in 0..3 {
        // A new node each time: the tip comes from the repository, not from memory.
        let node = world.node();
        let intents: Vec<_> = (0..70)
            .map(|number| {
                intent(
                    "ops",
                    "tick",
                    &format!(r#"{{"round":{round},"n":{number}}}"#),
                )
            })
            .collect();
        ids.extend(
            append(&node, &intents)
                .into_iter()
                .map(|one| one.id.to_string()),
        );
    }
    assert_eq!(log_ids(&world.node(), "ops"), ids);
    world.fsck();
}

#[test]
fn a_repeat_is_recognised_by_ulid_and_by_idempotency_key() {
    let world = World::new();
    let node = world.node();
    let mut first = intent("ops", "deploy", r#"{"v":1}"#);
    first.idem = idem("deploy-1");
    let one = append(&node, std::slice::from_ref(&first)).remove(0);
    // The same again: from memory, and from a new node that must look it up.
    for node in [&node, &world.node()] {
        drop_writer(node, &world);
        let again = append(node, std::slice::from_ref(&first)).remove(0);
        assert!(again.duplicate);
        assert_eq!(
            (again.id, again.commit.clone()),
            (one.id, one.commit.clone())
        );
        node.close_writer().expect("the writer closes");
    }
    let mut by_ulid = intent("ops", "deploy", r#"{"v":1}"#);
    by_ulid.ulid = Some(one.ulid);
    assert!(append(&node, std::slice::from_ref(&by_ulid))[0].duplicate);
    // Other content under the same key or ULID is refused, and so is a repeat where repeats are denied.
    let mut other = intent("ops", "deploy", r#"{"v":2}"#);
    other.idem = idem("deploy-1");
    assert_eq!(
        code(node.append(&[other], Acknowledgement::Visible)),
        "DUP_COMMIT"
    );
    first.repeats = Repeats::Deny;
    assert_eq!(
        code(node.append(&[first], Acknowledgement::Visible)),
        "DUP_COMMIT"
    );
    assert_eq!(log_ids(&node, "ops").len(), 1);
}

fn drop_writer(node: &gatos_node::Node, _world: &World) {
    node.close_writer().expect("the writer closes");
}

#[test]
fn a_repeat_inside_one_call_is_one_event() {
    let world = World::new();
    let node = world.node();
    let mut twin = intent("ops", "deploy", r#"{"v":1}"#);
    twin.idem = idem("k");
    let appended = append(&node, &[twin.clone(), twin]);
    assert_eq!(appended[0].id, appended[1].id);
    assert_eq!(log_ids(&node, "ops").len(), 1);
}

#[test]
fn a_call_is_all_or_nothing() {
    let world = World::new();
    let node = world.node();
    let mut stale = intent("ops", "b", "2");
    stale.ulid = Some(Ulid::from_parts(1000, 1).expect("a ULID"));
    let fresh = intent("ops", "a", "1");
    assert_eq!(
        code(node.append(&[fresh, stale], Acknowledgement::Visible)),
        "ULID_NOT_RISING"
    );
    assert!(log_ids(&node, "ops").is_empty());
    append(&node, &[intent("ops", "c", "3")]);
    assert_eq!(log_ids(&node, "ops").len(), 1);
}

#[test]
fn refusals_name_code_and_change_nothing() {
    let world = World::new();
    let node = world.node();
    let mut ahead = intent("ops", "a", "1");
    ahead.ulid = Some(Ulid::from_parts((1 << 34) * 1000 - 1, 0).expect("a ULID"));
    assert_eq!(
        code(node.append(&[ahead], Acknowledgement::Visible)),
        "ULID_AHEAD"
    );
    let reserved = intent("ops", "governance.change", "1");
    assert_eq!(
        code(node.append(&[reserved], Acknowledgement::Visible)),
        "RESERVED_TYPE"
    );
    let mut stranger = intent("ops", "a", "1");
    stranger.actor = Some(actor("user:mallory"));
    assert_eq!(
        code(node.append(&[stranger], Acknowledgement::Visible)),
        "UNKNOWN_ACTOR"
    );
    let large = intent("ops", "a", &format!("\"{}\"", "x".repeat(97 * 1024)));
    assert_eq!(
        code(node.append(&[large], Acknowledgement::Visible)),
        "TOO_LARGE"
    );
    assert!(node.journals().expect("the refs list").is_empty());
}

#[test]
fn threads_of_one_process_share_the_writer() {
    let world = World::new();
    let node = world.node();
    let per_thread = 25;
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let node = &node;
            scope.spawn(move || {
                for number in 0..per_thread {
                    let one = intent("ops", "tick", &format!(r#"{{"t":{thread},"n":{number}}}"#));
                    node.append(&[one], Acknowledgement::Durable)
                        .expect("the append works");
                }
            });
        }
    });
    node.close_writer().expect("the writer closes");
    assert_eq!(log_ids(&world.node(), "ops").len(), 8 * per_thread);
    world.fsck();
    let verified = world
        .node()
        .verify(gatos_node::VerifyScope::All, None, &mut |_| {})
        .expect("everything verifies");
    assert_eq!(verified.event_count, 8 * per_thread as u64);
}

#[test]
fn exec_intents_always_carry_an_idempotency_key() {
    let world = World::new();
    let node = world.node();
    let appended = append(&node, &[intent("ops", "intent.exec.restart", "{}")]).remove(0);
    let stored = node.find_event(&appended.id).expect("the event is found");
    assert_eq!(
        stored
            .event
            .envelope()
            .idem
            .as_ref()
            .map(|idem| idem.as_str().to_owned()),
        Some(appended.ulid.to_string())
    );
}

#[test]
fn a_child_namespace_is_another_namespace() {
    let world = World::new();
    let node = world.node();
    append(
        &node,
        &[intent("finance", "a", "1"), intent("finance/eu", "b", "2")],
    );
    assert_eq!(log_ids(&node, "finance").len(), 1);
    assert_eq!(log_ids(&node, "finance/eu").len(), 1);
    let _ = ns("finance/eu");
}
