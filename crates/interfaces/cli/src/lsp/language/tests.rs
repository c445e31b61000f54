//! Which language a document has, and that no word is left without a line.

use super::*;
use std::collections::BTreeSet;

#[test]
fn documents_have_the_language_of_their_name_or_content() {
    for (language_id, path, text, expected) in [
        (
            "plaintext",
            "file:///a/finance.rgs",
            "",
            Some("gatos policy"),
        ),
        ("gatos-policy", "untitled:1", "", Some("gatos policy")),
        (
            "yaml",
            "file:///a/x.yaml",
            "version: 1\nreducers: []\n",
            Some("gatos fold"),
        ),
        ("gatos-fold", "untitled:1", "", Some("gatos fold")),
        ("yaml", "file:///a/ci.yaml", "jobs:\n  reducers: 1\n", None),
        ("lua", "file:///a/x.lua", "", Some("gatos script")),
        ("lua", "file:///a/folds/x.lua", "", Some("gatos fold")),
        (
            "lua",
            "untitled:1",
            "---@profile fold\n",
            Some("gatos fold"),
        ),
        ("python", "file:///a/x.py", "", None),
    ] {
        let found = of(language_id, path, text).map(Language::name);
        assert_eq!(found, expected, "{language_id} {path}");
    }
}

/// The compiler lists its kinds when none is near.
#[test]
fn every_kind_of_reducer_has_a_line() {
    let source = "version: 1\nreducers: [{kind: zzzzzzzz}]\nemit: []\n";
    let findings = fold::Folds.findings(source);
    let unknown = findings
        .iter()
        .find(|finding| finding.rule == "unknown-kind")
        .expect("it is unknown");
    let listed = unknown
        .hint
        .strip_prefix("known here: ")
        .expect("no kind is near");
    let listed: BTreeSet<&str> = listed.split(", ").collect();
    assert_eq!(listed, words::KINDS.iter().map(|(name, _)| *name).collect());
}

fn hover(language: &dyn Language, text: &str, line: u32, column: u32) -> String {
    let source = Source::new(text.to_owned());
    let found = language.hover(&source, Position { line, column });
    found.map_or_else(
        || "-".to_owned(),
        |hover| {
            format!(
                "{}:{} {}",
                hover.span.start.column, hover.span.end.column, hover.markdown
            )
        },
    )
}

#[test]
fn hovers_tell_words_from_texts_and_members() {
    let text = "when: { intent: write }\nallow_if:\n  - \"has_cap('caps') and payload.actor == 'x' or trust[actor].level > 1\"\n  - \"len(labels) \\u003c 4\"\n";
    for (line, column, expected) in [
        (3, 6, "6:13 `has_cap(c)`: short for `caps includes c`."),
        (3, 16, "-"),
        (
            3,
            23,
            "22:25 `a and b`: Kleene's and. False and unknown is false.",
        ),
        (3, 35, "-"),
        (4, 7, "-"),
        (1, 18, "17:22 `write`: append events."),
        (
            2,
            3,
            "1:9 Lines that must all be true for the rule to allow. A rule without them never allows.",
        ),
        (9, 1, "-"),
    ] {
        let found = hover(&policy::Policies, text, line, column);
        assert_eq!(found, expected, "{line}:{column}");
    }
    let level = u32::try_from(
        text.lines()
            .nth(2)
            .and_then(|line| line.find("level"))
            .expect("it is there"),
    )
    .expect("short");
    assert!(hover(&policy::Policies, text, 3, level + 2).contains("`trust[actor].level`: "));
}

#[test]
fn rules_without_an_id_show_the_one_they_get() {
    let text = "rules:\n  - when: {}\n    allow_if: [\"true\"]\n  - id: b\n    when: {intent: [read, export]}\n    deny_if: [\"epoch > 1\"]\n    audit: true\n";
    let found = hover(&policy::Policies, text, 2, 6);
    assert!(
        found.contains("Rule `auto-") && found.contains("every intent"),
        "{found}"
    );
    let found = hover(&policy::Policies, text, 4, 9);
    assert!(
        found.contains("Rule `b`: `read`, `export`, audited\n\nCost: at most "),
        "{found}"
    );
    let symbols = policy::Policies.symbols(&Source::new(text.to_owned()));
    let names: Vec<&str> = symbols.iter().map(|symbol| symbol.name.as_str()).collect();
    assert!(
        names[0].starts_with("auto-") && names[1] == "b",
        "{names:?}"
    );
    assert_eq!(symbols[1].detail, "denies, audits");
    assert_eq!(symbols[0].span.end.line, 3);
}

#[test]
fn sources_that_are_no_yaml_have_no_outline() {
    for text in ["", "[", "a: [1\nb: 2", "- - - -", "\0"] {
        let source = Source::new(text.to_owned());
        let of_yaml: [&dyn Language; 2] = [&policy::Policies, &fold::Folds];
        for language in of_yaml {
            assert!(
                language.hover(&source, Position::START).is_none(),
                "{text:?}"
            );
            assert!(language.symbols(&source).is_empty(), "{text:?}");
            assert!(
                language.definition(&source, Position::START).is_none(),
                "{text:?}"
            );
            assert!(language.format(&source).is_none(), "{text:?}");
            assert!(!language.findings(text).is_empty(), "{text:?}");
        }
    }
}

