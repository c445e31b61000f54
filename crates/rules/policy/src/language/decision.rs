//! Decisions: the answer to one request, and its canonical bytes.
//!
//! INVARIANT: rule ids in a decision are sorted and unique; the same decision has the same bytes everywhere.
//! Format: docs/formats/rgc.md. Tests: tests/it/language/decides.rs. Vectors: vectors/policy.

use super::evaluate::UnknownCause;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::{ErrorCode, Map, Text, Value, cbor};

/// The rule id of a denial that no rule asked for.
pub const DEFAULT_DENY: &str = "default-deny";

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may be done.
    Allow {
        /// Every rule that allows, sorted. Empty under the empty policy.
        rule_ids: Vec<Arc<str>>,
        /// Whether a rule asks for the decision to be recorded.
        audit: bool,
    },
    /// It may not.
    Deny {
        /// The lowest rule that denies, or [`DEFAULT_DENY`].
        rule_id: Arc<str>,
        /// Why.
        reason: DenyReason,
        /// Every rule that denies, sorted; empty if none allows and none denies.
        firing: Vec<Arc<str>>,
        /// Whether a rule asks for the decision to be recorded; denials are recorded anyway.
        audit: bool,
    },
}

/// Why a request is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DenyReason {
    /// A deny line of the rule holds.
    Rule,
    /// A deny line of the rule could not be told, or, under [`DEFAULT_DENY`], a rule would allow but for this.
    Unknown {
        /// The expression without a value, for example `payload.amount`.
        path: String,
        /// Why it has none.
        cause: UnknownCause,
    },
    /// No rule allows.
    Default,
}

impl DenyReason {
    /// The word in records.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            DenyReason::Rule => "deny_rule",
            DenyReason::Unknown { .. } => "deny_unknown",
            DenyReason::Default => "deny_default",
        }
    }
}

impl Decision {
    /// Whether it may be done.
    #[must_use]
    pub const fn is_allow(&self) -> bool {
        matches!(self, Decision::Allow { .. })
    }

    /// Whether a rule asks for a record. Denials are recorded whether a rule asks or not.
    #[must_use]
    pub const fn audit(&self) -> bool {
        match self {
            Decision::Allow { audit, .. } | Decision::Deny { audit, .. } => *audit,
        }
    }

    /// The error code of a refusal, `None` for an allow.
    #[must_use]
    pub const fn code(&self) -> Option<ErrorCode> {
        match self {
            Decision::Allow { .. } => None,
            Decision::Deny { .. } => Some(ErrorCode::PolicyDeny),
        }
    }

    /// The decision as a value: what records hold.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let map = Map::new()
            .with("v", Value::Integer(1))
            .with("kind", word("decision"));
        Value::Map(match self {
            Decision::Allow { rule_ids, audit } => map
                .with("verdict", word("allow"))
                .with("rules", ids(rule_ids))
                .with("audit", Value::Bool(*audit)),
            Decision::Deny {
                rule_id,
                reason,
                firing,
                audit,
            } => map
                .with("verdict", word("deny"))
                .with("rule", id(rule_id))
                .with("reason", reason_value(reason))
                .with("rules", ids(firing))
                .with("audit", Value::Bool(*audit)),
        })
    }

    /// The canonical CBOR of [`Decision::to_value`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::encode(&self.to_value())
            .expect("a decision is shallow and its texts come from a policy")
    }
}

fn reason_value(reason: &DenyReason) -> Value {
    let map = Map::new().with("code", word(reason.as_str()));
    Value::Map(match reason {
        DenyReason::Rule | DenyReason::Default => map,
        DenyReason::Unknown { path, cause } => map
            .with("path", id(path))
            .with("cause", word(cause.as_str())),
    })
}

fn word(text: &'static str) -> Value {
    Value::Text(Text::from_ascii(text))
}

/// Ids are ASCII, and paths are made of texts that a policy holds.
fn id(text: &str) -> Value {
    Text::new(text).map_or(Value::Null, Value::Text)
}

fn ids(ids: &[Arc<str>]) -> Value {
    Value::List(ids.iter().map(|text| id(text)).collect())
}
