//! What each operation is worth: true, false, or unknown with where and why.

use super::*;
use crate::language::intent::Intent;
use crate::language::lower::lower_clause;
use crate::language::raise::raise;
use crate::language::request::TrustSnapshot;
use crate::language::syntax::{parse, print};
use alloc::format;
use alloc::string::{String, ToString};
use gatos_values::json;

fn trust() -> TrustSnapshot {
    let text = |text: &str| Text::new(text).expect("assigned");
    let entry = |level, groups: &[&str]| TrustEntry {
        level,
        groups: groups.iter().map(|group| text(group)).collect(),
    };
    TrustSnapshot::from_entries([
        (text("user:alice"), entry(3, &["finance", "ops"])),
        (text("user:bob"), entry(1, &["finance"])),
        (text("user:carol"), entry(-1, &[])),
    ])
}

/// The answer for a request in which everything is there but `resource` and `epoch`.
fn answer(line: &str) -> String {
    let trust = trust();
    let payload = r#"{"amount":250,"approvals":["user:alice","user:bob","user:bob","user:x"],"big":170141183460469231731687303715884105727,"half":0.5,"list":["a",1,null],"maybe":["user:alice",1],"name":"Ärger","nothing":null,"ok":true,"user:alice":7}"#;
    let payload = json::decode_canonical(payload.as_bytes(), usize::MAX).expect("canonical");
    let request = Request {
        actor: Some("user:alice"),
        caps: Some(&["journal:append", "bus:read"]),
        labels: Some(&["private"]),
        remote: Some("internal"),
        remote_addr: Some("10.1.2.3"),
        path: Some("gatos/journal/finance/user:alice/00"),
        payload: Some(&payload),
        ..Request::new(Intent::Write, &trust)
    };
    let node = parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let expression = lower_clause(&node).unwrap_or_else(|error| panic!("{line}: {error}"));
    match judge(&expression, &request) {
        (truth, None) => truth.as_str().to_string(),
        (_, Some(unknown)) => {
            format!(
                "{} {}",
                unknown.cause.as_str(),
                print(&raise(unknown.expression))
            )
        }
    }
}

#[test]
fn every_operation_has_its_answer() {
    for (line, expected) in [
        ("intent == 'write'", "true"),
        ("actor < 'user:b'", "true"),
        ("resource == 'x'", "missing resource"),
        ("not (resource == 'x')", "missing resource"),
        ("resource == 'x' and false == payload.ok", "false"),
        ("resource == 'x' or payload.ok", "true"),
        ("resource == 'x' or epoch > 1", "missing resource"),
        ("before_epoch(3)", "missing epoch"),
        ("caps includes 'bus:read'", "true"),
        ("has_cap('bus:write')", "false"),
        ("labels contains 'private'", "true"),
        ("path contains '/finance/'", "true"),
        ("path starts_with 'gatos/' and path ends_with '/00'", "true"),
        ("path matches_glob 'gatos/journal/*/user:alice/*'", "true"),
        ("path matches_glob 'gatos/*'", "false"),
        ("actor in ['user:bob', 'user:alice']", "true"),
        ("trust[actor].level == 3", "true"),
        ("trust['user:carol'].level < 0", "true"),
        (
            "trust['user:nobody'].level < 0",
            "missing trust['user:nobody'].level",
        ),
        ("trust[payload.nobody].level < 0", "missing payload.nobody"),
        (
            "trust[payload.amount].level < 0",
            "wrong_type payload.amount",
        ),
        ("trust[actor].groups any_of ['ops', 'legal']", "true"),
        ("trust[actor].groups all_of ['ops', 'legal']", "false"),
        ("trust[actor].groups all_of []", "true"),
        ("trust[actor].groups any_of []", "false"),
        ("trust[actor].groups == ['finance', 'ops']", "true"),
        ("trust[actor].groups == ['finance']", "false"),
        ("len(caps) == 2 and len(payload.name) == 6", "true"),
        ("len(payload) == 1", "wrong_type payload"),
        (
            "lower('ABC') == 'abc' and upper(payload.name) == 'ÄRGER'",
            "true",
        ),
        ("lower(payload.name) == 'Ärger'", "true"),
        ("remote_addr in_cidr '10.0.0.0/8'", "true"),
        ("remote_addr in_cidr '::/0'", "false"),
        ("remote in_cidr '::/0'", "bad_address remote"),
        (
            "payload.amount + 1 - 2 == 249 and payload.amount * 2 == 500",
            "true",
        ),
        ("payload.half + payload.half == 1", "true"),
        ("payload.half * 3 > 1.4", "true"),
        ("payload.big + 1 > 0", "overflow payload.big + 1"),
        ("payload.big * -2 < 0", "overflow payload.big * -2"),
        ("payload.name + 1 > 0", "wrong_type payload.name"),
        (
            "payload.amount == '250'",
            "wrong_type payload.amount == '250'",
        ),
        (
            "payload.amount < payload.name",
            "wrong_type payload.amount < payload.name",
        ),
        ("payload.nothing == null and payload.amount != null", "true"),
        ("payload.nothing == 'x'", "false"),
        ("payload == payload", "wrong_type payload == payload"),
        ("payload.list[0] == 'a' and payload.list[2] == null", "true"),
        ("payload.list[3] == 'a'", "missing payload.list[3]"),
        ("payload.list[0 - 1] == 'a'", "missing payload.list[-1]"),
        ("payload.list['a'] == 'a'", "wrong_type payload.list"),
        ("payload[actor] == 7", "true"),
        ("payload[payload.ok] == 7", "wrong_type payload.ok"),
        ("payload['no such'] == 7", "missing payload['no such']"),
        ("payload.list includes 'a'", "true"),
        (
            "payload.list includes 'b'",
            "wrong_type payload.list includes 'b'",
        ),
        ("payload.list includes null", "true"),
        ("payload.amount includes 'b'", "wrong_type payload.amount"),
        ("payload.list contains 1", "true"),
        ("payload.name contains 'rg'", "true"),
        ("payload.name contains 1", "wrong_type 1"),
        ("payload.ok contains 1", "wrong_type payload.ok"),
        ("payload.ok", "true"),
        ("payload.amount", "wrong_type payload.amount"),
        ("true and payload.amount", "wrong_type payload.amount"),
        ("quorum(payload.approvals, 'finance', 2)", "true"),
        ("quorum(payload.approvals, 'finance', 3)", "false"),
        ("quorum(payload.maybe, 'finance', 1)", "true"),
        (
            "quorum(payload.maybe, 'finance', 2)",
            "wrong_type quorum(payload.maybe, 'finance', 2)",
        ),
        ("quorum(payload.maybe, 'finance', 3)", "false"),
        ("quorum(['user:bob'], 'finance', 1)", "true"),
    ] {
        assert_eq!(answer(line), expected, "{line}");
    }
}