const FOLD: lua::Programs = lua::Programs {
    profile: Profile::Fold,
};
const SCRIPT: lua::Programs = lua::Programs {
    profile: Profile::Script,
};

/// Both profiles have a line for every name of their libraries, and no line for another.
#[test]
fn every_name_of_the_library_has_a_line() {
    let known: BTreeSet<&str> = lua_words::LIBRARY.iter().map(|(name, ..)| *name).collect();
    assert_eq!(known.len(), lua_words::LIBRARY.len(), "each name once");
    for (name, _) in gatos_echolua::names::INTRINSICS {
        assert!(
            lua_words::of_library(name, Profile::Fold).is_some(),
            "{name}"
        );
    }
    for (profile, missing) in [(Profile::Fold, "pairs"), (Profile::Script, "dpairs")] {
        assert_eq!(lua_words::of_library(missing, profile), None);
        let mut vm = gatos_echolua::Vm::new(profile, gatos_echolua::Limits::default());
        if profile == Profile::Script {
            vm.open_host(|_| true);
        }
        for (name, ..) in lua_words::LIBRARY {
            let has_line = lua_words::of_library(name, profile).is_some();
            let is_there = !vm.library(name).is_nil();
            assert_eq!(has_line, is_there, "{name} in {}", profile.as_str());
        }
    }
    for name in gatos_echolua::names::EXPORTS {
        assert!(lua_words::of_export(name).is_some(), "{name}");
    }
}

#[test]
fn hovers_on_lua_tell_locals_from_the_library() {
    let text = "-- å\nlocal function add(a, b) return a + b end\nfunction fold(events)\n  local sum <const> = 'å' .. add(1, 2)\n  for _, e in dpairs(events) do emit_json_canonical('state/x.json', json.null) end\nend\n";
    for (line, column, expected) in [
        (2, 17, "16:19 `add(a, b)`: a local function, line 2."),
        (2, 34, "33:34 `a`: a parameter, line 2."),
        (
            3,
            10,
            "10:14 `fold(events)`: the batch form. It gets all events in canonical order and emits files.",
        ),
        (4, 10, "9:12 `sum`: a local variable, constant, line 4."),
        (4, 31, "30:33 `add(a, b)`: a local function, line 2."),
        (
            5,
            16,
            "15:21 `dpairs(t)`: for a loop: keys in order with their values.",
        ),
        (5, 24, "22:28 `events`: a parameter, line 3."),
        (5, 72, "69:73 `json`: canonical JSON."),
        (
            5,
            76,
            "74:78 `json.null`: JSON's null; nil fields are absent.",
        ),
        (1, 2, "-"),
        (4, 23, "-"),
    ] {
        assert_eq!(
            hover(&FOLD, text, line, column),
            expected,
            "{line}:{column}"
        );
    }
    let script = "local t = setmetatable({}, {__index = string})\nprint(t.format, pairs, dpairs)\n";
    assert_eq!(
        hover(&SCRIPT, script, 2, 18),
        "17:22 `pairs(t)`: for a loop: array part, then keys in the order they were first stored."
    );
    assert_eq!(hover(&SCRIPT, script, 2, 25), "-");
    assert_eq!(hover(&SCRIPT, script, 2, 10), "-", "a member of a local");
}

#[test]
fn definitions_in_lua_follow_scopes_and_survive_mistakes() {
    let text = "local x = 1\ndo local x = 2 print(x) end\nprint(x)\nfunction init() return {} end\nlocal y = = 3\nfor x = 1, 2 do print(x) end\nrepeat local done = true until done\nlocal function f(...) return init() end\n";
    for (line, column, expected) in [
        (2, 22, Some((2, 10))),
        (3, 7, Some((1, 7))),
        (6, 23, Some((6, 5))),
        (7, 33, Some((7, 14))),
        (8, 31, Some((4, 10))),
        (3, 2, None),
    ] {
        let source = Source::new(text.to_owned());
        let found = FOLD.definition(&source, Position { line, column });
        let start = found.map(|span| (span.start.line, span.start.column));
        assert_eq!(start, expected, "{line}:{column}");
    }
    assert!(FOLD.findings(text).iter().any(|finding| finding.line == 5));
}

#[test]
fn symbols_of_lua_are_functions_declarations_and_files() {
    let text = "inputs = {'gatos/journal/a/**'}\nlocal M = {}\nlocal function help(a) end\nfunction M.deep.run(b, ...)\n  emit_json_canonical('state/x.json', 1)\nend\nfunction M:go() end\nlocal k = function() end\n";
    let symbols = FOLD.symbols(&Source::new(text.to_owned()));
    let shown: Vec<String> = symbols
        .iter()
        .map(|symbol| {
            let (start, end) = (symbol.span.start, symbol.span.end);
            format!(
                "{}{} {}-{}",
                symbol.name, symbol.detail, start.line, end.line
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "inputs 1-1",
            "help(a) 3-3",
            "M.deep.run(b, ...) 4-6",
            "state/x.json 5-5",
            "M.go(self) 7-7",
            "k() 8-8",
        ]
    );
    assert!(FOLD.format(&Source::new(text.to_owned())).is_none());
}
