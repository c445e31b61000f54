//! What waits in batches comes out as it was sealed, whoever emitted and whoever shares the batch.

use super::{Batch, Due};
use crate::bus::{Draft, Envelope};
use crate::shared::Shared;
use alloc::sync::Arc;
use alloc::vec::Vec;

fn draft(number: u64) -> Draft {
    let draft = Draft::new("work", &number.to_le_bytes());
    match number % 3 {
        0 => draft.weight(number as i64),
        _ => draft,
    }
}

/// Envelopes of three sources that emit by turns, and now and then one of them twice.
fn sealed() -> Vec<Envelope> {
    let sources: Vec<Arc<str>> = ["a", "b", "c"].map(Arc::from).to_vec();
    let source = |id: u64| Arc::clone(&sources[(id * id % 7 % 3) as usize]);
    (0..20)
        .map(|id| Envelope::seal(id, 9, source(id), draft(id)))
        .collect()
}

fn batch(envelopes: &[Envelope]) -> Batch {
    let mut batch = Batch::default();
    for envelope in envelopes {
        batch.push(envelope.id(), &envelope.source, envelope.draft().clone());
    }
    batch
}

fn visited(due: Due) -> Vec<Envelope> {
    let mut all = Vec::new();
    let visit = |envelope: &Envelope| {
        all.push(envelope.clone());
        Ok::<(), ()>(())
    };
    assert_eq!(due.visit(visit), Ok(()));
    all
}

#[test]
fn all_come_out_as_they_were_sealed() {
    let envelopes = sealed();
    let one = Shared::new(batch(&envelopes));
    let (chronos, other) = (9, one.clone());
    assert_eq!(
        visited(Due {
            chronos,
            batch: one
        }),
        envelopes
    );
    // The first visit left the other owner's batch alone.
    assert_eq!(other.since(9, 5).collect::<Vec<_>>(), envelopes[5..]);
    let batch = other;
    assert_eq!(visited(Due { chronos, batch }), envelopes);
}

#[test]
fn a_visit_ends_with_the_first_that_fails() {
    let batch = Shared::new(batch(&sealed()));
    let mut count = 0;
    let result = Due { chronos: 9, batch }.visit(|envelope| {
        count += 1;
        match envelope.id() {
            3 => Err(envelope.id()),
            _ => Ok(()),
        }
    });
    assert_eq!((result, count), (Err(3), 4));
}

#[test]
fn bytes_are_those_of_the_envelopes_whether_hashes_are_known_or_not() {
    let envelopes = sealed();
    let mut expected = Vec::new();
    for envelope in &envelopes {
        envelope.encode(&mut expected);
    }
    let mut batch = batch(&envelopes);
    let bytes = |batch: &Batch| {
        let mut bytes = Vec::new();
        batch.encode(9, &mut bytes);
        bytes
    };
    assert!(batch.has_untaken() && bytes(&batch) == expected);
    batch.take_hashes(9);
    assert!(!batch.has_untaken() && bytes(&batch) == expected);
}

#[test]
fn the_first_is_taken_out() {
    let envelopes = sealed();
    let mut batch = batch(&envelopes);
    assert_eq!(batch.take_first(9), envelopes[0]);
    assert_eq!(batch.take_first(9), envelopes[1]);
    assert_eq!(batch.len(), envelopes.len() - 2);
    assert_eq!(batch.since(9, 0).collect::<Vec<_>>(), envelopes[2..]);
}
