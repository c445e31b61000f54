//! Columns: one component of one archetype, in blocks that forks share until one of them writes.
//!
//! A block holds a fixed number of rows, a power of two; a page holds up to [`PAGE_BLOCKS`] blocks; only the last
//! block and the last page may be short. Each block and page carries its digest until somebody writes below it, so that
//! a world's hash costs what was touched. Which rows belong together is `archetype`'s work.
//!
//! INVARIANT 1: a row that is visible in one fork never changes because another fork wrote.
//! INVARIANT 2: a digest that is there is the digest of the bytes below it.
//! Bytes: `docs/formats/world.md`. Tests: `tests/it/hash.rs`, `tests/it/twin.rs`.

mod erased;
mod pages;
mod rows;

pub(crate) use erased::{AnyColumn, unique};
pub(crate) use rows::{RecordRows, Rows};

use crate::hash::{self, Tag};
use crate::shared::Shared;
use crate::snapshot::Reader;
use crate::stamp::{Stamp, Stamps};
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// Most blocks in a page.
pub(crate) const PAGE_BLOCKS: usize = 32;

/// Rows that leave an archetype one after the other, the last row filling each gap, all at once.
pub(crate) struct Departure {
    /// The rows that leave, in their order, by the numbers they had before the first one left.
    pub rows: Vec<u32>,
    /// Gaps with the row that fills each in the end, by the numbers from before; gaps rise.
    pub fills: Vec<(u32, u32)>,
    /// Rows that are left.
    pub len: usize,
}

/// Rows with their stamps. [`Shared::make_mut`] copies one as a whole when another fork holds it too.
pub(crate) struct Block<S> {
    pub rows: S,
    pub added: Stamps,
    pub changed: Stamps,
}

impl<S: Rows> Clone for Block<S> {
    fn clone(&self) -> Block<S> {
        Block {
            rows: self.rows.copy(),
            added: self.added.clone(),
            changed: self.changed.clone(),
        }
    }
}

impl<S: Rows> Block<S> {
    fn empty(layout: &S::Layout) -> Block<S> {
        Block {
            rows: S::empty(layout),
            added: Stamps::default(),
            changed: Stamps::default(),
        }
    }

    /// Takes the last of `len` rows with its stamps.
    #[inline]
    fn pop(&mut self, len: usize) -> (S::Row, Stamp, Stamp) {
        let (added, changed) = (self.added.pop(len), self.changed.pop(len));
        (self.rows.pop(), added, changed)
    }

    /// Puts a row with its stamps in the place of another one.
    #[inline]
    fn replace(
        &mut self,
        place: usize,
        (row, added, changed): (S::Row, Stamp, Stamp),
    ) -> (S::Row, Stamp, Stamp) {
        let len = self.rows.len();
        let old = (self.added.get(place), self.changed.get(place));
        self.added.set(place, len, added);
        self.changed.set(place, len, changed);
        (self.rows.replace(place, row), old.0, old.1)
    }

    /// Appends stamps and rows in canonical bytes.
    fn encode(&self, output: &mut Vec<u8>) {
        let len = self.rows.len();
        self.added.encode(len, output);
        self.changed.encode(len, output);
        let start = output.len();
        output.resize(start + len * self.rows.row_size(), 0);
        if !self.rows.encode_settled(&mut output[start..]) {
            output.truncate(start);
            self.rows.encode(output);
        }
    }
}

/// Room for the bytes that are hashed, kept from block to block.
#[derive(Default)]
pub(crate) struct Scratch {
    head: Vec<u8>,
    bytes: Vec<u8>,
}

/// Blocks by level: few have no page of their own, so that small columns pay for one owner and not for three.
enum Blocks<S> {
    /// At most one block, which is shared when the column is. Whoever writes to the column writes to it.
    One(Option<Block<S>>),
    /// Up to [`PAGE_BLOCKS`] blocks.
    Few(Vec<BlockSlot<S>>),
    /// Pages, all full but the last.
    Many(Vec<PageSlot<S>>),
}

struct BlockSlot<S> {
    block: Shared<Block<S>>,
    digest: Option<Blake3Digest>,
}

struct PageSlot<S> {
    blocks: Shared<Vec<BlockSlot<S>>>,
    digest: Option<Blake3Digest>,
}

impl<S> BlockSlot<S> {
    fn new(block: Block<S>) -> BlockSlot<S> {
        BlockSlot {
            block: Shared::new(block),
            digest: None,
        }
    }
}

