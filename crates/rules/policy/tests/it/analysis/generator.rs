//! Random policies over a small vocabulary, and the requests of a small world.

use gatos_policy::language::{Context, Intent, TrustEntry, TrustSnapshot};
use gatos_values::{Text, Value, json};

/// A generator of numbers whose whole state is its seed (xorshift64).
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    /// Seeds are spread, so that neighbours differ.
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % count
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// Lines about one part of a request.
pub const PLAIN: &[&str] = &[
    "actor == 'user:a'",
    "actor != 'user:b'",
    "actor in ['user:a', 'user:b']",
    "actor starts_with 'user:'",
    "actor ends_with 'b'",
    "actor contains 'se'",
    "lower(actor) == 'user:a'",
    "actor < 'user:b'",
    "len(actor) > 5",
    "'user:a,user:b' contains actor",
    "caps includes 'a'",
    "has_cap('b')",
    "any_of(caps, ['a', 'b'])",
    "all_of(caps, ['a', 'b'])",
    "len(caps) >= 2",
    "all_of(['a', 'b'], caps)",
    "labels contains 'private'",
    "any_of(labels, [])",
    "remote != 'internal'",
    "remote in ['none', 'internal']",
    "in_cidr(remote_addr, '10.0.0.0/8')",
    "in_cidr(remote_addr, '10.1.0.0/16')",
    "remote_addr == '10.0.0.1'",
    "remote_addr starts_with '10.'",
    "in_cidr(remote_addr, '::1/128')",
    "epoch < 5",
    "epoch + 2 >= 7",
    "epoch * 3 - 1 > 14",
    "10 - epoch <= epoch",
    "path == 'gatos/x'",
    "path matches_glob 'gatos/**'",
    "path matches_glob 'gatos/*/x'",
    "path starts_with 'gatos/'",
    "path contains 'x'",
    "trust[actor].level >= 2",
    "trust[actor].level * 2 < 5",
    "trust[actor].groups includes 'g'",
    "len(trust[actor].groups) > 0",
    "intent == 'read'",
    "payload.n > 3",
    "payload.n >= 3",
    "payload.n == 2.5",
    "payload.n in [1, 'x', null]",
    "payload.n == null",
    "payload.b",
    "payload.s == 'x'",
    "payload.s starts_with 'user:'",
    "payload.s contains 'x'",
    "len(payload.s) < 3",
    "payload.l includes 'a'",
    "payload.l contains 'b'",
    "payload.l includes 1",
    "all_of(payload.l, ['a', 'b'])",
    "len(payload.l) == 1",
    "payload.m.k == 1",
    "payload.m == null",
    "payload == null",
    "payload.l[0] == 'a'",
    "quorum(payload.l, 'g', 1)",
    "quorum(payload.l, 'g', 2)",
];

/// Lines that compare parts with each other.
pub const RELATED: &[&str] = &[
    "actor == payload.s",
    "payload.s != actor",
    "payload.l includes actor",
    "payload.n < payload.k",
    "payload.k <= payload.n",
    "payload.n - payload.k > 2",
    "payload[actor] == 1",
    "trust[payload.s].level > 1",
    "trust['user:a'].level > 0",
    "path ends_with actor",
    "caps includes payload.s",
    "epoch == payload.n",
    "payload.l == ['a']",
    "lower(actor) == lower(payload.s)",
];

fn line(random: &mut Random, related: bool, depth: usize) -> String {
    let shape = random.below(if depth == 0 { 12 } else { 20 });
    let mut part = || line(random, related, depth + 1);
    match shape {
        6 => format!("not ({})", part()),
        7 => format!("({}) and ({})", part(), part()),
        8 | 9 => format!("({}) or ({})", part(), part()),
        10 => format!("({}) == true", part()),
        11 => format!("({}) != ({})", part(), part()),
        _ if related && random.below(4) == 0 => (*random.pick(RELATED)).to_string(),
        _ => (*random.pick(PLAIN)).to_string(),
    }
}

/// Lines of a rule.
fn lines(random: &mut Random, related: bool) -> Vec<String> {
    (0..1 + random.below(2))
        .map(|_| line(random, related, 0))
        .collect()
}

/// A rule that can be written down.
#[derive(Clone, Debug)]
pub struct RuleText {
    when: String,
    allow_if: Vec<String>,
    deny_if: Vec<String>,
}

