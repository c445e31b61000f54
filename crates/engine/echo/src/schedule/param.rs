//! What a system may ask for, by the types of its parameters.
//!
//! [`Query`], [`Res`], [`ResMut`], [`Commands`], [`Post`], [`Tick`] and [`Rng`]. A parameter is taken out of the world before the
//! system runs, belongs to the job while it runs, and is given back afterwards; so a system can run on any thread.
//!
//! INVARIANT: what a parameter can reach is what it declares in `resolve`.
//! Tests: `tests/it/schedule.rs`.

use crate::access::{Access, Target};
use crate::bundle::id_of;
use crate::bus::Post;
use crate::column::{AnyColumn, Column};
use crate::commands::Commands;
use crate::component::Component;
use crate::entity::Entity;
use crate::error::WorldError;
use crate::memory::new_local;
use crate::query::{Fetch, Plan, QueryData, QueryFilter};
use crate::registry::{ComponentId, Registry};
use crate::shared::Shared;
use crate::stamp::Stamp;
use crate::state::State;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};
use gatos_numbers::Pcg32;
use gatos_values::{Blake3Digest, seed};

/// When and as who a system runs.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub(crate) tick: u64,
    /// The stamp of what the system writes.
    pub(crate) stamp: Stamp,
    /// The stamp of its last run.
    pub(crate) since: Stamp,
    /// Where its random numbers come from.
    pub(crate) seed: Blake3Digest,
    pub(crate) name: &'a Arc<str>,
}

/// What a system leaves behind.
#[doc(hidden)]
#[derive(Default)]
pub struct Output {
    pub(crate) commands: Vec<Commands>,
    pub(crate) draws: u64,
    pub(crate) posts: Vec<Post>,
}

impl Output {
    /// Whether nothing was left behind.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.commands.is_empty() && self.posts.is_empty() && self.draws == 0
    }
}

/// A world that is looked at.
#[doc(hidden)]
pub struct Look<'a>(pub(crate) &'a State);

/// A world that parameters are taken out of.
#[doc(hidden)]
pub struct Parts<'a>(pub(crate) &'a mut State);

/// A type that a parameter of a system may have. The methods are the engine's own.
pub trait SystemParam {
    #[doc(hidden)]
    type Plan: Send + Sync + 'static;
    #[doc(hidden)]
    type Taken: Send + 'static;
    /// The parameter as the system gets it.
    type Item<'w>;
    /// Whether stamps of the last run matter to it.
    #[doc(hidden)]
    const LOOKS_BACK: bool = false;
    /// Whether it emits envelopes, which the bus may refuse.
    #[doc(hidden)]
    const EMITS: bool = false;
    /// Whether something must be there before a tick begins.
    #[doc(hidden)]
    const NEEDS: bool = false;

    #[doc(hidden)]
    fn resolve(registry: &Registry, access: &mut Access) -> Result<Self::Plan, WorldError>;
    /// What must be there before a tick begins.
    #[doc(hidden)]
    fn check(_plan: &Self::Plan, _world: &Look<'_>) -> Result<(), WorldError> {
        Ok(())
    }
    #[doc(hidden)]
    fn take(plan: &mut Self::Plan, parts: &mut Parts<'_>, context: &Context<'_>) -> Self::Taken;
    #[doc(hidden)]
    fn item(taken: &mut Self::Taken) -> Self::Item<'_>;
    #[doc(hidden)]
    fn give(taken: Self::Taken, parts: &mut Parts<'_>, output: &mut Output);
}

/// Rows of entities. See [`query`](crate::query) for what `D` and `F` may be.
pub struct Query<'w, D: QueryData, F: QueryFilter = ()> {
    taken: &'w mut TakenQuery<D, F>,
}

/// A query on its way.
#[doc(hidden)]
pub struct TakenQuery<D: QueryData, F: QueryFilter> {
    fetch: Fetch<D>,
    stamp: Stamp,
    filter: core::marker::PhantomData<fn() -> F>,
}

