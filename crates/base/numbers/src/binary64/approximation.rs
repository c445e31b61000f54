//! Correct rounding by Ziv's strategy: compute with an error bound, and with more limbs while the bound leaves doubt.
//!
//! The true value lies strictly between two bounds. If both round to the same float, that float is the correctly
//! rounded result, because rounding never turns an order around. If not, more limbs are taken. Results that are exactly
//! a float or exactly between two would never be decided; each function answers these before it comes here, and
//! `docs/formats/binary64.md` says why there are no others.
//!
//! A. Ziv, "Fast evaluation of elementary mathematical functions with correctly rounded last bit", ACM TOMS 17 (1991).
//! Tests: `function/tests.rs`.

use super::round::compose;
use super::wide::Wide;

/// A value known up to an error: `low < |value| / 2^exponent < high`.
pub(super) struct Approximation<const N: usize> {
    pub(super) is_negative: bool,
    pub(super) low: Wide<N>,
    pub(super) high: Wide<N>,
    pub(super) exponent: i32,
}

impl<const N: usize> Approximation<N> {
    /// `magnitude · 2^exponent`, less than 2^`error_bits` units of the magnitude wrong.
    pub(super) const fn new(
        is_negative: bool,
        magnitude: Wide<N>,
        exponent: i32,
        error_bits: u32,
    ) -> Approximation<N> {
        let mut unit = Wide::ZERO;
        unit.0[0] = 1;
        let error = unit.shift_left(error_bits);
        let low = if error.is_below(&magnitude) {
            magnitude.sub(error)
        } else {
            Wide::ZERO
        };
        Approximation {
            is_negative,
            low,
            high: magnitude.add(error),
            exponent,
        }
    }

    /// The float that everything between the bounds rounds to, if there is one.
    pub(super) fn rounded(&self) -> Option<f64> {
        let mut unit = Wide::ZERO;
        unit.0[0] = 1;
        // Just above `low`, and just below `high`.
        let low = self.round_above(&self.low);
        let high = self.round_above(&self.high.sub(unit));
        (low.to_bits() == high.to_bits()).then_some(low)
    }

    /// The float nearest to the middle of the bounds, for the last width.
    pub(super) fn nearest(&self) -> f64 {
        self.round_above(&self.low.add(self.high).shift_right(1))
    }

    /// Rounds `magnitude` and a little more.
    fn round_above(&self, magnitude: &Wide<N>) -> f64 {
        let length = magnitude.length();
        if length == 0 {
            return compose(self.is_negative, 0, 0, false);
        }
        // The highest bit moves to the top of the whole part; the shift is exact.
        let total = 64 * N as u32;
        let aligned = magnitude.shift_left(total - length);
        let lowest = length.cast_signed() - 64 - Wide::<N>::FRACTION_BITS.cast_signed();
        compose(
            self.is_negative,
            aligned.whole(),
            lowest + self.exponent,
            true,
        )
    }
}

/// Calls a kernel at 128, 256 and 512 bits of fraction until the rounding is decided.
macro_rules! decide {
    ($kernel:ident($($argument:expr),*)) => {
        match $kernel::<3>($($argument),*).rounded() {
            Some(value) => value,
            None => match $kernel::<5>($($argument),*).rounded() {
                Some(value) => value,
                None => {
                    let last = $kernel::<9>($($argument),*);
                    // Undecided at 512 bits would take a coincidence of 2^−400; even then every target agrees.
                    last.rounded().unwrap_or_else(|| last.nearest())
                }
            },
        }
    };
}

pub(super) use decide;
