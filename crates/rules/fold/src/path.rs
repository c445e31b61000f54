//! Paths of state files: which may be written, how a key becomes a file name, which would collide.
//!
//! State files are checked out on every file system, so paths keep to a small alphabet, avoid Windows device
//! names, and stay apart also where case is ignored. Which content goes where is `emit`'s work.
//!
//! INVARIANT 1: two keys never give one file name, not even where case is ignored.
//! INVARIANT 2: a name made from a key passes the check that written names pass (with `%` and `~` added).
//! INVARIANT 3: templates that [`collision`] accepts never give colliding paths, whatever the keys.
//!
//! Format: `docs/formats/checkpoint.md`. Tests: `path/tests.rs`.

#[cfg(test)]
mod tests;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use gatos_values::{Blake3Digest, hex};

/// The folder every state file lies in, with its slash.
pub const STATE_FOLDER: &str = "state/";

/// Longest written path, in bytes.
pub const PATH_SIZE_MAX: usize = 512;

/// Longest segment of a written path, in bytes.
pub const SEGMENT_SIZE_MAX: usize = 100;

/// Longest escaped key that stands in a file name as it is, in bytes.
pub const KEY_NAME_SIZE_MAX: usize = 100;

/// How much of a longer escaped key stays readable, in bytes.
const KEY_NAME_HEAD_SIZE: usize = 60;

/// Hex digits of the key's digest behind a cut name.
const KEY_DIGEST_DIGITS: usize = 32;

/// What stands for the key in a template.
const KEY_MARK: &str = "{key}";

/// Why a path may not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Not below `state/`.
    #[error("`{0}` is not below `state/`")]
    Outside(String),
    /// The path or a segment is too long.
    #[error(
        "`{0}` is longer than {PATH_SIZE_MAX} bytes, or a segment of it than {SEGMENT_SIZE_MAX}"
    )]
    TooLong(String),
    /// An empty segment, one that starts or ends with a dot, or a character outside the alphabet.
    #[error("`{segment}` in `{path}` is no file name")]
    Segment {
        /// The whole path.
        path: String,
        /// The offending segment.
        segment: String,
    },
    /// A name that Windows keeps for devices.
    #[error("`{segment}` in `{path}` is a device name on Windows")]
    Device {
        /// The whole path.
        path: String,
        /// The offending segment.
        segment: String,
    },
    /// `split` without `{key}` in the last segment, or `{key}` elsewhere or without `split`.
    #[error(
        "`{0}`: with `split: key`, the last segment holds `{{key}}` once, and no other path holds it"
    )]
    Key(String),
}

/// A path as written in a fold: fixed, or with `{key}` in its last segment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathTemplate {
    /// Up to the key, or the whole path.
    head: String,
    /// Behind the key; `None` for a fixed path.
    tail: Option<String>,
}

impl PathTemplate {
    /// Reads and checks a path of a fold.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn parse(text: &str, split: bool) -> Result<PathTemplate, PathError> {
        let wrong_key = || PathError::Key(text.to_string());
        let template = match (text.split_once(KEY_MARK), split) {
            (None, false) => PathTemplate {
                head: text.to_string(),
                tail: None,
            },
            (Some((head, tail)), true) if !tail.contains(KEY_MARK) && !tail.contains('/') => {
                PathTemplate {
                    head: head.to_string(),
                    tail: Some(tail.to_string()),
                }
            }
            _ => return Err(wrong_key()),
        };
        // A short key that needs no escape shows whether all other parts are in order.
        let sample = match &template.tail {
            None => text.to_string(),
            Some(tail) => format!("{}k{tail}", template.head),
        };
        check(&sample, Alphabet::Written)?;
        Ok(template)
    }

    /// Whether the path has a place for a key.
    #[must_use]
    pub fn is_split(&self) -> bool {
        self.tail.is_some()
    }

    /// The path as a glob: `*` in place of the key.
    #[must_use]
    pub fn pattern(&self) -> String {
        match &self.tail {
            None => self.head.clone(),
            Some(tail) => format!("{}*{tail}", self.head),
        }
    }

    /// The path of the file for this key; fixed paths ignore the key.
    #[must_use]
    pub fn path_for(&self, key: &str) -> String {
        let Some(tail) = &self.tail else {
            return self.head.clone();
        };
        let start = self.head.rfind('/').map_or(0, |slash| slash + 1);
        let prefix = self.head.get(start..).unwrap_or_default();
        let mut name = key_name(key);
        if is_device(&format!("{prefix}{name}{tail}")) {
            name = escape_first(&name);
        }
        format!("{}{name}{tail}", self.head)
    }

    fn folder_and_name(&self) -> (&str, &str) {
        self.head.rsplit_once('/').unwrap_or(("", &self.head))
    }
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.head)?;
        match &self.tail {
            None => Ok(()),
            Some(tail) => write!(formatter, "{KEY_MARK}{tail}"),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    /// What people write in folds.
    Written,
    /// Made from keys: `%` and `~` occur too.
    Made,
}

