//! Writing a snapshot. Tests: `tests/it/snapshot.rs`.

use super::{MAGIC, Version};
use crate::entity::Entity;
use crate::state::State;
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// The canonical bytes of a world.
pub(crate) fn save(state: &State) -> Vec<u8> {
    let mut output = Vec::with_capacity(size_hint(state));
    output.extend(MAGIC);
    let version = Version {
        has_memory: !state.memory.is_empty(),
        has_signed: state.mailbox.has_signed(),
    };
    output.extend(version.number().to_le_bytes());
    state.registry.encode(&mut output);
    output.extend(state.seed.as_bytes());
    output.extend(state.tick.to_le_bytes());
    output.extend(state.stamp.0.to_le_bytes());
    save_marks(state, &mut output);
    state.mailbox.encode(&mut output);
    save_entities(state, &mut output);
    save_resources(state, &mut output);
    save_archetypes(state, &mut output);
    if version.has_memory {
        state.memory.encode(&mut output);
    }
    let digest = Blake3Digest::of(&output);
    output.extend(digest.as_bytes());
    output
}

/// About so many bytes: the rows, and something for what comes on top.
fn size_hint(state: &State) -> usize {
    const TOP: usize = 4_096;
    let rows = state.archetypes.iter().map(|slot| {
        let archetype = &slot.archetype;
        let kinds = archetype
            .components()
            .iter()
            .map(|id| state.registry.kind(*id));
        let row_size: usize = kinds.map(|kind| kind.schema().size()).sum();
        // The handle, and 18 bytes of stamps for each column, are once or twice a block.
        archetype.len() * (row_size + size_of::<Entity>())
    });
    TOP + rows.sum::<usize>() + state.entities.slot_count() * size_of::<Entity>()
}

fn save_marks(state: &State, output: &mut Vec<u8>) {
    output.extend((state.marks.len() as u32).to_le_bytes());
    for (name, stamp) in &*state.marks {
        output.push(name.len() as u8);
        output.extend(name.as_bytes());
        output.extend(stamp.0.to_le_bytes());
    }
}

fn save_entities(state: &State, output: &mut Vec<u8>) {
    output.extend((state.entities.slot_count() as u32).to_le_bytes());
    output.extend(state.entities.free_head().to_le_bytes());
    for (generation, link) in state.entities.slots() {
        output.extend(generation.to_le_bytes());
        output.extend(link.to_le_bytes());
    }
}

fn save_resources(state: &State, output: &mut Vec<u8>) {
    output.extend((state.resources.len() as u32).to_le_bytes());
    for (id, column) in state.resources.iter() {
        output.extend(id.number().to_le_bytes());
        column.save(output);
    }
}

fn save_archetypes(state: &State, output: &mut Vec<u8>) {
    output.extend((state.archetypes.len() as u32).to_le_bytes());
    for slot in &state.archetypes {
        let archetype = &slot.archetype;
        output.extend((archetype.components().len() as u16).to_le_bytes());
        for id in archetype.components() {
            output.extend(id.number().to_le_bytes());
        }
        output.extend((archetype.len() as u32).to_le_bytes());
        archetype.entities().save(output);
        for index in 0..archetype.components().len() {
            archetype.column(index).save(output);
        }
    }
}
