//! Sources and what the compiler makes of them, or says about them.

extern crate std;

use super::*;
use crate::rgf::Fold;
use gatos_values::roots;

/// The `.rgf` as JSON, or the findings.
fn shown(source: &str) -> String {
    match compile_yaml(source) {
        Ok(compiled) => {
            let fold = Fold::decode(&compiled.rgf).expect("what compiles decodes");
            assert_eq!(fold.fold_root(), compiled.fold_root);
            let value = cbor::decode(&compiled.rgf, usize::MAX).expect("canonical");
            let json = gatos_values::json::encode_canonical(&value).expect("JSON");
            String::from_utf8(json).expect("UTF-8")
        }
        Err(findings) => {
            let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
            lines.join("\n")
        }
    }
}

fn check(source: &str, expected: &str) {
    assert_eq!(shown(source), expected.trim(), "{source}");
}

/// A fold with one reducer, written in flow style, and an emission.
fn with_reducer(reducer: &str) -> String {
    format!("version: 1\nreducers: [{reducer}]\nemit: [{{path: state/x.json}}]\n")
}

/// The reducer of such a fold, as JSON, or the findings.
fn check_reducer(reducer: &str, expected: &str) {
    let shown = shown(&with_reducer(reducer));
    let code = shown
        .split_once("\"code\":[")
        .and_then(|(_, rest)| rest.split_once("],\"emit\""));
    assert_eq!(
        code.map_or(shown.as_str(), |(code, _)| code),
        expected,
        "{reducer}"
    );
}

const INVOICES: &str = r#"
version: 1
inputs: ["gatos/journal/finance/**"]
reducers:
  - kind: map-join-lww
    key: "$.id"
emit:
  - path: "state/finance/invoices.json"
"#;

#[test]
fn compiles_the_first_example() {
    check(
        INVOICES,
        r#"{"allow":[],"code":[{"delete":null,"each":null,"granularity":"field","key":"$['id']","kind":"map-join-lww","name":"map-join-lww","value":"$","where":[]}],"emit":[{"format":"json","from":"map-join-lww","path":"state/finance/invoices.json","split":null}],"inputs":["gatos/journal/finance/**"],"kind":"reducers","limits":{},"merge":{"state/finance/invoices.json":"map-join-lww"},"privileged":false,"v":1}"#,
    );
}

#[test]
fn the_empty_fold_has_the_published_root() {
    let compiled = compile_yaml("version: 1\nreducers: []\nemit: []\n").expect("the empty fold");
    assert_eq!(compiled.rgf, roots::EMPTY_FOLD_BYTES);
    assert_eq!(compiled.fold_root, roots::EMPTY_FOLD_ROOT);
}

#[test]
fn what_does_not_matter_does_not_change_the_root() {
    let one = r#"
version: 1
reducers:
  - {name: b, kind: count-by, key: $.k, where: {type: [x.*, "a"], "$.n": {">": 1, "<": 9}}}
  - {name: a, kind: lww, value: $.v}
emit:
  - {path: state/b.json, from: b}
  - {path: state/a.json, from: a}
"#;
    let other = r#"# a comment
emit:
  - from: a
    path: "state/a.json"
    format: json
  - from: b
    path: "state/b.json"
privileged: false
limits: {}
allow: []
merge: {state/a.json: lww}
reducers:
  - value: "$['v']"
    kind: lww
    name: a
  - where: {"$['n']": {"<": 9.0, ">": 0x1}, type: [a, x.*, a]}
    key: $["k"]
    kind: count-by
    name: b
version: 1
"#;
    let root = |source: &str| compile_yaml(source).expect("valid").fold_root;
    assert_eq!(root(one), root(other));
    assert_ne!(root(one), root(&one.replace("$.v", "$.w")));
    assert_ne!(root(one), root(&one.replace("x.*", "x.**")));
}

