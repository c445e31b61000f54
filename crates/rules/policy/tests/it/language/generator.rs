//! Random sources and requests that meet often: both draw names from the same short lists.

use gatos_policy::language::{Intent, TrustEntry, TrustSnapshot};
use gatos_values::{Text, Value, json};

/// SplitMix64: the same numbers for the same seed.
pub struct Chooser(u64);

impl Chooser {
    pub fn new(seed: u64) -> Chooser {
        Chooser(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len() as u64)).expect("small")]
    }

    /// Each item with the chance, in order.
    fn some<T: Copy>(&mut self, items: &[T], percent: u64) -> Vec<T> {
        items
            .iter()
            .copied()
            .filter(|_| self.percent(percent))
            .collect()
    }
}

const ACTORS: [&str; 4] = ["user:alice", "user:bob", "agent:ci", "user:eve"];
const CAPS: [&str; 4] = ["journal:append", "bus:publish", "export:run", "a"];
const LABELS: [&str; 3] = ["private", "pii", "draft"];
const GROUPS: [&str; 3] = ["finance", "ops", "legal"];
const REMOTES: [&str; 3] = ["none", "internal", "partner"];
const ADDRESSES: [&str; 5] = ["10.1.2.3", "192.0.2.9", "2001:db8::7", "::1", "nowhere"];
const NETWORKS: [&str; 5] = [
    "10.0.0.0/8",
    "192.0.2.8/31",
    "2001:db8::/32",
    "0.0.0.0/0",
    "::/0",
];
const PATHS: [&str; 4] = [
    "gatos/journal/finance/user:alice/00",
    "gatos/journal/ops/deploy/agent:ci/01",
    "gatos/state/finance",
    "gatos/journal/finance",
];
const GLOBS: [&str; 7] = [
    "gatos/**",
    "gatos/journal/finance/**",
    "gatos/journal/*/user:alice/*",
    "**/00",
    "gatos/state/*",
    "gatos/journal/finance",
    "gatos/journal/**/agent:*/**",
];
const PAYLOADS: [&str; 6] = [
    r#"{"amount":250,"approvals":["user:alice","user:bob"],"name":"Bob","ok":true,"tags":["a","b"]}"#,
    r#"{"amount":3,"approvals":["user:alice",7],"name":"","ok":false,"owner":"user:alice","tags":["a",1,null]}"#,
    r#"{"amount":"3","approvals":[],"deep":{"amount":0.5,"tags":[["a"],{}]},"ok":null,"owner":"user:nobody"}"#,
    r#"{"amount":170141183460469231731687303715884105727,"name":["x"],"ok":1,"tags":"abc","user:bob":true}"#,
    "[]",
    r#""text""#,
];
const PARTS: [&str; 9] = [
    "payload.amount",
    "payload.approvals",
    "payload.name",
    "payload.ok",
    "payload.owner",
    "payload.tags",
    "payload.deep.amount",
    "payload.tags[0]",
    "payload[actor]",
];
const INTENTS: [&str; 7] = [
    "read",
    "write",
    "exec",
    "publish",
    "subscribe",
    "export",
    "govern",
];

/// A whole source.
pub fn source(chooser: &mut Chooser) -> String {
    let mut text = String::from("rules:\n");
    for number in 0..=chooser.below(5) {
        text += &rule(chooser, number);
    }
    text
}

fn rule(chooser: &mut Chooser, number: u64) -> String {
    let mut when = Vec::new();
    if chooser.percent(30) {
        let mut intents = chooser.some(&INTENTS, 60);
        intents.push("write");
        when.push(format!("intent: [{}]", intents.join(", ")));
    }
    if chooser.percent(30) {
        when.push(format!("path: \"{}\"", chooser.pick(&GLOBS)));
    }
    let mut text = format!("- when: {{{}}}\n", when.join(", "));
    if chooser.percent(50) {
        text += &format!("  id: rule-{}\n", 9 - number);
    }
    text += &format!("  audit: {}\n", chooser.percent(30));
    let allows = chooser.percent(75);
    if allows {
        text += &lines(chooser, "allow_if", 1);
    }
    if !allows || chooser.percent(20) {
        text += &lines(chooser, "deny_if", 0);
    }
    text
}

