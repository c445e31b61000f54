//! Golden vectors: a chain of three documents with the first operations, and one of eight with those of trust, byte
//! for byte, with ids, signatures and what they answer.
//!
//! `GATOS_BLESS=1` writes them anew; only a change of the format may need that.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use gatos_policy::governance::{Chain, ChangeOperation, GovernedAction, Grant, SignedDocument};
use gatos_values::SshSignature;

use crate::fixture::*;

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/governance")
}

/// Compares a file with what the code gives now.
pub fn check(name: &str, text: &str) {
    let path = folder().join(name);
    if std::env::var_os("GATOS_BLESS").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(kept, text, "{name} differs from what the code gives");
}

fn chain_documents() -> Vec<SignedDocument> {
    let actors: &[(&str, &[u8])] = &[
        ("user:alice", &[1]),
        ("user:bob", &[2]),
        ("agent:review", &[]),
    ];
    let bytes = genesis_bytes(actors, &["user:alice", "user:bob"], 2);
    let mut documents = vec![signed(bytes, &[1, 2])];
    let mut chain = Chain::from_genesis(&documents[0]).unwrap();
    let changes = [
        vec![
            enrol_actor("service:ci"),
            enrol_key("service:ci", 3),
            enrol_key("user:alice", 4),
        ],
        vec![install("finance", 1), install("ops/deploy", 2)],
    ];
    for operations in changes {
        let document = next(&chain, operations, &[1, 2]);
        chain.apply(&document).unwrap();
        documents.push(document);
    }
    documents
}

#[test]
fn the_documents_are_these_bytes() {
    for (version, document) in chain_documents().iter().enumerate() {
        let text = String::from_utf8(document.bytes.clone()).unwrap();
        check(&format!("v{version}.json"), &text);
    }
}

#[test]
fn ids_and_signatures_are_these() {
    let mut text = String::new();
    for (version, document) in chain_documents().iter().enumerate() {
        writeln!(text, "v{version} {}", document.id()).unwrap();
        for signature in &document.signatures {
            writeln!(text, "v{version} sig {}", signature.to_base64_line()).unwrap();
        }
    }
    check("chain.txt", &text);
}

/// A chain with every operation that governs trust, the signers of each document beside it.
fn trust_documents() -> Vec<SignedDocument> {
    let actors: &[(&str, &[u8])] = &[
        ("user:alice", &[1]),
        ("user:bob", &[2]),
        ("service:ci", &[3]),
    ];
    let bytes = genesis_bytes(actors, &["user:alice", "user:bob"], 2);
    let mut documents = vec![signed(bytes, &[1, 2])];
    let mut chain = Chain::from_genesis(&documents[0]).unwrap();
    let mut add = |chain: &mut Chain, operations, cut, signers: &[u8]| {
        let document = next_with_cut(chain, operations, cut, signers);
        chain.apply(&document).unwrap();
        documents.push(document);
    };
    let grouped = vec![
        set_level("user:alice", 3),
        set_group("dev", &["user:alice", "user:bob"]),
        set_quorum(
            GovernedAction::Policy,
            "2 of dev and 1 of (service:ci, 1 of governors)",
        ),
        set_namespace("finance", true),
    ];
    add(&mut chain, grouped, Vec::new(), &[1, 2]);
    let kept = vec![cut_entry("finance", "user:alice", 1, 2)];
    let governed = vec![
        activate(1),
        ChangeOperation::NamespaceCreation { governed: true },
    ];
    add(&mut chain, governed, kept, &[1, 2, 3]);
    let root = Grant {
        expires_epoch: Some(9),
        ..grant(
            &chain,
            "user:alice",
            "user:bob",
            &["append", "read"],
            "finance/**",
        )
    };
    add(&mut chain, vec![issue(&root, 1)], Vec::new(), &[1, 2]);
    let passed = Grant {
        prev: Some(root.id().unwrap()),
        expires_epoch: Some(5),
        ..grant(&chain, "user:bob", "service:ci", &["read"], "finance/*")
    };
    let known = rotate(&chain, "user:alice", 1, 4, false);
    let lost = rotate(&chain, "service:ci", 3, 5, true);
    add(
        &mut chain,
        vec![issue(&passed, 2), known, lost],
        Vec::new(),
        &[1, 2],
    );
    let board = set_governors(&["user:alice"], 1);
    add(&mut chain, vec![board], Vec::new(), &[1, 2]);
    let kept = vec![cut_entry("finance", "user:alice", 1, 7)];
    let ended = vec![revoke_key(1), revoke_key(3), set_level("user:alice", 1)];
    add(&mut chain, ended, kept, &[1, 4]);
    let forked = journal("finance", "service:ci", 5);
    let kept = vec![cut_entry("finance", "service:ci", 5, 4)];
    add(&mut chain, vec![choose(&forked, 3, false)], kept, &[4]);
    documents
}

