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

#[test]
fn sarif_names_rule_level_place_and_cure() {
    let source = "local t = setmetatable({}, {__gc = 1})\n";
    let mut findings = check("tools/å b.lua", source.as_bytes());
    assert_eq!((findings.error_count(), findings.count()), (0, 1));
    findings.promote(false, &["other".to_owned()]);
    assert_eq!(findings.error_count(), 0);
    findings.promote(false, &["ignored-metamethod".to_owned()]);
    assert_eq!(findings.error_count(), 1);
    let document = sarif::document(&[findings]);
    let run = &document.get("runs").and_then(Value::as_list).expect("runs")[0];
    let result = &run
        .get("results")
        .and_then(Value::as_list)
        .expect("results")[0];
    let text = |path: &[&str]| {
        let found = path.iter().try_fold(result, |value, key| value.get(key));
        found.and_then(Value::as_str).map(str::to_owned)
    };
    assert_eq!(text(&["ruleId"]).as_deref(), Some("ignored-metamethod"));
    assert_eq!(text(&["level"]).as_deref(), Some("error"));
    let location = &result
        .get("locations")
        .and_then(Value::as_list)
        .expect("one")[0];
    let location = location.get("physicalLocation").expect("a place");
    let uri = location
        .get("artifactLocation")
        .and_then(|at| at.get("uri"));
    assert_eq!(uri.and_then(Value::as_str), Some("tools/%C3%A5%20b.lua"));
    let region = location.get("region").expect("a region");
    assert_eq!(region.get("startLine"), Some(&Value::from(1_u8)));
}
