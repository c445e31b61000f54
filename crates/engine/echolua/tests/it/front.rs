//! Syntax errors with their places, and every rule of the fold profile.

use gatos_echolua::{Profile, Severity, compile};

/// Line, column and rule of each finding.
fn findings(source: &str, profile: Profile) -> Vec<String> {
    let compiled = compile(source.as_bytes(), profile);
    let is_wrong = compiled
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    assert_eq!(compiled.module.is_none(), is_wrong, "{source}");
    let shown = |finding: &gatos_echolua::Finding| {
        assert!(!finding.message.is_empty() && !finding.hint.is_empty());
        format!(
            "{}:{} {}",
            finding.place.line, finding.place.column, finding.rule
        )
    };
    compiled.findings.iter().map(shown).collect()
}

#[test]
fn every_rule_of_folds_speaks_with_its_place() {
    let rows: &[(&str, &[&str])] = &[
        ("for k, v in pairs({}) do end", &["1:13 no-pairs"]),
        ("local n = next", &["1:11 no-pairs"]),
        ("local t = os.time()", &["1:11 forbidden-global"]),
        ("io.write('x')", &["1:1 forbidden-global"]),
        ("print(1)", &["1:1 forbidden-global"]),
        ("require 'x'", &["1:1 forbidden-global"]),
        ("load('x')", &["1:1 forbidden-global"]),
        ("debug.traceback()", &["1:1 forbidden-global"]),
        ("collectgarbage()", &["1:1 forbidden-global"]),
        ("return _G", &["1:8 forbidden-global"]),
        ("coroutine.wrap(1)", &["1:1 no-coroutines"]),
        ("return math.random(6)", &["1:8 no-random"]),
        ("return math.huge", &["1:8 undeclared"]),
        ("return nothing", &["1:8 undeclared"]),
        ("x = 1", &["1:1 global-assignment"]),
        ("string.len = 1", &["1:7 frozen-library"]),
        ("local t = {__gc = 1}", &["1:12 no-metamethod"]),
        ("local t = {} t.__pairs = 1", &["1:16 no-metamethod"]),
        ("return {['__mode'] = 'k'}", &["1:10 no-metamethod"]),
        ("local x <close> = nil", &["1:7 no-close"]),
        ("string.upper('x')", &["1:13 unused-result"]),
        (
            "do return 1 end emit_json_canonical('p', 1)",
            &["1:17 unreachable-emit"],
        ),
        (
            "error('x') emit_json_canonical('p', 1)",
            &["1:12 unreachable-emit"],
        ),
        (
            "return 1.50, 2.0, 1e3, 0x10, 007, 1.5, 0.1, 12",
            &[
                "1:8 number-form",
                "1:14 number-form",
                "1:19 number-form",
                "1:24 number-form",
                "1:30 number-form",
            ],
        ),
        ("return 9223372036854775808", &["1:8 bad-number"]),
        ("local r = rng()", &["1:11 rng"]),
        (
            "function fold(events) return emit_json_canonical('p', events) end",
            &[],
        ),
        ("local pairs = 1 return pairs", &[]),
    ];
    for (source, expected) in rows {
        assert_eq!(findings(source, Profile::Fold), *expected, "{source}");
    }
}

#[test]
fn scripts_may_do_what_folds_may_not() {
    for source in [
        "for k in pairs({}) do end",
        "x = 1",
        "return 1.50, 0x10",
        "local c <close> = nil",
        "print(y)",
    ] {
        assert_eq!(findings(source, Profile::Script), [""; 0], "{source}");
    }
}

#[test]
fn mistakes_are_named_with_their_place() {
    let rows: &[(&str, &[&str])] = &[
        ("x = = 1", &["1:5 syntax"]),
        ("local function f( end", &["1:19 syntax", "1:19 syntax"]),
        ("if x then", &["1:10 syntax"]),
        ("x = 'abc", &["1:5 unfinished-text"]),
        ("x = [[abc", &["1:5 unfinished-text"]),
        ("x = '\\q'", &["1:7 bad-escape"]),
        ("x = '\\300'", &["1:7 bad-escape"]),
        ("x = 3x", &["1:5 bad-number"]),
        ("x = 1 $ 2", &["1:7 bad-character", "1:9 syntax"]),
        ("break", &["1:1 break"]),
        ("goto nowhere", &["1:6 goto"]),
        ("do goto l local a ::l:: print(a) end", &["1:9 goto"]),
        ("::a:: ::a::", &["1:9 label"]),
        ("local a <const> = f() a = 2", &["1:23 const"]),
        ("local a <const> = 1 a = 2", &["1:21 const"]),
        ("local a <wrong> = 1", &["1:10 syntax"]),
        ("function f() return ... end", &["1:21 varargs"]),
        ("for i = 1 do end", &["1:11 syntax"]),
        ("a.b:c = 1", &["1:7 syntax"]),
        ("return return", &["1:8 syntax", "1:8 syntax"]),
        ("f() = 1", &["1:5 syntax"]),
    ];
    for (source, expected) in rows {
        assert_eq!(findings(source, Profile::Script), *expected, "{source}");
    }
}

#[test]
fn the_parser_goes_on_after_a_mistake() {
    let source = "local a = = 1\nlocal b = )\nif true then c = 5 6 end\nlocal d = 1";
    let found = findings(source, Profile::Script);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found[0].starts_with("1:") && found[1].starts_with("2:") && found[2].starts_with("3:"),
        "{found:?}"
    );
}

#[test]
fn no_depth_of_nesting_ends_the_host() {
    let deep = 5000;
    let sources = [
        format!("return {}1{}", "(".repeat(deep), ")".repeat(deep)),
        format!("return {}1", "-".to_string() + &" -".repeat(deep)),
        format!("return {}{}", "{".repeat(deep), "}".repeat(deep)),
        format!("return 1{}", "+1".repeat(deep)),
        format!("return 'a'{}", "..'a'".repeat(deep)),
        format!("return a{}", ".b".repeat(deep)),
        format!("return a{}", "()".repeat(deep)),
        format!("{} {}", "do ".repeat(deep), "end ".repeat(deep)),
        format!("{} {}", "while x do ".repeat(deep), "end ".repeat(deep)),
        format!(
            "{} {}",
            "local function f() ".repeat(deep),
            "end ".repeat(deep)
        ),
        format!("if x then {} end", "elseif x then ".repeat(deep)),
        format!("return {}", "function() return ".repeat(deep)),
    ];
    for source in &sources {
        for profile in [Profile::Fold, Profile::Script] {
            assert!(
                compile(source.as_bytes(), profile).module.is_none(),
                "{}",
                &source[..40]
            );
        }
    }
}

#[test]
fn limits_of_a_function_are_findings() {
    let many = |count: usize| {
        (0..count)
            .map(|index| format!("local v{index} = {index}\n"))
            .collect::<String>()
    };
    assert_eq!(findings(&many(201), Profile::Script), ["201:7 limit"]);
    assert_eq!(findings(&many(200), Profile::Script), [""; 0]);
    let arguments = vec!["1"; 255].join(", ");
    assert_eq!(
        findings(&format!("f({arguments})"), Profile::Script),
        ["1:1 limit"]
    );
}
