//! The syntax tree of one expression, as written, with places.
//!
//! The parser makes it from a text; `lower` checks and resolves it; `print` writes it in the one layout. Short forms
//! such as `has_cap` are still there.
//!
//! Grammar: docs/formats/rgs.md. Tests: `parser/tests.rs`.

pub use super::names::{Function, Relation};
pub use super::parser::{CLAUSE_SIZE_MAX, SyntaxError, parse};
pub use super::print::print;

use super::expression::Comparison;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_values::{Number, Text};

/// One node and where it starts.
#[derive(Clone, Debug)]
pub struct Node {
    /// Byte offset in the expression's text.
    pub offset: usize,
    /// What it is.
    pub form: Form,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Form {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer or a decimal.
    Number(Number),
    /// A text.
    Text(Text),
    /// `[a, b]`.
    List(Vec<Node>),
    /// A word that stands for a part of the request.
    Name(String),
    /// `a.b`.
    Field(Box<Node>, String),
    /// `a[b]`.
    Index(Box<Node>, Box<Node>),
    /// `not a`.
    Not(Box<Node>),
    /// `a and b`, two operands or more.
    And(Vec<Node>),
    /// `a or b`, two operands or more.
    Or(Vec<Node>),
    /// `a == b` and its like.
    Compare(Comparison, Box<Node>, Box<Node>),
    /// `a + b`.
    Add(Box<Node>, Box<Node>),
    /// `a - b`.
    Subtract(Box<Node>, Box<Node>),
    /// `a * b`.
    Multiply(Box<Node>, Box<Node>),
    /// `a includes b` and its like, or the same as a call.
    Relation(Relation, Box<Node>, Box<Node>),
    /// `len(a)` and its like.
    Call(Function, Vec<Node>),
}

impl Node {
    /// Two nodes of one meaning but for places.
    #[must_use]
    pub fn same_form(&self, other: &Node) -> bool {
        print(self) == print(other)
    }
}
