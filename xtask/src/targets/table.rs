//! The table of a run: one row a target, as text and as JSON.

use super::compare::Verdict;
use super::list::Target;
use std::time::Duration;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    target: Target,
    verdict: Verdict,
    prepared_in: Duration,
    ran_in: Duration,
    is_required: bool,
    /// Lines to print below the table.
    notes: Vec<String>,
}

impl Row {
    /// A row: what became of the target, how long it took to prepare and build, and to run.
    pub fn new(
        target: &Target,
        verdict: Verdict,
        prepared_in: Duration,
        ran_in: Duration,
        is_required: bool,
    ) -> Row {
        Row {
            target: target.clone(),
            verdict,
            prepared_in,
            ran_in,
            is_required,
            notes: Vec::new(),
        }
    }

    /// The row with lines that say more.
    pub fn with_notes(mut self, notes: Vec<String>) -> Row {
        self.notes = notes;
        self
    }

    /// The target's name.
    pub fn triple(&self) -> &str {
        self.target.triple
    }

    /// Whether this row makes the command fail.
    pub fn fails(&self) -> bool {
        match self.verdict {
            Verdict::Same { .. } => false,
            Verdict::NotRun { .. } => self.is_required,
            Verdict::Differs(_) | Verdict::Broken { .. } => true,
        }
    }

    fn result(&self) -> String {
        match &self.verdict {
            Verdict::Same { topic_count } => format!("same ({topic_count} topics)"),
            Verdict::Differs(differences) => {
                let topics: Vec<String> = differences.iter().map(ToString::to_string).collect();
                format!("DIFFERS at {}", topics.join(", "))
            }
            Verdict::Broken { reason } => format!("BROKEN: {reason}"),
            Verdict::NotRun { reason } if self.is_required => {
                format!("NOT RUN, but required: {reason}")
            }
            Verdict::NotRun { reason } => format!("not run: {reason}"),
        }
    }

    /// One word for programs.
    fn word(&self) -> &'static str {
        match self.verdict {
            Verdict::Same { .. } => "same",
            Verdict::Differs(_) => "differs",
            Verdict::Broken { .. } => "broken",
            Verdict::NotRun { .. } => "not run",
        }
    }
}

/// The table, with a head line and a line that counts.
pub fn text(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut line = |cells: [&str; 6]| {
        let [target, shape, how, build, run, result] = cells;
        text.push_str(&format!(
            "{target:<30} {shape:<15} {how:<12} {build:>8} {run:>7}  {result}\n"
        ));
    };
    line(["target", "shape", "run", "build, s", "run, s", "result"]);
    for row in rows {
        let target = &row.target;
        let seconds = |duration: Duration| format!("{:.1}", duration.as_secs_f64());
        line([
            target.triple,
            &target.shape(),
            target.emulator,
            &seconds(row.prepared_in),
            &seconds(row.ran_in),
            &row.result(),
        ]);
    }
    for row in rows.iter().filter(|row| !row.notes.is_empty()) {
        text.push_str(&format!("\n{}\n", row.triple()));
        row.notes
            .iter()
            .for_each(|note| text.push_str(&format!("{note}\n")));
    }
    let count = |word: &str| rows.iter().filter(|row| row.word() == word).count();
    let (same, not_run) = (count("same"), count("not run"));
    let wrong = rows.len() - same - not_run;
    text.push_str(&format!(
        "{same} the same, {wrong} not the same, {not_run} not run\n"
    ));
    text
}

/// The table for programs: a list with an object a row.
pub fn json(rows: &[Row]) -> serde_json::Value {
    let object = |row: &Row| {
        serde_json::json!({
            "target": row.target.triple,
            "width_bits": row.target.width_bits,
            "endian": if row.target.is_big_endian { "big" } else { "little" },
            "run": row.target.emulator,
            "result": row.word(),
            "detail": row.result(),
            "notes": row.notes,
            "required": row.is_required,
            "prepared_ms": row.prepared_in.as_millis() as u64,
            "ran_ms": row.ran_in.as_millis() as u64,
        })
    };
    rows.iter().map(object).collect()
}
