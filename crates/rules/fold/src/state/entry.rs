//! The registers of one key of `map-join-lww` by field, packed into two pieces of memory.
//!
//! A typical event rewrites all fields of an entry. With a value, a stamp and a name allocated for each register that
//! would touch dozens of places in memory; packed, it is one walk over old headers and one copy of new bytes. Values
//! are kept as canonical CBOR, the form in which they are saved.
//!
//! INVARIANT 1: fields are sorted by name and later than the delete; there is one register per name.
//! INVARIANT 2: every field's stamp is in `stamps`; `stamps` may hold some that no field refers to any more.

use super::names::{NameIndex, Names};
use super::register::Stamp;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Ordering;
use gatos_values::{Map, cbor};

/// Bytes before each value: name, stamp, size.
const HEADER_SIZE: usize = 12;

/// Stamps that an entry may hold beyond two for each field before it is packed anew.
const SPARE_STAMP_COUNT: usize = 8;

/// The registers of one key.
#[derive(Clone, Debug, Default)]
pub(crate) struct LwwEntry {
    /// The greatest stamp of a delete. Boxed: most entries have none.
    deleted: Option<Box<Stamp>>,
    stamps: Vec<Stamp>,
    /// For each field its name, the index of its stamp, the size of its value, and the value.
    fields: Vec<u8>,
}

/// One register of an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) name: NameIndex,
    pub(crate) stamp: Stamp,
    /// Canonical CBOR.
    pub(crate) value: &'a [u8],
}

/// Memory that writers of entries share, so that writing allocates nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    fields: Vec<u8>,
}

impl LwwEntry {
    /// An entry with these registers, sorted by name; those that the delete covers are left out.
    pub(super) fn of<'a>(
        deleted: Option<Stamp>,
        fields: impl Iterator<Item = Field<'a>>,
    ) -> LwwEntry {
        let fields: Vec<Field<'a>> = fields.filter(|field| Some(field.stamp) > deleted).collect();
        let mut stamps: Vec<Stamp> = fields.iter().map(|field| field.stamp).collect();
        stamps.sort_unstable();
        stamps.dedup();
        let mut packed = Vec::new();
        for field in fields {
            let place = stamps.binary_search(&field.stamp).unwrap_or_default();
            push(&mut packed, field.name, place, |output| {
                output.extend_from_slice(field.value)
            });
        }
        LwwEntry {
            deleted: deleted.map(Box::new),
            stamps,
            fields: packed,
        }
    }

    pub(crate) fn deleted(&self) -> Option<Stamp> {
        self.deleted.as_deref().copied()
    }

    /// Whether no field shows.
    pub(crate) fn is_hidden(&self) -> bool {
        self.fields.is_empty()
    }

    /// The registers in the order of names.
    pub(crate) fn fields(&self) -> Fields<'_> {
        Fields {
            rest: &self.fields,
            stamps: &self.stamps,
        }
    }

    pub(super) fn is_deleted_at(&self, stamp: Stamp) -> bool {
        self.deleted
            .as_ref()
            .is_some_and(|deleted| stamp <= **deleted)
    }

    /// Raises the tombstone and drops the registers it covers.
    pub(super) fn delete(&mut self, stamp: Stamp) {
        if !self.is_deleted_at(stamp) {
            *self = LwwEntry::of(Some(stamp), self.fields());
        }
    }

    /// Writes every field of one event. Both sides are sorted, so one walk over the two suffices.
    pub(super) fn write(
        &mut self,
        stamp: Stamp,
        event: &Map,
        names: &mut Names,
        scratch: &mut Scratch,
    ) {
        if self.is_deleted_at(stamp) {
            return;
        }
        scratch.fields.clear();
        let new_stamp = self.stamps.len();
        let mut all_new = true;
        let mut old = self.fields();
        let mut next = old.packed();
        for (name, value) in event {
            // Old fields before this one stay. Equality first: events mostly have the fields of the entry.
            let mut order = next.map(|field| compare(names.get(field.name), name));
            while let (Some(field), Some(Ordering::Less)) = (next, order) {
                scratch.fields.extend_from_slice(field.bytes);
                all_new = false;
                next = old.packed();
                order = next.map(|field| compare(names.get(field.name), name));
            }
            let same = next.filter(|_| order == Some(Ordering::Equal));
            if same.is_some() {
                next = old.packed();
            }
            match same {
                Some(field)
                    if self
                        .stamps
                        .get(field.stamp)
                        .is_some_and(|old| *old >= stamp) =>
                {
                    scratch.fields.extend_from_slice(field.bytes);
                    all_new = false;
                }
                same => {
                    let name = same.map_or_else(|| names.add(name), |field| field.name);
                    // Payloads nest within `PAYLOAD_DEPTH_MAX`, so encoding cannot fail.
                    push(&mut scratch.fields, name, new_stamp, |output| {
                        let written = cbor::encode_into(value, output);
                        debug_assert!(written.is_ok());
                    });
                }
            }
        }
        while let Some(field) = next {
            scratch.fields.extend_from_slice(field.bytes);
            all_new = false;
            next = old.packed();
        }
        self.replace(stamp, all_new, scratch);
    }

    /// Takes over what [`LwwEntry::write`] has put together.
    fn replace(&mut self, stamp: Stamp, all_new: bool, scratch: &mut Scratch) {
        if all_new && !self.stamps.is_empty() {
            self.stamps.clear();
            renumber(&mut scratch.fields);
        }
        self.stamps.push(stamp);
        self.fields.clear();
        self.fields.extend_from_slice(&scratch.fields);
        // Counting is as much work as writing was, so it can wait until there is something to gain.
        if self.stamps.len() > SPARE_STAMP_COUNT
            && self.stamps.len() > 2 * self.fields().count() + SPARE_STAMP_COUNT
        {
            *self = LwwEntry::of(self.deleted(), self.fields());
        }
    }
}

