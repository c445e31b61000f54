//! Whether an event's envelope fits the governance version it names.
//!
//! These are the checks that need governance and nothing else. That the signature verifies, that the event
//! follows the tip of its journal and that its ULID rises is for those who hold signature and journal.
//! Under the empty policy every enrolled key may write in every namespace.
//!
//! INVARIANT: total and pure; the same chain and envelope give the same answer everywhere.
//! Tests: tests/it/admission.rs.

use gatos_values::{
    Actor, Envelope, ErrorCode, EventType, GovernanceId, KeyId, Namespace, PublicKey, RepositoryId,
    ResourceUri, Sha256Digest, event,
};

use super::chain::Chain;

/// The key an envelope may be signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmittedKey {
    /// The key; the event's signature must be by it.
    pub public: PublicKey,
    /// The governance version the event is judged under.
    pub version: u64,
}

/// Why an envelope does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdmissionError {
    /// The event is of another repository.
    #[error("the event belongs to repository `{found}`, not `{expected}`")]
    OtherRepository {
        /// This repository.
        expected: RepositoryId,
        /// The event's.
        found: RepositoryId,
    },
    /// The event names a governance version the chain does not have.
    #[error("governance version `{0}` is not known here")]
    UnknownGovernance(GovernanceId),
    /// The actor is not enrolled at that version.
    #[error("actor `{actor}` is not enrolled at governance version {version}")]
    UnknownActor {
        /// Who.
        actor: Actor,
        /// When.
        version: u64,
    },
    /// The key is not enrolled at that version, or for another actor.
    #[error("key `{key}` is not a key of `{actor}` at governance version {version}")]
    UnknownKey {
        /// Which.
        key: KeyId,
        /// Whose it is said to be.
        actor: Actor,
        /// When.
        version: u64,
    },
    /// Creating namespaces is governed, and governance does not name this one.
    #[error("governance version {version} does not have namespace `{ns}`")]
    NamespaceNotCreated {
        /// Which.
        ns: Namespace,
        /// When.
        version: u64,
    },
    /// The policy root is not that of the version.
    #[error("`policy_root` is `{found}`; governance version {version} has `{expected}`")]
    WrongPolicyRoot {
        /// When.
        version: u64,
        /// What it should be.
        expected: Sha256Digest,
        /// What the event says.
        found: Sha256Digest,
    },
    /// The fold root is not that of the namespace at the version.
    #[error(
        "`fold_root` is `{found}`; governance version {version} has `{expected}` for this namespace"
    )]
    WrongFoldRoot {
        /// When.
        version: u64,
        /// What it should be.
        expected: Sha256Digest,
        /// What the event says.
        found: Sha256Digest,
    },
    /// The resource lies in another repository or namespace.
    #[error("resource `{0}` is not in the event's repository and namespace")]
    ResourceOutside(ResourceUri),
    /// The type is for the system alone.
    #[error("event type `{0}` is reserved")]
    ReservedType(EventType),
}

impl AdmissionError {
    /// The code of the published table.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            AdmissionError::OtherRepository { .. } => ErrorCode::RepoMismatch,
            AdmissionError::UnknownGovernance(_) => ErrorCode::GovBehind,
            AdmissionError::UnknownActor { .. } => ErrorCode::UnknownActor,
            AdmissionError::UnknownKey { .. } => ErrorCode::UnknownKey,
            AdmissionError::NamespaceNotCreated { .. } => ErrorCode::UnknownNamespace,
            AdmissionError::WrongPolicyRoot { .. }
            | AdmissionError::WrongFoldRoot { .. }
            | AdmissionError::ResourceOutside(_) => ErrorCode::BadEvent,
            AdmissionError::ReservedType(_) => ErrorCode::ReservedType,
        }
    }
}

/// Judges an envelope under the governance version it names.
///
/// # Errors
/// The first [`AdmissionError`] in the order of that enum, but for the reserved type, which comes first
/// after the repository.
pub fn admit(chain: &Chain, envelope: &Envelope) -> Result<AdmittedKey, AdmissionError> {
    let (expected, found) = (chain.repository_id(), envelope.repo);
    if found != expected {
        return Err(AdmissionError::OtherRepository { expected, found });
    }
    if event::is_reserved_type(&envelope.event_type) {
        return Err(AdmissionError::ReservedType(envelope.event_type.clone()));
    }
    let Some(version) = chain.version_of(&envelope.gov) else {
        return Err(AdmissionError::UnknownGovernance(envelope.gov));
    };
    let public = enrolled_key(chain, envelope, version)?;
    if !chain.admits_namespace_at(&envelope.ns, version) {
        let ns = envelope.ns.clone();
        return Err(AdmissionError::NamespaceNotCreated { ns, version });
    }
    let (expected, found) = (chain.policy_root_at(version), envelope.policy_root);
    if found != expected {
        return Err(AdmissionError::WrongPolicyRoot {
            version,
            expected,
            found,
        });
    }
    let (expected, found) = (
        chain.fold_root_at(&envelope.ns, version),
        envelope.fold_root,
    );
    if found != expected {
        return Err(AdmissionError::WrongFoldRoot {
            version,
            expected,
            found,
        });
    }
    let resource = &envelope.resource;
    let here = resource.repo() == chain.repository_name().as_str();
    if !here || !resource.in_namespace(&envelope.ns) {
        return Err(AdmissionError::ResourceOutside(resource.clone()));
    }
    Ok(AdmittedKey { public, version })
}

fn enrolled_key(
    chain: &Chain,
    envelope: &Envelope,
    version: u64,
) -> Result<PublicKey, AdmissionError> {
    let (actor, key) = (envelope.actor.clone(), envelope.key);
    if !chain.has_actor_at(&actor, version) {
        return Err(AdmissionError::UnknownActor { actor, version });
    }
    match chain.key_at(&key, version) {
        Some(record) if record.actor == actor => Ok(record.public),
        _ => Err(AdmissionError::UnknownKey {
            key,
            actor,
            version,
        }),
    }
}
