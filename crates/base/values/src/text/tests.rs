//! The list of characters that need no tables, against the tables.

extern crate std;

use super::*;
use std::vec::Vec;
use unicode_normalization::char::canonical_combining_class;

#[test]
fn plain_characters_are_assigned_and_normal_whatever_surrounds_them() {
    let wrong: Vec<char> = ('\0'..=char::MAX)
        .filter(|character| is_plain(*character))
        .filter(|character| {
            let quick = is_nfc_quick(core::iter::once(*character));
            character.general_category() == GeneralCategory::Unassigned
                || canonical_combining_class(*character) != 0
                || quick != IsNormalized::Yes
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(('\0'..='\u{2ff}').all(is_plain));
}
