//! Quarantine: what is set aside stays, says why, is the same in every clone, and stops only its journal.

use gatos_ledger::quarantine::{self, Branch};
use gatos_ledger::{ObjectId, codec};
use gatos_testkit::author::{Author, ulid_at};
use gatos_values::{EventId, SealedEvent, Ulid, Value, json};

use crate::world::{World, alice, append, bob, code};

/// An event with what `set_aside_displaced` wants of it.
struct Displaced {
    id: EventId,
    ulid: Ulid,
    content: Vec<u8>,
}

/// Events on a parent that is written nowhere, as after a pack was lost.
fn displaced(events: &[SealedEvent], parent: Option<ObjectId>) -> Vec<Displaced> {
    let mut parent = parent;
    events
        .iter()
        .map(|event| {
            let content = codec::encode_event_commit(event, parent);
            parent = Some(codec::commit_id(&content));
            Displaced {
                id: event.id(),
                ulid: event.envelope().ulid,
                content,
            }
        })
        .collect()
}

fn borrowed(events: &[Displaced]) -> Vec<(EventId, Ulid, &[u8])> {
    events
        .iter()
        .map(|event| (event.id, event.ulid, event.content.as_slice()))
        .collect()
}

fn report(world: &World, reference: &str) -> Value {
    let text = world.git(&["cat-file", "blob", &format!("{reference}:report.json")]);
    json::decode_canonical(text.as_bytes(), text.len()).expect("a report is canonical JSON")
}

fn texts(value: &Value, field: &str) -> Vec<String> {
    let list = value.get(field).and_then(Value::as_list).expect("a list");
    let text = |one: &Value| one.as_str().expect("a text").to_owned();
    list.iter().map(text).collect()
}

#[test]
fn displaced_events_are_written_pinned_and_reported() {
    let world = World::new();
    let mut alice = alice();
    let below = world.put_events(&alice.next_events(1), None);
    let ours = displaced(&alice.next_events(3), Some(below[0]));
    let found = world.put_events(&bob().next_events(1), None)[0];
    let journal = alice.journal();
    let set_aside = |found| {
        let ours = borrowed(&ours);
        quarantine::set_aside_displaced(world.repository(), &journal, &ours, found, "moved")
            .expect("it is set aside")
    };
    let first = set_aside(Some(found));
    let short = journal.short();
    let path = short.strip_prefix("gatos/journal/").expect("a journal");
    let name = &ours[0].id.to_string()["blake3:".len()..][..16];
    let want = format!("refs/gatos/quarantine/displaced/{path}/{name}");
    assert_eq!(first.reference, want);
    assert_eq!(
        first.events,
        ours.iter().map(|one| one.id).collect::<Vec<_>>()
    );
    let told = report(&world, &first.reference);
    assert_eq!(
        texts(&told, "events"),
        ours.iter()
            .map(|one| one.id.to_string())
            .collect::<Vec<_>>()
    );
    let tip = codec::commit_id(&ours[2].content).to_string();
    assert_eq!(texts(&told, "commits"), std::slice::from_ref(&tip));
    for (field, want) in [
        ("journal", journal.short()),
        ("reason", "moved".to_owned()),
        ("found", found.to_string()),
    ] {
        assert_eq!(told.get(field).and_then(Value::as_str), Some(want.as_str()));
    }
    assert_eq!(told.get("v"), Some(&Value::Integer(1)));
    // The branch is the parent, so that `git log` shows it and a thorough `git gc` keeps it.
    world.git(&["gc", "--quiet", "--prune=now"]);
    assert_eq!(world.git(&["rev-parse", &format!("{want}^1")]), tip);
    assert_eq!(world.git(&["rev-list", "--count", &tip]), "4");
    world.fsck();
    // Said again, it is the same; where the journal is gone, `found` is null.
    let pinned = world.read_ref(&want);
    assert_eq!(set_aside(Some(found)), first);
    assert_eq!(world.read_ref(&want), pinned);
    set_aside(None);
    assert_eq!(report(&world, &want).get("found"), Some(&Value::Null));
    assert_eq!(
        quarantine::list(world.repository())
            .expect("it lists")
            .len(),
        1
    );
    // Setting aside leaves the journal alone.
    assert_eq!(world.read_ref(&journal.ref_name()), None);
    quarantine::refuse_if_frozen(world.repository(), &journal)
        .expect("displaced events freeze nothing");
}

