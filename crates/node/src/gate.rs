//! The gate: may this event be written? Governance says who, the policy in force says what.
//!
//! The context is filled here and nowhere else, from the envelope, the trust state of the version it names, and two
//! settings of this clone. Under the empty policy there is nothing to ask, and nothing is asked.
//!
//! INVARIANT: the same envelope, version, epoch and settings get the same answer on any machine.
//! Tests: ../tests/it/gate.rs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use gatos_ledger::settings;
use gatos_policy::audit::{Answer, Asked, Door};
use gatos_policy::governance::Chain;
use gatos_policy::language::explain::{RuleExplanation, explain};
use gatos_policy::language::{
    Decision, DenyReason, Explanation, Intent, Policy, Request, TrustSnapshot, Truth,
};
use gatos_values::{Envelope, ErrorCode, EventId, Value};

use crate::append::lock;
use crate::audit::AuditRequest;
use crate::fault::{Fault, Outcome};
use crate::node::Node;
use crate::reply;

/// The setting that says which side events come from, as policies see it.
const REMOTE_SETTING: &str = "gatos.remote";
/// What it is where nobody set it.
const REMOTE_DEFAULT: &str = "none";
/// The address of whoever asks on this machine.
const LOCAL_ADDRESS: &str = "127.0.0.1";
/// How many clauses a refusal names.
const CLAUSE_COUNT_MAX: usize = 3;

/// What the door knows of the other side.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    /// `none`, `internal`, or the name of a remote.
    remote: String,
    /// IPv4 or IPv6 address.
    remote_addr: String,
}

impl Surroundings {
    /// An append on this machine.
    pub(crate) fn local(node: &Node) -> Outcome<Surroundings> {
        Surroundings::from(node, LOCAL_ADDRESS.to_owned())
    }

    /// A push: sshd and web servers name the client's address in the hook's environment.
    pub(crate) fn of_push(
        node: &Node,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Outcome<Surroundings> {
        let ssh = variable("SSH_CONNECTION");
        let address = ssh
            .as_deref()
            .and_then(|text| text.split(' ').next())
            .map(str::to_owned)
            .or_else(|| variable("REMOTE_ADDR"))
            .unwrap_or_else(|| LOCAL_ADDRESS.to_owned());
        Surroundings::from(node, address)
    }

    pub(crate) fn remote(&self) -> &str {
        &self.remote
    }

    pub(crate) fn remote_addr(&self) -> &str {
        &self.remote_addr
    }

    fn from(node: &Node, remote_addr: String) -> Outcome<Surroundings> {
        let remote = settings::value(node.repository(), REMOTE_SETTING)?;
        Ok(Surroundings {
            remote: remote.unwrap_or_else(|| REMOTE_DEFAULT.to_owned()),
            remote_addr,
        })
    }
}

/// The gate of one governance version with a policy.
pub(crate) struct Gate {
    chain: Arc<Chain>,
    version: u64,
    policy: Arc<Policy>,
    trust: TrustSnapshot,
    surroundings: Surroundings,
}

/// The gates of a chain's versions, made as they are asked for.
pub(crate) struct Gates {
    surroundings: Surroundings,
    by_version: Mutex<HashMap<u64, Option<Arc<Gate>>>>,
}

/// The answer to one event.
pub(crate) struct Verdict {
    /// Why not, if not.
    pub(crate) refusal: Option<Fault>,
    /// Rules that decided, lowest first.
    pub(crate) rule_ids: Vec<String>,
    /// Whether a rule wants it on record; a refusal is recorded anyway.
    pub(crate) audit: bool,
    /// What the policy was asked with, if the answer goes on record.
    pub(crate) asked: Option<Asked>,
}

impl Gates {
    pub(crate) fn new(surroundings: Surroundings) -> Gates {
        Gates {
            surroundings,
            by_version: Mutex::new(HashMap::new()),
        }
    }

