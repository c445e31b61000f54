//! `gatos help`: the help of a command, or for programs the whole command line as a document.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field, optional};
use crate::{faults, reference, usage};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "help",
    examples: &[
        example("what there is", "gatos help"),
        example("how a command is used", "gatos help event append"),
        example(
            "every command and option, for a program",
            "gatos help --json",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("command", "the command"),
        field("about", "what it does, in a line"),
        field("description", "the same at length"),
        field(
            "arguments",
            "each `{spelling, help, required, global, default, choices}`",
        ),
        field("commands", "the commands below it, each such a document"),
        optional("examples", "each `{why, line}`"),
        optional("reply", "fields of its reply, each `{name, meaning}`"),
    ]),
    no_when: "",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The command [default: the program itself]
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let mut command = crate::command();
        command.build();
        let path = self.command.join(" ");
        let mut found = &command;
        for word in &self.command {
            found = found.find_subcommand(word).ok_or_else(|| {
                faults::usage("help", &format!("there is no command `{path}`"))
                    .with_hint("`gatos help` lists the commands")
            })?;
        }
        let help = found.clone().render_long_help();
        console.show(
            &reference::command_value(&path, found),
            &usage::help(&path, &help),
        )?;
        Ok(Answer::Yes)
    }
}
