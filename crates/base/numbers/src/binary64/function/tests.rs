//! The error bounds of the kernels: what 512 bits say lies within the bounds of 128 and 256, with room to spare.
//!
//! A bound that is wrong would show in a result only once in very many arguments; here it shows at once.

use super::*;
use crate::binary64::approximation::Approximation;
use crate::binary64::wide::Wide;

type Kernel<const N: usize> = fn(f64) -> Approximation<N>;
type KernelOfTwo<const N: usize> = fn(f64, f64) -> Approximation<N>;

/// A sequence of 64-bit words from a seed (SplitMix64).
fn words(seed: u64) -> impl Iterator<Item = u64> {
    (1..).map(move |index: u64| {
        let mut word = seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    })
}

/// Positive floats with exponents of 2 from `low` to `high`.
fn floats(low: i32, high: i32) -> impl Iterator<Item = f64> {
    words(0x626f_756e_6473).map(move |word| {
        let span = (high - low).cast_unsigned();
        let exponent = low + (word >> 52).rem_euclid(u64::from(span)) as i32;
        let biased = u64::from((exponent + 1023).cast_unsigned());
        f64::from_bits(biased << 52 | word & ((1 << 52) - 1))
    })
}

/// Whether the middle of the deep bounds lies in the middle half of the shallow ones.
fn is_well_inside<const N: usize>(shallow: &Approximation<N>, deep: &Approximation<9>) -> bool {
    assert_eq!(shallow.is_negative, deep.is_negative);
    let difference = deep.exponent - shallow.exponent;
    let middle = deep.low.add(deep.high).shift_right(1);
    let middle = if difference < 0 {
        middle.shift_right(difference.unsigned_abs())
    } else {
        middle.shift_left(difference.unsigned_abs())
    };
    let quarter = shallow.high.sub(shallow.low).shift_right(2);
    let truth: Wide<N> = middle.narrow();
    !truth.is_below(&shallow.low.add(quarter)) && !shallow.high.sub(quarter).is_below(&truth)
}

macro_rules! bounds_hold {
    ($($test:ident: $kernel:path, $low:expr, $high:expr;)+) => {
        $(#[test]
        fn $test() {
            let (shallow, middle, deep): (Kernel<3>, Kernel<5>, Kernel<9>) =
                ($kernel, $kernel, $kernel);
            for x in floats($low, $high).take(3000) {
                let deep = deep(x);
                assert!(is_well_inside(&shallow(x), &deep), "128 bits at {x:e}");
                assert!(is_well_inside(&middle(x), &deep), "256 bits at {x:e}");
            }
        })+
    };
}

bounds_hold! {
    bounds_of_exp: exponential::exp_kernel, -54, 9;
    bounds_of_exp2: exponential::exp2_kernel, -54, 0;
    bounds_of_exp_m1: exponential::exp_m1_kernel, -54, 9;
    bounds_of_ln: logarithm::ln_kernel, -1022, 1023;
    bounds_of_ln_near_one: logarithm::ln_kernel, -1, 1;
    bounds_of_log2: logarithm::log2_kernel, -1022, 1023;
    bounds_of_log10: logarithm::log10_kernel, -1022, 1023;
    bounds_of_ln_1p: logarithm::ln_1p_kernel, -54, 1023;
    bounds_of_sin: circular::sin_kernel, -27, 1023;
    bounds_of_cos: circular::cos_kernel, -27, 1023;
    bounds_of_tan: circular::tan_kernel, -27, 1023;
    bounds_of_asin: arc::asin_kernel, -27, 0;
    bounds_of_acos: arc::acos_kernel, -27, 0;
    bounds_of_sinh: hyperbolic::sinh_kernel, -27, 9;
    bounds_of_cosh: hyperbolic::cosh_kernel, -27, 9;
    bounds_of_tanh: hyperbolic::tanh_kernel, -27, 4;
}

fn check_two(
    kernels: (KernelOfTwo<3>, KernelOfTwo<5>, KernelOfTwo<9>),
    pairs: impl Iterator<Item = (f64, f64)>,
) {
    for (left, right) in pairs {
        let deep = kernels.2(left, right);
        assert!(
            is_well_inside(&kernels.0(left, right), &deep),
            "128 bits at {left:e}, {right:e}"
        );
        assert!(
            is_well_inside(&kernels.1(left, right), &deep),
            "256 bits at {left:e}, {right:e}"
        );
    }
}

#[test]
fn bounds_of_atan2() {
    let kernel = (
        arc::atan2_kernel as KernelOfTwo<3>,
        arc::atan2_kernel as KernelOfTwo<5>,
        arc::atan2_kernel as KernelOfTwo<9>,
    );
    check_two(
        kernel,
        floats(-20, 1).zip(floats(-1, 19).skip(7)).take(6000),
    );
}

#[test]
fn bounds_of_pow() {
    let kernel = (
        power::power_kernel as KernelOfTwo<3>,
        power::power_kernel as KernelOfTwo<5>,
        power::power_kernel as KernelOfTwo<9>,
    );
    check_two(
        kernel,
        floats(-50, 50).zip(floats(-40, 4).skip(7)).take(3000),
    );
    let near_one = floats(-1, 1).zip(floats(-10, 9).skip(7));
    check_two(kernel, near_one.take(3000));
}
