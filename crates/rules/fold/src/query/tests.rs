//! Singular queries against examples, the crate `serde_json_path`, and the RFC's compliance suite.

extern crate std;

use super::*;
use alloc::format;
use alloc::string::ToString;
use gatos_values::json;
use proptest::prelude::*;

fn value(text: &str) -> Value {
    json::decode_strict(text.as_bytes(), usize::MAX).expect("a JSON text")
}

fn found(query: &str, document: &Value) -> String {
    match Query::parse(query) {
        Err(error) => format!("{error}"),
        Ok(query) => query
            .find(document, None)
            .map_or("nothing".to_string(), |value| {
                std::string::String::from_utf8(json::encode_canonical(value).expect("JSON"))
                    .expect("UTF-8")
            }),
    }
}

#[test]
fn finds_members_and_elements() {
    let document = value(r#"{"a":{"b c":[1,2,{"d":null}]},"é":true,"":0}"#);
    for (query, expected) in [
        ("$", r#"{"":0,"a":{"b c":[1,2,{"d":null}]},"é":true}"#),
        ("$.a['b c'][0]", "1"),
        ("$.a[\"b c\"][-1].d", "null"),
        ("$.a['b c'][-4]", "nothing"),
        ("$.a['b c'][3]", "nothing"),
        ("$.a['b c'].d", "nothing"),
        ("$.a[0]", "nothing"),
        ("$.é", "true"),
        ("$['e\\u0301']", "true"),
        ("$['']", "0"),
        ("$ .a ['b c'] [ 1 ]", "2"),
        ("@.a", "nothing"),
    ] {
        assert_eq!(found(query, &document), expected, "{query}");
    }
}

#[test]
fn refuses_what_is_no_singular_query() {
    for (query, expected) in [
        ("", "a query starts with `$`"),
        ("a", "a query starts with `$`"),
        (
            "$.",
            "byte 2: expected a name: letters, digits and `_`; write others as `['…']`",
        ),
        (
            "$..a",
            "byte 1: a query here names one value; wildcards, slices, filters, `..` and lists of selectors are refused",
        ),
        (
            "$.*",
            "byte 1: a query here names one value; wildcards, slices, filters, `..` and lists of selectors are refused",
        ),
        (
            "$[*]",
            "byte 2: a query here names one value; wildcards, slices, filters, `..` and lists of selectors are refused",
        ),
        (
            "$[1:2]",
            "byte 2: a query here names one value; wildcards, slices, filters, `..` and lists of selectors are refused",
        ),
        (
            "$['a','b']",
            "byte 2: a query here names one value; wildcards, slices, filters, `..` and lists of selectors are refused",
        ),
        (
            "$[?@.a]",
            "byte 2: a query here names one value; wildcards, slices, filters, `..` and lists of selectors are refused",
        ),
        (
            "$[01]",
            "byte 2: expected an index without leading zeros, at most 2^53 - 1",
        ),
        (
            "$[-0]",
            "byte 2: expected an index without leading zeros, at most 2^53 - 1",
        ),
        (
            "$[9007199254740992]",
            "byte 2: expected an index without leading zeros, at most 2^53 - 1",
        ),
        (
            "$[-9223372036854775808]",
            "byte 2: expected an index without leading zeros, at most 2^53 - 1",
        ),
        ("$['a", "byte 4: expected the closing quote"),
        (
            "$['a\\x']",
            "byte 5: expected one of the escapes b f n r t / \\ u or the quote itself",
        ),
        (
            "$['\\\"']",
            "byte 4: expected one of the escapes b f n r t / \\ u or the quote itself",
        ),
        (
            "$['\\ud800']",
            "byte 5: expected four hexadecimal digits of a character",
        ),
        (
            "$['\n']",
            "byte 3: expected an escape instead of a control character",
        ),
        ("$.a ", "byte 4: expected `.` or `[`"),
        ("$[a]", "byte 2: expected a quoted name or an index"),
        ("$['a'", "byte 5: expected `]`"),
        (
            "$['\u{378}']",
            "byte 2: the name has a code point unassigned in the pinned Unicode version",
        ),
    ] {
        assert_eq!(found(query, &Value::Null), expected, "{query}");
    }
    let long = format!("${}", ".a".repeat(SEGMENT_COUNT_MAX + 1));
    assert_eq!(Query::parse(&long), Err(QueryError::TooLong));
    assert!(Query::parse(&long[..long.len() - 2]).is_ok());
}

#[test]
fn prints_normalized_paths() {
    for (query, expected) in [
        ("$", "$"),
        ("$.a.b[0][-1]", "$['a']['b'][0][-1]"),
        ("@[\"it's\"]", "@['it\\'s']"),
        (
            "$['\\\\\\b\\f\\n\\r\\t\\u000b\\u001F\\u00e9\\uD834\\uDD1E\\/']",
            "$['\\\\\\b\\f\\n\\r\\t\\u000b\\u001fé𝄞/']",
        ),
    ] {
        assert_eq!(Query::parse(query).expect("a query").to_string(), expected);
    }
}

/// The RFC's compliance suite, where `GATOS_JSONPATH_CTS` names its `cts.json`. Valid queries that our reader
/// refuses must be ones that may select several values; all others must be found as the suite says.
#[test]
fn passes_the_compliance_suite() {
    let Some(path) = std::env::var_os("GATOS_JSONPATH_CTS") else {
        return;
    };
    let suite = std::fs::read_to_string(path).expect("the suite is readable");
    let suite: serde_json::Value = serde_json::from_str(&suite).expect("the suite is JSON");
    let (mut singular, mut refused, mut several) = (0, 0, 0);
    for case in suite["tests"].as_array().expect("tests") {
        let text = case["selector"].as_str().expect("a selector");
        let query = Query::parse(text);
        if case["invalid_selector"] == true {
            assert!(query.is_err(), "must refuse {text}");
            refused += 1;
            continue;
        }
        let query = match query {
            Ok(query) => query,
            Err(QueryError::NotSingular { .. }) => {
                several += 1;
                continue;
            }
            // The value model has no such text.
            Err(QueryError::Unassigned { .. }) => continue,
            Err(error) => panic!("{text}: {error}"),
        };
        singular += 1;
        let document = value(&case["document"].to_string());
        let nodes: Vec<&Value> = query.find(&document, None).into_iter().collect();
        let wanted = value(&case["result"].to_string());
        let wanted: Vec<&Value> = wanted.as_list().expect("a list of nodes").iter().collect();
        assert_eq!(nodes, wanted, "{text}");
    }
    assert!(
        singular > 50 && refused > 100 && several > 100,
        "{singular} {refused} {several}"
    );
    std::println!(
        "{singular} singular, {several} refused as not singular, {refused} refused as invalid"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn reads_back_what_it_prints(names in prop::collection::vec(prop_oneof!["\\PC{0,6}", "['\"\\\\\n\t\u{1}\u{301}]{0,4}"], 0..4), index in -9_i64..9) {
        let mut segments: Vec<Segment> = names.iter().filter_map(|name| Text::new(name).ok()).map(Segment::Name).collect();
        segments.push(Segment::Index(index));
        let query = Query { root: Root::Payload, segments };
        let read = Query::parse(&query.to_string());
        prop_assert_eq!(read.as_ref(), Ok(&query), "{}", query);
    }

    #[test]
    fn agrees_with_serde_json_path(query in "[$](\\.[ab_]{1,2}|\\['[ab ]{0,2}'\\]|\\[-?[0-3]\\]|[ ]|\\[[ ]?1[ ]?\\]|\\.\\.a|\\[\\*\\]){0,4}") {
        let document = r#"{"a":[{"b":1,"a":[2]},[3,[4,{"aa":5}],6],null],"b":{"a":{"b":[7]},"_":8,"":9},"ab":[[["x"]]]}"#;
        let oracle = serde_json_path::JsonPath::parse(&query);
        let ours = Query::parse(&query);
        match (oracle, ours) {
            (Ok(oracle), Ok(ours)) => {
                let json: serde_json::Value = serde_json::from_str(document).expect("JSON");
                let expected = oracle.query(&json).at_most_one().expect("a singular query");
                let expected = expected.map(|node| value(&node.to_string()));
                let document = value(document);
                prop_assert_eq!(ours.find(&document, None), expected.as_ref());
            }
            (Ok(_), Err(error)) => prop_assert!(matches!(error, QueryError::NotSingular { .. }), "{}: {}", query, error),
            (Err(_), ours) => prop_assert!(ours.is_err(), "{query}"),
        }
    }

    #[test]
    fn random_text_never_panics(text in "[$@]?[\\PC]{0,20}") {
        let _ = Query::parse(&text);
    }
}
