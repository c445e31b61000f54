//! `gatos foldc`: a fold's source, YAML or Lua, to the `.rgf` that runs.

use crate::console::{Answer, Console, Ending, document};
use crate::files;
use crate::findings::{self, SourceFindings};
use crate::input;
use crate::manual::{Manual, Reply, example, field};
use crate::text::Text;
use gatos_node::reply;
use gatos_values::Value;
use std::path::{Path, PathBuf};

/// What stands behind the name of a `.rgf` for its lines and names.
pub const MAP_SUFFIX: &str = "map";

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "foldc",
    examples: &[
        example(
            "compile beside the source",
            "gatos foldc folds/invoices.yaml",
        ),
        example("a fold written in Lua", "gatos foldc folds/invoices.lua"),
        example(
            "choose where the result goes",
            "gatos foldc folds/invoices.yaml -o build/invoices.rgf",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`: the fold was compiled"),
        field("fold_root", "SHA-256 of the compiled fold"),
        field(
            "output",
            "the file written; its `.sha` companion holds the root, and for Lua its `.map` the lines for reports of errors",
        ),
        field(
            "findings",
            "warnings, each `{file, line, column, rule, severity, message, hint}`",
        ),
    ]),
    no_when: "the source has errors; the refusal's `findings` lists them",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Source of the fold (`.yaml` or `.lua`), or `-` for YAML from standard input
    #[arg(value_name = "SRC")]
    source: PathBuf,
    /// File to write [default: the source's name with `.rgf`]
    #[arg(short, long, value_name = "OUT.rgf", required_if_eq("source", "-"))]
    output: Option<PathBuf>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let source = input::read(&self.source, input::SOURCE_SIZE_MAX)?;
        let shown = input::shown(&self.source);
        let (compiled, findings) = match findings::compile(&shown, &source) {
            Ok(compiled) => compiled,
            Err(findings) => return refuse(console, &findings),
        };
        for finding in findings.texts() {
            console.note(&finding);
        }
        let output = self
            .output
            .unwrap_or_else(|| self.source.with_extension("rgf"));
        let root_line = format!("fold_root = {}\n", compiled.fold_root);
        files::write_whole(&output, &compiled.rgf)?;
        files::write_whole(&files::with_suffix(&output, "sha"), root_line.as_bytes())?;
        if let Some(map) = &compiled.map {
            files::write_whole(&files::with_suffix(&output, MAP_SUFFIX), map)?;
        }
        console.done(
            &report(&compiled, &output, &findings),
            &Text::new().say(&root_line),
        )?;
        Ok(Answer::Yes)
    }
}

fn report(compiled: &gatos_fold::Compiled, output: &Path, findings: &SourceFindings) -> Value {
    document(
        true,
        [
            ("fold_root", compiled.fold_root.to_value()),
            ("output", reply::text(&output.display().to_string())),
            ("findings", findings.to_value()),
        ],
    )
}

/// People see the findings one by one, programs inside the refusal.
fn refuse(console: &mut Console, findings: &SourceFindings) -> Ending {
    for finding in findings.texts() {
        console.wrong(&finding);
    }
    Err(findings.to_fault().into())
}