#[test]
fn normalises_every_kind() {
    let rows = [
        (
            "{kind: map-join-lww, key: $.id, granularity: entry, value: {t: $.t, by: event.actor}, delete: {where: {type: x}}}",
            r#"{"delete":{"where":[["type","glob",["x"]]]},"each":null,"granularity":"entry","key":"$['id']","kind":"map-join-lww","name":"map-join-lww","value":{"by":"event.actor","t":"$['t']"},"where":[]}"#,
        ),
        (
            "{kind: map-join, key: $.id, value: {kind: map-join, key: '@.k', value: {kind: max, value: '@.n'}}, each: $.l}",
            r#"{"each":"$['l']","key":"$['id']","kind":"map-join","name":"map-join","value":{"key":"@['k']","kind":"map-join","value":{"kind":"max","value":"@['n']"}},"where":[]}"#,
        ),
        (
            "{kind: lww, value: $.v}",
            r#"{"each":null,"kind":"lww","name":"lww","value":"$['v']","where":[]}"#,
        ),
        (
            "{kind: min, value: $.v, name: low}",
            r#"{"each":null,"kind":"min","name":"low","value":"$['v']","where":[]}"#,
        ),
        (
            "{kind: counter-g}",
            r#"{"each":null,"inc":{"value":1,"where":[]},"kind":"counter-g","name":"counter-g","where":[]}"#,
        ),
        (
            "{kind: counter-pn, value: $.n, inc: {where: {type: a.*}}, dec: {where: {type: b}, value: 2.50}}",
            r#"{"dec":{"value":2.5,"where":[["type","glob",["b"]]]},"each":null,"inc":{"value":"$['n']","where":[["type","glob",["a.*"]]]},"kind":"counter-pn","name":"counter-pn","where":[]}"#,
        ),
        (
            "{kind: count-by, key: event.type}",
            r#"{"each":null,"key":"event.type","kind":"count-by","name":"count-by","where":[]}"#,
        ),
        (
            "{kind: sum-by, key: $.k, value: $.n, where: {$.n: {exists: true}}}",
            r#"{"each":null,"key":"$['k']","kind":"sum-by","name":"sum-by","value":"$['n']","where":[["$['n']","exists",true]]}"#,
        ),
        (
            "{kind: set-g, value: $.t}",
            r#"{"add":{"value":"$['t']","where":[]},"each":null,"kind":"set-g","name":"set-g","where":[]}"#,
        ),
        (
            "{kind: set-2p, value: $.t, remove: {where: {$.gone: true}}}",
            r#"{"add":{"value":"$['t']","where":[]},"each":null,"kind":"set-2p","name":"set-2p","remove":{"value":"$['t']","where":[["$['gone']","==",true]]},"where":[]}"#,
        ),
        (
            "{kind: set-or, add: {value: $.t}, remove: {where: {type: r}, value: $.adds}}",
            r#"{"add":{"value":"$['t']","where":[]},"each":null,"kind":"set-or","name":"set-or","remove":{"value":"$['adds']","where":[["type","glob",["r"]]]},"where":[]}"#,
        ),
        (
            "{kind: set-lww, add: {value: $.a}, remove: {value: $.b, where: {$.b: {in: [2, 1, 2, null, x]}}}}",
            r#"{"add":{"value":"$['a']","where":[]},"each":null,"kind":"set-lww","name":"set-lww","remove":{"value":"$['b']","where":[["$['b']","in",[null,1,2,"x"]]]},"where":[]}"#,
        ),
        (
            "{kind: list-append, value: $}",
            r#"{"each":null,"kind":"list-append","name":"list-append","value":"$","where":[]}"#,
        ),
    ];
    for (reducer, expected) in rows {
        check_reducer(reducer, expected);
    }
}

