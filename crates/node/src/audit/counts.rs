//! The file of counts: how many requests without a valid signature were refused, by code.
//!
//! Lines `CODE count`, sorted. It is kept under the lock of the audit journal; a line that cannot be read is left
//! out, since every record repeats the totals. Tests: ../../tests/it/audit.rs.

use std::fs;
use std::io;
use std::path::PathBuf;

use gatos_ledger::Repository;
use gatos_ledger::files::{self, FileError, FileOperation};
use gatos_values::ErrorCode;

use crate::fault::Outcome;

/// Counts by code, sorted by the code's text.
pub(super) type Counts = Vec<(ErrorCode, u64)>;

/// The folder of the file and of its lock.
pub(super) fn folder(repository: &Repository) -> PathBuf {
    repository.gatos_dir().join("audit")
}

fn path(repository: &Repository) -> PathBuf {
    folder(repository).join("refused")
}

/// What the file holds; nothing where there is none.
pub(super) fn read(repository: &Repository) -> Outcome<Counts> {
    let path = path(repository);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(FileError::new(FileOperation::Read, &path, source).into()),
    };
    let mut counts = Vec::new();
    for line in text.lines() {
        let Some((code, count)) = line.split_once(' ') else {
            continue;
        };
        let code = ErrorCode::ALL.iter().find(|known| known.as_str() == code);
        if let (Some(code), Ok(count)) = (code, count.parse()) {
            add(&mut counts, *code, count);
        }
    }
    Ok(counts)
}

/// Replaces the file, durably.
pub(super) fn write(repository: &Repository, counts: &Counts) -> Outcome<()> {
    let text: String = counts
        .iter()
        .map(|(code, count)| format!("{} {count}\n", code.as_str()))
        .collect();
    Ok(files::atomic_write(&path(repository), text.as_bytes())?)
}

/// Adds to the count of a code.
pub(super) fn add(counts: &mut Counts, code: ErrorCode, more: u64) {
    if more == 0 {
        return;
    }
    match counts.binary_search_by(|(known, _)| known.as_str().cmp(code.as_str())) {
        Ok(index) => counts[index].1 = counts[index].1.saturating_add(more),
        Err(index) => counts.insert(index, (code, more)),
    }
}

/// Raises counts that are below others.
pub(super) fn raise(counts: &mut Counts, others: &Counts) {
    for (code, count) in others {
        let known = counts
            .iter()
            .find(|(known, _)| known == code)
            .map_or(0, |(_, known)| *known);
        add(counts, *code, count.saturating_sub(known));
    }
}
