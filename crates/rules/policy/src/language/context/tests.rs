//! Contexts: what is read, what is missing, what is refused.

use super::*;
use gatos_values::json;

fn read(text: &str) -> Result<Context, String> {
    let value = json::decode_strict(text.as_bytes(), usize::MAX).expect("JSON");
    Context::from_value(&value).map_err(|error| error.to_string())
}

#[test]
fn a_context_is_read_and_written_back() {
    for (text, written) in [
        (r#"{"intent":"read"}"#, r#"{"intent":"read"}"#),
        (
            r#"{"intent":"read","actor":null,"payload":null,"trust":{}}"#,
            r#"{"intent":"read","payload":null}"#,
        ),
        (
            r#"{"trust":{"user:a":{"groups":["b","a","b"]}},"intent":"write","caps":[],"epoch":3,"payload":{"a":1}}"#,
            r#"{"caps":[],"epoch":3,"intent":"write","payload":{"a":1},"trust":{"user:a":{"groups":["a","b"],"level":0}}}"#,
        ),
    ] {
        let context = read(text).expect(text);
        let bytes = json::encode_canonical(&context.to_value()).expect("shallow");
        assert_eq!(String::from_utf8(bytes).as_deref(), Ok(written));
        assert_eq!(read(written).as_ref(), Ok(&context));
    }
}

#[test]
fn what_does_not_fit_is_named() {
    for (text, expected) in [
        ("[]", "`request` must be a map"),
        ("{}", "`intent` is missing"),
        (
            r#"{"intent":"look"}"#,
            "`intent` must be one of read, write, exec, publish, subscribe, export, govern",
        ),
        (
            r#"{"intent":"read","time":1}"#,
            "`time` is not a part of a request; parts are intent, actor, caps, labels, remote, remote_addr, epoch, path, resource, payload, trust",
        ),
        (
            r#"{"intent":"read","caps":"a"}"#,
            "`caps` must be a list of texts",
        ),
        (
            r#"{"intent":"read","epoch":-1}"#,
            "`epoch` must be an integer from 0 to 2^64 - 1",
        ),
        (
            r#"{"intent":"read","trust":{"user:a":{"rank":1}}}"#,
            "`trust.user:a.rank` is neither level nor groups",
        ),
        (
            r#"{"intent":"read","trust":{"user:a":{"level":0.5}}}"#,
            "`trust.user:a.level` must be an integer of 64 bits",
        ),
    ] {
        assert_eq!(read(text), Err(expected.to_string()), "{text}");
    }
}
