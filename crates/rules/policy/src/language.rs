//! The policy language: `.rgs` sources, compiled `.rgc` policies, and the decision about one request.
//!
//! A policy is a list of rules. Each matches intents and paths, and then allows or denies by small expressions over a
//! closed context. The expressions are total: no loop, no clock, no failure. What is missing or does not fit is
//! *unknown* and spreads as in Kleene's logic; an allow line must be true, a deny line fires on true or unknown.
//! Who is enrolled is [`governance`](crate::governance)'s knowledge and enters as a [`TrustSnapshot`]; carrying a
//! decision out and recording it is the node's work.
//!
//! Reading order: [`truth`], [`intent`], [`request`], [`expression`], [`syntax`] and its parser, [`compile()`],
//! [`policy`], [`evaluate`], [`decision`].
//!
//! INVARIANT 1: the same policy and request give the same decision bytes on every machine; the order of rules is nothing.
//! INVARIANT 2: [`Policy::decode`] accepts only bytes that come out again when what they hold is checked and encoded.
//! INVARIANT 3: no source, policy or request makes anything here panic or recurse deeper than [`expression::DEPTH_MAX`].
//!
//! Formats: docs/formats/rgs.md, docs/formats/rgc.md. Vectors: vectors/policy. Tests: beside the files and tests/it/language.

pub mod context;
pub mod cost;
pub mod decision;
pub mod evaluate;
pub mod explain;
pub mod expression;
pub mod format;
pub mod intent;
pub mod network;
pub mod policy;
pub mod request;
pub mod suite;
pub mod syntax;
pub mod templates;
pub mod truth;

#[cfg(test)]
mod any;
mod code;
mod compile;
mod decide;
mod facts;
mod lower;
mod names;
mod parser;
mod print;
mod raise;
mod tokens;

pub use compile::{ClauseSource, Compiled, RuleSource, compile};
pub use context::{Context, ContextError};
pub use cost::Cost;
pub use decision::{Decision, DenyReason};
pub use evaluate::{Unknown, UnknownCause};
pub use explain::{Explanation, explain};
pub use expression::{Comparison, Expression, Literal, TrustField, Variable};
pub use facts::Facts;
pub use format::format_source;
pub use intent::{Intent, IntentSet};
pub use network::Network;
pub use policy::{Policy, RGC_SIZE_MAX, RgcError, Rule, When};
pub use raise::raise;
pub use request::{Request, TrustEntry, TrustSnapshot};
pub use suite::Suite;
pub use truth::Truth;

pub use gatos_yaml::{Finding, Position, Severity};
