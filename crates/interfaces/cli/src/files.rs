//! Files we write for people: whole or not at all. Tests: files/tests.rs.

use crate::faults;
use gatos_node::Outcome;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

#[cfg(test)]
mod tests;

/// Writes a file so that a reader sees the old or the new content, nothing between.
///
/// A target that is there and no ordinary file (a device, a pipe) is written to, never replaced.
///
/// # Errors
/// `IO`, `READ_ONLY`, `DISK_FULL`; a half-written companion is taken away.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Outcome<()> {
    let is_special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
    let written = if is_special {
        fs::write(path, bytes)
    } else {
        replace(path, bytes)
    };
    written.map_err(|error| faults::unwritable(path, &error))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A symbolic link stays a link: its target is what gets the new content.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let companion = companion(&target)?;
    let written = write_new(&companion, bytes).and_then(|()| fs::rename(&companion, &target));
    if written.is_err() {
        // The first error is the one to tell; a companion left behind harms nobody.
        let _ = fs::remove_file(&companion);
    }
    written
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A name beside the target that no other process of ours uses.
fn companion(target: &Path) -> io::Result<PathBuf> {
    let name = target.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let mut companion = OsString::from(".");
    companion.push(name);
    companion.push(format!(".{}.new", std::process::id()));
    Ok(target.with_file_name(companion))
}

/// The path with `.suffix` behind its whole file name: `a.rgf` → `a.rgf.sha`.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}
