//! Compiled folds, reducers and programs: one encoding each; whatever decodes can run on nothing.
#![no_main]

use gatos_fold::{Fold, FoldState};
use gatos_values::Sha256Digest;
use libfuzzer_sys::fuzz_target;

/// The most fuel of a call, and the most memory in bytes, of programs that are run.
const FUEL_MAX: u64 = 1_000_000;
const MEMORY_MAX: u64 = 16 << 20;

fuzz_target!(|bytes: &[u8]| {
    let Ok(fold) = Fold::decode(bytes) else {
        return;
    };
    assert_eq!(fold.bytes(), bytes);
    assert_eq!(fold.fold_root(), Sha256Digest::of(bytes));
    // A program may ask for more fuel than a fuzzer has time for.
    if fold
        .limits()
        .is_none_or(|limits| limits.fuel <= FUEL_MAX && limits.memory_bytes <= MEMORY_MAX)
    {
        let _ = FoldState::new(&fold).emit(&fold);
    }
});
