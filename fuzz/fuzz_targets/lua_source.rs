//! Lua sources of both profiles: what compiles has one encoding and runs within its limits; what does not says where.
#![no_main]

use gatos_echolua::{Fault, Limits, Profile, Vm, compile, elc};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits {
    fuel: 200_000,
    memory_bytes: 4 << 20,
};
/// What a step may make beyond the limit before the machine looks: a table's growth, a string.
const SLACK_BYTES: usize = 4 << 20;

fuzz_target!(|bytes: &[u8]| {
    for profile in [Profile::Script, Profile::Fold] {
        let compiled = compile(bytes, profile);
        let Some(module) = compiled.module else {
            let finding = compiled.findings.first().expect("a refusal has a reason");
            assert!(!finding.message.is_empty() && !finding.hint.is_empty());
            continue;
        };
        let encoded = elc::encode(&module);
        let decoded = elc::decode(&encoded).expect("what is compiled decodes");
        assert_eq!(elc::encode(&decoded), encoded);
        let mut vm = Vm::new(profile, LIMITS);
        let Some(main) = vm.load(&decoded, "source") else {
            continue;
        };
        match vm.call(main, &[]) {
            Ok(_) | Err(Fault::Raised(_) | Fault::MemoryExhausted) => {}
            Err(Fault::FuelExhausted) => assert_eq!(vm.fuel(), 0),
        }
        assert!(vm.bytes_in_use() <= LIMITS.memory_bytes + SLACK_BYTES);
        // Whatever it came to, the machine is whole: it can be saved, and what was saved is the same machine.
        let saved = vm.save().expect("nothing runs");
        let restored = Vm::restore(&saved, LIMITS.memory_bytes).expect("it was saved");
        assert_eq!(restored.save().expect("nothing runs"), saved);
    }
});
