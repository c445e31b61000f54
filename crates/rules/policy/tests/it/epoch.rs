//! Anchors: golden vectors, one spelling, the rules of the chain and of who may sign.
//!
//! `GATOS_BLESS=1` writes the vectors anew; only a change of the format may need that.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gatos_policy::epoch::{Anchor, AnchorHead};
use gatos_policy::governance::Chain;
use gatos_values::roots::{EMPTY_FOLD_ROOT, EMPTY_POLICY_ROOT};
use gatos_values::{
    Blake3Digest, ErrorCode, EventId, GovernanceId, Namespace, SigningKey, SshSignature, Ulid,
    merkle,
};

use crate::fixture::{genesis_bytes, signed};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/epoch")
}

fn check(name: &str, text: &str) {
    let path = folder().join(name);
    if std::env::var_os("GATOS_BLESS").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(kept, text, "{name} differs from what the code gives");
}

fn chain() -> Chain {
    let actors: &[(&str, &[u8])] = &[("user:alice", &[1]), ("user:bob", &[2])];
    let genesis = signed(genesis_bytes(actors, &["user:alice"], 1), &[1]);
    Chain::from_genesis(&genesis).unwrap()
}

fn first() -> Anchor {
    let chain = chain();
    let head = AnchorHead {
        event: EventId::of_envelope(b"the second event"),
        count: 2,
    };
    let journal = "gatos/journal/ops/user/alice/0123456789abcdef".to_owned();
    Anchor {
        repo: chain.repository_id(),
        ns: Namespace::parse("ops").unwrap(),
        epoch: 0,
        prev: None,
        heads: BTreeMap::from([(journal, head)]),
        count: 2,
        max_ulid: Ulid::parse("01HF7YAT0004HMASW9NF6YY093").unwrap(),
        inputs_root: Blake3Digest::of(b"inputs"),
        idem_root: Blake3Digest::of(b"idem"),
        state_root: merkle::state_root([]),
        policy_root: EMPTY_POLICY_ROOT,
        fold_root: EMPTY_FOLD_ROOT,
        gov: chain.head(),
        ulid: Ulid::parse("01HF7YAT0004HMASW9NF6YY0A0").unwrap(),
    }
}

/// The anchor behind the first: one event more, and a second journal.
fn second(before: &Anchor) -> Anchor {
    let mut next = before.clone();
    next.epoch = 1;
    next.prev = Some(Blake3Digest::of(&before.encode().unwrap()));
    next.ulid = before.ulid.next().unwrap();
    next.max_ulid = before.max_ulid.next().unwrap();
    next.count = 3;
    let head = AnchorHead {
        event: EventId::of_envelope(b"the third event"),
        count: 1,
    };
    let journal = "gatos/journal/ops/user/bob/89abcdef01234567".to_owned();
    next.heads.insert(journal, head);
    next
}

#[test]
fn anchors_are_these_bytes() {
    let before = first();
    let next = second(&before);
    let mut lines = String::new();
    for (name, anchor) in [("a0", &before), ("a1", &next)] {
        let bytes = anchor.encode().unwrap();
        check(
            &format!("{name}.json"),
            std::str::from_utf8(&bytes).unwrap(),
        );
        let signature = SigningKey::from_seed([1; 32]).sign("gatos-anchor", &bytes);
        lines.push_str(&format!("{name} {}\n", Blake3Digest::of(&bytes)));
        lines.push_str(&format!("{name} sig {}\n", signature.to_base64_line()));
    }
    check("chain.txt", &lines);
}

