//! Elementary functions: C's special values, exact cases, golden bits; CORE-MATH and MPFR judge outside the workspace.

use super::values::{EDGES, float, words};
use crate::vectors;
use gatos_numbers::binary64::{
    acos, asin, atan, atan2, canonical_bits, cbrt, cos, cosh, exp, exp_m1, exp2, from_bits, hypot,
    is_same, ln, ln_1p, log2, log10, pow, sin, sinh, tan, tanh,
};
use proptest::prelude::*;

const INFINITY: f64 = f64::INFINITY;
const PI: f64 = core::f64::consts::PI;

type Function = (&'static str, fn(f64) -> f64);
type FunctionOfTwo = (&'static str, fn(f64, f64) -> f64);

const FUNCTIONS: [Function; 17] = [
    ("acos", acos),
    ("asin", asin),
    ("atan", atan),
    ("cbrt", cbrt),
    ("cos", cos),
    ("cosh", cosh),
    ("exp", exp),
    ("exp2", exp2),
    ("exp_m1", exp_m1),
    ("ln", ln),
    ("ln_1p", ln_1p),
    ("log10", log10),
    ("log2", log2),
    ("sin", sin),
    ("sinh", sinh),
    ("tan", tan),
    ("tanh", tanh),
];

const FUNCTIONS_OF_TWO: [FunctionOfTwo; 3] = [("atan2", atan2), ("hypot", hypot), ("pow", pow)];

#[test]
fn golden_vectors() {
    vectors::check("numbers/functions.tsv", 3, 500, |inputs| {
        let argument = |text: &str| from_bits(u64::from_str_radix(text, 16).expect("hex digits"));
        let one = FUNCTIONS.iter().find(|(name, _)| *name == inputs[0]);
        let two = FUNCTIONS_OF_TWO.iter().find(|(name, _)| *name == inputs[0]);
        let value = match (one, two) {
            (Some((_, function)), _) => function(argument(inputs[1])),
            (_, Some((_, function))) => function(argument(inputs[1]), argument(inputs[2])),
            _ => panic!("unknown function {}", inputs[0]),
        };
        vec![format!("{:016x}", value.to_bits())]
    });
}

fn check(name: &str, computed: f64, expected: f64) {
    assert_eq!(
        computed.to_bits(),
        canonical_bits(expected),
        "{name}: {computed:e}, not {expected:e}"
    );
}

#[test]
fn special_values_of_one_argument() {
    let nan = f64::NAN;
    for (name, function, rows) in [
        (
            "exp",
            exp as fn(f64) -> f64,
            &[
                (0.0, 1.0),
                (-0.0, 1.0),
                (INFINITY, INFINITY),
                (-INFINITY, 0.0),
                (1e300, INFINITY),
                (-1e300, 0.0),
                (1e-300, 1.0),
                (5e-324, 1.0),
            ][..],
        ),
        (
            "exp2",
            exp2,
            &[
                (0.0, 1.0),
                (INFINITY, INFINITY),
                (-INFINITY, 0.0),
                (10.0, 1024.0),
                (-1074.0, 5e-324),
                (-1075.0, 0.0),
                (-1074.5, 5e-324),
                (1024.0, INFINITY),
                (-1022.0, 2.2250738585072014e-308),
            ],
        ),
        (
            "exp_m1",
            exp_m1,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (INFINITY, INFINITY),
                (-INFINITY, -1.0),
                (-5e-324, -5e-324),
                (-800.0, -1.0),
                (-40.0, -1.0),
                (710.0, INFINITY),
            ],
        ),
        (
            "ln",
            ln,
            &[
                (1.0, 0.0),
                (0.0, -INFINITY),
                (-0.0, -INFINITY),
                (-1.0, nan),
                (INFINITY, INFINITY),
                (-INFINITY, nan),
            ],
        ),
        (
            "log2",
            log2,
            &[
                (1.0, 0.0),
                (8.0, 3.0),
                (5e-324, -1074.0),
                (0.0, -INFINITY),
                (-2.0, nan),
                (INFINITY, INFINITY),
            ],
        ),
        (
            "log10",
            log10,
            &[
                (1.0, 0.0),
                (1000.0, 3.0),
                (1e22, 22.0),
                (0.0, -INFINITY),
                (-10.0, nan),
                (INFINITY, INFINITY),
            ],
        ),
        (
            "ln_1p",
            ln_1p,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (-1.0, -INFINITY),
                (-1.5, nan),
                (INFINITY, INFINITY),
                (-INFINITY, nan),
                (5e-324, 5e-324),
            ],
        ),
        (
            "sin",
            sin,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (INFINITY, nan),
                (-INFINITY, nan),
                (-5e-324, -5e-324),
            ],
        ),
        (
            "cos",
            cos,
            &[(0.0, 1.0), (-0.0, 1.0), (INFINITY, nan), (5e-324, 1.0)],
        ),
        ("tan", tan, &[(0.0, 0.0), (-0.0, -0.0), (-INFINITY, nan)]),
        (
            "asin",
            asin,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (1.0, PI / 2.0),
                (-1.0, -PI / 2.0),
                (1.0000000000000002, nan),
                (-INFINITY, nan),
            ],
        ),
        (
            "acos",
            acos,
            &[
                (1.0, 0.0),
                (0.0, PI / 2.0),
                (-0.0, PI / 2.0),
                (-1.0, PI),
                (-1.0000000000000002, nan),
                (INFINITY, nan),
                (1e-300, PI / 2.0),
            ],
        ),
        (
            "atan",
            atan,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (INFINITY, PI / 2.0),
                (-INFINITY, -PI / 2.0),
                (1.0, PI / 4.0),
                (5e-324, 5e-324),
                (1e300, PI / 2.0),
            ],
        ),
        (
            "sinh",
            sinh,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (INFINITY, INFINITY),
                (-INFINITY, -INFINITY),
                (-1000.0, -INFINITY),
            ],
        ),
        (
            "cosh",
            cosh,
            &[
                (0.0, 1.0),
                (-0.0, 1.0),
                (INFINITY, INFINITY),
                (-INFINITY, INFINITY),
                (-1000.0, INFINITY),
            ],
        ),
        (
            "tanh",
            tanh,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (INFINITY, 1.0),
                (-INFINITY, -1.0),
                (-30.0, -1.0),
            ],
        ),
        (
            "cbrt",
            cbrt,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (INFINITY, INFINITY),
                (-INFINITY, -INFINITY),
                (-27.0, -3.0),
                (1e-300, 1e-100),
                (5e-324, 1.7031839360032603e-108),
            ],
        ),
    ] {
        check(name, function(nan), nan);
        for (argument, expected) in rows {
            check(name, function(*argument), *expected);
        }
    }
}

