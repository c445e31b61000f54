//! Random folds and random events, small enough that keys and values meet often.

use gatos_testkit::fold_twin::TwinEvent;
use gatos_values::{Blake3Digest, EventId, Fixed, Map, Text, Ulid, Value};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// How many journals the events of one case stand in.
const JOURNAL_COUNT: usize = 3;

/// A fold source, as JSON, which is YAML.
pub fn any_fold() -> impl Strategy<Value = String> {
    vec(any_reducer(), 1..4).prop_map(|reducers| {
        let emits: Vec<Json> = reducers
            .iter()
            .enumerate()
            .flat_map(|(index, reducer)| emits(index, reducer))
            .collect();
        let named: Vec<Json> = reducers
            .into_iter()
            .enumerate()
            .map(|(index, mut reducer)| {
                reducer["name"] = json!(format!("r{index}"));
                reducer
            })
            .collect();
        json!({"version": 1, "reducers": named, "emit": emits}).to_string()
    })
}

fn is_keyed(shape: &Json) -> bool {
    ["map-join-lww", "map-join", "count-by", "sum-by"]
        .contains(&shape["kind"].as_str().unwrap_or_default())
}

fn has_lines(shape: &Json) -> bool {
    is_keyed(shape)
        || ["set-g", "set-2p", "set-or", "set-lww", "list-append"]
            .contains(&shape["kind"].as_str().unwrap_or_default())
}

/// Every form of emission that the kind allows.
fn emits(index: usize, reducer: &Json) -> Vec<Json> {
    let from = format!("r{index}");
    let mut emits = vec![json!({"path": format!("state/{from}/all.json"), "from": from})];
    if has_lines(reducer) {
        emits.push(
            json!({"path": format!("state/{from}/all.jsonl"), "from": from, "format": "jsonl"}),
        );
    }
    if is_keyed(reducer) {
        emits.push(
            json!({"path": format!("state/{from}/by/{{key}}.json"), "from": from, "split": "key"}),
        );
    }
    if reducer["kind"] == "map-join" && has_lines(&reducer["value"]) {
        let path = format!("state/{from}/lines/co{{key}}");
        emits.push(json!({"path": path, "from": from, "format": "jsonl", "split": "key"}));
    }
    emits
}

fn any_reducer() -> impl Strategy<Value = Json> {
    any::<bool>().prop_flat_map(|has_each| {
        (any_shape(has_each), option::of(any_where(has_each))).prop_map(
            move |(mut shape, conditions)| {
                if has_each {
                    shape["each"] = json!("$.items");
                }
                if let Some(conditions) = conditions {
                    shape["where"] = conditions;
                }
                shape
            },
        )
    })
}

fn any_query(has_each: bool) -> BoxedStrategy<Json> {
    let payload = [
        "$.id",
        "$.tag",
        "$['n']",
        "$.items[0].k",
        "$.items[-1].n",
        "$.missing",
        "$",
    ];
    let element = ["@.k", "@.n", "@", "@.tag", "@['id']"];
    if has_each {
        prop_oneof![
            prop::sample::select(payload.to_vec()),
            prop::sample::select(element.to_vec())
        ]
        .prop_map(Json::from)
        .boxed()
    } else {
        prop::sample::select(payload.to_vec())
            .prop_map(Json::from)
            .boxed()
    }
}

fn any_selector(has_each: bool) -> BoxedStrategy<Json> {
    let attributes = ["event.type", "event.actor", "event.ulid", "event.id"];
    prop_oneof![
        6 => any_query(has_each),
        1 => prop::sample::select(attributes.to_vec()).prop_map(Json::from),
    ]
    .boxed()
}

fn any_source(has_each: bool) -> BoxedStrategy<Json> {
    let object =
        (option::of(any_selector(has_each)), any_selector(has_each)).prop_map(|(first, second)| {
            match first {
                Some(first) => json!({"first": first, "second": second}),
                None => json!({"second": second}),
            }
        });
    prop_oneof![3 => any_selector(has_each), 1 => object].boxed()
}

fn any_key(has_each: bool) -> BoxedStrategy<Json> {
    let keys = if has_each {
        &["@.k", "$.id", "@.n"][..]
    } else {
        &["$.id", "$.tag"][..]
    };
    prop_oneof![4 => prop::sample::select(keys.to_vec()).prop_map(Json::from), 1 => any_selector(has_each)].boxed()
}

