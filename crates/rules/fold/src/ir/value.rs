//! The fold as one canonical value, field by field as `docs/formats/rgf.md` lists them.
//!
//! TWIN: rgf-fields — `rgf.rs` turns these fields back into what the compiler reads.

use super::{
    Amount, Condition, Emit, Granularity, Ir, Operation, Reducer, Selector, Shape, Source,
};
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use gatos_values::{Glob, Map, Text, Value};

/// The value whose canonical CBOR is the `.rgf`.
pub(crate) fn to_value(ir: &Ir) -> Value {
    let inputs = ir.inputs.as_deref().map_or(Value::Null, patterns);
    let code: Vec<Value> = ir.reducers.iter().map(reducer).collect();
    let emits: Vec<Value> = ir
        .emits
        .iter()
        .map(|item| emit(item, &ir.reducers))
        .collect();
    Map::new()
        .with("v", 1_u8)
        .with("kind", "reducers")
        .with("inputs", inputs)
        .with("code", code)
        .with("emit", emits)
        .with("merge", merge_contract(ir))
        .with("limits", Map::new())
        .with("allow", Vec::new())
        .with("privileged", ir.privileged)
        .into()
}

/// Emitted path pattern → the lattice that merges it. Paths that no lattice covers are absent.
pub(crate) fn merge_contract(ir: &Ir) -> Map {
    let mut contract = Map::new();
    for item in &ir.emits {
        let Some(reducer) = ir.reducers.get(item.reducer) else {
            continue;
        };
        if !reducer.shape.needs_order() {
            contract.insert(text(item.path.pattern()), reducer.shape.kind().into());
        }
    }
    contract
}

fn reducer(reducer: &Reducer) -> Value {
    let each = reducer
        .each
        .as_ref()
        .map_or(Value::Null, |query| text(query.to_string()).into());
    shape(&reducer.shape)
        .with("name", reducer.name.clone())
        .with("each", each)
        .with("where", conditions(&reducer.conditions))
        .into()
}

fn shape(shape: &Shape) -> Map {
    let map = Map::new().with("kind", shape.kind());
    match shape {
        Shape::MapLww {
            key,
            value,
            granularity,
            delete,
        } => map
            .with("key", selector(key))
            .with("value", source(value))
            .with(
                "granularity",
                match granularity {
                    Granularity::Field => "field",
                    Granularity::Entry => "entry",
                },
            )
            .with(
                "delete",
                delete.as_ref().map_or(Value::Null, |delete| {
                    Map::new().with("where", conditions(delete)).into()
                }),
            ),
        Shape::MapJoin { key, value } => map
            .with("key", selector(key))
            .with("value", self::shape(value)),
        Shape::Lww { value } | Shape::Extreme { value, .. } | Shape::List { value } => {
            map.with("value", source(value))
        }
        Shape::Counter { inc, dec } => {
            let map = map.with("inc", operation(inc, amount));
            match dec {
                None => map,
                Some(dec) => map.with("dec", operation(dec, amount)),
            }
        }
        Shape::CountBy { key } => map.with("key", selector(key)),
        Shape::SumBy { key, value } => map
            .with("key", selector(key))
            .with("value", text(value.to_string())),
        Shape::SetGrow { add } => map.with("add", operation(add, source)),
        Shape::SetTwoPhase { add, remove } | Shape::SetLww { add, remove } => map
            .with("add", operation(add, source))
            .with("remove", operation(remove, source)),
        Shape::SetObserved { add, remove } => map.with("add", operation(add, source)).with(
            "remove",
            operation(remove, |query| text(query.to_string()).into()),
        ),
    }
}

fn operation<T>(operation: &Operation<T>, value: impl Fn(&T) -> Value) -> Value {
    Map::new()
        .with("where", conditions(&operation.conditions))
        .with("value", value(&operation.value))
        .into()
}

fn amount(amount: &Amount) -> Value {
    match amount {
        Amount::Constant(number) => Value::number(*number),
        Amount::Query(query) => text(query.to_string()).into(),
    }
}

fn selector(selector: &Selector) -> Value {
    match selector {
        Selector::Query(query) => text(query.to_string()).into(),
        Selector::Attribute(attribute) => attribute.as_str().into(),
    }
}

fn source(source: &Source) -> Value {
    match source {
        Source::One(one) => selector(one),
        Source::Object(fields) => {
            let mut map = Map::new();
            for (name, field) in fields {
                map.insert(name.clone(), selector(field));
            }
            map.into()
        }
    }
}

fn conditions(conditions: &[Condition]) -> Value {
    Value::List(conditions.iter().map(condition_value).collect())
}

/// A condition as `[subject, comparison, operand]`; conditions are sorted by this value.
pub(crate) fn condition_value(condition: &Condition) -> Value {
    Value::List(match condition {
        Condition::Type(globs) => vec!["type".into(), "glob".into(), patterns(globs)],
        Condition::Actor(globs) => vec!["actor".into(), "glob".into(), patterns(globs)],
        Condition::Compare {
            query,
            comparison,
            operand,
        } => {
            vec![
                text(query.to_string()).into(),
                comparison.as_str().into(),
                operand.clone(),
            ]
        }
    })
}

fn emit(emit: &Emit, reducers: &[Reducer]) -> Value {
    let from = reducers
        .get(emit.reducer)
        .map_or(Value::Null, |reducer| reducer.name.clone().into());
    let split: Value = if emit.path.is_split() {
        "key".into()
    } else {
        Value::Null
    };
    Map::new()
        .with("path", text(emit.path.to_string()))
        .with("from", from)
        .with("format", emit.format.as_str())
        .with("split", split)
        .into()
}

fn patterns(globs: &[Glob]) -> Value {
    Value::List(
        globs
            .iter()
            .map(|glob| text(String::from(glob.as_str())).into())
            .collect(),
    )
}

/// Text made of parts that were text already: normalising it cannot fail.
fn text(text: String) -> Text {
    Text::from_string(text).unwrap_or_default()
}
