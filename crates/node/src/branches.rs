//! Branches of journals that equivocated: where they part, which of them governance chose, and going on with it.
//!
//! Which branch counts is governance's word ([`JournalCuts::names`]); both branches lie in quarantine. A clone that holds
//! the one that was chosen goes on; a clone that holds the other is put on the chosen one as soon as it has it.
//!
//! INVARIANT 1: a journal's ref leaves a branch only for one that governance names and when both are pinned.
//! INVARIANT 2: what an anchor here seals is not left behind.
//! Page: docs/guide/trust.md. Tests: ../tests/it/branches.rs.

use std::sync::Arc;

use gatos_ledger::codec::EventCommitView;
use gatos_ledger::objects::Reader;
use gatos_ledger::quarantine::{self, OpenEquivocation};
use gatos_ledger::{ObjectId, RefChange, Repository, Writer, refs};
use gatos_policy::governance::{Chain, ChangeOperation, CutEntry, JournalChoice, JournalCuts};
use gatos_values::{ErrorCode, EventId, JournalName};

use crate::fault::{Fault, Outcome};
use crate::node::{GovernedAdmission, Node};

/// The events of a branch from the journal's first one on.
pub(crate) struct Branch {
    steps: Vec<(EventId, ObjectId)>,
}

impl Branch {
    pub(crate) fn read(repository: &Repository, tip: ObjectId) -> Outcome<Branch> {
        let reader = Reader::new(repository);
        let mut steps = Vec::new();
        for walked in reader.walk_back(tip, None) {
            let walked = walked?;
            let view = EventCommitView::scan(&walked.content)?;
            steps.push((view.id, walked.id));
        }
        steps.reverse();
        Ok(Branch { steps })
    }

    fn count(&self) -> u64 {
        self.steps.len() as u64
    }

    fn tip(&self) -> Option<ObjectId> {
        self.steps.last().map(|(_, commit)| *commit)
    }

    /// The event at a place, from 1 on.
    fn event(&self, count: u64) -> Option<EventId> {
        let index = usize::try_from(count.checked_sub(1)?).ok()?;
        self.steps.get(index).map(|(event, _)| *event)
    }

    fn holds_event(&self, event: &EventId) -> bool {
        self.steps.iter().any(|(held, _)| held == event)
    }

    fn holds_commit(&self, commit: ObjectId) -> bool {
        self.steps.iter().any(|(_, held)| *held == commit)
    }

    /// How many events both have.
    fn shared_count(&self, other: &Branch) -> u64 {
        let pairs = self.steps.iter().zip(&other.steps);
        pairs.take_while(|(left, right)| left == right).count() as u64
    }

    /// What governance says of it beyond the first `shared_count` events: whether a version names one of them, and the
    /// first version that names another event in the place of one.
    fn standing(&self, cuts: &JournalCuts, shared_count: u64) -> BranchStanding {
        let mut standing = BranchStanding::default();
        for (version, count, named) in cuts.names() {
            if count <= shared_count {
                continue;
            }
            match self.event(count) {
                Some(event) if event == named => standing.is_named = true,
                Some(_) => {
                    let first = standing.contradicted_by.unwrap_or(version);
                    standing.contradicted_by = Some(first.min(version));
                }
                None => {}
            }
        }
        standing
    }
}

/// What governance says of a branch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BranchStanding {
    pub(crate) is_named: bool,
    pub(crate) contradicted_by: Option<u64>,
}

impl BranchStanding {
    fn is_chosen(self) -> bool {
        self.is_named && self.contradicted_by.is_none()
    }
}

/// Two branches of a journal: the one its ref holds, and one that came from elsewhere.
pub(crate) struct Fork {
    pub(crate) ours: Branch,
    pub(crate) theirs: Branch,
    /// Events that both have.
    pub(crate) shared_count: u64,
}

