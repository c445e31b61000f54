//! Bundles: golden bytes, one spelling, and everything in them that may not be so.
//!
//! `GATOS_BLESS=1` writes the vectors anew; only a change of the format may need that.

use std::path::{Path, PathBuf};

use gatos_policy::bundle::{Bundle, BundleError};
use gatos_policy::governance::{Chain, ChangeOperation, SignedDocument};
use gatos_policy::language::compile;
use gatos_values::{Map, Sha256Digest, Text, Value, cbor};

use crate::fixture::{activate, genesis_bytes, next, next_with_cut, set_level, signed};

const SOURCE: &str = "id: append\nwhen: { intent: write, path: \"gatos/journal/**\" }\nallow_if: [\"has_cap('journal:append')\"]\n";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/bundle")
}

fn check(name: &str, bytes: &[u8]) {
    let path = folder().join(name);
    if std::env::var_os("GATOS_BLESS").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        std::fs::write(&path, bytes).unwrap();
    }
    let kept = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(kept == bytes, "{name} differs from what the code gives");
}

/// Alice founds `ledger`, trusts herself at level 2, and puts the policy in force.
fn documents() -> Vec<SignedDocument> {
    let genesis = signed(
        genesis_bytes(&[("user:alice", &[1])], &["user:alice"], 1),
        &[1],
    );
    let mut chain = Chain::from_genesis(&genesis).unwrap();
    let level = next(&chain, vec![set_level("user:alice", 2)], &[1]);
    chain.apply(&level).unwrap();
    let policy_root = compile(SOURCE).unwrap().root;
    let activate = vec![ChangeOperation::PolicyActivate { policy_root }];
    let activation = next_with_cut(&chain, activate, Vec::new(), &[1]);
    vec![genesis, level, activation]
}

fn bundle() -> Bundle {
    Bundle {
        rgc: compile(SOURCE).unwrap().rgc,
        sources: vec![(Text::from_ascii("append.rgs"), SOURCE.as_bytes().to_vec())],
        governance: documents(),
    }
}

fn reason(bundle: &Bundle) -> String {
    bundle.encode().expect_err("it is none").to_string()
}

