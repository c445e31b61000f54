//! The writer's lock: one writer per repository, and everybody can see who it is.
//!
//! The lock is an advisory lock of the operating system (`flock`) on `<directory>/lock`, so it ends
//! with its owner, however the owner ends; a line in the file tells who that is. The line is for
//! people: only the advisory lock decides. Waiting, starting a daemon and talking to it are the
//! node's work.
//!
//! Who wants the lock first passes a turnstile, a second lock that the longest waiter holds: a writer
//! that lets go and comes again at once queues up behind those who wait.
//!
//! INVARIANT: while a [`WriterLock`] lives, no other process or thread holds one on that directory.
//! The file is never removed, since a waiter may hold it open already.
//! Tests: lock/tests.rs.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gatos_values::ErrorCode;

use crate::files::{self, FileError, FileOperation};

#[cfg(test)]
mod tests;

/// The name of the lock file in its directory.
pub const LOCK_FILE: &str = "lock";
/// The name of the turnstile before it.
const TURNSTILE_FILE: &str = "lock-turnstile";

const OWNER_SIZE_MAX: u64 = 512;
/// Asking for the holder takes a shared lock for an instant, so a single try could meet a mere question.
const PATIENCE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(50);
/// How often, and how long apart, a lock without an owner is looked at before that is reported.
const OWNERLESS_LOOK_COUNT: u32 = 20;
const OWNERLESS_PAUSE: Duration = Duration::from_millis(5);

/// Why the lock could not be had.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LockError {
    /// Somebody else holds it, and did so until the time was up.
    #[error("`{}` is held by {owner}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, as written in the file.
        owner: Owner,
    },
    /// The file could not be made, opened or locked.
    #[error(transparent)]
    File(#[from] FileError),
}

impl LockError {
    /// `LOCKED`, `READ_ONLY`, `DISK_FULL` or `IO`.
    pub fn code(&self) -> ErrorCode {
        match self {
            LockError::Locked { .. } => ErrorCode::Locked,
            LockError::File(error) => error.code(),
        }
    }
}

/// Who holds a lock. Information for people, never evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The process id; absent when the line could not be read.
    pub process_id: Option<u32>,
    /// The host the process runs on.
    pub host: String,
    /// The program and its subcommand.
    pub command: String,
    /// When the lock was taken, as `YYYY-MM-DDThh:mm:ssZ`.
    pub since: String,
}

impl Owner {
    fn this_process() -> Owner {
        Owner {
            process_id: Some(std::process::id()),
            host: host_name(),
            command: command_name(),
            since: time_text(SystemTime::now()),
        }
    }

    fn to_line(&self) -> String {
        let process_id = self.process_id.unwrap_or_default();
        format!(
            "{process_id}\t{}\t{}\t{}\n",
            self.host, self.since, self.command
        )
    }

    /// Reads a line that another program, or a crash, may have left in any state.
    fn from_line(bytes: &[u8]) -> Owner {
        let text = String::from_utf8_lossy(bytes);
        let mut fields = text.lines().next().unwrap_or_default().split('\t');
        let mut field = || plain(fields.next().unwrap_or_default());
        let process_id = field().parse().ok();
        Owner {
            process_id,
            host: field(),
            since: field(),
            command: field(),
        }
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.process_id {
            None => formatter.write_str("an unknown process"),
            Some(process_id) => write!(
                formatter,
                "process {process_id} (`{}`) on `{}` since {}",
                self.command, self.host, self.since
            ),
        }
    }
}

/// The right to write to one repository, held until dropped.
#[derive(Debug)]
pub struct WriterLock {
    file: File,
    path: PathBuf,
}

impl WriterLock {
    /// Takes the lock of `directory` (made when missing), waiting for at most `timeout`.
    ///
    /// Even a zero timeout tries for some milliseconds. Two attempts in one process exclude each other as well.
    pub fn acquire(directory: &Path, timeout: Duration) -> Result<WriterLock, LockError> {
        files::create_directory_durable(directory)?;
        let path = directory.join(LOCK_FILE);
        let file = open_lock_file(&path)?;
        let turnstile_path = directory.join(TURNSTILE_FILE);
        let turnstile = open_lock_file(&turnstile_path)?;
        let deadline = Instant::now().checked_add(timeout.max(PATIENCE_MIN));
        if !wait_for_lock(&turnstile, &turnstile_path, deadline)?
            || !wait_for_lock(&file, &path, deadline)?
        {
            let owner = read_owner(&file);
            return Err(LockError::Locked { path, owner });
        }
        drop(turnstile);
        let mut lock = WriterLock { file, path };
        lock.write_owner(&Owner::this_process().to_line())?;
        Ok(lock)
    }

