//! Reading the table, the options and libFuzzer's log.

use super::seeds::column_inputs;
use super::{Options, chosen, coverage, listed_targets, statistic};

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

#[test]
fn seeds_are_cells_of_a_column() {
    let vectors = "# comment\n[1]\tf6\n\n{}\tzz\n\"x\"\n";
    let text: Vec<Vec<u8>> = column_inputs(vectors, 1, false);
    assert_eq!(text, [b"[1]".to_vec(), b"{}".to_vec(), b"\"x\"".to_vec()]);
    assert_eq!(column_inputs(vectors, 2, true), [vec![0xf6]]);
}
