//! Packing the objects of a batch, on several threads when there is enough to do.
//!
//! Chunks of objects are packed each for itself: within one, a commit is written as a delta on an
//! earlier whole commit of the same author where that saves much, and what is short is stored rather
//! than compressed, because resetting the compressor costs more than it could gain. The cuts and
//! choices depend on the objects only, and chunks reach the caller in order, whichever thread
//! finishes first.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::delta::{BASE_SIZE_MAX, Base};
use super::{PackError, PackObject};
use crate::object_id::{ObjectId, ObjectKind};

/// zlib level 1: four fifths of the gain of level 6 for a third of its time on commits of events.
const LEVEL: u32 = 1;
/// Up to this size bytes are stored, not compressed; deltas of events stay below it.
const STORED_SIZE_MAX: usize = 768;
/// Up to this size a base is stored: whoever reads one of its deltas reads it too.
const STORED_BASE_SIZE_MAX: usize = 3 * 1024;
/// Chunks of fewer objects have too few deltas to a base for that.
const STORED_BASE_OBJECTS_MIN: usize = 16;
/// A delta is worth its while if it saves this much, or a quarter.
const SAVED_SIZE_MIN: usize = 512;
/// A chunk is closed once it holds this many bytes of input: several times the cost of a thread.
const CHUNK_SIZE_BYTES: usize = 256 * 1024;
const THREAD_COUNT_MAX: usize = 4;
/// Whole commits of one chunk that deltas may stand on, one an author.
const BASE_COUNT_MAX: usize = 16;
/// The code of a delta whose base stands before it in the same pack.
const OFFSET_DELTA: u8 = 6;

/// Consecutive pack entries.
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    pub(super) objects: Vec<Packed>,
}

/// One pack entry: header and content together have `size` bytes.
pub(super) struct Packed {
    pub(super) id: ObjectId,
    pub(super) crc32: u32,
    pub(super) size: usize,
}

/// Packs all objects and hands the chunks to `accept` in order, until it or a compressor fails.
pub(super) fn pack_in_order(
    objects: &[PackObject<'_>],
    mut accept: impl FnMut(Chunk) -> Result<(), PackError>,
) -> Result<(), PackError> {
    let chunks = chunk_ranges(objects);
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    let thread_count = available.min(THREAD_COUNT_MAX).min(chunks.len());
    if thread_count <= 1 {
        return pack_alone(objects, &chunks, accept);
    }
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(thread_count);
        let mut started = 0;
        for _ in 0..thread_count {
            let (sender, chunks, next) = (sender.clone(), &chunks, &next);
            let worker = std::thread::Builder::new()
                .spawn_scoped(scope, move || work(objects, chunks, next, &sender));
            started += usize::from(worker.is_ok());
        }
        if started == 0 {
            return pack_alone(objects, &chunks, accept);
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut expected = 0;
        // Leaving this loop early drops the receiver, which ends the workers.
        for (number, chunk) in receiver {
            early.insert(number, chunk);
            while let Some(chunk) = early.remove(&expected) {
                accept(chunk?)?;
                expected += 1;
            }
        }
        Ok(())
    })
}

