//! The state of a fold: what a set of events amounts to, kept so that more events and other states can be added.
//!
//! A state covers a prefix of every journal. [`FoldState::apply`] adds the next event of a journal,
//! [`FoldState::join`] unites two states, [`FoldState::emit`] writes the state files, [`FoldState::encode`] and
//! [`FoldState::decode`] keep the state between runs. Which events there are, and their order, is the caller's
//! business; so are paths, refs and commits.
//!
//! Reading order: `kinds` (one lattice per kind), `entry`, `register`, `sum`, `names` and `text_map` (their
//! parts), `journals`, `select` (queries
//! and conditions on an event), `join`, `encode`, `decode`.
//!
//! INVARIANT 1: the state depends only on the fold and on which events are covered (`list-append`: and on their
//! order); so it may be built in any interleaving of the journals, from joins, or across encode and decode.
//! INVARIANT 2: an event that does not fit a reducer changes nothing in it but its count of skipped events.
//! INVARIANT 3: no event makes a run of reducers stop; a program may.
//!
//! Guide: `docs/guide/folds.md`. Format: `docs/formats/checkpoint.md`. Tests: `state/tests.rs`, `tests/it`, and the
//! slow twin in `gatos-testkit`.

mod decode;
mod encode;
mod entry;
mod join;
mod journals;
mod kinds;
mod names;
mod register;
mod select;
mod sum;
#[cfg(test)]
mod tests;
mod text_map;

pub use decode::StateError;
pub use encode::{CHUNK_ENTRY_COUNT_MAX, EncodedState};
pub(crate) use encode::{chunk_name, ends_chunk};

use crate::path::MadePathError;
use crate::program::{self, ProgramFault, ProgramState};
use crate::rgf::Fold;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
pub(crate) use entry::LwwEntry;
use gatos_values::{ErrorCode, EventId, Sha256Digest, Text, Ulid, Value, merkle};
use journals::{Covering, Journals};
pub(crate) use kinds::KindState;
pub(crate) use names::Names;
use register::Stamp;
use select::{Input, holds_for_element, holds_for_event};
pub(crate) use sum::Components;
use sum::JournalCounts;

/// The Merkle frontier over the raw ids of the events of a window, in canonical order: its root is `inputs_root`.
/// It is saved with the state, so that a later run can extend it.
pub type InputsRoot = merkle::Frontier;

/// Deepest nesting of a payload that reducers take. What a fold stores and emits lies a few levels deeper, and
/// must stay within the 128 levels of the canonical encodings.
pub const PAYLOAD_DEPTH_MAX: usize = 100;

/// One event, as a fold sees it.
#[derive(Clone, Copy, Debug)]
pub struct FoldEvent<'a> {
    /// The event's id.
    pub id: EventId,
    /// The event's ULID.
    pub ulid: Ulid,
    /// The event's type.
    pub event_type: &'a str,
    /// The event's actor, such as `user:alice`.
    pub actor: &'a str,
    /// The journal it stands in, `gatos/journal/…`.
    pub journal: &'a str,
    /// Its place in that journal, from 1.
    pub position: u64,
    /// Its payload.
    pub payload: &'a Value,
}

/// Why a fold could not go on. It says something about the caller or about sums, never about a single event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldFault {
    /// The state belongs to another fold.
    #[error("the state belongs to the fold {state}, not to {fold}")]
    WrongFold {
        /// Root of the fold that was given.
        fold: Sha256Digest,
        /// Root of the fold the state was made for.
        state: Sha256Digest,
    },
    /// An event of a journal came before its predecessors.
    #[error("event {found} of `{journal}` came where event {expected} belongs")]
    PositionGap {
        /// The journal.
        journal: String,
        /// The position that comes next.
        expected: u64,
        /// The position that came.
        found: u64,
    },
    /// The journal's name is not text.
    #[error("`{0}` is no name of a journal")]
    Journal(String),
    /// A total has no form in the value model.
    #[error("the total of `{key}` in reducer `{reducer}` is out of range")]
    NumberOverflow {
        /// The reducer.
        reducer: String,
        /// The key, empty for a reducer without keys.
        key: String,
    },
    /// A reducer whose result depends on the order of events cannot join two states.
    #[error("the fold has a reducer without a lattice: its states cannot be joined")]
    NotALattice,
    /// A path made from a key may not be written.
    #[error(transparent)]
    Path(#[from] MadePathError),
    /// A program stopped. The state is not to be used any more.
    #[error(transparent)]
    Program(#[from] Box<ProgramFault>),
}

impl FoldFault {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            FoldFault::NumberOverflow { .. } => ErrorCode::NumOverflow,
            FoldFault::Program(fault) => fault.code(),
            FoldFault::NotALattice | FoldFault::Path(_) => ErrorCode::BadFold,
            FoldFault::WrongFold { .. } => ErrorCode::StateDiffers,
            FoldFault::PositionGap { .. } | FoldFault::Journal(_) => ErrorCode::BadEvent,
        }
    }

    /// What to do about it, where the code alone does not say.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            FoldFault::Program(fault) => Some(fault.hint()),
            _ => None,
        }
    }
}

