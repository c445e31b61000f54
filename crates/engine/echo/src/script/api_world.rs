//! `echo`: reading the world and asking for changes of it.
//!
//! Tests: `tests/it/script_api.rs`.

use super::desk::Desk;
use super::edits::Presence;
use super::field;
use super::query::{Plan, TERMS_MAX};
use super::terms::{Part, Term};
use crate::access::Target;
use crate::entity::Entity;
use crate::registry::ComponentId;
use crate::stamp::Stamp;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_echolua::value::TableId;
use gatos_echolua::{Fault, HostCall, Value};

/// The words of a query besides its terms.
const QUERY_WORDS: [&[u8]; 4] = [b"with", b"without", b"changed", b"added"];

/// Places and sizes of changes of a row.
type Places = Vec<(usize, usize)>;

/// Changing.
impl Desk {
    /// `echo.spawn{position = {x = 1}, mass = 2}`: the new entity's handle.
    pub(super) fn spawn(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let mut rows: Vec<(ComponentId, Vec<u8>)> = Vec::new();
        match call.argument(0) {
            Value::Nil => {}
            Value::Table(table) => {
                let pairs: Vec<(Value, Value)> = call.heap().table(table).pairs().collect();
                for (key, value) in pairs {
                    rows.push(self.row_of_pair(call, key, value)?);
                }
            }
            _ => return Err(call.bad_type(0, "spawn", "table")),
        }
        rows.sort_by_key(|(id, _)| *id);
        if rows.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(call.raise("a component stands twice"));
        }
        let size = rows.iter().map(|(_, row)| row.len()).sum::<usize>();
        call.pay(size as u64 / 8)?;
        self.must_have_room(call, size)?;
        let Some(entity) = self.promises.spawn(&self.world) else {
            return Err(call.raise("the world has no room for another entity"));
        };
        self.edits.spawn(entity, &rows);
        Ok(call.give(Value::Integer(field::from_entity(entity))))
    }

    /// A component's row from a pair: its name with a value, or a place in a list with its name.
    fn row_of_pair(
        &mut self,
        call: &mut HostCall<'_>,
        key: Value,
        value: Value,
    ) -> Result<(ComponentId, Vec<u8>), Fault> {
        let (name, value) = match key {
            Value::String(name) => (name, value),
            _ => match value {
                Value::String(name) => (name, Value::Nil),
                _ => return Err(call.raise("components go by their names")),
            },
        };
        let found = self
            .terms
            .find(&self.registry, name, call.heap().bytes_of(name));
        let id = match found {
            Ok(term) if !term.is_part => term.id,
            Ok(_) => return Err(call.raise("a component is wanted, not a field")),
            Err(reason) => return Err(call.raise(&reason)),
        };
        self.may_write(call, Target::Component(id))?;
        let row = self.new_row(call, id, value)?;
        Ok((id, row))
    }

    fn new_row(
        &mut self,
        call: &mut HostCall<'_>,
        id: ComponentId,
        value: Value,
    ) -> Result<Vec<u8>, Fault> {
        let value = self.plain(call, value)?;
        let kind = self.registry.kind(id);
        let value = match value {
            // A mark has no fields; `true` says that it is there.
            Value::Boolean(true) if kind.schema().fields().is_empty() => Value::Nil,
            value => value,
        };
        let row = field::new_row(kind.schema(), value, call.heap());
        row.map_err(|reason| call.raise(&format!("`{}`: {reason}", kind.name())))
    }

    /// `echo.despawn(e)`
    pub(super) fn despawn(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let entity = self.entity_of(call, 0, "despawn")?;
        self.must_live(call, entity)?;
        let ended = self.ended_with(entity);
        for one in &ended {
            self.may_end(call, *one)?;
        }
        for one in ended {
            self.promises.despawn(one);
        }
        self.edits.despawn(entity);
        Ok(0)
    }

    /// Those who go when an entity is despawned, in the order in which they go. Edges that are only asked for do not count.
    fn ended_with(&self, entity: Entity) -> Vec<Entity> {
        match self.world.doomed(entity) {
            Ok(doomed) => doomed,
            // One to come has nobody yet.
            Err(_) => Vec::from([entity]),
        }
    }

    /// Whoever ends an entity writes all its components.
    fn may_end(&mut self, call: &mut HostCall<'_>, entity: Entity) -> Result<(), Fault> {
        if self.runner.rights.access.is_none() {
            return Ok(());
        }
        let Ok(location) = self.world.state().locate(entity) else {
            return Ok(());
        };
        let archetype = self.world.state().archetype(location.archetype);
        let ids: Vec<ComponentId> = archetype.components().to_vec();
        for id in ids {
            if !self.registry.kind(id).name().starts_with("echo.") {
                self.may_write(call, Target::Component(id))?;
            }
        }
        Ok(())
    }

    /// `echo.add(e, "position", {x = 1})`: adds it or overwrites it whole; what is not named is zero.
    pub(super) fn add(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let entity = self.entity_of(call, 0, "add")?;
        let id = self.component_of(call, 1, "add")?;
        self.add_row(call, entity, id, call.argument(2))
    }

    pub(super) fn add_row(
        &mut self,
        call: &mut HostCall<'_>,
        entity: Entity,
        id: ComponentId,
        value: Value,
    ) -> Result<usize, Fault> {
        self.must_live(call, entity)?;
        self.may_write(call, Target::Component(id))?;
        let row = self.new_row(call, id, value)?;
        self.must_have_room(call, row.len())?;
        self.edits.add(entity, id, &row);
        Ok(0)
    }

    /// `echo.remove(e, "position", …)`
    pub(super) fn remove(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let entity = self.entity_of(call, 0, "remove")?;
        self.must_live(call, entity)?;
        for index in 1..call.count().max(2) {
            let id = self.component_of(call, index, "remove")?;
            self.may_write(call, Target::Component(id))?;
            self.edits.remove(entity, id);
        }
        Ok(0)
    }

    /// `echo.set(e, "position.x", 1, "position.y", 2)`, `echo.set(e, "position", {x = 1})`: overwrites what is named of
    /// components that are there. `echo.set("wind", {x = 1})`, `echo.set("wind.x", 1)`: of a resource.
    pub(super) fn set(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let is_resource = matches!(call.argument(0), Value::String(_));
        let (entity, first) = if is_resource {
            (None, 0)
        } else {
            (Some(self.entity_of(call, 0, "set")?), 1)
        };
        if let Some(entity) = entity {
            self.must_live(call, entity)?;
        }
        let mut index = first;
        loop {
            let term = self.term_of(call, index, "set")?;
            let value = call.argument(index + 1);
            if value.is_nil() {
                return Err(call.bad_argument(index + 1, "set", "value expected"));
            }
            match entity {
                Some(entity) => self.set_term(call, entity, &term, value)?,
                None => self.set_resource_term(call, &term, value)?,
            }
            index += 2;
            if index >= call.count() {
                return Ok(0);
            }
        }
    }

    pub(super) fn set_term(
        &mut self,
        call: &mut HostCall<'_>,
        entity: Entity,
        term: &Term,
        value: Value,
    ) -> Result<(), Fault> {
        self.may_write_term(call, term)?;
        let is_there = match self.world.state().locate(entity) {
            Ok(location) => self
                .world
                .state()
                .archetype(location.archetype)
                .has(term.id),
            // Of an entity to come nobody knows yet; the edit itself will see.
            Err(_) => true,
        };
        if !is_there && !self.edits.adds(entity, term.id) {
            let name = self.registry.kind(term.id).name();
            let text = format!("the entity {entity} has no `{name}`");
            return Err(call.raise(&text));
        }
        if let Some(part) = term.field {
            return self.set_field(call, entity, term.id, part, value);
        }
        let (mut bytes, changes) = self.changes(call, term, value)?;
        self.must_have_room(call, bytes.len())?;
        let mut start = 0;
        for (offset, size) in changes {
            self.edits
                .set(entity, term.id, offset, &bytes[start..start + size]);
            start += size;
        }
        bytes.clear();
        self.scratch = bytes;
        Ok(())
    }

    /// One field: its bytes are written where the edit keeps them.
    fn set_field(
        &mut self,
        call: &mut HostCall<'_>,
        entity: Entity,
        id: ComponentId,
        part: Part,
        value: Value,
    ) -> Result<(), Fault> {
        let value = self.plain(call, value)?;
        self.must_have_room(call, part.size as usize)?;
        let field = part.field(&self.registry, id);
        let write = |bytes: &mut [u8]| field::write_field(field, value, call.heap(), bytes);
        let written = self.edits.set_with(entity, id, part, write);
        written.map_err(|reason| {
            let text = format!("`{}`: {reason}", self.registry.kind(id).name());
            call.raise(&text)
        })
    }

    fn set_resource_term(
        &mut self,
        call: &mut HostCall<'_>,
        term: &Term,
        value: Value,
    ) -> Result<(), Fault> {
        self.may_write(call, Target::Resource(term.id))?;
        let (bytes, changes) = self.changes(call, term, value)?;
        self.must_have_room(call, bytes.len())?;
        let schema = self.registry.kind(term.id).schema();
        let mut start = 0;
        for (offset, size) in changes {
            let part = &bytes[start..start + size];
            self.edits
                .set_resource(term.id, offset, part, || field::blank(schema));
            start += size;
        }
        Ok(())
    }

    /// The bytes that a value changes of a row, with their places.
    fn changes(
        &mut self,
        call: &mut HostCall<'_>,
        term: &Term,
        value: Value,
    ) -> Result<(Vec<u8>, Places), Fault> {
        let value = self.plain(call, value)?;
        let mut bytes = core::mem::take(&mut self.scratch);
        bytes.clear();
        let kind = self.registry.kind(term.id);
        let found = match &term.field {
            Some(part) => {
                let field = part.field(&self.registry, term.id);
                bytes.resize(field.size(), 0);
                field::write_field(field, value, call.heap(), &mut bytes)
                    .map(|()| Vec::from([(part.offset as usize, field.size())]))
            }
            None => field::changes(kind.schema(), value, call.heap(), &mut bytes),
        };
        match found {
            Ok(changes) => Ok((bytes, changes)),
            Err(reason) => {
                let text = format!("`{}`: {reason}", kind.name());
                Err(call.raise(&text))
            }
        }
    }
}

