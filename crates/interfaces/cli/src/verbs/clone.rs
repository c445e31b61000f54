//! `gatos clone`: a copy of a repository, verified before it counts.

use crate::console::{Answer, Console, Ending};
use crate::faults;
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone, counted};
use crate::verbs::sync::finding_text;
use gatos_node::sync::CloneReport;
use gatos_node::{Node, NodeOptions, Outcome};
use gatos_values::GovernanceId;
use std::path::{Path, PathBuf};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "clone",
    examples: &[
        example(
            "copy a repository",
            "gatos clone https://git.example/ledger.git",
        ),
        example(
            "accept only the genesis you were told",
            "gatos clone --root blake3:6f1c2d3e4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0 ssh://git.example/ledger.git ledger",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "whether everything held"),
        field("repo", "id of the repository"),
        field("name", "its name in resource URIs"),
        field("trust", "`pinned` with `--root`, else `first-use`"),
        field("events", "events taken over"),
        field("journals", "journals taken over"),
        field(
            "findings",
            "what did not hold, each `{code, resource, reason}`",
        ),
    ]),
    no_when: "the genesis is another than `--root`, or something does not hold",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where the repository is, as `git clone` takes it
    #[arg(value_name = "URL")]
    url: String,
    /// Folder to make [default: last part of the URL]
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Id of the genesis to accept, `blake3:` and 64 hex digits; without it the first one seen is believed
    #[arg(long, value_name = "GENESIS", value_parser = GovernanceId::parse)]
    root: Option<GovernanceId>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let directory = match self.directory {
            Some(directory) => directory,
            None => directory_of(&self.url)?,
        };
        let mut bars = console.bars();
        let cloned = Node::clone_from(
            &self.url,
            &directory,
            self.root.as_ref(),
            NodeOptions::default(),
            &mut |progress| bars.draw(progress),
        );
        bars.finish();
        let report = cloned?;
        for finding in &report.sync.findings {
            console.wrong(&finding_text(finding));
        }
        console.done(&report.to_value(), &text(&report, &directory))?;
        Ok(if report.sync.findings.is_empty() {
            Answer::Yes
        } else {
            Answer::No
        })
    }
}

/// The last part of a URL or path, without `.git`, as `git clone` names folders.
fn directory_of(url: &str) -> Outcome<PathBuf> {
    let path = url.trim_end_matches('/').trim_end_matches("/.git");
    let last = path.rsplit(['/', ':', '\\']).next().unwrap_or_default();
    let name = last.strip_suffix(".git").unwrap_or(last);
    if name.is_empty() || name == "." || name == ".." {
        let fault = faults::usage("clone", &format!("no folder name can be made from `{url}`"));
        return Err(fault.with_hint("name the folder: `gatos clone URL DIR`"));
    }
    Ok(PathBuf::from(name))
}

fn text(report: &CloneReport, directory: &Path) -> Text {
    let text = Text::new()
        .toned(Tone::Good, "cloned ")
        .strong(&report.name)
        .say(" into ")
        .foreign(directory.display())
        .end()
        .field("id", report.repository)
        .field(
            "events",
            counted(report.sync.event_count, "event", "events"),
        );
    match report.pinned {
        true => text.field("trust", "the genesis is the one asked for"),
        false => text.field(
            "trust",
            "on first use; compare the id with its governors, or clone with --root",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_last_part_of_the_url() {
        for (url, expected) in [
            ("https://git.example/a/ledger.git", "ledger"),
            ("git@git.example:ledger.git", "ledger"),
            ("../ledger/", "ledger"),
            ("/srv/ledger/.git", "ledger"),
        ] {
            assert_eq!(directory_of(url), Ok(PathBuf::from(expected)), "{url}");
        }
        for url in ["", "/", "..", ".git"] {
            assert!(directory_of(url).is_err(), "{url}");
        }
    }
}
