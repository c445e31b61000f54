//! `gatos grants verify`: a proof of agreement, checked from its file alone.

use crate::console::{Answer, Console, Ending, document};
use crate::input;
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone};
use crate::verbs::governed;
use gatos_node::{Fault, reply};
use gatos_policy::governance::consensus::{CONSENSUS_PROOF_SIZE_MAX, verify_proof};
use gatos_values::{ErrorCode, GovernanceId};
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "grants verify",
    examples: &[
        example("does it hold", "gatos grants verify consensus.json"),
        example(
            "and is it about the repository you know",
            "gatos grants verify consensus.json --root blake3:6f1c2d3e4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("repo", "id of the repository it is about"),
        field("trust", "`pinned` with `--root`, else `self-asserted`"),
        field("version", "governance version that was agreed to"),
        field("gov", "its id"),
        field("approvers", "who agreed"),
        field("threshold", "how many governors had to"),
        field("rules", "quorum rules that were met"),
    ]),
    no_when: "the proof does not hold, or is about another repository than `--root`",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The proof
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Genesis of the repository it must be about
    #[arg(long, value_name = "GENESIS", value_parser = GovernanceId::parse)]
    root: Option<GovernanceId>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let bytes = input::read(&self.file, CONSENSUS_PROOF_SIZE_MAX as u64)?;
        let report = verify_proof(&bytes)
            .map_err(|error| Fault::from(error).at(input::shown(&self.file)))?;
        if let Some(root) = self.root
            && root != report.repository
        {
            let reason = format!(
                "the proof is about repository `{}`, not `{root}`",
                report.repository
            );
            return Err(
                Fault::new(ErrorCode::RepoMismatch, input::shown(&self.file), reason).into(),
            );
        }
        let names: Vec<String> = report.approvers.iter().map(ToString::to_string).collect();
        let rules: Vec<String> = report
            .rules
            .iter()
            .map(|rule| format!("{}: {}", rule.action.as_str(), rule.rule))
            .collect();
        let trust = if self.root.is_some() {
            "pinned"
        } else {
            "self-asserted"
        };
        let value = document(
            true,
            [
                ("repo", reply::text(&report.repository.to_string())),
                ("trust", reply::text(trust)),
                ("version", reply::count(report.version)),
                ("gov", reply::text(&report.change.to_string())),
                ("approvers", governed::texts(&names)),
                ("threshold", reply::count(report.threshold)),
                ("rules", governed::texts(&rules)),
            ],
        );
        let mut text = Text::new()
            .toned(Tone::Good, "agreed ")
            .strong(format!("version {}", report.version))
            .end()
            .field("by", names.join(", "))
            .field("id", report.repository);
        for rule in &rules {
            text = text.field("rule", rule);
        }
        if self.root.is_none() {
            text = text.field(
                "trust",
                "self-asserted; name the genesis you know with --root",
            );
        }
        console.show(&value, &text)?;
        Ok(Answer::Yes)
    }
}
