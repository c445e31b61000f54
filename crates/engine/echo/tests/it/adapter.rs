//! Adapters: a broad phase on threads of its own, and what is refused.

use gatos_echo::adapter::{Adapter, Submissions, adapter};
use gatos_echo::bus::Post;
use gatos_echo::schedule::{Phase, Signature, SystemView, Workers, each};
use gatos_echo::simulation::Simulation;
use gatos_echo::{Commands, Entity, component};
use std::sync::mpsc;

/// A box that moves along one axis; its other sides do not matter here.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    start: f32,
    end: f32,
}
component!(Span = "span" { start: f32, end: f32 });

#[derive(Clone, Copy, Debug, PartialEq)]
struct Contact {
    first: Entity,
    second: Entity,
    depth: f32,
    tick: u32,
}
component!(Contact = "contact" { first: Entity, second: Entity, depth: f32, tick: u32 });

/// Sweep and prune: spans sorted by start, cut into strips, each swept by a thread.
struct BroadPhase {
    threads: usize,
    /// Whether pairs over the border of two strips are submitted by both.
    is_sloppy: bool,
}

impl BroadPhase {
    /// The pairs whose first span lies in the strip.
    fn sweep(
        spans: &[(Entity, Span)],
        strip: std::ops::Range<usize>,
    ) -> Vec<(Entity, Entity, f32)> {
        let mut pairs = Vec::new();
        for index in strip {
            let (entity, span) = spans[index];
            let overlapping = spans[index + 1..]
                .iter()
                .take_while(|(_, other)| other.start <= span.end);
            for (other, other_span) in overlapping {
                let depth = span.end.min(other_span.end) - other_span.start;
                pairs.push((entity.min(*other), entity.max(*other), depth));
            }
        }
        pairs
    }
}

impl Adapter for BroadPhase {
    type Key = (Entity, Entity);
    type Value = (f32, u32);

    fn signature(&self) -> Signature {
        Signature {
            reads: vec!["span".into()],
            ..Signature::default()
        }
    }

    fn work(
        &self,
        view: &mut SystemView<'_>,
        records: &mut Submissions<(Entity, Entity), (f32, u32)>,
    ) -> Result<(), String> {
        let mut spans: Vec<(Entity, Span)> = Vec::new();
        let read = view.read_each::<(Entity, &Span)>(|(entity, span)| spans.push((entity, *span)));
        read.map_err(|error| error.to_string())?;
        spans.sort_by(|(left, one), (right, other)| {
            one.start.total_cmp(&other.start).then(left.cmp(right))
        });
        let tick = view.tick() as u32;
        let strip = spans.len().div_ceil(self.threads).max(1);
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            for number in 0..self.threads {
                let (sender, spans) = (sender.clone(), &spans);
                let start = (number * strip).min(spans.len());
                let reach = if self.is_sloppy { 5 } else { 0 };
                let end = ((number + 1) * strip + reach).min(spans.len());
                scope.spawn(move || {
                    for (first, second, depth) in BroadPhase::sweep(spans, start..end) {
                        // Pairs arrive as the threads come by.
                        sender.send(((first, second), (depth, tick))).ok();
                    }
                });
            }
            drop(sender);
            records.extend(receiver);
        });
        Ok(())
    }

    fn commit(
        &self,
        (first, second): &(Entity, Entity),
        (depth, tick): (f32, u32),
        commands: &mut Commands,
        _: &mut Post,
    ) {
        let (first, second) = (*first, *second);
        commands.spawn(Contact {
            first,
            second,
            depth,
            tick,
        });
    }
}

fn simulation(threads: usize, is_sloppy: bool) -> Simulation {
    Simulation::builder()
        .component::<Span>()
        .component::<Contact>()
        .system(each::<&mut Span, ()>("drift", |span| {
            let speed = 0.25 + (span.end - span.start) * 0.125;
            span.start += speed;
            span.end += speed;
        }))
        .system(adapter("broad_phase", BroadPhase { threads, is_sloppy }).phase(Phase::PostUpdate))
        .setup(|world| {
            let spans = (0..60_u16).map(|index| {
                let start = f32::from(index * 37 % 60);
                Span {
                    start,
                    end: start + 0.5 + f32::from(index % 3),
                }
            });
            world.spawn_batch(spans).map(|_| ())
        })
        .build()
        .expect("the parts fit together")
}

#[test]
fn records_are_committed_by_key_whatever_the_threads() {
    let mut roots = Vec::new();
    for threads in [1, 2, 3, 4, 8] {
        let mut simulation = simulation(threads, false);
        for _ in 0..5 {
            let report = simulation.step(&[], &Workers::inline()).expect("a tick");
            assert!(report.commands > 20, "{} contacts", report.commands);
        }
        roots.push(simulation.hash());
    }
    roots.dedup();
    assert_eq!(roots.len(), 1);
    // By all pairs, in order.
    let mut simulation = simulation(3, false);
    simulation.step(&[], &Workers::inline()).expect("a tick");
    let (mut spans, mut contacts) = (Vec::new(), Vec::new());
    let world = simulation.world_mut();
    world
        .for_each::<(Entity, &Span)>(|(entity, span)| spans.push((entity, *span)))
        .expect("a query");
    world
        .for_each::<&Contact>(|contact| contacts.push((contact.first, contact.second)))
        .expect("a query");
    let mut expected = Vec::new();
    for (first, one) in &spans {
        for (second, other) in &spans {
            if first < second && one.start <= other.end && other.start <= one.end {
                expected.push((*first, *second));
            }
        }
    }
    assert_eq!(contacts, expected);
}

#[test]
fn a_key_that_comes_twice_is_refused() {
    let mut simulation = simulation(4, true);
    let before = simulation.hash();
    let error = simulation
        .step(&[], &Workers::inline())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with(
            "the system `broad_phase` stopped the tick in post_update: ERR_ADAPTER_DUPLICATE: the key `("
        ),
        "{error}"
    );
    assert_eq!(simulation.hash(), before);
}
