//! Wide fixed-point integers for the functions: one limb of whole part, `N − 1` limbs of fraction, unsigned.
//!
//! Everything is `const`, so that the tables are derived while compiling and no table has to be believed. Signs are
//! kept by whoever computes. One *unit* is the value of the lowest bit, 2^(−64·(N−1)).
//!
//! INVARIANT: additions and subtractions are exact; a product is at most 2 units too small, a quotient by a small
//! integer less than one unit. Tests: `function/tests.rs`, through every function at two widths.

/// An unsigned fixed-point number; limbs from the lowest.
#[derive(Clone, Copy)]
pub(super) struct Wide<const N: usize>(pub(super) [u64; N]);

impl<const N: usize> Wide<N> {
    pub(super) const ZERO: Wide<N> = Wide([0; N]);
    pub(super) const ONE: Wide<N> = Wide::from_integer(1);
    /// Bits after the point.
    pub(super) const FRACTION_BITS: u32 = 64 * (N as u32 - 1);

    pub(super) const fn from_integer(integer: u64) -> Wide<N> {
        let mut limbs = [0; N];
        limbs[N - 1] = integer;
        Wide(limbs)
    }

    /// `mantissa · 2^exponent`, rounded down; the value must be below 2^64.
    pub(super) const fn from_scaled(mantissa: u64, exponent: i32) -> Wide<N> {
        let whole = Wide::from_integer(mantissa);
        if exponent < 0 {
            whole.shift_right(exponent.unsigned_abs())
        } else {
            whole.shift_left(exponent.unsigned_abs())
        }
    }

    pub(super) const fn whole(&self) -> u64 {
        self.0[N - 1]
    }

    /// The number without its whole part.
    pub(super) const fn fraction(mut self) -> Wide<N> {
        self.0[N - 1] = 0;
        self
    }

    pub(super) const fn is_zero(&self) -> bool {
        let mut index = 0;
        while index < N {
            if self.0[index] != 0 {
                return false;
            }
            index += 1;
        }
        true
    }

    pub(super) const fn is_below(&self, other: &Wide<N>) -> bool {
        let mut index = N;
        while index > 0 {
            index -= 1;
            if self.0[index] != other.0[index] {
                return self.0[index] < other.0[index];
            }
        }
        false
    }

    pub(super) const fn add(mut self, other: Wide<N>) -> Wide<N> {
        let mut carry = false;
        let mut index = 0;
        while index < N {
            let (sum, first) = self.0[index].overflowing_add(other.0[index]);
            let (sum, second) = sum.overflowing_add(carry as u64);
            self.0[index] = sum;
            carry = first | second;
            index += 1;
        }
        self
    }

    /// The difference; `other` must not be larger.
    pub(super) const fn sub(mut self, other: Wide<N>) -> Wide<N> {
        let mut borrow = false;
        let mut index = 0;
        while index < N {
            let (rest, first) = self.0[index].overflowing_sub(other.0[index]);
            let (rest, second) = rest.overflowing_sub(borrow as u64);
            self.0[index] = rest;
            borrow = first | second;
            index += 1;
        }
        self
    }

    /// The distance of the two, and whether `other` is the larger.
    pub(super) const fn distance(self, other: Wide<N>) -> (Wide<N>, bool) {
        if self.is_below(&other) {
            (other.sub(self), true)
        } else {
            (self.sub(other), false)
        }
    }

    /// The product, at most 2 units too small.
    ///
    /// Columns of limb products below the guard column are left out: there are fewer than N of them, and together
    /// they carry less than one unit.
    #[inline]
    pub(super) const fn mul(self, other: Wide<N>) -> Wide<N> {
        let mut limbs = [0; N];
        let mut sum: u128 = 0;
        let mut column = N - 2;
        while column <= 2 * N - 2 {
            let mut carries = 0u64;
            let mut left = column.saturating_sub(N - 1);
            while left < N && left <= column {
                let product = self.0[left] as u128 * other.0[column - left] as u128;
                let (next, carry) = sum.overflowing_add(product);
                sum = next;
                carries += carry as u64;
                left += 1;
            }
            if column >= N - 1 {
                limbs[column - (N - 1)] = sum as u64;
            }
            sum = (sum >> 64) | ((carries as u128) << 64);
            column += 1;
        }
        Wide(limbs)
    }

