use super::*;

// One test, for the hook is the process's.
#[test]
fn a_panic_comes_back_as_text_with_its_place_and_work_goes_on() {
    let bug = guarded(|| -> u8 { panic!("the sky fell on `{}`", "us") });
    let text = bug.expect_err("the work panicked");
    assert!(text.starts_with("the sky fell on `us` ("), "{text}");
    assert!(text.contains("guard/tests.rs:"), "{text}");
    assert_eq!(guarded(|| 7), Ok(7));
}
