//! Globs: the linear-time matcher agrees with a slow, obvious one.
#![no_main]

use gatos_values::Glob;
use libfuzzer_sys::fuzz_target;

/// `*` stands for any text within a segment.
fn segment_matches(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, rest) => rest.is_none(),
        (Some(('*', after)), Some((_, rest))) => {
            segment_matches(after, text) || segment_matches(pattern, rest)
        }
        (Some(('*', after)), None) => segment_matches(after, text),
        (Some((one, after)), Some((other, rest))) => one == other && segment_matches(after, rest),
        (Some(_), None) => false,
    }
}

/// `**` stands for any number of whole segments.
fn path_matches(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((&"**", after)), Some((_, rest))) => {
            path_matches(after, path) || path_matches(pattern, rest)
        }
        (Some((&"**", after)), None) => path_matches(after, path),
        (Some((one, after)), Some((other, rest))) => {
            let one: Vec<char> = one.chars().collect();
            let other: Vec<char> = other.chars().collect();
            segment_matches(&one, &other) && path_matches(after, rest)
        }
        (Some(_), None) => false,
    }
}

fuzz_target!(|input: (&str, &str)| {
    let (pattern, text) = input;
    let Ok(glob) = Glob::parse(pattern, '/') else {
        return;
    };
    assert_eq!(glob.as_str(), pattern);
    let matched = glob.matches(text);
    // The slow twin is exponential in its stars.
    if pattern.len() <= 24 && text.len() <= 24 {
        let patterns: Vec<&str> = pattern.split('/').collect();
        let path: Vec<&str> = text.split('/').collect();
        assert_eq!(
            matched,
            path_matches(&patterns, &path),
            "{pattern:?} {text:?}"
        );
    }
});
