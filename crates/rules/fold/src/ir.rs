//! The fold as data: what the compiler makes and what the runtime runs.
//!
//! One type per notion of the language, everything resolved: defaults filled in, names bound, queries and
//! patterns parsed. `ir/value.rs` writes it as the canonical value of a `.rgf`. Reading a `.rgf` goes through
//! the compiler again (`rgf`), so there is one validator.
//!
//! INVARIANT: reducers are sorted by name, emissions by path, conditions and patterns by value, so that two
//! sources that mean the same have the same bytes.
//!
//! Format: `docs/formats/rgf.md`.

mod value;

use crate::path::PathTemplate;
use crate::query::Query;
use alloc::boxed::Box;
use alloc::vec::Vec;
use gatos_values::{Glob, Number, Text, Value};

pub(crate) use value::{condition_value, merge_contract, to_value};

/// A whole fold.
#[derive(Clone, Debug)]
pub(crate) struct Ir {
    /// Patterns of the journals it reads; `None` means the namespace it is installed in.
    pub(crate) inputs: Option<Vec<Glob>>,
    /// Sorted by name.
    pub(crate) reducers: Vec<Reducer>,
    /// Sorted by path.
    pub(crate) emits: Vec<Emit>,
    pub(crate) privileged: bool,
}

/// One reducer: which events it looks at, and what it makes of them.
#[derive(Clone, Debug)]
pub(crate) struct Reducer {
    pub(crate) name: Text,
    /// The list to run over, one element at a time.
    pub(crate) each: Option<Query>,
    /// All must hold.
    pub(crate) conditions: Vec<Condition>,
    pub(crate) shape: Shape,
}

/// The kind of a reducer with what belongs to it.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// `map-join-lww`.
    MapLww {
        key: Selector,
        value: Source,
        granularity: Granularity,
        delete: Option<Vec<Condition>>,
    },
    /// `map-join`.
    MapJoin { key: Selector, value: Box<Shape> },
    /// `lww`.
    Lww { value: Source },
    /// `max` and `min`.
    Extreme { end: End, value: Source },
    /// `counter-g` (no `dec`) and `counter-pn`.
    Counter {
        inc: Operation<Amount>,
        dec: Option<Operation<Amount>>,
    },
    /// `count-by`.
    CountBy { key: Selector },
    /// `sum-by`.
    SumBy { key: Selector, value: Query },
    /// `set-g`.
    SetGrow { add: Operation<Source> },
    /// `set-2p`.
    SetTwoPhase {
        add: Operation<Source>,
        remove: Operation<Source>,
    },
    /// `set-or`; a remove selects ids of add events.
    SetObserved {
        add: Operation<Source>,
        remove: Operation<Query>,
    },
    /// `set-lww`.
    SetLww {
        add: Operation<Source>,
        remove: Operation<Source>,
    },
    /// `list-append`.
    List { value: Source },
}

/// What one register of `map-join-lww` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Granularity {
    Field,
    Entry,
}

/// Which end of the total order wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Greatest,
    Least,
}

/// One way an event changes a counter or a set.
#[derive(Clone, Debug)]
pub(crate) struct Operation<T> {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) value: T,
}

/// Where one value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selector {
    Query(Query),
    Attribute(Attribute),
}

/// Where a stored value comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    One(Selector),
    /// An object built of the fields that are there, sorted by name.
    Object(Vec<(Text, Selector)>),
}

/// What a counter moves by: never negative.
#[derive(Clone, Debug)]
pub(crate) enum Amount {
    Constant(Number),
    Query(Query),
}

/// What an event says about itself outside its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Attribute {
    Type,
    Actor,
    Ulid,
    Id,
}

impl Attribute {
    pub(crate) const ALL: [Attribute; 4] = [
        Attribute::Type,
        Attribute::Actor,
        Attribute::Ulid,
        Attribute::Id,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Attribute::Type => "event.type",
            Attribute::Actor => "event.actor",
            Attribute::Ulid => "event.ulid",
            Attribute::Id => "event.id",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Attribute> {
        Attribute::ALL
            .into_iter()
            .find(|attribute| attribute.as_str() == text)
    }
}

/// One test on an event.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    /// The event type matches one of the patterns.
    Type(Vec<Glob>),
    /// The actor matches one of the patterns.
    Actor(Vec<Glob>),
    /// A value of the payload compares as told.
    Compare {
        query: Query,
        comparison: Comparison,
        operand: Value,
    },
}

/// How a value is compared with the operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Exists,
}

impl Comparison {
    pub(crate) const ALL: [Comparison; 8] = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
        Comparison::In,
        Comparison::Exists,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
            Comparison::In => "in",
            Comparison::Exists => "exists",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Comparison> {
        Comparison::ALL
            .into_iter()
            .find(|comparison| comparison.as_str() == text)
    }
}

/// One emission: a file, or with `split` a file per key.
#[derive(Clone, Debug)]
pub(crate) struct Emit {
    pub(crate) path: PathTemplate,
    /// Index into [`Ir::reducers`].
    pub(crate) reducer: usize,
    pub(crate) format: Format,
}

/// How an emitted file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// One canonical JSON document.
    Json,
    /// One canonical JSON document per line.
    JsonLines,
}

impl Format {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::JsonLines => "jsonl",
        }
    }
}

impl Shape {
    /// The name of the kind, as written in sources.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Shape::MapLww { .. } => "map-join-lww",
            Shape::MapJoin { .. } => "map-join",
            Shape::Lww { .. } => "lww",
            Shape::Extreme {
                end: End::Greatest, ..
            } => "max",
            Shape::Extreme {
                end: End::Least, ..
            } => "min",
            Shape::Counter { dec: None, .. } => "counter-g",
            Shape::Counter { dec: Some(_), .. } => "counter-pn",
            Shape::CountBy { .. } => "count-by",
            Shape::SumBy { .. } => "sum-by",
            Shape::SetGrow { .. } => "set-g",
            Shape::SetTwoPhase { .. } => "set-2p",
            Shape::SetObserved { .. } => "set-or",
            Shape::SetLww { .. } => "set-lww",
            Shape::List { .. } => "list-append",
        }
    }

    /// Whether the result depends on the order of events, so that two states cannot be joined.
    pub(crate) fn needs_order(&self) -> bool {
        match self {
            Shape::List { .. } => true,
            Shape::MapJoin { value, .. } => value.needs_order(),
            _ => false,
        }
    }

    /// Whether the result is a map by key.
    pub(crate) const fn is_keyed(&self) -> bool {
        matches!(
            self,
            Shape::MapLww { .. }
                | Shape::MapJoin { .. }
                | Shape::CountBy { .. }
                | Shape::SumBy { .. }
        )
    }

    /// Whether the result is a list of elements.
    pub(crate) const fn is_listed(&self) -> bool {
        matches!(
            self,
            Shape::SetGrow { .. }
                | Shape::SetTwoPhase { .. }
                | Shape::SetObserved { .. }
                | Shape::SetLww { .. }
                | Shape::List { .. }
        )
    }
}
