//! Random histories of trust: at every version the chain answers as the slow twin does, replayed it is the same, and
//! what it refuses leaves no trace.
//!
//! `GATOS_TRUST_CASES` sets how many histories are tried.

use gatos_policy::governance::{
    Chain, ChangeOperation, CutEntry, Grant, SignedDocument, change_with_cut,
};
use gatos_values::{ResourceUri, SignatureNamespace, Text};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::fixture::*;
use crate::trust_twin::{TrustTwin, kept, named};

const ACTORS: [&str; 4] = ["service:ci", "user:alice", "user:bob", "user:carol"];
const GROUPS: [&str; 2] = ["dev", "ops"];
const NAMESPACES: [&str; 2] = ["a", "b/c"];
const CAPS: [&str; 3] = ["append", "publish", "read"];
const PATHS: [&str; 5] = ["**", "a/**", "b/**", "a/x/*", "*/x/*"];
const KEYS: u8 = 12;

/// What somebody wishes; made into an operation when the chain is known.
#[derive(Clone, Debug)]
enum Wish {
    Level(usize, u64),
    Group(usize, u8),
    Policy(u8),
    Governors(u8, u64),
    Enrol(usize, u8),
    Revoke(u8),
    Rotate(usize, u8, u8, bool),
    Namespace(usize, bool),
    Creation(bool),
    Grant {
        signer: u8,
        subject: usize,
        caps: u8,
        path: usize,
        from: u64,
        until: u64,
        prev: usize,
    },
    EndGrant(usize),
    Choose {
        actor: usize,
        ns: usize,
        count: u64,
        is_rival: bool,
    },
}

fn wish() -> impl Strategy<Value = Wish> {
    let actor = 0..ACTORS.len();
    prop_oneof![
        2 => (actor.clone(), 0..4u64).prop_map(|(actor, level)| Wish::Level(actor, level)),
        2 => (0..2usize, 0..16u8).prop_map(|(group, members)| Wish::Group(group, members)),
        1 => (0..4u8).prop_map(Wish::Policy),
        1 => (1..16u8, 1..3u64).prop_map(|(mask, threshold)| Wish::Governors(mask, threshold)),
        2 => (actor.clone(), 1..KEYS).prop_map(|(actor, key)| Wish::Enrol(actor, key)),
        2 => (1..KEYS).prop_map(Wish::Revoke),
        2 => (actor.clone(), 1..KEYS, 1..KEYS, any::<bool>()).prop_map(|(a, o, n, l)| Wish::Rotate(a, o, n, l)),
        1 => (0..2usize, any::<bool>()).prop_map(|(ns, export)| Wish::Namespace(ns, export)),
        1 => any::<bool>().prop_map(Wish::Creation),
        9 => (1..KEYS, actor, 1..8u8, 0..PATHS.len(), 0..3u64, 3..7u64, 0..9usize).prop_map(
            |(signer, subject, caps, path, from, until, prev)| Wish::Grant {
                signer, subject, caps, path, from, until, prev,
            }
        ),
        2 => (0..9usize).prop_map(Wish::EndGrant),
        3 => (0..ACTORS.len(), 0..2usize, 1..4u64, any::<bool>()).prop_map(
            |(actor, ns, count, is_rival)| Wish::Choose { actor, ns, count, is_rival }
        ),
    ]
}

fn picked(names: &[&str], mask: u8) -> Vec<String> {
    let chosen = names
        .iter()
        .enumerate()
        .filter(|(bit, _)| mask & (1 << bit) != 0);
    chosen.map(|(_, name)| (*name).to_owned()).collect()
}

