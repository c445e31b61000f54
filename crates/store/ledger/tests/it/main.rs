//! The ledger from outside: writing, reading, walking, setting aside and recovering, on real repositories.
//!
//! `world` makes repositories and asks stock `git` what is in them; that answer, sorted in memory, is the slow
//! twin of everything the ledger says. What fails while it writes is tested inside the crate, where faults can
//! be injected (`src/failing_disk.rs`); kill -9 and power cuts are `cargo xtask crash`.

mod quarantine;
mod reading;
mod recovery;
mod walk;
mod world;
mod writer;
