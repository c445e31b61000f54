//! Policies and requests from files: sources are compiled, compiled ones are checked.
//!
//! Tests: tests/transcripts/policies.md.

use crate::console::{Console, Ending};
use crate::findings::{SourceFindings, text_of};
use crate::verbs::common;
use crate::verbs::policy::requests::Requests;
use crate::{faults, input};
use gatos_node::{Fault, Outcome};
use gatos_policy::analysis::{KnownNames, lint};
use gatos_policy::language::{Compiled, Context, Policy, RuleSource};

use gatos_values::{ErrorCode, Sha256Digest};
use gatos_yaml::Finding;
use std::path::{Path, PathBuf};

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

/// Which policy is asked what.
#[derive(Debug, clap::Args)]
pub struct Asking {
    /// Policy to ask: a source, or compiled (`.rgc`)
    #[arg(value_name = "POLICY", required_unless_present = "named")]
    policy: Option<PathBuf>,
    /// The same, by name
    #[arg(
        id = "named",
        short,
        long = "policy",
        value_name = "POLICY",
        conflicts_with = "policy"
    )]
    named: Option<PathBuf>,
    /// The request: JSON, a file of it, or `-` for standard input
    #[arg(short, long, value_name = "JSON")]
    request: String,
}

impl Asking {
    /// The policy.
    ///
    /// # Errors
    /// As [`policy`].
    pub fn policy(&self, console: &mut Console) -> Outcome<Loaded> {
        let path = self.named.as_ref().or(self.policy.as_ref());
        policy(console, path.map_or(Path::new(""), PathBuf::as_path))
    }

    /// The requests, one after the other.
    ///
    /// # Errors
    /// `IO` where the file cannot be opened.
    pub fn requests(&self) -> Outcome<Requests> {
        Requests::of(&self.request)
    }

    /// The one request.
    ///
    /// # Errors
    /// `BAD_JSON`, `BAD_REQUEST`, `IO`, `TOO_LARGE`; `USAGE` where there are several.
    pub fn request(&self) -> Outcome<Context> {
        let mut requests = self.requests()?;
        let first = requests
            .next()
            .unwrap_or_else(|| Err(faults::usage("policy explain", "there is no request")))?;
        match requests.next() {
            None => Ok(first),
            Some(_) => Err(faults::usage(
                "policy explain",
                "more than one request; `gatos policy eval` takes several",
            )),
        }
    }
}
