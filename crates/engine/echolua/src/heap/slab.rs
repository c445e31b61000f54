//! Objects of one kind with free places: an index stays an object's name until it is collected.
//!
//! A new object takes the lowest free place. Whether a place is used, and whether the collector has marked it, are bits
//! beside the objects, so that marking writes nothing into blocks that a clone shares.
//!
//! INVARIANT: which place a new object gets is a function of which places are used.
//! Tests: `src/heap/tests.rs`.

use super::pages::Pages;
use alloc::vec::Vec;

/// Objects of one kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slab<T> {
    items: Pages<T>,
    /// 64 places a word.
    used: Vec<u64>,
    marked: Vec<u64>,
    /// Every word before this one is full.
    full: usize,
    used_count: u32,
}

/// Marks objects of one kind.
pub(crate) struct Marker<'a> {
    used: &'a [u64],
    marked: &'a mut [u64],
}

impl Marker<'_> {
    /// Marks an object that is in use; whether it was not marked before.
    #[inline]
    pub fn mark(&mut self, index: u32) -> bool {
        let (word, bit) = ((index / 64) as usize, 1 << (index % 64));
        let is_new = self.used[word] & !self.marked[word] & bit != 0;
        self.marked[word] |= self.used[word] & bit;
        is_new
    }
}

impl<T: Default + Clone> Slab<T> {
    /// Puts an object into the lowest free place.
    #[inline]
    pub fn insert(&mut self, item: T) -> u32 {
        self.used_count += 1;
        while let Some(word) = self.used.get_mut(self.full) {
            if *word != u64::MAX {
                let index = (self.full * 64) as u32 + word.trailing_ones();
                *word |= *word + 1;
                if index < self.items.count() {
                    *self.items.get_mut(index) = item;
                } else {
                    self.items.push(item);
                }
                return index;
            }
            self.full += 1;
        }
        self.used.push(1);
        self.marked.push(0);
        self.items.push(item)
    }

    /// An object.
    #[inline]
    pub fn get(&self, index: u32) -> &T {
        self.items.get(index)
    }

    /// An object, to change.
    #[inline]
    pub fn get_mut(&mut self, index: u32) -> &mut T {
        self.items.get_mut(index)
    }

    /// Whether an index names an object.
    #[inline]
    pub fn is_used(&self, index: u32) -> bool {
        let word = self.used.get((index / 64) as usize);
        word.is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Objects in use.
    #[inline]
    pub fn count(&self) -> usize {
        self.used_count as usize
    }

    /// Places, used or not.
    pub fn size(&self) -> u32 {
        self.items.count()
    }

    /// Objects in use with their indices, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let indices = 0..self.items.count();
        let used = indices.filter(|index| self.is_used(*index));
        used.map(|index| (index, self.items.get(index)))
    }

    /// Marks an object that is in use; whether it was not marked before.
    #[inline]
    pub fn mark(&mut self, index: u32) -> bool {
        self.marker().mark(index)
    }

    /// What marks objects, to go on while others of the kind are read.
    #[inline]
    pub fn marker(&mut self) -> Marker<'_> {
        self.parts().1
    }

    /// The objects to read, and what marks them.
    #[inline]
    pub fn parts(&mut self) -> (&Pages<T>, Marker<'_>) {
        let marker = Marker {
            used: &self.used,
            marked: &mut self.marked,
        };
        (&self.items, marker)
    }

    /// Whether an object is marked.
    #[inline]
    pub fn is_marked(&self, index: u32) -> bool {
        self.marked[(index / 64) as usize] >> (index % 64) & 1 == 1
    }

    /// Words of 64 places.
    pub fn word_count(&self) -> usize {
        self.used.len()
    }

    /// Frees what is not marked among 64 places and clears their marks; calls `freed` for what goes.
    pub fn sweep_word(&mut self, word: usize, mut freed: impl FnMut(u32, &T)) {
        let mut dead = self.used[word] & !self.marked[word];
        self.used[word] &= self.marked[word];
        self.marked[word] = 0;
        self.used_count -= dead.count_ones();
        if dead != 0 {
            self.full = self.full.min(word);
        }
        while dead != 0 {
            let index = (word * 64) as u32 + dead.trailing_zeros();
            dead &= dead - 1;
            freed(index, self.items.get(index));
            // What a clone shares stays as it is: nothing looks at a free place.
            if self.items.owns(index) {
                *self.items.get_mut(index) = T::default();
            }
        }
    }

    /// The bits of used and marked places, to be saved.
    pub fn bits(&self) -> (&[u64], &[u64]) {
        (&self.used, &self.marked)
    }

    /// A slab out of its parts; `items` are the used ones, ascending. None where the parts do not fit each other.
    pub fn from_parts(
        size: u32,
        used: Vec<u64>,
        marked: Vec<u64>,
        items: Vec<T>,
    ) -> Option<Slab<T>> {
        let words = (size as usize).div_ceil(64);
        let used_count: u32 = used.iter().map(|word| word.count_ones()).sum();
        if used.len() != words || marked.len() != words || used_count as usize != items.len() {
            return None;
        }
        let beyond = match size % 64 {
            0 => 0,
            count => u64::MAX << count,
        };
        if used.last().is_some_and(|word| word & beyond != 0) {
            return None;
        }
        if used
            .iter()
            .zip(&marked)
            .any(|(used, marked)| marked & !used != 0)
        {
            return None;
        }
        let mut slab = Slab {
            items: Pages::default(),
            used,
            marked,
            full: 0,
            used_count,
        };
        let mut items = items.into_iter();
        for index in 0..size {
            let item = if slab.is_used(index) {
                items.next()?
            } else {
                T::default()
            };
            slab.items.push(item);
        }
        Some(slab)
    }
}
