//! Running folds in tests: sources to folds, events to states, states to something comparable.

use gatos_fold::{
    EncodedState, Fold, FoldEvent, FoldFault, FoldState, InputsRoot, compile_lua, compile_yaml,
};
use gatos_testkit::fold_twin::TwinEvent;
use std::collections::BTreeMap;

/// The fold of a source, or the findings as text.
pub fn compiled(source: &str) -> Fold {
    match compile_yaml(source) {
        Ok(compiled) => Fold::decode(&compiled.rgf).expect("what compiles decodes"),
        Err(findings) => {
            let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
            panic!("{source}\n{}", shown.join("\n"));
        }
    }
}

/// The fold of a source in Lua, or the findings as text.
pub fn program(source: &str) -> Fold {
    match compile_lua(source, "test.lua") {
        Ok(compiled) => Fold::decode(&compiled.rgf)
            .and_then(|fold| fold.with_map(&compiled.map.expect("programs have lines")))
            .expect("what compiles decodes"),
        Err(findings) => {
            let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
            panic!("{source}\n{}", shown.join("\n"));
        }
    }
}

pub fn fold_event(event: &TwinEvent) -> FoldEvent<'_> {
    FoldEvent {
        id: event.id,
        ulid: event.ulid,
        event_type: &event.event_type,
        actor: &event.actor,
        journal: &event.journal,
        position: event.position,
        payload: &event.payload,
    }
}

/// Events in canonical order.
pub fn in_order(events: &[TwinEvent]) -> Vec<&TwinEvent> {
    let mut sorted: Vec<&TwinEvent> = events.iter().collect();
    sorted.sort_by_key(|event| (event.ulid, event.id));
    sorted
}

/// The state after these events, in the order given.
pub fn state_of<'a>(fold: &Fold, events: impl IntoIterator<Item = &'a TwinEvent>) -> FoldState {
    let mut state = FoldState::new(fold);
    apply_all(fold, &mut state, events);
    state
}

pub fn apply_all<'a>(
    fold: &Fold,
    state: &mut FoldState,
    events: impl IntoIterator<Item = &'a TwinEvent>,
) {
    for event in events {
        state
            .apply(fold, &fold_event(event))
            .expect("events come in journal order");
    }
}

pub fn encoded(fold: &Fold, state: &FoldState) -> EncodedState {
    state
        .encode(fold, &InputsRoot::new())
        .expect("the state can be kept")
}

/// State files by path.
pub fn files(fold: &Fold, state: &FoldState) -> Result<BTreeMap<String, Vec<u8>>, FoldFault> {
    Ok(state
        .emit(fold)?
        .into_iter()
        .map(|file| (file.path, file.bytes))
        .collect())
}

/// A loader over the chunks of an encoded state.
pub fn loader(state: &EncodedState) -> impl FnMut(&str) -> Option<Vec<u8>> {
    let chunks: BTreeMap<String, Vec<u8>> = state.chunks.iter().cloned().collect();
    move |name| chunks.get(name).cloned()
}
