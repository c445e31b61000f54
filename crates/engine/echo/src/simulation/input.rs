//! Inputs: everything that reaches a world from outside, at the beginning of a tick.
//!
//! Tests: `tests/it/simulation.rs`.

use crate::bus::Draft;
use alloc::string::String;
use alloc::vec::Vec;

/// Something from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// An envelope, emitted in the name of `input`.
    Emit(Draft),
    /// Other code for a script.
    Reload {
        /// The script.
        script: String,
        /// Its compiled code.
        code: Vec<u8>,
    },
    /// This is the last tick; scripts are told at its end. It is the last input.
    Stop,
}
