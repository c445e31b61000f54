//! Verdicts about random policies against all requests of a small world.
//!
//! `GATOS_PROVER_PAIRS` sets how many pairs are compared, `GATOS_PROVER_SEED` where they start.

use super::generator::{Random, RuleText, World, mutated, rewritten, rules, source};
use gatos_policy::analysis::{Verdict, compare, decide};
use gatos_policy::language::{Policy, compile};
use std::collections::BTreeMap;

/// Requests of a world that are tried at most.
const REQUEST_COUNT_MAX: usize = 3000;

fn setting(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok().and_then(|text| text.parse().ok());
    set.unwrap_or(default)
}

/// `None` if a rewriting went deeper than expressions may.
fn policy(rules: &[RuleText]) -> Option<(String, Policy)> {
    let source = source(rules);
    match compile(&source) {
        Ok(compiled) => Some((source, compiled.policy)),
        Err(findings) if findings[0].message.starts_with("nested deeper") => None,
        Err(findings) => panic!("{}\n{source}", findings[0]),
    }
}

/// A request of the world that the two decide differently.
fn difference(
    first: &(String, Policy),
    second: &(String, Policy),
    random: &mut Random,
) -> Option<usize> {
    let world = World::of(&[&first.0, &second.0]);
    let size = world.size();
    let differs = |number: &usize| {
        let request = world.request(*number);
        decide(&first.1, &request).is_allow() != decide(&second.1, &request).is_allow()
    };
    if size <= REQUEST_COUNT_MAX {
        return (0..size).find(differs);
    }
    (0..REQUEST_COUNT_MAX)
        .map(|_| random.below(size))
        .find(differs)
}

#[test]
fn verdicts_agree_with_enumeration() {
    let seed = setting("GATOS_PROVER_SEED", 1);
    let count = setting("GATOS_PROVER_PAIRS", 120);
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for number in seed..seed + count {
        let mut random = Random::new(number);
        let related = random.below(3) == 0;
        let original = rules(&mut random, related);
        let (kind, other) = match random.below(4) {
            0 => ("rewritten", rewritten(&mut random, &original)),
            1 => ("other", rules(&mut random, related)),
            _ => ("mutated", mutated(&mut random, &original, related)),
        };
        let (Some(first), Some(second)) = (policy(&original), policy(&other)) else {
            *counts.entry((kind, "too deep")).or_default() += 1;
            continue;
        };
        let verdict = compare(&first.1, &second.1);
        let found = difference(&first, &second, &mut random);
        let shown = || format!("seed {number} ({kind})\n{}\n{}", first.0, second.0);
        let word = match &verdict {
            Verdict::Equivalent => {
                if let Some(found) = found {
                    let request = World::of(&[&first.0, &second.0]).request(found);
                    panic!("called equivalent, but {request:?} differs: {}", shown());
                }
                "equivalent"
            }
            Verdict::Differs(counterexample) => {
                let request = &counterexample.request;
                let [one, two] = [decide(&first.1, request), decide(&second.1, request)];
                assert_ne!(one.is_allow(), two.is_allow(), "{request:?}: {}", shown());
                assert_eq!([one, two], counterexample.decisions, "{}", shown());
                assert_ne!(kind, "rewritten", "{}", shown());
                "differs"
            }
            Verdict::Undecided(undecided) => {
                if std::env::var_os("GATOS_PROVER_SHOW").is_some() {
                    println!("undecided {undecided:?}: {}", shown());
                }
                assert!(
                    !undecided.clauses.is_empty() || undecided.is_too_large,
                    "{}",
                    shown()
                );
                assert_ne!(kind, "rewritten", "{}", shown());
                "undecided"
            }
        };
        *counts.entry((kind, word)).or_default() += 1;
    }
    println!("seed {seed}, {count} pairs: {counts:?}");
    let too_deep = counts.iter().filter(|((_, word), _)| *word == "too deep");
    let too_deep: u64 = too_deep.map(|(_, count)| count).sum();
    assert!(too_deep * 100 <= count, "too many pairs without a verdict");
}
