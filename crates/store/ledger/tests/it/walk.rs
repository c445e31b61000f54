//! The walk: what it gives on good journals of any length, and how every kind of bad commit is refused.

use gatos_ledger::walk::{self, WalkEnd};
use gatos_ledger::{ObjectId, codec};
use gatos_testkit::author::{Author, ulid_at};
use gatos_values::{
    EventId, GovernanceId, SealedEvent, SignatureNamespace, SigningKey, SshSignature, Ulid,
};

use crate::world::{Signatures, World, alice, append, bob, code};

/// Walks alice's journal from a commit; the ids met, newest first.
fn walk_from(world: &World, tip: ObjectId, stop: Option<ObjectId>) -> (WalkEnd, Vec<EventId>) {
    let mut met = Vec::new();
    let end = walk::walk(
        &world.reopened(),
        &alice().journal(),
        tip,
        &|commit| Some(commit) == stop,
        &Signatures,
        |step| met.push(step.id),
    );
    (end, met)
}

fn ids(events: &[SealedEvent]) -> Vec<EventId> {
    events.iter().map(SealedEvent::id).collect()
}

/// Commit and code of the first bad event.
fn verdict(world: &World, tip: ObjectId) -> Option<(ObjectId, String)> {
    let (end, _) = walk_from(world, tip, None);
    end.bad
        .map(|bad| (bad.commit, bad.refusal.code.as_str().to_owned()))
}

#[test]
fn a_good_journal_is_walked_newest_first_to_its_root() {
    let world = World::new();
    let writer = world.writer();
    let mut alice = alice();
    // Around the size of a batch, and several of them.
    let mut events = Vec::new();
    for target in [1, 2, 127, 128, 129, 300] {
        let new = alice.next_events(target - events.len());
        append(&writer, new.clone());
        events.extend(new);
        writer.flush().expect("the flush works");
        let tip = world.read_ref(&alice.journal().ref_name()).expect("a tip");
        let (end, mut met) = walk_from(&world, tip, None);
        assert_eq!(
            (end.count, end.joined, end.bad),
            (target as u64, None, None)
        );
        let oldest = end.oldest.expect("an oldest event");
        let first = &events[0];
        assert_eq!((oldest.prev, oldest.ulid), (None, first.envelope().ulid));
        assert_eq!(oldest.governance_version, 0x11);
        met.reverse();
        assert_eq!(met, ids(&events));
    }
}

#[test]
fn a_walk_stops_where_it_is_told_and_says_what_it_stands_on() {
    let world = World::new();
    let mut alice = alice();
    let events = alice.next_events(9);
    let commits = world.put_events(&events, None);
    for stop in [0, 4, 7] {
        let (end, met) = walk_from(&world, commits[8], Some(commits[stop]));
        assert_eq!(end.joined, Some(commits[stop]));
        let oldest = end.oldest.expect("an oldest event");
        assert_eq!(oldest.commit, commits[stop + 1]);
        assert_eq!(oldest.prev, Some(events[stop].id()));
        assert_eq!(met.len(), 8 - stop);
    }
    let (end, met) = walk_from(&world, commits[8], Some(commits[8]));
    assert_eq!((end.joined, end.count), (Some(commits[8]), 0));
    assert!(end.oldest.is_none() && end.bad.is_none() && met.is_empty());
}

/// One event, changed, between good ones: `before` stand below it, `after` on top.
fn check_changed(
    world: &World,
    (before, after): (usize, usize),
    (name, change, want): (&str, Change, &str),
) {
    let mut alice = alice();
    let commits = world.put_events(&alice.next_events(before), None);
    let parent = commits.last().copied();
    let mut content = Content {
        event: alice.draft(),
        parent,
    };
    let bytes = change(world, &alice, &mut content);
    let bad = world.put("commit", &bytes);
    // Whatever stands on it names it as the one before, so that nothing else is wrong.
    alice.prev = Some(EventId::of_envelope(&envelope_of(&bytes)));
    alice.tick += 100;
    let later = world.put_events(&alice.next_events(after), Some(bad));
    let tip = later.last().copied().unwrap_or(bad);
    assert_eq!(
        verdict(world, tip),
        Some((bad, want.to_owned())),
        "{name}, after {before}, below {after}"
    );
}

