//! The command line: arguments in, replies out. A thin shell over `gatos-node`.
//!
//! A verb a file below [`verbs`]; what all of them share stands beside it: [`console`] (where replies
//! leave), [`text`], [`table`] and [`escape`] (for people), [`input`] and [`files`] (bounded reads, whole
//! writes), [`manual`], [`mod@reference`] and [`pages`] (help, docs and man pages from one definition).
//!
//! What is absent: no rule about events, folds or refs. The node decides; here it is said.
//!
//! INVARIANT 1: exit status 0 done, 1 the answer is no, 2 usage, 3 environment; nothing else.
//! INVARIANT 2: no input ends in a panic message or a backtrace; a reader that goes away ends us quietly.
//! Docs: docs/cli/reference.md, docs/errors.md (both generated). Tests: beside each file, tests/it.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod allocator;
pub mod console;
pub mod diff;
pub mod escape;
pub mod faults;
pub mod files;
pub mod findings;
pub mod guard;
pub mod input;
pub mod lsp;
pub mod lua;
pub mod manual;
pub mod moment;
pub mod names;
pub mod pages;
pub mod progress;
pub mod reference;
pub mod table;
pub mod text;
pub mod usage;
pub mod verbs;
pub mod worlds;

use clap::{ArgAction, CommandFactory, FromArgMatches};
use console::{Answer, Colour, Console, Ending, Manners, Stop};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Instant;
use text::Text;

pub use reference::{errors_markdown, reference_markdown};

/// Columns that help is wrapped at, at most.
const HELP_WIDTH_MAX: usize = 100;

/// Everything a command line can say.
#[derive(Debug, clap::Parser)]
#[command(
    name = "gatos",
    version,
    about = "Git as the operating surface: signed events, verified state",
    long_about = "GATOS keeps the facts an organisation must be able to defend as signed events in an ordinary \
                  Git repository, and computes state from them with deterministic folds: same events, same \
                  policy, same fold, the same bytes on any machine, checked with stock tools.",
    after_help = "Start with `gatos demo`, or:\n  gatos init ledger && cd ledger\n  gatos event append --ns demo --type note.made --payload '{\"text\":\"hello\"}'\n\nExit status: 0 done, 1 the answer is no, 2 usage, 3 environment.",
    max_term_width = HELP_WIDTH_MAX,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct CommandLine {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    verb: verbs::Verb,
}

/// Options that every command takes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
struct GlobalOptions {
    /// Run as if started in this folder; may be repeated, each from the one before
    #[arg(short = 'C', value_name = "DIR", global = true, action = ArgAction::Append)]
    working_directory: Vec<PathBuf>,
    /// Reply with JSON for programs: one document, or one a line
    #[arg(long, global = true)]
    json: bool,
    /// Say only what was asked for, and what is wrong
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say more along the way
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
    /// When to colour
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Colour::Auto, global = true)]
    color: Colour,
}

impl GlobalOptions {
    fn manners(&self) -> Manners {
        Manners {
            json: self.json,
            quiet: self.quiet,
            verbose: self.verbose,
            colour: self.color,
        }
    }
}

/// The definition of the command line: what help, completions, man pages and docs are drawn from.
pub fn command() -> clap::Command {
    CommandLine::command()
}

/// Runs one command line and gives its exit status.
///
/// `program` is the path the program was called by; its file name may stand for a command.
pub fn run(program: &OsStr, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let name = names::called_by(program);
    let arguments = names::with_words(name, arguments);
    let manners = usage::manners_of(&arguments);
    guard::guarded(|| parse_and_run(name, &arguments, manners)).unwrap_or_else(|bug| {
        let fault = faults::internal(&bug);
        Console::new(manners).fault(&fault);
        fault.exit_status()
    })
}

fn parse_and_run(name: &names::Name, arguments: &[OsString], manners: Manners) -> u8 {
    let mut command = command()
        .name(name.shown)
        .bin_name(name.shown)
        .no_binary_name(true);
    let parsed = command
        .try_get_matches_from_mut(arguments)
        .and_then(|matches| CommandLine::from_arg_matches(&matches));
    match parsed {
        Ok(line) => run_line(line),
        Err(error) => settle(&mut Console::new(manners), |console| {
            usage::answer(console, &command, arguments, &error)
        }),
    }
}

fn run_line(line: CommandLine) -> u8 {
    let mut console = Console::new(line.global.manners());
    settle(&mut console, |console| {
        let started = Instant::now();
        enter(&line.global.working_directory)?;
        let answer = line.verb.run(console)?;
        let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        console.flush()?;
        console.detail(
            &Text::new()
                .faint(format!("took {}", moment::duration_text(elapsed_ms)))
                .end(),
        );
        Ok(answer)
    })
}

/// Runs a piece of work, tells its fault if it has one, and gives the exit status.
fn settle(console: &mut Console, work: impl FnOnce(&mut Console) -> Ending) -> u8 {
    let ending = work(console).and_then(|answer| console.flush().map(|()| answer));
    match ending {
        Ok(Answer::Yes) | Err(Stop::ReaderGone) => 0,
        Ok(Answer::No) => 1,
        Err(Stop::Fault(fault)) => {
            console.fault(&fault);
            fault.exit_status()
        }
    }
}

/// Changes to each folder in turn, as `git -C` does.
fn enter(directories: &[PathBuf]) -> Result<(), Stop> {
    for directory in directories {
        std::env::set_current_dir(directory)
            .map_err(|error| faults::unreadable(directory, &error))?;
    }
    Ok(())
}
