//! Compressing the objects of a pack, on several threads when there is enough to do.
//!
//! Objects are compressed each for itself, so cutting a batch into chunks changes no byte. The
//! chunks reach the caller in order, whichever thread finishes first.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::{PackError, PackObject};
use crate::object_id::{ObjectId, ObjectKind};

/// zlib level 1: four fifths of the gain of level 6 for a third of its time on commits of events.
const LEVEL: u32 = 1;
/// A chunk is closed once it holds this many bytes of input: several times the cost of a thread.
const CHUNK_SIZE_BYTES: usize = 128 * 1024;
const THREAD_COUNT_MAX: usize = 4;

/// Consecutive pack entries.
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    pub(super) objects: Vec<Deflated>,
}

/// One pack entry: header and compressed bytes together have `size` bytes.
pub(super) struct Deflated {
    pub(super) id: ObjectId,
    pub(super) crc32: u32,
    pub(super) size: usize,
}

/// Compresses all objects and hands the chunks to `accept` in order, until it or a compressor fails.
pub(super) fn deflate_in_order(
    objects: &[PackObject<'_>],
    mut accept: impl FnMut(Chunk) -> Result<(), PackError>,
) -> Result<(), PackError> {
    let chunks = chunk_ranges(objects);
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    let thread_count = available.min(THREAD_COUNT_MAX).min(chunks.len());
    if thread_count <= 1 {
        return deflate_alone(objects, chunks, accept);
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
            return deflate_alone(objects, chunks.clone(), accept);
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

fn deflate_alone(
    objects: &[PackObject<'_>],
    chunks: Vec<Range<usize>>,
    mut accept: impl FnMut(Chunk) -> Result<(), PackError>,
) -> Result<(), PackError> {
    let mut deflater = Deflater::new();
    chunks
        .into_iter()
        .try_for_each(|range| accept(deflater.deflate_chunk(&objects[range])?))
}

fn work(
    objects: &[PackObject<'_>],
    chunks: &[Range<usize>],
    next: &AtomicUsize,
    sender: &SyncSender<(usize, Result<Chunk, PackError>)>,
) {
    let mut deflater = Deflater::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(range) = chunks.get(number) else {
            return;
        };
        let chunk = deflater.deflate_chunk(&objects[range.clone()]);
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

struct Deflater {
    compress: Compress,
}

impl Deflater {
    fn new() -> Deflater {
        Deflater {
            compress: Compress::new(Compression::new(LEVEL), true),
        }
    }

    fn deflate_chunk(&mut self, objects: &[PackObject<'_>]) -> Result<Chunk, PackError> {
        let input_size: usize = objects.iter().map(|object| object.bytes.len()).sum();
        let mut chunk = Chunk {
            bytes: Vec::with_capacity(input_size + objects.len() * 32),
            objects: Vec::with_capacity(objects.len()),
        };
        for object in objects {
            let start = chunk.bytes.len();
            push_entry_header(&mut chunk.bytes, pack_code(object.kind), object.bytes.len());
            self.deflate(object, &mut chunk.bytes)?;
            let mut crc = Crc::new();
            crc.update(&chunk.bytes[start..]);
            let size = chunk.bytes.len() - start;
            chunk.objects.push(Deflated {
                id: object.id,
                crc32: crc.sum(),
                size,
            });
        }
        Ok(chunk)
    }

    fn deflate(&mut self, object: &PackObject<'_>, out: &mut Vec<u8>) -> Result<(), PackError> {
        self.compress.reset();
        loop {
            let consumed = self.compress.total_in() as usize;
            let rest = &object.bytes[consumed..];
            // Room for incompressible input, so that one turn is the rule.
            out.reserve(rest.len() + rest.len() / 512 + 64);
            match self.compress.compress_vec(rest, out, FlushCompress::Finish) {
                Ok(Status::StreamEnd) => return Ok(()),
                Ok(Status::Ok | Status::BufError) => {}
                Err(_) => return Err(PackError::Compressor { id: object.id }),
            }
        }
    }
}

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
