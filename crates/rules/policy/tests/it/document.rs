//! One document: every field is checked, and only canonical bytes are read.

use gatos_policy::governance::{
    Change, DOCUMENT_SIZE_MAX, GovernanceDocument, GovernanceError, SignedDocument,
};
use gatos_values::{ErrorCode, GovernanceId};

use crate::fixture::*;

fn small_change() -> Vec<u8> {
    let chain = small_chain();
    let operations = vec![
        enrol_actor("service:ci"),
        enrol_key("service:ci", 3),
        install("finance", 1),
    ];
    next(&chain, operations, &[1]).bytes
}

fn refusal(bytes: &[u8]) -> GovernanceError {
    GovernanceDocument::decode(bytes).unwrap_err()
}

/// Replaces one piece of a genesis and gives the code and words of the refusal.
fn genesis_with(from: &str, to: &str) -> String {
    let error = refusal(&with_text(&small_genesis().bytes, from, to));
    format!("{}: {error}", error.code().as_str())
}

fn change_with(from: &str, to: &str) -> String {
    let error = refusal(&with_text(&small_change(), from, to));
    format!("{}: {error}", error.code().as_str())
}

#[test]
fn decode_is_the_inverse_of_encode() {
    for bytes in [small_genesis().bytes, small_change()] {
        let document = GovernanceDocument::decode(&bytes).unwrap();
        assert_eq!(document.encode().unwrap(), bytes);
    }
}

#[test]
fn a_document_tells_kind_version_ulid_and_id() {
    let document = GovernanceDocument::decode(&small_change()).unwrap();
    assert_eq!(
        (document.kind(), document.version()),
        ("governance.change", 1)
    );
    assert_eq!(document.ulid(), ulid(1));
    let genesis = small_genesis();
    let decoded = GovernanceDocument::decode(&genesis.bytes).unwrap();
    assert_eq!(
        (decoded.kind(), decoded.version()),
        ("governance.genesis", 0)
    );
    assert_eq!(genesis.id(), GovernanceId::of_document(&genesis.bytes));
}

#[test]
fn a_genesis_sorts_what_it_is_given() {
    let one = genesis_bytes(
        &[("user:bob", &[2, 9]), ("user:alice", &[1])],
        &["user:alice"],
        1,
    );
    let two = genesis_bytes(
        &[("user:alice", &[1]), ("user:bob", &[9, 2])],
        &["user:alice"],
        1,
    );
    assert_eq!(one, two);
}

#[test]
fn a_genesis_must_be_able_to_govern() {
    let error = |actors, governors, threshold| {
        try_genesis(actors, governors, threshold)
            .unwrap_err()
            .to_string()
    };
    let alice: &[(&str, &[u8])] = &[("user:alice", &[1])];
    assert!(error(alice, &["user:alice"], 0).contains("threshold"));
    assert!(error(alice, &["user:alice"], 2).contains("threshold"));
    assert!(error(alice, &[], 0).contains("threshold"));
    assert_eq!(
        error(alice, &["user:bob"], 1),
        "actor `user:bob` is not enrolled"
    );
    assert_eq!(
        error(&[("user:alice", &[])], &["user:alice"], 1),
        "governor `user:alice` has no key"
    );
    assert!(error(alice, &["user:alice", "user:alice"], 1).contains("governors[1]"));
    let twice: &[(&str, &[u8])] = &[("user:alice", &[1]), ("user:alice", &[2])];
    assert!(error(twice, &["user:alice"], 1).contains("actors[1]"));
    let shared: &[(&str, &[u8])] = &[("user:alice", &[1]), ("user:bob", &[1])];
    assert!(error(shared, &["user:alice"], 1).contains("is enrolled already"));
    let same: &[(&str, &[u8])] = &[("user:alice", &[1, 1])];
    assert!(error(same, &["user:alice"], 1).contains("actors[0].keys[1]"));
}

#[test]
fn every_field_of_a_genesis_is_checked() {
    let cases = [
        ("\"actors\":[", "\"actors\":[7,", "actors[0]"),
        (
            "\"actor\":\"user:alice\"",
            "\"actor\":\"robot:alice\"",
            "actors[0].actor",
        ),
        ("\"actor\":\"user:alice\"", "\"actor\":7", "actors[0].actor"),
        (
            "\"public\":\"ssh-ed25519",
            "\"public\":\"ssh-rsa",
            "actors[0].keys[0].public",
        ),
        (
            "\"governors\":[\"user:alice\"]",
            "\"governors\":\"user:alice\"",
            "governors",
        ),
        (
            "\"governors\":[\"user:alice\"]",
            "\"governors\":[true]",
            "governors[0]",
        ),
        (
            "\"governors\":[\"user:alice\"]",
            "\"governors\":[\"user:eve\"]",
            "user:eve",
        ),
        ("\"name\":\"ledger\"", "\"name\":\"Ledger\"", "name"),
        ("\"name\":\"ledger\"", "\"name\":null", "name"),
        (
            "\"policy_root\":\"sha256",
            "\"policy_root\":\"blake3",
            "policy_root",
        ),
        ("\"threshold\":1", "\"threshold\":-1", "threshold"),
        ("\"threshold\":1", "\"threshold\":1.5", "threshold"),
        (
            "\"threshold\":1",
            "\"threshold\":18446744073709551616",
            "threshold",
        ),
        ("\"ulid\":\"0", "\"ulid\":\"8", "ulid"),
        ("\"ulid\":\"0", "\"ulid\":\"7", "ulid"),
        ("\"version\":0", "\"version\":1", "version"),
        (",\"version\":0", ",\"version\":0,\"zone\":0", "zone"),
        (
            "{\"actor\":\"user:alice\",",
            "{\"actor\":\"user:alice\",\"age\":1,",
            "actors[0].age",
        ),
        (",\"name\":\"ledger\"", "", "name"),
    ];
    for (from, to, place) in cases {
        let said = genesis_with(from, to);
        assert!(said.starts_with("BAD_GOVERNANCE"), "{from} → {to}: {said}");
        assert!(said.contains(place), "{from} → {to}: {said}");
    }
}

