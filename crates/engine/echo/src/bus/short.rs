//! Byte strings that need no memory of their own while they are short: kinds and payloads of most envelopes.
//!
//! Tests: `short/tests.rs`.

#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use core::fmt;

/// Longest string that lies in the value itself, in bytes.
const HERE_SIZE_MAX: usize = 30;

/// A byte string.
#[derive(Clone)]
pub(crate) struct ShortBytes(Kept);

#[derive(Clone)]
enum Kept {
    Here {
        size: u8,
        bytes: [u8; HERE_SIZE_MAX],
    },
    Elsewhere(Box<[u8]>),
}

impl ShortBytes {
    #[inline]
    pub(crate) fn new(content: &[u8]) -> ShortBytes {
        if content.len() > HERE_SIZE_MAX {
            return ShortBytes(Kept::Elsewhere(Box::from(content)));
        }
        let (low, high) = words(content);
        let mut bytes = [0; HERE_SIZE_MAX];
        bytes[..16].copy_from_slice(&low.to_le_bytes());
        bytes[16..].copy_from_slice(&high.to_le_bytes()[..HERE_SIZE_MAX - 16]);
        let size = content.len() as u8;
        ShortBytes(Kept::Here { size, bytes })
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Kept::Here { size, bytes } => &bytes[..usize::from(*size)],
            Kept::Elsewhere(bytes) => bytes,
        }
    }
}

/// At most 30 bytes as two numbers, least significant byte first, with zeros behind.
///
/// The first and the last bytes of a string are pieces of a known size that may overlap. Shifted together they give it in a
/// few steps and without a copy of unknown size, after which a processor would have to wait to read it again.
#[inline]
fn words(content: &[u8]) -> (u128, u128) {
    let size = content.len();
    if let (Some(first), Some(last)) = (content.first_chunk::<16>(), content.last_chunk::<16>()) {
        let high = (u128::from_le_bytes(*last) >> 1) >> (8 * (32 - size) - 1);
        return (u128::from_le_bytes(*first), high);
    }
    if let (Some(first), Some(last)) = (content.first_chunk::<8>(), content.last_chunk::<8>()) {
        let last = u128::from(u64::from_le_bytes(*last)) << (8 * (size - 8));
        return (u128::from(u64::from_le_bytes(*first)) | last, 0);
    }
    if let (Some(first), Some(last)) = (content.first_chunk::<4>(), content.last_chunk::<4>()) {
        let last = u64::from(u32::from_le_bytes(*last)) << (8 * (size - 4));
        let word = u64::from(u32::from_le_bytes(*first)) | last;
        return (word.into(), 0);
    }
    let bytes = content.iter().rev();
    let word = bytes.fold(0, |word, byte| word << 8 | u32::from(*byte));
    (word.into(), 0)
}

impl PartialEq for ShortBytes {
    #[inline]
    fn eq(&self, other: &ShortBytes) -> bool {
        match (&self.0, &other.0) {
            // Bytes behind the end are zero, so all of them can be compared at once.
            (
                Kept::Here { size, bytes },
                Kept::Here {
                    size: other_size,
                    bytes: other_bytes,
                },
            ) => size == other_size && bytes == other_bytes,
            _ => self.as_slice() == other.as_slice(),
        }
    }
}

impl Eq for ShortBytes {}

impl fmt::Debug for ShortBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(formatter)
    }
}
