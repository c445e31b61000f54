//! `gatos canon`: canonical bytes for every other tool.

use crate::console::{Console, Ending};

pub mod check;
pub mod encode;

/// `gatos canon …`
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Turn a JSON text on standard input into its canonical bytes.
    ///
    /// Any well-formed JSON text of the value model is taken: white space, key order and spelling of
    /// numbers and escapes are free. The output has exactly one form for each value and no line end.
    Encode(encode::Arguments),
    /// Tell whether the bytes on standard input are canonical.
    Check(check::Arguments),
}

impl Verb {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        match self {
            Verb::Encode(arguments) => arguments.run(console),
            Verb::Check(arguments) => arguments.run(console),
        }
    }
}
