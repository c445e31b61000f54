//! Scenes as text: a line for each entity, component and list.
//!
//! Tests: `tests/it/scene.rs`.

use super::{Scene, SceneError, handle_at};
use crate::component::{Component, Field, FieldKind, FieldValue, Plain};
use crate::entity::Entity;
use crate::registry::{ComponentId, Registry};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;
use gatos_numbers::{Q32, binary64};

const TITLE: &str = "echo scene 1";

impl Scene {
    /// The scene as text, one spelling for each scene.
    #[must_use]
    pub fn print(&self, registry: &Registry) -> String {
        let mut text = format!("{TITLE}\n");
        for (number, rows) in self.entities.iter().enumerate() {
            text.push_str(&format!("entity {number}\n"));
            for (id, row) in rows {
                let kind = registry.kind(*id);
                text.push_str("  ");
                text.push_str(kind.name());
                let mut offset = 0;
                for field in kind.schema().fields() {
                    text.push(' ');
                    text.push_str(&field.name);
                    text.push('=');
                    print_field(field, row, &mut offset, &mut text);
                }
                text.push('\n');
            }
        }
        for ((number, id), others) in &self.lists {
            text.push_str(&format!("list {} {number}:", registry.kind(*id).name()));
            for other in others {
                text.push_str(&format!(" {other}"));
            }
            text.push('\n');
        }
        text
    }

    /// Reads what [`Scene::print`] prints. Lines that are empty or begin with `#` are passed over, and numbers may be written in
    /// every way that gives a value of the field.
    ///
    /// # Errors
    /// [`SceneError::Text`] with the line.
    pub fn parse(registry: &Registry, text: &str) -> Result<Scene, SceneError> {
        let mut scene = Scene::default();
        let mut has_title = false;
        let mut last = 0;
        for (line, text) in (1..).zip(text.lines()) {
            last = line;
            let words = text.trim();
            if words.is_empty() || words.starts_with('#') {
                continue;
            }
            let result = if has_title {
                scene.take_line(registry, words)
            } else {
                has_title = words == TITLE;
                has_title
                    .then_some(())
                    .ok_or_else(|| format!("a scene begins with `{TITLE}`"))
            };
            result.map_err(|reason| SceneError::Text { line, reason })?;
        }
        let flaw = if has_title {
            scene.flaw(registry).map(ToString::to_string)
        } else {
            Some(format!("a scene begins with `{TITLE}`"))
        };
        match flaw {
            Some(reason) => Err(SceneError::Text { line: last, reason }),
            None => Ok(scene),
        }
    }

    fn take_line(&mut self, registry: &Registry, words: &str) -> Result<(), String> {
        if let Some(number) = words.strip_prefix("entity ") {
            if number.trim().parse() != Ok(self.entities.len()) {
                return Err(format!("the next entity is {}", self.entities.len()));
            }
            self.entities.push(BTreeMap::new());
            return Ok(());
        }
        if let Some(list) = words.strip_prefix("list ") {
            return self.take_list(registry, list);
        }
        let (name, rest) = words.split_once(' ').unwrap_or((words, ""));
        let id = id_of(registry, name)?;
        let row = parse_row(registry, id, rest)?;
        let Some(rows) = self.entities.last_mut() else {
            return Err("a component stands below an entity".to_string());
        };
        match rows.insert(id, row) {
            Some(_) => Err(format!("`{name}` is there already")),
            None => Ok(()),
        }
    }

    fn take_list(&mut self, registry: &Registry, list: &str) -> Result<(), String> {
        let shape = || "a list is `list NAME NUMBER: NUMBER …`".to_string();
        let (head, others) = list.split_once(':').ok_or_else(shape)?;
        let (name, number) = head.trim().split_once(' ').ok_or_else(shape)?;
        let number: u32 = number.trim().parse().map_err(|_| shape())?;
        let others: Result<Vec<u32>, _> = others.split_whitespace().map(str::parse).collect();
        let key = (number, id_of(registry, name)?);
        match self.lists.insert(key, others.map_err(|_| shape())?) {
            Some(_) => Err(format!("the list of `{name}` of {number} is there already")),
            None => Ok(()),
        }
    }
}

fn id_of(registry: &Registry, name: &str) -> Result<ComponentId, String> {
    registry
        .id(name)
        .ok_or_else(|| format!("no component `{name}` is registered"))
}

