use gatos_testkit::git_fixture::{FixtureGit, GitFixture};
use gatos_values::roots::{EMPTY_FOLD_ROOT, EMPTY_POLICY_ROOT};
use gatos_values::{
    Actor, Envelope, EventType, GovernanceId, IdempotencyKey, Namespace, ResourceUri, SealedEvent,
    SigningKey, SshSignature, Text, Value, json,
};
use proptest::prelude::*;

use super::*;
use crate::vectors;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32])
}

fn value(text: &str) -> Value {
    json::decode_strict(text.as_bytes(), 1 << 20).unwrap()
}

/// An event of alice's journal; everything that can be absent is there when `number` is even.
fn event(number: u64, prev: Option<&SealedEvent>, payload: &str) -> SealedEvent {
    let is_full = number.is_multiple_of(2);
    let signer = key(1);
    let envelope = Envelope {
        repo: GovernanceId::from_bytes([0x11; 32]),
        ns: Namespace::parse("ops/deploy").unwrap(),
        actor: Actor::parse("user:alice").unwrap(),
        key: signer.public().key_id(),
        event_type: EventType::parse("deploy.done").unwrap(),
        ulid: Ulid::from_parts(1_767_225_600_000 + number, 7).unwrap(),
        prev: prev.map(SealedEvent::id),
        resource: ResourceUri::parse("gatos://acme/ops/deploy/web").unwrap(),
        payload: value(payload),
        caps: if is_full {
            vec![Text::new("journal:append").unwrap()]
        } else {
            Vec::new()
        },
        labels: if is_full {
            vec![EventType::parse("prod").unwrap()]
        } else {
            Vec::new()
        },
        idem: is_full.then(|| IdempotencyKey::parse("build-2").unwrap()),
        session: None,
        gov: GovernanceId::from_bytes([0x11; 32]),
        policy_root: EMPTY_POLICY_ROOT,
        fold_root: EMPTY_FOLD_ROOT,
    };
    SealedEvent::sign(envelope, &signer).unwrap()
}

fn payload() -> &'static str {
    "{\"note\":\"zażółć — 日本\\n\\\"quoted\\\"\",\"service\":\"web\",\"version\":\"1.4.2\"}"
}

fn document(kind: &str, version: u64) -> Vec<u8> {
    let text = format!(
        "{{\"kind\":\"{kind}\",\"ulid\":\"01KDVDNA000000000000000000\",\"v\":1,\"version\":{version}}}"
    );
    json::encode_canonical(&value(&text)).unwrap()
}

fn signed(bytes: &[u8], seeds: &[u8]) -> Vec<SshSignature> {
    seeds
        .iter()
        .map(|seed| key(*seed).sign("gatos-grant", bytes))
        .collect()
}

#[test]
fn commits_of_events_and_documents_are_pinned_to_the_byte() {
    let first = event(1, None, payload());
    let first_commit = encode_event_commit(&first, None);
    let second = event(2, Some(&first), "null");
    let second_commit = encode_event_commit(&second, Some(commit_id(&first_commit)));
    let genesis = document("governance.genesis", 0);
    let genesis_commit = encode_document_commit(&genesis, &signed(&genesis, &[1]), None).unwrap();
    let change = document("governance.change", 1);
    let signatures = signed(&change, &[3, 1, 2]);
    let parent = Some(commit_id(&genesis_commit));
    let change_commit = encode_document_commit(&change, &signatures, parent).unwrap();
    let commits = [
        ("event-first", first_commit),
        ("event-second", second_commit),
        ("governance-genesis", genesis_commit),
        ("governance-change", change_commit),
    ];
    let mut ids = String::from("# commit id, file\n");
    for (name, content) in &commits {
        vectors::check(&format!("{name}.commit"), content);
        ids.push_str(&format!("{}\t{name}.commit\n", commit_id(content)));
    }
    vectors::check("commits.tsv", ids.as_bytes());
}

