//! What git hands to `pre-receive` and `pre-push`: the refs of a push, and the folder of its quarantined objects.
//!
//! Only the form is judged here (githooks(5): `<old> <new> <ref>` a line of the one, `<local ref> <local id> <remote
//! ref> <remote id>` of the other); whether a ref may move is asked elsewhere. The lines come from git, the names in
//! them from whoever pushes.
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

/// One ref that is about to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeavingLine {
    /// What is pushed, as it was said: a ref's name, or any expression for a commit.
    pub local: String,
    /// Its id; none where a ref over there should go.
    pub commit: Option<ObjectId>,
    /// Full name over there.
    pub remote: String,
    /// What it holds over there, as far as git knows.
    pub old: Option<ObjectId>,
}

/// Reads the lines of `pre-push`.
///
/// # Errors
/// [`HookInputError`] with the line.
pub fn parse_leaving_refs(input: &[u8]) -> Result<Vec<LeavingLine>, HookInputError> {
    let text = std::str::from_utf8(input)
        .map_err(|_| HookInputError::new(0, "the lines are not UTF-8"))?;
    let Some(body) = text.strip_suffix('\n') else {
        return match text.is_empty() {
            true => Ok(Vec::new()),
            false => Err(HookInputError::new(0, "the last line has no end")),
        };
    };
    let lines = body.split('\n').enumerate();
    lines
        .map(|(index, line)| {
            if index == PUSHED_REF_COUNT_MAX {
                let reason = "the push names too many refs";
                return Err(HookInputError::new(index + 1, reason));
            }
            parse_leaving(line).map_err(|reason| HookInputError::new(index + 1, reason))
        })
        .collect()
}

/// From the end on: what is pushed may be said in words with spaces.
fn parse_leaving(line: &str) -> Result<LeavingLine, &'static str> {
    let mut words = line.rsplitn(4, ' ');
    let mut next = || words.next().filter(|word| !word.is_empty());
    let (Some(old), Some(remote), Some(commit), Some(local)) = (next(), next(), next(), next())
    else {
        return Err("it has fewer than four parts");
    };
    if local.len() > REF_NAME_SIZE_MAX || remote.len() > REF_NAME_SIZE_MAX {
        return Err("a ref's name is too long");
    }
    let id = |text: &str| {
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        ObjectId::parse_bytes(text.as_bytes()).filter(|_| is_lower)
    };
    let old = id(old).ok_or("the remote value is no object id")?;
    let commit = id(commit).ok_or("the local value is no object id")?;
    Ok(LeavingLine {
        local: local.to_owned(),
        commit: (commit != ObjectId::ZERO).then_some(commit),
        remote: remote.to_owned(),
        old: (old != ObjectId::ZERO).then_some(old),
    })
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
