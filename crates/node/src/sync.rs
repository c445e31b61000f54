//! Moving events between clones: fetch, verify, forward, push.
//!
//! What is fetched lands below `refs/gatos/remotes/<r>/` and counts for nothing until it has been judged
//! here: governance first (one chain, only forward), then every journal event by event, then folds and
//! checkpoints. Forwarding is done under the writer's lock by compare-and-swap. Git moves the bytes.
//!
//! INVARIANT 1: a ref of ours only ever moves to a descendant of where it is, but for a journal on a branch that governance did
//! not choose.
//! INVARIANT 2: what does not fit is reported; two branches of one key go to quarantine; nothing is dropped.
//! Tests: ../tests/it/sync.rs, with real `git` between real repositories.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use gatos_ledger::hooks::{self, Hook};
use gatos_ledger::quarantine::{self, Branch, QuarantineReport};
use gatos_ledger::reading::JournalView;
use gatos_ledger::transfer::RejectedRef;
use gatos_ledger::{Admission, ObjectId, RefChange, Repository, refs, settings, transfer, walk};
use gatos_policy::governance::Chain;
use gatos_values::{ErrorCode, GovernanceId, JournalName, Namespace, Ulid, Value};

use crate::Progress;
use crate::arrivals;
use crate::branches::{Fork, ForkVerdict};
use crate::cuts::{self, Recorded};
use crate::epochs::epoch_ref;
use crate::fault::{Fault, Outcome};
use crate::gate::export::LeavingRef;
use crate::governance::{self, GOVERNANCE_REF};
use crate::installed::Installed;
use crate::keys::KeyStore;
use crate::node::{GovernedAdmission, Node, NodeOptions};
use crate::policies::POLICIES_REF;
use crate::profile::{self, GATE_ACTOR};
use crate::proposals::PROPOSALS;
use crate::reply;
use crate::seen;
use crate::state::state_ref;

/// Ref folders that are pushed: everything that is a fact, nothing that is a cache or another's copy.
const PUSHED: [&str; 8] = [
    "refs/gatos/governance",
    "refs/gatos/policies/",
    "refs/gatos/proposals/",
    "refs/gatos/journal/",
    "refs/gatos/folds/",
    "refs/gatos/epoch/",
    "refs/gatos/state/",
    "refs/gatos/attest/",
];

/// Something the operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncFinding {
    /// Code of the taxonomy.
    pub code: ErrorCode,
    /// Ref or journal concerned.
    pub resource: String,
    /// One sentence.
    pub reason: String,
}

impl SyncFinding {
    fn to_value(&self) -> Value {
        reply::object(vec![
            ("code", reply::text(self.code.as_str())),
            ("resource", reply::text(&self.resource)),
            ("reason", reply::text(&self.reason)),
        ])
    }
}

/// What a sync did.
#[derive(Clone, Debug, Default)]
pub struct SyncReport {
    /// The remote.
    pub remote: String,
    /// Governance versions taken over.
    pub governance_count: u64,
    /// Events taken over.
    pub event_count: u64,
    /// Events among them that no longer count, because they name a version older than one that cut their journal.
    pub stale_count: u64,
    /// Journals moved forward.
    pub journal_count: u64,
    /// Journals that go on because governance chose one of their branches.
    pub settled_count: u64,
    /// Checkpoints and folds moved forward or joined.
    pub state_count: u64,
    /// Refs pushed.
    pub pushed_count: u64,
    /// What did not fit.
    pub findings: Vec<SyncFinding>,
}

impl SyncReport {
    /// The `--json` document; `ok` is false when something did not fit.
    pub fn to_value(&self) -> Value {
        reply::object(vec![
            ("ok", Value::Bool(self.findings.is_empty())),
            ("remote", reply::text(&self.remote)),
            ("governance", reply::count(self.governance_count)),
            ("events", reply::count(self.event_count)),
            ("journals", reply::count(self.journal_count)),
            ("stale", reply::count(self.stale_count)),
            ("settled", reply::count(self.settled_count)),
            ("states", reply::count(self.state_count)),
            ("pushed", reply::count(self.pushed_count)),
            (
                "findings",
                Value::List(self.findings.iter().map(SyncFinding::to_value).collect()),
            ),
        ])
    }
}

/// How the two ends of a ref stand to each other.
enum Standing {
    Same,
    Behind,
    Ahead,
    Diverged,
}

