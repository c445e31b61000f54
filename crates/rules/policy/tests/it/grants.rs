//! Grants: who may give what, what hangs on what, and what an actor may do at a version in an epoch.

use gatos_policy::governance::{Chain, CutScope, GovernanceError, Grant};
use gatos_values::{ErrorCode, ResourceUri, Text};

use crate::fixture::*;

fn caps(chain: &Chain, name: &str, version: u64, epoch: u64, path: &str) -> (String, String) {
    let resource = ResourceUri::parse(&format!("gatos://ledger/{path}")).unwrap();
    let found = chain.capabilities_at(&actor(name), version, epoch, &resource);
    let join = |caps: &[Text]| caps.iter().map(Text::as_str).collect::<Vec<_>>().join(" ");
    (join(&found.live), join(&found.expired))
}

fn live(chain: &Chain, name: &str, path: &str) -> String {
    caps(chain, name, chain.version(), 0, path).0
}

/// Alice gives Bob three rights over finance until epoch 9; Bob gives one of them on to the service.
fn chain_of_grants() -> (Chain, Grant, Grant) {
    let mut chain = board_chain();
    let root = Grant {
        expires_epoch: Some(9),
        ..grant(
            &chain,
            "user:alice",
            "user:bob",
            &["append", "publish", "read"],
            "finance/**",
        )
    };
    extend(&mut chain, vec![issue(&root, 1)], &[1, 2]);
    let passed = Grant {
        prev: Some(root.id().unwrap()),
        not_before_epoch: 2,
        expires_epoch: Some(5),
        ..grant(
            &chain,
            "user:bob",
            "service:ci",
            &["append"],
            "finance/invoices/**",
        )
    };
    extend(&mut chain, vec![issue(&passed, 2)], &[1, 2]);
    (chain, root, passed)
}

#[test]
fn capabilities_are_flat_and_have_their_time_and_place() {
    let (chain, ..) = chain_of_grants();
    let bob = |version, epoch, path| caps(&chain, "user:bob", version, epoch, path);
    let none = (String::new(), String::new());
    assert_eq!(bob(0, 0, "finance/journal"), none);
    assert_eq!(bob(1, 8, "finance/journal").0, "append publish read");
    assert_eq!(bob(1, 8, "ops/journal"), none);
    assert_eq!(
        bob(2, 9, "finance/journal"),
        (String::new(), "append publish read".into())
    );
    let ci = |epoch, path| caps(&chain, "service:ci", 2, epoch, path);
    assert_eq!(ci(1, "finance/invoices/1"), none, "not yet");
    assert_eq!(ci(2, "finance/invoices/1").0, "append");
    assert_eq!(ci(5, "finance/invoices/1").1, "append");
    assert_eq!(ci(2, "finance/journal"), none);
}

