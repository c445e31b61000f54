use super::*;
use proptest::prelude::*;

const NOW_MS: u64 = 1_772_357_400_000; // 2026-03-01T09:30:00Z

fn check(text: &str, expected: Result<u64, MomentError>) {
    assert_eq!(parse_time_ms(text, NOW_MS), expected, "{text}");
}

#[test]
fn times_of_every_form_are_read() {
    check("1970-01-01T00:00:00Z", Ok(0));
    check("2026-03-01T09:30:00Z", Ok(NOW_MS));
    check("2026-03-01t09:30:00z", Ok(NOW_MS));
    check("2026-03-01 09:30", Ok(NOW_MS));
    check("2026-03-01T10:30:00+01:00", Ok(NOW_MS));
    check("2026-02-28T23:30:00-10:00", Ok(NOW_MS));
    check("2026-03-01T09:30:00.25Z", Ok(NOW_MS + 250));
    check("2026-03-01T09:30:00.123456789Z", Ok(NOW_MS + 123));
    check("2024-02-29", Ok(1_709_164_800_000));
    check("@1772357400", Ok(NOW_MS));
    check("90m", Ok(NOW_MS - 5_400_000));
    check("1w", Ok(NOW_MS - 604_800_000));
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "yesterday",
        "2026-3-1",
        "2026-03-01T",
        "2026-03-01T9:30",
        "@",
        "@-1",
        "m",
        "-5m",
        "+5m",
        "1.5h",
    ] {
        check(text, Err(MomentError::Form));
    }
    for text in [
        "２０２６-03-01",
        "2026-03-01Té",
        "@99999999999999999999",
        "2026-03-01T09:30:00Zx",
        "2026-03-01T09:30:00.Z",
    ] {
        check(text, Err(MomentError::Form));
    }
    for text in [
        "2026-02-29",
        "2026-13-01",
        "2026-04-31",
        "2026-01-01T24:00Z",
        "2026-01-01T00:00+24:00",
    ] {
        check(text, Err(MomentError::Range));
    }
    for text in ["1969-12-31", "2600-01-01", "@17179869184", "999999999w"] {
        check(text, Err(MomentError::OutOfReach));
    }
}

#[test]
fn durations_read_well() {
    for (ms, expected) in [
        (7, "7 ms"),
        (1000, "1.0 s"),
        (23_450, "23.4 s"),
        (185_000, "3 min 5 s"),
    ] {
        assert_eq!(duration_text(ms), expected);
    }
}

proptest! {
    #[test]
    fn a_time_reads_back(seconds in 0u64..(1 << 34)) {
        let text = time_text(seconds * 1000);
        prop_assert_eq!(parse_time_ms(&text, NOW_MS), Ok(seconds * 1000));
    }

    #[test]
    fn no_text_panics(text in "[-@0-9TZ:+. a-zé]{0,30}") {
        let _ = parse_time_ms(&text, NOW_MS);
    }
}
