//! The lattices, one per kind: how an event changes each of them.
//!
//! Every kind but `list-append` is a join-semilattice; `join` unites two of its states. States are kept in a normal
//! form (what a tombstone covers is dropped), so that equal meanings have equal states.
//!
//! TWIN: kinds — `ir::Shape`, `state/join.rs`, `state/encode.rs`, `state/decode.rs`, `emit.rs`, and the slow twin in
//! `gatos-testkit`.

use super::entry::{LwwEntry, Scratch};
use super::names::Names;
use super::register::Register;
use super::select::{Input, Misfit, holds_all};
use super::sum::Components;
use super::text_map::TextMap;
use crate::ir::{Amount, Condition, End, Granularity, Operation, Selector, Shape, Source};
use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use gatos_numbers::Number;
use gatos_values::{EventId, Text, Value};

/// The state of one kind.
#[derive(Clone, Debug)]
pub(crate) enum KindState {
    /// `map-join-lww` by field.
    Fields(FieldMap),
    /// `map-join-lww` by entry; `None` is a tombstone.
    Entries(TextMap<Register<Option<Value>>>),
    /// `map-join`. A key is there once its nested state is not empty.
    Nested(TextMap<KindState>),
    /// `lww`.
    Register(Option<Register>),
    /// `max`, `min`.
    Extreme(Option<Value>),
    /// `counter-g`, `counter-pn`.
    Counter(Components),
    /// `count-by`, `sum-by`.
    Sums(TextMap<Components>),
    /// `set-g`.
    Grown(BTreeSet<Value>),
    /// `set-2p`: `false` once removed.
    TwoPhase(BTreeMap<Value, bool>),
    /// `set-or`: what each add event added, and which add events are removed.
    Observed(ObservedSet),
    /// `set-lww`: whether the last word on the element was to add it.
    Switched(BTreeMap<Value, Register<bool>>),
    /// `list-append`.
    List(Vec<Value>),
}

/// The state of `map-join-lww` by field.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldMap {
    pub(crate) names: Names,
    pub(crate) entries: TextMap<LwwEntry>,
    scratch: Scratch,
}

/// The state of `set-or`. No event is in both.
#[derive(Clone, Debug, Default)]
pub(crate) struct ObservedSet {
    pub(crate) added: BTreeMap<EventId, BTreeSet<Value>>,
    pub(crate) removed: BTreeSet<EventId>,
}

impl KindState {
    pub(super) fn new(shape: &Shape) -> KindState {
        match shape {
            Shape::MapLww {
                granularity: Granularity::Field,
                ..
            } => KindState::Fields(FieldMap::default()),
            Shape::MapLww {
                granularity: Granularity::Entry,
                ..
            } => KindState::Entries(TextMap::default()),
            Shape::MapJoin { .. } => KindState::Nested(TextMap::default()),
            Shape::Lww { .. } => KindState::Register(None),
            Shape::Extreme { .. } => KindState::Extreme(None),
            Shape::Counter { .. } => KindState::Counter(Components::default()),
            Shape::CountBy { .. } | Shape::SumBy { .. } => KindState::Sums(TextMap::default()),
            Shape::SetGrow { .. } => KindState::Grown(BTreeSet::new()),
            Shape::SetTwoPhase { .. } => KindState::TwoPhase(BTreeMap::new()),
            Shape::SetObserved { .. } => KindState::Observed(ObservedSet::default()),
            Shape::SetLww { .. } => KindState::Switched(BTreeMap::new()),
            Shape::List { .. } => KindState::List(Vec::new()),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            KindState::Fields(map) => map.entries.is_empty(),
            KindState::Entries(map) => map.is_empty(),
            KindState::Nested(map) => map.is_empty(),
            KindState::Register(register) => register.is_none(),
            KindState::Extreme(value) => value.is_none(),
            KindState::Counter(components) => components.is_empty(),
            KindState::Sums(map) => map.is_empty(),
            KindState::Grown(set) => set.is_empty(),
            KindState::TwoPhase(map) => map.is_empty(),
            KindState::Observed(set) => set.added.is_empty() && set.removed.is_empty(),
            KindState::Switched(map) => map.is_empty(),
            KindState::List(list) => list.is_empty(),
        }
    }