#[test]
fn git_agrees_on_ids_and_finds_nothing_to_complain_about() {
    let fixture = GitFixture::new_bare();
    let git = FixtureGit::default_git();
    git.feed(
        fixture.path(),
        &["hash-object", "-t", "tree", "-w", "--stdin"],
        b"",
    );
    let mut parent = None;
    let mut prev = None;
    for number in 1..=4 {
        let event = event(number, prev.as_ref(), payload());
        let content = encode_event_commit(&event, parent);
        let id = git.feed(
            fixture.path(),
            &["hash-object", "-t", "commit", "-w", "--stdin"],
            &content,
        );
        assert_eq!(id, commit_id(&content).to_string());
        parent = Some(commit_id(&content));
        prev = Some(event);
    }
    let change = document("governance.change", 7);
    let content = encode_document_commit(&change, &signed(&change, &[1, 2]), None).unwrap();
    let store = ["hash-object", "-t", "commit", "-w", "--stdin"];
    let governance = git.feed(fixture.path(), &store, &content);
    assert_eq!(governance, commit_id(&content).to_string());

    let journal = "refs/gatos/journal/ops/deploy/user/alice/0123456789abcdef";
    git.run(
        fixture.path(),
        &["update-ref", journal, &parent.unwrap().to_string()],
    );
    git.run(
        fixture.path(),
        &["update-ref", "refs/gatos/governance", &governance],
    );
    git.run(fixture.path(), &["fsck", "--strict", "--full"]);
    // What people see in the log.
    let format = "--format=%an <%ae> %at %s|%(trailers:key=Event-Id,valueonly)";
    let log = git.run(fixture.path(), &["log", "-1", format, journal]);
    let id = prev.unwrap().id();
    let expected = format!(
        "user:alice <alice@user.gatos.invalid> 1767225600 deploy.done {}|{id}",
        Ulid::from_parts(1_767_225_600_004, 7).unwrap()
    );
    assert_eq!(log.trim_end(), expected);
    let format = "--format=%an <%ae> %s";
    let log = git.run(fixture.path(), &["log", format, "refs/gatos/governance"]);
    assert_eq!(
        log,
        "gatos-governance <governance@gatos.invalid> governance.change v7"
    );
}

#[test]
fn views_borrow_what_strict_decoding_gives() {
    let first = event(1, None, payload());
    let parent = commit_id(&encode_event_commit(&first, None));
    let second = event(2, Some(&first), "[1,2]");
    let content = encode_event_commit(&second, Some(parent));
    let decoded = decode_event_commit(&content).unwrap();
    assert_eq!(
        decoded,
        DecodedCommit {
            event: second.clone(),
            parent: Some(parent)
        }
    );
    let view = EventCommitView::scan(&content).unwrap();
    assert_eq!(view.envelope, second.bytes());
    assert_eq!(view.id, second.id());
    assert_eq!(view.ulid, second.envelope().ulid);
    assert_eq!(view.event_type, "deploy.done");
    assert_eq!(view.parent, Some(parent));
    assert_eq!(view.signature, second.signature().to_base64_line());
    assert_eq!(parent_of(&content).unwrap(), Some(parent));
    assert_eq!(parent_of(&encode_event_commit(&first, None)).unwrap(), None);
}

#[test]
fn a_decoder_that_remembers_a_key_answers_as_one_that_does_not() {
    let by = |seed: u8| {
        let mut envelope = event(1, None, payload()).envelope().clone();
        envelope.key = key(seed).public().key_id();
        encode_event_commit(&SealedEvent::sign(envelope, &key(seed)).unwrap(), None)
    };
    let (ours, theirs) = (by(1), by(2));
    let mut broken = ours.clone();
    let length = broken.len();
    broken[length - 20] = b'!';
    let mut decoder = EventDecoder::default();
    for content in [&ours, &ours, &theirs, &broken, &theirs, &ours, &broken] {
        assert_eq!(decoder.decode(content), decode_event_commit(content));
    }
    assert!(decode_event_commit(&broken).is_err());
}

