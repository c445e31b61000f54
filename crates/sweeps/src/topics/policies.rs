//! Policies: generated sources compiled, generated requests decided, explained, formatted.
//!
//! Lines are drawn from one list of questions, joined and negated; names in questions and requests come from the same
//! few, so that every answer occurs.

use crate::dice::Dice;
use crate::record::Record;
use gatos_policy::language::{
    Context, Finding, Intent, Policy, TrustEntry, TrustSnapshot, compile, explain, format_source,
};
use gatos_values::{Text, Value, json};

const ACTORS: [&str; 3] = ["user:alice", "agent:ci", "user:eve"];
const CAPS: [&str; 3] = ["journal:append", "read", "export"];
const LABELS: [&str; 3] = ["private", "pii", "public"];
const GROUPS: [&str; 3] = ["finance", "ops", "legal"];
const REMOTES: [&str; 3] = ["none", "internal", "partner"];
const ADDRESSES: [&str; 4] = ["10.1.2.3", "2001:db8::7", "::ffff:10.0.0.1", "nowhere"];
const PATHS: [&str; 3] = [
    "gatos/journal/finance/user:alice/00",
    "gatos/state/finance",
    "gatos/journal/ops/deploy/agent:ci/01",
];
const GLOBS: [&str; 5] = [
    "gatos/**",
    "gatos/journal/finance/**",
    "gatos/*/*",
    "**/user:*/*",
    "gatos/journal/**/01",
];
const PAYLOADS: [&str; 5] = [
    r#"{"amount":250,"approvals":["user:alice","agent:ci"],"name":"Bob","ok":true,"tags":["a",1,null]}"#,
    r#"{"amount":0.5,"approvals":[7,"user:alice"],"name":"ÄRGER","ok":null,"tags":"abc","user:alice":3}"#,
    r#"{"amount":170141183460469231731687303715884105727,"name":[],"tags":[["a"],{}]}"#,
    "[1,2]",
    "null",
];
const QUESTIONS: [&str; 36] = [
    "caps includes 'read'",
    "has_cap('journal:append')",
    "caps any_of ['read', 'export']",
    "caps all_of ['read', 'journal:append']",
    "labels contains 'private'",
    "len(labels) < 2",
    "labels == ['private']",
    "trust[actor].level >= 2",
    "trust['user:alice'].level != trust[actor].level",
    "trust[actor].groups any_of ['finance', 'ops']",
    "trust[actor].groups == []",
    "remote in ['none', 'internal']",
    "remote != 'partner'",
    "remote_addr in_cidr '10.0.0.0/8'",
    "remote_addr in_cidr '2001:db8::/33'",
    "before_epoch(3)",
    "epoch * 2 - 1 <= 3",
    "path matches_glob 'gatos/*/finance/**'",
    "path ends_with '/00'",
    "resource == 'gatos://books/finance/journal'",
    "upper(actor) starts_with 'USER:'",
    "lower(payload.name) contains 'ob'",
    "payload.amount > 100",
    "payload.amount + 1 > payload.amount",
    "payload.amount * -3 < 0.25",
    "payload.tags contains 'a'",
    "payload.tags includes null",
    "payload.tags[0] == 'a'",
    "payload[actor] == 3",
    "payload.ok",
    "payload.ok == null",
    "quorum(payload.approvals, 'finance', 2)",
    "payload.approvals includes actor",
    "intent in ['read', 'write']",
    "1 + 1 == 2",
    "payload.missing == payload",
];

/// A source, sometimes with one thing changed: its compiled bytes, layout and costs, or what the compiler has to say.
pub fn compiled(dice: &mut Dice, record: &mut Record) {
    let mut source = source(dice);
    if dice.one_in(2) {
        let changed = super::generated::changed(dice, source.as_bytes());
        source = String::from_utf8_lossy(&changed).into_owned();
    }
    record.text("source", &source);
    match compile(&source) {
        Ok(compiled) => {
            record.bytes("rgc", &compiled.rgc);
            record.text("policy_root", compiled.root);
            for rule in compiled.policy.rules() {
                record.text("cost", format_args!("{} {}", rule.id, rule.cost()));
            }
            record_findings(&compiled.warnings, record);
            match format_source(&source) {
                Ok(formatted) => record.text("formatted", formatted),
                Err(findings) => record_findings(&findings, record),
            }
        }
        Err(findings) => record_findings(&findings, record),
    }
}

