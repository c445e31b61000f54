//! Signing keys: OpenSSH ed25519 files in the user's own folder, existing SSH keys, keys in an agent.
//!
//! A key made here is a plain OpenSSH key file (mode 0600) named by its key id, so every SSH tool can use it;
//! keys never go into a repository. A [`Signer`] can sign and cannot be printed. Which key an actor may use is
//! governance's word, not this file's. The protocol of agents is `agent`'s.
//!
//! INVARIANT: a key file appears whole and private or not at all, and is never overwritten by another key.
//! Tests: `keys/tests.rs` (with `ssh-keygen` where it is installed).

mod file;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gatos_values::{ErrorCode, KeyId, PublicKey, SigningKey, SshSignature};

use crate::agent::{AgentClient, AgentError, AgentIdentity};
use crate::fault::{Fault, Outcome};
use file::{KeyFile, bad_key, encrypted, io_fault, write_new};

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
        match file::read(path)? {
            KeyFile::Private(seed) => Ok(Signer::File(SigningKey::from_seed(seed))),
            KeyFile::Encrypted(public) => self.held(&public)?.ok_or_else(|| encrypted(path)),
            KeyFile::Public(public) => {
                // `id.pub` usually lies beside `id`.
                let private = path.with_extension("");
                if path.extension().is_some_and(|extension| extension == "pub")
                    && private.exists()
                    && let KeyFile::Private(seed) = file::read(&private)?
                    && let key = SigningKey::from_seed(seed)
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
        if !path.exists() {
            return self.held_where(|public| public.key_id() == *key);
        }
        self.check_directory()?;
        let (public, content) = self.stored(key)?;
        match content {
            KeyFile::Private(seed) => Ok(Some(Signer::File(SigningKey::from_seed(seed)))),
            _ => self
                .held(&public)?
                .map(Some)
                .ok_or_else(|| encrypted(&path)),
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
                Ok((public, content)) => listing.keys.push(StoredKey {
                    public,
                    path: self.path_of(&id),
                    encrypted: matches!(content, KeyFile::Encrypted(_)),
                }),
                Err(fault) => listing.faults.push(fault),
            }
        }
        Ok(listing)
    }

    /// The content of a file of the folder: a private key, perhaps encrypted, with the id its name says.
    fn stored(&self, id: &KeyId) -> Outcome<(PublicKey, KeyFile)> {
        let path = self.path_of(id);
        let content = file::read(&path)?;
        let public = match &content {
            KeyFile::Private(seed) => SigningKey::from_seed(*seed).public(),
            KeyFile::Encrypted(public) => *public,
            KeyFile::Public(_) => return Err(bad_key(&path, "holds no private key")),
        };
        if public.key_id() != *id {
            return Err(bad_key(&path, "holds another key than its name says")
                .with_hint("name the file by the key's id, or use `--key FILE`"));
        }
        Ok((public, content))
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
        self.keep(&seed)
    }

    /// Copies an existing private key file into the folder.
    ///
    /// # Errors
    /// As [`KeyStore::load`] and [`KeyStore::generate`]; an encrypted key stays where it is.
    pub fn import(&self, path: &Path) -> Outcome<PublicKey> {
        match file::read(path)? {
            KeyFile::Private(seed) => self.keep(&seed),
            KeyFile::Encrypted(_) => Err(encrypted(path)),
            KeyFile::Public(_) => {
                Err(bad_key(path, "is a public key").with_hint("name the private key file"))
            }
        }
    }

    fn keep(&self, seed: &[u8; 32]) -> Outcome<PublicKey> {
        let public = SigningKey::from_seed(*seed).public();
        let comment = format!("gatos {}", public.key_id());
        self.create_directory()?;
        self.check_directory()?;
        let path = self.path_of(&public.key_id());
        write_new(&path, file::private_text(seed, &comment)?.as_bytes(), 0o600)?;
        let public_text = format!("{} {comment}\n", public.openssh_text());
        write_new(&path.with_extension("pub"), public_text.as_bytes(), 0o644)?;
        Ok(public)
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

    fn held(&self, public: &PublicKey) -> Outcome<Option<Signer>> {
        self.held_where(|held| held == public)
    }

    fn held_where(&self, wanted: impl Fn(&PublicKey) -> bool) -> Outcome<Option<Signer>> {
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