#[test]
fn every_field_of_a_change_is_checked() {
    let cases = [
        ("\"repo\":\"blake3", "\"repo\":\"BLAKE3", "repo"),
        ("\"prev\":\"blake3:", "\"prev\":\"blake3:0", "prev"),
        ("\"version\":1", "\"version\":0", "version"),
        ("\"op\":\"key.enrol\"", "\"op\":7", "changes[1].op"),
        (
            "\"ns\":\"finance\"",
            "\"ns\":\"finance/head\"",
            "changes[2].ns",
        ),
        (
            "\"fold_root\":\"sha256:",
            "\"fold_root\":\"sha256:F",
            "changes[2].fold_root",
        ),
        (
            "{\"fold_root\"",
            "{\"also\":1,\"fold_root\"",
            "changes[2].also",
        ),
    ];
    for (from, to, place) in cases {
        let said = change_with(from, to);
        assert!(said.starts_with("BAD_GOVERNANCE"), "{from} → {to}: {said}");
        assert!(said.contains(place), "{from} → {to}: {said}");
    }
    let text = String::from_utf8(small_change()).unwrap();
    let (before, rest) = text.split_once("\"changes\":[").unwrap();
    let after = rest.split_once("],\"kind\"").unwrap().1;
    let empty = format!("{before}\"changes\":[],\"kind\"{after}");
    assert_eq!(
        refusal(empty.as_bytes()).to_string(),
        "governance field `changes` is empty"
    );
}

#[test]
fn the_key_id_must_be_that_of_the_key() {
    let id = key(1).public().key_id().to_string();
    let said = genesis_with(&id, "0000000000000000");
    assert!(
        said.contains("actors[0].keys[0].key") && said.contains("is not the id"),
        "{said}"
    );
}

#[test]
fn a_public_key_has_one_spelling() {
    let text = key(1).public().openssh_text();
    let said = genesis_with(&text, &format!("{text} alice@home"));
    assert!(said.contains("actors[0].keys[0].public"), "{said}");
}

#[test]
fn what_a_newer_version_may_know_is_said_so() {
    let cases = [
        genesis_with("\"v\":1", "\"v\":2"),
        genesis_with("governance.genesis", "governance.rebirth"),
        change_with("key.enrol", "key.retire"),
        change_with("actor.enrol", "actor.elect"),
    ];
    for said in cases {
        assert!(said.starts_with("GOV_UNSUPPORTED"), "{said}");
    }
    assert!(change_with("key.enrol", "key.retire").contains("changes[1].op"));
}

#[test]
fn only_canonical_json_of_a_map_is_read() {
    let bytes = small_genesis().bytes;
    let spaced = [b" ".as_slice(), &bytes].concat();
    let trailing = [&bytes, b"\n".as_slice()].concat();
    let long = vec![b' '; DOCUMENT_SIZE_MAX + 1];
    for refused in [
        &spaced[..],
        &trailing,
        &long,
        b"",
        b"[]",
        b"7",
        b"{}",
        b"{\"v\":1}",
    ] {
        assert_eq!(refusal(refused).code(), ErrorCode::BadGovernance);
    }
    assert!(matches!(refusal(&spaced), GovernanceError::Json(error) if error.offset == 0));
}

#[test]
fn nothing_is_encoded_that_cannot_be_decoded() {
    let GovernanceDocument::Change(change) = GovernanceDocument::decode(&small_change()).unwrap()
    else {
        panic!("a change");
    };
    let broken = [
        Change {
            version: 0,
            ..change.clone()
        },
        Change {
            changes: Vec::new(),
            ..change.clone()
        },
        Change {
            ulid: gatos_values::Ulid::MAX,
            ..change.clone()
        },
        Change {
            cut: Some(vec![cut_entry("finance", "user:bob", 2, 0)]),
            ..change.clone()
        },
        Change {
            changes: vec![install("a", 1); 10_000],
            ..change
        },
    ];
    for change in broken {
        assert!(GovernanceDocument::Change(change).encode().is_err());
    }
}

#[test]
fn signatures_are_not_part_of_the_id() {
    let genesis = small_genesis();
    let bare = SignedDocument {
        signatures: Vec::new(),
        ..genesis.clone()
    };
    assert_eq!(bare.id(), genesis.id());
}