/// Sets the stamp of every field to the first one.
fn renumber(fields: &mut [u8]) {
    let mut rest = fields;
    while let Some((header, after)) = rest.split_first_chunk_mut::<HEADER_SIZE>() {
        header[4..8].fill(0);
        let size = word(header, 8);
        let Some((_, after)) = after.split_at_mut_checked(size) else {
            return;
        };
        rest = after;
    }
}

fn compare(present: &str, name: &str) -> Ordering {
    if present == name {
        Ordering::Equal
    } else {
        present.cmp(name)
    }
}

/// Appends a field whose value `write` appends.
fn push(output: &mut Vec<u8>, name: NameIndex, stamp: usize, write: impl FnOnce(&mut Vec<u8>)) {
    let narrow = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes();
    output.extend_from_slice(&name.to_le_bytes());
    output.extend_from_slice(&narrow(stamp));
    output.extend_from_slice(&[0; 4]);
    let start = output.len();
    write(output);
    let size = narrow(output.len() - start);
    if let Some(place) = output.get_mut(start - 4..start) {
        place.copy_from_slice(&size);
    }
}

fn word(header: &[u8; HEADER_SIZE], at: usize) -> usize {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&header[at..at + 4]);
    u32::from_le_bytes(bytes) as usize
}

/// A field as it lies in memory.
#[derive(Clone, Copy)]
struct Packed<'a> {
    name: NameIndex,
    /// Index into the stamps of the entry.
    stamp: usize,
    /// Header and value.
    bytes: &'a [u8],
}

/// The registers of an entry, in the order of names.
#[derive(Clone)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
    stamps: &'a [Stamp],
}

impl<'a> Fields<'a> {
    fn packed(&mut self) -> Option<Packed<'a>> {
        let header = self.rest.first_chunk::<HEADER_SIZE>()?;
        let (bytes, rest) = self.rest.split_at_checked(HEADER_SIZE + word(header, 8))?;
        self.rest = rest;
        Some(Packed {
            name: word(header, 0) as NameIndex,
            stamp: word(header, 4),
            bytes,
        })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let packed = self.packed()?;
        let stamp = *self.stamps.get(packed.stamp)?;
        Some(Field {
            name: packed.name,
            stamp,
            value: packed.bytes.get(HEADER_SIZE..)?,
        })
    }
}

/// Unites two entries; the names of `theirs` are renumbered by `number`.
pub(super) fn join(
    mine: &LwwEntry,
    theirs: &LwwEntry,
    number: impl Fn(NameIndex) -> NameIndex,
    names: &Names,
) -> LwwEntry {
    let deleted = mine.deleted().max(theirs.deleted());
    let theirs = theirs.fields().map(|field| Field {
        name: number(field.name),
        ..field
    });
    let mut fields: Vec<Field<'_>> = mine.fields().chain(theirs).collect();
    // Of two registers of one name the later comes first and stays.
    fields.sort_by(|left, right| {
        let by_name = names.get(left.name).cmp(names.get(right.name));
        by_name.then_with(|| right.stamp.cmp(&left.stamp))
    });
    fields.dedup_by_key(|field| field.name);
    LwwEntry::of(deleted, fields.into_iter())
}
