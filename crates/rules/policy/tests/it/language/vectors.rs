//! Golden vectors: the examples' compiled bytes and roots, and decisions under them, byte for byte.
//!
//! `GATOS_BLESS=1` writes `vectors/policy` anew; only a change of the language may need that. The sources lie in
//! `examples/policies`, the requests below.

use gatos_policy::language::{Context, Policy, compile};
use gatos_values::{hex, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

const FINANCE: &[&str] = &[
    r#"{"intent":"write","actor":"user:alice","caps":["journal:append"],"labels":[],"remote":"none","path":"gatos/journal/finance/user:alice/00","trust":{"user:alice":{"level":2}}}"#,
    r#"{"intent":"write","actor":"user:alice","caps":["journal:append"],"labels":["private"],"remote":"none","path":"gatos/journal/finance/user:alice/00","trust":{"user:alice":{"level":2}}}"#,
    r#"{"intent":"write","actor":"user:alice","caps":["journal:append"],"labels":["private"],"path":"gatos/journal/finance/user:alice/00","trust":{"user:alice":{"level":2}}}"#,
    r#"{"intent":"write","actor":"user:eve","caps":["journal:append"],"labels":[],"remote":"none","path":"gatos/journal/finance/user:eve/00"}"#,
    r#"{"intent":"read","actor":"user:alice"}"#,
];

const OPERATIONS: &[&str] = &[
    r#"{"intent":"read","actor":"user:alice","labels":["public"],"remote":"none","payload":{"tags":["x"]}}"#,
    r#"{"intent":"read","actor":"user:alice","labels":["internal"],"remote":"none","payload":{"tags":["y",1,true,null]},"trust":{"user:alice":{"groups":["ops"]}}}"#,
    r#"{"intent":"write","actor":"agent:ci","path":"gatos/journal/ops/deploy/agent:ci/00","remote":"internal","resource":"gatos://books/ops/journal","payload":{"name":"Bob"}}"#,
    r#"{"intent":"write","actor":"agent:ci","path":"gatos/journal/ops/deploy/agent:ci/00","remote":"internal","resource":"gatos://books/ops/journal","payload":{"name":7}}"#,
    r#"{"intent":"export","actor":"user:alice","epoch":2,"remote":"partner","remote_addr":"192.0.2.7","payload":{"amount":900,"fee":0.5,"items":["a","b"],"owners":{}}}"#,
    r#"{"intent":"export","actor":"user:alice","epoch":2,"remote":"partner","remote_addr":"198.51.100.1","payload":{"amount":900,"fee":0.5,"items":["a","b"],"owners":{"user:alice":1}}}"#,
    r#"{"intent":"export","actor":"user:alice","epoch":2,"remote":"partner","remote_addr":"somewhere","payload":null}"#,
    r#"{"intent":"export","actor":"user:alice","epoch":2,"remote":"none","payload":{"amount":170141183460469231731687303715884105727,"fee":1,"items":[1,2],"owners":{"user:alice":1}}}"#,
    r#"{"intent":"govern","actor":"user:carol","remote":"none","payload":{"approvals":["user:alice","user:bob"],"subject":"user:dave"},"trust":{"user:alice":{"groups":["governors"]},"user:bob":{"groups":["governors"]},"user:carol":{"level":1},"user:dave":{"level":0}}}"#,
    r#"{"intent":"govern","actor":"user:alice","remote":"none","payload":{"approvals":["user:alice","user:alice"],"subject":"user:dave"},"trust":{"user:alice":{"groups":["governors"]}}}"#,
];

/// Root, bytes, then one line a request: the request and its decision.
fn report(policy: &Policy, requests: &[&str]) -> String {
    let mut text = format!(
        "root\t{}\nrgc\t{}\n",
        policy.root(),
        hex::encode(policy.bytes())
    );
    for line in requests {
        let value = json::decode_strict(line.as_bytes(), usize::MAX).expect("JSON");
        let context = Context::from_value(&value).expect("a context");
        let decision = context.ask(|request| policy.evaluate(request));
        let shown = json::encode_canonical(&decision.to_value()).expect("shallow");
        let shown = String::from_utf8(shown).expect("UTF-8");
        writeln!(
            text,
            "decision\t{line}\t{shown}\t{}",
            hex::encode(&decision.to_bytes())
        )
        .expect("a string");
    }
    text
}

fn check(name: &str, requests: &[&str]) {
    let source = std::fs::read_to_string(root().join(format!("examples/policies/{name}.rgs")))
        .expect("the example");
    let compiled = compile(&source).unwrap_or_else(|findings| panic!("{name}: {}", findings[0]));
    assert_eq!(compiled.warnings, [], "{name}");
    let text = report(
        &Policy::decode(&compiled.rgc).expect("our own bytes"),
        requests,
    );
    let path = root().join(format!("vectors/policy/{name}.tsv"));
    if std::env::var_os("GATOS_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(&path, &text).expect("writable");
    }
    let kept = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(kept, text, "{name} differs from what the code gives");
}

#[test]
fn the_examples_are_these_bytes_and_decide_so() {
    check("finance", FINANCE);
    check("operations", OPERATIONS);
}