fn any_where(has_each: bool) -> BoxedStrategy<Json> {
    let types = ["item.*", "item.**", "**", "item.add", "other"];
    let test = prop_oneof![
        Just(json!({"exists": true})),
        Just(json!({"exists": false})),
        Just(json!({"==": "a"})),
        Just(json!({"!=": 1})),
        Just(json!({"<": 2, ">=": -1})),
        Just(json!({">": "a"})),
        Just(json!({"<=": 0.5})),
        Just(json!({"in": ["a", 1, null, true]})),
        Just(json!("a")),
        Just(Json::Null),
    ];
    (
        option::weighted(0.7, prop::sample::select(types.to_vec())),
        option::weighted(0.2, prop::sample::select(vec!["user:*", "agent:bo"])),
        option::weighted(0.4, (any_query(has_each), test)),
    )
        .prop_map(|(event_type, actor, test)| {
            let mut conditions = json!({});
            if let Some(event_type) = event_type {
                conditions["type"] = json!(event_type);
            }
            if let Some(actor) = actor {
                conditions["actor"] = json!([actor, "user:al"]);
            }
            if let Some((Json::String(query), test)) = test {
                conditions[query] = test;
            }
            conditions
        })
        .boxed()
}

fn any_operation(has_each: bool, value: BoxedStrategy<Json>) -> BoxedStrategy<Json> {
    (any_where(has_each), value)
        .prop_map(|(conditions, value)| json!({"where": conditions, "value": value}))
        .boxed()
}

fn any_amount(has_each: bool) -> BoxedStrategy<Json> {
    let queries = if has_each {
        &["@.n", "$.n"][..]
    } else {
        &["$.n", "$.items[0].n"][..]
    };
    prop_oneof![
        3 => prop::sample::select(queries.to_vec()).prop_map(Json::from),
        1 => prop::sample::select(vec![json!(0), json!(1), json!(2.5)]),
    ]
    .boxed()
}

fn any_leaf(has_each: bool) -> BoxedStrategy<Json> {
    let source = || any_source(has_each);
    let simple = (
        prop::sample::select(vec!["lww", "max", "min", "list-append"]),
        source(),
    )
        .prop_map(|(kind, value)| json!({"kind": kind, "value": value}));
    let counter_g = any_operation(has_each, any_amount(has_each))
        .prop_map(|inc| json!({"kind": "counter-g", "inc": inc}));
    let counter_pn = (
        option::of(any_operation(has_each, any_amount(has_each))),
        any_operation(has_each, any_amount(has_each)),
    )
        .prop_map(|(inc, dec)| match inc {
            Some(inc) => json!({"kind": "counter-pn", "inc": inc, "dec": dec}),
            None => json!({"kind": "counter-pn", "dec": dec, "value": 1}),
        });
    let count_by = any_key(has_each).prop_map(|key| json!({"kind": "count-by", "key": key}));
    let numbers = if has_each {
        &["@.n", "$.n"][..]
    } else {
        &["$.n", "$.items[0].n"][..]
    };
    let sum_by = (any_key(has_each), prop::sample::select(numbers.to_vec()))
        .prop_map(|(key, value)| json!({"kind": "sum-by", "key": key, "value": value}));
    let set_g = source().prop_map(|value| json!({"kind": "set-g", "value": value}));
    let sets = (prop::sample::select(vec!["set-2p", "set-lww"]), source(), any_where(has_each))
        .prop_map(|(kind, value, remove)| json!({"kind": kind, "value": value, "remove": {"where": remove}}));
    let observed = (source(), any_where(has_each)).prop_map(|(value, remove)| {
        json!({"kind": "set-or", "value": value, "remove": {"where": remove, "value": "$.observed"}})
    });
    let map_lww = (
        any_key(has_each),
        option::of(source()),
        prop::sample::select(vec!["field", "entry"]),
        option::of(any_where(has_each)),
    )
        .prop_map(|(key, value, granularity, delete)| {
            let mut shape = json!({"kind": "map-join-lww", "key": key, "granularity": granularity});
            if let Some(value) = value {
                shape["value"] = value;
            }
            if let Some(delete) = delete {
                shape["delete"] = json!({"where": delete});
            }
            shape
        });
    prop_oneof![2 => simple, 1 => counter_g, 1 => counter_pn, 1 => count_by, 1 => sum_by, 1 => set_g, 2 => sets, 2 => observed, 4 => map_lww].boxed()
}

fn any_shape(has_each: bool) -> BoxedStrategy<Json> {
    let nested = |inner: BoxedStrategy<Json>| {
        (any_key(has_each), inner)
            .prop_map(|(key, value)| json!({"kind": "map-join", "key": key, "value": value}))
            .boxed()
    };
    prop_oneof![
        5 => any_leaf(has_each),
        2 => nested(any_leaf(has_each)),
        1 => nested(nested(any_leaf(has_each))),
    ]
    .boxed()
}

