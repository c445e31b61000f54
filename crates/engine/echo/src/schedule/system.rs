//! Systems: plain functions of parameters, and functions of one row that are cut into jobs by themselves.
//!
//! [`system`] takes a function whose parameters say what it uses; it is one job. [`each`] takes a function of one row; it
//! is one job or one for each block, as there is work, and nobody can tell which.
//!
//! INVARIANT: a system leaves the same behind whether it ran inline, as a job, or cut into blocks.
//! Tests: `tests/it/schedule.rs`.

use super::build::SystemConfig;
use super::param::{Context, Look, Output, Parts, SystemParam};
use super::runtime::SignedSystem;
use crate::access::Access;
use crate::commands::Commands;
use crate::error::WorldError;
use crate::query::{BlockPart, Fetch, Plan, QueryData, QueryFilter, visit_all};
use crate::registry::Registry;
use crate::stamp::Stamp;
use crate::state::State;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::marker::PhantomData;

/// What a system gave up with, in its own words.
pub(crate) type Fault = String;

/// Work that owns all it needs, for any thread.
pub(crate) trait Job: Any + Send {
    fn run(&mut self);
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

/// A system that is ready for a world.
pub(crate) enum Runner {
    /// What it uses is known by types.
    Typed(Box<dyn System>),
    /// What it uses is known by a signature.
    Signed(Box<SignedSystem>),
}

/// What does not change about a system.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts {
    /// Whether it can stop a tick.
    pub can_fail: bool,
    /// Whether stamps of its last run matter to it.
    pub looks_back: bool,
    /// Whether something must be there before a tick begins.
    pub needs_check: bool,
}

impl Runner {
    pub(crate) fn facts(&self) -> Facts {
        match self {
            Runner::Typed(system) => system.facts(),
            Runner::Signed(_) => SignedSystem::FACTS,
        }
    }

    /// What must be there before a tick begins.
    pub(crate) fn check(&self, state: &State) -> Result<(), WorldError> {
        match self {
            Runner::Typed(system) => system.check(state),
            Runner::Signed(_) => Ok(()),
        }
    }
}

/// A system whose access is known by types.
pub(crate) trait System: Send + Sync {
    fn facts(&self) -> Facts;
    /// What must be there before a tick begins.
    fn check(&self, state: &State) -> Result<(), WorldError>;
    /// Runs at once.
    fn run(
        &mut self,
        state: &mut State,
        context: &Context<'_>,
        output: &mut Output,
    ) -> Result<(), Fault>;
    /// Takes what it needs and makes jobs of it.
    fn split(&mut self, state: &mut State, context: &Context<'_>, jobs: &mut Vec<Box<dyn Job>>);
    /// Gives back what its jobs had; they come in the order they were made.
    fn join(
        &mut self,
        state: &mut State,
        jobs: Vec<Box<dyn Job>>,
        output: &mut Output,
    ) -> Result<(), Fault>;
}

/// A system whose names are not resolved yet.
#[doc(hidden)]
pub struct Body(pub(crate) Box<dyn Unresolved>);

pub(crate) trait Unresolved {
    fn resolve(
        self: Box<Self>,
        registry: &Registry,
        access: &mut Access,
    ) -> Result<Runner, WorldError>;
}

impl Body {
    pub(crate) fn resolve(
        self,
        registry: &Registry,
        access: &mut Access,
    ) -> Result<Runner, WorldError> {
        self.0.resolve(registry, access)
    }
}

/// What a system may return: nothing, or a result whose error stops the tick.
pub trait SystemOutput: Send + 'static {
    #[doc(hidden)]
    const CAN_FAIL: bool;
    #[doc(hidden)]
    fn into_result(self) -> Result<(), String>;
}

impl SystemOutput for () {
    const CAN_FAIL: bool = false;

    #[inline]
    fn into_result(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: ToString + Send + 'static> SystemOutput for Result<(), E> {
    const CAN_FAIL: bool = true;

    fn into_result(self) -> Result<(), String> {
        self.map_err(|error| error.to_string())
    }
}

/// A function that can be a system; `M` tells its parameters apart.
pub trait IntoSystem<M> {
    #[doc(hidden)]
    fn into_body(self) -> Body;
}

/// A system that is one function of parameters.
///
/// A result that is an error stops the tick; the world is then as before the tick.
pub fn system<M>(name: &str, function: impl IntoSystem<M>) -> SystemConfig {
    SystemConfig::new(name, function.into_body())
}

/// A function with its parameters and output.
struct FunctionBody<F, P, R> {
    function: F,
    signature: PhantomData<fn() -> (P, R)>,
}

struct FunctionSystem<F, P: SystemParam, R> {
    function: Arc<F>,
    plan: P::Plan,
    output: PhantomData<fn() -> R>,
}

struct FunctionJob<F, P: SystemParam> {
    function: Arc<F>,
    taken: P::Taken,
    result: Result<(), Fault>,
}

/// Parameters that go back where they came from in any case, if the system panics too.
struct LentParams<'a, P: SystemParam> {
    parts: Parts<'a>,
    taken: Option<P::Taken>,
    output: &'a mut Output,
}