/// Replaces one text in a commit and tells what strict decoding says.
fn verdict(replace: &str, by: &str) -> String {
    let first = event(1, None, payload());
    let content = encode_event_commit(&first, Some(ObjectId::EMPTY_TREE));
    let text = String::from_utf8(content).unwrap();
    assert!(text.contains(replace), "`{replace}` is not in the commit");
    let error = decode_event_commit(text.replacen(replace, by, 1).as_bytes()).unwrap_err();
    format!("{} {error}", error.code())
}

#[test]
fn every_line_that_is_not_the_prescribed_one_is_refused() {
    let empty_tree = ObjectId::EMPTY_TREE.to_string();
    for (replace, by, expected) in [
        (
            "tree 4b",
            "tree 5b",
            "BAD_COMMIT byte 0 of the commit: expected `tree` and the id of the empty tree",
        ),
        (
            "parent 4b",
            "parent 4B",
            "BAD_COMMIT byte 46 of the commit: expected `parent` and 40 hex digits",
        ),
        (
            "author user:alice",
            "author user:alicf",
            "BAD_COMMIT byte 110 of the commit differs from the commit its content prescribes",
        ),
        (
            " +0000\ncommitter",
            " +0100\ncommitter",
            "BAD_COMMIT byte 152 of the commit differs from the commit its content prescribes",
        ),
        (
            "\n\ndeploy.done",
            "\nencoding latin1\n\ndeploy.done",
            "BAD_COMMIT byte 221 of the commit: expected an empty line",
        ),
        (
            "\n\ndeploy.done",
            "\n\ndeploy.dona",
            "BAD_COMMIT byte 232 of the commit differs from the commit its content prescribes",
        ),
        (
            "deploy.done 0",
            "deploy.done  0",
            "BAD_COMMIT byte 222 of the commit: expected the subject: type and ULID",
        ),
        (
            "Event-Id: blake3:",
            "Event-Id: sha256:",
            "BAD_COMMIT byte 869 of the commit: expected `Event-Id: blake3:` and 64 hex digits",
        ),
        (
            "Policy-Root: sha256:",
            "Policy-Root: sha257:",
            "BAD_COMMIT byte 969 of the commit differs from the commit its content prescribes",
        ),
        (
            "Fold-Root",
            "Fold-Roof",
            "BAD_COMMIT byte 1036 of the commit: expected `Fold-Root:`",
        ),
        ("Sig: U", "Sig: V", "BAD_SIGNATURE"),
        (
            "web\",\"type\"",
            "wob\",\"type\"",
            "BAD_COMMIT byte 886 of the commit differs from the commit its content prescribes",
        ),
        ("\"v\":1}", "\"v\":2}", "BAD_EVENT"),
        (
            &empty_tree,
            "",
            "BAD_COMMIT byte 0 of the commit: expected `tree` and the id of the empty tree",
        ),
    ] {
        let found = verdict(replace, by);
        assert!(found.starts_with(expected), "`{replace}` → `{by}`: {found}");
    }
}

#[test]
fn documents_read_back_with_their_signatures_in_order() {
    let bytes = document("governance.change", 3);
    let signatures = signed(&bytes, &[9, 4, 5]);
    let content = encode_document_commit(&bytes, &signatures, Some(ObjectId::EMPTY_TREE)).unwrap();
    let decoded = decode_document_commit(&content).unwrap();
    assert_eq!(decoded.bytes, bytes);
    assert_eq!(decoded.id, GovernanceId::of_document(&bytes));
    assert_eq!(decoded.parent, Some(ObjectId::EMPTY_TREE));
    let mut sorted = signatures.clone();
    sorted.sort_by_key(|signature| signature.public.key_id());
    assert_eq!(decoded.signatures, sorted);
    assert_ne!(
        signatures, sorted,
        "the seeds should not be in the order of their key ids"
    );

    let text = String::from_utf8(content).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let count = lines.len();
    lines.swap(count - 1, count - 2);
    let swapped = lines.join("\n") + "\n";
    let error = decode_document_commit(swapped.as_bytes()).unwrap_err();
    assert!(matches!(error, CommitError::NotRebuilt { .. }));
}

