//! `gatos grants list`: grants in force and proposals.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::text::Text;
use crate::verbs::{common, governed, grants};
use gatos_node::proposals::StoredProposal;
use gatos_node::reply;
use gatos_values::Value;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "grants list",
    examples: &[example(
        "who may do what, and what waits",
        "gatos grants list",
    )],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field(
            "grants",
            "each `{grant, issuer, subject, caps, resource, from_epoch, until_epoch, prev}`",
        ),
        field(
            "proposals",
            "each as `gatos grants show` says, but `policy`",
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
        let node = common::open()?;
        let (chain, proposals) = (node.governance()?, node.proposals()?);
        let (mut values, mut text) = (Vec::new(), Text::new());
        for (id, record) in chain.grants_at(chain.version()) {
            let grant = &record.signed.grant;
            let caps: Vec<String> = grant
                .caps
                .iter()
                .map(|cap| cap.as_str().to_owned())
                .collect();
            let held = record
                .hangs_on_at(chain.version())
                .map(|held| held.to_string());
            text = text
                .foreign(&grant.issuer)
                .say(" gives ")
                .foreign(&grant.subject)
                .say(" ")
                .foreign(caps.join(", "))
                .say(" on ")
                .foreign(&grant.resource)
                .end()
                .field("grant", id);
            values.push(reply::object(vec![
                ("grant", reply::text(&id.to_string())),
                ("issuer", reply::text(grant.issuer.as_str())),
                ("subject", reply::text(grant.subject.as_str())),
                ("caps", governed::texts(&caps)),
                ("resource", reply::text(&grant.resource.to_string())),
                ("from_epoch", reply::count(grant.not_before_epoch)),
                (
                    "until_epoch",
                    grant.expires_epoch.map_or(Value::Null, reply::count),
                ),
                ("prev", reply::optional_text(held.as_deref())),
            ]));
        }
        for proposal in &proposals {
            text = text.then(grants::proposal_text(proposal));
        }
        let proposals = proposals.iter().map(StoredProposal::to_value).collect();
        let fields = [
            ("grants", Value::List(values)),
            ("proposals", Value::List(proposals)),
        ];
        console.show(&document(true, fields), &text)?;
        Ok(Answer::Yes)
    }
}
