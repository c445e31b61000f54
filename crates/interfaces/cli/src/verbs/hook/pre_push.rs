//! `gatos hook pre-push`: what of a push may not leave, on the terminal of whoever pushes.
//!
//! Tests: tests/transcripts/leaving.md, with real pushes.

use crate::console::{Answer, Console, Ending};
use crate::input;
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
        let refusals = refusals.iter();
        console.wrong(&super::told(
            refusals.map(|one| (one.reference.as_str(), &one.fault)),
        ));
        Ok(Answer::No)
    }
}
