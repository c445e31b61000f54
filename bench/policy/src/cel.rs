//! The rules as CEL expressions: one each, denials first; the host stops at the first that holds.
//!
//! CEL has no model of decisions and no addresses. The host here does what hosts do: an expression that fails does not
//! hold, and a function says whether an address lies in a network.

use std::net::IpAddr;

use ::cel::{Context, Program, Value};
use serde_json::json;

use crate::model::{Order, Request, Rule, Test, quoted};
use crate::{Engine, Peer};

pub struct Cel {
    denials: Vec<Program>,
    permits: Vec<Program>,
}

impl Engine for Cel {
    const NAME: &'static str = "cel 0.15.0";
    type Ready = Context<'static, 'static>;

    fn compile(source: &str) -> Cel {
        let programs = |effect: &str| {
            let lines = source.lines().filter_map(|line| line.strip_prefix(effect));
            let compiled = lines.map(|line| {
                Program::compile(line).unwrap_or_else(|error| panic!("{error}\n{line}"))
            });
            compiled.collect()
        };
        Cel {
            denials: programs("forbid "),
            permits: programs("permit "),
        }
    }

    fn source(rules: &[Rule]) -> String {
        rules.iter().map(write_rule).collect()
    }

    fn ready(&self, request: &Request) -> Context<'static, 'static> {
        let list = |names: &Vec<&'static str>| -> Value { names.clone().into() };
        let mut context = host();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                context.add_variable_from_value(name, value);
            }
        };
        put("intent", Some(request.intent.into()));
        put("actor", Some(request.actor.into()));
        put("level", Some(request.level.into()));
        put("groups", Some(list(&request.groups)));
        put("caps", request.caps.as_ref().map(list));
        put("labels", request.labels.as_ref().map(list));
        put("remote", request.remote.map(Value::from));
        put("address", request.address.map(Value::from));
        put("epoch", request.epoch.map(Value::from));
        put("path", request.path.map(Value::from));
        put("amount", request.amount.map(Value::from));
        context
    }

    fn allows(&mut self, ready: &Context<'static, 'static>) -> bool {
        let holds = |program: &Program| matches!(program.execute(ready), Ok(Value::Bool(true)));
        !self.denials.iter().any(holds) && self.permits.iter().any(holds)
    }
}

impl Peer for Cel {
    fn raw(&self, request: &Request) -> String {
        let mut input = json!({
            "intent": request.intent, "actor": request.actor, "level": request.level, "groups": request.groups,
        });
        let mut put = |name: &str, value: Option<serde_json::Value>| {
            if let Some(value) = value {
                input[name] = value;
            }
        };
        put("caps", request.caps.as_ref().map(|caps| json!(caps)));
        put(
            "labels",
            request.labels.as_ref().map(|labels| json!(labels)),
        );
        put("remote", request.remote.map(|remote| json!(remote)));
        put("address", request.address.map(|address| json!(address)));
        put("epoch", request.epoch.map(|epoch| json!(epoch)));
        put("path", request.path.map(|path| json!(path)));
        put("amount", request.amount.map(|amount| json!(amount)));
        input.to_string()
    }

    fn parse(&self, raw: &str) -> Context<'static, 'static> {
        let map: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(raw).expect("JSON");
        let mut context = host();
        for (name, value) in map {
            context.add_variable(name, value).expect("a value");
        }
        context
    }
}

fn host() -> Context<'static, 'static> {
    let mut context = Context::default();
    context
        .add_function("in_network", in_network)
        .expect("a free name");
    context
}

#[allow(clippy::needless_pass_by_value, reason = "CEL hands over shared texts")]
fn in_network(address: std::sync::Arc<String>, network: std::sync::Arc<String>) -> bool {
    let Some((base, bits)) = network.split_once('/') else {
        return false;
    };
    let (Ok(base), Ok(address), Ok(bits)) = (base.parse(), address.parse(), bits.parse::<u32>())
    else {
        return false;
    };
    match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            bits == 0 || (base.to_bits() ^ address.to_bits()) >> (32 - bits) == 0
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => {
            bits == 0 || (base.to_bits() ^ address.to_bits()) >> (128 - bits) == 0
        }
        _ => false,
    }
}

fn write_rule(rule: &Rule) -> String {
    let effect = if rule.is_allow { "permit" } else { "forbid" };
    let mut terms = Vec::new();
    match rule.intents.as_slice() {
        [] => {}
        [intent] => terms.push(format!("intent == '{intent}'")),
        intents => terms.push(format!("intent in [{}]", quoted(intents, '\''))),
    }
    terms.extend(
        rule.below
            .map(|folder| format!("({})", write(&Test::Below(folder)))),
    );
    let lines: Vec<String> = rule
        .lines
        .iter()
        .map(|line| format!("({})", write(line)))
        .collect();
    if rule.is_allow {
        terms.extend(lines);
    } else {
        terms.push(format!("({})", lines.join(" || ")));
    }
    format!("{effect} {}\n", terms.join(" && "))
}

fn write(test: &Test) -> String {
    let compare =
        |what: &str, order: &Order, bound: &i64| format!("{what} {} {bound}", order.sign());
    match test {
        Test::Cap(name) => format!("'{name}' in caps"),
        Test::AnyCap(names) => format!("[{}].exists(cap, cap in caps)", quoted(names, '\'')),
        Test::AllCaps(names) => format!("[{}].all(cap, cap in caps)", quoted(names, '\'')),
        Test::Label(name) => format!("'{name}' in labels"),
        Test::Group(name) => format!("'{name}' in groups"),
        Test::Actor(name) => format!("actor == '{name}'"),
        Test::Remote(name) => format!("remote == '{name}'"),
        Test::Level(order, bound) => compare("level", order, bound),
        Test::Epoch(order, bound) => compare("epoch", order, bound),
        Test::Amount(order, bound) => compare("amount", order, bound),
        Test::Network(network) => format!("in_network(address, '{network}')"),
        Test::Below(folder) => format!("path == '{folder}' || path.startsWith('{folder}/')"),
        Test::PathStarts(part) => format!("path.startsWith('{part}')"),
        Test::PathEnds(part) => format!("path.endsWith('{part}')"),
        Test::Not(inner) => format!("!({})", write(inner)),
        Test::And(tests) => joined(tests, " && "),
        Test::Or(tests) => joined(tests, " || "),
    }
}

fn joined(tests: &[Test], sign: &str) -> String {
    let tests: Vec<String> = tests
        .iter()
        .map(|test| format!("({})", write(test)))
        .collect();
    tests.join(sign)
}
