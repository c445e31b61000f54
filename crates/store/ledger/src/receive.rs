//! What git hands to `pre-receive`: the refs of a push, and the folder of its quarantined objects.
//!
//! Only the form is judged here (gitformat of githooks(5): `<old> <new> <ref>` a line); whether a ref may move is
//! asked elsewhere. The lines come from git, the names in them from whoever pushes.
//!
//! INVARIANT: no input panics or takes more memory than its own size and a small constant a line.
//! Tests: `receive/tests.rs`; fuzz target `hook_input`.

use std::ffi::OsString;
use std::path::PathBuf;

use gatos_values::ErrorCode;

use crate::object_id::ObjectId;

#[cfg(test)]
mod tests;

/// Refs one push may name.
pub const PUSHED_REF_COUNT_MAX: usize = 16_384;
/// The longest ref name, in bytes.
pub const REF_NAME_SIZE_MAX: usize = 1024;
/// Everything a hook reads at most, in bytes.
pub const HOOK_INPUT_SIZE_MAX: usize = PUSHED_REF_COUNT_MAX * (2 * 41 + REF_NAME_SIZE_MAX + 1);

/// One ref that a push wants to move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedRef {
    /// What the client believes it holds; none where it is new.
    pub old: Option<ObjectId>,
    /// What it should hold; none where it should go.
    pub new: Option<ObjectId>,
    /// Full name.
    pub name: String,
}

/// Reads the lines of `pre-receive`.
///
/// # Errors
/// [`HookInputError`] with the line.
pub fn parse_pushed_refs(input: &[u8]) -> Result<Vec<PushedRef>, HookInputError> {
    let Some(body) = input.strip_suffix(b"\n") else {
        return match input.is_empty() {
            true => Ok(Vec::new()),
            false => Err(HookInputError::new(0, "the last line has no end")),
        };
    };
    let mut refs = Vec::new();
    for (index, line) in body.split(|byte| *byte == b'\n').enumerate() {
        if refs.len() == PUSHED_REF_COUNT_MAX {
            return Err(HookInputError::new(
                index + 1,
                "the push names too many refs",
            ));
        }
        refs.push(parse_line(line).map_err(|reason| HookInputError::new(index + 1, reason))?);
    }
    Ok(refs)
}

fn parse_line(line: &[u8]) -> Result<PushedRef, &'static str> {
    const ID_SIZE: usize = 40;
    let id_at = |start: usize| {
        let id = line.get(start..start + ID_SIZE)?;
        let is_lower_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (id.iter().all(is_lower_hex) && line.get(start + ID_SIZE) == Some(&b' '))
            .then(|| ObjectId::parse_bytes(id))?
    };
    let old = id_at(0).ok_or("the old value is no object id")?;
    let new = id_at(ID_SIZE + 1).ok_or("the new value is no object id")?;
    let name = &line[2 * (ID_SIZE + 1)..];
    if name.len() > REF_NAME_SIZE_MAX {
        return Err("the ref's name is too long");
    }
    let name = std::str::from_utf8(name).map_err(|_| "the ref's name is not UTF-8")?;
    let is_plain = !name.is_empty() && !name.chars().any(|char| char.is_control() || char == ' ');
    if !is_plain {
        return Err("the ref's name is empty, or has a space or a control character");
    }
    Ok(PushedRef {
        old: (old != ObjectId::ZERO).then_some(old),
        new: (new != ObjectId::ZERO).then_some(new),
        name: name.to_owned(),
    })
}

/// The folder in which git keeps the objects of the push, from the environment of the hook.
///
/// Git names it while it may still throw the push away; without new objects there is none.
pub fn quarantine_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = variable("GIT_QUARANTINE_PATH").map(PathBuf::from)?;
    (!path.as_os_str().is_empty()).then_some(path)
}

/// A line that is not what git writes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the push: {reason}")]
pub struct HookInputError {
    /// The line, from 1 on; 0 for the input as a whole.
    pub line: usize,
    /// What is wrong.
    pub reason: &'static str,
}

impl HookInputError {
    fn new(line: usize, reason: &'static str) -> HookInputError {
        HookInputError { line, reason }
    }

    /// `BAD_NAME`: git itself writes the rest of the line.
    pub fn code(&self) -> ErrorCode {
        ErrorCode::BadName
    }
}
