//! `gatos hook`: what Git hooks call. Not for people, so no help lists it.

use crate::console::{Console, Ending};
use crate::text::{Text, Tone, counted};
use gatos_node::Fault;

pub mod pre_push;
pub mod pre_receive;

/// Refusals told one by one; a push can name thousands of refs.
const TOLD_COUNT_MAX: usize = 20;

/// Refused refs with their reasons, on the terminal of whoever pushes.
fn told<'a>(refusals: impl ExactSizeIterator<Item = (&'a str, &'a Fault)>) -> Text {
    let untold = refusals.len().saturating_sub(TOLD_COUNT_MAX);
    let told = refusals.take(TOLD_COUNT_MAX);
    let text = told.fold(Text::new(), |text, (reference, fault)| {
        text.toned(Tone::Bad, fault.code.as_str())
            .say(": ")
            .foreign(reference)
            .say(": ")
            .foreign(&fault.reason)
            .end()
            .faint("hint: ")
            .foreign(&fault.hint)
            .end()
    });
    match untold {
        0 => text,
        _ => text
            .say("and ")
            .say(counted(untold as u64, "more refusal", "more refusals"))
            .end(),
    }
}

/// `gatos hook …`
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Say what of a push may not leave: `<local ref> <local id> <remote ref> <remote id>` lines on standard input.
    PrePush(pre_push::Arguments),
    /// Judge a push: `<old> <new> <ref>` lines on standard input, in the environment git gives the hook.
    PreReceive(pre_receive::Arguments),
}

impl Verb {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        match self {
            Verb::PrePush(arguments) => arguments.run(console),
            Verb::PreReceive(arguments) => arguments.run(console),
        }
    }
}

#[cfg(test)]
mod tests;
