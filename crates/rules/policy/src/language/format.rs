//! The one layout of a `.rgs` source.
//!
//! Keys, rules and lines keep their order; comments keep their neighbours. A source is formatted only if it compiles.
//!
//! INVARIANT: formatting never changes the root, formatting twice is formatting once, and no comment is lost. The first
//! is checked here, on every call, before anything is given out.
//! Tests: `format/tests.rs`.

mod comments;
#[cfg(test)]
mod tests;

use super::compile::compile;
use super::syntax::{parse, print};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use comments::{Comment, comments};
use gatos_yaml::{Data, Entry, Finding, Node, Position};

/// Formats a source.
///
/// # Errors
/// The findings of a source that does not compile.
pub fn format_source(source: &str) -> Result<String, Vec<Finding>> {
    let compiled = compile(source)?;
    let document = gatos_yaml::parse(source).map_err(|cause| {
        vec![Finding::error(
            cause.position,
            "yaml",
            cause.to_string(),
            cause.kind.hint(),
        )]
    })?;
    let mut writer = Writer {
        output: String::new(),
        comments: comments(source).into_iter().peekable(),
    };
    writer.document(&document);
    writer.rest();
    let same = compile(&writer.output).is_ok_and(|again| again.root == compiled.root);
    if same {
        return Ok(writer.output);
    }
    let message = "this layout cannot be formatted without changing the policy".to_string();
    Err(vec![Finding::error(
        Position::START,
        "format",
        message,
        "write texts of several lines as one line",
    )])
}

struct Writer {
    output: String,
    comments: core::iter::Peekable<vec::IntoIter<Comment>>,
}

impl Writer {
    fn document(&mut self, document: &Node) {
        let Data::Map(entries) = &document.data else {
            return;
        };
        let is_list = entries.iter().any(|entry| entry.key.as_str() == "rules");
        if !is_list {
            self.keys(entries, "", "");
            return;
        }
        for entry in entries {
            match (entry.key.as_str(), &entry.value.data) {
                ("rules", Data::List(rules)) => {
                    self.line(entry.position.line, "", "rules:");
                    self.rules(rules);
                }
                (key, _) => {
                    let text = format!("{key}: {}", flow(&entry.value, false));
                    self.line(entry.position.line, "", &text);
                }
            }
        }
    }

    fn rules(&mut self, rules: &[Node]) {
        for (index, rule) in rules.iter().enumerate() {
            if index > 0 {
                self.output.push('\n');
            }
            if let Data::Map(entries) = &rule.data {
                self.keys(entries, "  - ", "    ");
            }
        }
    }

    /// The keys of a rule: the first behind `first`, the others behind `indent`.
    fn keys(&mut self, entries: &[Entry], first: &str, indent: &str) {
        for (index, entry) in entries.iter().enumerate() {
            // Comments above a rule stand where its dash does.
            let (lead, indent_of_comments) = match index {
                0 => (first, indent.get(2..).unwrap_or_default()),
                _ => (indent, indent),
            };
            let (line, key) = (entry.position.line, entry.key.as_str());
            match key {
                "allow_if" | "deny_if" => {
                    self.commented(line, indent_of_comments, lead, &format!("{key}:"));
                    for clause in clauses(&entry.value) {
                        let text = format!("- {}", quoted(&clause_text(clause)));
                        self.line(clause.position.line, &format!("{indent}  "), &text);
                    }
                }
                _ => {
                    let text = format!("{key}: {}", flow(&entry.value, key == "when"));
                    self.commented(line, indent_of_comments, lead, &text);
                }
            }
        }
    }

    fn line(&mut self, line: u32, indent: &str, text: &str) {
        self.commented(line, indent, indent, text);
    }

    /// A line with the comments above it, and the one behind it.
    fn commented(&mut self, line: u32, comment_indent: &str, lead: &str, text: &str) {
        while let Some(comment) = self.comments.next_if(|comment| comment.line < line) {
            self.output
                .push_str(&format!("{comment_indent}{}\n", comment.text));
        }
        self.output.push_str(&format!("{lead}{text}"));
        if let Some(comment) = self
            .comments
            .next_if(|comment| comment.line == line && !comment.is_alone)
        {
            self.output.push_str(&format!("  {}", comment.text));
        }
        self.output.push('\n');
    }

    /// Comments behind everything.
    fn rest(&mut self) {
        for comment in self.comments.by_ref() {
            self.output.push_str(&format!("{}\n", comment.text));
        }
    }
}

/// The lines of `allow_if`: a list, or one by itself.
fn clauses(node: &Node) -> &[Node] {
    match &node.data {
        Data::List(items) => items,
        _ => core::slice::from_ref(node),
    }
}

fn clause_text(node: &Node) -> String {
    match &node.data {
        Data::Text(text) => parse(text).map_or_else(|_| text.to_string(), |tree| print(&tree)),
        _ => flow(node, false),
    }
}

/// A value on one line; texts in quotes where that is the custom or YAML needs it.
fn flow(node: &Node, quote: bool) -> String {
    let join = |nodes: &[Node]| {
        let items: Vec<String> = nodes.iter().map(|node| flow(node, quote)).collect();
        items.join(", ")
    };
    match &node.data {
        Data::Null => "null".to_string(),
        Data::Bool(value) => value.to_string(),
        Data::Number(number) => number.to_string(),
        Data::Text(text) if !quote && is_plain(text) => text.to_string(),
        Data::Text(text) => quoted(text),
        Data::List(items) => format!("[{}]", join(items)),
        Data::Map(entries) if entries.is_empty() => "{}".to_string(),
        Data::Map(entries) => {
            let pairs = entries
                .iter()
                .map(|entry| format!("{}: {}", entry.key, flow(&entry.value, quote)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Whether YAML reads the text as itself without quotes, behind a key.
fn is_plain(text: &str) -> bool {
    let words = text.split(' ').all(|word| {
        !word.is_empty()
            && word.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b',')
            })
    });
    words
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && !["true", "false", "null"]
            .iter()
            .any(|word| word.eq_ignore_ascii_case(text))
}

/// A double-quoted scalar.
fn quoted(text: &str) -> String {
    let mut output = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => output.push_str("\\\""),
            '\\' => output.push_str("\\\\"),
            '\n' => output.push_str("\\n"),
            '\t' => output.push_str("\\t"),
            control if control.is_control() => {
                output.push_str(&format!("\\U{:08x}", u32::from(control)));
            }
            other => output.push(other),
        }
    }
    output.push('"');
    output
}
