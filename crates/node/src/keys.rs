//! Signing keys: OpenSSH ed25519 files in the user's own folder, existing SSH keys, keys in an agent.
//!
//! A key made here is a plain OpenSSH key file (mode 0600) named by its key id, so every SSH tool can use it;
//! keys never go into a repository. A [`Signer`] can sign and cannot be printed. Which key an actor may use is
//! governance's word, not this file's. The protocol of agents is `agent`'s.
//!
//! INVARIANT: a key file appears whole and private or not at all, and is never overwritten by another key.
//! Tests: `keys/tests.rs` (with `ssh-keygen` where it is installed).

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gatos_values::{ErrorCode, KeyId, PublicKey, SigningKey, SshSignature};
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey, KeypairData};
use ssh_key::{LineEnding, PrivateKey};

use crate::agent::{AgentClient, AgentError, AgentIdentity};
use crate::fault::{Fault, Outcome};

/// The largest key file, in bytes; an ed25519 one has about 400.
const KEY_FILE_SIZE_MAX: u64 = 64 * 1024;
const PEM_START: &[u8] = b"-----BEGIN ";
const OPENSSH_START: &[u8] = b"-----BEGIN OPENSSH PRIVATE KEY-----";

/// Something that can sign with one key.
#[derive(Clone)]
pub enum Signer {
    /// A key read from a file.
    File(SigningKey),
    /// A key that stays in an agent.
    Agent(Arc<AgentClient>, PublicKey),
}

impl Signer {
    /// The public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        match self {
            Signer::File(key) => key.public(),
            Signer::Agent(_, public) => *public,
        }
    }

    /// Signs `message` under an SSHSIG namespace such as `gatos-event`.
    ///
    /// # Errors
    /// `AGENT_FAILED`; a key from a file cannot fail.
    pub fn sign(&self, namespace: &str, message: &[u8]) -> Outcome<SshSignature> {
        match self {
            Signer::File(key) => Ok(key.sign(namespace, message)),
            Signer::Agent(agent, public) => Ok(agent.sign(public, namespace, message)?),
        }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self {
            Signer::File(_) => "file",
            Signer::Agent(..) => "agent",
        };
        write!(formatter, "Signer({} in {place})", self.public().key_id())
    }
}

/// A key file of the key folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// The public key.
    pub public: PublicKey,
    /// The private key file.
    pub path: PathBuf,
    /// True when the file is encrypted and only an agent can sign with the key.
    pub encrypted: bool,
}

/// The key folder, read.
#[derive(Debug, Default)]
pub struct KeyListing {
    /// Usable keys, in order of their ids.
    pub keys: Vec<StoredKey>,
    /// What is wrong with the other files.
    pub faults: Vec<Fault>,
}

/// The user's keys: a folder, and the agent of the login.
#[derive(Debug)]
pub struct KeyStore {
    directory: PathBuf,
    agent: Option<Arc<AgentClient>>,
}

impl KeyStore {
    /// The keys below a configuration folder; without one, below the user's own (see [`config_directory`]).
    /// The folder need not exist.
    ///
    /// # Errors
    /// `IO` when the user has no configuration folder.
    pub fn open(config_directory: Option<&Path>) -> Outcome<KeyStore> {
        let config = match config_directory {
            Some(directory) => directory.to_owned(),
            None => self::config_directory(|name| std::env::var_os(name)).ok_or_else(|| {
                Fault::new(
                    ErrorCode::Io,
                    "",
                    "no configuration folder: neither HOME nor GATOS_HOME is set",
                )
                .with_hint("set GATOS_HOME to a folder of your own")
            })?,
        };
        let agent = AgentClient::from_environment().map(Arc::new);
        Ok(KeyStore {
            directory: config.join("keys"),
            agent,
        })
    }

    /// The same keys with another agent, or none.
    #[must_use]
    pub fn with_agent(self, agent: Option<AgentClient>) -> KeyStore {
        KeyStore {
            agent: agent.map(Arc::new),
            ..self
        }
    }

