//! One row a way to differ.

use super::{Report, Verdict};

const REFERENCE: &str =
    "# head\na/one\t10\tblake3:AA\na/two\t20\tblake3:BB\nb/three\t30\tblake3:CC\n";

/// `AA` stands for a whole digest.
fn whole(text: &str) -> String {
    ["AA", "BB", "CC", "DD"]
        .iter()
        .fold(text.to_owned(), |text, short| {
            text.replace(short, &short.to_lowercase().repeat(32))
        })
}

fn report(text: &str) -> Report {
    Report::parse(&whole(text)).expect("a report")
}

/// The differences in the words of the table.
fn check(found: &str, expected: &str) {
    let shown = match report(REFERENCE).compare(&report(found)) {
        Verdict::Same { topic_count } => format!("same {topic_count}"),
        Verdict::Differs(differences) => {
            let shown: Vec<String> = differences.iter().map(ToString::to_string).collect();
            shown.join(", ")
        }
        other => format!("{other:?}"),
    };
    assert_eq!(shown, expected);
}

#[test]
fn every_way_to_differ_is_named() {
    check(REFERENCE, "same 3");
    // Comments, line ends and the order of lines say nothing about bits.
    check(
        "b/three\t30\tblake3:CC\r\na/two\t20\tblake3:BB\r\n\r\na/one\t10\tblake3:AA\r\n",
        "same 3",
    );
    check(
        "a/one\t10\tblake3:AA\na/two\t20\tblake3:DD\nb/three\t30\tblake3:CC\n",
        "a/two",
    );
    check(
        "a/one\t10\tblake3:DD\na/two\t20\tblake3:DD\nb/three\t30\tblake3:DD\n",
        "a/one, a/two, b/three",
    );
    check(
        "a/one\t11\tblake3:AA\na/two\t20\tblake3:BB\nb/three\t30\tblake3:CC\n",
        "a/one (other number of cases)",
    );
    check(
        "a/one\t10\tblake3:AA\nb/three\t30\tblake3:CC\n",
        "a/two (missing)",
    );
    check(
        &format!("{REFERENCE}c/four\t1\tblake3:DD\n"),
        "c/four (unknown)",
    );
    check(
        "z/other\t1\tblake3:AA\n",
        "a/one (missing), a/two (missing), b/three (missing), z/other (unknown)",
    );
}

#[test]
fn what_is_no_report_is_refused_with_its_line() {
    let rows = [
        ("", "there is no line"),
        ("# only a comment\n", "there is no line"),
        ("a/one\t10\n", "line 1 "),
        ("a/one\t10\tblake3:AA\textra\n", "line 1 "),
        ("a/one\tten\tblake3:AA\n", "line 1 "),
        ("a/one\t10\tsha256:AA\n", "line 1 "),
        ("a/one\t10\tblake3:AAa\n", "line 1 "),
        ("a/one\t10\tblake3:AA\nthread 'main' panicked\n", "line 2 "),
        (
            "a/one\t10\tblake3:AA\na/one\t10\tblake3:AA\n",
            "line 2 repeats the topic a/one",
        ),
    ];
    for (text, beginning) in rows {
        let reason = Report::parse(&whole(text)).expect_err(text);
        assert!(reason.starts_with(beginning), "{text:?}: {reason}");
    }
}
