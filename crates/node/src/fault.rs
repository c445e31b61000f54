//! The one shape of an error above the planes: code, resource, reason, hint.
//!
//! Every lower error turns into a [`Fault`] at the node's door; the command line prints it or writes it as
//! JSON. A lower error knows its code and its words, not always the resource: whoever knows it adds it with
//! [`Fault::at`]. This file holds all the conversions, so that a new lower error has one place to go.
//!
//! INVARIANT: a fault always has a hint, and its text forms never carry a control character to a terminal.
//! Tests: `fault/tests.rs`.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use crate::reply;
use gatos_values::{ErrorCode, Map, Text, Value};

/// What a node answers when it cannot do what it was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// The code of the published table.
    pub code: ErrorCode,
    /// What it is about: a resource URI, a ref, a path, a name; may be empty.
    pub resource: String,
    /// What happened, in one or a few lower-case words that need no knowledge of this program.
    pub reason: String,
    /// What to try next.
    pub hint: String,
    /// Further fields of the JSON form, such as `line`.
    pub details: Vec<(&'static str, Value)>,
}

/// The result of whatever a node does.
pub type Outcome<T> = Result<T, Fault>;

impl Fault {
    /// A fault with the code's own hint.
    #[must_use]
    pub fn new(code: ErrorCode, resource: impl Into<String>, reason: impl Into<String>) -> Fault {
        Fault {
            code,
            resource: resource.into(),
            reason: reason.into(),
            hint: code.hint().to_owned(),
            details: Vec::new(),
        }
    }

    /// The same with a hint of its own.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Fault {
        Fault {
            hint: hint.into(),
            ..self
        }
    }

    /// The same about this resource, unless it names one already.
    #[must_use]
    pub fn at(self, resource: impl Into<String>) -> Fault {
        if self.resource.is_empty() {
            Fault {
                resource: resource.into(),
                ..self
            }
        } else {
            self
        }
    }

    /// The same with a further field of the JSON form.
    #[must_use]
    pub fn with_detail(mut self, name: &'static str, value: Value) -> Fault {
        self.details.push((name, value));
        self
    }

    /// Exit status of the command line: 1 the answer is no, 2 usage, 3 environment.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        self.code.exit_status()
    }

    /// The JSON form: `{ok: false, id: "", code, reason, resource, hint}` and the details. A detail named
    /// `id` takes the place of the empty one; the other fixed fields cannot be replaced.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut map = Map::new().with("id", "");
        for (name, value) in &self.details {
            map.insert(Text::from_ascii(name), value.clone());
        }
        Value::Map(
            map.with("ok", false)
                .with("code", self.code.as_str())
                .with("reason", as_text(&self.reason))
                .with("resource", as_text(&self.resource))
                .with("hint", as_text(&self.hint)),
        )
    }
}

/// Any string as text of the value model; code points it has no place for become U+FFFD.
fn as_text(text: &str) -> Text {
    Text::new(text).unwrap_or_else(|_| {
        let replaced: String = text
            .chars()
            .map(|character| {
                if gatos_values::text::is_reserved(character) {
                    '\u{fffd}'
                } else {
                    character
                }
            })
            .collect();
        Text::from_string(replaced).unwrap_or_default()
    })
}