fn lines(chooser: &mut Chooser, key: &str, extra: u64) -> String {
    let mut text = format!("  {key}:\n");
    for _ in 0..=chooser.below(extra + 1) {
        // Single quotes of YAML: a quote inside is doubled.
        text += &format!("  - '{}'\n", truth(chooser, 2).replace('\'', "''"));
    }
    text
}

/// A truth value with so many connectives above one another at most.
pub fn truth(chooser: &mut Chooser, levels: u64) -> String {
    let levels = levels.saturating_sub(1);
    match chooser.below(if levels == 0 { 7 } else { 11 }) {
        7 => format!(
            "({} and {})",
            truth(chooser, levels),
            truth(chooser, levels)
        ),
        8 => format!("({} or {})", truth(chooser, levels), truth(chooser, levels)),
        9 => format!("not ({})", truth(chooser, levels)),
        10 => plain_truth(chooser),
        _ => usual_truth(chooser),
    }
}

/// What policies mostly ask.
fn usual_truth(chooser: &mut Chooser) -> String {
    let quoted = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
        names.join(", ")
    };
    match chooser.below(12) {
        0 => format!("caps includes '{}'", chooser.pick(&CAPS)),
        1 => format!("labels includes '{}'", chooser.pick(&LABELS)),
        2 => format!(
            "trust[actor].level {} {}",
            comparison(chooser),
            chooser.below(4)
        ),
        3 => format!("trust[actor].groups contains '{}'", chooser.pick(&GROUPS)),
        4 => format!("remote_addr in_cidr '{}'", chooser.pick(&NETWORKS)),
        5 => format!("actor in [{}]", quoted(&chooser.some(&ACTORS, 50))),
        6 => format!(
            "remote {} '{}'",
            chooser.pick(&["==", "!="]),
            chooser.pick(&REMOTES)
        ),
        7 => format!("epoch {} {}", comparison(chooser), chooser.below(4)),
        8 => format!("path matches_glob '{}'", chooser.pick(&GLOBS)),
        9 => format!(
            "caps {} [{}]",
            chooser.pick(&["any_of", "all_of"]),
            quoted(&chooser.some(&CAPS, 40))
        ),
        10 => format!(
            "labels {} [{}]",
            chooser.pick(&["any_of", "all_of"]),
            quoted(&chooser.some(&LABELS, 40))
        ),
        _ => format!(
            "trust[actor].groups any_of [{}]",
            quoted(&chooser.some(&GROUPS, 50))
        ),
    }
}

/// What the language allows besides.
fn plain_truth(chooser: &mut Chooser) -> String {
    match chooser.below(14) {
        0 => format!(
            "{} {} {}",
            number(chooser),
            comparison(chooser),
            number(chooser)
        ),
        1 => format!(
            "{} {} {}",
            text(chooser),
            comparison(chooser),
            text(chooser)
        ),
        2 => format!(
            "{} {} {}",
            text(chooser),
            chooser.pick(&["starts_with", "ends_with", "contains"]),
            text(chooser)
        ),
        3 => format!(
            "{} {} {}",
            list(chooser),
            chooser.pick(&["any_of", "all_of", "==", "!="]),
            list(chooser)
        ),
        4 => format!("{} includes {}", list(chooser), text(chooser)),
        5 => format!("{} contains {}", part(chooser), text(chooser)),
        6 => format!(
            "quorum({}, '{}', {})",
            list(chooser),
            chooser.pick(&GROUPS),
            1 + chooser.below(2)
        ),
        7 => format!("{} {} null", part(chooser), chooser.pick(&["==", "!="])),
        8 => format!(
            "len({}) {} {}",
            list(chooser),
            comparison(chooser),
            number(chooser)
        ),
        9 => format!("{} matches_glob '{}'", text(chooser), chooser.pick(&GLOBS)),
        10 => format!("{} in_cidr '{}'", text(chooser), chooser.pick(&NETWORKS)),
        11 => format!("{} == {}", part(chooser), part(chooser)),
        12 => chooser.pick(&["true", "false"]).to_owned(),
        _ => part(chooser),
    }
}

