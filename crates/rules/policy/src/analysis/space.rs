//! The coordinates of requests: independent parts, each with finitely many classes that no line of the policies can
//! tell apart further.
//!
//! A *slot* is a part that lines read: a variable, a field of the payload, an actor's level. Lines are taken apart into
//! *atoms* by `formula`; an atom about one slot is settled by the slot's class, whose answers come from the evaluator
//! itself, asked about a witness. An atom that is beyond the procedure becomes a coordinate of its own that may answer
//! anything: what is proved with it is proved, and what is found with it must be confirmed.
//!
//! INVARIANT: every request has a class in each coordinate such that all atoms answer as those classes say.
//! Tests: `tests/it/analysis`, against enumeration of all requests of a small world.

use super::effort::Effort;
use super::texts::{Fold, TextTest};
use crate::language::network::Network;
use crate::language::{Expression, Literal, Truth};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use gatos_values::{Number, Text, Value};

/// What a part of a request can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Number,
    Text,
    List,
    Map,
    Bool,
    Null,
    Bytes,
    Missing,
}

impl Kind {
    pub fn of(value: Option<&Value>) -> Kind {
        match value {
            None => Kind::Missing,
            Some(Value::Null) => Kind::Null,
            Some(Value::Bool(_)) => Kind::Bool,
            Some(Value::Integer(_) | Value::Fixed(_)) => Kind::Number,
            Some(Value::Text(_)) => Kind::Text,
            Some(Value::Bytes(_)) => Kind::Bytes,
            Some(Value::List(_)) => Kind::List,
            Some(Value::Map(_)) => Kind::Map,
        }
    }
}

/// What a slot is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A variable, a field or item of the payload, or a field of trust.
    Term(Expression),
    /// Whether the trust snapshot has an entry for the actor that this names.
    Entry(Expression),
}

/// Classes of one part of a request.
#[derive(Clone, Debug)]
pub struct Class {
    pub kind: Kind,
    /// Values of the part, the most ordinary first; `None` is a missing part. Empty if no context can hold one.
    pub witnesses: Vec<Option<Value>>,
    /// What each of the slot's atoms says.
    pub answers: Vec<Truth>,
}

/// How an atom asks about the items of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Members {
    /// Whether one of these is in it.
    Any(Vec<Literal>),
    /// Whether all of these are.
    All(Vec<Literal>),
}

impl Members {
    pub fn literals(&self) -> &[Literal] {
        match self {
            Members::Any(literals) | Members::All(literals) => literals,
        }
    }
}

/// What an atom needs to know of its slot.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    pub tests: BTreeSet<(Fold, TextTest)>,
    pub numbers: BTreeSet<Number>,
    pub networks: Vec<Network>,
    /// Whether its answer for numbers is found by search rather than from `numbers`.
    pub searched: bool,
    pub members: Option<Members>,
    /// Whether it asks for more of a list than which of some texts are in it: its length, or what else is.
    pub whole_list: bool,
    /// Longest list it tells from longer ones.
    pub length_max: usize,
}

/// An atom about one slot.
#[derive(Clone, Debug)]
pub struct Leaf {
    pub expression: Expression,
    pub needs: Needs,
    /// The coordinate that answers instead, if the atom is beyond the procedure.
    pub free: Option<usize>,
}

/// How the lists of a slot are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// A coordinate for each text that may be in it.
    ByMember,
    /// By lists as witnesses.
    Whole,
}

/// A part that lines read.
#[derive(Debug)]
pub struct Slot {
    pub subject: Subject,
    /// The slot it lies in, and what that must be.
    pub parent: Option<(usize, Kind)>,
    pub leaves: Vec<Leaf>,
    pub classes: Vec<Class>,
    pub listing: Listing,
    /// Texts that may be in the list, where it is told apart by member, with the coordinate of each.
    pub members: Vec<(Literal, usize)>,
    /// The coordinate of classes.
    pub main: usize,
    /// The coordinate of whether the list has something else than texts in it.
    pub junk: Option<usize>,
    /// Whether other slots are compared with it.
    pub related: bool,
    /// Whether it is the start of other slots.
    pub has_parts: bool,
}

/// How many members of a group a list of actors names, as far as atoms can tell.
#[derive(Debug)]
pub struct Quorum {
    pub slot: usize,
    pub group: Text,
    pub counts: BTreeSet<u32>,
    pub coordinate: usize,
    /// Members, and items that are no texts.
    pub classes: Vec<(u32, u32)>,
}

/// What a comparison of two parts can come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    Less,
    Equal,
    Greater,
    /// Equal, without an order.
    Same,
    /// Not equal, without an order.
    Other,
    Unknown,
}

pub const RELATIONS: [Relation; 6] = [
    Relation::Less,
    Relation::Equal,
    Relation::Greater,
    Relation::Same,
    Relation::Other,
    Relation::Unknown,
];

/// What an atom beyond the procedure can come to.
pub const TRUTHS: [Truth; 3] = [Truth::False, Truth::True, Truth::Unknown];

/// An atom beyond the procedure, or all comparisons of two expressions.
#[derive(Debug)]
pub enum Free {
    Atom(Expression),
    Comparison(Expression, Expression),
}

/// What a coordinate is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coordinate {
    Main(usize),
    Junk(usize),
    Member { slot: usize, member: usize },
    Quorum(usize),
    Free(usize),
}

/// A line of a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClauseName {
    /// Which of the policies, from 0.
    pub policy: usize,
    /// The rule.
    pub rule: String,
    /// The line in canonical form.
    pub line: String,
}

/// What an atom refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Atom {
    Leaf {
        slot: usize,
        leaf: usize,
    },
    Quorum {
        quorum: usize,
        count: u32,
    },
    Free {
        free: usize,
    },
    /// A comparison of two parts, by the sign of the operands in their order.
    Compared {
        free: usize,
        sign: usize,
    },
}

/// All coordinates.
#[derive(Debug, Default)]
pub struct Space {
    /// What may be spent.
    pub effort: Effort,
    pub slots: Vec<Slot>,
    pub quorums: Vec<Quorum>,
    pub frees: Vec<Free>,
    pub coordinates: Vec<Coordinate>,
    pub class_counts: Vec<usize>,
    /// Slots, and atoms, by how they are written.
    pub slot_names: BTreeMap<String, usize>,
    pub atom_names: BTreeMap<String, Atom>,
    /// The lines an atom stands in.
    pub clauses: BTreeMap<Atom, BTreeSet<ClauseName>>,
    /// Every text that lines name.
    pub named_texts: BTreeSet<Text>,
}

impl Space {
    /// The coordinate with this many classes that comes next.
    pub fn coordinate(&mut self, coordinate: Coordinate, class_count: usize) -> usize {
        self.coordinates.push(coordinate);
        self.class_counts.push(class_count);
        self.coordinates.len() - 1
    }

    /// The slot with this name.
    pub fn slot(&self, name: &str) -> Option<usize> {
        self.slot_names.get(name).copied()
    }
}
