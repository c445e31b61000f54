//! A list of objects with free places: an index stays the object's name until it is collected.
//!
//! Freed places are used again, the last freed first. Tests: `src/heap/tests.rs`.

use alloc::vec::Vec;

/// Objects of one kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slab<T> {
    items: Vec<T>,
    states: Vec<State>,
    free: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Free,
    Used,
    Marked,
}

impl<T: Default> Slab<T> {
    #[inline]
    pub fn insert(&mut self, item: T) -> u32 {
        match self.free.pop() {
            Some(index) => {
                self.items[index as usize] = item;
                self.states[index as usize] = State::Used;
                index
            }
            None => {
                self.items.push(item);
                self.states.push(State::Used);
                self.items.len() as u32 - 1
            }
        }
    }

    #[inline]
    pub fn get(&self, index: u32) -> &T {
        &self.items[index as usize]
    }

    #[inline]
    pub fn get_mut(&mut self, index: u32) -> &mut T {
        &mut self.items[index as usize]
    }

    /// Whether an index names an object.
    pub fn is_used(&self, index: u32) -> bool {
        self.states
            .get(index as usize)
            .is_some_and(|state| *state != State::Free)
    }

    /// Objects in use.
    pub fn count(&self) -> usize {
        self.items.len() - self.free.len()
    }

    /// Objects in use with their indices, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let used = |(_, state): &(usize, &State)| **state != State::Free;
        let states = self.states.iter().enumerate().filter(used);
        states.map(|(index, _)| (index as u32, &self.items[index]))
    }

    /// Marks an object; whether it was not marked before.
    pub fn mark(&mut self, index: u32) -> bool {
        let state = &mut self.states[index as usize];
        let is_new = *state == State::Used;
        if is_new {
            *state = State::Marked;
        }
        is_new
    }

    /// Frees what is not marked and clears the marks; calls `kept` for the rest.
    pub fn sweep(&mut self, mut kept: impl FnMut(&T)) {
        for index in (0..self.items.len()).rev() {
            match self.states[index] {
                State::Free => {}
                State::Used => {
                    self.items[index] = T::default();
                    self.states[index] = State::Free;
                    self.free.push(index as u32);
                }
                State::Marked => {
                    self.states[index] = State::Used;
                    kept(&self.items[index]);
                }
            }
        }
    }
}
