//! `gatos hook pre-receive`: the push gate's answer, on the terminal of whoever pushes.
//!
//! Git shows each line of our standard error behind `remote: `. A refusal names code, ref, reason and hint, and
//! whether it was recorded. Tests: tests/red_team.

use crate::console::{Answer, Console, Ending};
use crate::input;
use crate::text::{Text, Tone, counted};
use crate::verbs::common;
use gatos_node::push_gate::{PushRefusal, PushVerdict};
use std::path::Path;

/// Refusals told one by one; a push can name thousands of refs.
const TOLD_COUNT_MAX: usize = 20;

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
    let told = verdict.refusals.iter().take(TOLD_COUNT_MAX);
    let mut text = told.fold(Text::new(), |text, refusal| {
        text.then(refusal_text(refusal))
    });
    let untold = verdict.refusals.len().saturating_sub(TOLD_COUNT_MAX);
    if untold > 0 {
        text = text
            .say("and ")
            .say(counted(untold as u64, "more refusal", "more refusals"))
            .end();
    }
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

fn refusal_text(refusal: &PushRefusal) -> Text {
    Text::new()
        .toned(Tone::Bad, refusal.fault.code.as_str())
        .say(": ")
        .foreign(&refusal.reference)
        .say(": ")
        .foreign(&refusal.fault.reason)
        .end()
        .faint("hint: ")
        .foreign(&refusal.fault.hint)
        .end()
}