#[test]
fn names_every_mistake_with_its_place() {
    let rows = [
        (
            "{kind: nope, key: $.a}",
            "2:19: error[unknown-kind]: unknown kind `nope` (known here: map-join-lww, map-join, lww, max, min, counter-g, counter-pn, count-by, sum-by, set-g, set-2p, set-or, set-lww, list-append)",
        ),
        (
            "{kind: lwww, value: $.a}",
            "2:19: error[unknown-kind]: unknown kind `lwww` (did you mean `lww`?)",
        ),
        (
            "{kind: graph}",
            "2:19: error[unsupported]: `graph` reducers come with a later version (keep nodes and edges in two `map-join-lww` reducers)",
        ),
        (
            "{key: $.a}",
            "2:12: error[missing-key]: `kind` is missing in a reducer (add `kind:`)",
        ),
        (
            "{kind: count-by}",
            "2:12: error[missing-key]: `key` is missing in a reducer (add `key:`)",
        ),
        (
            "{kind: sum-by, key: $.a}",
            "2:12: error[missing-key]: `value` is missing in a reducer (add `value:`)",
        ),
        (
            "{kind: set-g}",
            "2:12: error[missing-key]: `value` is missing for `add` (add `value:` to `add`)",
        ),
        (
            "{kind: set-2p, value: $.a}",
            "2:12: error[missing-key]: `remove` is missing in a reducer (add `remove:`)",
        ),
        (
            "{kind: set-or, value: $.a, remove: {where: {type: x}}}",
            "2:47: error[missing-key]: `value` is missing for `remove` (add `value:` to `remove`)",
        ),
        (
            "{kind: counter-pn}",
            "2:12: error[missing-key]: `dec` is missing in a reducer (add `dec:`)",
        ),
        (
            "{kind: counter-g, value: -1}",
            "2:37: error[wrong-type]: a counter moves by amounts that are not negative (use `dec` of `counter-pn`, or `sum-by`)",
        ),
        (
            "{kind: count-by, kye: $.a, key: $.a}",
            "2:29: error[unknown-key]: unknown key `kye` in a reducer (did you mean `key`?)",
        ),
        (
            "{kind: count-by, key: $.a, value: $.b}",
            "2:39: error[unknown-key]: unknown key `value` in a reducer (known here: kind, name, where, each, key)",
        ),
        (
            "{kind: count-by, key: $..a}",
            "2:34: error[bad-query]: `$..a`: byte 1: a query here names one value; wildcards, slices, filters, `..` and lists of selectors are refused (write a path to one value, such as `$.customer.id` or `$['odd name'][0]`)",
        ),
        (
            "{kind: count-by, key: id}",
            "2:34: error[bad-query]: `id`: a query starts with `$` (write a path to one value, such as `$.customer.id` or `$['odd name'][0]`)",
        ),
        (
            "{kind: count-by, key: event.time}",
            "2:34: error[bad-query]: an event has no `event.time` (did you mean `event.type`?)",
        ),
        (
            "{kind: count-by, key: '@.a'}",
            "2:34: error[bad-query]: `@.a`: there is no element here (start the query with `$`, or give the reducer `each:`)",
        ),
        (
            "{kind: count-by, key: $.a, each: '@.b'}",
            "2:45: error[bad-query]: `@.b`: there is no element here (start the query with `$`, or give the reducer `each:`)",
        ),
        (
            "{kind: count-by, key: 7}",
            "2:34: error[wrong-type]: `query` must be text, not a number (write text)",
        ),
        (
            "{kind: count-by, key: $.a, name: Big}",
            "2:45: error[bad-name]: `Big` is no name for a reducer (use 1 to 64 lower-case letters, digits, `_` and `-`)",
        ),
        (
            "{kind: count-by, key: $.a, where: [x]}",
            "2:46: error[wrong-type]: `where` must be a map, not a list (write a map)",
        ),
        (
            "{kind: count-by, key: $.a, where: {typ: x}}",
            "2:47: error[unknown-key]: unknown key `typ` in `where` (did you mean `type`?; or a query such as `\"$.typ\"`)",
        ),
        (
            "{kind: count-by, key: $.a, where: {type: 'a..b'}}",
            "2:53: error[bad-glob]: `a..b` is not a pattern: a segment is empty (byte 2) (`*` stands for anything within a segment, `**` for any number of whole segments)",
        ),
        (
            "{kind: count-by, key: $.a, where: {$.b: {'=': 1}}}",
            "2:53: error[unknown-key]: unknown comparison `=` (known here: == != < <= > >= in exists)",
        ),
        (
            "{kind: count-by, key: $.a, where: {$.b: {'<': true}}}",
            "2:58: error[wrong-type]: `comparison` must be a number or text, not a boolean (write a number or text)",
        ),
        (
            "{kind: count-by, key: $.a, where: {$.b: [1]}}",
            "2:52: error[wrong-type]: `comparison` must be null, a boolean, a number or text, not a list (write null, a boolean, a number or text)",
        ),
        (
            "{kind: count-by, key: $.a, where: {$.b: {in: []}}}",
            "2:57: error[empty]: `in` with an empty list never holds (name at least one value)",
        ),
        (
            "{kind: count-by, key: $.a, where: {$.b: {}}}",
            "2:52: error[empty]: an empty comparison tests nothing (write `exists: true` to test that the value is there)",
        ),
        (
            "{kind: count-by, key: $.a, where: {$.b: 1, \"$['b']\": 2}}",
            "2:46: error[duplicate]: `where` tests one value twice in the same way (keep one of the two, or use `in`)",
        ),
        (
            "{kind: map-join, key: $.a, value: $.b}",
            "2:46: error[wrong-type]: `value` of `map-join` must be a nested kind, not text (write `value: {kind: max, value: \"$.x\"}`, or use `map-join-lww` for last-writer values)",
        ),
        (
            "{kind: map-join, key: $.a, value: {kind: count-by, key: $.b, where: {}}}",
            "2:73: error[unknown-key]: unknown key `where` in a nested kind (known here: kind, key)",
        ),
        (
            "{kind: map-join-lww, key: $.a, granularity: file}",
            "2:56: error[wrong-type]: unknown granularity `file` (write `field` or `entry`)",
        ),
        (
            "{kind: map-join-lww, key: $.a, delete: {type: x}}",
            "2:52: error[unknown-key]: unknown key `type` in `delete` (known here: where)",
        ),
        (
            "{kind: lww, value: {}}",
            "2:31: error[wrong-type]: an object has 1 to 256 fields (write one query, or a map of names to queries)",
        ),
        (
            "{kind: lww, value: {a: {b: $.c}}}",
            "2:35: error[wrong-type]: `query` must be text, not a map (write text)",
        ),
        (
            "{kind: lww, value: $.a}, {kind: lww, value: $.b}",
            "2:37: error[duplicate]: two reducers are called `lww` (the other in line 2) (give each a `name:` of its own)",
        ),
        (
            "7",
            "2:12: error[wrong-type]: `a reducer` must be a map, not a number (write a map)",
        ),
    ];
    for (reducer, expected) in rows {
        let found = shown(&with_reducer(reducer));
        assert!(
            found.lines().any(|line| line == expected),
            "{reducer}\n{found}\n{expected}"
        );
    }
}