/// What one event is made of, before it gets its place.
#[derive(Clone, Debug)]
struct Seed {
    journal: usize,
    time_step: u64,
    event_type: &'static str,
    actor: &'static str,
    fields: Vec<(&'static str, Value)>,
    observed: Option<Vec<usize>>,
}

/// Events of a few journals in some order of arrival; each journal's events are in their order.
pub fn any_events() -> impl Strategy<Value = Vec<TwinEvent>> {
    vec(any_seed(), 0..24).prop_map(|seeds| {
        let mut ulids = [0_u64; JOURNAL_COUNT];
        let mut positions = [0_u64; JOURNAL_COUNT];
        let id = |index: usize| EventId::from_digest(Blake3Digest::of(&[index as u8]));
        let place = |(index, seed): (usize, Seed)| {
            ulids[seed.journal] += seed.time_step;
            positions[seed.journal] += 1;
            TwinEvent {
                id: id(index),
                ulid: Ulid::from_parts(ulids[seed.journal], 0).expect("a small time"),
                event_type: seed.event_type.to_owned(),
                actor: seed.actor.to_owned(),
                journal: format!("gatos/journal/n/user/al/000000000000000{}", seed.journal),
                position: positions[seed.journal],
                payload: payload(
                    seed.fields,
                    seed.observed.map(|list| list.into_iter().map(id).collect()),
                ),
            }
        };
        seeds.into_iter().enumerate().map(place).collect()
    })
}

fn payload(fields: Vec<(&'static str, Value)>, observed: Option<Vec<EventId>>) -> Value {
    let mut map = Map::new();
    for (name, value) in fields {
        map.insert(Text::from_ascii(name), value);
    }
    if let Some(ids) = observed {
        let mut ids: Vec<Value> = ids.iter().map(EventId::to_value).collect();
        let value = if ids.len() == 1 {
            ids.remove(0)
        } else {
            Value::List(ids)
        };
        map.insert(Text::from_ascii("observed"), value);
    }
    map.into()
}

fn any_seed() -> impl Strategy<Value = Seed> {
    let types = ["item.add", "item.remove", "item", "other.item.add"];
    (
        0..JOURNAL_COUNT,
        1_u64..3,
        prop::sample::select(types.to_vec()),
        prop::sample::select(vec!["user:al", "agent:bo"]),
        any_fields(),
        option::weighted(0.4, vec(0_usize..24, 0..3)),
    )
        .prop_map(
            |(journal, time_step, event_type, actor, fields, observed)| Seed {
                journal,
                time_step,
                event_type,
                actor,
                fields,
                observed,
            },
        )
}

fn any_fields() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let items = vec(
        (
            option::weighted(0.8, any_id()),
            option::weighted(0.8, any_number()),
            option::of(any_scalar()),
        )
            .prop_map(|(key, number, tag)| {
                let fields = [("k", key), ("n", number), ("tag", tag)];
                payload(
                    fields
                        .into_iter()
                        .filter_map(|(name, value)| Some((name, value?)))
                        .collect(),
                    None,
                )
            }),
        0..3,
    )
    .prop_map(Value::List);
    (
        option::weighted(0.9, any_id()),
        option::weighted(0.8, any_scalar()),
        option::weighted(0.8, any_number()),
        option::weighted(0.8, prop_oneof![9 => items, 1 => Just(Value::Null)]),
    )
        .prop_map(|(id, tag, number, items)| {
            let fields = [("id", id), ("tag", tag), ("n", number), ("items", items)];
            fields
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect()
        })
}

fn any_id() -> impl Strategy<Value = Value> {
    let text = |text: &str| Value::text(text).expect("text");
    prop::sample::select(vec![
        text("a"),
        text("b"),
        text("a"),
        text("b"),
        text("B/é"),
        text("con"),
        text("n"),
        text(""),
        text(&"long ".repeat(30)),
        Value::from(7_u8),
        text("7"),
        Value::Bool(true),
    ])
}

fn any_number() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        Value::from(0_u8),
        Value::from(1_u8),
        Value::from(-1_i8),
        Value::from(41_u8),
        Value::from(i128::MAX),
        Value::from(i128::MAX - 1),
        Value::from(i128::MIN),
        Value::fixed(Fixed::from_steps(1 << 31)),
        Value::fixed(Fixed::from_steps(-3)),
        Value::fixed(Fixed::from_steps(i128::MAX)),
        Value::text("1").expect("text"),
        Value::from(2_u8),
    ])
}

fn any_scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any_id(),
        any_number(),
        Just(Value::Null),
        Just(Value::Bool(false)),
        Just(Value::List(vec![Value::from(1_u8)])),
        Just(Map::new().with("x", 1_u8).into()),
        Just(Map::new().into()),
    ]
}
