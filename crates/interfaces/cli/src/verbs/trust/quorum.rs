//! `gatos trust quorum`: who must agree to a kind of action besides the governors.

use crate::console::{Console, Ending};
use crate::manual::{Manual, Reply, example};
use crate::verbs::governed::{CHANGE_NO, CHANGE_REPLY, Governing};
use clap::builder::PossibleValuesParser;
use gatos_policy::governance::{ChangeOperation, GovernedAction, QuorumRule};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "trust quorum",
    examples: &[
        example(
            "policies need developers and security",
            "gatos trust quorum policy \"2 of dev and 1 of security\" --propose",
        ),
        example(
            "leave it to the governors again",
            "gatos trust quorum policy",
        ),
    ],
    reply: Reply::Document(CHANGE_REPLY),
    no_when: CHANGE_NO,
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Which action
    #[arg(value_name = "ACTION", value_parser = PossibleValuesParser::new(GovernedAction::ALL.map(GovernedAction::as_str)))]
    action: String,
    /// The rule, such as `2 of dev and 1 of security`; without one the governors are enough
    #[arg(value_name = "RULE", value_parser = QuorumRule::parse)]
    rule: Option<QuorumRule>,
    #[command(flatten)]
    governing: Governing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = self.governing.open()?;
        let action = GovernedAction::parse(&self.action)
            .ok_or_else(|| crate::faults::usage("trust quorum", "there is no such action"))?;
        let rule = self.rule;
        let operations = vec![ChangeOperation::QuorumSet { action, rule }];
        self.governing.carry_out(console, &node, operations)
    }
}
