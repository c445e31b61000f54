//! A replay for people: counts, and a table of what comes out otherwise.
//!
//! Tests: tests/transcripts/whatif.md.

use crate::table::{Side, Table};
use crate::text::{Text, Tone, counted, grouped};
use gatos_node::replay::ReplayReport;
use gatos_policy::replay::Turn;

/// How many rows are shown where nobody asks for more.
const ROW_COUNT_MAX: usize = 20;

/// The report; all rows with `is_verbose`.
pub fn text(report: &ReplayReport, is_verbose: bool) -> Text {
    let (events, records) = (report.event_count, report.record_count);
    let text = Text::new()
        .say("replayed ")
        .strong(counted(events, "event", "events"))
        .say(" and ")
        .strong(counted(records, "record", "records"))
        .say(": ");
    let text = match report.is_unchanged() {
        true => text.toned(Tone::Good, "no answer changes").end(),
        false => text.toned(Tone::Warn, "answers change").end(),
    };
    let mut text = text.field("same", grouped(report.same_count));
    for (label, count) in [
        ("newly allowed", report.newly_allowed_count),
        ("newly denied", report.newly_denied_count),
    ] {
        text = text.field(label, grouped(count));
    }
    if report.untold_count > 0 {
        let said = format!(
            "{}: what decides them is not on record",
            grouped(report.untold_count)
        );
        text = text.field("untold", said);
    }
    if report.other_count > 0 {
        let said = format!(
            "{}: refused for other reasons than the policy",
            grouped(report.other_count)
        );
        text = text.field("not replayed", said);
    }
    text.then(rows(report, is_verbose))
}

fn rows(report: &ReplayReport, is_verbose: bool) -> Text {
    if report.changes.is_empty() {
        return Text::new();
    }
    let row_count = match is_verbose {
        true => usize::MAX,
        false => ROW_COUNT_MAX,
    };
    let mut table = Table::new(&[
        ("count", Side::Right),
        ("actor", Side::Left),
        ("path", Side::Left),
        ("before", Side::Left),
        ("after", Side::Left),
    ]);
    for change in report.changes.iter().take(row_count) {
        let after = match change.turn {
            Turn::Untold => format!("hangs on `{}`", change.after),
            _ => change.after.clone(),
        };
        table.row([
            grouped(change.count),
            change.actor.clone(),
            change.path.clone(),
            change.before.clone(),
            after,
        ]);
    }
    let left = report.changes.len().saturating_sub(row_count);
    let text = table.text(2);
    match left {
        0 => text,
        left => text
            .faint(format!("  and {} more; -v shows all", grouped(left as u64)))
            .end(),
    }
}
