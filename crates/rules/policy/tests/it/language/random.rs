//! Random policies and requests: the fast road, the plain road and the twin give one answer.
//!
//! `GATOS_POLICY_PAIRS=1000000 cargo test --release -p gatos-policy --test it random -- --nocapture` tries a million
//! pairs; `GATOS_POLICY_SEED` starts elsewhere. The shares of allows, denials and unknowns are printed and checked.

use super::generator::{Chooser, Context, context, source};
use super::twin::{self, Answer};
use gatos_policy::language::{Decision, Policy, Request, Truth, compile};

const PAIR_COUNT: u64 = 20_000;
const REQUESTS_A_POLICY: u64 = 20;

/// Least share of allows, of denials and of decisions that something unknown made, in percent.
const SHARE_MIN: u64 = 20;

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// Runs `check` on one of so many random pairs; says the seed of a policy that fails.
fn pairs(one_of: u64, mut check: impl FnMut(&Policy, &Context, &Request<'_>)) {
    let pair_count = from_environment("GATOS_POLICY_PAIRS", PAIR_COUNT) / one_of;
    let first_seed = from_environment("GATOS_POLICY_SEED", 1);
    let mut done_count = 0;
    for seed in first_seed.. {
        if done_count >= pair_count {
            break;
        }
        let mut chooser = Chooser::new(seed);
        let source = source(&mut chooser);
        // Random rules repeat one another now and then under one id; such sources say so and are left out.
        let Ok(compiled) = compile(&source) else {
            continue;
        };
        let policy = Policy::decode(&compiled.rgc).expect("our own bytes");
        done_count += REQUESTS_A_POLICY;
        for _ in 0..REQUESTS_A_POLICY {
            let context = context(&mut chooser);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                check(&policy, &context, &request(&context));
            }));
            if let Err(cause) = result {
                println!("GATOS_POLICY_SEED={seed}\n{source}");
                std::panic::resume_unwind(cause);
            }
        }
    }
}

pub fn request(context: &Context) -> Request<'_> {
    Request {
        actor: context.actor,
        caps: context.caps.as_deref(),
        labels: context.labels.as_deref(),
        remote: context.remote,
        remote_addr: context.remote_addr,
        epoch: context.epoch,
        path: context.path,
        resource: context.resource,
        payload: context.payload.as_ref(),
        ..Request::new(context.intent, &context.trust)
    }
}

/// A decision in the twin's words.
fn answer(decision: &Decision) -> Answer {
    let audit = decision.audit();
    let names = |ids: &[std::sync::Arc<str>]| ids.iter().map(ToString::to_string).collect();
    match decision {
        Decision::Allow { rule_ids, .. } => Answer {
            allow: true,
            rules: names(rule_ids),
            primary: String::new(),
            reason: "",
            audit,
        },
        Decision::Deny {
            rule_id,
            reason,
            firing,
            ..
        } => Answer {
            allow: false,
            rules: names(firing),
            primary: rule_id.to_string(),
            reason: reason.as_str(),
            audit,
        },
    }
}

#[test]
fn the_roads_agree_with_the_twin() {
    let (mut allow_count, mut deny_count, mut unknown_count) = (0_u64, 0_u64, 0_u64);
    pairs(1, |policy, _, request| {
        let decision = policy.evaluate(request);
        let expected = twin::decide(policy, request);
        assert_eq!(answer(&decision), expected, "{request:?}");
        match (expected.allow, expected.reason) {
            (true, _) => allow_count += 1,
            (_, "deny_unknown") => unknown_count += 1,
            _ => deny_count += 1,
        }
    });
    let total = allow_count + deny_count + unknown_count;
    println!(
        "{total} pairs: {allow_count} allowed, {deny_count} denied, {unknown_count} denied by something unknown"
    );
    for count in [allow_count, deny_count, unknown_count] {
        assert!(
            count * 100 >= total * SHARE_MIN,
            "{count} of {total} is less than {SHARE_MIN} %"
        );
    }
}

#[test]
fn the_detail_of_an_unknown_is_the_plain_roads() {
    pairs(5, |policy, _, request| {
        let Decision::Deny {
            rule_id, reason, ..
        } = policy.evaluate(request)
        else {
            return;
        };
        let gatos_policy::language::DenyReason::Unknown { path, cause } = reason else {
            return;
        };
        let verdicts = policy
            .rules()
            .iter()
            .map(|rule| (rule, rule.judge(request)));
        let part = if &*rule_id == "default-deny" {
            verdicts
                .into_iter()
                .find_map(|(_, verdict)| verdict.allow_unknown)
        } else {
            let found = verdicts.into_iter().find(|(rule, _)| rule.id == rule_id);
            found.and_then(|(_, verdict)| verdict.deny_unknown)
        };
        assert_eq!(part.map(|part| part.describe()), Some((path, cause)));
    });
}

#[test]
fn learning_what_was_missing_never_overturns_a_line() {
    pairs(5, |policy, context, request| {
        // What is missing here is filled in with something arbitrary.
        let fuller = Request {
            actor: context.actor.or(Some("user:bob")),
            caps: context.caps.as_deref().or(Some(&["a"])),
            remote: context.remote.or(Some("none")),
            epoch: context.epoch.or(Some(2)),
            path: context.path.or(Some("gatos/state/finance")),
            ..*request
        };
        for rule in policy.rules() {
            let (before, after) = (rule.judge(request), rule.judge(&fuller));
            for (before, after) in [(before.allows, after.allows), (before.denies, after.denies)] {
                assert!(before == Truth::Unknown || before == after, "{}", rule.id);
            }
        }
    });
}
