//! The hooks: `update` keeps pushes from rewriting, deleting or merging; `pre-receive` is the push gate; `pre-push` asks
//! before data leave for a remote outside.
//!
//! `update` is a shell script that stands alone: a server needs `git` and `sh`, not this program.
//! `receive.denyNonFastForwards` and its like do not help, for they look at `refs/heads/` only.
//! `pre-receive` hands a push to this program, and is installed only where the profile asks for it.
//!
//! INVARIANT: a hook that is not ours is never touched, only reported.
//! Format: docs/formats/repository.md. Tests: `hooks/tests.rs`, with real pushes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::files::{self, FileError, FileOperation};
use crate::git::Repository;

#[cfg(test)]
mod tests;

/// The script of `update`, as installed.
pub const UPDATE_HOOK: &str = include_str!("hooks/update.sh");
/// The script of `pre-receive`, as installed.
pub const PRE_RECEIVE_HOOK: &str = include_str!("hooks/pre-receive.sh");

/// The script of `pre-push`, as installed.
pub const PRE_PUSH_HOOK: &str = include_str!("hooks/pre-push.sh");

/// Which hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Called for every ref of a push; in every repository of ours.
    Update,
    /// Called once for a push; the push gate.
    PreReceive,
    /// Called on the side that pushes, before anything goes.
    PrePush,
}

impl Hook {
    /// The file git looks for.
    pub const fn name(self) -> &'static str {
        match self {
            Hook::Update => "update",
            Hook::PreReceive => "pre-receive",
            Hook::PrePush => "pre-push",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Hook::Update => UPDATE_HOOK,
            Hook::PreReceive => PRE_RECEIVE_HOOK,
            Hook::PrePush => PRE_PUSH_HOOK,
        }
    }

    /// The line by which we know our own hook, whatever its version.
    const fn mark(self) -> &'static str {
        match self {
            Hook::Update => "# gatos update hook, version ",
            Hook::PreReceive => "# gatos pre-receive hook, version ",
            Hook::PrePush => "# gatos pre-push hook, version ",
        }
    }

    const fn mend(self) -> &'static str {
        match self {
            Hook::Update => "gatos init",
            Hook::PreReceive => "gatos init --profile push-gate",
            Hook::PrePush => "gatos init",
        }
    }

    const fn consequence(self) -> &'static str {
        match self {
            Hook::Update => "so a push may rewrite, delete or merge a journal",
            Hook::PreReceive => "so nothing judges what is pushed",
            Hook::PrePush => "so a push may carry what should stay here",
        }
    }
}

/// What is in the place of the hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookState {
    /// Ours, in this version and executable.
    Present,
    /// Ours, but of another version or not executable.
    Outdated,
    /// Nothing.
    Absent,
    /// Somebody else's; ours must be called from it by hand.
    Foreign,
    /// `core.hooksPath` points elsewhere, so a hook here would never run.
    Elsewhere,
}

/// A hook that does not protect the ledger as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookFinding {
    /// Name of the hook.
    pub hook: &'static str,
    /// What is there instead.
    pub evidence: String,
    /// What mends it.
    pub mend: String,
}

/// What [`install`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookReport {
    /// Whether the hook was written by this call.
    pub installed: bool,
    /// What the user should know, one sentence each.
    pub remarks: Vec<String>,
}

/// Findings about the hook; none when it is ours and current.
pub fn inspect(repository: &Repository) -> Result<Vec<HookFinding>, FileError> {
    inspect_hook(repository, Hook::Update)
}

/// As [`inspect`], for one of the hooks.
pub fn inspect_hook(repository: &Repository, hook: Hook) -> Result<Vec<HookFinding>, FileError> {
    let (state, path) = look_at(repository, hook)?;
    let shown = path.display();
    let by_hand =
        format!("call the script of docs/formats/repository.md from it, or save it as `{shown}`");
    let (evidence, mend) = match state {
        HookState::Present => return Ok(Vec::new()),
        HookState::Outdated => (
            format!("`{shown}` is an older version or not executable"),
            hook.mend().to_owned(),
        ),
        HookState::Absent => (format!("`{shown}` is not there"), hook.mend().to_owned()),
        HookState::Foreign => (format!("`{shown}` is a hook of your own"), by_hand),
        HookState::Elsewhere => (
            format!("`core.hooksPath` makes git look for `{shown}`"),
            by_hand,
        ),
    };
    let evidence = format!("{evidence}, {}", hook.consequence());
    Ok(vec![HookFinding {
        hook: hook.name(),
        evidence,
        mend,
    }])
}

