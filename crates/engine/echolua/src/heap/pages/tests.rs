use super::{BLOCK_SIZE, Pages};
use alloc::vec::Vec;
use gatos_numbers::Pcg32;

/// Clones and writes at random against plain lists; also for Miri, which looks at every access.
#[test]
fn clones_are_as_independent_as_plain_lists() {
    let seed = 20_261_130;
    let mut dice = Pcg32::new(seed, 1);
    type Pair = (Pages<Vec<u32>>, Vec<Vec<u32>>);
    let mut lists: Vec<Pair> = Vec::new();
    lists.push((Pages::default(), Vec::new()));
    let rounds = if cfg!(miri) { 400 } else { 20_000 };
    for round in 0..rounds {
        let which = dice.next_u32() as usize % lists.len();
        match dice.next_u32() % 12 {
            0 if lists.len() < 6 => {
                let copy = lists[which].clone();
                lists.push(copy);
            }
            1 if lists.len() > 1 => {
                lists.swap_remove(which);
            }
            2..=5 => {
                let (pages, plain) = &mut lists[which];
                assert_eq!(pages.push(Vec::from([round])) as usize, plain.len());
                plain.push(Vec::from([round]));
            }
            _ => {
                let (pages, plain) = &mut lists[which];
                if !plain.is_empty() {
                    let index = dice.next_u32() as usize % plain.len();
                    pages.get_mut(index as u32).push(round);
                    plain[index].push(round);
                    let other = dice.next_u32() as usize % plain.len();
                    assert_eq!(
                        pages.get(other as u32),
                        &plain[other],
                        "seed {seed}, round {round}"
                    );
                }
            }
        }
    }
    for (pages, plain) in &lists {
        assert_eq!(pages.count() as usize, plain.len());
        for (index, item) in plain.iter().enumerate() {
            assert_eq!(pages.get(index as u32), item, "seed {seed}");
        }
    }
}

#[test]
fn a_block_is_copied_once_and_only_where_it_is_shared() {
    let mut pages: Pages<u32> = Pages::default();
    for index in 0..3 * BLOCK_SIZE as u32 {
        pages.push(index);
    }
    assert!(pages.owns(0));
    let mut copy = pages.clone();
    assert!(!pages.owns(0) && !copy.owns(0));
    *copy.get_mut(0) = 7;
    assert!(copy.owns(0) && !copy.owns(BLOCK_SIZE as u32) && !pages.owns(0));
    drop(copy);
    let address = core::ptr::from_ref(pages.get(64));
    *pages.get_mut(64) = 9;
    assert_eq!(
        address,
        core::ptr::from_ref(pages.get(64)),
        "nobody else holds it: it is not copied"
    );
    assert_eq!((*pages.get(0), *pages.get(64)), (0, 9));
}

#[test]
fn lists_move_between_threads() {
    let mut pages: Pages<Vec<u8>> = Pages::default();
    for byte in 0..200 {
        pages.push(Vec::from([byte]));
    }
    let mut copy = pages.clone();
    let other = std::thread::spawn(move || {
        for index in 0..200 {
            copy.get_mut(index).push(1);
        }
        (0..200).map(|index| copy.get(index).len()).sum::<usize>()
    });
    let sum: usize = (0..200).map(|index| pages.get(index).len()).sum();
    assert_eq!((sum, other.join().ok()), (200, Some(400)));
}
