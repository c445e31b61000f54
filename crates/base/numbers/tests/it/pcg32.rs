//! PCG32: the published output, crate `rand_pcg` as judge, jumps against stepping, bytes.
#![expect(clippy::disallowed_types, reason = "unit floats are floats")]

use crate::vectors;
use gatos_numbers::{NumberError, Pcg32};
use proptest::prelude::*;

/// The seed and stream of the published demonstration program.
const DEMO: (u64, u64) = (42, 54);

#[test]
fn the_published_demonstration() {
    // Round 1 of `pcg32-demo`: six words, then 65 coins, then 33 dice, then a shuffled pack of cards.
    let mut generator = Pcg32::new(DEMO.0, DEMO.1);
    let words: Vec<u32> = (0..6).map(|_| generator.next_u32()).collect();
    assert_eq!(
        words,
        [
            0xa15c_02b7,
            0x7b47_f409,
            0xba1d_3330,
            0x83d2_f293,
            0xbfa4_784b,
            0xcbed_606e
        ]
    );
    let coins: String = (0..65)
        .map(|_| {
            if generator.bounded(2) == Ok(1) {
                'H'
            } else {
                'T'
            }
        })
        .collect();
    assert_eq!(
        coins,
        "HHTTTHTHHHTHTTTHHHHHTTTHHHTHTHTHTTHTTTHHHHHHTTTTHHTTTTTHTTTTTTTHT"
    );
    let dice: Vec<u32> = (0..33)
        .map(|_| generator.bounded(6).expect("six sides") + 1)
        .collect();
    assert_eq!(
        dice,
        [
            3, 4, 1, 1, 2, 2, 3, 2, 4, 3, 2, 4, 3, 3, 5, 2, 3, 1, 3, 1, 5, 1, 4, 1, 5, 6, 4, 6, 6,
            2, 6, 3, 3
        ]
    );
    let mut cards: Vec<u32> = (0..52).collect();
    for count in (2..=52).rev() {
        let chosen = generator.bounded(count).expect("there are cards") as usize;
        cards.swap(chosen, count as usize - 1);
    }
    let name = |card: &u32| {
        let number = "A23456789TJQK".as_bytes()[*card as usize / 4] as char;
        let suit = "hcds".as_bytes()[*card as usize % 4] as char;
        format!("{number}{suit}")
    };
    let pack: Vec<String> = cards.iter().map(name).collect();
    assert_eq!(pack[..10].join(" "), "Qd Ks 6d 3s 3d 4c 3h Td Kc 5c");
    assert_eq!(generator.draws(), 6 + 65 + 33 + 51);
}

