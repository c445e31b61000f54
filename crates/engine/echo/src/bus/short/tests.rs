//! Short and long byte strings are what they were made of, at every size around the border.

use super::ShortBytes;
use alloc::vec::Vec;

#[test]
fn strings_of_all_sizes_are_what_they_were_made_of() {
    let all: Vec<u8> = (1..=80).collect();
    for size in 0..all.len() {
        let string = ShortBytes::new(&all[..size]);
        assert_eq!(string.as_slice(), &all[..size]);
        assert_eq!(string.clone(), string);
        assert_ne!(string, ShortBytes::new(&all[..=size]));
    }
    assert_eq!(size_of::<ShortBytes>(), 32);
}
