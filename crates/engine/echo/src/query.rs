//! Queries: which rows, what of them, in the one order.
//!
//! A query names what it reads and writes (`&T`, `&mut T`, `Option<…>`, [`Entity`], tuples) and which rows it wants
//! ([`With`], [`Without`], [`Changed`], [`Added`], [`AnyOf`], tuples). It visits archetypes by id, in each the blocks as they came
//! to be, in each block the rows by place. While it runs it owns the columns it writes, so two queries can run side by
//! side without ever sharing a row.
//!
//! INVARIANT 1: the order of rows is a function of the operations on the world and of nothing else.
//! INVARIANT 2: a row is marked as changed exactly when the query gave it out for writing.
//! Guide: `docs/guide/echo.md`. Tests: `tests/it/query.rs`, with a map of entities as slow twin.

mod data;
mod fetch;
mod filter;

pub use data::{QueryData, ReadData};

pub(crate) use data::{Lent, Matched, Source};
pub use filter::{Added, AnyOf, Changed, QueryFilter, With, Without};

pub(crate) use fetch::{BlockPart, Fetch, visit_all};

use crate::access::Access;
use crate::archetype::Archetype;
use crate::entity::Entity;
use crate::error::WorldError;
use crate::registry::{ComponentId, Registry};
use crate::stamp::Stamp;
use crate::state::State;
use crate::world::World;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A query made ready for a world: ids resolved, archetypes found. It follows the world as archetypes are added, and can
/// be used on forks and other worlds with the same registry.
pub struct Plan<D: QueryData, F: QueryFilter = ()> {
    data: D::Ids,
    filter: F::Ids,
    access: Access,
    /// The sets that `matched` was made from; archetypes are never removed, so the same map means the same archetypes.
    known: Option<Arc<BTreeMap<Arc<[ComponentId]>, u32>>>,
    /// Archetypes by id, with the places of the columns.
    matched: Vec<(u32, D::Places)>,
}

impl<D: QueryData, F: QueryFilter> Plan<D, F> {
    /// Resolves names to ids.
    ///
    /// # Errors
    /// [`WorldError::Unregistered`], or [`WorldError::Twice`] where the query would have a component twice, one of them
    /// for writing.
    pub fn new(registry: &Registry) -> Result<Plan<D, F>, WorldError> {
        let mut access = Access::default();
        let data = D::resolve(registry, &mut access)?;
        let filter = F::resolve(registry, &mut access)?;
        Ok(Plan {
            data,
            filter,
            access,
            known: None,
            matched: Vec::new(),
        })
    }

    /// What the query reads and writes.
    #[must_use]
    pub const fn access(&self) -> &Access {
        &self.access
    }

    /// Looks for archetypes that have what the query wants, where there are new ones.
    #[inline]
    fn update(&mut self, state: &State) {
        let is_known = self
            .known
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, &state.by_set));
        if !is_known {
            self.look(state);
        }
    }

    #[cold]
    fn look(&mut self, state: &State) {
        let archetypes = (0..).zip(&state.archetypes);
        self.matched = archetypes
            .filter(|(_, slot)| self.matches(&slot.archetype))
            .map(|(index, slot)| (index, D::places(&self.data, &Matched(&slot.archetype))))
            .collect();
        self.known = Some(Arc::clone(&state.by_set));
    }

    fn matches(&self, archetype: &Archetype) -> bool {
        let archetype = Matched(archetype);
        D::matches(&self.data, &archetype) && F::matches(&self.filter, &archetype)
    }
}

/// Queries on a world from outside of systems.
impl World {
    /// Calls `visit` for every row that has what the query wants, in canonical order.
    ///
    /// ```
    /// use gatos_echo::{Registry, World, component};
    ///
    /// #[derive(Clone, Copy)]
    /// struct Position(f64);
    /// component!(Position = "position" { 0: f64 });
    /// #[derive(Clone, Copy)]
    /// struct Velocity(f64);
    /// component!(Velocity = "velocity" { 0: f64 });
    ///
    /// let registry = Registry::builder().with::<Position>().with::<Velocity>().build()?;
    /// let mut world = World::new(&registry);
    /// let ball = world.spawn((Position(0.0), Velocity(1.5)))?;
    /// world.for_each::<(&mut Position, &Velocity)>(|(position, velocity)| {
    ///     position.0 += velocity.0;
    /// })?;
    /// assert_eq!(world.get::<Position>(ball)?.0, 1.5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn for_each<D: QueryData>(
        &mut self,
        visit: impl FnMut(D::Item<'_>),
    ) -> Result<(), WorldError> {
        let mut plan = Plan::<D>::new(self.registry())?;
        self.for_each_of(&mut plan, Stamp::default(), visit);
        Ok(())
    }

    /// Calls `visit` for every row of a plan, in canonical order. [`Changed`] and [`Added`] look at what came after
    /// `since`, a stamp that [`World::mark`] gave.
    ///
    /// If `visit` panics, the world has what was written up to then.
    pub fn for_each_of<D: QueryData, F: QueryFilter>(
        &mut self,
        plan: &mut Plan<D, F>,
        since: Stamp,
        visit: impl FnMut(D::Item<'_>),
    ) {
        let state = self.state_mut();
        let stamp = state.stamp;
        visit_all(plan, state, since, stamp, visit);
    }

    /// As [`World::for_each_of`], for queries that only read.
    pub fn read_each_of<D: ReadData, F: QueryFilter>(
        &self,
        plan: &mut Plan<D, F>,
        since: Stamp,
        visit: impl FnMut(D::Item<'_>),
    ) {
        Fetch::lend(plan, self.state(), since).for_each(Stamp::default(), visit);
    }

    /// The handles of all entities that have what the query wants, in canonical order.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn find<F: QueryFilter>(&self) -> Result<Vec<Entity>, WorldError> {
        let mut plan = Plan::<Entity, F>::new(self.registry())?;
        let mut found = Vec::new();
        let mut fetch = Fetch::lend(&mut plan, self.state(), Stamp::default());
        fetch.for_each(Stamp::default(), |entity| found.push(entity));
        Ok(found)
    }
}
