//! The highest governance version this user has ever seen of a repository, kept outside every repository.
//!
//! Whoever can move refs could put an older chain in place of a newer one and so bring back a revoked key. This small
//! file in the user's own folder remembers better: `<folder>/trust/<genesis id>.json`, one line of canonical JSON
//! `{gov, repo, v, version}`. It is a memory, not a truth: without it the next chain is trusted on first use.
//!
//! INVARIANT: the version in the file only rises.
//! Tests: ../tests/it/trust.rs.

use std::fs;
use std::path::PathBuf;

use gatos_policy::governance::Chain;
use gatos_values::{ErrorCode, GovernanceId, Map, RepositoryId, Value, json};

use crate::fault::{Fault, Outcome};
use crate::governance::GOVERNANCE_REF;
use crate::keys::KeyStore;

const SIZE_MAX: usize = 4096;

struct Seen {
    version: u64,
    gov: GovernanceId,
}

fn path(keys: &KeyStore, repository: RepositoryId) -> PathBuf {
    let folder = keys.directory().with_file_name("trust");
    folder.join(format!("{}.json", repository.to_hex()))
}

fn read(keys: &KeyStore, repository: RepositoryId) -> Option<Seen> {
    let bytes = fs::read(path(keys, repository)).ok()?;
    let value = json::decode_canonical(bytes.trim_ascii_end(), SIZE_MAX).ok()?;
    Some(Seen {
        version: u64::try_from(value.get("version")?.as_integer()?).ok()?,
        gov: value.get("gov")?.as_str()?.parse().ok()?,
    })
}

/// Remembers a chain that was verified, if it is longer than what is remembered. A folder that cannot be written is
/// no reason to refuse work: then only the repository itself remembers.
pub(crate) fn note(keys: &KeyStore, chain: &Chain) {
    let repository = chain.repository_id();
    if read(keys, repository).is_some_and(|seen| seen.version >= chain.version()) {
        return;
    }
    let map = Map::new()
        .with("gov", chain.head().to_value())
        .with("repo", repository.to_value())
        .with("v", 1u64)
        .with("version", chain.version());
    let Ok(mut bytes) = json::encode_canonical(&Value::Map(map)) else {
        return;
    };
    bytes.push(b'\n');
    let path = path(keys, repository);
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let written = path
        .parent()
        .is_some_and(|folder| fs::create_dir_all(folder).is_ok())
        && fs::write(&fresh, bytes).is_ok();
    if written && fs::rename(&fresh, &path).is_err() {
        let _ = fs::remove_file(&fresh);
    }
}

/// Whether a chain reaches at least as far as what is remembered, and along it.
///
/// # Errors
/// `GOV_BEHIND` when it ends earlier, `GOV_FORK` when it goes another way.
pub(crate) fn check(keys: &KeyStore, chain: &Chain) -> Outcome<()> {
    let Some(seen) = read(keys, chain.repository_id()) else {
        return Ok(());
    };
    match chain.id_of(seen.version) {
        Some(id) if id == seen.gov => Ok(()),
        None => Err(Fault::new(
            ErrorCode::GovBehind,
            GOVERNANCE_REF,
            format!(
                "governance ends at version {}, but version {} (`{}`) has been seen on this machine",
                chain.version(),
                seen.version,
                seen.gov
            ),
        )
        .with_hint("run `gatos sync` with a remote that has it; a remote that keeps offering the older one hides something")),
        Some(id) => Err(Fault::new(
            ErrorCode::GovFork,
            GOVERNANCE_REF,
            format!(
                "governance version {} is `{id}` here, but `{}` has been seen on this machine",
                seen.version, seen.gov
            ),
        )),
    }
}
