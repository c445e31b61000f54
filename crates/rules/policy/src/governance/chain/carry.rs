//! What each operation does to the tables, and what it takes away.
//!
//! A document sets each thing once: two levels for one actor in one document are refused, so that what a version takes
//! away is what differs from the version before.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use gatos_values::roots::{EMPTY_FOLD_ROOT, EMPTY_POLICY_ROOT};
use gatos_values::{
    Actor, DottedName, EventId, JournalName, KeyId, Namespace, PublicKey, Sha256Digest,
    SignatureNamespace, SshSignature, sshsig,
};

use super::super::cut::CutScope;
use super::super::document::Change;
use super::super::error::GovernanceError;
use super::super::operation::{ChangeOperation, GovernedAction, KeyRotation, rotation_bytes};
use super::super::quorum::QuorumRule;
use super::Chain;
use super::tables::{Governors, KeyRecord};

/// Whose journals the operations carried out so far affect.
pub(super) type Scopes = BTreeSet<CutScope>;

impl Chain {
    /// Carries out operations as of `version`, the one after the newest, and says whose journals are affected.
    /// On error the tables hold half of them.
    pub(super) fn carry_out(
        &mut self,
        version: u64,
        changes: &[ChangeOperation],
    ) -> Result<Vec<CutScope>, GovernanceError> {
        let mut scopes = Scopes::new();
        for operation in changes {
            self.carry_out_one(version, operation, &mut scopes)?;
        }
        Ok(scopes.into_iter().collect())
    }

    fn carry_out_one(
        &mut self,
        version: u64,
        operation: &ChangeOperation,
        scopes: &mut Scopes,
    ) -> Result<(), GovernanceError> {
        match operation {
            ChangeOperation::ActorEnrol { actor } => self.enrol_actor(version, actor),
            ChangeOperation::ActorLevel { actor, level } => {
                self.set_level(version, actor, *level, scopes)
            }
            ChangeOperation::FoldInstall { ns, fold_root } => {
                self.install_fold(version, ns, fold_root)
            }
            ChangeOperation::GovernorsSet {
                governors,
                threshold,
            } => self.set_governors(version, governors, *threshold),
            ChangeOperation::GrantIssue { grant } => self.issue_grant(version, grant, scopes),
            ChangeOperation::GrantRevoke { grant } => {
                self.live_grant(grant, version)?;
                self.end_grant(*grant, version, scopes);
                Ok(())
            }
            ChangeOperation::GroupSet { group, members } => {
                self.set_group(version, group, members, scopes)
            }
            ChangeOperation::JournalChoose {
                journal,
                count,
                event,
            } => self.choose_branch(version, journal, (*count, *event), scopes),
            ChangeOperation::KeyEnrol { actor, public } => {
                self.enrol_key(version, actor, public, None)
            }
            ChangeOperation::KeyRevoke { key } => self.revoke_key(version, key, scopes),
            ChangeOperation::KeyRotate(rotation) => self.rotate_key(version, rotation),
            ChangeOperation::NamespaceCreation { governed } => {
                self.govern_creation(version, *governed, scopes)
            }
            ChangeOperation::NamespaceSet { ns, export } => {
                self.set_namespace(version, ns, *export, scopes)
            }
            ChangeOperation::PolicyActivate { policy_root } => {
                self.activate_policy(version, policy_root, scopes)
            }
            ChangeOperation::QuorumSet { action, rule } => {
                self.set_quorum(version, *action, rule.as_ref())
            }
        }
    }

    fn enrol_actor(&mut self, version: u64, actor: &Actor) -> Result<(), GovernanceError> {
        if self.tables.actors.contains_key(actor) {
            return Err(GovernanceError::ActorEnrolled(actor.clone()));
        }
        self.tables.add_actor(actor.clone(), version);
        Ok(())
    }

    fn check_enrolled(&self, actor: &Actor) -> Result<(), GovernanceError> {
        if self.tables.actors.contains_key(actor) {
            return Ok(());
        }
        Err(GovernanceError::ActorUnknown(actor.clone()))
    }

    fn set_level(
        &mut self,
        version: u64,
        actor: &Actor,
        level: u64,
        scopes: &mut Scopes,
    ) -> Result<(), GovernanceError> {
        let Some(record) = self.tables.actors.get_mut(actor) else {
            return Err(GovernanceError::ActorUnknown(actor.clone()));
        };
        let what = || format!("the level of `{actor}`");
        check_set_once(record.level.is_set_at(version), what)?;
        let before = record.level.at(version).copied().unwrap_or(0);
        check_changes(before != level, what)?;
        record.level.set(version, level);
        if level < before {
            scopes.insert(CutScope::Actor(actor.clone()));
        }
        Ok(())
    }

    fn install_fold(
        &mut self,
        version: u64,
        ns: &Namespace,
        fold_root: &Sha256Digest,
    ) -> Result<(), GovernanceError> {
        let installs = self.tables.folds.get(ns);
        if installs.is_some_and(|installs| installs.is_set_at(version)) {
            return Err(GovernanceError::FoldInstalledTwice(ns.clone()));
        }
        let before = installs.and_then(|installs| installs.at(version));
        if before.unwrap_or(&EMPTY_FOLD_ROOT) == fold_root {
            let (ns, fold_root) = (ns.clone(), *fold_root);
            return Err(GovernanceError::FoldInstalled { ns, fold_root });
        }
        let installs = self.tables.folds.entry(ns.clone()).or_default();
        installs.set(version, *fold_root);
        Ok(())
    }

