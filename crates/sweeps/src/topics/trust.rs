//! The trust fold: generated changes of levels, groups, rules, policies, keys and grants, and what follows from them.
//!
//! Every document is signed by all first keys, so that most changes enter; cuts, attenuation, rotation and revocation
//! decide what the next answers are.

use crate::dice::Dice;
use crate::record::Record;
use gatos_policy::governance::{
    Chain, ChangeOperation, CutEntry, GenesisActor, GovernanceError, GovernedAction, Grant,
    KeyRotation, QuorumRule, ResourcePattern, SignedDocument, SignedGrant, change_with_cut,
    genesis, rotation_bytes,
};
use gatos_values::{
    Actor, Blake3Digest, DottedName, EventId, JournalName, Namespace, ResourceUri, Segment,
    Sha256Digest, SignatureNamespace, SigningKey, Text, Ulid,
};

const ACTORS: [&str; 3] = ["agent:cy", "user:al", "user:bo"];
const GROUPS: [&str; 2] = ["dev", "security"];
const CAPS: [&str; 3] = ["export", "journal:append", "read"];
const PATTERNS: [&str; 3] = [
    "gatos://books/**",
    "gatos://books/finance/**",
    "gatos://books/*/journal",
];
const RULES: [&str; 3] = [
    "1 of governors",
    "1 of dev and 1 of security",
    "2 of dev or 1 of governors",
];
const RESOURCE: &str = "gatos://books/finance/journal";

/// A genesis and up to eight changes; after each what everybody is and may.
pub fn folded(dice: &mut Dice, record: &mut Record) {
    let mut chain = founded();
    for number in 1..=dice.between(2, 8) {
        let operations = (0..dice.between(1, 2)).map(|_| operation(dice, &chain, number));
        let operations: Vec<ChangeOperation> = operations.collect();
        let cut = cut(dice);
        match change_with_cut(&chain, ulid(number), operations, cut) {
            Err(error) => record.outcome("document", Err::<&str, GovernanceError>(error)),
            Ok(bytes) => {
                record.bytes("document", &bytes);
                record.outcome("applied", chain.apply(&signed(bytes)));
            }
        }
        record_answers(&chain, record);
    }
    let replayed = chain.up_to(dice.between(0, chain.version()));
    record_answers(&replayed, record);
}

fn record_answers(chain: &Chain, record: &mut Record) {
    let version = chain.version();
    record.text("head", chain.head());
    record.text("policy", chain.policy_root_at(version));
    let resource = ResourceUri::parse(RESOURCE).expect("a resource");
    for (actor, entry) in chain.trust_snapshot_at(version).iter() {
        let groups: Vec<&str> = entry.groups.iter().map(Text::as_str).collect();
        record.text(
            "trust",
            format_args!("{} {} {}", actor.as_str(), entry.level, groups.join(",")),
        );
        let actor = Actor::parse(actor.as_str()).expect("an actor");
        for epoch in 0..3 {
            let caps = chain.capabilities_at(&actor, version, epoch, &resource);
            let shown = |caps: &[Text]| caps.iter().map(Text::as_str).collect::<Vec<_>>().join(",");
            record.text("live", shown(&caps.live));
            record.text("expired", shown(&caps.expired));
        }
        for key in chain.keys_of(&actor, version) {
            record.text("key", key);
        }
    }
}

fn founded() -> Chain {
    let actors = (0u8..).zip(ACTORS).map(|(number, name)| GenesisActor {
        actor: actor(name),
        keys: vec![key(number).public()],
    });
    let name = Segment::parse("books").expect("a segment");
    let governors = ACTORS.map(actor).to_vec();
    let bytes = genesis(name, ulid(0), actors.collect(), governors, 1).expect("a genesis");
    Chain::from_genesis(&signed(bytes)).expect("it is signed")
}

fn signed(bytes: Vec<u8>) -> SignedDocument {
    let sign = |number| key(number).sign(SignatureNamespace::Grant, &bytes);
    SignedDocument {
        signatures: (0..3).map(sign).collect(),
        bytes,
    }
}