/// What governance says of a fork.
pub(crate) enum ForkVerdict {
    /// Nothing yet.
    Open,
    /// The branch that came is not the one that counts; the version that says so.
    TheirsRefused(u64),
    /// The branch that came is the one that counts.
    TheirsChosen,
}

impl Fork {
    pub(crate) fn read(repository: &Repository, ours: ObjectId, theirs: ObjectId) -> Outcome<Fork> {
        let ours = Branch::read(repository, ours)?;
        let theirs = Branch::read(repository, theirs)?;
        let shared_count = ours.shared_count(&theirs);
        Ok(Fork {
            ours,
            theirs,
            shared_count,
        })
    }

    pub(crate) fn judge(&self, cuts: &JournalCuts) -> ForkVerdict {
        let is_later = |one: &JournalChoice| one.count > self.shared_count;
        if !cuts.choices().iter().any(is_later) {
            return ForkVerdict::Open;
        }
        let ours = self.ours.standing(cuts, self.shared_count);
        let theirs = self.theirs.standing(cuts, self.shared_count);
        match theirs.contradicted_by {
            Some(version) => ForkVerdict::TheirsRefused(version),
            None if ours.contradicted_by.is_some() && theirs.is_chosen() => {
                ForkVerdict::TheirsChosen
            }
            None => ForkVerdict::Open,
        }
    }
}

/// A journal that goes on after governance chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettledJournal {
    /// Which.
    pub journal: JournalName,
    /// Whether its ref was put on another branch than the one it held.
    pub was_replaced: bool,
}

impl Node {
    /// The operation that chooses the branch with this event, of a journal that stands still here.
    ///
    /// # Errors
    /// `UNKNOWN_EVENT` when no such branch is in quarantine or both have the event, `BAD_GOVERNANCE` when governance
    /// accepted the other branch already, `EPOCH_BROKEN` when an anchor here seals it.
    pub fn prepare_choice(&self, event: &EventId) -> Outcome<ChangeOperation> {
        let (open, chosen, other) = self.find_branches(event)?;
        let shared_count = chosen.shared_count(&other);
        let chain = self.governance()?;
        let standing = chosen.standing(&chain.cuts_of(&open.journal), shared_count);
        if let Some(version) = standing.contradicted_by {
            return Err(Fault::new(
                ErrorCode::BadGovernance,
                open.journal.short(),
                format!("governance version {version} accepted an event of the other branch"),
            )
            .with_hint(
                "choose the other branch; facts of this one are written again with a live key",
            ));
        }
        self.refuse_to_leave_sealed(&open.journal, &chosen)?;
        let count = shared_count + 1;
        let first = chosen
            .event(count)
            .ok_or_else(|| unknown_branch(event, "no branch of its own begins with it"))?;
        Ok(ChangeOperation::JournalChoose {
            journal: open.journal,
            count,
            event: first,
        })
    }

    /// The equivocation that a branch with this event belongs to: that branch, and the other one.
    fn find_branches(&self, event: &EventId) -> Outcome<(OpenEquivocation, Branch, Branch)> {
        let mut is_shared = false;
        for open in quarantine::open_equivocations(self.repository())? {
            let [low, high] = open.tips[..] else { continue };
            let low = Branch::read(self.repository(), low)?;
            let high = Branch::read(self.repository(), high)?;
            match (low.holds_event(event), high.holds_event(event)) {
                (true, false) => return Ok((open, low, high)),
                (false, true) => return Ok((open, high, low)),
                (true, true) => is_shared = true,
                (false, false) => {}
            }
        }
        Err(unknown_branch(
            event,
            match is_shared {
                true => "both branches have this event: name one that only the good branch has",
                false => "no journal stands still here because of a branch with this event",
            },
        ))
    }