    fn set_governors(
        &mut self,
        version: u64,
        governors: &[Actor],
        threshold: u64,
    ) -> Result<(), GovernanceError> {
        let what = || String::from("the governors");
        check_set_once(self.tables.governors.is_set_at(version), what)?;
        for governor in governors {
            self.check_enrolled(governor)?;
        }
        let next = Governors {
            actors: governors.to_vec(),
            threshold,
        };
        check_changes(*self.tables.governors_at(version) != next, what)?;
        self.tables.governors.set(version, next);
        Ok(())
    }

    fn set_group(
        &mut self,
        version: u64,
        group: &DottedName,
        members: &[Actor],
        scopes: &mut Scopes,
    ) -> Result<(), GovernanceError> {
        for member in members {
            self.check_enrolled(member)?;
        }
        let what = || format!("the group `{group}`");
        let history = self.tables.groups.get(group);
        check_set_once(
            history.is_some_and(|history| history.is_set_at(version)),
            what,
        )?;
        let before = self.tables.members_at(group, version).to_vec();
        check_changes(before != members, what)?;
        let history = self.tables.groups.entry(group.clone()).or_default();
        history.set(version, members.to_vec());
        let gone = before
            .into_iter()
            .filter(|member| !members.contains(member));
        scopes.extend(gone.map(CutScope::Actor));
        Ok(())
    }

    fn enrol_key(
        &mut self,
        version: u64,
        actor: &Actor,
        public: &PublicKey,
        rotated_from: Option<KeyId>,
    ) -> Result<(), GovernanceError> {
        self.check_enrolled(actor)?;
        let key = public.key_id();
        if self.tables.keys.contains_key(&key) {
            return Err(GovernanceError::KeyEnrolled(key));
        }
        self.tables.add_key(KeyRecord {
            rotated_from,
            ..KeyRecord::new(actor.clone(), *public, version)
        });
        Ok(())
    }

    fn revoke_key(
        &mut self,
        version: u64,
        key: &KeyId,
        scopes: &mut Scopes,
    ) -> Result<(), GovernanceError> {
        let record = self.tables.keys.get_mut(key);
        let Some(record) = record.filter(|record| record.is_live_at(version)) else {
            return Err(GovernanceError::KeyUnknown(*key));
        };
        check_set_once(record.since_version == version, || format!("key `{key}`"))?;
        record.until_version = Some(version);
        scopes.insert(CutScope::Key(*key));
        for id in self.live_grants_signed_by(key, version) {
            self.end_grant(id, version, scopes);
        }
        Ok(())
    }

    fn rotate_key(&mut self, version: u64, rotation: &KeyRotation) -> Result<(), GovernanceError> {
        let (actor, old) = (&rotation.actor, rotation.old);
        match self.tables.key_at(&old, version) {
            Some(record) if record.actor == *actor => {}
            _ => return Err(GovernanceError::KeyUnknown(old)),
        }
        self.enrol_key(version, actor, &rotation.public, Some(old))?;
        let bytes = rotation_bytes(self.repository_id(), actor, old, &rotation.public);
        let new = rotation.public.key_id();
        check_possession(&bytes, &rotation.new_signature, new)?;
        let old_signature = rotation.old_signature.as_ref();
        old_signature.map_or(Ok(()), |signature| check_possession(&bytes, signature, old))
    }

    fn govern_creation(
        &mut self,
        version: u64,
        governed: bool,
        scopes: &mut Scopes,
    ) -> Result<(), GovernanceError> {
        let what = || String::from("who creates namespaces");
        let history = &mut self.tables.creation_governed;
        check_set_once(history.is_set_at(version), what)?;
        let before = history.at(version).copied().unwrap_or(false);
        check_changes(before != governed, what)?;
        history.set(version, governed);
        if governed {
            scopes.insert(CutScope::All);
        }
        Ok(())
    }

    fn set_namespace(
        &mut self,
        version: u64,
        ns: &Namespace,
        export: bool,
        scopes: &mut Scopes,
    ) -> Result<(), GovernanceError> {
        let what = || format!("the namespace `{ns}`");
        let history = self.tables.namespaces.entry(ns.clone()).or_default();
        check_set_once(history.is_set_at(version), what)?;
        let before = history.at(version).copied();
        check_changes(before != Some(export), what)?;
        history.set(version, export);
        if before == Some(true) && !export {
            scopes.insert(CutScope::Namespace(ns.clone()));
        }
        Ok(())
    }

