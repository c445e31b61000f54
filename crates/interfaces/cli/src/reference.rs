//! The reference: the command line's definition as a page and as a document, and the table of codes.
//!
//! docs/cli/reference.md and docs/errors.md are these texts; a test compares them and
//! `GATOS_BLESS=1 cargo test -p gatos-cli` writes them anew. Tests: reference/tests.rs.

use crate::manual::{self, Field, Manual, REFUSAL, Reply, leaves, meaning};
use crate::pages::EXIT_STATUS;
use crate::verbs;
use clap::{Arg, Command};
use gatos_node::reply;
use gatos_values::{ErrorCode, Value};
use std::fmt::Write;

#[cfg(test)]
mod tests;

/// What both generated pages say about themselves.
const GENERATED: &str = "<!-- Generated from the code: `GATOS_BLESS=1 cargo test -p gatos-cli reference`. Do not edit. -->\n\n";

/// Environment variables that we read ourselves.
const ENVIRONMENT: &[(&str, &str)] = &[
    (
        "GATOS_HOME",
        "folder of keys; else `$XDG_CONFIG_HOME/gatos`, else `~/.config/gatos`",
    ),
    ("GATOS_KEY", "what `--key` says where it is not given"),
    ("SSH_AUTH_SOCK", "socket of the ssh-agent that may sign"),
    ("NO_COLOR", "any value turns colour off"),
];

/// docs/cli/reference.md: every command with its options, examples and reply.
pub fn reference_markdown() -> String {
    let mut command = crate::command();
    command.build();
    let mut page = GENERATED.to_owned();
    page.push_str("# Command reference\n\n");
    page.push_str("`git gatos …` is the same program; a link or copy named `git-gatos` on the `PATH` makes it so.\n\n");
    contents(&mut page, &command);
    manners(&mut page, &command);
    for (path, leaf) in leaves(&command) {
        chapter(&mut page, &path, leaf);
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn contents(page: &mut String, command: &Command) {
    page.push_str("| command | what it does |\n|---|---|\n");
    for (path, leaf) in leaves(command) {
        let about = leaf
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        line(
            page,
            &format!(
                "| [`gatos {path}`](#gatos-{}) | {} |",
                path.replace(' ', "-"),
                cell(&about)
            ),
        );
    }
    page.push('\n');
}

fn manners(page: &mut String, command: &Command) {
    page.push_str("## Manners\n\nEvery command takes these options:\n\n");
    options(
        page,
        command
            .get_arguments()
            .filter(|argument| argument.is_global_set()),
    );
    page.push_str("Data goes to standard output; notes, progress bars and what is wrong to standard error. Text for \
                   people escapes control and bidirectional characters. With `--json` everything, refusals too, is \
                   canonical JSON on standard output: one document, or one a line where the reply is a stream; a \
                   refusal is then the last line.\n\n| exit status | meaning |\n|---|---|\n");
    for (status, meaning) in EXIT_STATUS {
        line(page, &format!("| {status} | {meaning} |"));
    }
    page.push_str("\nA refusal with `--json` holds these fields and sometimes more, such as `line` or `offset`:\n\n");
    fields(page, REFUSAL);
    page.push_str("The codes are listed in [errors.md](../errors.md).\n\n| environment | meaning |\n|---|---|\n");
    for (name, meaning) in ENVIRONMENT {
        line(page, &format!("| `{name}` | {meaning} |"));
    }
    page.push_str("\nA `WHEN` is a ULID, a time such as `2026-03-01T09:30:00Z`, a date (its midnight in UTC), `@` and \
                   seconds since 1970, or an age: a number and `s`, `m`, `h`, `d` or `w`.\n\n");
}

fn chapter(page: &mut String, path: &str, command: &Command) {
    line(page, &format!("## gatos {path}\n"));
    let about = command
        .get_long_about()
        .or(command.get_about())
        .map(ToString::to_string);
    line(page, &format!("{}\n", about.unwrap_or_default()));
    let usage = command.clone().render_usage().to_string();
    line(
        page,
        &format!("```text\n{}\n```\n", usage.trim_start_matches("Usage: ")),
    );
    options(
        page,
        command
            .get_arguments()
            .filter(|argument| !argument.is_global_set()),
    );
    if let Some(manual) = manual::find(verbs::MANUALS, path) {
        manual_sections(page, manual);
    }
}

fn options<'a>(page: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    let shown: Vec<&Arg> = arguments
        .filter(|argument| !is_help(argument) && !argument.is_hide_set())
        .collect();
    if shown.is_empty() {
        return;
    }
    page.push_str("| option | meaning |\n|---|---|\n");
    for argument in shown {
        line(
            page,
            &format!(
                "| `{}` | {} |",
                cell(&spelling(argument)),
                cell(&help(argument))
            ),
        );
    }
    page.push('\n');
}

fn is_help(argument: &Arg) -> bool {
    matches!(argument.get_id().as_str(), "help" | "version")
}

/// How an argument is typed: `-n, --ns <NS>`, `<PATHS>...`.
fn spelling(argument: &Arg) -> String {
    let names: Vec<String> = argument
        .get_short()
        .map(|short| format!("-{short}"))
        .into_iter()
        .chain(argument.get_long().map(|long| format!("--{long}")))
        .collect();
    if names.is_empty() {
        let name = value_name(argument).unwrap_or_default();
        let dots = if argument
            .get_num_args()
            .is_some_and(|range| range.max_values() > 1)
        {
            "..."
        } else {
            ""
        };
        return if argument.is_required_set() {
            format!("<{name}>{dots}")
        } else {
            format!("[{name}]{dots}")
        };
    }
    match value_name(argument) {
        Some(value) => format!("{} <{value}>", names.join(", ")),
        None => names.join(", "),
    }
}

fn value_name(argument: &Arg) -> Option<String> {
    if !argument.get_action().takes_values() {
        return None;
    }
    let named = argument
        .get_value_names()
        .and_then(|names| names.first())
        .map(ToString::to_string);
    Some(named.unwrap_or_else(|| argument.get_id().as_str().to_uppercase()))
}

/// The help of an argument with its choices, default and environment variable.
fn help(argument: &Arg) -> String {
    let mut help = argument
        .get_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let choices = choices(argument);
    if !choices.is_empty() {
        let _ = write!(help, " (one of: {})", choices.join(", "));
    }
    if let Some(default) = default(argument) {
        let _ = write!(help, " [default: {default}]");
    }
    if let Some(variable) = argument.get_env() {
        let _ = write!(help, " [environment: `{}`]", variable.to_string_lossy());
    }
    help
}

fn choices(argument: &Arg) -> Vec<String> {
    if !argument.get_action().takes_values() {
        return Vec::new();
    }
    argument
        .get_possible_values()
        .iter()
        .map(|value| format!("`{}`", value.get_name()))
        .collect()
}

fn default(argument: &Arg) -> Option<String> {
    if argument.is_hide_default_value_set() || !argument.get_action().takes_values() {
        return None;
    }
    let values: Vec<String> = argument
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy().into_owned())
        .collect();
    (!values.is_empty()).then(|| values.join(" "))
}

