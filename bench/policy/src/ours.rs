//! The rules as a `.rgs`, and the requests as contexts.

use gatos_policy::language::{
    Compiled, Context, Decision, Facts, Intent, Policy, Request as Asked, TrustEntry,
    TrustSnapshot, compile,
};
use gatos_values::{Map, Text, Value};

use crate::Engine;
use crate::model::{Order, Request, Rule, Test, quoted};

pub struct Ours {
    pub policy: Policy,
}

/// Facts that own what they are about: deciding borrows them, as the node does.
pub struct Ready {
    pub facts: Facts<'static>,
}

impl Engine for Ours {
    const NAME: &'static str = "gatos";
    type Ready = Ready;

    fn compile(source: &str) -> Ours {
        Ours {
            policy: compiled(source).policy,
        }
    }

    fn source(rules: &[Rule]) -> String {
        let mut source = String::from("rules:\n");
        for rule in rules {
            source += &write_rule(rule);
        }
        source
    }

    fn ready(&self, request: &Request) -> Ready {
        // A bench keeps its requests for ever.
        let asked: &'static Asked<'static> = Box::leak(Box::new(asked(request)));
        Ready {
            facts: self.policy.facts(asked),
        }
    }

    fn allows(&mut self, ready: &Ready) -> bool {
        self.policy.decide(&ready.facts).is_allow()
    }
}

impl Ours {
    #[must_use]
    pub fn decide(&self, ready: &Ready) -> Decision {
        self.policy.decide(&ready.facts)
    }
}

/// # Panics
/// If the source does not compile.
#[must_use]
pub fn compiled(source: &str) -> Compiled {
    compile(source).unwrap_or_else(|findings| panic!("{findings:#?}\n{source}"))
}

/// The request with parts that live for ever.
#[must_use]
pub fn asked(request: &Request) -> Asked<'static> {
    *leaked(Box::leak(Box::new(context(request))))
}

fn leaked(context: &'static Context) -> &'static Asked<'static> {
    let names = |texts: &'static Option<Vec<Text>>| -> Option<&'static [&'static str]> {
        let names: Vec<&'static str> = texts.as_ref()?.iter().map(|text| text.as_str()).collect();
        Some(names.leak())
    };
    Box::leak(Box::new(Asked {
        intent: context.intent,
        actor: context.actor.as_deref(),
        caps: names(&context.caps),
        labels: names(&context.labels),
        remote: context.remote.as_deref(),
        remote_addr: context.remote_addr.as_deref(),
        epoch: context.epoch,
        path: context.path.as_deref(),
        resource: context.resource.as_deref(),
        payload: context.payload.as_ref(),
        trust: &context.trust,
    }))
}

#[must_use]
pub fn context(request: &Request) -> Context {
    let texts = |names: &[&str]| names.iter().map(|name| text(name)).collect::<Vec<Text>>();
    let payload =
        |amount: i64| Value::Map(Map::new().with("amount", Value::Integer(i128::from(amount))));
    let entry = TrustEntry {
        level: request.level,
        groups: texts(&request.groups),
    };
    Context {
        intent: Intent::parse(request.intent).expect("an intent"),
        actor: Some(text(request.actor)),
        caps: request.caps.as_deref().map(texts),
        labels: request.labels.as_deref().map(texts),
        remote: request.remote.map(text),
        remote_addr: request.address.map(text),
        epoch: request
            .epoch
            .map(|epoch| u64::try_from(epoch).expect("positive")),
        path: request.path.map(text),
        resource: None,
        payload: request.amount.map(payload),
        trust: TrustSnapshot::from_entries([(text(request.actor), entry)]),
    }
}

fn text(text: &str) -> Text {
    Text::new(text).expect("a text")
}

fn write_rule(rule: &Rule) -> String {
    let mut when = Vec::new();
    if !rule.intents.is_empty() {
        when.push(format!("intent: [{}]", rule.intents.join(", ")));
    }
    if let Some(folder) = rule.below {
        when.push(format!("path: \"{folder}/**\""));
    }
    let key = if rule.is_allow { "allow_if" } else { "deny_if" };
    let mut source = format!(
        "- id: {}\n  when: {{{}}}\n  {key}:\n",
        rule.id,
        when.join(", ")
    );
    for line in &rule.lines {
        source += &format!("  - \"{}\"\n", write(line));
    }
    source
}

fn write(test: &Test) -> String {
    let compare =
        |what: &str, order: &Order, bound: &i64| format!("{what} {} {bound}", order.sign());
    match test {
        Test::Cap(name) => format!("caps includes '{name}'"),
        Test::AnyCap(names) => format!("caps any_of [{}]", quoted(names, '\'')),
        Test::AllCaps(names) => format!("caps all_of [{}]", quoted(names, '\'')),
        Test::Label(name) => format!("labels includes '{name}'"),
        Test::Group(name) => format!("trust[actor].groups includes '{name}'"),
        Test::Actor(name) => format!("actor == '{name}'"),
        Test::Remote(name) => format!("remote == '{name}'"),
        Test::Level(order, bound) => compare("trust[actor].level", order, bound),
        Test::Epoch(order, bound) => compare("epoch", order, bound),
        Test::Amount(order, bound) => compare("payload.amount", order, bound),
        Test::Network(network) => format!("in_cidr(remote_addr, '{network}')"),
        Test::Below(folder) => format!("matches_glob(path, '{folder}/**')"),
        Test::PathStarts(part) => format!("starts_with(path, '{part}')"),
        Test::PathEnds(part) => format!("ends_with(path, '{part}')"),
        Test::Not(inner) => format!("not ({})", write(inner)),
        Test::And(tests) => joined(tests, " and "),
        Test::Or(tests) => joined(tests, " or "),
    }
}

fn joined(tests: &[Test], sign: &str) -> String {
    let tests: Vec<String> = tests
        .iter()
        .map(|test| format!("({})", write(test)))
        .collect();
    tests.join(sign)
}
