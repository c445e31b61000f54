//! Policy sources: what compiles decodes and keeps its root when formatted; what does not says where and what to do.
#![no_main]

use gatos_policy::language::{Policy, compile, format_source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &str| {
    match compile(source) {
        Ok(compiled) => {
            let policy = Policy::decode(&compiled.rgc).expect("what compiles decodes");
            assert_eq!(policy.root(), compiled.root);
            assert_eq!(policy.rules(), compiled.policy.rules());
            if let Ok(formatted) = format_source(source) {
                let again = compile(&formatted).expect("what was formatted compiles");
                assert_eq!(again.root, compiled.root);
                assert_eq!(format_source(&formatted).as_ref(), Ok(&formatted));
            }
        }
        Err(findings) => {
            assert!(!findings.is_empty());
            assert!(
                findings
                    .iter()
                    .all(|finding| finding.line > 0 && !finding.hint.is_empty())
            );
        }
    }
});
