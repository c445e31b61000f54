//! Cuts at work: which events of a journal a newer governance version no longer lets count.
//!
//! What is stale is governance's word ([`JournalCuts`]); here journals are walked by it. A stale event stays in its
//! journal, for journals are never rewritten, but no fold takes it. A journal of a key that is gone takes none.
//!
//! INVARIANT: what counts at a governance version depends on the journals and the chain up to that version.
//! Tests: ../tests/it/trust.rs.

use std::collections::HashMap;
use std::sync::Mutex;

use gatos_ledger::reading::JournalView;
use gatos_ledger::{Admission, Refusal, Repository, refs, walk};
use gatos_policy::governance::{Chain, CutEntry, JournalCut, JournalCuts};
use gatos_values::{ErrorCode, EventId, JournalName, SealedEvent};

use crate::append::lock;
use crate::fault::{Fault, Outcome};
use crate::node::GovernedAdmission;

/// An admission that remembers which version each event named, for journals that were cut.
pub(crate) struct Recorded<'a> {
    inner: &'a dyn Admission,
    versions: Mutex<HashMap<EventId, u64>>,
}

impl<'a> Recorded<'a> {
    pub(crate) fn new(inner: &'a dyn Admission) -> Recorded<'a> {
        Recorded {
            inner,
            versions: Mutex::new(HashMap::new()),
        }
    }
}

impl Admission for Recorded<'_> {
    fn admit(&self, event: &SealedEvent) -> Result<u64, Refusal> {
        let version = self.inner.admit(event)?;
        lock(&self.versions).insert(event.id(), version);
        Ok(version)
    }
}

/// How many events of a walked stretch are stale, and the first of them with the version that made it so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Staleness {
    pub(crate) count: u64,
    first: Option<(u64, EventId, u64)>,
}

/// Judges a stretch of a journal, newest event first, whose oldest event stands at `first_position`.
///
/// # Errors
/// `EQUIVOCATION` when a cut names another event at a place of the stretch.
pub(crate) fn judge_stretch(
    journal: &JournalName,
    cuts: &JournalCuts,
    recorded: &Recorded<'_>,
    first_position: u64,
    steps: &[walk::Step],
) -> Outcome<Staleness> {
    let versions = lock(&recorded.versions);
    let mut found = Staleness::default();
    for (step, position) in steps.iter().rev().zip(first_position..) {
        if let Some(version) = cuts.contradicts(position, &step.id) {
            return Err(contradicted(journal, position, version));
        }
        let named = versions.get(&step.id).copied().unwrap_or(0);
        if let Some(version) = cuts.stale_since(position, named) {
            found.count += 1;
            found.first.get_or_insert((position, step.id, version));
        }
    }
    Ok(found)
}

/// Refuses stale events that arrive for a key that is gone: a thief's, for its owner has no way to sign on.
///
/// # Errors
/// `STALE_GOV` naming the first of them.
pub(crate) fn check_arrival(
    journal: &JournalName,
    chain: &Chain,
    staleness: Staleness,
) -> Outcome<()> {
    let Some((position, event, version)) = staleness.first else {
        return Ok(());
    };
    if chain.key_at(&journal.key, chain.version()).is_some() {
        return Ok(());
    }
    Err(Fault::new(
        ErrorCode::StaleGov,
        journal.short(),
        format!(
            "event `{event}`, number {position} of its journal, names an older governance version, but version {version} revoked its key and cut the journal before it; the journal was not moved"
        ),
    )
    .with_hint("if the event is good, its author appends it again with a live key"))
}

/// Checks that every journal is the one that governance accepted, as far as the views reach.
///
/// # Errors
/// `EQUIVOCATION`.
pub(crate) fn check_views(views: &[JournalView], cuts: &[JournalCuts]) -> Outcome<()> {
    for (view, cuts) in views.iter().zip(cuts) {
        for JournalCut {
            version,
            count,
            event,
        } in cuts.cuts()
        {
            if let (Some(event), Some(step)) = (event, view.step(*count)?)
                && step.id != *event
            {
                return Err(contradicted(view.journal(), *count, *version));
            }
        }
    }
    Ok(())
}

fn contradicted(journal: &JournalName, position: u64, version: u64) -> Fault {
    Fault::new(
        ErrorCode::Equivocation,
        journal.short(),
        format!(
            "event number {position} is another one than governance version {version} accepted at this place"
        ),
    )
    .with_hint("fetch the journal from a clone that the governors trust")
}

/// Where every journal stands now: what a cut keeps when nothing is left out.
pub(crate) fn journal_heads(repository: &Repository, chain: &Chain) -> Outcome<Vec<CutEntry>> {
    let admission = GovernedAdmission::new(std::sync::Arc::new(chain.clone()));
    let mut entries = Vec::new();
    for (name, tip) in refs::list(repository, "refs/gatos/journal/")? {
        let Ok(journal) = JournalName::parse_ref(&name) else {
            continue;
        };
        let view = gatos_ledger::reading::view(repository, &journal, Some(tip), &admission)?;
        let count = view.count();
        if let Some(step) = view.step(count)? {
            entries.push(CutEntry {
                journal,
                count,
                event: step.id,
            });
        }
    }
    Ok(entries)
}
