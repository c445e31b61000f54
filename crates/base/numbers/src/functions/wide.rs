//! Wide unsigned fixed point for the slow path: `N` limbs, the highest of them before the point.
//!
//! Plain school methods, chosen to be read and not to be fast: they run for one argument in a million.
//! Every result is cut off, so it is below the exact one by less than one unit of the last bit.
//! Callers see to it that values stay below 2^63 and that differences are not negative.
//!
//! Tests: `tests.rs` beside this file.

use core::cmp::Ordering;

/// A number from 0 to 2^63 with 64·(N−1) bits behind the point, lowest limb first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wide<const N: usize>([u64; N]);

impl<const N: usize> Wide<N> {
    pub(super) const ZERO: Wide<N> = Wide([0; N]);
    pub(super) const ONE: Wide<N> = Wide::from_integer(1);

    pub(super) const fn from_integer(integer: u64) -> Wide<N> {
        let mut limbs = [0; N];
        limbs[N - 1] = integer;
        Wide(limbs)
    }

    /// `steps · 2^−32`.
    pub(super) const fn from_steps(steps: u64) -> Wide<N> {
        let mut limbs = [0; N];
        limbs[N - 1] = steps >> 32;
        limbs[N - 2] = steps << 32;
        Wide(limbs)
    }

    /// `units · 2^−64`.
    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    pub(super) const fn from_64_bits(units: u128) -> Wide<N> {
        let mut limbs = [0; N];
        limbs[N - 1] = (units >> 64) as u64;
        limbs[N - 2] = units as u64;
        Wide(limbs)
    }

    /// The leading limbs of a constant of eight.
    pub(super) fn constant(limbs: &[u64; 8]) -> Wide<N> {
        Wide(core::array::from_fn(|index| limbs[8 - N + index]))
    }

    pub(super) const fn integer_part(self) -> u64 {
        self.0[N - 1]
    }

    pub(super) fn is_zero(self) -> bool {
        self.0.iter().all(|&limb| limb == 0)
    }

    /// The 128 bits behind the point.
    pub(super) fn fraction(self) -> u128 {
        (u128::from(self.0[N - 2]) << 64) | u128::from(self.0[N - 3])
    }

    /// Whether any bit behind the first 128 is set.
    pub(super) fn has_tail(self) -> bool {
        self.0[..N - 3].iter().any(|&limb| limb != 0)
    }

    pub(super) fn plus(self, other: Wide<N>) -> Wide<N> {
        let mut sum = self;
        let mut carry = false;
        for (limb, addend) in sum.0.iter_mut().zip(other.0) {
            let (first, carry_first) = limb.overflowing_add(addend);
            let (second, carry_second) = first.overflowing_add(u64::from(carry));
            *limb = second;
            carry = carry_first || carry_second;
        }
        sum
    }

    pub(super) fn minus(self, other: Wide<N>) -> Wide<N> {
        let mut difference = self;
        let mut borrow = false;
        for (limb, subtrahend) in difference.0.iter_mut().zip(other.0) {
            let (first, borrow_first) = limb.overflowing_sub(subtrahend);
            let (second, borrow_second) = first.overflowing_sub(u64::from(borrow));
            *limb = second;
            borrow = borrow_first || borrow_second;
        }
        difference
    }

    #[expect(clippy::cast_possible_truncation, reason = "limbs of a product")]
    pub(super) fn times(self, other: Wide<N>) -> Wide<N> {
        // Limb k of the result has weight k + N − 1 in the product; what lies below only gives carries.
        let mut result = [0u64; N];
        let (mut low, mut high) = (0u128, 0u128);
        for weight in 0..2 * N - 1 {
            let first = weight.saturating_sub(N - 1);
            for index in first..=weight.min(N - 1) {
                let product = u128::from(self.0[index]) * u128::from(other.0[weight - index]);
                low += product & u128::from(u64::MAX);
                high += product >> 64;
            }
            if weight >= N - 1 {
                result[weight - (N - 1)] = low as u64;
            }
            low = (low >> 64) + (high & u128::from(u64::MAX));
            high >>= 64;
        }
        Wide(result)
    }

    pub(super) fn times_integer(self, factor: u64) -> Wide<N> {
        self.times(Wide::from_integer(factor))
    }

    #[expect(clippy::cast_possible_truncation, reason = "a quotient limb")]
    pub(super) fn over_integer(self, divisor: u64) -> Wide<N> {
        let mut quotient = self;
        let mut remainder = 0u128;
        for limb in quotient.0.iter_mut().rev() {
            let dividend = (remainder << 64) | u128::from(*limb);
            *limb = (dividend / u128::from(divisor)) as u64;
            remainder = dividend % u128::from(divisor);
        }
        quotient
    }

    /// The quotient, bit by bit; it must stay below 2^63.
    pub(super) fn over(self, divisor: Wide<N>) -> Wide<N> {
        let (mut quotient, mut remainder) = (Wide::ZERO, Wide::ZERO);
        for position in (0..64 * (2 * N - 1)).rev() {
            remainder = remainder.doubled(self.shifted_bit(position));
            let fits = remainder >= divisor;
            if fits {
                remainder = remainder.minus(divisor);
            }
            quotient = quotient.doubled(fits);
        }
        quotient
    }

    /// The square root, by the school method that takes two bits at a time.
    pub(super) fn square_root(self) -> Wide<N> {
        let (mut root, mut remainder) = (Wide::ZERO, Wide::ZERO);
        for pair in (0..32 * (2 * N - 1)).rev() {
            remainder = remainder.doubled(self.shifted_bit(2 * pair + 1));
            remainder = remainder.doubled(self.shifted_bit(2 * pair));
            let trial = root.doubled(false).doubled(true);
            let fits = remainder >= trial;
            if fits {
                remainder = remainder.minus(trial);
            }
            root = root.doubled(fits);
        }
        root
    }

    /// The bit of `self · 2^(64(N−1))`, taken as a whole number of units, at `position`.
    fn shifted_bit(self, position: usize) -> bool {
        match position.checked_sub(64 * (N - 1)) {
            Some(position) => self.0[position / 64] >> (position % 64) & 1 == 1,
            None => false,
        }
    }

    /// Twice the number, with a new lowest bit.
    fn doubled(self, lowest: bool) -> Wide<N> {
        let mut carry = u64::from(lowest);
        Wide(self.0.map(|limb| {
            let shifted = (limb << 1) | carry;
            carry = limb >> 63;
            shifted
        }))
    }

    /// `self · 2^count`.
    pub(super) fn shifted_left(self, count: u64) -> Wide<N> {
        (0..count).fold(self, |value, _| value.doubled(false))
    }

    /// `self · 2^−count`, cut off.
    pub(super) fn shifted_right(self, count: u64) -> Wide<N> {
        (0..count).fold(self, |value, _| {
            let mut carry = 0;
            let mut limbs = value.0;
            for limb in limbs.iter_mut().rev() {
                let lowest = *limb << 63;
                *limb = (*limb >> 1) | carry;
                carry = lowest;
            }
            Wide(limbs)
        })
    }
}

impl<const N: usize> PartialOrd for Wide<N> {
    fn partial_cmp(&self, other: &Wide<N>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<const N: usize> Ord for Wide<N> {
    fn cmp(&self, other: &Wide<N>) -> Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}
