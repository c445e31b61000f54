//! Constants and small tables of the functions, derived from series while compiling; there is no number to believe.
//!
//! Everything is computed once with more limbs than the widest user has and then cut, so each entry is at most one
//! unit too small for its user. Sources: Machin's π = 16·atan(1/5) − 4·atan(1/239);
//! ln 2 = 18·atanh(1/26) − 2·atanh(1/4801) + 8·atanh(1/8749); ln((j+1)/j) = 2·atanh(1/(2j+1)); the Taylor series.
//! Tests: `function/tests.rs`; MPFR judges the results, `cargo xtask judge-binary64`.
use super::wide::Wide;

/// Limbs for deriving: the widest user has 9.
const DEEP: usize = 10;
/// Limbs of 2/π: the largest float needs 970 bits more than the widest user's 512 and its guard bits.
pub(super) const VAST: usize = 27;

/// Steps of the tables: arguments are cut at multiples of 1/64.
pub(super) const STEPS: u64 = 64;
/// Entries of e^(i/64): ln 2 · 64 < 45.
const EXP_COUNT: usize = 46;
/// Entries of sin and cos of i/64: π/4 · 64 < 51.
const SIN_COUNT: usize = 52;
/// Entries of atan(i/64), 0 ≤ i ≤ 64.
const ATAN_COUNT: usize = 65;
/// ln(i/64) for 45 ≤ i ≤ 91, that is √½ … √2.
pub(super) const LN_FIRST: usize = 45;
const LN_COUNT: usize = 47;
/// 1/n! for n below: 64^−n/n! vanishes before.
const FACTORIAL_COUNT: usize = 56;
/// 1/(2n+1) for n below: 128^−2n vanishes before.
const ODD_COUNT: usize = 42;

const PI_VAST: Wide<VAST> = atan_inverse::<VAST>(5)
    .mul_small(16)
    .sub(atan_inverse::<VAST>(239).mul_small(4));
const LN2_DEEP: Wide<DEEP> = atanh_inverse::<DEEP>(26)
    .mul_small(18)
    .add(atanh_inverse::<DEEP>(8749).mul_small(8))
    .sub(atanh_inverse::<DEEP>(4801).mul_small(2));
// 10 = 8 · 80/64.
const LN10_DEEP: Wide<DEEP> = LN2_DEEP.mul_small(3).add(LN_DEEP[80 - LN_FIRST]);

/// 2/π, for the reduction of large angles.
pub(super) static TWO_OVER_PI: Wide<VAST> = PI_VAST.shift_right(1).reciprocal();

const FACTORIAL_DEEP: [Wide<DEEP>; FACTORIAL_COUNT] = inverse_factorials();
const ODD_DEEP: [Wide<DEEP>; ODD_COUNT] = inverse_odds();
const EXP_DEEP: [Wide<DEEP>; EXP_COUNT] = exponentials();
const SIN_COS_DEEP: ([Wide<DEEP>; SIN_COUNT], [Wide<DEEP>; SIN_COUNT]) = sines_and_cosines();
const ATAN_DEEP: [Wide<DEEP>; ATAN_COUNT] = arctangents();
const LN_DEEP: [Wide<DEEP>; LN_COUNT] = logarithms();

impl<const N: usize> Wide<N> {
    pub(super) const PI: Wide<N> = PI_VAST.narrow();
    pub(super) const HALF_PI: Wide<N> = PI_VAST.shift_right(1).narrow();
    pub(super) const LN2: Wide<N> = LN2_DEEP.narrow();
    pub(super) const INVERSE_LN2: Wide<N> = LN2_DEEP.reciprocal().narrow();
    pub(super) const INVERSE_LN10: Wide<N> = LN10_DEEP
        .shift_right(1)
        .reciprocal()
        .shift_right(1)
        .narrow();
    /// 1/n!
    pub(super) const FACTORIALS: &'static [Wide<N>] = &narrow_all(&FACTORIAL_DEEP);
    /// 1/(2n+1)
    pub(super) const ODDS: &'static [Wide<N>] = &narrow_all(&ODD_DEEP);
    /// e^(i/64)
    pub(super) const EXPONENTIALS: &'static [Wide<N>] = &narrow_all(&EXP_DEEP);
    /// sin(i/64)
    pub(super) const SINES: &'static [Wide<N>] = &narrow_all(&SIN_COS_DEEP.0);
    /// cos(i/64)
    pub(super) const COSINES: &'static [Wide<N>] = &narrow_all(&SIN_COS_DEEP.1);
    /// atan(i/64)
    pub(super) const ARCTANGENTS: &'static [Wide<N>] = &narrow_all(&ATAN_DEEP);
    /// |ln((i + 45)/64)|
    pub(super) const LOGARITHMS: &'static [Wide<N>] = &narrow_all(&LN_DEEP);

    /// How many terms h^n/n! with h < 1/64 count at this width.
    pub(super) const EXP_TERMS: usize = {
        let (mut bits, mut terms) = (0, 1u32);
        while bits < Self::FRACTION_BITS + 4 {
            bits += 6 + terms.ilog2();
            terms += 1;
        }
        terms as usize
    };
    /// How many terms w^2n/(2n+1) with w ≤ 1/100 count at this width.
    pub(super) const ODD_TERMS: usize = Self::FRACTION_BITS as usize / 13 + 2;
}