impl Node {
    /// Fetches from a remote, judges and forwards what is new, and pushes what the remote lacks.
    ///
    /// # Errors
    /// `REMOTE_REFUSED` with Git's words, `REPO_MISMATCH`, `GOV_FORK`; single journals that do not fit are
    /// findings of the report, not errors.
    pub fn sync(
        &self,
        remote: &str,
        push: bool,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<SyncReport> {
        settings::apply(self.repository())?;
        hooks::install(self.repository())?;
        hooks::install_hook(self.repository(), Hook::PrePush)?;
        profile::remember_program(self.repository())?;
        let mut report = SyncReport {
            remote: remote.to_owned(),
            ..SyncReport::default()
        };
        progress(stage("fetch"));
        let fetched = transfer::fetch(self.repository(), remote)?;
        self.take_over(remote, &fetched.rejected, &mut report, progress)?;
        // What was taken over counts; but nobody learns a governance from us that we know to be old.
        self.newest_governance()?;
        if push {
            progress(stage("push"));
            report.pushed_count = self.push_all(remote, &mut report)?;
        }
        self.writer()?.upkeep()?;
        Ok(report)
    }

    /// Judges and forwards what a fetch brought.
    fn take_over(
        &self,
        remote: &str,
        rejected: &[RejectedRef],
        report: &mut SyncReport,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<()> {
        let tracked = format!("refs/gatos/remotes/{remote}/");
        self.writer()?.flush()?;
        self.take_over_governance(&tracked, report)?;
        self.fetch_chosen_again(remote, rejected)?;
        self.settle_after_sync(report)?;
        progress(stage("verify"));
        self.take_over_journals(&tracked, report)?;
        self.take_over_folds(&tracked, report)?;
        self.renew_states()?;
        self.take_over_kept(&tracked, report)?;
        self.take_over_states(&tracked, report)?;
        // An anchor's state is looked for among the checkpoints, so these come first.
        self.take_over_epochs(&tracked, report, progress)
    }

    fn take_over_governance(&self, tracked: &str, report: &mut SyncReport) -> Outcome<()> {
        let Some(theirs) = refs::read(self.repository(), &format!("{tracked}governance"))? else {
            return Ok(());
        };
        let ours = governance::head(self.repository())?;
        if ours == theirs {
            return Ok(());
        }
        let our_chain = self.governance()?;
        let judged = arrivals::judge_governance(self.repository(), ours, &our_chain, theirs)
            .map_err(|fault| match fault.code {
                ErrorCode::RepoMismatch => Fault {
                    resource: report.remote.clone(),
                    ..fault
                },
                _ => fault,
            })?;
        let Some(their_chain) = judged else {
            return Ok(());
        };
        report.governance_count = their_chain.version() - our_chain.version();
        self.writer()?.move_refs(&[RefChange {
            name: GOVERNANCE_REF.to_owned(),
            expected: Some(ours),
            new: theirs,
        }])?;
        self.governance()?;
        Ok(())
    }

    /// Journals that were put on the chosen branch there are no continuation of what was fetched of them before.
    fn fetch_chosen_again(&self, remote: &str, rejected: &[RejectedRef]) -> Outcome<()> {
        let chain = self.governance()?;
        let names = rejected.iter();
        let journals: Vec<JournalName> = names
            .filter_map(|one| JournalName::parse_ref(&one.name).ok())
            .filter(|journal| !chain.cuts_of(journal).choices().is_empty())
            .collect();
        if !journals.is_empty() {
            transfer::fetch_chosen(self.repository(), remote, &journals)?;
        }
        Ok(())
    }

    /// Goes on with the journals of which governance, as it is now, chose a branch that is here.
    fn settle_after_sync(&self, report: &mut SyncReport) -> Outcome<()> {
        let (writer, chain) = (self.writer()?, self.governance()?);
        let settled = self.settle_journals(&writer, &chain)?;
        report.settled_count += settled.len() as u64;
        Ok(())
    }

    fn take_over_journals(&self, tracked: &str, report: &mut SyncReport) -> Outcome<()> {
        let chain = self.governance()?;
        let admission = GovernedAdmission::new(chain);
        for (name, theirs) in refs::list(self.repository(), &format!("{tracked}journal/"))? {
            let own_name = format!("refs/gatos/{}", &name[tracked.len()..]);
            let journal = match JournalName::parse_ref(&own_name) {
                Ok(journal) => journal,
                Err(error) => {
                    report.findings.push(SyncFinding {
                        code: error.code(),
                        resource: name,
                        reason: error.to_string(),
                    });
                    continue;
                }
            };
            if let Err(fault) = self.take_over_journal(&journal, theirs, &admission, report) {
                report.findings.push(SyncFinding {
                    code: fault.code,
                    resource: fault.resource,
                    reason: fault.reason,
                });
            }
        }
        Ok(())
    }

    fn take_over_journal(
        &self,
        journal: &JournalName,
        theirs: ObjectId,
        admission: &GovernedAdmission,
        report: &mut SyncReport,
    ) -> Outcome<()> {
        let writer = self.writer()?;
        let ours = refs::read(self.repository(), &journal.ref_name())?;
        if ours == Some(theirs) {
            return Ok(());
        }
        let chain = self.governance()?;
        let cuts = chain.cuts_of(journal);
        if cuts.choices().is_empty() {
            writer.refresh(journal)?;
        } else {
            // It may stand still here until the branch that was chosen arrives, which this may be.
            writer.flush()?;
            writer.forget(journal);
        }
        let view = gatos_ledger::reading::view(self.repository(), journal, ours, admission)?;
        let tip = view.step(view.count())?;
        if view
            .position_of_commit(self.repository(), theirs)?
            .is_some()
        {
            return Ok(());
        }
        let recorded = Recorded::new(admission);
        let admission: &dyn Admission = if cuts.is_empty() {
            admission
        } else {
            &recorded
        };
        let known = |commit: ObjectId| {
            Some(commit) == ours
                || matches!(
                    view.position_of_commit(self.repository(), commit),
                    Ok(Some(_))
                )
        };
        let arrived =
            arrivals::judge_events(self.repository(), journal, theirs, &known, admission)?;
        if arrived.joined != ours {
            // A good event that others put on another commit accuses nobody: a fork stands on the event it names.
            let joined = match arrived.joined {
                Some(commit) => {
                    let position = view.position_of_commit(self.repository(), commit)?;
                    view.step(position.unwrap_or(0))?
                }
                None => None,
            };
            arrived.check_continues(journal, joined.map(|step| (step.id, step.ulid, None)))?;
            if let Some(ours) = ours {
                let fork = Fork::read(self.repository(), ours, theirs)?;
                match fork.judge(&cuts) {
                    ForkVerdict::Open => {}
                    ForkVerdict::TheirsRefused(version) => {
                        return Err(refused_branch(journal, version));
                    }
                    ForkVerdict::TheirsChosen => {
                        let first = fork.shared_count + 1;
                        let stale =
                            cuts::judge_stretch(journal, &cuts, &recorded, first, &arrived.steps)?;
                        cuts::check_arrival(journal, &chain, stale)?;
                        self.pin_fork(journal, &view, theirs, arrived.joined, &arrived.steps)?;
                        self.go_on_with(&writer, journal, &fork.theirs)?;
                        report.settled_count += 1;
                        report.stale_count += stale.count;
                        report.event_count += arrived.steps.len() as u64;
                        report.journal_count += 1;
                        self.settle_journals(&writer, &chain)?;
                        return Ok(());
                    }
                }
            }
            let pinned = self.pin_fork(journal, &view, theirs, arrived.joined, &arrived.steps)?;
            writer.forget(journal);
            return Err(set_aside(journal, &pinned));
        }
        arrived.check_continues(journal, tip.map(|tip| (tip.id, tip.ulid, None)))?;
        if let Some(sealed) = self.newest_anchor(&journal.ns)? {
            arrived.check_unsealed(journal, sealed.anchor.max_ulid)?;
        }
        let mut steps = arrived.steps;
        if !cuts.is_empty() {
            let first_position = view.count() + 1;
            let stale = cuts::judge_stretch(journal, &cuts, &recorded, first_position, &steps)?;
            cuts::check_arrival(journal, &chain, stale)?;
            report.stale_count += stale.count;
        }
        report.event_count += steps.len() as u64;
        report.journal_count += 1;
        writer.move_refs(&[RefChange {
            name: journal.ref_name(),
            expected: ours,
            new: theirs,
        }])?;
        steps.reverse();
        writer.note_admitted(journal, &steps)?;
        Ok(())
    }

    /// One key signed two events on one: both branches are pinned.
    fn pin_fork(
        &self,
        journal: &JournalName,
        view: &JournalView,
        theirs: ObjectId,
        joined: Option<ObjectId>,
        their_steps: &[walk::Step],
    ) -> Outcome<QuarantineReport> {
        let fork_position = match joined {
            Some(commit) => view
                .position_of_commit(self.repository(), commit)?
                .unwrap_or(0),
            None => 0,
        };
        let (Some(first_ours), Some(last_ours), Some(first_theirs)) = (
            view.step(fork_position + 1)?,
            view.step(view.count())?,
            their_steps.last(),
        ) else {
            return Err(Fault::new(
                ErrorCode::Internal,
                journal.short(),
                "a fork without two branches",
            ));
        };
        Ok(quarantine::set_aside_equivocation(
            self.repository(),
            journal,
            Branch {
                tip: last_ours.commit,
                first: first_ours.id,
                first_ulid: first_ours.ulid,
            },
            Branch {
                tip: theirs,
                first: first_theirs.id,
                first_ulid: first_theirs.ulid,
            },
        )?)
    }

    /// Fold bytes are named by governance; their ref is a cache, so any side that has them serves.
    fn take_over_folds(&self, tracked: &str, report: &mut SyncReport) -> Outcome<()> {
        for (name, theirs) in refs::list(self.repository(), &format!("{tracked}folds/"))? {
            let own_name = format!("refs/gatos/{}", &name[tracked.len()..]);
            let Some(ns) = own_name
                .strip_prefix("refs/gatos/folds/")
                .and_then(|rest| rest.strip_suffix("/head"))
                .and_then(|ns| Namespace::parse(ns).ok())
            else {
                continue;
            };
            self.take_over_installed(&Installed::fold(&ns), theirs, report)?;
        }
        Ok(())
    }

    fn take_over_installed(
        &self,
        what: &Installed,
        theirs: ObjectId,
        report: &mut SyncReport,
    ) -> Outcome<()> {
        let ours = refs::read(self.repository(), &what.reference)?;
        match self.standing(ours, theirs)? {
            Standing::Same | Standing::Ahead => {}
            Standing::Behind => {
                self.forward(&what.reference, ours, theirs)?;
                report.state_count += 1;
            }
            Standing::Diverged => self.join_installed(what, ours, theirs)?,
        }
        Ok(())
    }

    /// Two clones installed side by side: governance has settled which one counts; a commit with both
    /// parents and that side's tree continues both.
    fn join_installed(
        &self,
        what: &Installed,
        ours: Option<ObjectId>,
        theirs: ObjectId,
    ) -> Outcome<()> {
        let chain = self.governance()?;
        let wanted = what.root_at(&chain, chain.version());
        let counts = |commit: ObjectId| -> Outcome<bool> {
            Ok(self
                .file_of_commit(commit, what.file)?
                .is_some_and(|bytes| gatos_values::Sha256Digest::of(&bytes) == wanted))
        };
        let Some(ours) = ours else { return Ok(()) };
        let governing = if counts(theirs)? { theirs } else { ours };
        let commit = self.write_join_commit(what, governing, [ours, theirs], chain.ulid())?;
        self.forward(&what.reference, Some(ours), commit)
    }

    /// Anchors continue ours or not at all; what they seal is verified against the journals that are here now.
    fn take_over_epochs(
        &self,
        tracked: &str,
        report: &mut SyncReport,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<()> {
        for (name, theirs) in refs::list(self.repository(), &format!("{tracked}epoch/"))? {
            let own_name = format!("refs/gatos/{}", &name[tracked.len()..]);
            let Some(ns) = own_name
                .strip_prefix("refs/gatos/epoch/")
                .and_then(|rest| rest.strip_suffix("/head"))
                .and_then(|ns| Namespace::parse(ns).ok())
            else {
                continue;
            };
            if let Err(fault) = self.take_over_epoch(&ns, theirs, report, progress) {
                report.findings.push(SyncFinding {
                    code: fault.code,
                    resource: epoch_ref(&ns),
                    reason: fault.reason,
                });
            }
        }
        Ok(())
    }

    fn take_over_epoch(
        &self,
        ns: &Namespace,
        theirs: ObjectId,
        report: &mut SyncReport,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<()> {
        let ours = refs::read(self.repository(), &epoch_ref(ns))?;
        match self.standing(ours, theirs)? {
            Standing::Same | Standing::Ahead => Ok(()),
            Standing::Behind => {
                self.verify_anchors(ns, Some(theirs), progress)?;
                self.forward(&epoch_ref(ns), ours, theirs)?;
                report.state_count += 1;
                Ok(())
            }
            Standing::Diverged => Err(Fault::new(
                ErrorCode::EpochBroken,
                epoch_ref(ns),
                "their anchors and ours seal the same epoch differently; ours were kept",
            )),
        }
    }

    /// Policies and proposals: caches and papers, judged when they are used. Clones that diverged are joined; of a
    /// proposal the files of both sides are kept.
    fn take_over_kept(&self, tracked: &str, report: &mut SyncReport) -> Outcome<()> {
        for folder in ["policies/", "proposals/"] {
            for (name, theirs) in refs::list(self.repository(), &format!("{tracked}{folder}"))? {
                let own_name = format!("refs/gatos/{}", &name[tracked.len()..]);
                let id = own_name.strip_prefix(PROPOSALS).map(Ulid::parse);
                if !matches!(id, Some(Ok(_))) && own_name != POLICIES_REF {
                    continue;
                }
                let ours = refs::read(self.repository(), &own_name)?;
                match (self.standing(ours, theirs)?, ours) {
                    (Standing::Same | Standing::Ahead, _) => continue,
                    (Standing::Diverged, Some(ours)) => {
                        let mut files = self.files_of_commit(ours)?;
                        if let Some(Ok(id)) = id {
                            files.extend(self.files_of_commit(theirs)?);
                            self.write_proposal(id, &[ours, theirs], files, "governance.join")?;
                        } else {
                            self.join_policies(&files, [ours, theirs])?;
                        }
                    }
                    (_, ours) => self.forward(&own_name, ours, theirs)?,
                }
                report.state_count += 1;
            }
        }
        Ok(())
    }

    fn take_over_states(&self, tracked: &str, report: &mut SyncReport) -> Outcome<()> {
        for (name, theirs) in refs::list(self.repository(), &format!("{tracked}state/"))? {
            let own_name = format!("refs/gatos/{}", &name[tracked.len()..]);
            let Some(ns) = own_name
                .strip_prefix("refs/gatos/state/")
                .and_then(|rest| rest.strip_suffix("/head"))
                .and_then(|ns| Namespace::parse(ns).ok())
            else {
                continue;
            };
            if let Err(fault) = self.take_over_state(&ns, theirs, report) {
                report.findings.push(SyncFinding {
                    code: fault.code,
                    resource: state_ref(&ns),
                    reason: fault.reason,
                });
            }
        }
        Ok(())
    }

    fn take_over_state(
        &self,
        ns: &Namespace,
        theirs: ObjectId,
        report: &mut SyncReport,
    ) -> Outcome<()> {
        let ours = self.checkpoint_head(ns)?;
        let standing = self.standing(ours, theirs)?;
        if matches!(standing, Standing::Same | Standing::Ahead) {
            return Ok(());
        }
        let chain = self.governance()?;
        let read = self.read_checkpoint(theirs)?;
        self.judge_checkpoint(&chain, &read)?;
        match standing {
            Standing::Behind => self.forward(&state_ref(ns), ours, theirs)?,
            // Both sides folded: a checkpoint over the union of the events continues both heads.
            _ => self.join_states(ns, &chain, ours, theirs)?,
        }
        report.state_count += 1;
        Ok(())
    }

    fn join_states(
        &self,
        ns: &Namespace,
        chain: &Arc<Chain>,
        ours: Option<ObjectId>,
        theirs: ObjectId,
    ) -> Outcome<()> {
        let fold = self.installed_fold(ns, chain)?;
        let views = self.input_views(ns, &fold)?;
        let computed =
            self.compute_all(ns, &fold, (&**chain, chain.version()), views, &mut |_| {})?;
        let parents: Vec<ObjectId> = ours.into_iter().chain([theirs]).collect();
        self.write_checkpoint(ns, chain, &computed, &parents, ours)?;
        Ok(())
    }

    fn forward(&self, name: &str, expected: Option<ObjectId>, new: ObjectId) -> Outcome<()> {
        self.writer()?.move_refs(&[RefChange {
            name: name.to_owned(),
            expected,
            new,
        }])?;
        Ok(())
    }

    /// Compares our commit with theirs, over any number of parents.
    fn standing(&self, ours: Option<ObjectId>, theirs: ObjectId) -> Outcome<Standing> {
        let Some(ours) = ours else {
            return Ok(Standing::Behind);
        };
        if ours == theirs {
            return Ok(Standing::Same);
        }
        if self.is_ancestor(ours, theirs)? {
            return Ok(Standing::Behind);
        }
        if self.is_ancestor(theirs, ours)? {
            return Ok(Standing::Ahead);
        }
        Ok(Standing::Diverged)
    }

    fn is_ancestor(&self, older: ObjectId, newer: ObjectId) -> Outcome<bool> {
        let mut seen = std::collections::BTreeSet::new();
        let mut open = vec![newer];
        while let Some(commit) = open.pop() {
            if commit == older {
                return Ok(true);
            }
            if seen.insert(commit) {
                open.extend(self.parents_of(commit)?);
            }
        }
        Ok(false)
    }

    fn push_all(&self, remote: &str, report: &mut SyncReport) -> Outcome<u64> {
        let mut wanted = Vec::new();
        // A journal of theirs that was refused is ahead of ours there; offering ours would only make the remote refuse
        // the rest of the push with it.
        let refused: Vec<String> = report
            .findings
            .iter()
            .map(|finding| format!("refs/{}", finding.resource))
            .collect();
        for root in PUSHED {
            for (name, ours) in refs::list(self.repository(), root)? {
                if refused.contains(&name) {
                    continue;
                }
                let tracked = format!(
                    "refs/gatos/remotes/{remote}/{}",
                    &name["refs/gatos/".len()..]
                );
                if refs::read(self.repository(), &tracked)? != Some(ours) {
                    wanted.push(LeavingRef::same(&name, ours));
                }
            }
        }
        let mut wanted = self.keep_what_stays(remote, wanted, report)?;
        if wanted.is_empty() {
            return Ok(0);
        }
        wanted.sort();
        let outcome = transfer::push(self.repository(), remote, &wanted)?;
        let mut pushed = 0;
        for one in outcome.refs {
            match one.rejection {
                None => pushed += 1,
                Some(reason) => report.findings.push(SyncFinding {
                    code: ErrorCode::RemoteRefused,
                    resource: one.name,
                    reason,
                }),
            }
        }
        Ok(pushed)
    }

    /// The names of the refs that may leave; the others are reported.
    fn keep_what_stays(
        &self,
        remote: &str,
        wanted: Vec<LeavingRef>,
        report: &mut SyncReport,
    ) -> Outcome<Vec<String>> {
        let refusals = self.judge_leaving(remote, &wanted)?;
        let stays: BTreeSet<String> = refusals.iter().map(|one| one.reference.clone()).collect();
        report
            .findings
            .extend(refusals.into_iter().map(|one| SyncFinding {
                code: one.fault.code,
                resource: one.reference,
                reason: one.fault.reason,
            }));
        let names = wanted.into_iter().map(|one| one.there);
        Ok(names.filter(|name| !stays.contains(name)).collect())
    }

    /// Clones a repository, verifies its governance and journals, and makes it ready for use.
    ///
    /// # Errors
    /// `REMOTE_REFUSED`, `REPO_MISMATCH` when `root` names another genesis, and what verification says.
    pub fn clone_from(
        url: &str,
        directory: &Path,
        root: Option<&GovernanceId>,
        options: NodeOptions,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<CloneReport> {
        let was_there = directory.exists();
        let outcome = Node::clone_and_judge(url, directory, root, options, progress);
        if outcome.is_err() && !was_there && directory.exists() {
            // What was refused is not left behind; the error says why.
            let _ = std::fs::remove_dir_all(directory);
        }
        outcome
    }

    fn clone_and_judge(
        url: &str,
        directory: &Path,
        root: Option<&GovernanceId>,
        options: NodeOptions,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Outcome<CloneReport> {
        progress(stage("clone"));
        let repository = transfer::clone(url, directory)?;
        let remote = "origin";
        let theirs = refs::read(
            &repository,
            &format!("refs/gatos/remotes/{remote}/governance"),
        )?
        .ok_or_else(|| no_genesis(url))?;
        let chain = governance::load(&repository, theirs)?;
        seen::check(&KeyStore::open(options.home.as_deref())?, &chain)?;
        if let Some(root) = root
            && *root != chain.repository_id()
        {
            return Err(Fault::new(
                ErrorCode::RepoMismatch,
                url,
                format!(
                    "the remote's genesis is `{}`, not the `{root}` asked for",
                    chain.repository_id()
                ),
            )
            .with_hint("ask the repository's governors for the genesis id"));
        }
        hooks::install(&repository)?;
        hooks::install_hook(&repository, Hook::PrePush)?;
        settings::apply_to_created(&repository)?;
        refs::update(
            &repository,
            &[RefChange {
                name: GOVERNANCE_REF.to_owned(),
                expected: None,
                new: theirs,
            }],
        )?;
        let node = Node::over(repository, options)?;
        // What came from there is no secret there.
        node.note_inside(remote)?;
        profile::remember_program(node.repository())?;
        let mut report = SyncReport {
            remote: remote.to_owned(),
            ..SyncReport::default()
        };
        node.take_over(remote, &[], &mut report, progress)?;
        node.choose_default_actor(&chain)?;
        node.close_writer()?;
        Ok(CloneReport {
            repository: chain.repository_id(),
            name: chain.repository_name().to_string(),
            pinned: root.is_some(),
            sync: report,
        })
    }

    /// Makes the first enrolled actor whose key is at hand the clone's default.
    fn choose_default_actor(&self, chain: &Chain) -> Outcome<()> {
        // A push gate's own key may lie in the same folder; it signs the gate's record and nothing else.
        let actors = chain.actors_at(chain.version());
        for actor in actors
            .into_iter()
            .filter(|actor| actor.as_str() != GATE_ACTOR)
        {
            for key in chain.keys_of(&actor, chain.version()) {
                if self.keys().find(&key)?.is_some() {
                    settings::set(self.repository(), "gatos.actor", actor.as_str())?;
                    settings::set(self.repository(), "gatos.key", &key.to_string())?;
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn set_aside(journal: &JournalName, pinned: &QuarantineReport) -> Fault {
    Fault::new(
        ErrorCode::Equivocation,
        journal.short(),
        format!(
            "its key signed two different events on one; both branches are kept under `{}` and the journal stands still",
            pinned.reference
        ),
    )
    .with_hint("the governors choose a branch (`gatos trust settle`); until then the actor can write with another key")
}

fn refused_branch(journal: &JournalName, version: u64) -> Fault {
    Fault::new(
        ErrorCode::Equivocation,
        journal.short(),
        format!("it holds a branch that governance version {version} did not choose; the journal was not moved"),
    )
    .with_hint("what only that branch says is written again with a live key")
}

fn no_genesis(url: &str) -> Fault {
    Fault::new(
        ErrorCode::NoRepository,
        url,
        "the remote is no GATOS repository: it has no governance chain",
    )
    .with_hint("check the URL; a repository is made with `gatos init`")
}

/// What a clone brought.
#[derive(Clone, Debug)]
pub struct CloneReport {
    /// Id of the genesis.
    pub repository: GovernanceId,
    /// Name in resource URIs.
    pub name: String,
    /// True when the genesis was the one asked for, false for trust on first use.
    pub pinned: bool,
    /// What was taken over.
    pub sync: SyncReport,
}

impl CloneReport {
    /// The `--json` document.
    pub fn to_value(&self) -> Value {
        reply::object(vec![
            ("ok", Value::Bool(self.sync.findings.is_empty())),
            ("repo", reply::text(&self.repository.to_string())),
            ("name", reply::text(&self.name)),
            (
                "trust",
                reply::text(if self.pinned { "pinned" } else { "first-use" }),
            ),
            ("events", reply::count(self.sync.event_count)),
            ("journals", reply::count(self.sync.journal_count)),
            (
                "findings",
                Value::List(
                    self.sync
                        .findings
                        .iter()
                        .map(SyncFinding::to_value)
                        .collect(),
                ),
            ),
        ])
    }
}

fn stage(stage: &str) -> Progress<'_> {
    Progress {
        stage,
        done: 0,
        total: None,
    }
}

/// Names of the configured remotes.
///
/// # Errors
/// What Git said.
pub fn remotes(repository: &Repository) -> Outcome<Vec<String>> {
    Ok(settings::remotes(repository)?)
}
