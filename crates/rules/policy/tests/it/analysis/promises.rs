//! What the templates promise, proved for every request; and each promise is seen to fail where its rule is weakened.

use super::finds::{line, policy};
use gatos_policy::analysis::{Answer, Condition, Demand, allowed};
use gatos_policy::language::templates::TEMPLATES;
use gatos_policy::language::{Intent, IntentSet};

/// A promise: no request of these intents for which a line is so is ever allowed.
struct Promise {
    template: &'static str,
    says: &'static str,
    intents: &'static [Intent],
    lines: &'static [(&'static str, Demand)],
    /// A change to the source that breaks it.
    weakened: [&'static str; 2],
}

const PROMISES: &[Promise] = &[
    Promise {
        template: "minimal",
        says: "nothing is written without the capability",
        intents: &[Intent::Write],
        lines: &[("caps includes 'journal:append'", Demand::NotTrue)],
        weakened: ["has_cap('journal:append')", "epoch == epoch"],
    },
    Promise {
        template: "minimal",
        says: "only journals are written",
        intents: &[Intent::Write],
        lines: &[("path matches_glob 'gatos/journal/**'", Demand::NotTrue)],
        weakened: ["gatos/journal/**", "gatos/**"],
    },
    Promise {
        template: "minimal",
        says: "who holds no capability may do nothing",
        intents: &Intent::ALL,
        lines: &[("len(caps) > 0", Demand::NotTrue)],
        weakened: ["has_cap('read')", "actor == 'user:alice'"],
    },
    Promise {
        template: "regulated",
        says: "no export without two governors",
        intents: &[Intent::Export],
        lines: &[("quorum(payload.approvals, 'governors', 2)", Demand::NotTrue)],
        weakened: [
            "has_cap('export')\"\n      - \"quorum(payload.approvals, 'governors', 2)",
            "has_cap('export')\"\n      - \"quorum(payload.approvals, 'governors', 1)",
        ],
    },
    Promise {
        template: "regulated",
        says: "nobody governs without two governors",
        intents: &[Intent::Govern],
        lines: &[("quorum(payload.approvals, 'governors', 2)", Demand::NotTrue)],
        weakened: [
            "allow_if:\n      - \"quorum(payload.approvals, 'governors', 2)",
            "allow_if:\n      - \"quorum(payload.approvals, 'governors', 1)",
        ],
    },
    Promise {
        template: "regulated",
        says: "nobody approves a change of their own",
        intents: &[Intent::Govern, Intent::Export],
        lines: &[("payload.approvals includes actor", Demand::NotFalse)],
        weakened: [
            "not (payload.approvals includes actor)\"\n      - \"payload.kind",
            "payload.approvals includes actor\"\n      - \"payload.kind",
        ],
    },
    Promise {
        template: "regulated",
        says: "a grant ends within a hundred epochs",
        intents: &[Intent::Govern],
        lines: &[(
            "payload.kind != 'grant' or payload.expires_epoch <= epoch + 100",
            Demand::NotTrue,
        )],
        weakened: ["epoch + 100", "epoch + 1000"],
    },
    Promise {
        template: "regulated",
        says: "private data do not go to a remote",
        intents: &Intent::ALL,
        lines: &[
            ("labels includes 'private'", Demand::NotFalse),
            ("remote in ['none', 'internal']", Demand::NotTrue),
        ],
        weakened: ["['private', 'pii']", "['pii']"],
    },
    Promise {
        template: "regulated",
        says: "who is not trusted writes nothing",
        intents: &[Intent::Write, Intent::Publish, Intent::Exec],
        lines: &[("trust[actor].level >= 1", Demand::NotTrue)],
        weakened: ["trust[actor].level >= 1", "trust[actor].level >= 0"],
    },
    Promise {
        template: "airgapped",
        says: "nothing is exported, whoever asks",
        intents: &[Intent::Export],
        lines: &[],
        weakened: [
            "deny_if:\n      - \"true\"",
            "allow_if:\n      - \"remote == 'none'\"",
        ],
    },
    Promise {
        template: "airgapped",
        says: "no request from elsewhere is allowed",
        intents: &Intent::ALL,
        lines: &[("remote in ['none', 'internal']", Demand::NotTrue)],
        weakened: ["['none', 'internal']", "['none', 'internal', 'partner']"],
    },
    Promise {
        template: "airgapped",
        says: "the inner network is where it says",
        intents: &Intent::ALL,
        lines: &[
            ("remote == 'internal'", Demand::NotFalse),
            (
                "remote_addr in_cidr '10.0.0.0/8' or remote_addr in_cidr 'fd00::/8'",
                Demand::NotTrue,
            ),
        ],
        weakened: ["10.0.0.0/8' or", "0.0.0.0/0' or"],
    },
    Promise {
        template: "airgapped",
        says: "nobody governs without two governors",
        intents: &[Intent::Govern],
        lines: &[("quorum(payload.approvals, 'governors', 2)", Demand::NotTrue)],
        weakened: ["'governors', 2", "'governors', 1"],
    },
];

fn answer(source: &str, promise: &Promise) -> Answer {
    let intents = promise.intents.iter();
    let condition = Condition {
        intents: intents.fold(IntentSet::NONE, |set, intent| set.with(*intent)),
        lines: promise
            .lines
            .iter()
            .map(|(text, demand)| (line(text), *demand))
            .collect(),
    };
    allowed(&policy(source), &condition)
}

#[test]
fn templates_keep_their_promises_for_every_request() {
    for promise in PROMISES {
        let template = TEMPLATES
            .iter()
            .find(|template| template.name == promise.template)
            .expect("a template of this name");
        let name = format!("{}: {}", promise.template, promise.says);
        assert_eq!(answer(template.policy, promise), Answer::Never, "{name}");
        let [from, to] = promise.weakened;
        let weakened = template.policy.replace(from, to);
        assert_ne!(weakened, template.policy, "{name}: nothing to weaken");
        assert!(
            matches!(answer(&weakened, promise), Answer::Example(_)),
            "{name}: the weakened template keeps it too"
        );
    }
}
