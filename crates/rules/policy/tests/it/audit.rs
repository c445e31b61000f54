//! Decisions: golden vectors, one spelling, the rules of the chain.
//!
//! `GATOS_BLESS=1` writes the vectors anew; only a change of the format may need that.

use std::path::{Path, PathBuf};

use gatos_policy::audit::{ASKED_SIZE_MAX, Answer, Asked, Decision, Door};
use gatos_policy::language::Intent;
use gatos_values::{
    Actor, Blake3Digest, ErrorCode, EventId, GovernanceId, ResourceUri, Sha256Digest, SigningKey,
    SshSignature, Text, Ulid, sshsig,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/audit")
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

fn refused() -> Decision {
    Decision {
        version: 0,
        prev: None,
        repo: GovernanceId::from_bytes([1; 32]),
        ulid: Ulid::parse("01HF7YAT0004HMASW9NF6YY093").unwrap(),
        answer: Answer::Deny(ErrorCode::Equivocation),
        intent: Intent::Write,
        actor: Actor::parse("user:bob").unwrap(),
        key: SigningKey::from_seed([2; 32]).public().key_id(),
        event: Some(EventId::of_envelope(b"an envelope")),
        document: None,
        path: Text::from_ascii("gatos/journal/ops/user/bob/0123456789abcdef"),
        resource: Some(ResourceUri::parse("gatos://ledger/ops/journal").unwrap()),
        rule_ids: Vec::new(),
        reason: Text::from_ascii("a second event of this key in the same place"),
        via: Door::Push,
        gov: GovernanceId::from_bytes([1; 32]),
        policy_root: Sha256Digest::of(b"policy"),
        fold_root: Sha256Digest::of(b"fold"),
        asked: None,
        counted: vec![(ErrorCode::BadSignature, 3), (ErrorCode::FfViolation, 1)],
    }
}

/// The next decision of the chain: an allowed change of governance that a rule wanted on record.
fn allowed(before: &Decision) -> Decision {
    Decision {
        version: 1,
        prev: Some(Blake3Digest::of(&before.encode().unwrap())),
        ulid: before.ulid.next().unwrap(),
        answer: Answer::Allow,
        intent: Intent::Govern,
        event: None,
        document: Some(Blake3Digest::of(b"a document")),
        path: Text::from_ascii("gatos/governance"),
        resource: None,
        rule_ids: vec![Text::from_ascii("finance-append"), Text::from_ascii("r2")],
        reason: Text::from_ascii("allowed"),
        via: Door::Append,
        counted: vec![(ErrorCode::BadSignature, 4), (ErrorCode::FfViolation, 1)],
        ..before.clone()
    }
}

/// The next one: the policy was asked, and what it was asked with is kept.
fn denied(before: &Decision) -> Decision {
    Decision {
        version: 2,
        prev: Some(Blake3Digest::of(&before.encode().unwrap())),
        ulid: before.ulid.next().unwrap(),
        answer: Answer::Deny(ErrorCode::PolicyDeny),
        rule_ids: vec![Text::from_ascii("default-deny")],
        reason: Text::from_ascii("no rule of the policy allows it"),
        asked: Some(Asked {
            caps: vec![Text::from_ascii("journal:append")],
            labels: vec![Text::from_ascii("pii"), Text::from_ascii("private")],
            remote: Text::from_ascii("none"),
            remote_addr: Text::from_ascii("127.0.0.1"),
            epoch: 3,
        }),
        counted: before.counted.clone(),
        ..refused()
    }
}

#[test]
fn decisions_are_these_bytes() {
    let first = refused();
    let second = allowed(&first);
    let third = denied(&second);
    let gate = SigningKey::from_seed([9; 32]);
    let mut lines = String::new();
    for (name, decision) in [("d0", &first), ("d1", &second), ("d2", &third)] {
        let bytes = decision.encode().unwrap();
        check(
            &format!("{name}.json"),
            std::str::from_utf8(&bytes).unwrap(),
        );
        let signature = gate.sign("gatos-decision", &bytes);
        lines.push_str(&format!("{name} {}\n", Blake3Digest::of(&bytes)));
        lines.push_str(&format!("{name} sig {}\n", signature.to_base64_line()));
    }
    check("chain.txt", &lines);
}

/// The kept files alone make the chain: nothing of the writing code is used.
#[test]
fn the_kept_files_make_a_chain_of_decisions() {
    let index = std::fs::read_to_string(folder().join("chain.txt")).unwrap();
    let mut before: Option<(Blake3Digest, Decision)> = None;
    for name in ["d0", "d1", "d2"] {
        let bytes = std::fs::read(folder().join(format!("{name}.json"))).unwrap();
        let decision = Decision::decode(&bytes).unwrap();
        assert_eq!(decision.encode().unwrap(), bytes);
        decision
            .follows(before.as_ref().map(|(id, decision)| (*id, decision)))
            .unwrap();
        let prefix = format!("{name} sig ");
        let line = index
            .lines()
            .find_map(|line| line.strip_prefix(&prefix))
            .unwrap();
        let signature = SshSignature::from_base64_line(line).unwrap();
        sshsig::verify("gatos-decision", &bytes, &signature).unwrap();
        before = Some((Blake3Digest::of(&bytes), decision));
    }
}

#[test]
fn what_was_asked_is_of_its_own_format_version() {
    let decision = denied(&allowed(&refused()));
    let bytes = String::from_utf8(decision.encode().unwrap()).unwrap();
    for (from, to) in [
        ("\"v\":2", "\"v\":1"),
        ("\"v\":2", "\"v\":3"),
        ("\"epoch\":3,", ""),
        ("\"epoch\":3,", "\"epoch\":3,\"extra\":1,"),
        ("\"epoch\":3,", "\"epoch\":-3,"),
        ("[\"pii\",\"private\"]", "\"pii\""),
    ] {
        let changed = bytes.replace(from, to);
        assert_ne!(changed, bytes, "{from}");
        assert!(Decision::decode(changed.as_bytes()).is_err(), "{to}");
    }
    let mut large = decision;
    if let Some(asked) = &mut large.asked {
        asked.labels = vec![Text::from_ascii("a"); ASKED_SIZE_MAX];
    }
    assert!(large.encode().is_err());
}

#[test]
fn every_changed_byte_is_refused_or_another_decision() {
    for original in [refused(), denied(&refused())] {
        let bytes = original.encode().unwrap();
        for at in 0..bytes.len() {
            for byte in [0, b' ', b'0', b'"', b'}', bytes[at] ^ 1] {
                let mut changed = bytes.clone();
                changed[at] = byte;
                if let Ok(decision) = Decision::decode(&changed) {
                    assert_eq!(decision.encode().unwrap(), changed, "byte {at}");
                    assert!(changed == bytes || decision != original, "byte {at}");
                }
            }
        }
    }
}

#[test]
fn what_a_decision_cannot_say_is_refused_with_its_field() {
    let text = String::from_utf8(refused().encode().unwrap()).unwrap();
    let rows = [
        (text.replace("\"v\":1", "\"v\":3"), "kind"),
        (
            text.replace("\"decision\":\"deny\"", "\"decision\":\"perhaps\""),
            "decision",
        ),
        (text.replace("EQUIVOCATION", "NO_SUCH_CODE"), "code"),
        (
            text.replace("\"intent\":\"write\"", "\"intent\":\"wish\""),
            "intent",
        ),
        (text.replace("\"via\":\"push\"", "\"via\":\"mail\""), "via"),
        (text.replace("\"version\":0", "\"version\":-1"), "version"),
        (
            text.replace("{\"actor\"", "{\"aaa\":1,\"actor\""),
            "the decision",
        ),
        (
            text.replace("\"FF_VIOLATION\":1", "\"FF_VIOLATION\":0"),
            "counted",
        ),
        (
            text.replace("gatos/journal/ops/user/bob/0123456789abcdef", ""),
            "path",
        ),
        (
            text.replace("\"decision\":\"deny\"", "\"decision\":\"allow\""),
            "the decision",
        ),
    ];
    for (changed, field) in rows {
        assert_ne!(changed, text, "{field}");
        let error = Decision::decode(changed.as_bytes()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::AuditBroken);
        assert!(
            error.to_string().contains(&format!("`{field}`")),
            "{field}: {error}"
        );
    }
}

#[test]
fn a_decision_out_of_its_place_is_named() {
    let first = refused();
    let id = Blake3Digest::of(&first.encode().unwrap());
    let before = Some((id, &first));
    let good = allowed(&first);
    good.follows(before).unwrap();
    let rows: [(Decision, &str); 6] = [
        (
            Decision {
                version: 2,
                ..good.clone()
            },
            "version",
        ),
        (
            Decision {
                prev: None,
                ..good.clone()
            },
            "prev",
        ),
        (
            Decision {
                repo: GovernanceId::from_bytes([5; 32]),
                ..good.clone()
            },
            "repo",
        ),
        (
            Decision {
                ulid: first.ulid,
                ..good.clone()
            },
            "ulid",
        ),
        (
            Decision {
                counted: vec![(ErrorCode::BadSignature, 2)],
                ..good.clone()
            },
            "counted",
        ),
        (
            Decision {
                counted: Vec::new(),
                ..good.clone()
            },
            "counted",
        ),
    ];
    for (decision, field) in rows {
        let error = decision.follows(before).unwrap_err().to_string();
        assert!(error.contains(&format!("`{field}`")), "{field}: {error}");
    }
    assert!(good.follows(None).is_err());
    first.follows(None).unwrap();
}