fn operation(chain: &Chain, issued: &[Grant], wish: &Wish) -> Option<ChangeOperation> {
    let newest = chain.version();
    Some(match wish {
        Wish::Level(actor, level) => set_level(ACTORS[*actor], *level),
        Wish::Group(group, mask) => {
            let members = picked(&ACTORS, *mask);
            set_group(
                GROUPS[*group],
                &members.iter().map(String::as_str).collect::<Vec<_>>(),
            )
        }
        Wish::Policy(number) => activate(*number),
        Wish::Governors(mask, threshold) => {
            let governors = picked(&ACTORS, *mask);
            set_governors(
                &governors.iter().map(String::as_str).collect::<Vec<_>>(),
                *threshold,
            )
        }
        Wish::Enrol(actor, number) => enrol_key(ACTORS[*actor], *number),
        Wish::Revoke(number) => revoke_key(*number),
        Wish::Rotate(actor, old, new, is_lost) => {
            rotate(chain, ACTORS[*actor], *old, *new, *is_lost)
        }
        Wish::Namespace(ns, export) => set_namespace(NAMESPACES[*ns], *export),
        Wish::Creation(governed) => ChangeOperation::NamespaceCreation {
            governed: *governed,
        },
        Wish::Choose {
            actor,
            ns,
            count,
            is_rival,
        } => {
            let journal = journal(NAMESPACES[*ns], ACTORS[*actor], *actor as u8 + 1);
            choose(&journal, *count, *is_rival)
        }
        Wish::EndGrant(index) => revoke_grant(&issued.get(*index)?.id().unwrap()),
        Wish::Grant {
            signer,
            subject,
            caps,
            path,
            from,
            until,
            prev,
        } => {
            let owner = chain
                .key_at(&key(*signer).public().key_id(), newest)?
                .actor
                .clone();
            let wished = Grant {
                caps: picked(&CAPS, *caps)
                    .iter()
                    .map(|cap| Text::new(cap).unwrap())
                    .collect(),
                not_before_epoch: *from,
                expires_epoch: (*until < 6).then_some(*until),
                ..grant(chain, owner.as_str(), ACTORS[*subject], &[], PATHS[*path])
            };
            let near = |record: &Grant| record.subject == owner || record.issuer == owner;
            let held: Vec<&Grant> = chain
                .grants_at(newest)
                .map(|(_, record)| &record.signed.grant)
                .filter(|held| near(held))
                .collect();
            let grant = match held.get(prev % (held.len() + 1)) {
                Some(held) => resting_on(wished, held),
                None => wished,
            };
            issue(&grant, *signer)
        }
    })
}

/// The wished grant, resting on another: often within it, sometimes beyond it, sometimes in its place.
fn resting_on(wished: Grant, held: &Grant) -> Grant {
    let prev = Some(held.id().unwrap());
    if wished.caps.len() == 3 {
        return Grant { prev, ..wished };
    }
    let mut caps = wished.caps.clone();
    caps.retain(|cap| held.caps.contains(cap));
    let in_its_place = held.issuer == wished.issuer;
    let is_narrow = wished.resource.is_within(&held.resource);
    Grant {
        prev,
        caps: if caps.is_empty() || wished.not_before_epoch == 0 {
            held.caps.clone()
        } else {
            caps
        },
        subject: if in_its_place {
            held.subject.clone()
        } else {
            wished.subject.clone()
        },
        resource: if is_narrow {
            wished.resource.clone()
        } else {
            held.resource.clone()
        },
        not_before_epoch: wished.not_before_epoch.max(held.not_before_epoch),
        expires_epoch: held.expires_epoch,
        ..wished
    }
}

/// All governors sign with all their keys, and whoever joins them as well.
fn sign(chain: &Chain, bytes: Vec<u8>, operations: &[ChangeOperation]) -> SignedDocument {
    let mut governors = chain.governors_at(chain.version());
    for operation in operations {
        if let ChangeOperation::GovernorsSet {
            governors: joining, ..
        } = operation
        {
            governors.extend(joining.iter().cloned());
        }
    }
    let may_sign = |number: &u8| {
        let record = chain.key_at(&key(*number).public().key_id(), chain.version());
        record.is_some_and(|record| governors.contains(&record.actor))
    };
    let signers: Vec<u8> = (1..KEYS).filter(may_sign).collect();
    let signatures = signers
        .iter()
        .map(|number| key(*number).sign(SignatureNamespace::Grant, &bytes));
    SignedDocument {
        signatures: signatures.collect(),
        bytes,
    }
}

