//! Histories beside a plain list that is searched from its start.

use super::History;

#[test]
fn every_version_answers_with_the_last_value_set_by_then() {
    let sets = [(0, 'a'), (3, 'b'), (3, 'c'), (7, 'd')];
    let mut history = History::default();
    for (version, value) in sets {
        history.set(version, value);
    }
    for version in 0..10 {
        let slow = sets.iter().rfind(|(since, _)| *since <= version);
        assert_eq!(
            history.at(version),
            slow.map(|(_, value)| value),
            "{version}"
        );
        assert_eq!(history.is_set_at(version), [0, 3, 7].contains(&version));
    }
    assert_eq!(history.entries(), [(0, 'a'), (3, 'c'), (7, 'd')]);
}

#[test]
fn truncating_takes_back_what_later_versions_set() {
    let mut history = History::from_version(2, 'a');
    history.set(5, 'b');
    assert!(history.truncate(4));
    assert_eq!((history.at(1), history.at(9)), (None, Some(&'a')));
    assert!(!history.truncate(1));
    assert_eq!(history, History::default());
}
