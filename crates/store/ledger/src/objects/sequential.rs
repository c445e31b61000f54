//! Reading very many objects in flat memory.
//!
//! What a reader touches of a mapped pack stays resident as long as the map does, so a walk over a large
//! repository would hold all of it. This reader opens a store of its own and gives it back after every few
//! thousand objects. Tests: `tests.rs`.

use std::sync::Arc;

use super::{ObjectError, Reader};
use crate::git::Repository;
use crate::object_id::ObjectId;

/// Objects read before the maps are given back.
const RENEWAL_OBJECT_COUNT: usize = 4096;

/// Reads objects one after the other, giving memory back on the way.
pub struct SequentialReader {
    repository: Repository,
    reader: Option<Reader>,
    left_count: usize,
}

impl SequentialReader {
    /// A reader of this repository's objects.
    pub fn new(repository: &Repository) -> SequentialReader {
        SequentialReader {
            repository: repository.clone(),
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
            let store =
                self.repository
                    .open_object_store()
                    .map_err(|error| ObjectError::Corrupt {
                        id,
                        reason: error.to_string(),
                    })?;
            self.reader = Some(Reader::of(&Arc::new(store)));
        }
        Ok(self.reader.as_ref().expect("it was opened just now"))
    }
}
