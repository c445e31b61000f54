//! How grants enter, take another's place, and end.
//!
//! INVARIANT: a live grant that is not a root is within the grant it hangs on, and that grant is live.
//! Tests: ../../../tests/it/grants.rs.

use alloc::vec::Vec;

use gatos_values::roots::EMPTY_FOLD_ROOT;
use gatos_values::{KeyId, Namespace, Sha256Digest};

use super::super::cut::CutScope;
use super::super::document::Change;
use super::super::error::GovernanceError;
use super::super::grant::{Grant, GrantId, SignedGrant};
use super::super::history::History;
use super::super::operation::ChangeOperation;
use super::super::pattern::ResourcePattern;
use super::Chain;
use super::carry::Scopes;
use super::tables::is_live;

/// A grant that entered the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRecord {
    /// The grant and its giver's signature.
    pub signed: SignedGrant,
    /// The version it entered with.
    pub since_version: u64,
    /// The version that ended it: revoked, replaced, or with what it hung on.
    pub until_version: Option<u64>,
    /// The grant it hangs on, which a reissue may change; none for a root.
    pub(super) hangs_on: History<Option<GrantId>>,
}

impl GrantRecord {
    /// Whether the grant is in force at a version, epochs aside.
    #[must_use]
    pub fn is_live_at(&self, version: u64) -> bool {
        is_live(self.since_version, self.until_version, version)
    }

    /// The grant it hangs on at a version; `None` for a root.
    #[must_use]
    pub fn hangs_on_at(&self, version: u64) -> Option<GrantId> {
        self.hangs_on.at(version).copied().flatten()
    }
}

impl Chain {
    pub(super) fn live_grant(
        &self,
        id: &GrantId,
        version: u64,
    ) -> Result<&GrantRecord, GovernanceError> {
        let record = self.tables.grants.get(id);
        record
            .filter(|record| record.is_live_at(version))
            .ok_or(GovernanceError::GrantUnknown(*id))
    }

    pub(super) fn issue_grant(
        &mut self,
        version: u64,
        signed: &SignedGrant,
        scopes: &mut Scopes,
    ) -> Result<(), GovernanceError> {
        let grant = &signed.grant;
        let id = grant.id()?;
        self.check_parties(version, signed)?;
        if self.tables.grants.contains_key(&id) {
            return Err(GovernanceError::GrantIssued(id));
        }
        let replaced = self.check_rests(version, grant)?;
        for revoked in &grant.revokes {
            if self.live_grant(revoked, version)?.signed.grant.issuer != grant.issuer {
                return Err(GovernanceError::GrantOfAnother(*revoked));
            }
        }
        let hangs_on = match replaced {
            Some(replaced) => self.live_grant(&replaced, version)?.hangs_on_at(version),
            None => grant.prev,
        };
        let record = GrantRecord {
            signed: signed.clone(),
            since_version: version,
            until_version: None,
            hangs_on: History::from_version(version, hangs_on),
        };
        self.tables.add_grant(id, record);
        if let Some(replaced) = replaced {
            self.replace_grant(replaced, id, grant, version, scopes);
        }
        for revoked in &grant.revokes {
            self.end_grant(*revoked, version, scopes);
        }
        Ok(())
    }

    /// The repository, the people and the signature.
    fn check_parties(&self, version: u64, signed: &SignedGrant) -> Result<(), GovernanceError> {
        let grant = &signed.grant;
        let (expected, found) = (self.repository_id(), grant.repo);
        if found != expected {
            return Err(GovernanceError::OtherRepository { expected, found });
        }
        if *grant.resource.repo() != self.name {
            return Err(GovernanceError::GrantOutside(grant.resource.clone()));
        }
        for actor in [&grant.issuer, &grant.subject] {
            if !self.tables.actors.contains_key(actor) {
                return Err(GovernanceError::ActorUnknown(actor.clone()));
            }
        }
        let key = signed.signature.public.key_id();
        match self.tables.key_at(&key, version) {
            Some(record) if record.actor == grant.issuer => signed.verify(),
            _ => Err(GovernanceError::GrantKey {
                key,
                issuer: grant.issuer.clone(),
            }),
        }
    }

