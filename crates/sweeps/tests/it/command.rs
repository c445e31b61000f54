//! The command line of the program.

use gatos_sweeps::command::{CommandError, run};

fn printed(words: &str) -> Result<Vec<String>, String> {
    let arguments: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    let mut lines = Vec::new();
    let outcome = run(&arguments, &mut |line| {
        lines.push(line.to_owned());
        Ok(())
    });
    outcome.map(|()| lines).map_err(|error| error.to_string())
}

#[test]
fn a_report_has_one_line_a_topic() {
    let lines = printed("--scale 2 values/merkle policy/governance").expect("two topics");
    let columns: Vec<Vec<&str>> = lines
        .iter()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(columns[0][..2], ["values/merkle", "120"]);
    assert_eq!(columns[1][..2], ["policy/governance", "60"]);
    assert!(
        columns
            .iter()
            .all(|row| row.len() == 3 && row[2].starts_with("blake3:"))
    );
    assert_eq!(
        printed("--list").expect("a list").len(),
        gatos_sweeps::topics::TOPICS.len()
    );
}

#[test]
fn a_case_can_be_looked_at() {
    let cases = printed("--cases values/merkle 3").expect("three cases");
    assert_eq!(cases.len(), 3);
    assert!(cases[2].starts_with("2\tblake3:"));
    assert_eq!(printed("--cases values/merkle").expect("all").len(), 60);
    let lines = printed("--show values/merkle 2").expect("one case");
    assert!(lines.iter().any(|line| line.starts_with("root\tblake3:")));
    assert!(lines.last().expect("lines").starts_with("draws\t"));
}

#[test]
fn words_that_make_no_sense_are_refused_with_the_usage() {
    for words in [
        "no/topic",
        "--scale many",
        "--scale",
        "--cases no/topic",
        "--show values/merkle x",
        "--what",
    ] {
        let error = printed(words).expect_err(words);
        assert!(error.contains("usage: gatos-sweeps"), "{words}: {error}");
    }
}

#[test]
fn a_closed_output_ends_the_run() {
    let outcome = run(&[], &mut |_| Err(std::io::ErrorKind::BrokenPipe.into()));
    assert!(matches!(outcome, Err(CommandError::Output(_))));
}
