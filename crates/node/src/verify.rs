//! Verifying from scratch: governance, every journal, every state, without believing any cache.
//!
//! Journals are walked in Git itself, from ref to root, and every commit is rebuilt, its signature checked
//! strictly, its key looked up in governance. States are recomputed from their events. The first thing that
//! does not hold is named. Tests: ../tests/it/verify.rs.

use gatos_ledger::{Admission, ObjectId, refs, walk};
use gatos_policy::governance::{Chain, JournalCuts};
use gatos_values::{ErrorCode, JournalName, Namespace, Value};

use crate::Progress;
use crate::cuts::{self, Recorded};
use crate::fault::{Fault, Outcome};
use crate::folding::{Computed, Roots, roots_of};
use crate::governance;
use crate::node::{GovernedAdmission, Node};
use crate::reply;
use crate::seen;
use crate::state::ReadCheckpoint;

/// What to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyScope {
    /// Governance, journals and states.
    All,
    /// Governance and journals.
    Journal,
    /// Governance and states (which reads the events they cover).
    State,
}

/// What was verified, all of it good.
#[derive(Clone, Debug, Default)]
pub struct VerifyReport {
    /// Governance versions.
    pub governance_count: u64,
    /// Journals.
    pub journal_count: u64,
    /// Events, signatures included.
    pub event_count: u64,
    /// Events among them that no longer count: they name a version older than one that cut their journal.
    pub stale_count: u64,
    /// States recomputed.
    pub state_count: u64,
    /// Epoch anchors.
    pub anchor_count: u64,
}

impl VerifyReport {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        reply::object(vec![
            ("ok", Value::Bool(true)),
            (
                "checked",
                reply::object(vec![
                    ("governance", reply::count(self.governance_count)),
                    ("journals", reply::count(self.journal_count)),
                    ("events", reply::count(self.event_count)),
                    ("stale", reply::count(self.stale_count)),
                    ("states", reply::count(self.state_count)),
                    ("anchors", reply::count(self.anchor_count)),
                ]),
            ),
        ])
    }
}

