//! What one case did, as bytes to be hashed and, on demand, as lines to be read.
//!
//! An entry is a label and bytes. Its form: the label, a zero byte, the length as 64 bits little-endian, the bytes.
//! Nothing in it depends on the width of a pointer or on the order of its bytes.

use crate::refusal::Refusal;
use gatos_values::{Blake3Digest, hex};
use std::fmt::{Display, Write as _};

/// The entries of one case.
#[derive(Debug, Default)]
pub struct Record {
    bytes: Vec<u8>,
    lines: Option<String>,
}

impl Record {
    /// A record that also keeps readable lines.
    #[must_use]
    pub fn with_lines() -> Record {
        Record {
            bytes: Vec::new(),
            lines: Some(String::new()),
        }
    }

    /// Adds bytes.
    pub fn bytes(&mut self, label: &str, bytes: &[u8]) {
        self.hash(label, bytes);
        if self.lines.is_some() {
            self.line(label, &hex::encode(bytes));
        }
    }

    /// Adds text.
    pub fn text(&mut self, label: &str, text: impl Display) {
        let text = text.to_string();
        self.hash(label, text.as_bytes());
        self.line(label, &text);
    }

    /// Adds a line for readers that the digest does not see.
    pub fn note(&mut self, label: &str, text: impl Display) {
        self.line(label, &text.to_string());
    }

    /// Adds a result: `ok` and the value's text, or `error` with its code and place.
    pub fn outcome<T: Display, E: Refusal>(&mut self, label: &str, outcome: Result<T, E>) {
        match outcome {
            Ok(value) => self.text(label, format_args!("ok {value}")),
            Err(error) => self.text(label, format_args!("error {}", error.refusal())),
        }
    }

    /// The digest of all entries.
    #[must_use]
    pub fn digest(&self) -> Blake3Digest {
        Blake3Digest::of(&self.bytes)
    }

    /// The readable lines, if they were kept.
    #[must_use]
    pub fn lines(&self) -> &str {
        self.lines.as_deref().unwrap_or_default()
    }

    fn hash(&mut self, label: &str, bytes: &[u8]) {
        self.bytes.extend_from_slice(label.as_bytes());
        self.bytes.push(0);
        self.bytes
            .extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(bytes);
    }

    fn line(&mut self, label: &str, text: &str) {
        if let Some(lines) = &mut self.lines {
            let shown = text.escape_debug();
            writeln!(lines, "{label}\t{shown}").expect("a string takes everything");
        }
    }
}
