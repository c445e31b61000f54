//! Why: every rule and line of a policy about one request, with the values it looked at.
//!
//! It follows the plain road line by line; the decision inside is [`Policy::evaluate`]'s own. Showing it is the
//! caller's work; [`Explanation::to_value`] is for programs.
//!
//! INVARIANT: the truths in an explanation give its decision by the rules of docs/formats/rgs.md.
//! Tests: `explain/tests.rs`.

#[cfg(test)]
mod tests;

use super::compile::{ClauseSource, RuleSource};
use super::decision::Decision;
use super::evaluate::{Datum, UnknownCause, evaluate, judge};
use super::expression::Expression;
use super::policy::{Policy, Rule};
use super::raise::raise;
use super::request::Request;
use super::syntax::print;
use super::truth::Truth;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::{Map, Text, Value, json};
use gatos_yaml::Position;

/// Longest value shown, in bytes.
const SHOWN_SIZE_MAX: usize = 80;

/// A decision with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// Every rule, in order; lines only of those that match or may match.
    pub rules: Vec<RuleExplanation>,
    /// Where nothing allows: the rule that comes nearest.
    pub nearest: Option<Nearest>,
}

/// What one rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleExplanation {
    /// Its id.
    pub id: Arc<str>,
    /// Where it stands in the source.
    pub position: Option<Position>,
    /// Whether it is about the request.
    pub matches: Truth,
    /// Whether it allows.
    pub allows: Truth,
    /// Whether a deny line holds.
    pub denies: Truth,
    /// What its author says to who is denied.
    pub reason: Option<Text>,
    /// Its lines: first those of `allow_if`, then those of `deny_if`.
    pub lines: Vec<LineExplanation>,
}

/// What one line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineExplanation {
    /// Whether it stands under `allow_if`, else under `deny_if`.
    pub is_allow: bool,
    /// The line as its source has it, or as it is printed from the compiled policy.
    pub text: String,
    /// Where it stands in the source.
    pub position: Option<Position>,
    /// Its answer.
    pub truth: Truth,
    /// The expression without a value and why, if the answer is unknown.
    pub unknown: Option<(String, UnknownCause)>,
    /// The parts of the request it looks at, each with its value as JSON; `None` where it has none.
    pub values: Vec<(String, Option<String>)>,
}

/// The rule that is nearest to allowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// Its id.
    pub id: Arc<str>,
    /// Whether its `when` would have to match first.
    pub when_differs: bool,
    /// The allow lines that are not true.
    pub missing: Vec<String>,
}

/// Explains a decision. `source_map` is the compiler's, if the source is at hand.
#[must_use]
pub fn explain(policy: &Policy, request: &Request<'_>, source_map: &[RuleSource]) -> Explanation {
    let decision = policy.evaluate(request);
    let source = |rule: &Rule| source_map.iter().find(|source| source.id == rule.id);
    let rules = policy.rules().iter();
    let nearest = if decision.is_allow() {
        None
    } else {
        nearest(policy, request)
    };
    Explanation {
        rules: rules
            .map(|rule| explain_rule(rule, request, source(rule)))
            .collect(),
        decision,
        nearest,
    }
}

fn explain_rule(
    rule: &Rule,
    request: &Request<'_>,
    source: Option<&RuleSource>,
) -> RuleExplanation {
    let matches = rule.when.matches(request.intent, request.path);
    let mut lines = Vec::new();
    if matches != Truth::False {
        let (allow, deny) = source.map_or((&[][..], &[][..]), |source| {
            (&source.allow_if, &source.deny_if)
        });
        let allow_lines = rule.allow_if.iter().flatten().enumerate();
        lines.extend(
            allow_lines.map(|(index, line)| explain_line(true, line, request, allow.get(index))),
        );
        let deny_lines = rule.deny_if.iter().enumerate();
        lines.extend(
            deny_lines.map(|(index, line)| explain_line(false, line, request, deny.get(index))),
        );
    }
    let truths = |is_allow| {
        let lines = lines
            .iter()
            .filter(move |line: &&LineExplanation| line.is_allow == is_allow);
        lines.map(|line| line.truth)
    };
    let allows = match rule.allow_if {
        Some(_) => truths(true).fold(matches, Truth::and),
        None => Truth::False,
    };
    let denies = matches.and(truths(false).fold(Truth::False, Truth::or));
    // With the source at hand, in its order.
    lines.sort_by_key(|line| (!line.is_allow, line.position));
    RuleExplanation {
        id: rule.id.clone(),
        position: source.map(|source| source.position),
        matches,
        allows,
        denies,
        reason: rule.reason.clone(),
        lines,
    }
}

fn explain_line(
    is_allow: bool,
    line: &Expression,
    request: &Request<'_>,
    source: Option<&ClauseSource>,
) -> LineExplanation {
    let (truth, unknown) = judge(line, request);
    let mut values = Vec::new();
    collect_values(line, request, &mut values);
    LineExplanation {
        is_allow,
        text: source.map_or_else(|| print(&raise(line)), |source| source.text.clone()),
        position: source.map(|source| source.position),
        truth,
        unknown: unknown.map(|unknown| (print(&raise(unknown.expression)), unknown.cause)),
        values,
    }
}

