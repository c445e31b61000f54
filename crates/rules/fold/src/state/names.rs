//! Names of fields, each kept once. Entries of `map-join-lww` refer to names by number, because thousands of entries
//! share a handful of names.

use alloc::vec::Vec;
use gatos_values::Text;

/// Number of a name within one state.
pub(crate) type NameIndex = u32;

/// The names of a state, in the order of arrival; the numbers never leave the process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    list: Vec<Text>,
    /// Numbers in the order of names.
    sorted: Vec<NameIndex>,
    /// The name asked for last: names tend to be asked for in the order of their numbers, again and again.
    latest: NameIndex,
}

impl Names {
    /// The name with this number.
    pub(crate) fn get(&self, index: NameIndex) -> &str {
        self.list.get(index as usize).map_or("", Text::as_str)
    }

    /// The names in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(Text::as_str)
    }

    /// The number of a name, which gets one if it has none yet.
    pub(crate) fn add(&mut self, name: &str) -> NameIndex {
        for guess in [self.latest.wrapping_add(1), 0] {
            if self
                .list
                .get(guess as usize)
                .is_some_and(|known| known.as_str() == name)
            {
                self.latest = guess;
                return guess;
            }
        }
        let place = self
            .sorted
            .binary_search_by(|index| self.get(*index).cmp(name));
        self.latest = match place {
            Ok(place) => self.sorted.get(place).copied().unwrap_or_default(),
            Err(place) => {
                let index = NameIndex::try_from(self.list.len()).unwrap_or(NameIndex::MAX);
                // Names come from text, so this is a copy.
                self.list.push(Text::new(name).unwrap_or_default());
                self.sorted.insert(place, index);
                index
            }
        };
        self.latest
    }
}
