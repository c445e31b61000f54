//! `gatos trust log`: the versions of governance in words.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::text::Text;
use crate::verbs::common;
use crate::verbs::governed::listed;
use gatos_node::trust::TrustVersion;
use gatos_values::{Actor, Value};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "trust log",
    examples: &[example("how trust came to be", "gatos trust log")],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field(
            "versions",
            "each `{version, gov, ulid, signers, changes, cut}`, oldest first; `cut` counts the journals its cut keeps",
        ),
    ]),
    no_when: "",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        show(console, &common::open()?.trust_log()?)
    }
}

/// Shows versions.
pub fn show(console: &mut Console, versions: &[TrustVersion]) -> Ending {
    let values = versions.iter().map(TrustVersion::to_value).collect();
    let mut text = Text::new();
    for version in versions {
        let signers: Vec<&str> = version.signers.iter().map(Actor::as_str).collect();
        text = text
            .strong(format!("version {}", version.version))
            .say(", signed by ")
            .foreign(signers.join(", "))
            .end()
            .then(listed(&version.changes));
    }
    console.show(&document(true, [("versions", Value::List(values))]), &text)?;
    Ok(Answer::Yes)
}
