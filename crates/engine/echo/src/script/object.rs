//! Handles as objects, for scripts that like `self.position.x`: an entity, and a view of one of its components.
//!
//! An object holds the handle and nothing else; each access finds the entity anew. `self.position` is a view, or the value of a
//! component that is one number; `self.position.x = 1` asks for a change; `self.position = {x = 1}` adds the component or overwrites
//! what is named; `self.position = nil` takes it away.
//!
//! Tests: `tests/it/script_api.rs`.

use super::desk::Desk;
use super::field;
use super::terms::Term;
use crate::entity::Entity;
use crate::registry::ComponentId;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_echolua::value::TableId;
use gatos_echolua::{Fault, Heap, HostCall, Value};

/// Place of the component's number in a view; its handle lies at 1.
const COMPONENT: i64 = 2;

/// An object for a handle.
pub(crate) fn new_entity(heap: &mut Heap, meta: TableId, entity: Entity) -> TableId {
    let table = heap.new_table();
    let handle = Value::Integer(field::from_entity(entity));
    heap.set(table, Value::Integer(1), handle);
    heap.set_metatable(table, Some(meta));
    table
}

impl Desk {
    /// `echo.entity(e)`: the handle as an object.
    pub(super) fn entity(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let entity = self.entity_of(call, 0, "entity")?;
        let object = new_entity(call.heap_mut(), self.tables.entity_meta, entity);
        Ok(call.give(Value::Table(object)))
    }

    /// `echo.id(object)`: the handle as a number.
    pub(super) fn id(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let entity = self.entity_of(call, 0, "id")?;
        Ok(call.give(Value::Integer(field::from_entity(entity))))
    }

    pub(super) fn entity_index(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let entity = self.entity_of(call, 0, "entity")?;
        let term = self.term_of(call, 1, "entity")?;
        let value = if term.field.is_none() {
            self.view(call, entity, &term)?
        } else {
            self.get_term(call, entity, &term)?
        };
        Ok(call.give(value))
    }

    /// A view of a component, nil if the entity does not have it.
    fn view(
        &mut self,
        call: &mut HostCall<'_>,
        entity: Entity,
        term: &Term,
    ) -> Result<Value, Fault> {
        self.may_read(call, crate::Target::Component(term.id))?;
        let Ok(location) = self.world.state().locate(entity) else {
            // The same words as a read of a field has.
            return self.get_term(call, entity, term);
        };
        if !self
            .world
            .state()
            .archetype(location.archetype)
            .has(term.id)
        {
            return Ok(Value::Nil);
        }
        let meta = self.tables.view_meta;
        let heap = call.heap_mut();
        let view = new_entity(heap, meta, entity);
        let number = Value::Integer(term.id.number().into());
        heap.set(view, Value::Integer(COMPONENT), number);
        Ok(Value::Table(view))
    }

    pub(super) fn entity_new_index(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let entity = self.entity_of(call, 0, "entity")?;
        let term = self.term_of(call, 1, "entity")?;
        self.must_live(call, entity)?;
        let value = call.argument(2);
        if value.is_nil() && !term.is_part {
            self.may_write(call, crate::Target::Component(term.id))?;
            self.edits.remove(entity, term.id);
            return Ok(0);
        }
        let has = match self.world.state().locate(entity) {
            Ok(location) => self
                .world
                .state()
                .archetype(location.archetype)
                .has(term.id),
            Err(_) => false,
        };
        if has || term.is_part || self.edits.adds(entity, term.id) {
            self.set_term(call, entity, &term, value)?;
            return Ok(0);
        }
        self.add_row(call, entity, term.id, value)
    }

    pub(super) fn entity_equal(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let left = self.handle(call, call.argument(0));
        let right = self.handle(call, call.argument(1));
        let is_equal = left.is_some() && left == right;
        Ok(call.give(Value::Boolean(is_equal)))
    }

    pub(super) fn entity_text(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let entity = self.entity_of(call, 0, "entity")?;
        let text = Value::String(
            call.heap_mut()
                .string(format!("entity {entity}").as_bytes()),
        );
        Ok(call.give(text))
    }

