//! `gatos policy`: what may be done, and why.

use crate::console::{Console, Ending};

pub mod activate;
pub mod bundle;
pub mod diff;
pub mod difference;
pub mod eval;
pub mod explain;
pub mod fmt;
pub mod init;
pub mod install;
pub mod lint;
pub mod list;
pub mod load;
pub mod log;
pub mod replay;
pub mod requests;
pub mod show;
pub mod test;
pub mod whatif;

/// `gatos policy …`
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Decide requests under a policy.
    ///
    /// The policy is a source (`.rgs`) or compiled (`.rgc`); a request is a JSON document, and a file of
    /// lines holds one a line. Nothing is read from a repository.
    Eval(eval::Arguments),
    /// Show why: every rule and line with the values it looked at.
    Explain(explain::Arguments),
    /// Run the cases of a suite, and show what they cover.
    ///
    /// With `--mutate`, the policy is changed in one place at a time; a change that no case notices is
    /// listed as a survivor.
    Test(test::Arguments),
    /// Compare two policies: a proof that they decide alike, or a request that they decide differently.
    ///
    /// The proof holds for every request. Where a line is beyond it, the answer is `undecided` and names
    /// the line.
    Diff(diff::Arguments),
    /// Decide again what was decided, under another policy, and list what changes.
    ///
    /// Every event of the journals and every refusal on record is asked about once more, as of its own
    /// governance version. Records hold no payloads: what hangs on one is counted apart.
    Whatif(whatif::Arguments),
    /// Bring sources into the one layout; the root never changes.
    Fmt(fmt::Arguments),
    /// Check sources without writing anything.
    Lint(lint::Arguments),
    /// Write a commented policy to start from, with the suite that tests it.
    Init(init::Arguments),
    /// Bring a policy into force; governance then names its root.
    ///
    /// The compiled policy and its sources are kept in the repository. Every journal is cut where it
    /// stands: what is signed later under the policy before is never folded. The empty policy cannot
    /// come back.
    Activate(activate::Arguments),
    /// Write a policy with its sources and its governance into one file, for other repositories.
    Bundle(bundle::Arguments),
    /// Bring the policy of a bundle into force, by its digest.
    ///
    /// The bundle is a file, or made from the repository in a folder. Its digest must be the one that is
    /// named; the policy then comes into force by this repository's own governance, as with `activate`.
    Install(install::Arguments),
    /// List the policies that are or were in force.
    List(list::Arguments),
    /// Show the policy in force, or an earlier one, with its sources.
    Show(show::Arguments),
    /// Show the governance versions that brought policies into force.
    Log(log::Arguments),
}

impl Verb {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        match self {
            Verb::Eval(arguments) => arguments.run(console),
            Verb::Explain(arguments) => arguments.run(console),
            Verb::Test(arguments) => arguments.run(console),
            Verb::Diff(arguments) => arguments.run(console),
            Verb::Whatif(arguments) => arguments.run(console),
            Verb::Fmt(arguments) => arguments.run(console),
            Verb::Lint(arguments) => arguments.run(console),
            Verb::Init(arguments) => arguments.run(console),
            Verb::Activate(arguments) => arguments.run(console),
            Verb::Bundle(arguments) => arguments.run(console),
            Verb::Install(arguments) => arguments.run(console),
            Verb::List(arguments) => arguments.run(console),
            Verb::Show(arguments) => arguments.run(console),
            Verb::Log(arguments) => arguments.run(console),
        }
    }
}