fn manual_sections(page: &mut String, manual: &Manual) {
    page.push_str("```sh\n");
    for example in manual.examples {
        line(page, &format!("# {}\n{}", example.why, example.line));
    }
    page.push_str("```\n\n");
    match &manual.reply {
        Reply::Document(of) => {
            page.push_str("Reply with `--json`:\n\n");
            fields(page, of);
        }
        Reply::Lines(of) => {
            page.push_str("Reply with `--json`, one document a line:\n\n");
            fields(page, of);
        }
        Reply::Bytes(what) => line(page, &format!("Standard output holds {what}.\n")),
    }
    if !manual.no_when.is_empty() {
        line(page, &format!("Exit status 1 when {}.\n", manual.no_when));
    }
}

fn fields(page: &mut String, fields: &[Field]) {
    page.push_str("| field | meaning |\n|---|---|\n");
    for field in fields {
        line(
            page,
            &format!("| `{}` | {} |", field.name, cell(&meaning(field))),
        );
    }
    page.push('\n');
}

/// Text of a table cell: one line, bars escaped.
fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}

fn line(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}

/// docs/errors.md: every code with its exit status, meaning and hint.
pub fn errors_markdown() -> String {
    let mut page = GENERATED.to_owned();
    page.push_str("# Error codes\n\n\
        Every refusal carries one of these codes, in `--json` replies as `code`, for people in brackets behind \
        `error`. A code once published keeps its text and its exit status. The hint is what is said when nothing \
        more particular is known.\n\n\
        | code | exit | meaning | hint |\n|---|---|---|---|\n");
    for code in ErrorCode::ALL {
        let reserved = if code.is_reserved() {
            " *(reserved)*"
        } else {
            ""
        };
        line(
            &mut page,
            &format!(
                "| `{}` | {} | {}{reserved} | {} |",
                code.as_str(),
                code.exit_status(),
                cell(code.meaning()),
                cell(code.hint())
            ),
        );
    }
    page.push_str("\nReserved codes are published, but no part of this version answers with them yet. Exit statuses are \
                   explained in the [command reference](cli/reference.md#manners).\n");
    page
}

/// A command as a document for programs: what `--help` says, and the commands below it.
///
/// `path` are the words that lead to it behind `gatos`.
pub fn command_value(path: &str, command: &Command) -> Value {
    let name = format!("gatos {path}").trim_end().to_owned();
    let text = |text: Option<&clap::builder::StyledStr>| {
        reply::optional_text(text.map(ToString::to_string).as_deref())
    };
    let arguments = command
        .get_arguments()
        .filter(|argument| !is_help(argument) && !argument.is_hide_set());
    let commands = command
        .get_subcommands()
        .map(|inner| command_value(format!("{path} {}", inner.get_name()).trim_start(), inner));
    let mut entries = vec![
        ("ok", Value::Bool(true)),
        ("command", reply::text(&name)),
        ("about", text(command.get_about())),
        (
            "description",
            text(command.get_long_about().or(command.get_about())),
        ),
        (
            "arguments",
            Value::List(arguments.map(argument_value).collect()),
        ),
        ("commands", Value::List(commands.collect())),
    ];
    if let Some(manual) = manual::find(verbs::MANUALS, path) {
        let examples = manual.examples.iter().map(|example| {
            reply::object(vec![
                ("why", reply::text(example.why)),
                ("line", reply::text(example.line)),
            ])
        });
        let fields = manual.fields().iter().map(|field| {
            reply::object(vec![
                ("name", reply::text(field.name)),
                ("meaning", reply::text(&meaning(field))),
            ])
        });
        entries.push(("examples", Value::List(examples.collect())));
        entries.push(("reply", Value::List(fields.collect())));
    }
    reply::object(entries)
}

fn argument_value(argument: &Arg) -> Value {
    let choices = choices(argument)
        .iter()
        .map(|choice| reply::text(choice.trim_matches('`')))
        .collect();
    reply::object(vec![
        ("spelling", reply::text(&spelling(argument))),
        (
            "help",
            reply::optional_text(argument.get_help().map(ToString::to_string).as_deref()),
        ),
        ("required", Value::Bool(argument.is_required_set())),
        ("global", Value::Bool(argument.is_global_set())),
        (
            "default",
            reply::optional_text(default(argument).as_deref()),
        ),
        ("choices", Value::List(choices)),
    ])
}
