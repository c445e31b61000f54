//! Arithmetic of both profiles by rows.

use crate::support::value;
use gatos_echolua::Profile::{Fold, Script};

#[test]
fn folds_trap_and_round() {
    let rows = [
        ("1 / 2", "0.5"),
        ("6 / 3", "2"),
        ("1 / 3", "0.3333333333"),
        ("2 ^ 62", "4611686018427387904"),
        ("0 ^ 0", "1"),
        ("(-1) ^ 3", "-1"),
        ("4 ^ 0.5", "2"),
        ("-7 // 2", "-4"),
        ("-7 % 3", "2"),
        ("0.1 + 0.2 == 0.3", "true"),
        ("0.5 + 0.5", "1"),
        ("math.type(0.5 + 0.5)", "integer"),
        ("math.type(0.5)", "fixed"),
        ("1 < 1.5", "true"),
        ("'10' + 5", "15"),
        ("10 .. ''", "10"),
        (
            "select(2, pcall(function(a) return a + 1 end, math.maxinteger))",
            "number overflow",
        ),
        (
            "select(2, pcall(function(a) return -a end, math.mininteger))",
            "number overflow",
        ),
        (
            "select(2, pcall(function(a) return a / 0 end, 1))",
            "attempt to divide by zero",
        ),
        (
            "select(2, pcall(function(a) return a % 0 end, 1))",
            "attempt to perform 'n%0'",
        ),
        (
            "select(2, pcall(math.sqrt, -1))",
            "the function is not defined for this number",
        ),
        ("1 << 63", "-9223372036854775808"),
        (
            "string.format('%.2f %d %5.1f', 2.675, 3, -0.25)",
            "2.68 3  -0.2",
        ),
        (
            "math.floor(-0.5) .. math.ceil(-0.5) .. math.abs(-0.5)",
            "-100.5",
        ),
        ("math.fmod(-7, 3) .. ' ' .. math.fmod(5.5, -2)", "-1 1.5"),
        (
            "math.add(1, 2) .. math.sub(1, 2) .. math.mul(2, 3) .. math.div(1, 4)",
            "3-160.25",
        ),
    ];
    for (expression, expected) in rows {
        assert_eq!(value(expression, Fold), expected, "{expression}");
    }
}

#[test]
fn scripts_wrap_and_have_one_nan() {
    let rows = [
        ("math.maxinteger + 1 == math.mininteger", "true"),
        ("0/0", "nan"),
        ("-(0/0)", "nan"),
        (
            "string.pack('<d', -(0/0)) == string.pack('<d', 0/0)",
            "true",
        ),
        ("string.format('%q', 0/0)", "(0/0)"),
        ("1/0 .. ' ' .. -1/0 .. ' ' .. -0.0", "inf -inf -0.0"),
        ("math.mininteger // -1", "-9223372036854775808"),
        ("math.mininteger % -1", "0"),
        ("2^53 == 2^53 + 1", "true"),
        ("math.maxinteger + 0.0 == math.maxinteger", "false"),
        ("math.maxinteger < math.maxinteger + 0.0", "true"),
        ("1e308 * 10", "inf"),
        ("5.0 // 0", "inf"),
        ("-5 % math.huge", "inf"),
    ];
    for (expression, expected) in rows {
        assert_eq!(value(expression, Script), expected, "{expression}");
    }
}
