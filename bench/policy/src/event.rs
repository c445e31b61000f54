//! Events and grants, judged as the node's gate does: who holds which capability, then the policy.

use gatos_policy::governance::{
    Chain, ChangeOperation, GenesisActor, Grant, ResourcePattern, SignedDocument, SignedGrant,
    change_with_cut, genesis,
};
use gatos_policy::language::{Decision, Intent, Policy, Request, TrustSnapshot};
use gatos_values::{
    Actor, DottedName, Envelope, EventType, Map, Namespace, Segment, SignatureNamespace,
    SigningKey, Text, Ulid, Value,
};

use crate::random::{ACTORS, CAPS, Chooser};

/// Events with the governance they are judged under.
pub struct Bed {
    pub chain: Chain,
    pub trust: TrustSnapshot,
    pub events: Vec<Envelope>,
}

impl Bed {
    /// # Panics
    /// If governance refuses what is written here: a mistake of this file.
    #[must_use]
    pub fn new(policy: &Policy) -> Bed {
        let mut chain = found();
        let mut changes = vec![ChangeOperation::PolicyActivate {
            policy_root: policy.root(),
        }];
        for (group, members) in [
            ("finance", ["user:alice", "user:bob"]),
            ("ops", ["agent:ci", "user:bob"]),
        ] {
            changes.push(ChangeOperation::GroupSet {
                group: DottedName::parse(group).expect("a group"),
                members: members.map(actor).to_vec(),
            });
        }
        for (name, level) in ACTORS.into_iter().zip(1..) {
            changes.push(ChangeOperation::ActorLevel {
                actor: actor(name),
                level,
            });
        }
        extend(&mut chain, changes);
        let grants = ACTORS.into_iter().enumerate().flat_map(|(index, name)| {
            [("finance/**", 1 + index % 3), ("**", 1 + index % 2)]
                .map(|(path, count)| (name, path, count))
        });
        let grants = grants.map(|(name, path, count)| issue(&chain, name, path, &CAPS[..count]));
        let grants: Vec<ChangeOperation> = grants.collect();
        extend(&mut chain, grants);
        let trust = chain.trust_snapshot_at(chain.version());
        let mut chooser = Chooser::new(3);
        let events = (0..256).map(|number| event(&chain, &mut chooser, number));
        Bed {
            events: events.collect(),
            trust,
            chain,
        }
    }

    /// The events as they are kept.
    ///
    /// # Panics
    /// Never: they were made to be encoded.
    #[must_use]
    pub fn event_bytes(&self) -> Vec<Vec<u8>> {
        let bytes = self
            .events
            .iter()
            .map(|event| event.encode().expect("encodes"));
        bytes.collect()
    }

    /// What the gate does for one event.
    #[must_use]
    pub fn judge(&self, policy: &Policy, envelope: &Envelope, epoch: u64) -> Decision {
        let version = self.chain.version();
        let granted =
            self.chain
                .capabilities_at(&envelope.actor, version, epoch, &envelope.resource);
        let claimed = envelope.caps.iter();
        let caps: Vec<&str> = claimed
            .filter(|cap| granted.live.contains(cap))
            .map(|cap| cap.as_str())
            .collect();
        let labels: Vec<&str> = envelope.labels.iter().map(|label| label.as_str()).collect();
        let path = envelope.journal().short();
        let resource = envelope.resource.to_string();
        policy.evaluate(&Request {
            intent: Intent::Write,
            actor: Some(envelope.actor.as_str()),
            caps: Some(&caps),
            labels: Some(&labels),
            remote: Some("none"),
            remote_addr: Some("127.0.0.1"),
            epoch: Some(epoch),
            path: Some(&path),
            resource: Some(&resource),
            payload: Some(&envelope.payload),
            trust: &self.trust,
        })
    }
}

fn key() -> SigningKey {
    SigningKey::from_seed([7; 32])
}

fn actor(name: &str) -> Actor {
    Actor::parse(name).expect("an actor")
}

fn ulid(number: u64) -> Ulid {
    Ulid::from_parts(1_767_225_600_000 + number, u128::from(number)).expect("a ULID")
}

fn found() -> Chain {
    let actors = ACTORS.iter().enumerate().map(|(index, name)| GenesisActor {
        actor: actor(name),
        keys: match index {
            0 => vec![key().public()],
            _ => Vec::new(),
        },
    });
    let name = Segment::parse("ledger").expect("a segment");
    let bytes =
        genesis(name, ulid(0), actors.collect(), vec![actor(ACTORS[0])], 1).expect("a genesis");
    Chain::from_genesis(&signed(bytes)).expect("a chain")
}

fn signed(bytes: Vec<u8>) -> SignedDocument {
    SignedDocument {
        signatures: vec![key().sign(SignatureNamespace::Grant, &bytes)],
        bytes,
    }
}

fn extend(chain: &mut Chain, changes: Vec<ChangeOperation>) {
    let bytes =
        change_with_cut(chain, ulid(chain.version() + 1), changes, Vec::new()).expect("a change");
    chain.apply(&signed(bytes)).expect("it applies");
}

fn issue(chain: &Chain, subject: &str, path: &str, caps: &[&str]) -> ChangeOperation {
    let resource = ResourcePattern::parse(&format!("gatos://ledger/{path}")).expect("a pattern");
    let mut caps: Vec<Text> = caps
        .iter()
        .map(|cap| Text::new(cap).expect("a text"))
        .collect();
    caps.sort();
    let grant = Grant {
        repo: chain.repository_id(),
        ulid: ulid(chain.version() + 1),
        issuer: actor(ACTORS[0]),
        subject: actor(subject),
        caps,
        fold_root: chain.fold_root_of(&resource, chain.version()),
        resource,
        not_before_epoch: 0,
        expires_epoch: Some(3),
        prev: None,
        revokes: Vec::new(),
        policy_root: chain.policy_root_at(chain.version()),
    };
    let bytes = grant.encode().expect("a grant");
    let signature = key().sign(SignatureNamespace::Grant, &bytes);
    ChangeOperation::GrantIssue {
        grant: SignedGrant { grant, signature },
    }
}

fn event(chain: &Chain, chooser: &mut Chooser, number: u64) -> Envelope {
    let ns = chooser.pick(&["finance", "finance/invoices", "ops/deploy", "notes"]);
    let version = chain.version();
    let ns = Namespace::parse(ns).expect("a namespace");
    let payload = Map::new()
        .with("amount", Value::Integer(i128::from(chooser.below(5))))
        .with("invoice", "2026-11-0001")
        .with("to", "customer:4711");
    let labels: &[&str] = chooser.pick(&[&[][..], &["draft"], &["pii"]]);
    Envelope {
        repo: chain.repository_id(),
        actor: actor(chooser.pick(&ACTORS)),
        key: key().public().key_id(),
        event_type: EventType::parse("invoice.sent").expect("a type"),
        ulid: ulid(number + 10),
        prev: None,
        resource: format!("gatos://ledger/{ns}/invoices/2026-11-0001")
            .parse()
            .expect("a URI"),
        payload: Value::Map(payload),
        caps: ["journal:append", "read"].map(Text::from_ascii).to_vec(),
        labels: labels
            .iter()
            .map(|label| EventType::parse(label).expect("a label"))
            .collect(),
        idem: None,
        session: None,
        gov: chain.head(),
        policy_root: chain.policy_root_at(version),
        fold_root: chain.fold_root_at(&ns, version),
        ns,
    }
}
