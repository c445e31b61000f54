//! Lines that git hands to `pre-receive`: what is read is what was written, whatever a pusher names.
#![no_main]

use gatos_ledger::ObjectId;
use gatos_ledger::receive::parse_pushed_refs;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(refs) = parse_pushed_refs(bytes) else {
        return;
    };
    let line = |one: &gatos_ledger::receive::PushedRef| {
        let id = |id: Option<ObjectId>| id.unwrap_or(ObjectId::ZERO).to_string();
        format!("{} {} {}\n", id(one.old), id(one.new), one.name)
    };
    let written: String = refs.iter().map(line).collect();
    assert_eq!(written.as_bytes(), bytes);
});