/// Writes the hook where none or an older one of ours is, durably.
pub fn install(repository: &Repository) -> Result<HookReport, FileError> {
    install_hook(repository, Hook::Update)
}

/// As [`install`], for one of the hooks.
pub fn install_hook(repository: &Repository, hook: Hook) -> Result<HookReport, FileError> {
    let (state, path) = look_at(repository, hook)?;
    let installed = matches!(state, HookState::Absent | HookState::Outdated);
    if installed {
        files::create_directory_durable(files::parent_of(&path))?;
        write_executable(&path, hook.text())?;
    }
    let remarks = inspect_hook(repository, hook)?
        .into_iter()
        .map(|finding| format!("{}; {}", finding.evidence, finding.mend))
        .collect();
    Ok(HookReport { installed, remarks })
}

/// What is in the place where git looks for the hook, and that place.
pub fn look(repository: &Repository) -> Result<(HookState, PathBuf), FileError> {
    look_at(repository, Hook::Update)
}

/// As [`look`], for one of the hooks.
pub fn look_at(repository: &Repository, hook: Hook) -> Result<(HookState, PathBuf), FileError> {
    if let Some(folder) = hooks_path_setting(repository) {
        return Ok((HookState::Elsewhere, folder.join(hook.name())));
    }
    let path = repository.common_dir().join("hooks").join(hook.name());
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok((HookState::Absent, path));
        }
        Err(source) => return Err(FileError::new(FileOperation::Read, &path, source)),
    };
    let state = if !String::from_utf8_lossy(&text)
        .lines()
        .any(|line| line.starts_with(hook.mark()))
    {
        HookState::Foreign
    } else if text == hook.text().as_bytes() && is_executable(&path) {
        HookState::Present
    } else {
        HookState::Outdated
    };
    Ok((state, path))
}

/// The hook is made executable before it gets its name: git skips a hook that is not.
fn write_executable(path: &Path, text: &str) -> Result<(), FileError> {
    let temporary = files::temporary_beside(path);
    let written = files::atomic_write(&temporary, text.as_bytes())
        .and_then(|()| make_executable(&temporary))
        .and_then(|()| files::rename_durable(&temporary, path));
    if written.is_err() {
        // Best effort: the first error is the one worth reporting.
        let _ = fs::remove_file(&temporary);
    }
    written
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<(), FileError> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |source| FileError::new(FileOperation::Write, path, source);
    let file = fs::File::open(path).map_err(failed)?;
    let mut permissions = file.metadata().map_err(failed)?.permissions();
    // Whoever may read it may run it.
    let mode = permissions.mode();
    permissions.set_mode(mode | (mode & 0o444) >> 2);
    file.set_permissions(permissions).map_err(failed)?;
    file.sync_all().map_err(failed)
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<(), FileError> {
    Ok(())
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    true
}

/// The folder named by `core.hooksPath`, if it is not the usual one.
fn hooks_path_setting(repository: &Repository) -> Option<PathBuf> {
    let output = repository
        .git()
        .ok()?
        .arguments(["config", "--type=path", "core.hooksPath"])
        .run_any()
        .ok()?;
    let text = output.text();
    let path = text.trim_end_matches('\n');
    if !output.status.success() || path.is_empty() {
        return None;
    }
    let path = repository
        .work_dir()
        .unwrap_or(repository.common_dir())
        .join(path);
    let usual = repository.common_dir().join("hooks");
    let same = path == usual
        || matches!((path.canonicalize(), usual.canonicalize()), (Ok(path), Ok(usual)) if path == usual);
    (!same).then_some(path)
}
