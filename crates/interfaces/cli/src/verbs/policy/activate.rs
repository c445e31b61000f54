//! `gatos policy activate`: a policy comes into force.

use crate::console::{Console, Ending};
use crate::input;
use crate::manual::{Manual, Reply, example};
use crate::verbs::governed::{CHANGE_NO, CHANGE_REPLY, Governing};
use gatos_node::{Node, Outcome};
use gatos_values::{GovernanceId, Sha256Digest};
use std::path::PathBuf;

/// The compiled policy, and its sources by name.
type Bundle = (Vec<u8>, Vec<(String, Vec<u8>)>);

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "policy activate",
    examples: &[
        example(
            "compile and activate",
            "gatos policyc policy.rgs -o policy.rgc && gatos policy activate policy.rgc --source policy.rgs",
        ),
        example(
            "the policy of another repository, by its digest",
            "gatos policy activate --from ../ledger --policy sha256:f462cb67dd0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2 --propose",
        ),
    ],
    reply: Reply::Document(CHANGE_REPLY),
    no_when: CHANGE_NO,
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Compiled policy, as `gatos policyc` writes it
    #[arg(value_name = "FILE.rgc", required_unless_present = "from")]
    file: Option<PathBuf>,
    /// Source to keep beside it; may be repeated
    #[arg(long, value_name = "SRC", conflicts_with = "from")]
    source: Vec<PathBuf>,
    /// Take the policy from the repository in this folder
    #[arg(long, value_name = "DIR", conflicts_with = "file", requires = "policy")]
    from: Option<PathBuf>,
    /// Root of the policy to take from there
    #[arg(long, value_name = "ROOT", value_parser = Sha256Digest::parse, requires = "from")]
    policy: Option<Sha256Digest>,
    /// Genesis that the other repository must have
    #[arg(long, value_name = "GENESIS", value_parser = GovernanceId::parse, requires = "from")]
    root: Option<GovernanceId>,
    #[command(flatten)]
    governing: Governing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = self.governing.open()?;
        let (rgc, sources) = self.bundle(&node)?;
        let operations = vec![node.prepare_policy(&rgc, &sources)?];
        self.governing.carry_out(console, &node, operations)
    }
}

impl Arguments {
    fn bundle(&self, node: &Node) -> Outcome<Bundle> {
        if let (Some(from), Some(policy)) = (&self.from, self.policy) {
            let kept = node.policy_from(from, policy, self.root.as_ref())?;
            return Ok((kept.rgc, kept.sources));
        }
        let file = self.file.clone().unwrap_or_default();
        let mut sources = Vec::new();
        for path in &self.source {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            sources.push((
                name.into_owned(),
                input::read(path, input::SOURCE_SIZE_MAX)?,
            ));
        }
        Ok((input::read(&file, input::SOURCE_SIZE_MAX)?, sources))
    }
}
