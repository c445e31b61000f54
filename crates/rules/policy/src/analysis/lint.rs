//! Warnings about a policy that compiles: what can never match, never allow, never matter, or allows too much.
//!
//! They come from the same procedure that compares policies, so they hold for every request; a line beyond the
//! procedure may answer anything, and only costs warnings. Mistakes that stop a source from compiling, and remarks
//! about its form, are the compiler's.
//!
//! INVARIANT: a warning says what is so; the places are those of the source map.
//! Tests: tests/it/analysis/lints.rs.

use super::diagram::{ALWAYS, Function, NEVER, TooLarge};
use super::effort::Effort;
use super::encode::{Encoder, PolicyFunctions, RuleFunctions};
use super::prove::Question;
use crate::language::{
    ClauseSource, Compiled, Expression, Intent, IntentSet, Literal, Rule, RuleSource, Variable,
};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_yaml::{Finding, Position};

/// The names that lines may use. `None` leaves them unchecked.
#[derive(Clone, Debug, Default)]
pub struct KnownNames {
    /// Capabilities that grants can give.
    pub capabilities: Option<BTreeSet<String>>,
    /// Labels that events can carry.
    pub labels: Option<BTreeSet<String>>,
}

/// The warning about manners: the rule does what it says, and does not tell who is denied why.
pub const UNEXPLAINED: &str = "deny-without-reason";

/// The warning that the analysis took more than it may spend.
pub const TOO_LARGE: &str = "too-large-to-analyse";

/// The ids of the warnings, with what each says.
pub const LINTS: [(&str, &str); 9] = [
    ("never-matches", "no request matches the rule"),
    (
        "never-allows",
        "the lines of `allow_if` are never true together",
    ),
    ("shadowed", "whatever the rule allows, rules deny"),
    (
        "constant-clause",
        "a line says the same for every request that the rule matches",
    ),
    ("allow-all", "the rule allows whoever asks"),
    (
        UNEXPLAINED,
        "a rule that denies says nothing to who is denied",
    ),
    ("unknown-capability", "no grant gives this capability"),
    ("unknown-label", "no event carries this label"),
    (TOO_LARGE, "the policy is beyond the bounds of the analysis"),
];

/// Every warning, in source order.
#[must_use]
pub fn lint(compiled: &Compiled, known: &KnownNames) -> Vec<Finding> {
    lint_within(compiled, known, Effort::FULL)
}

/// The warnings that so much effort finds, in source order. That it was too little is a warning of its own.
#[must_use]
pub fn lint_within(compiled: &Compiled, known: &KnownNames, effort: Effort) -> Vec<Finding> {
    let mut findings = Vec::new();
    let rules = compiled.policy.rules();
    for (rule, source) in rules.iter().zip(&compiled.source_map) {
        unexplained(rule, source, &mut findings);
        unknown_names(rule, source, known, &mut findings);
    }
    let question = Question::within(&[&compiled.policy], effort);
    let proved = question.encoded(|encoder, policies, constraints| {
        let [policy] = policies else {
            return Ok(Vec::new());
        };
        let mut linter = Linter {
            encoder,
            policy,
            constraints,
            findings: Vec::new(),
        };
        for (index, source) in compiled.source_map.iter().enumerate() {
            linter.rule(index, rules, source)?;
        }
        Ok(linter.findings)
    });
    match proved {
        Ok(proved) => findings.extend(proved),
        Err(TooLarge) => findings.push(Finding::warning(
            Position::START,
            TOO_LARGE,
            "the policy is too large for the analysis".to_string(),
            "split it by namespace, or ask about parts of it",
        )),
    }
    findings.sort_by_key(Finding::position);
    findings
}

fn unexplained(rule: &Rule, source: &RuleSource, findings: &mut Vec<Finding>) {
    if !rule.deny_if.is_empty() && rule.reason.is_none() {
        findings.push(Finding::warning(
            source.position,
            UNEXPLAINED,
            format!("rule `{}` denies and does not say why", rule.id),
            "add `reason: \"…\"`: who is denied reads it",
        ));
    }
}