/// One file of state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StateFile {
    /// Its path, below `state/`.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// What the covered events amount to.
#[derive(Clone, Debug)]
pub struct FoldState {
    fold_root: Sha256Digest,
    journals: Journals,
    /// One for each reducer of the fold, in its order.
    reducers: Vec<ReducerState>,
    /// What a program has made of them, and how many it passed over.
    program: Option<(ProgramState, JournalCounts)>,
}

#[derive(Clone, Debug)]
struct ReducerState {
    /// How many events of each journal did not fit.
    skipped: JournalCounts,
    state: KindState,
}

impl FoldState {
    /// The state that covers no event.
    #[must_use]
    pub fn new(fold: &Fold) -> FoldState {
        let empty = |shape| ReducerState {
            skipped: JournalCounts::default(),
            state: KindState::new(shape),
        };
        FoldState {
            fold_root: fold.fold_root(),
            journals: Journals::default(),
            reducers: fold
                .ir
                .reducers
                .iter()
                .map(|reducer| empty(&reducer.shape))
                .collect(),
            program: fold
                .program
                .as_ref()
                .map(|program| (ProgramState::new(program), JournalCounts::default())),
        }
    }

    /// Says which policy governs the events: it is a part of what a program's draws are seeded with. Without this, it is
    /// the empty one.
    pub fn set_policy_root(&mut self, policy_root: Sha256Digest) {
        if let Some((state, _)) = &mut self.program {
            state.policy_root = policy_root;
        }
    }

    /// Passes over a journal's events up to `position`: they do not count, and the next event may stand right behind
    /// them.
    ///
    /// # Errors
    /// [`FoldFault::Journal`] for a name that cannot be kept.
    pub fn pass_to(&mut self, journal: &str, position: u64) -> Result<(), FoldFault> {
        let name = Text::new(journal).map_err(|_| FoldFault::Journal(journal.to_string()))?;
        let index = self.journals.add(name);
        self.journals.extend_to(index, position);
        Ok(())
    }

    /// Adds an event. Each journal's events must come in their order; journals may be interleaved at will, unless
    /// the fold [needs order](Fold::needs_order): then the events come in canonical order. An event that is
    /// covered already changes nothing.
    ///
    /// # Errors
    /// [`FoldFault::PositionGap`], [`FoldFault::WrongFold`], [`FoldFault::Journal`]: the state is as before then.
    /// [`FoldFault::Program`]: the run is over, for the event counts as covered.
    pub fn apply(&mut self, fold: &Fold, event: &FoldEvent<'_>) -> Result<(), FoldFault> {
        self.check_fold(fold)?;
        let journal = match self.journals.cover(event.journal, event.position)? {
            Covering::Already => return Ok(()),
            Covering::Next(journal) => journal,
        };
        if let (Some(program), Some((state, skipped))) = (&fold.program, &mut self.program) {
            if !state.apply(program, event)? {
                skipped.add(journal, 1);
            }
            return Ok(());
        }
        let stamp = Stamp {
            ulid: event.ulid,
            event: event.id,
            element: 0,
        };
        let input = Input {
            event,
            element: None,
            stamp,
            journal,
        };
        let is_storable = is_storable(event.payload, PAYLOAD_DEPTH_MAX);
        for (reducer, state) in fold.ir.reducers.iter().zip(&mut self.reducers) {
            if !holds_for_event(&reducer.conditions, &input) {
                continue;
            }
            if !is_storable {
                state.skipped.add(journal, 1);
                continue;
            }
            state.take(reducer, input);
        }
        Ok(())
    }

    /// The last covered position of every journal, by name.
    #[must_use]
    pub fn heads(&self) -> BTreeMap<String, u64> {
        self.journals
            .iter()
            .map(|(name, position)| (name.to_string(), position))
            .collect()
    }