/// Reading.
impl Desk {
    /// `echo.get(e, "position")`: a table of the fields, nil if there is none; `echo.get(e, "position.x")`: the field.
    /// `echo.get("wind")`: a resource.
    pub(super) fn get(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        if let Value::String(_) = call.argument(0) {
            let term = self.term_of(call, 0, "get")?;
            self.may_read(call, Target::Resource(term.id))?;
            let row = self.world.resource_row(term.id).ok();
            let value = row.map_or(Value::Nil, |row| self.value_of(call, &term, &row));
            return Ok(call.give(value));
        }
        let entity = self.entity_of(call, 0, "get")?;
        let term = self.term_of(call, 1, "get")?;
        let value = self.get_term(call, entity, &term)?;
        Ok(call.give(value))
    }

    pub(super) fn get_term(
        &mut self,
        call: &mut HostCall<'_>,
        entity: Entity,
        term: &Term,
    ) -> Result<Value, Fault> {
        self.may_read(call, Target::Component(term.id))?;
        let Ok(location) = self.world.state().locate(entity) else {
            let text = match self.promises.presence(&self.world, entity) {
                Presence::ToCome => format!("the entity {entity} can be read in the next moment"),
                _ => format!("the entity {entity} does not live"),
            };
            return Err(call.raise(&text));
        };
        let archetype = self.world.state().archetype(location.archetype);
        let Some(index) = archetype.index_of(term.id) else {
            return Ok(Value::Nil);
        };
        let mut row = core::mem::take(&mut self.scratch);
        row.clear();
        let column = archetype.column(index);
        column.encode_row(location.row as usize, &mut row);
        let value = self.value_of(call, term, &row);
        self.scratch = row;
        Ok(value)
    }

