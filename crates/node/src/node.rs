//! The node: one repository opened, with its keys, its governance and, once something is written, its writer.
//!
//! Everything that people and programs do goes through a [`Node`]; what a verb does stands in the file of
//! its name. Reading takes no lock; the first write takes the repository's writer lock and keeps it until
//! the node is dropped.
//!
//! INVARIANT: governance is verified from genesis on every opening before anything is judged by it.
//! Tests: ../tests/it/.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatos_ledger::{Admission, ObjectId, Refusal, Repository, Writer, settings};
use gatos_policy::governance::Chain;
use gatos_policy::language::Policy;
use gatos_values::{
    Actor, ErrorCode, GovernanceId, KeyId, Namespace, PublicKey, SealedEvent, Sha256Digest,
    VerifyingContext,
};

use crate::append::{Lanes, lock};
use crate::epochs::SealedEpoch;
use crate::fault::Outcome;
use crate::folding::Kept;
use crate::governance;
use crate::keys::KeyStore;
use crate::seen;
use crate::signing::ActingKey;

/// How long a write waits for another writer, unless told otherwise.
pub const WRITER_PATIENCE_DEFAULT: Duration = Duration::from_secs(30);

/// What the person or program who opens a node wants.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// Who acts when an intent names nobody; the clone's `gatos.actor` when absent.
    pub actor: Option<Actor>,
    /// Path of a private key, or a key id; found by the actor when absent.
    pub key: Option<String>,
    /// How long a write waits for the writer lock.
    pub writer_patience: Duration,
    /// Folder of keys and of what is remembered outside repositories; the user's own when absent.
    pub home: Option<PathBuf>,
}

impl Default for NodeOptions {
    fn default() -> NodeOptions {
        NodeOptions {
            actor: None,
            key: None,
            writer_patience: WRITER_PATIENCE_DEFAULT,
            home: None,
        }
    }
}

/// Actor, wish for a key, governance version: what decides which key acts.
type ActingKeyName = (Actor, Option<String>, GovernanceId);

/// A repository, opened.
pub struct Node {
    repository: Repository,
    keys: KeyStore,
    options: NodeOptions,
    governance: Mutex<Option<(ObjectId, Arc<Chain>)>>,
    admission: GovernedAdmission,
    writer: Mutex<Option<Arc<Writer>>>,
    pub(crate) lanes: Lanes,
    /// State of the newest checkpoint this process wrote; see [`crate::folding`].
    pub(crate) kept: Mutex<Option<Kept>>,
    /// The newest anchor of each namespace, as last read.
    pub(crate) anchors: Mutex<HashMap<Namespace, Arc<SealedEpoch>>>,
    /// Policies by their roots, decoded once.
    pub(crate) policies: Mutex<HashMap<Sha256Digest, Arc<Policy>>>,
    pub(crate) acting_keys: Mutex<HashMap<ActingKeyName, Arc<ActingKey>>>,
}

impl Node {
    /// Opens the repository at `directory` or above it.
    ///
    /// # Errors
    /// `NO_REPOSITORY`, `UNSUPPORTED_REPOSITORY`, `GIT_MISSING`, `GIT_TOO_OLD`, `BAD_GOVERNANCE`.
    pub fn open(directory: &Path, options: NodeOptions) -> Outcome<Node> {
        let repository = Repository::open(directory)?;
        let node = Node::over(repository, options)?;
        node.governance()?;
        Ok(node)
    }

    /// As [`Node::open`], for those who want to know what is wrong: governance is there, but may be broken.
    ///
    /// # Errors
    /// As [`Node::open`], without `BAD_GOVERNANCE`.
    pub fn open_to_examine(directory: &Path, options: NodeOptions) -> Outcome<Node> {
        let repository = Repository::open(directory)?;
        governance::head(&repository)?;
        Node::over(repository, options)
    }

    /// A node over a repository that may not have a genesis yet.
    pub(crate) fn over(repository: Repository, options: NodeOptions) -> Outcome<Node> {
        let keys = KeyStore::open(options.home.as_deref())?;
        Ok(Node {
            repository,
            keys,
            options,
            governance: Mutex::new(None),
            admission: GovernedAdmission::without_chain(),
            writer: Mutex::new(None),
            lanes: Lanes::default(),
            kept: Mutex::new(None),
            anchors: Mutex::new(HashMap::new()),
            policies: Mutex::new(HashMap::new()),
            acting_keys: Mutex::new(HashMap::new()),
        })
    }

    /// The Git repository below.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The user's keys.
    pub fn keys(&self) -> &KeyStore {
        &self.keys
    }

    /// What the opener wanted.
    pub fn options(&self) -> &NodeOptions {
        &self.options
    }