    /// The gate of a version; none where the empty policy is in force.
    ///
    /// # Errors
    /// `BAD_POLICY` when governance names a policy that is not here.
    pub(crate) fn at(
        &self,
        node: &Node,
        chain: &Arc<Chain>,
        version: u64,
    ) -> Outcome<Option<Arc<Gate>>> {
        if let Some(gate) = lock(&self.by_version).get(&version) {
            return Ok(gate.clone());
        }
        let gate = node.policy_at(chain, version)?.map(|policy| {
            Arc::new(Gate {
                trust: chain.trust_snapshot_at(version),
                chain: chain.clone(),
                version,
                policy,
                surroundings: self.surroundings.clone(),
            })
        });
        lock(&self.by_version).insert(version, gate.clone());
        Ok(gate)
    }
}

impl Gate {
    /// Judges an event in an epoch of its namespace.
    pub(crate) fn judge(&self, envelope: &Envelope, epoch: u64) -> Verdict {
        let granted =
            self.chain
                .capabilities_at(&envelope.actor, self.version, epoch, &envelope.resource);
        let holds = |caps: &[gatos_values::Text]| {
            let claimed = envelope.caps.iter();
            claimed
                .filter(|cap| caps.contains(cap))
                .map(|cap| cap.as_str().to_owned())
                .collect::<Vec<String>>()
        };
        let live = holds(&granted.live);
        let decision = self.ask(envelope, epoch, &live, |policy, request| {
            policy.evaluate(request)
        });
        match &decision {
            Decision::Allow { rule_ids, audit } => Verdict {
                refusal: None,
                rule_ids: rule_ids.iter().map(|id| id.to_string()).collect(),
                audit: *audit,
                asked: audit.then(|| self.asked(envelope, epoch, &live)),
            },
            Decision::Deny {
                firing,
                audit,
                rule_id,
                ..
            } => {
                let ended = holds(&granted.expired);
                let with_ended: Vec<String> = live.iter().chain(&ended).cloned().collect();
                let would_allow = !ended.is_empty()
                    && self.ask(envelope, epoch, &with_ended, |policy, request| {
                        policy.evaluate(request).is_allow()
                    });
                let refusal = match would_allow {
                    true => self.expired(envelope, epoch, &ended),
                    false => self.ask(envelope, epoch, &live, |policy, request| {
                        self.denied(envelope, &explain(policy, request, &[]))
                    }),
                };
                let ids = match firing.is_empty() {
                    true => vec![rule_id.to_string()],
                    false => firing.iter().map(|id| id.to_string()).collect(),
                };
                Verdict {
                    refusal: Some(refusal),
                    rule_ids: ids,
                    audit: *audit,
                    asked: Some(self.asked(envelope, epoch, &live)),
                }
            }
        }
    }

    fn asked(&self, envelope: &Envelope, epoch: u64, caps: &[String]) -> Asked {
        Asked {
            caps: caps.iter().map(|cap| reply::lossy(cap)).collect(),
            labels: envelope
                .labels
                .iter()
                .map(|label| reply::lossy(label.as_str()))
                .collect(),
            remote: reply::lossy(&self.surroundings.remote),
            remote_addr: reply::lossy(&self.surroundings.remote_addr),
            epoch,
        }
    }

