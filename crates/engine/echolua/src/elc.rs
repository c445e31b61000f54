//! ELC: the stored, hashed and verified form of a program.
//!
//! A module is a list of functions; a function is a tree of typed operations whose locals are slots and whose upvalues
//! are resolved. Sugar is gone: methods, loops and conditions have one form each, constants are folded, names are
//! left out. Each operation below has one line of meaning, which is also its line on the format page. What runs is
//! derived from this and may change; this may not.
//!
//! Slots: a function's parameters are slots 0, 1, …; `Local`, `LocalFunction` and loops take the next free slots, and
//! the end of a block frees those it took. So a slot number says which declaration is meant.
//!
//! Operands, arguments and constructor items are computed left to right; the stores of `Assign` run right to left.
//!
//! INVARIANT 1: `encode` and `decode` are inverse, and `decode` accepts nothing that `compile` could not have made safe
//! to run: slots, upvalues, labels, functions, nesting and sizes are checked.
//! INVARIANT 2: in the fold profile, sources that differ in comments, layout and local names only give equal bytes.
//! Format page: `docs/formats/elc.md`. Vectors: `vectors/echolua`. Tests: `tests/it/elc.rs`.

mod decode;
mod encode;
mod verify;
mod weight;

pub use decode::{decode, decode_with_map};
pub use encode::{encode, encode_map};
pub use verify::verify;
pub use weight::{WEIGHT_MAX, back_edge_weight, function_weight, label_weight};

use crate::profile::Profile;
use alloc::boxed::Box;
use alloc::vec::Vec;
use gatos_values::Sha256Digest;
use gatos_values::cbor::CborError;

/// Version of the form.
pub const VERSION: u64 = 1;
/// Version of the form of lines and names beside a fold.
pub const MAP_VERSION: u64 = 1;
/// Largest encoded module that is read, in bytes.
pub const SIZE_MAX: usize = 4 * 1024 * 1024;
/// Locals alive at one place of a function, as in Lua.
pub const SLOT_COUNT_MAX: u32 = 200;
/// Upvalues of a function, as in Lua.
pub const UPVALUE_COUNT_MAX: usize = 255;
/// Deepest nesting of blocks and expressions in one function.
pub const DEPTH_MAX: u32 = 800;

/// A program.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// Which rules it keeps.
    pub profile: Profile,
    /// Main function first, then each function in the order in which its `Function` operation stands in the text.
    pub functions: Vec<Function>,
}

/// A function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Function {
    /// How many parameters: slots 0, 1, ….
    pub parameter_count: u32,
    /// Whether further arguments are kept for `Rest`.
    pub is_variadic: bool,
    /// Where each upvalue comes from when the closure is made.
    pub captures: Vec<Capture>,
    /// What it does.
    pub body: Block,
    /// Lines and names: part of a script's bytes, beside the bytes of a fold.
    pub debug: FunctionDebug,
}

/// Names of a function for messages and traces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FunctionDebug {
    /// Line of the word `function`; 0 for the main function.
    pub line: u32,
    /// Line of the word `end`.
    pub end_line: u32,
    /// Names of the slots in the order of their declarations: parameters, then the body's from top to bottom.
    pub locals: Vec<Box<str>>,
    /// Names of the upvalues.
    pub upvalues: Vec<Box<str>>,
}

/// Where an upvalue comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// A slot of the enclosing function that is alive where the closure is made.
    Local(u32),
    /// An upvalue of the enclosing function.
    Upvalue(u32),
    /// The table of globals; upvalue 0 of a script's main function only.
    Globals,
}

/// Statements, run in order; their slots are free afterwards.
pub type Block = Vec<Statement>;

/// A list of values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// One value each, in order; of a call's results the first, or nil.
    pub single: Vec<Expression>,
    /// A `Call`, `Method` or `Rest` whose values all follow.
    pub rest: Option<Box<Expression>>,
}

/// An operation without a value.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    missing_docs,
    reason = "the line above each operation names its fields"
)]
pub enum Statement {
    /// Takes `count` new slots and gives them the values, filled up with nil; further values are dropped.
    Local { count: u32, values: Values },
    /// Marks a slot of this block: its value's `__close` runs when the block is left. Scripts only.
    Close { slot: u32, line: u32 },
    /// Takes a new slot, then gives it a closure of the function, which can see the slot.
    LocalFunction { function: u32 },
    /// Computes the targets' tables and keys, then the values, then stores from the last target to the first.
    Assign {
        targets: Vec<Target>,
        values: Values,
    },
    /// Computes a `Call` or `Method` and drops what it gives.
    Call(Expression),
    /// Runs a block.
    Do(Block),
    /// While the condition is true, runs the block.
    While { condition: Expression, body: Block },
    /// Runs the block until the condition, which sees the block's slots, is true.
    Repeat { body: Block, condition: Expression },
    /// Runs the first block if the condition is true, else the second.
    If {
        condition: Expression,
        then: Block,
        otherwise: Block,
    },
    /// Counts from start to limit by step; the block's first slot is the count.
    NumericFor {
        start: Expression,
        limit: Expression,
        step: Expression,
        body: Block,
        line: u32,
    },
    /// Calls the first of three values with the second and third until its first result is nil; the block's first
    /// `count` slots are the results. The fourth value is closed at the end.
    GenericFor {
        count: u32,
        values: Values,
        body: Block,
        line: u32,
    },
    /// Goes on at the label of this number.
    Goto { label: u32 },
    /// A label; labels are numbered from 0 in each function, from top to bottom.
    Label { label: u32 },
    /// Leaves the innermost loop.
    Break,
    /// Leaves the function with the values. A sole `Call` or `Method` as the rest takes the function's place.
    Return { values: Values, line: u32 },
}