/// Checks the paths of files about to be written: alphabet, devices, collisions with and without case.
///
/// # Errors
/// [`PathError`], or the two paths that collide.
pub(crate) fn check_made<'a>(paths: impl Iterator<Item = &'a str>) -> Result<(), MadePathError> {
    let mut files = BTreeMap::new();
    let mut folders = BTreeMap::new();
    for path in paths {
        check(path, Alphabet::Made)?;
        if let Some(other) = files.insert(path.to_ascii_lowercase(), path) {
            return Err(MadePathError::Collision(
                other.to_string(),
                path.to_string(),
            ));
        }
        for (slash, _) in path.match_indices('/') {
            let folder = path.get(..slash).unwrap_or_default();
            let known = *folders.entry(folder.to_ascii_lowercase()).or_insert(folder);
            if known != folder {
                return Err(MadePathError::Collision(
                    known.to_string(),
                    folder.to_string(),
                ));
            }
        }
    }
    match folders
        .iter()
        .find_map(|(lower, folder)| files.get(lower).map(|file| (file, folder)))
    {
        Some((file, folder)) => Err(MadePathError::Collision(
            file.to_string(),
            folder.to_string(),
        )),
        None => Ok(()),
    }
}

/// Longest segment of a path that a program emits, in bytes.
const EMITTED_SEGMENT_SIZE_MAX: usize = 200;

/// Checks paths that a program emits: as [`check_made`], and bounded in length, since no template bounds them.
///
/// # Errors
/// [`PathError`], or the two paths that collide.
pub(crate) fn check_emitted<'a>(
    paths: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), MadePathError> {
    for path in paths.clone() {
        let mut segments = path.split('/');
        if path.len() > PATH_SIZE_MAX
            || segments.any(|segment| segment.len() > EMITTED_SEGMENT_SIZE_MAX)
        {
            return Err(PathError::TooLong(path.to_string()).into());
        }
    }
    check_made(paths)
}

/// Checks the pattern of a merge contract: a path that may hold `*` once, in its last segment.
///
/// # Errors
/// [`PathError`].
pub(crate) fn check_pattern(pattern: &str) -> Result<(), PathError> {
    let name_start = pattern.rfind('/').map_or(0, |slash| slash + 1);
    match pattern.find('*') {
        Some(star) if star >= name_start => {
            check(&pattern.replacen('*', "k", 1), Alphabet::Written)
        }
        _ => check(pattern, Alphabet::Written),
    }
}

/// Why a set of paths made at run time may not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MadePathError {
    /// One path by itself is wrong.
    #[error(transparent)]
    Path(#[from] PathError),
    /// Two paths are one on some file system.
    #[error("`{0}` and `{1}` are one path where case is ignored, or one is a folder of the other")]
    Collision(String, String),
}

fn check(path: &str, alphabet: Alphabet) -> Result<(), PathError> {
    let Some(inside) = path.strip_prefix(STATE_FOLDER) else {
        return Err(PathError::Outside(path.to_string()));
    };
    let made = alphabet == Alphabet::Made;
    if !made
        && (path.len() > PATH_SIZE_MAX
            || inside
                .split('/')
                .any(|segment| segment.len() > SEGMENT_SIZE_MAX))
    {
        return Err(PathError::TooLong(path.to_string()));
    }
    for segment in inside.split('/') {
        let allowed = |byte: u8| is_name_byte(byte) || (made && matches!(byte, b'%' | b'~'));
        let well_formed = !segment.is_empty()
            && !segment.starts_with('.')
            && !segment.ends_with('.')
            && segment.bytes().all(allowed);
        let (path, segment) = (path.to_string(), segment.to_string());
        if !well_formed {
            return Err(PathError::Segment { path, segment });
        }
        if is_device(&segment) {
            return Err(PathError::Device { path, segment });
        }
    }
    Ok(())
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

/// Whether Windows would open a device under this name: what counts is the part before the first dot.
fn is_device(segment: &str) -> bool {
    let stem = segment.split('.').next().unwrap_or_default();
    match stem.len() {
        3 => ["con", "prn", "aux", "nul"]
            .iter()
            .any(|device| stem.eq_ignore_ascii_case(device)),
        4 => {
            let (name, digit) = (stem.get(..3).unwrap_or_default(), stem.as_bytes()[3]);
            digit.is_ascii_digit()
                && ["com", "lpt"]
                    .iter()
                    .any(|device| name.eq_ignore_ascii_case(device))
        }
        _ => false,
    }
}

/// The key as part of a file name: lower-case letters, digits, `_` and `-` stand for themselves, every other byte
/// is `%XX`. An empty key or one too long ends in `~` and a digest, which no escape produces.
fn key_name(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => name.push(char::from(byte)),
            other => push_escape(&mut name, other),
        }
        if name.len() > KEY_NAME_SIZE_MAX {
            break;
        }
    }
    if !name.is_empty() && name.len() <= KEY_NAME_SIZE_MAX {
        return name;
    }
    let digest = hex::encode(Blake3Digest::of(key.as_bytes()).as_bytes());
    let head = name.get(..KEY_NAME_HEAD_SIZE).unwrap_or_default();
    format!(
        "{head}~{}",
        digest.get(..KEY_DIGEST_DIGITS).unwrap_or_default()
    )
}