    fn value_of(&self, call: &mut HostCall<'_>, term: &Term, row: &[u8]) -> Value {
        match &term.field {
            Some(part) => {
                let field = part.field(&self.registry, term.id);
                field::read_field(field, part.bytes(row), call.heap_mut())
            }
            None => field::read_row(self.registry.kind(term.id).schema(), row, call.heap_mut()),
        }
    }

    /// `echo.has(e, "position")`
    pub(super) fn has(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let entity = self.entity_of(call, 0, "has")?;
        let id = self.component_of(call, 1, "has")?;
        let state = self.world.state();
        let has = match state.locate(entity) {
            Ok(location) => state.archetype(location.archetype).has(id),
            Err(_) => false,
        };
        Ok(call.give(Value::Boolean(has)))
    }

    /// `echo.alive(e)`: whether something can be asked of it.
    pub(super) fn alive(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let entity = self.entity_of(call, 0, "alive")?;
        let presence = self.promises.presence(&self.world, entity);
        Ok(call.give(Value::Boolean(presence != Presence::Gone)))
    }
}

/// Queries.
impl Desk {
    /// `for e, x, y in echo.query{"position.x", "position.y", without = {"frozen"}} do`
    pub(super) fn query(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let plan = self.plan(call, "query")?;
        self.plans.push(plan);
        // What the traversal carries: the moment and the place of the plan.
        let number = (self.moment << 16).wrapping_add(self.plans.len() as u64 - 1);
        let state = Value::Integer(number.cast_signed());
        let step = self.tables.query_step;
        call.give_all(&[step, state, Value::Nil])
    }

