//! Our decisions beside those of Cedar, regorus and CEL, on random rules and requests.
//!
//! Where every part of the request is there, all four mean the same, and no decision may differ. Where parts are missing
//! they do not: a peer skips a rule that it cannot decide, denials included, and we deny. Then we may be stricter,
//! only for that reason, and never more lenient; rules are without connectives there, since "not undefined" holds in
//! Rego and an error ends the expression in Cedar.
//!
//! Usage: `cargo test --release -- --nocapture`; pairs and seed from `GATOS_POLICY_PAIRS`, `GATOS_POLICY_SEED`.

use gatos_bench_policy::cedar::Cedar;
use gatos_bench_policy::cel::Cel;
use gatos_bench_policy::model::{Request, Rule};
use gatos_bench_policy::ours::{Ours, asked};
use gatos_bench_policy::random::{self, Chooser};
use gatos_bench_policy::rego::Rego;
use gatos_bench_policy::{Engine, twenty};
use gatos_policy::language::{Decision, DenyReason};

/// Requests asked under one set of rules: compiling Rego takes a millisecond.
const REQUESTS_PER_POLICY: u64 = 40;

#[test]
fn without_missing_parts_all_four_decide_alike() {
    let tally = compare("nothing missing", false, 0);
    assert_eq!(tally.stricter, 0, "we deny what a peer allows");
    tally.assert_shares(20);
}

#[test]
fn with_missing_parts_we_are_stricter_for_that_reason_alone() {
    let tally = compare("parts missing", true, 15);
    assert!(tally.stricter > 0, "the case never came up");
    tally.assert_shares(10);
}

#[test]
fn the_twenty_rules_that_are_timed_decide_alike() {
    let rules = twenty::rules();
    let mut tally = Tally::default();
    let requests = twenty::requests();
    let mut engines = Engines::new(&rules);
    for request in &requests {
        engines.ask(request, &rules, 0, &mut tally);
    }
    tally.print("twenty rules", 20);
    assert_eq!(tally.stricter, 0);
    tally.assert_shares(20);
}

#[derive(Default)]
struct Tally {
    pairs: u64,
    allows: u64,
    by_rule: u64,
    by_default: u64,
    unknown: u64,
    stricter: u64,
}

impl Tally {
    fn print(&self, what: &str, seed: u64) {
        let share = |count: u64| 100.0 * count as f64 / self.pairs as f64;
        println!(
            "{what}: seed {seed}, {} pairs with each of 3 engines: {:.1} % allow, {:.1} % deny by a rule, {:.1} % by default, \
             {:.1} % by something unknown; {} decisions of a peer are more lenient, for that reason",
            self.pairs,
            share(self.allows),
            share(self.by_rule),
            share(self.by_default),
            share(self.unknown),
            self.stricter,
        );
    }

    /// Both answers often enough, in percent.
    fn assert_shares(&self, least: u64) {
        let denies = self.pairs - self.allows;
        assert!(self.allows * 100 >= least * self.pairs, "too few allows");
        assert!(denies * 100 >= least * self.pairs, "too few denials");
    }
}

struct Engines {
    ours: Ours,
    cedar: Cedar,
    rego: Rego,
    cel: Cel,
}

impl Engines {
    fn new(rules: &[Rule]) -> Engines {
        Engines {
            ours: Ours::compile(&Ours::source(rules)),
            cedar: Cedar::compile(&Cedar::source(rules)),
            rego: Rego::compile(&Rego::source(rules)),
            cel: Cel::compile(&Cel::source(rules)),
        }
    }

    fn ask(&mut self, request: &Request, rules: &[Rule], seed: u64, tally: &mut Tally) {
        let decision = self.ours.policy.evaluate(&asked(request));
        tally.pairs += 1;
        let is_unknown = match &decision {
            Decision::Allow { .. } => {
                tally.allows += 1;
                false
            }
            Decision::Deny {
                reason: DenyReason::Unknown { .. },
                ..
            } => {
                tally.unknown += 1;
                true
            }
            Decision::Deny {
                reason: DenyReason::Rule,
                ..
            } => {
                tally.by_rule += 1;
                false
            }
            Decision::Deny { .. } => {
                tally.by_default += 1;
                false
            }
        };
        let answers = [
            (Cedar::NAME, ask(&mut self.cedar, request)),
            (Rego::NAME, ask(&mut self.rego, request)),
            (Cel::NAME, ask(&mut self.cel, request)),
        ];
        for (name, allows) in answers {
            if allows == decision.is_allow() {
                continue;
            }
            tally.stricter += 1;
            assert!(
                allows && is_unknown,
                "seed {seed}: {name} says {allows}, we say {decision:?}\n{request:#?}\n{}\n{}\n{}\n{}",
                Ours::source(rules),
                Cedar::source(rules),
                Rego::source(rules),
                Cel::source(rules),
            );
        }
    }
}

fn ask<E: Engine>(engine: &mut E, request: &Request) -> bool {
    let ready = engine.ready(request);
    engine.allows(&ready)
}

fn compare(what: &str, is_flat: bool, missing_percent: u64) -> Tally {
    let number = |name: &str, default: u64| {
        let text = std::env::var(name).ok();
        text.map_or(default, |text| text.parse().expect("a number"))
    };
    let pairs = number("GATOS_POLICY_PAIRS", 100_000);
    let seed = number("GATOS_POLICY_SEED", 1);
    let mut chooser = Chooser::new(seed);
    let mut tally = Tally::default();
    while tally.pairs < pairs {
        let rules = random::rules(&mut chooser, is_flat);
        let mut engines = Engines::new(&rules);
        for _ in 0..REQUESTS_PER_POLICY {
            let request = random::request(&mut chooser, missing_percent);
            engines.ask(&request, &rules, seed, &mut tally);
        }
    }
    tally.print(what, seed);
    tally
}