    /// Whether the issuer has what it gives. Returns the grant whose place this one takes, if any.
    fn check_rests(&self, version: u64, grant: &Grant) -> Result<Option<GrantId>, GovernanceError> {
        let Some(prev) = grant.prev else {
            let governors = &self.tables.governors_at(version).actors;
            if governors.binary_search(&grant.issuer).is_err() {
                return Err(GovernanceError::GrantNotHeld(grant.issuer.clone()));
            }
            return Ok(None);
        };
        let held = &self.live_grant(&prev, version)?.signed.grant;
        let is_reissue = held.issuer == grant.issuer && held.subject == grant.subject;
        if !is_reissue && held.subject != grant.issuer {
            return Err(GovernanceError::GrantNotHeld(grant.issuer.clone()));
        }
        if let Some(field) = grant.exceeds(held) {
            return Err(GovernanceError::GrantExceeds { field, held: prev });
        }
        Ok(is_reissue.then_some(prev))
    }

    /// `new` takes the place of `old`: what hung on `old` hangs on `new` where it still fits, and ends where not.
    fn replace_grant(
        &mut self,
        old: GrantId,
        new: GrantId,
        grant: &Grant,
        version: u64,
        scopes: &mut Scopes,
    ) {
        for child in self.live_children(&old, version) {
            let Some(record) = self.tables.grants.get_mut(&child) else {
                continue;
            };
            if record.signed.grant.exceeds(grant).is_some() {
                self.end_grant(child, version, scopes);
            } else {
                record.hangs_on.set(version, Some(new));
            }
        }
        if let Some(record) = self.tables.grants.get_mut(&old) {
            record.until_version = Some(version);
            if record.since_version < version && record.signed.grant.exceeds(grant).is_some() {
                scopes.insert(CutScope::Actor(grant.subject.clone()));
            }
        }
    }

    /// Ends a grant and all that hangs on it.
    pub(super) fn end_grant(&mut self, id: GrantId, version: u64, scopes: &mut Scopes) {
        let mut ending = alloc::vec![id];
        while let Some(id) = ending.pop() {
            ending.extend(self.live_children(&id, version));
            if let Some(record) = self.tables.grants.get_mut(&id)
                && record.is_live_at(version)
            {
                record.until_version = Some(version);
                // What this very document gave was never held.
                if record.since_version < version {
                    scopes.insert(CutScope::Actor(record.signed.grant.subject.clone()));
                }
            }
        }
    }

    fn live_children(&self, id: &GrantId, version: u64) -> Vec<GrantId> {
        let hangs = |record: &GrantRecord| {
            record.is_live_at(version) && record.hangs_on_at(version) == Some(*id)
        };
        let children = self
            .tables
            .grants
            .iter()
            .filter(|(_, record)| hangs(record));
        children.map(|(child, _)| *child).collect()
    }

    pub(super) fn live_grants_signed_by(&self, key: &KeyId, version: u64) -> Vec<GrantId> {
        let signed = |record: &GrantRecord| {
            record.is_live_at(version) && record.signed.signature.public.key_id() == *key
        };
        let grants = self
            .tables
            .grants
            .iter()
            .filter(|(_, record)| signed(record));
        grants.map(|(id, _)| *id).collect()
    }

    /// Whether the grants of a change name the rules they are given under.
    pub(super) fn check_grants(&self, change: &Change) -> Result<(), GovernanceError> {
        let version = change.version;
        for operation in &change.changes {
            let ChangeOperation::GrantIssue { grant } = operation else {
                continue;
            };
            let grant = &grant.grant;
            let (expected, found) = (self.policy_root_at(version), grant.policy_root);
            if found != expected {
                return Err(GovernanceError::WrongPolicyRoot { expected, found });
            }
            let (expected, found) = (self.fold_root_of(&grant.resource, version), grant.fold_root);
            if found != expected {
                return Err(GovernanceError::WrongFoldRoot { expected, found });
            }
        }
        Ok(())
    }

    /// The fold that a grant over `resource` names: that of the longest namespace with a fold that the pattern's
    /// fixed segments begin with, else the empty fold.
    #[must_use]
    pub fn fold_root_of(&self, resource: &ResourcePattern, version: u64) -> Sha256Digest {
        let segments: Vec<&str> = resource.fixed_segments().collect();
        let longest = (1..=segments.len()).rev().find_map(|length| {
            let ns = Namespace::parse(&segments[..length].join("/")).ok()?;
            self.fold_since(&ns, version)?;
            Some(self.fold_root_at(&ns, version))
        });
        longest.unwrap_or(EMPTY_FOLD_ROOT)
    }
}
