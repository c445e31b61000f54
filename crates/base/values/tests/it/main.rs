//! Tests of the values crate, one module a theme.
//!
//! `vectors` runs golden files, `any` makes random values, `slow` holds the obvious twins, `suites` runs outside
//! test suites that packages carry (and says so when a package is not installed).

mod any;
mod cbor;
mod code;
mod digest;
mod event;
mod glob;
mod hostile;
mod json;
mod merkle;
mod name;
mod seed;
mod slow;
mod sshsig;
mod suites;
mod text;
mod ulid;
mod uri;
mod value;
mod vectors;
