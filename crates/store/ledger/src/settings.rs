//! Git settings this project needs, and the refspecs that make plain `git fetch` and `git push`
//! carry our refs.
//!
//! [`apply`] sets them in the repository's own file; [`inspect`] compares what `git` would really
//! use, wherever it was set, and words each difference as a finding. Whether to mend is up to the
//! caller.
//!
//! INVARIANT: no refspec made here has a `+`, so nothing below `refs/gatos/` is ever forced.
//! Format: docs/formats/repository.md. Tests: `settings/tests.rs`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gatos_values::ErrorCode;

use crate::files::{self, FileError, FileOperation};
use crate::git::{GitError, Repository};
use crate::object_id::ObjectId;

#[cfg(test)]
mod tests;

/// How bad a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Something works less well.
    Warning,
    /// Data may be lost or a rule of the ledger may be broken.
    Error,
}

impl Severity {
    /// The word used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One setting that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingFinding {
    /// Key, as `git config` writes it.
    pub key: String,
    /// The value it should have; for a refspec, the one that is missing.
    pub want: String,
    /// The value in force, if any.
    pub have: Option<String>,
    /// How bad this is.
    pub severity: Severity,
    /// Why it matters, one sentence.
    pub why: &'static str,
    /// The command that mends it.
    pub mend: String,
}

/// One setting with the value we want.
struct Wanted {
    key: &'static str,
    value: &'static str,
    severity: Severity,
    /// Set only in repositories we made: in an adopted one it would change how its users work.
    only_created: bool,
    why: &'static str,
}

const WANTED: &[Wanted] = &[
    Wanted {
        key: "core.fsync",
        value: "all",
        severity: Severity::Error,
        only_created: false,
        why: "without it git leaves objects and refs unflushed, and a power cut can lose or break them",
    },
    Wanted {
        key: "gc.auto",
        value: "0",
        severity: Severity::Warning,
        only_created: false,
        why: "git would repack in the background at any time; `gatos` folds packs under its lock",
    },
    Wanted {
        key: "maintenance.auto",
        value: "false",
        severity: Severity::Warning,
        only_created: false,
        why: "git would start maintenance in the background at any time",
    },
    Wanted {
        key: "receive.autogc",
        value: "false",
        severity: Severity::Warning,
        only_created: false,
        why: "git would repack after a push",
    },
    Wanted {
        key: "receive.fsckObjects",
        value: "true",
        severity: Severity::Warning,
        only_created: false,
        why: "malformed objects would be accepted from a push",
    },
    Wanted {
        key: "transfer.unpackLimit",
        value: "1",
        severity: Severity::Warning,
        only_created: false,
        why: "small transfers would become many loose objects, each flushed by itself",
    },
    Wanted {
        key: "receive.denyNonFastForwards",
        value: "true",
        severity: Severity::Info,
        only_created: true,
        why: "git would let a push rewrite branches (refs below `refs/gatos/` are guarded by the hook)",
    },
    Wanted {
        key: "receive.denyDeletes",
        value: "true",
        severity: Severity::Info,
        only_created: true,
        why: "git would let a push delete branches (refs below `refs/gatos/` are guarded by the hook)",
    },
];

/// What a push gate adds: hostile objects and sizes are refused by git before the gate is asked.
const WANTED_AT_GATE: &[Wanted] = &[
    Wanted {
        key: "transfer.fsckObjects",
        value: "true",
        severity: Severity::Error,
        only_created: false,
        why: "malformed objects would be accepted",
    },
    Wanted {
        key: "receive.maxInputSize",
        value: "268435456",
        severity: Severity::Warning,
        only_created: false,
        why: "a push of any size would be unpacked before it is judged",
    },
    Wanted {
        key: "receive.shallowUpdate",
        value: "false",
        severity: Severity::Error,
        only_created: false,
        why: "a push could cut a history short, so that it cannot be verified",
    },
    Wanted {
        key: "receive.denyNonFastForwards",
        value: "true",
        severity: Severity::Warning,
        only_created: false,
        why: "a push could rewrite branches",
    },
    Wanted {
        key: "receive.denyDeletes",
        value: "true",
        severity: Severity::Warning,
        only_created: false,
        why: "a push could delete branches",
    },
    Wanted {
        key: "receive.advertisePushOptions",
        value: "false",
        severity: Severity::Warning,
        only_created: false,
        why: "a push could hand the hook options that it does not know",
    },
];

