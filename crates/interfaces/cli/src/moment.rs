//! Moments: times as people write and read them.
//!
//! Times on the command line are RFC 3339 (`2026-03-01T09:30:00Z`), a date, `@` and seconds since
//! 1970, or an age such as `90m`. Events carry milliseconds since 1970 in their ULIDs; this file turns
//! one into the other. The clock enters as an argument.
//! Tests: moment/tests.rs.

use std::fmt;

#[cfg(test)]
mod tests;

/// Milliseconds in a second, a minute, an hour, a day, a week.
const SECOND_MS: i128 = 1000;
const MINUTE_MS: i128 = 60 * SECOND_MS;
const HOUR_MS: i128 = 60 * MINUTE_MS;
const DAY_MS: i128 = 24 * HOUR_MS;
const WEEK_MS: i128 = 7 * DAY_MS;

/// Readers refuse event times from 2^34 seconds on, so no moment lies beyond.
const TIME_MS_END: i128 = (1 << 34) * SECOND_MS;

/// Why a text is not a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MomentError {
    /// The text has none of the known forms.
    Form,
    /// A month, day, hour, minute, second or offset is none.
    Range,
    /// The time lies before 1970 or at 2^34 seconds or later.
    OutOfReach,
}

impl fmt::Display for MomentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MomentError::Form => {
                "expected a ULID, a time such as 2026-03-01T09:30:00Z, a date, @SECONDS, or an age such as 90m, 12h, 7d"
            }
            MomentError::Range => "no such day or time of day",
            MomentError::OutOfReach => "the time is before 1970 or after the year 2514",
        })
    }
}

impl std::error::Error for MomentError {}

/// Reads a time; an age counts back from `now_ms`. Milliseconds since 1970-01-01T00:00:00Z.
///
/// # Errors
/// [`MomentError`] where the text is no time or one no event can have.
pub fn parse_time_ms(text: &str, now_ms: u64) -> Result<u64, MomentError> {
    let time_ms = if let Some(seconds) = text.strip_prefix('@') {
        i128::from(digits(seconds, 1..=15)?) * SECOND_MS
    } else if let Some(age_ms) = age_ms(text)? {
        i128::from(now_ms) - age_ms
    } else {
        calendar_ms(text)?
    };
    if !(0..TIME_MS_END).contains(&time_ms) {
        return Err(MomentError::OutOfReach);
    }
    u64::try_from(time_ms).map_err(|_| MomentError::OutOfReach)
}

/// `12h` and the like; `None` where the text does not end in a unit.
fn age_ms(text: &str) -> Result<Option<i128>, MomentError> {
    let unit_ms = match text.bytes().last() {
        Some(b's') => SECOND_MS,
        Some(b'm') => MINUTE_MS,
        Some(b'h') => HOUR_MS,
        Some(b'd') => DAY_MS,
        Some(b'w') => WEEK_MS,
        _ => return Ok(None),
    };
    let count = digits(&text[..text.len() - 1], 1..=9)?;
    Ok(Some(i128::from(count) * unit_ms))
}

/// RFC 3339 section 5.6 `date-time`, with a blank allowed for the `T`, seconds and zone optional
/// (then UTC), or a `full-date` alone, its midnight in UTC.
fn calendar_ms(text: &str) -> Result<i128, MomentError> {
    let (date, clock) = match text.find(['T', 't', ' ']) {
        Some(index) => (&text[..index], Some(&text[index + 1..])),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let (Some(year), Some(month), Some(day), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(MomentError::Form);
    };
    let (year, month, day) = (
        digits(year, 4..=4)?,
        digits(month, 2..=2)?,
        digits(day, 2..=2)?,
    );
    if !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) {
        return Err(MomentError::Range);
    }
    let midnight_ms = i128::from(days_from_civil(year, month, day)) * DAY_MS;
    Ok(midnight_ms + clock.map_or(Ok(0), clock_ms)?)
}

/// Time of day, less the zone's offset.
fn clock_ms(text: &str) -> Result<i128, MomentError> {
    let (clock, offset_ms) = match text.find(['Z', 'z', '+', '-']) {
        Some(index) => (&text[..index], offset_ms(&text[index..])?),
        None => (text, 0),
    };
    let (whole, fraction_ms) = match clock.split_once('.') {
        Some((whole, fraction)) => (whole, fraction_ms(fraction)?),
        None => (clock, 0),
    };
    let mut parts = whole.split(':');
    let (Some(hour), Some(minute), second, None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(MomentError::Form);
    };
    let (hour, minute) = (digits(hour, 2..=2)?, digits(minute, 2..=2)?);
    let second = second.map_or(Ok(0), |second| digits(second, 2..=2))?;
    if hour > 23 || minute > 59 || second > 60 {
        return Err(MomentError::Range);
    }
    let (hour, minute, second) = (i128::from(hour), i128::from(minute), i128::from(second));
    Ok(hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + fraction_ms - offset_ms)
}

/// The first three digits of a fraction of a second; further digits are below our resolution.
fn fraction_ms(fraction: &str) -> Result<i128, MomentError> {
    digits(fraction, 1..=18)?;
    let padded: String = fraction.chars().chain("00".chars()).take(3).collect();
    Ok(i128::from(digits(&padded, 3..=3)?))
}

fn offset_ms(zone: &str) -> Result<i128, MomentError> {
    let sign = match zone.as_bytes() {
        [b'Z' | b'z'] => return Ok(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return Err(MomentError::Form),
    };
    let (hour, minute) = zone[1..].split_once(':').ok_or(MomentError::Form)?;
    let (hour, minute) = (digits(hour, 2..=2)?, digits(minute, 2..=2)?);
    if hour > 23 || minute > 59 {
        return Err(MomentError::Range);
    }
    Ok(sign * (i128::from(hour) * HOUR_MS + i128::from(minute) * MINUTE_MS))
}

/// Decimal digits only, as many as `length` allows (18 at most).
fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Result<i64, MomentError> {
    if !length.contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(MomentError::Form);
    }
    text.parse().map_err(|_| MomentError::Form)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a day of the proleptic Gregorian calendar.
///
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a count of days from 1970-01-01; `civil_from_days` of the same source.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// `2026-03-01 09:30:00`, UTC, for people; the unit of `time_ms` is milliseconds since 1970.
pub fn time_text(time_ms: u64) -> String {
    let seconds = i64::try_from(time_ms / 1000).unwrap_or(i64::MAX);
    let (year, month, day) = civil_from_days(seconds / 86_400);
    let second = seconds % 86_400;
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// How long something took, for people: `840 ms`, `2.4 s`, `3 min 5 s`.
pub fn duration_text(duration_ms: u64) -> String {
    match duration_ms {
        0..1000 => format!("{duration_ms} ms"),
        1000..100_000 => format!("{}.{} s", duration_ms / 1000, duration_ms % 1000 / 100),
        _ => format!(
            "{} min {} s",
            duration_ms / 60_000,
            duration_ms % 60_000 / 1000
        ),
    }
}
