//! The report at scale 1 against `vectors/sweeps/digests.tsv`, which `cargo xtask targets` holds every target to.
//!
//! `GATOS_BLESS=1` writes the file anew, and the recordings that are built in (twice, since they
//! are); only a change that is meant to change bytes, or a new topic, may.

use gatos_sweeps::topics::{TOPICS, harbour, recordings};
use std::path::Path;

const HEADER: &str =
    "# Digests of the sweeps at scale 1. Columns: topic; cases; BLAKE3 (see docs/targets.md).\n";

#[test]
fn the_report_is_the_golden_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/sweeps/digests.tsv");
    let mut found = String::from(HEADER);
    for topic in TOPICS {
        found.push_str(&topic.line(1));
        found.push('\n');
    }
    if std::env::var("GATOS_BLESS").is_ok_and(|value| value == "1") {
        let folder = path.parent().expect("a vector lies in a folder");
        std::fs::create_dir_all(folder).expect("create the folder");
        std::fs::write(&path, &found).expect("write the vector");
        let recordings = [
            ("recording.sweep", recordings::golden_bytes()),
            ("harbour.echo", harbour::golden_bytes()),
        ];
        for (name, bytes) in recordings {
            let recording = folder.join("../echo").join(name);
            std::fs::write(recording, bytes).expect("write the vector");
        }
        return;
    }
    let golden = std::fs::read_to_string(&path).expect("the vector is there");
    for (golden, found) in golden.lines().zip(found.lines()) {
        assert_eq!(golden, found, "a topic differs from its golden digest");
    }
    assert_eq!(golden, found, "the table of topics has another length");
}

#[test]
fn names_are_unique_and_say_theme_and_subject() {
    let mut names: Vec<&str> = TOPICS.iter().map(|topic| topic.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    for name in names {
        let (theme, subject) = name.split_once('/').expect("a theme and a subject");
        let is_plain = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        assert!(is_plain(theme) && is_plain(subject), "{name}");
    }
}

#[test]
fn a_longer_sweep_begins_with_the_shorter_one() {
    let topic = TOPICS.first().expect("there are topics");
    let cases = |scale| -> Vec<_> {
        (0..topic.cases_at(scale).min(50))
            .map(|case| topic.case_digest(case))
            .collect()
    };
    assert_eq!(cases(1), cases(3));
    assert_ne!(topic.digest(1), topic.digest(2));
    let (first, second) = (topic.case_digest(0), topic.case_digest(1));
    assert_ne!(first, second);
}
