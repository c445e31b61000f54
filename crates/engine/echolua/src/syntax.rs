//! From source to syntax tree: lexer, tree, parser.
//!
//! Knows the grammar of Lua 5.4 and nothing of profiles but how numbers are read. Names are slices of the source.
//!
//! INVARIANT: no source makes the parser panic or recurse without bound; a tree is at most [`HEIGHT_MAX`] high.
//! Tests: `tests/it/front.rs`.

pub mod lexer;
pub mod number;
pub mod parser;
pub mod tree;
pub mod walk;

pub use parser::{Parsed, parse};

/// Deepest nesting of statements and expressions that the parser follows, as in Lua.
pub const NESTING_MAX: u32 = 200;
/// Highest syntax tree, counting chains such as `a.b.c` and `1+1+1` too.
pub const HEIGHT_MAX: u32 = 400;
