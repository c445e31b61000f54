//! Moving refs between repositories: fetch, push and clone through the installed `git`.
//!
//! A fetch lands in `refs/gatos/remotes/<r>/**` and goes no further; verifying and forwarding is
//! the caller's. A push names its refs one by one, unforced, and is atomic within each batch.
//!
//! INVARIANT 1: no refspec used here has a `+`, but for journals of which governance chose another branch
//! ([`fetch_chosen`]), in the room of their remote.
//! INVARIANT 2: when [`fetch`] returns, what it brought survives a power cut, so that refs may be
//! moved onto it.
//! Format: docs/formats/repository.md. Tests: `transfer/tests.rs`, between real repositories.

mod porcelain;
mod push;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;
use std::path::Path;

use gatos_values::{ErrorCode, JournalName};

use crate::files::FileError;
use crate::git::{GitCommand, GitError, GitProgram, GitVersion, InitError, OpenError, Repository};
use crate::object_id::ObjectId;
use crate::objects;
use crate::refs::{self, RefError};
use crate::settings::{self, SettingsError};

pub use push::{PushOptions, PushReport, PushedRef, push, push_with};

/// What `git` may print about single refs, in bytes.
const WORDS_SIZE_MAX: usize = 8 << 20;
/// The first `git` that must be told how a clone stores its refs.
const REF_FORMAT_VERSION_MIN: GitVersion = GitVersion::new(2, 45, 0);

/// How a transfer treats its surroundings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransferOptions {
    /// Lets git and ssh ask for passwords and host keys at the terminal. Without it they fail.
    pub interactive: bool,
}

/// One ref a fetch moved, in the room of its remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedRef {
    /// Full name, below `refs/gatos/remotes/`.
    pub name: String,
    /// What it held.
    pub old: Option<ObjectId>,
    /// What it holds.
    pub new: ObjectId,
}

/// A ref of the remote that was not taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedRef {
    /// Its name at the remote.
    pub name: String,
    /// Git's reason, such as `non-fast-forward`.
    pub reason: String,
}

/// What a fetch brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchReport {
    /// The prefix of all refs of this remote, with its last `/`.
    pub prefix: String,
    /// Refs that are new or moved.
    pub moved: Vec<FetchedRef>,
    /// Refs that would have been rewritten: the remote breaks the rules.
    pub rejected: Vec<RejectedRef>,
}

/// Fetches everything below `refs/gatos/` of a remote, by its name or its URL.
pub fn fetch(repository: &Repository, remote: &str) -> Result<FetchReport, TransferError> {
    fetch_with(repository, remote, TransferOptions::default())
}

/// As [`fetch`], with options.
pub fn fetch_with(
    repository: &Repository,
    remote: &str,
    options: TransferOptions,
) -> Result<FetchReport, TransferError> {
    let Remote { address, room } = Remote::resolve(repository, remote)?;
    let prefix = format!("refs/gatos/remotes/{room}/");
    let before: BTreeMap<String, ObjectId> = refs::list(repository, &prefix)?.into_iter().collect();
    let specs = settings::fetch_refspecs(&room);
    let rejected = fetch_refs(repository, remote, &address, specs, options)?;
    let moved = refs::list(repository, &prefix)?
        .into_iter()
        .filter(|(name, new)| before.get(name) != Some(new))
        .map(|(name, new)| FetchedRef {
            old: before.get(&name).copied(),
            name,
            new,
        })
        .collect();
    Ok(FetchReport {
        prefix,
        moved,
        rejected,
    })
}

/// Fetches by these refspecs, flushes what came, and returns what git would not move.
fn fetch_refs(
    repository: &Repository,
    remote: &str,
    address: &str,
    specs: Vec<String>,
    options: TransferOptions,
) -> Result<Vec<RejectedRef>, TransferError> {
    let output = careful(
        repository.git()?,
        options,
        ssh_is_settled(Some(repository))?,
    )
    .arguments(["-c", "fetch.fsckObjects=true"])
    .arguments([
        "fetch",
        "--no-tags",
        "--no-write-fetch-head",
        "--no-recurse-submodules",
        "--no-progress",
    ])
    .arguments(["--no-auto-maintenance", "--end-of-options", address])
    .arguments(specs)
    .stderr_size_max(WORDS_SIZE_MAX)
    .run_any()?;
    let rejected = porcelain::rejected_by_fetch(&output.stderr);
    if !output.status.success() && rejected.is_empty() {
        return Err(refused(remote, &output.stderr));
    }
    objects::sync_object_folders(repository)?;
    Ok(rejected)
}

/// Fetches journals of a remote again whose refs were put on another branch there. The caller knows that governance
/// chose one; what arrives counts for nothing until it has been judged.
pub fn fetch_chosen(
    repository: &Repository,
    remote: &str,
    journals: &[JournalName],
) -> Result<(), TransferError> {
    let Remote { address, room } = Remote::resolve(repository, remote)?;
    let specs = journals.iter().map(|journal| {
        let name = journal.ref_name();
        let here = &name[refs::ROOT.len()..];
        format!("+{name}:refs/gatos/remotes/{room}/{here}")
    });
    fetch_refs(
        repository,
        remote,
        &address,
        specs.collect(),
        TransferOptions::default(),
    )?;
    Ok(())
}

/// Clones a repository with its branches into `directory`, prepares it, and fetches everything
/// below `refs/gatos/` into the room of the remote `origin`.
pub fn clone(url: &str, directory: &Path) -> Result<Repository, TransferError> {
    clone_with(
        url,
        directory,
        GitProgram::find()?,
        TransferOptions::default(),
    )
}

