//! `gatos completions`: what a shell needs to complete our command lines.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example};
use clap_complete::Shell;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "completions",
    examples: &[
        example(
            "bash, for this user",
            "gatos completions bash > ~/.local/share/bash-completion/completions/gatos",
        ),
        example(
            "fish",
            "gatos completions fish > ~/.config/fish/completions/gatos.fish",
        ),
        example(
            "zsh, in a folder of $fpath",
            "gatos completions zsh > ~/.zfunc/_gatos",
        ),
    ],
    reply: Reply::Bytes("the completion script"),
    no_when: "",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The shell to write for
    #[arg(value_enum)]
    shell: Shell,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut crate::command(), "gatos", &mut script);
        console.bytes(&script)?;
        Ok(Answer::Yes)
    }
}