    /// A step of a traversal: state and the entity it is at.
    pub(super) fn query_step(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let (Value::Integer(number), control) = (call.argument(0), call.argument(1)) else {
            return Err(call.bad_type(0, "query", "state of a query"));
        };
        let number = number.cast_unsigned();
        let place = (number & 0xFFFF) as usize;
        if number >> 16 != self.moment & (u64::MAX >> 16) || place >= self.plans.len() {
            return Err(call.raise(
                "the query belongs to an earlier moment: keep handles with `echo.list` instead",
            ));
        }
        let behind = match control {
            Value::Integer(number) => Some(field::to_entity(number)),
            _ => None,
        };
        let plan = &mut self.plans[place];
        let Some(entity) = plan.step(&self.world, behind) else {
            return Ok(call.give(Value::Nil));
        };
        self.values.clear();
        self.values.push(Value::Integer(field::from_entity(entity)));
        call.pay(plan.column_count() as u64)?;
        plan.values(
            &self.world,
            &self.registry,
            call.heap_mut(),
            &mut self.values,
        );
        call.give_all(&self.values)
    }

    /// `echo.count{"position"}`: how many rows a query has.
    pub(super) fn count(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let mut plan = self.plan(call, "count")?;
        let count = plan.count(&self.world);
        Ok(call.give(Value::Integer(count as i64)))
    }

    /// `echo.list{"position"}`: the handles of a query's rows, to be kept.
    pub(super) fn list(&mut self, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        let mut plan = self.plan(call, "list")?;
        let list = call.heap_mut().new_table();
        let (mut last, mut index) = (None, 0);
        while let Some(entity) = plan.step(&self.world, last) {
            call.pay(1)?;
            index += 1;
            if call.heap().would_exceed(0) {
                return Err(Fault::MemoryExhausted);
            }
            let handle = Value::Integer(field::from_entity(entity));
            call.heap_mut().set(list, Value::Integer(index), handle);
            last = Some(entity);
        }
        Ok(call.give(Value::Table(list)))
    }

