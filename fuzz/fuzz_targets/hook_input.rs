//! Lines that git hands to `pre-receive` and `pre-push`: what is read is what was written, whatever a pusher names.
#![no_main]

use gatos_ledger::ObjectId;
use gatos_ledger::receive::{LeavingLine, PushedRef, parse_leaving_refs, parse_pushed_refs};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let id = |id: Option<ObjectId>| id.unwrap_or(ObjectId::ZERO).to_string();
    if let Ok(refs) = parse_pushed_refs(bytes) {
        let line = |one: &PushedRef| format!("{} {} {}\n", id(one.old), id(one.new), one.name);
        let written: String = refs.iter().map(line).collect();
        assert_eq!(written.as_bytes(), bytes);
    }
    if let Ok(refs) = parse_leaving_refs(bytes) {
        let line = |one: &LeavingLine| {
            format!(
                "{} {} {} {}\n",
                one.local,
                id(one.commit),
                one.remote,
                id(one.old)
            )
        };
        let written: String = refs.iter().map(line).collect();
        assert_eq!(written.as_bytes(), bytes);
    }
});
