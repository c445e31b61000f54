//! One owner writes in place, several copy first, and threads that let go are waited for by nobody.

extern crate std;

use super::Shared;
use crate::column::{AnyColumn, Column, RecordRows};
use crate::entity::Entity;
use crate::stamp::Stamp;
use alloc::vec::Vec;
use std::thread;

#[test]
fn one_owner_writes_in_place() {
    let mut one = Shared::new(std::vec![1, 2, 3]);
    let place = one.as_ptr();
    Shared::make_mut(&mut one)[0] = 4;
    assert_eq!((&one[..], one.as_ptr()), (&[4, 2, 3][..], place));
    assert!(Shared::get_mut(&mut one).is_some());
}

#[test]
fn several_owners_never_see_what_another_writes() {
    let mut one = Shared::new(std::vec![1]);
    let mut two = one.clone();
    assert!(Shared::ptr_eq(&one, &two));
    assert!(Shared::get_mut(&mut one).is_none());
    Shared::make_mut(&mut two).push(2);
    assert!(!Shared::ptr_eq(&one, &two));
    assert_eq!((&one[..], &two[..]), (&[1][..], &[1, 2][..]));
    Shared::make_mut(&mut one).push(3);
    assert_eq!(
        (Shared::unwrap_or_clone(one), &two[..]),
        (std::vec![1, 3], &[1, 2][..])
    );
}

/// What other threads read before they let go is over when the last owner writes.
#[test]
fn owners_in_other_threads_let_go_before_somebody_writes() {
    let mut one = Shared::new(std::vec![0_u64; 64]);
    for round in 0..20 {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let other = one.clone();
                thread::spawn(move || other.iter().sum::<u64>())
            })
            .collect();
        // Now in place, now in a copy, as the others are gone or not.
        Shared::make_mut(&mut one)[0] += 1;
        let sums: Vec<u64> = readers
            .into_iter()
            .filter_map(|reader| reader.join().ok())
            .collect();
        assert_eq!(sums, [round; 3]);
        while Shared::get_mut(&mut one).is_none() {
            thread::yield_now();
        }
    }
    assert_eq!(one[0], 20);
}

#[test]
fn a_column_comes_back_as_what_it_was() {
    let mut column: Column<Vec<Entity>> = Column::new((), 3);
    column.push(Entity::NULL, Stamp(1), Stamp(1));
    let mut erased = Shared::<dyn AnyColumn>::erased(Shared::new(column));
    let copy = erased.clone();
    assert!(Shared::get_mut(&mut erased).is_none());
    assert!(copy.typed::<RecordRows>().is_none());
    assert!(Shared::get_mut(&mut erased).is_some());
    assert!(
        erased
            .typed::<Vec<Entity>>()
            .is_some_and(|column| column.len() == 1)
    );
}
