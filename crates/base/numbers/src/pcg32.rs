//! PCG32: the one pseudo-random generator, with counted draws and a state that can be written down.
//!
//! Algorithm: PCG XSH RR 64/32 with streams, by M. E. O'Neill, "PCG: A Family of Simple Fast Space-Efficient
//! Statistically Good Algorithms for Random Number Generation" (2014), the `pcg32` of the published C library; same
//! seeding, same outputs. Jumping ahead is F. Brown's method for linear congruential generators (1994). Where seeds
//! come from is `gatos_values::seed`'s work. It is no source of secrets.
//!
//! INVARIANT: state, stream and count determine every later draw; nothing else enters.
//! Bytes: `docs/formats/binary64.md`, section PCG32. Vectors: `vectors/numbers/pcg32.tsv`. Tests: `tests/it/pcg32.rs`.

use crate::{NumberError, Q32};

/// The multiplier of the published generator.
const MULTIPLIER: u64 = 6_364_136_223_846_793_005;
/// Streams have 63 bits.
const STREAM_MASK: u64 = (1 << 63) - 1;

/// Size of [`Pcg32::to_bytes`].
pub const PCG32_SIZE: usize = 24;

/// A stream of pseudo-random numbers that counts its draws.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pcg32 {
    state: u64,
    stream: u64,
    draws: u64,
}

impl Pcg32 {
    /// The generator with this seed on this stream (`initstate` and `initseq` of the published library).
    ///
    /// Streams that differ only in their highest bit are the same.
    #[must_use]
    pub const fn new(seed: u64, stream: u64) -> Pcg32 {
        let stream = stream & STREAM_MASK;
        let increment = increment_of(stream);
        let state = step(seed.wrapping_add(increment), increment);
        Pcg32 {
            state,
            stream,
            draws: 0,
        }
    }

    /// The next 32 bits. One draw.
    pub const fn next_u32(&mut self) -> u32 {
        let old = self.state;
        self.state = step(old, increment_of(self.stream));
        self.draws = self.draws.wrapping_add(1);
        output(old)
    }

    /// The next 64 bits, the higher half drawn first. Two draws.
    pub const fn next_u64(&mut self) -> u64 {
        let high = self.next_u32() as u64;
        high << 32 | self.next_u32() as u64
    }

    /// A number below `bound`, each equally likely.
    ///
    /// Draws below 2^32 mod `bound` are thrown away and the first other draw modulo `bound` is the answer, as
    /// `pcg32_boundedrand` does; so one draw or more, 2 at most on average.
    ///
    /// # Errors
    /// [`NumberError::Domain`] for a bound of 0; nothing is drawn.
    pub fn bounded(&mut self, bound: u32) -> Result<u32, NumberError> {
        if bound == 0 {
            return Err(NumberError::Domain);
        }
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let draw = self.next_u32();
            if draw >= threshold {
                return Ok(draw % bound);
            }
        }
    }

    /// A number below `bound`, each equally likely: [`Pcg32::bounded`] over 64 bits, two draws a try.
    ///
    /// # Errors
    /// [`NumberError::Domain`] for a bound of 0; nothing is drawn.
    pub fn bounded_u64(&mut self, bound: u64) -> Result<u64, NumberError> {
        if bound == 0 {
            return Err(NumberError::Domain);
        }
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let draw = self.next_u64();
            if draw >= threshold {
                return Ok(draw % bound);
            }
        }
    }

    /// A float in 0 ≤ x < 1: 53 bits, the multiples of 2^−53 equally likely. Two draws, the higher 27 bits first.
    #[expect(
        clippy::disallowed_types,
        clippy::cast_precision_loss,
        reason = "53 bits fit a binary64, and a power of two scales exactly on every target"
    )]
    pub const fn unit_binary64(&mut self) -> f64 {
        let high = (self.next_u32() >> 5) as u64;
        let low = (self.next_u32() >> 6) as u64;
        (high << 26 | low) as f64 / (1u64 << 53) as f64
    }

    /// A fixed value in 0 ≤ x < 1: the 32 drawn bits are its fraction. One draw.
    pub const fn unit_q32(&mut self) -> Q32 {
        Q32::from_steps(self.next_u32() as i64)
    }

    /// As if `count` numbers were drawn, in time logarithmic in `count`. The count of draws rises by as much.
    pub const fn advance(&mut self, count: u64) {
        self.jump(count);
        self.draws = self.draws.wrapping_add(count);
    }

    /// Takes back `count` draws; further back than the seed it goes round the period of 2^64, as does the count.
    pub const fn rewind(&mut self, count: u64) {
        // The period is 2^64: going back is going on by what is missing to it.
        self.jump(count.wrapping_neg());
        self.draws = self.draws.wrapping_sub(count);
    }

    /// How many numbers were drawn since seeding, modulo 2^64.
    #[must_use]
    pub const fn draws(&self) -> u64 {
        self.draws
    }

    /// The stream, below 2^63.
    #[must_use]
    pub const fn stream(&self) -> u64 {
        self.stream
    }

    /// State, stream and draws, eight bytes each, least significant first.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; PCG32_SIZE] {
        let mut bytes = [0; PCG32_SIZE];
        let words = [self.state, self.stream, self.draws];
        for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Reads [`Pcg32::to_bytes`]; `None` for a stream of 2^63 or more, which has another spelling.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; PCG32_SIZE]) -> Option<Pcg32> {
        let mut words = [0u64; 3];
        for (word, place) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = place
                .iter()
                .rev()
                .fold(0, |value, byte| value << 8 | u64::from(*byte));
        }
        let [state, stream, draws] = words;
        (stream <= STREAM_MASK).then_some(Pcg32 {
            state,
            stream,
            draws,
        })
    }

    /// x ↦ a·x + c, `count` times: the pair (a, c) is squared once a bit of `count`.
    const fn jump(&mut self, count: u64) {
        let (mut factor, mut term) = (MULTIPLIER, increment_of(self.stream));
        let (mut factor_sum, mut term_sum) = (1u64, 0u64);
        let mut rest = count;
        while rest > 0 {
            if rest & 1 == 1 {
                factor_sum = factor_sum.wrapping_mul(factor);
                term_sum = term_sum.wrapping_mul(factor).wrapping_add(term);
            }
            term = term.wrapping_mul(factor.wrapping_add(1));
            factor = factor.wrapping_mul(factor);
            rest >>= 1;
        }
        self.state = self.state.wrapping_mul(factor_sum).wrapping_add(term_sum);
    }
}

const fn increment_of(stream: u64) -> u64 {
    stream << 1 | 1
}

const fn step(state: u64, increment: u64) -> u64 {
    state.wrapping_mul(MULTIPLIER).wrapping_add(increment)
}

/// XSH RR: the high bits fold down, and the top five say how far the word is rotated.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the low 32 bits are what is asked for"
)]
const fn output(state: u64) -> u32 {
    let folded = (((state >> 18) ^ state) >> 27) as u32;
    folded.rotate_right((state >> 59) as u32)
}