    /// What the arguments of a query ask for: a table, or terms one after the other.
    fn plan(&mut self, call: &mut HostCall<'_>, function: &str) -> Result<Plan, Fault> {
        if self.plans.len() >= 0xFFFF {
            return Err(call.raise("too many queries in one moment"));
        }
        let mut plan = Plan::new();
        if let Value::Table(table) = call.argument(0) {
            for value in list_items(call, table) {
                self.add_term(call, &mut plan, value)?;
            }
            for id in self.listed(call, table, "with")? {
                plan.with(id);
            }
            for id in self.listed(call, table, "without")? {
                plan.without(id);
            }
            for (word, is_added) in [("changed", false), ("added", true)] {
                for id in self.listed(call, table, word)? {
                    self.may_read(call, Target::Component(id))?;
                    plan.since(self.asks_since(call)?);
                    plan.later(id, is_added);
                }
            }
            self.check_words(call, table, function)?;
        } else {
            for index in 0..call.count() {
                self.add_term(call, &mut plan, call.argument(index))?;
            }
        }
        if plan.column_count() > TERMS_MAX {
            let text = format!("a query has at most {TERMS_MAX} terms");
            return Err(call.raise(&text));
        }
        Ok(plan)
    }

    /// When this script asked last in this phase what is new; before everything if it never did.
    fn asks_since(&mut self, call: &mut HostCall<'_>) -> Result<Stamp, Fault> {
        let Some(phase) = self.phase else {
            let text = "what is new is asked for in `pre_update`, `update` and `post_update`";
            return Err(call.raise(text));
        };
        let script = self.runner.index;
        if !self.asked.contains(&script) {
            self.asked.push(script);
        }
        let mark = self.marks.get(&(script, phase));
        Ok(mark.copied().unwrap_or_default())
    }

    /// A term of a query; one that begins with `?` may be missing.
    fn add_term(
        &mut self,
        call: &mut HostCall<'_>,
        plan: &mut Plan,
        value: Value,
    ) -> Result<(), Fault> {
        let Value::String(place) = value else {
            let text = format!("a query names components, not a {}", value.type_name());
            return Err(call.raise(&text));
        };
        let text = call.heap().bytes_of(place);
        let found = match text.strip_prefix(b"?") {
            Some(text) => super::terms::resolve(&self.registry, text).map(|term| (term, false)),
            None => {
                let term = self.terms.find(&self.registry, place, text);
                term.map(|term| (term, true))
            }
        };
        let (term, is_needed) = found.map_err(|reason| call.raise(&reason))?;
        self.may_read(call, Target::Component(term.id))?;
        plan.read(&term, is_needed);
        Ok(())
    }

    /// The components in a list of a query.
    fn listed(
        &mut self,
        call: &mut HostCall<'_>,
        table: TableId,
        word: &str,
    ) -> Result<Vec<ComponentId>, Fault> {
        let key = Value::String(call.heap_mut().string(word.as_bytes()));
        let items = match call.heap().table(table).get(key) {
            Value::Nil => Vec::new(),
            Value::Table(list) => list_items(call, list),
            one => Vec::from([one]),
        };
        let mut ids = Vec::new();
        for item in items {
            let name = match item {
                Value::String(id) => call.heap().bytes_of(id).to_vec(),
                _ => return Err(call.raise(&format!("`{word}` lists names of components"))),
            };
            let name = String::from_utf8_lossy(&name).into_owned();
            match self.registry.id(&name) {
                Some(id) => ids.push(id),
                None => {
                    return Err(call.raise(&format!("no component `{name}` is registered")));
                }
            }
        }
        Ok(ids)
    }

    fn check_words(
        &mut self,
        call: &mut HostCall<'_>,
        table: TableId,
        function: &str,
    ) -> Result<(), Fault> {
        let keys: Vec<Value> = call
            .heap()
            .table(table)
            .pairs()
            .map(|(key, _)| key)
            .collect();
        for key in keys {
            let is_known = match key {
                Value::Integer(_) => true,
                Value::String(id) => QUERY_WORDS.contains(&call.heap().bytes_of(id)),
                _ => false,
            };
            if !is_known {
                let shown = call.show(key);
                let text = format!(
                    "unknown word `{shown}`: a query has `with`, `without`, `changed` and `added`"
                );
                return Err(call.bad_argument(0, function, &text));
            }
        }
        Ok(())
    }
}

fn list_items(call: &HostCall<'_>, table: TableId) -> Vec<Value> {
    let table = call.heap().table(table);
    (1..=table.length())
        .map(|index| table.get_integer(index))
        .collect()
}
