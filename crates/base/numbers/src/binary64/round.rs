//! The one place that makes a binary64 out of integers: a mantissa, an exponent and "there was more".
//!
//! INVARIANT: the result is the exact value rounded once, to nearest, ties to even, subnormal and infinite results
//! included. Tests: `tests/it/binary64/hexadecimal.rs` reaches every branch.

/// Mantissa bits of a normal number, the hidden one among them.
const MANTISSA_BITS: i32 = 53;
/// The exponent of the lowest bit of a subnormal number.
const EXPONENT_LOWEST: i32 = -1074;
/// The largest exponent of the highest bit.
const EXPONENT_HIGHEST: i32 = 1023;

/// `mantissa · 2^exponent`, plus a little less than one of its lowest bit if `is_more`.
///
/// The exponent may be anything that does not overflow when 64 is added or taken.
pub(super) fn compose(is_negative: bool, mantissa: u64, exponent: i32, is_more: bool) -> f64 {
    let sign = u64::from(is_negative) << 63;
    if mantissa == 0 && !is_more {
        return f64::from_bits(sign);
    }
    let length = 64 - mantissa.leading_zeros().cast_signed();
    let highest = exponent + length - 1;
    if highest > EXPONENT_HIGHEST {
        return f64::from_bits(sign | f64::INFINITY.to_bits());
    }
    // The exponent of the lowest bit that the result can have.
    let lowest = (highest - MANTISSA_BITS + 1).max(EXPONENT_LOWEST);
    let kept = shift_to_even(mantissa, lowest - exponent, is_more);
    // A carry into the exponent field gives the next binade, or infinity, by itself.
    let biased = (lowest - EXPONENT_LOWEST).cast_unsigned();
    let bits = if kept >> (MANTISSA_BITS - 1) == 0 {
        kept
    } else {
        (u64::from(biased) << (MANTISSA_BITS - 1)) + kept
    };
    f64::from_bits(sign | bits)
}

/// `mantissa / 2^count` rounded to nearest even; a negative count shifts left, which is exact and fits.
fn shift_to_even(mantissa: u64, count: i32, is_more: bool) -> u64 {
    if count <= 0 {
        // With a left shift there are fewer than 53 bits; callers that have more below give enough bits.
        return mantissa << count.unsigned_abs();
    }
    if count > 64 {
        return 0;
    }
    let wide = u128::from(mantissa) << 64 >> count;
    let (kept, below) = ((wide >> 64) as u64, wide as u64);
    let half = 1u64 << 63;
    let round_up = below > half || (below == half && (is_more || kept & 1 == 1));
    kept + u64::from(round_up)
}

/// A finite non-zero value as (mantissa with its highest bit at 52, exponent of its lowest bit).
pub(super) fn decompose(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let biased = ((bits >> 52) & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    if biased == 0 {
        let shift = fraction.leading_zeros().cast_signed() - 11;
        return (fraction << shift, EXPONENT_LOWEST - shift);
    }
    (fraction | 1 << 52, biased - 1075)
}
