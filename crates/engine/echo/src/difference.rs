//! What is different between two worlds of one registry: rows, resources, places of entities, envelopes.
//!
//! Forks share what neither wrote, and what is shared is passed over, so the cost is that of the blocks that were written
//! to. Addresses are compared for that alone; what they say never changes the answer. Merging worlds is not this file's
//! work. Tests: `tests/it/difference.rs`, with a walk over all entities as slow twin.

use crate::column::AnyColumn;
use crate::entity::Entity;
use crate::registry::ComponentId;
use crate::shared::Shared;
use crate::state::State;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// What a change is about. The order is the one in which differences are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A component of an entity: the stamps of adding and changing (8 bytes each), then the row.
    Component(ComponentId),
    /// A resource: the same.
    Resource(ComponentId),
    /// Where an entity's row lies: number of the archetype and of the row, 4 bytes each.
    Place,
    /// An envelope that began to wait, by its id: its canonical bytes.
    Envelope,
    /// The bus's own numbers: the next id and how many envelopes wait, 8 bytes each.
    Bus,
    /// The table of entities: number of slots and first free slot, 4 bytes each.
    Slots,
    /// The state of the scripts: its digest.
    Scripts,
    /// A value of a single system: as that of a component.
    Local(ComponentId),
}

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it is about.
    pub subject: Subject,
    /// The entity, as index and generation; the id of the envelope; the number of the system's name for its own values; 0 for
    /// others.
    pub key: u64,
    /// What is there now; `None` for nothing.
    pub value: Option<Vec<u8>>,
}

impl Change {
    pub(crate) fn of_one(subject: Subject, value: Vec<u8>) -> Change {
        Change {
            subject,
            key: 0,
            value: Some(value),
        }
    }
}

/// The number under which an entity's changes are told.
pub(crate) fn key_of(entity: Entity) -> u64 {
    u64::from(entity.index()) << 32 | u64::from(entity.generation())
}

/// Everything that is not the same in `after`, by subject, then key.
pub(crate) fn changes(before: &State, after: &State) -> Vec<Change> {
    let mut changes = Vec::new();
    for entity in suspects(before, after) {
        push_entity(before, after, entity, &mut changes);
    }
    push_resources(before, after, &mut changes);
    push_mailbox(before, after, &mut changes);
    push_locals(before, after, &mut changes);
    let slots = |state: &State| {
        let count = state.entities.slot_count() as u32;
        [
            count.to_le_bytes(),
            state.entities.free_head().to_le_bytes(),
        ]
        .concat()
    };
    if slots(before) != slots(after) {
        changes.push(Change::of_one(Subject::Slots, slots(after)));
    }
    changes.sort_by_key(|change| (change.subject, change.key));
    changes
}

/// Entities that lie in rows that differ, sorted.
fn suspects(before: &State, after: &State) -> Vec<Entity> {
    let mut entities = Vec::new();
    let count = before.archetypes.len().max(after.archetypes.len());
    for index in 0..count {
        let old = before.archetypes.get(index).map(|slot| &slot.archetype);
        let new = after.archetypes.get(index).map(|slot| &slot.archetype);
        let mut rows = Vec::new();
        match (old, new) {
            (Some(old), Some(new)) if Shared::ptr_eq(old, new) => continue,
            (Some(old), Some(new)) => {
                let columns = old.columns().zip(new.columns());
                for (old, new) in columns {
                    new.push_differing(old, &mut rows);
                }
            }
            (Some(one), None) | (None, Some(one)) => rows.extend(0..one.len() as u32),
            (None, None) => {}
        }
        rows.sort_unstable();
        rows.dedup();
        for archetype in [old, new].into_iter().flatten() {
            let there = rows.iter().filter(|row| (**row as usize) < archetype.len());
            entities.extend(there.map(|row| archetype.entity(*row as usize)));
        }
    }
    entities.sort_unstable();
    entities.dedup();
    entities
}