/// As [`clone()`], with the `git` to use and options.
pub fn clone_with(
    url: &str,
    directory: &Path,
    program: GitProgram,
    options: TransferOptions,
) -> Result<Repository, TransferError> {
    check_remote(url)?;
    let mut command = careful(program.command(), options, ssh_is_settled(None)?).arguments([
        "clone",
        "--quiet",
        "--no-local",
        "--origin=origin",
    ]);
    if program.version() >= REF_FORMAT_VERSION_MIN {
        command = command.argument("--ref-format=files");
    }
    let output = command
        .arguments(["--", url])
        .argument(directory)
        .run_any()?;
    if !output.status.success() {
        return Err(refused(url, &output.stderr));
    }
    let (repository, _) = Repository::init_with(directory, false, program)?;
    fetch_with(&repository, "origin", options)?;
    Ok(repository)
}

/// Flushing on, maintenance off, small transfers kept as packs, nobody asked unless allowed.
fn careful(command: GitCommand, options: TransferOptions, ssh_is_settled: bool) -> GitCommand {
    let command = command
        .arguments([
            "-c",
            "core.fsync=all",
            "-c",
            "gc.auto=0",
            "-c",
            "maintenance.auto=false",
        ])
        .arguments(["-c", "transfer.unpackLimit=1"]);
    if options.interactive {
        return command.variable("GIT_TERMINAL_PROMPT", "1");
    }
    match ssh_is_settled {
        true => command,
        false => command.variable("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
    }
}

/// Whether the user has said which ssh to run: then it is left alone, though it may ask.
fn ssh_is_settled(repository: Option<&Repository>) -> Result<bool, TransferError> {
    if ["GIT_SSH_COMMAND", "GIT_SSH"]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
    {
        return Ok(true);
    }
    let value = match repository {
        Some(repository) => settings::value(repository, "core.sshCommand")?,
        None => settings::value_of_user("core.sshCommand")?,
    };
    Ok(value.is_some())
}

/// What git is told to talk with, and the room for what comes from there.
struct Remote {
    /// A configured name, or an address.
    address: String,
    /// A segment below `refs/gatos/remotes/`.
    room: String,
}

impl Remote {
    /// A configured remote by its name; anything else is an address. The address of a local folder
    /// counts from where this process stands, not from where git will run.
    fn resolve(repository: &Repository, remote: &str) -> Result<Remote, TransferError> {
        check_remote(remote)?;
        if settings::remotes(repository)?
            .iter()
            .any(|known| known == remote)
        {
            return Ok(Remote {
                address: remote.to_owned(),
                room: remote.to_owned(),
            });
        }
        let address = match Path::new(remote).canonicalize() {
            Ok(path) => path.to_string_lossy().into_owned(),
            Err(_) => remote.to_owned(),
        };
        let digest = blake3::hash(address.as_bytes()).to_hex();
        Ok(Remote {
            room: format!("url-{}", &digest[..16]),
            address,
        })
    }
}

/// A remote may not be taken for an option, nor run a program by itself.
fn check_remote(remote: &str) -> Result<(), TransferError> {
    let reason = if remote.is_empty() {
        "it is empty"
    } else if remote.starts_with('-') {
        "it begins with `-`"
    } else if remote.contains(|letter: char| letter.is_control()) {
        "it has a control character"
    } else if remote.contains("::") {
        "it names a transport helper"
    } else {
        return Ok(());
    };
    Err(TransferError::BadRemote {
        remote: words::without_secret(remote),
        reason,
    })
}

fn refused(remote: &str, said: &str) -> TransferError {
    let error = GitError::Failed {
        command: String::new(),
        exit_code: None,
        words: said.to_owned(),
    };
    let words = words::of_git(said);
    TransferError::Refused {
        remote: words::without_secret(remote),
        hint: words::hint(&words),
        // A full disk on this side is not the remote's doing.
        code: match error.code() {
            ErrorCode::GitFailed => ErrorCode::RemoteRefused,
            other => other,
        },
        words,
    }
}

/// Why a transfer failed.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The remote, or git on its behalf, refused.
    #[error("the transfer with `{remote}` failed: {words}")]
    Refused {
        /// Name or URL, without password.
        remote: String,
        /// What git printed.
        words: String,
        /// What to try next.
        hint: &'static str,
        /// The code, mostly `REMOTE_REFUSED`.
        code: ErrorCode,
    },
    /// The remote is not one we would hand to git.
    #[error("`{remote}` cannot be a remote: {reason}")]
    BadRemote {
        /// Name or URL, without password.
        remote: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// `git` cannot be run.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Refs cannot be read.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// Settings cannot be read or written.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The clone cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The clone cannot be prepared.
    #[error(transparent)]
    Init(#[from] InitError),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
}

impl TransferError {
    /// The code of the taxonomy.
    pub fn code(&self) -> ErrorCode {
        match self {
            TransferError::Refused { code, .. } => *code,
            TransferError::BadRemote { .. } => ErrorCode::Usage,
            TransferError::Git(error) => error.code(),
            TransferError::Ref(error) => error.code(),
            TransferError::Settings(error) => error.code(),
            TransferError::Open(error) => error.code(),
            TransferError::Init(error) => error.code(),
            TransferError::File(error) => error.code(),
        }
    }

    /// What to try next, where more is known than the code's own hint.
    pub fn hint(&self) -> &'static str {
        match self {
            TransferError::Refused { hint, .. } => hint,
            other => other.code().hint(),
        }
    }
}
