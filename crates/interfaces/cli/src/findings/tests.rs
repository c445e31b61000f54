use super::*;

const GOOD: &str = "version: 1\nreducers:\n  - kind: map-join-lww\n    key: \"$.id\"\nemit:\n  - path: state/x.json\n";

#[test]
fn a_good_source_has_no_findings() {
    let (compiled, findings) = compile("x.yaml", GOOD.as_bytes()).expect("it compiles");
    assert!(!compiled.rgf.is_empty());
    assert_eq!(findings.error_count(), 0);
}

#[test]
fn errors_have_a_place_a_rule_and_a_hint() {
    let source = GOOD.replace("emit:", "emits:");
    let findings = compile("x.yaml", source.as_bytes()).expect_err("an unknown key");
    assert!(findings.error_count() > 0);
    let texts: String = findings
        .texts()
        .iter()
        .map(|text| text.render(false))
        .collect();
    assert!(texts.contains("x.yaml:5:1: error["), "{texts}");
    let value = &findings.to_values()[0];
    for name in [
        "file", "line", "column", "rule", "severity", "message", "hint",
    ] {
        assert!(value.get(name).is_some(), "{name}");
    }
    let fault = findings.to_fault();
    assert_eq!(fault.code, ErrorCode::BadFoldSource);
    assert!(fault.to_value().get("findings").is_some());
}

#[test]
fn bytes_that_are_not_utf8_are_a_finding_with_its_place() {
    let findings = compile("x.yaml", b"version: 1\n# caf\xe9\n").expect_err("latin-1");
    let text = findings.texts()[0].render(false);
    assert!(text.starts_with("x.yaml:2:6: error[utf-8]"), "{text}");
}

#[test]
fn a_hostile_file_name_cannot_reach_the_terminal() {
    let findings = compile("\u{1b}[2J\u{202e}", b"\xff").expect_err("no UTF-8");
    let text = findings.texts()[0].render(false);
    assert!(text.starts_with("\\u{1b}[2J\\u{202e}:1:1"), "{text}");
}
