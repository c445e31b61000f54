//! `gatos fold install`: governance names a fold for a namespace.

use crate::console::{Answer, Console, Ending};
use crate::files;
use crate::input;
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone};
use crate::verbs::common::{self, NamespaceArgument, Signing};
use crate::verbs::foldc::MAP_SUFFIX;
use gatos_node::Outcome;
use gatos_node::folding::{FOLD_MAP_FILE, InstallReport};
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
        let map = self.map_beside()?;
        let mut beside: Vec<(&str, &[u8])> = Vec::new();
        beside.extend(source.iter().map(|(name, bytes)| (&**name, &**bytes)));
        beside.extend(map.iter().map(|bytes| (FOLD_MAP_FILE, &**bytes)));
        let node = common::open_as(&self.signing)?;
        let installed = node.fold_install_beside(&self.namespace.ns, &rgf, &beside);
        let report = installed.map_err(|fault| fault.at(input::shown(&self.file)))?;
        node.close_writer()?;
        console.done(&report.to_value(), &text(&report))?;
        Ok(Answer::Yes)
    }
}

impl Arguments {
    /// The lines and names that the compiler wrote beside a fold in Lua, if they are there.
    fn map_beside(&self) -> Outcome<Option<Vec<u8>>> {
        let path = files::with_suffix(&self.file, MAP_SUFFIX);
        if input::is_standard_input(&self.file) || !path.is_file() {
            return Ok(None);
        }
        input::read(&path, input::SOURCE_SIZE_MAX).map(Some)
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
