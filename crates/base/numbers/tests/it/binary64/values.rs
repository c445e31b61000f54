//! Arguments: any bits, ordinary magnitudes, few mantissa bits, edges.

use proptest::prelude::*;

/// Zeros, infinities, NaN, subnormal and other edges, of both signs.
pub const EDGES: [u64; 24] = [
    0,
    1,
    2,
    0x000f_ffff_ffff_ffff,
    0x0010_0000_0000_0000,
    0x0010_0000_0000_0001,
    0x3ca0_0000_0000_0000,
    0x3fdf_ffff_ffff_ffff,
    0x3fe0_0000_0000_0000,
    0x3fe0_0000_0000_0001,
    0x3fef_ffff_ffff_ffff,
    0x3ff0_0000_0000_0000,
    0x3ff0_0000_0000_0001,
    0x3ff8_0000_0000_0000,
    0x4000_0000_0000_0000,
    0x4004_0000_0000_0000,
    0x4330_0000_0000_0000,
    0x4340_0000_0000_0000,
    0x43e0_0000_0000_0000,
    0x43f0_0000_0000_0000,
    0x7fe0_0000_0000_0000,
    0x7fef_ffff_ffff_ffff,
    0x7ff0_0000_0000_0000,
    0x7ff8_0000_0000_0000,
];

/// A float of any kind, each kind often.
pub fn float() -> impl Strategy<Value = f64> {
    let ordinary = (any::<u64>(), 960u64..1100)
        .prop_map(|(bits, exponent)| f64::from_bits(bits & !(0x7ff << 52) | exponent << 52));
    let few_bits = (any::<u64>(), 960u64..1100, 0u32..53).prop_map(|(bits, exponent, cut)| {
        let fraction = (bits & ((1 << 52) - 1)) >> cut << cut;
        f64::from_bits(bits & (1 << 63) | exponent << 52 | fraction)
    });
    let edge = (prop::sample::select(EDGES.to_vec()), any::<bool>())
        .prop_map(|(bits, negative)| f64::from_bits(bits | u64::from(negative) << 63));
    prop_oneof![
        3 => any::<u64>().prop_map(f64::from_bits),
        3 => ordinary,
        2 => few_bits,
        1 => edge,
    ]
}

/// A sequence of 64-bit words from a seed (SplitMix64), for runs too long to shrink.
pub fn words(seed: u64) -> impl Iterator<Item = u64> {
    (1..).map(move |index: u64| {
        let mut word = seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    })
}
