//! The grammar: precedence, refusals, and that printing is the inverse of parsing.

use super::*;
use crate::language::syntax::print;

/// The tree with every bracket written.
fn shown(text: &str) -> String {
    match parse(text) {
        Ok(node) => bracketed(&node),
        Err(error) => format!("{error}; {}", error.hint),
    }
}

fn bracketed(node: &Node) -> String {
    let join = |nodes: &[Node], separator: &str| {
        let parts: Vec<String> = nodes.iter().map(bracketed).collect();
        parts.join(separator)
    };
    let two = |left: &Node, sign: &str, right: &Node| {
        format!("({} {sign} {})", bracketed(left), bracketed(right))
    };
    match &node.form {
        Form::And(operands) => format!("({})", join(operands, " and ")),
        Form::Or(operands) => format!("({})", join(operands, " or ")),
        Form::Not(inner) => format!("(not {})", bracketed(inner)),
        Form::Compare(comparison, left, right) => two(left, comparison.as_str(), right),
        Form::Relation(relation, left, right) => two(left, relation.as_str(), right),
        Form::Add(left, right) => two(left, "+", right),
        Form::Subtract(left, right) => two(left, "-", right),
        Form::Multiply(left, right) => two(left, "*", right),
        _ => print(node),
    }
}

#[test]
fn operators_bind_as_the_grammar_says() {
    for (text, expected) in [
        (
            "a or b and not c == d + e * 2",
            "(a or (b and (not (c == (d + (e * 2))))))",
        ),
        ("a and b and c", "(a and b and c)"),
        ("(a and b) and c", "((a and b) and c)"),
        ("not not a", "(not (not a))"),
        ("a - b - -1", "((a - b) - -1)"),
        ("a -1", "(a - 1)"),
        ("a in ['x', \"y\",]", "(a in ['x', 'y'])"),
        ("in(a, b)", "(a in b)"),
        ("trust[ actor ] . level>=2", "(trust[actor].level >= 2)"),
        ("'it\\'s \\u{1F600}\\n'", "'it\\'s 😀\\n'"),
        ("quorum(a, 'g', 2)", "quorum(a, 'g', 2)"),
        ("a.not.true", "a.not.true"),
        ("0.50", "0.5"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_expression_is_refused_at_its_place() {
    for (text, expected) in [
        (
            "",
            "expected a value, found the end (byte 0); the line stops too early, or a bracket is not closed",
        ),
        (
            "a b",
            "expected an operator or the end, found `b` (byte 2); put text in quotes",
        ),
        (
            "a and",
            "expected a value, found the end (byte 5); the line stops too early, or a bracket is not closed",
        ),
        (
            "and a",
            "expected a value, found `and` (byte 0); a word of the language stands where something else belongs",
        ),
        (
            "(a",
            "expected `)`, found the end (byte 2); the line stops too early, or a bracket is not closed",
        ),
        ("a && b", "`&&` has no meaning here (byte 2); write `and`"),
        (
            "a < b == c",
            "comparisons do not chain (byte 6); write `a < b and b < c`, or use brackets",
        ),
        (
            "'a",
            "a text without its closing quote (byte 0); close it with `'`",
        ),
        (
            "'\\x'",
            "an escape this language does not have (byte 1); escapes are \\\\ \\' \\\" \\n \\t \\r \\u{..}",
        ),
        (
            "007",
            "`007` has a leading zero (byte 0); remove the zeros in front",
        ),
        (
            "2x",
            "`2x` is neither a number nor a word (byte 0); write a plain decimal such as 12 or 0.5",
        ),
        (
            "0.12345678901234567890",
            "`0.12345678901234567890` is not a number this language can hold (byte 0); numbers are integers of 128 bits, or decimals in steps of 2^-32",
        ),
        (
            "now()",
            "`now` is not a function (byte 0); functions are has_cap, before_epoch, after_epoch, len, lower, upper, quorum, includes, contains, in, starts_with, ends_with, matches_glob, in_cidr, any_of, all_of",
        ),
        ("Len(a)", "`Len` is not a function (byte 0); write `len`"),
        (
            "len(a, b)",
            "`len` takes 1 arguments, not 2 (byte 0); see docs/formats/rgs.md",
        ),
        (
            "- a",
            "expected a number, found `a` (byte 2); put text in quotes",
        ),
        ("ä", "`ä` has no meaning here (byte 0); put text in quotes"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn depth_and_size_are_bounded() {
    let nested = |count: usize, open: &str, close: &str| {
        format!("{}a{}", open.repeat(count), close.repeat(count))
    };
    for (open, close) in [
        ("(", ")"),
        ("not ", ""),
        ("[", "]"),
        ("a[", "]"),
        ("len(", ")"),
        ("", ".a"),
        ("1 + ", ""),
        ("", " - 1"),
    ] {
        assert!(
            parse(&nested(DEPTH_MAX - 1, open, close)).is_ok(),
            "{open}{close}"
        );
        let deep = nested(1000, open, close);
        assert!(
            parse(&deep).is_err_and(
                |error| error.message.contains("deeper") || error.message.contains("bytes")
            ),
            "{open}{close}"
        );
    }
    assert!(parse(&" ".repeat(CLAUSE_SIZE_MAX + 1)).is_err());
}