fn push_entity(before: &State, after: &State, entity: Entity, changes: &mut Vec<Change>) {
    let key = key_of(entity);
    let (old, new) = (place(before, entity), place(after, entity));
    if old != new {
        changes.push(Change {
            subject: Subject::Place,
            key,
            value: new,
        });
    }
    let mut ids: Vec<ComponentId> = [before, after]
        .into_iter()
        .flat_map(|state| components(state, entity))
        .copied()
        .collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let (old, new) = (row(before, entity, id), row(after, entity, id));
        if old != new {
            changes.push(Change {
                subject: Subject::Component(id),
                key,
                value: new,
            });
        }
    }
}

fn place(state: &State, entity: Entity) -> Option<Vec<u8>> {
    let location = state.entities.locate(entity)?;
    Some([location.archetype.to_le_bytes(), location.row.to_le_bytes()].concat())
}

fn components(state: &State, entity: Entity) -> &[ComponentId] {
    let location = state.entities.locate(entity);
    location.map_or(&[], |location| {
        state.archetype(location.archetype).components()
    })
}

fn row(state: &State, entity: Entity, id: ComponentId) -> Option<Vec<u8>> {
    let location = state.entities.locate(entity)?;
    let archetype = state.archetype(location.archetype);
    let index = archetype.index_of(id)?;
    Some(stamped(archetype.column(index), location.row as usize))
}

/// Stamps and row.
fn stamped(column: &dyn AnyColumn, row: usize) -> Vec<u8> {
    let (added, changed) = column.stamps(row);
    let mut bytes = [added.0.to_le_bytes(), changed.0.to_le_bytes()].concat();
    column.encode_row(row, &mut bytes);
    bytes
}

fn push_resources(before: &State, after: &State, changes: &mut Vec<Change>) {
    let mut ids: Vec<ComponentId> = before.resources.iter().map(|(id, _)| id).collect();
    ids.extend(after.resources.iter().map(|(id, _)| id));
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let value = |state: &State| state.resources.get(id).map(|column| stamped(column, 0));
        let (old, new) = (value(before), value(after));
        if old != new {
            changes.push(Change {
                subject: Subject::Resource(id),
                key: 0,
                value: new,
            });
        }
    }
}

/// The number under which values of a system are told: the first eight bytes of BLAKE3 of its name.
pub(crate) fn key_of_name(name: &str) -> u64 {
    let digest = Blake3Digest::of(name.as_bytes());
    let first = digest.as_bytes().first_chunk::<8>();
    first.map_or(0, |first| u64::from_le_bytes(*first))
}

fn push_locals(before: &State, after: &State, changes: &mut Vec<Change>) {
    if Arc::ptr_eq(&before.memory, &after.memory) {
        return;
    }
    let values = |state: &State| -> BTreeMap<(ComponentId, u64), Vec<u8>> {
        let locals = state.memory.locals();
        locals
            .map(|(system, id, column)| ((id, key_of_name(system)), stamped(column, 0)))
            .collect()
    };
    let (old, new) = (values(before), values(after));
    for (place, value) in &new {
        if old.get(place) != Some(value) {
            changes.push(Change {
                subject: Subject::Local(place.0),
                key: place.1,
                value: Some(value.clone()),
            });
        }
    }
}

fn push_mailbox(before: &State, after: &State, changes: &mut Vec<Change>) {
    if Arc::ptr_eq(&before.mailbox, &after.mailbox) {
        return;
    }
    for envelope in after.mailbox.since(before.mailbox.next_id()) {
        let mut bytes = Vec::new();
        envelope.encode(&mut bytes);
        changes.push(Change {
            subject: Subject::Envelope,
            key: envelope.id(),
            value: Some(bytes),
        });
    }
    let numbers = |state: &State| {
        let len = state.mailbox.len() as u64;
        [state.mailbox.next_id().to_le_bytes(), len.to_le_bytes()].concat()
    };
    if numbers(before) != numbers(after) {
        changes.push(Change::of_one(Subject::Bus, numbers(after)));
    }
}