#[test]
fn names_mistakes_of_the_whole() {
    check(
        "[]",
        "1:1: error[wrong-type]: `a fold` must be a map, not a list (write a map)",
    );
    check(
        "a: b: c",
        "1:5: error[yaml]: not well-formed YAML: mapping values are not allowed in this context (check the indentation, the quotes and the colons of this line)",
    );
    check(
        "version: 2\nreducer: []\nemit: []\n",
        "
1:1: error[missing-key]: `reducers` is missing in a fold (add `reducers:`)
1:10: error[version]: `version` is not one this program knows (write `version: 1`)
2:1: error[unknown-key]: unknown key `reducer` in a fold (did you mean `reducers`?)",
    );
    check(
        "version: 1\ninputs: [finance/**, 'gatos/journal//x', gatos/journal/a/**]\nreducers: []\nemit: []\nlimits: {fuel: 1}\nallow: [rng]\nprivileged: 1\n",
        "
2:10: error[bad-glob]: `finance/**` matches no journal (start the pattern with `gatos/journal/`, for example `gatos/journal/finance/**`)
2:22: error[bad-glob]: `gatos/journal//x` is not a pattern: a segment is empty (byte 14) (`*` stands for anything within a segment, `**` for any number of whole segments)
5:9: error[unsupported]: `limits` says nothing about reducers written in YAML (remove `limits`)
6:8: error[unsupported]: `allow` says nothing about reducers written in YAML (remove `allow`)
7:13: error[wrong-type]: `privileged` must be true or false, not a number (write true or false)",
    );
    check(
        "version: 1\nreducers: [{kind: lww, value: $.v}]\nemit: [{path: state/a.json}]\nmerge: {state/a.json: max, state/b.json: lww}\n",
        "
4:9: error[merge]: `merge` of `state/a.json` is not what its reducer implies (remove `merge`: it follows from the kinds)
4:28: error[merge]: `merge` of `state/b.json` is not what its reducer implies (remove `merge`: it follows from the kinds)",
    );
}

