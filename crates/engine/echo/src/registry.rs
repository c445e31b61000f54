//! The registry: which components exist in a world, by name, with ids from the sorted names.
//!
//! It is made before the world and does not change while the world lives, so an id means the same in every fork, thread
//! and snapshot. Components and resources share it: a resource is a component that a world has once.
//!
//! INVARIANT 1: ids depend on the set of registered names and on nothing else, such as the order of registration.
//! INVARIANT 2: whatever is registered has canonical bytes; plain data that would not have them is refused.
//! Bytes: `docs/formats/world.md`, section Registry. Tests: `tests/it/component.rs`.

use crate::column::{AnyColumn, Column, RecordRows, Rows};
use crate::component::{Component, Field, Schema, SchemaError};
use crate::hash::{self, Tag};
use crate::hierarchy::Node;
use crate::relation::{Edge, NAMED_RELATIONS, Relation, RelationHooks};
use crate::shared::Shared;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::TypeId;
use gatos_values::Blake3Digest;

/// Number of a component: its place among the sorted names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComponentId(pub(crate) u16);

impl ComponentId {
    /// The number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Why components cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// A name that breaks the rules.
    #[error(
        "`{name}` is no name of a component: 1 to 128 of `a-z0-9_.`, in front perhaps a plugin's name and `:`"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// Two components of one name.
    #[error("the component `{name}` is registered twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// One Rust type under two names.
    #[error("`{first}` and `{second}` are one Rust type")]
    OneType {
        /// One name.
        first: String,
        /// The other name.
        second: String,
    },
    /// The fields are no schema.
    #[error("the component `{name}` has no schema: {error}")]
    Schema {
        /// The name.
        name: String,
        /// What is wrong with the fields.
        error: SchemaError,
    },
    /// The Rust type has bytes that no field accounts for.
    #[error(
        "the component `{name}` has {type_size} bytes, its fields have {schema_size}: order the fields by size, largest first, or add a field that fills the gap"
    )]
    Padding {
        /// The name.
        name: String,
        /// Size of the Rust type in bytes.
        type_size: usize,
        /// Sum of the fields' sizes in bytes.
        schema_size: usize,
    },
    /// A hand-written implementation whose bytes do not read back.
    #[error("the component `{name}` does not write the bytes it was read from")]
    NotCanonical {
        /// The name.
        name: String,
    },
    /// More relations without Rust types than there are places for.
    #[error("there is no place for the relation `{name}`: a world has at most {count_max} without Rust types", count_max = NAMED_RELATIONS.len())]
    TooManyRelations {
        /// The name.
        name: String,
    },
    /// More components than ids.
    #[error("{count} components are more than {count_max}", count_max = Registry::COMPONENTS_MAX)]
    TooMany {
        /// How many there are.
        count: usize,
    },
}

/// What is known about a component.
#[derive(Clone)]
pub struct ComponentKind {
    name: Arc<str>,
    schema: Arc<Schema>,
    type_id: Option<TypeId>,
    make: Make,
    relation: Option<RelationHooks>,
}

#[derive(Clone, Copy)]
enum Make {
    Typed(fn(u32) -> Shared<dyn AnyColumn>),
    Record,
}

impl ComponentKind {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The fields.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Whether a script defined it, so that no Rust type stands behind it.
    #[must_use]
    pub const fn is_record(&self) -> bool {
        self.type_id.is_none()
    }

    /// What is to be done with the links, if it is a relation.
    pub(crate) const fn relation(&self) -> Option<RelationHooks> {
        self.relation
    }

    /// An empty column with blocks of `1 << shift` rows.
    pub(crate) fn column(&self, shift: u32) -> Shared<dyn AnyColumn> {
        match self.make {
            Make::Typed(make) => make(shift),
            Make::Record => erased(Column::<RecordRows>::new(Arc::clone(&self.schema), shift)),
        }
    }
}

/// The components of a world.
#[derive(Clone)]
pub struct Registry {
    kinds: Arc<[ComponentKind]>,
    types: Arc<[(TypeId, ComponentId)]>,
    digest: Blake3Digest,
}

impl Registry {
    /// Most components a world may have.
    pub const COMPONENTS_MAX: usize = 4096;

    /// A registry to be filled; the engine's own components are in it.
    ///
    /// ```
    /// use gatos_echo::{Registry, component};
    ///
    /// #[derive(Clone, Copy)]
    /// struct Health(u32);
    /// component!(Health = "health" { 0: u32 });
    ///
    /// let registry = Registry::builder().with::<Health>().build()?;
    /// assert_eq!(registry.id("health"), registry.id_of::<Health>());
    /// # Ok::<(), gatos_echo::RegistryError>(())
    /// ```
    #[must_use]
    pub fn builder() -> RegistryBuilder {
        let mut builder = RegistryBuilder {
            kinds: Vec::new(),
            named_count: 0,
            error: None,
        };
        builder.add::<Node>(true);
        builder
    }

