//! Faults in their two forms.

use super::*;

fn fault() -> Fault {
    Fault::new(ErrorCode::BadKey, "/keys/a", "the file is encrypted").with_hint("ssh-add it")
}

#[test]
fn people_read_reason_resource_and_hint() {
    let text = "error[BAD_KEY]: the file is encrypted\n  resource: /keys/a\n  hint: ssh-add it";
    assert_eq!(fault().to_string(), text);
    let without = Fault::new(ErrorCode::Io, "", "no such file").with_hint("");
    assert_eq!(without.to_string(), "error[IO]: no such file");
}

#[test]
fn a_fault_has_its_codes_hint_and_status_unless_told_otherwise() {
    let plain = Fault::new(ErrorCode::DiskFull, "", "no space");
    assert_eq!(plain.hint, ErrorCode::DiskFull.hint());
    assert_eq!(plain.exit_status(), 3);
    assert_eq!(fault().exit_status(), 1);
}

#[test]
fn machines_read_one_map() {
    let value = fault().with_detail("line", Value::from(7u64)).to_value();
    let json = gatos_values::json::encode_canonical(&value).unwrap();
    assert_eq!(
        String::from_utf8(json).unwrap(),
        r#"{"code":"BAD_KEY","hint":"ssh-add it","id":"","line":7,"ok":false,"reason":"the file is encrypted","resource":"/keys/a"}"#
    );
}

#[test]
fn details_may_name_an_id_but_never_say_ok() {
    let value = fault()
        .with_detail("id", Value::from("blake3:00"))
        .with_detail("ok", Value::Bool(true))
        .to_value();
    assert_eq!(value.get("id").unwrap().as_str(), Some("blake3:00"));
    assert_eq!(value.get("ok").unwrap().as_bool(), Some(false));
}

#[test]
fn foreign_text_cannot_play_with_the_terminal() {
    let fault = Fault::new(ErrorCode::Io, "a\u{1b}[2Jb\u{202e}c", "one\ntwo\rthree").with_hint("h");
    assert_eq!(
        fault.to_string(),
        "error[IO]: one\n    two\\u{d}three\n  resource: a\\u{1b}[2Jb\\u{202e}c\n  hint: h"
    );
    assert!(matches!(for_terminal("plain ünïcode"), Cow::Borrowed(_)));
}

#[test]
fn any_string_becomes_text() {
    // U+0378 is not assigned; a decomposed é becomes composed.
    let fault = Fault::new(ErrorCode::Io, "x\u{378}y", "e\u{301}");
    let value = fault.to_value();
    assert_eq!(value.get("resource").unwrap().as_str(), Some("x\u{fffd}y"));
    assert_eq!(value.get("reason").unwrap().as_str(), Some("\u{e9}"));
}

#[test]
fn a_fault_is_about_the_first_resource_named() {
    let fault = Fault::new(ErrorCode::Io, "", "r").at("first").at("second");
    assert_eq!(fault.resource, "first");
}

#[test]
fn lower_errors_keep_code_and_words() {
    let error = gatos_values::Actor::parse("alice").unwrap_err();
    let fault = Fault::from(error.clone());
    assert_eq!(fault.code, ErrorCode::BadName);
    assert_eq!(fault.reason, error.to_string());
}
