//! Reading a snapshot: every rule that a world keeps is checked. Tests: `tests/it/snapshot.rs`.

use super::{MAGIC, Reader, SnapshotError, Version};
use crate::bus::Mailbox;
use crate::column::unique;
use crate::entity::{EntityTable, Location};
use crate::memory::Memory;
use crate::registry::{ComponentId, Registry};
use crate::resource::Resources;
use crate::shared::Shared;
use crate::stamp::Stamp;
use crate::state::State;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// The world with these bytes.
pub(crate) fn load(registry: &Registry, bytes: &[u8]) -> Result<State, SnapshotError> {
    let (body, version) = checked_body(bytes)?;
    let mut reader = Reader::new(body);
    reader.take(MAGIC.len() + size_of::<u16>());
    check_registry(registry, &mut reader)?;
    let mut state = State::new(registry.clone(), Blake3Digest::of(b""));
    let mut part = "the header";
    let is_read = read_parts(&mut state, &mut reader, &mut part)
        .and_then(|()| {
            part = "the envelopes that wait";
            if state.mailbox.has_signed() != version.has_signed {
                return None;
            }
            if version.has_memory {
                part = "the memory";
                state.memory = Arc::new(Memory::decode(&state, &mut reader)?);
            }
            Some(())
        })
        .is_some();
    if is_read && reader.rest_len() == 0 {
        return Ok(state);
    }
    Err(SnapshotError::Malformed {
        part: if is_read { "the end" } else { part },
        offset: reader.offset(),
    })
}

/// The bytes without the digest, which fits, and their version.
fn checked_body(bytes: &[u8]) -> Result<(&[u8], Version), SnapshotError> {
    let mut start = Reader::new(bytes);
    let is_snapshot = start.take(MAGIC.len()) == Some(&MAGIC[..]);
    let version = start.u16().filter(|_| is_snapshot).and_then(Version::of);
    let version = version.ok_or(SnapshotError::Magic)?;
    let (body, digest) = bytes
        .split_last_chunk::<32>()
        .ok_or(SnapshotError::Digest)?;
    if Blake3Digest::of(body).as_bytes() == digest {
        Ok((body, version))
    } else {
        Err(SnapshotError::Digest)
    }
}

/// The snapshot must have been made with the same names and fields, or ids and bytes would mean something else.
fn check_registry(registry: &Registry, reader: &mut Reader<'_>) -> Result<(), SnapshotError> {
    let mut expected = Vec::new();
    registry.encode(&mut expected);
    if reader.take(expected.len()) == Some(&expected[..]) {
        return Ok(());
    }
    Err(SnapshotError::Components {
        name: first_difference(registry, reader).unwrap_or_default(),
    })
}

/// The first registered name that is not in the snapshot with the same fields.
fn first_difference(registry: &Registry, reader: &Reader<'_>) -> Option<alloc::string::String> {
    let bytes = reader.everything();
    let mut reader = Reader::new(bytes);
    reader.take(MAGIC.len() + size_of::<u16>() + size_of::<u32>())?;
    for (_, kind) in registry.kinds() {
        let mut expected = alloc::vec![kind.name().len() as u8];
        expected.extend(kind.name().as_bytes());
        kind.schema().encode(&mut expected);
        if reader.take(expected.len()) != Some(&expected[..]) {
            return Some(kind.name().to_string());
        }
    }
    None
}

/// Reads all parts into a new state; `part` says where it stopped.
fn read_parts(state: &mut State, reader: &mut Reader<'_>, part: &mut &'static str) -> Option<()> {
    state.seed = Blake3Digest::from_bytes(reader.array()?);
    state.tick = reader.u64()?;
    state.stamp = Stamp(reader.u64()?);
    *part = "the marks of systems";
    read_marks(state, reader)?;
    *part = "the envelopes that wait";
    let mailbox = Mailbox::decode(reader, state.registry.len())?;
    state.mailbox = Arc::new(mailbox);
    *part = "the table of entities";
    let mut entities = read_entities(reader)?;
    *part = "the resources";
    read_resources(state, reader)?;
    *part = "the archetypes";
    read_archetypes(state, &mut entities, reader)?;
    *part = "the places of entities";
    let is_placed = |index: &u32| entities.live_at(*index).is_none() || entities.is_placed(*index);
    if !(0..entities.slot_count() as u32).all(|index| is_placed(&index)) {
        return None;
    }
    state.entities = Shared::new(entities);
    Some(())
}

fn read_marks(state: &mut State, reader: &mut Reader<'_>) -> Option<()> {
    let mut marks: Vec<(Arc<str>, Stamp)> = Vec::new();
    for _ in 0..reader.u32()? {
        let name = reader.name()?;
        let stamp = Stamp(reader.u64()?);
        let is_rising = marks.last().is_none_or(|(last, _)| &**last < name);
        if !is_rising || stamp > state.stamp {
            return None;
        }
        marks.push((Arc::from(name), stamp));
    }
    state.marks = Arc::new(marks);
    Some(())
}

fn read_entities(reader: &mut Reader<'_>) -> Option<EntityTable> {
    let count = reader.u32()? as usize;
    let free_head = reader.u32()?;
    let bytes = reader.take(count.checked_mul(8)?)?;
    let mut slots_reader = Reader::new(bytes);
    let mut slots = Vec::with_capacity(count);
    while slots_reader.rest_len() > 0 {
        slots.push((slots_reader.u32()?, slots_reader.u32()?));
    }
    EntityTable::from_slots(free_head, &slots)
}

fn read_resources(state: &mut State, reader: &mut Reader<'_>) -> Option<()> {
    let mut resources = Resources::default();
    let mut last = None;
    for _ in 0..reader.u32()? {
        let id = read_id(state, reader, last)?;
        last = Some(id);
        let column = resources.add(id, &state.registry);
        column.load(1, state.stamp, reader)?;
    }
    state.resources = resources;
    Some(())
}

/// An id of the registry above the last one.
fn read_id(
    state: &State,
    reader: &mut Reader<'_>,
    last: Option<ComponentId>,
) -> Option<ComponentId> {
    let id = ComponentId(reader.u16()?);
    let is_fine = id.index() < state.registry.len() && last.is_none_or(|last| last < id);
    is_fine.then_some(id)
}

fn read_archetypes(
    state: &mut State,
    entities: &mut EntityTable,
    reader: &mut Reader<'_>,
) -> Option<()> {
    for index in 0..reader.u32()? {
        let mut components: Vec<ComponentId> = Vec::new();
        for _ in 0..reader.u16()? {
            let id = read_id(state, reader, components.last().copied())?;
            components.push(id);
        }
        if state.archetype_of(&components) != index {
            // The same set a second time.
            return None;
        }
        let len = reader.u32()? as usize;
        let stamp = state.stamp;
        let archetype = state.archetype_mut(index);
        archetype.entities_mut().load(len, stamp, reader)?;
        for column in archetype.columns_mut() {
            unique(column).load(len, stamp, reader)?;
        }
        place_rows(state, entities, index)?;
    }
    Some(())
}

/// Notes where the rows of an archetype lie; each must be the only row of a live entity.
fn place_rows(state: &State, entities: &mut EntityTable, archetype: u32) -> Option<()> {
    let table = &state.archetypes[archetype as usize].archetype;
    for row in 0..table.len() {
        let entity = table.entity(row);
        let is_live = entities.live_at(entity.index()) == Some(entity);
        if !is_live || entities.is_placed(entity.index()) {
            return None;
        }
        let location = Location {
            archetype,
            row: row as u32,
        };
        entities.set_location(entity.index(), location);
    }
    Some(())
}
