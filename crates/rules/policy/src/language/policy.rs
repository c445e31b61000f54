//! Policies: rules ready to decide, and their one encoding.
//!
//! `compile` makes them from sources, [`Policy::decode`] from bytes; both end in the same checks. The bytes are written
//! and read in `code`.
//!
//! INVARIANT: rules are sorted by id without repeats, lines by their encoding; encoding a policy gives the bytes it was
//! decoded from.
//! Format: docs/formats/rgc.md. Vectors: vectors/policy. Tests: `policy/tests.rs`, tests/it/language.

#[cfg(test)]
mod tests;

use super::code;
use super::cost::Cost;
use super::decide::Program;
use super::decision::{DEFAULT_DENY, Decision, DenyReason};
use super::evaluate::{Unknown, UnknownCause, judge};
use super::expression::Expression;
use super::facts::Facts;
use super::intent::{Intent, IntentSet};
use super::raise::raise;
use super::request::Request;
use super::syntax::print;
use super::truth::Truth;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::cbor::CborError;
use gatos_values::roots::EMPTY_POLICY_ROOT;
use gatos_values::{ErrorCode, Glob, Sha256Digest, Text};

/// Largest `.rgc` that is read, in bytes.
pub const RGC_SIZE_MAX: usize = 1024 * 1024;

/// Most rules of one policy.
pub const RULE_COUNT_MAX: usize = 1024;

/// Most lines of one `allow_if` or `deny_if`.
pub const CLAUSE_COUNT_MAX: usize = 64;

/// Most patterns of one `when`.
pub const GLOB_COUNT_MAX: usize = 64;

/// Longest `reason` of a rule, in bytes.
pub const REASON_SIZE_MAX: usize = 256;

/// Why bytes are no `.rgc`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RgcError {
    /// Not canonical CBOR.
    #[error("not canonical CBOR: {0}")]
    Cbor(#[from] CborError),
    /// A field is missing, unknown or of the wrong form.
    #[error("not a compiled policy: {0}")]
    Form(&'static str),
    /// A rule breaks what sources must keep.
    #[error("not a valid policy: {0}")]
    Invalid(String),
    /// Well formed, but not the bytes that the compiler writes for it.
    #[error("not the canonical form of the policy it holds")]
    NotNormal,
}

impl RgcError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            RgcError::Cbor(cause) => cause.code(),
            _ => ErrorCode::BadPolicy,
        }
    }
}

/// A policy ready to decide.
#[derive(Clone, Debug)]
pub struct Policy {
    rules: Vec<Rule>,
    program: Program,
    bytes: Vec<u8>,
    root: Sha256Digest,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name in decisions.
    pub id: Arc<str>,
    /// Which requests it is about.
    pub when: When,
    /// Lines that must all be true for the rule to allow; `None` if it never allows.
    pub allow_if: Option<Vec<Expression>>,
    /// Lines of which one true or unknown denies.
    pub deny_if: Vec<Expression>,
    /// Whether decisions it matches are to be recorded.
    pub audit: bool,
    /// What its author says to who is denied.
    pub reason: Option<Text>,
}

/// Which requests a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// The intents it matches.
    pub intents: IntentSet,
    /// Patterns of the path, of which one must match; `None` matches every request, also one without a path.
    pub paths: Option<Vec<Glob>>,
}

impl When {
    /// Whether the rule is about the request: unknown if it asks for a path and there is none.
    #[must_use]
    pub fn matches(&self, intent: Intent, path: Option<&str>) -> Truth {
        if !self.intents.contains(intent) {
            return Truth::False;
        }
        match (&self.paths, path) {
            (None, _) => Truth::True,
            (Some(_), None) => Truth::Unknown,
            (Some(globs), Some(path)) => Truth::from(globs.iter().any(|glob| glob.matches(path))),
        }
    }
}

/// What one rule says about one request.
#[derive(Clone, Debug)]
pub struct RuleVerdict<'p> {
    /// Whether the rule is about the request.
    pub matches: Truth,
    /// Whether it allows.
    pub allows: Truth,
    /// Whether a deny line holds. True and unknown both deny.
    pub denies: Truth,
    /// What is unknown where [`RuleVerdict::allows`] is: the path of `when`, or the first line without an answer.
    pub allow_unknown: Option<UnknownPart<'p>>,
    /// The same for [`RuleVerdict::denies`].
    pub deny_unknown: Option<UnknownPart<'p>>,
}

/// What has no value: the path that `when` asks for, or an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownPart<'p> {
    /// The request has no path.
    Path,
    /// An expression of a line.
    Expression(Unknown<'p>),
}

impl UnknownPart<'_> {
    /// The expression as text, and why it has no value.
    #[must_use]
    pub fn describe(&self) -> (String, UnknownCause) {
        match self {
            UnknownPart::Path => (String::from("path"), UnknownCause::Missing),
            UnknownPart::Expression(unknown) => (print(&raise(unknown.expression)), unknown.cause),
        }
    }
}

