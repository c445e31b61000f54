//! Manual pages in roff, one a command, from the command line's own definitions.
//!
//! Options and descriptions come through clap_mangen; examples, replies and exit status from the
//! manuals. Tests: pages/tests.rs.

use crate::manual::{self, Manual, Reply};
use crate::verbs;
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use std::io;

#[cfg(test)]
mod tests;

/// A manual page.
#[derive(Debug)]
pub struct Page {
    /// The words behind `gatos`; empty for the program itself.
    pub command: String,
    /// Name of its file: `gatos-event-append.1`.
    pub file: String,
    /// Its text.
    pub roff: String,
}

/// Every page, the program's own first, and the one that `git help gatos` looks for.
///
/// # Errors
/// Never in practice: the pages are written to memory.
pub fn all(command: &Command) -> io::Result<Vec<Page>> {
    let mut built = command.clone();
    built.build();
    let mut pages = Vec::new();
    collect(&built, "", &mut pages)?;
    pages.push(Page {
        command: "git-gatos".to_owned(),
        file: "git-gatos.1".to_owned(),
        roff: ".so man1/gatos.1\n".to_owned(),
    });
    Ok(pages)
}

fn collect(command: &Command, path: &str, pages: &mut Vec<Page>) -> io::Result<()> {
    let name = format!("gatos {path}").trim_end().replace(' ', "-");
    pages.push(Page {
        command: path.to_owned(),
        file: format!("{name}.1"),
        roff: roff(command, path, &name)?,
    });
    for inner in command.get_subcommands() {
        collect(
            inner,
            format!("{path} {}", inner.get_name()).trim_start(),
            pages,
        )?;
    }
    Ok(())
}

fn roff(command: &Command, path: &str, name: &str) -> io::Result<String> {
    let usage = command.clone().render_usage().to_string();
    // The manual's own sections below replace clap's unformatted text behind the options.
    let command = command.clone().display_name(name.to_owned()).after_help("");
    let has_subcommands = command.has_subcommands();
    let man = Man::new(command);
    let mut page = title(name).into_bytes();
    man.render_name_section(&mut page)?;
    synopsis(&usage).to_writer(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if has_subcommands {
        man.render_subcommands_section(&mut page)?;
    }
    own_sections(path).to_writer(&mut page)?;
    // The pages are made of our own texts, which are UTF-8.
    Ok(ascii(&String::from_utf8_lossy(&page)))
}

/// The title line; no date, for a page must be the same whenever it is made.
fn title(name: &str) -> String {
    let name = name.to_uppercase();
    format!(
        ".TH \"{name}\" \"1\" \"\" \"gatos {}\" \"GATOS Manual\"\n",
        env!("CARGO_PKG_VERSION")
    )
}

fn synopsis(usage: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([roman(usage.trim_start_matches("Usage: "))]);
    roff
}

/// The page with other characters as roff escapes: readers differ in the encoding they expect.
fn ascii(page: &str) -> String {
    let escape = |character: char| match character.is_ascii() {
        true => character.to_string(),
        false => format!("\\[u{:04X}]", u32::from(character)),
    };
    page.chars().map(escape).collect()
}

fn own_sections(path: &str) -> Roff {
    let mut roff = Roff::new();
    let manual = manual::find(verbs::MANUALS, path);
    if let Some(manual) = manual {
        examples(&mut roff, manual);
        reply(&mut roff, manual);
    }
    roff.control("SH", ["EXIT STATUS"]);
    for (status, meaning) in EXIT_STATUS {
        roff.control("TP", []);
        roff.text([bold(*status)]);
        roff.text([roman(*meaning)]);
    }
    if let Some(manual) = manual.filter(|manual| !manual.no_when.is_empty()) {
        roff.control("PP", []);
        roff.text([roman(format!(
            "This command exits with 1 when {}.",
            manual.no_when
        ))]);
    }
    roff
}

/// The exit statuses, the same for every verb.
pub const EXIT_STATUS: &[(&str, &str)] = &[
    ("0", "done; or the answer is yes"),
    (
        "1",
        "the answer is no: denied, differs, invalid, bad content",
    ),
    ("2", "the command line makes no sense"),
    ("3", "the surroundings failed: disk, lock, a missing tool"),
];

fn examples(roff: &mut Roff, manual: &Manual) {
    roff.control("SH", ["EXAMPLES"]);
    for example in manual.examples {
        roff.control("PP", []);
        roff.text([roman(format!("{}:", sentence(example.why)))]);
        roff.control("RS", ["4"]);
        roff.control("nf", []);
        roff.text([roman(example.line)]);
        roff.control("fi", []);
        roff.control("RE", []);
    }
}

fn reply(roff: &mut Roff, manual: &Manual) {
    roff.control("SH", ["REPLY"]);
    let lead = match &manual.reply {
        Reply::Document(_) => "With --json, one document with these fields:".to_owned(),
        Reply::Lines(_) => "With --json, one document a line, each with these fields:".to_owned(),
        Reply::Bytes(what) => format!("Standard output holds {what}."),
    };
    roff.text([roman(lead)]);
    for field in manual.fields() {
        roff.control("TP", []);
        roff.text([bold(field.name)]);
        roff.text([roman(manual::meaning(field))]);
    }
}

fn sentence(phrase: &str) -> String {
    let mut characters = phrase.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + characters.as_str()
}
