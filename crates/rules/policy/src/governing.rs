//! Changes of governance put to the policy in force: what is asked, and what the answer means beside signatures.
//!
//! Signatures, thresholds and quorum rules say whether a change is made; a policy can only forbid more. It is asked
//! once for every operation and every signer, with the other signers as `payload.approvals`. A deny line always
//! counts. That nothing allows counts only where some rule could allow `govern`: a policy that says nothing of
//! governance leaves it to signatures and quorums, and locks nobody out
//! ([why](../../../../docs/decisions/0025-what-the-gate-asks.md)). Finding epochs and capabilities of a real change,
//! refusing and recording is the node's work.
//!
//! INVARIANT 1: a policy never lets a change through that the chain refuses; it is asked besides.
//! INVARIANT 2: where [`can_still_govern`] holds, some set of live signers can activate another policy in any epoch.
//! Tests: tests/it/governing.rs.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use gatos_values::{Actor, Map, ResourceUri, Text, Value, roots::EMPTY_POLICY_ROOT};

use crate::governance::{Chain, ChangeOperation};
use crate::language::{Decision, Intent, Policy, Request};

/// The path of every change of governance.
pub const GOVERNANCE_PATH: &str = "gatos/governance";
/// An epoch that no grant with an end reaches.
const LAST_EPOCH: u64 = u64::MAX;

/// One question to the policy: may this signer make this change, with these others?
#[derive(Clone, Debug)]
pub struct GovernQuestion {
    /// The signer.
    pub actor: Actor,
    /// What the change is about.
    pub resource: ResourceUri,
    /// The operation, flat, with `kind`, `op` and `approvals`.
    pub payload: Value,
}

/// Everything to ask about a change: a question for each operation and signer, in their order.
pub fn questions<'a>(
    chain: &'a Chain,
    operations: &'a [ChangeOperation],
    signers: &'a BTreeSet<Actor>,
) -> impl Iterator<Item = GovernQuestion> + 'a {
    operations.iter().flat_map(move |operation| {
        signers.iter().map(move |actor| GovernQuestion {
            actor: actor.clone(),
            resource: resource_of(chain, operation),
            payload: payload_of(operation, signers.iter().filter(|other| *other != actor)),
        })
    })
}

/// The answer to a `govern` request; see the head of this file for what a denial by default means.
#[must_use]
pub fn decide(policy: &Policy, request: &Request<'_>) -> Decision {
    let decision = policy.evaluate(request);
    match &decision {
        Decision::Deny { firing, audit, .. }
            if firing.is_empty() && !policy.can_allow(Intent::Govern) =>
        {
            Decision::Allow {
                rule_ids: Vec::new(),
                audit: *audit,
            }
        }
        _ => decision,
    }
}

/// Whether, under the newest version of a chain and this policy, somebody could still activate another policy.
///
/// Signers are taken away until all that are left may sign together. Grants that end do not count, or the last of them
/// would take governance with it.
#[must_use]
pub fn can_still_govern(chain: &Chain, policy: &Policy) -> bool {
    let version = chain.version();
    let trust = chain.trust_snapshot_at(version);
    let probe = [ChangeOperation::PolicyActivate {
        policy_root: EMPTY_POLICY_ROOT,
    }];
    let requirements = chain.requirements(&probe);
    let governors = chain.governors_at(version);
    let mut signers: BTreeSet<Actor> = governors.iter().cloned().collect();
    for actor in chain.actors_at(version) {
        let counts = requirements
            .iter()
            .any(|requirement| chain.counts_for(requirement, &actor));
        if counts && !chain.keys_of(&actor, version).is_empty() {
            signers.insert(actor);
        }
    }
    loop {
        let refused = questions(chain, &probe, &signers).find(|question| {
            let caps = chain
                .capabilities_at(&question.actor, version, LAST_EPOCH, &question.resource)
                .live;
            let caps: Vec<&str> = caps.iter().map(Text::as_str).collect();
            let resource = question.resource.to_string();
            let request = Request {
                actor: Some(question.actor.as_str()),
                caps: Some(&caps),
                labels: Some(&[]),
                remote: Some("none"),
                remote_addr: Some("127.0.0.1"),
                epoch: Some(LAST_EPOCH),
                path: Some(GOVERNANCE_PATH),
                resource: Some(&resource),
                payload: Some(&question.payload),
                ..Request::new(Intent::Govern, &trust)
            };
            !decide(policy, &request).is_allow()
        });
        match refused {
            Some(question) => signers.remove(&question.actor),
            None => break,
        };
    }
    let signing = governors
        .iter()
        .filter(|one| signers.contains(*one))
        .count() as u64;
    let approvers: BTreeSet<&Actor> = signers.iter().collect();
    signing >= chain.threshold_at(version)
        && requirements
            .iter()
            .all(|requirement| chain.meets(requirement, &approvers))
}

/// `gatos://<repository>/governance/change`, or `gatos://<repository>/<namespace>/governance` for what is about one.
fn resource_of(chain: &Chain, operation: &ChangeOperation) -> ResourceUri {
    let name = chain.repository_name();
    let text = match operation {
        ChangeOperation::FoldInstall { ns, .. } | ChangeOperation::NamespaceSet { ns, .. } => {
            format!("gatos://{name}/{ns}/governance")
        }
        ChangeOperation::JournalChoose { journal, .. } => {
            format!("gatos://{name}/{}/governance", journal.ns)
        }
        _ => format!("gatos://{name}/governance/change"),
    };
    ResourceUri::parse(&text).expect("names are within the limits of resources")
}

/// The fields of the operation, those of a grant beside them, and who else signs.
fn payload_of<'a>(operation: &ChangeOperation, others: impl Iterator<Item = &'a Actor>) -> Value {
    let mut map = Map::new();
    if let Value::Map(fields) = operation.to_value() {
        for (name, value) in fields.into_entries() {
            map.insert(name, value);
        }
    }
    if let ChangeOperation::GrantIssue { .. } = operation
        && let Some(Value::Map(grant)) = map.remove("grant")
    {
        // What it gives is asked for as part of the operation; its own `kind` says nothing and gives way to the action.
        for (name, value) in grant.into_entries() {
            map.insert(name, value);
        }
    }
    let names: Vec<String> = others.map(ToString::to_string).collect();
    let approvals = names.iter().filter_map(|name| Text::new(name).ok());
    Value::Map(
        map.with(
            "approvals",
            Value::List(approvals.map(Value::Text).collect()),
        )
        .with("kind", operation.action().as_str()),
    )
}
