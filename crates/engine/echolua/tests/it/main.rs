//! Tests of EchoLua from outside, one module a theme.

mod arithmetic;
mod elc;
mod fold;
mod front;
mod hostile;
mod kept;
mod language;
mod limits;
mod stock;
mod support;
