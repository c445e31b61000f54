//! Looking for an object again before it is called missing.
//!
//! A repack by other hands puts a new pack in place and takes the old ones away. Whoever lists the folder
//! meanwhile may see neither, and a store that knew the old packs cannot open them any more. So absence and
//! damage are believed only when a fresh look found the same while the folder of packs stood still. What is
//! read and how it is checked is the parent's work.
//!
//! INVARIANT: nothing waits longer than [`PAUSES_MS`] together.
//! Tests: `tests.rs`.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{ObjectError, Reader};
use crate::files;
use crate::git::open_objects;
use crate::object_id::{ObjectId, ObjectKind};

/// How long to wait before each look, in milliseconds. At least two are made, so that a folder whose listing
/// was caught half-way is listed again.
const PAUSES_MS: [u64; 7] = [0, 5, 20, 80, 160, 320, 640];

/// As [`Reader::read`], with a store that has seen nothing yet, and again while packs come and go.
pub(super) fn read(
    objects_dir: &Path,
    id: ObjectId,
    kind: ObjectKind,
    size_max: u64,
) -> Result<Vec<u8>, ObjectError> {
    let mut seen = None;
    let mut outcome = Err(ObjectError::Missing { id, kind });
    for pause_ms in PAUSES_MS {
        std::thread::sleep(Duration::from_millis(pause_ms));
        let packs = Packs::look(objects_dir);
        outcome = read_afresh(objects_dir, id, kind, size_max);
        if !matches!(
            outcome,
            Err(ObjectError::Missing { .. } | ObjectError::Corrupt { .. })
        ) {
            break;
        }
        let stood_still = packs.is_some() && seen == packs && packs == Packs::look(objects_dir);
        if stood_still {
            break;
        }
        seen = packs;
    }
    outcome
}

fn read_afresh(
    objects_dir: &Path,
    id: ObjectId,
    kind: ObjectKind,
    size_max: u64,
) -> Result<Vec<u8>, ObjectError> {
    let store = open_objects(objects_dir).map_err(|error| ObjectError::Corrupt {
        id,
        reason: error.to_string(),
    })?;
    Reader::of(&Arc::new(store)).read_once(id, kind, size_max)
}

/// What the folder of packs looked like.
#[derive(PartialEq, Eq)]
struct Packs {
    names: Vec<String>,
    changed: Option<SystemTime>,
}

impl Packs {
    /// `None` when it cannot be listed.
    fn look(objects_dir: &Path) -> Option<Packs> {
        let pack_dir = objects_dir.join("pack");
        let names = files::list(&pack_dir).ok()?;
        let changed = std::fs::metadata(&pack_dir).and_then(|it| it.modified());
        Some(Packs {
            names,
            changed: changed.ok(),
        })
    }
}
