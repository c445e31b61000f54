//! The writer: what is acknowledged is there, once and in order, whoever calls and whoever else moves refs.

use std::collections::BTreeSet;
use std::time::Duration;

use gatos_ledger::reading::Selection;
use gatos_ledger::writer::{Tip, VISIBLE_EVENT_COUNT_MAX, WAITING_EVENT_COUNT_MAX};
use gatos_ledger::{LedgerError, ObjectId, RefChange, Writer};
use gatos_testkit::author::{Author, ulid_at};
use gatos_values::{EventId, IdempotencyKey, SealedEvent};

use crate::world::{Seen, World, alice, append, bob, code, found_id};

fn ids(events: &[SealedEvent]) -> Vec<EventId> {
    events.iter().map(SealedEvent::id).collect()
}

fn ids_of(world: &World, author: &Author) -> Vec<EventId> {
    let journal = author.journal().short();
    let own = |seen: &Seen| (seen.journal == journal).then_some(seen.id);
    world.twin().iter().filter_map(own).collect()
}

fn tip(writer: &Writer, author: &Author) -> Option<Tip> {
    writer.tip(&author.journal()).expect("the tip is known")
}

#[test]
fn commits_are_promised_before_git_has_them() {
    let world = World::new();
    let writer = world.writer();
    let (mut alice, mut bob) = (alice(), bob());
    let mut promised = Vec::new();
    for _ in 0..3 {
        let events = [alice.next_events(2), bob.next_events(1)].concat();
        let commits = append(&writer, events.clone());
        promised.extend(ids(&events).into_iter().zip(commits));
    }
    assert!(world.twin().is_empty());
    let last = tip(&writer, &alice).expect("a tip");
    assert_eq!((Some(last.id), last.count), (alice.prev, 6));
    assert_eq!(writer.flush().expect("the flush works").event_count, 9);
    let mut seen: Vec<_> = world
        .twin()
        .iter()
        .map(|seen| (seen.id, seen.commit))
        .collect();
    seen.sort();
    promised.sort();
    assert_eq!(seen, promised);
    assert_eq!(tip(&writer, &alice), Some(last));
    assert_eq!(writer.flush().expect("nothing to do").event_count, 0);
    world.fsck();
}

#[test]
fn many_threads_commit_in_groups_and_lose_nothing() {
    let world = World::new();
    let writer = world.writer();
    writer.start_background();
    let (thread_count, call_count) = (16, 12);
    let acknowledged: BTreeSet<(EventId, ObjectId)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..thread_count)
            .map(|thread| {
                let (world, writer) = (&world, &writer);
                scope.spawn(move || {
                    let name = format!("user:u{thread}");
                    let mut own = Author::new(thread, "ops", &name);
                    let mut acknowledged = Vec::new();
                    for call in 0..call_count {
                        let events = own.next_events(1 + call % 3);
                        let wanted = ids(&events);
                        let commits = append(writer, events);
                        // What was acknowledged is found at once, visible or not.
                        for id in &wanted {
                            assert_eq!(found_id(writer.find_id(id)), Some(*id));
                        }
                        acknowledged.extend(wanted.into_iter().zip(commits));
                        if call % 5 == 4 {
                            writer.flush().expect("the flush works");
                            let tip = world.read_ref(&own.journal().ref_name());
                            assert_eq!(tip, acknowledged.last().map(|(_, commit)| *commit));
                        }
                    }
                    acknowledged
                })
            })
            .collect();
        let joined = threads
            .into_iter()
            .map(|thread| thread.join().expect("no thread fails"));
        joined.flatten().collect()
    });
    writer.flush().expect("the flush works");
    let twin = world.twin();
    assert_eq!(twin.len(), acknowledged.len(), "each event is there once");
    let seen: BTreeSet<_> = twin.iter().map(|seen| (seen.id, seen.commit)).collect();
    assert_eq!(seen, acknowledged);
    assert_eq!(world.read(Selection::all()), twin);
    world.fsck();
}

