//! Grants: what is read is what would be written, and its bytes to sign exist.
#![no_main]

use gatos_policy::governance::ChangeOperation;
use gatos_values::{Map, Value, json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(grant) = json::decode_strict(bytes, bytes.len()) else {
        return;
    };
    let operation = Map::new().with("op", "grant.issue").with("grant", grant);
    let list = Value::List(vec![Value::Map(operation)]);
    let Ok(read) = ChangeOperation::list_from_value(&list) else {
        return;
    };
    assert_eq!(
        Value::List(read.iter().map(ChangeOperation::to_value).collect()),
        list
    );
    for operation in read {
        if let ChangeOperation::GrantIssue { grant } = operation {
            grant
                .grant
                .encode()
                .expect("a grant that was read can be signed");
            assert!(grant.grant.resource.is_within(&grant.grant.resource));
        }
    }
});
