//! Proposals, approvals and proofs of consensus: what counts, what does not, and what a proof shows to a stranger.

use gatos_policy::governance::consensus::{prove, tally, verify_proof};
use gatos_policy::governance::{
    Approval, Chain, Change, ChangeOperation, GovernanceDocument, GovernanceError, GovernedAction,
    Proposal, Signed, SignedDocument, change_with_cut,
};
use gatos_values::{ErrorCode, SignatureNamespace, Text, Ulid};

use crate::fixture::*;

/// Alice (1), Bob (2) and Carol (3) govern, two must sign; policies also need the service (4).
fn documents() -> Vec<SignedDocument> {
    let actors: &[(&str, &[u8])] = &[
        ("user:alice", &[1]),
        ("user:bob", &[2]),
        ("user:carol", &[3]),
        ("service:ci", &[4]),
        ("user:eve", &[5]),
    ];
    let governors = ["user:alice", "user:bob", "user:carol"];
    let first = signed(genesis_bytes(actors, &governors, 2), &[1, 2]);
    let chain = Chain::from_genesis(&first).unwrap();
    let operations = vec![
        set_group("security", &["service:ci"]),
        set_quorum(GovernedAction::Policy, "2 of governors and 1 of security"),
    ];
    let second = next(&chain, operations, &[1, 2, 4]);
    vec![first, second]
}

fn chain() -> Chain {
    let documents = documents();
    let mut chain = Chain::from_genesis(&documents[0]).unwrap();
    chain.apply(&documents[1]).unwrap();
    chain
}

fn propose(chain: &Chain, operations: Vec<ChangeOperation>) -> Signed<Proposal> {
    let bytes = change_with_cut(chain, ulid(chain.version() + 1), operations, Vec::new()).unwrap();
    let GovernanceDocument::Change(change) = GovernanceDocument::decode(&bytes).unwrap() else {
        panic!("a change");
    };
    let said = Proposal {
        change,
        proposer: actor("user:eve"),
        reason: Text::new("stricter exports").unwrap(),
        expires: Some(ulid(100)),
        ulid: ulid(11),
    };
    let signature = key(5).sign(SignatureNamespace::Grant, &said.encode().unwrap());
    Signed { said, signature }
}

fn approve(proposal: &Signed<Proposal>, name: &str, number: u8, at: u64) -> Signed<Approval> {
    let change = proposal.said.change_bytes().unwrap();
    sign_approval(
        Approval {
            repo: proposal.said.change.repo,
            proposal: proposal.said.id().unwrap(),
            actor: actor(name),
            change_signature: Some(key(number).sign(SignatureNamespace::Grant, &change)),
            expires: Some(ulid(50)),
            ulid: ulid(at),
        },
        number,
    )
}

fn sign_approval(said: Approval, number: u8) -> Signed<Approval> {
    let signature = key(number).sign(SignatureNamespace::Grant, &said.encode().unwrap());
    Signed { said, signature }
}

fn all(proposal: &Signed<Proposal>) -> Vec<Signed<Approval>> {
    vec![
        approve(proposal, "user:carol", 3, 22),
        approve(proposal, "user:alice", 1, 20),
        approve(proposal, "service:ci", 4, 21),
    ]
}

#[test]
fn what_counts_makes_the_change() {
    let chain = chain();
    let proposal = propose(&chain, vec![activate(1)]);
    let approvals = all(&proposal);
    let count = |approvals: &[Signed<Approval>], now: u64| {
        tally(&chain, &proposal.said, approvals, ulid(now)).unwrap()
    };
    assert!(matches!(
        count(&[], 30).missing,
        Some(GovernanceError::TooFewSignatures {
            signed: 0,
            needed: 2
        })
    ));
    assert!(matches!(
        count(&approvals[..2], 30).missing,
        Some(GovernanceError::QuorumNotMet { .. })
    ));
    let met = count(&approvals, 30);
    assert_eq!((met.missing.clone(), met.counted.len()), (None, 3));
    let mut next = chain.clone();
    next.apply(&met.document(&proposal.said).unwrap()).unwrap();
    assert_eq!(next.policy_root_at(2), policy_root(1));
    // Once another version took the place, the proposal is about something else.
    extend(&mut next.clone(), vec![set_level("user:bob", 1)], &[1, 2]);
    assert!(tally(&next, &proposal.said, &approvals, ulid(30)).is_err());
}

