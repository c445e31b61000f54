//! Judging pushed folds, policies, anchors and checkpoints: bytes that governance names, roots that follow from journals.
//!
//! Both are refs that a sync may join, so a pushed commit may have two parents; every commit that is new is judged,
//! not only the last. Tests: ../../tests/it/push_gate.rs.

use std::collections::BTreeSet;

use gatos_ledger::ObjectId;
use gatos_policy::language::Policy;
use gatos_values::{ErrorCode, Namespace, Sha256Digest};

use super::{PushView, rewritten};
use crate::epochs::epoch_ref;
use crate::fault::{Fault, Outcome};
use crate::installed::Installed;
use crate::reply;
use crate::state::state_ref;

/// New commits one push may bring for one ref of this kind.
const COMMIT_COUNT_MAX: usize = 10_000;

impl PushView<'_> {
    /// Every new commit holds a fold that governance names for the namespace.
    pub(super) fn judge_folds(
        &self,
        ns: &Namespace,
        ours: Option<ObjectId>,
        theirs: ObjectId,
    ) -> Outcome<()> {
        let named: BTreeSet<Sha256Digest> = (0..=self.chain.version())
            .map(|version| self.chain.fold_root_at(ns, version))
            .collect();
        let what = Installed::fold(ns);
        self.judge_installed(
            ErrorCode::BadFold,
            &what,
            ours,
            theirs,
            |_, root| match named.contains(&root) {
                true => Ok(()),
                false => Err(format!("governance never named `{root}` here")),
            },
        )
    }

    /// Every new commit holds a policy. Governance need not name it yet: a proposal shows what it would put in force.
    pub(super) fn judge_policies(&self, ours: Option<ObjectId>, theirs: ObjectId) -> Outcome<()> {
        let what = Installed::policy();
        self.judge_installed(ErrorCode::BadPolicy, &what, ours, theirs, |bytes, _| {
            Policy::decode(bytes)
                .map(drop)
                .map_err(|error| error.to_string())
        })
    }

    /// Every new commit holds welcome bytes with their root, and nothing but them and their source.
    fn judge_installed(
        &self,
        code: ErrorCode,
        what: &Installed,
        ours: Option<ObjectId>,
        theirs: ObjectId,
        is_welcome: impl Fn(&[u8], Sha256Digest) -> Result<(), String>,
    ) -> Outcome<()> {
        let file = what.file;
        for commit in self.new_commits(&what.reference, ours, theirs)? {
            let wrong = |reason: String| {
                Fault::new(
                    code,
                    what.reference.clone(),
                    format!("commit {commit}: {reason}"),
                )
                .with_detail("commit", reply::text(&commit.to_string()))
                .with_hint("push governance that names it with it, or before it")
            };
            let bytes = self
                .there
                .file_of_commit(commit, file)?
                .ok_or_else(|| wrong(format!("it holds no `{file}`")))?;
            let root = Sha256Digest::of(&bytes);
            is_welcome(&bytes, root).map_err(&wrong)?;
            let root_file = what.root_file();
            let stated = self.there.file_of_commit(commit, &root_file)?;
            if stated.as_deref() != Some(what.root_line(root).as_bytes()) {
                return Err(wrong(format!("`{root_file}` does not state its root")));
            }
            let files = self.there.tree_of_commit(commit)?;
            let is_known =
                |path: &String| path == file || *path == root_file || path.starts_with("source/");
            if let Some(path) = files.keys().find(|path| !is_known(path)) {
                return Err(wrong(format!("`{path}` does not belong here")));
            }
        }
        Ok(())
    }

    /// The anchors continue ours, are signed by those who may, and cover what the journals hold.
    pub(super) fn judge_epochs(
        &self,
        ns: &Namespace,
        ours: Option<ObjectId>,
        theirs: ObjectId,
    ) -> Outcome<()> {
        self.new_commits(&epoch_ref(ns), ours, theirs)?;
        self.there
            .verify_anchors(ns, Some(theirs), &mut |_| {})
            .map(drop)
    }

    /// Every new checkpoint is signed, belongs here, and says what its events give.
    pub(super) fn judge_states(
        &self,
        ns: &Namespace,
        ours: Option<ObjectId>,
        theirs: ObjectId,
    ) -> Outcome<()> {
        for commit in self.new_commits(&state_ref(ns), ours, theirs)? {
            self.judge_state(ns, commit)
                .map_err(|fault| fault.with_detail("commit", reply::text(&commit.to_string())))?;
        }
        Ok(())
    }

    fn judge_state(&self, ns: &Namespace, commit: ObjectId) -> Outcome<()> {
        let invalid = |reason: String| {
            Fault::new(
                ErrorCode::CheckpointInvalid,
                state_ref(ns),
                format!("checkpoint commit {commit}: {reason}"),
            )
        };
        let read = self.there.read_checkpoint(commit)?;
        if read.checkpoint.ns != *ns {
            return Err(invalid(format!(
                "it is a checkpoint of `{}`, not of `{ns}`",
                read.checkpoint.ns
            )));
        }
        let is_known = |path: &String| {
            matches!(
                path.as_str(),
                "checkpoint.json" | "checkpoint.json.sig" | "fold-state.cbor"
            ) || path.starts_with("state/")
                || path.starts_with("fold-state/")
        };
        if let Some(path) = read.files.keys().find(|path| !is_known(path)) {
            return Err(invalid(format!("`{path}` does not belong to a checkpoint")));
        }
        self.there.fold_verify(ns, Some(commit), &mut |_| {})?;
        Ok(())
    }

    /// The commits of `theirs` that `ours` does not contain, oldest parents last.
    ///
    /// # Errors
    /// `FF_VIOLATION` when `ours` would be lost.
    pub(super) fn new_commits(
        &self,
        reference: &str,
        ours: Option<ObjectId>,
        theirs: ObjectId,
    ) -> Outcome<Vec<ObjectId>> {
        let known = match ours {
            Some(ours) => self.reachable(ours, &BTreeSet::new())?,
            None => BTreeSet::new(),
        };
        let new = self.reachable(theirs, &known)?;
        if let Some(ours) = ours {
            let mut continues = false;
            for commit in &new {
                continues |= self.there.parents_of(*commit)?.contains(&ours);
            }
            if !continues {
                return Err(rewritten(
                    reference,
                    &format!("it would be rewritten: {theirs} does not continue {ours}"),
                ));
            }
        }
        Ok(new.into_iter().collect())
    }

    /// Everything reachable from a commit, without what is known.
    fn reachable(&self, from: ObjectId, known: &BTreeSet<ObjectId>) -> Outcome<BTreeSet<ObjectId>> {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(commit) = open.pop() {
            if known.contains(&commit) || !seen.insert(commit) {
                continue;
            }
            if known.is_empty() || seen.len() <= COMMIT_COUNT_MAX {
                open.extend(self.there.parents_of(commit)?);
            } else {
                return Err(Fault::new(
                    ErrorCode::TooLarge,
                    from.to_string(),
                    "the push brings too many commits for one ref",
                ));
            }
        }
        Ok(seen)
    }
}
