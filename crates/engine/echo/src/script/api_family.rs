//! `echo`: parents and children, and relations, which are edges between entities.
//!
//! What is asked for shows up when the moment is over, like everything a script asks for.
//!
//! Tests: `tests/it/script_family.rs`.

use super::desk::Desk;
use super::edits::Presence;
use super::field;
use crate::access::Target;
use crate::entity::Entity;
use crate::hierarchy::CHILDREN;
use crate::registry::ComponentId;
use crate::relation::RelationHooks;
use alloc::format;
use alloc::vec::Vec;
use gatos_echolua::{Fault, HostCall, Value};

/// Families.
impl Desk {
    /// `echo.parent(e)`: its handle, nil for an entity without one.
    pub(super) fn parent(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let entity = self.entity_of(call, 0, "parent")?;
        self.may_see_family(call, entity)?;
        let parent = self.world.parent(entity);
        Ok(call.give(handle_or_nil(parent)))
    }

    /// `echo.children(e)`: a list of handles, the one that came first first.
    pub(super) fn children(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let entity = self.entity_of(call, 0, "children")?;
        self.may_see_family(call, entity)?;
        let children: Vec<Entity> = self.world.children(entity).collect();
        give_list(call, &children)
    }

    /// `echo.set_parent(child, parent)`: its last child from then on; nobody's with nil.
    pub(super) fn set_parent(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let child = self.entity_of(call, 0, "set_parent")?;
        self.must_live(call, child)?;
        let parent = match call.argument(1) {
            Value::Nil | Value::Boolean(false) => None,
            _ => Some(self.entity_of(call, 1, "set_parent")?),
        };
        if let Some(parent) = parent {
            self.must_live(call, parent)?;
        }
        if let Some(id) = self.registry.id(CHILDREN) {
            self.may_bind(call, id)?;
        }
        self.edits.set_parent(child, parent);
        Ok(0)
    }

    fn may_see_family(&mut self, call: &mut HostCall<'_>, entity: Entity) -> Result<(), Fault> {
        if let Some(id) = self.registry.id(CHILDREN) {
            self.may_read(call, Target::Component(id))?;
        }
        self.must_be_there(call, entity)
    }

    /// Refuses to read of an entity that does not live yet, or no more.
    fn must_be_there(&mut self, call: &mut HostCall<'_>, entity: Entity) -> Result<(), Fault> {
        if self.world.is_alive(entity) {
            return Ok(());
        }
        let text = match self.promises.presence(&self.world, entity) {
            Presence::ToCome => format!("the entity {entity} can be read in the next moment"),
            _ => format!("the entity {entity} does not live"),
        };
        Err(call.raise(&text))
    }
}

/// Relations.
impl Desk {
    /// `echo.target("follows", e)`: whom it points at, or nil.
    pub(super) fn target(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let (id, relation) = self.relation_of(call, "target")?;
        let entity = self.entity_of(call, 1, "target")?;
        self.may_read(call, Target::Component(id))?;
        self.must_be_there(call, entity)?;
        let target = (relation.target)(&self.world, entity);
        Ok(call.give(handle_or_nil(target)))
    }

    /// `echo.sources("follows", e)`: a list of those that point at it, the one that began first first.
    pub(super) fn sources(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let (id, relation) = self.relation_of(call, "sources")?;
        let entity = self.entity_of(call, 1, "sources")?;
        self.may_read(call, Target::Component(id))?;
        self.must_be_there(call, entity)?;
        let sources = (relation.sources)(&self.world, entity);
        give_list(call, &sources)
    }

    /// `echo.link("follows", source, target)`: it lets go of the target it had.
    pub(super) fn link(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let (id, _) = self.relation_of(call, "link")?;
        let source = self.entity_of(call, 1, "link")?;
        let target = self.entity_of(call, 2, "link")?;
        self.must_live(call, source)?;
        self.must_live(call, target)?;
        self.may_bind(call, id)?;
        self.edits.link(source, id, Some(target));
        Ok(0)
    }

    /// `echo.unlink("follows", source)`
    pub(super) fn unlink(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let (id, _) = self.relation_of(call, "unlink")?;
        let source = self.entity_of(call, 1, "unlink")?;
        self.must_live(call, source)?;
        self.may_bind(call, id)?;
        self.edits.link(source, id, None);
        Ok(0)
    }

    /// The relation that the first argument names.
    fn relation_of(
        &mut self,
        call: &mut HostCall<'_>,
        function: &str,
    ) -> Result<(ComponentId, RelationHooks), Fault> {
        let id = self.component_of(call, 0, function)?;
        let kind = self.registry.kind(id);
        match kind.relation() {
            Some(relation) => Ok((id, relation)),
            None => {
                let text = format!("`{}` is no relation", kind.name());
                Err(call.bad_argument(0, function, &text))
            }
        }
    }
}

fn handle_or_nil(entity: Option<Entity>) -> Value {
    entity.map_or(Value::Nil, |entity| {
        Value::Integer(field::from_entity(entity))
    })
}

fn give_list(call: &mut HostCall<'_>, entities: &[Entity]) -> Result<usize, Fault> {
    call.pay(entities.len() as u64)?;
    let list = call.heap_mut().new_table();
    for (entity, index) in entities.iter().zip(1..) {
        let handle = Value::Integer(field::from_entity(*entity));
        call.heap_mut().set(list, Value::Integer(index), handle);
        if call.heap().would_exceed(0) {
            return Err(Fault::MemoryExhausted);
        }
    }
    Ok(call.give(Value::Table(list)))
}
