//! ELC: one encoding, equal programs equal bytes, golden programs.

use crate::support::{module, programs, root, run_module};
use gatos_echolua::{Limits, Profile, elc};
use gatos_values::hex;
use std::fmt::Write as _;

#[test]
fn what_is_encoded_decodes_to_the_same() {
    for (name, profile, source) in programs() {
        let first = module(&source, profile);
        let bytes = elc::encode(&first);
        let second = elc::decode(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(elc::encode(&second), bytes, "{name}");
        if profile == Profile::Script {
            // Lines and names are part of a script's bytes.
            assert_eq!(first, second, "{name}");
        }
        assert_eq!(elc::verify(&first), Ok(()), "{name}");
    }
}

#[test]
fn comments_layout_and_local_names_leave_no_trace_in_a_fold() {
    let pairs = [
        (
            "local a = 1 return a",
            "-- a comment\nlocal  other =\n1\nreturn other;",
        ),
        ("local t = {} t.x = 1", "local q = {}; q['x'] = 1"),
        ("return 1 + 2 * 3", "return 7"),
        ("return 0.5 + 0.5", "return 1"),
        ("if a_ then end", "if a_ then else end"),
        (
            "local x = 1 if x == 1 then x = 2 elseif x == 2 then x = 3 end",
            "local x = 1 if x == 1 then x = 2 else if x == 2 then x = 3 end end",
        ),
        (
            "local t, s = 1, 2 return t .. s .. t",
            "local t, s = 1, 2 return t .. (s .. t)",
        ),
        (
            "local x = 1 return not (x == 1)",
            "local y = 1 return y ~= 1",
        ),
        (
            "local t = {} function t.f(a) return a end",
            "local t = {} t.f = function(b) return b end",
        ),
        (
            "local t = {} function t:f() return self end",
            "local t = {} function t.f(me) return me end",
        ),
        ("local c <const> = 5 return c", "return 5"),
        ("for i = 1, 3 do end", "for j = 1, 3, 1 do end"),
        ("return (1)", "return 1"),
        ("::unused:: return 1", "return 1"),
        ("return string['format']", "return string.format"),
    ];
    for (left, right) in pairs {
        let (left, right) = (left.replace("a_", "init"), right.replace("a_", "init"));
        let digest = |source: &str| module(source.as_bytes(), Profile::Fold).digest();
        assert_eq!(digest(&left), digest(&right), "{left} / {right}");
    }
}

#[test]
fn what_differs_in_meaning_differs_in_bytes() {
    let sources = [
        "return 1",
        "return 2",
        "return 1, 2",
        "return '1'",
        "return nil",
        "return true",
        "return false",
        "return {1}",
        "return {x = 1}",
        "return (init())",
        "return init()",
        "local a return a",
        "local a, b return a",
        "local a, b return b",
        "return init.x",
        "return init['y']",
        "return init:x()",
        "return init.x(init)",
        "return 0.5",
        "return -1",
        "return ...",
        "return (...)",
        "return #init",
        "return -init",
        "return init and step",
        "return init or step",
        "return init + step",
        "return step + init",
    ];
    let mut digests: Vec<String> = sources
        .iter()
        .map(|source| {
            module(source.as_bytes(), Profile::Fold)
                .digest()
                .to_string()
        })
        .collect();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), sources.len());
}

/// `GATOS_BLESS=1` writes `vectors/echolua` anew: bytes, digest, output, result and fuel of every program.
#[test]
fn programs_have_their_golden_bytes_and_results() {
    for (name, profile, source) in programs() {
        let compiled = module(&source, profile);
        let bytes = elc::encode(&compiled);
        let (output, ending, fuel) = run_module(&compiled, Limits::default());
        let mut found = String::new();
        let mut line = |key: &str, text: &str| writeln!(found, "{key}\t{text}").expect("memory");
        line("elc", &hex::encode(&bytes));
        line("digest", &compiled.digest().to_string());
        line("fuel", &fuel.to_string());
        line("output", &hex::encode(output.as_bytes()));
        line("ending", &hex::encode(ending.as_bytes()));
        let path = root().join("vectors/echolua").join(format!("{name}.tsv"));
        if std::env::var_os("GATOS_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder"))
                .expect("the folder can be made");
            std::fs::write(&path, &found).expect("the vectors can be written");
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == expected,
            "{} differs; output:\n{output}",
            path.display()
        );
    }
}
