//! Places of compilers and of editors, in text of every width and with every line end.

use super::*;
use gatos_yaml::Fix;
use proptest::prelude::*;

fn place(line: u32, column: u32) -> Position {
    Position { line, column }
}

#[test]
fn places_count_utf_16_code_units() {
    let source = Source::new("a😀é: 𝒳b\r\nsecond\rthird\n".to_owned());
    for (at, line, character) in [
        (place(1, 1), 0, 0),
        (place(1, 2), 0, 1),
        (place(1, 3), 0, 3),
        (place(1, 4), 0, 4),
        (place(1, 7), 0, 8),
        (place(1, 8), 0, 9),
        (place(2, 7), 1, 6),
        (place(3, 1), 2, 0),
        (place(4, 1), 3, 0),
    ] {
        let written = json!({"line": line, "character": character});
        assert_eq!(source.to_editor(at), written, "{at:?}");
        assert_eq!(source.from_editor(&written), Some(at), "{written}");
    }
    // Inside a pair: the character itself. Beyond the line: its end. Beyond everything: the end.
    let inside = json!({"line": 0, "character": 2});
    assert_eq!(source.from_editor(&inside), Some(place(1, 2)));
    let beyond = json!({"line": 1, "character": 4_000_000_000_u64});
    assert_eq!(source.from_editor(&beyond), Some(place(2, 7)));
    let below = json!({"line": u64::MAX, "character": 0});
    assert_eq!(source.from_editor(&below), Some(place(4, 1)));
    assert_eq!(
        source.to_editor(place(9, 9)),
        json!({"line": 3, "character": 0})
    );
    for wrong in [
        json!({}),
        json!({"line": -1, "character": 0}),
        json!({"line": 0, "character": "1"}),
        json!(null),
    ] {
        assert_eq!(source.from_editor(&wrong), None, "{wrong}");
    }
}

#[test]
fn findings_cover_the_word_they_are_about() {
    let source = Source::new("'whn': {x}\nkind: lww2\n".to_owned());
    let finding = |line, column, fix| {
        Finding::error(place(line, column), "x", String::new(), "").with_fix(fix)
    };
    for (finding, end, is_fix) in [
        (finding(1, 1, None), place(1, 6), false),
        (
            finding(1, 1, Some(Fix::new("whn", "when"))),
            place(1, 5),
            true,
        ),
        (
            finding(1, 1, Some(Fix::new("other", "when"))),
            place(1, 6),
            false,
        ),
        (finding(1, 8, None), place(1, 9), false),
        (
            finding(2, 7, Some(Fix::new("lww2", "lww"))),
            place(2, 11),
            true,
        ),
        (finding(3, 1, None), place(3, 1), false),
        (finding(7, 7, None), place(7, 7), false),
    ] {
        assert_eq!(source.span_of(&finding).end, end, "{finding:?}");
        assert_eq!(
            source.span_of_fix(&finding).is_some(),
            is_fix,
            "{finding:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    /// Against a twin that walks the text unit by unit.
    #[test]
    fn places_agree_with_a_walk_over_the_units(text in "[ab\u{e9}\u{1f600}\r\n]{0,24}") {
        let source = Source::new(text.clone());
        let (mut line, mut column, mut units) = (1, 1, 0);
        let mut characters = text.chars().peekable();
        loop {
            let at = place(line, column);
            let written = json!({"line": line - 1, "character": units});
            prop_assert_eq!(source.to_editor(at), written.clone(), "{:?}", text);
            prop_assert_eq!(source.from_editor(&written), Some(at), "{:?}", text);
            let Some(character) = characters.next() else { break };
            if character == '\r' && characters.peek() == Some(&'\n') {
                characters.next();
            }
            if matches!(character, '\r' | '\n') {
                (line, column, units) = (line + 1, 1, 0);
            } else {
                (column, units) = (column + 1, units + character.len_utf16());
            }
        }
    }
}
