//! The laws: against the slow twin, and as a lattice, on random folds over random events.

use crate::any::{any_events, any_fold};
use crate::support::{apply_all, compiled, encoded, files, in_order, loader, state_of};
use gatos_fold::{EncodedState, Fold, FoldFault, FoldState, InputsRoot};
use gatos_testkit::fold_twin::{self, TwinEvent};
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::BTreeMap;

/// `count` cases, or as many as `PROPTEST_CASES` says.
fn cases(count: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|text| text.parse().ok());
    Config {
        cases: asked.unwrap_or(count),
        failure_persistence: None,
        ..Config::default()
    }
}

/// For each journal, how many of its events belong to a part: a number of 256ths.
type Share = [u8; 3];

/// The events of `events` that lie within a share of each journal.
fn part(events: &[TwinEvent], share: Share) -> Vec<TwinEvent> {
    let mut journals: Vec<&str> = events.iter().map(|event| event.journal.as_str()).collect();
    journals.sort_unstable();
    journals.dedup();
    let limit = |journal: &str| {
        let total = events
            .iter()
            .filter(|event| event.journal == journal)
            .count() as u64;
        let index = journals
            .iter()
            .position(|name| *name == journal)
            .unwrap_or(0);
        total * u64::from(share[index]) / 255
    };
    events
        .iter()
        .filter(|event| event.position <= limit(&event.journal))
        .cloned()
        .collect()
}

/// Events in an order that a permutation of journals draws: each journal keeps its own.
fn interleaved<'a>(events: &'a [TwinEvent], draws: &[u8]) -> Vec<&'a TwinEvent> {
    let mut queues: BTreeMap<&str, Vec<&TwinEvent>> = BTreeMap::new();
    for event in events {
        queues.entry(&event.journal).or_default().push(event);
    }
    let mut queues: Vec<std::vec::IntoIter<&TwinEvent>> =
        queues.into_values().map(Vec::into_iter).collect();
    let mut order = Vec::new();
    let mut draws = draws.iter().cycle();
    while queues.iter().any(|queue| queue.len() > 0) {
        let draw = usize::from(*draws.next().expect("a cycle")) % queues.len();
        order.extend(queues[draw].next());
        queues.retain(|queue| queue.len() > 0);
    }
    order
}

fn lattice_part(source: &str) -> Option<Fold> {
    let fold = compiled(source);
    (!fold.needs_order()).then_some(fold)
}

fn joined(fold: &Fold, left: &FoldState, right: &FoldState) -> FoldState {
    let mut joined = left.clone();
    joined
        .join(fold, right)
        .expect("states of one lattice fold");
    joined
}

fn bytes(fold: &Fold, state: &FoldState) -> EncodedState {
    encoded(fold, state)
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn agrees_with_the_slow_twin(source in any_fold(), events in any_events()) {
        let fold = compiled(&source);
        let state = state_of(&fold, in_order(&events));
        match (fold_twin::fold(fold.bytes(), &events), files(&fold, &state)) {
            (Some(twin), Ok(files)) => {
                let show = |files: &BTreeMap<String, Vec<u8>>| -> Vec<String> {
                    files.iter().map(|(path, bytes)| format!("{path}: {}", String::from_utf8_lossy(bytes))).collect()
                };
                prop_assert_eq!(show(&files), show(&twin.files), "{}", source);
                prop_assert_eq!(state.skipped(&fold), twin.skipped, "{}", source);
            }
            (None, Err(FoldFault::NumberOverflow { .. })) => {}
            (twin, files) => prop_assert!(false, "{source}\ntwin {twin:?}\nfold {files:?}"),
        }
    }

    #[test]
    fn arrival_order_does_not_show(source in any_fold(), events in any_events(), draws in prop::collection::vec(any::<u8>(), 1..30)) {
        let Some(fold) = lattice_part(&source) else { return Ok(()) };
        let expected = bytes(&fold, &state_of(&fold, in_order(&events)));
        let drawn = bytes(&fold, &state_of(&fold, interleaved(&events, &draws)));
        prop_assert_eq!(expected, drawn, "{}", source);
    }

    #[test]
    fn the_fold_of_a_union_is_the_join_of_folds(source in any_fold(), events in any_events(), one in any::<Share>(), two in any::<Share>()) {
        let Some(fold) = lattice_part(&source) else { return Ok(()) };
        let (left, right) = (part(&events, one), part(&events, two));
        let union = part(&events, std::array::from_fn(|index| one[index].max(two[index])));
        let expected = bytes(&fold, &state_of(&fold, &union));
        let joined = joined(&fold, &state_of(&fold, &left), &state_of(&fold, &right));
        prop_assert_eq!(expected, bytes(&fold, &joined), "{}", source);
        prop_assert_eq!(state_of(&fold, &union).skipped(&fold), joined.skipped(&fold));
    }

    #[test]
    fn join_is_associative_commutative_idempotent(
        source in any_fold(), events in any_events(), one in any::<Share>(), two in any::<Share>(), three in any::<Share>(),
    ) {
        let Some(fold) = lattice_part(&source) else { return Ok(()) };
        let state = |share| state_of(&fold, &part(&events, share));
        let (a, b, c) = (state(one), state(two), state(three));
        let left = joined(&fold, &joined(&fold, &a, &b), &c);
        let right = joined(&fold, &a, &joined(&fold, &b, &c));
        prop_assert_eq!(bytes(&fold, &left), bytes(&fold, &right), "associative: {}", source);
        let (ab, ba) = (joined(&fold, &a, &b), joined(&fold, &b, &a));
        prop_assert_eq!(bytes(&fold, &ab), bytes(&fold, &ba), "commutative: {}", source);
        prop_assert_eq!(bytes(&fold, &ab), bytes(&fold, &joined(&fold, &ab, &b)), "idempotent: {}", source);
        prop_assert_eq!(bytes(&fold, &a), bytes(&fold, &joined(&fold, &a, &FoldState::new(&fold))), "neutral: {}", source);
    }

    #[test]
    fn a_run_in_parts_equals_a_full_run(source in any_fold(), events in any_events(), cut in any::<prop::sample::Index>()) {
        let fold = compiled(&source);
        let order = in_order(&events);
        let cut = cut.index(order.len() + 1);
        let full = state_of(&fold, order.iter().copied());
        let mut inputs = InputsRoot::new();
        order[..cut].iter().for_each(|event| inputs.push(event.id.as_bytes()));
        let saved = state_of(&fold, order[..cut].iter().copied()).encode(&fold, &inputs).expect("reducers encode");
        let (mut state, inputs_read) = FoldState::decode(&fold, &saved.manifest, loader(&saved)).expect("what was encoded decodes");
        prop_assert_eq!(&inputs_read, &inputs);
        prop_assert_eq!(state.encode(&fold, &inputs), Ok(saved), "decode then encode: {}", source);
        apply_all(&fold, &mut state, order[cut..].iter().copied());
        // Events that are covered already change nothing.
        apply_all(&fold, &mut state, order[..cut].iter().copied());
        prop_assert_eq!(bytes(&fold, &state), bytes(&fold, &full), "{}", source);
        prop_assert_eq!(files(&fold, &state), files(&fold, &full));
    }
}