/// Settings whose mere presence is trouble: (key, value that does harm, why).
const UNWANTED: &[(&str, &str, &str)] = &[
    (
        "core.logallrefupdates",
        "always",
        "git would keep a second history of every ref below `refs/gatos/`",
    ),
    (
        "gc.pruneexpire",
        "now",
        "a `git gc` would remove packs whose refs are about to be written",
    ),
    (
        "core.fsyncmethod",
        "writeout-only",
        "git would hand data to the disk without asking for a flush",
    ),
];

/// Refs a remote keeps for itself, below `refs/gatos/`.
const LOCAL_ONLY: &[&str] = &["remotes", "quarantine", "cache"];

/// Refs below `refs/gatos/` that a plain `git push` carries: all moved by fast-forward only. Each is
/// a pattern, for git takes a plain name that does not exist yet for an error.
pub const PUSHED: &[&str] = &[
    "governance*",
    "policies/*",
    "folds/*",
    "journal/*",
    "sessions/*",
    "state/*",
    "attest/*",
    "audit/proofs/*",
    "epoch/*",
];

/// The refspecs for fetching from a remote: everything of ours, into a room of its own, unforced.
pub fn fetch_refspecs(remote: &str) -> Vec<String> {
    let mut refspecs = vec![format!("refs/gatos/*:refs/gatos/remotes/{remote}/*")];
    refspecs.extend(
        LOCAL_ONLY
            .iter()
            .map(|folder| format!("^refs/gatos/{folder}/*")),
    );
    refspecs
}

/// The refspecs for pushing: everything that is ours to publish, to the same name, unforced.
pub fn push_refspecs() -> Vec<String> {
    PUSHED
        .iter()
        .map(|name| format!("refs/gatos/{name}:refs/gatos/{name}"))
        .collect()
}

/// Brings the repository's own settings and the refspecs of all its remotes up to what we need.
pub fn apply(repository: &Repository) -> Result<(), SettingsError> {
    let settings = Settings::load(repository)?;
    let mut changes = Vec::new();
    for wanted in WANTED.iter().filter(|wanted| !wanted.only_created) {
        settings.want(wanted, &mut changes);
    }
    for remote in settings.remotes() {
        changes.extend(missing_refspecs(repository, &settings, &remote));
    }
    write(repository, changes)
}

/// As [`apply`], in a repository that we made: how branches are pushed to it is settled, too.
pub fn apply_to_created(repository: &Repository) -> Result<(), SettingsError> {
    let settings = Settings::load(repository)?;
    let mut changes = Vec::new();
    for wanted in WANTED.iter().filter(|wanted| wanted.only_created) {
        settings.want(wanted, &mut changes);
    }
    write(repository, changes)?;
    apply(repository)
}

/// As [`apply_to_created`], with what a push gate adds.
pub fn apply_to_gate(repository: &Repository) -> Result<(), SettingsError> {
    let settings = Settings::load(repository)?;
    let mut changes = Vec::new();
    for wanted in WANTED_AT_GATE {
        settings.want(wanted, &mut changes);
    }
    write(repository, changes)?;
    apply_to_created(repository)
}

/// What differs from what a push gate adds; [`inspect`] tells the rest.
pub fn inspect_gate(repository: &Repository) -> Result<Vec<SettingFinding>, SettingsError> {
    let settings = Settings::load(repository)?;
    Ok(WANTED_AT_GATE
        .iter()
        .filter_map(|wanted| settings.difference(wanted))
        .collect())
}

