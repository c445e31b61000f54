//! The fast road: a policy's lines as questions about [`Facts`], and the decision of all rules.
//!
//! Lines of the usual shapes become tests that compare numbers or bits. Everything else asks [`judge`], which is the
//! definition; so does the detail of a denial by something unknown.
//!
//! INVARIANT: the answers are those of [`Rule::judge`], rule by rule.
//! Tests: tests/it/language/random.rs.

use super::decision::{DEFAULT_DENY, Decision, DenyReason};
use super::evaluate::judge;
use super::expression::{Comparison, Expression, Literal, TrustField, Variable};
use super::facts::{
    Address, Bits, Facts, Pattern, SYMBOL_COUNT_MAX, Symbols, UNKNOWN_SYMBOL, Vocabulary,
};
use super::intent::IntentSet;
use super::network::Network;
use super::policy::{RULE_COUNT_MAX, Rule, UnknownPart};
use super::request::Request;
use super::truth::Truth;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::Glob;

/// Rules made ready.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    vocabulary: Vocabulary,
    rules: Vec<Prepared>,
    default_deny: Option<Arc<str>>,
}

#[derive(Clone, Debug)]
struct Prepared {
    intents: IntentSet,
    paths: Paths,
    allow: Option<Box<[Test]>>,
    deny: Box<[Test]>,
    audit: bool,
}

#[derive(Clone, Debug)]
enum Paths {
    Every,
    /// One of these patterns.
    Numbered(Bits),
    /// A policy with more patterns than are numbered.
    Globs(Vec<Glob>),
}

/// A question with three answers.
#[derive(Clone, Debug)]
enum Test {
    Constant(Truth),
    Not(Box<Test>),
    And(Box<[Test]>),
    Or(Box<[Test]>),
    /// The actor is one of these.
    Actor(Bits),
    /// The remote is one of these.
    Remote(Bits),
    Caps(Quantifier, Bits),
    Labels(Quantifier, Bits),
    /// Groups of the actor.
    Groups(Quantifier, Bits),
    /// The actor's level compares so.
    Level(Comparison, i64),
    Epoch(Comparison, u64),
    Network(Network),
    Path(u16),
    /// Anything else.
    Plain(Box<Expression>),
}

#[derive(Clone, Copy, Debug)]
enum Quantifier {
    Any,
    All,
}

/// A set of rules by place.
struct RuleSet([u64; RULE_COUNT_MAX / 64]);

impl RuleSet {
    fn insert(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    fn ids(&self, rules: &[Rule]) -> Vec<Arc<str>> {
        let count: u32 = self.0.iter().map(|word| word.count_ones()).sum();
        let mut ids = Vec::with_capacity(count as usize);
        for (word_index, word) in self.0.iter().enumerate() {
            let mut left = *word;
            while left != 0 {
                let index = word_index * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                ids.extend(rules.get(index).map(|rule| rule.id.clone()));
            }
        }
        ids
    }
}

impl Program {
    pub(super) fn new(rules: &[Rule]) -> Program {
        let vocabulary = vocabulary(rules);
        let prepared = rules
            .iter()
            .map(|rule| prepared(rule, &vocabulary))
            .collect();
        Program {
            vocabulary,
            rules: prepared,
            default_deny: Some(Arc::from(DEFAULT_DENY)),
        }
    }

    pub(super) fn facts<'a>(&self, request: &Request<'a>) -> Facts<'a> {
        self.vocabulary.facts(request)
    }

    /// Decides. `rules` are the rules this was made of.
    pub(super) fn decide(&self, rules: &[Rule], facts: &Facts<'_>) -> Decision {
        let mut allowing = RuleSet([0; RULE_COUNT_MAX / 64]);
        let mut firing = RuleSet([0; RULE_COUNT_MAX / 64]);
        let (mut first_firing, mut first_unsure) = (None, None);
        let (mut allowed, mut audit) = (false, false);
        for (index, rule) in self.rules.iter().enumerate() {
            let matches = rule.matches(facts);
            if matches == Truth::False {
                continue;
            }
            audit |= rule.audit;
            let denies = matches.and(any(&rule.deny, facts));
            if denies != Truth::False {
                first_firing = first_firing.or(Some((index, denies)));
                firing.insert(index);
            }
            if first_firing.is_some() {
                continue;
            }
            if let Some(lines) = &rule.allow {
                match matches.and(all(lines, facts)) {
                    Truth::True => {
                        allowed = true;
                        allowing.insert(index);
                    }
                    Truth::Unknown => first_unsure = first_unsure.or(Some(index)),
                    Truth::False => {}
                }
            }
        }
        if let Some((index, denies)) = first_firing {
            return denied(rules, index, denies, &firing, facts, audit);
        }
        if allowed {
            let rule_ids = allowing.ids(rules);
            return Decision::Allow { rule_ids, audit };
        }
        let reason = first_unsure
            .and_then(|index| rules.get(index)?.judge(&facts.request).allow_unknown)
            .map_or(DenyReason::Default, unknown_reason);
        let rule_id = self.default_deny.clone();
        Decision::Deny {
            rule_id: rule_id.unwrap_or_else(|| Arc::from(DEFAULT_DENY)),
            reason,
            firing: Vec::new(),
            audit,
        }
    }
}