    /// The id of the component with this name.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<ComponentId> {
        let index = self
            .kinds
            .binary_search_by(|kind| kind.name().cmp(name))
            .ok()?;
        Some(ComponentId(index as u16))
    }

    /// The id of a Rust type's component.
    #[must_use]
    pub fn id_of<T: Component>(&self) -> Option<ComponentId> {
        let wanted = TypeId::of::<T>();
        let index = self
            .types
            .binary_search_by(|(type_id, _)| type_id.cmp(&wanted))
            .ok()?;
        Some(self.types[index].1)
    }

    /// What is known about a component; ids come from this registry or one with the same digest.
    #[must_use]
    pub fn kind(&self, id: ComponentId) -> &ComponentKind {
        &self.kinds[id.index()]
    }

    /// Every component in the order of ids.
    pub fn kinds(&self) -> impl Iterator<Item = (ComponentId, &ComponentKind)> {
        (0..).map(ComponentId).zip(self.kinds.iter())
    }

    /// How many components there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether there are none; there are always the engine's own.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// The digest over names and schemas: equal exactly when ids and bytes mean the same.
    #[must_use]
    pub const fn digest(&self) -> Blake3Digest {
        self.digest
    }

    /// The canonical bytes: number of components, then for each size of name, name, schema.
    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        output.extend((self.kinds.len() as u32).to_le_bytes());
        for kind in &*self.kinds {
            output.push(kind.name.len() as u8);
            output.extend(kind.name.as_bytes());
            kind.schema.encode(output);
        }
    }
}

/// Collects components; the first mistake is told by [`RegistryBuilder::build`].
pub struct RegistryBuilder {
    kinds: Vec<ComponentKind>,
    /// How many relations have no Rust type of their own.
    named_count: usize,
    error: Option<RegistryError>,
}

impl RegistryBuilder {
    /// Longest name in bytes.
    pub const NAME_SIZE_MAX: usize = 128;

    /// Registers a Rust type.
    #[must_use]
    pub fn with<T: Component>(mut self) -> RegistryBuilder {
        self.add::<T>(false);
        self
    }

    /// Registers a relation.
    #[must_use]
    pub fn with_relation<R: Relation>(mut self) -> RegistryBuilder {
        self.add_relation::<R>();
        self
    }

    pub(crate) fn add_relation<R: Relation>(&mut self) {
        let count = self.kinds.len();
        self.add::<Edge<R>>(false);
        if let Some(kind) = self.kinds.get_mut(count) {
            kind.relation = Some(RelationHooks::of::<R>());
        }
    }

    /// Registers a relation that no Rust type stands for, as manifests define it; see [`Relation::GOES_WITH_TARGET`].
    #[must_use]
    pub fn with_named_relation(mut self, name: &str, goes_with_target: bool) -> RegistryBuilder {
        self.add_named_relation(name, goes_with_target);
        self
    }

    pub(crate) fn add_named_relation(&mut self, name: &str, goes_with_target: bool) {
        if !is_name(name, false) {
            let error = RegistryError::Name { name: name.into() };
            self.error.get_or_insert(error);
            return;
        }
        let Some(add) = NAMED_RELATIONS.get(self.named_count) else {
            let error = RegistryError::TooManyRelations { name: name.into() };
            self.error.get_or_insert(error);
            return;
        };
        self.named_count += 1;
        let count = self.kinds.len();
        add[usize::from(goes_with_target)](self);
        if let Some(kind) = self.kinds.get_mut(count) {
            kind.name = Arc::from(name);
        }
    }

    /// Registers a record: a component known by its fields alone, as scripts define it.
    #[must_use]
    pub fn with_record(mut self, name: &str, fields: &[Field]) -> RegistryBuilder {
        self.add_record(name, fields);
        self
    }

    pub(crate) fn add_record(&mut self, name: &str, fields: &[Field]) {
        let kind = checked_schema(name, fields, false).map(|schema| ComponentKind {
            name: Arc::from(name),
            schema,
            type_id: None,
            make: Make::Record,
            relation: None,
        });
        self.take(kind);
    }

    /// Registers a Rust type; the engine's own have names of their own.
    pub(crate) fn add<T: Component>(&mut self, is_own: bool) {
        let kind = checked_type::<T>(is_own).map(|schema| ComponentKind {
            name: Arc::from(T::NAME),
            schema,
            type_id: Some(TypeId::of::<T>()),
            make: Make::Typed(|shift| erased(Column::<Vec<T>>::new((), shift))),
            relation: None,
        });
        self.take(kind);
    }

