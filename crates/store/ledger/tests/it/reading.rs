//! Reading against the slow twin, which sorts what `git log` says in memory.

use std::sync::atomic::{AtomicBool, Ordering};

use gatos_ledger::reading::{self, EventReader, Selection};
use gatos_ledger::{LedgerError, ObjectId};
use gatos_testkit::author::{Author, ulid_at};
use gatos_values::{EventId, Ulid};

use crate::world::{Dice, Nothing, Seen, Signatures, World, alice, append, bob, code};

/// Five journals in three namespaces, with many ULIDs that several of them share.
fn crowd() -> Vec<Author> {
    vec![
        Author::new(1, "ops", "user:alice"),
        Author::new(2, "ops", "user:bob"),
        // Another key of the same actor is another journal.
        Author::new(3, "ops", "user:alice"),
        Author::new(4, "ops/deploy", "service:build"),
        Author::new(5, "finance", "agent:teller"),
    ]
}

/// Appends that many events of random authors under random ULIDs, in calls and batches of random size.
fn fill(world: &World, dice: &mut Dice, authors: &mut [Author], count: usize) {
    let writer = world.writer();
    let mut done = 0;
    while done < count {
        let call_len = 1 + dice.below(40) as usize;
        let mut call = Vec::new();
        for _ in 0..call_len {
            let index = dice.below(authors.len() as u64) as usize;
            let author = &mut authors[index];
            // Few ticks and no randomness: the same ULID occurs in several journals, and their order is that
            // of the event ids.
            author.tick += dice.below(3);
            call.push(author.next_event());
        }
        done += call_len;
        append(&writer, call);
        if dice.below(4) == 0 {
            writer.flush().expect("the flush works");
        }
    }
    writer.flush().expect("the flush works");
}

/// What the twin says of a selection.
fn select(twin: &[Seen], selection: Selection) -> Vec<Seen> {
    twin.iter()
        .filter(|seen| selection.since.is_none_or(|since| seen.ulid >= since))
        .filter(|seen| selection.until.is_none_or(|until| seen.ulid < until))
        .cloned()
        .collect()
}

#[test]
fn canonical_order_is_that_of_sorting_everything() {
    let seed = 20_260_101;
    let mut dice = Dice::new(seed);
    let world = World::new();
    let mut authors = crowd();
    fill(&world, &mut dice, &mut authors, 700);
    let twin = world.twin();
    let shared = twin.windows(2).filter(|pair| pair[0].ulid == pair[1].ulid);
    assert!(shared.count() > 50, "the test means to have equal ULIDs");
    assert_eq!(world.read(Selection::all()), twin);
    for _ in 0..30 {
        // At an event, beside it, or out of everything.
        let mut edge = || match dice.below(8) {
            0 => None,
            1 => Some(ulid_at(dice.below(2000), 1)),
            2 => Some(*dice.pick(&[Ulid::MIN, Ulid::MAX])),
            _ => Some(dice.pick(&twin).ulid),
        };
        let selection = Selection {
            since: edge(),
            until: edge(),
        };
        assert_eq!(
            world.read(selection),
            select(&twin, selection),
            "{selection:?}"
        );
    }
}

#[test]
fn reading_goes_on_beyond_the_positions_already_seen() {
    let mut dice = Dice::new(7);
    let world = World::new();
    let mut authors = crowd();
    fill(&world, &mut dice, &mut authors, 300);
    let twin = world.twin();
    let journals: Vec<(String, u64)> = world
        .views()
        .iter()
        .map(|view| (view.journal().short(), view.count()))
        .collect();
    for round in 0..20 {
        // Also positions at and beyond the end.
        let after: Vec<u64> = journals
            .iter()
            .map(|(_, count)| dice.below(count + 3))
            .collect();
        let selection = Selection {
            since: (round % 2 == 0).then(|| dice.pick(&twin).ulid),
            until: (round % 3 == 0).then(|| dice.pick(&twin).ulid),
        };
        let beyond = |seen: &Seen| {
            let index = journals.iter().position(|(name, _)| *name == seen.journal);
            seen.position > after[index.expect("a journal of the twin")]
        };
        let want: Vec<Seen> = select(&twin, selection)
            .into_iter()
            .filter(beyond)
            .collect();
        assert_eq!(world.read_after(&after, selection), want, "after {after:?}");
    }
}

