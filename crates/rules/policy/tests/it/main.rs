//! Tests of gatos-policy from outside. `fixture` makes keys and chains, `twin` is the slow, obvious trust fold.

mod admission;
mod chain;
mod document;
mod fixture;
mod language;
mod properties;
mod twin;
mod vectors;
