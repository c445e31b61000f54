//! Just enough Markdown: tables after a marker, links, headings, fenced blocks.
//!
//! Not a renderer. It reads the subset this repository writes, line by line, and leaves judging to
//! `architecture` and `docs`. Line numbers count from 1. Tests: `markdown/tests.rs`.

#[cfg(test)]
mod tests;

/// A table row: its line number and its cells by column name.
#[derive(Debug, Clone)]
pub struct Row {
    /// Line in the file, from 1.
    pub line: usize,
    cells: Vec<(String, String)>,
}

impl Row {
    /// The cell under `column`, trimmed; empty when there is no such column.
    pub fn cell(&self, column: &str) -> &str {
        self.cells
            .iter()
            .find(|(name, _)| name == column)
            .map_or("", |(_, text)| text)
    }

    /// Every `code span` of the cell under `column`, in order.
    pub fn codes(&self, column: &str) -> Vec<String> {
        code_spans(self.cell(column))
    }
}

/// The rows of the table that follows the comment `<!-- table: name -->`.
pub fn table(text: &str, name: &str) -> Option<Vec<Row>> {
    let marker = format!("<!-- table: {name} -->");
    let mut lines = text
        .lines()
        .enumerate()
        .skip_while(|(_, line)| line.trim() != marker);
    lines.next()?;
    let mut rows = lines
        .skip_while(|(_, line)| line.trim().is_empty())
        .take_while(|(_, line)| line.starts_with('|'));
    let columns = split_row(rows.next()?.1);
    rows.next()?;
    Some(
        rows.map(|(index, line)| Row {
            line: index + 1,
            cells: columns.iter().cloned().zip(split_row(line)).collect(),
        })
        .collect(),
    )
}

fn split_row(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut inside = line.trim().trim_start_matches('|').chars().peekable();
    while let Some(character) = inside.next() {
        let cell = cells.last_mut().expect("one cell is always open");
        match character {
            '\\' if inside.peek() == Some(&'|') => {
                cell.push('|');
                inside.next();
            }
            '|' => cells.push(String::new()),
            other => cell.push(other),
        }
    }
    // The text after the closing bar is no cell.
    if cells.last().is_some_and(|cell| cell.trim().is_empty()) {
        cells.pop();
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// Every `code span` in one line of text.
pub fn code_spans(line: &str) -> Vec<String> {
    line.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// A link: its line and its target as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Line in the file, from 1.
    pub line: usize,
    /// What stands between the parentheses, without a title.
    pub target: String,
}

/// Every inline link, image and reference definition outside code.
pub fn links(text: &str) -> Vec<Link> {
    let mut found = Vec::new();
    for (line, content) in prose_lines(text) {
        let bare = without_code_spans(content);
        for rest in bare.split("](").skip(1) {
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            found.push(Link {
                line,
                target: target.to_owned(),
            });
        }
        if let Some((_, target)) = bare
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("]: "))
        {
            found.push(Link {
                line,
                target: target.trim().to_owned(),
            });
        }
    }
    found
}

/// The anchors that GitHub gives the headings of a page.
pub fn anchors(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (_, line) in prose_lines(text) {
        let title = line.trim_start_matches('#');
        let depth = line.len() - title.len();
        if depth == 0 || depth > 6 || !title.starts_with(' ') {
            continue;
        }
        let slug = slug(title.trim());
        let twins = found.iter().filter(|known| is_twin(known, &slug)).count();
        found.push(if twins == 0 {
            slug
        } else {
            format!("{slug}-{twins}")
        });
    }
    found
}

fn is_twin(known: &str, slug: &str) -> bool {
    known == slug
        || known
            .strip_prefix(slug)
            .and_then(|rest| rest.strip_prefix('-'))
            .is_some_and(|number| number.parse::<usize>().is_ok())
}

fn slug(title: &str) -> String {
    title
        .chars()
        .filter_map(|character| match character {
            ' ' => Some('-'),
            '-' | '_' => Some(character),
            other if other.is_alphanumeric() => Some(other.to_ascii_lowercase()),
            _ => None,
        })
        .collect()
}

/// A fenced block: where it opens, its info string, its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// Line of the opening fence, from 1.
    pub line: usize,
    /// What stands behind the opening backticks.
    pub info: String,
    /// The lines between the fences.
    pub lines: Vec<String>,
}

/// Every fenced block; blocks inside HTML comments count, which is how a page hides its setup.
pub fn fences(text: &str) -> Vec<Fence> {
    let mut found = Vec::new();
    let mut open: Option<(Fence, usize)> = None;
    for (index, line) in text.lines().enumerate() {
        let ticks = line
            .trim_start()
            .chars()
            .take_while(|&character| character == '`')
            .count();
        match open.as_mut() {
            None if ticks >= 3 => {
                let info = line.trim().trim_start_matches('`').trim().to_owned();
                open = Some((
                    Fence {
                        line: index + 1,
                        info,
                        lines: Vec::new(),
                    },
                    ticks,
                ));
            }
            None => {}
            Some((_, depth)) if ticks >= *depth && line.trim().chars().all(|tick| tick == '`') => {
                found.extend(open.take().map(|(fence, _)| fence));
            }
            Some((fence, _)) => fence.lines.push(line.to_owned()),
        }
    }
    found
}

/// The lines outside fenced blocks, with their numbers.
fn prose_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut depth = 0;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let ticks = line
            .trim_start()
            .chars()
            .take_while(|&character| character == '`')
            .count();
        if depth == 0 && ticks >= 3 {
            depth = ticks;
            return None;
        }
        if depth > 0 {
            if ticks >= depth {
                depth = 0;
            }
            return None;
        }
        Some((index + 1, line))
    })
}

fn without_code_spans(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("")
}
