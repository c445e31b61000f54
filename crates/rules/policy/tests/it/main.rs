//! Tests of gatos-policy from outside. `fixture` makes keys and chains, `twin` is the slow, obvious fold of
//! enrolments and folds, `trust_twin` that of everything a version knows.

mod admission;
mod analysis;
mod audit;
mod bundle;
mod chain;
mod consensus;
mod cuts;
mod document;
mod epoch;
mod export;
mod fixture;
mod governing;
mod grants;
mod histories;
mod language;
mod operations;
mod properties;
mod trust_twin;
mod twin;
mod vectors;
