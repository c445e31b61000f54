//! Single runs that show one rule each.

use crate::support::{compiled, encoded, files, loader};
use gatos_fold::{CHUNK_ENTRY_COUNT_MAX, Fold, FoldEvent, FoldFault, FoldState, InputsRoot};
use gatos_values::{ErrorCode, EventId, Ulid, Value, json};

const JOURNAL: &str = "gatos/journal/n/user/al/0000000000000000";

/// A run whose events all stand in one journal, one millisecond apart.
struct Run {
    fold: Fold,
    state: FoldState,
    count: u64,
}

impl Run {
    fn of(reducer: &str) -> Run {
        Run::with_emit(reducer, "{path: state/x.json}")
    }

    fn with_emit(reducer: &str, emit: &str) -> Run {
        let fold = compiled(&format!(
            "version: 1\nreducers: [{reducer}]\nemit: [{emit}]\n"
        ));
        let state = FoldState::new(&fold);
        Run {
            fold,
            state,
            count: 0,
        }
    }

    fn event(&mut self, event_type: &str, payload: &str) -> &mut Run {
        let payload = json::decode_strict(payload.as_bytes(), usize::MAX).expect("JSON");
        self.event_of(event_type, &payload)
    }

    fn event_of(&mut self, event_type: &str, payload: &Value) -> &mut Run {
        self.count += 1;
        let event = FoldEvent {
            id: id(self.count),
            ulid: Ulid::from_parts(self.count, 0).expect("a small time"),
            event_type,
            actor: "user:al",
            journal: JOURNAL,
            position: self.count,
            payload,
        };
        self.state
            .apply(&self.fold, &event)
            .expect("events in order");
        self
    }

    /// The one file, and how many events did not fit.
    fn check(&self, expected: &str, skipped: u64) {
        let files = files(&self.fold, &self.state).expect("emits");
        let bytes: Vec<u8> = files.into_values().flatten().collect();
        assert_eq!(String::from_utf8(bytes).expect("UTF-8"), expected);
        assert_eq!(
            self.state.skipped(&self.fold).values().sum::<u64>(),
            skipped
        );
    }
}

fn id(number: u64) -> EventId {
    EventId::of_envelope(&number.to_be_bytes())
}

