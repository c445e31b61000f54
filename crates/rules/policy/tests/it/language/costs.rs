//! The bound on what a rule costs, as the compiler prints it.

use gatos_policy::language::compile;

#[test]
fn the_bound_counts_nodes_and_passes() {
    for (line, expected) in [
        ("true", "at most 2 steps and 0 scans"),
        ("caps includes 'x'", "at most 4 steps and 2 scans"),
        ("payload.a.b == 1", "at most 6 steps and 3 scans"),
        ("path matches_glob 'a/**'", "at most 3 steps and 4 scans"),
        ("caps all_of ['a', 'b', 'c']", "at most 4 steps and 4 scans"),
        ("path contains 'abc'", "at most 4 steps and 4 scans"),
    ] {
        let compiled = compile(&format!("when: {{}}\nallow_if: [\"{line}\"]")).expect("valid");
        assert_eq!(
            compiled.policy.rules()[0].cost().to_string(),
            expected,
            "{line}"
        );
    }
}
