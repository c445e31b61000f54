//! Columns on their way: taken out of a world for a query, visited in order, given back.
//!
//! What is here belongs to whoever runs the query, so a job on another thread can have it, and a query can be cut into
//! blocks for several jobs. Tests: `tests/it/query.rs`, `tests/it/schedule.rs`.

use super::data::{Matched, Source};
use super::filter::RowMask;
use super::{Plan, QueryData, QueryFilter, ReadData};
use crate::archetype::Archetype;
use crate::stamp::Stamp;
use crate::state::State;
use alloc::vec::Vec;

/// The columns a query took out of a world, to be visited and given back.
pub(crate) struct Fetch<D: QueryData> {
    parts: Vec<Part<D>>,
}

/// The columns of one archetype.
struct Part<D: QueryData> {
    archetype: u32,
    places: D::Places,
    fetched: D::Fetched,
    visit: Visit,
}

/// Which rows of an archetype are visited.
enum Visit {
    /// All rows: the number of rows of each block.
    All { block_rows: usize, len: usize },
    /// Some rows: blocks, and in each the rows.
    Some(Vec<(usize, usize, RowMask)>),
}

/// Columns of one archetype that go back where they came from in any case, if whoever looks at them panics too.
struct Borrowed<'a, D: QueryData> {
    source: Source<'a>,
    places: D::Places,
    fetched: Option<D::Fetched>,
}

impl<D: QueryData> Drop for Borrowed<'_, D> {
    #[inline]
    fn drop(&mut self) {
        if let Some(fetched) = self.fetched.take() {
            D::give(self.places, fetched, &mut self.source);
        }
    }
}