impl<S> Clone for BlockSlot<S> {
    fn clone(&self) -> BlockSlot<S> {
        BlockSlot {
            block: Shared::clone(&self.block),
            digest: self.digest,
        }
    }
}

impl<S> Clone for PageSlot<S> {
    fn clone(&self) -> PageSlot<S> {
        PageSlot {
            blocks: Shared::clone(&self.blocks),
            digest: self.digest,
        }
    }
}

impl<S: Rows> Clone for Blocks<S> {
    fn clone(&self) -> Blocks<S> {
        match self {
            Blocks::One(block) => Blocks::One(block.clone()),
            Blocks::Few(slots) => Blocks::Few(slots.clone()),
            Blocks::Many(pages) => Blocks::Many(pages.clone()),
        }
    }
}

/// One component of one archetype. `pub` because hidden parts of public traits name it; the module is not.
pub struct Column<S: Rows> {
    layout: S::Layout,
    /// A block holds `1 << shift` rows.
    shift: u32,
    len: usize,
    blocks: Blocks<S>,
    digest: Option<Blake3Digest>,
}

impl<S: Rows> Clone for Column<S> {
    fn clone(&self) -> Column<S> {
        Column {
            layout: self.layout.clone(),
            shift: self.shift,
            len: self.len,
            blocks: self.blocks.clone(),
            digest: self.digest,
        }
    }
}

/// Why a block is there.
const IN_RANGE: &str = "the caller knows how many blocks there are";

impl<S: Rows> Column<S> {
    pub(crate) const fn new(layout: S::Layout, shift: u32) -> Column<S> {
        Column {
            layout,
            shift,
            len: 0,
            blocks: Blocks::One(None),
            digest: None,
        }
    }

    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Rows in a full block.
    #[inline]
    const fn block_rows(&self) -> usize {
        1 << self.shift
    }

    /// The block's number and the row's place in it.
    #[inline]
    const fn place(&self, row: usize) -> (usize, usize) {
        (row >> self.shift, row & (self.block_rows() - 1))
    }

    /// The block with this number.
    #[inline]
    pub(crate) fn block(&self, block: usize) -> &Block<S> {
        match &self.blocks {
            Blocks::One(only) => only.as_ref().expect(IN_RANGE),
            Blocks::Few(slots) => &slots[block].block,
            Blocks::Many(pages) => &pages[block / PAGE_BLOCKS].blocks[block % PAGE_BLOCKS].block,
        }
    }

    /// The block with this number, for writing: nobody else's from now on, and its digests are gone.
    #[inline]
    pub(crate) fn block_mut(&mut self, block: usize) -> &mut Block<S> {
        self.digest = None;
        match &mut self.blocks {
            Blocks::One(only) => only.as_mut().expect(IN_RANGE),
            Blocks::Few(slots) => Shared::make_mut(cleared(&mut slots[block])),
            Blocks::Many(pages) => {
                let page = &mut pages[block / PAGE_BLOCKS];
                page.digest = None;
                let slots = Shared::make_mut(&mut page.blocks);
                Shared::make_mut(cleared(&mut slots[block % PAGE_BLOCKS]))
            }
        }
    }

    /// The last block if it has room, else a new one, with the number of rows it has room for.
    #[inline]
    pub(crate) fn tail_mut(&mut self) -> (&mut Block<S>, usize) {
        let (block, used) = self.place(self.len);
        if used == 0 && self.block_count() == block {
            self.push_block(Block::empty(&self.layout));
        }
        let room = self.block_rows() - used;
        (self.block_mut(block), room)
    }

    /// Notes that rows were appended to the block [`Column::tail_mut`] gave.
    pub(crate) const fn grown(&mut self, count: usize) {
        self.len += count;
    }

    /// Takes the last block away if it has no rows.
    pub(crate) fn trim(&mut self) {
        let (block, used) = self.place(self.len);
        if used == 0 && self.block_count() > block {
            self.pop_block();
        }
    }

    /// Blocks that are there, the one that [`Column::tail_mut`] made for rows to come too.
    pub(crate) fn block_count(&self) -> usize {
        match &self.blocks {
            Blocks::One(only) => usize::from(only.is_some()),
            Blocks::Few(slots) => slots.len(),
            Blocks::Many(pages) => pages.last().map_or(0, |last| {
                (pages.len() - 1) * PAGE_BLOCKS + last.blocks.len()
            }),
        }
    }