    /// The last event of the chosen branch: up to there events count that name older versions.
    pub(crate) fn chosen_heads(&self, operations: &[ChangeOperation]) -> Outcome<Vec<CutEntry>> {
        let mut heads = Vec::new();
        for operation in operations {
            let ChangeOperation::JournalChoose {
                journal,
                count,
                event,
            } = operation
            else {
                continue;
            };
            let (open, chosen, _) = self.find_branches(event)?;
            if open.journal != *journal || chosen.event(*count) != Some(*event) {
                return Err(unknown_branch(event, "it stands elsewhere in its journal"));
            }
            let count = chosen.count();
            if let Some(event) = chosen.event(count) {
                heads.push(CutEntry {
                    journal: open.journal,
                    count,
                    event,
                });
            }
        }
        Ok(heads)
    }

    /// Goes on with every journal of which governance chose a branch that is here.
    ///
    /// # Errors
    /// What the disk said.
    pub(crate) fn settle_journals(
        &self,
        writer: &Writer,
        chain: &Chain,
    ) -> Outcome<Vec<SettledJournal>> {
        let mut settled = Vec::new();
        if chain.chosen_journals().next().is_none() {
            return Ok(settled);
        }
        for open in quarantine::open_equivocations(self.repository())? {
            let cuts = chain.cuts_of(&open.journal);
            if cuts.choices().is_empty() {
                continue;
            }
            let [low, high] = open.tips[..] else { continue };
            let low = Branch::read(self.repository(), low)?;
            let high = Branch::read(self.repository(), high)?;
            let shared_count = low.shared_count(&high);
            let is_chosen = |branch: &&Branch| branch.standing(&cuts, shared_count).is_chosen();
            let Some(chosen) = [&low, &high].into_iter().find(is_chosen) else {
                continue;
            };
            let was_replaced = match self.go_on_with(writer, &open.journal, chosen) {
                // It goes on standing still; nothing else of the repository does.
                Err(fault) if fault.code == ErrorCode::EpochBroken => continue,
                outcome => outcome?,
            };
            quarantine::note_settled(self.repository(), &open)?;
            writer.forget(&open.journal);
            settled.push(SettledJournal {
                journal: open.journal,
                was_replaced,
            });
        }
        Ok(settled)
    }

    /// Refuses to go on with a branch that governance did not choose: nobody would take its events.
    pub(crate) fn refuse_left_branch(&self, chain: &Chain, journal: &JournalName) -> Outcome<()> {
        let cuts = chain.cuts_of(journal);
        if cuts.choices().is_empty() {
            return Ok(());
        }
        let tip = refs::read(self.repository(), &journal.ref_name())?;
        let admission = GovernedAdmission::new(Arc::new(chain.clone()));
        let view = gatos_ledger::reading::view(self.repository(), journal, tip, &admission)?;
        for (version, count, named) in cuts.names() {
            if view.step(count)?.is_some_and(|step| step.id != named) {
                return Err(other_branch(journal, version).with_hint(
                    "fetch the chosen branch (`gatos sync REMOTE`), or go on with another key",
                ));
            }
        }
        Ok(())
    }

    /// Puts a journal's ref on the chosen branch, unless it holds it; says whether another one was left for it.
    pub(crate) fn go_on_with(
        &self,
        writer: &Writer,
        journal: &JournalName,
        chosen: &Branch,
    ) -> Outcome<bool> {
        let ours = refs::read(self.repository(), &journal.ref_name())?;
        let (Some(tip), Some(ours)) = (chosen.tip(), ours) else {
            return Ok(false);
        };
        if chosen.holds_commit(ours) {
            if ours != tip {
                writer.move_refs(&[RefChange {
                    name: journal.ref_name(),
                    expected: Some(ours),
                    new: tip,
                }])?;
            }
            return Ok(false);
        }
        let left = Branch::read(self.repository(), ours)?;
        if left.shared_count(chosen) == chosen.count() {
            // What stands here goes on from the branch that was pinned.
            return Ok(false);
        }
        self.refuse_to_leave_sealed(journal, chosen)?;
        writer.replace_branch(journal, (ours, tip), left.shared_count(chosen))?;
        Ok(true)
    }

