//! Envelopes that follow one another in a lane, each without what it has in common with the others.
//!
//! They wait for one tick, and most were emitted by the same one: the tick is the lane's business, who emitted is named
//! once. When they are due, one [`Envelope`] takes the shape of each in turn.
//!
//! INVARIANT: what comes out is what was put in, in the same order.
//! Tests: `batch/tests.rs`, `tests/it/bus.rs`.

#[cfg(test)]
mod tests;

use super::draft::Draft;
use super::envelope::{Body, Envelope, Hash};
use crate::shared::Shared;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Envelopes that wait for one tick in one lane, one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    /// The id of the first.
    first_id: u64,
    /// Who emitted them.
    sources: Vec<Arc<str>>,
    letters: Vec<Letter>,
}

/// One envelope of a batch.
#[derive(Clone, Debug)]
struct Letter {
    draft: Draft,
    hash: Hash,
    /// How much higher its id is than that of the batch's first.
    offset: u32,
    /// Who emitted it, by the place in the batch's list.
    source: u32,
}

impl Batch {
    /// Most envelopes in a batch: so many are copied at most when one is dropped from a lane that a fork has too.
    pub(super) const LEN_MAX: usize = 64;

    /// An empty one with room for so many.
    pub(super) fn with_room(count: usize) -> Batch {
        Batch {
            letters: Vec::with_capacity(count),
            ..Batch::default()
        }
    }

    /// Whether one with this id can be appended.
    #[inline]
    pub(super) fn has_room_for(&self, id: u64) -> bool {
        let is_near = self.letters.is_empty() || id - self.first_id <= u64::from(u32::MAX);
        is_near && self.len() < Batch::LEN_MAX
    }

    /// Whether one with this id can be appended, and no memory be needed for it.
    #[inline(always)]
    pub(super) fn is_open_for(&self, id: u64) -> bool {
        self.has_room_for(id) && self.len() < self.letters.capacity()
    }

    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.letters.len()
    }

    /// Appends an envelope that is sealed here.
    #[inline]
    pub(super) fn push(&mut self, id: u64, source: &Arc<str>, draft: Draft) {
        self.push_with(id, source, draft, Hash::default());
    }

    /// Appends an envelope whose hash may be known.
    #[inline]
    pub(super) fn push_with(&mut self, id: u64, source: &Arc<str>, draft: Draft, hash: Hash) {
        let source = self.place_of(source);
        self.push_letter(id, source, draft, hash);
    }

    /// Appends what will have a source and its final id when [`Batch::seal`] gives them.
    #[inline(always)]
    pub(super) fn push_unsealed(&mut self, number: u64, draft: Draft) {
        self.push_letter(number, 0, draft, Hash::default());
    }

    #[inline(always)]
    fn push_letter(&mut self, id: u64, source: u32, draft: Draft, hash: Hash) {
        if self.letters.is_empty() {
            self.first_id = id;
        }
        self.letters.push(Letter {
            draft,
            hash,
            offset: (id - self.first_id) as u32,
            source,
        });
    }

    /// Gives all of a batch that was filled by [`Batch::push_unsealed`] their source and ids: numbers count from this id on.
    pub(super) fn seal(&mut self, source: &Arc<str>, id: u64) {
        self.first_id += id;
        self.sources.push(Arc::clone(source));
    }

    /// What was emitted with its numbers, of a batch that nobody sealed.
    pub(super) fn into_unsealed(self) -> impl Iterator<Item = (u64, Draft)> {
        let first = self.first_id;
        let letters = self.letters.into_iter();
        letters.map(move |letter| (first + u64::from(letter.offset), letter.draft))
    }

    #[inline]
    fn place_of(&mut self, source: &Arc<str>) -> u32 {
        // Those that emit by turns are few; the last one is the likely one.
        let is_it = |other: &Arc<str>| Arc::ptr_eq(other, source);
        let place = self.sources.iter().rposition(is_it).unwrap_or_else(|| {
            self.sources.push(Arc::clone(source));
            self.sources.len() - 1
        });
        place as u32
    }

    const fn id_of(&self, letter: &Letter) -> u64 {
        self.first_id + letter.offset as u64
    }

    fn body<'a>(&'a self, letter: &'a Letter, chronos: u64) -> Body<'a> {
        Body {
            id: self.id_of(letter),
            chronos,
            source: &self.sources[letter.source as usize],
            draft: &letter.draft,
        }
    }

    /// What was emitted, in order.
    pub(super) fn drafts(&self) -> impl Iterator<Item = &Draft> {
        self.letters.iter().map(|letter| &letter.draft)
    }

    /// The envelopes with this id or a higher one.
    pub(super) fn since(&self, chronos: u64, id: u64) -> impl Iterator<Item = Envelope> {
        let letters = self.letters.iter();
        let later = letters.filter(move |letter| self.id_of(letter) >= id);
        later.map(move |letter| Envelope {
            id: self.id_of(letter),
            chronos,
            source: Arc::clone(&self.sources[letter.source as usize]),
            draft: letter.draft.clone(),
            hash: letter.hash.clone(),
        })
    }

    /// Takes the first one out; the batch is not empty.
    pub(super) fn take_first(&mut self, chronos: u64) -> Envelope {
        let letter = self.letters.remove(0);
        Envelope {
            id: self.id_of(&letter),
            chronos,
            source: Arc::clone(&self.sources[letter.source as usize]),
            draft: letter.draft,
            hash: letter.hash,
        }
    }

    /// Whether nobody asked for the hash of one of them yet.
    pub(super) fn has_untaken(&self) -> bool {
        self.letters.iter().any(|letter| letter.hash.is_untaken())
    }

    /// Takes the hashes that nobody asked for yet.
    pub(super) fn take_hashes(&mut self, chronos: u64) {
        for place in 0..self.letters.len() {
            let letter = &self.letters[place];
            if letter.hash.is_untaken() {
                let hash = Hash::taken(self.body(letter, chronos).hash());
                self.letters[place].hash = hash;
            }
        }
    }

    /// Appends the bytes and hashes of all.
    pub(super) fn encode(&self, chronos: u64, output: &mut Vec<u8>) {
        for letter in &self.letters {
            let body = self.body(letter, chronos);
            body.encode(output);
            let hash = letter.hash.known().unwrap_or_else(|| body.hash());
            output.extend(hash.as_bytes());
        }
    }
}

/// A batch that is due.
pub(crate) struct Due {
    pub(super) chronos: u64,
    pub(super) batch: Shared<Batch>,
}

impl Due {
    /// Calls `visit` for each envelope in order, until one fails.
    pub(crate) fn visit<E>(
        self,
        mut visit: impl FnMut(&Envelope) -> Result<(), E>,
    ) -> Result<(), E> {
        let Batch {
            first_id,
            sources,
            mut letters,
        } = Shared::unwrap_or_clone(self.batch);
        let Some(source) = sources.first() else {
            return Ok(());
        };
        let mut place = 0;
        let mut envelope = Envelope {
            id: first_id,
            chronos: self.chronos,
            source: Arc::clone(source),
            draft: Draft::new("", &[]),
            hash: Hash::default(),
        };
        for letter in &mut letters {
            if letter.source != place {
                place = letter.source;
                envelope.source = Arc::clone(&sources[place as usize]);
            }
            envelope.id = first_id + u64::from(letter.offset);
            core::mem::swap(&mut envelope.draft, &mut letter.draft);
            core::mem::swap(&mut envelope.hash, &mut letter.hash);
            visit(&envelope)?;
        }
        Ok(())
    }
}
