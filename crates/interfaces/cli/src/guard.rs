//! The guard: a bug of ours ends as a report with a code, never as a panic message or a backtrace.
//!
//! Tests: guard/tests.rs.

use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{Mutex, PoisonError};

#[cfg(test)]
mod tests;

/// What the last panic said, in any thread.
static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Runs the work; a panic in it comes back as text.
///
/// # Errors
/// What the panic said and where.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    panic::set_hook(Box::new(note));
    // What the work was changing is dropped with it: nothing half-changed is looked at afterwards.
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    result.map_err(|_| {
        let mut noted = LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner);
        noted
            .take()
            .unwrap_or_else(|| "an invariant of the program failed".to_owned())
    })
}

fn note(info: &PanicHookInfo<'_>) {
    let words = info
        .payload_as_str()
        .unwrap_or("an invariant of the program failed");
    let place = info
        .location()
        .map(|place| format!(" ({}:{})", place.file(), place.line()));
    let mut noted = LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner);
    *noted = Some(format!("{words}{}", place.unwrap_or_default()));
}