/// What a case may change: the event before it is signed, or the commit it stands on.
struct Content {
    event: gatos_values::Envelope,
    parent: Option<ObjectId>,
}

/// Gives the bytes of the changed commit.
type Change = fn(&World, &Author, &mut Content) -> Vec<u8>;

/// The line that begins with the brace of the envelope; empty where there is none.
fn envelope_of(commit: &[u8]) -> Vec<u8> {
    commit
        .split(|byte| *byte == b'\n')
        .find(|line| line.starts_with(b"{"))
        .unwrap_or_default()
        .to_vec()
}

fn encode(author: &Author, content: &Content) -> Vec<u8> {
    codec::encode_event_commit(&author.sign(content.event.clone()), content.parent)
}

fn replace(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).expect("commits of the test are text");
    assert!(text.contains(from), "`{from}` is not in the commit");
    text.replacen(from, to, 1).into_bytes()
}

/// Every kind of commit that may not stand in a journal, with its code.
const BAD: [(&str, Change, &str); 17] = [
    ("another author line", other_person, "BAD_COMMIT"),
    ("a header of its own", extra_header, "BAD_COMMIT"),
    ("a merge", merge, "BAD_COMMIT"),
    ("a tree with files", other_tree, "BAD_COMMIT"),
    ("a trailer of another event", other_trailer, "BAD_COMMIT"),
    ("a subject that lies", other_subject, "BAD_COMMIT"),
    ("an ordinary commit", ordinary, "BAD_COMMIT"),
    ("white space in the envelope", white_space, "NOT_CANONICAL"),
    ("an unknown field", unknown_field, "BAD_EVENT"),
    ("an event of another journal", of_bob, "BAD_EVENT"),
    ("an event of another namespace", of_finance, "BAD_EVENT"),
    ("an event of a session", of_a_session, "BAD_EVENT"),
    (
        "a signature of other bytes",
        signed_elsewhere,
        "BAD_SIGNATURE",
    ),
    (
        "a signature of another room",
        signed_for_grants,
        "BAD_SIGNATURE",
    ),
    ("another event before it", other_prev, "PREV_MISMATCH"),
    ("a falling ULID", falling, "ULID_NOT_RISING"),
    ("a falling governance version", gov_behind, "GOV_BEHIND"),
];

fn other_person(_: &World, author: &Author, content: &mut Content) -> Vec<u8> {
    replace(
        &encode(author, content),
        "author user:alice",
        "author user:alicf",
    )
}

fn extra_header(_: &World, author: &Author, content: &mut Content) -> Vec<u8> {
    replace(
        &encode(author, content),
        "+0000\n\n",
        "+0000\nencoding UTF-8\n\n",
    )
}

fn merge(world: &World, author: &Author, content: &mut Content) -> Vec<u8> {
    let other = world.put_events(&bob().next_events(1), None)[0];
    let second = format!("parent {other}\nauthor ");
    replace(&encode(author, content), "author ", &second)
}

fn other_tree(world: &World, author: &Author, content: &mut Content) -> Vec<u8> {
    let blob = world.put("blob", b"a file");
    let mut tree = b"100644 file\0".to_vec();
    tree.extend_from_slice(blob.as_bytes());
    let tree = world.put("tree", &tree).to_string();
    replace(
        &encode(author, content),
        &ObjectId::EMPTY_TREE.to_string(),
        &tree,
    )
}

fn other_trailer(_: &World, author: &Author, content: &mut Content) -> Vec<u8> {
    let id = author.sign(content.event.clone()).id().to_string();
    let other = EventId::from_bytes([9; 32]).to_string();
    replace(&encode(author, content), &id, &other)
}

fn other_subject(_: &World, author: &Author, content: &mut Content) -> Vec<u8> {
    replace(
        &encode(author, content),
        "\n\ntest.event ",
        "\n\ntest.evens ",
    )
}

fn ordinary(_: &World, _: &Author, content: &mut Content) -> Vec<u8> {
    let parent = content
        .parent
        .map_or_else(String::new, |id| format!("parent {id}\n"));
    let tree = ObjectId::EMPTY_TREE;
    let person = "A <a@example.invalid> 1767225600 +0000";
    format!("tree {tree}\n{parent}author {person}\ncommitter {person}\n\na commit\n").into_bytes()
}