proptest! {
    #[test]
    fn outputs_are_the_judge_s(seed in any::<u64>(), stream in any::<u64>(), skip in any::<u64>()) {
        let mut ours = Pcg32::new(seed, stream);
        let mut judge = rand_pcg::Pcg32::new(seed, stream);
        for _ in 0..20 {
            prop_assert_eq!(ours.next_u32(), judge.next_u32());
        }
        ours.advance(skip);
        judge.advance(skip);
        for _ in 0..20 {
            prop_assert_eq!(ours.next_u32(), judge.next_u32());
        }
        prop_assert_eq!(ours.draws(), skip.wrapping_add(40));
    }

    #[test]
    fn jumping_is_stepping(seed in any::<u64>(), stream in any::<u64>(), count in 0u64..3000) {
        let start = Pcg32::new(seed, stream);
        let (mut stepped, mut jumped) = (start.clone(), start.clone());
        for _ in 0..count {
            stepped.next_u32();
        }
        jumped.advance(count);
        prop_assert_eq!(&stepped, &jumped);
        jumped.rewind(count);
        prop_assert_eq!(&jumped, &start);
    }

    #[test]
    fn jumps_add_up_and_back(seed in any::<u64>(), first in any::<u64>(), second in any::<u64>()) {
        let start = Pcg32::new(seed, 7);
        let (mut once, mut twice) = (start.clone(), start.clone());
        once.advance(first.wrapping_add(second));
        twice.advance(first);
        twice.advance(second);
        prop_assert_eq!(&once, &twice);
        twice.rewind(second);
        twice.rewind(first);
        prop_assert_eq!(twice, start);
    }

    #[test]
    fn bytes_are_inverse_and_continue(seed in any::<u64>(), stream in any::<u64>(), skip in any::<u64>()) {
        let mut generator = Pcg32::new(seed, stream);
        generator.advance(skip);
        let bytes = generator.to_bytes();
        let mut read = Pcg32::from_bytes(&bytes).expect("written bytes are read");
        prop_assert_eq!(&read, &generator);
        prop_assert_eq!(read.next_u64(), generator.next_u64());
        let mut foreign = bytes;
        foreign[15] |= 0x80;
        prop_assert_eq!(Pcg32::from_bytes(&foreign), None);
    }

    #[test]
    fn bounded_draws_are_the_definition(seed in any::<u64>(), bound in 1u32..) {
        let mut generator = Pcg32::new(seed, 1);
        let mut twin = generator.clone();
        let got = generator.bounded(bound).expect("the bound is not 0");
        // By the definition: throw away until the rest of 2^32 is a multiple of the bound.
        let usable = (1u64 << 32) / u64::from(bound) * u64::from(bound);
        let threshold = (1u64 << 32) - usable;
        let draw = loop {
            let draw = u64::from(twin.next_u32());
            if draw >= threshold {
                break draw;
            }
        };
        prop_assert_eq!(u64::from(got), draw % u64::from(bound));
        prop_assert_eq!(generator, twin);
    }

    #[test]
    fn units_lie_in_their_interval(seed in any::<u64>()) {
        let mut generator = Pcg32::new(seed, 3);
        let mut twin = generator.clone();
        let float = generator.unit_binary64();
        prop_assert!((0.0..1.0).contains(&float));
        let (high, low) = (twin.next_u32() >> 5, twin.next_u32() >> 6);
        let expected = (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0;
        prop_assert_eq!(float, expected);
        prop_assert_eq!(generator.unit_q32().steps(), i64::from(twin.next_u32()));
        prop_assert_eq!(generator, twin);
    }
}

#[test]
fn bounds_at_the_edges() {
    let mut generator = Pcg32::new(1, 1);
    assert_eq!(generator.bounded(0), Err(NumberError::Domain));
    assert_eq!(generator.bounded_u64(0), Err(NumberError::Domain));
    assert_eq!(generator.draws(), 0, "nothing was drawn");
    assert_eq!(generator.bounded(1), Ok(0));
    assert_eq!(generator.bounded_u64(1), Ok(0));
    assert_eq!(generator.draws(), 3);
    // Every residue of 3 is equally likely: 2^32 mod 3 = 1, so the draw 0 alone is thrown away.
    let mut counts = [0u32; 3];
    for _ in 0..30_000 {
        counts[generator.bounded(3).expect("three") as usize] += 1;
    }
    assert!(
        counts.iter().all(|count| count.abs_diff(10_000) < 500),
        "{counts:?}"
    );
    assert!(
        generator
            .bounded_u64(u64::MAX)
            .is_ok_and(|value| value < u64::MAX)
    );
}

#[test]
fn golden_vectors() {
    vectors::check("numbers/pcg32.tsv", 3, 8, |inputs| {
        let number = |text: &str| text.parse::<u64>().expect("a number");
        let mut generator = Pcg32::new(number(inputs[0]), number(inputs[1]));
        generator.advance(number(inputs[2]));
        let state: String = generator
            .to_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let words: Vec<String> = (0..6)
            .map(|_| format!("{:08x}", generator.next_u32()))
            .collect();
        let bounded: Vec<String> = [2, 6, 52, 1 << 31, 3 << 30, u32::MAX]
            .iter()
            .map(|bound| generator.bounded(*bound).expect("not 0").to_string())
            .collect();
        let unit = generator.unit_binary64().to_bits();
        let fixed = generator.unit_q32();
        vec![
            state,
            words.join(" "),
            bounded.join(" "),
            format!("{unit:016x}"),
            fixed.to_string(),
            generator.draws().to_string(),
        ]
    });
}
