//! The arguments: evenly over the part of the domain where a function has something to do.

use gatos_numbers::Q32;

pub const COUNT: usize = 4096;

/// The same numbers, to the bit, for every contender.
pub struct Domain {
    pub fixed: Vec<(Q32, Q32)>,
    pub floats: Vec<(f64, f64)>,
    /// Zero, which only the run time knows.
    pub nothing: u64,
}

/// Lowest and highest of both arguments.
fn range(operation: &str) -> [(f64, f64); 2] {
    let second = (-4.0, 4.0);
    match operation {
        "add" | "sub" => [(-0.5, 0.5), second],
        "mul" | "div" => [(0.5, 1.5), second],
        "sqrt" | "hypot" => [(0.0, 2e9), (-1e9, 1e9)],
        "cbrt" => [(-2e9, 2e9), second],
        "exp" => [(-10.0, 21.0), second],
        "ln" | "log2" | "log10" => [(0.0, 1000.0), second],
        "asin" | "acos" => [(-1.0, 1.0), second],
        "sinh" | "cosh" => [(-20.0, 20.0), second],
        "tanh" => [(-10.0, 10.0), second],
        "pow" => [(0.01, 20.0), (-6.0, 6.0)],
        "atan" | "atan2" => [(-10.0, 10.0), (-10.0, 10.0)],
        _ => [(-100.0, 100.0), second],
    }
}

pub fn domain(operation: &str) -> Domain {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut number = |(low, high): (f64, f64)| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let unit = (state >> 11) as f64 / (1u64 << 53) as f64;
        Q32::from_steps(((low + unit * (high - low)) * 4_294_967_296.0) as i64)
    };
    let [first, second] = range(operation);
    let mut fixed: Vec<(Q32, Q32)> = (0..COUNT)
        .map(|_| (number(first), number(second)))
        .collect();
    if matches!(operation, "mul" | "div") {
        // A factor and its reciprocal by turns keep a product near one.
        for index in (1..COUNT).step_by(2) {
            let reciprocal = Q32::ONE.checked_div(fixed[index - 1].0);
            fixed[index].0 = reciprocal.expect("factors lie near one");
        }
    }
    if matches!(operation, "add" | "sub") {
        for index in (1..COUNT).step_by(2) {
            fixed[index].0 = fixed[index - 1].0.checked_neg().expect("small");
        }
    }
    let float = |value: Q32| value.steps() as f64 / 4_294_967_296.0;
    let floats = fixed
        .iter()
        .map(|&(first, second)| (float(first), float(second)))
        .collect();
    Domain {
        fixed,
        floats,
        nothing: std::hint::black_box(0),
    }
}
