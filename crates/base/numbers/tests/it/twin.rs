//! Slow, obvious twins of the functions: big integers with 192 bits behind the point, and schoolbook identities.
//!
//! Other ways than the product's on purpose: angles and exponents are halved, not reduced; π is 4·atan 1 and comes from
//! nowhere else; e^x is squared up. Within 2^−100 of a midpoint a value is taken for the midpoint.

use gatos_numbers::{Function, NumberError};
use num_bigint::BigInt;

const POINT: usize = 192;

fn one() -> BigInt {
    BigInt::from(1) << POINT
}

fn times(left: &BigInt, right: &BigInt) -> BigInt {
    (left * right) >> POINT
}

fn over(left: &BigInt, right: &BigInt) -> BigInt {
    (left << POINT) / right
}

fn root(value: &BigInt) -> BigInt {
    (value << POINT).sqrt()
}

/// first + first·ratio(1) + first·ratio(1)·ratio(2) + …, until nothing is added.
fn series(first: BigInt, mut ratio: impl FnMut(&BigInt, u32) -> BigInt) -> BigInt {
    let (mut sum, mut term, mut index) = (BigInt::ZERO, first, 0);
    while term.magnitude().bits() > 1 {
        sum += &term;
        index += 1;
        term = ratio(&term, index);
    }
    sum
}

fn exp(value: &BigInt) -> BigInt {
    let small = value >> 12;
    let start = series(one(), |term, index| times(term, &small) / index);
    (0..12).fold(start, |power, _| times(&power, &power))
}

/// 2·atanh((v − 1)/(v + 1)) after square roots, which halve the logarithm.
fn ln(value: &BigInt) -> BigInt {
    let near = (0..6).fold(value.clone(), |value, _| root(&value));
    let quotient = over(&(&near - one()), &(&near + one()));
    let square = times(&quotient, &quotient);
    let sum = series(quotient, |term, index| {
        times(term, &square) * (2 * index - 1) / (2 * index + 1)
    });
    sum << 7
}

/// Sine and cosine, doubled up from an angle of less than 2^−5.
fn sin_cos(angle: &BigInt) -> (BigInt, BigInt) {
    let small = angle >> 12;
    let square = times(&small, &small);
    let sine = series(small, |term, index| {
        -times(term, &square) / (2 * index * (2 * index + 1))
    });
    let cosine = series(one(), |term, index| {
        -times(term, &square) / (2 * index * (2 * index - 1))
    });
    (0..12).fold((sine, cosine), |(sine, cosine), _| {
        (
            times(&sine, &cosine) << 1,
            (times(&cosine, &cosine) << 1) - one(),
        )
    })
}

fn atan(slope: &BigInt) -> BigInt {
    let halved = |slope: BigInt, _| {
        let long = root(&(one() + times(&slope, &slope)));
        over(&slope, &(one() + long))
    };
    let small = (0..8).fold(slope.clone(), halved);
    let square = times(&small, &small);
    let sum = series(small, |term, index| {
        -times(term, &square) * (2 * index - 1) / (2 * index + 1)
    });
    sum << 8
}

fn half_pi() -> BigInt {
    atan(&one()) << 1
}

/// 2·atan(x/(1 + √(1 − x²))).
fn asin(value: &BigInt) -> BigInt {
    let cosine = root(&(one() - times(value, value)));
    atan(&over(value, &(one() + cosine))) << 1
}

fn atan2(y: &BigInt, x: &BigInt) -> BigInt {
    let zero = BigInt::ZERO;
    if *x == zero {
        return if *y > zero { half_pi() } else { -half_pi() };
    }
    let angle = atan(&over(y, x));
    match (*x < zero, *y < zero) {
        (false, _) => angle,
        (true, false) => angle + (half_pi() << 1),
        (true, true) => angle - (half_pi() << 1),
    }
}

/// x^y by |x|^y = e^(y·ln |x|), with the conventions of the page.
fn pow(x: &BigInt, y: &BigInt) -> Result<BigInt, NumberError> {
    let zero = BigInt::ZERO;
    let is_whole = y % one() == zero;
    if *y == zero {
        return Ok(one());
    }
    if *x == zero {
        return if *y > zero {
            Ok(zero)
        } else {
            Err(NumberError::DivideByZero)
        };
    }
    if *x < zero && !is_whole {
        return Err(NumberError::Domain);
    }
    let magnitude = exp(&times(y, &ln(&BigInt::from(x.magnitude().clone()))));
    let is_negative = *x < zero && (y >> POINT) % 2 != zero;
    Ok(if is_negative { -magnitude } else { magnitude })
}

/// The function's value with [`POINT`] bits behind the point.
fn value(function: Function, x: &BigInt, y: &BigInt) -> Result<BigInt, NumberError> {
    let zero = BigInt::ZERO;
    let when = |is_inside: bool| {
        if is_inside {
            Ok(())
        } else {
            Err(NumberError::Domain)
        }
    };
    Ok(match function {
        Function::Sqrt => {
            when(*x >= zero)?;
            root(x)
        }
        Function::Cbrt => (x << (2 * POINT)).cbrt(),
        Function::Hypot => root(&(times(x, x) + times(y, y))),
        Function::Exp => exp(x),
        Function::Ln | Function::Log2 | Function::Log10 => {
            when(*x > zero)?;
            let base = match function {
                Function::Log2 => ln(&(one() << 1)),
                Function::Log10 => ln(&(one() * 10)),
                _ => one(),
            };
            over(&ln(x), &base)
        }
        Function::Sin => sin_cos(x).0,
        Function::Cos => sin_cos(x).1,
        Function::Tan => {
            let (sine, cosine) = sin_cos(x);
            over(&sine, &cosine)
        }
        Function::Asin | Function::Acos => {
            when(BigInt::from(x.magnitude().clone()) <= one())?;
            match function {
                Function::Asin => asin(x),
                _ => half_pi() - asin(x),
            }
        }
        Function::Atan => atan(x),
        Function::Atan2 => {
            when(*x != zero || *y != zero)?;
            atan2(x, y)
        }
        Function::Sinh => (exp(x) - exp(&-x)) >> 1,
        Function::Cosh => (exp(x) + exp(&-x)) >> 1,
        Function::Tanh => over(&(exp(x) - exp(&-x)), &(exp(x) + exp(&-x))),
        Function::Pow => pow(x, y)?,
    })
}

/// The result in steps of 2^−`fraction_bits`, for arguments in the same steps.
pub fn evaluate(
    function: Function,
    first: i64,
    second: i64,
    fraction_bits: usize,
) -> Result<i64, NumberError> {
    let number = |steps: i64| BigInt::from(steps) << (POINT - fraction_bits);
    let exact = value(function, &number(first), &number(second))?;
    let shift = POINT - fraction_bits;
    let half = BigInt::from(1) << (shift - 1);
    // Halves of steps near the value: odd ones are midpoints.
    let midpoint: BigInt = ((&exact >> shift) << shift) + half;
    let floor: BigInt = &exact >> shift;
    let distance = &exact - midpoint;
    let is_tie = distance.magnitude().bits() <= (POINT - 100) as u64;
    let is_up = if is_tie {
        &floor % 2 != BigInt::ZERO
    } else {
        distance > BigInt::ZERO
    };
    let steps = floor + i32::from(is_up);
    let limit = 1i64 << (2 * fraction_bits - 1);
    match i64::try_from(steps) {
        Ok(steps) if (-limit..limit).contains(&steps) => Ok(steps),
        _ => Err(NumberError::Overflow),
    }
}