#[test]
fn documents_without_a_heading_or_a_signature_have_no_commit() {
    let bytes = document("governance.change", 3);
    for (bytes, signatures, expected) in [
        (bytes.clone(), signed(&bytes, &[]), "is not signed"),
        (
            bytes.clone(),
            signed(&bytes, &[1, 2, 1]),
            "is signed twice by one key",
        ),
        (
            b"{\"kind\": 1}".to_vec(),
            signed(b"", &[1]),
            "is not canonical JSON of at most 1 MiB",
        ),
        (
            b"{\"kind\":1}".to_vec(),
            signed(b"", &[1]),
            "has no plain `kind`",
        ),
        (
            b"{\"kind\":\"a\\nb\"}".to_vec(),
            signed(b"", &[1]),
            "has no plain `kind`",
        ),
        (
            b"{\"kind\":\"x\",\"version\":-1}".to_vec(),
            signed(b"", &[1]),
            "has no `version` from 0 on",
        ),
        (
            b"{\"kind\":\"x\",\"version\":1}".to_vec(),
            signed(b"", &[1]),
            "has no `ulid`",
        ),
        (b"[]".to_vec(), signed(b"", &[1]), "has no plain `kind`"),
    ] {
        let error = encode_document_commit(&bytes, &signatures, None).unwrap_err();
        assert_eq!(error.code(), ErrorCode::BadGovernance);
        assert_eq!(error.to_string(), format!("the document {expected}"));
    }
}

#[test]
fn every_flipped_bit_is_refused_or_another_signature() {
    let first = event(1, None, "{\"a\":1}");
    let content = encode_event_commit(&first, Some(ObjectId::EMPTY_TREE));
    let signature_start = content.len() - 1 - first.signature().to_base64_line().len();
    for at in 0..content.len() {
        for bit in 0..8 {
            let mut flipped = content.clone();
            flipped[at] ^= 1 << bit;
            match decode_event_commit(&flipped) {
                Err(_) => {}
                Ok(decoded) if at < signature_start => {
                    // Only the parent may name another commit; git would not find this one by its id.
                    assert!((46..93).contains(&at), "byte {at} bit {bit}");
                    assert_ne!(decoded.parent, Some(ObjectId::EMPTY_TREE));
                }
                Ok(decoded) => {
                    assert_ne!(decoded.event.signature(), first.signature());
                    assert!(
                        decoded.event.verify_signature().is_err(),
                        "byte {at} bit {bit}"
                    );
                }
            }
        }
    }
}

fn payloads() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        "[a-z ]{0,40}".prop_map(|text| format!("{{\"text\":\"{text}\"}}")),
        prop::collection::vec(any::<u16>(), 0..50)
            .prop_map(|list| format!("{list:?}").replace(' ', "")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn decoding_undoes_encoding(
        number in 1..1_000_000_u64,
        payload in payloads(),
        parent in prop::option::of(any::<[u8; 20]>()),
    ) {
        let event = event(number, None, &payload);
        let parent = parent.map(ObjectId::from_bytes);
        let content = encode_event_commit(&event, parent);
        prop_assert_eq!(decode_event_commit(&content).unwrap(), DecodedCommit { event, parent });
    }

    #[test]
    fn hostile_commits_are_refused_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        at in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
    ) {
        prop_assert!(decode_event_commit(&bytes).is_err());
        prop_assert!(decode_document_commit(&bytes).is_err());
        let first = event(1, None, payload());
        let content = encode_event_commit(&first, None);
        prop_assert!(decode_event_commit(&content[..cut.index(content.len())]).is_err());
        let mut spliced = content.clone();
        let at = at.index(content.len());
        spliced.splice(at..at, bytes.iter().copied());
        if !bytes.is_empty() {
            prop_assert!(decode_event_commit(&spliced).is_err());
        }
        let _ = EventCommitView::scan(&spliced);
        let _ = decode_document_commit(&spliced);
    }
}