/// Some rules.
pub fn rules(random: &mut Random, related: bool) -> Vec<RuleText> {
    let whens = [
        "{}",
        "{}",
        "{intent: [read, write]}",
        "{path: 'gatos/**'}",
        "{intent: write, path: ['gatos/x', 'gatos/*/x']}",
    ];
    let count = 1 + random.below(3);
    (0..count)
        .map(|index| RuleText {
            when: (*random.pick(&whens)).to_string(),
            allow_if: if index == 0 || random.below(2) == 0 {
                lines(random, related)
            } else {
                Vec::new()
            },
            deny_if: if random.below(3) == 0 {
                lines(random, related)
            } else {
                Vec::new()
            },
        })
        .filter(|rule| !(rule.allow_if.is_empty() && rule.deny_if.is_empty()))
        .collect()
}

/// The same rules with one thing changed.
pub fn mutated(random: &mut Random, rules: &[RuleText], related: bool) -> Vec<RuleText> {
    let mut rules = rules.to_vec();
    let index = random.below(rules.len());
    let rule = &mut rules[index];
    let lines = if rule.allow_if.is_empty() || (random.below(2) == 0 && !rule.deny_if.is_empty()) {
        &mut rule.deny_if
    } else {
        &mut rule.allow_if
    };
    let at = random.below(lines.len());
    lines[at] = match random.below(4) {
        0 => format!("not ({})", lines[at]),
        1 => line(random, related, 0),
        2 => format!("({}) or ({})", lines[at], line(random, related, 1)),
        _ => format!("({}) and ({})", lines[at], line(random, related, 1)),
    };
    rules
}

/// The same meaning in other words: lines joined, negated twice, rules split and turned round.
pub fn rewritten(random: &mut Random, rules: &[RuleText]) -> Vec<RuleText> {
    let mut out = Vec::new();
    for rule in rules {
        let mut rule = rule.clone();
        if random.below(2) == 0 && rule.allow_if.len() > 1 {
            let joined = rule.allow_if.iter().map(|line| format!("({line})"));
            rule.allow_if = vec![joined.collect::<Vec<_>>().join(" and ")];
        }
        for line in rule.allow_if.iter_mut().chain(&mut rule.deny_if) {
            if random.below(2) == 0 {
                *line = format!("not (not ({line}))");
            }
        }
        if random.below(2) == 0 && !rule.deny_if.is_empty() && !rule.allow_if.is_empty() {
            let mut denying = rule.clone();
            denying.allow_if.clear();
            rule.deny_if.clear();
            out.push(denying);
        }
        out.push(rule);
    }
    out.reverse();
    out
}

/// The source of some rules.
pub fn source(rules: &[RuleText]) -> String {
    let quoted = |lines: &[String]| {
        let lines = lines.iter().map(|line| format!("\"{line}\""));
        lines.collect::<Vec<_>>().join(", ")
    };
    let mut source = String::from("rules:\n");
    for (index, rule) in rules.iter().enumerate() {
        source.push_str(&format!("- id: r{index}\n  when: {}\n", rule.when));
        for (key, lines) in [("allow_if", &rule.allow_if), ("deny_if", &rule.deny_if)] {
            if !lines.is_empty() {
                source.push_str(&format!("  {key}: [{}]\n", quoted(lines)));
            }
        }
    }
    source
}

fn text(text: &str) -> Text {
    Text::new(text).expect("assigned")
}

fn texts(items: &[&str]) -> Vec<Text> {
    items.iter().map(|item| text(item)).collect()
}

