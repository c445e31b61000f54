use gatos_values::EventId;

use super::{Logged, Placement, place};

fn id(number: u8) -> EventId {
    EventId::from_bytes([number; 32])
}

/// Events `first..=last`, each on the one before it.
fn chain(first: u8, last: u8) -> Vec<Logged> {
    (first..=last)
        .map(|number| Logged {
            id: id(number),
            prev: (number > 1).then(|| id(number - 1)),
        })
        .collect()
}

fn check(logged: &[Logged], journal: &[u8], want: Placement) {
    let tip = journal.last().map(|number| id(*number));
    let found = place(logged, tip, |event| {
        journal.iter().any(|number| id(*number) == *event)
    });
    assert_eq!(found, want, "journal {journal:?}");
}

fn placement(visible_count: usize, rest_fits: bool) -> Placement {
    Placement {
        visible_count,
        rest_fits,
    }
}

#[test]
fn events_are_visible_waiting_or_displaced() {
    // Nothing in Git yet.
    check(&chain(1, 3), &[], placement(0, true));
    // The log begins where the journal ends.
    check(&chain(3, 5), &[1, 2], placement(0, true));
    // Some are visible.
    check(&chain(1, 5), &[1, 2, 3], placement(3, true));
    // All are.
    check(&chain(2, 3), &[1, 2, 3], placement(2, true));
    // The journal went on beyond the log.
    check(&chain(1, 3), &[1, 2, 3, 4, 5], placement(3, true));
    // Another hand put event 9 on event 2: what the log holds beyond is displaced.
    check(&chain(1, 4), &[1, 2, 9], placement(2, false));
    // The journal was deleted although the log stands on event 2.
    check(&chain(3, 4), &[], placement(0, false));
    // A foreign journal altogether.
    check(&chain(1, 2), &[7, 8], placement(0, false));
}
