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
        let mut bytes = [0; HERE_SIZE_MAX];
        ShortBytes(match bytes.get_mut(..content.len()) {
            Some(place) => {
                place.copy_from_slice(content);
                let size = content.len() as u8;
                Kept::Here { size, bytes }
            }
            None => Kept::Elsewhere(Box::from(content)),
        })
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Kept::Here { size, bytes } => &bytes[..usize::from(*size)],
            Kept::Elsewhere(bytes) => bytes,
        }
    }
}

impl PartialEq for ShortBytes {
    fn eq(&self, other: &ShortBytes) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for ShortBytes {}

impl fmt::Debug for ShortBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(formatter)
    }
}
