//! Faults of the door itself: files it cannot read or write, arguments it cannot take, its own bugs.
//!
//! Everything deeper comes as a `Fault` from the node and is passed on as it is. Tests: faults/tests.rs.

use gatos_node::Fault;
use gatos_values::{ErrorCode, Value, json::JsonError};
use std::io;
use std::path::Path;

#[cfg(test)]
mod tests;

/// A way of calling that makes no sense, found after the arguments were read.
pub fn usage(command: &str, reason: &str) -> Fault {
    Fault::new(ErrorCode::Usage, format!("gatos {command}"), reason)
        .with_hint(format!("see `gatos {command} --help`"))
}

/// An invariant of ours does not hold.
pub fn internal(reason: &str) -> Fault {
    Fault::new(ErrorCode::Internal, "gatos", reason)
        .with_hint("this is a bug in gatos: please report it with this message and what you typed")
}

/// A file that cannot be read.
pub fn unreadable(path: &Path, error: &io::Error) -> Fault {
    let shown = path.display().to_string();
    let reason = format!("cannot read `{shown}`: {error}");
    let fault = Fault::new(ErrorCode::Io, shown, reason);
    match error.kind() {
        io::ErrorKind::NotFound => {
            fault.with_hint("check the path; a relative one starts at -C, or here")
        }
        io::ErrorKind::PermissionDenied => fault.with_hint("check who may read the file"),
        io::ErrorKind::IsADirectory => fault.with_hint("name a file, not a folder"),
        _ => fault,
    }
}

/// A file that cannot be written.
pub fn unwritable(path: &Path, error: &io::Error) -> Fault {
    let shown = path.display().to_string();
    Fault::new(
        code_of_write(error),
        shown.clone(),
        format!("cannot write `{shown}`: {error}"),
    )
}

/// Trouble with something that has no path: a stream, a folder to start in.
pub fn from_io(resource: &str, error: &io::Error) -> Fault {
    Fault::new(
        code_of_write(error),
        resource,
        format!("{resource}: {error}"),
    )
}

fn code_of_write(error: &io::Error) -> ErrorCode {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorCode::DiskFull,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ErrorCode::ReadOnly,
        _ => ErrorCode::Io,
    }
}

/// Input that is longer than we take.
pub fn too_large(resource: &str, size_max: u64) -> Fault {
    Fault::new(
        ErrorCode::TooLarge,
        resource,
        format!("`{resource}` is longer than {size_max} bytes"),
    )
}

/// Text that is not the JSON it should be: the reason and the byte offset, with line and column.
pub fn json(resource: &str, input: &[u8], error: &JsonError) -> Fault {
    let (line, column) = line_and_column(input, error.offset);
    let fault = Fault::new(error.code(), resource, error.to_string())
        .with_detail("offset", Value::from(error.offset))
        .with_detail("line", Value::from(line))
        .with_detail("column", Value::from(column));
    if input.get(error.offset..) == Some(b"\n") && error.code() == ErrorCode::NotCanonical {
        return fault.with_hint("a line end at the end is not part of a canonical text; write it without, as `printf %s` does");
    }
    fault
}

/// Line and column, both from 1, of a byte offset; columns count bytes.
fn line_and_column(input: &[u8], offset: usize) -> (usize, usize) {
    let before = &input[..offset.min(input.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let line_start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |index| index + 1);
    (line, before.len() - line_start + 1)
}