    /// What a version accepted by name stays accepted: a choice is never taken back by another one.
    fn choose_branch(
        &mut self,
        version: u64,
        journal: &JournalName,
        (count, event): (u64, EventId),
        scopes: &mut Scopes,
    ) -> Result<(), GovernanceError> {
        let record = self.tables.keys.get(&journal.key);
        if record.is_none_or(|record| record.actor != journal.actor) {
            return Err(GovernanceError::KeyUnknown(journal.key));
        }
        let what = || format!("the branch of `{}`", journal.short());
        let history = self.tables.choices.get(journal);
        check_set_once(
            history.is_some_and(|history| history.is_set_at(version)),
            what,
        )?;
        let cuts = self.cuts_of(journal);
        let chosen = cuts.choices().iter();
        let is_new = !chosen
            .into_iter()
            .any(|one| (one.count, one.event) == (count, event));
        check_changes(is_new, what)?;
        if let Some(settled) = cuts.contradicts(count, &event) {
            return Err(GovernanceError::BranchSettled {
                journal: journal.clone(),
                version: settled,
            });
        }
        let history = self.tables.choices.entry(journal.clone()).or_default();
        history.set(version, (count, event));
        scopes.insert(CutScope::Journal(journal.clone()));
        Ok(())
    }

    /// The cut that comes with a choice keeps the branch at least up to the event that was chosen.
    pub(super) fn check_choices(&self, change: &Change) -> Result<(), GovernanceError> {
        for operation in &change.changes {
            let ChangeOperation::JournalChoose {
                journal,
                count,
                event,
            } = operation
            else {
                continue;
            };
            let mut entries = change.cut.iter().flatten();
            let is_kept = entries.any(|entry| {
                entry.journal == *journal
                    && (entry.count > *count || (entry.count == *count && entry.event == *event))
            });
            if change.cut.is_some() && !is_kept {
                return Err(GovernanceError::BranchNotKept(journal.clone()));
            }
        }
        Ok(())
    }

    fn activate_policy(
        &mut self,
        version: u64,
        policy_root: &Sha256Digest,
        scopes: &mut Scopes,
    ) -> Result<(), GovernanceError> {
        if *policy_root == EMPTY_POLICY_ROOT {
            return Err(GovernanceError::PolicyEmpty);
        }
        let what = || String::from("the policy");
        check_set_once(self.tables.policy.is_set_at(version), what)?;
        check_changes(self.policy_root_at(version) != *policy_root, what)?;
        self.tables.policy.set(version, *policy_root);
        // Another policy takes rules away: which ones is beyond this fold, so every journal is affected.
        scopes.insert(CutScope::All);
        Ok(())
    }

    fn set_quorum(
        &mut self,
        version: u64,
        action: GovernedAction,
        rule: Option<&QuorumRule>,
    ) -> Result<(), GovernanceError> {
        let what = || format!("the quorum rule of `{}`", action.as_str());
        let before = self.tables.quorum_at(action, version).cloned();
        let history = self.tables.quorums.entry(action).or_default();
        check_set_once(history.is_set_at(version), what)?;
        check_changes(before.as_ref() != rule, what)?;
        history.set(version, rule.cloned());
        Ok(())
    }

    /// Nobody who must sign what follows is left without a key, and every quorum rule can be met.
    pub(super) fn check_reachable(&self, change: &Change) -> Result<(), GovernanceError> {
        let matters = |operation: &ChangeOperation| {
            matches!(
                operation,
                ChangeOperation::GovernorsSet { .. }
                    | ChangeOperation::GroupSet { .. }
                    | ChangeOperation::KeyRevoke { .. }
                    | ChangeOperation::QuorumSet { .. }
            )
        };
        if !change.changes.iter().any(matters) {
            return Ok(());
        }
        let version = change.version;
        let has_key = |actor: &&Actor| self.tables.has_live_key(actor, version);
        let governors = &self.tables.governors_at(version).actors;
        if let Some(governor) = governors.iter().find(|governor| !has_key(governor)) {
            return Err(GovernanceError::GovernorWithoutKey(governor.clone()));
        }
        let everybody: BTreeSet<&Actor> = self.tables.actors.keys().filter(has_key).collect();
        let members = |group: &DottedName| self.tables.members_at(group, version);
        for action in GovernedAction::ALL {
            if let Some(rule) = self.tables.quorum_at(action, version)
                && !rule.is_met(&everybody, &members)
            {
                let rule = rule.clone();
                return Err(GovernanceError::QuorumUnmeetable { action, rule });
            }
        }
        Ok(())
    }
}

fn check_possession(
    bytes: &[u8],
    signature: &SshSignature,
    key: KeyId,
) -> Result<(), GovernanceError> {
    if signature.public.key_id() != key {
        return Err(GovernanceError::PossessionUnproved(key));
    }
    sshsig::verify(SignatureNamespace::Grant.as_str(), bytes, signature)
        .map_err(|error| GovernanceError::BadSignature { key, error })
}

fn check_set_once(is_set: bool, what: impl FnOnce() -> String) -> Result<(), GovernanceError> {
    if is_set {
        return Err(GovernanceError::SetTwice { what: what() });
    }
    Ok(())
}

fn check_changes(changes: bool, what: impl FnOnce() -> String) -> Result<(), GovernanceError> {
    if !changes {
        return Err(GovernanceError::NothingChanges { what: what() });
    }
    Ok(())
}
