//! `gatos hook pre-push`: what of a push may not leave, on the terminal of whoever pushes.
//!
//! Tests: tests/transcripts/leaving.md, with real pushes.

use crate::console::{Answer, Console, Ending};
use crate::input;
use crate::text::{Text, Tone};
use crate::verbs::common;
use std::path::Path;

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Name of the remote, or its address where it has no name
    remote: String,
    /// Address of the remote
    url: String,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let lines = input::read(
            Path::new("-"),
            gatos_node::push_gate::HOOK_INPUT_SIZE_MAX as u64,
        )?;
        let node = common::open()?;
        let refusals = node.judge_leaving_of_hook(&self.remote, &lines)?;
        if refusals.is_empty() {
            return Ok(Answer::Yes);
        }
        let text = refusals.iter().fold(Text::new(), |text, refusal| {
            text.toned(Tone::Bad, refusal.fault.code.as_str())
                .say(": ")
                .foreign(&refusal.reference)
                .say(": ")
                .foreign(&refusal.fault.reason)
                .end()
                .faint("hint: ")
                .foreign(&refusal.fault.hint)
                .end()
        });
        console.wrong(&text);
        Ok(Answer::No)
    }
}
