//! Tests of EchoLua from outside, one module a theme.

mod arithmetic;
mod elc;
mod embed;
mod fold;
mod front;
mod hazards;
mod host;
mod hostile;
mod kept;
mod language;
mod limits;
mod official;
mod ordinary;
mod snapshot;
mod stock;
mod support;
mod suspended;
mod vain;
