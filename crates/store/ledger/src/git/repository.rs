//! Opening a repository: where its parts are, and whether we may work in it at all.
//!
//! Nothing is run and nothing is written here. What we do not fully understand is refused: a ref
//! or an object written beside the format of the repository would be invisible to everybody else.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use gatos_values::ErrorCode;
use gix::odb::store::init::{Options as StoreOptions, Slots};

use super::command::{GitCommand, GitError, GitProgram};
use crate::files::{FileError, FileOperation};
use crate::object_id::ObjectId;
use crate::settings::{self, SettingsError};

/// Packs a long-lived handle can see at once. The library's default of 32 makes a handle fail at the
/// 33rd new pack (gitoxide #1788); upkeep folds packs from 64 on.
const PACK_SLOT_COUNT: u16 = 4096;
/// The largest single allocation that data in a pack may ask for, in bytes.
const OBJECT_ALLOCATION_MAX: usize = 1 << 30;
/// Repository extensions that change nothing we rely on.
const EXTENSIONS_KNOWN: &[&str] = &[
    "noop",
    "noop-v1",
    "partialclone",
    "preciousobjects",
    "relativeworktrees",
    "worktreeconfig",
];

/// A Git repository of a kind we can work in. Cheap to clone; shared between threads.
#[derive(Clone)]
pub struct Repository {
    inner: Arc<Inner>,
}

struct Inner {
    /// Refs as they would be after a push that is being judged; see `Incoming`.
    pending_refs: BTreeMap<String, ObjectId>,
    /// Where objects are read; the repository's own folder, but for `Incoming`.
    objects_read_dir: PathBuf,
    git_dir: PathBuf,
    common_dir: PathBuf,
    work_dir: Option<PathBuf>,
    owned_by_user: bool,
    objects: Arc<gix::odb::Store>,
    program: OnceLock<GitProgram>,
    ref_updates: Mutex<()>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Repository")
            .field("common_dir", &self.inner.common_dir)
            .finish_non_exhaustive()
    }
}

impl Repository {
    /// Opens the repository that `directory` is in, or is.
    pub fn open(directory: &Path) -> Result<Repository, OpenError> {
        let (path, trust) = gix::discover::upwards(directory).map_err(|_| OpenError::NotFound {
            path: directory.to_path_buf(),
        })?;
        let (git_dir, work_dir) = path.into_repository_and_work_tree_directories();
        let git_dir = canonical(&git_dir)?;
        let common_dir = common_dir_of(&git_dir)?;
        check_format(&common_dir)?;
        check_shallow(&common_dir)?;
        let objects_read_dir = common_dir.join("objects");
        let objects = open_objects(&objects_read_dir)?;
        Ok(Repository {
            inner: Arc::new(Inner {
                pending_refs: BTreeMap::new(),
                objects_read_dir,
                work_dir: work_dir.as_deref().map(canonical).transpose()?,
                owned_by_user: trust == gix::sec::Trust::Full,
                git_dir,
                common_dir,
                objects: Arc::new(objects),
                program: OnceLock::new(),
                ref_updates: Mutex::new(()),
            }),
        })
    }

    /// As [`Repository::open`], with the `git` to use.
    pub fn open_with(directory: &Path, program: GitProgram) -> Result<Repository, OpenError> {
        let repository = Repository::open(directory)?;
        // Nobody else holds this repository yet, so the cell is empty.
        let _ = repository.inner.program.set(program);
        Ok(repository)
    }

    /// The folder of `HEAD` and the index: the common folder, or a work tree's own.
    pub fn git_dir(&self) -> &Path {
        &self.inner.git_dir
    }

    /// The folder of refs, objects and settings, shared by all work trees.
    pub fn common_dir(&self) -> &Path {
        &self.inner.common_dir
    }

    /// Where files are checked out; `None` in a bare repository.
    pub fn work_dir(&self) -> Option<&Path> {
        self.inner.work_dir.as_deref()
    }