fn denied(
    rules: &[Rule],
    index: usize,
    denies: Truth,
    firing: &RuleSet,
    facts: &Facts<'_>,
    audit: bool,
) -> Decision {
    let rule = rules.get(index);
    let unknown = if denies == Truth::Unknown {
        rule.and_then(|rule| rule.judge(&facts.request).deny_unknown)
    } else {
        None
    };
    Decision::Deny {
        rule_id: rule.map_or_else(|| Arc::from(DEFAULT_DENY), |rule| rule.id.clone()),
        reason: unknown.map_or(DenyReason::Rule, unknown_reason),
        firing: firing.ids(rules),
        audit,
    }
}

fn unknown_reason(part: UnknownPart<'_>) -> DenyReason {
    let (path, cause) = part.describe();
    DenyReason::Unknown { path, cause }
}

impl Prepared {
    fn matches(&self, facts: &Facts<'_>) -> Truth {
        if !self.intents.contains(facts.request.intent) {
            return Truth::False;
        }
        match &self.paths {
            Paths::Every => Truth::True,
            Paths::Numbered(wanted) => {
                answer(facts.patterns.as_ref(), |matching| matching.meets(wanted))
            }
            Paths::Globs(globs) => answer(facts.request.path.as_ref(), |path| {
                globs.iter().any(|glob| glob.matches(path))
            }),
        }
    }
}

fn all(tests: &[Test], facts: &Facts<'_>) -> Truth {
    let mut truth = Truth::True;
    for test in tests {
        truth = truth.and(test.answer(facts));
        if truth == Truth::False {
            break;
        }
    }
    truth
}

fn any(tests: &[Test], facts: &Facts<'_>) -> Truth {
    let mut truth = Truth::False;
    for test in tests {
        truth = truth.or(test.answer(facts));
        if truth == Truth::True {
            break;
        }
    }
    truth
}

/// Unknown without the fact.
fn answer<T>(fact: Option<&T>, holds: impl FnOnce(&T) -> bool) -> Truth {
    fact.map_or(Truth::Unknown, |fact| Truth::from(holds(fact)))
}

impl Test {
    fn answer(&self, facts: &Facts<'_>) -> Truth {
        match self {
            Test::Constant(truth) => *truth,
            Test::Not(inner) => inner.answer(facts).negated(),
            Test::And(tests) => all(tests, facts),
            Test::Or(tests) => any(tests, facts),
            Test::Actor(wanted) => answer(facts.actor.as_ref(), |actor| wanted.contains(*actor)),
            Test::Remote(wanted) => {
                answer(facts.remote.as_ref(), |remote| wanted.contains(*remote))
            }
            Test::Caps(quantifier, wanted) => quantifier.answer(facts.caps.as_ref(), wanted),
            Test::Labels(quantifier, wanted) => quantifier.answer(facts.labels.as_ref(), wanted),
            Test::Groups(quantifier, wanted) => quantifier.answer(facts.groups.as_ref(), wanted),
            Test::Level(comparison, bound) => answer(facts.level.as_ref(), |level| {
                comparison.holds(level.cmp(bound))
            }),
            Test::Epoch(comparison, bound) => answer(facts.request.epoch.as_ref(), |epoch| {
                comparison.holds(epoch.cmp(bound))
            }),
            Test::Network(network) => match facts.address {
                Address::Some(address) => Truth::from(network.contains(address)),
                Address::None => Truth::Unknown,
            },
            Test::Path(pattern) => answer(facts.patterns.as_ref(), |matching| {
                matching.contains(*pattern)
            }),
            Test::Plain(expression) => judge(expression, &facts.request).0,
        }
    }
}

impl Quantifier {
    fn answer(self, found: Option<&Bits>, wanted: &Bits) -> Truth {
        answer(found, |found| match self {
            Quantifier::Any => found.meets(wanted),
            Quantifier::All => found.covers(wanted),
        })
    }
}

// Making a program.

