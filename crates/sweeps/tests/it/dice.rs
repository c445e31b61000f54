//! The dice against published outputs, and that cases have inputs of their own.

use gatos_sweeps::dice::Dice;

#[test]
fn outputs_are_those_of_splitmix64() {
    // Widely published for the seed 1234567.
    let expected = [
        6_457_827_717_110_365_317,
        3_203_168_211_198_807_973,
        9_817_491_932_198_370_423,
        4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
    ];
    let mut dice = Dice::from_seed(1_234_567);
    for bits in expected {
        assert_eq!(dice.bits(), bits);
    }
    assert_eq!(dice.draw_count(), 5);
}

#[test]
fn ranges_are_kept_and_reached() {
    let mut dice = Dice::from_seed(1);
    let mut seen = [0; 6];
    for _ in 0..600 {
        let number = dice.between(2, 5);
        assert!((2..=5).contains(&number));
        seen[number as usize] += 1;
    }
    assert!(seen[2..].iter().all(|count| *count > 100), "{seen:?}");
    assert_eq!(dice.below(0), 0);
    assert_eq!(dice.bytes(13).len(), 13);
}

#[test]
fn every_case_of_every_topic_has_its_own_dice() {
    let first = |topic, case| Dice::of_case(topic, case).bits();
    let all = [first("a", 0), first("a", 1), first("b", 0), first("b", 1)];
    for (index, bits) in all.iter().enumerate() {
        assert!(!all[..index].contains(bits));
    }
    assert_eq!(first("a", 0), all[0]);
}

#[test]
fn integers_have_every_width_and_both_signs() {
    let mut dice = Dice::from_seed(2);
    let mut widths = [0_u64; 129];
    let mut negative_count = 0;
    for _ in 0..20_000 {
        let integer = dice.integer();
        widths[128 - integer.unsigned_abs().leading_zeros() as usize] += 1;
        negative_count += u64::from(integer < 0);
    }
    assert!(widths[..128].iter().all(|count| *count > 0), "{widths:?}");
    assert!((8_000..12_000).contains(&negative_count));
}
