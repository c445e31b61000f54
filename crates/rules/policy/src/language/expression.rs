//! Expressions as they are decided: checked, resolved, folded. No names, no sugar, no positions.
//!
//! Sources are [`syntax`](super::syntax); `lower` turns them into expressions, `code` writes expressions into a `.rgc`.
//! What an expression means is [`evaluate`](super::evaluate)'s, one arm for each variant here.
//!
//! INVARIANT: an expression inside a policy has at most [`DEPTH_MAX`] levels and [`NODE_COUNT_MAX`] nodes; `and` and
//! `or` hold at least two operands and none of their own kind; lists hold literals.
//! TWIN: expressions — `lower.rs`, `code.rs`, `evaluate.rs`, `cost.rs`, `print.rs`, docs/formats/rgc.md.

use super::network::Network;
use alloc::boxed::Box;
use alloc::vec::Vec;
use gatos_values::{Glob, Number, Text};

/// Deepest nesting of one expression.
pub const DEPTH_MAX: usize = 24;

/// Most nodes of one expression, list items included.
pub const NODE_COUNT_MAX: usize = 1024;

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// A constant.
    Literal(Literal),
    /// A list of constants.
    List(Vec<Literal>),
    /// A part of the request.
    Variable(Variable),
    /// A member of a map in the payload.
    Field(Box<Expression>, Text),
    /// A member of a map by computed name, or an item of a list by number from 0, in the payload.
    Index(Box<Expression>, Box<Expression>),
    /// What the trust snapshot says of an actor.
    Trust(Box<Expression>, TrustField),
    /// Kleene's not.
    Not(Box<Expression>),
    /// Kleene's and, of two or more.
    And(Vec<Expression>),
    /// Kleene's or, of two or more.
    Or(Vec<Expression>),
    /// A comparison.
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// A sum.
    Add(Box<Expression>, Box<Expression>),
    /// A difference.
    Subtract(Box<Expression>, Box<Expression>),
    /// A multiple by a constant.
    Multiply(Box<Expression>, i128),
    /// Whether a list (first) has an item equal to the second.
    Includes(Box<Expression>, Box<Expression>),
    /// Whether a text has the second as a part, or a list as an item; which of the two is known only with the payload.
    Contains(Box<Expression>, Box<Expression>),
    /// Whether a text (first) starts with the second.
    StartsWith(Box<Expression>, Box<Expression>),
    /// Whether a text (first) ends with the second.
    EndsWith(Box<Expression>, Box<Expression>),
    /// Whether a text matches a pattern with segments between `/`.
    MatchesGlob(Box<Expression>, Glob),
    /// Whether a text is an address in a network.
    InNetwork(Box<Expression>, Network),
    /// Whether the first list has an item equal to some item of the second.
    AnyOf(Box<Expression>, Box<Expression>),
    /// Whether the first list has an item equal to each item of the second.
    AllOf(Box<Expression>, Box<Expression>),
    /// Items of a list, or bytes of a text.
    Length(Box<Expression>),
    /// A text with `A`–`Z` as `a`–`z`.
    Lower(Box<Expression>),
    /// A text with `a`–`z` as `A`–`Z`.
    Upper(Box<Expression>),
    /// Whether a list names at least so many different actors of a group.
    Quorum {
        /// The list of actors.
        actors: Box<Expression>,
        /// The group they must belong to.
        group: Text,
        /// How many of them it takes.
        count: u32,
    },
}

/// A constant of one value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Literal {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer or a decimal.
    Number(Number),
    /// A text.
    Text(Text),
}

/// A part of the request that sources name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variable {
    /// What is asked for, as a text.
    Intent,
    /// Who asks.
    Actor,
    /// The capabilities granted and claimed.
    Caps,
    /// The labels of the data.
    Labels,
    /// Where the data would go or comes from, as the door names it.
    Remote,
    /// The address of the other side.
    RemoteAddr,
    /// The epoch of the event.
    Epoch,
    /// The path of the target.
    Path,
    /// The resource URI.
    Resource,
    /// The payload.
    Payload,
}

impl Variable {
    /// Every variable.
    pub const ALL: [Variable; 10] = [
        Variable::Intent,
        Variable::Actor,
        Variable::Caps,
        Variable::Labels,
        Variable::Remote,
        Variable::RemoteAddr,
        Variable::Epoch,
        Variable::Path,
        Variable::Resource,
        Variable::Payload,
    ];

