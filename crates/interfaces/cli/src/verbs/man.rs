//! `gatos man`: the manual pages, one for each command, drawn from the same definitions as `--help`.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::pages::{self, Page};
use crate::text::{Text, counted};
use crate::{faults, files};
use gatos_node::reply;
use gatos_values::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "man",
    examples: &[
        example(
            "read the page of a verb",
            "gatos man event append | man -l -",
        ),
        example(
            "install every page for this user",
            "gatos man -o ~/.local/share/man/man1",
        ),
    ],
    reply: Reply::Document(&[
        field(
            "ok",
            "`true`: the pages were written (without `-o` the page itself is printed instead)",
        ),
        field("directory", "where they are"),
        field("pages", "their file names"),
    ]),
    no_when: "",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Command whose page to print [default: the program's own page]
    #[arg(value_name = "COMMAND", conflicts_with = "output")]
    command: Vec<String>,
    /// Folder to write all pages to; it is made where missing
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let pages = pages::all(&crate::command())
            .map_err(|error| faults::from_io("manual pages", &error))?;
        match self.output {
            Some(directory) => write_all(console, &directory, &pages),
            None => print_one(console, &self.command, &pages),
        }
    }
}

fn print_one(console: &mut Console, words: &[String], pages: &[Page]) -> Ending {
    let wanted = words.join(" ");
    let Some(page) = pages.iter().find(|page| page.command == wanted) else {
        return Err(
            faults::usage("man", &format!("there is no command `{wanted}`"))
                .with_hint("`gatos help` lists the commands")
                .into(),
        );
    };
    console.bytes(page.roff.as_bytes())?;
    Ok(Answer::Yes)
}

fn write_all(console: &mut Console, directory: &Path, pages: &[Page]) -> Ending {
    fs::create_dir_all(directory).map_err(|error| faults::unwritable(directory, &error))?;
    for page in pages {
        files::write_whole(&directory.join(&page.file), page.roff.as_bytes())?;
    }
    let names: Vec<Value> = pages.iter().map(|page| reply::text(&page.file)).collect();
    let shown = directory.display().to_string();
    let reply = document(
        true,
        [
            ("directory", reply::text(&shown)),
            ("pages", Value::List(names)),
        ],
    );
    let count = counted(pages.len() as u64, "page", "pages");
    let text = Text::new()
        .say(format!("{count} written to "))
        .strong(shown)
        .end();
    console.done(&reply, &text)?;
    Ok(Answer::Yes)
}
