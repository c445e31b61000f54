//! The verbs: one file each, in the order of the help.
//!
//! A verb parses its arguments (clap does), calls the node, and hands a reply to the console. What a
//! verb says about itself beyond its options stands in its `MANUAL`; [`MANUALS`] lists them all, and a
//! test holds the list against the command line. Tests: tests/it, tests/transcripts.

use crate::console::{Console, Ending};
use crate::manual::Manual;

pub mod actor;
pub mod approve;
pub mod audit;
pub mod canon;
pub mod clone;
pub mod common;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod echo;
pub mod epoch;
pub mod event;
pub mod fold;
pub mod foldc;
pub mod governed;
pub mod grants;
pub mod help;
pub mod hook;
pub mod import;
pub mod init;
pub mod key;
pub mod lint;
pub mod lsp;
pub mod lua;
pub mod man;
pub mod policy;
pub mod policyc;
pub mod propose;
pub mod state;
pub mod status;
pub mod sync;
pub mod trust;
pub mod verify;

/// The folder we were started in; `-C` changes what that is.
pub const HERE: &str = ".";

/// The first word behind `gatos`.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// See it work: a Git history becomes signed events, state and a verified checkpoint.
    Demo(demo::Arguments),
    /// Make a repository, a key and a first actor.
    Init(init::Arguments),
    /// Show what the repository holds, at a glance.
    Status(status::Arguments),
    /// Record, import, read and export signed events.
    #[command(subcommand)]
    Event(event::Verb),
    /// Make events from other systems.
    #[command(subcommand)]
    Import(import::Verb),
    /// Compile a fold's source, YAML or Lua, to the `.rgf` that runs.
    ///
    /// Prints `fold_root = sha256:…` and writes that line to `OUT.rgf.sha`. Comments, layout and the
    /// order of keys do not change the root.
    Foldc(foldc::Arguments),
    /// Check folds, worlds and scripts without writing anything.
    Lint(lint::Arguments),
    /// Run, check and try Lua programs, with the same results everywhere.
    ///
    /// Without a word behind it, reads lines and shows what they give.
    Lua(lua::Arguments),
    /// Run worlds: entities, systems and scripts that give the same everywhere.
    #[command(subcommand)]
    Echo(echo::Verb),
    /// Serve an editor: diagnostics, hovers and definitions of policies, folds and scripts, over standard input and output.
    ///
    /// Speaks the Language Server Protocol 3.17. An editor starts it; docs/guide/editors.md says how.
    Lsp(lsp::Arguments),
    /// Install, run and verify the fold of a namespace.
    #[command(subcommand)]
    Fold(fold::Verb),
    /// Read, compare and export the state of a namespace.
    #[command(subcommand)]
    State(state::Verb),
    /// Compile a policy's source to the `.rgc` that decides.
    ///
    /// Prints `policy_root = sha256:…` and writes that line to `OUT.rgc.sha`. Comments, layout and the
    /// order of rules and lines do not change the root.
    Policyc(policyc::Arguments),
    /// Decide, explain, test, format and check policies.
    #[command(subcommand)]
    Policy(policy::Verb),
    /// Verify from scratch: governance, every signature, every state.
    Verify(verify::Arguments),
    /// List and enrol actors.
    #[command(subcommand)]
    Actor(actor::Verb),
    /// Make, list, show and enrol keys.
    #[command(subcommand)]
    Key(key::Verb),
    /// Say who is trusted with what, and see how that came to be.
    #[command(subcommand)]
    Trust(trust::Verb),
    /// Propose any change of governance for others to approve.
    Propose(propose::Arguments),
    /// Agree to a proposal; the last approval needed makes the change.
    Approve(approve::Arguments),
    /// List what was given and what is proposed; prove agreement.
    #[command(subcommand)]
    Grants(grants::Verb),
    /// Seal stretches of history, and verify what is sealed.
    #[command(subcommand)]
    Epoch(epoch::Verb),
    /// Read and verify what the gate decided.
    #[command(subcommand)]
    Audit(audit::Verb),
    /// Fetch from a remote, verify, forward, and push what it lacks.
    ///
    /// What is fetched counts for nothing until it has been judged here. Refs only move forward; what
    /// does not fit is set aside and reported.
    Sync(sync::Arguments),
    /// Copy a repository and verify it before it counts.
    Clone(clone::Arguments),
    /// Examine the clone: Git, settings, refs, log, packs, keys; or its profile.
    ///
    /// Looks and changes nothing. Every finding comes with its evidence and the command that mends it.
    Doctor(doctor::Arguments),
    /// Turn JSON into canonical bytes, or check bytes for being canonical.
    #[command(subcommand)]
    Canon(canon::Verb),
    /// Show the help of a command.
    Help(help::Arguments),
    /// Print a completion script for a shell.
    Completions(completions::Arguments),
    /// Print a manual page, or write all of them to a folder.
    Man(man::Arguments),
    /// What Git hooks call.
    #[command(subcommand, hide = true)]
    Hook(hook::Verb),
}

