//! The chains, one for each operation and contender.

use crate::arguments::Domain;
use fixed::types::I32F32;
use gatos_numbers::Q32;

/// How many operations a run made.
pub type Chain = usize;
pub type Contender = Box<dyn Fn(&Domain) -> Chain>;

/// One row of the table.
pub struct Operation {
    pub name: &'static str,
    pub is_function: bool,
    /// Host, ours, `fixed`, `libm`, CORE-MATH.
    pub contenders: Vec<Option<Contender>>,
}

/// Runs of a list, so that a chain lasts long beside the clock's own time.
const TURNS: usize = 4;

fn float(function: impl Fn(f64, f64) -> f64 + 'static) -> Option<Contender> {
    Some(Box::new(move |domain| {
        let mut last = 0.0f64;
        for _ in 0..TURNS {
            for &(first, second) in &domain.floats {
                let first = f64::from_bits(first.to_bits() ^ (last.to_bits() & domain.nothing));
                last = function(first, second);
            }
        }
        std::hint::black_box(last);
        TURNS * domain.floats.len()
    }))
}

fn ours(
    function: impl Fn(Q32, Q32) -> Result<Q32, gatos_numbers::NumberError> + 'static,
) -> Option<Contender> {
    Some(Box::new(move |domain| {
        let mut last = Q32::ZERO;
        for _ in 0..TURNS {
            for &(first, second) in &domain.fixed {
                let first =
                    Q32::from_steps(first.steps() ^ (last.steps() & domain.nothing.cast_signed()));
                last = function(first, second).unwrap_or(Q32::ONE);
            }
        }
        std::hint::black_box(last);
        TURNS * domain.fixed.len()
    }))
}

fn float_chain(start: f64, step: impl Fn(f64, f64) -> f64 + 'static) -> Option<Contender> {
    Some(Box::new(move |domain| {
        let mut last = std::hint::black_box(start);
        for _ in 0..TURNS {
            for &(first, _) in &domain.floats {
                last = step(last, first);
            }
        }
        std::hint::black_box(last);
        TURNS * domain.floats.len()
    }))
}

/// An error ends the chain, as it ends a program.
fn our_chain(
    start: Q32,
    step: impl Fn(Q32, Q32) -> Result<Q32, gatos_numbers::NumberError> + 'static,
) -> Option<Contender> {
    Some(Box::new(move |domain| {
        let mut last = std::hint::black_box(start);
        for _ in 0..TURNS {
            for &(first, _) in &domain.fixed {
                match step(last, first) {
                    Ok(next) => last = next,
                    Err(error) => panic!("{error}: {last} {first}"),
                }
            }
        }
        std::hint::black_box(last);
        TURNS * domain.fixed.len()
    }))
}

fn crate_fixed(
    start: i64,
    step: impl Fn(I32F32, I32F32) -> Option<I32F32> + 'static,
) -> Option<Contender> {
    Some(Box::new(move |domain| {
        let mut last = I32F32::from_bits(std::hint::black_box(start));
        for _ in 0..TURNS {
            for &(first, _) in &domain.fixed {
                match step(last, I32F32::from_bits(first.steps())) {
                    Some(next) => last = next,
                    None => panic!("overflow"),
                }
            }
        }
        std::hint::black_box(last);
        TURNS * domain.fixed.len()
    }))
}

fn arithmetic() -> Vec<Operation> {
    let operation = |name, contenders| Operation {
        name,
        is_function: false,
        contenders,
    };
    let one = 1i64 << 32;
    vec![
        operation(
            "add",
            vec![
                float_chain(1.0, |a, b| a + b),
                our_chain(Q32::ONE, Q32::checked_add),
                crate_fixed(one, I32F32::checked_add),
            ],
        ),
        operation(
            "sub",
            vec![
                float_chain(1.0, |a, b| a - b),
                our_chain(Q32::ONE, Q32::checked_sub),
                crate_fixed(one, I32F32::checked_sub),
            ],
        ),
        operation(
            "mul",
            vec![
                float_chain(1.0, |a, b| a * b),
                our_chain(Q32::ONE, Q32::checked_mul),
                crate_fixed(one, I32F32::checked_mul),
            ],
        ),
        operation(
            "div",
            vec![
                float_chain(1.0, |a, b| a / b),
                our_chain(Q32::ONE, Q32::checked_div),
                crate_fixed(one, I32F32::checked_div),
            ],
        ),
    ]
}

#[cfg(feature = "core-math")]
macro_rules! core_math {
    ($function:expr) => {
        float($function)
    };
}
#[cfg(not(feature = "core-math"))]
macro_rules! core_math {
    ($function:expr) => {
        None
    };
}

macro_rules! unary {
    ($name:literal, $host:expr, $ours:expr, $libm:ident, $core:ident) => {
        Operation {
            name: $name,
            is_function: true,
            contenders: vec![
                float(|x, _| $host(x)),
                ours(|x, _| $ours(x)),
                None,
                float(|x, _| libm::$libm(x)),
                core_math!(|x, _| core_math::$core(x)),
            ],
        }
    };
}

macro_rules! binary {
    ($name:literal, $host:expr, $ours:expr, $libm:ident, $core:ident) => {
        Operation {
            name: $name,
            is_function: true,
            contenders: vec![
                float(|x, y| $host(x, y)),
                ours(|x, y| $ours(x, y)),
                None,
                float(|x, y| libm::$libm(x, y)),
                core_math!(|x, y| core_math::$core(x, y)),
            ],
        }
    };
}

pub fn operations() -> Vec<Operation> {
    let mut operations = arithmetic();
    operations.push(Operation {
        name: "sqrt",
        is_function: true,
        contenders: vec![
            float(|x, _| x.sqrt()),
            ours(|x, _| x.checked_sqrt()),
            Some(Box::new(|domain| {
                let mut last = I32F32::ZERO;
                for _ in 0..TURNS {
                    for &(first, _) in &domain.fixed {
                        let first = first.steps() ^ (last.to_bits() & domain.nothing.cast_signed());
                        last = I32F32::from_bits(first)
                            .checked_sqrt()
                            .unwrap_or(I32F32::ONE);
                    }
                }
                std::hint::black_box(last);
                TURNS * domain.fixed.len()
            })),
            float(|x, _| libm::sqrt(x)),
            None,
        ],
    });
    operations.extend([
        unary!("cbrt", f64::cbrt, Q32::cbrt, cbrt, cbrt),
        binary!("hypot", f64::hypot, Q32::hypot, hypot, hypot),
        unary!("exp", f64::exp, Q32::exp, exp, exp),
        unary!("ln", f64::ln, Q32::ln, log, log),
        unary!("log2", f64::log2, Q32::log2, log2, log2),
        unary!("log10", f64::log10, Q32::log10, log10, log10),
        unary!("sin", f64::sin, Q32::sin, sin, sin),
        unary!("cos", f64::cos, Q32::cos, cos, cos),
        unary!("tan", f64::tan, Q32::tan, tan, tan),
        unary!("asin", f64::asin, Q32::asin, asin, asin),
        unary!("acos", f64::acos, Q32::acos, acos, acos),
        unary!("atan", f64::atan, Q32::atan, atan, atan),
        binary!("atan2", f64::atan2, Q32::atan2, atan2, atan2),
        unary!("sinh", f64::sinh, Q32::sinh, sinh, sinh),
        unary!("cosh", f64::cosh, Q32::cosh, cosh, cosh),
        unary!("tanh", f64::tanh, Q32::tanh, tanh, tanh),
        binary!("pow", f64::powf, Q32::pow, pow, pow),
    ]);
    operations
}