    /// How many events did not fit, by reducer; reducers without such events are absent.
    #[must_use]
    pub fn skipped(&self, fold: &Fold) -> BTreeMap<String, u64> {
        if let Some((_, skipped)) = &self.program {
            let total = skipped.total();
            return (total > 0)
                .then(|| (program::STEP.to_string(), total))
                .into_iter()
                .collect();
        }
        let totals = self.reducers.iter().map(|reducer| reducer.skipped.total());
        let names = fold.reducer_names().map(ToString::to_string);
        names.zip(totals).filter(|(_, total)| *total > 0).collect()
    }

    /// The state files, sorted by path.
    ///
    /// # Errors
    /// [`FoldFault::NumberOverflow`], [`FoldFault::WrongFold`], [`FoldFault::Path`], [`FoldFault::Program`].
    pub fn emit(&self, fold: &Fold) -> Result<Vec<StateFile>, FoldFault> {
        self.check_fold(fold)?;
        if let (Some(program), Some((state, _))) = (&fold.program, &self.program) {
            return Ok(state.emit(program, self.fold_root)?);
        }
        crate::emit::emit(fold, |reducer| {
            self.reducers.get(reducer).map(|reducer| &reducer.state)
        })
    }

    /// Unites two states of one fold: the result covers what either covers.
    ///
    /// # Errors
    /// [`FoldFault::NotALattice`] if both cover events and the fold [needs order](Fold::needs_order);
    /// [`FoldFault::WrongFold`]. The state is as before then.
    pub fn join(&mut self, fold: &Fold, other: &FoldState) -> Result<(), FoldFault> {
        self.check_fold(fold)?;
        other.check_fold(fold)?;
        if other.journals.is_empty() {
            return Ok(());
        }
        if self.journals.is_empty() {
            self.clone_from(other);
            return Ok(());
        }
        if fold.needs_order() {
            return Err(FoldFault::NotALattice);
        }
        let shapes: Vec<_> = fold
            .ir
            .reducers
            .iter()
            .map(|reducer| &reducer.shape)
            .collect();
        join::join(self, other, &shapes);
        Ok(())
    }

    /// The bytes of this state: a manifest, and chunks that unchanged parts of the state share between runs. They
    /// depend on the state and the frontier alone, not on how the state came about.
    ///
    /// # Errors
    /// [`FoldFault::Program`] for a program whose state cannot be kept.
    pub fn encode(&self, fold: &Fold, inputs: &InputsRoot) -> Result<EncodedState, FoldFault> {
        encode::encode(self, fold, inputs)
    }

    /// Reads a state back. `load_chunk` gets the names of chunks and returns their bytes.
    ///
    /// # Errors
    /// [`StateError`] for bytes that [`FoldState::encode`] would not have written for this fold.
    pub fn decode(
        fold: &Fold,
        manifest: &[u8],
        load_chunk: impl FnMut(&str) -> Option<Vec<u8>>,
    ) -> Result<(FoldState, InputsRoot), StateError> {
        decode::decode(fold, manifest, load_chunk)
    }

    fn check_fold(&self, fold: &Fold) -> Result<(), FoldFault> {
        if self.fold_root == fold.fold_root() {
            return Ok(());
        }
        Err(FoldFault::WrongFold {
            fold: fold.fold_root(),
            state: self.fold_root,
        })
    }
}

impl ReducerState {
    /// Runs the reducer on an event whose own conditions hold.
    fn take(&mut self, reducer: &crate::ir::Reducer, input: Input<'_>) {
        let Some(each) = &reducer.each else {
            return self.take_one(reducer, &input);
        };
        let Some(Value::List(elements)) = each.find(input.event.payload, None) else {
            return self.skipped.add(input.journal, 1);
        };
        for (index, element) in elements.iter().enumerate() {
            let stamp = Stamp {
                element: u32::try_from(index).unwrap_or(u32::MAX),
                ..input.stamp
            };
            let input = Input {
                element: Some(element),
                stamp,
                ..input
            };
            if holds_for_element(&reducer.conditions, &input) {
                self.take_one(reducer, &input);
            }
        }
    }

    fn take_one(&mut self, reducer: &crate::ir::Reducer, input: &Input<'_>) {
        if self.state.apply(&reducer.shape, input).is_err() {
            self.skipped.add(input.journal, 1);
        }
    }
}

/// Whether reducers may store any part of this payload: it nests within `depth` levels and holds no bytes, which
/// JSON could not write.
fn is_storable(value: &Value, depth: usize) -> bool {
    let Some(inside) = depth.checked_sub(1) else {
        return !matches!(value, Value::Bytes(_) | Value::List(_) | Value::Map(_));
    };
    match value {
        Value::Bytes(_) => false,
        Value::List(list) => list.iter().all(|item| is_storable(item, inside)),
        Value::Map(map) => map.values().all(|item| is_storable(item, inside)),
        _ => true,
    }
}
