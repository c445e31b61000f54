//! The templates keep what they promise.

use gatos_policy::language::suite::Suite;
use gatos_policy::language::templates::TEMPLATES;
use gatos_policy::language::{compile, format_source};

#[test]
fn templates_compile_are_laid_out_and_pass_their_suites() {
    for template in TEMPLATES {
        let name = template.name;
        let compiled =
            compile(template.policy).unwrap_or_else(|findings| panic!("{name}: {}", findings[0]));
        assert_eq!(compiled.warnings, [], "{name}");
        let lines = |text: &str| -> Vec<String> {
            text.lines()
                .filter(|line| !line.trim().is_empty())
                .map(str::to_owned)
                .collect()
        };
        let formatted = format_source(template.policy).expect("it compiles");
        assert_eq!(lines(&formatted), lines(template.policy), "{name}");
        let suite = Suite::parse(template.suite)
            .unwrap_or_else(|findings| panic!("{name}: {}", findings[0]));
        let report = suite.run(&compiled.policy);
        for failure in &report.failures {
            println!(
                "{name}: {}: {}",
                suite.cases[failure.case_index].name, failure.message
            );
        }
        assert_eq!(report.failures.len(), 0, "{name}");
        for part in report.coverage.missing() {
            println!("{name}: {} {} {:?}", part.rule, part.kind, part.text);
        }
        assert_eq!(report.coverage.percent(), 100, "{name}");
        let survivors = suite.survivors(&compiled.policy);
        let changes: Vec<String> = survivors
            .iter()
            .map(|mutant| format!("{}: {}", mutant.rule, mutant.change))
            .collect();
        assert_eq!(changes, [""; 0], "{name}");
    }
}
