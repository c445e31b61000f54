//! The gate: may this event be written? Governance says who, the policy in force says what.
//!
//! The context is filled here and nowhere else, from the envelope, the trust state of the version it names, and two
//! settings of this clone. Under the empty policy there is nothing to ask, and nothing is asked. This file asks about
//! events (`write`); its parts ask about changes of governance (`govern`), about what leaves (`export`) and about what
//! is shown to others (`read`), and say what a refusal means.
//!
//! INVARIANT: the same envelope, version, epoch and settings get the same answer on any machine.
//! Tests: ../tests/it/gate.rs.

pub mod export;
pub(crate) mod govern;
pub mod reading;
mod words;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use gatos_ledger::settings;
use gatos_policy::audit::{Answer, Asked, Door};
use gatos_policy::governance::Chain;
use gatos_policy::governing;
use gatos_policy::language::explain::explain;
use gatos_policy::language::{Decision, Intent, Policy, Request, TrustSnapshot};
use gatos_values::{Actor, Envelope, EventId, ResourceUri, Text, Value};

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

/// What is put to the policy; the gate adds who is trusted how far, and the other side.
pub(crate) struct Question<'a> {
    pub(crate) intent: Intent,
    pub(crate) actor: &'a Actor,
    /// Capabilities that are claimed, of which those granted count; without a claim all that are granted.
    pub(crate) claimed: Option<&'a [Text]>,
    pub(crate) labels: Vec<&'a str>,
    pub(crate) path: &'a str,
    pub(crate) resource: &'a ResourceUri,
    pub(crate) payload: &'a Value,
    pub(crate) epoch: u64,
}

pub(crate) use export::refuse_misplaced;

impl Question<'_> {
    /// The capabilities of a list that are claimed.
    fn of_claimed(&self, caps: &[Text]) -> Vec<String> {
        let counts = |cap: &&Text| self.claimed.is_none_or(|claimed| claimed.contains(cap));
        let counting = caps.iter().filter(counts);
        counting.map(|cap| cap.as_str().to_owned()).collect()
    }
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

impl Verdict {
    /// A refusal that no rule made.
    pub(crate) fn without_rule(refusal: Fault) -> Verdict {
        Verdict {
            refusal: Some(refusal),
            rule_ids: Vec::new(),
            audit: false,
            asked: None,
        }
    }
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
        self.answer(&Question {
            intent: Intent::Write,
            actor: &envelope.actor,
            claimed: Some(&envelope.caps),
            labels: envelope.labels.iter().map(|label| label.as_str()).collect(),
            path: &envelope.journal().short(),
            resource: &envelope.resource,
            payload: &envelope.payload,
            epoch,
        })
    }

    /// Puts a question to the policy.
    pub(crate) fn answer(&self, question: &Question<'_>) -> Verdict {
        let granted = self.chain.capabilities_at(
            question.actor,
            self.version,
            question.epoch,
            question.resource,
        );
        let live = question.of_claimed(&granted.live);
        let decision = self.ask(question, &live, decide);
        match &decision {
            Decision::Allow { rule_ids, audit } => Verdict {
                refusal: None,
                rule_ids: rule_ids.iter().map(|id| id.to_string()).collect(),
                audit: *audit,
                asked: audit.then(|| self.asked(question, &live)),
            },
            Decision::Deny {
                firing,
                audit,
                rule_id,
                ..
            } => {
                let ended = question.of_claimed(&granted.expired);
                let with_ended: Vec<String> = live.iter().chain(&ended).cloned().collect();
                let would_allow =
                    !ended.is_empty() && self.ask(question, &with_ended, decide).is_allow();
                let refusal = match would_allow {
                    true => self.expired(question, &ended),
                    false => self.ask(question, &live, |policy, request| {
                        self.denied(question, &explain(policy, request, &[]))
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
                    asked: Some(self.asked(question, &live)),
                }
            }
        }
    }

    fn asked(&self, question: &Question<'_>, caps: &[String]) -> Asked {
        Asked {
            caps: caps.iter().map(|cap| reply::lossy(cap)).collect(),
            labels: question
                .labels
                .iter()
                .map(|label| reply::lossy(label))
                .collect(),
            remote: reply::lossy(&self.surroundings.remote),
            remote_addr: reply::lossy(&self.surroundings.remote_addr),
            epoch: question.epoch,
        }
    }

    fn ask<T>(
        &self,
        question: &Question<'_>,
        caps: &[String],
        put: impl FnOnce(&Policy, &Request<'_>) -> T,
    ) -> T {
        let caps: Vec<&str> = caps.iter().map(String::as_str).collect();
        let resource = question.resource.to_string();
        let request = Request {
            intent: question.intent,
            actor: Some(question.actor.as_str()),
            caps: Some(&caps),
            labels: Some(&question.labels),
            remote: Some(&self.surroundings.remote),
            remote_addr: Some(&self.surroundings.remote_addr),
            epoch: Some(question.epoch),
            path: Some(question.path),
            resource: Some(&resource),
            payload: Some(question.payload),
            trust: &self.trust,
        };
        put(&self.policy, &request)
    }
}

/// The policy's answer; to changes of governance with what nothing allows left to signatures.
fn decide(policy: &Policy, request: &Request<'_>) -> Decision {
    match request.intent {
        Intent::Govern => governing::decide(policy, request),
        _ => policy.evaluate(request),
    }
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