    /// The entity and the component of a view.
    fn view_parts(&self, heap: &Heap, value: Value) -> Option<(Entity, ComponentId)> {
        let Value::Table(table) = value else {
            return None;
        };
        let table = heap.table(table);
        let is_view = table.metatable() == Some(self.tables.view_meta);
        match (table.get_integer(1), table.get_integer(COMPONENT)) {
            (Value::Integer(handle), Value::Integer(number)) if is_view => {
                let number = u16::try_from(number).ok()?;
                let is_known = usize::from(number) < self.registry.len();
                is_known.then_some((field::to_entity(handle), ComponentId(number)))
            }
            _ => None,
        }
    }

    fn view_of(&mut self, call: &mut HostCall<'_>) -> Result<(Entity, ComponentId), Fault> {
        match self.view_parts(call.heap(), call.argument(0)) {
            Some(parts) => Ok(parts),
            None => Err(call.bad_type(0, "view", "view of a component")),
        }
    }

    /// The field of a view that a key names.
    fn field_of(
        &mut self,
        call: &mut HostCall<'_>,
        id: ComponentId,
        key: Value,
    ) -> Result<Term, Fault> {
        let name = match key {
            Value::String(name) => String::from_utf8_lossy(call.heap().bytes_of(name)).into_owned(),
            key => call.show(key),
        };
        Term::part(&self.registry, id, &name).ok_or_else(|| {
            let text = format!("`{}` has no field `{name}`", self.registry.kind(id).name());
            call.raise(&text)
        })
    }

    pub(super) fn view_index(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let (entity, id) = self.view_of(call)?;
        let term = self.field_of(call, id, call.argument(1))?;
        let value = self.get_term(call, entity, &term)?;
        Ok(call.give(value))
    }

    pub(super) fn view_new_index(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let (entity, id) = self.view_of(call)?;
        let term = self.field_of(call, id, call.argument(1))?;
        self.must_live(call, entity)?;
        self.set_term(call, entity, &term, call.argument(2))?;
        Ok(0)
    }

    pub(super) fn view_pairs(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let (entity, id) = self.view_of(call)?;
        let fields = self.whole(call, entity, id)?;
        let next = self.tables.next;
        call.give_all(&[next, fields, Value::Nil])
    }

    /// All fields of a component, as a table of their own.
    fn whole(
        &mut self,
        call: &mut HostCall<'_>,
        entity: Entity,
        id: ComponentId,
    ) -> Result<Value, Fault> {
        let term = Term::whole(&self.registry, id);
        self.get_term(call, entity, &term)
    }

    /// A value without objects: a handle as a number, a view as a table; a table's own values likewise.
    pub(super) fn plain(&mut self, call: &mut HostCall<'_>, value: Value) -> Result<Value, Fault> {
        let Value::Table(table) = value else {
            return Ok(value);
        };
        if let Some(entity) = self.handle(call, value) {
            return Ok(Value::Integer(field::from_entity(entity)));
        }
        if let Some((entity, id)) = self.view_parts(call.heap(), value) {
            return self.whole(call, entity, id);
        }
        let pairs: Vec<(Value, Value)> = call.heap().table(table).pairs().collect();
        let is_object =
            |value: &Value| matches!(value, Value::Table(_)) && self.handle(call, *value).is_some();
        if !pairs.iter().any(|(_, value)| is_object(value)) {
            return Ok(value);
        }
        let copy = call.heap_mut().new_table();
        for (key, value) in pairs {
            let value = match self.handle(call, value) {
                Some(entity) => Value::Integer(field::from_entity(entity)),
                None => value,
            };
            call.heap_mut().set(copy, key, value);
        }
        Ok(Value::Table(copy))
    }

    /// What stands for an object of ours in the payload of an event.
    pub(super) fn flatten(&mut self, heap: &mut Heap, table: TableId) -> Option<Value> {
        let value = Value::Table(table);
        let parts = self.view_parts(heap, value);
        let table = heap.table(table);
        if let (Some(metatable), Value::Integer(handle)) = (table.metatable(), table.get_integer(1))
            && metatable == self.tables.entity_meta
        {
            return Some(Value::Integer(handle));
        }
        let (entity, id) = parts?;
        let mut row = Vec::new();
        self.world.read_row(entity, id, &mut row).ok()?;
        let schema = self.registry.kind(id).schema();
        Some(field::read_row(schema, &row, heap))
    }
}
