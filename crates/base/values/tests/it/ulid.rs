//! ULIDs: golden vectors, order, strict text.

use crate::vectors;
use gatos_values::{ErrorCode, Ulid, UlidError};
use proptest::prelude::*;

#[test]
fn golden_vectors() {
    vectors::check("values/ulids.tsv", 2, 6, |inputs| {
        let time_ms = inputs[0].parse().expect("milliseconds");
        let random = u128::from_str_radix(inputs[1], 16).expect("hex digits");
        let ulid = Ulid::from_parts(time_ms, random).expect("in range");
        vec![ulid.to_string()]
    });
}

proptest! {
    #[test]
    fn text_bytes_and_number_agree(left: u128, right: u128) {
        let (a, b) = (Ulid::from_bits(left), Ulid::from_bits(right));
        assert_eq!(Ulid::parse(&a.to_string()), Ok(a));
        assert_eq!(Ulid::from_bytes(a.to_bytes()), a);
        assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        assert_eq!(a.cmp(&b), a.to_bytes().cmp(&b.to_bytes()));
        assert_eq!(Ulid::from_parts(a.time_ms(), a.random()), Some(a));
    }

    #[test]
    fn accepted_text_is_the_one_text(text in "[0-9A-Z]{25,27}|[0-7][0-9a-zA-Z]{25}|.{26}") {
        if let Ok(ulid) = Ulid::parse(&text) {
            assert_eq!(ulid.to_string(), text);
        }
    }
}

#[test]
fn every_other_character_is_refused() {
    let text = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    assert!(Ulid::parse(text).is_ok());
    for character in (0u8..128).map(char::from) {
        let changed: String = text
            .chars()
            .enumerate()
            .map(|(at, old)| if at == 10 { character } else { old })
            .collect();
        let is_digit = character.is_ascii_digit()
            || (character.is_ascii_uppercase() && !"ILOU".contains(character));
        assert_eq!(Ulid::parse(&changed).is_ok(), is_digit, "{character:?}");
    }
}

#[test]
fn overflow_length_and_case_are_refused() {
    assert_eq!(Ulid::parse("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), Ok(Ulid::MAX));
    let over = "80000000000000000000000000";
    assert_eq!(Ulid::parse(over), Err(UlidError::Overflow(over.to_owned())));
    assert!(matches!(
        Ulid::parse("01arz3ndektsv4rrffq69g5fav"),
        Err(UlidError::Character { offset: 2, .. })
    ));
    assert!(matches!(Ulid::parse(""), Err(UlidError::Length(_))));
    assert_eq!(
        Ulid::parse("x").map_err(|error| error.code()),
        Err(ErrorCode::BadUlid)
    );
    assert_eq!(Ulid::from_parts(1 << 48, 0), None);
    assert_eq!(Ulid::from_parts(0, 1 << 80), None);
    assert_eq!(Ulid::MAX.next(), None);
    assert_eq!(Ulid::MIN.next(), Ulid::from_parts(0, 1));
    // The random part carries into the time: still the next one.
    let full = Ulid::from_parts(5, (1 << 80) - 1).expect("in range");
    assert_eq!(full.next(), Ulid::from_parts(6, 0));
}
