//! Policy bundles: a compiled policy with its sources and the proof that some governance put it in force, in one file.
//!
//! Two repositories share rules by a bundle: the one makes it, the other names its digest, reads it, and activates the
//! policy by its own governance as any other. The *trust root* is the genesis of the first; from it the chain in the
//! bundle follows by signatures alone. Finding policies and activating them is the node's work.
//!
//! INVARIANT 1: `decode` accepts exactly the bytes that `encode` gives.
//! INVARIANT 2: what decodes holds a policy that the chain's newest version put in force, and sources that compile to
//! it.
//! Format: docs/formats/bundle.md. Vectors: vectors/bundle. Tests: tests/it/bundle.rs.

use alloc::vec::Vec;

use gatos_values::cbor::{self, CborError};
use gatos_values::roots::EMPTY_POLICY_ROOT;
use gatos_values::{ErrorCode, Map, RepositoryId, Sha256Digest, SshSignature, Text, Value};

use crate::governance::{Chain, DOCUMENT_SIZE_MAX, GovernanceError, SignedDocument};
use crate::language::{Policy, RgcError, compile};

/// The largest bundle, in bytes.
pub const BUNDLE_SIZE_MAX: usize = 16 * 1024 * 1024;
/// Sources of one bundle.
const SOURCE_COUNT_MAX: usize = 64;
/// The longest name of a source, in bytes.
const SOURCE_NAME_SIZE_MAX: usize = 128;
/// Documents of its chain.
const DOCUMENT_COUNT_MAX: usize = 100_000;
/// Signatures of one document.
const SIGNATURE_COUNT_MAX: usize = 1024;

const KIND: &str = "policy.bundle";
const FORMAT: u64 = 1;

/// A policy on its way to another repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The compiled policy.
    pub rgc: Vec<u8>,
    /// Sources that compile to it, by rising file name.
    pub sources: Vec<(Text, Vec<u8>)>,
    /// The chain from the genesis to the version that put the policy in force.
    pub governance: Vec<SignedDocument>,
}

/// What a bundle says once it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleReport {
    /// The trust root: the genesis of the repository it comes from.
    pub trust_root: RepositoryId,
    /// The name of that repository.
    pub name: Text,
    /// The version that put the policy in force.
    pub version: u64,
    /// The policy's root.
    pub policy_root: Sha256Digest,
}

impl Bundle {
    /// The bytes.
    ///
    /// # Errors
    /// As [`Bundle::check`].
    pub fn encode(&self) -> Result<Vec<u8>, BundleError> {
        let report = self.check()?;
        let bytes = cbor::encode(&self.to_value(&report))
            .map_err(|_| BundleError::Form("a part is too large or too deep"))?;
        if bytes.len() > BUNDLE_SIZE_MAX {
            return Err(BundleError::Form("it is larger than 16 MiB"));
        }
        Ok(bytes)
    }

    /// Reads a bundle and checks all of it.
    ///
    /// # Errors
    /// [`BundleError`] for anything [`Bundle::encode`] would not give.
    pub fn decode(bytes: &[u8]) -> Result<(Bundle, BundleReport), BundleError> {
        let value = cbor::decode(bytes, BUNDLE_SIZE_MAX)?;
        let map = value.as_map().ok_or(BundleError::Form("it is no map"))?;
        let names = ["governance", "kind", "rgc", "sources", "trust_root", "v"];
        if map.len() != names.len() || !names.iter().all(|name| map.contains_key(name)) {
            return Err(BundleError::Form(
                "it has other fields than governance, kind, rgc, sources, trust_root, v",
            ));
        }
        if map.get("kind").and_then(Value::as_str) != Some(KIND) {
            return Err(BundleError::Form("`kind` is not `policy.bundle`"));
        }
        if map.get("v").and_then(Value::as_integer) != Some(i128::from(FORMAT)) {
            return Err(BundleError::Form(
                "`v` is not 1: a newer program may know it",
            ));
        }
        let rgc = map.get("rgc").and_then(Value::as_bytes);
        let bundle = Bundle {
            rgc: rgc
                .ok_or(BundleError::Form("`rgc` holds no bytes"))?
                .to_vec(),
            sources: list(
                map,
                "sources",
                SOURCE_COUNT_MAX,
                "`sources` is no list of at most 64",
            )?
            .iter()
            .map(read_source)
            .collect::<Result<_, _>>()?,
            governance: list(
                map,
                "governance",
                DOCUMENT_COUNT_MAX,
                "`governance` is no list of at most 100,000",
            )?
            .iter()
            .map(read_document)
            .collect::<Result<_, _>>()?,
        };
        let report = bundle.check()?;
        if map.get("trust_root") != Some(&report.trust_root.to_value()) {
            return Err(BundleError::Form(
                "`trust_root` is not the genesis of its chain",
            ));
        }
        Ok((bundle, report))
    }