/// What can be assigned to.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    missing_docs,
    reason = "the line above each operation names its fields"
)]
pub enum Target {
    /// A slot.
    Local(u32),
    /// An upvalue.
    Upvalue(u32),
    /// A name of [`crate::names::EXPORTS`]. Folds only.
    Export(u32),
    /// A key of a table.
    Index {
        table: Expression,
        key: Expression,
        line: u32,
    },
}

/// An operation with a value.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    missing_docs,
    reason = "the line above each operation names its fields"
)]
pub enum Expression {
    /// nil.
    Nil,
    /// false or true.
    Boolean(bool),
    /// An integer of 64 bits.
    Integer(i64),
    /// A binary64 by its bits; a NaN is canonical. Scripts only.
    Float(u64),
    /// A Q32.32 by its steps; never whole. Folds only.
    Fixed(i64),
    /// A string.
    Text(Box<[u8]>),
    /// The further arguments.
    Rest,
    /// The value of a slot.
    Local(u32),
    /// The value of an upvalue.
    Upvalue(u32),
    /// The value of a name of [`crate::names::EXPORTS`]; nil before it is assigned. Folds only.
    Export(u32),
    /// The function or table of the library with this name. Folds only.
    Intrinsic(&'static str),
    /// A new closure of the function.
    Function(u32),
    /// A new table: keyed and listed items are stored in order, the rest's values follow the listed ones.
    Table {
        items: Vec<Item>,
        rest: Option<Box<Expression>>,
        line: u32,
    },
    /// An operation of one operand.
    Unary {
        operator: Unary,
        operand: Box<Expression>,
        line: u32,
    },
    /// An operation of two operands.
    Binary {
        operator: Binary,
        operands: Box<(Expression, Expression)>,
        line: u32,
    },
    /// The strings and numbers joined into one string, from the right as `..` associates.
    Concat {
        operands: Vec<Expression>,
        line: u32,
    },
    /// The left value if it is false or nil, else the right one.
    And(Box<(Expression, Expression)>),
    /// The left value unless it is false or nil, else the right one.
    Or(Box<(Expression, Expression)>),
    /// The value of a key of a table.
    Index {
        operands: Box<(Expression, Expression)>,
        line: u32,
    },
    /// Calls a function.
    Call {
        function: Box<Expression>,
        arguments: Values,
        line: u32,
    },
    /// Computes an object once, takes its member `name` and calls it with the object before the arguments.
    Method {
        object: Box<Expression>,
        name: Box<[u8]>,
        arguments: Values,
        line: u32,
    },
}

/// An item of a table constructor.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// The next of 1, 2, ….
    Listed(Expression),
    /// A key and its value.
    Keyed(Expression, Expression),
}

/// Operations of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// The number with the other sign.
    Negate,
    /// true for false and nil, else false.
    Not,
    /// The length of a string or table.
    Length,
    /// The integer with every bit changed.
    BitNot,
}

/// Operations of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// The sum.
    Add,
    /// The difference.
    Subtract,
    /// The product.
    Multiply,
    /// The quotient, not floored.
    Divide,
    /// The quotient's floor.
    FloorDivide,
    /// The remainder of the floored quotient.
    Modulo,
    /// The power.
    Power,
    /// Bitwise and of integers.
    BitAnd,
    /// Bitwise or of integers.
    BitOr,
    /// Bitwise exclusive or of integers.
    BitXor,
    /// The left integer shifted left; zeros come in, a negative count shifts right.
    ShiftLeft,
    /// The left integer shifted right; zeros come in, a negative count shifts left.
    ShiftRight,
    /// Whether the two are equal.
    Equal,
    /// Whether left is less than right.
    Less,
    /// Whether left is at most right.
    LessEqual,
    /// Whether right is less than left; left is computed first.
    Greater,
    /// Whether right is at most left; left is computed first.
    GreaterEqual,
}

/// Why bytes are no ELC.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ElcError {
    /// Not canonical CBOR.
    #[error("not canonical CBOR: {0}")]
    Cbor(#[from] CborError),
    /// Another version.
    #[error("ELC version {found}, this engine reads {VERSION}")]
    Version {
        /// The version found.
        found: u64,
    },
    /// Larger than [`SIZE_MAX`].
    #[error("the module has {size} bytes, the limit is {SIZE_MAX}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// A node is not of the form it should have.
    #[error("{reason} (byte {offset})")]
    Form {
        /// What is wrong.
        reason: &'static str,
        /// Byte offset behind the item that is wrong.
        offset: usize,
    },
    /// The module is well formed and breaks a rule.
    #[error("function {function}: {reason}")]
    Invalid {
        /// Index of the function.
        function: usize,
        /// The rule.
        reason: &'static str,
    },
}

impl Module {
    /// SHA-256 of the encoded module.
    #[must_use]
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(&encode(self))
    }
}

impl Expression {
    /// Whether it can give any number of values.
    #[must_use]
    pub const fn is_multiple(&self) -> bool {
        matches!(
            self,
            Expression::Rest | Expression::Call { .. } | Expression::Method { .. }
        )
    }

    /// Whether it is nil or false.
    pub(crate) const fn is_constant_false(&self) -> bool {
        matches!(self, Expression::Nil | Expression::Boolean(false))
    }

    /// Whether it is a constant that counts as true.
    pub(crate) const fn is_constant_true(&self) -> bool {
        matches!(
            self,
            Expression::Boolean(true)
                | Expression::Integer(_)
                | Expression::Float(_)
                | Expression::Fixed(_)
                | Expression::Text(_)
        )
    }
}
