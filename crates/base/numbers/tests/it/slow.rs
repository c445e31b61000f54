//! Slow, obvious twins of reading and printing decimal text.
//!
//! Everything is counted in units of 10^−33, in which every step (2^−32 = 2·5^33 units) and every half step is whole,
//! so the definitions can be written down as they stand in the format page.

/// 10^33: units in one.
const ONE: u128 = 10u128.pow(33);
/// 5^33: units in half a step of 2^−32.
const HALF_STEP: u128 = 5u128.pow(33);

/// The fraction digits of `fraction`/2^32: of all decimals that round to it the shortest, of those the nearest, of
/// two equally near the one with the even last digit.
pub fn fraction_digits(fraction: u32) -> String {
    let exact = u128::from(fraction) * 2 * HALF_STEP;
    let is_even = fraction.is_multiple_of(2);
    for count in 1..=33usize {
        let unit = ONE / 10u128.pow(count as u32);
        let near = exact / unit;
        let candidates = near.saturating_sub(2)..=near + 2;
        let rounds_to_it = |digits: &u128| {
            let distance = (digits * unit).abs_diff(exact);
            distance < HALF_STEP || (distance == HALF_STEP && is_even)
        };
        let best = candidates
            .filter(rounds_to_it)
            .min_by_key(|digits| ((digits * unit).abs_diff(exact), digits % 2));
        if let Some(digits) = best {
            return format!("{digits:0count$}");
        }
    }
    unreachable!("33 digits write every fraction exactly")
}

/// `0.digits` in steps of 2^−32, ties to even; 2^32 where it rounds up to one.
pub fn round_fraction(digits: &str) -> u64 {
    // How many boundaries (k + ½ steps) lie below the value; a value on a boundary goes to the even side.
    let is_above = |k: u64| {
        let boundary = format!("{:033}", (2 * u128::from(k) + 1) * HALF_STEP);
        let width = digits.len().max(33);
        let (value, boundary) = (format!("{digits:0<width$}"), format!("{boundary:0<width$}"));
        value > boundary || (value == boundary && k % 2 == 1)
    };
    let (mut low, mut high) = (0u64, 1u64 << 32);
    while low < high {
        let middle = (low + high) / 2;
        if is_above(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
