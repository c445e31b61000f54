//! Adding up what `cargo test` says.

use super::Tally;

#[test]
fn counts_are_cargo_tests_own() {
    let mut tally = Tally::default();
    tally.add("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s");
    tally.add("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.0s");
    tally.add("test a::b ... ok");
    assert_eq!(
        tally,
        Tally {
            passed: 15,
            failed: 2,
            ignored: 1
        }
    );
    assert_eq!(
        tally.line(),
        "test result: ok. 15 passed; 2 failed; 1 ignored"
    );
}
