//! Systems that add rows up: parallel iteration whose result does not depend on how it was cut.
//!
//! Each block of rows has a sum of its own, and the sums are put together in the order of the blocks, whether the blocks ran
//! side by side or not. So sums of floats, which depend on the order of adding, are always the same.
//!
//! INVARIANT: what is put together, and in which order, is a function of the world.
//! Tests: `tests/it/order.rs`.

use super::build::SystemConfig;
use super::param::{Context, Output};
use super::system::{Body, Facts, Fault, Job, Runner, System, Unresolved, own};
use crate::access::{Access, Target};
use crate::bundle::id_of;
use crate::component::Component;
use crate::error::WorldError;
use crate::query::{BlockPart, Fetch, Plan, QueryData, QueryFilter};
use crate::registry::{ComponentId, Registry};
use crate::stamp::Stamp;
use crate::state::State;
use crate::world::no_resource;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::marker::PhantomData;

/// A system that calls `visit` for every row with a sum, `R::default()` for each block, and then `merge` with the resource `R`
/// and the sum of each block, in order. The resource must be there when the tick begins.
///
/// ```
/// use gatos_echo::schedule::{Schedule, Workers, each_into};
/// use gatos_echo::{Registry, World, component};
///
/// #[derive(Clone, Copy)]
/// struct Mass(f64);
/// component!(Mass = "mass" { 0: f64 });
/// #[derive(Clone, Copy, Default)]
/// struct Total(f64);
/// component!(Total = "total" { 0: f64 });
///
/// let registry = Registry::builder().with::<Mass>().with::<Total>().build()?;
/// let mut schedule = Schedule::builder(&registry)
///     .add(each_into::<&Mass, (), Total>(
///         "weigh",
///         |mass, sum| sum.0 += mass.0,
///         |total, sum| total.0 += sum.0,
///     ))
///     .build()?;
/// let mut world = World::new(&registry);
/// world.set_resource(Total::default())?;
/// world.spawn_batch((0..10_000).map(|index| Mass(f64::from(index) * 0.1)))?;
/// schedule.tick(&mut world, &Workers::new(4))?;
/// assert!((world.resource::<Total>()?.0 - 4_999_500.0).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn each_into<D, F, R>(
    name: &str,
    visit: impl Fn(D::Item<'_>, &mut R) + Send + Sync + 'static,
    merge: impl Fn(&mut R, R) + Send + Sync + 'static,
) -> SystemConfig
where
    D: QueryData + 'static,
    F: QueryFilter,
    R: Component + Default,
{
    let body = SumBody::<D, F, R, _, _> {
        visit,
        merge,
        rows: PhantomData,
        sum: PhantomData,
    };
    SystemConfig::new(name, Body(Box::new(body)))
}

struct SumBody<D, F, R, V, M> {
    visit: V,
    merge: M,
    rows: PhantomData<fn() -> (D, F)>,
    sum: PhantomData<fn() -> R>,
}

struct SumSystem<D: QueryData, F: QueryFilter, R, V, M> {
    visit: Arc<V>,
    merge: M,
    plan: Plan<D, F>,
    resource: ComponentId,
    /// What the jobs were cut out of, until they come back, and the stamp of what is written.
    fetch: Option<(Fetch<D>, Stamp)>,
    sum: PhantomData<fn() -> R>,
}

struct SumJob<D: QueryData, R, V> {
    visit: Arc<V>,
    part: BlockPart<D>,
    stamp: Stamp,
    sum: R,
}

impl<D, F, R, V, M> Unresolved for SumBody<D, F, R, V, M>
where
    D: QueryData + 'static,
    F: QueryFilter,
    R: Component + Default,
    V: Fn(D::Item<'_>, &mut R) + Send + Sync + 'static,
    M: Fn(&mut R, R) + Send + Sync + 'static,
{
    fn resolve(
        self: Box<Self>,
        registry: &Registry,
        access: &mut Access,
    ) -> Result<Runner, WorldError> {
        let plan = Plan::<D, F>::new(registry)?;
        access.join(registry, plan.access())?;
        let resource = id_of::<R>(registry)?;
        access.write(registry, Target::Resource(resource))?;
        Ok(Runner::Typed(Box::new(SumSystem {
            visit: Arc::new(self.visit),
            merge: self.merge,
            plan,
            resource,
            fetch: None,
            sum: PhantomData,
        })))
    }
}

/// Jobs that run here and go back in any case, if one panics too.
struct Inline<'a, S: System> {
    system: &'a mut S,
    state: &'a mut State,
    jobs: Vec<Box<dyn Job>>,
    output: &'a mut Output,
}

impl<S: System> Drop for Inline<'_, S> {
    fn drop(&mut self) {
        let jobs = core::mem::take(&mut self.jobs);
        // A sum gives up in no way of its own.
        let _ = self.system.join(self.state, jobs, self.output);
    }
}

impl<D, F, R, V, M> System for SumSystem<D, F, R, V, M>
where
    D: QueryData + 'static,
    F: QueryFilter,
    R: Component + Default,
    V: Fn(D::Item<'_>, &mut R) + Send + Sync + 'static,
    M: Fn(&mut R, R) + Send + Sync + 'static,
{
    fn facts(&self) -> Facts {
        Facts {
            can_fail: false,
            looks_back: F::BY_ROW,
            needs_check: true,
        }
    }

    fn check(&self, state: &State) -> Result<(), WorldError> {
        match state.resources.get(self.resource) {
            Some(_) => Ok(()),
            None => Err(no_resource::<R>()),
        }
    }

    fn run(
        &mut self,
        state: &mut State,
        context: &Context<'_>,
        output: &mut Output,
    ) -> Result<(), Fault> {
        let mut jobs = Vec::new();
        self.split(state, context, &mut jobs);
        let mut inline = Inline {
            system: self,
            state,
            jobs,
            output,
        };
        inline.jobs.iter_mut().for_each(|job| job.run());
        Ok(())
    }

    fn split(&mut self, state: &mut State, context: &Context<'_>, jobs: &mut Vec<Box<dyn Job>>) {
        let mut fetch = Fetch::take(&mut self.plan, state, context.since);
        for part in fetch.split() {
            jobs.push(Box::new(SumJob {
                visit: Arc::clone(&self.visit),
                part,
                stamp: context.stamp,
                sum: R::default(),
            }));
        }
        self.fetch = Some((fetch, context.stamp));
    }

    fn join(
        &mut self,
        state: &mut State,
        jobs: Vec<Box<dyn Job>>,
        _: &mut Output,
    ) -> Result<(), Fault> {
        let Some((mut fetch, stamp)) = self.fetch.take() else {
            return Ok(());
        };
        let (mut parts, mut sums) = (Vec::new(), Vec::new());
        for job in jobs {
            let job = own::<SumJob<D, R, V>>(job);
            parts.push(job.part);
            sums.push(job.sum);
        }
        fetch.join(parts);
        fetch.give(state);
        if let Some(total) = state.resources.typed_mut::<R>(self.resource) {
            let block = total.block_mut(0);
            block.changed.set_all(stamp);
            for sum in sums {
                (self.merge)(&mut block.rows[0], sum);
            }
        }
        Ok(())
    }
}

impl<D, R, V> Job for SumJob<D, R, V>
where
    D: QueryData + 'static,
    R: Component + Default,
    V: Fn(D::Item<'_>, &mut R) + Send + Sync + 'static,
{
    fn run(&mut self) {
        let (visit, sum) = (&self.visit, &mut self.sum);
        self.part.for_each(self.stamp, |item| visit(item, sum));
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