fn pack_alone(
    objects: &[PackObject<'_>],
    chunks: &[Range<usize>],
    mut accept: impl FnMut(Chunk) -> Result<(), PackError>,
) -> Result<(), PackError> {
    let mut packer = Packer::new();
    chunks
        .iter()
        .try_for_each(|range| accept(packer.pack_chunk(&objects[range.clone()])?))
}

fn work(
    objects: &[PackObject<'_>],
    chunks: &[Range<usize>],
    next: &AtomicUsize,
    sender: &SyncSender<(usize, Result<Chunk, PackError>)>,
) {
    let mut packer = Packer::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(range) = chunks.get(number) else {
            return;
        };
        let chunk = packer.pack_chunk(&objects[range.clone()]);
        if sender.send((number, chunk)).is_err() {
            return;
        }
    }
}

fn chunk_ranges(objects: &[PackObject<'_>]) -> Vec<Range<usize>> {
    let mut chunks = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (index, object) in objects.iter().enumerate() {
        size += object.bytes.len();
        if size >= CHUNK_SIZE_BYTES {
            chunks.push(start..index + 1);
            (start, size) = (index + 1, 0);
        }
    }
    if start < objects.len() {
        chunks.push(start..objects.len());
    }
    chunks
}

/// A whole commit of the chunk at hand, and where its entry begins.
struct PackedBase<'a> {
    author: &'a [u8],
    base: Base<'a>,
    start: usize,
}

struct Packer {
    compress: Compress,
    delta: Vec<u8>,
    stores_bases: bool,
}

impl Packer {
    fn new() -> Packer {
        Packer {
            compress: Compress::new(Compression::new(LEVEL), true),
            delta: Vec::new(),
            stores_bases: false,
        }
    }

    fn pack_chunk(&mut self, objects: &[PackObject<'_>]) -> Result<Chunk, PackError> {
        let input_size: usize = objects.iter().map(|object| object.bytes.len()).sum();
        let mut chunk = Chunk {
            bytes: Vec::with_capacity(input_size / 2 + objects.len() * 32),
            objects: Vec::with_capacity(objects.len()),
        };
        let mut bases = Vec::new();
        self.stores_bases = objects.len() >= STORED_BASE_OBJECTS_MIN;
        for object in objects {
            let start = chunk.bytes.len();
            self.push_entry(&mut chunk.bytes, object, &mut bases)?;
            let mut crc = Crc::new();
            crc.update(&chunk.bytes[start..]);
            let size = chunk.bytes.len() - start;
            chunk.objects.push(Packed {
                id: object.id,
                crc32: crc.sum(),
                size,
            });
        }
        Ok(chunk)
    }

    fn push_entry<'a>(
        &mut self,
        out: &mut Vec<u8>,
        object: &PackObject<'a>,
        bases: &mut Vec<PackedBase<'a>>,
    ) -> Result<(), PackError> {
        let author = match object.kind {
            ObjectKind::Commit if object.bytes.len() <= BASE_SIZE_MAX => author_of(object.bytes),
            _ => return self.push_whole(out, object, STORED_SIZE_MAX),
        };
        let same_author = bases.iter().position(|base| base.author == author);
        if let Some(base) = same_author.map(|index| &bases[index]).or(bases.last()) {
            let mut delta = std::mem::take(&mut self.delta);
            base.base.delta(object.bytes, &mut delta);
            let (size, whole_size) = (delta.len(), object.bytes.len());
            let saves_much = size <= whole_size / 4 * 3 || size + SAVED_SIZE_MIN <= whole_size;
            let pushed = saves_much.then(|| self.push_delta(out, object, &delta, base.start));
            self.delta = delta;
            if let Some(pushed) = pushed {
                return pushed;
            }
        }
        let stored_size_max = if self.stores_bases {
            STORED_BASE_SIZE_MAX
        } else {
            STORED_SIZE_MAX
        };
        let base = PackedBase {
            author,
            base: Base::new(object.bytes),
            start: out.len(),
        };
        match same_author {
            Some(index) => bases[index] = base,
            None if bases.len() == BASE_COUNT_MAX => bases[0] = base,
            None => bases.push(base),
        }
        self.push_whole(out, object, stored_size_max)
    }

    fn push_whole(
        &mut self,
        out: &mut Vec<u8>,
        object: &PackObject<'_>,
        stored_size_max: usize,
    ) -> Result<(), PackError> {
        push_entry_header(out, pack_code(object.kind), object.bytes.len());
        self.push_zlib(out, object.bytes, object.id, stored_size_max)
    }

    fn push_delta(
        &mut self,
        out: &mut Vec<u8>,
        object: &PackObject<'_>,
        delta: &[u8],
        base_start: usize,
    ) -> Result<(), PackError> {
        let distance = out.len() - base_start;
        push_entry_header(out, OFFSET_DELTA, delta.len());
        push_distance(out, distance);
        self.push_zlib(out, delta, object.id, STORED_SIZE_MAX)
    }

    fn push_zlib(
        &mut self,
        out: &mut Vec<u8>,
        bytes: &[u8],
        id: ObjectId,
        stored_size_max: usize,
    ) -> Result<(), PackError> {
        if bytes.len() <= stored_size_max {
            push_stored(out, bytes);
            return Ok(());
        }
        self.compress.reset();
        loop {
            let consumed = self.compress.total_in() as usize;
            let rest = &bytes[consumed..];
            // Room for incompressible input, so that one turn is the rule.
            out.reserve(rest.len() + rest.len() / 512 + 64);
            match self.compress.compress_vec(rest, out, FlushCompress::Finish) {
                Ok(Status::StreamEnd) => return Ok(()),
                Ok(Status::Ok | Status::BufError) => {}
                Err(_) => return Err(PackError::Compressor { id }),
            }
        }
    }
}

/// The author line of a commit up to the date; empty for what is no commit of ours.
fn author_of(content: &[u8]) -> &[u8] {
    let rest = content.get(AUTHOR_SEARCH_START..).unwrap_or_default();
    let line = rest
        .split(|byte| *byte == b'\n')
        .find(|line| line.starts_with(b"author "));
    line.and_then(|line| line.split(|byte| *byte == b'>').next())
        .unwrap_or_default()
}

/// The line `tree` has 46 bytes.
const AUTHOR_SEARCH_START: usize = 46;

/// The number of an object's kind in a pack entry.
fn pack_code(kind: ObjectKind) -> u8 {
    match kind {
        ObjectKind::Commit => 1,
        ObjectKind::Tree => 2,
        ObjectKind::Blob => 3,
        ObjectKind::Tag => 4,
    }
}

/// Kind and size of the object: 3 bits and 4 bits, then 7 bits a byte, the high bit meaning "more".
fn push_entry_header(out: &mut Vec<u8>, kind: u8, size: usize) {
    let mut byte = (kind << 4) | (size & 0x0f) as u8;
    let mut rest = size >> 4;
    while rest > 0 {
        out.push(byte | 0x80);
        byte = (rest & 0x7f) as u8;
        rest >>= 7;
    }
    out.push(byte);
}

/// How far before this entry its base begins: 7 bits a byte, the highest first, each continued byte
/// counting one more than it says.
fn push_distance(out: &mut Vec<u8>, mut distance: usize) {
    let mut bytes = [0; 10];
    let mut start = bytes.len() - 1;
    bytes[start] = (distance & 0x7f) as u8;
    distance >>= 7;
    while distance > 0 {
        distance -= 1;
        start -= 1;
        bytes[start] = 0x80 | (distance & 0x7f) as u8;
        distance >>= 7;
    }
    out.extend_from_slice(&bytes[start..]);
}

/// A zlib stream of one stored block (RFC 1950, RFC 1951 section 3.2.4); `bytes` is short.
fn push_stored(out: &mut Vec<u8>, bytes: &[u8]) {
    let size = bytes.len() as u16;
    out.extend_from_slice(&[0x78, 0x01, 0x01]);
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&(!size).to_le_bytes());
    out.extend_from_slice(bytes);
    out.extend_from_slice(&adler32(bytes).to_be_bytes());
}

/// RFC 1950. Up to 5,552 bytes the sums stay below 2^32 without being reduced.
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (mut low, mut high) = (1_u32, 0_u32);
    for part in bytes.chunks(5552) {
        for byte in part {
            low += u32::from(*byte);
            high += low;
        }
        (low, high) = (low % MODULUS, high % MODULUS);
    }
    high << 16 | low
}
