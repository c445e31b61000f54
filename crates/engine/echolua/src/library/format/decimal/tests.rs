use super::push_decimals;
use alloc::format;
use alloc::vec::Vec;
use gatos_numbers::Pcg32;

/// Whether the short way knows the number; then its digits are those of the standard library.
fn check(magnitude: f64, precision: usize) -> bool {
    let mut text = Vec::new();
    let is_written = push_decimals(magnitude, precision, &mut text);
    if is_written {
        let expected = format!("{magnitude:.precision$}");
        let found = core::str::from_utf8(&text);
        assert_eq!(found, Ok(&*expected), "{magnitude:e}, {precision} decimals");
    } else {
        assert!(text.is_empty(), "{magnitude:e}, {precision} decimals");
    }
    is_written
}

#[test]
fn ordinary_numbers_take_the_short_way() {
    let ties = [0.5, 1.5, 2.5, 0.125, 0.375, 0.625, 1024.5];
    let edges = [0.0, 1.0, 9.995, 0.999_999_9, 1e15, 123.456, 1.0 / 3.0];
    for magnitude in ties.into_iter().chain(edges) {
        for precision in 0..=4 {
            assert!(check(magnitude, precision), "{magnitude}, {precision}");
        }
    }
    for magnitude in [1e300, 5e-324, f64::MIN_POSITIVE, 2f64.powi(53)] {
        assert!(!check(magnitude, 2), "{magnitude:e}");
    }
    assert!(!check(0.1, 16));
}

#[test]
fn decimals_are_those_of_the_standard_library() {
    let seed = 20_261_130;
    let mut random = Pcg32::new(seed, 54);
    for round in 0..20_000 {
        let mantissa =
            f64::from(random.next_u32()) + f64::from(random.next_u32()) / 4_294_967_296.0;
        let magnitude = mantissa * 2f64.powi((random.next_u32() % 120) as i32 - 90);
        // Few bits, so that ties come up.
        let tie = f64::from(random.next_u32() % 4096) / 64.0;
        let precision = (random.next_u32() % 18) as usize;
        assert!(check(tie, precision % 8), "seed {seed}, round {round}");
        check(magnitude, precision);
    }
}