#[test]
fn a_bundle_has_these_bytes_and_says_where_it_is_from() {
    let bytes = bundle().encode().unwrap();
    check("append.bundle", &bytes);
    let (read, report) = Bundle::decode(&bytes).unwrap();
    assert_eq!(read, bundle());
    assert_eq!(read.encode().unwrap(), bytes);
    assert_eq!(
        report.trust_root,
        Chain::from_genesis(&documents()[0])
            .unwrap()
            .repository_id()
    );
    assert_eq!((report.name.as_str(), report.version), ("ledger", 2));
    assert_eq!(report.policy_root, Sha256Digest::of(&read.rgc));
    let digests = format!(
        "bundle {}\npolicy_root {}\ntrust_root {}\n",
        Sha256Digest::of(&bytes),
        report.policy_root,
        report.trust_root
    );
    check("append.txt", digests.as_bytes());
    // Without sources it is a bundle, too.
    let bare = Bundle {
        sources: Vec::new(),
        ..bundle()
    };
    assert_eq!(Bundle::decode(&bare.encode().unwrap()).unwrap().0, bare);
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let source = |name: &str, text: &str| (Text::new(name).unwrap(), text.as_bytes().to_vec());
    let with = |sources: Vec<(Text, Vec<u8>)>| Bundle {
        sources,
        ..bundle()
    };
    let other = SOURCE.replace("append", "other");
    let mut two = documents();
    two.push({
        let mut chain = Chain::from_genesis(&two[0]).unwrap();
        chain.apply(&two[1]).unwrap();
        chain.apply(&two[2]).unwrap();
        next(&chain, vec![set_level("user:alice", 3)], &[1])
    });
    let unsigned = {
        let mut documents = documents();
        documents[1].signatures.clear();
        documents
    };
    let elsewhere = {
        let mut chain = Chain::from_genesis(&documents()[0]).unwrap();
        let mut documents = documents()[..1].to_vec();
        let other = next_with_cut(&chain, vec![activate(1)], Vec::new(), &[1]);
        chain.apply(&other).unwrap();
        documents.push(other);
        documents
    };
    let chained = |governance: Vec<SignedDocument>| Bundle {
        governance,
        ..bundle()
    };
    let rows = [
        (
            with(vec![source("a.rgs", &other)]),
            "compiles to another policy",
        ),
        (with(vec![source("a.rgs", "when: {")]), "does not compile"),
        (with(vec![source("../a.rgs", SOURCE)]), "no plain file name"),
        (with(vec![source(".git", SOURCE)]), "no plain file name"),
        (with(vec![source("a\tb", SOURCE)]), "no plain file name"),
        (
            with(vec![source("b", SOURCE), source("a", SOURCE)]),
            "not rising",
        ),
        (
            with(vec![source("a", SOURCE), source("a", SOURCE)]),
            "not rising",
        ),
        (chained(Vec::new()), "its chain is empty"),
        (
            chained(documents()[..2].to_vec()),
            "does not end with the version",
        ),
        (chained(two), "does not end with the version"),
        (chained(unsigned), "the chain of the bundle"),
        (chained(elsewhere), "does not end with the version"),
        (
            chained(documents()[1..].to_vec()),
            "the chain of the bundle",
        ),
        (
            Bundle {
                rgc: gatos_values::roots::EMPTY_POLICY_BYTES.to_vec(),
                sources: Vec::new(),
                ..bundle()
            },
            "the empty policy",
        ),
        (
            Bundle {
                rgc: b"\xa0".to_vec(),
                ..bundle()
            },
            "the policy of the bundle",
        ),
    ];
    for (bundle, expected) in rows {
        let reason = reason(&bundle);
        assert!(reason.contains(expected), "{expected}: {reason}");
    }
}

#[test]
fn a_changed_byte_is_refused_or_makes_another_bundle() {
    let bytes = bundle().encode().unwrap();
    let mut others = 0;
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            if let Ok((read, _)) = Bundle::decode(&changed) {
                assert_eq!(read.encode().unwrap(), changed, "byte {at}");
                others += 1;
            }
        }
        assert!(Bundle::decode(&bytes[..at]).is_err(), "cut at {at}");
    }
    // A letter of a source's name can be another one; no byte of policy or chain can.
    assert!(others <= 2 * "append.rgs".len(), "{others}");
    assert!(Bundle::decode(&[&bytes[..], &[0]].concat()).is_err());
}

#[test]
fn fields_of_another_shape_are_refused() {
    let whole = cbor::decode(&bundle().encode().unwrap(), 1 << 20).unwrap();
    let with = |name: &'static str, value: Option<Value>| {
        let mut map: Map = whole.as_map().unwrap().clone();
        match value {
            Some(value) => map = map.with(name, value),
            None => drop(map.remove(name)),
        }
        cbor::encode(&Value::Map(map)).unwrap()
    };
    let mut rows = vec![
        with("v", Some(Value::from(2))),
        with("kind", Some(Value::from("policy"))),
        with("rgc", Some(Value::from("text"))),
        with("sources", Some(Value::Null)),
        with("sources", Some(Value::List(vec![Value::Null; 65]))),
        with("governance", Some(Value::List(vec![Value::Null]))),
        with("trust_root", Some(Value::from("blake3:00"))),
        with("more", Some(Value::Null)),
        b"\xf6".to_vec(),
        Vec::new(),
    ];
    for name in ["governance", "kind", "rgc", "sources", "trust_root", "v"] {
        rows.push(with(name, None));
    }
    for row in rows {
        let error = Bundle::decode(&row).expect_err("it is none");
        assert!(
            matches!(error, BundleError::Form(_) | BundleError::Cbor(_)),
            "{error}"
        );
    }
}
