//! `gatos fold install`: governance names a fold for a namespace.

use crate::console::{Answer, Console, Ending};
use crate::input;
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone};
use crate::verbs::common::{self, NamespaceArgument, Signing};
use gatos_node::folding::InstallReport;
use std::path::{Path, PathBuf};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "fold install",
    examples: &[
        example(
            "compile and install",
            "gatos foldc folds/invoices.yaml -o invoices.rgf && gatos fold install invoices.rgf --ns finance",
        ),
        example(
            "keep the source beside it",
            "gatos fold install invoices.rgf --ns finance --source folds/invoices.yaml",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("ns", "the namespace"),
        field("fold_root", "SHA-256 of the fold"),
        field("gov", "governance version that names it"),
        field("unchanged", "whether it was installed before"),
    ]),
    no_when: "the file is no fold, or too few governors' keys are at hand",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Compiled fold, as `gatos foldc` writes it
    #[arg(value_name = "FILE.rgf")]
    file: PathBuf,
    #[command(flatten)]
    namespace: NamespaceArgument,
    /// Source to keep beside the compiled fold
    #[arg(long, value_name = "SRC")]
    source: Option<PathBuf>,
    #[command(flatten)]
    signing: Signing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let rgf = input::read(&self.file, input::SOURCE_SIZE_MAX)?;
        let source = match &self.source {
            Some(path) => Some((file_name(path), input::read(path, input::SOURCE_SIZE_MAX)?)),
            None => None,
        };
        let source = source
            .as_ref()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        let node = common::open_as(&self.signing)?;
        let installed = node.fold_install(&self.namespace.ns, &rgf, source);
        let report = installed.map_err(|fault| fault.at(input::shown(&self.file)))?;
        node.close_writer()?;
        console.done(&report.to_value(), &text(&report))?;
        Ok(Answer::Yes)
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn text(report: &InstallReport) -> Text {
    let (tone, words) = match report.unchanged {
        true => (Tone::Plain, "already installed for "),
        false => (Tone::Good, "installed for "),
    };
    Text::new()
        .toned(tone, words)
        .strong(&report.ns)
        .end()
        .field("fold_root", report.fold_root)
        .field("governance", report.gov)
}
