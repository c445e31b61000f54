//! Queries: what parses prints as the normalized path, which is the same query.
#![no_main]

use gatos_fold::query::Query;
use gatos_values::json;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (text, payload) = text
        .split_once('\n')
        .unwrap_or((text, "{\"a\":[1,{\"b\":2}]}"));
    let Ok(query) = Query::parse(text) else {
        return;
    };
    let printed = query.to_string();
    let again = Query::parse(&printed).expect("a normalized path parses");
    assert_eq!(again.to_string(), printed);
    if let Ok(payload) = json::decode_strict(payload.as_bytes(), payload.len()) {
        assert_eq!(
            query.find(&payload, Some(&payload)),
            again.find(&payload, Some(&payload))
        );
    }
});