impl<D: QueryData, F: QueryFilter> Query<'_, D, F> {
    /// Calls `visit` for every row, in canonical order.
    #[inline]
    pub fn for_each(&mut self, visit: impl FnMut(D::Item<'_>)) {
        self.taken.fetch.for_each(self.taken.stamp, visit);
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.taken.fetch.count()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<D: QueryData + 'static, F: QueryFilter> SystemParam for Query<'_, D, F> {
    type Plan = Plan<D, F>;
    type Taken = TakenQuery<D, F>;
    type Item<'w> = Query<'w, D, F>;
    const LOOKS_BACK: bool = F::BY_ROW;

    fn resolve(registry: &Registry, access: &mut Access) -> Result<Plan<D, F>, WorldError> {
        let plan = Plan::new(registry)?;
        access.join(registry, plan.access())?;
        Ok(plan)
    }

    fn take(plan: &mut Plan<D, F>, parts: &mut Parts<'_>, context: &Context<'_>) -> Self::Taken {
        TakenQuery {
            fetch: Fetch::take(plan, parts.0, context.since),
            stamp: context.stamp,
            filter: core::marker::PhantomData,
        }
    }

    fn item(taken: &mut Self::Taken) -> Query<'_, D, F> {
        Query { taken }
    }

    fn give(taken: Self::Taken, parts: &mut Parts<'_>, _: &mut Output) {
        taken.fetch.give(parts.0);
    }
}

/// Why a resource is there.
const CHECKED: &str = "resources were looked for when the tick began";

/// A resource, for reading. It must be there when the tick begins.
pub struct Res<'w, T: Component>(&'w T);

impl<T: Component> Deref for Res<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0
    }
}

fn check_resource<T: Component>(id: ComponentId, parts: &Look<'_>) -> Result<(), WorldError> {
    match parts.0.resources.get(id) {
        Some(_) => Ok(()),
        None => Err(crate::world::no_resource::<T>()),
    }
}

impl<T: Component> SystemParam for Res<'_, T> {
    type Plan = ComponentId;
    #[doc(hidden)]
    type Taken = Shared<Column<Vec<T>>>;
    type Item<'w> = Res<'w, T>;
    const NEEDS: bool = true;

    fn resolve(registry: &Registry, access: &mut Access) -> Result<ComponentId, WorldError> {
        let id = id_of::<T>(registry)?;
        access.read(registry, Target::Resource(id))?;
        Ok(id)
    }

    fn check(id: &ComponentId, world: &Look<'_>) -> Result<(), WorldError> {
        check_resource::<T>(*id, world)
    }

    fn take(id: &mut ComponentId, parts: &mut Parts<'_>, _: &Context<'_>) -> Self::Taken {
        parts.0.resources.lend(*id).expect(CHECKED)
    }

    fn item(taken: &mut Self::Taken) -> Res<'_, T> {
        Res(&taken.block(0).rows[0])
    }

    fn give(_: Self::Taken, _: &mut Parts<'_>, _: &mut Output) {}
}

/// A resource, for writing. It must be there when the tick begins, and counts as changed.
pub struct ResMut<'w, T: Component>(&'w mut T);

impl<T: Component> Deref for ResMut<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0
    }
}

impl<T: Component> DerefMut for ResMut<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0
    }
}

/// A resource on its way.
#[doc(hidden)]
pub struct TakenResource<T: Component> {
    id: ComponentId,
    column: Shared<Column<Vec<T>>>,
    stamp: Stamp,
}

impl<T: Component> SystemParam for ResMut<'_, T> {
    type Plan = ComponentId;
    type Taken = TakenResource<T>;
    type Item<'w> = ResMut<'w, T>;
    const NEEDS: bool = true;

    fn resolve(registry: &Registry, access: &mut Access) -> Result<ComponentId, WorldError> {
        let id = id_of::<T>(registry)?;
        access.write(registry, Target::Resource(id))?;
        Ok(id)
    }

    fn check(id: &ComponentId, world: &Look<'_>) -> Result<(), WorldError> {
        check_resource::<T>(*id, world)
    }

    fn take(
        id: &mut ComponentId,
        parts: &mut Parts<'_>,
        context: &Context<'_>,
    ) -> TakenResource<T> {
        TakenResource {
            id: *id,
            column: parts.0.resources.take(*id).expect(CHECKED),
            stamp: context.stamp,
        }
    }

    fn item(taken: &mut TakenResource<T>) -> ResMut<'_, T> {
        let block = Shared::make_mut(&mut taken.column).block_mut(0);
        block.changed.set_all(taken.stamp);
        ResMut(&mut block.rows[0])
    }

    fn give(taken: TakenResource<T>, parts: &mut Parts<'_>, _: &mut Output) {
        parts.0.resources.give(taken.id, taken.column);
    }
}