#[test]
fn special_values_of_atan2() {
    for (y, x, expected) in [
        (0.0, 1.0, 0.0),
        (0.0, 0.0, 0.0),
        (0.0, -0.0, PI),
        (0.0, -1.0, PI),
        (0.0, INFINITY, 0.0),
        (0.0, -INFINITY, PI),
        (1.0, 0.0, PI / 2.0),
        (1.0, -0.0, PI / 2.0),
        (1.0, INFINITY, 0.0),
        (1.0, -INFINITY, PI),
        (INFINITY, 1.0, PI / 2.0),
        (INFINITY, INFINITY, PI / 4.0),
        (INFINITY, -INFINITY, 2.356194490192345),
        (5e-324, 1.0, 5e-324),
        // Halfway between two subnormal floats, and the angle is a little less.
        (15e-324, 2.0, 5e-324),
        (5e-324, 2.0, 0.0),
        (5e-324, f64::MAX, 0.0),
        (f64::MAX, 5e-324, PI / 2.0),
        (5e-324, -f64::MAX, PI),
        (1.0, f64::NAN, f64::NAN),
        (f64::NAN, INFINITY, f64::NAN),
    ] {
        check("atan2", atan2(y, x), expected);
        if !expected.is_nan() {
            check("atan2 below", atan2(-y, x), -expected);
        }
    }
}

#[test]
fn special_values_of_pow() {
    let nan = f64::NAN;
    for (x, y, expected) in [
        (nan, 0.0, 1.0),
        (1.0, nan, 1.0),
        (nan, 1.0, nan),
        (2.0, nan, nan),
        (0.0, 3.0, 0.0),
        (-0.0, 3.0, -0.0),
        (-0.0, 2.0, 0.0),
        (-0.0, -3.0, -INFINITY),
        (-0.0, -2.0, INFINITY),
        (0.0, -0.5, INFINITY),
        (-0.0, INFINITY, 0.0),
        (-0.0, -INFINITY, INFINITY),
        (-1.0, INFINITY, 1.0),
        (-1.0, -INFINITY, 1.0),
        (-1.0, 3.0, -1.0),
        (-1.0, 1e300, 1.0),
        (-2.0, 0.5, nan),
        (-2.0, 3.0, -8.0),
        (-2.0, -3.0, -0.125),
        (0.5, INFINITY, 0.0),
        (0.5, -INFINITY, INFINITY),
        (2.0, INFINITY, INFINITY),
        (-2.0, -INFINITY, 0.0),
        (INFINITY, -1.0, 0.0),
        (INFINITY, 0.5, INFINITY),
        (-INFINITY, 3.0, -INFINITY),
        (-INFINITY, 2.0, INFINITY),
        (-INFINITY, -3.0, -0.0),
        (-INFINITY, 0.5, INFINITY),
        (-INFINITY, -0.5, 0.0),
        (2.0, -1074.0, 5e-324),
        (2.0, -1075.0, 0.0),
        (2.0, 1023.0, 8.98846567431158e307),
        (2.0, 1024.0, INFINITY),
        (3.0, 33.0, 5_559_060_566_555_523.0),
        (9.0, 0.5, 3.0),
        (6.25, 1.5, 15.625),
        (9_007_199_254_740_991.0, 1.0, 9_007_199_254_740_991.0),
        (-3.0, 1e16, INFINITY),
        (0.9999999999999999, 1e300, 0.0),
        (0.9999999999999999, -1e300, INFINITY),
        (5e-324, 5e-324, 1.0),
        (-8.0, 1.0 / 3.0, nan),
    ] {
        check("pow", pow(x, y), expected);
    }
}