    /// The folder of key files.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The key a person names: a key id, a private key file, or a public key file whose private half is beside
    /// it, in the folder or in the agent.
    ///
    /// # Errors
    /// `UNKNOWN_KEY` when nothing holds the key, `BAD_KEY` when the file is no usable key, `IO`,
    /// `AGENT_FAILED`.
    pub fn load(&self, named: &str) -> Outcome<Signer> {
        if let Ok(key) = KeyId::parse(named) {
            return self.find(&key)?.ok_or_else(|| {
                let reason =
                    format!("key `{key}` is neither in the key folder nor in an ssh-agent");
                Fault::new(ErrorCode::UnknownKey, named, reason).with_hint(
                    "`gatos key list` shows the keys at hand; `ssh-add` adds one to the agent",
                )
            });
        }
        self.load_file(Path::new(named))
    }

    /// The signer for a private or public key file; see [`KeyStore::load`].
    ///
    /// # Errors
    /// As [`KeyStore::load`].
    pub fn load_file(&self, path: &Path) -> Outcome<Signer> {
        match read_key_file(path)? {
            KeyFile::Plain(key) => Ok(Signer::File(key)),
            KeyFile::Encrypted(public) => self.from_agent(&public)?.ok_or_else(|| encrypted(path)),
            KeyFile::Public(public) => {
                // `id.pub` usually lies beside `id`.
                let private = path.with_extension("");
                if path.extension().is_some_and(|extension| extension == "pub")
                    && private.exists()
                    && let KeyFile::Plain(key) = read_key_file(&private)?
                    && key.public() == public
                {
                    return Ok(Signer::File(key));
                }
                self.find(&public.key_id())?.ok_or_else(|| {
                    let reason = format!(
                        "`{}` is a public key; its private key is not at hand",
                        path.display()
                    );
                    Fault::new(ErrorCode::UnknownKey, path.display().to_string(), reason)
                        .with_hint("name the private key file, or `ssh-add` it")
                })
            }
        }
    }

    /// The key with this id: from the folder, else from the agent. An agent that cannot be reached holds
    /// nothing.
    ///
    /// # Errors
    /// `BAD_KEY` when the file is there and unusable, `IO`, `AGENT_FAILED` when an agent answers wrongly.
    pub fn find(&self, key: &KeyId) -> Outcome<Option<Signer>> {
        let path = self.path_of(key);
        let in_agent = |public: &PublicKey| public.key_id() == *key;
        if !path.exists() {
            return self.from_agent_where(in_agent);
        }
        self.check_directory()?;
        match read_key_file(&path)? {
            KeyFile::Plain(found) if in_agent(&found.public()) => Ok(Some(Signer::File(found))),
            KeyFile::Encrypted(public) if in_agent(&public) => self
                .from_agent(&public)?
                .map(Some)
                .ok_or_else(|| encrypted(&path)),
            _ => Err(bad_key(&path, "holds another key than its name says")
                .with_hint("name the file by the key's id, or use `--key FILE`")),
        }
    }

