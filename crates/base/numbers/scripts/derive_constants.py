#!/usr/bin/env python3
"""Derives every constant and table of Q32.32's functions and writes `src/functions/constants.rs`.

Plain integers, no packages. A real number v is kept as floor(v * 2**WORK); every series is summed until its terms
vanish, so a value is off by less than 2**-600, and what is written is its first bits, cut off. A cut could only go
wrong where 60 bits after it were all zero or all one; `cut` refuses that. The file may be printed (no argument),
written (`--write`) or compared with what is there (`--check`).
"""

import os
import sys

WORK = 704
ONE = 1 << WORK
LIMBS = 8


def atanh_inverse(n):
    """atanh(1/n) = sum 1/((2k+1) n^(2k+1))."""
    total, power, k = 0, ONE // n, 0
    while power:
        total += power // (2 * k + 1)
        power //= n * n
        k += 1
    return total


def atan_ratio(numerator, denominator):
    """atan(p/q) for 0 <= p/q <= 1, by Euler's series, which converges for all of them."""
    p2, q2 = numerator * numerator, denominator * denominator
    term = ONE * numerator * denominator // (p2 + q2)
    total, k = 0, 0
    while term:
        total += term
        k += 1
        term = term * 2 * k * p2 // ((2 * k + 1) * (p2 + q2))
    return total


def exp_of(value):
    """e^v for 0 <= v < 1."""
    total, term, k = 0, ONE, 0
    while term:
        total += term
        k += 1
        term = (term * value >> WORK) // k
    return total


LN_2 = 2 * atanh_inverse(3)
# 10 = 2^3 * 5/4, and ln(5/4) = 2 atanh(1/9).
LN_10 = 3 * LN_2 + 2 * atanh_inverse(9)
# Machin's formula.
PI = 16 * atan_ratio(1, 5) - 4 * atan_ratio(1, 239)


def log_of_ratio(numerator, denominator):
    """ln(p/q) for 1 <= p/q <= 2: 2 atanh((p-q)/(p+q))."""
    step = ONE * (numerator - denominator) // (numerator + denominator)
    square = step * step >> WORK
    total, power, k = 0, step, 0
    while power:
        total += power // (2 * k + 1)
        power = power * square >> WORK
        k += 1
    return 2 * total


def cut(value, bits):
    """The first `bits` bits behind the point."""
    tail = (value >> (WORK - bits - 60)) & ((1 << 60) - 1)
    exact = value & ((1 << (WORK - bits)) - 1) == 0
    assert exact or 0 < tail < (1 << 60) - 1, "the cut is not certain"
    return value >> (WORK - bits)


def hexadecimal(value, digits):
    text = f"{value:0{digits}x}"
    return "0x" + "_".join(text[i : i + 8] for i in range(0, len(text), 8))


def wide(value):
    """Eight limbs, the lowest first; the highest holds the integer part."""
    bits = cut(value, 64 * (LIMBS - 1))
    limbs = [(bits >> (64 * i)) & (2**64 - 1) for i in range(LIMBS)]
    return "[" + ", ".join(hexadecimal(limb, 16) for limb in limbs) + "]"


def table(name, note, kind, values, digits):
    lines = [f"/// {note}", f"pub(super) const {name}: [{kind}; {len(values)}] = ["]
    lines += [f"    {hexadecimal(value, digits)}," for value in values]
    return lines + ["];", ""]


def scalar(name, note, kind, value, digits):
    return [f"/// {note}", f"pub(super) const {name}: {kind} = {hexadecimal(value, digits)};", ""]


