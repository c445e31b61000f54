//! Where the arguments come from: a mixture for each function, in turn, from a seed.

use crate::random::Random;
use gatos_numbers::Function;
use rug::float::Constant;
use rug::{Float, Integer};

const ONE: i64 = 1 << 32;

pub struct Arguments {
    function: Function,
    random: Random,
    edges: Vec<i64>,
    half_pi: Float,
    /// Position in the list of edges, and of pairs of edges.
    edge_index: usize,
    /// The last case, whose neighbours come next.
    queue: Vec<(i64, i64)>,
}

impl Arguments {
    pub fn new(function: Function, seed: u64, thread: u64) -> Arguments {
        let edges = edges();
        let mut random = Random::new(seed ^ (thread << 48) ^ ((function as u64) << 56));
        let edge_index = random.below(edges.len() as u64) as usize;
        Arguments {
            function,
            random,
            edges,
            half_pi: Float::with_val(192, Constant::Pi) / 2u32,
            edge_index,
            queue: Vec::new(),
        }
    }

    pub fn next(&mut self) -> (i64, i64) {
        if let Some(case) = self.queue.pop() {
            return case;
        }
        match self.random.below(8) {
            0 => self.edge(),
            1 | 2 => self.anything(),
            3 | 4 => self.inside(),
            5 => self.few_bits(),
            6 => self.special(),
            _ => self.near_midpoint(),
        }
    }

    /// Every edge in turn, the second argument going once round for each.
    fn edge(&mut self) -> (i64, i64) {
        self.edge_index += 1;
        let count = self.edges.len();
        (
            self.edges[self.edge_index % count],
            self.edges[(self.edge_index / count) % count],
        )
    }

    fn anything(&mut self) -> (i64, i64) {
        match self.random.below(2) {
            0 => (self.random.any(), self.random.any()),
            _ => (self.random.next() as i64, self.random.next() as i64),
        }
    }

    /// Evenly where the function has an interesting result.
    fn inside(&mut self) -> (i64, i64) {
        let random = &mut self.random;
        let first = match self.function {
            Function::Exp => random.between(-23 * ONE, 22 * ONE),
            Function::Sinh | Function::Cosh => random.between(-23 * ONE, 23 * ONE),
            Function::Tanh => random.between(-12 * ONE, 12 * ONE),
            Function::Asin | Function::Acos => random.between(-ONE, ONE),
            Function::Sin | Function::Cos | Function::Tan => random.between(-7 * ONE, 7 * ONE),
            Function::Ln | Function::Log2 | Function::Log10 => {
                (random.next() >> (1 + random.below(63))) as i64
            }
            Function::Pow => return self.inside_pow(),
            _ => random.between(-4 * ONE, 4 * ONE),
        };
        (first, random.between(-4 * ONE, 4 * ONE))
    }

    /// A base of any size and an exponent that keeps the result in range; bases near one often.
    fn inside_pow(&mut self) -> (i64, i64) {
        let base = match self.random.below(3) {
            0 => ONE + (self.random.any() >> 24),
            1 => self.random.between(1, 4 * ONE),
            _ => (self.random.next() >> (1 + self.random.below(63))) as i64,
        }
        .max(1);
        let base_value: Float = Float::with_val(96, base) >> 32;
        let log = base_value.log2();
        if log.is_zero() {
            return (base, self.random.any());
        }
        let target = Float::with_val(96, self.random.between(-34 * ONE, 31 * ONE));
        (base, saturate(&(target / log)))
    }

    /// A few significant bits anywhere, and one step beside.
    fn few_bits(&mut self) -> (i64, i64) {
        let mut number = || {
            let significand = self.random.between(-255, 255);
            let near = self.random.between(-1, 1);
            (significand << self.random.below(55)).wrapping_add(near)
        };
        (number(), number())
    }

    /// What is special about this function.
    fn special(&mut self) -> (i64, i64) {
        let random = &mut self.random;
        match self.function {
            Function::Sin | Function::Cos | Function::Tan => {
                // Neighbours of multiples of π/2 (and π/4), up to the ends of the range.
                let count = random.any() >> 31;
                let shift = random.below(2) as u32;
                let near = Float::with_val(192, &self.half_pi * count) >> shift;
                let steps = saturate(&(near << 32));
                (steps.saturating_add(random.between(-3, 3)), 0)
            }
            Function::Sqrt | Function::Cbrt | Function::Hypot => self.special_root(),
            Function::Pow => self.special_pow(),
            Function::Log10 => {
                let power = 10i64.pow(random.below(10) as u32);
                (power * ONE + random.between(-2, 2), 0)
            }
            Function::Asin | Function::Acos => {
                let end = if random.below(2) == 0 { ONE } else { -ONE };
                (end.saturating_add(random.any() >> 32), 0)
            }
            Function::Atan2 | Function::Atan => {
                // Slopes of i/64 and eighths, where tables meet.
                let x = random.any() >> 8;
                let y = ((i128::from(x) * i128::from(random.between(-64, 64))) >> 6) as i64;
                (y.saturating_add(random.between(-2, 2)), x)
            }
            _ => {
                // x²/2 on a midpoint: exp, cos, cosh and others are within x⁴ of one there.
                let odd = random.between(-2047, 2047) | 1;
                (odd << random.between(0, 20), 0)
            }
        }
    }

