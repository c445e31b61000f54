//! The table: what was measured, ours, the peer's, the ratio, the bar, and whether it is met.

use std::fmt;

/// What a figure is held to.
#[derive(Clone, Copy, Debug)]
pub enum Bar {
    /// At least so much.
    AtLeast(f64),
    /// At most so much.
    AtMost(f64),
    /// At least so many times as good as the peer.
    Ratio(f64),
}

/// A figure and its unit; `/s` counts upwards, everything else downwards.
#[derive(Clone, Debug)]
struct Row {
    what: String,
    ours: f64,
    unit: &'static str,
    peer: Option<(&'static str, f64)>,
    bar: Option<Bar>,
}

impl Row {
    fn more_is_better(&self) -> bool {
        self.unit.ends_with("/s")
    }

    /// How many times as good as the peer.
    fn ratio(&self) -> Option<f64> {
        let (_, peer) = self.peer?;
        Some(match self.more_is_better() {
            true => self.ours / peer,
            false => peer / self.ours,
        })
    }

    fn is_met(&self) -> Option<bool> {
        Some(match self.bar? {
            Bar::AtLeast(bar) => self.ours >= bar,
            Bar::AtMost(bar) => self.ours <= bar,
            Bar::Ratio(bar) => self.ratio()? >= bar,
        })
    }

    fn cells(&self) -> [String; 6] {
        let bar = match self.bar {
            None => String::new(),
            Some(Bar::AtLeast(bar)) => format!(">= {} {}", figure(bar), self.unit),
            Some(Bar::AtMost(bar)) => format!("<= {} {}", figure(bar), self.unit),
            Some(Bar::Ratio(bar)) => format!(">= {bar} x"),
        };
        let verdict = match self.is_met() {
            None => String::new(),
            Some(true) => "met".to_owned(),
            Some(false) => "MISSED".to_owned(),
        };
        let peer = self.peer.map_or(String::new(), |(name, peer)| {
            format!("{name}: {} {}", figure(peer), self.unit)
        });
        let ratio = self
            .ratio()
            .map_or(String::new(), |ratio| format!("{ratio:.2} x"));
        [
            self.what.clone(),
            format!("{} {}", figure(self.ours), self.unit),
            peer,
            ratio,
            bar,
            verdict,
        ]
    }
}

/// All rows of a run.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// A figure of ours alone.
    pub fn add(
        &mut self,
        what: impl Into<String>,
        ours: f64,
        unit: &'static str,
        bar: Option<Bar>,
    ) {
        self.push(what.into(), ours, unit, None, bar);
    }

    /// A figure of ours beside a peer's.
    pub fn compare(
        &mut self,
        what: impl Into<String>,
        ours: f64,
        unit: &'static str,
        peer: (&'static str, f64),
        bar: Option<Bar>,
    ) {
        self.push(what.into(), ours, unit, Some(peer), bar);
    }

    fn push(
        &mut self,
        what: String,
        ours: f64,
        unit: &'static str,
        peer: Option<(&'static str, f64)>,
        bar: Option<Bar>,
    ) {
        let row = Row {
            what,
            ours,
            unit,
            peer,
            bar,
        };
        // A long run shows where it is; the table comes at the end.
        eprintln!("  {}", row.cells().join("  "));
        self.rows.push(row);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["case", "GATOS", "peer", "ratio", "bar", ""].map(str::to_owned);
        let lines: Vec<[String; 6]> = std::iter::once(head)
            .chain(self.rows.iter().map(Row::cells))
            .collect();
        let widths: Vec<usize> = (0..6)
            .map(|column| {
                lines
                    .iter()
                    .map(|line| line[column].chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        for (number, line) in lines.iter().enumerate() {
            for (cell, width) in line.iter().zip(&widths) {
                write!(formatter, "| {cell:<width$} ")?;
            }
            writeln!(formatter, "|")?;
            if number == 0 {
                for width in &widths {
                    write!(formatter, "|{}", "-".repeat(width + 2))?;
                }
                writeln!(formatter, "|")?;
            }
        }
        Ok(())
    }
}

/// Three or four digits that matter, thousands apart.
fn figure(number: f64) -> String {
    if number.abs() >= 1000.0 {
        let digits = format!("{number:.0}");
        let mut grouped = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        return grouped;
    }
    match number.abs() {
        size if size >= 100.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        size if size >= 1.0 => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}
