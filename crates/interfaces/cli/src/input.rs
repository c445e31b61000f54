//! Input: files, standard input and inline text, each with an upper bound.
//!
//! What the bytes mean is for the verb to say. Tests: input/tests.rs, tests/it.

use crate::faults;
use gatos_node::Outcome;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

#[cfg(test)]
mod tests;

/// Bytes of a document from outside that we are ready to hold in memory.
pub const DOCUMENT_SIZE_MAX: u64 = 256 << 20;

/// Bytes of a source, key or compiled fold.
pub const SOURCE_SIZE_MAX: u64 = 16 << 20;

/// The name messages use for standard input.
const STANDARD_INPUT: &str = "standard input";

/// Whether a path argument means standard input.
pub fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What messages call the source of a path argument.
pub fn shown(path: &Path) -> String {
    if is_standard_input(path) {
        STANDARD_INPUT.to_owned()
    } else {
        path.display().to_string()
    }
}

/// A whole file, or standard input for `-`.
///
/// # Errors
/// `IO` where it cannot be read, `TOO_LARGE` beyond `size_max` bytes.
pub fn read(path: &Path, size_max: u64) -> Outcome<Vec<u8>> {
    if is_standard_input(path) {
        return read_bounded(io::stdin().lock(), path, size_max);
    }
    let file = File::open(path).map_err(|error| faults::unreadable(path, &error))?;
    read_bounded(file, path, size_max)
}

/// Lines of a file, or of standard input for `-`.
///
/// # Errors
/// `IO` where it cannot be opened.
pub fn lines(path: &Path) -> Outcome<Box<dyn BufRead>> {
    if is_standard_input(path) {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path).map_err(|error| faults::unreadable(path, &error))?;
    Ok(Box::new(BufReader::with_capacity(1 << 16, file)))
}

/// An argument that is the text itself, `@FILE`, or `-` for standard input; with the name messages
/// should use for it.
///
/// # Errors
/// As [`read`].
pub fn argument(text: &str, name: &str, size_max: u64) -> Outcome<(Vec<u8>, String)> {
    let path = match text.strip_prefix('@') {
        Some(file) => Path::new(file),
        None if text == "-" => Path::new(text),
        None => return Ok((text.as_bytes().to_vec(), name.to_owned())),
    };
    Ok((read(path, size_max)?, shown(path)))
}

fn read_bounded(source: impl Read, path: &Path, size_max: u64) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = source
        .take(size_max.saturating_add(1))
        .read_to_end(&mut bytes);
    read.map_err(|error| match is_standard_input(path) {
        true => faults::from_io(STANDARD_INPUT, &error),
        false => faults::unreadable(path, &error),
    })?;
    if bytes.len() as u64 > size_max {
        return Err(faults::too_large(&shown(path), size_max));
    }
    Ok(bytes)
}
