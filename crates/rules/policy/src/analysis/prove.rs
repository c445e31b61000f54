//! Questions about policies: whether two decide alike, whether one allows what the other denies, whether one ever
//! allows something. The answer is a proof or a request.
//!
//! INVARIANT 1: [`Answer::Never`] holds for every request whose texts are in normal form.
//! INVARIANT 2: the request of [`Answer::Example`] was confirmed by the evaluator.
//! Tests: tests/it/analysis.

use super::classes::settle;
use super::diagram::{ALWAYS, COORDINATE_COUNT_MAX, Function, NEVER, TooLarge};
use super::effort::Effort;
use super::encode::{Encoder, PolicyFormula, PolicyFunctions, read_policy};
use super::example::{ATTEMPT_COUNT_MAX, example};
use super::formula::{Formula, Reader};
use super::space::{ClauseName, Space};
use crate::language::evaluate::judge;
use crate::language::{Context, Decision, Expression, IntentSet, Policy, Truth};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Choices of classes, in order and by chance, that are turned into requests before a question is left undecided.
pub const CHOICE_COUNT_MAX: [usize; 2] = [64, 1024];

/// Requests that are made at random where a question is too large.
const GUESS_COUNT_MAX: usize = 1024;

/// The answer to "is there such a request?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There is none: proved.
    Never,
    /// There is: this one.
    Example(Box<Context>),
    /// Neither was found.
    Undecided(Undecided),
}

/// Why a question was left undecided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// The lines that are beyond the procedure. Empty if the question is too large.
    pub clauses: Vec<ClauseName>,
    /// Whether the question took more than the procedure may spend.
    pub is_too_large: bool,
}

/// How two policies compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They allow the same requests.
    Equivalent,
    /// One allows what the other denies.
    Differs(Box<Counterexample>),
    /// Neither could be shown.
    Undecided(Undecided),
}

/// A request that two policies decide differently, and what they decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// The request.
    pub request: Context,
    /// The decisions of the first and the second policy.
    pub decisions: [Decision; 2],
}

/// Which requests a question is about.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Their intents.
    pub intents: IntentSet,
    /// What must be so of each of these lines.
    pub lines: Vec<(Expression, Demand)>,
}

impl Condition {
    /// Every request.
    pub const ANY: Condition = Condition {
        intents: IntentSet::ALL,
        lines: Vec::new(),
    };
}

/// What a line must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// True.
    True,
    /// True or unknown.
    NotFalse,
    /// False or unknown.
    NotTrue,
}

impl Demand {
    const fn met(self, truth: Truth) -> bool {
        match self {
            Demand::True => matches!(truth, Truth::True),
            Demand::NotFalse => !matches!(truth, Truth::False),
            Demand::NotTrue => !matches!(truth, Truth::True),
        }
    }
}

/// Whether two policies allow the same requests.
#[must_use]
pub fn compare(first: &Policy, second: &Policy) -> Verdict {
    let answer = between(
        first,
        second,
        |encoder, policies| encoder_differ(encoder, policies[0].allows, policies[1].allows),
        |context| allows(first, context) != allows(second, context),
    );
    verdict(answer, first, second)
}

/// Whether the second policy allows nothing that the first denies.
#[must_use]
pub fn implies(first: &Policy, second: &Policy) -> Verdict {
    let answer = between(
        first,
        second,
        |encoder, policies| {
            let denied = encoder.diagram.not(policies[0].allows)?;
            encoder.diagram.and(denied, policies[1].allows)
        },
        |context| !allows(first, context) && allows(second, context),
    );
    verdict(answer, first, second)
}

/// Whether two policies ask for the same requests to be recorded.
#[must_use]
pub fn compare_audits(first: &Policy, second: &Policy) -> Verdict {
    let audits = |policy: &Policy, context: &Context| decide(policy, context).audit();
    let answer = between(
        first,
        second,
        |encoder, policies| encoder_differ(encoder, policies[0].audits, policies[1].audits),
        |context| audits(first, context) != audits(second, context),
    );
    verdict(answer, first, second)
}

