//! Constants, short forms and lists as they come out, and that lowering settles.

use super::*;
use crate::language::any::{self, Chooser};
use crate::language::raise::raise;
use crate::language::syntax::{parse, print};
use alloc::string::String;

fn lowered(line: &str) -> String {
    let lowered = parse(line).and_then(|node| lower_clause(&node));
    let expression = match lowered {
        Ok(expression) => expression,
        Err(error) => return error.to_string(),
    };
    let raised = raise(&expression);
    let again = lower_clause(&raised).expect("what was lowered lowers again");
    assert_eq!(again, expression, "{line}");
    let text = print(&raised);
    let reparsed = parse(&text).and_then(|node| lower_clause(&node));
    assert_eq!(reparsed.as_ref(), Ok(&expression), "{line} as {text}");
    text
}

#[test]
fn what_is_constant_is_computed_and_what_may_be_unknown_stays() {
    for (line, expected) in [
        ("1 + 2 * 3 == 7", "true"),
        ("epoch < 10 - 3", "epoch < 7"),
        ("lower('ABC') == remote", "'abc' == remote"),
        ("'a' in ['a', 'b']", "true"),
        ("actor in [lower('A')]", "['a'] includes actor"),
        ("epoch > 1 and true", "epoch > 1"),
        ("epoch > 1 and false", "false"),
        ("epoch > 1 or 1 == 1", "true"),
        ("false or epoch > 1 or false", "epoch > 1"),
        (
            "(epoch > 1 and remote == 'a') and true and actor == 'b'",
            "epoch > 1 and remote == 'a' and actor == 'b'",
        ),
        ("payload.a and true", "true and payload.a"),
        ("false or payload.a", "false or payload.a"),
        ("not (1 == 2)", "true"),
        (
            "170141183460469231731687303715884105727 + 1 > 0",
            "170141183460469231731687303715884105727 + 1 > 0",
        ),
        ("trust['user:a'].level > 0", "trust['user:a'].level > 0"),
        ("quorum(['user:a'], 'g', 1)", "quorum(['user:a'], 'g', 1)"),
        ("has_cap('a')", "caps includes 'a'"),
        ("after_epoch(3)", "epoch > 3"),
        ("labels contains 'a'", "labels includes 'a'"),
        ("payload.tags contains 'a'", "payload.tags contains 'a'"),
        ("payload['a']['b c'] == 1", "payload.a['b c'] == 1"),
        ("2 * epoch > 3", "epoch * 2 > 3"),
        ("1.0 == epoch", "1 == epoch"),
    ] {
        assert_eq!(lowered(line), expected, "{line}");
    }
}

#[test]
fn what_never_fits_is_refused() {
    for (line, expected) in [
        ("trust == 1", "`trust` by itself has no value (byte 0)"),
        (
            "trust[actor] == 1",
            "`trust[…]` by itself has no value (byte 0)",
        ),
        (
            "trust[actor].rank > 1",
            "trust has no field `rank` (byte 0)",
        ),
        ("actor.kind == 'user'", "a text has no parts (byte 0)"),
        (
            "labels < labels",
            "`<` has no order for a list of texts (byte 0)",
        ),
        (
            "epoch + 'a' > 1",
            "the operand of `+` must be a number, not a text (byte 8)",
        ),
        (
            "not actor",
            "the operand of `not` must be a truth value, not a text (byte 4)",
        ),
        (
            "actor in [payload.owner]",
            "a list holds constants only (byte 10)",
        ),
        (
            "caps includes labels",
            "a list of texts never has a list of texts in it (byte 14)",
        ),
        (
            "caps any_of 'a'",
            "the operand of `any_of` must be a list, not a text (byte 12)",
        ),
        (
            "epoch contains 1",
            "`contains` looks into a list or a text, not a number (byte 0)",
        ),
        (
            "path matches_glob actor",
            "`matches_glob` needs a constant text (byte 18)",
        ),
        (
            "quorum(labels, 'g', 0)",
            "`quorum` needs a constant count from 1 to 1000 (byte 20)",
        ),
        (
            "payload[true] == 1",
            "an index is a text or a number, not a truth value (byte 8)",
        ),
    ] {
        assert_eq!(lowered(line), expected, "{line}");
    }
}

#[test]
fn what_is_called_settled_is() {
    const SEED: u64 = 11;
    let mut chooser = Chooser(SEED);
    let (mut settled, mut normal) = (0, 0);
    for index in 0..4000 {
        let line = any::line(&mut chooser);
        let lowered = lower_clause(&raise(&line));
        if is_settled(&line) {
            assert_eq!(lowered.as_ref(), Ok(&line), "line {index} of seed {SEED}");
            settled += 1;
        }
        if let Ok(line) = lowered {
            normal += 1;
            let lowered = lower_clause(&raise(&line));
            assert_eq!(lowered, Ok(line), "line {index} of seed {SEED}");
        }
    }
    // Else loading compiles most lines anew.
    assert!(settled > 1000 && normal > 2000, "{settled} {normal}");
}

#[test]
fn usual_lines_are_settled() {
    for line in [
        "caps includes 'journal:append'",
        "trust[actor].level >= 2",
        "trust[actor].groups includes 'ops'",
        "labels contains 'private' and remote != 'internal'",
        "not (in_cidr(remote_addr, '10.0.0.0/8') or matches_glob(path, 'a/**'))",
        "caps any_of ['a', 'b']",
        "labels all_of []",
        "payload.amount * 2 + 1 <= 100",
        "payload.owner == actor",
        "payload.note == null",
        "payload[actor][0] in ['a']",
        "starts_with(path, 'a') and ends_with(lower(actor), 'b')",
        "len(payload.approvals) > 1",
        "quorum(payload.approvals, 'ops', 2)",
        "payload.flag",
    ] {
        let expression = parse(line).and_then(|node| lower_clause(&node));
        assert!(is_settled(&expression.expect(line)), "{line}");
    }
}