    fn special_root(&mut self) -> (i64, i64) {
        let random = &mut self.random;
        let near = random.between(-1, 1);
        match self.function {
            Function::Sqrt => {
                let root = random.below(1 << 32) >> random.below(31);
                // (root·2^−16)²; then a root beside a half step: root·(root + 1).
                let square = u128::from(root) * u128::from(root + random.below(2));
                (
                    (square.min(i64::MAX as u128) as i64).saturating_add(near),
                    0,
                )
            }
            Function::Cbrt => {
                let root = random.between(-1290, 1290);
                let scale = 3 * random.below(11) as u32;
                (
                    (root * root * root)
                        .wrapping_mul(1 << scale)
                        .saturating_add(near),
                    0,
                )
            }
            _ => {
                // Pythagorean triples, and a long side with a short one: √(a² + b²) ≈ a + b²/2a.
                if random.below(2) == 0 {
                    let (m, n) = (random.below(1 << 15) as i64, random.below(1 << 15) as i64);
                    let scale = random.below(32);
                    (
                        (m * m - n * n) << scale,
                        ((2 * m * n) << scale).wrapping_add(near),
                    )
                } else {
                    let long = random.next() >> (1 + random.below(40));
                    let odd = random.next() | 1;
                    let short = (u128::from(long) * u128::from(odd >> random.below(63))).isqrt();
                    (
                        long as i64,
                        (short.min(i64::MAX as u128) as i64).saturating_add(near),
                    )
                }
            }
        }
    }

    fn special_pow(&mut self) -> (i64, i64) {
        let random = &mut self.random;
        match random.below(4) {
            // Small exact powers and their neighbours.
            0 => {
                let base = random.between(-40, 40) << random.below(33);
                let exponent = random.between(-34, 41) * ONE;
                (
                    base.wrapping_add(random.between(-1, 1) & random.between(0, 1)),
                    exponent,
                )
            }
            // s^(2^k) to the power n/2^k.
            1 => {
                let roots = random.below(6) as u32;
                let significand = Integer::from(random.between(1, 200));
                let scale = random.between(-16, 8);
                let power = Float::with_val(256, significand) << (scale as i32);
                let mut base = power;
                for _ in 0..roots {
                    base.square_mut();
                }
                let exponent = (random.between(-40, 40) * ONE) >> roots;
                (saturate(&(base << 32)).max(1), exponent)
            }
            // Powers of two with fractions.
            2 => {
                let base = 1i64 << random.below(63);
                (base, random.between(-40, 40) * (ONE >> random.below(8)))
            }
            // One and a little, a little of an exponent: 1 + ab·2^−64 on a midpoint.
            _ => {
                let (a, b) = (
                    random.between(1, 1 << 16) | 1,
                    random.between(1, 1 << 16) | 1,
                );
                let twos = random.below(32);
                (ONE + (a << twos), b << (31 - twos))
            }
        }
    }

    /// An argument whose result lies next to a midpoint: the inverse of the midpoint, and both neighbours.
    fn near_midpoint(&mut self) -> (i64, i64) {
        let result = self.random.any() >> self.random.below(16);
        let midpoint: Float = (Float::with_val(128, result) + 0.5f64) >> 32;
        let second = self.random.between(1, 8 * ONE);
        let inverse = match self.function {
            Function::Sqrt => midpoint.square(),
            Function::Cbrt => Float::with_val(128, midpoint.clone() * &midpoint) * &midpoint,
            Function::Exp => midpoint.abs().ln(),
            Function::Ln => midpoint.exp(),
            Function::Log2 => midpoint.exp2(),
            Function::Log10 => midpoint.exp10(),
            Function::Sin => midpoint.asin(),
            Function::Cos => midpoint.acos(),
            Function::Tan => midpoint.atan(),
            Function::Asin => midpoint.sin(),
            Function::Acos => midpoint.cos(),
            Function::Atan => midpoint.tan(),
            Function::Sinh => midpoint.asinh(),
            Function::Cosh => midpoint.acosh(),
            Function::Tanh => midpoint.atanh(),
            Function::Atan2 => midpoint.tan() * (Float::with_val(64, second) >> 32),
            Function::Hypot => {
                let side: Float = Float::with_val(128, second) >> 32;
                (midpoint.square() - side.square()).sqrt()
            }
            Function::Pow => {
                let exponent: Float = Float::with_val(64, second) >> 32;
                let root = exponent.recip();
                (midpoint.abs().ln() * root).exp()
            }
        };
        if inverse.is_nan() {
            return self.anything();
        }
        let first = saturate(&(inverse << 32));
        self.queue.push((first.saturating_sub(1), second));
        self.queue.push((first.saturating_add(1), second));
        (first, second)
    }
}

/// The nearest count of steps.
fn saturate(steps: &Float) -> i64 {
    let limit = if steps.is_sign_negative() {
        i64::MIN
    } else {
        i64::MAX
    };
    // The inverse of a logarithm may have billions of digits: not to be written out.
    if steps.is_infinite() || steps.get_exp().is_some_and(|exponent| exponent > 64) {
        return limit;
    }
    let integer = steps.to_integer().and_then(|integer| integer.to_i64());
    integer.unwrap_or(limit)
}

/// Powers of two, ends of domains, overflow thresholds and what lies beside them.
fn edges() -> Vec<i64> {
    let mut centres = vec![0, i64::MIN, i64::MAX];
    for shift in 0..63 {
        centres.extend([1 << shift, -1 << shift, 3 << shift]);
    }
    // ln(2^31), ln(2^32), −ln(2^33), 12, π/2, π, 31, 33.
    for value in [
        "21.487562597",
        "22.180709777",
        "-22.873856958",
        "12",
        "1.5707963268",
        "3.1415926536",
        "31",
        "-33",
    ] {
        let value = Float::with_val(96, Float::parse(value).expect("a decimal"));
        centres.push(saturate(&(value << 32)));
    }
    let mut edges: Vec<i64> = Vec::new();
    for centre in centres {
        edges.extend((-2..=2).map(|distance| centre.wrapping_add(distance)));
        edges.push(centre.wrapping_neg());
    }
    edges.sort_unstable();
    edges.dedup();
    edges
}
