//! BLAKE3 of several byte strings of one size at once.
//!
//! BLAKE3 cuts its input into chunks of 1 KiB and computes as many at a time as the processor has lanes. A string of
//! fewer chunks than lanes leaves lanes idle, so here the lanes are filled with the same chunk of several strings. Each
//! digest is the plain hash of its string.
//!
//! Lanes are reached through a module that `blake3` keeps for benchmarks, so the workspace names its exact version
//! (`docs/decisions/0026-lanes-of-blake3.md`). Slow twin: one at a time, in `tests/it/digest.rs`.

use super::{Blake3Digest, DIGEST_SIZE};
use alloc::vec::Vec;
use blake3::IncrementCounter;
use blake3::platform::Platform;

const CHUNK_SIZE: usize = 1024;
const BLOCK_SIZE: usize = 64;
/// With more chunks than this a string fills all lanes alone.
const CHUNKS_MAX: usize = 16;

/// The eight words every hash begins with, as FIPS 180-4 gives them for SHA-256.
const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Domain flags of the BLAKE3 paper, section 2.2.
const CHUNK_START: u8 = 1;
const CHUNK_END: u8 = 1 << 1;
const PARENT: u8 = 1 << 2;
const ROOT: u8 = 1 << 3;

impl Blake3Digest {
    /// The digests of strings that all have the same size, in their order. Faster than one at a time where they have between
    /// 2 and 16 KiB.
    #[must_use]
    pub fn of_each(strings: &[&[u8]]) -> Vec<Blake3Digest> {
        let size = strings.first().map_or(0, |string| string.len());
        let is_alike = strings.iter().all(|string| string.len() == size);
        // As many lanes are filled by one string as it has chunks, and by several as there are strings.
        let chunks = size.div_ceil(CHUNK_SIZE);
        let is_alone = !(2..=CHUNKS_MAX).contains(&chunks) || chunks >= strings.len();
        if !is_alike || is_alone {
            return strings.iter().copied().map(Blake3Digest::of).collect();
        }
        Lanes::new(strings, size).digests()
    }
}

/// Strings under way: of each the chaining values of the nodes of one level of its tree, level after level.
struct Lanes {
    platform: Platform,
    /// For each string as many values as `width`, one string after the other.
    values: Vec<u8>,
    width: usize,
    count: usize,
}

impl Lanes {
    /// The leaves.
    fn new(strings: &[&[u8]], size: usize) -> Lanes {
        let platform = Platform::detect();
        let (count, width) = (strings.len(), size.div_ceil(CHUNK_SIZE));
        let mut lanes = Lanes {
            platform,
            values: alloc::vec![0; count * width * DIGEST_SIZE],
            width,
            count,
        };
        let whole = size / CHUNK_SIZE;
        let mut values = alloc::vec![0; count * DIGEST_SIZE];
        for chunk in 0..whole {
            let inputs: Vec<&[u8; CHUNK_SIZE]> = strings
                .iter()
                .filter_map(|string| string.as_chunks().0.get(chunk))
                .collect();
            platform.hash_many(
                &inputs,
                &START,
                chunk as u64,
                IncrementCounter::No,
                0,
                CHUNK_START,
                CHUNK_END,
                &mut values,
            );
            let (values, _) = values.as_chunks::<DIGEST_SIZE>();
            for (string, value) in values.iter().enumerate() {
                lanes.put(string * width + chunk, value);
            }
        }
        if whole < width {
            for (place, string) in strings.iter().enumerate() {
                let value = lanes.last_chunk(&string[whole * CHUNK_SIZE..], whole as u64);
                lanes.put(place * width + whole, &value);
            }
        }
        lanes
    }

    fn put(&mut self, place: usize, value: &[u8; DIGEST_SIZE]) {
        let start = place * DIGEST_SIZE;
        self.values[start..start + DIGEST_SIZE].copy_from_slice(value);
    }

    /// The value of a chunk that is not full. It is not the only one, so it is no root.
    fn last_chunk(&self, bytes: &[u8], chunk: u64) -> [u8; DIGEST_SIZE] {
        let mut value = START;
        let mut rest = bytes;
        let mut flags = CHUNK_START;
        loop {
            let (now, later) = rest.split_at(rest.len().min(BLOCK_SIZE));
            let mut block = [0; BLOCK_SIZE];
            block[..now.len()].copy_from_slice(now);
            if later.is_empty() {
                flags |= CHUNK_END;
            }
            let size = now.len() as u8;
            self.platform
                .compress_in_place(&mut value, &block, size, chunk, flags);
            if later.is_empty() {
                break;
            }
            flags = 0;
            rest = later;
        }
        let mut bytes = [0; DIGEST_SIZE];
        let (places, _) = bytes.as_chunks_mut();
        for (place, word) in places.iter_mut().zip(value) {
            *place = word.to_le_bytes();
        }
        bytes
    }

    /// One level up: neighbours are joined, and the last one of an odd number stays what it is.
    fn join(&mut self) {
        let pairs = self.width / 2;
        let width = self.width.div_ceil(2);
        let flags = if width == 1 { PARENT | ROOT } else { PARENT };
        let row_size = self.width * DIGEST_SIZE;
        let rows = self.values.chunks_exact(row_size);
        let inputs: Vec<&[u8; BLOCK_SIZE]> = rows
            .clone()
            .flat_map(|row| row.as_chunks().0.iter())
            .collect();
        let mut joined = alloc::vec![0; inputs.len() * DIGEST_SIZE];
        self.platform.hash_many(
            &inputs,
            &START,
            0,
            IncrementCounter::No,
            flags,
            0,
            0,
            &mut joined,
        );
        if pairs == width {
            self.values = joined;
        } else {
            let mut values = Vec::with_capacity(self.count * width * DIGEST_SIZE);
            for (row, joined) in rows.zip(joined.chunks_exact(pairs * DIGEST_SIZE)) {
                values.extend_from_slice(joined);
                values.extend_from_slice(&row[row_size - DIGEST_SIZE..]);
            }
            self.values = values;
        }
        self.width = width;
    }

    fn digests(mut self) -> Vec<Blake3Digest> {
        while self.width > 1 {
            self.join();
        }
        let (values, _) = self.values.as_chunks();
        debug_assert_eq!(values.len(), self.count);
        values
            .iter()
            .copied()
            .map(Blake3Digest::from_bytes)
            .collect()
    }
}