/// A cut that lists some journals of everybody.
fn some_cut(seed: u64) -> Vec<CutEntry> {
    let mut entries = Vec::new();
    for (index, name) in ACTORS.iter().enumerate() {
        for ns in NAMESPACES {
            let dice = seed
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                .rotate_left(7 * entries.len() as u32)
                % 5;
            let count = dice + 1;
            if dice < 4 {
                entries.push(cut_entry(ns, name, index as u8 + 1, count));
            }
        }
    }
    entries
}

fn first() -> SignedDocument {
    let actors: &[(&str, &[u8])] = &[
        ("service:ci", &[1]),
        ("user:alice", &[2]),
        ("user:bob", &[3]),
        ("user:carol", &[4]),
    ];
    signed(
        genesis_bytes(actors, &["user:alice", "user:bob"], 1),
        &[2, 3],
    )
}

fn grow(wishes: &[(Vec<Wish>, u64)]) -> (Chain, Vec<SignedDocument>) {
    let mut documents = vec![first()];
    let mut chain = Chain::from_genesis(&documents[0]).unwrap();
    let mut issued: Vec<Grant> = Vec::new();
    for (wishes, seed) in wishes {
        let operations: Vec<_> = wishes
            .iter()
            .filter_map(|wish| operation(&chain, &issued, wish))
            .collect();
        let built = change_with_cut(
            &chain,
            ulid(chain.version() + 1),
            operations.clone(),
            some_cut(*seed),
        );
        let Ok(bytes) = built else { continue };
        let document = sign(&chain, bytes, &operations);
        let before = chain.clone();
        if chain.apply(&document).is_err() {
            assert_eq!(
                chain, before,
                "a refused document leaves the chain as it was"
            );
            continue;
        }
        documents.push(document);
        for operation in operations {
            if let ChangeOperation::GrantIssue { grant } = operation {
                issued.push(grant.grant);
            }
        }
    }
    (chain, documents)
}

fn check_version(chain: &Chain, documents: &[SignedDocument], version: u64) {
    let twin = TrustTwin::at(documents, version as usize);
    assert_eq!(chain.policy_root_at(version).to_string(), twin.policy);
    assert_eq!(chain.threshold_at(version), twin.threshold);
    let governors: Vec<String> = chain
        .governors_at(version)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(governors, twin.governors);
    assert_eq!(
        chain.is_creation_governed_at(version),
        twin.is_creation_governed
    );
    for ns in NAMESPACES {
        let marked = twin.namespaces.get(ns).copied().unwrap_or(false);
        assert_eq!(chain.is_export_marked_at(&namespace(ns), version), marked);
    }
    for number in 1..KEYS {
        let id = key(number).public().key_id();
        let owner = chain
            .key_at(&id, version)
            .map(|record| record.actor.to_string());
        assert_eq!(owner, twin.keys.get(&id.to_string()).cloned());
    }
    for name in ACTORS {
        assert_eq!(chain.level_at(&actor(name), version), twin.level(name));
        for group_name in GROUPS {
            let is_member = chain
                .members_at(&group(group_name), version)
                .contains(&actor(name));
            let expected = twin
                .groups
                .get(group_name)
                .is_some_and(|members| members.contains(name));
            assert_eq!(is_member, expected);
        }
        for path in ["a/x/y", "a/journal", "b/x/y", "b/c/journal"] {
            let resource = ResourceUri::parse(&format!("gatos://ledger/{path}")).unwrap();
            for epoch in 0..7 {
                let found = chain.capabilities_at(&actor(name), version, epoch, &resource);
                let found = found
                    .live
                    .iter()
                    .map(|cap| cap.as_str().to_owned())
                    .collect();
                assert_eq!(
                    twin.capabilities(name, epoch, &resource),
                    found,
                    "{name} {path} {epoch}"
                );
            }
        }
    }
    let live: Vec<String> = chain
        .grants_at(version)
        .map(|(id, _)| id.to_string())
        .collect();
    let mut expected: Vec<String> = twin
        .grants
        .iter()
        .filter(|grant| grant.is_live)
        .map(|grant| grant.id.clone())
        .collect();
    expected.sort();
    assert_eq!(live, expected, "live grants");
}