/// The answer about two policies. Where they are too large together, requests that one rule alone allows are tried.
fn between(
    first: &Policy,
    second: &Policy,
    ask: impl FnOnce(&mut Encoder<'_>, &[PolicyFunctions]) -> Result<Function, TooLarge>,
    confirm: impl Fn(&Context) -> bool,
) -> Answer {
    // The same bytes decide alike; no answer about one policy says otherwise.
    if first.root() == second.root() {
        return Answer::Never;
    }
    match Question::new(&[first, second]).proved(ask, &confirm) {
        Ok(answer) => answer,
        Err(space) => by_rule(&[first, second], &confirm)
            .map_or_else(|| guess(&space, &confirm), Answer::Example),
    }
}

/// A request that one rule of the policies allows when it stands alone, if `confirm` likes one of them.
fn by_rule(policies: &[&Policy], confirm: &impl Fn(&Context) -> bool) -> Option<Box<Context>> {
    let rules = policies.iter().flat_map(|policy| policy.rules());
    let alone = rules.map(|rule| Policy::from_rules(Vec::from([rule.clone()])));
    alone
        .filter_map(|policy| match allowed(&policy, &Condition::ANY) {
            Answer::Example(request) => Some(request),
            _ => None,
        })
        .find(|request| confirm(request))
}

/// A request under the condition that the policy allows.
#[must_use]
pub fn allowed(policy: &Policy, condition: &Condition) -> Answer {
    let mut question = Question::new(&[policy]);
    let formulas = question.condition(condition);
    question.answer(
        |encoder, policies| {
            let mut parts = Vec::from([policies[0].allows]);
            for (formula, demand) in &formulas {
                let dual = encoder.formula(formula)?;
                parts.push(match demand {
                    Demand::True => dual.is_true,
                    Demand::NotFalse => encoder.diagram.not(dual.is_false)?,
                    Demand::NotTrue => encoder.diagram.not(dual.is_true)?,
                });
            }
            encoder.diagram.all(&parts)
        },
        |context| allows(policy, context) && holds(condition, context),
    )
}

fn holds(condition: &Condition, context: &Context) -> bool {
    let met = |(line, demand): &(Expression, Demand)| {
        context.ask(|request| demand.met(judge(line, request).0))
    };
    condition.intents.contains(context.intent) && condition.lines.iter().all(met)
}

/// What a policy decides about a request.
#[must_use]
pub fn decide(policy: &Policy, context: &Context) -> Decision {
    context.ask(|request| policy.evaluate(request))
}

fn allows(policy: &Policy, context: &Context) -> bool {
    decide(policy, context).is_allow()
}

fn encoder_differ(
    encoder: &mut Encoder<'_>,
    first: Function,
    second: Function,
) -> Result<Function, TooLarge> {
    if first == second {
        return Ok(NEVER);
    }
    let (not_first, not_second) = (encoder.diagram.not(first)?, encoder.diagram.not(second)?);
    let only_first = encoder.diagram.and(first, not_second)?;
    let only_second = encoder.diagram.and(not_first, second)?;
    encoder.diagram.or(only_first, only_second)
}

fn verdict(answer: Answer, first: &Policy, second: &Policy) -> Verdict {
    match answer {
        Answer::Never => Verdict::Equivalent,
        Answer::Undecided(undecided) => Verdict::Undecided(undecided),
        Answer::Example(request) => Verdict::Differs(Box::new(Counterexample {
            decisions: [decide(first, &request), decide(second, &request)],
            request: *request,
        })),
    }
}

/// Policies taken apart into one space.
pub struct Question {
    space: Space,
    policies: Vec<PolicyFormula>,
}

impl Question {
    /// Takes policies apart.
    pub fn new(policies: &[&Policy]) -> Question {
        Question::within(policies, Effort::FULL)
    }

    /// Takes policies apart, to spend no more than this on the answer.
    pub fn within(policies: &[&Policy], effort: Effort) -> Question {
        let mut space = Space {
            effort,
            ..Space::default()
        };
        // First the parts that nearly every rule asks, so that they are asked first.
        let mut reader = Reader {
            space: &mut space,
            clause: None,
        };
        for variable in [
            crate::language::Variable::Intent,
            crate::language::Variable::Path,
        ] {
            reader.slot(&Expression::Variable(variable));
        }
        let numbered = policies.iter().enumerate();
        let formulas = numbered.map(|(number, policy)| read_policy(&mut space, policy, number));
        Question {
            policies: formulas.collect(),
            space,
        }
    }

    /// Takes a condition apart.
    pub fn condition(&mut self, condition: &Condition) -> Vec<(Formula, Demand)> {
        let mut reader = Reader {
            space: &mut self.space,
            clause: None,
        };
        let intents = (reader.intents(condition.intents), Demand::True);
        let lines = condition.lines.iter();
        let mut formulas: Vec<_> = lines
            .map(|(line, demand)| (reader.line(line), *demand))
            .collect();
        formulas.push(intents);
        formulas
    }

    /// Whether a request satisfies the function that `ask` makes, confirmed by `confirm`.
    pub fn answer(
        self,
        ask: impl FnOnce(&mut Encoder<'_>, &[PolicyFunctions]) -> Result<Function, TooLarge>,
        confirm: impl Fn(&Context) -> bool,
    ) -> Answer {
        self.proved(ask, &confirm)
            .unwrap_or_else(|space| guess(&space, &confirm))
    }

    /// The same, or the settled space where the question is too large.
    fn proved(
        mut self,
        ask: impl FnOnce(&mut Encoder<'_>, &[PolicyFunctions]) -> Result<Function, TooLarge>,
        confirm: &impl Fn(&Context) -> bool,
    ) -> Result<Answer, Box<Space>> {
        settle(&mut self.space);
        let mut encoder = Encoder::new(&self.space);
        let answer = wanted(&mut encoder, &self.policies, ask)
            .map(|function| search(&encoder, function, confirm));
        drop(encoder);
        answer.map_err(|TooLarge| Box::new(self.space))
    }

    /// Everything encoded, for many questions about the same policies.
    pub fn encoded<T>(
        mut self,
        use_it: impl FnOnce(&mut Encoder<'_>, &[PolicyFunctions], Function) -> Result<T, TooLarge>,
    ) -> Result<T, TooLarge> {
        settle(&mut self.space);
        let mut encoder = Encoder::new(&self.space);
        let functions = encoded(&mut encoder, &self.policies)?;
        let constraints = encoder.constraints()?;
        use_it(&mut encoder, &functions, constraints)
    }
}

fn encoded(
    encoder: &mut Encoder<'_>,
    policies: &[PolicyFormula],
) -> Result<Vec<PolicyFunctions>, TooLarge> {
    if encoder.space.coordinates.len() > COORDINATE_COUNT_MAX {
        return Err(TooLarge);
    }
    policies
        .iter()
        .map(|policy| encoder.policy(policy))
        .collect()
}

fn wanted(
    encoder: &mut Encoder<'_>,
    policies: &[PolicyFormula],
    ask: impl FnOnce(&mut Encoder<'_>, &[PolicyFunctions]) -> Result<Function, TooLarge>,
) -> Result<Function, TooLarge> {
    let functions = encoded(encoder, policies)?;
    let function = ask(encoder, &functions)?;
    let space = encoder.space;
    let is_loose = !space.frees.is_empty() || !space.quorums.is_empty();
    let constraints = if !is_loose || function == NEVER {
        ALWAYS
    } else {
        encoder.constraints()?
    };
    encoder.diagram.and(function, constraints)
}

/// Turns choices into requests until one is confirmed.
pub fn search(
    encoder: &Encoder<'_>,
    function: Function,
    confirm: &impl Fn(&Context) -> bool,
) -> Answer {
    if function == NEVER {
        return Answer::Never;
    }
    let [in_order, by_chance] = CHOICE_COUNT_MAX;
    let mut found = None;
    encoder.diagram.choices(function, in_order, |choice| {
        let mut attempts =
            (0..ATTEMPT_COUNT_MAX).map(|attempt| example(encoder.space, choice, attempt));
        found = attempts.find(confirm);
        found.is_some()
    });
    let mut chance = Chance::new();
    for _ in 0..by_chance {
        if found.is_some() {
            break;
        }
        let choice = encoder.diagram.walk(function, |count| chance.below(count));
        let attempt = chance.below(ATTEMPT_COUNT_MAX);
        let request = choice.map(|choice| example(encoder.space, &choice, attempt));
        found = request.filter(confirm);
    }
    found.map_or_else(
        || {
            Answer::Undecided(Undecided {
                clauses: encoder.beyond(function),
                is_too_large: false,
            })
        },
        |request| Answer::Example(Box::new(request)),
    )
}

/// Numbers that look random and are always the same (xorshift64).
struct Chance(u64);

impl Chance {
    const fn new() -> Chance {
        Chance(0x9e37_79b9_7f4a_7c15)
    }

    const fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % if count == 0 { 1 } else { count }
    }
}

/// Requests from classes chosen by chance.
fn guess(space: &Space, confirm: &impl Fn(&Context) -> bool) -> Answer {
    let mut chance = Chance::new();
    for _ in 0..GUESS_COUNT_MAX {
        let counts = space.class_counts.iter().enumerate();
        let choice = counts.map(|(coordinate, count)| (coordinate, chance.below(*count)));
        let choice = choice.collect();
        let context = example(space, &choice, chance.below(ATTEMPT_COUNT_MAX));
        if confirm(&context) {
            return Answer::Example(Box::new(context));
        }
    }
    Answer::Undecided(Undecided {
        clauses: Vec::new(),
        is_too_large: true,
    })
}
