//! Operands as TestFloat's level 1 has them, and random ones.
//!
//! TestFloat combines exponents where something happens with fractions at the ends of a binade, and puts random
//! operands between; see J. R. Hauser, "Berkeley TestFloat", general documentation. The counts are TestFloat's:
//! 6 cases a pair of 88 operands, 9 a triple, 3 for each of 256 operands of functions of one.

/// Fractions at both ends of a binade.
const FRACTIONS: [u64; 4] = [0, 1, (1 << 52) - 1, (1 << 52) - 2];
/// Unbiased exponents for functions of two and three; −1023 stands for subnormals, 1024 for infinity and NaN.
const EXPONENTS_FEW: [i64; 11] = [-1023, -1022, -53, -2, -1, 0, 1, 2, 53, 1023, 1024];
/// And for functions of one: also where integers and binary32 end.
const EXPONENTS_MANY: [i64; 32] = [
    -1023, -1022, -1021, -129, -128, -127, -126, -53, -4, -3, -2, -1, 0, 1, 2, 3, 4, 29, 30, 31,
    32, 53, 61, 62, 63, 64, 127, 128, 129, 1022, 1023, 1024,
];

fn grid(exponents: &[i64]) -> Vec<u64> {
    let mut operands = Vec::new();
    for sign in [0, 1 << 63] {
        for exponent in exponents {
            let biased = (exponent + 1023).cast_unsigned() << 52;
            operands.extend(FRACTIONS.map(|fraction| sign | biased | fraction));
        }
    }
    operands
}

/// The operands of functions of two and three: 88.
pub fn few() -> Vec<u64> {
    grid(&EXPONENTS_FEW)
}

/// The operands of functions of one: 256.
pub fn many() -> Vec<u64> {
    grid(&EXPONENTS_MANY)
}

/// Random words (SplitMix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64, name: &str) -> Random {
        let folded = name
            .bytes()
            .fold(seed, |value, byte| value.rotate_left(9) ^ u64::from(byte));
        Random(folded)
    }

    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.word() % bound
    }

    /// Bits of a float: any, or an exponent where something happens, with any fraction or one of few ones or zeros.
    pub fn operand(&mut self) -> u64 {
        let sign = self.word() & 1 << 63;
        let exponent = match self.below(3) {
            0 => self.below(2048),
            1 => (EXPONENTS_MANY[self.below(32) as usize] + 1023).cast_unsigned(),
            _ => 1023 - 70 + self.below(140),
        };
        let fraction = match self.below(3) {
            0 => self.word(),
            1 => (1 << self.below(53)) + (1 << self.below(53)),
            _ => (1u64 << self.below(53))
                .wrapping_neg()
                .wrapping_add(1 << self.below(53)),
        };
        sign | exponent << 52 | fraction & ((1 << 52) - 1)
    }
}
