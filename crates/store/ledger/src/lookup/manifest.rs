//! The manifest: which files make up the look-up, and which journals it covers how far.
//!
//! It is replaced as a whole, so a reader finds the files of one moment. Journals get numbers in the
//! order in which they are met. Layout: docs/formats/index.md, "Manifest". TWIN: lookup manifest.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gatos_values::JournalName;

use super::LookupError;
use crate::files::{self, DurableFile};

const FILE: &str = "lookup.manifest";
const MAGIC: [u8; 8] = *b"GATOSLUM";
const VERSION: u32 = 1;
const PREFIX: &str = "lookup-";
const DIGEST_SIZE: usize = 32;

/// The files of the look-up by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) log: u64,
    /// Oldest first.
    pub(super) runs: Vec<u64>,
}

/// The journals of a look-up, their numbers and how many events of each are covered.
#[derive(Debug, Default)]
pub(super) struct Journals {
    names: Vec<String>,
    covered: Vec<u64>,
    numbers: HashMap<String, u32>,
    /// The journal asked for last; events come journal by journal.
    last: Option<(JournalName, u32)>,
}

impl Journals {
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Adds a journal's short name with the next number.
    pub(super) fn add(&mut self, name: String) -> Result<(), LookupError> {
        let number = u32::try_from(self.names.len()).map_err(|_| LookupError::TooMany)?;
        self.numbers.insert(name.clone(), number);
        self.names.push(name);
        self.covered.push(0);
        Ok(())
    }

    /// The number of a journal, which gets one if it has none.
    pub(super) fn number(&mut self, journal: &JournalName) -> Result<u32, LookupError> {
        if let Some((last, number)) = &self.last
            && last == journal
        {
            return Ok(*number);
        }
        let name = journal.short();
        let number = match self.numbers.get(&name) {
            Some(number) => *number,
            None => {
                self.add(name)?;
                self.names.len() as u32 - 1
            }
        };
        self.last = Some((journal.clone(), number));
        Ok(number)
    }

    pub(super) fn name(&self, number: u32) -> Option<JournalName> {
        JournalName::parse_short(self.names.get(number as usize)?).ok()
    }

    pub(super) fn names_from(&self, first: usize) -> Vec<String> {
        self.names[first..].to_vec()
    }

    pub(super) fn cover(&mut self, number: u32, count: u64) -> Option<()> {
        *self.covered.get_mut(number as usize)? = count;
        Some(())
    }

    pub(super) fn covered(&self, journal: &JournalName) -> u64 {
        let number = match &self.last {
            Some((last, number)) if last == journal => Some(number),
            _ => self.numbers.get(&journal.short()),
        };
        number.map_or(0, |number| self.covered[*number as usize])
    }
}

/// Reads the manifest of an index folder; `None` when there is none.
pub(super) fn read(directory: &Path) -> Result<Option<(Manifest, Journals)>, LookupError> {
    let path = directory.join(FILE);
    let bytes = match DurableFile::open_to_read(&path) {
        Ok(file) => file.read_all()?,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match decode(&bytes) {
        Some(decoded) => Ok(Some(decoded)),
        None => Err(LookupError::Corrupt {
            path,
            reason: "the manifest does not hold together",
        }),
    }
}

/// Replaces the manifest, durably: files it does not name may be removed afterwards.
pub(super) fn write(
    directory: &Path,
    manifest: &Manifest,
    journals: &Journals,
) -> Result<(), LookupError> {
    Ok(files::atomic_write(
        &directory.join(FILE),
        &encode(manifest, journals),
    )?)
}

fn encode(manifest: &Manifest, journals: &Journals) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&VERSION.to_be_bytes());
    bytes.extend_from_slice(&manifest.log.to_be_bytes());
    bytes.extend_from_slice(&(manifest.runs.len() as u32).to_be_bytes());
    for run in &manifest.runs {
        bytes.extend_from_slice(&run.to_be_bytes());
    }
    bytes.extend_from_slice(&(journals.names.len() as u32).to_be_bytes());
    for (name, covered) in journals.names.iter().zip(&journals.covered) {
        bytes.extend_from_slice(&covered.to_be_bytes());
        push_name(&mut bytes, name);
    }
    let digest = blake3::hash(&bytes);
    bytes.extend_from_slice(digest.as_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<(Manifest, Journals)> {
    let (content, digest) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST_SIZE)?)?;
    if blake3::hash(content).as_bytes() != digest {
        return None;
    }
    let mut fields = Fields { rest: content };
    if fields.take(8)? != MAGIC || fields.u32()? != VERSION {
        return None;
    }
    let log = fields.u64()?;
    let run_count = fields.u32()?;
    let runs = (0..run_count)
        .map(|_| fields.u64())
        .collect::<Option<Vec<u64>>>()?;
    let mut journals = Journals::default();
    for number in 0..fields.u32()? {
        let covered = fields.u64()?;
        journals.add(fields.name()?).ok()?;
        journals.cover(number, covered)?;
    }
    fields
        .rest
        .is_empty()
        .then_some((Manifest { log, runs }, journals))
}

/// Size in two bytes, then the name. Names of journals have at most 620 bytes.
pub(super) fn push_name(bytes: &mut Vec<u8>, name: &str) {
    let size = u16::try_from(name.len()).expect("names of journals are short");
    bytes.extend_from_slice(&size.to_be_bytes());
    bytes.extend_from_slice(name.as_bytes());
}

/// Reads numbers and names off the front of some bytes.
pub(super) struct Fields<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    pub(super) fn name(&mut self) -> Option<String> {
        let size = u16::from_be_bytes(self.take(2)?.try_into().ok()?);
        String::from_utf8(self.take(usize::from(size))?.to_vec()).ok()
    }
}

pub(super) fn path(directory: &Path, number: u64, suffix: &str) -> PathBuf {
    directory.join(format!("{PREFIX}{number:016x}.{suffix}"))
}

/// The number of a log or run from its file name.
pub(super) fn number_of(name: &str) -> Option<u64> {
    let (digits, suffix) = name.strip_prefix(PREFIX)?.split_once('.')?;
    let is_ours = digits.len() == 16 && matches!(suffix, "log" | "run");
    if is_ours {
        u64::from_str_radix(digits, 16).ok()
    } else {
        None
    }
}
