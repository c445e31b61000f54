//! The gate beside Cedar, regorus and CEL: the same rules and requests in four languages.
//!
//! [`model`] is the part of all four languages in which they mean the same: default deny, deny overrides, and tests that
//! every request has an answer to. Each engine has a module that writes rules down in its language and asks it.
//! [`twenty`] are the rules and requests that are timed, [`random`] those that are compared.
//!
//! INVARIANT: a request is in every engine what its documentation calls ready: nothing is parsed while it decides.
//! Figures: docs/benchmarks-policy.md. Tests: tests/agree.rs.
#![forbid(unsafe_code)]

pub mod cedar;
pub mod cel;
pub mod event;
pub mod measure;
pub mod model;
pub mod ours;
pub mod random;
pub mod rego;
pub mod twenty;

/// An engine with rules, asked about requests that were made ready for it.
pub trait Engine: Sized {
    /// Its name and version.
    const NAME: &'static str;
    /// A request made ready.
    type Ready;

    /// The rules in its language, compiled.
    ///
    /// # Panics
    /// If the engine refuses what was written for it: a mistake of this crate.
    fn compile(source: &str) -> Self;

    /// The rules in its language.
    fn source(rules: &[model::Rule]) -> String;

    /// Makes a request ready.
    fn ready(&self, request: &model::Request) -> Self::Ready;

    /// Whether it is allowed.
    fn allows(&mut self, ready: &Self::Ready) -> bool;
}

/// A peer, which can also begin with text.
pub trait Peer: Engine {
    /// The request as the host would get it from elsewhere.
    fn raw(&self, request: &model::Request) -> String;

    /// Makes a request ready that came as text.
    fn parse(&self, raw: &str) -> Self::Ready;
}