/// The kept files alone make the chain: nothing of the writing code is used.
#[test]
fn the_kept_files_make_a_chain_of_anchors() {
    let index = std::fs::read_to_string(folder().join("chain.txt")).unwrap();
    let mut before: Option<(Blake3Digest, Anchor)> = None;
    for name in ["a0", "a1"] {
        let bytes = std::fs::read(folder().join(format!("{name}.json"))).unwrap();
        let anchor = Anchor::decode(&bytes).unwrap();
        assert_eq!(anchor.encode().unwrap(), bytes);
        anchor
            .follows(before.as_ref().map(|(id, anchor)| (*id, anchor)))
            .unwrap();
        let prefix = format!("{name} sig ");
        let line = index
            .lines()
            .find_map(|line| line.strip_prefix(&prefix))
            .unwrap();
        let signature = SshSignature::from_base64_line(line).unwrap();
        gatos_values::sshsig::verify("gatos-anchor", &bytes, &signature).unwrap();
        before = Some((Blake3Digest::of(&bytes), anchor));
    }
}

#[test]
fn every_changed_byte_is_refused_or_another_anchor() {
    let bytes = second(&first()).encode().unwrap();
    for at in 0..bytes.len() {
        for byte in [0, b' ', b'0', b'"', b'}', bytes[at] ^ 1] {
            let mut changed = bytes.clone();
            changed[at] = byte;
            if let Ok(anchor) = Anchor::decode(&changed) {
                assert_eq!(anchor.encode().unwrap(), changed, "byte {at}");
                assert!(changed == bytes || anchor != second(&first()), "byte {at}");
            }
        }
    }
}

#[test]
fn an_anchor_out_of_its_place_or_form_is_named() {
    let before = first();
    let place = Some((Blake3Digest::of(&before.encode().unwrap()), &before));
    let good = second(&before);
    good.follows(place).unwrap();
    type Change = fn(&mut Anchor);
    let rows: [(Change, &str); 6] = [
        (|anchor| anchor.epoch = 2, "epoch"),
        (|anchor| anchor.prev = None, "prev"),
        (
            |anchor| anchor.ns = Namespace::parse("finance").unwrap(),
            "ns",
        ),
        (|anchor| anchor.max_ulid = first().max_ulid, "max_ulid"),
        (|anchor| anchor.ulid = first().ulid, "max_ulid"),
        (|anchor| drop(anchor.heads.pop_first()), "heads"),
    ];
    for (change, name) in rows {
        let mut anchor = good.clone();
        change(&mut anchor);
        let error = anchor.follows(place).unwrap_err();
        assert_eq!(error.code(), ErrorCode::EpochBroken);
        assert!(
            error.to_string().contains(&format!("`{name}`")),
            "{name}: {error}"
        );
    }
    let rows: [(Change, &str); 3] = [
        (|anchor| anchor.count = 9, "count"),
        (|anchor| anchor.heads.clear(), "heads"),
        (
            |anchor| anchor.ns = Namespace::parse("finance").unwrap(),
            "heads",
        ),
    ];
    for (change, name) in rows {
        let mut anchor = good.clone();
        change(&mut anchor);
        let error = anchor.encode().unwrap_err().to_string();
        assert!(error.contains(&format!("`{name}`")), "{name}: {error}");
    }
}

#[test]
fn an_anchor_counts_only_with_the_signature_of_a_governor() {
    let (chain, anchor) = (chain(), first());
    let bytes = anchor.encode().unwrap();
    let by = |seed: u8| SigningKey::from_seed([seed; 32]).sign("gatos-anchor", &bytes);
    let signers = anchor
        .check_signers(&chain, &bytes, &[by(1), by(2)])
        .unwrap();
    assert_eq!(signers.len(), 2);
    let other = SigningKey::from_seed([1; 32]).sign("gatos-event", &bytes);
    let rows = [
        (vec![], "a governor"),
        (vec![by(2)], "a governor"),
        (vec![by(1), by(9)], "was not live"),
        (vec![other], "the signature of key"),
    ];
    for (signatures, words) in rows {
        let error = anchor
            .check_signers(&chain, &bytes, &signatures)
            .unwrap_err();
        assert_eq!(error.code(), ErrorCode::BadSignature);
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
    let elsewhere = Anchor {
        gov: GovernanceId::from_bytes([7; 32]),
        ..anchor
    };
    let error = elsewhere
        .check_signers(&chain, &bytes, &[by(1)])
        .unwrap_err();
    assert!(error.to_string().contains("is unknown"), "{error}");
}
