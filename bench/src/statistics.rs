//! Medians, percentiles, and how much work is done.

use std::time::Duration;

/// How often each figure is taken.
pub fn run_count() -> usize {
    number_from("BENCH_RUNS", 3).max(1)
}

/// A count of events, divided by `BENCH_SCALE`.
pub fn scaled(count: usize) -> usize {
    (count / number_from("BENCH_SCALE", 1).max(1)).max(1)
}

fn number_from(variable: &str, fallback: usize) -> usize {
    let text = std::env::var(variable).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(fallback)
}

/// The median of several runs.
pub fn median_of(mut run: impl FnMut() -> f64) -> f64 {
    let mut figures: Vec<f64> = (0..run_count()).map(|_| run()).collect();
    median(&mut figures)
}

/// Two things measured in turn, so that a busy minute hits both; the median of each.
pub fn medians_of(mut first: impl FnMut() -> f64, mut second: impl FnMut() -> f64) -> (f64, f64) {
    let (mut firsts, mut seconds) = (Vec::new(), Vec::new());
    for _ in 0..run_count() {
        firsts.push(first());
        seconds.push(second());
    }
    (median(&mut firsts), median(&mut seconds))
}

pub fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The given percentile, in milliseconds.
pub fn percentile_ms(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times
        .get(index)
        .map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
}
