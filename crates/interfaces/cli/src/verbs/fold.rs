//! `gatos fold`: from events to state, and back to check.

use crate::console::{Console, Ending};
use crate::text::{Text, Tone};
use gatos_node::folding::Roots;
use gatos_values::Text as ValueText;
use std::collections::BTreeMap;

pub mod install;
pub mod run;
pub mod show;
pub mod verify;

/// `gatos fold …`
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Install a compiled fold for a namespace.
    ///
    /// Governance then names the fold's root, so every later event and checkpoint of the namespace is
    /// bound to it. Installing the fold that is there already changes nothing.
    Install(install::Arguments),
    /// Bring a namespace's state up to its events and leave a checkpoint.
    ///
    /// Starts from the newest checkpoint that fits; the result is the same as from the first event on.
    Run(run::Arguments),
    /// Recompute a checkpoint from the events and compare every root.
    Verify(verify::Arguments),
    /// Show the fold installed for a namespace, or in a compiled file.
    Show(show::Arguments),
}

impl Verb {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        match self {
            Verb::Install(arguments) => arguments.run(console),
            Verb::Run(arguments) => arguments.run(console),
            Verb::Verify(arguments) => arguments.run(console),
            Verb::Show(arguments) => arguments.run(console),
        }
    }
}

/// The four roots, a line each.
pub fn roots_text(roots: &Roots) -> Text {
    Text::new()
        .field("state_root", roots.state_root)
        .field("inputs_root", roots.inputs_root)
        .field("policy_root", roots.policy_root)
        .field("fold_root", roots.fold_root)
}

/// Events that did not fit a reducer, a line for each reducer that skipped some.
pub fn skipped_text(skipped: &BTreeMap<ValueText, u64>) -> Text {
    let mut text = Text::new();
    for (reducer, count) in skipped.iter().filter(|(_, count)| **count > 0) {
        let events = crate::text::counted(*count, "event", "events");
        text = text
            .toned(Tone::Warn, format!("  skipped by {reducer}: {events}"))
            .end();
    }
    text
}
