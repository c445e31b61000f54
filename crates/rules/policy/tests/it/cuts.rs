//! Cuts: when one is needed, what it may list, and which events it makes stale.

use gatos_policy::governance::{Chain, CutScope, GovernanceError, change, change_with_cut};

use crate::fixture::*;

#[test]
fn what_takes_away_carries_a_cut_and_nothing_else_does() {
    let mut chain = small_chain();
    extend(
        &mut chain,
        vec![enrol_key("user:bob", 5), set_level("user:bob", 3)],
        &[1],
    );
    let lower = || vec![set_level("user:bob", 1)];
    assert_eq!(
        change(&chain, ulid(2), lower()),
        Err(GovernanceError::CutMissing)
    );
    let document = next_with_cut(&chain, lower(), Vec::new(), &[1]);
    let bare = with_text(&document.bytes, "\"cut\":[],", "");
    let mut uncut = chain.clone();
    assert_eq!(
        uncut.apply(&signed(bare, &[1])),
        Err(GovernanceError::CutMissing)
    );
    assert_eq!(
        uncut, chain,
        "a refused document leaves the chain as it was"
    );
    let raise = next(&chain, vec![set_level("user:bob", 4)], &[1]);
    let cut = with_text(&raise.bytes, "\"kind\"", "\"cut\":[],\"kind\"");
    assert_eq!(
        chain.clone().apply(&signed(cut, &[1])),
        Err(GovernanceError::CutNeedless)
    );
    // The builder drops what it does not need.
    let entries = vec![
        cut_entry("a", "user:alice", 1, 2),
        cut_entry("a", "user:bob", 2, 2),
    ];
    let document = next_with_cut(&chain, lower(), entries.clone(), &[1]);
    let text = String::from_utf8(document.bytes.clone()).unwrap();
    assert!(
        text.contains("user/bob") && !text.contains("user/alice"),
        "{text}"
    );
    let alice = entries[0].journal.short();
    let (bob, ids) = (
        entries[1].journal.short(),
        (entries[1].event, entries[0].event),
    );
    let forged = text
        .replace(&bob, &alice)
        .replace(&ids.0.to_string(), &ids.1.to_string());
    assert_eq!(
        chain.apply(&signed(forged.into_bytes(), &[1])),
        Err(GovernanceError::CutUnaffected(entries[0].journal.clone()))
    );
}

#[test]
fn events_beyond_a_cut_are_stale_under_older_versions() {
    let mut chain = small_chain();
    extend(&mut chain, vec![enrol_key("user:bob", 5)], &[1]);
    let kept = vec![cut_entry("finance", "user:bob", 2, 3)];
    extend_with_cut(&mut chain, vec![revoke_key(2)], kept, &[1]);
    let listed = chain.cuts_of(&journal("finance", "user:bob", 2));
    let verdicts: Vec<Option<u64>> = (1..6)
        .map(|position| listed.stale_since(position, 1))
        .collect();
    assert_eq!(verdicts, [None, None, None, Some(2), Some(2)]);
    assert_eq!(
        listed.stale_since(9, 2),
        None,
        "the version itself and later ones are not older"
    );
    let unlisted = chain.cuts_of(&journal("ops", "user:bob", 2));
    assert_eq!(
        unlisted.stale_since(1, 0),
        Some(2),
        "an unlisted journal keeps nothing"
    );
    assert!(chain.cuts_of(&journal("finance", "user:bob", 5)).is_empty());
    assert!(
        chain
            .cuts_of(&journal("finance", "user:alice", 1))
            .is_empty()
    );
    // The journal must be the one that was accepted.
    let name = journal("finance", "user:bob", 2);
    assert_eq!(listed.contradicts(3, &event_id(&name, 3)), None);
    assert_eq!(listed.contradicts(3, &event_id(&name, 4)), Some(2));
    assert_eq!(listed.contradicts(2, &event_id(&name, 4)), None);
    assert_eq!(
        chain.cut_at(2).unwrap().scopes,
        [CutScope::Key(key(2).public().key_id())]
    );
}

#[test]
fn another_policy_affects_every_journal() {
    let mut chain = small_chain();
    let kept = vec![cut_entry("a", "user:alice", 1, 7)];
    extend_with_cut(&mut chain, vec![activate(1)], kept, &[1]);
    extend_with_cut(
        &mut chain,
        vec![activate(2)],
        vec![cut_entry("a", "user:alice", 1, 9)],
        &[1],
    );
    let alice = chain.cuts_of(&journal("a", "user:alice", 1));
    assert_eq!(alice.cuts().len(), 2);
    assert_eq!(
        (alice.stale_since(7, 0), alice.stale_since(8, 0)),
        (None, Some(1))
    );
    assert_eq!(
        (alice.stale_since(9, 1), alice.stale_since(10, 1)),
        (None, Some(2))
    );
    assert_eq!(
        chain
            .cuts_of(&journal("a", "user:bob", 2))
            .stale_since(1, 1),
        Some(2)
    );
}

