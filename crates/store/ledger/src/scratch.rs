//! Folders for tests that write and flush thousands of small files: in memory where the system has such.
//!
//! What a flush does on a real disk is not what these tests are about; power cuts are tested apart.

use std::path::Path;

/// A temporary folder, removed when dropped.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.or_else(|_| tempfile::tempdir())
        .expect("make a temporary folder")
}
