//! What the YAML layer reads, refuses, and where it says things are.

extern crate std;

use super::*;
use alloc::format;
use proptest::prelude::*;

/// The tree on one line: `{a: 1, b: [x, null]}`.
fn shown(node: &Node) -> String {
    match &node.data {
        Data::Null => "null".into(),
        Data::Bool(value) => format!("{value}"),
        Data::Number(number) => format!("{number}"),
        Data::Text(text) => format!("{:?}", text.as_str()),
        Data::List(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            format!("[{}]", items.join(", "))
        }
        Data::Map(entries) => {
            let entry = |entry: &Entry| format!("{}: {}", entry.key, shown(&entry.value));
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

fn check(source: &str, expected: &str) {
    let found = match parse(source) {
        Ok(node) => shown(&node),
        Err(error) => {
            let Position { line, column } = error.position;
            format!("{line}:{column}: {error}")
        }
    };
    let start: String = source.chars().take(200).collect();
    assert_eq!(found, expected, "{start}");
}

#[test]
fn reads_the_core_schema() {
    check("", "null");
    check("# only a comment\n", "null");
    check(
        "a: b\nc: [1, 'x', \"y\\u00e9\"]\nd:\n  - e: ~\n",
        "{a: \"b\", c: [1, \"x\", \"yé\"], d: [{e: null}]}",
    );
    check(
        "{\"json\": [true, False, NULL, null, no, yes, on]}",
        "{json: [true, false, null, null, \"no\", \"yes\", \"on\"]}",
    );
    check(
        "a: |\n  x\n  y\nb: >-\n  x\n  y\n",
        "{a: \"x\\ny\\n\", b: \"x y\"}",
    );
    check("'1': a\n\"true\": b\n", "{1: \"a\", true: \"b\"}");
    check("---\na: 1\n...\n", "{a: 1}");
}

#[test]
fn reads_numbers_exactly() {
    check(
        "[0, -0, 007, +12, 0x1F, 0o17, 1., .5, -0.25, 1e3, 12.5e-1, 1.5E+2]",
        "[0, 0, 7, 12, 31, 15, 1, 0.5, -0.25, 1000, 1.25, 150]",
    );
    check("[1.0, 100e-2, 0.1]", "[1, 1, 0.1]");
    check(
        "170141183460469231731687303715884105727",
        "170141183460469231731687303715884105727",
    );
    check(
        "[1.2.3, 1_000, 0x, 0o8, e5, +, ., 1e, '1', a-1]",
        "[\"1.2.3\", \"1_000\", \"0x\", \"0o8\", \"e5\", \"+\", \".\", \"1e\", \"1\", \"a-1\"]",
    );
    for number in [
        ".inf",
        "-.INF",
        ".nan",
        "1e999",
        "170141183460469231731687303715884105728",
        "0xffffffffffffffffffffffffffffffffff",
    ] {
        check(
            number,
            &format!("1:1: `{number}` is not a number this format can hold"),
        );
    }
}

#[test]
fn refuses_what_readers_disagree_on() {
    check("a: &x 1", "1:4: anchors and aliases are not supported");
    check(
        "a: *x",
        "1:4: not well-formed YAML: while parsing node, found unknown anchor",
    );
    check("a: !!str 1", "1:4: tags are not supported");
    check("a: !t {}", "1:4: tags are not supported");
    check("a: 1\nb:\n  c: 1\n  c: 2\n", "4:3: duplicate key `c`");
    check("\"e\\u0301\": 1\n\"\\u00e9\": 2", "2:1: duplicate key `é`");
    check("<<: {a: 1}", "1:1: the merge key `<<` is not supported");
    check("'<<': 1", "{<<: 1}");
    check("1: a", "1:1: a key must be text, not a number");
    check("true: a", "1:1: a key must be text, not a boolean");
    check("? [a]\n: b", "1:3: a key must be text, not a list");
    check("a: 1\n---\nb: 2\n", "2:1: a second document in one source");
    check(
        "a: \u{0}",
        "1:4: the character U+0000 may not stand in a YAML source",
    );
    check(
        "ä: \u{7}",
        "1:4: the character U+0007 may not stand in a YAML source",
    );
    check(
        "a: \"\\U00000378\"",
        "1:4: text with a code point unassigned in the pinned Unicode version",
    );
    check(
        "a: [1\nb: 2",
        "2:2: not well-formed YAML: illegal placement of ':' indicator",
    );
}

#[test]
fn limits_size_depth_and_count() {
    check(
        &"[".repeat(DEPTH_MAX + 1),
        "1:33: nested deeper than 32 levels",
    );
    check(
        &" ".repeat(SOURCE_SIZE_MAX + 1),
        "1:1: the source is larger than 1048576 bytes",
    );
    let many = format!("[{}]", "1,".repeat(NODE_COUNT_MAX));
    check(&many, "1:200000: more than 100000 values in one document");
}

#[test]
fn positions_count_characters() {
    let node = parse("é: [ü, x]\nlist:\n  - a: b\n").expect("well formed");
    let Data::Map(entries) = &node.data else {
        panic!("a map")
    };
    let Data::List(items) = &entries[0].value.data else {
        panic!("a list")
    };
    assert_eq!(items[1].position, Position { line: 1, column: 8 });
    let Data::List(items) = &entries[1].value.data else {
        panic!("a list")
    };
    let Data::Map(inner) = &items[0].data else {
        panic!("a map")
    };
    assert_eq!(inner[0].position, Position { line: 3, column: 5 });
    assert_eq!(inner[0].value.position, Position { line: 3, column: 8 });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn random_text_never_panics(source in "\\PC{0,80}") {
        let _ = parse(&source);
    }

    #[test]
    fn random_syntax_never_panics(source in "[\\-a:\\[\\]{},?&*!|>'\"%@`#~ \n\t0.\u{e9}]{0,60}") {
        let _ = parse(&source);
    }

    #[test]
    fn json_reads_as_json(value in any_json()) {
        let text = value.to_string();
        let node = parse(&text).expect("JSON is YAML");
        prop_assert_eq!(shown(&node), shown_json(&value), "{}", text);
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[a-z :#{}\\[\\],'\"\\\\\n-]{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn shown_json(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => format!("{text:?}"),
        serde_json::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(shown_json).collect();
            format!("[{}]", items.join(", "))
        }
        serde_json::Value::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{key}: {}", shown_json(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => format!("{other}"),
    }
}

/// The YAML test suite, where `GATOS_YAML_SUITE` names its cases as one JSON list (`[{id, cases: [{yaml, json, fail}]}]`).
/// What we read must be what the suite says; what the suite refuses must be refused. We may refuse more.
#[test]
fn reads_the_suite_as_it_says() {
    let Some(path) = std::env::var_os("GATOS_YAML_SUITE") else {
        return;
    };
    let suite = std::fs::read_to_string(path).expect("the suite is readable");
    let suite: serde_json::Value = serde_json::from_str(&suite).expect("the suite is JSON");
    let (mut same, mut refused, mut wrong) = (0, 0, Vec::new());
    for group in suite.as_array().expect("a list") {
        for case in group["cases"].as_array().expect("cases") {
            let source = case["yaml"].as_str().unwrap_or_default();
            match (parse(source), case["json"].as_str(), &case["fail"]) {
                (Err(_), ..) => refused += 1,
                (Ok(mut node), Some(json), _) => {
                    sort(&mut node);
                    let expected = parse(json).map(|mut node| {
                        sort(&mut node);
                        shown(&node)
                    });
                    let expected = expected.unwrap_or_default();
                    if shown(&node) == expected {
                        same += 1;
                    } else {
                        wrong.push(format!("{} {} {expected}", group["id"], shown(&node)));
                    }
                }
                (Ok(node), None, fail) if *fail == true => {
                    wrong.push(format!("{} accepted {}", group["id"], shown(&node)))
                }
                (Ok(_), None, _) => {}
            }
        }
    }
    std::println!("{same} as the suite says, {refused} refused");
    assert!(same > 100);
    assert_eq!(wrong, Vec::<String>::new());
}

/// Brings maps into the order of their keys, which means nothing in either text.
fn sort(node: &mut Node) {
    match &mut node.data {
        Data::List(items) => items.iter_mut().for_each(sort),
        Data::Map(entries) => {
            entries.sort_by(|left, right| left.key.cmp(&right.key));
            entries.iter_mut().for_each(|entry| sort(&mut entry.value));
        }
        _ => {}
    }
}

/// Sources made to be slow for the scanner stay within a second or two even unoptimised.
#[test]
fn nasty_sources_take_linear_time() {
    for piece in [
        "[", "{a: ", "- ", "? ", "a: ", "&a ", "'", "\"\\", "|\n ", "- - - \n", "{", "!a ", "%",
        "a\n", ": ", "#", "\t", ", ",
    ] {
        let _ = parse(&piece.repeat(20_000));
    }
}