#[test]
fn threads_that_share_a_journal_are_put_in_order_by_the_writer() {
    let world = World::new();
    let writer = world.writer();
    writer.start_background();
    let journal = alice().journal();
    std::thread::scope(|scope| {
        for thread in 0..4_u128 {
            let (writer, journal) = (&writer, &journal);
            scope.spawn(move || {
                let mut done = 0;
                // Whoever loses the race for the place behind the tip looks again.
                while done < 25 {
                    let mut alice = alice();
                    if let Some(tip) = writer.tip(journal).expect("the tip is known") {
                        alice.prev = Some(tip.id);
                        alice.tick = tip.count + 1;
                    }
                    let mut draft = alice.draft();
                    draft.ulid = ulid_at(alice.tick, thread);
                    let event = alice.sign(draft);
                    match writer.append(vec![event]) {
                        Ok(receipt) => {
                            writer.wait_durable(&receipt).expect("it becomes durable");
                            done += 1;
                        }
                        Err(error) => assert_eq!(error.code().as_str(), "PREV_MISMATCH"),
                    }
                }
            });
        }
    });
    writer.flush().expect("the flush works");
    let twin = world.twin();
    assert_eq!(twin.len(), 100);
    assert!(
        twin.iter()
            .zip(1..)
            .all(|(seen, position)| seen.position == position)
    );
}

#[test]
fn one_wait_makes_all_earlier_calls_durable() {
    let world = World::new();
    let (mut alice, mut bob) = (alice(), bob());
    let writer = world.writer();
    for _ in 0..20 {
        writer
            .append(alice.next_events(1))
            .expect("the append works");
        writer.append(bob.next_events(1)).expect("the append works");
    }
    let last = writer
        .append(alice.next_events(1))
        .expect("the append works");
    writer.wait_durable(&last).expect("it becomes durable");
    writer.append(bob.next_events(1)).expect("the append works");
    drop(writer);
    // The last call was never waited for, so nobody was told that it is there.
    assert_eq!(world.writer().recovered().event_count, 41);
}

/// Checks that every way to look for `event` gives it.
fn check_found(writer: &Writer, event: &SealedEvent) {
    let envelope = event.envelope();
    let id = Some(event.id());
    assert_eq!(found_id(writer.find_id(&event.id())), id);
    let by_ulid = writer.find_ulid(&envelope.ns, &envelope.actor, envelope.ulid);
    assert_eq!(found_id(by_ulid), id);
    if let Some(idem) = &envelope.idem {
        let by_key = writer.find_idempotency_key(&envelope.ns, &envelope.actor, idem);
        assert_eq!(found_id(by_key), id);
    }
}

#[test]
fn repeats_are_found_while_they_wait_and_once_they_are_visible() {
    let world = World::new();
    let (mut alice, mut bob) = (alice(), bob());
    // The same key of two actors and of two namespaces is two keys.
    let mut elsewhere = Author::new(1, "finance", "user:alice");
    let mut other_key = Author::new(9, "ops", "user:alice");
    other_key.tick = 500;
    let events = vec![
        alice.next_with_key("k-1"),
        alice.next_event(),
        bob.next_with_key("k-1"),
        elsewhere.next_with_key("k-1"),
        other_key.next_with_key("k-2"),
    ];
    let writer = world.writer();
    let check_all = |writer: &Writer| {
        for event in &events {
            check_found(writer, event);
        }
        let unknown = IdempotencyKey::parse("k-3").expect("a key");
        let (ns, actor) = (&alice.journal().ns, &alice.journal().actor);
        assert_eq!(
            found_id(writer.find_idempotency_key(ns, actor, &unknown)),
            None
        );
        // Bob has no event with a key of alice's other journal, and none at its time.
        let bobs = &bob.journal().actor;
        let second = IdempotencyKey::parse("k-2").expect("a key");
        assert_eq!(
            found_id(writer.find_idempotency_key(ns, bobs, &second)),
            None
        );
        assert_eq!(found_id(writer.find_ulid(ns, bobs, ulid_at(500, 0))), None);
        assert_eq!(found_id(writer.find_ulid(ns, actor, ulid_at(499, 0))), None);
        assert_eq!(
            found_id(writer.find_id(&EventId::from_bytes([1; 32]))),
            None
        );
    };
    append(&writer, events.clone());
    check_all(&writer);
    writer.flush().expect("the flush works");
    check_all(&writer);
    drop(writer);
    check_all(&world.writer());
}