    /// Moves a block out into a column of its own, for a job to work on. Until it is put back its place holds a block
    /// without rows.
    pub(crate) fn split(&mut self, block: usize) -> Column<S> {
        let empty = Block::empty(&self.layout);
        let mut part = Column::new(self.layout.clone(), self.shift);
        part.blocks = match &mut self.blocks {
            Blocks::One(only) => Blocks::One(only.replace(empty)),
            _ => {
                let place = self.slot_mut(block).expect(IN_RANGE);
                let slot = core::mem::replace(place, BlockSlot::new(empty));
                Blocks::Few(alloc::vec![slot])
            }
        };
        part.len = part.block(0).rows.len();
        self.digest = None;
        part
    }

    /// Puts a block back that [`Column::split`] took.
    pub(crate) fn join(&mut self, block: usize, part: Column<S>) {
        match (&mut self.blocks, part.blocks) {
            (Blocks::One(only), Blocks::One(back)) => *only = back,
            (_, Blocks::Few(mut back)) => {
                let place = self.slot_mut(block).expect(IN_RANGE);
                *place = back.pop().expect(IN_RANGE);
                place.digest = None;
            }
            _ => unreachable!("a column does not grow while a job has its blocks"),
        }
    }

    /// The owner of a block where blocks have owners of their own, with the digests above gone.
    fn slot_mut(&mut self, block: usize) -> Option<&mut BlockSlot<S>> {
        self.digest = None;
        match &mut self.blocks {
            Blocks::One(_) => None,
            Blocks::Few(slots) => slots.get_mut(block),
            Blocks::Many(pages) => {
                let page = pages.get_mut(block / PAGE_BLOCKS)?;
                page.digest = None;
                Shared::make_mut(&mut page.blocks).get_mut(block % PAGE_BLOCKS)
            }
        }
    }

    fn push_block(&mut self, block: Block<S>) {
        self.digest = None;
        match &mut self.blocks {
            Blocks::One(only) => match only.take() {
                None => *only = Some(block),
                Some(first) => {
                    let slots = [first, block].into_iter().map(BlockSlot::new);
                    self.blocks = Blocks::Few(slots.collect());
                }
            },
            Blocks::Few(slots) if slots.len() < PAGE_BLOCKS => slots.push(BlockSlot::new(block)),
            Blocks::Few(slots) => {
                let first = core::mem::take(slots);
                let pages = [first, alloc::vec![BlockSlot::new(block)]];
                self.blocks = Blocks::Many(pages.into_iter().map(page_of).collect());
            }
            Blocks::Many(pages) => match pages.last_mut() {
                Some(last) if last.blocks.len() < PAGE_BLOCKS => {
                    last.digest = None;
                    Shared::make_mut(&mut last.blocks).push(BlockSlot::new(block));
                }
                _ => pages.push(page_of(alloc::vec![BlockSlot::new(block)])),
            },
        }
    }