/// A line's shape, if it is one that facts answer: what it asks for, by name.
enum Usual<'a> {
    Actor(Vec<&'a str>),
    Remote(Vec<&'a str>),
    Caps(Quantifier, Vec<&'a str>),
    Labels(Quantifier, Vec<&'a str>),
    Groups(Quantifier, Vec<&'a str>),
    Level(Comparison, i64),
    Epoch(Comparison, u64),
    Network(Network),
    Path(&'a Glob),
}

fn usual(expression: &Expression) -> Option<Usual<'_>> {
    match expression {
        Expression::Compare(comparison, left, right) => compared(*comparison, left, right),
        Expression::Includes(list, item) => match (&**list, &**item) {
            (Expression::List(names), Expression::Variable(variable)) => {
                named(*variable, texts(names)?)
            }
            (list, Expression::Literal(Literal::Text(name))) => {
                listed(list, Quantifier::Any, Vec::from([name.as_str()]))
            }
            _ => None,
        },
        Expression::AnyOf(list, wanted) => listed(list, Quantifier::Any, list_texts(wanted)?),
        Expression::AllOf(list, wanted) => listed(list, Quantifier::All, list_texts(wanted)?),
        Expression::InNetwork(inner, network) => (**inner
            == Expression::Variable(Variable::RemoteAddr))
        .then_some(Usual::Network(*network)),
        Expression::MatchesGlob(inner, glob) => {
            (**inner == Expression::Variable(Variable::Path)).then_some(Usual::Path(glob))
        }
        _ => None,
    }
}

fn compared<'a>(
    comparison: Comparison,
    left: &'a Expression,
    right: &'a Expression,
) -> Option<Usual<'a>> {
    match (left, right) {
        (Expression::Variable(variable), Expression::Literal(Literal::Text(name))) => (comparison
            == Comparison::Equal)
            .then(|| named(*variable, Vec::from([name.as_str()])))?,
        (Expression::Variable(Variable::Epoch), Expression::Literal(Literal::Number(number))) => {
            let bound = u64::try_from(number.as_integer()?).ok()?;
            Some(Usual::Epoch(comparison, bound))
        }
        (
            Expression::Trust(actor, TrustField::Level),
            Expression::Literal(Literal::Number(number)),
        ) if is_actor(actor) => {
            let bound = i64::try_from(number.as_integer()?).ok()?;
            Some(Usual::Level(comparison, bound))
        }
        _ => None,
    }
}

fn is_actor(expression: &Expression) -> bool {
    *expression == Expression::Variable(Variable::Actor)
}

fn named(variable: Variable, names: Vec<&str>) -> Option<Usual<'_>> {
    match variable {
        Variable::Actor => Some(Usual::Actor(names)),
        Variable::Remote => Some(Usual::Remote(names)),
        _ => None,
    }
}

fn listed<'a>(list: &Expression, quantifier: Quantifier, names: Vec<&'a str>) -> Option<Usual<'a>> {
    match list {
        Expression::Variable(Variable::Caps) => Some(Usual::Caps(quantifier, names)),
        Expression::Variable(Variable::Labels) => Some(Usual::Labels(quantifier, names)),
        Expression::Trust(actor, TrustField::Groups) if is_actor(actor) => {
            Some(Usual::Groups(quantifier, names))
        }
        _ => None,
    }
}

fn list_texts(expression: &Expression) -> Option<Vec<&str>> {
    match expression {
        Expression::List(names) => texts(names),
        _ => None,
    }
}