    /// The folder of our own files: write-ahead log, index, locks, notes.
    pub fn gatos_dir(&self) -> PathBuf {
        self.inner.common_dir.join("gatos")
    }

    /// The folder of objects.
    pub fn objects_dir(&self) -> PathBuf {
        self.inner.common_dir.join("objects")
    }

    /// The folder of packs.
    pub fn pack_dir(&self) -> PathBuf {
        self.inner.common_dir.join("objects").join("pack")
    }

    /// A store of its own, for readers that give their maps back.
    pub(crate) fn open_object_store(&self) -> Result<gix::odb::Store, OpenError> {
        open_objects(&self.inner.objects_read_dir)
    }

    /// Refs that count as moved already; none but in the view of a push.
    pub(crate) fn pending_refs(&self) -> &BTreeMap<String, ObjectId> {
        &self.inner.pending_refs
    }

    /// The same repository with objects read from `objects_read_dir` and these refs moved.
    pub(super) fn seen_through(
        &self,
        objects_read_dir: PathBuf,
        pending_refs: BTreeMap<String, ObjectId>,
    ) -> Result<Repository, OpenError> {
        let objects = open_objects(&objects_read_dir)?;
        let program = OnceLock::new();
        if let Some(known) = self.inner.program.get() {
            // The cell is fresh, so it is empty.
            let _ = program.set(known.clone());
        }
        Ok(Repository {
            inner: Arc::new(Inner {
                pending_refs,
                objects_read_dir,
                git_dir: self.inner.git_dir.clone(),
                common_dir: self.inner.common_dir.clone(),
                work_dir: self.inner.work_dir.clone(),
                owned_by_user: self.inner.owned_by_user,
                objects: Arc::new(objects),
                program,
                ref_updates: Mutex::new(()),
            }),
        })
    }

    /// The object store all readers of this repository share.
    pub(crate) fn object_store(&self) -> &Arc<gix::odb::Store> {
        &self.inner.objects
    }

    /// Keeps ref transactions of one process apart: they share one file of notes.
    pub(crate) fn lock_ref_updates(&self) -> MutexGuard<'_, ()> {
        self.inner
            .ref_updates
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The installed `git`, looked for at the first use.
    pub fn program(&self) -> Result<&GitProgram, GitError> {
        if let Some(program) = self.inner.program.get() {
            return Ok(program);
        }
        let found = GitProgram::find()?;
        Ok(self.inner.program.get_or_init(|| found))
    }

    /// The value of one setting, without running `git`; see [`settings::value`].
    pub fn config_value(&self, key: &str) -> Result<Option<String>, SettingsError> {
        settings::value(self, key)
    }

    /// Sets one setting of the repository's own, durably.
    pub fn set_config(&self, key: &str, value: &str) -> Result<(), SettingsError> {
        settings::set(self, key, value)
    }

    /// Starts a command line of `git` in this repository. It runs at the top of the work tree, or in
    /// the folder of a bare repository: a remote's relative address counts from there.
    ///
    /// A repository of another user is not named outright, so that `git` applies its own rule
    /// (`safe.directory`) before it obeys settings and hooks found there.
    pub fn git(&self) -> Result<GitCommand, GitError> {
        let directory = self.work_dir().unwrap_or(&self.inner.git_dir);
        let command = self.program()?.command().directory(directory);
        Ok(match self.inner.owned_by_user {
            true => command.argument("--git-dir").argument(&self.inner.git_dir),
            false => command,
        })
    }
}

fn canonical(path: &Path) -> Result<PathBuf, OpenError> {
    path.canonicalize()
        .map_err(|source| FileError::new(FileOperation::Open, path, source).into())
}

