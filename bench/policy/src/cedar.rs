//! The rules as Cedar policies: `permit` where all lines hold, `forbid` where one does.
//!
//! Levels are an attribute of the principal and groups its parents; the address is an `ip` made beforehand.

use std::collections::HashSet;
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request as Asked,
    RestrictedExpression,
};
use serde_json::{Value, json};

use crate::model::{Order, Request, Rule, Test, quoted};
use crate::{Engine, Peer};

pub struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
}

pub struct Ready {
    request: Asked,
    entities: Entities,
}

impl Engine for Cedar {
    const NAME: &'static str = "cedar 4.14.1";
    type Ready = Ready;

    fn compile(source: &str) -> Cedar {
        Cedar {
            authorizer: Authorizer::new(),
            policies: PolicySet::from_str(source)
                .unwrap_or_else(|error| panic!("{error}\n{source}")),
        }
    }

    fn source(rules: &[Rule]) -> String {
        rules.iter().map(write_rule).collect()
    }

    fn ready(&self, request: &Request) -> Ready {
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let set =
            |names: &Vec<&str>| RestrictedExpression::new_set(names.iter().map(|name| text(name)));
        let mut pairs = Vec::new();
        let mut put = |name: &str, value: Option<RestrictedExpression>| {
            pairs.extend(value.map(|value| (name.to_owned(), value)));
        };
        put("caps", request.caps.as_ref().map(set));
        put("labels", request.labels.as_ref().map(set));
        put("remote", request.remote.map(text));
        put("address", request.address.map(RestrictedExpression::new_ip));
        put("epoch", request.epoch.map(RestrictedExpression::new_long));
        put("path", request.path.map(text));
        put("amount", request.amount.map(RestrictedExpression::new_long));
        let context = Context::from_pairs(pairs).expect("a context");
        let level = RestrictedExpression::new_long(request.level);
        let groups = request.groups.iter().map(|group| uid("Group", group));
        let principal = Entity::new(
            uid("User", request.actor),
            [("level".to_owned(), level)].into(),
            groups.clone().collect(),
        );
        let others = groups.map(|group| Entity::new_no_attrs(group, HashSet::new()));
        let entities = [principal.expect("an entity")].into_iter().chain(others);
        ready(
            request.actor,
            request.intent,
            context,
            Entities::from_entities(entities, None).expect("entities"),
        )
    }

    fn allows(&mut self, ready: &Ready) -> bool {
        let answer = self
            .authorizer
            .is_authorized(&ready.request, &self.policies, &ready.entities);
        answer.decision() == Decision::Allow
    }
}

impl Peer for Cedar {
    fn raw(&self, request: &Request) -> String {
        let entity = |kind: &str, name: &str| json!({"type": kind, "id": name});
        let mut context = serde_json::Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            context.extend(value.map(|value| (name.to_owned(), value)));
        };
        put("caps", request.caps.as_ref().map(|caps| json!(caps)));
        put(
            "labels",
            request.labels.as_ref().map(|labels| json!(labels)),
        );
        put("remote", request.remote.map(|remote| json!(remote)));
        put(
            "address",
            request
                .address
                .map(|address| json!({"__extn": {"fn": "ip", "arg": address}})),
        );
        put("epoch", request.epoch.map(|epoch| json!(epoch)));
        put("path", request.path.map(|path| json!(path)));
        put("amount", request.amount.map(|amount| json!(amount)));
        let groups: Vec<Value> = request
            .groups
            .iter()
            .map(|group| entity("Group", group))
            .collect();
        let mut entities = vec![json!({
            "uid": entity("User", request.actor), "attrs": {"level": request.level}, "parents": groups,
        })];
        entities.extend(
            groups
                .iter()
                .map(|group| json!({"uid": group, "attrs": {}, "parents": []})),
        );
        json!({
            "principal": request.actor, "action": request.intent, "context": context, "entities": entities,
        })
        .to_string()
    }

    fn parse(&self, raw: &str) -> Ready {
        let mut value: Value = serde_json::from_str(raw).expect("JSON");
        let context = Context::from_json_value(value["context"].take(), None).expect("a context");
        let entities = Entities::from_json_value(value["entities"].take(), None).expect("entities");
        let name = |key: &str| value[key].as_str().expect("a name");
        ready(name("principal"), name("action"), context, entities)
    }
}

fn ready(actor: &str, intent: &str, context: Context, entities: Entities) -> Ready {
    let target = uid("Target", "journal");
    let (principal, action) = (uid("User", actor), uid("Action", intent));
    Ready {
        request: Asked::new(principal, action, target, context, None).expect("a request"),
        entities,
    }
}

fn uid(kind: &str, name: &str) -> EntityUid {
    let (kind, name) = (kind.parse().expect("a type"), name.parse().expect("an id"));
    EntityUid::from_type_name_and_id(kind, name)
}

fn write_rule(rule: &Rule) -> String {
    let effect = if rule.is_allow { "permit" } else { "forbid" };
    let actions: Vec<String> = rule
        .intents
        .iter()
        .map(|intent| format!("Action::\"{intent}\""))
        .collect();
    let action = match actions.as_slice() {
        [] => "action".to_owned(),
        [action] => format!("action == {action}"),
        actions => format!("action in [{}]", actions.join(", ")),
    };
    let below = rule.below.map_or_else(String::new, |folder| {
        format!(" when {{ {} }}", write(&Test::Below(folder)))
    });
    let lines: Vec<String> = rule
        .lines
        .iter()
        .map(|line| format!("({})", write(line)))
        .collect();
    let lines = lines.join(if rule.is_allow { " && " } else { " || " });
    format!(
        "@id(\"{}\") {effect}(principal, {action}, resource){below} when {{ {lines} }};\n",
        rule.id
    )
}

fn write(test: &Test) -> String {
    let compare =
        |what: &str, order: &Order, bound: &i64| format!("{what} {} {bound}", order.sign());
    match test {
        Test::Cap(name) => format!("context.caps.contains(\"{name}\")"),
        Test::AnyCap(names) => format!("context.caps.containsAny([{}])", quoted(names, '"')),
        Test::AllCaps(names) => format!("context.caps.containsAll([{}])", quoted(names, '"')),
        Test::Label(name) => format!("context.labels.contains(\"{name}\")"),
        Test::Group(name) => format!("principal in Group::\"{name}\""),
        Test::Actor(name) => format!("principal == User::\"{name}\""),
        Test::Remote(name) => format!("context.remote == \"{name}\""),
        Test::Level(order, bound) => compare("principal.level", order, bound),
        Test::Epoch(order, bound) => compare("context.epoch", order, bound),
        Test::Amount(order, bound) => compare("context.amount", order, bound),
        Test::Network(network) => format!("context.address.isInRange(ip(\"{network}\"))"),
        Test::Below(folder) => {
            format!("(context.path == \"{folder}\" || context.path like \"{folder}/*\")")
        }
        Test::PathStarts(part) => format!("context.path like \"{part}*\""),
        Test::PathEnds(part) => format!("context.path like \"*{part}\""),
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
