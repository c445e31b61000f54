//! One key file: read with its mode checked, parsed strictly, written whole or not at all.
//!
//! INVARIANT: whoever gets a [`KeyFile::Private`] got it from a file that only its owner can read, in which both
//! halves of the key belong together. Tests: `tests.rs` beside this file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};

use gatos_values::{ErrorCode, PublicKey, SigningKey};
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey, KeypairData};
use ssh_key::{LineEnding, PrivateKey};

use crate::fault::{Fault, Outcome};

/// The largest key file, in bytes; an ed25519 one has about 400.
const SIZE_MAX: u64 = 64 * 1024;
const PEM_START: &[u8] = b"-----BEGIN ";
const OPENSSH_START: &[u8] = b"-----BEGIN OPENSSH PRIVATE KEY-----";

/// What a key file holds.
pub(super) enum KeyFile {
    /// A private key, by its seed.
    Private([u8; 32]),
    /// An encrypted private key, of which only the public half can be read.
    Encrypted(PublicKey),
    /// A public key.
    Public(PublicKey),
}

/// Reads a key file and checks that nobody else can.
pub(super) fn read(path: &Path) -> Outcome<KeyFile> {
    let (mode, bytes) = read_bounded(path)?;
    let found = parse(path, &bytes)?;
    if matches!(found, KeyFile::Private(_)) {
        check_private(path, mode)?;
    }
    Ok(found)
}

/// The text of a private key file in OpenSSH's format.
pub(super) fn private_text(
    seed: &[u8; 32],
    comment: &str,
) -> Outcome<impl Deref<Target = String> + use<>> {
    let public = SigningKey::from_seed(*seed).public();
    let pair = Ed25519Keypair {
        public: ssh_key::public::Ed25519PublicKey(*public.as_bytes()),
        private: Ed25519PrivateKey::from_bytes(seed),
    };
    PrivateKey::new(KeypairData::Ed25519(pair), comment)
        .and_then(|private| private.to_openssh(LineEnding::LF))
        .map_err(|error| Fault::new(ErrorCode::Internal, "", error.to_string()))
}

/// The file's mode (0 where there are none) and content, of one and the same open file.
fn read_bounded(path: &Path) -> Outcome<(u32, Vec<u8>)> {
    let failed = |error: io::Error| {
        let fault = io_fault(path, "read", &error);
        if error.kind() == io::ErrorKind::NotFound {
            Fault {
                code: ErrorCode::UnknownKey,
                ..fault
            }
            .with_hint(
                "name an existing key file or a key id; `gatos key list` shows the keys at hand",
            )
        } else {
            fault
        }
    };
    // Opening a pipe would wait for somebody to write into it.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(bad_key(path, "is no file"));
    }
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(bad_key(path, "is no file"));
    }
    let mut bytes = Vec::new();
    file.take(SIZE_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > SIZE_MAX {
        return Err(bad_key(path, "is too large to be a key"));
    }
    #[cfg(unix)]
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
    #[cfg(not(unix))]
    let mode = 0;
    Ok((mode, bytes))
}

pub(super) fn parse(path: &Path, bytes: &[u8]) -> Outcome<KeyFile> {
    let text = bytes.trim_ascii_start();
    if text.starts_with(OPENSSH_START) {
        return parse_private(path, bytes);
    }
    if text.starts_with(PEM_START) {
        return Err(bad_key(path, "is not in OpenSSH's own format")
            .with_hint("make an ed25519 key with `gatos key new` or `ssh-keygen -t ed25519`"));
    }
    let line = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.lines().next())
        .unwrap_or_default();
    let (public, _comment) = PublicKey::parse_openssh_line(line)
        .map_err(|error| bad_key(path, &format!("is no usable key: {error}")))?;
    Ok(KeyFile::Public(public))
}

