//! Numbers: every operation of Q32.32, wide fixed point and integers, and their text both ways.

use crate::dice::Dice;
use crate::record::Record;
use gatos_numbers::{Fixed, Number, NumberError, Q32};

/// Sum, difference, product, quotients, remainder, root, negation.
pub fn q32_arithmetic(dice: &mut Dice, record: &mut Record) {
    let (left, right) = (q32(dice), q32(dice));
    record.text("left", left.steps());
    record.text("right", right.steps());
    let mut steps = |label: &str, outcome: Result<Q32, NumberError>| {
        record.outcome(label, outcome.map(Q32::steps));
    };
    steps("add", left.checked_add(right));
    steps("sub", left.checked_sub(right));
    steps("mul", left.checked_mul(right));
    steps("div", left.checked_div(right));
    steps("mod", left.floor_mod(right));
    steps("sqrt", left.checked_sqrt());
    steps("neg", left.checked_neg());
    record.outcome("idiv", left.floor_div(right));
    record.text("floor", left.floor());
}

/// Printing, and reading what was printed.
pub fn q32_text(dice: &mut Dice, record: &mut Record) {
    let value = q32(dice);
    let text = value.to_string();
    record.text("text", &text);
    record.outcome("again", Q32::parse(&text).map(Q32::steps));
    record.outcome("decimal", Q32::parse(&decimal(dice, 10)).map(Q32::steps));
}

/// The same in 128 bits.
pub fn fixed_text(dice: &mut Dice, record: &mut Record) {
    let fixed = Fixed::from_steps(dice.integer());
    let text = fixed.to_string();
    record.text("text", &text);
    record.outcome("again", Number::parse(&text).map(described));
    record.text("floor", fixed.floor());
    record.text("fraction", fixed.fraction_steps());
}

/// Sums and differences of integers and fractions in any mixture.
pub fn arithmetic(dice: &mut Dice, record: &mut Record) {
    let (left, right) = (number(dice), number(dice));
    record.text("left", described(left));
    record.text("right", described(right));
    record.outcome("add", left.checked_add(right).map(described));
    record.outcome("sub", left.checked_sub(right).map(described));
    record.outcome("neg", left.checked_neg().map(described));
    record.outcome("q32", Q32::from_number(left).map(Q32::steps));
}

/// Order by value over integers and fractions, close neighbours among them.
pub fn order(dice: &mut Dice, record: &mut Record) {
    let left = number(dice);
    let right = if dice.one_in(2) {
        number(dice)
    } else {
        let step = Number::from_fixed(Fixed::from_steps(i128::from(dice.below(3)) - 1));
        left.checked_add(step).unwrap_or(left)
    };
    record.text("order", format_args!("{:?}", left.cmp(&right)));
    record.text("equal", left == right);
}

/// Decimal text of any length, and text that is none.
pub fn parse(dice: &mut Dice, record: &mut Record) {
    let mut text = decimal(dice, 45);
    if dice.one_in(3) {
        let place = dice.place(text.len() + 1);
        let wrong = dice.pick(&['.', '-', '+', 'e', ' ', '0', '١', ',']);
        text.insert(place, wrong);
    }
    record.text("text", &text);
    record.outcome("number", Number::parse(&text).map(described));
    record.text("canonical", Number::is_canonical_text(text.as_bytes()));
}

/// Q32.32 of any size.
fn q32(dice: &mut Dice) -> Q32 {
    Q32::from_steps(dice.narrow_integer())
}

/// An integer or a fraction of any size.
pub fn number(dice: &mut Dice) -> Number {
    let integer = dice.integer();
    if dice.one_in(2) {
        Number::from(integer)
    } else {
        Number::from_fixed(Fixed::from_steps(integer))
    }
}

/// Which kind of number it is, its exact integer, and its text.
fn described(number: Number) -> String {
    match number {
        Number::Integer(integer) => format!("integer {integer} {number}"),
        Number::Fixed(fixed) => format!("fixed {} {number}", fixed.steps()),
    }
}

/// Decimal text with up to this many digits before the point and 60 behind it, ties and their neighbours among it.
fn decimal(dice: &mut Dice, whole_digits_max: u64) -> String {
    let mut text = String::new();
    if dice.one_in(3) {
        text.push('-');
    }
    let digits = dice.between(1, whole_digits_max);
    push_digits(dice, digits, &mut text);
    if dice.one_in(4) {
        return text;
    }
    text.push('.');
    if dice.one_in(3) {
        // The middle between two steps is an odd multiple of 2^−33 and has 33 digits: 5^33 times the odd number.
        let odd = dice.below(1 << 32) << 1 | 1;
        text.push_str(&middle_digits(odd));
        match dice.below(3) {
            0 => {}
            1 => text.push('1'),
            _ => text.push_str("0000000000000000000000000000000000000001"),
        }
    } else {
        let digits = dice.between(1, 60);
        push_digits(dice, digits, &mut text);
    }
    text
}

/// The 33 decimal digits of `odd · 2^−33`, by multiplying by ten and taking the whole part.
fn middle_digits(odd: u64) -> String {
    let mut rest = u128::from(odd);
    let mut text = String::new();
    for _ in 0..33 {
        rest *= 10;
        text.push(digit((rest >> 33) as u64));
        rest &= (1 << 33) - 1;
    }
    text
}

fn push_digits(dice: &mut Dice, count: u64, text: &mut String) {
    for place in 0..count {
        // A first digit 0 is well formed only alone; most cases should be.
        let is_first_of_many = place == 0 && count > 1 && !text.contains('.');
        let lowest = u64::from(is_first_of_many && !dice.one_in(20));
        let value = dice.between(lowest, 9);
        text.push(digit(value));
    }
}

fn digit(value: u64) -> char {
    char::from(b'0' + (value % 10) as u8)
}