    fn pop_block(&mut self) {
        self.digest = None;
        match &mut self.blocks {
            Blocks::One(only) => *only = None,
            Blocks::Few(slots) => {
                slots.pop();
            }
            Blocks::Many(pages) => {
                if let Some(last) = pages.last_mut() {
                    last.digest = None;
                    let slots = Shared::make_mut(&mut last.blocks);
                    slots.pop();
                    if slots.is_empty() {
                        pages.pop();
                    }
                }
            }
        }
        if self.block_count() == 0 {
            self.blocks = Blocks::One(None);
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, row: S::Row, added: Stamp, changed: Stamp) {
        let (block, _) = self.tail_mut();
        let len = block.rows.len();
        block.rows.push(row);
        block.added.push_one(len, added);
        block.changed.push_one(len, changed);
        self.grown(1);
    }

    /// Appends rows with one stamp.
    pub(crate) fn extend(&mut self, rows: &[S::Row], stamp: Stamp)
    where
        S::Row: Clone,
    {
        let mut rest = rows;
        while !rest.is_empty() {
            let (block, room) = self.tail_mut();
            let (now, later) = rest.split_at(room.min(rest.len()));
            let len = block.rows.len();
            for row in now {
                block.rows.push(row.clone());
            }
            block.added.push(len, now.len(), stamp);
            block.changed.push(len, now.len(), stamp);
            self.len += now.len();
            rest = later;
        }
    }

    /// Takes a row out; the last row takes its place.
    #[inline]
    pub(crate) fn swap_remove(&mut self, row: usize) -> (S::Row, Stamp, Stamp) {
        self.len -= 1;
        let (last_block, last_place) = self.place(self.len);
        let (block, place) = self.place(row);
        let is_last = row == self.len;
        let tail = self.block_mut(last_block);
        let moved = tail.pop(last_place + 1);
        let taken = if is_last {
            moved
        } else if block == last_block {
            tail.replace(place, moved)
        } else {
            self.block_mut(block).replace(place, moved)
        };
        if last_place == 0 {
            self.pop_block();
        }
        taken
    }

    /// Appends the rows that leave `source`, in their order.
    pub(crate) fn append(&mut self, source: &Column<S>, rows: &[u32]) {
        let mut rest = rows;
        while !rest.is_empty() {
            let (block, room) = self.tail_mut();
            let (now, later) = rest.split_at(room.min(rest.len()));
            for row in now {
                let (from, place) = source.find(*row as usize);
                let len = block.rows.len();
                block.rows.push_from(&from.rows, place);
                block.added.push_one(len, from.added.get(place));
                block.changed.push_one(len, from.changed.get(place));
            }
            self.len += now.len();
            rest = later;
        }
    }

    /// Closes the gaps of rows that left: last rows into gaps, then the end is cut off.
    pub(crate) fn close(&mut self, departure: &Departure) {
        let shift = self.shift;
        for gaps in departure
            .fills
            .chunk_by(|left, right| left.0 >> shift == right.0 >> shift)
        {
            let movers: Vec<(S::Row, Stamp, Stamp)> = gaps
                .iter()
                .map(|(_, row)| {
                    let (block, place) = self.find(*row as usize);
                    let (added, changed) = (block.added.get(place), block.changed.get(place));
                    (block.rows.row(place), added, changed)
                })
                .collect();
            let (block, _) = self.find_mut(gaps[0].0 as usize);
            let len = block.rows.len();
            for ((gap, _), (row, added, changed)) in gaps.iter().zip(movers) {
                let place = *gap as usize & ((1 << shift) - 1);
                block.rows.replace(place, row);
                block.added.set(place, len, added);
                block.changed.set(place, len, changed);
            }
        }
        self.truncate(departure.len);
    }

    fn truncate(&mut self, len: usize) {
        let (block, used) = self.place(len);
        let kept = block + usize::from(used > 0);
        while self.block_count() > kept {
            self.pop_block();
        }
        if used > 0 && len < self.len {
            let tail = self.block_mut(block);
            tail.rows.truncate(used);
            tail.added.truncate(used);
            tail.changed.truncate(used);
        }
        self.len = len;
    }

    /// The block and place of a row.
    #[inline]
    pub(crate) fn find(&self, row: usize) -> (&Block<S>, usize) {
        let (block, place) = self.place(row);
        (self.block(block), place)
    }

    /// The block and place of a row, for writing.
    #[inline]
    pub(crate) fn find_mut(&mut self, row: usize) -> (&mut Block<S>, usize) {
        let (block, place) = self.place(row);
        (self.block_mut(block), place)
    }

    /// The digest of the column; only what was written to since the last time is read. Floats that are NaN become the
    /// one NaN in the rows too.
    pub(crate) fn root(&mut self, scratch: &mut Scratch) -> Blake3Digest {
        if let Some(digest) = self.digest {
            return digest;
        }
        let mut bytes = hash::start(Tag::Column);
        hash::push_u64(&mut bytes, self.len as u64);
        match &mut self.blocks {
            Blocks::One(None) => {}
            Blocks::One(Some(block)) => {
                let (digest, is_settled) = block_root(block, scratch);
                if !is_settled {
                    block.rows.settle();
                }
                bytes.extend(hash::of(Tag::Page, digest.as_bytes()).as_bytes());
            }
            Blocks::Few(slots) => {
                bytes.extend(page_root(slots, scratch).as_bytes());
            }
            Blocks::Many(pages) => {
                for page in pages {
                    let digest = match page.digest {
                        Some(digest) => digest,
                        None => {
                            page_root(Shared::make_mut(&mut page.blocks).as_mut_slice(), scratch)
                        }
                    };
                    page.digest = Some(digest);
                    bytes.extend(digest.as_bytes());
                }
            }
        }
        let digest = Blake3Digest::of(&bytes);
        self.digest = Some(digest);
        digest
    }

    /// Appends every block's bytes.
    pub(crate) fn save(&self, output: &mut Vec<u8>) {
        for block in 0..self.block_count() {
            self.block(block).encode(output);
        }
    }

    /// Reads the blocks of `len` rows into an empty column.
    pub(crate) fn load(
        &mut self,
        len: usize,
        stamp_max: Stamp,
        reader: &mut Reader<'_>,
    ) -> Option<()> {
        let mut rest = len;
        while rest > 0 {
            let count = rest.min(self.block_rows());
            let added = reader.stamps(count, stamp_max)?;
            let changed = reader.stamps(count, stamp_max)?;
            let bytes = reader.take(count.checked_mul(S::stride(&self.layout))?)?;
            let rows = S::decode(&self.layout, count, bytes)?;
            self.push_block(Block {
                rows,
                added,
                changed,
            });
            self.len += count;
            rest -= count;
        }
        Some(())
    }
}

/// The block of a slot whose digest is gone.
#[inline]
fn cleared<S>(slot: &mut BlockSlot<S>) -> &mut Shared<Block<S>> {
    slot.digest = None;
    &mut slot.block
}

fn page_of<S>(slots: Vec<BlockSlot<S>>) -> PageSlot<S> {
    PageSlot {
        blocks: Shared::new(slots),
        digest: None,
    }
}

fn page_root<S: Rows>(slots: &mut [BlockSlot<S>], scratch: &mut Scratch) -> Blake3Digest {
    let unknown: Vec<usize> = (0..slots.len())
        .filter(|index| slots[*index].digest.is_none())
        .collect();
    let mut rest = &unknown[..];
    while let Some(first) = rest.first() {
        // Small blocks are hashed side by side; large ones keep a processor busy alone, and fit its nearest cache alone.
        let block = &slots[*first].block;
        let is_large = block.rows.len() * block.rows.row_size() > LARGE_SIZE;
        let count = if is_large { 1 } else { ABREAST_MAX };
        let (now, later) = rest.split_at(count.min(rest.len()));
        block_roots(slots, now, scratch);
        rest = later;
    }
    let mut bytes = hash::start(Tag::Page);
    for digest in slots.iter().filter_map(|slot| slot.digest) {
        bytes.extend(digest.as_bytes());
    }
    Blake3Digest::of(&bytes)
}

/// From so many bytes on a block is hashed alone.
const LARGE_SIZE: usize = 14_336;
/// How many small blocks are hashed side by side.
const ABREAST_MAX: usize = 16;

/// Computes the digests of some blocks.
fn block_roots<S: Rows>(slots: &mut [BlockSlot<S>], places: &[usize], scratch: &mut Scratch) {
    let (mut ends, mut end) = (Vec::with_capacity(places.len()), 0);
    for place in places {
        let slot = &mut slots[*place];
        let (next, is_settled) = put_block(&slot.block, end, scratch);
        if !is_settled {
            Shared::make_mut(&mut slot.block).rows.settle();
        }
        end = next;
        ends.push(end);
    }
    let starts = core::iter::once(0).chain(ends.iter().copied());
    let strings: Vec<&[u8]> = starts
        .zip(&ends)
        .map(|(start, end)| &scratch.bytes[start..*end])
        .collect();
    let alike = strings.chunk_by(|left, right| left.len() == right.len());
    let digests = alike.flat_map(Blake3Digest::of_each);
    for (place, digest) in places.iter().zip(digests) {
        slots[*place].digest = Some(digest);
    }
}

/// The digest of a block, and whether every NaN in it was the one NaN.
fn block_root<S: Rows>(block: &Block<S>, scratch: &mut Scratch) -> (Blake3Digest, bool) {
    let (end, is_settled) = put_block(block, 0, scratch);
    (Blake3Digest::of(&scratch.bytes[..end]), is_settled)
}

/// Writes what is hashed of a block into the scratch bytes from `start` on: where it ends, and whether every NaN in it was
/// the one NaN.
fn put_block<S: Rows>(block: &Block<S>, start: usize, scratch: &mut Scratch) -> (usize, bool) {
    let len = block.rows.len();
    let head = &mut scratch.head;
    hash::restart(head, Tag::Block);
    head.extend((len as u64).to_le_bytes());
    block.added.encode(len, head);
    block.changed.encode(len, head);
    let rows = start + head.len();
    let end = rows + len * block.rows.row_size();
    if scratch.bytes.len() < end {
        scratch.bytes.resize(end, 0);
    }
    scratch.bytes[start..rows].copy_from_slice(head);
    let is_settled = block.rows.encode_settled(&mut scratch.bytes[rows..end]);
    if !is_settled {
        head.clear();
        block.rows.encode(head);
        scratch.bytes[rows..end].copy_from_slice(head);
    }
    (end, is_settled)
}
