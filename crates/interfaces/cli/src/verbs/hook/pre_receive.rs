//! `gatos hook pre-receive`: the push gate's answer, on the terminal of whoever pushes.
//!
//! Git shows each line of our standard error behind `remote: `. A refusal names code, ref, reason and hint, and
//! whether it was recorded. Tests: tests/red_team.

use crate::console::{Answer, Console, Ending};
use crate::input;
use crate::text::{Text, counted};
use crate::verbs::common;
use gatos_node::push_gate::PushVerdict;
use std::path::Path;

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let lines = input::read(
            Path::new("-"),
            gatos_node::push_gate::HOOK_INPUT_SIZE_MAX as u64,
        )?;
        let node = common::open()?;
        let verdict = node.judge_push_of_hook(&lines)?;
        if verdict.refusals.is_empty() {
            return Ok(Answer::Yes);
        }
        console.wrong(&text(&verdict));
        Ok(Answer::No)
    }
}

fn text(verdict: &PushVerdict) -> Text {
    let refusals = verdict.refusals.iter();
    let mut text = super::told(refusals.map(|one| (one.reference.as_str(), &one.fault)));
    for record in &verdict.records {
        text = text
            .faint("recorded: ")
            .foreign(record.id)
            .faint(" (gatos audit show)")
            .end();
    }
    if verdict.counted > 0 {
        text = text
            .faint("counted, not recorded: ")
            .say(counted(
                verdict.counted as u64,
                "refusal that is repeated or has no signature that holds",
                "refusals that are repeated or have no signature that holds",
            ))
            .end();
    }
    text
}
