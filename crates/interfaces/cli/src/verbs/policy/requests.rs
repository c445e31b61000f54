//! Requests as a command is given them: one JSON document, or a line each.
//!
//! A file whose first line is a whole document holds one a line, and is read as it comes; any other holds one document.
//!
//! Tests: tests/transcripts/policies.md.

use crate::{faults, input};
use gatos_node::{Fault, Outcome};
use gatos_policy::language::Context;
use gatos_values::json::JsonError;
use gatos_values::{Value, json};
use std::io::{BufRead, Read};
use std::path::Path;

/// What is still to be read, and what messages call it.
pub struct Requests {
    reader: Box<dyn BufRead>,
    shown: String,
    line: u64,
    is_over: bool,
}

impl Requests {
    /// The requests of an argument: JSON text, a file with or without `@` before it, or `-` for standard input.
    ///
    /// # Errors
    /// `IO` where it cannot be opened.
    pub fn of(argument: &str) -> Outcome<Requests> {
        let is_text = argument.trim_start().starts_with(['{', '[', '"']);
        let path = Path::new(argument.strip_prefix('@').unwrap_or(argument));
        let (reader, shown): (Box<dyn BufRead>, String) = match is_text {
            true => {
                let bytes = argument.as_bytes().to_vec();
                (
                    Box::new(std::io::Cursor::new(bytes)),
                    "--request".to_owned(),
                )
            }
            false => (input::lines(path)?, input::shown(path)),
        };
        Ok(Requests {
            reader,
            shown,
            line: 0,
            is_over: false,
        })
    }

    /// Bytes up to the next line end, or up to the end of everything.
    fn read(&mut self, bytes: &mut Vec<u8>, whole: bool) -> Outcome<()> {
        let room = (input::SOURCE_SIZE_MAX + 1).saturating_sub(bytes.len() as u64);
        let mut reader = (&mut self.reader).take(room);
        let read = match whole {
            true => reader.read_to_end(bytes),
            false => reader.read_until(b'\n', bytes),
        };
        read.map_err(|error| faults::from_io(&self.shown, &error))?;
        match bytes.len() as u64 > input::SOURCE_SIZE_MAX {
            true => Err(faults::too_large(&self.shown, input::SOURCE_SIZE_MAX)),
            false => Ok(()),
        }
    }

    /// The next document; none at the end.
    fn document(&mut self) -> Outcome<Option<Value>> {
        let mut bytes = Vec::new();
        while bytes.trim_ascii().is_empty() {
            bytes.clear();
            self.read(&mut bytes, false)?;
            self.line += 1;
            if bytes.is_empty() {
                return Ok(None);
            }
        }
        match json::decode_strict(bytes.trim_ascii(), bytes.len()) {
            Ok(value) => Ok(Some(value)),
            Err(_) if self.line == 1 => {
                self.is_over = true;
                self.read(&mut bytes, true)?;
                json::decode_strict(&bytes, bytes.len())
                    .map(Some)
                    .map_err(|error| faults::json(&self.shown, &bytes, &error))
            }
            Err(error) => Err(self.bad_line(&error)),
        }
    }

    fn bad_line(&self, error: &JsonError) -> Fault {
        let reason = format!("line {}: {error}", self.line);
        Fault::new(error.code(), &self.shown, reason).with_detail("line", Value::from(self.line))
    }
}

impl Iterator for Requests {
    type Item = Outcome<Context>;

    fn next(&mut self) -> Option<Outcome<Context>> {
        if self.is_over {
            return None;
        }
        let found = self.document().transpose()?.and_then(|value| {
            Context::from_value(&value).map_err(|error| {
                let reason = match self.line {
                    1 => error.to_string(),
                    line => format!("line {line}: {error}"),
                };
                let fault = Fault::new(error.code(), &self.shown, reason);
                fault.with_detail("line", Value::from(self.line))
            })
        });
        self.is_over |= found.is_err();
        Some(found)
    }
}
