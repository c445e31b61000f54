use super::*;
use proptest::prelude::*;

fn check(text: &str, expected: &str) {
    assert_eq!(escaped(text).to_string(), expected);
}

#[test]
fn ordinary_text_stays_as_it_is() {
    check(
        "Zoë wrote naïve 日本語 مرحبا 👩‍💻 `\\` \"q\"",
        "Zoë wrote naïve 日本語 مرحبا 👩‍💻 `\\` \"q\"",
    );
}

#[test]
fn control_characters_are_written_out() {
    check(
        "a\x1b[31mred\x07\0\x7f",
        "a\\u{1b}[31mred\\u{7}\\u{0}\\u{7f}",
    );
    check("c1: \u{9b}31m", "c1: \\u{9b}31m");
    check("one\ntwo\tthree\r", "one\\ntwo\\tthree\\r");
}

#[test]
fn marks_that_turn_the_reading_order_are_written_out() {
    for code in [
        0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068,
        0x2069,
    ] {
        let mark = char::from_u32(code).expect("a bidi control is a scalar value");
        check(&format!("x{mark}y"), &format!("x\\u{{{code:x}}}y"));
    }
}

#[test]
fn our_own_lines_keep_their_line_feeds() {
    assert_eq!(escaped_lines("one\ntwo\x1b").to_string(), "one\ntwo\\u{1b}");
}

#[test]
fn json_keeps_its_value() {
    assert_eq!(
        escaped_json("{\"a\":\"\u{202e}\u{7f}\u{e0041}\"}\n").to_string(),
        "{\"a\":\"\\u202e\\u007f\\udb40\\udc41\"}\n"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_unsafe_remains(text in any::<String>()) {
        prop_assert!(!escaped(&text).to_string().chars().any(is_unsafe));
        prop_assert!(!escaped_lines(&text).to_string().chars().any(|c| c != '\n' && is_unsafe(c)));
    }

    #[test]
    fn json_strings_read_back_the_same(text in any::<String>()) {
        let json = serde_json::to_string(&text).expect("strings serialise");
        let shown = escaped_json(&json).to_string();
        prop_assert_eq!(serde_json::from_str::<String>(&shown).expect("still JSON"), text);
    }
}
