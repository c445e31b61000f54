//! Bisection against trying every number.

use super::*;
use crate::analysis::formula::Reader;
use crate::analysis::space::Space;
use crate::language::compile;

/// Checks that the witnesses of the epoch show every answer that some epoch up to a bound gives.
fn check(line: &str) {
    let source = alloc::format!("when: {{}}\nallow_if: [\"{line}\"]\n");
    let compiled = compile(&source).expect("compiles");
    let lines = compiled.policy.rules()[0].allow_if.as_ref().expect("lines");
    let mut space = Space::default();
    Reader {
        space: &mut space,
        clause: None,
    }
    .line(&lines[0]);
    let slot = &space.slots[0];
    let mut freed = BTreeSet::new();
    let found = searched(slot, 0, i128::from(u64::MAX), &mut freed);
    assert!(freed.is_empty(), "{line}");
    let answer = |epoch: u64| {
        let mut context = Context::new(Intent::Read);
        context.epoch = Some(epoch);
        context.ask(|request| judge(&lines[0], request).0)
    };
    let known: BTreeSet<Truth> = found
        .iter()
        .filter_map(|group| group[0].as_ref()?.as_integer())
        .map(|integer| answer(u64::try_from(integer).expect("an epoch")))
        .collect();
    for epoch in (0..200).chain(u64::MAX - 5..=u64::MAX) {
        assert!(known.contains(&answer(epoch)), "{line} at {epoch}");
    }
}

#[test]
fn every_answer_has_a_witness() {
    for line in [
        "epoch == 17",
        "epoch * 3 + 1 == 52",
        "100 - epoch < epoch",
        "epoch * 2 != 7.5",
        "epoch in [3, 9, 10.5]",
        "epoch + 5 > epoch * 2",
        "epoch * 36893488147419103232 * 16 > 1000",
        "epoch - 20 <= 10 - epoch * 2",
    ] {
        check(line);
    }
}

#[test]
fn neighbours_are_the_nearest_numbers() {
    let number = |text: &str| Number::parse(text).expect("a number");
    for (from, steps, to) in [
        ("2", 1, "2.00000000023283064365386962890625"),
        ("2.00000000023283064365386962890625", -1, "2"),
        ("-1", -1, "-1.00000000023283064365386962890625"),
        (
            "170141183460469231731687303715884105726",
            1,
            "170141183460469231731687303715884105727",
        ),
    ] {
        assert_eq!(
            stepped(number(from), steps),
            Some(number(to)),
            "{from} {steps}"
        );
    }
    let greatest = number("170141183460469231731687303715884105727");
    assert_eq!(stepped(greatest, 1), None);
}