    /// The keys of the folder.
    ///
    /// # Errors
    /// `IO` when the folder cannot be read; unusable files are listed as faults.
    pub fn list(&self) -> Outcome<KeyListing> {
        let mut listing = KeyListing::default();
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(listing),
            Err(error) => return Err(io_fault(&self.directory, "read", &error)),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| io_fault(&self.directory, "read", &error))?;
            let name = entry.file_name();
            ids.extend(name.to_str().and_then(|name| KeyId::parse(name).ok()));
        }
        ids.sort();
        listing.faults.extend(self.check_directory().err());
        for id in ids {
            match self.stored(&id) {
                Ok(key) => listing.keys.push(key),
                Err(fault) => listing.faults.push(fault),
            }
        }
        Ok(listing)
    }

    fn stored(&self, id: &KeyId) -> Outcome<StoredKey> {
        let path = self.path_of(id);
        let (public, encrypted) = match read_key_file(&path)? {
            KeyFile::Plain(key) => (key.public(), false),
            KeyFile::Encrypted(public) => (public, true),
            KeyFile::Public(_) => return Err(bad_key(&path, "holds no private key")),
        };
        if public.key_id() != *id {
            return Err(bad_key(&path, "holds another key than its name says"));
        }
        Ok(StoredKey {
            public,
            path,
            encrypted,
        })
    }

    /// The ed25519 keys in the agent; none without an agent, or where it cannot be reached.
    ///
    /// # Errors
    /// `AGENT_FAILED` when an agent answers wrongly.
    pub fn agent_identities(&self) -> Outcome<Vec<AgentIdentity>> {
        match &self.agent {
            None => Ok(Vec::new()),
            Some(agent) => match agent.identities() {
                Err(AgentError::Unreachable { .. }) => Ok(Vec::new()),
                answer => Ok(answer?),
            },
        }
    }

    /// Makes a new key from the system's randomness and keeps it in the folder.
    ///
    /// # Errors
    /// `IO` when the folder or the file cannot be written, `BAD_KEY` when the folder belongs to others too.
    pub fn generate(&self) -> Outcome<PublicKey> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| {
            Fault::new(
                ErrorCode::Io,
                "",
                format!("the system gives no randomness: {error}"),
            )
        })?;
        let key = SigningKey::from_seed(seed);
        self.keep(&key, &seed)?;
        Ok(key.public())
    }

    /// Copies an existing private key file into the folder.
    ///
    /// # Errors
    /// As [`KeyStore::load`] and [`KeyStore::generate`]; an encrypted key stays where it is.
    pub fn import(&self, path: &Path) -> Outcome<PublicKey> {
        let parsed = parse_key_file(path, &read_bounded(path)?.1)?;
        let Parsed::Plain(key, seed) = parsed else {
            return Err(match parsed {
                Parsed::Encrypted(_) => encrypted(path),
                _ => bad_key(path, "is a public key").with_hint("name the private key file"),
            });
        };
        self.keep(&key, &seed)?;
        Ok(key.public())
    }

    fn keep(&self, key: &SigningKey, seed: &[u8; 32]) -> Outcome<()> {
        let public = key.public();
        let id = public.key_id();
        let comment = format!("gatos {id}");
        let pair = Ed25519Keypair {
            public: ssh_key::public::Ed25519PublicKey(*public.as_bytes()),
            private: Ed25519PrivateKey::from_bytes(seed),
        };
        let private = PrivateKey::new(KeypairData::Ed25519(pair), comment.as_str())
            .and_then(|private| private.to_openssh(LineEnding::LF))
            .map_err(|error| Fault::new(ErrorCode::Internal, "", error.to_string()))?;
        self.create_directory()?;
        self.check_directory()?;
        let path = self.path_of(&id);
        write_new(&path, private.as_bytes(), 0o600)?;
        let public_text = format!("{} {comment}\n", public.openssh_text());
        write_new(&path.with_extension("pub"), public_text.as_bytes(), 0o644)
    }

    fn path_of(&self, key: &KeyId) -> PathBuf {
        self.directory.join(key.to_string())
    }

    fn create_directory(&self) -> Outcome<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&self.directory)
            .map_err(|error| io_fault(&self.directory, "create", &error))
    }

    /// Whoever may write the folder may exchange the keys in it.
    #[cfg(unix)]
    fn check_directory(&self) -> Outcome<()> {
        use std::os::unix::fs::PermissionsExt;
        let metadata = fs::metadata(&self.directory)
            .map_err(|error| io_fault(&self.directory, "read", &error))?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o022 == 0 {
            return Ok(());
        }
        let place = self.directory.display();
        let reason = format!("others may write the key folder `{place}` (mode {mode:04o})");
        Err(Fault::new(ErrorCode::BadKey, place.to_string(), reason)
            .with_hint(format!("chmod 700 {place}")))
    }

    #[cfg(not(unix))]
    fn check_directory(&self) -> Outcome<()> {
        Ok(())
    }

    fn from_agent(&self, public: &PublicKey) -> Outcome<Option<Signer>> {
        self.from_agent_where(|held| held == public)
    }

    fn from_agent_where(&self, wanted: impl Fn(&PublicKey) -> bool) -> Outcome<Option<Signer>> {
        let identities = self.agent_identities()?;
        let found = identities
            .into_iter()
            .find(|identity| wanted(&identity.public));
        let signer = |agent: &Arc<AgentClient>| {
            found.map(|identity| Signer::Agent(Arc::clone(agent), identity.public))
        };
        Ok(self.agent.as_ref().and_then(signer))
    }
}