impl Rule {
    /// What the rule says, line by line and plainly. [`Policy::evaluate`] is the fast road to the same.
    #[must_use]
    pub fn judge<'a>(&'a self, request: &Request<'a>) -> RuleVerdict<'a> {
        let matches = self.when.matches(request.intent, request.path);
        let path = (matches == Truth::Unknown).then_some(UnknownPart::Path);
        let (mut allows, mut allow_unknown) = (Truth::False, None);
        if let Some(lines) = &self.allow_if {
            (allows, allow_unknown) = (matches, path);
            for line in lines {
                let (truth, unknown) = judge(line, request);
                allows = allows.and(truth);
                allow_unknown = allow_unknown.or(unknown.map(UnknownPart::Expression));
            }
        }
        let (mut denies, mut deny_unknown) = (Truth::False, path);
        for line in &self.deny_if {
            let (truth, unknown) = judge(line, request);
            denies = denies.or(truth);
            deny_unknown = deny_unknown.or(unknown.map(UnknownPart::Expression));
        }
        denies = denies.and(matches);
        RuleVerdict {
            matches,
            allows,
            denies,
            allow_unknown: allow_unknown.filter(|_| allows == Truth::Unknown),
            deny_unknown: deny_unknown.filter(|_| denies == Truth::Unknown),
        }
    }

    /// A bound on what it costs.
    #[must_use]
    pub fn cost(&self) -> Cost {
        let globs = self.when.paths.iter().flatten();
        let own = Cost {
            steps: 1 + globs.clone().count() as u64,
            scans: globs.map(|glob| glob.as_str().len() as u64).sum(),
        };
        let lines = self.allow_if.iter().flatten().chain(&self.deny_if);
        lines.map(Cost::of).fold(own, |sum, cost| sum + cost)
    }
}

impl Policy {
    /// A policy of checked rules; sorts them.
    pub(crate) fn from_rules(mut rules: Vec<Rule>) -> Policy {
        rules.sort_by(|left, right| left.id.cmp(&right.id));
        let bytes = code::policy_bytes(&rules);
        Policy::new(rules, bytes)
    }

    /// A policy of checked and sorted rules with their encoding.
    fn new(rules: Vec<Rule>, bytes: Vec<u8>) -> Policy {
        Policy {
            program: Program::new(&rules),
            rules,
            root: Sha256Digest::of(&bytes),
            bytes,
        }
    }

    /// Reads a `.rgc`.
    ///
    /// # Errors
    /// [`RgcError`] for anything the compiler would not have written.
    pub fn decode(bytes: &[u8]) -> Result<Policy, RgcError> {
        Ok(Policy::new(code::rules(bytes)?, bytes.to_vec()))
    }

    /// The `.rgc` bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the bytes: the `policy_root` of events and decisions.
    #[must_use]
    pub const fn root(&self) -> Sha256Digest {
        self.root
    }

    /// The rules, sorted by id.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of this id.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        let index = self
            .rules
            .binary_search_by(|rule| (*rule.id).cmp(id))
            .ok()?;
        self.rules.get(index)
    }

    /// Whether some rule can allow this intent.
    #[must_use]
    pub fn can_allow(&self, intent: Intent) -> bool {
        let mut rules = self.rules.iter();
        rules.any(|rule| rule.allow_if.is_some() && rule.when.intents.contains(intent))
    }

    /// Whether this is the published empty policy, under which a repository begins.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.root == EMPTY_POLICY_ROOT
    }

    /// Decides a request. The empty policy allows whatever an actor of the trust snapshot asks.
    #[must_use]
    pub fn evaluate(&self, request: &Request<'_>) -> Decision {
        self.decide(&self.facts(request))
    }

    /// The request seen through this policy. Worth keeping where one request is decided again; only for this policy.
    #[must_use]
    pub fn facts<'a>(&self, request: &Request<'a>) -> Facts<'a> {
        self.program.facts(request)
    }

    /// Decides on facts that [`Policy::facts`] of this same policy made.
    #[must_use]
    pub fn decide(&self, facts: &Facts<'_>) -> Decision {
        if self.is_empty() {
            return under_the_empty_policy(&facts.request);
        }
        self.program.decide(&self.rules, facts)
    }
}

fn default_deny(reason: DenyReason, audit: bool) -> Decision {
    Decision::Deny {
        rule_id: Arc::from(DEFAULT_DENY),
        reason,
        firing: Vec::new(),
        audit,
    }
}

fn under_the_empty_policy(request: &Request<'_>) -> Decision {
    let enrolled = request
        .actor
        .is_some_and(|actor| request.trust.get(actor).is_some());
    if enrolled {
        return Decision::Allow {
            rule_ids: Vec::new(),
            audit: false,
        };
    }
    let path = if request.actor.is_some() {
        "trust[actor]"
    } else {
        "actor"
    };
    let reason = DenyReason::Unknown {
        path: String::from(path),
        cause: UnknownCause::Missing,
    };
    default_deny(reason, false)
}