    /// An anchor of ours that names an event which a branch does not have would be broken by going on with it.
    fn refuse_to_leave_sealed(&self, journal: &JournalName, chosen: &Branch) -> Outcome<()> {
        let Some(sealed) = self.newest_anchor(&journal.ns)? else {
            return Ok(());
        };
        let Some(head) = sealed.anchor.heads.get(&journal.short()) else {
            return Ok(());
        };
        if chosen.event(head.count) == Some(head.event) {
            return Ok(());
        }
        Err(Fault::new(
            ErrorCode::EpochBroken,
            journal.short(),
            format!(
                "the anchor of epoch {} seals event `{}` of the other branch",
                sealed.anchor.epoch, head.event
            ),
        )
        .with_hint("choose the branch that is sealed; facts of the other one are written again"))
    }

    /// Computes anew every state that holds events of a branch that was left.
    pub(crate) fn renew_states(&self) -> Outcome<()> {
        for ns in self.state_namespaces()? {
            let Some(head) = self.checkpoint_head(&ns)? else {
                continue;
            };
            if !self.stands_on_chosen_branches(head)? {
                self.fold_run(&ns, &mut |_| {})?;
            }
        }
        Ok(())
    }

    /// The newest checkpoint, from `head` back, that holds no event of a branch governance did not choose.
    pub(crate) fn newest_standing_checkpoint(
        &self,
        head: Option<ObjectId>,
    ) -> Outcome<Option<ObjectId>> {
        let mut next = head;
        while let Some(commit) = next {
            if self.stands_on_chosen_branches(commit)? {
                return Ok(Some(commit));
            }
            next = self.parents_of(commit)?.first().copied();
        }
        Ok(None)
    }

    fn stands_on_chosen_branches(&self, checkpoint: ObjectId) -> Outcome<bool> {
        let chain = self.governance()?;
        if chain.chosen_journals().next().is_none() {
            return Ok(true);
        }
        let Ok(read) = self.read_checkpoint(checkpoint) else {
            // What cannot be read is judged where it is used.
            return Ok(true);
        };
        for journal in chain.chosen_journals() {
            let Some(mark) = read.checkpoint.window.heads.get(&journal.short()) else {
                continue;
            };
            let chosen = chain.cuts_of(journal);
            if !chosen.choices().iter().any(|one| one.count <= mark.count) {
                continue;
            }
            let Some(tip) = refs::read(self.repository(), &journal.ref_name())? else {
                return Ok(false);
            };
            if Branch::read(self.repository(), tip)?.event(mark.count) != Some(mark.event) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether a journal as it stands at `tip` is the one that a version chose.
///
/// # Errors
/// `EQUIVOCATION` when another event stands where governance names one.
pub(crate) fn check_chosen(
    repository: &Repository,
    journal: &JournalName,
    tip: ObjectId,
    cuts: &JournalCuts,
) -> Outcome<()> {
    let branch = Branch::read(repository, tip)?;
    match branch.standing(cuts, 0).contradicted_by {
        None => Ok(()),
        Some(version) => Err(other_branch(journal, version).with_hint(
            "nothing that was let in is rewritten: choose the branch that stands here, or revoke its key (`gatos trust revoke`)",
        )),
    }
}

fn other_branch(journal: &JournalName, version: u64) -> Fault {
    Fault::new(
        ErrorCode::Equivocation,
        journal.short(),
        format!(
            "governance version {version} names an event of another branch than the one that stands here"
        ),
    )
}

fn unknown_branch(event: &EventId, reason: &str) -> Fault {
    Fault::new(ErrorCode::UnknownEvent, event.to_string(), reason).with_hint(
        "`gatos doctor` lists what is in quarantine; `gatos sync REMOTE` brings a branch that is elsewhere",
    )
}
