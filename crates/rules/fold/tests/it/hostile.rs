//! Bytes and sources that nobody wrote in good faith: no panic, and nothing is accepted that was not written.

use crate::any::{any_events, any_fold};
use crate::support::{compiled, encoded, in_order, loader, state_of};
use gatos_fold::{Fold, FoldState, StateError, compile_yaml};
use proptest::prelude::*;
use proptest::test_runner::Config;

fn cases(count: u32) -> Config {
    Config {
        cases: count,
        failure_persistence: None,
        ..Config::default()
    }
}

/// One change to some bytes: a flipped bit, a cut, an inserted or a doubled byte.
fn mutated(bytes: &[u8], place: usize, how: u8) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    let place = place % bytes.len().max(1);
    match how {
        0..8 => changed[place] ^= 1 << how,
        8 => changed.truncate(place),
        9 => changed.insert(place, 0),
        10 => changed.insert(place, bytes[place]),
        _ => drop(changed.remove(place)),
    }
    changed
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_mutated_source_compiles_to_what_decodes_or_not_at_all(source in any_fold(), place in any::<usize>(), character in any::<char>()) {
        let mut place = place % source.len();
        while !source.is_char_boundary(place) {
            place -= 1;
        }
        let mut changed = source.clone();
        changed.insert(place, character);
        if let Ok(compiled) = compile_yaml(&changed) {
            let fold = Fold::decode(&compiled.rgf);
            prop_assert_eq!(fold.map(|fold| fold.fold_root()), Ok(compiled.fold_root), "{}", changed);
        }
    }

    #[test]
    fn random_sources_never_panic(source in "(version: 1|reducers:|emit:|- kind: lww|value: [$]|  |\n|[\\[{}\\],:'\"]|\\PC){0,30}") {
        let _ = compile_yaml(&source);
    }

    #[test]
    fn random_bytes_are_no_fold(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        prop_assert!(Fold::decode(&bytes).is_err());
    }

    #[test]
    fn a_mutated_fold_is_refused_or_another(source in any_fold(), place in any::<usize>(), how in 0_u8..12) {
        let fold = compiled(&source);
        let changed = mutated(fold.bytes(), place, how);
        if let Ok(other) = Fold::decode(&changed) {
            prop_assert!(other.bytes() == changed && (changed == fold.bytes() || other.fold_root() != fold.fold_root()));
        }
    }

    #[test]
    fn a_mutated_state_is_refused_or_another(
        source in any_fold(), events in any_events(), places in prop::collection::vec((any::<usize>(), 0_u8..12), 20),
    ) {
        let fold = compiled(&source);
        let saved = encoded(&fold, &state_of(&fold, in_order(&events)));
        for (place, how) in places {
            let manifest = mutated(&saved.manifest, place, how);
            if let Ok((state, inputs)) = FoldState::decode(&fold, &manifest, loader(&saved)) {
                prop_assert_eq!(&state.encode(&fold, &inputs).expect("reducers encode").manifest, &manifest, "accepted as it stands");
            }
            // A chunk under another digest: the manifest names it, so only the decoder stands between.
            let Some((_, chunk)) = saved.chunks.get(place % saved.chunks.len().max(1)) else { continue };
            let changed = mutated(chunk, place, how);
            let mut forged = saved.clone();
            let (old, new) = (gatos_values::Blake3Digest::of(chunk), gatos_values::Blake3Digest::of(&changed));
            forged.manifest = replaced(&saved.manifest, old.as_bytes(), new.as_bytes());
            forged.chunks.push((new.to_hex()[..32].to_owned(), changed));
            if let Ok((state, inputs)) = FoldState::decode(&fold, &forged.manifest, loader(&forged)) {
                prop_assert_eq!(&state.encode(&fold, &inputs).expect("reducers encode").manifest, &forged.manifest, "accepted as it stands");
                // Whatever was accepted can be used.
                let _ = state.emit(&fold);
            }
        }
    }
}

/// `bytes` with every `old` replaced by `new`.
fn replaced(bytes: &[u8], old: &[u8; 32], new: &[u8; 32]) -> Vec<u8> {
    let mut output = bytes.to_vec();
    for start in 0..bytes.len().saturating_sub(31) {
        if bytes[start..start + 32] == old[..] {
            output[start..start + 32].copy_from_slice(new);
        }
    }
    output
}

#[test]
fn a_state_of_another_fold_or_without_its_chunks_is_refused() {
    let source = |key: &str| {
        format!(
            "version: 1\nreducers: [{{kind: count-by, key: {key}}}]\nemit: [{{path: state/x.json}}]\n"
        )
    };
    let (fold, other) = (compiled(&source("$.id")), compiled(&source("$.tag")));
    let mut saved = encoded(&fold, &FoldState::new(&fold));
    assert!(matches!(
        FoldState::decode(&other, &saved.manifest, loader(&saved)),
        Err(StateError::WrongFold(_))
    ));
    let payload = gatos_values::Map::new().with("id", "x").into();
    let event = gatos_fold::FoldEvent {
        id: gatos_values::EventId::from_bytes([7; 32]),
        ulid: gatos_values::Ulid::MIN,
        event_type: "a",
        actor: "user:al",
        journal: "gatos/journal/n/user/al/0000000000000000",
        position: 1,
        payload: &payload,
    };
    let mut state = FoldState::new(&fold);
    state.apply(&fold, &event).expect("the first event");
    saved = encoded(&fold, &state);
    assert_eq!(saved.chunks.len(), 1);
    assert!(matches!(
        FoldState::decode(&fold, &saved.manifest, |_| None),
        Err(StateError::MissingChunk(_))
    ));
    assert!(matches!(
        FoldState::decode(&fold, &saved.manifest, |_| Some(vec![0x80])),
        Err(StateError::WrongChunk(_))
    ));
}
