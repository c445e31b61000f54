//! How many refusals are told.

use super::*;
use gatos_values::ErrorCode;

#[test]
fn twenty_refusals_are_told_and_the_others_counted() {
    let fault = Fault::new(ErrorCode::BadName, "x", "no name of ours");
    let names: Vec<String> = (0..23)
        .map(|number| format!("refs/gatos/r{number}"))
        .collect();
    for (count, last) in [
        (0, ""),
        (20, "r19"),
        (21, "1 more refusal"),
        (23, "3 more refusals"),
    ] {
        let text = told(names[..count].iter().map(|name| (name.as_str(), &fault))).render(false);
        assert_eq!(text.matches("BAD_NAME").count(), count.min(20));
        assert!(text.contains(last), "{text}");
        assert!(!text.contains("r20"), "{text}");
    }
}
