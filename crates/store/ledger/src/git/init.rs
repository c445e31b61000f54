//! Making a repository, or adopting one that is there.

use std::fs;
use std::path::Path;

use gatos_values::ErrorCode;

use super::command::{GitError, GitProgram};
use super::repository::{OpenError, Repository};
use super::version::GitVersion;
use crate::files::{self, FileError, FileOperation};
use crate::hooks;
use crate::object_id::ObjectKind;
use crate::objects;
use crate::settings::{self, SettingsError};

/// The first `git` that knows more than one way to store refs, and `--ref-format` with it.
const REF_FORMAT_VERSION_MIN: GitVersion = GitVersion::new(2, 45, 0);

/// What [`Repository::init`] did.
#[derive(Debug)]
pub struct InitReport {
    /// Whether a Git repository was made; otherwise one was adopted.
    pub created: bool,
    /// What the user should know, one sentence each.
    pub remarks: Vec<String>,
}

impl Repository {
    /// Makes a repository in `directory`, or adopts the one that is exactly there, and prepares it:
    /// settings, refspecs of its remotes, folder for our files, empty tree, hook. May be repeated.
    pub fn init(directory: &Path, bare: bool) -> Result<(Repository, InitReport), InitError> {
        Repository::init_with(directory, bare, GitProgram::find()?)
    }

    /// As [`Repository::init`], with the `git` to use.
    pub fn init_with(
        directory: &Path,
        bare: bool,
        program: GitProgram,
    ) -> Result<(Repository, InitReport), InitError> {
        files::create_directory_durable(directory)?;
        let created = !is_repository(directory);
        if created {
            create(directory, bare, &program)?;
        }
        let repository = Repository::open_with(directory, program)?;
        if created {
            settings::apply_to_created(&repository)?;
        } else {
            settings::apply(&repository)?;
        }
        files::create_directory_durable(&repository.gatos_dir())?;
        objects::write_loose(&repository, ObjectKind::Tree, b"")?;
        let remarks = hooks::install(&repository)?.remarks;
        if created {
            sync_all(repository.common_dir())?;
        }
        Ok((repository, InitReport { created, remarks }))
    }
}

/// A repository above the folder does not count: making one inside another is allowed, as in Git.
fn is_repository(directory: &Path) -> bool {
    directory.join(".git").exists() || gix::discover::is_git(directory).is_ok()
}

fn create(directory: &Path, bare: bool, program: &GitProgram) -> Result<(), GitError> {
    let mut command = program
        .command()
        .argument("init")
        .argument("--quiet")
        .argument("--object-format=sha1");
    if program.version() >= REF_FORMAT_VERSION_MIN {
        command = command.argument("--ref-format=files");
    }
    if bare {
        command = command.argument("--bare");
    }
    command.argument("--").argument(directory).run().map(|_| ())
}

/// Flushes every file and folder of a fresh repository: `git init` flushes nothing.
fn sync_all(folder: &Path) -> Result<(), FileError> {
    let failed = |path: &Path, source| FileError::new(FileOperation::Sync, path, source);
    for entry in fs::read_dir(folder).map_err(|source| failed(folder, source))? {
        let entry = entry.map_err(|source| failed(folder, source))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(|source| failed(&path, source))?;
        if kind.is_dir() {
            sync_all(&path)?;
        } else if kind.is_file() {
            fs::File::open(&path)
                .and_then(|file| file.sync_all())
                .map_err(|source| failed(&path, source))?;
        }
    }
    files::sync_directory(folder)
}

/// Why a repository could not be made or adopted.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// `git` is missing, too old or failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The repository that is there cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The settings cannot be written.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
}

impl InitError {
    /// The code of the taxonomy.
    pub fn code(&self) -> ErrorCode {
        match self {
            InitError::Git(error) => error.code(),
            InitError::Open(error) => error.code(),
            InitError::Settings(error) => error.code(),
            InitError::File(error) => error.code(),
        }
    }
}
