//! Policies from one repository to another: bundles made here, and bundles taken over by their digest.
//!
//! What a bundle holds and proves is `gatos_policy::bundle`. This file finds the parts in the repository and holds a
//! bundle to the digest that was asked for. Bringing the policy into force is governance's, as for any policy.
//!
//! INVARIANT: a bundle is made from governance and kept policies alone: the same ones give the same bytes.
//! Tests: ../tests/it/bundles.rs.

use std::io::Read;
use std::path::Path;

use gatos_policy::bundle::{BUNDLE_SIZE_MAX, Bundle, BundleReport};
use gatos_policy::language::compile;
use gatos_values::{ErrorCode, GovernanceId, Sha256Digest, Text, Value};

use crate::fault::{Fault, Outcome};
use crate::governance;
use crate::node::Node;
use crate::policies::KeptPolicy;
use crate::reply;

/// A bundle with its bytes.
#[derive(Clone, Debug)]
pub struct MadeBundle {
    /// SHA-256 of the bytes.
    pub digest: Sha256Digest,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What it says.
    pub report: BundleReport,
}

/// A policy out of a bundle, and where it is from.
#[derive(Clone, Debug)]
pub struct TakenPolicy {
    /// Compiled policy and sources.
    pub kept: KeptPolicy,
    /// What the bundle says.
    pub report: BundleReport,
}

impl MadeBundle {
    /// The fields of the `--json` document.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, Value)> {
        let mut fields = report_fields(&self.report);
        fields.push(("digest", self.digest.to_value()));
        fields.push(("size", reply::count(self.bytes.len() as u64)));
        fields
    }
}

/// What a bundle says, as fields of a `--json` document.
#[must_use]
pub fn report_fields(report: &BundleReport) -> Vec<(&'static str, Value)> {
    vec![
        ("policy_root", report.policy_root.to_value()),
        ("trust_root", report.trust_root.to_value()),
        ("name", Value::Text(report.name.clone())),
        ("version", reply::count(report.version)),
    ]
}

impl Node {
    /// The bundle of a policy that is or was in force here; without a root, of the one in force.
    ///
    /// # Errors
    /// `BAD_POLICY` for the empty policy, one that never was in force, or one whose bytes are not here.
    pub fn policy_bundle(&self, policy_root: Option<Sha256Digest>) -> Outcome<MadeBundle> {
        let chain = self.governance()?;
        let root = policy_root.unwrap_or(chain.policy_root_at(chain.version()));
        let not_here = |reason: &str| {
            Fault::new(ErrorCode::BadPolicy, root.to_string(), reason)
                .with_hint("`gatos policy list` shows the policies that are or were in force")
        };
        let mut activations = chain.policies().filter(|(_, known)| *known == root);
        let (since, _) = activations
            .next()
            .ok_or_else(|| not_here("it never was in force here"))?;
        let kept = self
            .find_policy(root)?
            .ok_or_else(|| not_here("its bytes are not here"))?;
        let head = governance::head(self.repository())?;
        let documents = governance::read_documents(self.repository(), head)?;
        let governance = documents
            .into_iter()
            .zip(0..=since)
            .map(|((_, document), _)| document)
            .collect();
        let mut sources: Vec<(Text, Vec<u8>)> = Vec::new();
        for (name, bytes) in kept.sources {
            // What was kept beside the policy and does not compile to it would mislead its readers.
            let text = std::str::from_utf8(&bytes).unwrap_or_default();
            if compile(text).is_ok_and(|compiled| compiled.root == root) {
                sources.push((Text::new(&name)?, bytes));
            }
        }
        sources.sort();
        let bundle = Bundle {
            rgc: kept.rgc,
            sources,
            governance,
        };
        let bytes = bundle.encode()?;
        Ok(MadeBundle {
            digest: Sha256Digest::of(&bytes),
            report: bundle.check()?,
            bytes,
        })
    }

    /// The policy of a bundle with this digest: a file, or made from the repository in a folder. `root` pins the genesis
    /// it comes from.
    ///
    /// # Errors
    /// `BAD_POLICY` for another digest and for what is no bundle, `REPO_MISMATCH` for another genesis, and what the
    /// chain in it breaks.
    pub fn policy_of_bundle(
        &self,
        source: &Path,
        digest: Sha256Digest,
        root: Option<&GovernanceId>,
    ) -> Outcome<TakenPolicy> {
        let resource = source.display().to_string();
        let bytes = match source.is_dir() {
            true => self.bundle_of_repository(source, digest)?,
            false => read_file(source)?,
        };
        let found = Sha256Digest::of(&bytes);
        if found != digest {
            return Err(Fault::new(
                ErrorCode::BadPolicy,
                resource,
                format!("the bundle's digest is `{found}`, not the one asked for"),
            )
            .with_hint(
                "ask whoever made the bundle for its digest, by another way than the bundle's",
            ));
        }
        let (bundle, report) = Bundle::decode(&bytes)?;
        if root.is_some_and(|root| *root != report.trust_root) {
            return Err(Fault::new(
                ErrorCode::RepoMismatch,
                resource,
                format!("the bundle's trust root is `{}`", report.trust_root),
            ));
        }
        let sources = bundle.sources.into_iter();
        Ok(TakenPolicy {
            kept: KeptPolicy {
                rgc: bundle.rgc,
                sources: sources
                    .map(|(name, bytes)| (name.as_str().to_owned(), bytes))
                    .collect(),
            },
            report,
        })
    }

    /// The bundle with this digest that another repository on this machine can make.
    fn bundle_of_repository(&self, folder: &Path, digest: Sha256Digest) -> Outcome<Vec<u8>> {
        let other = Node::open(folder, self.options().clone())?;
        let mut roots: Vec<Sha256Digest> = other
            .governance()?
            .policies()
            .map(|(_, root)| root)
            .collect();
        roots.reverse();
        for root in roots {
            if let Ok(made) = other.policy_bundle(Some(root))
                && made.digest == digest
            {
                return Ok(made.bytes);
            }
        }
        Err(Fault::new(
            ErrorCode::BadPolicy,
            folder.display().to_string(),
            "no policy of that repository has a bundle with this digest",
        )
        .with_hint("`gatos policy bundle` prints the digest"))
    }
}

fn read_file(path: &Path) -> Outcome<Vec<u8>> {
    let resource = path.display().to_string();
    let failed = |error: std::io::Error| {
        let reason = format!("it cannot be read: {error}");
        Fault::new(ErrorCode::Io, resource.clone(), reason)
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    let limited = &mut file.take(BUNDLE_SIZE_MAX as u64 + 1);
    limited.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > BUNDLE_SIZE_MAX {
        let reason = "a bundle has at most 16 MiB";
        return Err(Fault::new(ErrorCode::TooLarge, resource, reason));
    }
    Ok(bytes)
}
