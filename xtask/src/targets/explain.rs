//! From "a topic differs" to the lines that differ: the first case of the topic that is not the same, shown from both sides.
//!
//! The digests of single cases and the lines of one case come from the programs themselves (`--cases`, `--show`).

use super::compare::{DifferenceKind, Report, Verdict};

/// How many topics are explained; the rest is most likely the same defect.
const TOPIC_COUNT_MAX: usize = 3;

/// How many differing lines of a case are shown.
const LINE_COUNT_MAX: usize = 6;

/// Longest line that is shown whole, in characters.
const LINE_LENGTH_MAX: usize = 160;

/// Runs a program with these words and gives what it printed.
pub type Run<'a> = &'a dyn Fn(&[&str]) -> Result<String, String>;

/// Lines to print below the table; none where nothing differs.
pub fn explain(
    verdict: &Verdict,
    reference: &Report,
    host: Run<'_>,
    target: Run<'_>,
) -> Vec<String> {
    let Verdict::Differs(differences) = verdict else {
        return Vec::new();
    };
    let of_digests = differences
        .iter()
        .filter(|difference| difference.kind == DifferenceKind::Digest);
    let mut notes = Vec::new();
    for difference in of_digests.take(TOPIC_COUNT_MAX) {
        let topic = difference.topic.as_str();
        let count = reference.case_count(topic).unwrap_or_default();
        match first_case(topic, &count, host, target) {
            Err(reason) => notes.push(format!("{topic}: {reason}")),
            Ok(None) => notes.push(format!("{topic}: no single case differs on this host")),
            Ok(Some(case)) => {
                notes.push(format!("{topic}, case {case}, host (-) and target (+):"));
                let lines = differing_lines(topic, &case, host, target);
                notes.extend(lines.unwrap_or_else(|reason| vec![reason]));
            }
        }
    }
    notes
}

/// Number of the first case whose digests differ.
fn first_case(
    topic: &str,
    count: &str,
    host: Run<'_>,
    target: Run<'_>,
) -> Result<Option<String>, String> {
    let words = ["--cases", topic, count];
    let (ours, theirs) = (host(&words)?, target(&words)?);
    let mut pairs = ours
        .lines()
        .map(str::trim_end)
        .zip(theirs.lines().map(str::trim_end));
    let differing = pairs.find(|(ours, theirs)| ours != theirs);
    Ok(differing.and_then(|(ours, _)| Some(ours.split_once('\t')?.0.to_owned())))
}

fn differing_lines(
    topic: &str,
    case: &str,
    host: Run<'_>,
    target: Run<'_>,
) -> Result<Vec<String>, String> {
    let words = ["--show", topic, case];
    let (ours, theirs) = (host(&words)?, target(&words)?);
    let pairs = ours
        .lines()
        .map(str::trim_end)
        .zip(theirs.lines().map(str::trim_end));
    let mut notes = Vec::new();
    for (ours, theirs) in pairs
        .filter(|(ours, theirs)| ours != theirs)
        .take(LINE_COUNT_MAX)
    {
        notes.push(format!("  - {}", shortened(ours)));
        notes.push(format!("  + {}", shortened(theirs)));
    }
    if notes.is_empty() {
        let counts = (ours.lines().count(), theirs.lines().count());
        notes.push(format!("  - {} lines\n  + {} lines", counts.0, counts.1));
    }
    Ok(notes)
}

fn shortened(line: &str) -> String {
    let mut shown: String = line.chars().take(LINE_LENGTH_MAX).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    shown
}
