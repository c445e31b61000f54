//! Policies in the repository: activating, keeping and finding them, and taking one over from elsewhere by its digest.
//!
//! Governance names the policy in force by its root; `refs/gatos/policies/active` keeps the bytes and sources of every
//! policy that was ever activated here, a commit each. It is a cache of what governance says: bytes count by their root.
//!
//! INVARIANT: no policy is activated whose bytes do not decode or do not have the root that governance will name.
//! Tests: ../tests/it/governed.rs.

use std::collections::BTreeSet;
use std::sync::Arc;

use gatos_policy::governance::{Chain, ChangeOperation};
use gatos_policy::language::Policy;
use gatos_values::roots::EMPTY_POLICY_ROOT;
use gatos_values::{ErrorCode, GovernanceId, Sha256Digest, Value};

use crate::append::lock;
use crate::fault::{Fault, Outcome};
use crate::governance;
use crate::installed::{Installed, SOURCE_FOLDER};
use crate::kept::KeptCommit;
use crate::node::Node;
use crate::reply;

/// The ref of the policies.
pub const POLICIES_REF: &str = "refs/gatos/policies/active";

/// A policy that is or was in force.
#[derive(Clone, Debug)]
pub struct PolicyRecord {
    /// Its root.
    pub policy_root: Sha256Digest,
    /// The version that put it in force.
    pub since_version: u64,
    /// The id of that version.
    pub gov: GovernanceId,
    /// Whether it is in force now.
    pub is_active: bool,
    /// Whether its bytes are here.
    pub is_kept: bool,
}

impl PolicyRecord {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        reply::object(vec![
            ("policy_root", self.policy_root.to_value()),
            ("version", reply::count(self.since_version)),
            ("gov", reply::text(&self.gov.to_string())),
            ("active", Value::Bool(self.is_active)),
            ("kept", Value::Bool(self.is_kept)),
        ])
    }
}

/// A policy's bytes and sources.
#[derive(Clone, Debug)]
pub struct KeptPolicy {
    /// The compiled policy.
    pub rgc: Vec<u8>,
    /// Name and bytes of its sources.
    pub sources: Vec<(String, Vec<u8>)>,
}

impl Node {
    /// Keeps a compiled policy and gives the operation that activates it.
    ///
    /// # Errors
    /// What decoding says of bytes that are no policy, `BAD_GOVERNANCE` for the empty policy or the one in force.
    pub fn prepare_policy(
        &self,
        rgc: &[u8],
        sources: &[(String, Vec<u8>)],
    ) -> Outcome<ChangeOperation> {
        Policy::decode(rgc)?;
        let policy_root = Sha256Digest::of(rgc);
        let operation = ChangeOperation::PolicyActivate { policy_root };
        let chain = self.newest_governance()?;
        // The chain's own judgement first: what cannot be activated is not kept.
        self.change_bytes(&chain, vec![operation.clone()])?;
        if self.find_policy(policy_root)?.is_none() {
            let beside: Vec<(&str, &[u8])> = sources
                .iter()
                .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
                .collect();
            self.keep_installed(&Installed::policy(), rgc, policy_root, &beside)?;
        }
        Ok(operation)
    }

    /// Keeps a compiled policy and puts it in force with the governing keys at hand.
    ///
    /// # Errors
    /// As [`Node::prepare_policy`], and what governance says when these keys do not suffice.
    pub fn policy_activate(
        &self,
        rgc: &[u8],
        sources: &[(String, Vec<u8>)],
    ) -> Outcome<GovernanceId> {
        let operation = self.prepare_policy(rgc, sources)?;
        self.govern(vec![operation])
    }

    /// A commit with both parents, so that the policies of both sides are found from here.
    pub(crate) fn join_policies(
        &self,
        files: &[(String, Vec<u8>)],
        parents: [gatos_ledger::ObjectId; 2],
    ) -> Outcome<()> {
        KeptCommit {
            reference: POLICIES_REF,
            parents: &parents,
            files,
            role: "policies",
            subject: "policy.join",
            trailers: "",
            date: self.governance()?.ulid(),
        }
        .write(self)?;
        Ok(())
    }