/// Bob's key (2) signed two second events in `a`.
fn forked() -> gatos_values::JournalName {
    journal("a", "user:bob", 2)
}

#[test]
fn a_chosen_branch_is_the_journal_and_the_other_is_not() {
    let mut chain = small_chain();
    let name = forked();
    let kept = vec![cut_entry("a", "user:bob", 2, 3)];
    extend_with_cut(&mut chain, vec![choose(&name, 2, false)], kept, &[1]);
    let cuts = chain.cuts_of(&name);
    assert_eq!(chain.chosen_journals().collect::<Vec<_>>(), [&name]);
    assert_eq!(
        chain.cut_at(1).unwrap().scopes,
        [CutScope::Journal(name.clone())]
    );
    assert_eq!(cuts.contradicts(2, &event_id(&name, 2)), None);
    assert_eq!(cuts.contradicts(2, &event_id(&name, 102)), Some(1));
    // What is signed beyond the cut under the version before is a thief's.
    assert_eq!(
        (cuts.stale_since(3, 0), cuts.stale_since(4, 0)),
        (None, Some(1))
    );
    // What was folded up to the fork stands, what went further may hold the other branch.
    assert!(!cuts.disturb(0, 1) && cuts.disturb(0, 2) && !cuts.disturb(1, 9));
    assert!(cuts.up_to(0).choices().is_empty());
    // Nobody else's journal is concerned.
    assert!(chain.cuts_of(&journal("a", "user:alice", 1)).is_empty());
    assert_eq!(chain.up_to(0).cuts_of(&name).names().count(), 0);
}

#[test]
fn a_choice_names_a_branch_that_it_keeps_and_is_never_taken_back() {
    let mut chain = small_chain();
    let name = forked();
    assert_eq!(
        change(&chain, ulid(1), vec![choose(&name, 2, false)]),
        Err(GovernanceError::CutMissing)
    );
    let refused = |chain: &Chain, operation, entries| {
        change_with_cut(chain, ulid(9), vec![operation], entries).unwrap_err()
    };
    let not_kept = GovernanceError::BranchNotKept(name.clone());
    for (count, is_rival) in [(3, false), (2, true)] {
        // The cut ends before the choice, or names the other event at its place.
        let entries = vec![cut_entry("a", "user:bob", 2, 2)];
        assert_eq!(
            refused(&chain, choose(&name, count, is_rival), entries),
            not_kept
        );
    }
    assert_eq!(misfit(&chain, vec![choose(&name, 2, false)]), not_kept);
    let stranger = journal("a", "user:alice", 2);
    assert_eq!(
        misfit(&chain, vec![choose(&stranger, 2, false)]),
        GovernanceError::KeyUnknown(stranger.key)
    );
    let zero = choose(&name, 0, false);
    assert!(matches!(
        refused(&chain, zero, vec![cut_entry("a", "user:bob", 2, 3)]),
        GovernanceError::Field { .. }
    ));
    let kept = || vec![cut_entry("a", "user:bob", 2, 3)];
    extend_with_cut(&mut chain, vec![choose(&name, 2, false)], kept(), &[1]);
    let settled = GovernanceError::BranchSettled {
        journal: name.clone(),
        version: 1,
    };
    // Neither the other branch nor one that leaves the cut's own event.
    for count in [2, 3] {
        assert_eq!(refused(&chain, choose(&name, count, true), kept()), settled);
    }
    assert!(matches!(
        refused(&chain, choose(&name, 2, false), kept()),
        GovernanceError::NothingChanges { .. }
    ));
    assert!(matches!(
        refused(&small_chain(), choose(&name, 2, false), Vec::new()),
        GovernanceError::BranchNotKept(_)
    ));
    // A second fork further on, or further back, is another choice.
    for (count, last) in [(5, 6), (1, 7)] {
        let kept = vec![cut_entry("a", "user:bob", 2, last)];
        extend_with_cut(&mut chain, vec![choose(&name, count, false)], kept, &[1]);
    }
    assert_eq!(chain.cuts_of(&name).choices().len(), 3);
}
