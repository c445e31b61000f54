//! Sources and what the compiler makes of them.

use super::*;
use crate::rgf::Fold;

const INVOICES: &str = r#"
version: 1
inputs: ["gatos/journal/finance/**"]
reducers:
  - kind: map-join-lww
    key: "$.id"
emit:
  - path: "state/finance/invoices.json"
"#;

fn shown(source: &str) -> String {
    match compile_yaml(source) {
        Ok(compiled) => {
            let value = cbor::decode(&compiled.rgf, usize::MAX).expect("canonical");
            let json = gatos_values::json::encode_canonical(&value).expect("json");
            format!(
                "{} {:?}",
                String::from_utf8(json).expect("utf-8"),
                compiled.warnings
            )
        }
        Err(findings) => findings
            .iter()
            .map(|finding| format!("{finding}\n"))
            .collect(),
    }
}

#[test]
fn smoke() {
    extern crate std;
    std::println!("{}", shown(INVOICES));
    let compiled = compile_yaml(INVOICES).unwrap();
    Fold::decode(&compiled.rgf).unwrap();
    let empty = compile_yaml("version: 1\nreducers: []\nemit: []\n").unwrap();
    assert_eq!(empty.rgf, gatos_values::roots::EMPTY_FOLD_BYTES);
}
