//! Scenes as bytes. Tests: `tests/it/scene.rs`.

use super::{Scene, SceneError};
use crate::registry::{ComponentId, Registry};
use crate::snapshot::Reader;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

const MAGIC: &[u8; 10] = b"ECHOSCNE\x01\x00";

impl Scene {
    /// The canonical bytes. The registry is that of the world the scene is of.
    #[must_use]
    pub fn write(&self, registry: &Registry) -> Vec<u8> {
        let mut output = MAGIC.to_vec();
        let ids = self.ids();
        output.extend((ids.len() as u16).to_le_bytes());
        for id in &ids {
            let kind = registry.kind(*id);
            output.push(kind.name().len() as u8);
            output.extend(kind.name().as_bytes());
            kind.schema().encode(&mut output);
        }
        let place = |id: &ComponentId| {
            (ids.iter().take_while(|other| *other < id).count() as u16).to_le_bytes()
        };
        output.extend((self.entities.len() as u32).to_le_bytes());
        for rows in &self.entities {
            output.extend((rows.len() as u16).to_le_bytes());
            for (id, row) in rows {
                output.extend(place(id));
                output.extend(row);
            }
        }
        output.extend((self.lists.len() as u32).to_le_bytes());
        for ((number, id), others) in &self.lists {
            output.extend(number.to_le_bytes());
            output.extend(place(id));
            output.extend((others.len() as u32).to_le_bytes());
            for other in others {
                output.extend(other.to_le_bytes());
            }
        }
        let digest = Blake3Digest::of(&output);
        output.extend(digest.as_bytes());
        output
    }

    /// The scene with these bytes.
    ///
    /// # Errors
    /// [`SceneError::Bytes`] for every other byte string, and for components that are not registered with the same fields.
    pub fn read(registry: &Registry, bytes: &[u8]) -> Result<Scene, SceneError> {
        let broken = |offset: usize, rule: &'static str| SceneError::Bytes { offset, rule };
        if !bytes.starts_with(MAGIC) {
            return Err(broken(0, "a scene of version 1 begins with its mark"));
        }
        let sealed = bytes.split_last_chunk::<32>();
        let is_sealed =
            |(body, digest): &(&[u8], &[u8; 32])| Blake3Digest::of(body).as_bytes() == *digest;
        let Some((body, _)) = sealed.filter(is_sealed) else {
            return Err(broken(bytes.len(), "the digest fits the bytes"));
        };
        let mut reader = Reader::new(body);
        reader.take(MAGIC.len());
        let mut rule = "components are registered, with the same fields, names rising";
        let read = read_parts(registry, &mut reader, &mut rule);
        let scene = read.ok_or_else(|| broken(reader.offset(), rule))?;
        if reader.rest_len() > 0 {
            return Err(broken(reader.offset(), "nothing follows the lists"));
        }
        match scene.flaw(registry) {
            Some(rule) => Err(broken(reader.offset(), rule)),
            None => Ok(scene),
        }
    }

    /// The components that occur.
    fn ids(&self) -> BTreeSet<ComponentId> {
        let rows = self.entities.iter().flat_map(BTreeMap::keys);
        rows.chain(self.lists.keys().map(|(_, id)| id))
            .copied()
            .collect()
    }
}

fn read_parts(
    registry: &Registry,
    reader: &mut Reader<'_>,
    rule: &mut &'static str,
) -> Option<Scene> {
    let mut ids: Vec<ComponentId> = Vec::new();
    for _ in 0..reader.u16()? {
        let id = registry.id(reader.name()?)?;
        let mut schema = Vec::new();
        registry.kind(id).schema().encode(&mut schema);
        let is_same = reader.take(schema.len())? == schema;
        if !is_same || ids.last().is_some_and(|last| *last >= id) {
            return None;
        }
        ids.push(id);
    }
    let mut scene = Scene::default();
    *rule = "rows follow one another by component";
    for _ in 0..reader.u32()? {
        let mut rows: BTreeMap<ComponentId, Vec<u8>> = BTreeMap::new();
        for _ in 0..reader.u16()? {
            let id = *ids.get(reader.u16()? as usize)?;
            let row = reader.take(registry.kind(id).schema().size())?;
            if rows.last_key_value().is_some_and(|(last, _)| *last >= id) {
                return None;
            }
            rows.insert(id, row.to_vec());
        }
        scene.entities.push(rows);
    }
    *rule = "lists follow one another by entity, then component";
    for _ in 0..reader.u32()? {
        let key = (reader.u32()?, *ids.get(reader.u16()? as usize)?);
        let mut others = Vec::new();
        for _ in 0..reader.u32()? {
            others.push(reader.u32()?);
        }
        if scene
            .lists
            .last_key_value()
            .is_some_and(|(last, _)| *last >= key)
        {
            return None;
        }
        scene.lists.insert(key, others);
    }
    *rule = "every component that is named is used";
    (scene.ids().len() == ids.len()).then_some(scene)
}
