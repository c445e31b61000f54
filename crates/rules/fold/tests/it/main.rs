//! Folds as a whole: against the slow twin, as lattices, across encode and decode, and pinned by vectors.

mod any;
mod guide;
mod hostile;
mod lattice;
mod program;
mod runs;
mod support;
mod vectors;
