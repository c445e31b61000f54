//! What may leave: marks of namespaces at each version, and the labels they hold.

use gatos_policy::governance::{EXPORT_LIMITING_LABELS, is_export_limiting};

use crate::fixture::{cut_entry, extend, extend_with_cut, namespace, set_namespace, small_chain};

#[test]
fn some_labels_stay_inside_with_all_that_lies_below_them() {
    let rows = [
        ("private", true),
        ("pii", true),
        ("secret", true),
        ("no-export", true),
        ("private.salary", true),
        ("secret.a.b", true),
        ("privately", false),
        ("public", false),
        ("urgent.private", false),
    ];
    for (label, expected) in rows {
        assert_eq!(is_export_limiting(label), expected, "{label}");
    }
    assert!(EXPORT_LIMITING_LABELS.is_sorted(), "they are searched");
}

#[test]
fn a_namespace_is_kept_while_it_is_named_without_the_mark() {
    let mut chain = small_chain();
    extend(&mut chain, vec![set_namespace("staff", false)], &[1]);
    extend(&mut chain, vec![set_namespace("staff", true)], &[1]);
    let cut = vec![cut_entry("staff", "user:alice", 1, 3)];
    extend_with_cut(&mut chain, vec![set_namespace("staff", false)], cut, &[1]);
    // Version, whether named, marked, kept.
    let rows = [
        (0, false, false, false),
        (1, true, false, true),
        (2, true, true, false),
        (3, true, false, true),
    ];
    let staff = namespace("staff");
    for (version, named, marked, kept) in rows {
        assert_eq!(chain.is_named_at(&staff, version), named, "{version}");
        assert_eq!(
            chain.is_export_marked_at(&staff, version),
            marked,
            "{version}"
        );
        assert_eq!(chain.is_kept_at(&staff, version), kept, "{version}");
        assert!(!chain.is_kept_at(&namespace("ops"), version));
    }
    assert_eq!(chain.namespace_since(&staff, 2), Some(2));
    assert_eq!(chain.namespace_since(&staff, 0), None);
}
