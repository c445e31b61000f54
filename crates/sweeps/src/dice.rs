//! Where inputs come from: SplitMix64, seeded by the name of the topic and the number of the case, and counted.
//!
//! The generator is that of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014).
//! It needs nothing but wrapping 64-bit integers. How many draws a case made is part of its record, so that a
//! target that takes another path is seen even where the results agree.

use gatos_values::Blake3Digest;

/// Added to the state before each draw: 2^64 divided by the golden ratio, made odd.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A seeded source of integers.
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
    draw_count: u64,
}

impl Dice {
    /// The dice of one case of a topic.
    #[must_use]
    pub fn of_case(topic: &str, case: u64) -> Dice {
        let digest = Blake3Digest::of_parts(&[topic.as_bytes(), &[0], &case.to_le_bytes()]);
        let [a, b, c, d, e, f, g, h, ..] = *digest.as_bytes();
        Dice::from_seed(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }

    /// Dice with this state.
    #[must_use]
    pub const fn from_seed(seed: u64) -> Dice {
        Dice {
            state: seed,
            draw_count: 0,
        }
    }

    /// How many draws were made.
    #[must_use]
    pub const fn draw_count(&self) -> u64 {
        self.draw_count
    }

    /// 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.draw_count += 1;
        self.state = self.state.wrapping_add(STEP);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// 128 bits.
    pub fn wide_bits(&mut self) -> u128 {
        u128::from(self.bits()) << 64 | u128::from(self.bits())
    }

    /// A number below `limit`; 0 if `limit` is 0. Not exactly even for large limits, which does not matter here.
    pub fn below(&mut self, limit: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(limit);
        (wide >> 64) as u64
    }

    /// A number from `first` to `last`, both included.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// Yes once in `count` throws.
    pub fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    /// One of the items.
    ///
    /// # Panics
    /// If there are none.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.place(items.len())]
    }

    /// A place in a list of this length.
    pub fn place(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// An integer of any width up to 128 bits, or one beside an edge where widths and signs change.
    pub fn integer(&mut self) -> i128 {
        if self.one_in(4) {
            let edges = [0, 1 << 31, 1 << 32, 1 << 63, 1 << 64, 1 << 95, i128::MAX];
            let edge = self.pick(&edges);
            let near = edge.saturating_add(i128::from(self.below(5)) - 2);
            return if self.one_in(2) { near } else { !near };
        }
        let shift = self.below(128);
        self.wide_bits() as i128 >> shift
    }

    /// As [`Dice::integer`], in 64 bits.
    pub fn narrow_integer(&mut self) -> i64 {
        if self.one_in(4) {
            let edges = [0, 1 << 15, 1 << 16, 1 << 31, 1 << 32, 1 << 47, i64::MAX];
            let edge = self.pick(&edges);
            let near = edge.saturating_add(self.below(5) as i64 - 2);
            return if self.one_in(2) { near } else { !near };
        }
        let shift = self.below(64);
        self.bits() as i64 >> shift
    }

    /// This many bytes.
    pub fn bytes(&mut self, count: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..count.div_ceil(8) {
            bytes.extend_from_slice(&self.bits().to_le_bytes());
        }
        bytes.truncate(count as usize);
        bytes
    }

    /// 32 bytes.
    pub fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        seed.copy_from_slice(&self.bytes(32));
        seed
    }
}