fn white_space(_: &World, author: &Author, content: &mut Content) -> Vec<u8> {
    replace(&encode(author, content), "\"v\":1}", "\"v\": 1}")
}

fn unknown_field(_: &World, author: &Author, content: &mut Content) -> Vec<u8> {
    replace(&encode(author, content), "\"v\":1}", "\"v\":1,\"w\":1}")
}

fn of_bob(_: &World, _: &Author, content: &mut Content) -> Vec<u8> {
    let mut bob = bob();
    (bob.prev, bob.tick) = (content.event.prev, 50);
    content.event = bob.draft();
    encode(&bob, content)
}

fn of_finance(_: &World, _: &Author, content: &mut Content) -> Vec<u8> {
    // The same key and actor.
    let mut elsewhere = Author::new(1, "finance", "user:alice");
    (elsewhere.prev, elsewhere.tick) = (content.event.prev, 50);
    content.event = elsewhere.draft();
    encode(&elsewhere, content)
}

fn of_a_session(_: &World, author: &Author, content: &mut Content) -> Vec<u8> {
    content.event.session = Some(ulid_at(0, 5));
    encode(author, content)
}

/// The event with a signature by alice's key over something else.
fn with_signature(event: SealedEvent, signature: SshSignature) -> SealedEvent {
    let (_, bytes, _, _) = event.into_parts();
    SealedEvent::from_parts(bytes, signature).expect("the key is the same")
}

fn signed_elsewhere(_: &World, author: &Author, content: &mut Content) -> Vec<u8> {
    let event = author.sign(content.event.clone());
    let signature = SigningKey::from_seed([1; 32]).sign(SignatureNamespace::Event, b"else");
    codec::encode_event_commit(&with_signature(event, signature), content.parent)
}

fn signed_for_grants(_: &World, author: &Author, content: &mut Content) -> Vec<u8> {
    let event = author.sign(content.event.clone());
    let signer = SigningKey::from_seed([1; 32]);
    let blob = signer
        .sign(SignatureNamespace::Grant, event.bytes())
        .to_blob();
    // Where the namespace stands in the blob it would be refused as a form; what a forger can do is to take
    // the bytes of that signature under the name of the other.
    let mut forged = signer
        .sign(SignatureNamespace::Event, event.bytes())
        .to_blob();
    let end = forged.len();
    forged[end - 64..].copy_from_slice(&blob[blob.len() - 64..]);
    let signature = SshSignature::from_blob(&forged).expect("the form is good");
    codec::encode_event_commit(&with_signature(event, signature), content.parent)
}

fn other_prev(_: &World, author: &Author, content: &mut Content) -> Vec<u8> {
    content.event.prev = Some(EventId::from_bytes([3; 32]));
    encode(author, content)
}

fn falling(_: &World, author: &Author, content: &mut Content) -> Vec<u8> {
    content.event.ulid = Ulid::MIN;
    encode(author, content)
}

fn gov_behind(_: &World, author: &Author, content: &mut Content) -> Vec<u8> {
    content.event.gov = GovernanceId::from_bytes([0x10; 32]);
    encode(author, content)
}

#[test]
fn every_kind_of_bad_commit_is_refused_with_its_code() {
    let world = World::new();
    for case in BAD {
        let (name, _, want) = case;
        for around in [(2, 0), (1, 2)] {
            check_changed(&world, around, case);
        }
        // At the root there is nothing to fall behind and nothing to merge with.
        if !matches!(want, "ULID_NOT_RISING" | "GOV_BEHIND") && name != "a merge" {
            check_changed(&world, (0, 1), case);
        }
    }
}

#[test]
fn links_between_neighbours_are_checked_across_batches() {
    let world = World::new();
    let mut alice = alice();
    let mut commits = world.put_events(&alice.next_events(128), None);
    // The 129th repeats the ULID of the 128th: it may not be equal either.
    let mut draft = alice.draft();
    draft.ulid = ulid_at(128, 0);
    let equal = alice.say(draft);
    commits.extend(world.put_events(&[equal], commits.last().copied()));
    let tip = world.put_events(&alice.next_events(140), commits.last().copied());
    let want = Some((commits[128], "ULID_NOT_RISING".to_owned()));
    assert_eq!(verdict(&world, tip[139]), want);
}