impl Verb {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        match self {
            Verb::Demo(arguments) => arguments.run(console),
            Verb::Init(arguments) => arguments.run(console),
            Verb::Status(arguments) => arguments.run(console),
            Verb::Event(verb) => verb.run(console),
            Verb::Import(verb) => verb.run(console),
            Verb::Foldc(arguments) => arguments.run(console),
            Verb::Lint(arguments) => arguments.run(console),
            Verb::Lua(arguments) => arguments.run(console),
            Verb::Echo(verb) => verb.run(console),
            Verb::Lsp(arguments) => arguments.run(console),
            Verb::Fold(verb) => verb.run(console),
            Verb::State(verb) => verb.run(console),
            Verb::Policyc(arguments) => arguments.run(console),
            Verb::Policy(verb) => verb.run(console),
            Verb::Verify(arguments) => arguments.run(console),
            Verb::Actor(verb) => verb.run(console),
            Verb::Key(verb) => verb.run(console),
            Verb::Trust(verb) => verb.run(console),
            Verb::Propose(arguments) => arguments.run(console),
            Verb::Approve(arguments) => arguments.run(console),
            Verb::Grants(verb) => verb.run(console),
            Verb::Epoch(verb) => verb.run(console),
            Verb::Audit(verb) => verb.run(console),
            Verb::Sync(arguments) => arguments.run(console),
            Verb::Clone(arguments) => arguments.run(console),
            Verb::Doctor(arguments) => arguments.run(console),
            Verb::Canon(verb) => verb.run(console),
            Verb::Help(arguments) => arguments.run(console),
            Verb::Completions(arguments) => arguments.run(console),
            Verb::Man(arguments) => arguments.run(console),
            Verb::Hook(verb) => verb.run(console),
        }
    }
}

/// Every verb's manual, in the order of the help.
pub const MANUALS: &[&Manual] = &[
    &demo::MANUAL,
    &init::MANUAL,
    &status::MANUAL,
    &event::append::MANUAL,
    &event::import::MANUAL,
    &event::log::MANUAL,
    &event::show::MANUAL,
    &event::export::MANUAL,
    &import::git_log::MANUAL,
    &foldc::MANUAL,
    &lint::MANUAL,
    &lua::run::MANUAL,
    &lua::check::MANUAL,
    &lua::repl::MANUAL,
    &echo::run::MANUAL,
    &echo::replay::MANUAL,
    &echo::bisect::MANUAL,
    &echo::inspect::MANUAL,
    &lsp::MANUAL,
    &fold::install::MANUAL,
    &fold::run::MANUAL,
    &fold::verify::MANUAL,
    &fold::show::MANUAL,
    &state::show::MANUAL,
    &state::list::MANUAL,
    &state::log::MANUAL,
    &state::diff::MANUAL,
    &state::export::MANUAL,
    &policyc::MANUAL,
    &policy::eval::MANUAL,
    &policy::explain::MANUAL,
    &policy::test::MANUAL,
    &policy::diff::MANUAL,
    &policy::whatif::MANUAL,
    &policy::fmt::MANUAL,
    &policy::lint::MANUAL,
    &policy::init::MANUAL,
    &policy::activate::MANUAL,
    &policy::bundle::MANUAL,
    &policy::install::MANUAL,
    &policy::list::MANUAL,
    &policy::show::MANUAL,
    &policy::log::MANUAL,
    &verify::MANUAL,
    &actor::list::MANUAL,
    &actor::add::MANUAL,
    &key::new::MANUAL,
    &key::import::MANUAL,
    &key::list::MANUAL,
    &key::show::MANUAL,
    &key::add::MANUAL,
    &trust::actor::MANUAL,
    &trust::group::MANUAL,
    &trust::governors::MANUAL,
    &trust::quorum::MANUAL,
    &trust::namespace::MANUAL,
    &trust::key::MANUAL,
    &trust::grant::MANUAL,
    &trust::revoke::MANUAL,
    &trust::rotate::MANUAL,
    &trust::settle::MANUAL,
    &trust::log::MANUAL,
    &trust::verify::MANUAL,
    &propose::MANUAL,
    &approve::MANUAL,
    &grants::list::MANUAL,
    &grants::show::MANUAL,
    &grants::proof::MANUAL,
    &grants::verify::MANUAL,
    &epoch::new::MANUAL,
    &epoch::list::MANUAL,
    &epoch::verify::MANUAL,
    &audit::log::MANUAL,
    &audit::show::MANUAL,
    &audit::verify::MANUAL,
    &sync::MANUAL,
    &clone::MANUAL,
    &doctor::MANUAL,
    &canon::encode::MANUAL,
    &canon::check::MANUAL,
    &help::MANUAL,
    &completions::MANUAL,
    &man::MANUAL,
];