impl<P: SystemParam> Drop for LentParams<'_, P> {
    #[inline]
    fn drop(&mut self) {
        if let Some(taken) = self.taken.take() {
            P::give(taken, &mut self.parts, self.output);
        }
    }
}

/// Calls a function with parameters in a tuple.
trait Call<P: SystemParam, R>: Send + Sync + 'static {
    fn call(&self, item: P::Item<'_>) -> R;
}

impl<F, P, R> Unresolved for FunctionBody<F, P, R>
where
    F: Call<P, R>,
    P: SystemParam + 'static,
    R: SystemOutput,
{
    fn resolve(
        self: Box<Self>,
        registry: &Registry,
        access: &mut Access,
    ) -> Result<Runner, WorldError> {
        Ok(Runner::Typed(Box::new(FunctionSystem::<F, P, R> {
            function: Arc::new(self.function),
            plan: P::resolve(registry, access)?,
            output: PhantomData,
        })))
    }
}

impl<F, P, R> System for FunctionSystem<F, P, R>
where
    F: Call<P, R>,
    P: SystemParam + 'static,
    R: SystemOutput,
{
    fn facts(&self) -> Facts {
        Facts {
            can_fail: R::CAN_FAIL || P::EMITS,
            looks_back: P::LOOKS_BACK,
            needs_check: P::NEEDS,
        }
    }

    fn check(&self, state: &State) -> Result<(), WorldError> {
        P::check(&self.plan, &Look(state))
    }

    fn run(
        &mut self,
        state: &mut State,
        context: &Context<'_>,
        output: &mut Output,
    ) -> Result<(), Fault> {
        let mut parts = Parts(state);
        let taken = Some(P::take(&mut self.plan, &mut parts, context));
        let mut lent = LentParams::<P> {
            parts,
            taken,
            output,
        };
        match &mut lent.taken {
            Some(taken) => self.function.call(P::item(taken)).into_result(),
            None => Ok(()),
        }
    }

    fn split(&mut self, state: &mut State, context: &Context<'_>, jobs: &mut Vec<Box<dyn Job>>) {
        jobs.push(Box::new(FunctionTask::<F, P, R> {
            job: FunctionJob {
                function: Arc::clone(&self.function),
                taken: P::take(&mut self.plan, &mut Parts(state), context),
                result: Ok(()),
            },
            output: PhantomData,
        }));
    }

    fn join(
        &mut self,
        state: &mut State,
        jobs: Vec<Box<dyn Job>>,
        output: &mut Output,
    ) -> Result<(), Fault> {
        let mut result = Ok(());
        for job in jobs {
            let task = own::<FunctionTask<F, P, R>>(job);
            P::give(task.job.taken, &mut Parts(state), output);
            result = result.and(task.job.result);
        }
        result
    }
}

/// A job of this system.
pub(crate) fn own<T: 'static>(job: Box<dyn Job>) -> T {
    *job.into_any()
        .downcast()
        .expect("a system gets back the jobs it made")
}

struct FunctionTask<F, P: SystemParam, R> {
    job: FunctionJob<F, P>,
    output: PhantomData<fn() -> R>,
}

