//! The console: where replies, streams, notes and faults leave the program.
//!
//! Data goes to standard output, everything said along the way to standard error. With `--json` a
//! reply is one canonical document on one line, a stream one document a line, and a fault the last
//! line; without, people get escaped text. A reader that goes away ends the program quietly.
//!
//! INVARIANT: nothing foreign reaches a terminal unescaped, and with `--json` nothing but JSON lines
//! (or the bytes asked for) reaches standard output.
//! Tests: console/tests.rs, tests/it.

use crate::escape::escaped_json;
use crate::faults;
use crate::progress::Bars;
use crate::table::cut;
use crate::text::{Text, Tone};
use gatos_node::Fault;
use gatos_values::{ErrorCode, Map, Text as ValueText, Value};
use std::io::{self, BufWriter, IsTerminal, Write};

#[cfg(test)]
mod tests;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// Where a terminal looks on, unless `NO_COLOR` is set or `TERM` is `dumb`.
    #[default]
    Auto,
    /// Also into pipes and files.
    Always,
    /// Not at all.
    Never,
}

/// How much to say, and in which form.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manners {
    /// Documents for programs instead of text for people.
    pub json: bool,
    /// Only what was asked for, and faults.
    pub quiet: bool,
    /// Say more along the way.
    pub verbose: bool,
    /// When to colour.
    pub colour: Colour,
}

/// Why a verb ended before its answer.
#[derive(Debug)]
pub enum Stop {
    /// Something is wrong; the console says what.
    Fault(Box<Fault>),
    /// Whoever read our standard output has gone; there is nobody to tell.
    ReaderGone,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(Box::new(fault))
    }
}

/// The answer of a verb that ran to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done, or it holds: exit status 0.
    Yes,
    /// It differs, is invalid, is denied: exit status 1.
    No,
}

/// How a verb ends.
pub type Ending = Result<Answer, Stop>;

/// Standard output and standard error with manners.
pub struct Console {
    manners: Manners,
    output: BufWriter<Box<dyn Write>>,
    output_is_terminal: bool,
    output_coloured: bool,
    errors: Box<dyn Write>,
    errors_is_terminal: bool,
    errors_coloured: bool,
}

impl Console {
    /// The console of this process.
    pub fn new(manners: Manners) -> Console {
        let (output, errors) = (io::stdout(), io::stderr());
        let (output_is_terminal, errors_is_terminal) = (output.is_terminal(), errors.is_terminal());
        Console {
            manners,
            output: BufWriter::new(Box::new(output)),
            output_is_terminal,
            output_coloured: coloured(manners.colour, output_is_terminal),
            errors: Box::new(errors),
            errors_is_terminal,
            errors_coloured: coloured(manners.colour, errors_is_terminal),
        }
    }

    /// Whether replies are documents for programs.
    pub fn is_json(&self) -> bool {
        self.manners.json
    }

    /// Whether `-v` asks for more.
    pub fn is_verbose(&self) -> bool {
        self.manners.verbose
    }

    /// Whether a terminal shows standard output.
    pub fn output_is_terminal(&self) -> bool {
        self.output_is_terminal
    }

    /// Confirms what was done: one document, or a text that `-q` leaves out.
    pub fn done(&mut self, document: &Value, text: &Text) -> Result<(), Stop> {
        match self.manners {
            Manners { json: true, .. } => self.document(document),
            Manners { quiet: true, .. } => Ok(()),
            _ => self.print(text),
        }
    }

    /// Shows what was asked for: one document, or a text.
    pub fn show(&mut self, document: &Value, text: &Text) -> Result<(), Stop> {
        if self.manners.json {
            self.document(document)
        } else {
            self.print(text)
        }
    }

    /// Sends one item of a stream; `text` is made only for people.
    pub fn item(
        &mut self,
        document: impl FnOnce() -> Value,
        text: impl FnOnce() -> Text,
    ) -> Result<(), Stop> {
        if self.manners.json {
            self.document(&document())
        } else {
            self.print(&text())
        }
    }

    /// Sends one line that already is canonical JSON.
    pub fn json_line(&mut self, line: &[u8]) -> Result<(), Stop> {
        self.write(line)?;
        self.write(b"\n")
    }

    /// Sends a text for people.
    pub fn print(&mut self, text: &Text) -> Result<(), Stop> {
        let rendered = text.render(self.output_coloured);
        self.write(rendered.as_bytes())
    }

