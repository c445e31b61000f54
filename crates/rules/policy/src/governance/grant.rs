//! Grants: capabilities one actor gives another, on some resources, for some epochs, signed by the giver.
//!
//! A grant enters the chain by an operation. A root grant (`prev` is null) is a governor's; any other names the grant
//! it rests on: given on by its grantee, or made anew by its giver in its place. Whether it may enter is the chain's
//! judgement (`chain/grants.rs`); here it is well formed or refused.
//!
//! INVARIANT: `Grant::read` accepts exactly what `Grant::to_map` gives; the id is BLAKE3 of the canonical JSON
//! without `sig`, which is also what the giver signs.
//! Format: docs/formats/governance.md. Tests: tests/it/grants.rs.

use alloc::string::ToString;
use alloc::vec::Vec;

use gatos_values::event::CAPABILITY_SIZE_MAX;
use gatos_values::{
    Actor, Blake3Digest, Map, RepositoryId, Sha256Digest, SignatureNamespace, SshSignature, Text,
    Ulid, Value, json, sshsig,
};

use super::document::check_ulid;
use super::error::GovernanceError;
use super::fields::{Fields, bad, check_rising};
use super::pattern::ResourcePattern;

const FORMAT: u64 = 1;
const KIND: &str = "governance.grant";

/// A grant's id: BLAKE3 of its canonical JSON without the signature.
pub type GrantId = Blake3Digest;

/// A grant before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The repository.
    pub repo: RepositoryId,
    /// When it claims to be made.
    pub ulid: Ulid,
    /// Who gives.
    pub issuer: Actor,
    /// Who receives.
    pub subject: Actor,
    /// What: sorted, unique, at least one.
    pub caps: Vec<Text>,
    /// On which resources of the repository.
    pub resource: ResourcePattern,
    /// The first epoch it holds in.
    pub not_before_epoch: u64,
    /// The first epoch it no longer holds in; `None` for never.
    pub expires_epoch: Option<u64>,
    /// The grant it rests on; `None` for a governor's own.
    pub prev: Option<GrantId>,
    /// Grants of the same issuer that end with this one: sorted, unique.
    pub revokes: Vec<GrantId>,
    /// The policy in force from the version on that it enters with.
    pub policy_root: Sha256Digest,
    /// The fold of the namespace that `resource` begins with, from that version on.
    pub fold_root: Sha256Digest,
}

/// A grant with its giver's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedGrant {
    /// What is given.
    pub grant: Grant,
    /// SSHSIG, namespace `gatos-grant`, over the grant's canonical JSON.
    pub signature: SshSignature,
}

impl Grant {
    /// The bytes the giver signs.
    ///
    /// # Errors
    /// [`GovernanceError::Field`] when the grant breaks a rule of its format.
    pub fn encode(&self) -> Result<Vec<u8>, GovernanceError> {
        self.check("grant.")?;
        json::encode_canonical(&Value::Map(self.to_map()))
            .map_err(|error| bad("grant", &error.to_string()))
    }

    /// The grant's id.
    ///
    /// # Errors
    /// As [`Grant::encode`].
    pub fn id(&self) -> Result<GrantId, GovernanceError> {
        Ok(Blake3Digest::of(&self.encode()?))
    }

    /// Whether the grant holds in an epoch.
    #[must_use]
    pub fn holds_in(&self, epoch: u64) -> bool {
        epoch >= self.not_before_epoch && !self.is_expired_in(epoch)
    }

    /// Whether the grant has ended by an epoch.
    #[must_use]
    pub fn is_expired_in(&self, epoch: u64) -> bool {
        self.expires_epoch.is_some_and(|expires| epoch >= expires)
    }