#[test]
fn a_view_answers_by_position_ulid_and_commit() {
    let mut dice = Dice::new(11);
    let world = World::new();
    let mut authors = crowd();
    fill(&world, &mut dice, &mut authors, 200);
    // What other programs put on top stands in no table, and is answered for all the same.
    let author = &mut authors[0];
    let parent = world.read_ref(&author.journal().ref_name());
    let late = author.next_events(5);
    let commits = world.put_events(&late, parent);
    world.point(&author.journal(), commits[4]);
    let twin = world.twin();
    for view in world.views() {
        let journal = view.journal().short();
        let own: Vec<&Seen> = twin.iter().filter(|seen| seen.journal == journal).collect();
        assert_eq!(view.count(), own.len() as u64);
        for position in [0, view.count() + 1, u64::MAX] {
            assert!(view.step(position).expect("it reads").is_none());
        }
        for seen in &own {
            let step = view.step(seen.position).expect("it reads").expect("a step");
            assert_eq!(
                (step.commit, step.id, step.ulid),
                (seen.commit, seen.id, seen.ulid)
            );
            let at = |ulid| view.position_of(ulid, seen.commit).expect("it reads");
            assert_eq!(at(seen.ulid), Some(seen.position));
            assert_eq!(at(seen.ulid.next().expect("a higher one")), None);
        }
        for ulid in (0..1200).map(|tick| ulid_at(tick, u128::from(tick % 2))) {
            let want = own.iter().take_while(|seen| seen.ulid < ulid).count() as u64 + 1;
            let found = view.first_position_at_or_after(ulid).expect("it reads");
            assert_eq!(found, want, "{ulid} in {journal}");
        }
        for seen in &twin {
            let found = view.position_of_commit(world.repository(), seen.commit);
            let want = (seen.journal == journal).then_some(seen.position);
            assert_eq!(found.expect("it reads"), want);
        }
        let nothing = view.position_of_commit(world.repository(), ObjectId::EMPTY_TREE);
        assert_eq!(nothing.expect("no event is held by none"), None);
    }
}

#[test]
fn every_event_is_found_by_its_id_whether_the_index_knows_it_or_not() {
    let world = World::new();
    let (mut alice, mut bob) = (alice(), bob());
    let writer = world.writer();
    append(&writer, [alice.next_events(3), bob.next_events(2)].concat());
    writer.flush().expect("the flush works");
    drop(writer);
    let parent = world.read_ref(&bob.journal().ref_name());
    let late = world.put_events(&bob.next_events(2), parent);
    world.point(&bob.journal(), late[1]);
    for seen in world.twin() {
        let found = reading::find_event(&world.reopened(), &seen.id, &Signatures)
            .expect("the look-up works")
            .expect("the event is there");
        assert_eq!((found.event.id(), found.commit), (seen.id, seen.commit));
    }
    let unknown = EventId::from_bytes([7; 32]);
    let found = reading::find_event(&world.reopened(), &unknown, &Signatures);
    assert!(found.expect("the look-up works").is_none());
}

#[test]
fn only_wanted_journals_are_opened() {
    let mut dice = Dice::new(3);
    let world = World::new();
    fill(&world, &mut dice, &mut crowd(), 60);
    let names: Vec<String> = world
        .views()
        .iter()
        .map(|view| view.journal().short())
        .collect();
    for name in &names {
        let views = reading::views(&world.reopened(), &|wanted| wanted == name, &Signatures)
            .expect("the view opens");
        let opened: Vec<String> = views.iter().map(|view| view.journal().short()).collect();
        assert_eq!(opened, std::slice::from_ref(name));
    }
    // A ref below `journal/` whose name is no journal's is passed over, whatever it holds.
    let tip = world
        .read_ref(&format!("refs/{}", names[0]))
        .expect("a tip");
    world.git(&[
        "update-ref",
        "refs/gatos/journal/ops/nobody",
        &tip.to_string(),
    ]);
    assert_eq!(world.views().len(), names.len());
}

#[test]
fn admitted_events_are_not_judged_again_and_new_ones_are() {
    let world = World::new();
    let mut alice = alice();
    let writer = world.writer();
    append(&writer, alice.next_events(4));
    writer.flush().expect("the flush works");
    drop(writer);
    let open = || reading::views(&world.reopened(), &|_| true, &Nothing);
    assert_eq!(
        open().expect("all were admitted by the writer")[0].count(),
        4
    );
    let parent = world.read_ref(&alice.journal().ref_name());
    let late = world.put_events(&alice.next_events(3), parent);
    world.point(&alice.journal(), late[2]);
    match open() {
        Err(LedgerError::BadCommit { journal, bad }) => {
            assert_eq!(journal, alice.journal());
            // The first in the journal's order, not the first that the walk meets.
            assert_eq!(bad.commit, late[0]);
            assert_eq!(bad.refusal.code.as_str(), "UNKNOWN_ACTOR");
        }
        other => panic!("{:?}", other.map(|views| views.len())),
    }
    // Readers write no index: whoever may judge reads everything, before and after.
    assert_eq!(world.read(Selection::all()), world.twin());
    assert_eq!(code(open()), "UNKNOWN_ACTOR");
}

