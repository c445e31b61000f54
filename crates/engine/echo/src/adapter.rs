//! Adapters: work on threads of its own, whose results become canonical before they touch the world.
//!
//! An adapter is a system that may start threads, call a physics library or wait for a device. In which order its results
//! arrive is its own affair: it submits them as records with a key, the engine sorts them by key, refuses a key that
//! comes twice, and lets the adapter turn each into commands and envelopes, which are done when the phase ends. What a
//! record *says* must not depend on threads either; a replay finds out who breaks that.
//!
//! INVARIANT: what an adapter commits depends on the set of its records, not on the order in which they were submitted.
//! Tests: `tests/it/adapter.rs`.

use crate::bus::Post;
use crate::commands::Commands;
use crate::schedule::{Signature, SystemConfig, SystemView};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// Somebody who works on threads of his own.
pub trait Adapter: Send + Sync + 'static {
    /// What a record is known by. Its order is that of commits, so it must be made of the world's data: handles, ids.
    type Key: Ord + fmt::Debug;
    /// What a record says.
    type Value;

    /// What of the world the adapter reads and writes.
    fn signature(&self) -> Signature;

    /// Reads the world, works, and submits what came of it.
    ///
    /// # Errors
    /// Why it gives up; that stops the tick.
    fn work(
        &self,
        view: &mut SystemView<'_>,
        records: &mut Submissions<Self::Key, Self::Value>,
    ) -> Result<(), String>;

    /// Turns a record into what is to be done. Is called in the order of keys.
    fn commit(&self, key: &Self::Key, value: Self::Value, commands: &mut Commands, post: &mut Post);
}

/// The records of an adapter, in the order in which they arrived.
pub struct Submissions<K, V> {
    records: Vec<(K, V)>,
}

/// Why records are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdapterError {
    /// A key that came twice.
    #[error("ERR_ADAPTER_DUPLICATE: the key `{key}` was submitted twice")]
    Duplicate {
        /// The key.
        key: String,
    },
    /// The adapter gave up.
    #[error("{reason}")]
    GaveUp {
        /// Its own words.
        reason: String,
    },
}

impl<K: Ord + fmt::Debug, V> Submissions<K, V> {
    /// Submits a record.
    pub fn push(&mut self, key: K, value: V) {
        self.records.push((key, value));
    }

    /// Submits records.
    pub fn extend(&mut self, records: impl IntoIterator<Item = (K, V)>) {
        self.records.extend(records);
    }

    /// The records by key.
    fn sorted(mut self) -> Result<Vec<(K, V)>, AdapterError> {
        self.records
            .sort_by(|(left, _), (right, _)| left.cmp(right));
        match self.records.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            None => Ok(self.records),
            Some(pair) => Err(AdapterError::Duplicate {
                key: alloc::format!("{:?}", pair[0].0),
            }),
        }
    }
}

/// An adapter as a system.
#[must_use]
pub fn adapter<A: Adapter>(name: &str, adapter: A) -> SystemConfig {
    let signature = adapter.signature();
    SystemConfig::with_signature(name, signature, move |view| {
        let mut records = Submissions {
            records: Vec::new(),
        };
        let worked = adapter.work(view, &mut records);
        worked.map_err(|reason| AdapterError::GaveUp {
            reason: reason.to_string(),
        })?;
        for (key, value) in records.sorted()? {
            let (commands, post) = view.outputs();
            adapter.commit(&key, value, commands, post);
        }
        Ok::<(), AdapterError>(())
    })
}
