//! The one error type of the crate: why a number could not be read or computed.
//!
//! Offsets count bytes from the start of the text that was given to the parser.

/// Why a number could not be parsed or an operation has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// The exact or rounded result does not fit the type.
    #[error("the result does not fit the number type")]
    Overflow,
    /// Division or remainder by zero.
    #[error("division by zero")]
    DivideByZero,
    /// The operation is not defined for this argument, for example the square root of −1.
    #[error("the operation is not defined for this number")]
    Domain,
    /// The text is not `-?(0|[1-9][0-9]*)(\.[0-9]+)?`.
    #[error("not a decimal number at byte {offset}")]
    Syntax {
        /// Byte offset of the first byte that does not fit the grammar.
        offset: usize,
    },
    /// The text is well formed but its value lies outside the type's range.
    #[error("the number is out of range")]
    Range,
}
