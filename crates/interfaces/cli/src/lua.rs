//! Lua sources: which are folds and which are scripts, and what the front end says about a script.
//!
//! A first line `---@profile fold` or `---@profile script` decides (it may stand anywhere in the comments at the top).
//! Without it, a file below a folder called `folds` or `folds-lua` is a fold, and every other a script. What scripts of worlds
//! have besides is `world`'s matter.
//!
//! Tests: lua/tests.rs.

pub mod host;
#[cfg(test)]
mod tests;
pub mod world;

use gatos_echolua::syntax::tree::{ExpressionKind, StatementKind};
use gatos_echolua::{Profile, Severity, syntax};
use gatos_yaml::{Finding, Position};

/// What stands before the profile's word.
const MARK: &str = "---@profile";

/// Folders whose Lua files are folds.
const FOLD_FOLDERS: [&str; 2] = ["folds", "folds-lua"];

/// Whether a file is written in Lua.
#[must_use]
pub fn is_lua(path: &str) -> bool {
    path.ends_with(".lua")
}

/// The profile of a source; `path` may be a URI.
#[must_use]
pub fn profile_of(path: &str, text: &str) -> Profile {
    marked_profile(text).unwrap_or_else(|| {
        let is_fold = path
            .rsplit(['/', '\\'])
            .skip(1)
            .any(|folder| FOLD_FOLDERS.contains(&folder));
        if is_fold {
            Profile::Fold
        } else {
            Profile::Script
        }
    })
}

/// What the comments at the top say.
fn marked_profile(text: &str) -> Option<Profile> {
    let top = text
        .lines()
        .map(str::trim)
        .take_while(|line| line.is_empty() || line.starts_with("--") || line.starts_with("#!"));
    let mut words = top.filter_map(|line| line.strip_prefix(MARK));
    words.find_map(|word| Profile::parse(word.trim()))
}

/// The profile of a word on the command line.
///
/// # Errors
/// The words there are.
pub fn parse_profile(word: &str) -> Result<Profile, String> {
    Profile::parse(word).ok_or_else(|| "write `script` or `fold`".to_owned())
}

/// Whether a fold has the functions of one: a program of the fold profile may be just an expression.
#[must_use]
pub fn is_whole_fold(text: &str) -> bool {
    let tree = syntax::parse(text.as_bytes(), Profile::Fold);
    tree.main.body.statements.iter().any(|statement| {
        let StatementKind::Assign(targets, _) = &statement.kind else {
            return false;
        };
        targets.iter().any(|target| {
            matches!(
                target.kind,
                ExpressionKind::Name("fold" | "init" | "step" | "emit")
            )
        })
    })
}

/// Whether a finding says that a source is right as far as it goes.
#[must_use]
pub fn is_unfinished(message: &str) -> bool {
    message.ends_with("near <eof>") || message == "unfinished long string or comment"
}

/// What the front end says about a source.
#[must_use]
pub fn findings_of(text: &str, profile: Profile) -> Vec<Finding> {
    let compiled = gatos_echolua::compile(text.as_bytes(), profile);
    let shown = |finding: &gatos_echolua::Finding| {
        let place = Position {
            line: finding.place.line.max(1),
            column: finding.place.column_in_characters(text),
        };
        let (message, hint) = (finding.message.clone(), finding.hint.as_str());
        match finding.severity {
            Severity::Error => Finding::error(place, finding.rule, message, hint),
            Severity::Warning => Finding::warning(place, finding.rule, message, hint),
        }
    };
    let mut findings: Vec<Finding> = compiled.findings.iter().map(shown).collect();
    if profile == Profile::Script {
        findings.extend(world::findings(text));
        findings.sort_by_key(Finding::position);
    }
    findings
}
