//! What several targets share: byte changes, and a folder for targets whose decoder reads files.

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use std::path::{Path, PathBuf};

/// One byte set to another value somewhere in one of several parts.
#[derive(Arbitrary, Debug, Clone, Copy)]
pub struct Change {
    /// Which part; taken modulo their number.
    pub part: u8,
    /// Which byte; taken modulo the part's length.
    pub at: u32,
    /// Its new value.
    pub byte: u8,
}

impl Change {
    /// Sets the byte; nothing happens to an empty part.
    pub fn apply(&self, bytes: &mut [u8]) {
        let length = bytes.len().max(1);
        if let Some(byte) = bytes.get_mut(self.at as usize % length) {
            *byte = self.byte;
        }
    }

    /// The part that is meant, out of `count`.
    pub fn part_of(&self, count: usize) -> usize {
        usize::from(self.part) % count.max(1)
    }
}

/// A folder of this process; `cargo xtask fuzz` gives a `TMPDIR` in memory and removes it.
pub fn folder(target: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("gatos-fuzz-{target}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder can be made");
    folder
}

/// The files directly in a folder, by name, with their bytes.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let paths = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file());
    let mut files: Vec<_> = paths
        .map(|path| {
            let bytes = std::fs::read(&path).expect("the file is there");
            (path, bytes)
        })
        .collect();
    files.sort();
    files
}

/// Makes a folder hold exactly these files.
pub fn restore(folder: &Path, files: &[(PathBuf, Vec<u8>)]) {
    for (path, _) in self::files(folder) {
        if files.iter().all(|(known, _)| *known != path) {
            std::fs::remove_file(path).expect("a file of ours can be removed");
        }
    }
    for (path, bytes) in files {
        std::fs::write(path, bytes).expect("a file of ours can be written");
    }
}