fn parse_private(path: &Path, bytes: &[u8]) -> Outcome<KeyFile> {
    let other_kind = || {
        bad_key(path, "holds a key of another kind, not ed25519")
            .with_hint("make an ed25519 key with `gatos key new` or `ssh-keygen -t ed25519`")
    };
    let private = PrivateKey::from_openssh(bytes).map_err(|error| match error {
        ssh_key::Error::AlgorithmUnknown => other_kind(),
        error => bad_key(path, &format!("is no usable OpenSSH private key: {error}")),
    })?;
    let Some(public) = private.public_key().key_data().ed25519() else {
        return Err(other_kind());
    };
    let public = PublicKey::from_bytes(public.0)
        .map_err(|error| bad_key(path, &format!("holds an invalid public key: {error}")))?;
    if private.is_encrypted() {
        return Ok(KeyFile::Encrypted(public));
    }
    let Some(pair) = private.key_data().ed25519() else {
        return Err(bad_key(
            path,
            "has a public and a private half of different kinds",
        ));
    };
    let seed = pair.private.to_bytes();
    if SigningKey::from_seed(seed).public() != public {
        return Err(bad_key(
            path,
            "has a public half that does not belong to its private half",
        ));
    }
    Ok(KeyFile::Private(seed))
}

#[cfg(unix)]
fn check_private(path: &Path, mode: u32) -> Outcome<()> {
    let mode = mode & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let reason = format!(
        "others may read or write the private key `{}` (mode {mode:04o})",
        path.display()
    );
    Err(
        Fault::new(ErrorCode::BadKey, path.display().to_string(), reason)
            .with_hint(format!("chmod 600 {}", path.display())),
    )
}

#[cfg(not(unix))]
fn check_private(_path: &Path, _mode: u32) -> Outcome<()> {
    Ok(())
}

/// The fault for a key that only an agent can use.
pub(super) fn encrypted(path: &Path) -> Fault {
    bad_key(path, "is encrypted").with_hint(format!(
        "add it to the agent with `ssh-add {}`; the agent signs then",
        path.display()
    ))
}

/// `key file … {what}`.
pub(super) fn bad_key(path: &Path, what: &str) -> Fault {
    let place = path.display().to_string();
    let reason = format!("key file `{place}` {what}");
    Fault::new(ErrorCode::BadKey, place, reason)
}

/// What the system refused.
pub(super) fn io_fault(path: &Path, doing: &str, error: &io::Error) -> Fault {
    let place = path.display().to_string();
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorCode::DiskFull,
        io::ErrorKind::ReadOnlyFilesystem => ErrorCode::ReadOnly,
        _ => ErrorCode::Io,
    };
    let reason = format!("cannot {doing} `{place}`: {error}");
    Fault::new(code, place, reason)
}

/// Writes a file that appears whole or not at all, and survives a power cut once this returns. A file of that
/// name with the same content is left alone; another content is refused.
pub(super) fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Outcome<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let temporary = write_temporary(directory, bytes, mode)
        .map_err(|error| io_fault(directory, "write into", &error))?;
    // A hard link, unlike a rename, never replaces what is there.
    let linked = fs::hard_link(&temporary, path).or_else(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Err(error),
        // Some file systems have no hard links.
        _ if path.exists() => Err(io::ErrorKind::AlreadyExists.into()),
        _ => fs::rename(&temporary, path),
    });
    let _ = fs::remove_file(&temporary);
    match linked {
        Ok(()) => sync_directory(directory).map_err(|error| io_fault(directory, "write", &error)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if fs::read(path).is_ok_and(|present| present == bytes) {
                return Ok(());
            }
            Err(bad_key(path, "exists already with another content")
                .with_hint("move it away, then try again"))
        }
        Err(error) => Err(io_fault(path, "write", &error)),
    }
}

fn write_temporary(directory: &Path, bytes: &[u8], mode: u32) -> io::Result<PathBuf> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let path = directory.join(format!(".new-{:016x}", u64::from_le_bytes(random)));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options.open(&path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    match written {
        Ok(()) => Ok(path),
        Err(error) => {
            let _ = fs::remove_file(&path);
            Err(error)
        }
    }
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}
