//! A whole machine as bytes, back, and as a hash: heap, suspended coroutines, programs, counters, generators.
//!
//! Taken between two calls from outside, when no function runs. What is a cache (indices of tables, guesses of
//! instructions, seeds of hashes) is not written; what a later step can depend on is, down to the places of objects and the
//! state of the collector. So a restored machine goes on exactly as the one that was saved, and so do their hashes.
//!
//! Reading order: this file (doors, primitives), `write`, `read` (which trusts no byte).
//!
//! INVARIANT: `restore(bytes)` succeeds only where `save(restore(bytes)) = bytes`.
//! Format: `docs/formats/machine.md`. Vectors: `vectors/echolua-machine`. Tests: `tests/it/snapshot.rs`.

mod read;
mod write;

use super::Vm;
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// The first bytes of a saved machine.
const MAGIC: &[u8; 4] = b"GLVM";
/// Version of the format. Register code is part of it: suspended coroutines stand at its instructions.
pub const SNAPSHOT_VERSION: u8 = 2;

/// Why a machine cannot be saved or restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// A function runs.
    #[error("the machine runs: save it between two calls")]
    Running,
    /// Bytes of another version.
    #[error("the bytes have version {0}; this machine reads version {SNAPSHOT_VERSION}")]
    Version(u8),
    /// More memory than the caller allows.
    #[error("the saved machine may use {0} bytes, more than is allowed here")]
    Memory(u64),
    /// Bytes that no machine was saved as.
    #[error("not a saved machine: {0}")]
    Bytes(&'static str),
}

impl Vm {
    /// The machine as bytes; equal machines give equal bytes.
    ///
    /// # Errors
    /// [`SnapshotError::Running`].
    pub fn save(&self) -> Result<Vec<u8>, SnapshotError> {
        write::machine(self)
    }

    /// The BLAKE3 of what [`Vm::save`] gives.
    ///
    /// # Errors
    /// [`SnapshotError::Running`].
    pub fn hash(&self) -> Result<Blake3Digest, SnapshotError> {
        Ok(Blake3Digest::of(&self.save()?))
    }

    /// The machine that was saved. `memory_bytes_max` is the largest limit of memory that the caller allows it.
    ///
    /// # Errors
    /// [`SnapshotError`]; hostile bytes are refused before anything runs.
    pub fn restore(bytes: &[u8], memory_bytes_max: usize) -> Result<Vm, SnapshotError> {
        let vm = read::machine(bytes, memory_bytes_max)?;
        if vm.save()? == bytes {
            Ok(vm)
        } else {
            Err(SnapshotError::Bytes("it is not written the one way"))
        }
    }
}