/// Two fourth events of one key: alice's journal of three, and a branch of each.
fn fork(world: &World) -> (Author, Branch, Branch) {
    let mut alice = alice();
    let common = world.put_events(&alice.next_events(3), None);
    let branch = |tick: u64, len: usize| {
        let mut own = alice.clone();
        own.tick = tick;
        let events = own.next_events(len);
        let commits = world.put_events(&events, Some(common[2]));
        Branch {
            tip: commits[len - 1],
            first: events[0].id(),
            first_ulid: events[0].envelope().ulid,
        }
    };
    let (left, right) = (branch(10, 1), branch(20, 3));
    (alice, left, right)
}

#[test]
fn every_clone_reports_an_equivocation_with_the_same_bytes() {
    let (here, there) = (World::new(), World::new());
    let (alice, left, right) = fork(&here);
    let _ = fork(&there);
    let journal = alice.journal();
    let ours = quarantine::set_aside_equivocation(here.repository(), &journal, left, right)
        .expect("it is set aside");
    let theirs = quarantine::set_aside_equivocation(there.repository(), &journal, right, left)
        .expect("it is set aside");
    assert_eq!(ours, theirs);
    assert_eq!(
        here.read_ref(&ours.reference),
        there.read_ref(&ours.reference)
    );
    let parents = here.git(&["log", "-1", "--format=%P", &ours.reference]);
    let mut parents: Vec<&str> = parents.split(' ').collect();
    let mut tips = [left.tip.to_string(), right.tip.to_string()];
    assert_eq!(texts(&report(&here, &ours.reference), "commits"), parents);
    parents.sort_unstable();
    tips.sort_unstable();
    assert_eq!(parents, tips);
    let mut events = ours.events.clone();
    events.sort();
    let mut firsts = vec![left.first, right.first];
    firsts.sort();
    assert_eq!(events, firsts);
    here.git(&["gc", "--quiet", "--prune=now"]);
    here.fsck();
}

#[test]
fn an_equivocation_stops_its_journal_and_no_other() {
    let world = World::new();
    let (mut alice, left, right) = fork(&world);
    let journal = alice.journal();
    world.point(&journal, left.tip);
    let writer = world.writer();
    append(&writer, bob().next_events(1));
    let report = quarantine::set_aside_equivocation(world.repository(), &journal, left, right)
        .expect("it is set aside");
    // The ref stays where it is, and what stands there can be read.
    assert_eq!(world.read_ref(&journal.ref_name()), Some(left.tip));
    assert_eq!(world.views().len(), 1);
    let refused = quarantine::refuse_if_frozen(world.repository(), &journal)
        .expect_err("the journal stands still");
    assert_eq!(refused.code().as_str(), "JOURNAL_FROZEN");
    assert!(refused.to_string().contains(&report.reference), "{refused}");
    assert_eq!(code(writer.tip(&journal)), "JOURNAL_FROZEN");
    alice.prev = Some(left.first);
    alice.tick = 50;
    // A call that also has events of other journals is refused as a whole.
    let mut bob = bob();
    bob.next_event();
    let call = vec![bob.clone().next_event(), alice.next_event()];
    assert_eq!(code(writer.append(call)), "JOURNAL_FROZEN");
    assert_eq!(writer.flush().expect("bob's first").event_count, 1);
    append(&writer, bob.next_events(1));
    assert_eq!(writer.flush().expect("bob goes on").event_count, 1);
    drop(writer);
    assert_eq!(code(world.writer().tip(&journal)), "JOURNAL_FROZEN");
    // The same key in another namespace writes another journal.
    let deeper = Author::new(1, "ops/more", "user:alice").journal();
    quarantine::refuse_if_frozen(world.repository(), &deeper).expect("not frozen");
    // Governance's way out is to take the quarantine away; then it goes on.
    world.git(&["update-ref", "-d", &report.reference]);
    let writer = world.writer();
    append(
        &writer,
        vec![alice.sign({
            let mut draft = alice.draft();
            draft.prev = Some(left.first);
            draft.ulid = ulid_at(60, 0);
            draft
        })],
    );
    assert_eq!(writer.flush().expect("it goes on").event_count, 1);
}

#[test]
fn setting_nothing_aside_is_our_own_mistake() {
    let world = World::new();
    let outcome =
        quarantine::set_aside_displaced(world.repository(), &alice().journal(), &[], None, "none");
    assert_eq!(code(outcome), "INTERNAL");
    assert!(world.quarantine().is_empty());
}
