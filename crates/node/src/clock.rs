//! The only clock of the node, and the only randomness of a ULID.
//!
//! Wall time and random bits enter here and nowhere else; what they yield is signed into an event as a
//! claim and never read again by a fold. Tests: ../tests/it/append.rs (rising ULIDs, clocks that jump).

use std::time::{SystemTime, UNIX_EPOCH};

use gatos_values::Ulid;

/// Milliseconds since 1970-01-01 UTC; 0 for a clock set before it.
pub fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| {
            u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
        })
}

/// A ULID of the given time with 80 random bits.
pub fn fresh_ulid(time_ms: u64) -> Ulid {
    let mut random = [0_u8; 10];
    if getrandom::fill(&mut random).is_err() {
        // Uniqueness inside a journal does not rest on these bits (ULIDs rise there), so a machine
        // without randomness may go on with none.
        random = [0; 10];
    }
    let bits = random
        .iter()
        .fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
    Ulid::from_parts(time_ms & ((1 << 48) - 1), bits).expect("both parts are within their bits")
}

/// `2026-11-21T22:31:14.000Z` for milliseconds since 1970 (proleptic Gregorian calendar, UTC).
///
/// Days are turned into a date by Howard Hinnant's `civil_from_days` (public domain algorithm).
pub fn rfc3339(time_ms: u64) -> String {
    let seconds = time_ms / 1000;
    let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
    let shifted = days as i64 + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 {
        month_shifted + 3
    } else {
        month_shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        second_of_day / 3600,
        second_of_day / 60 % 60,
        second_of_day % 60,
        time_ms % 1000
    )
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn dates_match_known_instants() {
        // Oracle: `date -u -d @N +%FT%T`.
        let rows = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (4_102_444_800_000, "2100-01-01T00:00:00.000Z"),
            (17_179_869_183_000, "2514-05-30T01:53:03.000Z"),
        ];
        for (time_ms, want) in rows {
            assert_eq!(rfc3339(time_ms), want);
        }
    }
}