    /// The governance chain as its ref stands now, verified from genesis.
    ///
    /// # Errors
    /// `NO_REPOSITORY` when there is no genesis, `BAD_GOVERNANCE` naming the bad version.
    pub fn governance(&self) -> Outcome<Arc<Chain>> {
        let head = governance::head(&self.repository)?;
        let mut cached = lock(&self.governance);
        if let Some((seen, chain)) = &*cached
            && *seen == head
        {
            return Ok(chain.clone());
        }
        let chain = Arc::new(governance::load(&self.repository, head)?);
        seen::note(&self.keys, &chain);
        *cached = Some((head, chain.clone()));
        self.admission.follow(chain.clone());
        Ok(chain)
    }

    /// The same, if it is not behind what this user has seen of the repository before.
    ///
    /// # Errors
    /// As [`Node::governance`], and `GOV_BEHIND` or `GOV_FORK`.
    pub(crate) fn newest_governance(&self) -> Outcome<Arc<Chain>> {
        let chain = self.governance()?;
        seen::check(&self.keys, &chain)?;
        Ok(chain)
    }

    /// The writer; takes the lock at the first call. A writer whose log failed is replaced by a new one,
    /// which recovers first.
    ///
    /// # Errors
    /// `LOCKED`, `WAL_CORRUPT`, `READ_ONLY`, `DISK_FULL`, `IO`.
    pub fn writer(&self) -> Outcome<Arc<Writer>> {
        let mut writer = lock(&self.writer);
        if let Some(open) = &*writer {
            if !open.has_failed() {
                return Ok(open.clone());
            }
            // Dropping the last handle releases the lock; callers that still hold it will only get errors.
            *writer = None;
        }
        let chain = self.governance()?;
        let opened = Arc::new(Writer::open(
            &self.repository,
            self.options.writer_patience,
            Box::new(self.admission.clone()),
        )?);
        // A process that ended between governance and this leaves it to the next writer.
        self.settle_journals(&opened, &chain)?;
        *writer = Some(opened.clone());
        Ok(opened)
    }

    /// Lets go of the writer lock, after making everything visible.
    ///
    /// # Errors
    /// What the disk said.
    pub fn close_writer(&self) -> Outcome<()> {
        let open = lock(&self.writer).take();
        if let Some(open) = open {
            open.flush()?;
        }
        Ok(())
    }

    /// The clone's default actor (`git config gatos.actor`).
    pub(crate) fn configured_actor(&self) -> Outcome<Option<Actor>> {
        match settings::value(&self.repository, "gatos.actor")? {
            Some(text) => Ok(Some(Actor::parse(&text)?)),
            None => Ok(None),
        }
    }

    /// The clone's default key (`git config gatos.key`).
    pub(crate) fn configured_key(&self) -> Outcome<Option<KeyId>> {
        match settings::value(&self.repository, "gatos.key")? {
            Some(text) => Ok(Some(KeyId::parse(&text)?)),
            None => Ok(None),
        }
    }
}

/// Admission by governance: the key is live for the actor at the version named, and the signature is its.
///
/// Copies share one chain, so that a writer at work judges by the newest version as soon as it is there.
#[derive(Clone)]
pub struct GovernedAdmission {
    chain: Arc<Mutex<Option<Arc<Chain>>>>,
    contexts: Arc<Mutex<HashMap<PublicKey, Arc<VerifyingContext>>>>,
}

impl GovernedAdmission {
    /// Judges by this chain.
    pub fn new(chain: Arc<Chain>) -> GovernedAdmission {
        let admission = GovernedAdmission::without_chain();
        admission.follow(chain);
        admission
    }

    /// Refuses everything until it follows a chain.
    fn without_chain() -> GovernedAdmission {
        GovernedAdmission {
            chain: Arc::new(Mutex::new(None)),
            contexts: Arc::new(Mutex::new(HashMap::new())),
        }
    }

    fn follow(&self, chain: Arc<Chain>) {
        *lock(&self.chain) = Some(chain);
    }

    /// Checking one signature prepares tables for its key; they are kept, since journals hold many.
    fn context(&self, public: &PublicKey) -> Arc<VerifyingContext> {
        lock(&self.contexts)
            .entry(*public)
            .or_insert_with(|| Arc::new(VerifyingContext::new(public)))
            .clone()
    }
}

impl Admission for GovernedAdmission {
    fn admit(&self, event: &SealedEvent) -> Result<u64, Refusal> {
        let chain = lock(&self.chain).clone().ok_or_else(|| {
            Refusal::new(
                ErrorCode::BadGovernance,
                "there is no governance to judge by",
            )
        })?;
        let admitted = gatos_policy::governance::admit(&chain, event.envelope())
            .map_err(|error| Refusal::new(error.code(), error.to_string()))?;
        if admitted.public != event.signature().public {
            return Err(Refusal::new(
                ErrorCode::BadSignature,
                "the signature was made by another key than the enrolled one",
            ));
        }
        event
            .verify_signature_with(&self.context(&admitted.public))
            .map_err(|error| Refusal::new(ErrorCode::BadSignature, error.to_string()))?;
        Ok(admitted.version)
    }
}