#[test]
fn an_event_in_the_middle_that_claims_to_be_the_first_is_refused() {
    let world = World::new();
    let mut alice = alice();
    let first = world.put_events(&alice.next_events(2), None);
    alice.prev = None;
    let second = world.put_events(&alice.next_events(1), Some(first[1]));
    let want = Some((second[0], "PREV_MISMATCH".to_owned()));
    assert_eq!(verdict(&world, second[0]), want);
}

#[test]
fn a_removed_beginning_is_refused() {
    let world = World::new();
    let mut alice = alice();
    let events = alice.next_events(3);
    // The journal begins with its second event: a history that was cut.
    let commits = world.put_events(&events[1..], None);
    let want = Some((commits[0], "PREV_MISMATCH".to_owned()));
    assert_eq!(verdict(&world, commits[1]), want);
}

#[test]
fn of_several_bad_commits_the_first_of_the_journal_is_named() {
    let world = World::new();
    let mut alice = alice();
    let mut commits = Vec::new();
    let mut bad = Vec::new();
    for round in 0..3 {
        commits.extend(world.put_events(&alice.next_events(60), commits.last().copied()));
        let mut draft = alice.draft();
        draft.gov = GovernanceId::from_bytes([0x10 - round; 32]);
        let event = alice.say(draft);
        commits.extend(world.put_events(&[event], commits.last().copied()));
        bad.push(commits[commits.len() - 1]);
    }
    let want = Some((bad[0], "GOV_BEHIND".to_owned()));
    assert_eq!(verdict(&world, *commits.last().expect("commits")), want);
}

#[test]
fn what_is_no_commit_or_is_not_there_ends_the_walk_with_its_name() {
    let world = World::new();
    let mut alice = alice();
    let events = alice.next_events(3);
    let nowhere = ObjectId::parse(&"7".repeat(40)).expect("an id");
    let hanging = world.put_events(&events[1..], Some(nowhere));
    let bad_commit = |commit| Some((commit, "BAD_COMMIT".to_owned()));
    assert_eq!(verdict(&world, hanging[1]), bad_commit(nowhere));
    let blob = world.put("blob", b"no commit");
    assert_eq!(verdict(&world, blob), bad_commit(blob));
    let tag = format!(
        "object {}\ntype commit\ntag t\ntagger A <a@b> 1 +0000\n\nt\n",
        hanging[0]
    );
    let tag = world.put("tag", tag.as_bytes());
    assert_eq!(verdict(&world, tag), bad_commit(tag));
}

#[test]
fn nothing_bad_enters_the_index() {
    let world = World::new();
    let mut alice = alice();
    let writer = world.writer();
    append(&writer, alice.next_events(2));
    writer.flush().expect("the flush works");
    let good = world.read_ref(&alice.journal().ref_name()).expect("a tip");
    let mut draft = alice.draft();
    draft.ulid = Ulid::MIN.next().expect("a low one");
    let bad = alice.sign(draft);
    let events = [alice.next_event(), bad];
    let commits = world.put_events(&events, Some(good));
    world.point(&alice.journal(), commits[1]);
    drop(writer);
    let writer = world.writer();
    for _ in 0..2 {
        let refused = writer.tip(&alice.journal()).expect_err("it may not stand");
        // A tip below what was admitted cannot continue it; there is no need to look closer.
        assert_eq!(refused.code().as_str(), "FF_VIOLATION", "{refused}");
    }
    drop(writer);
    alice.go_on_from(&events[0]);
    let mut draft = alice.draft();
    draft.prev = None;
    let unlinked = world.put_events(&[alice.sign(draft)], Some(commits[0]));
    world.point(&alice.journal(), unlinked[0]);
    let writer = world.writer();
    for _ in 0..2 {
        assert_eq!(code(writer.tip(&alice.journal())), "PREV_MISMATCH");
    }
    // Taken back by whoever put it there, the journal goes on as if nothing had been.
    world.point(&alice.journal(), good);
    let tip = writer
        .tip(&alice.journal())
        .expect("good again")
        .expect("a tip");
    assert_eq!((tip.commit, tip.count), (good, 2));
}