fn unknown_names(
    rule: &Rule,
    source: &RuleSource,
    known: &KnownNames,
    findings: &mut Vec<Finding>,
) {
    let lines = rule.allow_if.iter().flatten().zip(&source.allow_if);
    for (line, place) in lines.chain(rule.deny_if.iter().zip(&source.deny_if)) {
        for (variable, name) in asked_names(line) {
            let (names, id, what) = match variable {
                Variable::Caps => (&known.capabilities, "unknown-capability", "capability"),
                _ => (&known.labels, "unknown-label", "label"),
            };
            if let Some(names) = names
                && !names.contains(&name)
            {
                let message = format!("`{name}` is no {what} of this repository");
                findings.push(Finding::warning(
                    place.position,
                    id,
                    message,
                    alike(&name, names, variable),
                ));
            }
        }
    }
}

fn alike(name: &str, names: &BTreeSet<String>, variable: Variable) -> String {
    let stem = name.split([':', '-', '.']).next().unwrap_or(name);
    let near = names
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name) || known.starts_with(name))
        .or_else(|| names.iter().find(|known| known.starts_with(stem)));
    match near {
        Some(near) => format!("did you mean `{near}`?"),
        None if variable == Variable::Caps => {
            "correct the name, or grant the capability to somebody".to_string()
        }
        None => "correct the name, or mark events with it".to_string(),
    }
}

/// Texts that a line looks for in the capabilities or the labels.
fn asked_names(line: &Expression) -> Vec<(Variable, String)> {
    let is_asked = |expression: &Expression| match expression {
        Expression::Variable(variable @ (Variable::Caps | Variable::Labels)) => Some(*variable),
        _ => None,
    };
    let mut found = Vec::new();
    match line {
        Expression::Includes(left, right)
        | Expression::AnyOf(left, right)
        | Expression::AllOf(left, right) => {
            for (list, names) in [(left, right), (right, left)] {
                if let Some(variable) = is_asked(list) {
                    found.extend(texts(names).map(|name| (variable, name)));
                }
            }
        }
        _ => {}
    }
    for child in line.children() {
        found.extend(asked_names(child));
    }
    found
}

fn texts(expression: &Expression) -> impl Iterator<Item = String> {
    let literals = match expression {
        Expression::Literal(literal) => core::slice::from_ref(literal),
        Expression::List(literals) => literals,
        _ => &[],
    };
    literals.iter().filter_map(|literal| match literal {
        Literal::Text(text) => Some(text.to_string()),
        _ => None,
    })
}

struct Linter<'e, 's> {
    encoder: &'e mut Encoder<'s>,
    policy: &'e PolicyFunctions,
    /// What holds of lines beyond the procedure.
    constraints: Function,
    findings: Vec<Finding>,
}

impl Linter<'_, '_> {
    fn rule(&mut self, index: usize, rules: &[Rule], source: &RuleSource) -> Result<(), TooLarge> {
        let policy = self.policy;
        let (rule, functions) = (&rules[index], &policy.rules[index]);
        if self.never(&[functions.matches.is_true])? {
            let message = format!("no request matches rule `{}`", rule.id);
            self.warn(
                source.when,
                "never-matches",
                message,
                "correct `when`, or remove the rule",
            );
            return Ok(());
        }
        let never_allows = rule.allow_if.is_some() && self.never(&[functions.allows])?;
        let constant_before = self.findings.len();
        self.constant_lines(functions, rule, source)?;
        if never_allows && self.findings.len() == constant_before {
            let message = format!("the lines of rule `{}` are never true together", rule.id);
            let place = source
                .allow_if
                .first()
                .map_or(source.position, |line| line.position);
            self.warn(
                place,
                "never-allows",
                message,
                "correct the lines, or remove `allow_if`",
            );
        }
        if rule.allow_if.is_some() && !never_allows {
            self.shadowed(index, rules, source)?;
            self.allow_all(functions, rule, source);
        }
        Ok(())
    }