/// An event is stale when some newer version took from its journal and kept fewer events of it.
fn check_cuts(chain: &Chain, documents: &[SignedDocument]) {
    let twins: Vec<TrustTwin> = (0..documents.len())
        .map(|version| TrustTwin::at(documents, version))
        .collect();
    for (index, name) in ACTORS.iter().enumerate() {
        for ns in NAMESPACES {
            let journal = journal(ns, name, index as u8 + 1);
            let cuts = chain.cuts_of(&journal);
            for position in 1..5 {
                for event in [position, position + 100] {
                    let event = event_id(&journal, event);
                    let refuses = |document: &SignedDocument| {
                        let mut names = named(document, &journal.short()).into_iter();
                        names.any(|(count, name)| count == position && name != event.to_string())
                    };
                    let expected = documents.iter().position(refuses);
                    let found = cuts.contradicts(position, &event);
                    assert_eq!(found, expected.map(|version| version as u64), "{journal}");
                }
            }
            for named in 0..documents.len() {
                for position in 1..7u64 {
                    let took = |newer: &usize| {
                        let key = journal.key.to_string();
                        twins[*newer].took_from(&twins[newer - 1], ns, name, &key)
                            && kept(&documents[*newer], &journal.short()) < position
                    };
                    let expected = (named + 1..documents.len())
                        .find(took)
                        .map(|version| version as u64);
                    let found = cuts.stale_since(position, named as u64);
                    assert_eq!(found, expected, "{journal} event {position} under {named}");
                }
            }
        }
    }
}

fn cases() -> u32 {
    let named = std::env::var("GATOS_TRUST_CASES").ok();
    named.map_or(48, |count| count.parse().expect("a number"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn every_version_of_trust_answers_as_the_twin_does(
        wishes in vec((vec(wish(), 1..4), any::<u64>()), 1..24),
    ) {
        let (chain, documents) = grow(&wishes);
        for version in 0..documents.len() as u64 {
            check_version(&chain, &documents, version);
            prop_assert_eq!(&Chain::from_genesis(&documents[0]).map(|first| {
                documents[1..=version as usize].iter().fold(first, |mut chain, document| {
                    chain.apply(document).unwrap();
                    chain
                })
            }).unwrap(), &chain.up_to(version));
        }
        check_cuts(&chain, &documents);
        // What is live rests on something live that holds at least as much.
        for (_, record) in chain.grants_at(chain.version()) {
            if let Some(held) = record.hangs_on_at(chain.version()) {
                let held = chain.grant(&held).unwrap();
                prop_assert!(held.is_live_at(chain.version()));
                prop_assert_eq!(record.signed.grant.exceeds(&held.signed.grant), None);
            }
        }
    }
}

#[test]
fn random_histories_reach_every_kind_of_operation() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = vec((vec(wish(), 1..4), any::<u64>()), 20..30);
    let mut names = std::collections::BTreeSet::new();
    let mut longest = 0;
    for _ in 0..24 {
        let wishes = strategy.new_tree(&mut runner).unwrap().current();
        let (chain, documents) = grow(&wishes);
        longest = longest.max(chain.version());
        for document in &documents[1..] {
            let text = String::from_utf8(document.bytes.clone()).unwrap();
            names.extend(
                text.split("\"op\":\"")
                    .skip(1)
                    .map(|rest| rest.split('"').next().unwrap().to_owned()),
            );
            if text.contains("\"prev\":\"blake3") && text.contains("governance.grant") {
                names.insert("grants".into());
            }
        }
        names.extend(chain.grants_at(chain.version()).filter_map(|(_, record)| {
            record
                .hangs_on_at(chain.version())
                .map(|_| "a grant that hangs on another".to_owned())
        }));
    }
    for expected in [
        "actor.level",
        "group.set",
        "governors.set",
        "journal.choose",
        "key.enrol",
        "key.revoke",
        "key.rotate",
        "namespace.set",
        "namespace.creation",
        "policy.activate",
        "grant.issue",
        "grant.revoke",
        "a grant that hangs on another",
    ] {
        assert!(
            names.contains(expected),
            "no history had `{expected}`: {names:?}"
        );
    }
    assert!(longest >= 8, "the longest history had {longest} changes");
}
