//! The allocator of the `gatos` program: mimalloc, told to give back at once what is freed.
//!
//! The C library keeps what each thread has freed apart. An import starts many short threads, and what stayed
//! behind in their arenas was several times what was in use, and grew with the length of the history. Other users of the
//! library choose an allocator of their own. Why, with figures: docs/decisions/0021-allocator.md.
//!
//! INVARIANT: an allocator decides where bytes lie and how many are kept, never a result.
//! Tests: ../tests/it/allocator.rs.

use libmimalloc_sys as ffi;

pub use mimalloc::MiMalloc as Allocator;

/// `mi_option_purge_delay` of `mimalloc.h`, the same in its second and third version: milliseconds before freed
/// pages go back to the system. The bindings do not name it.
const PURGE_DELAY: ffi::mi_option_t = 15;
/// What an untouched mimalloc answers for it; anything else means that its options were renumbered.
const PURGE_DELAY_DEFAULT_MS: core::ffi::c_long = 1000;

/// Makes freed pages go back to the system at once. Call it first in `main`.
///
/// Leaves everything alone when `MIMALLOC_PURGE_DELAY` in the environment says something else already, or when the
/// option is not where it should be. Returns whether it did something.
pub fn give_back_at_once() -> bool {
    // SAFETY: both functions only read or write an entry of mimalloc's own table of options; they check that
    // the number lies within it, may be called at any time, and this runs before other threads are started.
    #[allow(unsafe_code)]
    unsafe {
        if ffi::mi_option_get(PURGE_DELAY) != PURGE_DELAY_DEFAULT_MS {
            return false;
        }
        ffi::mi_option_set(PURGE_DELAY, 0);
        ffi::mi_option_get(PURGE_DELAY) == 0
    }
}
