//! The rules as a Rego module on the register machine of regorus: `permit` and `forbid` are rules with many bodies.
//!
//! Rego has no expression for "or" and for "not" of a conjunction: those become rules of their own.

use std::collections::BTreeSet;
use std::sync::Arc;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::program::Program;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine as Interpreter, Rc, Value};
use serde_json::json;

use crate::model::{Order, Request, Rule, Test, quoted};
use crate::{Engine, Peer};

const ENTRY: &str = "data.gatos.allow";

pub struct Rego {
    machine: RegoVM,
    pub program: Arc<Program>,
}

impl Engine for Rego {
    const NAME: &'static str = "regorus 0.14.1";
    type Ready = Value;

    fn compile(source: &str) -> Rego {
        let mut interpreter = Interpreter::new();
        interpreter
            .add_policy("gatos.rego".to_owned(), source.to_owned())
            .unwrap_or_else(|error| panic!("{error}\n{source}"));
        let entry: Rc<str> = ENTRY.into();
        let policy = interpreter
            .compile_with_entrypoint(&entry)
            .unwrap_or_else(|error| panic!("{error}\n{source}"));
        let program = Compiler::compile_from_policy(&policy, &[ENTRY])
            .unwrap_or_else(|error| panic!("{error}\n{source}"));
        let mut machine = RegoVM::new();
        machine.load_program(program.clone());
        Rego { machine, program }
    }

    fn source(rules: &[Rule]) -> String {
        let mut writer = Writer::default();
        let rules: String = rules.iter().map(|rule| writer.rule(rule)).collect();
        let head = "package gatos\nimport rego.v1\ndefault allow := false\n";
        format!(
            "{head}allow if {{ permit; not forbid }}\ndefault permit := false\ndefault forbid := false\n{rules}{}",
            writer.helpers
        )
    }

    fn ready(&self, request: &Request) -> Value {
        let mut value = self.parse(&self.raw(request));
        // Sets find their items faster than lists.
        let map = value.as_object_mut().expect("a map");
        for key in ["caps", "labels", "groups"] {
            let key = Value::from(key);
            if let Some(list) = map.get(&key) {
                let items: BTreeSet<Value> =
                    list.as_array().expect("a list").iter().cloned().collect();
                map.insert(key, Value::from(items));
            }
        }
        value
    }

    fn allows(&mut self, ready: &Value) -> bool {
        self.machine.set_input(ready.clone());
        let answer = self.machine.execute().expect("an answer");
        answer == Value::from(true)
    }
}

impl Peer for Rego {
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

    fn parse(&self, raw: &str) -> Value {
        Value::from_json_str(raw).expect("JSON")
    }
}

#[derive(Default)]
struct Writer {
    helpers: String,
    helper_count: usize,
}

impl Writer {
    fn rule(&mut self, rule: &Rule) -> String {
        let mut head = Vec::new();
        match rule.intents.as_slice() {
            [] => {}
            [intent] => head.push(format!("input.intent == \"{intent}\"")),
            intents => head.push(format!("input.intent in {{{}}}", quoted(intents, '"'))),
        }
        if let Some(folder) = rule.below {
            head.push(self.test(&Test::Below(folder)));
        }
        let lines: Vec<String> = rule.lines.iter().map(|line| self.test(line)).collect();
        if rule.is_allow {
            head.extend(lines);
            return format!("permit if {{ {} }}\n", head.join("; "));
        }
        let bodies = lines.into_iter().map(|line| {
            let body: Vec<String> = head.iter().cloned().chain([line]).collect();
            format!("forbid if {{ {} }}\n", body.join("; "))
        });
        bodies.collect()
    }

    fn test(&mut self, test: &Test) -> String {
        let compare =
            |what: &str, order: &Order, bound: &i64| format!("{what} {} {bound}", order.sign());
        match test {
            Test::Cap(name) => format!("\"{name}\" in input.caps"),
            Test::AnyCap(names) => {
                let body = format!("some cap in [{}]; cap in input.caps", quoted(names, '"'));
                self.helper(&[body])
            }
            Test::AllCaps(names) => {
                let body: Vec<String> = names
                    .iter()
                    .map(|name| self.test(&Test::Cap(name)))
                    .collect();
                self.helper(&[body.join("; ")])
            }
            Test::Label(name) => format!("\"{name}\" in input.labels"),
            Test::Group(name) => format!("\"{name}\" in input.groups"),
            Test::Actor(name) => format!("input.actor == \"{name}\""),
            Test::Remote(name) => format!("input.remote == \"{name}\""),
            Test::Level(order, bound) => compare("input.level", order, bound),
            Test::Epoch(order, bound) => compare("input.epoch", order, bound),
            Test::Amount(order, bound) => compare("input.amount", order, bound),
            Test::Network(network) => format!("net.cidr_contains(\"{network}\", input.address)"),
            Test::Below(folder) => self.helper(&[
                format!("startswith(input.path, \"{folder}/\")"),
                format!("input.path == \"{folder}\""),
            ]),
            Test::PathStarts(part) => format!("startswith(input.path, \"{part}\")"),
            Test::PathEnds(part) => format!("endswith(input.path, \"{part}\")"),
            Test::Not(inner) => {
                // `not` takes one expression that is undefined or false.
                let body = self.test(inner);
                format!("not {}", self.helper(&[body]))
            }
            Test::And(tests) => {
                let body: Vec<String> = tests.iter().map(|test| self.test(test)).collect();
                body.join("; ")
            }
            Test::Or(tests) => {
                let bodies: Vec<String> = tests.iter().map(|test| self.test(test)).collect();
                self.helper(&bodies)
            }
        }
    }

    /// A rule that holds where one of the bodies does.
    fn helper(&mut self, bodies: &[String]) -> String {
        let name = format!("helper_{}", self.helper_count);
        self.helper_count += 1;
        for body in bodies {
            self.helpers += &format!("{name} if {{ {body} }}\n");
        }
        name
    }
}
