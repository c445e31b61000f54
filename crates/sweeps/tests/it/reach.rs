//! That generated cases reach both what is accepted and what is refused: a digest of refusals alone proves little.

use gatos_sweeps::topics::TOPICS;

/// Lines of all cases of a topic.
fn lines(name: &str) -> Vec<String> {
    let topic = TOPICS
        .iter()
        .find(|topic| topic.name == name)
        .expect("the topic is there");
    (0..topic.case_count)
        .flat_map(|case| {
            let lines = topic.case_lines(case);
            lines.lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn topics_reach_acceptance_and_refusal() {
    // Topic, beginning of lines, how many there must be at least.
    let rows = [
        ("numbers/q32-arithmetic", "mul\tok", 1000),
        ("numbers/q32-arithmetic", "mul\terror", 300),
        ("numbers/q32-arithmetic", "div\terror", 100),
        ("numbers/q32-arithmetic", "sqrt\tok", 1000),
        ("numbers/number-arithmetic", "add\terror", 50),
        ("numbers/parse", "number\tok integer", 100),
        ("numbers/parse", "number\tok fixed", 500),
        ("numbers/parse", "number\terror", 300),
        ("numbers/q32-functions", "exp\tok", 300),
        ("numbers/q32-functions", "exp\terror", 100),
        ("numbers/q32-functions", "pow\tok", 150),
        ("numbers/q32-functions", "asin\tok", 150),
        ("numbers/q32-functions", "tan\tok", 900),
        ("numbers/binary64-arithmetic", "add\t7ff8000000000000", 150),
        ("numbers/binary64-arithmetic", "floor div\t", 3000),
        ("numbers/binary64-conversions", "i32\tok", 200),
        ("numbers/binary64-conversions", "i32\terror", 200),
        ("numbers/binary64-conversions", "q32\tok", 200),
        ("numbers/binary64-conversions", "read\trefused", 5),
        ("numbers/binary64-text", "again\tok", 500),
        ("numbers/binary64-text", "read\tok", 500),
        ("numbers/binary64-text", "read\terror", 50),
        ("numbers/binary64-functions", "exp\t7ff8000000000000", 20),
        ("numbers/binary64-functions", "asin\t3f", 50),
        ("numbers/binary64-functions", "pow\t4", 50),
        ("numbers/binary64-poison", "failures\t0", 1),
        ("numbers/pcg32", "again\ttrue", 300),
        ("values/seeds", "branch\t", 300),
        ("values/text", "text\terror", 100),
        ("values/text", "normal\tfalse", 300),
        ("values/json-changed", "canonical\tok", 100),
        ("values/json-changed", "canonical\terror", 400),
        ("values/cbor-changed", "decoded\tok", 100),
        ("values/cbor-changed", "decoded\terror", 400),
        ("values/order", "order\tLess", 100),
        ("values/order", "order\tEqual", 5),
        ("values/merkle", "holds\ttrue", 40),
        ("values/merkle", "consistent\ttrue", 40),
        ("values/ulids", "changed\tok", 300),
        ("values/ulids", "changed\terror", 300),
        ("values/names", "segment\tok", 100),
        ("values/names", "namespace\tok", 100),
        ("values/names", "dotted\tok", 100),
        ("values/names", "actor\tok", 50),
        ("values/names", "key id\tok", 50),
        ("values/names", "journal\tok", 100),
        ("values/names", "segment\terror", 100),
        ("values/uris", "uri\tok", 100),
        ("values/uris", "uri\terror", 100),
        ("values/keys", "any\tok", 50),
        ("values/keys", "any\terror", 50),
        ("values/signatures", "plain\tok", 120),
        ("values/signatures-changed", "plain\terror", 100),
        ("values/events", "verdict\tok", 100),
        ("values/events-changed", "decoded\tok", 20),
        ("values/events-changed", "decoded\terror", 50),
        ("fold/compile", "fold_root\t", 100),
        ("fold/compile", "finding\t", 50),
        ("fold/states", "state_root\t", 150),
        ("fold/states", "fault\t", 5),
        ("fold/states", "joined\t", 150),
        ("fold/states", "read back\tok true", 200),
        ("policy/governance", "applied\tok", 20),
        ("policy/governance", "applied\terror", 8),
        ("policy/governance", "admitted\tok", 10),
        ("policy/governance", "admitted\terror", 10),
    ];
    let mut missing = Vec::new();
    let mut last: (&str, Vec<String>) = ("", Vec::new());
    for (name, beginning, count_min) in rows {
        if last.0 != name {
            last = (name, lines(name));
        }
        let count = last
            .1
            .iter()
            .filter(|line| line.starts_with(beginning))
            .count();
        if count < count_min {
            missing.push(format!("{name}: {count} of `{beginning}`"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn what_is_written_and_read_again_never_fails() {
    let failures = |name, beginning: &str| {
        let lines = lines(name);
        lines
            .iter()
            .filter(|line| line.starts_with(beginning))
            .count()
    };
    assert_eq!(failures("values/json", "canonical\terror"), 0);
    assert_eq!(failures("values/cbor", "decoded\terror"), 0);
    assert_eq!(failures("values/signatures", "table\terror"), 0);
    assert_eq!(failures("fold/states", "read back\tok false"), 0);
    assert_eq!(failures("fold/states", "finding"), 0);
}

#[test]
fn every_line_of_the_golden_vectors_is_computed() {
    let lines = [
        lines("vectors/numbers"),
        lines("vectors/values"),
        lines("vectors/fold"),
    ]
    .concat();
    let differing: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("DIFFERS"))
        .collect();
    assert!(differing.is_empty(), "{differing:?}");
    let counts = lines
        .iter()
        .filter_map(|line| line.rsplit('\t').next()?.parse::<u64>().ok());
    assert!(counts.sum::<u64>() > 7_000, "{lines:?}");
}

/// What was recorded elsewhere is replayed, on one thread and on several, and made anew.
#[test]
fn the_golden_recordings_are_the_same_here() {
    for (name, ticks) in [("vectors/echo", 20), ("vectors/echo-scripts", 24)] {
        let lines = lines(name);
        let verdict = format!("verdict\tOk(Identical {{ ticks: {ticks} }})");
        assert_eq!(lines[..2], [verdict.clone(), verdict], "{name}");
        assert_eq!(lines[2], "same\ttrue", "{name}");
    }
    assert_eq!(lines("vectors/echo-scripts")[3], "ticks\t24");
}
