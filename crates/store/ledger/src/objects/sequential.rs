//! Reading very many objects in flat memory.
//!
//! What a reader touches of a mapped pack or of its index stays resident as long as the map does, so a walk over a
//! large repository would hold all of it. This reader opens a store of its own and gives it back after every few
//! hundred objects; readers that work side by side share one. Tests: `tests.rs`.

use std::sync::{Arc, Mutex, PoisonError};

use super::{ObjectError, Reader};
use crate::git::Repository;
use crate::object_id::ObjectId;

/// Objects a reader reads before it gives its maps back.
const RENEWAL_OBJECT_COUNT: usize = 512;
/// How often a store is handed out before the next one is opened: two readers side by side use the same.
const HANDING_OUT_COUNT: usize = 2;

/// Reads objects one after the other, giving memory back on the way.
pub struct SequentialReader {
    source: Arc<Source>,
    reader: Option<Reader>,
    left_count: usize,
}

/// Where readers that work side by side get their stores from.
struct Source {
    repository: Repository,
    current: Mutex<Option<(Arc<gix::odb::Store>, usize)>>,
}

impl SequentialReader {
    /// A reader of this repository's objects.
    pub fn new(repository: &Repository) -> SequentialReader {
        SequentialReader {
            source: Arc::new(Source {
                repository: repository.clone(),
                current: Mutex::new(None),
            }),
            reader: None,
            left_count: 0,
        }
    }

    /// A reader for another thread that shares what is mapped.
    pub fn beside(&self) -> SequentialReader {
        SequentialReader {
            source: self.source.clone(),
            reader: None,
            left_count: 0,
        }
    }

    /// The content of a commit.
    ///
    /// # Errors
    /// As [`Reader::commit`].
    pub fn commit(&mut self, id: ObjectId) -> Result<Vec<u8>, ObjectError> {
        self.reader(id)?.commit(id)
    }

    /// A reader that is good for one more object.
    pub fn reader(&mut self, id: ObjectId) -> Result<&Reader, ObjectError> {
        if self.left_count == 0 {
            self.reader = None;
            self.left_count = RENEWAL_OBJECT_COUNT;
        }
        self.left_count -= 1;
        if self.reader.is_none() {
            self.reader = Some(Reader::of(&self.source.store(id)?));
        }
        Ok(self.reader.as_ref().expect("it was opened just now"))
    }
}

impl Source {
    fn store(&self, wanted: ObjectId) -> Result<Arc<gix::odb::Store>, ObjectError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let (store, left_count) = match current.take() {
            Some(current) => current,
            None => {
                let opened = self.repository.open_object_store();
                let store = opened.map_err(|error| ObjectError::Corrupt {
                    id: wanted,
                    reason: error.to_string(),
                })?;
                (Arc::new(store), HANDING_OUT_COUNT)
            }
        };
        if left_count > 1 {
            *current = Some((store.clone(), left_count - 1));
        }
        Ok(store)
    }
}
