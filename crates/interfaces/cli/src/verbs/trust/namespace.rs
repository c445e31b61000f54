//! `gatos trust namespace`: that a namespace exists, and whether what is in it may be exported.

use crate::console::{Console, Ending};
use crate::manual::{Manual, Reply, example};
use crate::verbs::governed::{CHANGE_NO, CHANGE_REPLY, Governing};
use gatos_policy::governance::ChangeOperation;
use gatos_values::Namespace;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "trust namespace",
    examples: &[
        example(
            "a namespace for what may not leave",
            "gatos trust namespace personnel",
        ),
        example(
            "only named namespaces from now on",
            "gatos trust namespace finance --export --govern-creation",
        ),
    ],
    reply: Reply::Document(CHANGE_REPLY),
    no_when: CHANGE_NO,
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Namespace: 1 to 8 names joined by `/`
    #[arg(value_name = "NS", value_parser = Namespace::parse)]
    ns: Namespace,
    /// Mark it for export
    #[arg(long)]
    export: bool,
    /// From now on only namespaces that are named so admit events
    #[arg(long)]
    govern_creation: bool,
    #[command(flatten)]
    governing: Governing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = self.governing.open()?;
        let mut operations = vec![ChangeOperation::NamespaceSet {
            ns: self.ns,
            export: self.export,
        }];
        if self.govern_creation {
            operations.push(ChangeOperation::NamespaceCreation { governed: true });
        }
        self.governing.carry_out(console, &node, operations)
    }
}
