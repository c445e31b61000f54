//! Machines against the evaluator's own operations, on every text over a small alphabet.

use super::*;
use gatos_values::Glob;

/// What a test says of a text, said plainly; all that it may be asked for.
fn plainly(fold: Fold, test: &TextTest, text: &str) -> Vec<u8> {
    let text = match fold {
        Fold::Exact => String::from(text),
        Fold::Lower => text.to_ascii_lowercase(),
        Fold::Upper => text.to_ascii_uppercase(),
    };
    match test {
        TextTest::Is(wanted) => vec![u8::from(text == *wanted)],
        TextTest::Follows(wanted) => vec![
            u8::from(text == *wanted),
            u8::from(text.starts_with(&**wanted)),
            u8::from(wanted.starts_with(&*text)),
        ],
        TextTest::Order(wanted) => vec![match text.as_str().cmp(wanted) {
            core::cmp::Ordering::Less => 0,
            core::cmp::Ordering::Equal => 1,
            core::cmp::Ordering::Greater => 2,
        }],
        TextTest::Contains(part) => vec![u8::from(text.contains(&**part))],
        TextTest::EndsWith(part) => vec![u8::from(text.ends_with(&**part))],
        TextTest::Within(whole) => vec![
            u8::from(whole.contains(&*text)),
            u8::from(whole.ends_with(&*text)),
        ],
        TextTest::Glob(pattern) => {
            let glob = Glob::parse(pattern, '/').expect("a pattern");
            vec![u8::from(glob.matches(&text))]
        }
        TextTest::Length(bound) => vec![u8::try_from(text.len().min(bound + 1)).unwrap_or(255)],
    }
}

/// Every text of up to `length_max` of these letters.
fn all_texts(letters: &str, length_max: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..length_max {
        last = last
            .iter()
            .flat_map(|text| {
                letters.chars().map(move |letter| {
                    let mut longer = text.clone();
                    longer.push(letter);
                    longer
                })
            })
            .collect();
        all.extend(last.iter().cloned());
    }
    all
}

fn check(tests: &[(Fold, TextTest)], letters: &str, length_max: usize) {
    let set: BTreeSet<(Fold, TextTest)> = tests.iter().cloned().collect();
    let answers = |text: &str| -> Vec<Vec<u8>> {
        set.iter()
            .map(|(fold, test)| plainly(*fold, test, text))
            .collect()
    };
    let found = witnesses(&set, STEP_COUNT_MAX).expect("small");
    let mut known = BTreeSet::new();
    for state in &found {
        let first = answers(&state[0]);
        for text in state {
            assert_eq!(
                answers(text),
                first,
                "{text:?} and {:?} of one state",
                state[0]
            );
        }
        known.insert(first);
    }
    for text in all_texts(letters, length_max) {
        assert!(
            known.contains(&answers(&text)),
            "{text:?} has no witness for {tests:?}"
        );
    }
}

fn exact(test: TextTest) -> (Fold, TextTest) {
    (Fold::Exact, test)
}

fn text(text: &str) -> String {
    String::from(text)
}

#[test]
fn every_combination_of_answers_has_a_witness() {
    check(
        &[
            exact(TextTest::Is(text("ab"))),
            exact(TextTest::Follows(text("aba"))),
            exact(TextTest::Contains(text("ba"))),
            exact(TextTest::EndsWith(text("ab"))),
            exact(TextTest::Within(text("abab"))),
            exact(TextTest::Length(3)),
        ],
        "abcé",
        6,
    );
    check(
        &[
            exact(TextTest::Order(text("bd"))),
            exact(TextTest::Order(text("b"))),
            exact(TextTest::Contains(text("e"))),
        ],
        "abcdeéz",
        4,
    );
}

#[test]
fn patterns_are_told_apart() {
    check(
        &[
            exact(TextTest::Glob(text("a/**"))),
            exact(TextTest::Glob(text("**/b"))),
            exact(TextTest::Glob(text("*/a*b/**/b"))),
            exact(TextTest::Glob(text("*"))),
            exact(TextTest::Is(text("a/b"))),
        ],
        "ab/",
        8,
    );
}

#[test]
fn case_is_ignored_where_the_test_ignores_it() {
    check(
        &[
            (Fold::Lower, TextTest::Is(text("ab"))),
            (Fold::Upper, TextTest::Order(text("B"))),
            (Fold::Lower, TextTest::Is(text("B"))),
            exact(TextTest::Contains(text("aB"))),
            exact(TextTest::Order(text("[b"))),
        ],
        "aAbBzZ[",
        4,
    );
}

#[test]
fn too_much_is_refused() {
    let parts =
        (0..30).map(|number| exact(TextTest::Contains(alloc::format!("{number}-{number}"))));
    assert_eq!(witnesses(&parts.collect(), 100_000), None);
}
