//! Policies and requests from files: sources are compiled, compiled ones are checked.
//!
//! Tests: tests/transcripts/policies.md.

use crate::console::{Console, Ending};
use crate::findings::{SourceFindings, text_of};
use crate::verbs::common;
use crate::{faults, input};
use gatos_node::{Fault, Outcome};
use gatos_policy::analysis::{KnownNames, lint};
use gatos_policy::language::{Compiled, Context, Policy, RuleSource};
use gatos_values::{ErrorCode, Sha256Digest, json};
use gatos_yaml::Finding;
use std::path::Path;

/// A policy ready to decide, with places if its source was read.
pub struct Loaded {
    /// The policy.
    pub policy: Policy,
    /// Where its rules stand; empty for a compiled one.
    pub source_map: Vec<RuleSource>,
}

/// Compiles a source.
///
/// # Errors
/// The findings, at least one of them an error.
fn compile(file: &str, source: &[u8]) -> Result<Compiled, SourceFindings> {
    let code = ErrorCode::BadPolicySource;
    let text = text_of(file, code, source)?;
    gatos_policy::language::compile(text).map_err(|found| SourceFindings::new(file, code, found))
}

/// A compiled source, with what the compiler remarked on and what the analysis proves of the rules, in source order.
///
/// # Errors
/// The findings, at least one of them an error.
pub fn check(
    file: &str,
    source: &[u8],
    known: &KnownNames,
) -> Result<(Compiled, Vec<Finding>), SourceFindings> {
    let mut compiled = compile(file, source)?;
    let mut findings = std::mem::take(&mut compiled.warnings);
    findings.extend(lint(&compiled, known));
    findings.sort_by_key(Finding::position);
    Ok((compiled, findings))
}

/// Reads a policy: compiled if its name ends in `.rgc`, else a source.
///
/// # Errors
/// `BAD_POLICY`, `BAD_POLICY_SOURCE`, `IO`, `TOO_LARGE`.
pub fn policy(console: &mut Console, path: &Path) -> Outcome<Loaded> {
    let bytes = input::read(path, input::SOURCE_SIZE_MAX)?;
    let shown = input::shown(path);
    if path.extension().is_some_and(|extension| extension == "rgc") {
        let policy = Policy::decode(&bytes)
            .map_err(|error| Fault::new(error.code(), &shown, error.to_string()))?;
        return Ok(Loaded {
            policy,
            source_map: Vec::new(),
        });
    }
    let compiled = compile(&shown, &bytes).map_err(|findings| {
        tell(console, &findings);
        findings.to_fault()
    })?;
    Ok(Loaded {
        policy: compiled.policy,
        source_map: compiled.source_map,
    })
}

/// A policy by a word: a file, a root, a governance version, or `active` for the one in force.
///
/// # Errors
/// As [`policy`]; `BAD_POLICY` where the repository here lacks it, `NO_REPOSITORY` where there is none.
pub fn named(console: &mut Console, word: &str) -> Outcome<Policy> {
    let root = Sha256Digest::parse(word).ok();
    let version = word.parse::<u64>().ok();
    if root.is_none() && version.is_none() && word != "active" {
        return Ok(policy(console, Path::new(word))?.policy);
    }
    let node = common::open()?;
    let chain = node.governance()?;
    let root = match (root, version) {
        (Some(root), _) => root,
        (None, version) => {
            let version = version.unwrap_or(chain.version());
            if version > chain.version() {
                let reason = format!(
                    "governance has versions 0 to {}, not {version}",
                    chain.version()
                );
                return Err(faults::usage("policy diff", &reason));
            }
            chain.policy_root_at(version)
        }
    };
    Ok((*node.kept_policy(root)?).clone())
}

/// People see the findings one by one, programs inside the refusal.
pub fn refuse(console: &mut Console, findings: &SourceFindings) -> Ending {
    tell(console, findings);
    Err(findings.to_fault().into())
}

/// Says each finding on standard error.
pub fn tell(console: &mut Console, findings: &SourceFindings) {
    for finding in findings.texts() {
        console.wrong(&finding);
    }
}

/// A request: JSON text, `@FILE`, or `-` for standard input.
///
/// # Errors
/// `BAD_JSON`, `BAD_REQUEST`, `IO`, `TOO_LARGE`.
pub fn request(argument: &str) -> Outcome<Context> {
    let (bytes, shown) = input::argument(argument, "--request", input::SOURCE_SIZE_MAX)?;
    let value = json::decode_strict(&bytes, bytes.len())
        .map_err(|error| faults::json(&shown, &bytes, &error))?;
    Context::from_value(&value).map_err(|error| Fault::new(error.code(), &shown, error.to_string()))
}