    /// Its name in sources.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Variable::Intent => "intent",
            Variable::Actor => "actor",
            Variable::Caps => "caps",
            Variable::Labels => "labels",
            Variable::Remote => "remote",
            Variable::RemoteAddr => "remote_addr",
            Variable::Epoch => "epoch",
            Variable::Path => "path",
            Variable::Resource => "resource",
            Variable::Payload => "payload",
        }
    }

    /// The variable of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Variable> {
        Variable::ALL
            .into_iter()
            .find(|variable| variable.as_str() == text)
    }
}

/// What the trust snapshot knows of an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrustField {
    /// The level, a number.
    Level,
    /// The groups, a list of texts.
    Groups,
}

impl TrustField {
    /// Every field.
    pub const ALL: [TrustField; 2] = [TrustField::Level, TrustField::Groups];

    /// Its name in sources.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            TrustField::Level => "level",
            TrustField::Groups => "groups",
        }
    }

    /// The field of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<TrustField> {
        TrustField::ALL
            .into_iter()
            .find(|field| field.as_str() == text)
    }
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// Every comparison.
    pub const ALL: [Comparison; 6] = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ];

    /// The sign in sources.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }

    /// The comparison of this sign.
    #[must_use]
    pub fn parse(sign: &str) -> Option<Comparison> {
        Comparison::ALL
            .into_iter()
            .find(|comparison| comparison.as_str() == sign)
    }

    /// Whether it holds between two things in this order.
    #[must_use]
    pub const fn holds(self, order: core::cmp::Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl Expression {
    /// A constant truth value.
    #[must_use]
    pub const fn bool(value: bool) -> Expression {
        Expression::Literal(Literal::Bool(value))
    }

    /// The constant, if it is one value.
    #[must_use]
    pub const fn as_literal(&self) -> Option<&Literal> {
        match self {
            Expression::Literal(literal) => Some(literal),
            _ => None,
        }
    }

    /// Whether it is a constant or a list of constants.
    #[must_use]
    pub const fn is_constant(&self) -> bool {
        matches!(self, Expression::Literal(_) | Expression::List(_))
    }

    /// The expressions directly inside, from left to right.
    pub fn children(&self) -> impl Iterator<Item = &Expression> {
        let none: &[Expression] = &[];
        let (first, second, rest) = match self {
            Expression::Literal(_) | Expression::List(_) | Expression::Variable(_) => {
                (None, None, none)
            }
            Expression::Field(inner, _)
            | Expression::Trust(inner, _)
            | Expression::Not(inner)
            | Expression::Multiply(inner, _)
            | Expression::MatchesGlob(inner, _)
            | Expression::InNetwork(inner, _)
            | Expression::Length(inner)
            | Expression::Lower(inner)
            | Expression::Upper(inner)
            | Expression::Quorum { actors: inner, .. } => (Some(&**inner), None, none),
            Expression::And(operands) | Expression::Or(operands) => {
                (None, None, operands.as_slice())
            }
            Expression::Index(left, right)
            | Expression::Compare(_, left, right)
            | Expression::Add(left, right)
            | Expression::Subtract(left, right)
            | Expression::Includes(left, right)
            | Expression::Contains(left, right)
            | Expression::StartsWith(left, right)
            | Expression::EndsWith(left, right)
            | Expression::AnyOf(left, right)
            | Expression::AllOf(left, right) => (Some(&**left), Some(&**right), none),
        };
        first.into_iter().chain(second).chain(rest)
    }

    /// Levels of nesting as written: 1 for a constant or a variable.
    #[must_use]
    pub fn depth(&self) -> usize {
        let own = match self {
            Expression::Trust(..) => 2,
            Expression::List(items) => 1 + usize::from(!items.is_empty()),
            _ => 1,
        };
        own + self.children().map(Expression::depth).max().unwrap_or(0)
    }

    /// Nodes, list items included.
    #[must_use]
    pub fn node_count(&self) -> usize {
        let items = match self {
            Expression::List(items) => items.len(),
            _ => 0,
        };
        1 + items + self.children().map(Expression::node_count).sum::<usize>()
    }
}