fn print_field(field: &Field, row: &[u8], offset: &mut usize, text: &mut String) {
    if field.count > 1 {
        text.push('[');
    }
    for index in 0..field.count {
        if index > 0 {
            text.push(' ');
        }
        let place = *offset;
        *offset += field.kind.size();
        let bytes = row.get(place..*offset).unwrap_or_default();
        match field.kind.read(bytes) {
            Some(FieldValue::Entity(Entity::NULL)) => text.push_str("none"),
            Some(FieldValue::Entity(_)) => {
                text.push_str(&format!("@{}", handle_at(row, place).index()));
            }
            Some(FieldValue::Q32(value)) => text.push_str(&print_q32(value)),
            Some(FieldValue::Float(value)) => text.push_str(binary64::shortest(value).as_str()),
            // Writing to a text cannot fail.
            Some(value) => _ = write!(text, "{value}"),
            None => text.push('?'),
        }
    }
    if field.count > 1 {
        text.push(']');
    }
}

/// The number where its text reads back, else its steps.
fn print_q32(value: Q32) -> String {
    let text = value.to_string();
    if Q32::parse(&text) == Ok(value) {
        text
    } else {
        format!("{}/4294967296", value.steps())
    }
}

/// Reads `name=value name=[value value]` with every field once, in the order of the schema.
fn parse_row(registry: &Registry, id: ComponentId, text: &str) -> Result<Vec<u8>, String> {
    let mut row = Vec::with_capacity(registry.kind(id).schema().size());
    let mut rest = text.trim();
    for field in registry.kind(id).schema().fields() {
        let wanted = || format!("`{}` comes next", field.name);
        let (name, after) = rest.split_once('=').ok_or_else(wanted)?;
        if name != field.name {
            return Err(wanted());
        }
        let (values, after) = if field.count > 1 {
            let inside = after
                .strip_prefix('[')
                .and_then(|after| after.split_once(']'));
            inside
                .ok_or_else(|| format!("`{}` has {} values in brackets", field.name, field.count))?
        } else {
            after.split_once(' ').unwrap_or((after, ""))
        };
        let mut count = 0;
        for value in values.split_whitespace() {
            let refused = || format!("`{value}` is no {} for `{}`", field.kind, field.name);
            push_value(field.kind, value, &mut row).ok_or_else(refused)?;
            count += 1;
        }
        if count != field.count {
            return Err(format!("`{}` has {} values", field.name, field.count));
        }
        rest = after.trim_start();
    }
    if rest.is_empty() {
        Ok(row)
    } else {
        Err(format!("`{rest}` is too much"))
    }
}

fn push<T: Plain>(value: T, row: &mut Vec<u8>) {
    let start = row.len();
    row.resize(start + T::SIZE, 0);
    value.write(&mut row[start..]);
}

fn push_value(kind: FieldKind, text: &str, row: &mut Vec<u8>) -> Option<()> {
    match kind {
        FieldKind::U8 => push(text.parse::<u8>().ok()?, row),
        FieldKind::U16 => push(text.parse::<u16>().ok()?, row),
        FieldKind::U32 => push(text.parse::<u32>().ok()?, row),
        FieldKind::U64 => push(text.parse::<u64>().ok()?, row),
        FieldKind::U128 => push(text.parse::<u128>().ok()?, row),
        FieldKind::I8 => push(text.parse::<i8>().ok()?, row),
        FieldKind::I16 => push(text.parse::<i16>().ok()?, row),
        FieldKind::I32 => push(text.parse::<i32>().ok()?, row),
        FieldKind::I64 => push(text.parse::<i64>().ok()?, row),
        FieldKind::I128 => push(text.parse::<i128>().ok()?, row),
        FieldKind::F32 => push(binary64::parse(text).ok()? as f32, row),
        FieldKind::F64 => push(binary64::parse(text).ok()?, row),
        FieldKind::Bool => push(text.parse::<bool>().ok()?, row),
        FieldKind::Q32 => push(parse_q32(text)?, row),
        FieldKind::Entity => {
            let entity = match text.strip_prefix('@') {
                Some(number) => Entity::new(number.parse().ok()?, 0),
                None if text == "none" => Entity::NULL,
                None => return None,
            };
            let start = row.len();
            row.resize(start + 8, 0);
            Component::write(&entity, &mut row[start..]);
        }
    }
    Some(())
}

fn parse_q32(text: &str) -> Option<Q32> {
    match text.strip_suffix("/4294967296") {
        Some(steps) => steps.parse().ok().map(Q32::from_steps),
        None => Q32::parse(text).ok(),
    }
}
