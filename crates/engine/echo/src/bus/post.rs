//! What a system or handler emits, until it is handed in.
//!
//! The first few drafts are a list. Of many, those for one lane and tick are put at once into the batches that will wait
//! there, so that handing in thousands touches none of them. Where that does not pay they become a list in their
//! order again.
//!
//! INVARIANT: drafts are numbered in the order in which they were emitted.
//! Tests: `post/tests.rs`, with one draft at a time as slow twin.

#[cfg(test)]
mod tests;

use super::batch::Batch;
use super::draft::Draft;
use super::envelope::Lane;
use crate::schedule::Phase;
use alloc::vec::Vec;

/// What a system or handler emits, in order.
#[derive(Debug, Default)]
pub struct Post {
    /// The first ones.
    list: Vec<Draft>,
    /// Whether all go to the list.
    is_listed: bool,
    /// Those behind them, numbered from 0; all are simple.
    runs: Vec<Run>,
    /// The run that the last one of each phase and lane went to.
    last_runs: [[u8; Lane::ALL.len()]; Phase::ALL.len()],
    /// How many are in runs.
    run_count: u64,
    at_once: Vec<Draft>,
}

/// Drafts for one lane with one delay.
#[derive(Debug)]
pub(super) struct Run {
    pub phase: Phase,
    pub lane: Lane,
    pub after_ticks: u64,
    /// None is empty.
    pub batches: Vec<Batch>,
}

/// Where a draft goes: phase, lane and delay.
type Place = (Phase, Lane, u64);

impl Run {
    #[inline]
    fn is_at(&self, place: Place) -> bool {
        (self.phase, self.lane, self.after_ticks) == place
    }

    /// What is in it as it was emitted, with its numbers.
    fn into_numbered(self) -> impl Iterator<Item = (u64, Draft)> {
        let after = self.after_ticks;
        let drafts = self.batches.into_iter().flat_map(Batch::into_unsealed);
        drafts.map(move |(number, draft)| (number, draft.after_ticks(after)))
    }
}

impl Post {
    /// So many are a list in any case.
    const LIST_LEN: usize = 16;
    /// With more lanes and delays than this all are a list.
    const RUNS_MAX: usize = 32;

    /// Emits an envelope. It is sealed when the phase or the handler ends.
    // Nothing in here hands the draft to a function that is called: so it never has an address before it lies where it
    // stays, and is not written and read again on the way, which takes longer than all the rest.
    #[inline(always)]
    pub fn emit(&mut self, draft: Draft) {
        let place = (draft.phase, draft.lane, draft.after_ticks);
        let is_simple = draft.is_simple();
        if self.open_batch(place, is_simple).is_none() {
            self.prepare(place, is_simple);
        }
        let number = self.run_count;
        match self.open_batch(place, is_simple) {
            Some(batch) => {
                batch.push_unsealed(number, draft.without_delay());
                self.run_count += 1;
            }
            None => self.list.push(draft),
        }
    }

    /// The batch that the next draft goes to, if it has room.
    #[inline(always)]
    fn open_batch(&mut self, place: Place, is_simple: bool) -> Option<&mut Batch> {
        if !is_simple || self.is_listed {
            return None;
        }
        let last = self.last_runs[place.0 as usize][place.1 as usize];
        let run = self.runs.get_mut(usize::from(last))?;
        let batch = run.batches.last_mut()?;
        let is_open = run.phase == place.0 && run.lane == place.1 && run.after_ticks == place.2;
        (is_open && batch.is_open_for(self.run_count)).then_some(batch)
    }

    /// Makes room for the next draft: in the list, or in a batch of its run.
    #[inline(never)]
    fn prepare(&mut self, place: Place, is_simple: bool) {
        if self.list.len() < Post::LIST_LEN || self.is_listed {
            return self.list.reserve(1);
        }
        let found = self.runs.iter().position(|run| run.is_at(place));
        if !is_simple || found.is_none() && self.runs.len() == Post::RUNS_MAX {
            // From now on all go to the list.
            self.unroll();
            self.is_listed = true;
            return self.list.reserve(1);
        }
        let index = found.unwrap_or(self.runs.len());
        // There are few.
        self.last_runs[place.0 as usize][place.1 as usize] = index as u8;
        if found.is_none() {
            let (phase, lane, after_ticks) = place;
            self.runs.push(Run {
                phase,
                lane,
                after_ticks,
                batches: Vec::new(),
            });
        }
        let batches = &mut self.runs[index].batches;
        let last = batches.last();
        if !last.is_some_and(|last| last.is_open_for(self.run_count)) {
            batches.push(Batch::with_room(Batch::LEN_MAX));
        }
    }

    /// Makes a list of what is in runs.
    fn unroll(&mut self) {
        if self.run_count == 0 {
            return;
        }
        self.run_count = 0;
        let runs = core::mem::take(&mut self.runs).into_iter();
        let mut numbered: Vec<(u64, Draft)> = runs.flat_map(Run::into_numbered).collect();
        numbered.sort_unstable_by_key(|(number, _)| *number);
        self.list
            .extend(numbered.into_iter().map(|(_, draft)| draft));
    }

    /// Emits an envelope to be delivered before the next one that waits. Handlers may, if its kind is on the list and the
    /// tick's budget is not used up; a system may not.
    pub fn emit_now(&mut self, draft: Draft) {
        self.at_once.push(draft);
    }

    /// Whether nothing was emitted.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && self.at_once.is_empty()
    }

    /// What is to be delivered at once.
    pub(super) fn at_once(&self) -> &[Draft] {
        &self.at_once
    }

    pub(super) fn take_at_once(&mut self) -> Vec<Draft> {
        core::mem::take(&mut self.at_once)
    }

    /// How many are to wait.
    pub(super) const fn len(&self) -> u64 {
        self.list.len() as u64 + self.run_count
    }

    /// What is behind the list, by lane and delay.
    pub(super) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// All that is to wait, in order.
    pub(super) fn into_list(mut self) -> Vec<Draft> {
        self.unroll();
        self.list
    }

    /// The first drafts, the others by lane and delay, and how many those are.
    pub(super) fn into_runs(self) -> (Vec<Draft>, Vec<Run>, u64) {
        (self.list, self.runs, self.run_count)
    }
}