impl SystemParam for &mut Commands {
    type Plan = ();
    type Taken = Commands;
    type Item<'w> = &'w mut Commands;

    fn resolve(_: &Registry, _: &mut Access) -> Result<(), WorldError> {
        Ok(())
    }

    fn take((): &mut (), _: &mut Parts<'_>, _: &Context<'_>) -> Commands {
        Commands::default()
    }

    fn item(taken: &mut Commands) -> &mut Commands {
        taken
    }

    fn give(taken: Commands, _: &mut Parts<'_>, output: &mut Output) {
        if !taken.is_empty() {
            output.commands.push(taken);
        }
    }
}

impl SystemParam for &mut Post {
    type Plan = ();
    type Taken = Post;
    type Item<'w> = &'w mut Post;
    const EMITS: bool = true;

    fn resolve(_: &Registry, _: &mut Access) -> Result<(), WorldError> {
        Ok(())
    }

    fn take((): &mut (), _: &mut Parts<'_>, _: &Context<'_>) -> Post {
        Post::default()
    }

    fn item(taken: &mut Post) -> &mut Post {
        taken
    }

    fn give(taken: Post, _: &mut Parts<'_>, output: &mut Output) {
        if !taken.is_empty() {
            output.posts.push(taken);
        }
    }
}

/// How many ticks were completed before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick(pub u64);

impl SystemParam for Tick {
    type Plan = ();
    type Taken = Tick;
    type Item<'w> = Tick;

    fn resolve(_: &Registry, _: &mut Access) -> Result<(), WorldError> {
        Ok(())
    }

    fn take((): &mut (), _: &mut Parts<'_>, context: &Context<'_>) -> Tick {
        Tick(context.tick)
    }

    fn item(taken: &mut Tick) -> Tick {
        *taken
    }

    fn give(_: Tick, _: &mut Parts<'_>, _: &mut Output) {}
}

/// The random numbers of one system in one tick: derived from the world's seed, the system's name and the tick, so that
/// nobody else's draws disturb them. Draws are counted.
pub struct Rng<'w>(&'w mut Pcg32);

impl Deref for Rng<'_> {
    type Target = Pcg32;

    fn deref(&self) -> &Pcg32 {
        self.0
    }
}

impl DerefMut for Rng<'_> {
    fn deref_mut(&mut self) -> &mut Pcg32 {
        self.0
    }
}

impl SystemParam for Rng<'_> {
    type Plan = ();
    type Taken = Pcg32;
    type Item<'w> = Rng<'w>;

    fn resolve(_: &Registry, _: &mut Access) -> Result<(), WorldError> {
        Ok(())
    }

    fn take((): &mut (), _: &mut Parts<'_>, context: &Context<'_>) -> Pcg32 {
        let name = Blake3Digest::of(context.name.as_bytes());
        let seed = seed::branch_seed(context.seed.as_bytes(), name.as_bytes(), context.tick);
        seed::branch_generator(&seed)
    }

    fn item(taken: &mut Pcg32) -> Rng<'_> {
        Rng(taken)
    }

    fn give(taken: Pcg32, _: &mut Parts<'_>, output: &mut Output) {
        output.draws = output.draws.wrapping_add(taken.draws());
    }
}

/// A value of the system's own: one for each system and type, kept in the world from tick to tick, so it is forked, hashed
/// and saved like everything else. It begins as the default value.
pub struct Local<'w, T: Component + Default>(&'w mut T);

impl<T: Component + Default> Deref for Local<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0
    }
}

impl<T: Component + Default> DerefMut for Local<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0
    }
}

/// A system's value on its way.
#[doc(hidden)]
pub struct TakenLocal<T: Component> {
    system: Arc<str>,
    id: ComponentId,
    column: Shared<Column<Vec<T>>>,
    stamp: Stamp,
}

