//! YAML folds: what compiles decodes again; what does not says where and why.
#![no_main]

use gatos_fold::{Fold, compile_yaml};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &str| {
    match compile_yaml(source) {
        Ok(compiled) => {
            let fold = Fold::decode(&compiled.rgf).expect("the compiler writes what decodes");
            assert_eq!(fold.fold_root(), compiled.fold_root);
            // A comment at the end changes nothing.
            let commented = format!("{source}\n# a comment\n");
            if let Ok(again) = compile_yaml(&commented) {
                assert_eq!(again.fold_root, compiled.fold_root);
            }
        }
        Err(findings) => {
            assert!(!findings.is_empty());
            for finding in findings {
                assert!(finding.line >= 1 && finding.column >= 1);
                assert!(!finding.message.is_empty() && !finding.hint.is_empty());
            }
        }
    }
});