    /// Sends bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.write(bytes)
    }

    /// Sends JSON text: as it is into pipes and files, escaped and with a line end where a terminal
    /// shows it (the JSON value stays the same).
    pub fn json_text(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        if !self.output_is_terminal {
            return self.write(bytes);
        }
        let shown = escaped_json(&String::from_utf8_lossy(bytes)).to_string();
        self.write(shown.as_bytes())?;
        if shown.ends_with('\n') || shown.is_empty() {
            Ok(())
        } else {
            self.write(b"\n")
        }
    }

    /// Says something along the way, on standard error; not with `-q` or `--json`.
    pub fn note(&mut self, text: &Text) {
        if !self.manners.quiet && !self.manners.json {
            self.complain(text);
        }
    }

    /// Says what is wrong, on standard error; with `--json` the reply itself does.
    pub fn wrong(&mut self, text: &Text) {
        if !self.manners.json {
            self.complain(text);
        }
    }

    /// Says something that only `-v` asks for, on standard error.
    pub fn detail(&mut self, text: &Text) {
        if self.manners.verbose && !self.manners.json {
            self.complain(text);
        }
    }

    /// Whether a terminal shows standard error and wants to see more than faults.
    pub fn errors_are_seen(&self) -> bool {
        self.errors_is_terminal && !self.manners.quiet && !self.manners.json
    }

    /// Draws on the terminal that shows standard error: text of our own making, escapes included.
    pub fn draw(&mut self, picture: &str) {
        // A terminal that has gone sees nothing, which is no reason to stop.
        let _ = self.errors.write_all(picture.as_bytes());
        let _ = self.errors.flush();
    }

    /// Bars for long work; they draw only where a terminal shows standard error.
    pub fn bars(&self) -> Bars {
        Bars::new(self.errors_are_seen())
    }

    /// Reports a fault: with `--json` on standard output, else on standard error.
    pub fn fault(&mut self, fault: &Fault) {
        if self.manners.json {
            // A reader that has gone, or a full disk behind the pipe, cannot be told anything more.
            let _ = self.document(&fault.to_value()).and_then(|()| self.flush());
            return;
        }
        let _ = self.flush();
        self.complain(&fault_text(fault));
    }

    /// Hands everything to the operating system.
    ///
    /// # Errors
    /// [`Stop`] when standard output cannot be written.
    pub fn flush(&mut self) -> Result<(), Stop> {
        self.output.flush().map_err(|error| stopped_by(&error))
    }

    /// Sends one document whether or not `--json` asks for it.
    pub fn json_document(&mut self, document: &Value) -> Result<(), Stop> {
        self.document(document)
    }

    fn document(&mut self, document: &Value) -> Result<(), Stop> {
        let bytes = gatos_values::json::encode_canonical(document)
            .map_err(|error| faults::internal(&format!("a reply has no JSON form: {error}")))?;
        self.json_line(&bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.output
            .write_all(bytes)
            .map_err(|error| stopped_by(&error))
    }

    fn complain(&mut self, text: &Text) {
        // There is no further place to report that standard error cannot be written.
        let _ = self
            .errors
            .write_all(text.render(self.errors_coloured).as_bytes());
        let _ = self.errors.flush();
    }
}

/// Whether to colour a stream. <https://no-color.org>: any value but the empty one turns colour off.
fn coloured(colour: Colour, is_terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => {
            is_terminal
                && set("NO_COLOR").is_none()
                && set("TERM").is_none_or(|term| term != "dumb")
        }
    }
}

fn stopped_by(error: &io::Error) -> Stop {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Stop::ReaderGone,
        _ => faults::from_io("standard output", error).into(),
    }
}

/// A fault for people: what is wrong, about what, and what to try next.
pub fn fault_text(fault: &Fault) -> Text {
    let mut text = Text::new()
        .toned(Tone::Bad, "error")
        .faint(format!("[{}]", fault.code.as_str()))
        .say(": ")
        .then(lines(&fault.reason))
        .end();
    let is_told = fault.code == ErrorCode::Usage || fault.reason.contains(&fault.resource);
    if !fault.resource.is_empty() && !is_told {
        text = text
            .faint("  about: ")
            .foreign(shortened(&fault.resource))
            .end();
    }
    if !fault.hint.is_empty() {
        text = text.faint("  hint: ").foreign(shortened(&fault.hint)).end();
    }
    text
}

/// Foreign text of several lines; the later ones stand further in, so that none can pass for ours.
fn lines(foreign: &str) -> Text {
    let mut lines = foreign.lines();
    let first = Text::new().foreign(shortened(lines.next().unwrap_or_default()));
    lines.fold(first, |text, line| {
        text.end().say("    ").foreign(shortened(line))
    })
}

/// Columns of a line about a fault; input from outside can be of any length.
const FAULT_WIDTH_MAX: usize = 500;

fn shortened(line: &str) -> String {
    cut(line, FAULT_WIDTH_MAX)
}

/// A reply document: `ok` and the given fields.
pub fn document<I: IntoIterator<Item = (&'static str, Value)>>(ok: bool, fields: I) -> Value {
    let mut map = Map::new();
    map.insert(ValueText::from_ascii("ok"), Value::Bool(ok));
    for (name, value) in fields {
        map.insert(ValueText::from_ascii(name), value);
    }
    Value::Map(map)
}
