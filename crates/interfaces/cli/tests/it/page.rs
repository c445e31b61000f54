//! Pages of sessions: the `console` blocks of a Markdown file as commands and what they print.
//!
//! Lines after `$ ` are commands (`> ` continues one), the lines below are what both streams print,
//! and a last line `[1]` is the exit status where it is not 0.

/// A command with what it should print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Line of the command on the page, from 1.
    pub line: usize,
    /// The command, as a shell takes it.
    pub command: String,
    /// What is printed, normalised, and the exit status in brackets.
    pub printed: Vec<String>,
}

/// A page: its steps, and the text between them.
#[derive(Clone, Debug, Default)]
pub struct Page {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    /// A line outside the sessions, or a fence.
    Text(String),
    Step(Step),
}

impl Page {
    /// Takes a page apart.
    pub fn parse(text: &str) -> Page {
        let mut parts: Vec<Part> = Vec::new();
        let mut inside = false;
        for (index, line) in text.lines().enumerate() {
            if line.starts_with("```") {
                inside = !inside && line.starts_with("```console");
                parts.push(Part::Text(line.to_owned()));
                continue;
            }
            match (
                line.strip_prefix("$ "),
                line.strip_prefix("> "),
                parts.last_mut(),
            ) {
                (Some(command), ..) if inside => parts.push(Part::Step(Step {
                    line: index + 1,
                    command: command.to_owned(),
                    printed: Vec::new(),
                })),
                (_, Some(more), Some(Part::Step(step))) if inside && step.printed.is_empty() => {
                    step.command.push('\n');
                    step.command.push_str(more);
                }
                (_, _, Some(Part::Step(step))) if inside => step.printed.push(line.to_owned()),
                _ => parts.push(Part::Text(line.to_owned())),
            }
        }
        Page { parts }
    }

    /// The steps in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.parts.iter().filter_map(|part| match part {
            Part::Step(step) => Some(step),
            Part::Text(_) => None,
        })
    }

    /// The same page with other printed lines, one list for each step.
    pub fn with_printed(&self, printed: Vec<Vec<String>>) -> Page {
        let mut printed = printed.into_iter();
        let mut page = self.clone();
        for part in &mut page.parts {
            if let Part::Step(step) = part {
                step.printed = printed.next().unwrap_or_default();
            }
        }
        page
    }

    /// The page as text.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(line) => text.push_str(line),
                Part::Step(step) => {
                    text.push_str("$ ");
                    text.push_str(&step.command.replace('\n', "\n> "));
                    for line in &step.printed {
                        text.push('\n');
                        text.push_str(line);
                    }
                }
            }
            text.push('\n');
        }
        text
    }
}

#[test]
fn a_page_reads_back_the_same() {
    let text = "# Title\n\n```console\n$ one\nout\n[1]\n$ two <<E\n> in\n> E\n```\nend\n";
    let page = Page::parse(text);
    assert_eq!(page.to_text(), text);
    let steps: Vec<&Step> = page.steps().collect();
    assert_eq!(steps[0].printed, ["out", "[1]"]);
    assert_eq!(
        (steps[1].line, steps[1].command.as_str()),
        (7, "two <<E\nin\nE")
    );
}
