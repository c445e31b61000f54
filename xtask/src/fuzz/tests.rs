//! Reading the table, the options and libFuzzer's log.

use super::seeds::{column_inputs, decoder};
use super::{Options, Target, chosen, coverage, features_of, listed_targets, statistic};

const PAGE: &str = "<!-- table: targets -->\n| target | statement | seeds | bytes at most |\n|---|---|---|---|\n| `json` | x | `vectors/json` `vectors/event` | 65536 |\n| `cbor` | y | | |\n";

fn options(arguments: &[&str]) -> Result<Options, String> {
    let arguments: Vec<String> = arguments
        .iter()
        .map(|argument| (*argument).to_owned())
        .collect();
    Options::parse(&arguments).map_err(|failure| failure.to_string())
}

#[test]
fn the_table_names_targets_seeds_and_sizes() {
    let targets = listed_targets(PAGE).expect("the table is there");
    assert_eq!(targets[0].seeds, ["vectors/json", "vectors/event"]);
    assert_eq!((targets[0].size_max, targets[1].size_max), (65536, 4096));
    let one = chosen(targets.clone(), &["cbor".to_owned()]).expect("cbor is listed");
    assert_eq!(one.len(), 1);
    let failure = chosen(targets, &["yaml".to_owned()]).expect_err("yaml is not listed");
    assert!(failure.to_string().contains("json cbor"));
}

#[test]
fn only_what_the_chosen_targets_need_is_built() {
    let needing = |features: &[&str]| Target {
        name: "any".to_owned(),
        seeds: Vec::new(),
        size_max: 1,
        features: features.iter().map(|&word| word.to_owned()).collect(),
    };
    assert_eq!(features_of(&[needing(&[])]), "");
    let several = [
        needing(&["policy"]),
        needing(&[]),
        needing(&["ledger", "policy"]),
    ];
    assert_eq!(features_of(&several), "ledger,policy");
}

#[test]
fn options_are_read_and_others_refused() {
    let read = options(&["json", "--seconds", "600", "--jobs", "2"]).expect("they are fine");
    assert_eq!(
        (read.names, read.seconds, read.jobs),
        (vec!["json".to_owned()], 600, 2)
    );
    assert!(options(&["--seconds", "x"]).is_err());
    assert!(options(&["--loud"]).is_err());
}

#[test]
fn the_log_gives_runs_and_the_last_coverage() {
    let log =
        "#1 INITED cov: 3 ft: 4\n#9 NEW cov: 77 ft: 90\nstat::number_of_executed_units: 1234\n";
    assert_eq!(coverage(log), "77");
    assert_eq!(statistic(log, "stat::number_of_executed_units:"), "1234");
    assert_eq!(statistic(log, "stat::peak_rss_mb:"), "?");
}

/// The first cells of one column, decoded as text again.
fn cells(number: usize, encoding: &str) -> Vec<String> {
    let vectors = "# comment\n[1]\t5b5d\taGFsbG8=\n\n{}\tzz\t*\n";
    let decode = decoder(encoding).expect("there is such an encoding");
    let inputs = column_inputs(vectors, number, decode);
    inputs
        .into_iter()
        .map(|input| String::from_utf8_lossy(&input).into_owned())
        .collect()
}

#[test]
fn seeds_are_cells_of_a_column() {
    assert_eq!(cells(1, "text"), ["[1]", "{}"]);
    assert_eq!(cells(2, "hex"), ["[]"]);
    assert_eq!(cells(3, "base64"), ["hallo"]);
    assert!(cells(4, "text").is_empty());
    assert!(decoder("rot13").is_none());
}
