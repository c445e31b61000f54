//! Kleene's tables, and that more knowledge never overturns a verdict.

extern crate alloc;

use super::Truth::{self, False, True, Unknown};

#[test]
fn the_connectives_have_kleenes_tables() {
    for (left, right, and, or) in [
        (False, False, False, False),
        (False, Unknown, False, Unknown),
        (False, True, False, True),
        (Unknown, Unknown, Unknown, Unknown),
        (Unknown, True, Unknown, True),
        (True, True, True, True),
    ] {
        assert_eq!(
            (left.and(right), right.and(left)),
            (and, and),
            "{left:?} and {right:?}"
        );
        assert_eq!(
            (left.or(right), right.or(left)),
            (or, or),
            "{left:?} or {right:?}"
        );
    }
    assert_eq!(Truth::ALL.map(Truth::negated), [True, Unknown, False]);
}

#[test]
fn learning_more_never_overturns() {
    let refinements = |truth: Truth| match truth {
        Unknown => alloc::vec![False, True],
        known => alloc::vec![known],
    };
    for left in Truth::ALL {
        for right in Truth::ALL {
            for sharper_left in refinements(left) {
                for sharper_right in refinements(right) {
                    for (before, after) in [
                        (left.and(right), sharper_left.and(sharper_right)),
                        (left.or(right), sharper_left.or(sharper_right)),
                    ] {
                        assert!(before == Unknown || before == after);
                    }
                }
            }
        }
    }
}
