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
mod rows;

pub(crate) use erased::{AnyColumn, unique};
pub(crate) use rows::{RecordRows, Rows};

use crate::hash::{self, Tag};
use crate::snapshot::Reader;
use crate::stamp::{Stamp, Stamps};
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// Most blocks in a page.
pub(crate) const PAGE_BLOCKS: usize = 32;

/// Rows with their stamps. [`Arc::make_mut`] copies one as a whole when another fork holds it too.
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

    /// Appends stamps and rows in canonical bytes.
    fn encode(&self, output: &mut Vec<u8>) {
        let len = self.rows.len();
        self.added.encode(len, output);
        self.changed.encode(len, output);
        self.rows.encode(output);
    }
}

struct BlockSlot<S> {
    block: Arc<Block<S>>,
    digest: Option<Blake3Digest>,
}

impl<S> Clone for BlockSlot<S> {
    fn clone(&self) -> BlockSlot<S> {
        BlockSlot {
            block: Arc::clone(&self.block),
            digest: self.digest,
        }
    }
}

struct Page<S> {
    blocks: Vec<BlockSlot<S>>,
}

impl<S> Clone for Page<S> {
    fn clone(&self) -> Page<S> {
        let mut blocks = Vec::with_capacity(PAGE_BLOCKS);
        blocks.extend_from_slice(&self.blocks);
        Page { blocks }
    }
}

struct PageSlot<S> {
    page: Arc<Page<S>>,
    digest: Option<Blake3Digest>,
}

impl<S> Clone for PageSlot<S> {
    fn clone(&self) -> PageSlot<S> {
        PageSlot {
            page: Arc::clone(&self.page),
            digest: self.digest,
        }
    }
}

/// One component of one archetype. `pub` because hidden parts of public traits name it; the module is not.
pub struct Column<S: Rows> {
    layout: S::Layout,
    /// A block holds `1 << shift` rows.
    shift: u32,
    len: usize,
    pages: Vec<PageSlot<S>>,
    digest: Option<Blake3Digest>,
}

impl<S: Rows> Clone for Column<S> {
    fn clone(&self) -> Column<S> {
        Column {
            layout: self.layout.clone(),
            shift: self.shift,
            len: self.len,
            pages: self.pages.clone(),
            digest: self.digest,
        }
    }
}

