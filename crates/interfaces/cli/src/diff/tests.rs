use super::*;

fn check(before: Option<&str>, after: Option<&str>, expected: &[&str]) {
    let edits = edits(before.map(str::as_bytes), after.map(str::as_bytes));
    let lines: Vec<String> = edits.iter().map(|edit| edit.text().render(false)).collect();
    assert_eq!(lines.concat().lines().collect::<Vec<_>>(), expected);
}

#[test]
fn maps_differ_field_by_field() {
    check(
        Some(r#"{"i-1":{"paid":false,"sum":3},"i-2":1}"#),
        Some(r#"{"i-1":{"paid":true,"sum":3},"i-3":2}"#),
        &["  ~ /i-1/paid: false → true", "  - /i-2: 1", "  + /i-3: 2"],
    );
}

#[test]
fn keys_become_json_pointers() {
    check(Some("{}"), Some(r#"{"a/b~c":1}"#), &["  + /a~1b~0c: 1"]);
}

#[test]
fn a_new_file_adds_its_fields_and_a_removed_one_removes_them() {
    check(None, Some(r#"{"a":1,"b":2}"#), &["  + /a: 1", "  + /b: 2"]);
    check(Some(r#"{"a":1}"#), None, &["  - /a: 1"]);
    check(None, Some("[1]"), &["  + (whole file): [1]"]);
    check(Some("1"), None, &["  - (whole file): 1"]);
}

#[test]
fn lists_and_scalars_differ_as_a_whole() {
    check(
        Some("[1,2]"),
        Some("[1,3]"),
        &["  ~ (whole file): [1,2] → [1,3]"],
    );
    check(Some("1"), Some("1"), &[]);
}

#[test]
fn json_lines_differ_line_by_line() {
    check(
        Some("{\"a\":1}\n{\"b\":1}\n{\"b\":1}\n"),
        Some("{\"a\":1}\n{\"b\":1}\n{\"c\":1}\n"),
        &["  - line 3: {\"b\":1}", "  + line 3: {\"c\":1}"],
    );
}

#[test]
fn what_is_no_json_at_all_is_still_shown() {
    check(
        Some("\u{1b}[2J x"),
        Some("1"),
        &["  - line 1: \"\\u001b[2J x\"", "  + line 1: 1"],
    );
}