    /// The first way in which this grant gives more than `wider` does; `None` if it gives no more.
    #[must_use]
    pub fn exceeds(&self, wider: &Grant) -> Option<&'static str> {
        let expires = |grant: &Grant| grant.expires_epoch.unwrap_or(u64::MAX);
        if self.caps.iter().any(|cap| !wider.caps.contains(cap)) {
            Some("caps")
        } else if !self.resource.is_within(&wider.resource) {
            Some("resource")
        } else if self.not_before_epoch < wider.not_before_epoch {
            Some("not_before_epoch")
        } else if expires(self) > expires(wider) {
            Some("expires_epoch")
        } else {
            None
        }
    }

    fn to_map(&self) -> Map {
        let optional = |epoch: Option<u64>| epoch.map_or(Value::Null, Value::from);
        let texts = self.caps.iter().cloned().map(Value::Text).collect();
        Map::new()
            .with("caps", Value::List(texts))
            .with("expires_epoch", optional(self.expires_epoch))
            .with("fold_root", self.fold_root.to_value())
            .with("issuer", self.issuer.to_value())
            .with("kind", KIND)
            .with("not_before_epoch", self.not_before_epoch)
            .with("policy_root", self.policy_root.to_value())
            .with("prev", self.prev.map_or(Value::Null, |id| id.to_value()))
            .with("repo", self.repo.to_value())
            .with("resource", self.resource.to_value())
            .with(
                "revokes",
                Value::List(self.revokes.iter().map(GrantId::to_value).collect()),
            )
            .with("subject", self.subject.to_value())
            .with("ulid", self.ulid.to_value())
            .with("v", FORMAT)
    }

    fn check(&self, place: &str) -> Result<(), GovernanceError> {
        let name = |field: &str| alloc::format!("{place}{field}");
        check_ulid(&name("ulid"), self.ulid)?;
        if self.caps.is_empty() {
            return Err(bad(&name("caps"), "is empty"));
        }
        check_rising(&name("caps"), self.caps.iter())?;
        check_rising(&name("revokes"), self.revokes.iter())?;
        let is_long =
            |cap: &Text| cap.as_str().is_empty() || cap.as_str().len() > CAPABILITY_SIZE_MAX;
        if let Some(index) = self.caps.iter().position(is_long) {
            let place = name(&alloc::format!("caps[{index}]"));
            return Err(bad(&place, "is empty or longer than 128 bytes"));
        }
        if self
            .expires_epoch
            .is_some_and(|end| end <= self.not_before_epoch)
        {
            let reason = "is not above `not_before_epoch`";
            return Err(bad(&name("expires_epoch"), reason));
        }
        if self.prev.is_some_and(|prev| self.revokes.contains(&prev)) {
            return Err(bad(
                &name("revokes"),
                "names `prev`, which this grant rests on",
            ));
        }
        Ok(())
    }
}

impl SignedGrant {
    /// Whether the signature is over the grant, by whichever key it names.
    ///
    /// # Errors
    /// [`GovernanceError::BadSignature`].
    pub fn verify(&self) -> Result<(), GovernanceError> {
        let bytes = self.grant.encode()?;
        let namespace = SignatureNamespace::Grant.as_str();
        let key = self.signature.public.key_id();
        sshsig::verify(namespace, &bytes, &self.signature)
            .map_err(|error| GovernanceError::BadSignature { key, error })
    }

    pub(super) fn to_map(&self) -> Map {
        self.grant.to_map().with("sig", self.signature.to_value())
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> Result<SignedGrant, GovernanceError> {
        if fields.unsigned("v")? != FORMAT {
            return Err(bad(&fields.name("v"), "is not 1"));
        }
        if fields.text("kind")? != KIND {
            return Err(bad(&fields.name("kind"), "is not `governance.grant`"));
        }
        let grant = Grant {
            repo: fields.parsed("repo")?,
            ulid: fields.parsed("ulid")?,
            issuer: fields.parsed("issuer")?,
            subject: fields.parsed("subject")?,
            caps: fields.texts("caps")?,
            resource: fields.parsed("resource")?,
            not_before_epoch: fields.unsigned("not_before_epoch")?,
            expires_epoch: fields.optional("expires_epoch", Fields::unsigned)?,
            prev: fields.optional("prev", Fields::parsed)?,
            revokes: fields.parsed_list("revokes")?,
            policy_root: fields.parsed("policy_root")?,
            fold_root: fields.parsed("fold_root")?,
        };
        grant.check(&fields.name(""))?;
        let signature = fields.signature("sig")?;
        Ok(SignedGrant { grant, signature })
    }
}
