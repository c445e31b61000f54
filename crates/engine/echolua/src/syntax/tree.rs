//! The syntax tree: what the source says, with the place of every part.
//!
//! The tree keeps sugar, parentheses and names; `compile` makes ELC of it. Editors use it as it is.
//! Tests: `tests/it/front.rs`.

use crate::finding::Place;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A name with its place.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    /// The name.
    pub text: &'a str,
    /// Where it starts.
    pub place: Place,
}

/// A list of statements.
#[derive(Clone, Debug, Default)]
pub struct Block<'a> {
    /// In order.
    pub statements: Vec<Statement<'a>>,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    /// Where it starts.
    pub place: Place,
    /// What it is.
    pub kind: StatementKind<'a>,
}

/// The kinds of statement.
#[derive(Clone, Debug)]
pub enum StatementKind<'a> {
    /// `local a <const>, b = …`
    Local(Vec<(Name<'a>, Attribute)>, Vec<Expression<'a>>),
    /// `local function f …`
    LocalFunction(Name<'a>, Box<FunctionBody<'a>>),
    /// `a, b.c = …`; `function a.b()` is an assignment too
    Assign(Vec<Expression<'a>>, Vec<Expression<'a>>),
    /// A call for its effect.
    Call(Expression<'a>),
    /// `do … end`
    Do(Block<'a>),
    /// `while … do … end`
    While(Expression<'a>, Block<'a>),
    /// `repeat … until …`
    Repeat(Block<'a>, Expression<'a>),
    /// `if … elseif … else … end`
    If(Vec<(Expression<'a>, Block<'a>)>, Option<Block<'a>>),
    /// `for i = a, b, c do … end`
    NumericFor(
        Name<'a>,
        Box<[Expression<'a>; 2]>,
        Option<Expression<'a>>,
        Block<'a>,
    ),
    /// `for a, b in … do … end`
    GenericFor(Vec<Name<'a>>, Vec<Expression<'a>>, Block<'a>),
    /// `goto a`
    Goto(Name<'a>),
    /// `::a::`
    Label(Name<'a>),
    /// `break`
    Break,
    /// `return …`
    Return(Vec<Expression<'a>>),
}

/// What stands in angle brackets behind a local name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// Nothing.
    None,
    /// `<const>`
    Const,
    /// `<close>`
    Close,
}

/// One expression.
#[derive(Clone, Debug)]
pub struct Expression<'a> {
    /// Where it starts; for calls, indexing and operators where the bracket or operator stands.
    pub place: Place,
    /// How high the tree below is, itself included.
    pub height: u32,
    /// What it is.
    pub kind: ExpressionKind<'a>,
}

/// The kinds of expression.
#[derive(Clone, Debug)]
pub enum ExpressionKind<'a> {
    /// `nil`
    Nil,
    /// `true`
    True,
    /// `false`
    False,
    /// `...`
    Rest,
    /// An integer literal.
    Integer(i64),
    /// A float literal of a script.
    Float(f64),
    /// A fraction literal of a fold, in steps.
    Fixed(i64),
    /// A string literal.
    Text(Vec<u8>),
    /// A variable.
    Name(&'a str),
    /// `a[b]`, `a.b`
    Index(Box<Expression<'a>>, Box<Expression<'a>>),
    /// `f(…)`
    Call(Box<Expression<'a>>, Vec<Expression<'a>>),
    /// `a:f(…)`
    Method(Box<Expression<'a>>, Name<'a>, Vec<Expression<'a>>),
    /// `function(…) … end`
    Function(Box<FunctionBody<'a>>),
    /// `{…}`
    Table(Vec<Field<'a>>),
    /// `-a`
    Unary(UnaryOperator, Box<Expression<'a>>),
    /// `a + b`
    Binary(BinaryOperator, Box<Expression<'a>>, Box<Expression<'a>>),
    /// `(a)`
    Parenthesised(Box<Expression<'a>>),
}

/// One item of a table constructor.
#[derive(Clone, Debug)]
pub enum Field<'a> {
    /// `a`
    Item(Expression<'a>),
    /// `[k] = v`, `k = v`
    Pair(Expression<'a>, Expression<'a>),
}

/// Parameters and body of a function.
#[derive(Clone, Debug)]
pub struct FunctionBody<'a> {
    /// The word `function`.
    pub place: Place,
    /// The last line.
    pub end_line: u32,
    /// Parameters in order; `self` first for methods.
    pub parameters: Vec<Name<'a>>,
    /// Whether `...` follows.
    pub is_variadic: bool,
    /// The body.
    pub body: Block<'a>,
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOperator {
    /// `-`
    Negate,
    /// `not`
    Not,
    /// `#`
    Length,
    /// `~`
    BitNot,
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum BinaryOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    ShiftRight,
    Concat,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
}