/// The settings a push gate adds, each with its value.
pub fn gate_defaults() -> impl Iterator<Item = (&'static str, &'static str)> {
    WANTED_AT_GATE
        .iter()
        .map(|wanted| (wanted.key, wanted.value))
}

/// Gives one remote our refspecs, if it is a configured one; a URL needs none.
pub fn apply_remote(repository: &Repository, remote: &str) -> Result<(), SettingsError> {
    let settings = Settings::load(repository)?;
    if !settings.remotes().iter().any(|known| known == remote) {
        return Ok(());
    }
    write(repository, missing_refspecs(repository, &settings, remote))
}

/// Adds a remote with our refspecs, or gives an existing one this URL.
pub fn add_remote(repository: &Repository, remote: &str, url: &str) -> Result<(), SettingsError> {
    if remotes(repository)?.iter().any(|known| known == remote) {
        write(
            repository,
            vec![Change::set(&format!("remote.{remote}.url"), url)],
        )?;
    } else {
        repository
            .git()?
            .arguments(["remote", "add", "--", remote, url])
            .run()?;
    }
    apply_remote(repository, remote)
}

/// The names of all remotes that have a URL.
pub fn remotes(repository: &Repository) -> Result<Vec<String>, SettingsError> {
    Ok(Settings::load(repository)?.remotes())
}

/// The value of one setting, as `git config` would give it, without running `git`: the
/// repository's own, else the user's, else the system's.
pub fn value(repository: &Repository, key: &str) -> Result<Option<String>, SettingsError> {
    let path = repository.common_dir().join("config");
    let own = gix::config::File::from_path_no_includes(path.clone(), gix::config::Source::Local)
        .map_err(|error| unreadable(&path, &error))?;
    match own.string(key) {
        Some(value) => Ok(Some(value.to_string())),
        None => value_of_user(key),
    }
}

/// As [`value`], outside any repository.
pub(crate) fn value_of_user(key: &str) -> Result<Option<String>, SettingsError> {
    let settings = gix::config::File::from_globals()
        .map_err(|error| unreadable(Path::new("the user's settings"), &error))?;
    Ok(settings.string(key).map(|value| value.to_string()))
}

fn unreadable(path: &Path, error: &gix::Error) -> SettingsError {
    SettingsError::Unreadable {
        path: path.to_path_buf(),
        reason: error.to_string(),
    }
}

/// Sets one setting of the repository's own, durably.
pub fn set(repository: &Repository, key: &str, value: &str) -> Result<(), SettingsError> {
    write(repository, vec![Change::set(key, value)])
}