    fn ask<T>(
        &self,
        envelope: &Envelope,
        epoch: u64,
        caps: &[String],
        question: impl FnOnce(&Policy, &Request<'_>) -> T,
    ) -> T {
        let caps: Vec<&str> = caps.iter().map(String::as_str).collect();
        let labels: Vec<&str> = envelope.labels.iter().map(|label| label.as_str()).collect();
        let path = envelope.journal().short();
        let resource = envelope.resource.to_string();
        let request = Request {
            intent: Intent::Write,
            actor: Some(envelope.actor.as_str()),
            caps: Some(&caps),
            labels: Some(&labels),
            remote: Some(&self.surroundings.remote),
            remote_addr: Some(&self.surroundings.remote_addr),
            epoch: Some(epoch),
            path: Some(&path),
            resource: Some(&resource),
            payload: Some(&envelope.payload),
            trust: &self.trust,
        };
        question(&self.policy, &request)
    }

    fn denied(&self, envelope: &Envelope, explanation: &Explanation) -> Fault {
        let Decision::Deny {
            rule_id, reason, ..
        } = &explanation.decision
        else {
            return Fault::new(ErrorCode::Internal, "", "an allow is no refusal");
        };
        let rule = explanation.rules.iter().find(|rule| rule.id == *rule_id);
        let own_words = rule.and_then(|rule| rule.reason.as_ref());
        let firing = rule.and_then(|rule| {
            let mut lines = rule.lines.iter().filter(|line| !line.is_allow);
            lines.find(|line| line.truth != Truth::False)
        });
        let line = firing.map_or_else(String::new, |line| {
            format!(" with its line `{}`", line.text)
        });
        let what = match reason {
            DenyReason::Rule => format!("rule `{rule_id}` denies it{line}"),
            DenyReason::Unknown { path, cause } => format!(
                "rule `{rule_id}` denies it{line}: `{path}` has no value here ({})",
                cause.as_str()
            ),
            DenyReason::Default => "no rule of the policy allows it".to_owned(),
        };
        let words = own_words.map_or_else(String::new, |words| format!(": {}", words.as_str()));
        let nearest_rule = nearest(explanation);
        let missing: Vec<&str> = nearest_rule.map_or_else(Vec::new, missing_lines);
        let nearest = nearest_rule.map_or_else(String::new, |rule| {
            format!(
                "; nearest is rule `{}`, which needs `{}`",
                rule.id,
                missing.join("` and `")
            )
        });
        Fault::new(
            ErrorCode::PolicyDeny,
            envelope.resource.to_string(),
            format!("{what}{words}{nearest}"),
        )
        .with_hint(self.whom_to_ask(&missing))
        .with_detail("rule_id", reply::text(rule_id))
        .with_detail("policy_root", self.policy.root().to_value())
        .with_detail(
            "missing",
            Value::List(missing.iter().map(|line| reply::text(line)).collect()),
        )
    }

    fn expired(&self, envelope: &Envelope, epoch: u64, ended: &[String]) -> Fault {
        let caps = ended.join("`, `");
        Fault::new(
            ErrorCode::CapExpired,
            envelope.resource.to_string(),
            format!("the grant of `{caps}` ended before epoch {epoch}; with it the policy would allow this"),
        )
        .with_hint(format!("ask {} for a new grant", self.governors()))
    }

    fn whom_to_ask(&self, lines: &[&str]) -> String {
        match lines.is_empty() {
            true => format!(
                "ask {} about the rule; `gatos audit log` shows the decision",
                self.governors()
            ),
            false => format!(
                "a granted capability is claimed with `gatos event append --cap`; ask {} for what is missing",
                self.governors()
            ),
        }
    }

    fn governors(&self) -> String {
        let names = self.chain.governors_at(self.version);
        let names: Vec<&str> = names.iter().map(|actor| actor.as_str()).collect();
        names.join(" or ")
    }
}

/// Of the rules about such requests the one with the fewest lines in the way of an allow.
fn nearest(explanation: &Explanation) -> Option<&RuleExplanation> {
    let about = explanation.rules.iter().filter(|rule| {
        rule.matches == Truth::True && rule.allows != Truth::True && !missing_lines(rule).is_empty()
    });
    about.min_by_key(|rule| missing_lines(rule).len())
}

/// The allow lines of a rule that do not hold, the first few of them.
fn missing_lines(rule: &RuleExplanation) -> Vec<&str> {
    let lines = rule.lines.iter();
    lines
        .filter(|line| line.is_allow && line.truth != Truth::True)
        .take(CLAUSE_COUNT_MAX)
        .map(|line| line.text.as_str())
        .collect()
}

/// The record of a verdict about an event of a key that is at hand, or whose signature holds.
pub(crate) fn record_of(
    chain: &Chain,
    envelope: &Envelope,
    id: EventId,
    verdict: &Verdict,
    via: Door,
) -> AuditRequest {
    let answer = match &verdict.refusal {
        None => Answer::Allow,
        Some(fault) => Answer::Deny(fault.code),
    };
    let reason = verdict.refusal.as_ref().map_or_else(
        || "a rule allows it and wants it on record".to_owned(),
        |fault| fault.reason.clone(),
    );
    AuditRequest {
        answer,
        intent: Intent::Write,
        actor: envelope.actor.clone(),
        key: envelope.key,
        event: Some(id),
        document: None,
        reference: envelope.journal().ref_name(),
        resource: Some(envelope.resource.clone()),
        rule_ids: verdict.rule_ids.clone(),
        reason,
        via,
        governance_version: chain.version_of(&envelope.gov).unwrap_or(chain.version()),
        fold_root: envelope.fold_root,
        asked: verdict.asked.clone(),
    }
}