fn texts(literals: &[Literal]) -> Option<Vec<&str>> {
    let texts = literals.iter().map(|literal| match literal {
        Literal::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

/// Collects the names and patterns of all rules.
fn vocabulary(rules: &[Rule]) -> Vocabulary {
    let mut names = Names::default();
    for rule in rules {
        names.globs.extend(rule.when.paths.iter().flatten());
        for line in rule.allow_if.iter().flatten().chain(&rule.deny_if) {
            names.collect(line);
        }
    }
    let mut patterns: Vec<Pattern> = Vec::new();
    names.globs.sort_unstable();
    names.globs.dedup();
    patterns.extend(
        names
            .globs
            .iter()
            .take(SYMBOL_COUNT_MAX)
            .map(|glob| Pattern::new(glob)),
    );
    Vocabulary {
        actors: Symbols::from_names(names.actors),
        remotes: Symbols::from_names(names.remotes),
        caps: Symbols::from_names(names.caps),
        labels: Symbols::from_names(names.labels),
        groups: Symbols::from_names(names.groups),
        patterns,
        has_networks: names.has_networks,
    }
}

#[derive(Default)]
struct Names<'a> {
    actors: Vec<&'a str>,
    remotes: Vec<&'a str>,
    caps: Vec<&'a str>,
    labels: Vec<&'a str>,
    groups: Vec<&'a str>,
    globs: Vec<&'a Glob>,
    has_networks: bool,
}

impl<'a> Names<'a> {
    fn collect(&mut self, expression: &'a Expression) {
        match expression {
            Expression::Not(inner) => return self.collect(inner),
            Expression::And(operands) | Expression::Or(operands) => {
                return operands.iter().for_each(|operand| self.collect(operand));
            }
            _ => {}
        }
        // What `!=` asks is answered by its opposite; see `test`.
        let found = match expression {
            Expression::Compare(Comparison::NotEqual, left, right) => {
                compared(Comparison::Equal, left, right)
            }
            _ => usual(expression),
        };
        match found {
            Some(Usual::Actor(names)) => self.actors.extend(names),
            Some(Usual::Remote(names)) => self.remotes.extend(names),
            Some(Usual::Caps(_, names)) => self.caps.extend(names),
            Some(Usual::Labels(_, names)) => self.labels.extend(names),
            Some(Usual::Groups(_, names)) => self.groups.extend(names),
            Some(Usual::Path(glob)) => self.globs.push(glob),
            Some(Usual::Network(_)) => self.has_networks = true,
            Some(Usual::Level(..) | Usual::Epoch(..)) | None => {}
        }
    }
}

fn prepared(rule: &Rule, vocabulary: &Vocabulary) -> Prepared {
    let tests = |lines: &[Expression]| lines.iter().map(|line| test(line, vocabulary)).collect();
    Prepared {
        intents: rule.when.intents,
        paths: match &rule.when.paths {
            None => Paths::Every,
            Some(globs) => numbered(globs, vocabulary),
        },
        allow: rule.allow_if.as_deref().map(tests),
        deny: tests(&rule.deny_if),
        audit: rule.audit,
    }
}

fn numbered(globs: &[Glob], vocabulary: &Vocabulary) -> Paths {
    let mut bits = Bits::default();
    for glob in globs {
        match pattern_number(glob, vocabulary) {
            Some(number) => bits.insert(number),
            None => return Paths::Globs(globs.to_vec()),
        }
    }
    Paths::Numbered(bits)
}

fn pattern_number(glob: &Glob, vocabulary: &Vocabulary) -> Option<u16> {
    let place = vocabulary
        .patterns
        .binary_search_by(|pattern| pattern.glob.cmp(glob));
    place.ok().and_then(|place| u16::try_from(place).ok())
}

fn test(expression: &Expression, vocabulary: &Vocabulary) -> Test {
    match expression {
        Expression::Literal(Literal::Bool(value)) => return Test::Constant(Truth::from(*value)),
        Expression::Not(inner) => return Test::Not(Box::new(test(inner, vocabulary))),
        Expression::And(operands) => return Test::And(tests(operands, vocabulary)),
        Expression::Or(operands) => return Test::Or(tests(operands, vocabulary)),
        // `a != b` is `not a == b`, also where unknown.
        Expression::Compare(Comparison::NotEqual, left, right) => {
            let equal = Expression::Compare(Comparison::Equal, left.clone(), right.clone());
            return Test::Not(Box::new(test(&equal, vocabulary)));
        }
        _ => {}
    }
    let special = usual(expression).and_then(|usual| specialised(usual, vocabulary));
    special.unwrap_or_else(|| Test::Plain(Box::new(expression.clone())))
}

fn tests(operands: &[Expression], vocabulary: &Vocabulary) -> Box<[Test]> {
    operands
        .iter()
        .map(|operand| test(operand, vocabulary))
        .collect()
}

/// `None` where a name has no number because there are too many.
fn specialised(usual: Usual<'_>, vocabulary: &Vocabulary) -> Option<Test> {
    Some(match usual {
        Usual::Actor(names) => Test::Actor(bits(&names, &vocabulary.actors)?),
        Usual::Remote(names) => Test::Remote(bits(&names, &vocabulary.remotes)?),
        Usual::Caps(quantifier, names) => Test::Caps(quantifier, bits(&names, &vocabulary.caps)?),
        Usual::Labels(quantifier, names) => {
            Test::Labels(quantifier, bits(&names, &vocabulary.labels)?)
        }
        Usual::Groups(quantifier, names) => {
            Test::Groups(quantifier, bits(&names, &vocabulary.groups)?)
        }
        Usual::Level(comparison, bound) => Test::Level(comparison, bound),
        Usual::Epoch(comparison, bound) => Test::Epoch(comparison, bound),
        Usual::Network(network) => Test::Network(network),
        Usual::Path(glob) => Test::Path(pattern_number(glob, vocabulary)?),
    })
}

fn bits(names: &[&str], symbols: &Symbols) -> Option<Bits> {
    let mut bits = Bits::default();
    for name in names {
        match symbols.number(name) {
            UNKNOWN_SYMBOL => return None,
            number => bits.insert(number),
        }
    }
    Some(bits)
}
