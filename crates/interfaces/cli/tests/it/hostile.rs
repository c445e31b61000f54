//! What nobody should type: huge, broken and hostile input ends in a refusal, never in a panic.

use crate::stage::{Stage, run};
use std::ffi::OsString;
use std::process::Output;

/// Runs a line and holds the ending to the manners: a known status, no panic, nothing raw on a terminal.
fn refused(stage: &Stage, arguments: Vec<OsString>, input: &[u8]) -> Output {
    let output = run(stage.gatos(arguments.clone()), input);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        matches!(output.status.code(), Some(1..=3)),
        "{arguments:?}: {:?}\n{errors}",
        output.status
    );
    assert!(
        !errors.contains("panicked") && !errors.contains("INTERNAL"),
        "{arguments:?}: {errors}"
    );
    assert!(
        !errors
            .chars()
            .any(|c| c != '\n' && gatos_cli::escape::is_unsafe(c)),
        "{arguments:?}: {errors}"
    );
    assert!(errors.len() < 10_000, "{} bytes of complaint", errors.len());
    output
}

fn words(line: &[&str]) -> Vec<OsString> {
    line.iter().map(OsString::from).collect()
}

#[test]
fn hostile_words_are_escaped_in_every_place() {
    let stage = Stage::new();
    let nasty = "\u{1b}[2J\u{202e}gpj.exe\u{7}";
    for line in [
        vec![nasty],
        vec!["event", nasty],
        vec!["event", "log", "--ns", nasty],
        vec![
            "event",
            "append",
            "--ns",
            "a",
            "--type",
            nasty,
            "--payload",
            "1",
        ],
        vec![
            "event",
            "append",
            "--ns",
            "a",
            "--type",
            "b",
            "--payload",
            "1",
            "--actor",
            nasty,
        ],
        vec!["event", "show", nasty],
        vec!["foldc", nasty],
        vec!["lint", nasty],
        vec!["key", "show", nasty],
        vec!["fold", "show", nasty],
        vec!["man", nasty],
        vec!["-C", nasty, "status"],
        vec!["--color", nasty, "status"],
        vec!["clone", nasty],
    ] {
        refused(&stage, words(&line), b"");
    }
}

#[test]
fn huge_words_end_in_short_complaints() {
    let stage = Stage::new();
    let huge = "x".repeat(100_000);
    for line in [
        vec!["event", "log", "--ns", &huge],
        vec!["foldc", &huge],
        vec![huge.as_str()],
        vec![
            "event",
            "append",
            "--ns",
            "a",
            "--type",
            "b",
            "--payload",
            &huge,
        ],
        vec!["-C", &huge, "status"],
    ] {
        refused(&stage, words(&line), b"");
    }
    let deep = "[".repeat(100_000);
    refused(
        &stage,
        words(&[
            "event",
            "append",
            "--ns",
            "a",
            "--type",
            "b",
            "--payload",
            &deep,
        ]),
        b"",
    );
}

#[cfg(unix)]
#[test]
fn words_that_are_not_unicode_are_refused_or_used_as_paths() {
    use std::os::unix::ffi::OsStringExt;
    let stage = Stage::new();
    let broken = OsString::from_vec(b"caf\xe9\xff".to_vec());
    for position in [
        vec![],
        vec!["event", "log", "--ns"],
        vec!["foldc"],
        vec!["lint"],
        vec!["-C"],
    ] {
        let mut line = words(&position);
        line.push(broken.clone());
        refused(&stage, line.clone(), b"");
        line.push("--json".into());
        let output = refused(&stage, line, b"");
        let read: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one document");
        assert_eq!(read["ok"], false);
    }
}

#[test]
fn hostile_bytes_on_standard_input_are_refused_with_their_offset() {
    let stage = Stage::new();
    let cases: [(&[u8], u64); 6] = [
        (b"", 0),
        (b"{\"a\":1,\"a\":2}", 7),
        (b"\"\\ud800\"", 1),
        (b"[1e3]", 2),
        (b"\"a\0b\"", 2),
        (b"\xff\xfe", 0),
    ];
    for (input, offset) in cases {
        let output = refused(&stage, words(&["canon", "encode", "--json"]), input);
        let read: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one document");
        assert_eq!(read["offset"], offset, "{input:?}: {read}");
    }
    refused(
        &stage,
        words(&["canon", "encode"]),
        "[".repeat(1 << 20).as_bytes(),
    );
    refused(
        &stage,
        words(&["canon", "check", "--cbor"]),
        &[0x9f; 1 << 16],
    );
    refused(
        &stage,
        words(&["canon", "check", "--cbor"]),
        &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    );
}

#[test]
fn hostile_fold_sources_are_findings() {
    let stage = Stage::new();
    let anchors = "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n";
    let deep = format!("version: 1\nreducers: {}", "[".repeat(50_000));
    for source in [
        "",
        "\0",
        "\u{feff}",
        "- - - -",
        "{",
        anchors,
        &deep,
        "version: 1\nreducers: !!python/object x\n",
    ] {
        let output = refused(&stage, words(&["lint", "--json", "-"]), source.as_bytes());
        let read: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one document");
        assert_eq!(read["ok"], false, "{source:?}");
        assert!(
            read["findings"]
                .as_array()
                .is_some_and(|found| !found.is_empty()),
            "{source:?}"
        );
    }
}

#[test]
fn hostile_compiled_folds_are_refused() {
    let stage = Stage::new();
    for bytes in [
        b"".as_slice(),
        b"\xa0",
        b"\xbf\xff",
        &[0xff; 4096],
        b"not cbor at all",
    ] {
        let path = stage.work().join("x.rgf");
        std::fs::write(&path, bytes).expect("writable");
        refused(&stage, words(&["fold", "show", "x.rgf"]), b"");
    }
}
