//! Which lines the house rules refuse, and which they leave alone.

use super::check_file;

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