/// The parts of the request that a line names, outermost first, each once.
fn collect_values(
    expression: &Expression,
    request: &Request<'_>,
    values: &mut Vec<(String, Option<String>)>,
) {
    let is_part = matches!(
        expression,
        Expression::Variable(_)
            | Expression::Field(..)
            | Expression::Index(..)
            | Expression::Trust(..)
    );
    if !is_part {
        for child in expression.children() {
            collect_values(child, request, values);
        }
        return;
    }
    let name = print(&raise(expression));
    if values.iter().any(|(known, _)| *known == name) {
        return;
    }
    let shown = evaluate(expression, request)
        .ok()
        .map(|datum| shown(&datum));
    values.push((name, shown));
}

/// A datum as JSON, cut where it is long.
fn shown(datum: &Datum<'_>) -> String {
    let bytes = json::encode_canonical(&datum_value(datum)).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    match text
        .char_indices()
        .find(|(index, _)| *index >= SHOWN_SIZE_MAX)
    {
        None => text.into_owned(),
        Some((index, _)) => alloc::format!("{}…", text.get(..index).unwrap_or_default()),
    }
}

fn datum_value(datum: &Datum<'_>) -> Value {
    let text = |text: &str| Text::new(text).map_or(Value::Null, Value::Text);
    match datum {
        Datum::Null => Value::Null,
        Datum::Bool(value) => Value::Bool(*value),
        Datum::Number(number) => Value::number(*number),
        Datum::Text(found) => text(found),
        Datum::Names(names) => Value::List(names.iter().map(|name| text(name)).collect()),
        Datum::Texts(texts) => Value::List(texts.iter().cloned().map(Value::Text).collect()),
        // Lists of the policy are no part of a request.
        Datum::Literals(_) => Value::Null,
        Datum::Values(values) => Value::List(values.to_vec()),
        Datum::Other(value) => (*value).clone(),
    }
}

/// The rule with the fewest lines that are not true; of several, the lowest.
fn nearest(policy: &Policy, request: &Request<'_>) -> Option<Nearest> {
    let candidates = policy.rules().iter().filter_map(|rule| {
        let lines = rule.allow_if.as_ref()?;
        let when_differs = rule.when.matches(request.intent, request.path) != Truth::True;
        let missing = lines
            .iter()
            .filter(|line| judge(line, request).0 != Truth::True);
        Some((usize::from(when_differs) + missing.count(), rule))
    });
    let (_, rule) = candidates.min_by_key(|(count, _)| *count)?;
    let lines = rule.allow_if.iter().flatten();
    let missing = lines.filter(|line| judge(line, request).0 != Truth::True);
    Some(Nearest {
        id: rule.id.clone(),
        when_differs: rule.when.matches(request.intent, request.path) != Truth::True,
        missing: missing.map(|line| print(&raise(line))).collect(),
    })
}

impl Explanation {
    /// The explanation as a value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let map = Map::new()
            .with("decision", self.decision.to_value())
            .with(
                "rules",
                Value::List(self.rules.iter().map(RuleExplanation::to_value).collect()),
            )
            .with(
                "nearest",
                self.nearest.as_ref().map_or(Value::Null, Nearest::to_value),
            );
        Value::Map(map)
    }
}

fn text_value(text: &str) -> Value {
    Text::new(text).map_or(Value::Null, Value::Text)
}

fn line_value(position: Option<Position>) -> Value {
    position.map_or(Value::Null, |position| {
        Value::Integer(i128::from(position.line))
    })
}

impl RuleExplanation {
    fn to_value(&self) -> Value {
        let map = Map::new()
            .with("id", text_value(&self.id))
            .with("line", line_value(self.position))
            .with("matches", text_value(self.matches.as_str()))
            .with("allows", text_value(self.allows.as_str()))
            .with("denies", text_value(self.denies.as_str()))
            .with(
                "reason",
                self.reason.clone().map_or(Value::Null, Value::Text),
            )
            .with(
                "lines",
                Value::List(self.lines.iter().map(LineExplanation::to_value).collect()),
            );
        Value::Map(map)
    }
}

impl LineExplanation {
    fn to_value(&self) -> Value {
        let unknown = self.unknown.as_ref().map(|(path, cause)| {
            let map = Map::new()
                .with("path", text_value(path))
                .with("cause", text_value(cause.as_str()));
            Value::Map(map)
        });
        let mut values = Map::new();
        for (name, shown) in &self.values {
            if let Ok(name) = Text::new(name) {
                values.insert(name, shown.as_deref().map_or(Value::Null, text_value));
            }
        }
        let kind = if self.is_allow { "allow_if" } else { "deny_if" };
        let map = Map::new()
            .with("kind", text_value(kind))
            .with("text", text_value(&self.text))
            .with("line", line_value(self.position))
            .with("truth", text_value(self.truth.as_str()))
            .with("unknown", unknown.unwrap_or_default())
            .with("values", Value::Map(values));
        Value::Map(map)
    }
}

impl Nearest {
    fn to_value(&self) -> Value {
        let missing = self
            .missing
            .iter()
            .map(|line| text_value(&line.to_string()));
        let map = Map::new()
            .with("rule", text_value(&self.id))
            .with("when_differs", Value::Bool(self.when_differs))
            .with("missing", Value::List(missing.collect()));
        Value::Map(map)
    }
}