    /// The policy with this root, if its bytes are here. The empty policy always is.
    ///
    /// # Errors
    /// I/O errors.
    pub fn find_policy(&self, policy_root: Sha256Digest) -> Outcome<Option<KeptPolicy>> {
        if policy_root == EMPTY_POLICY_ROOT {
            return Ok(Some(KeptPolicy {
                rgc: gatos_values::roots::EMPTY_POLICY_BYTES.to_vec(),
                sources: Vec::new(),
            }));
        }
        let Some((commit, rgc)) = self.install_of(&Installed::policy(), policy_root)? else {
            return Ok(None);
        };
        let mut sources = Vec::new();
        for (path, bytes) in self.files_of_commit(commit)? {
            if let Some(name) = path.strip_prefix(SOURCE_FOLDER) {
                sources.push((name.to_owned(), bytes));
            }
        }
        Ok(Some(KeptPolicy { rgc, sources }))
    }

    /// The policy in force.
    ///
    /// # Errors
    /// `BAD_POLICY` when its bytes are not here.
    pub fn active_policy(&self) -> Outcome<KeptPolicy> {
        let chain = self.governance()?;
        self.named_policy(chain.policy_root_at(chain.version()))
    }

    /// The policy that governance names by this root.
    fn named_policy(&self, policy_root: Sha256Digest) -> Outcome<KeptPolicy> {
        self.find_policy(policy_root)?.ok_or_else(|| {
            Fault::new(
                ErrorCode::BadPolicy,
                POLICIES_REF,
                format!("the bytes of policy `{policy_root}` are not here"),
            )
            .with_hint("`gatos sync` with a clone that has them")
        })
    }

    /// The policy in force at a version, decoded once; none where it is the empty one, which admits every enrolled key.
    ///
    /// # Errors
    /// `BAD_POLICY` when its bytes are not here.
    pub fn policy_at(&self, chain: &Chain, version: u64) -> Outcome<Option<Arc<Policy>>> {
        let policy_root = chain.policy_root_at(version);
        if policy_root == EMPTY_POLICY_ROOT {
            return Ok(None);
        }
        self.kept_policy(policy_root).map(Some)
    }

    /// The policy with this root, decoded once; also the empty one.
    ///
    /// # Errors
    /// `BAD_POLICY` when its bytes are not here.
    pub fn kept_policy(&self, policy_root: Sha256Digest) -> Outcome<Arc<Policy>> {
        if let Some(policy) = lock(&self.policies).get(&policy_root) {
            return Ok(policy.clone());
        }
        let policy = Arc::new(Policy::decode(&self.named_policy(policy_root)?.rgc)?);
        lock(&self.policies).insert(policy_root, policy.clone());
        Ok(policy)
    }

    /// Every policy that was ever in force, oldest first.
    pub fn policies(&self) -> Outcome<Vec<PolicyRecord>> {
        let chain = self.governance()?;
        let active = chain.policy_since(chain.version());
        // One walk for all of them.
        let mut kept = BTreeSet::from([EMPTY_POLICY_ROOT]);
        for install in self.installs(&Installed::policy())? {
            kept.insert(Sha256Digest::of(&install?.1));
        }
        let mut records = Vec::new();
        for (since_version, policy_root) in chain.policies() {
            records.push(PolicyRecord {
                policy_root,
                since_version,
                gov: chain.id_of(since_version).unwrap_or(chain.head()),
                is_active: since_version == active,
                is_kept: kept.contains(&policy_root),
            });
        }
        Ok(records)
    }

    /// Takes a policy with this root out of another repository on this machine, trusting nothing but the digest; its
    /// governance must have had it in force, and `root` pins its genesis.
    ///
    /// # Errors
    /// `REPO_MISMATCH` for another genesis, `BAD_POLICY` when that governance never had the policy or lacks its bytes.
    pub fn policy_from(
        &self,
        directory: &std::path::Path,
        policy_root: Sha256Digest,
        root: Option<&GovernanceId>,
    ) -> Outcome<KeptPolicy> {
        let other = Node::open(directory, self.options().clone())?;
        let chain = governance::load(other.repository(), governance::head(other.repository())?)?;
        let resource = directory.display().to_string();
        if root.is_some_and(|root| *root != chain.repository_id()) {
            return Err(Fault::new(
                ErrorCode::RepoMismatch,
                resource,
                format!("its genesis is `{}`", chain.repository_id()),
            ));
        }
        if !chain.policies().any(|(_, known)| known == policy_root) {
            return Err(Fault::new(
                ErrorCode::BadPolicy,
                resource,
                format!("its governance never had policy `{policy_root}` in force"),
            ));
        }
        other.find_policy(policy_root)?.ok_or_else(|| {
            Fault::new(
                ErrorCode::BadPolicy,
                resource,
                format!("it does not keep the bytes of policy `{policy_root}`"),
            )
        })
    }
}