impl fmt::Display for Fault {
    /// The form for people, several lines, without a line end.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "error[{}]: {}",
            self.code.as_str(),
            indented(&self.reason)
        )?;
        if !self.resource.is_empty() {
            write!(formatter, "\n  resource: {}", indented(&self.resource))?;
        }
        if !self.hint.is_empty() {
            write!(formatter, "\n  hint: {}", indented(&self.hint))?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// Later lines of a part stand further in, so that none can pass for a part of its own.
fn indented(text: &str) -> String {
    let lines: Vec<Cow<'_, str>> = text.lines().map(for_terminal).collect();
    lines.join("\n    ")
}

/// The text with control and bidirectional characters escaped as `\u{…}`, so that foreign text can neither
/// move the cursor nor reorder what is read.
#[must_use]
pub fn for_terminal(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_treacherous) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_treacherous(character) {
            escaped.extend(character.escape_unicode());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// C0 and C1 controls, line and paragraph separators, and the marks, embeddings, overrides and isolates of
/// the Unicode bidirectional algorithm.
fn is_treacherous(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Turns lower errors that have a `code()` into faults without a resource.
macro_rules! from_coded {
    ($($error:ty)*) => {
        $(impl From<$error> for Fault {
            fn from(error: $error) -> Fault {
                Fault::new(error.code(), "", error.to_string())
            }
        })*
    };
}

from_coded! {
    gatos_values::cbor::CborError
    gatos_values::DigestError
    gatos_values::EventError
    gatos_values::GlobError
    gatos_values::json::EncodeError
    gatos_values::json::JsonError
    gatos_values::NameError
    gatos_values::sshsig::KeyError
    gatos_values::SignatureError
    gatos_values::TextError
    gatos_values::UlidError
    gatos_values::UriError
    gatos_policy::bundle::BundleError
    gatos_policy::governance::AdmissionError
    gatos_policy::governance::GovernanceError
    gatos_policy::language::RgcError
    gatos_fold::RgfError
    gatos_fold::StateError
    gatos_fold::checkpoint::CheckpointError
    gatos_ledger::codec::CommitError
    gatos_ledger::commit::CommitHeadError
    gatos_ledger::files::FileError
    gatos_ledger::git::GitError
    gatos_ledger::git::InitError
    gatos_ledger::git::OpenError
    gatos_ledger::lock::LockError
    gatos_ledger::objects::ObjectError
    gatos_ledger::pack::PackError
    gatos_ledger::refs::RefError
    gatos_ledger::settings::SettingsError
    gatos_ledger::tree::TreeError
    gatos_ledger::upkeep::UpkeepError
    gatos_ledger::wal::WalError
}

impl From<gatos_fold::FoldFault> for Fault {
    fn from(error: gatos_fold::FoldFault) -> Fault {
        let fault = Fault::new(error.code(), "", error.to_string());
        let fault = match error.hint() {
            Some(hint) => fault.with_hint(hint),
            None => fault,
        };
        match &error {
            gatos_fold::FoldFault::Program(program) => with_trace(fault, program),
            _ => fault,
        }
    }
}

/// The event and the calls of a program's error, for programs that read the refusal.
fn with_trace(fault: Fault, program: &gatos_fold::ProgramFault) -> Fault {
    let trace = program.trace.iter().map(|line| reply::text(line)).collect();
    let fault = fault.with_detail("trace", gatos_values::Value::List(trace));
    match &program.during {
        gatos_fold::Attempt::Step(event) => {
            fault.with_detail("event", reply::text(&event.id.to_string()))
        }
        _ => fault,
    }
}

impl From<gatos_ledger::LedgerError> for Fault {
    fn from(error: gatos_ledger::LedgerError) -> Fault {
        Fault::new(error.code(), error.resource(), error.to_string())
    }
}

impl From<gatos_ledger::transfer::TransferError> for Fault {
    fn from(error: gatos_ledger::transfer::TransferError) -> Fault {
        Fault::new(error.code(), "", error.to_string()).with_hint(error.hint())
    }
}

impl From<gatos_values::NumberError> for Fault {
    fn from(error: gatos_values::NumberError) -> Fault {
        Fault::new(ErrorCode::from(error), "", error.to_string())
    }
}

impl From<crate::git_log::GitLogError> for Fault {
    fn from(error: crate::git_log::GitLogError) -> Fault {
        Fault::new(error.code(), "", error.to_string()).with_hint(error.hint())
    }
}

impl From<crate::agent::AgentError> for Fault {
    fn from(error: crate::agent::AgentError) -> Fault {
        Fault::new(error.code(), "", error.to_string()).with_hint(error.hint())
    }
}
