//! Verdicts about random policies against all requests of a small world.
//!
//! `GATOS_PROVER_PAIRS` sets how many pairs are compared, `GATOS_PROVER_SEED` where they start, `GATOS_PROVER_REQUESTS` how many
//! requests of a world are tried at most. A world that has no more is enumerated, of a larger one so many are drawn; how many
//! were enumerated is printed.

use super::generator::{Random, RuleText, World, mutated, rewritten, rules, source};
use gatos_policy::analysis::{Verdict, compare, decide};
use gatos_policy::language::{Policy, compile};
use std::collections::BTreeMap;

/// Requests of a world that are tried at most, unless told otherwise.
const REQUEST_COUNT_MAX: u64 = 3000;

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

/// A request of the world that the two decide differently, and whether all of them were tried.
fn difference(
    first: &(String, Policy),
    second: &(String, Policy),
    random: &mut Random,
) -> (Option<usize>, bool) {
    let count_max = setting("GATOS_PROVER_REQUESTS", REQUEST_COUNT_MAX);
    let count_max = usize::try_from(count_max).unwrap_or(usize::MAX);
    let world = World::of(&[&first.0, &second.0]);
    let size = world.size();
    let differs = |number: &usize| {
        let request = world.request(*number);
        decide(&first.1, &request).is_allow() != decide(&second.1, &request).is_allow()
    };
    if size <= count_max {
        return ((0..size).find(differs), true);
    }
    let mut drawn = (0..count_max).map(|_| random.below(size));
    (drawn.find(differs), false)
}

#[test]
fn verdicts_agree_with_enumeration() {
    let seed = setting("GATOS_PROVER_SEED", 1);
    let count = setting("GATOS_PROVER_PAIRS", 120);
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut enumerated_count = 0;
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
        let (found, is_enumerated) = difference(&first, &second, &mut random);
        enumerated_count += u64::from(is_enumerated);
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
    println!(
        "seed {seed}, {count} pairs, {enumerated_count} of them over every request: {counts:?}"
    );
    let too_deep = counts.iter().filter(|((_, word), _)| *word == "too deep");
    let too_deep: u64 = too_deep.map(|(_, count)| count).sum();
    assert!(too_deep * 100 <= count, "too many pairs without a verdict");
}
