//! A value over the versions of a chain: every old version stays answerable, and nothing is copied per version.
//!
//! INVARIANT: versions rise; what a version set can be taken back as long as nothing later was set.
//! Tests: history/tests.rs.

use alloc::vec::Vec;

/// What was set at which version, rising.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct History<T>(Vec<(u64, T)>);

impl<T> Default for History<T> {
    fn default() -> History<T> {
        History(Vec::new())
    }
}

impl<T> History<T> {
    /// A value that holds from a version on.
    pub fn from_version(version: u64, value: T) -> History<T> {
        History(alloc::vec![(version, value)])
    }

    /// Sets the value from `version` on; setting twice at one version keeps the later value.
    pub fn set(&mut self, version: u64, value: T) {
        if let Some(last) = self.0.last_mut()
            && last.0 == version
        {
            last.1 = value;
        } else {
            self.0.push((version, value));
        }
    }

    /// The value at a version, with the version that set it.
    pub fn entry_at(&self, version: u64) -> Option<(u64, &T)> {
        let known = self.0.partition_point(|(since, _)| *since <= version);
        self.0[..known].last().map(|(since, value)| (*since, value))
    }

    /// The value at a version.
    pub fn at(&self, version: u64) -> Option<&T> {
        self.entry_at(version).map(|(_, value)| value)
    }

    /// Whether this very version set a value.
    pub fn is_set_at(&self, version: u64) -> bool {
        self.entry_at(version)
            .is_some_and(|(since, _)| since == version)
    }

    /// Every value with the version that set it, rising.
    pub fn entries(&self) -> &[(u64, T)] {
        &self.0
    }

    /// Forgets what versions above `version` set, and says whether anything is left.
    pub fn truncate(&mut self, version: u64) -> bool {
        let known = self.0.partition_point(|(since, _)| *since <= version);
        self.0.truncate(known);
        !self.0.is_empty()
    }
}

#[cfg(test)]
mod tests;
