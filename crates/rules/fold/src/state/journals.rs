//! The journals a state covers, and how far. Inside a state a journal is a small number; the numbers follow the
//! order of arrival and never leave the process.

use super::FoldFault;
use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec::Vec;
use gatos_values::Text;

/// Number of a journal within one state.
pub(crate) type JournalIndex = u32;

/// The journals of a state with their last covered positions.
#[derive(Clone, Debug, Default)]
pub(super) struct Journals {
    list: Vec<(Text, u64)>,
    by_name: BTreeMap<Text, JournalIndex>,
    /// Where the last look-up ended: events of one journal tend to come together.
    latest: usize,
}

/// What a position means for a state.
pub(super) enum Covering {
    /// The state has it already.
    Already,
    /// It is the next one, and now covered.
    Next(JournalIndex),
}

impl Journals {
    /// Moves the journal's covered position to `position` if that is the next one.
    pub(super) fn cover(&mut self, name: &str, position: u64) -> Result<Covering, FoldFault> {
        let found = self.find(name);
        let covered = found
            .and_then(|index| self.list.get(index))
            .map_or(0, |(_, covered)| *covered);
        if position != 0 && position <= covered {
            return Ok(Covering::Already);
        }
        let expected = covered.saturating_add(1);
        if position != expected {
            return Err(FoldFault::PositionGap {
                journal: name.to_string(),
                expected,
                found: position,
            });
        }
        let index = match found {
            Some(index) => index,
            None => self.add(Text::new(name).map_err(|_| FoldFault::Journal(name.to_string()))?)
                as usize,
        };
        self.latest = index;
        if let Some((_, covered)) = self.list.get_mut(index) {
            *covered = position;
        }
        Ok(Covering::Next(
            JournalIndex::try_from(index).unwrap_or(JournalIndex::MAX),
        ))
    }

    fn find(&self, name: &str) -> Option<usize> {
        match self.list.get(self.latest) {
            Some((latest, _)) if latest.as_str() == name => Some(self.latest),
            _ => self.by_name.get(name).map(|index| *index as usize),
        }
    }

    /// The number of this journal, which gets one if it has none yet.
    pub(super) fn add(&mut self, name: Text) -> JournalIndex {
        if let Some(index) = self.by_name.get(&name) {
            return *index;
        }
        let index = JournalIndex::try_from(self.list.len()).unwrap_or(JournalIndex::MAX);
        self.list.push((name.clone(), 0));
        self.by_name.insert(name, index);
        index
    }

    pub(super) fn position(&self, index: JournalIndex) -> u64 {
        self.list
            .get(index as usize)
            .map_or(0, |(_, covered)| *covered)
    }

    /// Extends the covered prefix; it never shrinks.
    pub(super) fn extend_to(&mut self, index: JournalIndex, position: u64) {
        if let Some((_, covered)) = self.list.get_mut(index as usize) {
            *covered = (*covered).max(position);
        }
    }

    pub(super) fn name(&self, index: JournalIndex) -> Option<&Text> {
        self.list.get(index as usize).map(|(name, _)| name)
    }

    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Number by name, sorted by name.
    pub(super) fn index_of(&self, name: &str) -> Option<JournalIndex> {
        self.by_name.get(name).copied()
    }

    /// Names and covered positions, sorted by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Text, u64)> {
        self.by_name
            .iter()
            .map(|(name, index)| (name, self.position(*index)))
    }
}