/// The small world: every value that a part may have there.
pub struct World {
    parts: Vec<(&'static str, usize)>,
}

const ACTORS: [Option<&str>; 5] = [
    Some("user:a"),
    Some("user:b"),
    Some("USER:A"),
    Some(""),
    None,
];
const CAPS: [Option<&[&str]>; 6] = [
    Some(&[]),
    Some(&["a"]),
    Some(&["b"]),
    Some(&["a", "b"]),
    Some(&["c"]),
    None,
];
const LABELS: [Option<&[&str]>; 3] = [Some(&[]), Some(&["private"]), None];
const REMOTES: [Option<&str>; 4] = [Some("none"), Some("internal"), Some("x"), None];
const ADDRESSES: [Option<&str>; 7] = [
    Some("10.0.0.1"),
    Some("10.0.0.2"),
    Some("10.1.0.1"),
    Some("11.0.0.1"),
    Some("::1"),
    Some("10."),
    None,
];
const EPOCHS: [Option<u64>; 5] = [Some(0), Some(4), Some(5), Some(u64::MAX), None];
const PATHS: [Option<&str>; 6] = [
    Some("gatos/x"),
    Some("gatos/y/x"),
    Some("gatos"),
    Some("gatos/y/user:a"),
    Some("x"),
    None,
];
const PAYLOADS: [&str; 24] = [
    "",
    "null",
    "5",
    "{}",
    r#"{"n":1}"#,
    r#"{"n":2.5}"#,
    r#"{"n":3,"k":3}"#,
    r#"{"n":6,"k":1}"#,
    r#"{"n":null}"#,
    r#"{"n":"x"}"#,
    r#"{"b":true}"#,
    r#"{"b":false,"m":null}"#,
    r#"{"b":1}"#,
    r#"{"s":"x"}"#,
    r#"{"s":"user:a"}"#,
    r#"{"s":"User:A","n":5}"#,
    r#"{"s":["x"]}"#,
    r#"{"l":[]}"#,
    r#"{"l":["a"]}"#,
    r#"{"l":["a","b"]}"#,
    r#"{"l":["user:a","user:b"],"s":"a"}"#,
    r#"{"l":["a",{}]}"#,
    r#"{"l":[1],"m":{}}"#,
    r#"{"m":{"k":1},"user:a":1}"#,
];
const TRUSTS: [&[(&str, i64, &[&str])]; 4] = [
    &[],
    &[("user:a", 2, &["g"])],
    &[("user:a", 3, &[]), ("user:b", 1, &["g"])],
    &[("user:a", 0, &["g"]), ("user:b", 2, &["g", "h"])],
];

impl World {
    /// The world as far as these sources mention it: other parts are missing.
    pub fn of(sources: &[&str]) -> World {
        let mentioned = |words: &[&str]| {
            words
                .iter()
                .any(|word| sources.iter().any(|source| source.contains(word)))
        };
        let size = |words: &[&str], size| if mentioned(words) { size } else { 1 };
        let parts = vec![
            ("intent", size(&["intent"], 3)),
            ("actor", size(&["actor"], ACTORS.len())),
            ("caps", size(&["caps", "has_cap"], CAPS.len())),
            ("labels", size(&["labels"], LABELS.len())),
            ("remote", size(&["remote "], REMOTES.len())),
            ("remote_addr", size(&["remote_addr"], ADDRESSES.len())),
            ("epoch", size(&["epoch"], EPOCHS.len())),
            ("path", size(&["path"], PATHS.len())),
            ("payload", size(&["payload"], PAYLOADS.len())),
            ("trust", size(&["trust", "quorum"], TRUSTS.len())),
        ];
        World { parts }
    }

    /// How many requests it has.
    pub fn size(&self) -> usize {
        self.parts.iter().map(|(_, size)| size).product()
    }

    /// One of its requests.
    pub fn request(&self, mut number: usize) -> Context {
        let mut digit = |name: &str| {
            let (_, size) = self
                .parts
                .iter()
                .find(|(part, _)| *part == name)
                .expect("named");
            let digit = number % size;
            number /= size;
            // A part that is not mentioned is missing.
            (digit, *size == 1)
        };
        fn chosen<T: Copy>((index, missing): (usize, bool), values: &[Option<T>]) -> Option<T> {
            if missing { None } else { values[index] }
        }
        let intent = [Intent::Read, Intent::Write, Intent::Govern][digit("intent").0];
        let actor = chosen(digit("actor"), &ACTORS).map(text);
        let caps = chosen(digit("caps"), &CAPS).map(texts);
        let labels = chosen(digit("labels"), &LABELS).map(texts);
        let remote = chosen(digit("remote"), &REMOTES).map(text);
        let remote_addr = chosen(digit("remote_addr"), &ADDRESSES).map(text);
        let epoch = chosen(digit("epoch"), &EPOCHS);
        let path = chosen(digit("path"), &PATHS).map(text);
        let payload = PAYLOADS[digit("payload").0];
        let entries = TRUSTS[digit("trust").0]
            .iter()
            .map(|(actor, level, groups)| {
                let groups = texts(groups);
                (
                    text(actor),
                    TrustEntry {
                        level: *level,
                        groups,
                    },
                )
            });
        Context {
            intent,
            actor,
            caps,
            labels,
            remote,
            remote_addr,
            epoch,
            path,
            resource: None,
            payload: (!payload.is_empty()).then(|| value(payload)),
            trust: TrustSnapshot::from_entries(entries),
        }
    }
}

/// A value from JSON.
pub fn value(source: &str) -> Value {
    json::decode_strict(source.as_bytes(), usize::MAX).expect("JSON")
}
