//! Terms: how scripts name a component, a resource, or a field of one: `position`, `position.x`.
//!
//! The longest name that is registered wins, so `a.b` is the component `a.b` where there is one, else the field `b` of `a`.
//! What was found is remembered by the text's place in the machine; whether the place still holds the text is compared
//! each time, so the memory is invisible.
//!
//! Tests: `tests/it/script_api.rs`.

use crate::component::Field;
use crate::registry::{ComponentId, Registry};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_echolua::value::StringId;

/// A component, or one of its fields. Small, so that it is copied with every use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub id: ComponentId,
    /// The field, if one is named or the component is one number.
    pub field: Option<Part>,
    /// Whether a field was named.
    pub is_part: bool,
    /// Whether scripts may write it, if they declare it: it is neither the engine's own nor a relation.
    pub is_free: bool,
}

/// A field of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its place among the fields.
    pub index: u16,
    /// Its place in the row.
    pub offset: u32,
    /// Its size in bytes.
    pub size: u32,
}

impl Term {
    /// A whole component.
    pub(crate) fn whole(registry: &Registry, id: ComponentId) -> Term {
        let kind = registry.kind(id);
        Term {
            id,
            field: None,
            is_part: false,
            is_free: !kind.name().starts_with("echo.") && kind.relation().is_none(),
        }
    }

    /// A field of a component by its name.
    pub(crate) fn part(registry: &Registry, id: ComponentId, name: &str) -> Option<Term> {
        let (mut offset, mut fields) = (0, registry.kind(id).schema().fields().iter().zip(0_u16..));
        let (field, index) = fields.find(|(field, _)| {
            let is_wanted = field.name == name;
            offset += if is_wanted { 0 } else { field.size() };
            is_wanted
        })?;
        Some(Term {
            field: Some(Part {
                index,
                offset: offset as u32,
                size: field.size() as u32,
            }),
            is_part: true,
            ..Term::whole(registry, id)
        })
    }
}

impl Part {
    /// The field itself.
    pub(crate) fn field<'r>(&self, registry: &'r Registry, id: ComponentId) -> &'r Field {
        &registry.kind(id).schema().fields()[usize::from(self.index)]
    }

    /// Its bytes of a row.
    pub(crate) fn bytes<'b>(&self, row: &'b [u8]) -> &'b [u8] {
        let start = self.offset as usize;
        &row[start..start + self.size as usize]
    }
}

/// Remembered terms: as many as there are places.
const PLACES: usize = 64;

/// What was looked up lately.
#[derive(Default)]
pub(crate) struct Terms {
    places: Vec<Option<(Box<[u8]>, Term)>>,
}

impl Terms {
    /// The term with this text, which lies at `place` in the machine.
    ///
    /// # Errors
    /// What is not registered.
    pub(crate) fn find(
        &mut self,
        registry: &Registry,
        place: StringId,
        text: &[u8],
    ) -> Result<Term, String> {
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || None);
        }
        let index = place.number() as usize % PLACES;
        let is_known = matches!(&self.places[index], Some((known, _)) if **known == *text);
        if !is_known {
            let term = resolve(registry, text)?;
            self.places[index] = Some((Box::from(text), term));
        }
        match &self.places[index] {
            Some((_, term)) => Ok(*term),
            None => Err(String::new()),
        }
    }
}

/// The term with this text.
///
/// # Errors
/// What is not registered, and what is.
pub(crate) fn resolve(registry: &Registry, text: &[u8]) -> Result<Term, String> {
    let shown = String::from_utf8_lossy(text);
    if let Some(id) = registry.id(&shown) {
        let schema = registry.kind(id).schema();
        let is_scalar = super::field::is_scalar(schema);
        let number = Term::part(registry, id, "0").filter(|_| is_scalar);
        return Ok(Term {
            is_part: false,
            ..number.unwrap_or_else(|| Term::whole(registry, id))
        });
    }
    let Some((name, field)) = shown.rsplit_once('.') else {
        return Err(format!("no component `{shown}` is registered"));
    };
    let Some(id) = registry.id(name) else {
        return Err(format!("no component `{name}` is registered"));
    };
    Term::part(registry, id, field).ok_or_else(|| format!("`{name}` has no field `{field}`"))
}