    /// The exact product with a small integer.
    pub(super) const fn mul_small(mut self, factor: u64) -> Wide<N> {
        let mut carry = 0u64;
        let mut index = 0;
        while index < N {
            let product = self.0[index] as u128 * factor as u128 + carry as u128;
            self.0[index] = product as u64;
            carry = (product >> 64) as u64;
            index += 1;
        }
        self
    }

    /// The quotient by a small integer, rounded down.
    pub(super) const fn div_small(mut self, divisor: u64) -> Wide<N> {
        let mut rest = 0u64;
        let mut index = N;
        while index > 0 {
            index -= 1;
            let part = (rest as u128) << 64 | self.0[index] as u128;
            self.0[index] = (part / divisor as u128) as u64;
            rest = (part % divisor as u128) as u64;
        }
        self
    }

    pub(super) const fn shift_left(self, count: u32) -> Wide<N> {
        let (limbs, bits) = ((count / 64) as usize, count % 64);
        let mut shifted = [0; N];
        let mut index = limbs;
        while index < N {
            let from = index - limbs;
            shifted[index] = self.0[from] << bits;
            if bits > 0 && from > 0 {
                shifted[index] |= self.0[from - 1] >> (64 - bits);
            }
            index += 1;
        }
        Wide(shifted)
    }

    pub(super) const fn shift_right(self, count: u32) -> Wide<N> {
        let (limbs, bits) = ((count / 64) as usize, count % 64);
        let mut shifted = [0; N];
        let mut index = 0;
        while index + limbs < N {
            let from = index + limbs;
            shifted[index] = self.0[from] >> bits;
            if bits > 0 && from + 1 < N {
                shifted[index] |= self.0[from + 1] << (64 - bits);
            }
            index += 1;
        }
        Wide(shifted)
    }

    /// How many bits the number has, counted from the lowest; 0 for zero.
    pub(super) const fn length(&self) -> u32 {
        let mut index = N;
        while index > 0 {
            index -= 1;
            if self.0[index] != 0 {
                return 64 * (index as u32 + 1) - self.0[index].leading_zeros();
            }
        }
        0
    }

    /// 1 / self for 1/2 ≤ self < 4, at most 8 units wrong.
    ///
    /// Newton's iteration r ↦ r + r·(1 − b·r) from 60 correct bits; each step doubles them.
    pub(super) const fn reciprocal(self) -> Wide<N> {
        let top = self.0[N - 1] << 62 | self.0[N - 2] >> 2;
        let mut result = Wide::ZERO;
        // 2^125 / (b · 2^62) = 2^63 / b.
        let seed = (1u128 << 125) / top as u128;
        result.0[N - 2] = (seed << 1) as u64;
        result.0[N - 1] = (seed >> 63) as u64;
        let mut correct = 60;
        while correct < Self::FRACTION_BITS {
            let (rest, is_above) = self.mul(result).distance(Wide::ONE);
            let change = result.mul(rest);
            result = if is_above {
                result.add(change)
            } else {
                result.sub(change)
            };
            correct *= 2;
        }
        result
    }

    /// The square root of a number below 1, at most 8 units wrong.
    ///
    /// Newton's iteration y ↦ y + y·(1 − s·y²)/2 for 1/√s on s scaled to 1/4 … 1, then √s = s·y.
    pub(super) const fn square_root(self) -> Wide<N> {
        if self.is_zero() {
            return self;
        }
        let pairs = (Self::FRACTION_BITS - self.length()) / 2;
        let scaled = self.shift_left(2 * pairs);
        let top = scaled.0[N - 2];
        // √(top · 2^64) = √s · 2^64.
        let root = ((top as u128) << 64).isqrt() as u64;
        let seed = u128::MAX / root as u128;
        let mut inverse = Wide::ZERO;
        inverse.0[N - 1] = (seed >> 64) as u64;
        inverse.0[N - 2] = seed as u64;
        let mut correct = 58;
        while correct < Self::FRACTION_BITS {
            let (rest, is_above) = scaled.mul(inverse.mul(inverse)).distance(Wide::ONE);
            let change = inverse.mul(rest).shift_right(1);
            inverse = if is_above {
                inverse.add(change)
            } else {
                inverse.sub(change)
            };
            correct *= 2;
        }
        scaled.mul(inverse).shift_right(pairs)
    }

    /// The same number with fewer limbs of fraction, rounded down.
    pub(super) const fn narrow<const M: usize>(&self) -> Wide<M> {
        let mut limbs = [0; M];
        let mut index = 0;
        while index < M {
            limbs[index] = self.0[N - M + index];
            index += 1;
        }
        Wide(limbs)
    }
}
