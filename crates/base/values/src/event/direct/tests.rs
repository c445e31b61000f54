//! The direct reader beside the one that explains: on events, on every change of one byte, on pieces put together anew.

use super::*;
use crate::event::fields;
use alloc::format;
use alloc::string::{String, ToString};

const FIRST: &str = include_str!("../../../../../../vectors/values/event-first.json");
const SECOND: &str = include_str!("../../../../../../vectors/values/event-second.json");

/// The direct reader reads what the other reads, to the same envelope.
fn agree(bytes: &[u8]) -> Option<Envelope> {
    let found = read(bytes);
    let shown = String::from_utf8_lossy(bytes);
    assert_eq!(found, fields::decode(bytes).ok(), "{shown}");
    if let Some(envelope) = &found {
        assert_eq!(envelope.encode().as_deref(), Ok(bytes), "{shown}");
    }
    found
}

#[test]
fn events_are_read_directly() {
    for text in [FIRST, SECOND] {
        assert!(agree(text.as_bytes()).is_some(), "{text}");
    }
    // Every optional field may be missing; payloads, capabilities and keys are JSON.
    let caps = r#""caps":["journal:append","kv:put"]"#;
    for (from, to, is_read) in [
        (caps, r#""caps":["a\n\u0000\"","é","日本"]"#, true),
        (caps, r#""caps":["\u00e9"]"#, false),
        (&*format!("{caps},"), "", true),
        (r#""labels":["eu","urgent"],"#, "", true),
        (r#""idem":"bank \"x\" \\ 2024-01-31","#, "", true),
        (r#""idem":"bank \"x\" \\"#, r#""idem":"bank x"#, true),
        (r#""idem":"bank \"x\" \\"#, r#""idem":"bank \/"#, false),
        (r#""idem":"bank \"x\" \\"#, r#""idem":"bank\n"#, false),
        (
            r#""payload":null"#,
            r#""payload":{"":[[],{},-1,0,12.5,true,false],"é\\":"\t\"","日":170141183460469231731687303715884105727}"#,
            true,
        ),
    ] {
        assert!(SECOND.contains(from), "{from}");
        let text = SECOND.replace(from, to);
        assert_eq!(agree(text.as_bytes()).is_some(), is_read, "{text}");
    }
}

#[test]
fn a_changed_byte_is_read_or_refused_alike() {
    let bytes = SECOND.as_bytes();
    for at in 0..bytes.len() {
        assert!(agree(&bytes[..at]).is_none());
        for byte in *b"\"\\,1a\xC3" {
            let mut changed = bytes.to_vec();
            changed[at] = byte;
            agree(&changed);
        }
        let mut shorter = bytes.to_vec();
        shorter.remove(at);
        agree(&shorter);
    }
}

#[test]
fn fields_that_move_repeat_or_are_strange_are_read_or_refused_alike() {
    // Commas within lists split, too: what then stands in the wrong place is one more change.
    let pieces: Vec<&str> = SECOND
        .trim_start_matches('{')
        .trim_end_matches('}')
        .split(',')
        .collect();
    let whole = |pieces: &[&str]| format!("{{{}}}", pieces.join(","));
    for index in 0..pieces.len() {
        let mut changed = pieces.clone();
        changed.remove(index);
        agree(whole(&changed).as_bytes());
        for place in 0..=changed.len() {
            let mut moved = changed.clone();
            moved.insert(place, pieces[index]);
            agree(whole(&moved).as_bytes());
            moved.insert(place, pieces[index]);
            agree(whole(&moved).as_bytes());
        }
        for (name, value) in [("x", "1"), ("v", "1"), ("v", "1.0"), ("idem", "null")] {
            let strange = format!("\"{name}\":{value}");
            let mut changed = pieces.clone();
            changed.insert(index, &strange);
            agree(whole(&changed).as_bytes());
            changed[index] = &strange;
            agree(whole(&changed).as_bytes());
        }
    }
}

#[test]
fn limits_are_the_same() {
    let start = FIRST.find(r#""payload":"#).expect("a payload");
    let end = FIRST.find(r#","policy_root""#).expect("a root");
    for (depth, is_read) in [(1, true), (127, true), (128, false), (129, false)] {
        let payload = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let text = format!("{}\"payload\":{payload}{}", &FIRST[..start], &FIRST[end..]);
        assert_eq!(agree(text.as_bytes()).is_some(), is_read, "{depth}");
    }
    let sized = |size: usize| {
        let padding = "x".repeat(size + (end - start) - FIRST.len() - r#""payload":"""#.len());
        format!(
            "{}\"payload\":\"{padding}\"{}",
            &FIRST[..start],
            &FIRST[end..]
        )
    };
    for (size, is_read) in [(ENVELOPE_SIZE_MAX, true), (ENVELOPE_SIZE_MAX + 1, false)] {
        let text = sized(size);
        assert_eq!(text.len(), size);
        assert_eq!(agree(text.as_bytes()).is_some(), is_read);
    }
    for cap in [String::new(), "c".repeat(128), "c".repeat(129)] {
        let text = FIRST.replacen(
            ",\"fold_root\"",
            &format!(",\"caps\":[\"{cap}\"],\"fold_root\""),
            1,
        );
        let is_read = cap.len() == 128;
        assert_eq!(agree(text.as_bytes()).is_some(), is_read, "{}", cap.len());
    }
    for (time_ms, is_read) in [((1 << 34) * 1000 - 1, true), ((1 << 34) * 1000, false)] {
        let ulid = Ulid::from_parts(time_ms, 0).expect("in range").to_string();
        let at = FIRST.find("\"ulid\":\"").expect("a ULID") + 8;
        let text = format!("{}{ulid}{}", &FIRST[..at], &FIRST[at + 26..]);
        assert_eq!(agree(text.as_bytes()).is_some(), is_read, "{ulid}");
    }
}