    /// Whether policy, sources and chain belong together.
    ///
    /// # Errors
    /// [`BundleError`] with what does not.
    pub fn check(&self) -> Result<BundleReport, BundleError> {
        let policy = Policy::decode(&self.rgc)?;
        let policy_root = policy.root();
        if policy_root == EMPTY_POLICY_ROOT {
            return Err(BundleError::Form(
                "it holds the empty policy, which nobody activates",
            ));
        }
        if !self.sources.is_sorted_by(|left, right| left.0 < right.0) {
            return Err(BundleError::Form("its sources are not rising by name"));
        }
        for (name, bytes) in &self.sources {
            check_source(name, bytes, policy_root)?;
        }
        let (genesis, changes) = self
            .governance
            .split_first()
            .ok_or(BundleError::Form("its chain is empty"))?;
        let mut chain = Chain::from_genesis(genesis)?;
        for change in changes {
            chain.apply(change)?;
        }
        let version = chain.version();
        if chain.policy_root_at(version) != policy_root || chain.policy_since(version) != version {
            return Err(BundleError::Form(
                "its chain does not end with the version that put the policy in force",
            ));
        }
        Ok(BundleReport {
            trust_root: chain.repository_id(),
            name: Text::new(chain.repository_name().as_str())
                .map_err(|_| BundleError::Form("the repository's name is no text"))?,
            version,
            policy_root,
        })
    }

    fn to_value(&self, report: &BundleReport) -> Value {
        let source = |(name, bytes): &(Text, Vec<u8>)| {
            Value::Map(
                Map::new()
                    .with("bytes", Value::Bytes(bytes.clone()))
                    .with("name", Value::Text(name.clone())),
            )
        };
        let document = |document: &SignedDocument| {
            let signatures = document.signatures.iter();
            let signatures = signatures.map(|one| Value::Bytes(one.to_blob()));
            Value::Map(
                Map::new()
                    .with("document", Value::Bytes(document.bytes.clone()))
                    .with("sigs", Value::List(signatures.collect())),
            )
        };
        Value::Map(
            Map::new()
                .with(
                    "governance",
                    Value::List(self.governance.iter().map(document).collect()),
                )
                .with("kind", KIND)
                .with("rgc", Value::Bytes(self.rgc.clone()))
                .with(
                    "sources",
                    Value::List(self.sources.iter().map(source).collect()),
                )
                .with("trust_root", report.trust_root.to_value())
                .with("v", FORMAT),
        )
    }
}

/// A source is a plain file name and compiles to the policy, or people would read other rules than are in force.
fn check_source(name: &Text, bytes: &[u8], root: Sha256Digest) -> Result<(), BundleError> {
    let name = name.as_str();
    let is_plain = (1..=SOURCE_NAME_SIZE_MAX).contains(&name.len())
        && !name.starts_with('.')
        && !name
            .chars()
            .any(|char| matches!(char, '/' | '\\' | ':') || char.is_control());
    if !is_plain {
        return Err(BundleError::Form(
            "the name of a source is no plain file name",
        ));
    }
    let text =
        core::str::from_utf8(bytes).map_err(|_| BundleError::Form("a source is not UTF-8"))?;
    let compiled = compile(text).map_err(|_| BundleError::Form("a source does not compile"))?;
    if compiled.root != root {
        return Err(BundleError::Form("a source compiles to another policy"));
    }
    Ok(())
}

fn list<'v>(
    map: &'v Map,
    name: &str,
    count_max: usize,
    reason: &'static str,
) -> Result<&'v [Value], BundleError> {
    let list = map.get(name).and_then(Value::as_list);
    list.filter(|list| list.len() <= count_max)
        .ok_or(BundleError::Form(reason))
}

fn read_source(value: &Value) -> Result<(Text, Vec<u8>), BundleError> {
    let wrong = BundleError::Form("a source is not {bytes, name}");
    match value.as_map() {
        Some(map) if map.len() == 2 => match (map.get("name"), map.get("bytes")) {
            (Some(Value::Text(name)), Some(bytes)) => {
                Ok((name.clone(), bytes.as_bytes().ok_or(wrong)?.to_vec()))
            }
            _ => Err(wrong),
        },
        _ => Err(wrong),
    }
}

fn read_document(value: &Value) -> Result<SignedDocument, BundleError> {
    let wrong = BundleError::Form("a version is not {document, sigs}");
    let Some(map) = value.as_map().filter(|map| map.len() == 2) else {
        return Err(wrong);
    };
    let bytes = map.get("document").and_then(Value::as_bytes).ok_or(wrong)?;
    if bytes.len() > DOCUMENT_SIZE_MAX {
        return Err(BundleError::Form("a version is larger than 1 MiB"));
    }
    let reason = "`sigs` is no list of at most 1,024";
    let mut signatures = Vec::new();
    for one in list(map, "sigs", SIGNATURE_COUNT_MAX, reason)? {
        let blob = one.as_bytes().unwrap_or_default();
        let signature = SshSignature::from_blob(blob)
            .map_err(|_| BundleError::Form("a signature of its chain is none"))?;
        signatures.push(signature);
    }
    Ok(SignedDocument {
        bytes: bytes.to_vec(),
        signatures,
    })
}

/// Why bytes are no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// They are not canonical CBOR.
    #[error("the bundle is not canonical CBOR: {0}")]
    Cbor(#[from] CborError),
    /// Fields, or parts that do not belong together.
    #[error("the bundle is none: {0}")]
    Form(&'static str),
    /// The policy in it.
    #[error("the policy of the bundle: {0}")]
    Policy(#[from] RgcError),
    /// The chain in it.
    #[error("the chain of the bundle: {0}")]
    Governance(#[from] GovernanceError),
}

impl BundleError {
    /// The error code for replies.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            BundleError::Cbor(cause) => cause.code(),
            BundleError::Form(_) => ErrorCode::BadPolicy,
            BundleError::Policy(cause) => cause.code(),
            BundleError::Governance(cause) => cause.code(),
        }
    }
}
