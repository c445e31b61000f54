//! A long list in blocks of 64 that a clone shares: a block is copied when one side first writes into it.
//!
//! Reading costs two loads: a flat list leads to the block, the block holds the item. Who owns a block is a number beside
//! its address, so writing costs one comparison more. Cloning copies the flat list and counts up one reference for 64
//! blocks. The flat list is a cache of addresses into the blocks that `groups` keeps alive; it is the one place of `unsafe`
//! in the heap, and nothing outside this file sees an address.
//!
//! INVARIANT 1: `flat[b].items` is the address of the items of `groups[b / 64][b % 64]`.
//! INVARIANT 2: `flat[b].owner == epoch` only while no other list holds that block: a clone moves both sides to a new
//! epoch, and a block gets the epoch only when it was made, copied, or found to be held once.
//! Tests: `src/heap/pages/tests.rs`, also under Miri (`docs/decisions`).
#![allow(unsafe_code)]

#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};

/// Items in a block, and blocks in a group.
pub(crate) const BLOCK_SIZE: usize = 64;
const SHIFT: u32 = BLOCK_SIZE.trailing_zeros();
const MASK: u32 = BLOCK_SIZE as u32 - 1;

/// Items behind a reference count. They are written through the flat list only, by the one list that owns the block.
struct Block<T> {
    items: *mut [T],
}

// SAFETY: a block that two lists hold is never written (INVARIANT 2), and one that a list owns is reached through that
// list alone; so sharing it between threads needs no more than sharing its items does.
unsafe impl<T: Send + Sync> Sync for Block<T> {}
// SAFETY: as above; the items are the block's own.
unsafe impl<T: Send + Sync> Send for Block<T> {}

impl<T> Block<T> {
    fn new(items: Vec<T>) -> Block<T> {
        Block {
            items: Box::into_raw(items.into_boxed_slice()),
        }
    }

    const fn address(&self) -> *mut T {
        self.items.cast()
    }
}

impl<T> Drop for Block<T> {
    fn drop(&mut self) {
        // SAFETY: it came from a box in `new`, and nobody else frees it. Addresses in flat lists are not followed any
        // more, since the lists that had them hold the block no longer.
        drop(unsafe { Box::from_raw(self.items) });
    }
}

/// Where the items of a block are, and the epoch in which the list came to own it.
struct Flat<T> {
    items: *mut T,
    owner: u64,
}

impl<T> Clone for Flat<T> {
    fn clone(&self) -> Flat<T> {
        *self
    }
}
impl<T> Copy for Flat<T> {}

/// The list.
pub(crate) struct Pages<T> {
    flat: Vec<Flat<T>>,
    groups: Vec<Arc<Vec<Arc<Block<T>>>>>,
    epoch: AtomicU64,
    count: u32,
}

// SAFETY: the addresses in `flat` lead into blocks that `groups` holds (INVARIANT 1); see `Block` for those.
unsafe impl<T: Send + Sync> Send for Pages<T> {}
// SAFETY: as above; through a shared reference nothing is written but the epoch, which is atomic.
unsafe impl<T: Send + Sync> Sync for Pages<T> {}

impl<T> Default for Pages<T> {
    fn default() -> Pages<T> {
        Pages {
            flat: Vec::new(),
            groups: Vec::new(),
            epoch: AtomicU64::new(1),
            count: 0,
        }
    }
}

impl<T> Clone for Pages<T> {
    /// A list that shares every block; both sides copy what they write from here on.
    fn clone(&self) -> Pages<T> {
        let epoch = self.epoch.fetch_add(1, Ordering::Relaxed) + 1;
        Pages {
            flat: self.flat.clone(),
            groups: self.groups.clone(),
            epoch: AtomicU64::new(epoch),
            count: self.count,
        }
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Pages({} items)", self.count)
    }
}

impl<T: Clone + Default> Pages<T> {
    /// How many items there are.
    #[inline]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Appends an item and gives its index.
    #[inline]
    pub fn push(&mut self, item: T) -> u32 {
        let index = self.count;
        if index & MASK == 0 {
            self.add_block();
        }
        self.count += 1;
        *self.get_mut(index) = item;
        index
    }

    #[cold]
    fn add_block(&mut self) {
        let items: Vec<T> = (0..BLOCK_SIZE).map(|_| T::default()).collect();
        let block = Arc::new(Block::new(items));
        self.flat.push(Flat {
            items: block.address(),
            owner: *self.epoch.get_mut(),
        });
        match self.groups.last_mut() {
            Some(group) if group.len() < BLOCK_SIZE => Arc::make_mut(group).push(block),
            _ => self.groups.push(Arc::new(Vec::from([block]))),
        }
    }

    /// The item with this index.
    ///
    /// # Panics
    /// If there is none; an index that the heap gave out stays valid.
    #[inline]
    pub fn get(&self, index: u32) -> &T {
        let flat = &self.flat[(index >> SHIFT) as usize];
        // SAFETY: the address leads to BLOCK_SIZE items (INVARIANT 1), the offset is less than that, and items are
        // written only through `&mut self` (INVARIANT 2).
        unsafe { &*flat.items.add((index & MASK) as usize) }
    }

    /// The item with this index, to write; copies its block first where another list holds it too.
    ///
    /// # Panics
    /// If there is none.
    #[inline]
    pub fn get_mut(&mut self, index: u32) -> &mut T {
        let block = (index >> SHIFT) as usize;
        let mut flat = self.flat[block];
        if flat.owner != *self.epoch.get_mut() {
            flat = self.own(block);
        }
        // SAFETY: as in `get`; the block is owned, so no other list reads it (INVARIANT 2), and `&mut self` keeps this one
        // from being read elsewhere.
        unsafe { &mut *flat.items.add((index & MASK) as usize) }
    }

    /// Whether the list alone holds the block of an item, so that writing it copies nothing.
    #[inline]
    pub fn owns(&mut self, index: u32) -> bool {
        self.flat[(index >> SHIFT) as usize].owner == *self.epoch.get_mut()
    }

    /// Makes a block the list's own.
    #[cold]
    #[inline(never)]
    fn own(&mut self, block: usize) -> Flat<T> {
        let group = Arc::make_mut(&mut self.groups[block / BLOCK_SIZE]);
        let place = &mut group[block % BLOCK_SIZE];
        if Arc::get_mut(place).is_none() {
            // SAFETY: others hold the block too, so nobody writes it.
            let items: Vec<T> = unsafe { (*place.items).to_vec() };
            *place = Arc::new(Block::new(items));
        }
        let flat = Flat {
            items: place.address(),
            owner: *self.epoch.get_mut(),
        };
        self.flat[block] = flat;
        flat
    }
}
