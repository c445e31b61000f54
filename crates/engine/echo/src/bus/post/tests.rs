//! Many drafts handed in together, against one after the other: the same world, or the same refusal.

use super::Post;
use crate::bus::{BusConfig, BusError, Courier, Draft, Lane, Overflow, PostReport};
use crate::schedule::{Hooks, Phase};
use crate::world::World;
use crate::{Registry, bus};
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_numbers::Pcg32;

fn world() -> World {
    World::new(&Registry::builder().build().expect("the engine's own"))
}

/// Drafts as a seed has them: a few lanes and delays, or many, and with a chance of one in so many something rare.
fn drafts(seed: u64, count: usize, delays: u64, rare_one_in: u64) -> Vec<Draft> {
    let mut dice = Pcg32::new(seed, 1);
    let mut roll = |bound: u64| dice.bounded_u64(bound).expect("not zero");
    let draft = |number: usize| {
        let phase = [Phase::PreUpdate, Phase::Update, Phase::PostUpdate][roll(3) as usize];
        let draft = Draft::new("work", &number.to_le_bytes()[..roll(9) as usize]);
        let draft = draft.phase(phase).lane(Lane::ALL[roll(2) as usize]);
        let draft = draft.after_ticks(roll(delays));
        match roll(rare_one_in) {
            0 => draft.weight(3),
            _ => draft,
        }
    };
    (0..count).map(draft).collect()
}

fn post_of(drafts: &[Draft]) -> Post {
    let mut post = Post::default();
    drafts.iter().for_each(|draft| post.emit(draft.clone()));
    post
}

/// What is left of a world that is handed the drafts, all together or one by one, or why it was not.
fn handed_in(
    config: &BusConfig,
    drafts: &[Draft],
    phase: Option<Phase>,
    is_one_by_one: bool,
) -> Result<(Vec<u8>, Vec<bus::Drop>), BusError> {
    let (mut world, mut report, mut hooks) = (world(), PostReport::default(), Hooks::none());
    let source = Arc::from("somebody");
    // Something waits there already, and a fork has it too.
    let mut courier = Courier::new(config, &mut world, phase, &mut report, &mut hooks);
    for number in 0..40u64 {
        courier.accept(&source, Draft::new("before", &number.to_le_bytes()))?;
    }
    let fork = courier.world.fork();
    let before = fork.save();
    if is_one_by_one {
        for draft in drafts {
            courier.accept(&source, draft.clone())?;
        }
    } else {
        courier.accept_all(&source, post_of(drafts))?;
    }
    assert_eq!(fork.save(), before);
    Ok((world.save(), report.dropped))
}

fn assert_alike(config: &BusConfig, drafts: &[Draft], phase: Option<Phase>) {
    let together = handed_in(config, drafts, phase, false);
    assert_eq!(together, handed_in(config, drafts, phase, true));
}

#[test]
fn many_together_are_one_after_the_other() {
    let config = BusConfig::new();
    for (seed, count) in (0..).zip([0, 1, 15, 16, 17, 18, 80, 81, 150, 700]) {
        for phase in [None, Some(Phase::PreUpdate), Some(Phase::Update)] {
            // Few lanes, two delays that may meet in one tick, so many that they are a list, now and then something rare.
            assert_alike(&config, &drafts(seed, count, 1, u64::MAX), phase);
            assert_alike(&config, &drafts(seed, count, 2, u64::MAX), phase);
            assert_alike(&config, &drafts(seed, count, 50, u64::MAX), phase);
            assert_alike(&config, &drafts(seed, count, 2, 60), phase);
        }
    }
}

#[test]
fn full_lanes_do_the_same_to_many_together() {
    for overflow in [Overflow::Throw, Overflow::DropOldest, Overflow::DropNewest] {
        for capacity in [0, 1, 30, 60, 99, 1_000] {
            let config = BusConfig::new()
                .lane(Phase::Update, Lane::Normal, capacity, overflow)
                .lane(Phase::PostUpdate, Lane::Priority, capacity, overflow);
            // What waits before must fit.
            if capacity < 40 && overflow == Overflow::Throw {
                continue;
            }
            assert_alike(
                &config,
                &drafts(7, 400, 1, u64::MAX),
                Some(Phase::PreUpdate),
            );
        }
    }
}

#[test]
fn what_breaks_a_rule_is_refused_among_many() {
    let config = BusConfig::new();
    for place in [0, 15, 16, 40, 99] {
        let mut drafts = drafts(3, 100, 1, u64::MAX);
        drafts[place] = Draft::new("", b"");
        let refused = handed_in(&config, &drafts, None, false);
        assert!(matches!(refused, Err(BusError::Invalid { .. })));
        assert_eq!(refused, handed_in(&config, &drafts, None, true));
        drafts[place] = Draft::new("work", b"").capability("rule");
        let refused = handed_in(&config, &drafts, None, false);
        assert!(matches!(refused, Err(BusError::Denied { .. })));
        assert_eq!(refused, handed_in(&config, &drafts, None, true));
    }
}

#[test]
fn a_list_of_runs_has_the_order_of_emission() {
    for rare_one_in in [u64::MAX, 50] {
        let drafts = drafts(5, 500, 3, rare_one_in);
        let post = post_of(&drafts);
        assert_eq!(post.runs().is_empty(), rare_one_in == 50);
        assert_eq!(post.len(), 500);
        assert_eq!(post.into_list(), drafts);
    }
}
