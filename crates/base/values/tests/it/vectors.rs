//! Golden vectors: text files with one case a line, tab-separated, inputs first, then what they must give.
//!
//! A test gives the number of input columns and computes the other columns from them. Any byte that differs fails.
//! `GATOS_BLESS=1` writes the files anew; nothing else does. Lines that start with `#` are comments.

use std::fmt::Write as _;
use std::path::PathBuf;

/// Where the vectors of this name lie.
pub fn path(name: &str) -> PathBuf {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../vectors");
    root.join(name)
}

fn is_blessing() -> bool {
    std::env::var("GATOS_BLESS").is_ok_and(|value| value == "1")
}

/// Compares a file with the bytes it must have, or blesses it.
pub fn check_file(name: &str, expected: &[u8]) {
    let path = path(name);
    if is_blessing() {
        std::fs::create_dir_all(path.parent().expect("a vector lies in a folder"))
            .expect("create the folder");
        std::fs::write(&path, expected).expect("write the vector");
        return;
    }
    let found = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(
        found == expected,
        "{name} differs from what is computed; see docs/formats for what may change it"
    );
}

/// Checks every case of a file: `compute` gets the first `input_columns` columns and gives the rest.
pub fn check(
    name: &str,
    input_columns: usize,
    cases_min: usize,
    compute: impl Fn(&[&str]) -> Vec<String>,
) {
    let text =
        std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut output = String::new();
    let mut cases = 0;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('#') || line.is_empty() {
            writeln!(output, "{line}").expect("write to a string");
            continue;
        }
        let columns: Vec<&str> = line.split('\t').collect();
        assert!(
            columns.len() >= input_columns,
            "{name}:{}: too few columns",
            index + 1
        );
        let inputs = &columns[..input_columns];
        let mut expected: Vec<String> = inputs.iter().map(ToString::to_string).collect();
        expected.extend(compute(inputs));
        let expected = expected.join("\t");
        if !is_blessing() {
            assert_eq!(line, expected, "{name}:{}", index + 1);
        }
        writeln!(output, "{expected}").expect("write to a string");
        cases += 1;
    }
    assert!(
        cases >= cases_min,
        "{name} has only {cases} cases, at least {cases_min} are expected"
    );
    check_file(name, output.as_bytes());
}