fn comparison(chooser: &mut Chooser) -> &'static str {
    chooser.pick(&["==", "!=", "<", "<=", ">", ">="])
}

fn part(chooser: &mut Chooser) -> String {
    chooser.pick(&PARTS).to_owned()
}

fn number(chooser: &mut Chooser) -> String {
    match chooser.below(8) {
        0 => "epoch".to_owned(),
        1 => "trust[actor].level".to_owned(),
        2 => format!("trust[{}].level", text(chooser)),
        3 => format!("({} + {})", number(chooser), number(chooser)),
        4 => format!("({} - {})", number(chooser), number(chooser)),
        5 => format!(
            "({} * {})",
            number(chooser),
            chooser.pick(&["2", "-3", "100"])
        ),
        6 => part(chooser),
        _ => chooser.pick(&["0", "1", "250", "0.5", "-2"]).to_owned(),
    }
}

fn text(chooser: &mut Chooser) -> String {
    match chooser.below(8) {
        0 => chooser
            .pick(&[
                "actor",
                "remote",
                "path",
                "resource",
                "intent",
                "remote_addr",
            ])
            .to_owned(),
        1 => format!("lower({})", text(chooser)),
        2 => format!("upper({})", text(chooser)),
        3 | 4 => part(chooser),
        5 => format!("'{}'", chooser.pick(&ACTORS)),
        _ => format!(
            "'{}'",
            chooser.pick(&["a", "", "bob", "BOB", "user:", "internal"])
        ),
    }
}

fn list(chooser: &mut Chooser) -> String {
    match chooser.below(6) {
        0 => chooser.pick(&["caps", "labels"]).to_owned(),
        1 => format!("trust[{}].groups", text(chooser)),
        2 => part(chooser),
        3 => "['a', 'b']".to_owned(),
        4 => "['user:alice', 'finance', null]".to_owned(),
        _ => chooser.pick(&["['private', 'user:bob']", "[]"]).to_owned(),
    }
}

/// Everything a request borrows.
pub struct Context {
    pub intent: Intent,
    pub actor: Option<&'static str>,
    pub caps: Option<Vec<&'static str>>,
    pub labels: Option<Vec<&'static str>>,
    pub remote: Option<&'static str>,
    pub remote_addr: Option<&'static str>,
    pub epoch: Option<u64>,
    pub path: Option<&'static str>,
    pub resource: Option<&'static str>,
    pub payload: Option<Value>,
    pub trust: TrustSnapshot,
}

pub fn context(chooser: &mut Chooser) -> Context {
    let there = 95;
    Context {
        intent: chooser.pick(&Intent::ALL),
        actor: chooser.percent(there).then(|| chooser.pick(&ACTORS)),
        caps: chooser.percent(there).then(|| chooser.some(&CAPS, 60)),
        labels: chooser.percent(there).then(|| chooser.some(&LABELS, 30)),
        remote: chooser.percent(there).then(|| chooser.pick(&REMOTES)),
        remote_addr: chooser.percent(there).then(|| chooser.pick(&ADDRESSES)),
        epoch: chooser.percent(there).then(|| chooser.below(4)),
        path: chooser.percent(there).then(|| chooser.pick(&PATHS)),
        resource: chooser
            .percent(there)
            .then_some("gatos://books/finance/journal"),
        payload: chooser.percent(there).then(|| {
            let text = chooser.pick(&PAYLOADS);
            json::decode_canonical(text.as_bytes(), usize::MAX).expect("canonical")
        }),
        trust: trust(chooser),
    }
}

fn trust(chooser: &mut Chooser) -> TrustSnapshot {
    let text = |text: &str| Text::new(text).expect("assigned");
    let entries = ACTORS[..3].iter().map(|actor| {
        let entry = TrustEntry {
            level: i64::try_from(chooser.below(4)).expect("small"),
            groups: chooser.some(&GROUPS, 50).into_iter().map(text).collect(),
        };
        (text(actor), entry)
    });
    let entries: Vec<_> = entries.collect();
    TrustSnapshot::from_entries(entries)
}