#[test]
fn nobody_gives_more_than_it_has() {
    let (chain, root, passed) = chain_of_grants();
    let refuse = |grant: Grant, signer: u8| misfit(&chain, vec![issue(&grant, signer)]);
    let held = root.id().unwrap();
    let base = Grant {
        prev: Some(held),
        expires_epoch: Some(9),
        ..grant(&chain, "user:bob", "user:carol", &["read"], "finance/**")
    };
    extend(&mut chain.clone(), vec![issue(&base, 2)], &[1, 2]);
    let more = |field| GovernanceError::GrantExceeds { field, held };
    let cases = [
        (
            Grant {
                caps: vec![Text::new("delete").unwrap()],
                ..base.clone()
            },
            "caps",
        ),
        (
            Grant {
                resource: root
                    .resource
                    .to_string()
                    .replace("finance", "*")
                    .parse()
                    .unwrap(),
                ..base.clone()
            },
            "resource",
        ),
        (
            Grant {
                expires_epoch: None,
                ..base.clone()
            },
            "expires_epoch",
        ),
        (
            Grant {
                expires_epoch: Some(10),
                ..base.clone()
            },
            "expires_epoch",
        ),
    ];
    for (grant, field) in cases {
        assert_eq!(refuse(grant, 2), more(field));
    }
    let early = Grant {
        prev: Some(passed.id().unwrap()),
        not_before_epoch: 1,
        expires_epoch: Some(5),
        ..grant(
            &chain,
            "service:ci",
            "user:carol",
            &["append"],
            "finance/invoices/**",
        )
    };
    assert!(matches!(
        refuse(early, 4),
        GovernanceError::GrantExceeds {
            field: "not_before_epoch",
            ..
        }
    ));
    // Only a governor gives out of nothing, and only the grantee passes a grant on.
    let rootless = Grant {
        prev: None,
        issuer: actor("service:ci"),
        ..base.clone()
    };
    assert_eq!(
        refuse(rootless, 4),
        GovernanceError::GrantNotHeld(actor("service:ci"))
    );
    let thief = Grant {
        issuer: actor("user:carol"),
        subject: actor("service:ci"),
        ..base.clone()
    };
    assert_eq!(
        refuse(thief, 3),
        GovernanceError::GrantNotHeld(actor("user:carol"))
    );
    // The issuer's own live key signs, over exactly this grant.
    assert!(matches!(
        refuse(base.clone(), 1),
        GovernanceError::GrantKey { .. }
    ));
    let gatos_policy::governance::ChangeOperation::GrantIssue { grant: mut forged } =
        issue(&base, 2)
    else {
        panic!("a grant");
    };
    forged.grant.subject = actor("service:ci");
    let forged = gatos_policy::governance::ChangeOperation::GrantIssue { grant: forged };
    assert_eq!(misfit(&chain, vec![forged]).code(), ErrorCode::BadSignature);
    let nobody = Grant {
        subject: actor("user:eve"),
        ..base.clone()
    };
    assert_eq!(
        refuse(nobody, 2),
        GovernanceError::ActorUnknown(actor("user:eve"))
    );
    let elsewhere = Grant {
        resource: "gatos://other/finance/**".parse().unwrap(),
        ..base.clone()
    };
    assert!(matches!(
        refuse(elsewhere, 2),
        GovernanceError::GrantOutside(_)
    ));
    assert!(matches!(refuse(root, 1), GovernanceError::GrantIssued(_)));
    let old_rules = Grant {
        policy_root: policy_root(5),
        ..base.clone()
    };
    assert!(matches!(
        refuse(old_rules, 2),
        GovernanceError::WrongPolicyRoot { .. }
    ));
    let old_fold = Grant {
        fold_root: fold_root(5),
        ..base
    };
    assert!(matches!(
        refuse(old_fold, 2),
        GovernanceError::WrongFoldRoot { .. }
    ));
}

#[test]
fn revoking_a_grant_revokes_what_hangs_on_it() {
    let (mut chain, root, passed) = chain_of_grants();
    let id = root.id().unwrap();
    extend_with_cut(&mut chain, vec![revoke_grant(&id)], Vec::new(), &[1, 2]);
    assert_eq!(live(&chain, "user:bob", "finance/journal"), "");
    assert_eq!(caps(&chain, "service:ci", 3, 2, "finance/invoices/1").0, "");
    assert_eq!(
        caps(&chain, "service:ci", 2, 2, "finance/invoices/1").0,
        "append",
        "as it was"
    );
    let scopes = [
        CutScope::Actor(actor("service:ci")),
        CutScope::Actor(actor("user:bob")),
    ];
    assert_eq!(chain.cut_at(3).unwrap().scopes, scopes);
    for ended in [root, passed] {
        let ended = ended.id().unwrap();
        let error = misfit(&chain, vec![revoke_grant(&ended)]);
        assert_eq!(error, GovernanceError::GrantUnknown(ended));
        assert_eq!(chain.grant(&ended).unwrap().until_version, Some(3));
    }
    assert_eq!(chain.grants_at(3).count(), 0);
}

