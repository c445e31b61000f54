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

/// A component, or one of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub id: ComponentId,
    /// The field with its place in the row, if one is named or the component is one number.
    pub field: Option<(usize, Field)>,
    /// Whether a field was named.
    pub is_part: bool,
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
    ) -> Result<&Term, String> {
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
            Some((_, term)) => Ok(term),
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
        let field = super::field::is_scalar(schema).then(|| (0, schema.fields()[0].clone()));
        return Ok(Term {
            id,
            field,
            is_part: false,
        });
    }
    let Some((name, field)) = shown.rsplit_once('.') else {
        return Err(format!("no component `{shown}` is registered"));
    };
    let Some(id) = registry.id(name) else {
        return Err(format!("no component `{name}` is registered"));
    };
    match registry.kind(id).schema().field(field) {
        Some((offset, field)) => Ok(Term {
            id,
            field: Some((offset, field.clone())),
            is_part: true,
        }),
        None => Err(format!("`{name}` has no field `{field}`")),
    }
}