impl<S: Rows> Column<S> {
    pub(crate) const fn new(layout: S::Layout, shift: u32) -> Column<S> {
        Column {
            layout,
            shift,
            len: 0,
            pages: Vec::new(),
            digest: None,
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Rows in a full block.
    const fn block_rows(&self) -> usize {
        1 << self.shift
    }

    /// The block's number and the row's place in it.
    const fn place(&self, row: usize) -> (usize, usize) {
        (row >> self.shift, row & (self.block_rows() - 1))
    }

    /// The block with this number.
    #[inline]
    pub(crate) fn block(&self, block: usize) -> &Block<S> {
        &self.pages[block / PAGE_BLOCKS].page.blocks[block % PAGE_BLOCKS].block
    }

    /// The block with this number, for writing: nobody else's from now on, and its digests are gone.
    #[inline]
    pub(crate) fn block_mut(&mut self, block: usize) -> &mut Block<S> {
        Arc::make_mut(self.slot_mut(block))
    }

    /// The last block if it has room, else a new one, with the number of rows it has room for.
    pub(crate) fn tail_mut(&mut self) -> (&mut Block<S>, usize) {
        let (block, used) = self.place(self.len);
        if self.block_count() == block {
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
    fn block_count(&self) -> usize {
        self.pages.last().map_or(0, |last| {
            (self.pages.len() - 1) * PAGE_BLOCKS + last.page.blocks.len()
        })
    }

    /// Moves a block out into a column of its own, for a job to work on. Until it is put back its place holds a block
    /// without rows.
    pub(crate) fn split(&mut self, block: usize) -> Column<S> {
        let empty = Arc::new(Block::empty(&self.layout));
        let taken = core::mem::replace(self.slot_mut(block), empty);
        let mut part = Column::new(self.layout.clone(), self.shift);
        part.len = taken.rows.len();
        part.push_shared(taken);
        part
    }

    /// Puts a block back that [`Column::split`] took.
    pub(crate) fn join(&mut self, block: usize, mut part: Column<S>) {
        core::mem::swap(self.slot_mut(block), part.slot_mut(0));
    }

    /// The owner of a block, with its digests gone.
    #[inline]
    fn slot_mut(&mut self, block: usize) -> &mut Arc<Block<S>> {
        self.digest = None;
        let slot = &mut self.pages[block / PAGE_BLOCKS];
        slot.digest = None;
        let slot = &mut Arc::make_mut(&mut slot.page).blocks[block % PAGE_BLOCKS];
        slot.digest = None;
        &mut slot.block
    }

    fn push_block(&mut self, block: Block<S>) {
        self.push_shared(Arc::new(block));
    }

    fn push_shared(&mut self, block: Arc<Block<S>>) {
        self.digest = None;
        let slot = BlockSlot {
            block,
            digest: None,
        };
        match self.pages.last_mut() {
            Some(last) if last.page.blocks.len() < PAGE_BLOCKS => {
                last.digest = None;
                Arc::make_mut(&mut last.page).blocks.push(slot);
            }
            _ => self.pages.push(PageSlot {
                page: Arc::new(Page {
                    blocks: alloc::vec![slot],
                }),
                digest: None,
            }),
        }
    }

    fn pop_block(&mut self) {
        self.digest = None;
        if let Some(last) = self.pages.last_mut() {
            last.digest = None;
            let page = Arc::make_mut(&mut last.page);
            page.blocks.pop();
            if page.blocks.is_empty() {
                self.pages.pop();
            }
        }
    }

    pub(crate) fn push(&mut self, row: S::Row, added: Stamp, changed: Stamp) {
        let (block, _) = self.tail_mut();
        let len = block.rows.len();
        block.rows.push(row);
        block.added.push(len, 1, added);
        block.changed.push(len, 1, changed);
        self.grown(1);
    }

    /// Takes a row out; the last row takes its place.
    pub(crate) fn swap_remove(&mut self, row: usize) -> (S::Row, Stamp, Stamp) {
        let (last_block, last_place) = self.place(self.len - 1);
        let tail = self.block_mut(last_block);
        let moved = tail.rows.pop();
        let added = tail.added.pop(last_place + 1);
        let changed = tail.changed.pop(last_place + 1);
        self.len -= 1;
        let taken = if row == self.len {
            (moved, added, changed)
        } else {
            let (block, place) = self.place(row);
            let hole = self.block_mut(block);
            let len = hole.rows.len();
            let old = (hole.added.get(place), hole.changed.get(place));
            hole.added.set(place, len, added);
            hole.changed.set(place, len, changed);
            (hole.rows.replace(place, moved), old.0, old.1)
        };
        if last_place == 0 {
            self.pop_block();
        }
        taken
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
    pub(crate) fn root(&mut self, scratch: &mut Vec<u8>) -> Blake3Digest {
        if let Some(digest) = self.digest {
            return digest;
        }
        let mut bytes = hash::start(Tag::Column);
        hash::push_u64(&mut bytes, self.len as u64);
        for slot in &mut self.pages {
            let digest = match slot.digest {
                Some(digest) => digest,
                None => page_root(Arc::make_mut(&mut slot.page), scratch),
            };
            slot.digest = Some(digest);
            bytes.extend(digest.as_bytes());
        }
        let digest = Blake3Digest::of(&bytes);
        self.digest = Some(digest);
        digest
    }

    /// Appends every block's bytes.
    pub(crate) fn save(&self, output: &mut Vec<u8>) {
        for slot in &self.pages {
            for block in &slot.page.blocks {
                block.block.encode(output);
            }
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

fn page_root<S: Rows>(page: &mut Page<S>, scratch: &mut Vec<u8>) -> Blake3Digest {
    let mut bytes = hash::start(Tag::Page);
    for slot in &mut page.blocks {
        let digest = match slot.digest {
            Some(digest) => digest,
            None => block_root(&mut slot.block, scratch),
        };
        slot.digest = Some(digest);
        bytes.extend(digest.as_bytes());
    }
    Blake3Digest::of(&bytes)
}

fn block_root<S: Rows>(block: &mut Arc<Block<S>>, scratch: &mut Vec<u8>) -> Blake3Digest {
    hash::restart(scratch, Tag::Block);
    scratch.extend((block.rows.len() as u64).to_le_bytes());
    block.encode(scratch);
    if S::HAS_FLOATS && !block.rows.is_settled() {
        Arc::make_mut(block).rows.settle();
    }
    Blake3Digest::of(scratch)
}
