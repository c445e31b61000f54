//! Manuals: what each verb's help, man page and reference say beyond its options.
//!
//! A verb states its examples, its `--json` reply and its "no" once, in a [`Manual`] beside its code;
//! `--help`, `gatos man` and docs/cli/reference.md are all drawn from there, and the transcript tests
//! hold real replies against it, so none of them can drift.
//! Tests: manual/tests.rs, tests/it/transcripts.rs.

use clap::Command;

#[cfg(test)]
mod tests;

/// What a verb says about itself, besides its options.
#[derive(Debug)]
pub struct Manual {
    /// The words behind `gatos`: `event append`.
    pub command: &'static str,
    /// What it is for, and the line to type; at least one.
    pub examples: &'static [Example],
    /// What standard output holds with `--json`.
    pub reply: Reply,
    /// When the exit status is 1, as a phrase after "1 when …"; empty where the answer cannot be no.
    pub no_when: &'static str,
}

/// A line to type and what it is good for.
#[derive(Debug)]
pub struct Example {
    /// A phrase without a full stop.
    pub why: &'static str,
    /// A shell command that starts with, or pipes into, `gatos`.
    pub line: &'static str,
}

/// What standard output holds with `--json`.
#[derive(Debug)]
pub enum Reply {
    /// One document with these fields.
    Document(&'static [Field]),
    /// One document a line, each with these fields.
    Lines(&'static [Field]),
    /// The bytes asked for, with or without `--json`; the words say which.
    Bytes(&'static str),
}

/// A field of a reply document.
#[derive(Debug)]
pub struct Field {
    /// Its key.
    pub name: &'static str,
    /// What it holds.
    pub meaning: &'static str,
    /// Whether it may be absent.
    pub optional: bool,
}

/// A field that is always there.
pub const fn field(name: &'static str, meaning: &'static str) -> Field {
    Field {
        name,
        meaning,
        optional: false,
    }
}

/// A field that may be absent.
pub const fn optional(name: &'static str, meaning: &'static str) -> Field {
    Field {
        name,
        meaning,
        optional: true,
    }
}

/// An example and its use.
pub const fn example(why: &'static str, line: &'static str) -> Example {
    Example { why, line }
}

/// The fields of every refusal, whichever verb it comes from.
pub const REFUSAL: &[Field] = &[
    field("ok", "`false`"),
    field("id", "the event it is about, or empty"),
    field("code", "one of the codes of docs/errors.md"),
    field("reason", "what is wrong, with the offending input"),
    field(
        "resource",
        "the thing it is about: a resource URI, a ref, a file, a command",
    ),
    field("hint", "what to try next"),
];

impl Manual {
    /// The text below the options in `--help`. It is not wrapped: examples are there to be copied.
    pub fn help(&self) -> String {
        let mut text = "Examples:\n".to_owned();
        for (index, example) in self.examples.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n" };
            text.push_str(&format!("{gap}  # {}\n  {}\n", example.why, example.line));
        }
        if !self.no_when.is_empty() {
            text.push_str(&format!("\nExit status 1 when {}.\n", self.no_when));
        }
        text
    }

    /// The fields of the reply; none where it is bytes.
    pub fn fields(&self) -> &'static [Field] {
        match &self.reply {
            Reply::Document(fields) | Reply::Lines(fields) => fields,
            Reply::Bytes(_) => &[],
        }
    }
}

/// The manual of a command, by the words behind `gatos`.
pub fn find(manuals: &[&'static Manual], command: &str) -> Option<&'static Manual> {
    manuals
        .iter()
        .copied()
        .find(|manual| manual.command == command)
}

/// Commands without commands below them, each with the words that lead to it, in order of the help.
pub fn leaves(command: &Command) -> Vec<(String, &Command)> {
    let mut found = Vec::new();
    collect_leaves(command, "", &mut found);
    found
}

fn collect_leaves<'a>(command: &'a Command, path: &str, found: &mut Vec<(String, &'a Command)>) {
    // What only Git hooks call is not for people.
    for inner in command
        .get_subcommands()
        .filter(|inner| !inner.is_hide_set())
    {
        let inner_path = format!("{path} {}", inner.get_name())
            .trim_start()
            .to_owned();
        if inner.has_subcommands() {
            collect_leaves(inner, &inner_path, found);
        } else {
            found.push((inner_path, inner));
        }
    }
}

/// What a field means, with a word on its absence.
pub fn meaning(field: &Field) -> String {
    let absence = if field.optional {
        " (may be absent)"
    } else {
        ""
    };
    format!("{}{absence}", field.meaning)
}