impl<T: Component + Default> SystemParam for Local<'_, T> {
    type Plan = ComponentId;
    type Taken = TakenLocal<T>;
    type Item<'w> = Local<'w, T>;

    fn resolve(registry: &Registry, _: &mut Access) -> Result<ComponentId, WorldError> {
        id_of::<T>(registry)
    }

    fn take(id: &mut ComponentId, parts: &mut Parts<'_>, context: &Context<'_>) -> TakenLocal<T> {
        let memory = Arc::make_mut(&mut parts.0.memory);
        let value = memory.take_local(context.name, *id);
        let known = value.and_then(|value| value.typed());
        TakenLocal {
            system: Arc::clone(context.name),
            id: *id,
            column: known.unwrap_or_else(|| new_local::<T>(context.stamp)),
            stamp: context.stamp,
        }
    }

    fn item(taken: &mut TakenLocal<T>) -> Local<'_, T> {
        let block = Shared::make_mut(&mut taken.column).block_mut(0);
        block.changed.set_all(taken.stamp);
        Local(&mut block.rows[0])
    }

    fn give(taken: TakenLocal<T>, parts: &mut Parts<'_>, _: &mut Output) {
        let memory = Arc::make_mut(&mut parts.0.memory);
        let value = Shared::<dyn AnyColumn>::erased(taken.column);
        memory.give_local(taken.system, taken.id, value);
    }
}

/// The entities that lost a component since the system ran last, in the order they did; they may not live any more. What
/// happened is remembered from the first run on and until the end of the next tick.
pub struct Removed<'w, T: Component> {
    entities: &'w [Entity],
    component: core::marker::PhantomData<fn() -> T>,
}

impl<T: Component> Removed<'_, T> {
    /// The entities.
    pub fn iter(&self) -> impl Iterator<Item = Entity> {
        self.entities.iter().copied()
    }
}

impl<T: Component> SystemParam for Removed<'_, T> {
    type Plan = ComponentId;
    type Taken = Vec<Entity>;
    type Item<'w> = Removed<'w, T>;
    const LOOKS_BACK: bool = true;

    fn resolve(registry: &Registry, _: &mut Access) -> Result<ComponentId, WorldError> {
        id_of::<T>(registry)
    }

    fn take(id: &mut ComponentId, parts: &mut Parts<'_>, context: &Context<'_>) -> Vec<Entity> {
        if !parts.0.memory.is_watched(*id) {
            Arc::make_mut(&mut parts.0.memory).watch(*id);
        }
        parts.0.memory.removed_since(*id, context.since)
    }

    fn item(taken: &mut Vec<Entity>) -> Removed<'_, T> {
        Removed {
            entities: taken,
            component: core::marker::PhantomData,
        }
    }

    fn give(_: Vec<Entity>, _: &mut Parts<'_>, _: &mut Output) {}
}

macro_rules! tuple_param {
    ($($name:ident $index:tt),*) => {
        impl<$($name: SystemParam),*> SystemParam for ($($name,)*) {
            type Plan = ($($name::Plan,)*);
            type Taken = ($($name::Taken,)*);
            type Item<'w> = ($($name::Item<'w>,)*);
            const LOOKS_BACK: bool = false $(|| $name::LOOKS_BACK)*;
            const EMITS: bool = false $(|| $name::EMITS)*;
            const NEEDS: bool = false $(|| $name::NEEDS)*;

            #[allow(unused_variables, reason = "no parameters need nothing")]
            fn resolve(registry: &Registry, access: &mut Access) -> Result<Self::Plan, WorldError> {
                Ok(($($name::resolve(registry, access)?,)*))
            }

            #[allow(unused_variables, reason = "no parameters need nothing")]
            fn check(plan: &Self::Plan, world: &Look<'_>) -> Result<(), WorldError> {
                $($name::check(&plan.$index, world)?;)*
                Ok(())
            }

            #[allow(unused_variables, clippy::unused_unit, reason = "no parameters need nothing")]
            #[inline]
            fn take(
                plan: &mut Self::Plan,
                parts: &mut Parts<'_>,
                context: &Context<'_>,
            ) -> Self::Taken {
                ($($name::take(&mut plan.$index, parts, context),)*)
            }

            #[allow(unused_variables, clippy::unused_unit, reason = "no parameters need nothing")]
            #[inline]
            fn item(taken: &mut Self::Taken) -> Self::Item<'_> {
                ($($name::item(&mut taken.$index),)*)
            }

            #[allow(unused_variables, reason = "no parameters need nothing")]
            #[inline]
            fn give(taken: Self::Taken, parts: &mut Parts<'_>, output: &mut Output) {
                $($name::give(taken.$index, parts, output);)*
            }
        }
    };
}

tuple_param!();
tuple_param!(A 0);
tuple_param!(A 0, B 1);
tuple_param!(A 0, B 1, C 2);
tuple_param!(A 0, B 1, C 2, D 3);
tuple_param!(A 0, B 1, C 2, D 3, E 4);
tuple_param!(A 0, B 1, C 2, D 3, E 4, F 5);
