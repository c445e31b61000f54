//! Text: NFC, reserved code points, and that the Unicode tables agree with each other.

use crate::any;
use gatos_values::text::{UNICODE_VERSION, is_nfc_assigned, is_reserved};
use gatos_values::{ErrorCode, Text, TextError};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::UnicodeGeneralCategory;

#[test]
fn the_unicode_tables_have_one_version() {
    let (major, minor, update) = UNICODE_VERSION;
    assert_eq!(
        (u64::from(major), u64::from(minor), u64::from(update)),
        unicode_properties::UNICODE_VERSION
    );
    assert_eq!(
        (major, minor, update),
        (18, 0, 0),
        "the version is part of the format: see docs/formats/values.md"
    );
}

#[test]
fn what_is_below_the_first_combining_mark_needs_no_tables() {
    for character in '\0'..'\u{300}' {
        assert_ne!(
            character.general_category(),
            unicode_properties::GeneralCategory::Unassigned
        );
        let pair = [character, 'a'];
        assert!(pair.iter().copied().nfc().eq(pair), "{character:?}");
        assert!(unicode_normalization::char::canonical_combining_class(character) == 0);
        for left in ['a', 'e', '<', 'A', '\u{a0}'] {
            let pair = [left, character];
            assert!(
                pair.iter().copied().nfc().eq(pair),
                "{left:?} {character:?}"
            );
        }
    }
}

#[test]
fn exactly_the_noncharacters_are_accepted_among_the_unassigned() {
    let unassigned = |character: &char| {
        character.general_category() == unicode_properties::GeneralCategory::Unassigned
    };
    let accepted: Vec<char> = ('\0'..=char::MAX)
        .filter(unassigned)
        .filter(|character| !is_reserved(*character))
        .collect();
    assert_eq!(accepted.len(), 66);
    assert!(
        ('\0'..=char::MAX)
            .filter(|character| is_reserved(*character))
            .all(|character| unassigned(&character))
    );
    assert!(is_reserved('\u{378}') && is_reserved('\u{e0fff}') && !is_reserved('\u{e000}'));
}

#[test]
fn reserved_code_points_are_refused_with_their_place() {
    let error = Text::new("aé\u{378}").expect_err("reserved");
    assert_eq!(
        error,
        TextError::Unassigned {
            code_point: 0x378,
            offset: 3
        }
    );
    assert_eq!(error.code(), ErrorCode::BadText);
    assert!(error.to_string().contains("U+0378"));
    assert!(Text::from_string("\u{378}".to_owned()).is_err());
    assert!(!is_nfc_assigned("\u{378}"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn text_is_the_normal_form(string in any::strings()) {
        let text = Text::new(&string).expect("no reserved code points");
        let expected: String = string.nfc().collect();
        assert_eq!(text.as_str(), &expected);
        assert_eq!(Text::from_string(string.clone()).as_ref(), Ok(&text));
        assert_eq!(is_nfc_assigned(&string), string == expected);
        assert!(is_nfc_assigned(&text));
    }

    #[test]
    fn any_string_is_text_exactly_when_the_tables_say_so(string in ".{0,12}") {
        let slow = string.chars().all(|character| !is_reserved(character)) && string.nfc().eq(string.chars());
        assert_eq!(is_nfc_assigned(&string), slow);
    }
}

#[test]
#[should_panic(expected = "must be ASCII")]
fn literals_must_be_ascii() {
    let _ = Text::from_ascii("é");
}
