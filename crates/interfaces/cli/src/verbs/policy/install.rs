//! `gatos policy install`: the policy of a bundle comes into force.

use crate::console::{Console, Ending};
use crate::manual::{Manual, Reply, example};
use crate::text::Text;
use crate::verbs::governed::{CHANGE_NO, CHANGE_REPLY, Governing};
use gatos_values::{GovernanceId, Sha256Digest};
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "policy install",
    examples: &[
        example(
            "the rules of another repository",
            "gatos policy install rules.bundle@sha256:f462cb67dd0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2 --propose",
        ),
        example(
            "straight out of its folder",
            "gatos policy install ../ledger@sha256:f462cb67dd0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2",
        ),
    ],
    reply: Reply::Document(CHANGE_REPLY),
    no_when: CHANGE_NO,
};

/// A bundle by its digest.
#[derive(Clone, Debug)]
struct Pinned {
    source: PathBuf,
    digest: Sha256Digest,
}

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A bundle, or the folder of a repository, and the bundle's digest: `FILE@sha256:…`
    #[arg(value_name = "FROM@DIGEST", value_parser = pinned)]
    from: Pinned,
    /// Genesis that the policy must come from
    #[arg(long, value_name = "GENESIS", value_parser = GovernanceId::parse)]
    root: Option<GovernanceId>,
    #[command(flatten)]
    governing: Governing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = self.governing.open()?;
        let Pinned { source, digest } = &self.from;
        let taken = node.policy_of_bundle(source, *digest, self.root.as_ref())?;
        console.note(
            &Text::new()
                .say("from repository ")
                .foreign(&taken.report.name)
                .say(format!(", {}\n", taken.report.trust_root)),
        );
        let operation = node.prepare_policy(&taken.kept.rgc, &taken.kept.sources)?;
        self.governing.carry_out(console, &node, vec![operation])
    }
}

/// `FROM@sha256:…`; the name of a file may hold an `@` of its own.
fn pinned(text: &str) -> Result<Pinned, String> {
    let Some((source, digest)) = text.rsplit_once('@') else {
        return Err("it names no digest: write `FILE@sha256:…`".to_owned());
    };
    if source.is_empty() {
        return Err("it names no file".to_owned());
    }
    Ok(Pinned {
        source: PathBuf::from(source),
        digest: Sha256Digest::parse(digest).map_err(|error| error.to_string())?,
    })
}
