//! `--name value` options of the long commands.
//!
//! INVARIANT: an option nobody asked for, a value that is no number and a word too many are refused with the usage.
//! Tests: `flags/tests.rs`.

#[cfg(test)]
mod tests;

use crate::report::{Failure, Outcome};
use std::collections::BTreeMap;

/// What stood on the command line.
#[derive(Debug)]
pub struct Flags {
    usage: &'static str,
    values: BTreeMap<String, String>,
    words: Vec<String>,
}

impl Flags {
    /// Takes `--name value` for the `known` names, and at most `words_max` words beside.
    pub fn parse(
        arguments: &[String],
        usage: &'static str,
        known: &[&str],
        words_max: usize,
    ) -> Outcome<Flags> {
        let mut flags = Flags {
            usage,
            values: BTreeMap::new(),
            words: Vec::new(),
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.strip_prefix("--") {
                Some(name) if known.contains(&name) => {
                    let value = rest.next().ok_or_else(|| Failure::new(usage))?;
                    flags.values.insert(name.to_owned(), value.clone());
                }
                None if flags.words.len() < words_max => flags.words.push(argument.clone()),
                _ => return Err(Failure::new(usage)),
            }
        }
        Ok(flags)
    }

    /// The number behind `--name`, or `fallback`.
    pub fn number(&self, name: &str, fallback: u64) -> Outcome<u64> {
        match self.values.get(name) {
            None => Ok(fallback),
            Some(text) => text.parse().map_err(|_| Failure::new(self.usage)),
        }
    }

    /// The text behind `--name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The word at this place.
    pub fn word(&self, index: usize) -> Option<&str> {
        self.words.get(index).map(String::as_str)
    }

    /// How the command is called.
    pub fn usage(&self) -> Failure {
        Failure::new(self.usage)
    }
}