    /// Adds an event. Where it does not fit, nothing has changed.
    pub(super) fn apply(&mut self, shape: &Shape, input: &Input<'_>) -> Result<(), Misfit> {
        match (self, shape) {
            (
                KindState::Fields(map),
                Shape::MapLww {
                    key, value, delete, ..
                },
            ) => apply_fields(map, key, value, delete.as_deref(), input),
            (
                KindState::Entries(map),
                Shape::MapLww {
                    key, value, delete, ..
                },
            ) => apply_entries(map, key, value, delete.as_deref(), input),
            (KindState::Nested(map), Shape::MapJoin { key, value }) => {
                apply_nested(map, key, value, input)
            }
            (KindState::Register(register), Shape::Lww { value }) => {
                let value = input.value(value)?;
                match register {
                    None => {
                        *register = Some(Register {
                            stamp: input.stamp,
                            value: value.into_owned(),
                        })
                    }
                    Some(register) => register.update(input.stamp, &value),
                }
                Ok(())
            }
            (KindState::Extreme(extreme), Shape::Extreme { end, value }) => {
                let value = input.value(value)?;
                if beats(*end, &value, extreme.as_ref()) {
                    *extreme = Some(value.into_owned());
                }
                Ok(())
            }
            (KindState::Counter(components), Shape::Counter { inc, dec }) => {
                apply_counter(components, inc, dec.as_ref(), input)
            }
            (KindState::Sums(map), Shape::CountBy { key }) => {
                add_to(map, &input.key(key)?, Number::Integer(1), input)
            }
            (KindState::Sums(map), Shape::SumBy { key, value }) => {
                let amount = input.number(value)?;
                add_to(map, &input.key(key)?, amount, input)
            }
            (state, shape) => state.apply_set(shape, input),
        }
    }

    /// The kinds that collect elements. A removing operation is tried before the adding one, so that an event does
    /// one thing at most.
    fn apply_set(&mut self, shape: &Shape, input: &Input<'_>) -> Result<(), Misfit> {
        match (self, shape) {
            (KindState::Grown(set), Shape::SetGrow { add }) => {
                if holds_all(&add.conditions, input) {
                    insert(set, input.value(&add.value)?);
                }
                Ok(())
            }
            (KindState::TwoPhase(map), Shape::SetTwoPhase { add, remove }) => {
                let Some((value, is_add)) = element(add, remove, input)? else {
                    return Ok(());
                };
                match map.get_mut(&*value) {
                    Some(present) => *present &= is_add,
                    None => drop(map.insert(value.into_owned(), is_add)),
                }
                Ok(())
            }
            (KindState::Switched(map), Shape::SetLww { add, remove }) => {
                let Some((value, is_add)) = element(add, remove, input)? else {
                    return Ok(());
                };
                match map.get_mut(&*value) {
                    Some(register) => register.update(input.stamp, &is_add),
                    None => drop(map.insert(
                        value.into_owned(),
                        Register {
                            stamp: input.stamp,
                            value: is_add,
                        },
                    )),
                }
                Ok(())
            }
            (KindState::Observed(set), Shape::SetObserved { add, remove }) => {
                if holds_all(&remove.conditions, input) {
                    for id in input.event_ids(&remove.value)? {
                        set.added.remove(&id);
                        set.removed.insert(id);
                    }
                } else if holds_all(&add.conditions, input) {
                    let value = input.value(&add.value)?;
                    if !set.removed.contains(&input.event.id) {
                        insert(set.added.entry(input.event.id).or_default(), value);
                    }
                }
                Ok(())
            }
            (KindState::List(list), Shape::List { value }) => {
                list.push(input.value(value)?.into_owned());
                Ok(())
            }
            // A state is made for its shape; the two never part.
            _ => Err(Misfit),
        }
    }
}

fn insert(set: &mut BTreeSet<Value>, value: Cow<'_, Value>) {
    if !set.contains(&*value) {
        set.insert(value.into_owned());
    }
}

/// Whether `value` takes the place of what was the extreme so far.
pub(super) fn beats(end: End, value: &Value, extreme: Option<&Value>) -> bool {
    extreme.is_none_or(|extreme| match end {
        End::Greatest => value > extreme,
        End::Least => value < extreme,
    })
}

