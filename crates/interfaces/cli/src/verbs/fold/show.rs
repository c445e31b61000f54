//! `gatos fold show`: what a compiled fold does.

use crate::console::{Answer, Console, Ending, document};
use crate::input;
use crate::manual::{Manual, Reply, example, field};
use crate::text::Text;
use crate::verbs::common;
use gatos_fold::{Fold, ProgramLimits};
use gatos_node::{Fault, Outcome, reply};
use gatos_values::{Namespace, Value};
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "fold show",
    examples: &[
        example("what is installed", "gatos fold show --ns finance"),
        example("what a file holds", "gatos fold show invoices.rgf"),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("fold_root", "SHA-256 of the fold"),
        field(
            "inputs",
            "patterns of the journals it reads, or null for the namespace's own",
        ),
        field("kind", "`reducers`, or `elc` for a program"),
        field("reducers", "names of its reducers; none for a program"),
        field("functions", "functions a program is run by"),
        field("limits", "limits of a program, by name, or null"),
    ]),
    no_when: "no fold is installed, or the file is none",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Arguments {
    /// Namespace whose fold to show
    #[arg(short, long, value_name = "NS", value_parser = Namespace::parse)]
    ns: Option<Namespace>,
    /// Compiled fold to show
    #[arg(value_name = "FILE.rgf")]
    file: Option<PathBuf>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let fold = self.fold()?;
        let inputs = fold.inputs().map(|globs| {
            globs
                .iter()
                .map(|glob| glob.as_str().to_owned())
                .collect::<Vec<String>>()
        });
        let reducers: Vec<String> = fold.reducer_names().map(str::to_owned).collect();
        let functions: Vec<String> = fold
            .functions()
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
        let limits = fold.limits();
        let reply = document(
            true,
            [
                ("fold_root", fold.fold_root().to_value()),
                ("inputs", inputs.as_deref().map_or(Value::Null, texts)),
                ("kind", Value::from(fold.kind())),
                ("reducers", texts(&reducers)),
                ("functions", texts(&functions)),
                ("limits", limits.map_or(Value::Null, limits_value)),
            ],
        );
        let inputs = inputs.map_or("the namespace it is installed in".to_owned(), |globs| {
            globs.join(" ")
        });
        let text = Text::new()
            .field("fold_root", fold.fold_root())
            .field("inputs", inputs);
        let text = match limits {
            None => text.field("reducers", reducers.join(" ")),
            Some(limits) => text
                .field("functions", functions.join(" "))
                .field("fuel", format!("{} for each call", limits.fuel))
                .field("memory", format!("{} bytes", limits.memory_bytes))
                .field("output", format!("{} bytes", limits.output_bytes))
                .field("stack", format!("{} values", limits.stack_values)),
        };
        console.show(&reply, &text)?;
        Ok(Answer::Yes)
    }

    fn fold(&self) -> Outcome<Fold> {
        match (&self.ns, &self.file) {
            (Some(ns), _) => {
                let node = common::open()?;
                let chain = node.governance()?;
                node.installed_fold(ns, &chain)
            }
            (None, file) => {
                let path = file.clone().unwrap_or_else(|| PathBuf::from("-"));
                let rgf = input::read(&path, input::SOURCE_SIZE_MAX)?;
                Fold::decode(&rgf).map_err(|error| {
                    Fault::new(error.code(), input::shown(&path), error.to_string())
                })
            }
        }
    }
}

fn limits_value(limits: ProgramLimits) -> Value {
    reply::object(vec![
        ("fuel", reply::count(limits.fuel)),
        ("memory_bytes", reply::count(limits.memory_bytes)),
        ("output_bytes", reply::count(limits.output_bytes)),
        ("stack_values", reply::count(limits.stack_values)),
    ])
}

fn texts(texts: &[String]) -> Value {
    Value::List(texts.iter().map(|text| reply::text(text)).collect())
}