#[test]
fn an_issuer_may_end_its_own_grants_by_a_new_one() {
    let (mut chain, root, passed) = chain_of_grants();
    let fresh = Grant {
        revokes: vec![passed.id().unwrap()],
        prev: Some(root.id().unwrap()),
        expires_epoch: Some(9),
        ..grant(&chain, "user:bob", "user:carol", &["append"], "finance/**")
    };
    let others = Grant {
        revokes: vec![passed.id().unwrap()],
        ..grant(
            &chain,
            "user:alice",
            "user:carol",
            &["append"],
            "finance/**",
        )
    };
    assert_eq!(
        misfit(&chain, vec![issue(&others, 1)]),
        GovernanceError::GrantOfAnother(passed.id().unwrap())
    );
    extend_with_cut(&mut chain, vec![issue(&fresh, 2)], Vec::new(), &[1, 2]);
    assert_eq!(live(&chain, "user:carol", "finance/x"), "append");
    assert_eq!(caps(&chain, "service:ci", 3, 2, "finance/invoices/1").0, "");
}

#[test]
fn a_reissued_grant_takes_the_place_of_the_old_one() {
    let (mut chain, root, passed) = chain_of_grants();
    let rotation = rotate(&chain, "user:alice", 1, 6, false);
    extend(&mut chain, vec![rotation], &[1, 2]);
    let reissued = Grant {
        prev: Some(root.id().unwrap()),
        expires_epoch: Some(9),
        ..grant(
            &chain,
            "user:alice",
            "user:bob",
            &["append", "publish", "read"],
            "finance/**",
        )
    };
    extend(&mut chain, vec![issue(&reissued, 6)], &[1, 2]);
    assert_eq!(chain.cut_at(4), None, "nothing was taken away");
    // The old key can go: nothing rests on it any more.
    extend_with_cut(&mut chain, vec![revoke_key(1)], Vec::new(), &[2, 6]);
    assert_eq!(live(&chain, "user:bob", "finance/x"), "append publish read");
    assert_eq!(
        caps(&chain, "service:ci", 5, 2, "finance/invoices/1").0,
        "append"
    );
    let passed = chain.grant(&passed.id().unwrap()).unwrap();
    assert_eq!(passed.hangs_on_at(3), Some(root.id().unwrap()));
    assert_eq!(passed.hangs_on_at(4), Some(reissued.id().unwrap()));
}

#[test]
fn a_narrower_reissue_ends_what_no_longer_fits() {
    let (mut chain, root, _) = chain_of_grants();
    let narrower = Grant {
        prev: Some(root.id().unwrap()),
        expires_epoch: Some(4),
        ..grant(&chain, "user:alice", "user:bob", &["append"], "finance/**")
    };
    extend_with_cut(&mut chain, vec![issue(&narrower, 1)], Vec::new(), &[1, 2]);
    assert_eq!(live(&chain, "user:bob", "finance/x"), "append");
    assert_eq!(caps(&chain, "service:ci", 3, 2, "finance/invoices/1").0, "");
    assert_eq!(chain.cut_at(3).unwrap().scopes.len(), 2);
}

#[test]
fn a_grant_ends_with_the_key_that_signed_it() {
    let (mut chain, ..) = chain_of_grants();
    let operations = vec![enrol_key("user:alice", 6), revoke_key(1)];
    extend_with_cut(&mut chain, operations, Vec::new(), &[1, 2, 3]);
    assert_eq!(live(&chain, "user:bob", "finance/x"), "");
    assert_eq!(caps(&chain, "service:ci", 3, 2, "finance/invoices/1").0, "");
}

#[test]
fn a_grant_names_the_fold_of_its_longest_namespace() {
    let mut chain = small_chain();
    extend(
        &mut chain,
        vec![install("ops", 1), install("ops/deploy", 2)],
        &[1],
    );
    let root = |path: &str| {
        let resource = format!("gatos://ledger/{path}").parse().unwrap();
        chain.fold_root_of(&resource, 1)
    };
    assert_eq!(root("ops/**"), fold_root(1));
    assert_eq!(root("ops/deploy/state"), fold_root(2));
    assert_eq!(root("ops/*/state"), fold_root(1));
    assert_eq!(root("**"), gatos_values::roots::EMPTY_FOLD_ROOT);
}