    /// Lines that say the same whatever is asked. Lines that are written as constants are the compiler's to remark on.
    fn constant_lines(
        &mut self,
        functions: &RuleFunctions,
        rule: &Rule,
        source: &RuleSource,
    ) -> Result<(), TooLarge> {
        let matches = functions.matches.is_true;
        let lines = rule.allow_if.iter().flatten().zip(&functions.allow_if);
        for ((line, dual), place) in lines.zip(&source.allow_if) {
            if line.is_constant() {
                continue;
            }
            if self.never(&[matches, dual.is_true])? {
                self.constant(
                    place,
                    "is never true, so the rule never allows",
                    "remove the rule's `allow_if`, or correct the line",
                );
            } else if self.covers(matches, dual.is_true)? {
                self.constant(
                    place,
                    "is true for whatever `when` matches",
                    "remove the line",
                );
            }
        }
        for ((line, dual), place) in rule
            .deny_if
            .iter()
            .zip(&functions.deny_if)
            .zip(&source.deny_if)
        {
            if line.is_constant() {
                continue;
            }
            if self.covers(matches, dual.is_false)? {
                self.constant(place, "never denies what `when` matches", "remove the line");
            } else if self.never(&[matches, dual.is_false])? {
                self.constant(
                    place,
                    "denies whatever `when` matches",
                    "write `true` if that is meant",
                );
            }
        }
        Ok(())
    }

    fn constant(&mut self, place: &ClauseSource, what: &str, hint: &str) {
        let message = format!("`{}` {what}", place.text);
        self.warn(place.position, "constant-clause", message, hint);
    }

    fn shadowed(
        &mut self,
        index: usize,
        rules: &[Rule],
        source: &RuleSource,
    ) -> Result<(), TooLarge> {
        let policy = self.policy;
        let allows = policy.rules[index].allows;
        if !self.covers(allows, policy.denies)? {
            return Ok(());
        }
        let mut by = "several rules together".to_string();
        for (other, functions) in policy.rules.iter().enumerate() {
            if self.covers(allows, functions.denies)? {
                by = match other == index {
                    true => "its own `deny_if`".to_string(),
                    false => format!("rule `{}`", rules[other].id),
                };
                break;
            }
        }
        let message = format!(
            "whatever rule `{}` allows is denied by {by}",
            rules[index].id
        );
        let hint = "narrow the deny lines, or remove the rule's `allow_if`";
        self.warn(source.position, "shadowed", message, hint);
        Ok(())
    }

    fn allow_all(&mut self, functions: &RuleFunctions, rule: &Rule, source: &RuleSource) {
        let all_true = functions.allow_if.iter().all(|line| line.is_true == ALWAYS);
        if !all_true || rule.when.paths.is_some() {
            return;
        }
        let what = if rule.when.intents == IntentSet::ALL {
            "everything".to_string()
        } else {
            let words: Vec<&str> = rule.when.intents.iter().map(Intent::as_str).collect();
            format!("every {}", words.join(" and "))
        };
        let message = format!("rule `{}` allows {what}, whoever asks", rule.id);
        self.warn(
            source.position,
            "allow-all",
            message,
            "ask for a capability, a level or a path",
        );
    }

    /// Whether no request makes all of these true.
    fn never(&mut self, functions: &[Function]) -> Result<bool, TooLarge> {
        let all = self.encoder.diagram.all(functions)?;
        Ok(self.encoder.diagram.and(all, self.constraints)? == NEVER)
    }

    /// Whether the second is true wherever the first is.
    fn covers(&mut self, inner: Function, outer: Function) -> Result<bool, TooLarge> {
        let not_outer = self.encoder.diagram.not(outer)?;
        self.never(&[inner, not_outer])
    }

    fn warn(&mut self, place: Position, id: &'static str, message: String, hint: &str) {
        self.findings
            .push(Finding::warning(place, id, message, hint));
    }
}
