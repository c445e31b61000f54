//! ELC: encode ∘ decode = id on bytes; whatever decodes runs within its limits, whoever wrote it.
#![no_main]

use gatos_echolua::{Limits, Vm, elc};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits {
    fuel: 200_000,
    memory_bytes: 4 << 20,
};

fuzz_target!(|bytes: &[u8]| {
    let Ok(module) = elc::decode(bytes) else {
        return;
    };
    assert_eq!(elc::encode(&module), bytes);
    let mut vm = Vm::new(module.profile, LIMITS);
    let Some(main) = vm.load(&module, "elc") else {
        return;
    };
    let _ = vm.call(main, &[]);
    assert!(vm.save().is_ok());
});
