//! Q32.32 against crate `fixed` in what is exact: sums, differences, negation, order, and quotients and products where
//! nothing is cut off. That crate rounds towards zero or down, ours to nearest, so the rest differs by a step at most.

use fixed::types::I32F32;
use gatos_numbers::Q32;
use proptest::prelude::*;

fn pair() -> impl Strategy<Value = (Q32, I32F32)> {
    (any::<i64>(), 0u32..64).prop_map(|(steps, shift)| {
        let steps = steps >> shift;
        (Q32::from_steps(steps), I32F32::from_bits(steps))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn exact_operations_are_those_of_the_peer((a, their_a) in pair(), (b, their_b) in pair()) {
        let steps = |value: Option<I32F32>| value.map(I32F32::to_bits);
        prop_assert_eq!(a.checked_add(b).ok().map(Q32::steps), steps(their_a.checked_add(their_b)));
        prop_assert_eq!(a.checked_sub(b).ok().map(Q32::steps), steps(their_a.checked_sub(their_b)));
        prop_assert_eq!(a.checked_neg().ok().map(Q32::steps), steps(their_a.checked_neg()));
        prop_assert_eq!(a.cmp(&b), their_a.cmp(&their_b));
        prop_assert_eq!(a.floor(), i64::from(their_a.int().to_num::<i32>()));
    }

    #[test]
    fn rounded_operations_differ_by_one_step_at_most((a, their_a) in pair(), (b, their_b) in pair()) {
        let is_near = |ours: Q32, theirs: I32F32| ours.steps().abs_diff(theirs.to_bits()) <= 1;
        if let (Ok(ours), Some(theirs)) = (a.checked_mul(b), their_a.checked_mul(their_b)) {
            prop_assert!(is_near(ours, theirs));
        }
        if b != Q32::ZERO && let (Ok(ours), Some(theirs)) = (a.checked_div(b), their_a.checked_div(their_b)) {
            prop_assert!(is_near(ours, theirs));
        }
        if a >= Q32::ZERO {
            prop_assert!(is_near(a.checked_sqrt().expect("not negative"), their_a.sqrt()));
        }
    }

    #[test]
    fn whole_factors_give_exact_products(a in -30_000i64..30_000, b in -30_000i64..30_000) {
        let (ours, theirs) = (
            Q32::from_integer(a).and_then(|a| a.checked_mul(Q32::from_integer(b)?)),
            I32F32::from_num(a).checked_mul(I32F32::from_num(b)),
        );
        prop_assert_eq!(ours.ok().map(Q32::steps), theirs.map(I32F32::to_bits));
    }
}
