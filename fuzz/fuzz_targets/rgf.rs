//! Compiled folds: one encoding each; whatever decodes can run on nothing.
#![no_main]

use gatos_fold::{Fold, FoldState};
use gatos_values::Sha256Digest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(fold) = Fold::decode(bytes) else {
        return;
    };
    assert_eq!(fold.bytes(), bytes);
    assert_eq!(fold.fold_root(), Sha256Digest::of(bytes));
    let _ = FoldState::new(&fold).emit(&fold);
});