#[test]
fn a_refused_call_leaves_nothing_behind() {
    let world = World::new();
    let (mut alice, mut bob) = (alice(), bob());
    let writer = world.writer();
    append(&writer, [alice.next_events(2), bob.next_events(1)].concat());
    writer.flush().expect("the flush works");
    let (tip_before, twin_before) = (tip(&writer, &alice), world.twin());
    let good = |author: &Author| author.clone().next_events(2);
    let changed = |change: &dyn Fn(&mut gatos_values::Envelope)| {
        let mut draft = alice.draft();
        change(&mut draft);
        alice.sign(draft)
    };
    let newest = twin_before
        .iter()
        .filter(|seen| seen.journal == alice.journal().short());
    let newest = newest.max().expect("alice's last").ulid;
    let cases: Vec<(SealedEvent, &str)> = vec![
        (changed(&|event| event.prev = None), "PREV_MISMATCH"),
        (
            changed(&|event| event.prev = Some(EventId::from_bytes([1; 32]))),
            "PREV_MISMATCH",
        ),
        (
            changed(&|event| event.ulid = ulid_at(0, 0)),
            "ULID_NOT_RISING",
        ),
        (changed(&|event| event.ulid = newest), "ULID_NOT_RISING"),
    ];
    for (event, want) in cases {
        // Alone, behind a good one of another journal, and before it.
        for call in [
            vec![event.clone()],
            [good(&bob), vec![event.clone()]].concat(),
            [vec![event.clone()], good(&bob)].concat(),
        ] {
            let refused = writer.append(call).expect_err("it does not fit");
            assert_eq!(refused.code().as_str(), want);
            assert_eq!(refused.resource(), alice.journal().short());
        }
    }
    // Within one call, too, each event stands on the one before.
    let mut swapped = good(&alice);
    swapped.swap(0, 1);
    assert_eq!(code(writer.append(swapped)), "PREV_MISMATCH");
    let twice = vec![good(&alice)[0].clone(), good(&alice)[0].clone()];
    assert_eq!(code(writer.append(twice)), "PREV_MISMATCH");
    assert_eq!(tip(&writer, &alice), tip_before);
    assert_eq!(found_id(writer.find_id(&good(&bob)[0].id())), None);
    assert_eq!(writer.flush().expect("nothing waits").event_count, 0);
    assert_eq!(world.twin(), twin_before);
    drop(writer);
    let writer = world.writer();
    assert_eq!(writer.recovered().event_count, 0);
    append(&writer, [good(&alice), good(&bob)].concat());
    assert_eq!(writer.flush().expect("the flush works").event_count, 4);
}

/// What other hands do to alice's ref while an event of hers waits on `commits[2]`; gives where they leave it.
type Hands = fn(&World, &[ObjectId]) -> Option<ObjectId>;

fn taken_back(world: &World, commits: &[ObjectId]) -> Option<ObjectId> {
    world.point(&alice().journal(), commits[1]);
    Some(commits[1])
}

fn deleted(world: &World, _: &[ObjectId]) -> Option<ObjectId> {
    world.git(&["update-ref", "-d", &alice().journal().ref_name()]);
    None
}

fn gone_on(world: &World, commits: &[ObjectId]) -> Option<ObjectId> {
    // The same key in another clone signed another fourth event.
    let mut alice = alice();
    alice.next_events(3);
    let mut draft = alice.draft();
    draft.ulid = ulid_at(40, 7);
    let theirs = world.put_events(&[alice.sign(draft)], Some(commits[2]));
    world.point(&alice.journal(), theirs[0]);
    Some(theirs[0])
}

