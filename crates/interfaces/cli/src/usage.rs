//! Usage: what clap has to say about a command line, in our manners.
//!
//! Help and version go to standard output; a line that makes no sense becomes a `USAGE` refusal like
//! any other, escaped for people and a document for programs. Tests: usage/tests.rs, tests/it.

use crate::console::{Answer, Colour, Console, Ending, Manners};
use crate::table::cut;
use crate::text::{Text, width};
use crate::{manual, reference, verbs};
use clap::Command;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ErrorKind};
use gatos_node::{Fault, reply};
use gatos_values::ErrorCode;
use std::ffi::OsString;

#[cfg(test)]
mod tests;

/// Columns of a hostile argument that a message repeats.
const REASON_WIDTH_MAX: usize = 500;

/// The manners a command line asks for, read before it is known to make sense.
pub fn manners_of(arguments: &[OsString]) -> Manners {
    let words = arguments.iter().take_while(|argument| *argument != "--");
    let words: Vec<&str> = words.filter_map(|argument| argument.to_str()).collect();
    let colour_word = words
        .iter()
        .enumerate()
        .find_map(|(index, word)| match *word {
            "--color" => words.get(index + 1).copied(),
            _ => word.strip_prefix("--color="),
        });
    Manners {
        json: words.contains(&"--json"),
        quiet: words.contains(&"-q") || words.contains(&"--quiet"),
        verbose: false,
        colour: match colour_word {
            Some("always") => Colour::Always,
            Some("never") => Colour::Never,
            _ => Colour::Auto,
        },
    }
}

/// Answers what clap could not turn into a command.
pub fn answer(
    console: &mut Console,
    command: &Command,
    arguments: &[OsString],
    error: &clap::Error,
) -> Ending {
    match error.kind() {
        ErrorKind::DisplayVersion => {
            let reply = crate::console::document(
                true,
                [
                    ("name", reply::text("gatos")),
                    ("version", reply::text(env!("CARGO_PKG_VERSION"))),
                ],
            );
            console.show(&reply, &Text::new().say(error.render()))?;
            Ok(Answer::Yes)
        }
        ErrorKind::DisplayHelp => {
            let (path, asked) = command_asked_for(command, arguments);
            console.show(
                &reference::command_value(&path, asked),
                &help(&path, &error.render()),
            )?;
            Ok(Answer::Yes)
        }
        _ => Err(fault(command, arguments, error).into()),
    }
}

/// clap's help, with the manual's examples below.
pub fn help(path: &str, help: &StyledStr) -> Text {
    let help = help.to_string();
    let text = Text::new().say(help.trim_end()).end();
    match manual::find(verbs::MANUALS, path) {
        Some(manual) => text.end().say(manual.help()),
        None => text,
    }
}

/// The command that the words of a line lead to, as far as they do, and those words.
fn command_asked_for<'a>(command: &'a Command, arguments: &[OsString]) -> (String, &'a Command) {
    let words = arguments.iter().filter_map(|argument| argument.to_str());
    let (mut path, mut found) = (String::new(), command);
    for word in words {
        if let Some(inner) = found.find_subcommand(word) {
            path = format!("{path} {word}").trim_start().to_owned();
            found = inner;
        }
    }
    (path, found)
}

fn fault(command: &Command, arguments: &[OsString], error: &clap::Error) -> Fault {
    let (path, _) = command_asked_for(command, arguments);
    let name = format!("{} {path}", command.get_name())
        .trim_end()
        .to_owned();
    let help = format!("{name} --help");
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Fault::new(ErrorCode::Usage, name, "a command is missing").with_hint(format!(
            "`{help}` lists the commands; `gatos demo` shows what this is"
        ));
    }
    let rendered = error.render().to_string();
    let fault = Fault::new(ErrorCode::Usage, name, reason(&rendered));
    match suggestion(error) {
        Some(suggestion) => fault.with_hint(format!("did you mean `{suggestion}`? see `{help}`")),
        None => fault.with_hint(format!("see `{help}`")),
    }
}

/// The first paragraph of clap's report, on one line and not longer than anybody reads.
fn reason(rendered: &str) -> String {
    let paragraph = rendered.split("\n\n").next().unwrap_or(rendered);
    let paragraph = paragraph.strip_prefix("error: ").unwrap_or(paragraph);
    let lines: Vec<&str> = paragraph.lines().map(str::trim).collect();
    let reason = lines.join(" ");
    if width(&reason) <= REASON_WIDTH_MAX {
        reason
    } else {
        cut(&reason, REASON_WIDTH_MAX)
    }
}

fn suggestion(error: &clap::Error) -> Option<String> {
    let kinds = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ];
    kinds
        .iter()
        .find_map(|kind| error.get(*kind))
        .and_then(|value| match value {
            clap::error::ContextValue::String(one) => Some(one.clone()),
            clap::error::ContextValue::Strings(several) => several.first().cloned(),
            _ => None,
        })
}