/// The element an event adds (`true`) or removes (`false`), if it does either.
fn element<'a>(
    add: &Operation<Source>,
    remove: &Operation<Source>,
    input: &Input<'a>,
) -> Result<Option<(Cow<'a, Value>, bool)>, Misfit> {
    if holds_all(&remove.conditions, input) {
        return Ok(Some((input.value(&remove.value)?, false)));
    }
    if holds_all(&add.conditions, input) {
        return Ok(Some((input.value(&add.value)?, true)));
    }
    Ok(None)
}

fn apply_counter(
    components: &mut Components,
    inc: &Operation<Amount>,
    dec: Option<&Operation<Amount>>,
    input: &Input<'_>,
) -> Result<(), Misfit> {
    let amount = match dec {
        Some(dec) if holds_all(&dec.conditions, input) => input
            .amount(&dec.value)?
            .checked_neg()
            .map_err(|_| Misfit)?,
        _ if holds_all(&inc.conditions, input) => input.amount(&inc.value)?,
        _ => return Ok(()),
    };
    if components.add(input.journal, amount) {
        Ok(())
    } else {
        Err(Misfit)
    }
}

fn add_to(
    map: &mut TextMap<Components>,
    key: &str,
    amount: Number,
    input: &Input<'_>,
) -> Result<(), Misfit> {
    if let Some(components) = map.get_mut(key) {
        return if components.add(input.journal, amount) {
            Ok(())
        } else {
            Err(Misfit)
        };
    }
    let mut components = Components::default();
    if !components.add(input.journal, amount) {
        return Err(Misfit);
    }
    map.insert(new_key(key)?, components);
    Ok(())
}

/// A key that has not occurred yet. It was text, or digits, before it came here.
fn new_key(key: &str) -> Result<Text, Misfit> {
    Text::new(key).map_err(|_| Misfit)
}

fn apply_nested(
    map: &mut TextMap<KindState>,
    key: &Selector,
    shape: &Shape,
    input: &Input<'_>,
) -> Result<(), Misfit> {
    let key = input.key(key)?;
    if let Some(state) = map.get_mut(&key) {
        return state.apply(shape, input);
    }
    let mut state = KindState::new(shape);
    state.apply(shape, input)?;
    if !state.is_empty() {
        map.insert(new_key(&key)?, state);
    }
    Ok(())
}

fn apply_entries(
    map: &mut TextMap<Register<Option<Value>>>,
    key: &Selector,
    value: &Source,
    delete: Option<&[Condition]>,
    input: &Input<'_>,
) -> Result<(), Misfit> {
    let key = input.key(key)?;
    let value = match delete {
        Some(delete) if holds_all(delete, input) => None,
        _ => Some(input.value(value)?),
    };
    match map.get_mut(&key) {
        Some(register) if input.stamp > register.stamp => {
            register.stamp = input.stamp;
            if register.value.as_ref() != value.as_deref() {
                register.value = value.map(Cow::into_owned);
            }
        }
        Some(_) => {}
        None => {
            let register = Register {
                stamp: input.stamp,
                value: value.map(Cow::into_owned),
            };
            map.insert(new_key(&key)?, register);
        }
    }
    Ok(())
}

fn apply_fields(
    map: &mut FieldMap,
    key: &Selector,
    value: &Source,
    delete: Option<&[Condition]>,
    input: &Input<'_>,
) -> Result<(), Misfit> {
    let key = input.key(key)?;
    if delete.is_some_and(|delete| holds_all(delete, input)) {
        match map.entries.get_mut(&key) {
            Some(entry) => entry.delete(input.stamp),
            None => {
                let deleted = LwwEntry::of(Some(input.stamp), core::iter::empty());
                map.entries.insert(new_key(&key)?, deleted);
            }
        }
        return Ok(());
    }
    let value = input.value(value)?;
    let Value::Map(fields) = &*value else {
        return Err(Misfit);
    };
    let FieldMap {
        names,
        entries,
        scratch,
    } = map;
    match entries.get_mut(&key) {
        Some(entry) => entry.write(input.stamp, fields, names, scratch),
        // Without a field there is no register, so nothing is written.
        None if fields.is_empty() => {}
        None => {
            let mut entry = LwwEntry::default();
            entry.write(input.stamp, fields, names, scratch);
            entries.insert(new_key(&key)?, entry);
        }
    }
    Ok(())
}