#[test]
fn the_trust_documents_are_these_bytes() {
    let mut text = String::new();
    for (version, document) in trust_documents().iter().enumerate() {
        let json = String::from_utf8(document.bytes.clone()).unwrap();
        check(&format!("trust-v{version}.json"), &json);
        writeln!(text, "v{version} {}", document.id()).unwrap();
        for signature in &document.signatures {
            writeln!(text, "v{version} sig {}", signature.to_base64_line()).unwrap();
        }
    }
    check("trust.txt", &text);
}

/// What the chain of the vectors answers: a reader in another language may check itself against it.
#[test]
fn the_trust_vectors_answer_these() {
    let documents = trust_documents();
    let mut chain = Chain::from_genesis(&documents[0]).unwrap();
    for document in &documents[1..] {
        chain.apply(document).unwrap();
    }
    let resource = gatos_values::ResourceUri::parse("gatos://ledger/finance/journal").unwrap();
    let mut text = String::new();
    for version in 0..=chain.version() {
        writeln!(text, "v{version} policy {}", chain.policy_root_at(version)).unwrap();
        let governors = chain.governors_at(version);
        let threshold = chain.threshold_at(version);
        writeln!(text, "v{version} governors {threshold} of {governors:?}").unwrap();
        for actor in chain.actors_at(version) {
            let keys = chain.keys_of(&actor, version);
            let level = chain.level_at(&actor, version);
            writeln!(text, "v{version} {actor} level {level} keys {keys:?}").unwrap();
            for epoch in [0, 5, 9] {
                let caps = chain.capabilities_at(&actor, version, epoch, &resource);
                let (live, expired) = (caps.live, caps.expired);
                writeln!(
                    text,
                    "v{version} {actor} epoch {epoch} {live:?} {expired:?}"
                )
                .unwrap();
            }
        }
        let alice = chain.cuts_of(&journal("finance", "user:alice", 1));
        let stale: Vec<_> = (1..9)
            .map(|position| alice.stale_since(position, version))
            .collect();
        writeln!(text, "v{version} stale {stale:?}").unwrap();
        let forked = journal("finance", "service:ci", 5);
        let cuts = chain.cuts_of(&forked).up_to(version);
        let rival = event_id(&forked, 103);
        writeln!(text, "v{version} refused {:?}", cuts.contradicts(3, &rival)).unwrap();
    }
    check("trust-answers.txt", &text);
}

/// The kept files alone make the chain: nothing of the writing code is used.
#[test]
fn the_kept_files_make_a_chain() {
    let index = std::fs::read_to_string(folder().join("chain.txt")).unwrap();
    let mut documents = Vec::new();
    for version in 0..3 {
        let bytes = std::fs::read(folder().join(format!("v{version}.json"))).unwrap();
        let prefix = format!("v{version} sig ");
        let lines = index.lines().filter_map(|line| line.strip_prefix(&prefix));
        let signatures = lines
            .map(|line| SshSignature::from_base64_line(line).unwrap())
            .collect();
        documents.push(SignedDocument { bytes, signatures });
    }
    let mut chain = Chain::from_genesis(&documents[0]).unwrap();
    for document in &documents[1..] {
        chain.apply(document).unwrap();
    }
    assert_eq!(chain.version(), 2);
    assert_eq!(chain.keys_of(&actor("user:alice"), 2).len(), 2);
    assert_eq!(chain.fold_root_at(&namespace("finance"), 2), fold_root(1));
    let ids: Vec<String> = (0..3)
        .map(|version| format!("v{version} {}", chain.id_of(version).unwrap()))
        .collect();
    assert!(
        ids.iter()
            .all(|line| index.lines().any(|kept| kept == line))
    );
}

/// The commands of docs/formats/governance.md, run as they stand there with stock tools.
#[test]
fn stock_tools_check_the_vectors_as_documented() {
    let installed = |program: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    };
    if let Some(missing) = ["sh", "b3sum", "ssh-keygen"]
        .iter()
        .find(|tool| !installed(tool))
    {
        eprintln!("skipped: `{missing}` is not installed");
        return;
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/formats/governance.md");
    let page = std::fs::read_to_string(page).unwrap();
    let commands = page
        .split("```sh\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let temporary = std::env::temp_dir().join(format!("gatos-governance-{}", std::process::id()));
    std::fs::create_dir_all(&temporary).unwrap();
    for name in ["v0.json", "chain.txt"] {
        std::fs::copy(folder().join(name), temporary.join(name)).unwrap();
    }
    let output = std::process::Command::new("sh")
        .args(["-euc", commands])
        .current_dir(&temporary)
        .output()
        .unwrap();
    std::fs::remove_dir_all(&temporary).unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let id = chain_documents()[0].id().to_string();
    assert!(said.contains(id.trim_start_matches("blake3:")), "{said}");
    assert!(
        said.contains("Good \"gatos-grant\" signature for user:alice"),
        "{said}"
    );
}
