//! Tables for people: columns padded to one width, no lines drawn.
//!
//! Cells are foreign text and are escaped before they are measured. Tests: table/tests.rs.

use crate::escape::escaped;
use crate::text::{Text, Tone, width};

#[cfg(test)]
mod tests;

/// Which side of its column a cell stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows of cells below headings.
#[derive(Clone, Debug)]
pub struct Table {
    headings: Vec<(String, Side)>,
    rows: Vec<Vec<String>>,
    cell_width_max: usize,
}

impl Table {
    /// A table without rows.
    pub fn new(headings: &[(&str, Side)]) -> Table {
        let headings = headings
            .iter()
            .map(|(heading, side)| ((*heading).to_owned(), *side))
            .collect();
        Table {
            headings,
            rows: Vec::new(),
            cell_width_max: usize::MAX,
        }
    }

    /// Cuts cells wider than `columns`, with `…` in place of their middle.
    #[must_use]
    pub fn cut_at(mut self, columns: usize) -> Table {
        self.cell_width_max = columns;
        self
    }

    /// Adds a row; missing cells stay empty, cells beyond the headings are left out.
    pub fn row<I: IntoIterator<Item = String>>(&mut self, cells: I) {
        let mut cells: Vec<String> = cells
            .into_iter()
            .take(self.headings.len())
            .map(|cell| cut(&escaped(&cell).to_string(), self.cell_width_max))
            .collect();
        cells.resize(self.headings.len(), String::new());
        self.rows.push(cells);
    }

    /// Whether there is nothing below the headings.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table, each line indented by `indent` blanks.
    pub fn text(&self, indent: usize) -> Text {
        let headings: Vec<String> = self
            .headings
            .iter()
            .map(|(heading, _)| heading.clone())
            .collect();
        let widths = self.widths(&headings);
        let mut text = Text::new().then(self.line(&headings, &widths, indent, Tone::Faint));
        for row in &self.rows {
            text = text.then(self.line(row, &widths, indent, Tone::Plain));
        }
        text
    }

    fn widths(&self, headings: &[String]) -> Vec<usize> {
        let widest = |column: usize| {
            let cells = self.rows.iter().map(|row| width(&row[column]));
            cells.chain([width(&headings[column])]).max().unwrap_or(0)
        };
        (0..headings.len()).map(widest).collect()
    }

    fn line(&self, cells: &[String], widths: &[usize], indent: usize, tone: Tone) -> Text {
        let mut line = " ".repeat(indent);
        for (column, cell) in cells.iter().enumerate() {
            let blanks = " ".repeat(widths[column] - width(cell));
            if column > 0 {
                line.push_str("  ");
            }
            match self.headings[column].1 {
                Side::Left => line.extend([cell.as_str(), &blanks]),
                Side::Right => line.extend([blanks.as_str(), cell]),
            }
        }
        Text::new().toned(tone, line.trim_end()).end()
    }
}

/// The text, its middle replaced by `…` where it is wider than `columns`.
///
/// The tail is kept longer than the head: paths and ids tell more by their end.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let kept = columns.saturating_sub(1);
    let head_width = kept / 3;
    let head: String = taken(text.chars(), head_width);
    let tail: String = taken(text.chars().rev(), kept - width(&head));
    format!("{head}…{}", tail.chars().rev().collect::<String>())
}

fn taken(characters: impl Iterator<Item = char>, columns: usize) -> String {
    let mut taken = String::new();
    for character in characters {
        let longer = format!("{taken}{character}");
        if width(&longer) > columns {
            break;
        }
        taken = longer;
    }
    taken
}