fn elsewhere(world: &World, _: &[ObjectId]) -> Option<ObjectId> {
    let foreign = world.put_events(&bob().next_events(1), None);
    world.point(&alice().journal(), foreign[0]);
    Some(foreign[0])
}

#[test]
fn a_ref_moved_by_other_hands_is_left_there_and_our_events_are_kept_aside() {
    let hands: [(&str, Hands); 4] = [
        ("taken back", taken_back),
        ("deleted", deleted),
        ("gone on", gone_on),
        ("elsewhere", elsewhere),
    ];
    for (name, hand) in hands {
        let world = World::new();
        let (mut alice, mut bob) = (alice(), bob());
        let writer = world.writer();
        let commits = append(&writer, alice.next_events(3));
        writer.flush().expect("the flush works");
        let ours = alice.next_events(2);
        let kept = append(&writer, [ours.clone(), bob.next_events(2)].concat());
        let left = hand(&world, &commits);
        let report = match writer.flush() {
            Err(LedgerError::Quarantined(report)) => report,
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(report.journal, alice.journal());
        assert_eq!(report.events, ids(&ours));
        assert_eq!(world.quarantine(), std::slice::from_ref(&report.reference));
        // Their ref is where they left it, ours of the same flush is where it should be.
        assert_eq!(world.read_ref(&alice.journal().ref_name()), left, "{name}");
        assert_eq!(ids_of(&world, &bob).len(), 2);
        // Nothing is lost: a thorough `git gc` keeps what was set aside.
        world.git(&["gc", "--quiet", "--prune=now"]);
        let parent = world.git(&["rev-parse", &format!("{}^1", report.reference)]);
        assert_eq!(parent, kept[1].to_string(), "{name}");
        let document = world.git(&["show", &format!("{}:report.json", report.reference)]);
        for text in [ours[0].id().to_string(), ours[1].id().to_string()] {
            assert!(document.contains(&text), "{name}: {document}");
        }
        // It is said once; the others go on, and a later writer has nothing to take over.
        append(&writer, bob.next_events(1));
        assert_eq!(
            writer.flush().expect("bob goes on").event_count,
            1,
            "{name}"
        );
        drop(writer);
        let writer = world.writer();
        assert_eq!(writer.recovered().event_count, 0, "{name}");
        assert!(writer.recovered().quarantined.is_empty(), "{name}");
        match name {
            "gone on" => {
                let theirs = tip(&writer, &alice).expect("a tip");
                assert_eq!((Some(theirs.commit), theirs.count), (left, 4));
            }
            _ => assert_eq!(code(writer.tip(&alice.journal())), "FF_VIOLATION", "{name}"),
        }
        world.fsck();
    }
}

#[test]
fn a_ref_that_others_made_first_is_not_overwritten() {
    let world = World::new();
    let mut alice = alice();
    let writer = world.writer();
    let ours = alice.next_events(1);
    append(&writer, ours.clone());
    let mut theirs = Author::new(1, "ops", "user:alice");
    theirs.tick = 9;
    let commits = world.put_events(&theirs.next_events(2), None);
    world.point(&alice.journal(), commits[1]);
    assert_eq!(code(writer.flush()), "QUARANTINED");
    assert_eq!(ids_of(&world, &alice).len(), 2);
    // The journal is theirs now, and goes on from there.
    let last = tip(&writer, &alice).expect("a tip");
    assert_eq!((last.commit, last.count), (commits[1], 2));
    append(&writer, theirs.next_events(1));
    assert_eq!(writer.flush().expect("it fits").event_count, 1);
}

#[test]
fn whoever_appends_too_fast_helps_to_make_visible() {
    let world = World::new();
    let writer = world.writer();
    let mut alice = alice();
    let call_len = 512;
    let mut waiting = 0;
    while waiting < WAITING_EVENT_COUNT_MAX {
        writer
            .append(alice.next_events(call_len))
            .expect("the append works");
        waiting += call_len;
    }
    assert_eq!(world.read_ref(&alice.journal().ref_name()), None);
    // Nobody flushes, and no thread runs in the background: the next call makes room first.
    writer
        .append(alice.next_events(1))
        .expect("the append works");
    assert_eq!(world.views()[0].count(), WAITING_EVENT_COUNT_MAX as u64);
    assert_eq!(writer.flush().expect("the flush works").event_count, 1);
}

#[test]
fn the_background_makes_visible_by_itself() {
    let world = World::new();
    let writer = world.writer();
    writer.start_background();
    // Twice is once.
    writer.start_background();
    let mut alice = alice();
    append(&writer, alice.next_events(3));
    while world.read_ref(&alice.journal().ref_name()).is_none() {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(world.views()[0].count(), 3);
    // Enough at once are not waited for, and the thread's end makes visible what is left.
    append(&writer, alice.next_events(VISIBLE_EVENT_COUNT_MAX));
    append(&writer, alice.next_events(2));
    drop(writer);
    assert_eq!(world.views()[0].count(), VISIBLE_EVENT_COUNT_MAX as u64 + 5);
    assert_eq!(world.writer().recovered().event_count, 0);
}

#[test]
fn a_journal_moved_by_this_writer_is_looked_at_again() {
    let world = World::new();
    let mut alice = alice();
    let writer = world.writer();
    append(&writer, alice.next_events(2));
    // Not yet visible: moving a ref makes it so first.
    let mut theirs = alice.clone();
    let ours = tip(&writer, &alice).expect("a tip").commit;
    let commits = world.put_events(&theirs.next_events(3), Some(ours));
    let change = RefChange {
        name: alice.journal().ref_name(),
        expected: Some(ours),
        new: commits[2],
    };
    writer
        .move_refs(std::slice::from_ref(&change))
        .expect("the ref moves");
    let last = tip(&writer, &alice).expect("a tip");
    assert_eq!((last.commit, last.count), (commits[2], 5));
    // Where it is not as the caller saw it, nothing moves.
    let stale = RefChange {
        expected: Some(ours),
        new: commits[0],
        ..change
    };
    assert_eq!(code(writer.move_refs(&[stale])), "FF_VIOLATION");
    assert_eq!(tip(&writer, &alice).expect("a tip").commit, commits[2]);
    // Other hands went on with it: `refresh` sees that without a new writer.
    let more = world.put_events(&theirs.next_events(1), Some(commits[2]));
    world.point(&alice.journal(), more[0]);
    assert_eq!(tip(&writer, &alice).expect("a tip").count, 5);
    let refreshed = writer.refresh(&alice.journal()).expect("it is good");
    assert_eq!(refreshed.expect("a tip").commit, more[0]);
    append(&writer, theirs.next_events(1));
    writer.flush().expect("the flush works");
    assert_eq!(world.read(Selection::all()), world.twin());
}

#[test]
fn there_is_one_writer() {
    let world = World::new();
    let writer = world.writer();
    let second = Writer::open(
        &world.reopened(),
        Duration::from_millis(20),
        Box::new(crate::world::Signatures),
    );
    assert_eq!(code(second.map(|_| ())), "LOCKED");
    drop(writer);
    world.writer();
}

#[test]
fn a_journal_let_go_of_while_its_events_wait_loses_none() {
    let world = World::new();
    let writer = world.writer();
    let mut alice = alice();
    let mut promised = append(&writer, alice.next_events(2));
    writer.forget(&alice.journal());
    // What waits is the tip still; whoever takes the ref's word for it does not fit.
    assert_eq!(tip(&writer, &alice).map(|tip| tip.count), Some(2));
    let mut late = Author::new(1, "ops", "user:alice");
    late.tick = 90;
    writer.forget(&alice.journal());
    let refused = writer.append(late.next_events(1));
    assert_eq!(code(refused), "PREV_MISMATCH");
    promised.extend(append(&writer, alice.next_events(1)));
    writer.forget(&alice.journal());
    promised.extend(append(&writer, alice.next_events(1)));
    writer.flush().expect("the flush works");
    let seen: Vec<ObjectId> = world.twin().iter().map(|seen| seen.commit).collect();
    assert_eq!(seen, promised);
}

/// Flushes while another program holds the ref's lock, and does `meanwhile` before it moves the ref to `theirs` and
/// lets go: the middle of a flush, held for as long as the test wants.
fn flush_beside(
    world: &World,
    writer: &Writer,
    author: &Author,
    theirs: ObjectId,
    meanwhile: impl FnOnce(),
) -> Result<(), LedgerError> {
    let path = world
        .repository()
        .git_dir()
        .join(author.journal().ref_name());
    let held = path.with_extension("lock");
    std::fs::write(&held, b"").expect("the lock is taken");
    std::thread::scope(|scope| {
        let flush = scope.spawn(|| writer.flush().map(|_| ()));
        // The flush has written its pack when it comes to the ref.
        let packs = world.repository().pack_dir();
        let is_packing = || {
            let mut names = std::fs::read_dir(&packs).expect("packs").flatten();
            names.any(|entry| entry.path().extension().is_some_and(|end| end == "keep"))
        };
        while !is_packing() {
            std::thread::sleep(Duration::from_millis(1));
        }
        meanwhile();
        std::fs::write(&path, format!("{theirs}\n")).expect("the ref moves");
        std::fs::remove_file(&held).expect("the lock is given back");
        flush.join().expect("no panic")
    })
}

#[test]
fn events_behind_displaced_ones_never_overwrite_what_displaced_them() {
    let world = World::new();
    let writer = world.writer();
    let mut alice = alice();
    let commits = append(&writer, alice.next_events(2));
    writer.flush().expect("the flush works");
    let mut other = alice.clone();
    other.tick = 30;
    let theirs = world.put_events(&other.next_events(1), Some(commits[1]))[0];
    let first = append(&writer, alice.next_events(1));
    let mut second = Vec::new();
    let outcome = flush_beside(&world, &writer, &alice.clone(), theirs, || {
        // On the tip that this writer still believes in.
        second = append(&writer, alice.next_events(1));
    });
    assert_eq!(code(outcome), "QUARANTINED");
    assert_eq!(world.read_ref(&alice.journal().ref_name()), Some(theirs));
    // The second stands on the first: it is set aside, too, and said so, before the journal goes on.
    assert_eq!(code(writer.tip(&alice.journal())), "QUARANTINED");
    assert_eq!(world.read_ref(&alice.journal().ref_name()), Some(theirs));
    assert_eq!(tip(&writer, &alice).expect("a tip").commit, theirs);
    append(&writer, other.next_events(1));
    writer.flush().expect("the journal goes on");
    let pinned: Vec<String> = world
        .quarantine()
        .iter()
        .map(|name| world.git(&["rev-parse", &format!("{name}^1")]))
        .collect();
    for commit in first.iter().chain(&second) {
        assert!(pinned.contains(&commit.to_string()), "{commit}: {pinned:?}");
    }
    let ids = ids_of(&world, &alice);
    assert_eq!(ids.len(), 4);
    drop(writer);
    assert!(world.writer().recovered().quarantined.is_empty());
    assert_eq!(ids_of(&world, &alice), ids);
    world.fsck();
}

#[test]
fn a_call_without_events_is_durable_at_once() {
    let world = World::new();
    let writer = world.writer();
    let mut alice = alice();
    append(&writer, alice.next_events(1));
    for _ in 0..2 {
        let receipt = writer.append(Vec::new()).expect("nothing is refused");
        assert!(receipt.commits.is_empty());
        writer
            .wait_durable(&receipt)
            .expect("nothing is waited for");
    }
    writer.flush().expect("the flush works");
    assert_eq!(ids_of(&world, &alice).len(), 1);
}