/// The user's configuration folder: `$GATOS_HOME`, else `$XDG_CONFIG_HOME/gatos`, else `$HOME/.config/gatos`;
/// on Windows `%APPDATA%\gatos` after the first. `variable` looks up the environment.
#[must_use]
pub fn config_directory(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(own) = folder("GATOS_HOME") {
        return Some(own);
    }
    if cfg!(windows) {
        return folder("APPDATA").map(|base| base.join("gatos"));
    }
    // The XDG specification has relative paths ignored.
    folder("XDG_CONFIG_HOME")
        .filter(|base| base.is_absolute())
        .or_else(|| folder("HOME").map(|home| home.join(".config")))
        .map(|base| base.join("gatos"))
}

/// What a key file turned out to be.
enum KeyFile {
    Plain(SigningKey),
    Encrypted(PublicKey),
    Public(PublicKey),
}

enum Parsed {
    Plain(SigningKey, [u8; 32]),
    Encrypted(PublicKey),
    Public(PublicKey),
}

fn read_key_file(path: &Path) -> Outcome<KeyFile> {
    let (mode, bytes) = read_bounded(path)?;
    match parse_key_file(path, &bytes)? {
        Parsed::Plain(key, _) => {
            check_private(path, mode)?;
            Ok(KeyFile::Plain(key))
        }
        Parsed::Encrypted(public) => Ok(KeyFile::Encrypted(public)),
        Parsed::Public(public) => Ok(KeyFile::Public(public)),
    }
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
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(bad_key(path, "is no file"));
    }
    let mut bytes = Vec::new();
    file.take(KEY_FILE_SIZE_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > KEY_FILE_SIZE_MAX {
        return Err(bad_key(path, "is too large to be a key"));
    }
    #[cfg(unix)]
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
    #[cfg(not(unix))]
    let mode = 0;
    Ok((mode, bytes))
}

fn parse_key_file(path: &Path, bytes: &[u8]) -> Outcome<Parsed> {
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
    let mut words = line.split_ascii_whitespace();
    let (Some(algorithm), Some(key)) = (words.next(), words.next()) else {
        return Err(bad_key(path, "is no OpenSSH key"));
    };
    let public = PublicKey::parse_openssh(&format!("{algorithm} {key}"))
        .map_err(|error| bad_key(path, &format!("is no usable key: {error}")))?;
    Ok(Parsed::Public(public))
}

fn parse_private(path: &Path, bytes: &[u8]) -> Outcome<Parsed> {
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
        return Ok(Parsed::Encrypted(public));
    }
    let Some(pair) = private.key_data().ed25519() else {
        return Err(bad_key(
            path,
            "has a public and a private half of different kinds",
        ));
    };
    let seed = pair.private.to_bytes();
    let key = SigningKey::from_seed(seed);
    if key.public() != public {
        return Err(bad_key(
            path,
            "has a public half that does not belong to its private half",
        ));
    }
    Ok(Parsed::Plain(key, seed))
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

fn encrypted(path: &Path) -> Fault {
    bad_key(path, "is encrypted").with_hint(format!(
        "add it to the agent with `ssh-add {}`; the agent signs then",
        path.display()
    ))
}

fn bad_key(path: &Path, what: &str) -> Fault {
    let place = path.display().to_string();
    let reason = format!("key file `{place}` {what}");
    Fault::new(ErrorCode::BadKey, place, reason)
}

fn io_fault(path: &Path, doing: &str, error: &io::Error) -> Fault {
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
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Outcome<()> {
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
