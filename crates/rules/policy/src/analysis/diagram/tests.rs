//! Functions against tables of all their values.

use super::*;

/// Coordinates of two, three and two classes.
const COUNTS: [usize; 3] = [2, 3, 2];

/// A function by its values, in order of the classes.
fn table(diagram: &mut Diagram, bits: u16) -> Function {
    let mut all = NEVER;
    for number in 0..12 {
        if bits >> number & 1 == 0 {
            continue;
        }
        let classes = [number % 2, number / 2 % 3, number / 6];
        let mut cell = ALWAYS;
        for (coordinate, wanted) in classes.into_iter().enumerate() {
            let test = diagram
                .test(coordinate, |class| class == wanted)
                .expect("small");
            cell = diagram.and(cell, test).expect("small");
        }
        all = diagram.or(all, cell).expect("small");
    }
    all
}

#[test]
fn equal_functions_are_one_node() {
    let mut diagram = Diagram::new(COUNTS.to_vec());
    for (left, right) in [
        (0b1010_0101_1100, 0b0011_1110_0001),
        (0xfff, 0x0f0),
        (0, 0x123),
    ] {
        let (one, other) = (table(&mut diagram, left), table(&mut diagram, right));
        let both = table(&mut diagram, left & right);
        let either = table(&mut diagram, left | right);
        let opposite = table(&mut diagram, !left & 0xfff);
        assert_eq!(diagram.and(one, other), Ok(both));
        assert_eq!(diagram.or(one, other), Ok(either));
        assert_eq!(diagram.not(one), Ok(opposite));
        assert_eq!(diagram.not(opposite), Ok(one));
    }
    assert_eq!(table(&mut diagram, 0xfff), ALWAYS);
}

#[test]
fn choices_are_exactly_where_it_is_true() {
    let mut diagram = Diagram::new(COUNTS.to_vec());
    let bits = 0b0100_1100_1010_u16;
    let function = table(&mut diagram, bits);
    let mut found = 0_u16;
    diagram.choices(function, usize::MAX, |choice| {
        for number in 0..12_usize {
            let classes = [number % 2, number / 2 % 3, number / 6];
            if choice
                .iter()
                .all(|(coordinate, class)| classes[*coordinate] == *class)
            {
                found |= 1 << number;
            }
        }
        false
    });
    assert_eq!(found, bits);
    let mut step = 0;
    let walked = diagram.walk(function, |count| {
        step += 1;
        step % count
    });
    let walked = walked.expect("it is true somewhere");
    let mut all = function;
    for (coordinate, wanted) in &walked {
        let test = diagram
            .test(*coordinate, |class| class == *wanted)
            .expect("small");
        all = diagram.and(all, test).expect("small");
    }
    assert_ne!(all, NEVER);
    assert_eq!(diagram.walk(NEVER, |_| 0), None);
}

#[test]
fn support_is_what_it_depends_on() {
    let mut diagram = Diagram::new(COUNTS.to_vec());
    let first = diagram.test(0, |class| class == 1).expect("small");
    let last = diagram.test(2, |class| class == 0).expect("small");
    let both = diagram.and(first, last).expect("small");
    assert_eq!(diagram.support(both), [0, 2]);
    assert_eq!(diagram.support(ALWAYS), [0_usize; 0]);
}

#[test]
fn what_is_too_large_is_refused() {
    // A sum of products is small if the factors stand side by side, and doubles with each pair if they do not.
    let pairs = 24;
    let mut diagram = Diagram::new(vec![2; 2 * pairs]);
    diagram.cell_count_max = 10_000;
    let mut function = NEVER;
    let mut outcome = Ok(NEVER);
    for pair in 0..pairs {
        let mut is_one = |coordinate| diagram.test(coordinate, |class| class == 1);
        let (left, right) = (
            is_one(pair).expect("small"),
            is_one(pairs + pair).expect("small"),
        );
        outcome = diagram
            .and(left, right)
            .and_then(|both| diagram.or(function, both));
        match outcome {
            Ok(grown) => function = grown,
            Err(TooLarge) => break,
        }
    }
    assert_eq!(outcome, Err(TooLarge));
}
