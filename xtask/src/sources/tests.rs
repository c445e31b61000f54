//! Which lines the house rules refuse, and which they leave alone.

use super::{check_file, postcard};

const POSTCARD: &str = "//! A room.\n";

/// The places complained about in a file of this name and text.
fn places(name: &str, text: &str) -> Vec<String> {
    check_file(name, text)
        .into_iter()
        .map(|complaint| complaint.place)
        .collect()
}

#[test]
fn a_file_without_a_postcard_is_named() {
    assert_eq!(
        places("crates/node/src/a.rs", "fn a() {}\n"),
        ["crates/node/src/a.rs:1"]
    );
    assert!(places("crates/node/src/a.rs", "//! A.\nfn a() {}\n").is_empty());
}

#[test]
fn a_pure_crate_needs_both_attributes_and_others_one() {
    assert_eq!(places("crates/base/values/src/lib.rs", POSTCARD).len(), 2);
    assert_eq!(places("crates/node/src/lib.rs", POSTCARD).len(), 1);
    let full = "//! A room.\n#![no_std]\n#![forbid(unsafe_code)]\n";
    assert!(places("crates/rules/fold/src/lib.rs", full).is_empty());
}

#[test]
fn unsafe_is_allowed_in_named_files_only() {
    let text = "//! A.\n#![allow(unsafe_code)]\n";
    assert!(places("crates/engine/echolua/src/heap/pages.rs", text).is_empty());
    let path = "crates/engine/echolua/src/heap.rs";
    assert_eq!(places(path, text), [format!("{path}:2")]);
    let beside = "crates/interfaces/cli/src/console.rs";
    let inner = "//! A.\nfn a() {\n    #[expect(unsafe_code)]\n}\n";
    assert_eq!(places(beside, inner), [format!("{beside}:3")]);
    assert!(places("crates/interfaces/cli/src/allocator.rs", inner).is_empty());
    let full = "//! A room.\n#![no_std]\n#![deny(unsafe_code)]\n";
    assert!(places("crates/engine/echolua/src/lib.rs", full).is_empty());
    assert_eq!(places("crates/rules/fold/src/lib.rs", full).len(), 1);
}

#[test]
fn the_standard_library_has_one_door_into_pure_crates() {
    let text = "//! A.\nextern crate std;\n";
    let path = "crates/engine/echo/src/schedule/run.rs";
    assert_eq!(places(path, text), [format!("{path}:2")]);
    assert!(places("crates/engine/echo/src/schedule/workers.rs", text).is_empty());
    assert!(places("crates/engine/echo/src/run/tests.rs", text).is_empty());
    assert!(places("crates/node/src/a.rs", text).is_empty());
}

#[test]
fn an_unwrap_is_refused_in_shipped_code_only() {
    let shipped = "//! A.\nfn a() { b().unwrap(); }\n";
    assert_eq!(
        places("crates/node/src/a.rs", shipped),
        ["crates/node/src/a.rs:2"]
    );
    assert!(places("crates/node/src/a/tests.rs", shipped).is_empty());
    let inline = "//! A.\n#[cfg(test)]\nmod tests {\n fn a() { b().unwrap(); }\n}\n";
    assert!(places("crates/node/src/a.rs", inline).is_empty());
    let after = "//! A.\n#[cfg(test)]\nmod tests;\nfn a() { b().unwrap(); }\n";
    assert_eq!(
        places("crates/node/src/a.rs", after),
        ["crates/node/src/a.rs:4"]
    );
    assert!(places("crates/node/src/a.rs", "//! A.\n// b().unwrap()\n").is_empty());
}

/// The lines complained about in `crates/a/src/part/b.rs` with this postcard, where only these files are.
fn untrue(postcard: &str, files: &[&str]) -> Vec<String> {
    let text = format!("{postcard}\nfn a() {{}}\n//! Tests: beyond/the/postcard.rs\n");
    let exists = |path: &str| path == "crates/a/Cargo.toml" || files.contains(&path);
    postcard::check("crates/a/src/part/b.rs", &text, &exists)
        .into_iter()
        .map(|complaint| {
            let line = complaint.place.rsplit(':').next().unwrap_or_default();
            format!("{line} {}", complaint.what)
        })
        .collect()
}

#[test]
fn the_tests_a_postcard_names_are_there() {
    let beside = ["crates/a/src/part/b/tests.rs"];
    assert!(untrue("//! B. Tests: `b/tests.rs`.", &beside).is_empty());
    assert!(untrue("//! B.\n//! Tests: b/tests.rs, and more.", &beside).is_empty());
    assert!(
        untrue(
            "//! Tests: `tests.rs` beside.",
            &["crates/a/src/part/tests.rs"]
        )
        .is_empty()
    );
    let outside = ["crates/a/tests/it", "crates/a/tests/it/b.rs"];
    assert!(untrue("//! Tests: `tests/it/b.rs`, tests/it.", &outside).is_empty());
    assert!(untrue("//! Tests: ../../tests/it/b.rs.", &outside).is_empty());
    let judge = ["judges/b"];
    assert!(untrue("//! Tests: the judge (in `judges/b`).", &judge).is_empty());
}

#[test]
fn a_test_file_that_is_not_there_is_named_with_its_line() {
    let absent = |path: &str, line: usize| {
        vec![format!(
            "{line} the postcard says the tests are in `{path}`, and nothing is there"
        )]
    };
    let there = ["crates/a/tests/it/b.rs"];
    assert_eq!(
        untrue(
            "//! B.\n//!\n//! It is.\n//! Tests: `../tests/it/b.rs`.",
            &there
        ),
        absent("../tests/it/b.rs", 4)
    );
    // The sentence goes on over the end of a line; of several paths each is looked for.
    assert_eq!(
        untrue("//! Tests: `tests/it/b.rs`, and\n//! `c.rs`; slow.", &there),
        absent("c.rs", 2)
    );
    // Out of the repository is nowhere.
    let out = "../../../../../b.rs";
    assert_eq!(
        untrue(&format!("//! Tests: {out}."), &["b.rs"]),
        absent(out, 1)
    );
}

#[test]
fn only_paths_in_the_sentence_are_looked_for() {
    for postcard in [
        "//! Tests: with `cargo xtask crash`, against `BTreeMap`.",
        "//! Tests: it is one. Format: docs/formats/none.md.",
        "//! Tests: it is one\n//!\n//! See c/d.rs",
        "//! Tests only: see c.rs",
        "//! See c.rs",
    ] {
        assert!(untrue(postcard, &[]).is_empty(), "{postcard}");
    }
}