    fn take(&mut self, kind: Result<ComponentKind, RegistryError>) {
        match kind {
            Ok(kind) => self.kinds.push(kind),
            Err(error) => {
                self.error.get_or_insert(error);
            }
        }
    }

    /// The registry: names sorted, ids given.
    ///
    /// # Errors
    /// [`RegistryError`], the first one that was met.
    pub fn build(mut self) -> Result<Registry, RegistryError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.kinds.len() > Registry::COMPONENTS_MAX {
            return Err(RegistryError::TooMany {
                count: self.kinds.len(),
            });
        }
        self.kinds.sort_by(|left, right| left.name.cmp(&right.name));
        for pair in self.kinds.windows(2) {
            if pair[0].name == pair[1].name {
                return Err(RegistryError::Twice {
                    name: pair[0].name.to_string(),
                });
            }
        }
        let types = types_of(&self.kinds)?;
        let mut registry = Registry {
            kinds: self.kinds.into(),
            types,
            digest: Blake3Digest::of(b""),
        };
        let mut bytes = hash::start(Tag::Registry);
        registry.encode(&mut bytes);
        registry.digest = Blake3Digest::of(&bytes);
        Ok(registry)
    }
}

/// Rust types with their ids, sorted by type. That order differs between builds; it is for looking up only.
fn types_of(kinds: &[ComponentKind]) -> Result<Arc<[(TypeId, ComponentId)]>, RegistryError> {
    let mut types: Vec<(TypeId, ComponentId)> = (0..)
        .map(ComponentId)
        .zip(kinds)
        .filter_map(|(id, kind)| kind.type_id.map(|type_id| (type_id, id)))
        .collect();
    types.sort();
    for pair in types.windows(2) {
        if pair[0].0 == pair[1].0 {
            return Err(RegistryError::OneType {
                first: kinds[pair[0].1.index()].name.to_string(),
                second: kinds[pair[1].1.index()].name.to_string(),
            });
        }
    }
    Ok(types.into())
}

fn checked_schema(
    name: &str,
    fields: &[Field],
    is_own: bool,
) -> Result<Arc<Schema>, RegistryError> {
    if !is_name(name, is_own) {
        return Err(RegistryError::Name { name: name.into() });
    }
    let schema = Schema::new(fields).map_err(|error| RegistryError::Schema {
        name: name.into(),
        error,
    })?;
    Ok(Arc::new(schema))
}

/// The rule of names; `echo.` is the engine's own.
fn is_name(name: &str, is_own: bool) -> bool {
    let (plugin, rest) = name
        .split_once(':')
        .map_or((None, name), |(plugin, rest)| (Some(plugin), rest));
    name.len() <= RegistryBuilder::NAME_SIZE_MAX
        && plugin.is_none_or(is_dotted)
        && is_dotted(rest)
        && name.starts_with("echo.") == is_own
}

/// Words of `a-z0-9_` that begin with a letter, joined by dots.
pub(crate) fn is_dotted(name: &str) -> bool {
    name.split('.').all(|word| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    })
}

fn checked_type<T: Component>(is_own: bool) -> Result<Arc<Schema>, RegistryError> {
    let schema = checked_schema(T::NAME, T::FIELDS, is_own)?;
    if size_of::<T>() != schema.size() || T::SIZE != schema.size() {
        return Err(RegistryError::Padding {
            name: T::NAME.into(),
            type_size: size_of::<T>(),
            schema_size: schema.size(),
        });
    }
    if PROBES.iter().all(|seed| is_honest::<T>(*seed, &schema)) {
        Ok(schema)
    } else {
        Err(RegistryError::NotCanonical {
            name: T::NAME.into(),
        })
    }
}

/// First bytes of rows that every implementation is tried with.
const PROBES: &[u8] = &[0, 1, 2, 64, 127, 128, 255];

/// Whether the type accepts what its schema accepts, and writes the same bytes again.
fn is_honest<T: Component>(seed: u8, schema: &Schema) -> bool {
    let mut bytes: Vec<u8> = Vec::with_capacity(schema.size());
    let mut next = seed;
    for field in schema.fields() {
        for _ in 0..field.size() {
            // Bytes of bools are 0 or 1; everything else takes any byte but a NaN, which the loop may hit and skip.
            bytes.push(if field.kind == crate::FieldKind::Bool {
                next & 1
            } else {
                next
            });
            next = next.wrapping_mul(31).wrapping_add(7);
        }
    }
    let expected = schema.accepts(&bytes);
    let Some(value) = T::read(&bytes) else {
        return !expected;
    };
    let mut written = alloc::vec![0; schema.size()];
    value.write(&mut written);
    expected && written == bytes && value.is_settled()
}

fn erased<S: Rows>(column: Column<S>) -> Shared<dyn AnyColumn> {
    Shared::<dyn AnyColumn>::erased(Shared::new(column))
}