#[test]
fn a_verified_prefix_is_judged_in_spite_of_the_table() {
    let world = World::new();
    let mut alice = alice();
    let writer = world.writer();
    append(&writer, alice.next_events(5));
    writer.flush().expect("the flush works");
    let journal = alice.journal();
    let prefix = |count| reading::verified_prefix(world.repository(), &journal, count, &Signatures);
    for (count, want) in [(0, 0), (1, 1), (5, 5), (9, 5)] {
        assert_eq!(prefix(count).expect("it verifies").count(), want);
    }
    let third = prefix(3).expect("it verifies");
    let twin = world.twin();
    assert_eq!(
        third.step(3).expect("it reads").expect("a step").id,
        twin[2].id
    );
    let judged = reading::verified_prefix(world.repository(), &journal, 1, &Nothing);
    assert_eq!(code(judged), "UNKNOWN_ACTOR");
    let absent = reading::verified_prefix(world.repository(), &bob().journal(), 1, &Nothing);
    assert_eq!(absent.expect("an empty journal").count(), 0);
}

#[test]
fn a_ref_that_went_back_is_noticed_and_a_deleted_one_is_still_known() {
    let world = World::new();
    let (mut alice, mut bob) = (alice(), bob());
    let writer = world.writer();
    let commits = append(&writer, alice.next_events(3));
    append(&writer, bob.next_events(2));
    writer.flush().expect("the flush works");
    drop(writer);
    world.point(&alice.journal(), commits[1]);
    let opened = reading::views(&world.reopened(), &|_| true, &Signatures);
    match opened {
        Err(LedgerError::Rewritten {
            journal,
            tip,
            known,
        }) => {
            assert_eq!(journal, alice.journal());
            assert_eq!((tip, known), (Some(commits[1]), commits[2]));
        }
        other => panic!("{:?}", other.map(|views| views.len())),
    }
    world.git(&["update-ref", "-d", &alice.journal().ref_name()]);
    assert_eq!(world.views().len(), 1);
    let known = reading::known_journals(world.repository()).expect("the index reads");
    let known: Vec<_> = known
        .iter()
        .map(|one| (one.journal.clone(), one.count))
        .collect();
    assert!(known.contains(&(alice.journal(), 3)), "{known:?}");
    assert!(known.contains(&(bob.journal(), 2)), "{known:?}");
}

#[test]
fn a_lost_object_ends_the_reading_with_its_name() {
    let world = World::new();
    let mut alice = alice();
    let events = alice.next_events(150);
    let commits = world.put_events(&events, None);
    world.point(&alice.journal(), commits[149]);
    let views = world.views();
    let lost = commits[100].to_string();
    let file = world
        .repository()
        .objects_dir()
        .join(&lost[..2])
        .join(&lost[2..]);
    std::fs::remove_file(file).expect("the object was loose");
    let read: Vec<_> = EventReader::new(&world.reopened(), views, Selection::all()).collect();
    // Events are read by the batch; whatever came before the fault is right, and it is said once.
    let good = read.iter().filter(|one| one.is_ok()).count();
    assert!(
        good <= 100 && read.len() == good + 1,
        "{good} of {}",
        read.len()
    );
    let error = read[good].as_ref().expect_err("the lost one");
    assert!(error.to_string().contains(&lost), "{error}");
}

#[test]
fn readers_beside_a_writer_see_a_beginning_of_each_journal() {
    let world = World::new();
    let (mut alice, mut bob) = (alice(), bob());
    let is_over = AtomicBool::new(false);
    let rounds = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut rounds: Vec<Vec<Seen>> = Vec::new();
            while !is_over.load(Ordering::SeqCst) {
                rounds.push(world.read(Selection::all()));
            }
            rounds
        });
        let writer = world.writer();
        for _ in 0..40 {
            append(&writer, [alice.next_events(3), bob.next_events(2)].concat());
            writer.flush().expect("the flush works");
        }
        is_over.store(true, Ordering::SeqCst);
        reader.join().expect("the reader never fails")
    });
    let twin = world.twin();
    assert_eq!(twin.len(), 200);
    for seen in rounds {
        let mut counts = [0, 0];
        for (index, author) in [&alice, &bob].into_iter().enumerate() {
            let name = author.journal().short();
            counts[index] = seen.iter().filter(|one| one.journal == name).count() as u64;
        }
        let prefix: Vec<Seen> = twin
            .iter()
            .filter(|one| {
                let is_bob = one.journal == bob.journal().short();
                one.position <= counts[usize::from(is_bob)]
            })
            .cloned()
            .collect();
        assert_eq!(seen, prefix);
    }
}