/// A linked work tree names the shared folder in a file `commondir` (gitrepository-layout).
fn common_dir_of(git_dir: &Path) -> Result<PathBuf, OpenError> {
    let path = git_dir.join("commondir");
    match fs::read_to_string(&path) {
        Ok(text) => canonical(&git_dir.join(text.trim_end_matches(['\n', '\r']))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(git_dir.to_path_buf()),
        Err(source) => Err(FileError::new(FileOperation::Read, &path, source).into()),
    }
}

/// Reads the settings that decide the format, as `git` does: from the repository's own file alone.
fn check_format(common_dir: &Path) -> Result<(), OpenError> {
    let path = common_dir.join("config");
    let config = gix::config::File::from_path_no_includes(path.clone(), gix::config::Source::Local)
        .map_err(|error| OpenError::BadConfig {
            path,
            reason: error.to_string(),
        })?;
    let unsupported = |setting: String| OpenError::Unsupported {
        path: common_dir.to_path_buf(),
        setting,
    };
    if let Some(version) = config.string("core.repositoryformatversion")
        && !matches!(&**version, b"0" | b"1")
    {
        return Err(unsupported(format!(
            "core.repositoryFormatVersion = {version}"
        )));
    }
    let Some(sections) = config.sections_by_name("extensions") else {
        return Ok(());
    };
    for section in sections {
        for name in section.value_names() {
            let key = name.to_string().to_ascii_lowercase();
            let value = section
                .value(&*name)
                .map(|value| value.to_string())
                .unwrap_or_default();
            let fine = match key.as_str() {
                "objectformat" => value.eq_ignore_ascii_case("sha1"),
                "refstorage" => value.eq_ignore_ascii_case("files"),
                other => EXTENSIONS_KNOWN.contains(&other),
            };
            if !fine {
                return Err(unsupported(format!("extensions.{name} = {value}")));
            }
        }
    }
    Ok(())
}

/// A shallow repository ends somewhere without saying why, so its journals cannot be verified.
fn check_shallow(common_dir: &Path) -> Result<(), OpenError> {
    match fs::metadata(common_dir.join("shallow")) {
        Ok(file) if file.len() > 0 => Err(OpenError::Shallow {
            path: common_dir.to_path_buf(),
        }),
        _ => Ok(()),
    }
}

/// A store of the objects in this folder that has seen nothing yet.
pub(crate) fn open_objects(directory: &Path) -> Result<gix::odb::Store, OpenError> {
    let options = StoreOptions {
        slots: Slots::Given(PACK_SLOT_COUNT),
        alloc_limit_bytes: Some(OBJECT_ALLOCATION_MAX),
        // One that a repack left behind may name packs that are gone. The library then takes their objects for
        // missing; `git` looks into the other packs. The library gains no speed from it.
        use_multi_pack_index: false,
        ..StoreOptions::default()
    };
    // No replacements: what a commit says may not be changed by a ref beside it.
    let mut replacements = std::iter::empty();
    gix::odb::Store::at_opts(
        directory.to_path_buf(),
        gix::hash::Kind::Sha1,
        &mut replacements,
        options,
    )
    .map_err(|source| FileError::new(FileOperation::Open, directory, source).into())
}

/// Why a repository cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no repository at or above the folder.
    #[error("`{}` is not in a Git repository", path.display())]
    NotFound {
        /// Where the search began.
        path: PathBuf,
    },
    /// The repository has a format or extension that is not supported.
    #[error("the Git repository `{}` has `{setting}`, which is not supported: SHA-1 objects and loose or packed refs are needed", path.display())]
    Unsupported {
        /// The shared folder.
        path: PathBuf,
        /// The setting and its value.
        setting: String,
    },
    /// The repository is shallow.
    #[error("the Git repository `{}` is shallow, so its journals cannot be verified; run `git fetch --unshallow`", path.display())]
    Shallow {
        /// The shared folder.
        path: PathBuf,
    },
    /// The settings cannot be read.
    #[error("cannot read the settings in `{}`: {reason}", path.display())]
    BadConfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
}

impl OpenError {
    /// The code of the taxonomy.
    pub fn code(&self) -> ErrorCode {
        match self {
            OpenError::NotFound { .. } => ErrorCode::NoRepository,
            OpenError::Unsupported { .. }
            | OpenError::Shallow { .. }
            | OpenError::BadConfig { .. } => ErrorCode::UnsupportedRepository,
            OpenError::File(error) => error.code(),
        }
    }
}