fn operation(dice: &mut Dice, chain: &Chain, number: u64) -> ChangeOperation {
    let name = dice.pick(&ACTORS);
    match dice.below(9) {
        0 => ChangeOperation::ActorLevel {
            actor: actor(name),
            level: dice.below(4),
        },
        1 => ChangeOperation::GroupSet {
            group: DottedName::parse(dice.pick(&GROUPS)).expect("a group"),
            members: some(dice, &ACTORS).into_iter().map(actor).collect(),
        },
        2 => ChangeOperation::QuorumSet {
            action: GovernedAction::Policy,
            rule: (!dice.one_in(3)).then(|| QuorumRule::parse(dice.pick(&RULES)).expect("a rule")),
        },
        3 => ChangeOperation::PolicyActivate {
            policy_root: Sha256Digest::of(&dice.bytes(1)),
        },
        4 => ChangeOperation::KeyRevoke {
            key: key(dice.below(8) as u8).public().key_id(),
        },
        5 => rotation(dice, chain, name),
        6 => match chain.grants_at(chain.version()).next() {
            Some((id, _)) => ChangeOperation::GrantRevoke { grant: *id },
            None => grant(dice, chain, name, number),
        },
        _ => grant(dice, chain, name, number),
    }
}

fn rotation(dice: &mut Dice, chain: &Chain, name: &str) -> ChangeOperation {
    let (actor, old) = (actor(name), key(dice.below(3) as u8));
    let new = key(3 + dice.below(5) as u8);
    let bytes = rotation_bytes(
        chain.repository_id(),
        &actor,
        old.public().key_id(),
        &new.public(),
    );
    let sign = |key: &SigningKey| key.sign(SignatureNamespace::Grant, &bytes);
    ChangeOperation::KeyRotate(KeyRotation {
        actor,
        old: old.public().key_id(),
        public: new.public(),
        new_signature: sign(&new),
        old_signature: (!dice.one_in(3)).then(|| sign(&old)),
    })
}

fn grant(dice: &mut Dice, chain: &Chain, issuer: &str, number: u64) -> ChangeOperation {
    let resource = ResourcePattern::parse(dice.pick(&PATTERNS)).expect("a pattern");
    let version = chain.version();
    let held = chain.grants_at(version).next().map(|(id, _)| *id);
    let caps = some(dice, &CAPS)
        .into_iter()
        .map(Text::from_ascii)
        .collect();
    let grant = Grant {
        repo: chain.repository_id(),
        ulid: ulid(number),
        issuer: actor(issuer),
        subject: actor(dice.pick(&ACTORS)),
        caps,
        fold_root: chain.fold_root_of(&resource, version),
        resource,
        not_before_epoch: dice.below(2),
        expires_epoch: dice.one_in(2).then(|| dice.between(1, 3)),
        prev: held.filter(|_| dice.one_in(2)),
        revokes: Vec::new(),
        policy_root: chain.policy_root_at(version),
    };
    let place = ACTORS.iter().position(|name| *name == issuer).unwrap_or(0);
    let bytes = grant.encode().unwrap_or_default();
    let signature = key(place as u8).sign(SignatureNamespace::Grant, &bytes);
    ChangeOperation::GrantIssue {
        grant: SignedGrant { grant, signature },
    }
}

/// One journal, or none: whatever else is affected keeps nothing.
fn cut(dice: &mut Dice) -> Vec<CutEntry> {
    if dice.one_in(2) {
        return Vec::new();
    }
    let number = dice.below(3);
    let entry = CutEntry {
        journal: JournalName {
            ns: Namespace::parse("finance").expect("a namespace"),
            actor: actor(ACTORS[number as usize]),
            key: key(number as u8).public().key_id(),
        },
        count: dice.between(1, 9),
        event: EventId::from_digest(Blake3Digest::of(&dice.bytes(8))),
    };
    vec![entry]
}

fn some<T: Copy>(dice: &mut Dice, items: &[T]) -> Vec<T> {
    let chosen = items.iter().filter(|_| dice.one_in(2));
    chosen.copied().collect()
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed([number; 32])
}

fn actor(name: &str) -> Actor {
    Actor::parse(name).expect("an actor")
}

fn ulid(number: u64) -> Ulid {
    Ulid::from_parts(1_767_225_600_000 + number * 1000, u128::from(number)).expect("a ULID")
}
