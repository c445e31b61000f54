//! What digests of worlds are made of: every node's bytes begin with a tag, so no two kinds of node share an input.
//!
//! Bytes: `docs/formats/world.md`, section World hash. Tests: `tests/it/hash.rs`.

use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// The first byte of everything that is hashed.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Tag {
    Registry = 0x10,
    Block = 0x11,
    Page = 0x12,
    Column = 0x13,
    Archetype = 0x14,
    EntityPage = 0x15,
    EntityTable = 0x16,
    World = 0x17,
    Mailbox = 0x18,
    Handlers = 0x19,
    Branch = 0x1a,
    Systems = 0x1b,
    Plugins = 0x1c,
    BusRules = 0x1d,
    Config = 0x1e,
    Scripts = 0x1f,
    Envelope = 0x20,
    Frame = 0x21,
    Memory = 0x22,
}

/// A buffer that begins with the tag.
pub(crate) fn start(tag: Tag) -> Vec<u8> {
    alloc::vec![tag as u8]
}

/// Empties the buffer and writes the tag.
pub(crate) fn restart(bytes: &mut Vec<u8>, tag: Tag) {
    bytes.clear();
    bytes.push(tag as u8);
}

pub(crate) fn push_u64(bytes: &mut Vec<u8>, value: u64) {
    bytes.extend(value.to_le_bytes());
}

/// The digest of a node whose bytes are there already.
pub(crate) fn of(tag: Tag, body: &[u8]) -> Blake3Digest {
    let mut bytes = start(tag);
    bytes.extend(body);
    Blake3Digest::of(&bytes)
}
