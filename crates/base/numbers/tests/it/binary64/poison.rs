//! The poison cases on this target; the sweep program runs them on the others.

use gatos_numbers::binary64::poison;

#[test]
fn no_poison_case_differs() {
    let mut differing = Vec::new();
    let count = poison::failures(|name, bits| differing.push(format!("{name}: {bits:016x}")));
    assert_eq!(count, 0, "{differing:#?}");
    assert!(poison::CASES.len() >= 40, "cases were lost");
}

#[test]
fn a_wrong_result_would_be_told() {
    // Each case computes what it says, and not its own expectation.
    for case in poison::CASES {
        assert_eq!(case.computed(), case.expected(), "{}", case.name);
    }
    let zero = poison::CASES.iter().find(|case| case.name == "0 + -0 is 0");
    assert_eq!(zero.map(poison::PoisonCase::computed), Some(0));
}
