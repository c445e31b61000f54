//! An envelope against the governance version it names: one case a row.

use gatos_policy::governance::{AdmissionError, AdmittedKey, Chain, admit};
use gatos_values::roots::{EMPTY_FOLD_ROOT, EMPTY_POLICY_ROOT};
use gatos_values::{Envelope, ErrorCode, EventType, GovernanceId, ResourceUri, Value};

use crate::fixture::*;

/// Version 1 enrols a service and installs a fold in `finance`.
fn chain() -> Chain {
    let mut chain = small_chain();
    let operations = vec![
        enrol_actor("service:ci"),
        enrol_key("service:ci", 3),
        install("finance", 1),
    ];
    extend(&mut chain, operations, &[1]);
    chain
}

/// What Bob may write in `finance` at the newest version.
fn envelope(chain: &Chain) -> Envelope {
    let ns = namespace("finance");
    Envelope {
        repo: chain.repository_id(),
        actor: actor("user:bob"),
        key: key(2).public().key_id(),
        event_type: EventType::parse("invoice.paid").unwrap(),
        ulid: ulid(100),
        prev: None,
        resource: ResourceUri::journal(chain.repository_name(), &ns),
        payload: Value::Null,
        caps: Vec::new(),
        labels: Vec::new(),
        idem: None,
        session: None,
        gov: chain.head(),
        policy_root: chain.policy_root_at(chain.version()),
        fold_root: chain.fold_root_at(&ns, chain.version()),
        ns,
    }
}

fn check(change: impl FnOnce(&Chain, &mut Envelope)) -> Result<AdmittedKey, AdmissionError> {
    let chain = chain();
    let mut envelope = envelope(&chain);
    change(&chain, &mut envelope);
    admit(&chain, &envelope)
}

fn code(change: impl FnOnce(&Chain, &mut Envelope)) -> ErrorCode {
    check(change).unwrap_err().code()
}

#[test]
fn an_enrolled_key_may_write() {
    let admitted = check(|_, _| ()).unwrap();
    assert_eq!(
        admitted,
        AdmittedKey {
            public: key(2).public(),
            version: 1
        }
    );
}

#[test]
fn an_event_is_judged_under_the_version_it_names() {
    let old = |chain: &Chain, envelope: &mut Envelope| {
        envelope.gov = chain.repository_id();
        envelope.fold_root = EMPTY_FOLD_ROOT;
    };
    assert_eq!(check(old).unwrap().version, 0);
    // The service was not there yet.
    let early = check(|chain, envelope| {
        old(chain, envelope);
        envelope.actor = actor("service:ci");
        envelope.key = key(3).public().key_id();
    });
    assert_eq!(
        early,
        Err(AdmissionError::UnknownActor {
            actor: actor("service:ci"),
            version: 0
        })
    );
    let now = check(|_, envelope| {
        envelope.actor = actor("service:ci");
        envelope.key = key(3).public().key_id();
    });
    assert_eq!(now.unwrap().public, key(3).public());
}

#[test]
fn what_does_not_fit_is_refused_with_its_code() {
    let unknown = GovernanceId::from_bytes([7; 32]);
    assert_eq!(
        code(|_, envelope| envelope.repo = unknown),
        ErrorCode::RepoMismatch
    );
    assert_eq!(
        code(|_, envelope| envelope.gov = unknown),
        ErrorCode::GovBehind
    );
    assert_eq!(
        code(|_, envelope| envelope.actor = actor("user:eve")),
        ErrorCode::UnknownActor
    );
    // A key nobody has, and a key somebody else has.
    for number in [9, 1] {
        let other = key(number).public().key_id();
        assert_eq!(
            code(|_, envelope| envelope.key = other),
            ErrorCode::UnknownKey
        );
    }
    assert_eq!(
        code(|_, envelope| envelope.policy_root = fold_root(1)),
        ErrorCode::BadEvent
    );
    assert_eq!(
        code(|_, envelope| envelope.fold_root = EMPTY_POLICY_ROOT),
        ErrorCode::BadEvent
    );
    assert_eq!(
        code(|_, envelope| envelope.fold_root = EMPTY_FOLD_ROOT),
        ErrorCode::BadEvent
    );
}

#[test]
fn the_resource_lies_in_repository_and_namespace() {
    let with = |text: &str| {
        let resource = ResourceUri::parse(text).unwrap();
        check(|_, envelope| envelope.resource = resource)
    };
    assert!(with("gatos://ledger/finance/invoices/7").is_ok());
    for outside in [
        "gatos://other/finance/journal",
        "gatos://ledger/ops/journal",
        "gatos://ledger/financex/journal",
    ] {
        assert!(
            matches!(with(outside), Err(AdmissionError::ResourceOutside(_))),
            "{outside}"
        );
    }
}

#[test]
fn reserved_types_are_refused() {
    for reserved in [
        "governance.change",
        "trust.grant",
        "session.merge",
        "epoch.seal",
    ] {
        let reserved = EventType::parse(reserved).unwrap();
        assert_eq!(
            code(|_, envelope| envelope.event_type = reserved),
            ErrorCode::ReservedType
        );
    }
}