#[test]
fn a_field_keeps_its_last_value_and_null_is_one() {
    let mut run = Run::of("{kind: map-join-lww, key: $.id}");
    run.event("a", r#"{"id":"x","n":1,"t":"old"}"#)
        .event("a", r#"{"id":"x","n":null}"#);
    run.event("a", r#"{"n":1}"#)
        .event("a", r#"{"id":true}"#)
        .event("a", r#"{"id":7}"#);
    run.check(r#"{"7":{"id":7},"x":{"id":"x","n":null,"t":"old"}}"#, 2);
}

#[test]
fn a_delete_leaves_a_tombstone() {
    let mut run = Run::of("{kind: map-join-lww, key: $.id, delete: {where: {type: gone}}}");
    run.event("a", r#"{"id":"x","n":1}"#)
        .event("gone", r#"{"id":"x"}"#)
        .event("gone", r#"{"id":"y"}"#);
    run.check("{}", 0);
    run.event("a", r#"{"id":"x"}"#);
    run.check(r#"{"x":{"id":"x"}}"#, 0);
}

#[test]
fn an_or_remove_takes_the_adds_it_names() {
    let mut run = Run::of("{kind: set-or, value: $.t, remove: {where: {type: r}, value: $.adds}}");
    run.event("a", r#"{"t":"x"}"#)
        .event("a", r#"{"t":"x"}"#)
        .event("a", r#"{"t":"y"}"#);
    let adds = format!(r#"{{"adds":["{}","{}"]}}"#, id(1), id(3));
    run.event("r", &adds)
        .event("r", r#"{"adds":["blake3:no"]}"#);
    run.check(r#"["x"]"#, 1);
}

#[test]
fn a_counter_skips_what_overflows_its_journal() {
    let mut run = Run::of("{kind: counter-pn, value: $.n, dec: {where: {type: d}}}");
    let max = i128::MAX.to_string();
    run.event("i", &format!(r#"{{"n":{max}}}"#))
        .event("i", r#"{"n":1}"#)
        .event("d", r#"{"n":0.5}"#);
    run.event("i", r#"{"n":0.5}"#)
        .event("i", r#"{"n":-1}"#)
        .event("i", r#"{"n":"1"}"#);
    run.check(&max, 3);
}

#[test]
fn a_total_without_a_form_is_a_fault() {
    let mut run = Run::of("{kind: sum-by, key: $.k, value: $.n}");
    run.event("i", &format!(r#"{{"k":"x","n":{}}}"#, i128::MAX))
        .event("i", r#"{"k":"x","n":-0.5}"#);
    let fault = files(&run.fold, &run.state).expect_err("no form");
    assert_eq!(
        fault,
        FoldFault::NumberOverflow {
            reducer: "sum-by".into(),
            key: "x".into()
        }
    );
    assert_eq!(fault.code(), ErrorCode::NumOverflow);
    // A further event may bring it back into range.
    run.event("i", r#"{"k":"x","n":0.5}"#);
    run.check(&format!(r#"{{"x":{}}}"#, i128::MAX), 0);
}

#[test]
fn a_sum_borrows_at_the_lower_end() {
    let mut run = Run::of("{kind: sum-by, key: $.k, value: $.n}");
    run.event("i", &format!(r#"{{"k":"x","n":{}}}"#, i128::MIN))
        .event("i", r#"{"k":"x","n":0.5}"#);
    run.event("i", r#"{"k":"x","n":-0.5}"#)
        .event("i", r#"{"k":"x","n":-0.5}"#);
    run.check(&format!(r#"{{"x":{}}}"#, i128::MIN), 1);
}

#[test]
fn comparisons_hold_within_numbers_and_within_texts() {
    let mut run = Run::of("{kind: list-append, value: $.v, where: {$.v: {'<': 2}}}");
    for value in ["1", "0.5", "2", "null", "false", r#""a""#, "[]"] {
        run.event("a", &format!(r#"{{"v":{value}}}"#));
    }
    run.check("[1,0.5]", 0);
    let mut run = Run::of("{kind: list-append, value: $.v, where: {$.v: {'>=': b}}}");
    for value in ["1", r#""a""#, r#""b""#, r#""ba""#, "{}", "[]"] {
        run.event("a", &format!(r#"{{"v":{value}}}"#));
    }
    run.check(r#"["b","ba"]"#, 0);
}

#[test]
fn a_payload_nested_too_deep_fits_nothing() {
    let mut run = Run::of("{kind: map-join, key: $.k, value: {kind: lww, value: {v: $.v}}}");
    let nested = |depth: usize| {
        format!(
            r#"{{"k":"x","v":{}{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    run.event("a", &nested(100));
    run.check("{}", 1);
    run.event("a", &nested(99));
    run.check(
        &format!(r#"{{"x":{{"v":{}{}}}}}"#, "[".repeat(99), "]".repeat(99)),
        1,
    );
    let saved = encoded(&run.fold, &run.state);
    assert!(FoldState::decode(&run.fold, &saved.manifest, loader(&saved)).is_ok());
}

#[test]
fn bytes_fit_nothing() {
    let mut run = Run::of("{kind: lww, value: $}");
    run.event_of("a", &Value::List(vec![Value::Bytes(vec![1])]));
    run.check("null", 1);
}

#[test]
fn each_element_is_an_event_of_its_own() {
    let mut run = Run::of(
        "{kind: map-join-lww, key: '@.path', granularity: entry, value: {by: $.by}, each: $.paths}",
    );
    run.event("a", r#"{"by":"al","paths":[{"path":"x"},{"path":"y"},{}]}"#);
    run.event("a", r#"{"by":"bo","paths":[{"path":"y"}]}"#)
        .event("a", r#"{"by":"bo"}"#);
    run.check(r#"{"x":{"by":"al"},"y":{"by":"bo"}}"#, 2);
}

#[test]
fn splits_and_lines() {
    let mut run = Run::with_emit(
        "{kind: count-by, key: $.k}",
        "{path: 'state/{key}.json', split: key}",
    );
    run.event("a", r#"{"k":"x/Y"}"#)
        .event("a", r#"{"k":"nul"}"#);
    let files = files(&run.fold, &run.state).expect("emits");
    let paths: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(paths, ["state/%6Eul.json", "state/x%2F%59.json"]);
    let mut run = Run::with_emit(
        "{kind: count-by, key: $.k}",
        "{path: state/x.jsonl, format: jsonl}",
    );
    run.event("a", r#"{"k":"b"}"#)
        .event("a", r#"{"k":"a"}"#)
        .event("a", r#"{"k":"b"}"#);
    run.check(
        "{\"key\":\"a\",\"value\":1}\n{\"key\":\"b\",\"value\":2}\n",
        0,
    );
}

#[test]
fn a_journal_has_no_gaps_and_repeats_do_nothing() {
    let mut run = Run::of("{kind: counter-g}");
    run.event("a", "{}").event("a", "{}");
    let payload = Value::Null;
    let mut event = FoldEvent {
        id: id(9),
        ulid: Ulid::MIN,
        event_type: "a",
        actor: "user:al",
        journal: JOURNAL,
        position: 4,
        payload: &payload,
    };
    let gap = FoldFault::PositionGap {
        journal: JOURNAL.into(),
        expected: 3,
        found: 4,
    };
    assert_eq!(run.state.apply(&run.fold, &event), Err(gap));
    event.position = 0;
    assert!(run.state.apply(&run.fold, &event).is_err());
    event.position = 2;
    assert_eq!(run.state.apply(&run.fold, &event), Ok(()));
    event.journal = "gatos/journal/\u{378}";
    event.position = 1;
    assert!(matches!(
        run.state.apply(&run.fold, &event),
        Err(FoldFault::Journal(_))
    ));
    run.check("2", 0);
    assert_eq!(
        run.state.heads().into_iter().collect::<Vec<_>>(),
        [(JOURNAL.to_owned(), 2)]
    );
}

#[test]
fn states_join_only_where_there_is_a_lattice_and_one_fold() {
    let mut one = Run::of("{kind: list-append, value: $}");
    one.event("a", "1");
    let other = one.state.clone();
    assert_eq!(
        one.state.join(&one.fold, &other),
        Err(FoldFault::NotALattice)
    );
    assert_eq!(
        one.state.join(&one.fold, &FoldState::new(&one.fold)),
        Ok(())
    );
    let another = Run::of("{kind: counter-g}");
    assert!(matches!(
        one.state.join(&one.fold, &another.state),
        Err(FoldFault::WrongFold { .. })
    ));
    assert!(
        one.state
            .apply(&another.fold, &some_event(&Value::Null))
            .is_err()
    );
    assert!(one.state.emit(&another.fold).is_err());
}

fn some_event(payload: &Value) -> FoldEvent<'_> {
    let (event_type, actor, journal) = ("a", "user:al", JOURNAL);
    FoldEvent {
        id: id(1),
        ulid: Ulid::MIN,
        event_type,
        actor,
        journal,
        position: 1,
        payload,
    }
}

/// Chunks are cut by content: a change to one key changes one chunk.
#[test]
fn unchanged_chunks_are_shared() {
    let mut run = Run::of("{kind: map-join-lww, key: $.id}");
    for number in 0..6000 {
        run.event("a", &format!(r#"{{"id":"key {number}"}}"#));
    }
    let before = encoded(&run.fold, &run.state);
    assert!(before.chunks.len() > 6000 / CHUNK_ENTRY_COUNT_MAX && before.chunks.len() < 60);
    run.event("a", r#"{"id":"key 77","n":1}"#);
    let after = encoded(&run.fold, &run.state);
    let shared = after
        .chunks
        .iter()
        .filter(|chunk| before.chunks.contains(chunk))
        .count();
    assert_eq!(shared, after.chunks.len() - 1);
    let (state, inputs) =
        FoldState::decode(&run.fold, &after.manifest, loader(&after)).expect("decodes");
    assert_eq!(inputs, InputsRoot::new());
    assert_eq!(encoded(&run.fold, &state), after);
}

#[test]
fn events_passed_over_leave_no_trace_but_their_place() {
    let count = "{kind: count-by, key: \"$.k\"}";
    let mut run = Run::of(count);
    run.event("tick", "{\"k\":\"a\"}");
    run.state.pass_to(JOURNAL, 4).expect("a journal's name");
    run.count = 4;
    run.event("tick", "{\"k\":\"a\"}");
    run.check("{\"a\":2}", 0);
    assert_eq!(run.state.heads()[JOURNAL], 5);
    // Passing over what is covered changes nothing.
    let before = encoded(&run.fold, &run.state);
    run.state.pass_to(JOURNAL, 2).expect("a journal's name");
    assert_eq!(encoded(&run.fold, &run.state).manifest, before.manifest);
}