#[test]
fn expired_withdrawn_and_foreign_approvals_never_count() {
    let chain = chain();
    let proposal = propose(&chain, vec![activate(1)]);
    let good = approve(&proposal, "user:alice", 1, 20);
    let ignored = |approvals: Vec<Signed<Approval>>, now: u64| {
        let tally = tally(&chain, &proposal.said, &approvals, ulid(now)).unwrap();
        assert!(tally.counted.len() < approvals.len());
        tally.ignored[0].1
    };
    assert_eq!(ignored(vec![good.clone()], 50), "it has expired");
    let taken_back = sign_approval(
        Approval {
            change_signature: None,
            ulid: ulid(25),
            ..good.said.clone()
        },
        1,
    );
    assert_eq!(
        ignored(vec![good.clone(), taken_back.clone()], 30),
        "a later word replaced it"
    );
    // Nobody else can take it back.
    let mut forged = taken_back;
    forged.signature = key(5).sign(SignatureNamespace::Grant, &forged.said.encode().unwrap());
    let both = [good.clone(), forged];
    let counted = tally(&chain, &proposal.said, &both, ulid(30))
        .unwrap()
        .counted;
    let twice = ignored(vec![good.clone(), good.clone()], 30);
    assert_eq!(twice, "it is there twice");
    assert_eq!(
        ignored(vec![approve(&proposal, "user:alice", 2, 20)], 30),
        "its key is no live key of its actor"
    );
    assert_eq!(
        ignored(vec![approve(&proposal, "user:eve", 5, 20)], 30),
        "its actor neither governs nor counts for a quorum rule"
    );
    let mut altered = good.clone();
    altered.said.expires = None;
    assert_eq!(ignored(vec![altered], 30), "its signature is invalid");
    let mut half = good.said.clone();
    half.change_signature = Some(key(1).sign(SignatureNamespace::Grant, b"another change"));
    assert_eq!(
        ignored(vec![sign_approval(half, 1)], 30),
        "its signature over the change is invalid"
    );
    let other = propose(&chain, vec![activate(2)]);
    assert_eq!(
        ignored(vec![approve(&other, "user:alice", 1, 20)], 30),
        "it is about another proposal"
    );
    assert_eq!(
        tally(&chain, &proposal.said, &[], ulid(100)),
        Err(GovernanceError::ProposalExpired)
    );
    // A key that was revoked meanwhile: the chain has moved on, and the old approval cannot count there.
    let mut later = chain.clone();
    extend_with_cut(
        &mut later,
        vec![enrol_key("user:alice", 8), revoke_key(1)],
        Vec::new(),
        &[2, 3],
    );
    let again = propose(&later, vec![activate(1)]);
    let approval = approve(&again, "user:alice", 1, 20);
    let tally = tally(&later, &again.said, &[approval], ulid(30)).unwrap();
    assert_eq!(tally.ignored[0].1, "its key is no live key of its actor");
    assert_eq!(counted, [good]);
}

#[test]
fn a_proof_shows_agreement_to_a_stranger() {
    let (chain, documents) = (chain(), documents());
    let proposal = propose(&chain, vec![activate(1)]);
    let approvals = all(&proposal);
    assert!(matches!(
        prove(&documents, &proposal, &approvals[..2]),
        Err(GovernanceError::QuorumNotMet { .. })
    ));
    let proof = prove(&documents, &proposal, &approvals).unwrap();
    let report = verify_proof(&proof).unwrap();
    assert_eq!(report.repository, chain.repository_id());
    assert_eq!((report.version, report.threshold), (2, 2));
    let names = ["service:ci", "user:alice", "user:carol"].map(actor);
    assert_eq!(report.approvers, names);
    assert_eq!(report.rules.len(), 1);
    for (from, to) in [
        (
            "2 of governors and 1 of security\",\"version\"",
            "1 of governors\",\"version\"",
        ),
        ("\"threshold\":2,\"v\":1}", "\"threshold\":1,\"v\":1}"),
        ("stricter exports", "stricter_exports"),
        (
            "\"actor\":\"user:carol\",\"change_sig\"",
            "\"actor\":\"user:bob\",\"change_sig\"",
        ),
    ] {
        assert!(verify_proof(&with_text(&proof, from, to)).is_err(), "{to}");
    }
    // An approval that ran out before the last one was given is not part of a proof.
    let mut late = approvals.clone();
    late[2] = approve(&proposal, "service:ci", 4, 60);
    let error = prove(&documents, &proposal, &late).unwrap_err();
    assert_eq!(error.code(), ErrorCode::BadSignature, "{error}");
    // Every bit of it matters.
    for index in (0..proof.len()).step_by(7) {
        let mut changed = proof.clone();
        changed[index] ^= 1;
        assert!(verify_proof(&changed).is_err(), "byte {index}");
    }
}

#[test]
fn proposals_and_approvals_have_one_text() {
    let chain = chain();
    let proposal = propose(&chain, vec![activate(1)]);
    let bytes = proposal.said.encode().unwrap();
    assert_eq!(Proposal::decode(&bytes).unwrap(), proposal.said);
    let approval = approve(&proposal, "user:alice", 1, 20).said;
    assert_eq!(
        Approval::decode(&approval.encode().unwrap()).unwrap(),
        approval
    );
    for (from, to) in [
        ("governance.proposal", "governance.approval"),
        ("\"v\":1,\"version\":2", "\"v\":1,\"version\":0"),
        ("\"reason\":\"stricter", "\"reson\":\"stricter"),
    ] {
        assert!(
            Proposal::decode(&with_text(&bytes, from, to)).is_err(),
            "{to}"
        );
    }
    let broken = Proposal {
        ulid: Ulid::MAX,
        ..proposal.said.clone()
    };
    assert!(broken.encode().is_err());
    let empty = Proposal {
        change: Change {
            changes: Vec::new(),
            ..proposal.said.change.clone()
        },
        ..proposal.said
    };
    assert!(empty.encode().is_err());
}

#[test]
fn the_proof_of_the_vectors_is_these_bytes() {
    let proposal = propose(&chain(), vec![activate(1)]);
    let proof = prove(&documents(), &proposal, &all(&proposal)).unwrap();
    crate::vectors::check("consensus.json", &String::from_utf8(proof).unwrap());
    let kept = std::fs::read(crate::vectors::folder().join("consensus.json")).unwrap();
    assert_eq!(verify_proof(&kept).unwrap().version, 2);
}