/// Visits all rows of a plan in order, one archetype after the other, without taking all columns out first. Rows given out
/// for writing get the stamp.
pub(crate) fn visit_all<D: QueryData, F: QueryFilter>(
    plan: &mut Plan<D, F>,
    state: &mut State,
    since: Stamp,
    stamp: Stamp,
    mut visit: impl FnMut(D::Item<'_>),
) {
    plan.update(state);
    for (index, places) in &plan.matched {
        let archetype = state.archetype(*index);
        if archetype.len() == 0 {
            continue;
        }
        let rows = visit_of::<F>(&plan.filter, archetype, since);
        if rows.is_empty() {
            continue;
        }
        let mut source = Source::of::<D>(state, *index);
        let fetched = D::take(*places, &mut source);
        let mut borrowed = Borrowed::<D> {
            source,
            places: *places,
            fetched: Some(fetched),
        };
        if let Some(fetched) = &mut borrowed.fetched {
            visit_part::<D>(fetched, &rows, stamp, &mut visit);
        }
    }
}

impl<D: QueryData> Fetch<D> {
    /// Takes the columns of every matching archetype; rows that changed up to `since` are none of a filter's business.
    pub(crate) fn take<F: QueryFilter>(
        plan: &mut Plan<D, F>,
        state: &mut State,
        since: Stamp,
    ) -> Fetch<D> {
        plan.update(state);
        let mut parts = Vec::with_capacity(plan.matched.len());
        for (index, places) in &plan.matched {
            let archetype = state.archetype(*index);
            if archetype.len() == 0 {
                continue;
            }
            let visit = visit_of::<F>(&plan.filter, archetype, since);
            if visit.is_empty() {
                continue;
            }
            parts.push(Part {
                archetype: *index,
                places: *places,
                fetched: D::take(*places, &mut Source::of::<D>(state, *index)),
                visit,
            });
        }
        Fetch { parts }
    }

    /// Shares the columns of every matching archetype of a world that is only read.
    pub(crate) fn lend<F: QueryFilter>(
        plan: &mut Plan<D, F>,
        state: &State,
        since: Stamp,
    ) -> Fetch<D>
    where
        D: ReadData,
    {
        plan.update(state);
        let mut parts = Vec::with_capacity(plan.matched.len());
        for (index, places) in &plan.matched {
            let archetype = state.archetype(*index);
            if archetype.len() == 0 {
                continue;
            }
            parts.push(Part {
                archetype: *index,
                places: *places,
                fetched: D::take(*places, &mut Source::Shared(Matched(archetype))),
                visit: visit_of::<F>(&plan.filter, archetype, since),
            });
        }
        Fetch { parts }
    }

    /// Gives the columns back.
    pub(crate) fn give(self, state: &mut State) {
        if !D::WRITES {
            return;
        }
        for part in self.parts {
            let mut source = Source::of::<D>(state, part.archetype);
            D::give(part.places, part.fetched, &mut source);
        }
    }

    /// Cuts everything into blocks, in order. [`Fetch::join`] wants them back in the same order.
    pub(crate) fn split(&mut self) -> Vec<BlockPart<D>> {
        let mut blocks = Vec::new();
        for part in &mut self.parts {
            match &mut part.visit {
                Visit::All { block_rows, len } => {
                    for block in 0..len.div_ceil(*block_rows) {
                        blocks.push(BlockPart {
                            rows: (*block_rows).min(*len - block * *block_rows),
                            mask: None,
                            fetched: D::split(&mut part.fetched, block),
                        });
                    }
                }
                Visit::Some(list) => {
                    for (block, rows, mask) in list {
                        blocks.push(BlockPart {
                            rows: *rows,
                            mask: Some(core::mem::replace(mask, RowMask::all(0))),
                            fetched: D::split(&mut part.fetched, *block),
                        });
                    }
                }
            }
        }
        blocks
    }

    /// Puts the blocks back.
    pub(crate) fn join(&mut self, blocks: impl IntoIterator<Item = BlockPart<D>>) {
        let mut blocks = blocks.into_iter();
        for part in &mut self.parts {
            let numbers: Vec<usize> = match &part.visit {
                Visit::All { block_rows, len } => (0..len.div_ceil(*block_rows)).collect(),
                Visit::Some(list) => list.iter().map(|(block, _, _)| *block).collect(),
            };
            for (number, block) in numbers.into_iter().zip(&mut blocks) {
                D::join(&mut part.fetched, block.fetched, number);
            }
        }
    }

    /// How many rows are visited.
    pub(crate) fn count(&self) -> usize {
        let rows = |part: &Part<D>| match &part.visit {
            Visit::All { len, .. } => *len,
            Visit::Some(blocks) => blocks.iter().map(|(_, _, mask)| mask.count()).sum(),
        };
        self.parts.iter().map(rows).sum()
    }

    /// Calls `visit` for every row, in order. Rows given out for writing get the stamp.
    pub(crate) fn for_each(&mut self, stamp: Stamp, mut visit: impl FnMut(D::Item<'_>)) {
        for part in &mut self.parts {
            visit_part::<D>(&mut part.fetched, &part.visit, stamp, &mut visit);
        }
    }
}

impl Visit {
    #[inline]
    fn is_empty(&self) -> bool {
        matches!(self, Visit::Some(blocks) if blocks.is_empty())
    }
}

/// Visits rows of one archetype.
#[inline]
fn visit_part<D: QueryData>(
    fetched: &mut D::Fetched,
    rows: &Visit,
    stamp: Stamp,
    mut visit: impl FnMut(D::Item<'_>),
) {
    let mut open = D::open(fetched);
    match rows {
        Visit::All { block_rows, len } => {
            let (mut block, mut left) = (0, *len);
            while left > 0 {
                let rows = left.min(*block_rows);
                visit_block::<D>(&mut open, block, rows, None, stamp, &mut visit);
                block += 1;
                left -= rows;
            }
        }
        Visit::Some(blocks) => {
            for (block, rows, mask) in blocks {
                visit_block::<D>(&mut open, *block, *rows, Some(mask), stamp, &mut visit);
            }
        }
    }
}

/// One block of a query, for a job of its own.
pub(crate) struct BlockPart<D: QueryData> {
    rows: usize,
    /// The rows that are visited, where not all are.
    mask: Option<RowMask>,
    fetched: D::Fetched,
}

impl<D: QueryData> BlockPart<D> {
    /// As [`Fetch::for_each`].
    pub(crate) fn for_each(&mut self, stamp: Stamp, visit: impl FnMut(D::Item<'_>)) {
        let mut open = D::open(&mut self.fetched);
        visit_block::<D>(&mut open, 0, self.rows, self.mask.as_ref(), stamp, visit);
    }
}

/// Visits the rows of one block. Rows given out for writing get the stamp.
#[inline]
fn visit_block<D: QueryData>(
    open: &mut D::Open<'_>,
    block: usize,
    rows: usize,
    mask: Option<&RowMask>,
    stamp: Stamp,
    mut visit: impl FnMut(D::Item<'_>),
) {
    let mut view = D::view(open, block, rows);
    match mask {
        None => {
            D::mark_all(&mut view, stamp);
            for row in 0..rows {
                visit(D::item(&mut view, row));
            }
        }
        Some(mask) => mask.for_each(|row| {
            D::mark(&mut view, row, stamp);
            visit(D::item(&mut view, row));
        }),
    }
}

fn visit_of<F: QueryFilter>(ids: &F::Ids, archetype: &Archetype, since: Stamp) -> Visit {
    if !F::BY_ROW {
        return Visit::All {
            block_rows: archetype.block_start(1),
            len: archetype.len(),
        };
    }
    let mut blocks = Vec::new();
    let matched = Matched(archetype);
    for block in 0..archetype.block_count() {
        let rows = archetype.block_len(block);
        if !F::may_keep(ids, &matched, block, since) {
            continue;
        }
        let mut mask = RowMask::all(rows);
        F::keep(ids, &matched, block, since, &mut mask);
        if mask.count() > 0 {
            blocks.push((block, rows, mask));
        }
    }
    Visit::Some(blocks)
}