fn push_escape(name: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    name.push('%');
    name.push(char::from(DIGITS[usize::from(byte >> 4)]));
    name.push(char::from(DIGITS[usize::from(byte & 15)]));
}

/// Escapes the first byte of a name that is otherwise in order.
fn escape_first(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len() + 2);
    if let Some(first) = name.bytes().next() {
        push_escape(&mut escaped, first);
    }
    escaped.push_str(name.get(1..).unwrap_or_default());
    escaped
}

/// Whether two templates could give one path, or one a folder of the other, whatever the keys; case is ignored.
pub(crate) fn collision(left: &PathTemplate, right: &PathTemplate) -> bool {
    may_be_equal(left, right)
        || may_be_folder(left, right)
        || may_be_folder(right, left)
        || folders_differ_in_case(left, right)
}

fn may_be_equal(left: &PathTemplate, right: &PathTemplate) -> bool {
    let ((left_folder, left_name), (right_folder, right_name)) =
        (left.folder_and_name(), right.folder_and_name());
    if !left_folder.eq_ignore_ascii_case(right_folder) {
        return false;
    }
    match (&left.tail, &right.tail) {
        (None, None) => left_name.eq_ignore_ascii_case(right_name),
        (left_tail, right_tail) => patterns_meet(
            &pattern(left_name, left_tail),
            &pattern(right_name, right_tail),
        ),
    }
}

/// One place in the pattern of a file name.
#[derive(Clone, Copy)]
enum Place {
    /// This byte, in lower case.
    Byte(u8),
    /// One byte of a key's name.
    KeyByte,
    /// Any number of bytes of a key's name.
    KeyBytes,
}

/// What the names of a template look like: the head, one or more bytes of a key, the tail.
fn pattern(head: &str, tail: &Option<String>) -> Vec<Place> {
    let bytes = |text: &str| {
        text.to_ascii_lowercase()
            .into_bytes()
            .into_iter()
            .map(Place::Byte)
            .collect::<Vec<_>>()
    };
    let mut places = bytes(head);
    if let Some(tail) = tail {
        places.extend([Place::KeyByte, Place::KeyBytes]);
        places.extend(bytes(tail));
    }
    places
}

/// Whether some name fits both patterns: from the ends backwards, which rests of the two can meet. The key of
/// either may cover what is fixed in the other, and parts of the two may interlock: `{key}.json` and `a.{key}`
/// meet in `a.json`.
fn patterns_meet(left: &[Place], right: &[Place]) -> bool {
    // `below[j]`: whether the rest of `left` behind the current place meets `right[j..]`.
    let mut below: Vec<bool> = Vec::new();
    for i in (0..=left.len()).rev() {
        let mut row = vec![false; right.len() + 1];
        for j in (0..=right.len()).rev() {
            row[j] = match (left.get(i), right.get(j)) {
                (None, None) => true,
                (Some(Place::KeyBytes), Some(Place::KeyBytes)) => below[j] || row[j + 1],
                (Some(Place::KeyBytes), other) => {
                    below[j] || (other.is_some_and(could_come_from_key) && row[j + 1])
                }
                (other, Some(Place::KeyBytes)) => {
                    row[j + 1] || (other.is_some_and(could_come_from_key) && below[j])
                }
                (Some(Place::Byte(left)), Some(Place::Byte(right))) => {
                    left == right && below[j + 1]
                }
                (Some(left), Some(right)) => {
                    could_come_from_key(left) && could_come_from_key(right) && below[j + 1]
                }
                (None, Some(_)) | (Some(_), None) => false,
            };
        }
        below = row;
    }
    below[0]
}

fn could_come_from_key(place: &Place) -> bool {
    match place {
        Place::Byte(byte) => {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-')
        }
        Place::KeyByte | Place::KeyBytes => true,
    }
}

/// Whether a file of `file` could be a folder on the way to a file of `other`.
fn may_be_folder(file: &PathTemplate, other: &PathTemplate) -> bool {
    let (folder, _) = other.folder_and_name();
    ancestors(folder).any(|ancestor| {
        let ancestor = PathTemplate {
            head: ancestor.to_string(),
            tail: None,
        };
        may_be_equal(file, &ancestor)
    })
}

fn folders_differ_in_case(left: &PathTemplate, right: &PathTemplate) -> bool {
    let (left, right) = (left.folder_and_name().0, right.folder_and_name().0);
    let known: BTreeSet<&str> = ancestors(left).collect();
    ancestors(right).any(|folder| {
        !known.contains(folder) && known.iter().any(|other| other.eq_ignore_ascii_case(folder))
    })
}

/// The folder and all folders above it.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    core::iter::successors(Some(folder), |folder| {
        folder.rsplit_once('/').map(|(above, _)| above)
    })
}