#[test]
fn names_mistakes_of_emissions() {
    let source = r#"version: 1
reducers:
  - {name: counts, kind: count-by, key: $.k}
  - {name: last, kind: lww, value: $.v}
emit:
  - {path: state/a.json}
  - {path: state/b.json, from: count}
  - {path: out/c.json, from: last}
  - {path: state/D.json, from: last, format: xml}
  - {path: state/d.json, from: last, format: jsonl}
  - {path: "state/e/{key}.json", from: last, split: key}
  - {path: "state/f/{key}.json", from: counts}
  - {path: state/g.json, from: counts, split: value}
  - {path: "state/h/{key}.jsonl", from: counts, split: key, format: jsonl}
  - {from: last}
"#;
    check(
        source,
        "
6:5: error[missing-key]: `from` is missing: the fold does not have exactly one reducer (known here: counts, last)
7:32: error[unknown-reducer]: there is no reducer `count` (did you mean `counts`?)
8:12: error[bad-path]: `out/c.json` is not below `state/` (start the path with `state/`)
9:46: error[wrong-type]: unknown format `xml` (write `json` or `jsonl`)
10:12: error[path-collision]: `state/d.json` and `state/D.json` (line 9) can be one path, or one a folder of the other, where case is ignored (put one of them into a folder of its own)
10:46: error[unsupported]: a file with one value has no lines (write `format: json`)
11:53: error[unsupported]: `lww` has no keys to split by (remove `split`)
12:12: error[bad-path]: `state/f/{key}.json`: with `split: key`, the last segment holds `{key}` once, and no other path holds it (write `split: key` with a path such as `state/items/{key}.json`)
13:47: error[wrong-type]: `split` can only be `key` (write `split: key` or remove it)
14:69: error[unsupported]: a file with one value has no lines (write `format: json`)
15:5: error[missing-key]: `path` is missing in an emission (add `path:`)",
    );
}

#[test]
fn warns_of_what_is_never_emitted() {
    let compiled =
        compile_yaml("version: 1\nreducers: [{kind: lww, value: $.v}]\nemit: []\n").expect("valid");
    let warnings: Vec<String> = compiled.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "2:12: warning[never-emitted]: reducer `lww` is never emitted (add an emission with `from: lww`)"
        ]
    );
}

#[test]
fn nesting_has_a_limit() {
    let nested = |levels: usize| {
        let open = "{kind: map-join, key: $.k, value: ".repeat(levels);
        with_reducer(&format!("{open}{{kind: counter-g}}{}", "}".repeat(levels)))
    };
    assert!(compile_yaml(&nested(reducer::NESTING_MAX - 1)).is_ok());
    assert!(shown(&nested(reducer::NESTING_MAX)).contains("nested deeper than 8 levels"));
}