const fn narrow_all<const N: usize, const COUNT: usize>(
    deep: &[Wide<DEEP>; COUNT],
) -> [Wide<N>; COUNT] {
    let mut table = [Wide::ZERO; COUNT];
    let mut index = 0;
    while index < COUNT {
        table[index] = deep[index].narrow();
        index += 1;
    }
    table
}

/// atan(1/n) = Σ (−1)^k / ((2k+1)·n^(2k+1))
const fn atan_inverse<const N: usize>(n: u64) -> Wide<N> {
    let mut power = Wide::ONE.div_small(n);
    let (mut plus, mut minus) = (Wide::ZERO, Wide::ZERO);
    let mut odd = 1;
    while !power.is_zero() {
        let term = power.div_small(odd);
        if odd % 4 == 1 {
            plus = plus.add(term);
        } else {
            minus = minus.add(term);
        }
        power = power.div_small(n * n);
        odd += 2;
    }
    plus.sub(minus)
}

/// atanh(1/n): the same sum without signs.
const fn atanh_inverse<const N: usize>(n: u64) -> Wide<N> {
    let mut power = Wide::ONE.div_small(n);
    let mut sum = Wide::ZERO;
    let mut odd = 1;
    while !power.is_zero() {
        sum = sum.add(power.div_small(odd));
        power = power.div_small(n * n);
        odd += 2;
    }
    sum
}

const fn inverse_factorials() -> [Wide<DEEP>; FACTORIAL_COUNT] {
    let mut table = [Wide::ONE; FACTORIAL_COUNT];
    let mut index = 1;
    while index < FACTORIAL_COUNT {
        table[index] = table[index - 1].div_small(index as u64);
        index += 1;
    }
    table
}

const fn inverse_odds() -> [Wide<DEEP>; ODD_COUNT] {
    let mut table = [Wide::ONE; ODD_COUNT];
    let mut index = 1;
    while index < ODD_COUNT {
        table[index] = Wide::ONE.div_small(2 * index as u64 + 1);
        index += 1;
    }
    table
}

const fn exponentials() -> [Wide<DEEP>; EXP_COUNT] {
    let (mut step, mut term, mut n) = (Wide::ONE, Wide::ONE, 1);
    while !term.is_zero() {
        term = term.div_small(STEPS).div_small(n);
        step = step.add(term);
        n += 1;
    }
    let mut table = [Wide::ONE; EXP_COUNT];
    let mut index = 1;
    while index < EXP_COUNT {
        table[index] = table[index - 1].mul(step);
        index += 1;
    }
    table
}

/// From sin(1/64) and cos(1/64) by turning again and again.
const fn sines_and_cosines() -> ([Wide<DEEP>; SIN_COUNT], [Wide<DEEP>; SIN_COUNT]) {
    // Four sums by n mod 4: 1 − h²/2! + …, h − h³/3! + …
    let mut sums = [Wide::ZERO; 4];
    let (mut term, mut n) = (Wide::ONE, 0u64);
    while !term.is_zero() {
        sums[(n % 4) as usize] = sums[(n % 4) as usize].add(term);
        n += 1;
        term = term.div_small(STEPS).div_small(n);
    }
    let (sine, cosine) = (sums[1].sub(sums[3]), sums[0].sub(sums[2]));
    let (mut sines, mut cosines) = ([Wide::ZERO; SIN_COUNT], [Wide::ONE; SIN_COUNT]);
    let mut index = 1;
    while index < SIN_COUNT {
        let (last_sine, last_cosine) = (sines[index - 1], cosines[index - 1]);
        sines[index] = last_sine.mul(cosine).add(last_cosine.mul(sine));
        cosines[index] = last_cosine.mul(cosine).sub(last_sine.mul(sine));
        index += 1;
    }
    (sines, cosines)
}

/// atan((i+1)/64) − atan(i/64) = atan(64 / (4096 + i·(i+1)))
const fn arctangents() -> [Wide<DEEP>; ATAN_COUNT] {
    let mut table = [Wide::ZERO; ATAN_COUNT];
    let mut index = 1;
    while index < ATAN_COUNT {
        let i = index as u64 - 1;
        let divisor = STEPS * STEPS + i * (i + 1);
        let mut power: Wide<DEEP> = Wide::from_integer(STEPS).div_small(divisor);
        let (mut plus, mut minus) = (table[index - 1], Wide::ZERO);
        let mut odd = 1;
        while !power.is_zero() {
            let term = power.div_small(odd);
            if odd % 4 == 1 {
                plus = plus.add(term);
            } else {
                minus = minus.add(term);
            }
            power = power
                .mul_small(STEPS * STEPS)
                .div_small(divisor)
                .div_small(divisor);
            odd += 2;
        }
        table[index] = plus.sub(minus);
        index += 1;
    }
    table
}

/// |ln(i/64)|, upwards and downwards from ln 1 = 0.
const fn logarithms() -> [Wide<DEEP>; LN_COUNT] {
    let one = STEPS as usize - LN_FIRST;
    let mut table = [Wide::ZERO; LN_COUNT];
    let mut index = one + 1;
    while index < LN_COUNT {
        let below = (index + LN_FIRST) as u64 - 1;
        table[index] = table[index - 1].add(atanh_inverse::<DEEP>(2 * below + 1).mul_small(2));
        index += 1;
    }
    let mut index = one;
    while index > 0 {
        index -= 1;
        let below = (index + LN_FIRST) as u64;
        table[index] = table[index + 1].add(atanh_inverse::<DEEP>(2 * below + 1).mul_small(2));
    }
    table
}