impl<F, P, R> Job for FunctionTask<F, P, R>
where
    F: Call<P, R>,
    P: SystemParam + 'static,
    R: SystemOutput,
{
    fn run(&mut self) {
        let item = P::item(&mut self.job.taken);
        self.job.result = self.job.function.call(item).into_result();
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

macro_rules! function_system {
    ($($name:ident $value:ident),*) => {
        impl<Function, Out, $($name),*> Call<($($name,)*), Out> for Function
        where
            Function: Send + Sync + 'static,
            for<'f> &'f Function: Fn($($name),*) -> Out + Fn($($name::Item<'_>),*) -> Out,
            $($name: SystemParam + 'static,)*
        {
            #[inline]
            fn call(&self, item: <($($name,)*) as SystemParam>::Item<'_>) -> Out {
                // Through a function of its own, so that the compiler takes the second of the two bounds.
                #[allow(clippy::too_many_arguments, reason = "as many as a system may have")]
                #[inline]
                fn call_inner<Out, $($name),*>(function: impl Fn($($name),*) -> Out, $($value: $name),*) -> Out {
                    function($($value),*)
                }
                let ($($value,)*) = item;
                call_inner(self, $($value),*)
            }
        }

        impl<Function, Out, $($name),*> IntoSystem<fn($($name),*) -> Out> for Function
        where
            Function: Send + Sync + 'static,
            for<'f> &'f Function: Fn($($name),*) -> Out + Fn($($name::Item<'_>),*) -> Out,
            $($name: SystemParam + 'static,)*
            Out: SystemOutput,
        {
            fn into_body(self) -> Body {
                Body(Box::new(FunctionBody::<Function, ($($name,)*), Out> {
                    function: self,
                    signature: PhantomData,
                }))
            }
        }
    };
}

function_system!();
function_system!(A a);
function_system!(A a, B b);
function_system!(A a, B b, C c);
function_system!(A a, B b, C c, D d);
function_system!(A a, B b, C c, D d, E e);
function_system!(A a, B b, C c, D d, E e, F f);

/// A system that is a function of one row, called for every row. Where there is much to do it is cut into blocks that
/// run side by side; the function cannot tell.
pub fn each<D, F>(
    name: &str,
    function: impl Fn(D::Item<'_>) + Send + Sync + 'static,
) -> SystemConfig
where
    D: QueryData + 'static,
    F: QueryFilter,
{
    each_with_commands::<D, F>(name, move |item, _| function(item))
}

/// As [`each`], with commands. Those of all blocks are done in the order of rows.
pub fn each_with_commands<D, F>(
    name: &str,
    function: impl Fn(D::Item<'_>, &mut Commands) + Send + Sync + 'static,
) -> SystemConfig
where
    D: QueryData + 'static,
    F: QueryFilter,
{
    let body = EachBody::<D, F, _> {
        function,
        rows: PhantomData,
    };
    SystemConfig::new(name, Body(Box::new(body)))
}

struct EachBody<D, F, G> {
    function: G,
    rows: PhantomData<fn() -> (D, F)>,
}

struct EachSystem<D: QueryData, F: QueryFilter, G> {
    function: Arc<G>,
    plan: Plan<D, F>,
    /// What the jobs were cut out of, until they come back.
    fetch: Option<Fetch<D>>,
}

struct EachJob<D: QueryData, G> {
    function: Arc<G>,
    part: BlockPart<D>,
    stamp: Stamp,
    commands: Commands,
}

impl<D, F, G> Unresolved for EachBody<D, F, G>
where
    D: QueryData + 'static,
    F: QueryFilter,
    G: Fn(D::Item<'_>, &mut Commands) + Send + Sync + 'static,
{
    fn resolve(
        self: Box<Self>,
        registry: &Registry,
        access: &mut Access,
    ) -> Result<Runner, WorldError> {
        let plan = Plan::<D, F>::new(registry)?;
        access.join(registry, plan.access())?;
        Ok(Runner::Typed(Box::new(EachSystem {
            function: Arc::new(self.function),
            plan,
            fetch: None,
        })))
    }
}

impl<D, F, G> System for EachSystem<D, F, G>
where
    D: QueryData + 'static,
    F: QueryFilter,
    G: Fn(D::Item<'_>, &mut Commands) + Send + Sync + 'static,
{
    fn facts(&self) -> Facts {
        Facts {
            looks_back: F::BY_ROW,
            ..Facts::default()
        }
    }

    fn check(&self, _: &State) -> Result<(), WorldError> {
        Ok(())
    }

    fn run(
        &mut self,
        state: &mut State,
        context: &Context<'_>,
        output: &mut Output,
    ) -> Result<(), Fault> {
        let mut commands = Commands::default();
        let (since, stamp) = (context.since, context.stamp);
        let visit = |item: D::Item<'_>| (self.function)(item, &mut commands);
        visit_all(&mut self.plan, state, since, stamp, visit);
        if !commands.is_empty() {
            output.commands.push(commands);
        }
        Ok(())
    }

    fn split(&mut self, state: &mut State, context: &Context<'_>, jobs: &mut Vec<Box<dyn Job>>) {
        let mut fetch = Fetch::take(&mut self.plan, state, context.since);
        for part in fetch.split() {
            jobs.push(Box::new(EachJob {
                function: Arc::clone(&self.function),
                part,
                stamp: context.stamp,
                commands: Commands::default(),
            }));
        }
        self.fetch = Some(fetch);
    }

    fn join(
        &mut self,
        state: &mut State,
        jobs: Vec<Box<dyn Job>>,
        output: &mut Output,
    ) -> Result<(), Fault> {
        let mut parts = Vec::with_capacity(jobs.len());
        for job in jobs {
            let job = own::<EachJob<D, G>>(job);
            if !job.commands.is_empty() {
                output.commands.push(job.commands);
            }
            parts.push(job.part);
        }
        if let Some(mut fetch) = self.fetch.take() {
            fetch.join(parts);
            fetch.give(state);
        }
        Ok(())
    }
}

impl<D, G> Job for EachJob<D, G>
where
    D: QueryData + 'static,
    G: Fn(D::Item<'_>, &mut Commands) + Send + Sync + 'static,
{
    fn run(&mut self) {
        let (function, commands) = (&self.function, &mut self.commands);
        self.part
            .for_each(self.stamp, |item| function(item, commands));
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
