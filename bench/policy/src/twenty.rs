//! The rules that are timed: twelve that allow, eight that deny; and a thousand ordinary requests.

use crate::model::{Order, Request, Rule, Test};
use crate::random::{self, Chooser};

const SEED: u64 = 20;

/// How many requests are asked in turn.
pub const REQUEST_COUNT: usize = 1000;

#[must_use]
pub fn rules() -> Vec<Rule> {
    let allow = |id: &str, intents: &[&'static str], below, lines| Rule {
        id: id.to_owned(),
        intents: intents.to_vec(),
        below,
        is_allow: true,
        lines,
    };
    let deny = |id: &str, intents: &[&'static str], below, lines| Rule {
        is_allow: false,
        ..allow(id, intents, below, lines)
    };
    let cap = Test::Cap;
    let level = |bound| Test::Level(Order::GreaterOrEqual, bound);
    let (journal, finance) = (Some("gatos/journal"), Some("gatos/journal/finance"));
    vec![
        allow(
            "append",
            &["write"],
            journal,
            vec![cap("journal:append"), level(1)],
        ),
        allow(
            "append-finance",
            &["write"],
            finance,
            vec![cap("journal:append"), Test::Group("finance")],
        ),
        allow(
            "append-ops",
            &["write"],
            Some("gatos/journal/ops"),
            vec![Test::Group("ops"), level(2)],
        ),
        allow("read", &["read"], None, vec![cap("read")]),
        allow(
            "read-own",
            &["read"],
            journal,
            vec![Test::AnyCap(vec!["read", "journal:append"])],
        ),
        allow(
            "read-legal",
            &["read"],
            None,
            vec![Test::Group("legal"), level(3)],
        ),
        allow(
            "exec",
            &["exec"],
            None,
            vec![Test::AllCaps(vec!["exec", "read"]), level(2)],
        ),
        allow(
            "exec-ci",
            &["exec"],
            None,
            vec![Test::Actor("agent:ci"), Test::Network("10.0.0.0/8")],
        ),
        allow(
            "export",
            &["export"],
            None,
            vec![cap("export"), level(3), Test::Remote("internal")],
        ),
        allow(
            "export-early",
            &["export"],
            None,
            vec![cap("export"), Test::Epoch(Order::Less, 2)],
        ),
        allow(
            "state",
            &["read", "export"],
            Some("gatos/state"),
            vec![level(1)],
        ),
        allow(
            "small",
            &["write"],
            finance,
            vec![Test::Amount(Order::LessOrEqual, 1), level(1)],
        ),
        deny("private", &["export"], None, vec![Test::Label("private")]),
        deny(
            "inside",
            &[],
            None,
            vec![Test::And(vec![
                Test::Label("pii"),
                Test::Not(Box::new(Test::Remote("internal"))),
            ])],
        ),
        deny(
            "eve",
            &["write", "exec"],
            None,
            vec![Test::Actor("user:eve")],
        ),
        deny("nobody", &[], None, vec![Test::Level(Order::Less, 1)]),
        deny(
            "abroad",
            &["exec"],
            None,
            vec![
                Test::Network("192.0.2.0/24"),
                Test::Network("2001:db8::/32"),
            ],
        ),
        deny("drafts", &["export"], finance, vec![Test::Label("draft")]),
        deny(
            "large",
            &["write"],
            finance,
            vec![Test::Amount(Order::Greater, 3)],
        ),
        deny(
            "closed",
            &["write"],
            journal,
            vec![Test::Epoch(Order::GreaterOrEqual, 4)],
        ),
    ]
}

/// Nothing is missing in them.
#[must_use]
pub fn requests() -> Vec<Request> {
    let mut chooser = Chooser::new(SEED);
    (0..REQUEST_COUNT)
        .map(|_| random::request(&mut chooser, 0))
        .collect()
}