/// A policy and eight requests: each decision and explanation.
pub fn decisions(dice: &mut Dice, record: &mut Record) {
    let source = source(dice);
    record.text("source", &source);
    let compiled = match compile(&source) {
        Ok(compiled) => compiled,
        Err(findings) => return record_findings(&findings, record),
    };
    let policy = Policy::decode(&compiled.rgc).expect("what compiles decodes");
    for _ in 0..8 {
        let context = context(dice);
        record_value("request", &context.to_value(), record);
        context.ask(|request| {
            record.bytes("decision", &policy.evaluate(request).to_bytes());
            let explanation = explain(&policy, request, &compiled.source_map);
            record_value("explanation", &explanation.to_value(), record);
        });
    }
}

fn record_value(label: &str, value: &Value, record: &mut Record) {
    let bytes = json::encode_canonical(value).expect("what policies make is shallow and assigned");
    record.bytes(label, &bytes);
}

fn record_findings(findings: &[Finding], record: &mut Record) {
    for finding in findings {
        record.text("finding", finding);
    }
}

fn source(dice: &mut Dice) -> String {
    let mut text = String::from("rules:\n");
    for number in 0..dice.between(1, 5) {
        text += &format!("- audit: {}\n", dice.one_in(3));
        if dice.one_in(2) {
            text += &format!("  id: rule-{}\n", 9 - number);
        }
        text += &format!("  when: {}\n", when(dice));
        let allows = !dice.one_in(4);
        if allows {
            text += &lines(dice, "allow_if");
        }
        if !allows || dice.one_in(4) {
            text += &lines(dice, "deny_if");
        }
    }
    text
}

fn when(dice: &mut Dice) -> String {
    match dice.below(4) {
        0 => format!("{{ intent: [{}, write] }}", dice.pick(&Intent::ALL)),
        1 => format!("{{ path: \"{}\" }}", dice.pick(&GLOBS)),
        2 => format!(
            "{{ intent: {}, path: [\"{}\", \"{}\"] }}",
            dice.pick(&Intent::ALL),
            dice.pick(&GLOBS),
            dice.pick(&GLOBS)
        ),
        _ => "{}".to_owned(),
    }
}

fn lines(dice: &mut Dice, key: &str) -> String {
    let mut text = format!("  {key}:\n");
    for _ in 0..dice.between(1, 2) {
        text += &format!("  - \"{}\"\n", line(dice, 2));
    }
    text
}

fn line(dice: &mut Dice, levels: u64) -> String {
    match (levels, dice.below(6)) {
        (1.., 0) => format!(
            "({} and {})",
            line(dice, levels - 1),
            line(dice, levels - 1)
        ),
        (1.., 1) => format!("({} or {})", line(dice, levels - 1), line(dice, levels - 1)),
        (1.., 2) => format!("not ({})", line(dice, levels - 1)),
        _ => dice.pick(&QUESTIONS).to_owned(),
    }
}

fn context(dice: &mut Dice) -> Context {
    let text = |text: &str| Text::new(text).expect("assigned");
    let mut trust = TrustSnapshot::EMPTY;
    for actor in &ACTORS[..2] {
        let level = i64::try_from(dice.below(4)).expect("small");
        let groups = some(dice, &GROUPS);
        trust.insert(text(actor), TrustEntry { level, groups });
    }
    let payload = dice.pick(&PAYLOADS);
    Context {
        intent: dice.pick(&Intent::ALL),
        actor: (!dice.one_in(12)).then(|| text(dice.pick(&ACTORS))),
        caps: (!dice.one_in(12)).then(|| some(dice, &CAPS)),
        labels: (!dice.one_in(12)).then(|| some(dice, &LABELS)),
        remote: (!dice.one_in(12)).then(|| text(dice.pick(&REMOTES))),
        remote_addr: (!dice.one_in(12)).then(|| text(dice.pick(&ADDRESSES))),
        epoch: (!dice.one_in(12)).then(|| dice.below(4)),
        path: (!dice.one_in(12)).then(|| text(dice.pick(&PATHS))),
        resource: dice
            .one_in(2)
            .then(|| text("gatos://books/finance/journal")),
        payload: (!dice.one_in(12))
            .then(|| json::decode_canonical(payload.as_bytes(), payload.len()).expect("canonical")),
        trust,
    }
}

fn some(dice: &mut Dice, names: &[&str]) -> Vec<Text> {
    let chosen = names.iter().filter(|_| dice.one_in(2));
    chosen
        .map(|name| Text::new(name).expect("assigned"))
        .collect()
}