def wide_constants():
    rows = [
        ("HALF_PI", "π/2", PI // 2),
        ("LN_2", "ln 2", LN_2),
        ("LOG2_E", "1/ln 2", ONE * ONE // LN_2),
        ("LOG10_E", "1/ln 10", ONE * ONE // LN_10),
    ]
    lines = []
    for name, note, value in rows:
        lines += [f"/// {note}; 448 bits behind the point.", f"pub(super) const {name}: [u64; {LIMBS}] = {wide(value)};", ""]
    lines += ["/// atan(i/8); 448 bits behind the point.", f"pub(super) const ATAN_EIGHTHS: [[u64; {LIMBS}]; 9] = ["]
    lines += [f"    {wide(atan_ratio(i, 8))}," for i in range(9)]
    return lines + ["];", ""]


def circular():
    half_pi, powers = PI // 2, [ONE]
    factorial = 1
    for k in range(1, 20):
        powers.append(powers[-1] * half_pi >> WORK)
    series = []
    for k in range(20):
        factorial *= max(k, 1)
        series.append(cut(powers[k] // factorial, 62))
    lines = scalar("TWO_OVER_PI", "2/π; 128 bits behind the point.", "u128", cut(2 * ONE * ONE // PI, 128), 32)
    lines += table("SIN_SERIES", "(π/2)^(2k+1)/(2k+1)!; 62 bits behind the point.", "u64", series[1::2], 16)
    return lines + table("COS_SERIES", "(π/2)^(2k)/(2k)!; 62 bits behind the point.", "u64", series[0::2], 16)


def arc():
    values = [cut(atan_ratio(i, 64), 64) for i in range(65)]
    return table("ATAN_TABLE", "atan(i/64); 64 bits behind the point.", "u64", values, 16) + scalar(
        "HALF_PI_64", "π/2; 64 bits behind the point.", "u128", cut(PI // 2, 64), 32
    )


def exponential():
    coarse = [cut(exp_of(LN_2 * i // 64), 127) for i in range(64)]
    fine = [cut(exp_of(LN_2 * i // 4096), 127) for i in range(64)]
    lines = scalar("LOG2_E_127", "1/ln 2; 127 bits behind the point.", "u128", cut(ONE * ONE // LN_2, 127), 32)
    lines += scalar("LN_2_128", "ln 2; 128 bits behind the point.", "u128", cut(LN_2, 128), 32)
    lines += table("EXP2_COARSE", "2^(i/64); 127 bits behind the point.", "u128", coarse, 32)
    return lines + table("EXP2_FINE", "2^(i/4096); 127 bits behind the point.", "u128", fine, 32)


# ln(m) for 1 <= m < 2 is taken apart as -ln(c) - ln(d) + ln(m c d): c is 1/m to seven bits, d is 1/(m c) to fourteen;
# both are rounded up, so that 1 <= m c d always.
COARSE_BITS, FINE_BITS = 10, 22


def logarithm():
    coarse = [-(-(1 << (COARSE_BITS + 7)) // (128 + i)) for i in range(128)]
    # The highest m of row i times its c; one more row than can be reached.
    reach = max((129 + i) * c for i, c in enumerate(coarse))
    rows = ((reach << 14) >> (COARSE_BITS + 7)) - (1 << 14) + 1
    fine = [-(-(1 << (FINE_BITS + 14)) // ((1 << 14) + j)) for j in range(rows)]
    coarse_logs = [cut(log_of_ratio(1 << COARSE_BITS, c), 128) for c in coarse]
    fine_logs = [cut(log_of_ratio(1 << FINE_BITS, d), 128) for d in fine]
    lines = table("LOG_COARSE_FACTOR", "c = 1/(1 + i/128) rounded up; 10 bits behind the point.", "u64", coarse, 8)
    lines += table("LOG_COARSE", "−ln(c); 128 bits behind the point.", "u128", coarse_logs, 32)
    lines += table("LOG_FINE_FACTOR", "d = 1/(1 + i/2^14) rounded up; 22 bits behind the point.", "u64", fine, 8)
    lines += table("LOG_FINE", "−ln(d); 128 bits behind the point.", "u128", fine_logs, 32)
    lines += scalar("LOG10_2_64", "ln 2/ln 10; 64 bits behind the point.", "u64", cut(ONE * LN_2 // LN_10, 64), 16)
    lines += scalar("LOG10_E_64", "1/ln 10; 64 bits behind the point.", "u64", cut(ONE * ONE // LN_10, 64), 16)
    reciprocals = [cut(ONE // k, 128) for k in range(2, 9)]
    return lines + table("RECIPROCALS", "1/k for k = 2 …; 128 bits behind the point.", "u128", reciprocals, 32)


def root():
    """M^(−1/3) at the middle of each 128th of 1/8 <= M < 1, rounded to nearest."""
    seeds = []
    for i in range(16, 128):
        # y = (256/(2i+1))^(1/3), so (y 2^24)^3 = 256 2^72/(2i+1).
        cube = (256 << 72) // (2 * i + 1)
        low, high = 0, 1 << 30
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if middle**3 <= cube else (low, middle)
        seeds.append(low)
    return table("CBRT_SEED", "((i + 16.5)/128)^(−1/3); 24 bits behind the point.", "u32", seeds, 8)


HEADER = """//! Constants and tables of the functions. Written by `scripts/derive_constants.py`; do not edit.
//!
//! Every value is cut off, never rounded up, so it is below the real one by less than one unit of its last bit.
//!
//! INVARIANT: this file is what the script prints. Tests: `tests/it/constants.rs`.
#![allow(clippy::unreadable_literal, reason = "groups of eight digits")]
"""


def text():
    lines = wide_constants() + circular() + arc() + exponential() + logarithm() + root()
    return HEADER + "\n" + "\n".join(lines).rstrip() + "\n"


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src", "functions", "constants.rs")
    mode = sys.argv[1] if len(sys.argv) > 1 else "--print"
    if mode == "--write":
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text())
    elif mode == "--check":
        with open(path, encoding="utf-8") as file:
            if file.read() != text():
                sys.exit("constants.rs is not what the script derives: run derive_constants.py --write")
    elif mode == "--print":
        sys.stdout.write(text())
    else:
        sys.exit("usage: derive_constants.py [--print|--write|--check]")


if __name__ == "__main__":
    main()