/// What differs from what we need, most severe first.
pub fn inspect(repository: &Repository) -> Result<Vec<SettingFinding>, SettingsError> {
    let settings = Settings::load(repository)?;
    let mut findings = Vec::new();
    for wanted in WANTED.iter().filter(|wanted| !wanted.only_created) {
        findings.extend(settings.difference(wanted));
    }
    for &(key, value, why) in UNWANTED {
        if settings.has(key, value) {
            findings.push(SettingFinding {
                key: key.to_owned(),
                want: String::new(),
                have: Some(value.to_owned()),
                severity: Severity::Warning,
                why,
                mend: format!("git config --unset-all {key}"),
            });
        }
    }
    for remote in settings.remotes() {
        inspect_remote(repository, &settings, &remote, &mut findings);
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Ok(findings)
}

fn inspect_remote(
    repository: &Repository,
    settings: &Settings,
    remote: &str,
    findings: &mut Vec<SettingFinding>,
) {
    for change in missing_refspecs(repository, settings, remote) {
        findings.push(SettingFinding {
            mend: format!("git config --add {} '{}'", change.key, change.value),
            have: None,
            want: change.value,
            severity: Severity::Warning,
            why: "a plain `git fetch` or `git push` would leave out some of our refs",
            key: change.key,
        });
    }
    let mirror = settings.has(&format!("remote.{remote}.mirror"), "true");
    for direction in ["fetch", "push"] {
        let key = format!("remote.{remote}.{direction}");
        for refspec in settings
            .all(&key)
            .iter()
            .filter(|refspec| forces_our_refs(refspec))
        {
            let unforced = refspec.trim_start_matches('+');
            findings.push(SettingFinding {
                // A mirror shall follow its origin; that it does so by force is the user's choice.
                severity: if mirror {
                    Severity::Info
                } else {
                    Severity::Error
                },
                why: "a forced refspec rewrites refs that may only move forward",
                mend: format!(
                    "git config --fixed-value --replace-all {key} '{unforced}' '{refspec}'"
                ),
                key: key.clone(),
                want: unforced.to_owned(),
                have: Some(refspec.clone()),
            });
        }
    }
}

/// `+` before a refspec that writes below `refs/gatos/`, or to everything.
fn forces_our_refs(refspec: &str) -> bool {
    let Some(forced) = refspec.strip_prefix('+') else {
        return false;
    };
    let target = forced.split_once(':').map_or(forced, |(_, target)| target);
    target.starts_with("refs/gatos/") || target.starts_with("refs/*")
}

/// One change of the file of settings.
struct Change {
    key: String,
    value: String,
    /// Beside the values that are there, not in their place.
    beside: bool,
}

impl Change {
    fn set(key: &str, value: &str) -> Change {
        Change {
            key: key.to_owned(),
            value: value.to_owned(),
            beside: false,
        }
    }

    fn add(key: &str, value: String) -> Change {
        Change {
            key: key.to_owned(),
            value,
            beside: true,
        }
    }
}

fn missing_refspecs(repository: &Repository, settings: &Settings, remote: &str) -> Vec<Change> {
    let fetch = format!("remote.{remote}.fetch");
    let push = format!("remote.{remote}.push");
    if settings.has(&format!("remote.{remote}.mirror"), "true") {
        // A mirror carries everything as it is.
        return Vec::new();
    }
    let mut missing: Vec<Change> = fetch_refspecs(remote)
        .into_iter()
        .filter(|refspec| !settings.all(&fetch).contains(refspec))
        .map(|refspec| Change::add(&fetch, refspec))
        .collect();
    // Refspecs for pushing replace git's default of pushing the current branch, so that wish is
    // written down beside ours. `HEAD` fails before the first commit; `:` pushes what both sides have.
    if settings
        .all(&push)
        .iter()
        .all(|refspec| refspec.contains("refs/gatos/"))
    {
        let branches = if head_is_born(repository) {
            "HEAD"
        } else {
            ":"
        };
        missing.push(Change::add(&push, branches.to_owned()));
    }
    missing.extend(
        push_refspecs()
            .into_iter()
            .filter(|refspec| !settings.all(&push).contains(refspec))
            .map(|refspec| Change::add(&push, refspec)),
    );
    missing
}

/// Whether `HEAD` names a commit, so that pushing the current branch can work.
fn head_is_born(repository: &Repository) -> bool {
    let Ok(head) = fs::read_to_string(repository.git_dir().join("HEAD")) else {
        return false;
    };
    let Some(branch) = head.trim_end().strip_prefix("ref: ") else {
        return ObjectId::parse(head.trim_end()).is_ok();
    };
    repository.common_dir().join(branch).is_file()
        || fs::read_to_string(repository.common_dir().join("packed-refs")).is_ok_and(|packed| {
            packed
                .lines()
                .any(|line| line.ends_with(&format!(" {branch}")))
        })
}

/// Writes changes into the repository's own file and flushes it: `git config` does not.
fn write(repository: &Repository, changes: Vec<Change>) -> Result<(), SettingsError> {
    if changes.is_empty() {
        return Ok(());
    }
    let path = repository.common_dir().join("config");
    for change in changes {
        let how = if change.beside {
            "--add"
        } else {
            "--replace-all"
        };
        repository
            .git()?
            .arguments(["config", "--file"])
            .argument(&path)
            .arguments([how, &change.key, &change.value])
            .run()?;
    }
    fs::File::open(&path)
        .and_then(|file| file.sync_all())
        .map_err(|source| FileError::new(FileOperation::Sync, &path, source))?;
    Ok(files::sync_directory(repository.common_dir())?)
}

/// All settings in force, as `git` sees them.
struct Settings(BTreeMap<String, Vec<String>>);

impl Settings {
    fn load(repository: &Repository) -> Result<Settings, SettingsError> {
        let output = repository
            .git()?
            .arguments(["config", "--list", "-z"])
            .run()?;
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        // Each entry is `key LF value`; a key without value means `true`.
        for entry in output
            .stdout
            .split(|&byte| byte == 0)
            .filter(|entry| !entry.is_empty())
        {
            let text = String::from_utf8_lossy(entry);
            let (key, value) = text.split_once('\n').unwrap_or((&text, "true"));
            values
                .entry(key.to_owned())
                .or_default()
                .push(value.to_owned());
        }
        Ok(Settings(values))
    }

    /// All values of a key. Section and name count without case, what is between them with case;
    /// `git` prints the former in lower case.
    fn all(&self, key: &str) -> &[String] {
        let normal = match (key.find('.'), key.rfind('.')) {
            (Some(first), Some(last)) if first < last => format!(
                "{}{}{}",
                key[..first].to_ascii_lowercase(),
                &key[first..last],
                key[last..].to_ascii_lowercase()
            ),
            _ => key.to_ascii_lowercase(),
        };
        self.0.get(&normal).map_or(&[], Vec::as_slice)
    }

    /// What is different about one setting, if anything is.
    fn difference(&self, wanted: &Wanted) -> Option<SettingFinding> {
        (!self.has(wanted.key, wanted.value)).then(|| SettingFinding {
            key: wanted.key.to_owned(),
            want: wanted.value.to_owned(),
            have: self.last(wanted.key).map(str::to_owned),
            severity: wanted.severity,
            why: wanted.why,
            mend: format!("git config {} {}", wanted.key, wanted.value),
        })
    }

    fn last(&self, key: &str) -> Option<&str> {
        self.all(key).last().map(String::as_str)
    }

    fn has(&self, key: &str, value: &str) -> bool {
        self.last(key).is_some_and(|have| same_value(have, value))
    }

    fn want(&self, wanted: &Wanted, changes: &mut Vec<Change>) {
        if !self.has(wanted.key, wanted.value) {
            changes.push(Change::set(wanted.key, wanted.value));
        }
    }

    /// The names of remotes with a URL.
    fn remotes(&self) -> Vec<String> {
        self.0
            .keys()
            .filter_map(|key| key.strip_prefix("remote.")?.strip_suffix(".url"))
            .map(str::to_owned)
            .collect()
    }
}

/// Git spells true and false in several ways.
fn same_value(have: &str, want: &str) -> bool {
    let have = have.to_ascii_lowercase();
    match want {
        "true" => matches!(have.as_str(), "true" | "yes" | "on" | "1"),
        "false" => matches!(have.as_str(), "false" | "no" | "off" | "0" | ""),
        want => have == want,
    }
}

/// Why settings could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// `git config` failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The file of settings cannot be flushed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The settings cannot be understood.
    #[error("cannot read the settings in `{}`: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl SettingsError {
    /// The code of the taxonomy.
    pub fn code(&self) -> ErrorCode {
        match self {
            SettingsError::Git(error) => error.code(),
            SettingsError::File(error) => error.code(),
            SettingsError::Unreadable { .. } => ErrorCode::UnsupportedRepository,
        }
    }
}
