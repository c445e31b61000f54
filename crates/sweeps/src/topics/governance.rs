//! Governance chains of generated changes: documents, ids, verdicts, and which envelopes a version admits.

use crate::dice::Dice;
use crate::record::Record;
use gatos_policy::governance::{
    Chain, ChangeOperation, GenesisActor, GovernanceError, SignedDocument, admit, change, genesis,
};
use gatos_values::{
    Actor, Envelope, EventType, Namespace, ResourceUri, Segment, Sha256Digest, SignatureNamespace,
    SigningKey, Ulid, Value,
};

const ACTORS: &[&str] = &["user:al", "user:bo", "agent:cy", "service:ci"];
const NAMESPACES: &[&str] = &["finance", "ops/deploy"];
/// Keys that changes may enrol, by number; the first four are those of the first actors.
const KEY_COUNT: u64 = 40;

/// A genesis, up to six changes, some of which are refused, and an event after each.
pub fn chains(dice: &mut Dice, record: &mut Record) {
    let first = first_document(dice);
    record.bytes("genesis", &first.bytes);
    let mut chain = match Chain::from_genesis(&first) {
        Ok(chain) => chain,
        Err(error) => return record.outcome("genesis", Err::<&str, _>(error)),
    };
    for number in 1..=dice.between(1, 6) {
        match next_document(dice, &chain, number) {
            Err(error) => record.outcome("document", Err::<&str, _>(error)),
            Ok(document) => {
                record.bytes("document", &document.bytes);
                record.outcome("applied", chain.apply(&document));
            }
        }
        record.text("head", chain.head());
        record.text("version", chain.version());
        let envelope = envelope(dice, &chain);
        let admitted = admit(&chain, &envelope).map(|admitted| admitted.public);
        record.outcome("admitted", admitted);
    }
}

fn key(number: u64) -> SigningKey {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    SigningKey::from_seed(seed)
}

fn first_document(dice: &mut Dice) -> SignedDocument {
    let governor_count = dice.between(1, 3);
    let named = |number: u64| actor(ACTORS[(number % 4) as usize]);
    let actors = (0..4).map(|number| GenesisActor {
        actor: named(number),
        keys: vec![key(number).public()],
    });
    let governors = (0..governor_count).map(named).collect();
    let threshold = dice.between(1, governor_count);
    let name = Segment::parse("books").expect("a segment");
    let bytes = genesis(name, ulid(0), actors.collect(), governors, threshold)
        .expect("a threshold that can be met");
    signed(dice, bytes, governor_count)
}

/// Signed by the keys of all governors; sometimes by fewer, or by one who does not govern.
fn signed(dice: &mut Dice, bytes: Vec<u8>, governor_count: u64) -> SignedDocument {
    let count = if dice.one_in(4) {
        dice.below(5)
    } else {
        governor_count
    };
    let sign = |number| key(number).sign(SignatureNamespace::Grant, &bytes);
    SignedDocument {
        signatures: (0..count).map(sign).collect(),
        bytes,
    }
}

fn next_document(
    dice: &mut Dice,
    chain: &Chain,
    number: u64,
) -> Result<SignedDocument, GovernanceError> {
    let count = dice.between(1, 2);
    let operations = (0..count).map(|_| operation(dice)).collect();
    let time = if dice.one_in(8) { 0 } else { number };
    let bytes = change(chain, ulid(time), operations)?;
    let governor_count = chain.governors_at(chain.version()).len() as u64;
    Ok(signed(dice, bytes, governor_count))
}

fn operation(dice: &mut Dice) -> ChangeOperation {
    match dice.below(3) {
        0 => ChangeOperation::ActorEnrol {
            actor: actor(&format!("user:new{}", dice.below(8))),
        },
        1 => ChangeOperation::KeyEnrol {
            actor: actor(dice.pick(ACTORS)),
            public: key(dice.below(KEY_COUNT)).public(),
        },
        _ => ChangeOperation::FoldInstall {
            ns: namespace(dice),
            fold_root: Sha256Digest::of(&dice.bytes(4)),
        },
    }
}

fn envelope(dice: &mut Dice, chain: &Chain) -> Envelope {
    let ns = namespace(dice);
    let number = dice.below(4);
    let key_number = if dice.one_in(3) {
        dice.below(KEY_COUNT)
    } else {
        number
    };
    let version = dice.between(0, chain.version());
    Envelope {
        repo: chain.repository_id(),
        actor: actor(ACTORS[number as usize]),
        key: key(key_number).public().key_id(),
        event_type: event_type(dice),
        ulid: ulid(100 + dice.below(10)),
        prev: None,
        resource: ResourceUri::journal(chain.repository_name(), &ns),
        payload: Value::Null,
        caps: Vec::new(),
        labels: Vec::new(),
        idem: None,
        session: None,
        gov: chain.id_of(version).expect("a version of the chain"),
        policy_root: chain.policy_root_at(version),
        fold_root: chain.fold_root_at(&ns, version),
        ns,
    }
}

fn event_type(dice: &mut Dice) -> EventType {
    let text = dice.pick(&["invoice.paid", "flag.set", "trust.key"]);
    EventType::parse(text).expect("an event type")
}

fn actor(text: &str) -> Actor {
    Actor::parse(text).expect("an actor")
}

fn namespace(dice: &mut Dice) -> Namespace {
    Namespace::parse(dice.pick(NAMESPACES)).expect("a namespace")
}

/// ULIDs one second apart, from 2026 on.
fn ulid(number: u64) -> Ulid {
    let time_ms = 1_767_225_600_000 + number * 1000;
    Ulid::from_parts(time_ms, u128::from(number)).expect("in range")
}
