//! A pattern as a machine that reads a text character by character.
//!
//! What a pattern means is [`Glob`](gatos_values::Glob)'s; this is the same as sets of places, made as they are reached.
//!
//! INVARIANT: two texts that reach the same state are both matched or both not.
//! Tests: `texts/tests.rs`.

use super::texts::number;
use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

/// Where a reader may be inside one segment of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Before this character of this segment of the pattern.
    Inside(usize, usize),
    /// In a segment that `**` at this place takes whole.
    Anything(usize),
}

/// The machine.
pub struct GlobMachine {
    segments: Vec<Vec<char>>,
    states: Vec<BTreeSet<Place>>,
}

const ANYTHING: [char; 2] = ['*', '*'];

impl GlobMachine {
    /// A machine for a pattern with `/` between segments.
    pub fn new(pattern: &str) -> GlobMachine {
        let segments = pattern.split('/').map(|segment| segment.chars().collect());
        let mut machine = GlobMachine {
            segments: segments.collect(),
            states: Vec::new(),
        };
        let start = machine.segment_start(0);
        machine.states = vec![start];
        machine
    }

    /// The state after one more character. State 0 is the start.
    pub fn step(&mut self, state: u32, letter: char) -> u32 {
        let mut next = BTreeSet::new();
        for place in &self.states[state as usize] {
            match (*place, letter) {
                (Place::Inside(segment, offset), '/') => {
                    if self.ends(segment, offset) {
                        next.extend(self.segment_start(segment + 1));
                    }
                }
                (Place::Anything(segment), '/') => next.extend(self.segment_start(segment)),
                (Place::Inside(segment, offset), _) => match self.segments[segment].get(offset) {
                    Some('*') => self.inside(segment, offset, &mut next),
                    Some(expected) if *expected == letter => {
                        self.inside(segment, offset + 1, &mut next);
                    }
                    _ => {}
                },
                (Place::Anything(_), _) => {
                    next.insert(*place);
                }
            }
        }
        number(&mut self.states, next)
    }

    /// Places at the start of a segment of the text, where the pattern is before this segment.
    fn segment_start(&self, mut segment: usize) -> BTreeSet<Place> {
        let mut places = BTreeSet::new();
        while self
            .segments
            .get(segment)
            .is_some_and(|it| **it == ANYTHING)
        {
            places.insert(Place::Anything(segment));
            segment += 1;
        }
        if segment < self.segments.len() {
            self.inside(segment, 0, &mut places);
        }
        places
    }

    /// The place, and those behind it that stars may jump to.
    fn inside(&self, segment: usize, mut offset: usize, places: &mut BTreeSet<Place>) {
        places.insert(Place::Inside(segment, offset));
        while self.segments[segment].get(offset) == Some(&'*') {
            offset += 1;
            places.insert(Place::Inside(segment, offset));
        }
    }

    fn ends(&self, segment: usize, offset: usize) -> bool {
        offset == self.segments[segment].len()
    }
}