impl Node {
    /// Verifies from scratch.
    ///
    /// # Errors
    /// The first thing that does not hold: code, commit or path, and why.
    pub fn verify(
        &self,
        scope: VerifyScope,
        ns: Option<&Namespace>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<VerifyReport> {
        let head = governance::head(self.repository())?;
        let chain = governance::load(self.repository(), head)?;
        seen::check(self.keys(), &chain)?;
        let mut report = VerifyReport {
            governance_count: chain.version() + 1,
            ..VerifyReport::default()
        };
        if scope != VerifyScope::State {
            self.verify_journals(&chain, ns, &mut report, progress)?;
        }
        if scope != VerifyScope::Journal {
            for state_ns in self.state_namespaces()? {
                if ns.is_none_or(|ns| *ns == state_ns) {
                    let (_, event_count) = self.fold_verify(&state_ns, None, progress)?;
                    report.state_count += 1;
                    if scope == VerifyScope::State {
                        // With the journals they were counted already.
                        report.event_count += event_count;
                    }
                }
            }
        }
        if scope == VerifyScope::All {
            for sealed_ns in self.epoch_namespaces()? {
                if ns.is_none_or(|ns| *ns == sealed_ns) {
                    report.anchor_count += self.epoch_verify(&sealed_ns, progress)?.anchor_count;
                }
            }
        }
        Ok(report)
    }

    fn verify_journals(
        &self,
        chain: &Chain,
        ns: Option<&Namespace>,
        report: &mut VerifyReport,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<()> {
        let admission = GovernedAdmission::new(std::sync::Arc::new(chain.clone()));
        for (name, tip) in refs::list(self.repository(), "refs/gatos/journal/")? {
            let journal = JournalName::parse_ref(&name).map_err(|error| {
                Fault::new(error.code(), name.clone(), error.to_string())
                    .with_hint("remove the stray ref, or rename it to a journal's form")
            })?;
            if ns.is_some_and(|ns| journal.ns != *ns) {
                continue;
            }
            let cuts = chain.cuts_of(&journal);
            self.verify_journal(&journal, tip, &cuts, &admission, report, progress)?;
            report.journal_count += 1;
        }
        Ok(())
    }

    fn verify_journal(
        &self,
        journal: &JournalName,
        tip: ObjectId,
        cuts: &JournalCuts,
        admission: &dyn Admission,
        report: &mut VerifyReport,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<()> {
        let mut done = 0_u64;
        let recorded = Recorded::new(admission);
        let admission: &dyn Admission = if cuts.is_empty() {
            admission
        } else {
            &recorded
        };
        let mut steps = Vec::new();
        let end = walk::walk(
            self.repository(),
            journal,
            tip,
            &|_| false,
            admission,
            |step| {
                if !cuts.is_empty() {
                    steps.push(step.clone());
                }
                done += 1;
                if done.is_multiple_of(1024) {
                    progress(Progress {
                        stage: "verify",
                        done: report.event_count + done,
                        total: None,
                    });
                }
            },
        );
        if let Some(bad) = end.bad {
            return Err(Fault::new(
                bad.refusal.code,
                journal.short(),
                format!("commit {}: {}", bad.commit, bad.refusal.reason),
            )
            .with_detail("commit", reply::text(&bad.commit.to_string())));
        }
        report.event_count += end.count;
        report.stale_count += cuts::judge_stretch(journal, cuts, &recorded, 1, &steps)?.count;
        Ok(())
    }

    /// Recomputes a checkpoint from its events, signatures included, and compares every root.
    ///
    /// # Errors
    /// `NO_CHECKPOINT`, `CHECKPOINT_INVALID`, `STATE_DIFFERS` naming the root and the path that differ.
    pub fn fold_verify(
        &self,
        ns: &Namespace,
        commit: Option<ObjectId>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<(Roots, u64)> {
        let chain = self.governance()?;
        let read = match commit {
            Some(commit) => self.read_checkpoint(commit)?,
            None => self.checkpoint_at(ns, None)?,
        };
        self.judge_checkpoint(&chain, &read)?;
        let computed = self.recompute(ns, &chain, &read, progress)?;
        compare(&read, &computed)?;
        self.compare_files(&read, &computed)?;
        Ok((computed.roots, computed.window.count))
    }

    /// Runs the checkpoint's fold over exactly its window, judging every event of it.
    fn recompute(
        &self,
        ns: &Namespace,
        chain: &Chain,
        read: &ReadCheckpoint,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<Computed> {
        let fold = self.find_fold(ns, read.checkpoint.fold_root)?;
        let admission = GovernedAdmission::new(std::sync::Arc::new(chain.clone()));
        let mut views = Vec::new();
        for (name, mark) in &read.checkpoint.window.heads {
            let journal = JournalName::parse_short(name)?;
            let view = gatos_ledger::reading::verified_prefix(
                self.repository(),
                &journal,
                mark.count,
                &admission,
            )?;
            let stands = matches!(view.step(mark.count)?, Some(step) if step.id == mark.event);
            if !stands {
                return Err(differs(
                    read,
                    "inputs_root",
                    format!(
                        "journal `{name}` does not hold `{}` at position {}",
                        mark.event, mark.count
                    ),
                ));
            }
            views.push(view);
        }
        let version = chain
            .version_of(&read.checkpoint.gov)
            .expect("judge_checkpoint has found the version");
        self.compute_all(ns, &fold, (chain, version), views, progress)
    }

    fn compare_files(&self, read: &ReadCheckpoint, computed: &Computed) -> Outcome<()> {
        if computed.roots.state_root == read.checkpoint.state_root {
            return Ok(());
        }
        for file in &computed.files {
            let known = self.state_file_bytes(read, &file.path)?;
            if known.as_deref() != Some(&file.bytes) {
                return Err(differs(
                    read,
                    "state_root",
                    format!("`{}` differs from what the events give", file.path),
                )
                .with_detail("path", reply::text(&file.path)));
            }
        }
        Err(differs(
            read,
            "state_root",
            "the checkpoint holds a file that the events do not give".to_owned(),
        ))
    }
}

fn compare(read: &ReadCheckpoint, computed: &Computed) -> Outcome<()> {
    let stated = roots_of(&read.checkpoint);
    let found = computed.roots;
    let rows = [
        ("inputs_root", stated.inputs_root == found.inputs_root),
        ("policy_root", stated.policy_root == found.policy_root),
        ("fold_root", stated.fold_root == found.fold_root),
        ("window", read.checkpoint.window == computed.window),
        ("skipped", read.checkpoint.skipped == computed.skipped),
        (
            "fold_state",
            read.checkpoint.fold_state
                == gatos_values::Blake3Digest::of(&computed.encoded.manifest),
        ),
    ];
    match rows.iter().find(|(_, same)| !same) {
        None => Ok(()),
        Some((root, _)) => Err(differs(
            read,
            root,
            format!("the checkpoint's `{root}` is not what its events give"),
        )),
    }
}

fn differs(read: &ReadCheckpoint, root: &str, reason: String) -> Fault {
    Fault::new(
        ErrorCode::StateDiffers,
        read.checkpoint.resource.to_string(),
        format!("checkpoint commit {}: {reason}", read.commit),
    )
    .with_detail("root", reply::text(root))
    .with_hint("the events are the truth: `gatos fold run` writes a new checkpoint from them")
}
