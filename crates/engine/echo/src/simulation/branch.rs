//! Branches: what a tick changes, the world and the state of its scripts.
//!
//! Bytes: `docs/formats/world.md`, section Branches. Tests: `tests/it/simulation.rs`.

use super::host::ScriptHost;
use crate::hash::{self, Tag};
use crate::registry::Registry;
use crate::snapshot::{Reader, SnapshotError};
use crate::world::World;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// The first bytes of a branch.
const MAGIC: &[u8; 8] = b"ECHOBRCH";
const VERSION: u16 = 1;

/// Why bytes or a branch are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BranchError {
    /// The bytes do not begin with the mark of branches, or are of another version, or too short or too long.
    #[error("this is no branch of a world, version 1 (byte {offset})")]
    Malformed {
        /// Byte offset near the place.
        offset: usize,
    },
    /// The world is none.
    #[error(transparent)]
    World(#[from] SnapshotError),
    /// The state of scripts is none.
    #[error("the state of the scripts: {reason}")]
    Scripts {
        /// What is wrong with it.
        reason: String,
    },
    /// A branch of another simulation.
    #[error("the branch is of another simulation: {reason}")]
    Foreign {
        /// What differs.
        reason: &'static str,
    },
}

/// A world with the state of its scripts.
pub struct Branch {
    world: World,
    scripts: Option<Box<dyn ScriptHost>>,
}

impl Branch {
    pub(crate) const fn new(world: World, scripts: Option<Box<dyn ScriptHost>>) -> Branch {
        Branch { world, scripts }
    }

    /// The world.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    pub(crate) const fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    pub(crate) const fn has_scripts(&self) -> bool {
        self.scripts.is_some()
    }

    pub(crate) fn parts(&mut self) -> (&mut World, Option<&mut (dyn ScriptHost + 'static)>) {
        (&mut self.world, self.scripts.as_deref_mut())
    }

    /// The same again. The two share what neither writes.
    #[must_use]
    pub fn fork(&self) -> Branch {
        Branch {
            world: self.world.fork(),
            scripts: self.scripts.as_ref().map(|scripts| scripts.fork()),
        }
    }

    /// The world's hash, where there are no scripts; else the digest of it and of theirs.
    pub fn hash(&mut self) -> Blake3Digest {
        let world = self.world.hash();
        let Some(scripts) = &mut self.scripts else {
            return world;
        };
        let mut bytes = hash::start(Tag::Branch);
        bytes.extend(world.as_bytes());
        bytes.extend(scripts.hash().as_bytes());
        Blake3Digest::of(&bytes)
    }

    /// The canonical bytes.
    #[must_use]
    pub fn save(&mut self) -> Vec<u8> {
        let mut output = MAGIC.to_vec();
        output.extend(VERSION.to_le_bytes());
        let world = self.world.save();
        hash::push_u64(&mut output, world.len() as u64);
        output.extend(world);
        match &mut self.scripts {
            None => output.push(0),
            Some(scripts) => {
                output.push(1);
                output.extend(scripts.save());
            }
        }
        output
    }

    /// The branch with these bytes, of the same simulation as this one.
    pub(crate) fn load(&self, bytes: &[u8]) -> Result<Branch, BranchError> {
        let mut reader = Reader::new(bytes);
        let parts = split(&mut reader);
        let (world, scripts) = parts.ok_or(BranchError::Malformed {
            offset: reader.offset(),
        })?;
        let registry: &Registry = self.world.registry();
        let world = World::load(registry, world)?;
        let scripts = match (&self.scripts, scripts) {
            (None, None) => None,
            (Some(host), Some(state)) => {
                let loaded = host.load(state);
                Some(loaded.map_err(|reason| BranchError::Scripts { reason })?)
            }
            _ => return Err(foreign_scripts()),
        };
        Ok(Branch { world, scripts })
    }

    pub(crate) fn check_alike(&self, other: &Branch) -> Result<(), BranchError> {
        if self.world.registry().digest() != other.world.registry().digest() {
            return Err(BranchError::Foreign {
                reason: "it has other components",
            });
        }
        if self.scripts.is_some() == other.scripts.is_some() {
            Ok(())
        } else {
            Err(foreign_scripts())
        }
    }

    pub(crate) fn script_roots(&self) -> Vec<(String, Blake3Digest)> {
        self.scripts
            .as_ref()
            .map(|scripts| scripts.roots())
            .unwrap_or_default()
    }
}

const fn foreign_scripts() -> BranchError {
    BranchError::Foreign {
        reason: "one has scripts and the other none",
    }
}

/// The bytes of the world, and of the scripts if there are any.
fn split<'a>(reader: &mut Reader<'a>) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    let is_branch = reader.take(MAGIC.len())? == MAGIC && reader.u16()? == VERSION;
    if !is_branch {
        return None;
    }
    let size = usize::try_from(reader.u64()?).ok()?;
    let world = reader.take(size)?;
    match reader.u8()? {
        0 if reader.rest_len() == 0 => Some((world, None)),
        1 => {
            let size = reader.rest_len();
            Some((world, Some(reader.take(size)?)))
        }
        _ => None,
    }
}
