//! Random rules and requests that meet often: both draw names from the same short lists.

use crate::model::{Order, Request, Rule, Test};

/// `SplitMix64`: the same numbers for the same seed.
pub struct Chooser(u64);

impl Chooser {
    #[must_use]
    pub const fn new(seed: u64) -> Chooser {
        Chooser(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True so many times in a hundred.
    pub const fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// # Panics
    /// If there are no items.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len() as u64)).expect("small")]
    }

    /// Each item with the chance, in order.
    fn some<T: Copy>(&mut self, items: &[T], percent: u64) -> Vec<T> {
        let chosen = items.iter().copied().filter(|_| self.percent(percent));
        chosen.collect()
    }
}

pub const INTENTS: [&str; 4] = ["read", "write", "exec", "export"];
pub const ACTORS: [&str; 4] = ["user:alice", "user:bob", "agent:ci", "user:eve"];
pub const CAPS: [&str; 5] = ["journal:append", "bus:publish", "export", "read", "exec"];
pub const LABELS: [&str; 3] = ["private", "pii", "draft"];
pub const GROUPS: [&str; 3] = ["finance", "ops", "legal"];
pub const REMOTES: [&str; 3] = ["none", "internal", "partner"];
pub const ADDRESSES: [&str; 7] = [
    "10.1.2.3",
    "10.255.255.255",
    "11.0.0.0",
    "192.0.2.9",
    "2001:db8::7",
    "2001:db9::",
    "::1",
];
pub const NETWORKS: [&str; 8] = [
    "10.0.0.0/8",
    "10.1.0.0/16",
    "192.0.2.8/31",
    "192.0.2.9/32",
    "0.0.0.0/0",
    "2001:db8::/32",
    "::1/128",
    "::/0",
];
pub const FOLDERS: [&str; 4] = [
    "gatos/journal",
    "gatos/journal/finance",
    "gatos/journal/ops",
    "gatos/state",
];
pub const PATHS: [&str; 6] = [
    "gatos/journal/finance/user:alice/00",
    "gatos/journal/finance",
    "gatos/journal/financefake/user:eve/00",
    "gatos/journal/ops/deploy/agent:ci/01",
    "gatos/state/finance",
    "other/journal",
];
const PARTS: [&str; 5] = ["gatos/", "gatos/journal/fin", "00", "/finance", "ops"];

/// One to seven rules. Flat ones have no connectives.
pub fn rules(chooser: &mut Chooser, is_flat: bool) -> Vec<Rule> {
    let count = 1 + chooser.below(7);
    (0..count)
        .map(|number| rule(chooser, number, is_flat))
        .collect()
}

fn rule(chooser: &mut Chooser, number: u64, is_flat: bool) -> Rule {
    let is_allow = chooser.percent(75);
    // What an error in one of several denying lines does to the others differs.
    let line_count = if is_flat && !is_allow {
        1
    } else {
        1 + chooser.below(2)
    };
    let intents = match chooser.percent(50) {
        true => chooser.some(&INTENTS, 60),
        false => Vec::new(),
    };
    let below = chooser.percent(30).then(|| chooser.pick(&FOLDERS));
    let levels = if is_flat { 0 } else { 2 };
    Rule {
        id: format!("rule-{number}"),
        intents,
        below,
        is_allow,
        lines: (0..line_count).map(|_| test(chooser, levels)).collect(),
    }
}

fn test(chooser: &mut Chooser, levels: u64) -> Test {
    if levels == 0 || chooser.percent(60) {
        return atom(chooser);
    }
    let operands = |chooser: &mut Chooser| {
        let count = 2 + chooser.below(2);
        (0..count).map(|_| test(chooser, levels - 1)).collect()
    };
    match chooser.below(3) {
        0 => Test::Not(Box::new(test(chooser, levels - 1))),
        1 => Test::And(operands(chooser)),
        _ => Test::Or(operands(chooser)),
    }
}

fn atom(chooser: &mut Chooser) -> Test {
    let number = |chooser: &mut Chooser| i64::try_from(chooser.below(5)).expect("small");
    let caps = |chooser: &mut Chooser| {
        let mut caps = chooser.some(&CAPS, 40);
        if caps.is_empty() {
            caps.push(chooser.pick(&CAPS));
        }
        caps
    };
    match chooser.below(14) {
        0 => Test::Cap(chooser.pick(&CAPS)),
        1 => Test::AnyCap(caps(chooser)),
        2 => Test::AllCaps(caps(chooser)),
        3 => Test::Label(chooser.pick(&LABELS)),
        4 => Test::Group(chooser.pick(&GROUPS)),
        5 => Test::Actor(chooser.pick(&ACTORS)),
        6 => Test::Remote(chooser.pick(&REMOTES)),
        7 => Test::Level(chooser.pick(&Order::ALL), number(chooser)),
        8 => Test::Epoch(chooser.pick(&Order::ALL), number(chooser)),
        9 => Test::Amount(chooser.pick(&Order::ALL), number(chooser)),
        10 | 11 => Test::Network(chooser.pick(&NETWORKS)),
        12 => Test::Below(chooser.pick(&FOLDERS)),
        _ => match chooser.percent(50) {
            true => Test::PathStarts(chooser.pick(&PARTS)),
            false => Test::PathEnds(chooser.pick(&PARTS)),
        },
    }
}

/// A request; each part is missing so many times in a hundred.
pub fn request(chooser: &mut Chooser, missing_percent: u64) -> Request {
    let number = |chooser: &mut Chooser| i64::try_from(chooser.below(5)).expect("small");
    macro_rules! maybe {
        ($value:expr) => {{
            let value = $value;
            (!chooser.percent(missing_percent)).then_some(value)
        }};
    }
    Request {
        intent: chooser.pick(&INTENTS),
        actor: chooser.pick(&ACTORS),
        level: number(chooser),
        groups: chooser.some(&GROUPS, 40),
        caps: maybe!(chooser.some(&CAPS, 50)),
        labels: maybe!(chooser.some(&LABELS, 30)),
        remote: maybe!(chooser.pick(&REMOTES)),
        address: maybe!(chooser.pick(&ADDRESSES)),
        epoch: maybe!(number(chooser)),
        path: maybe!(chooser.pick(&PATHS)),
        amount: maybe!(number(chooser)),
    }
}