    /// Who holds the lock of `directory` at this moment, or `None` when it is free.
    pub fn holder(directory: &Path) -> Result<Option<Owner>, LockError> {
        let path = directory.join(LOCK_FILE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(FileError::new(FileOperation::Open, &path, source).into()),
        };
        // A program that a writer has just started holds the lock too, until it is itself; the writer may have let go
        // of it and taken its line away meanwhile. So a lock without an owner is looked at again.
        for _ in 0..OWNERLESS_LOOK_COUNT {
            // A shared lock excludes writers only; it is given back when `file` goes out of scope.
            match file.try_lock_shared() {
                Ok(()) => return Ok(None),
                Err(TryLockError::WouldBlock) => {
                    let owner = read_owner(&file);
                    if owner.process_id.is_some() {
                        return Ok(Some(owner));
                    }
                }
                Err(TryLockError::Error(source)) => {
                    return Err(FileError::new(FileOperation::Lock, &path, source).into());
                }
            }
            std::thread::sleep(OWNERLESS_PAUSE);
        }
        Ok(Some(read_owner(&file)))
    }

    /// The lock file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn write_owner(&mut self, line: &str) -> Result<(), FileError> {
        let written = (|| {
            self.file.set_len(0)?;
            self.file.rewind()?;
            self.file.write_all(line.as_bytes())
        })();
        match written {
            Ok(()) => Ok(()),
            // The line is a courtesy: a full disk must not keep a recovery from starting.
            Err(source) if source.kind() == io::ErrorKind::StorageFull => Ok(()),
            Err(source) => Err(FileError::new(FileOperation::Write, &self.path, source)),
        }
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // Closing the file releases the lock; the line is emptied first so that it names no ghost.
        let _ = self.file.set_len(0);
    }
}

fn open_lock_file(path: &Path) -> Result<File, FileError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    match options.open(path) {
        Ok(file) => Ok(file),
        Err(source) => Err(FileError::new(FileOperation::Create, path, source)),
    }
}

/// Tries until the lock is had (`true`) or the time is up (`false`).
fn wait_for_lock(file: &File, path: &Path, deadline: Option<Instant>) -> Result<bool, FileError> {
    let mut pause = PAUSE_MIN;
    while !try_lock(file, path)? {
        let now = Instant::now();
        if deadline.is_some_and(|deadline| now >= deadline) {
            return Ok(false);
        }
        let left = deadline.map_or(pause, |deadline| deadline - now);
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(PAUSE_MAX);
    }
    Ok(true)
}

fn try_lock(file: &File, path: &Path) -> Result<bool, FileError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) if source.kind() == io::ErrorKind::Interrupted => {
            Ok(false)
        }
        Err(TryLockError::Error(source)) => Err(FileError::new(FileOperation::Lock, path, source)),
    }
}

fn read_owner(mut file: &File) -> Owner {
    let mut bytes = Vec::new();
    let _ = file.rewind();
    let _ = file.take(OWNER_SIZE_MAX).read_to_end(&mut bytes);
    Owner::from_line(&bytes)
}

/// The text without anything that could disturb a terminal.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .collect()
}

fn host_name() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    plain(&name)
}

/// The program's name and its leading subcommands: never options or values, which may be secret.
fn command_name() -> String {
    let mut arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let program = arguments.next().unwrap_or_default();
    let program = Path::new(&program)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let is_subcommand = |word: &String| {
        word.len() <= 16
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            && !word.starts_with('-')
    };
    let mut words = vec![plain(&program)];
    words.extend(arguments.take(2).take_while(is_subcommand));
    words.join(" ")
}

/// `YYYY-MM-DDThh:mm:ssZ`; days to civil date after Howard Hinnant's `civil_from_days`.
fn time_text(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (
        second_of_day / 3_600,
        second_of_day / 60 % 60,
        second_of_day % 60,
    );
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