#[test]
fn special_values_of_hypot() {
    for (x, y, expected) in [
        (3.0, 4.0, 5.0),
        (0.0, -0.0, 0.0),
        (-3.0, 0.0, 3.0),
        (INFINITY, f64::NAN, INFINITY),
        (f64::NAN, -INFINITY, INFINITY),
        (f64::NAN, 1.0, f64::NAN),
        (f64::MAX, f64::MAX, INFINITY),
        (f64::MAX, 1.0, f64::MAX),
        (5e-324, 5e-324, 5e-324),
        (15e-324, 20e-324, 25e-324),
        (9e-324, 0.0, 9e-324),
    ] {
        check("hypot", hypot(x, y), expected);
        check("hypot", hypot(y, x), expected);
    }
}

#[test]
fn exact_powers_are_exact() {
    for base in 1u64..2000 {
        let mut exact = 1u64;
        for exponent in 1u32..=34 {
            let Some(next) = exact.checked_mul(base).filter(|next| next >> 53 == 0) else {
                break;
            };
            exact = next;
            let (power, root) = (exact as f64, base as f64);
            check("pow", pow(root, exponent.into()), power);
            if exponent.is_power_of_two() {
                check("root", pow(power, 1.0 / f64::from(exponent)), root);
            }
            if exponent == 3 {
                check("cbrt", cbrt(power), root);
            }
        }
    }
}

#[test]
fn halfway_powers_round_to_even() {
    // An odd square of 54 bits lies halfway between two floats.
    let mut count = 0;
    for root in (94_906_267u64..134_217_728).step_by(998) {
        let root = root | 1;
        let square = root * root;
        assert_eq!(square >> 53, 1);
        // Rust's conversion rounds ties to even.
        check("pow", pow(root as f64, 2.0), square as f64);
        check(
            "hypot",
            hypot(root as f64 * 3.0, root as f64 * 4.0),
            root as f64 * 5.0,
        );
        count += 1;
    }
    assert!(count > 30_000);
}

#[test]
fn subnormal_results_round_once() {
    let seed = 0x7375_626e;
    println!("seed {seed:#x}");
    for word in words(seed).take(20_000) {
        // Exponents where 2^y is subnormal: y = −1022 … −1074, with eighths.
        let y = -1022.0 - (word % 424) as f64 / 8.0;
        assert!(is_same(exp2(y), pow(2.0, y)), "{y}");
        let fourth = pow(16.0, y / 4.0);
        assert!(is_same(exp2(y), fourth), "{y}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn symmetries(x in float(), y in float()) {
        for odd in [sin, tan, asin, atan, sinh, tanh, cbrt] {
            let expected = if odd(x).is_nan() { odd(x) } else { -odd(x) };
            prop_assert!(is_same(odd(-x), expected), "{x:e}");
        }
        for even in [cos, cosh] {
            prop_assert!(is_same(even(-x), even(x)), "{x:e}");
        }
        prop_assert!(is_same(hypot(x, y), hypot(-y, x)));
        if atan2(y, x).is_finite() {
            prop_assert!(is_same(atan2(-y, x), -atan2(y, x)));
        }
        prop_assert!(is_same(atan2(x, 1.0), atan(x)));
        prop_assert!(is_same(pow(x, 1.0), from_bits(x.to_bits())));
    }

    #[test]
    fn functions_rise_where_they_rise(x in float()) {
        prop_assume!(x.is_finite());
        let next = from_bits(x.to_bits() + 1);
        prop_assume!(next.is_finite());
        let (low, high) = if x < next { (x, next) } else { (next, x) };
        for rising in [exp, exp2, exp_m1, atan, sinh, tanh, cbrt] {
            prop_assert!(rising(low) <= rising(high), "{x:e}");
        }
        if low > 0.0 {
            for rising in [ln, log2, log10, ln_1p, cosh] {
                prop_assert!(rising(low) <= rising(high), "{x:e}");
            }
        }
        if low.abs() <= 1.0 && high.abs() <= 1.0 {
            prop_assert!(asin(low) <= asin(high) && acos(low) >= acos(high), "{x:e}");
        }
    }
}

#[test]
fn no_edge_breaks_a_function() {
    let edges: Vec<f64> = EDGES
        .iter()
        .flat_map(|bits| [from_bits(*bits), from_bits(*bits | 1 << 63)])
        .collect();
    for x in &edges {
        for (name, function) in FUNCTIONS {
            let value = function(*x);
            assert_eq!(value.to_bits(), canonical_bits(value), "{name}({x:e})");
        }
        for y in &edges {
            for (name, function) in FUNCTIONS_OF_TWO {
                let value = function(*x, *y);
                assert_eq!(
                    value.to_bits(),
                    canonical_bits(value),
                    "{name}({x:e}, {y:e})"
                );
            }
        }
    }
}
