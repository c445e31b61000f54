//! The gatos command.
#![forbid(unsafe_code)]
fn main() {}
