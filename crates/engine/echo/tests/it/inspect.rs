//! Inspection: exact times from a clock that counts, queues, and a tick that does not notice.

use crate::parts::Health;
use gatos_echo::Commands;
use gatos_echo::bus::{BusConfig, Draft, Handler, Lane};
use gatos_echo::inspect::{Clock, Inspector, Latency, QueueLen};
use gatos_echo::recording::{Recorder, RecorderOptions, TraceDepth};
use gatos_echo::replay::StepKind;
use gatos_echo::schedule::{Phase, Tick, Workers, each, system};
use gatos_echo::simulation::{Input, Simulation};
use std::cell::Cell;

/// Every look at it takes a thousand nanoseconds.
struct Counting(Cell<u64>);

impl Clock for Counting {
    fn now_ns(&self) -> u64 {
        self.0.set(self.0.get() + 1000);
        self.0.get()
    }
}

fn simulation() -> Simulation {
    let greet = Handler::new("greet", Phase::Update, "hello", |context| {
        context.world.spawn(Health(1)).map(|_| ())
    });
    Simulation::builder()
        .component::<Health>()
        .bus(BusConfig::new().handler(greet))
        .system(each::<&mut Health, ()>("heal", |health| health.0 += 1))
        .system(system("count", |_: Tick, commands: &mut Commands| {
            commands.spawn(Health(9));
        }))
        .build()
        .expect("the parts fit together")
}

fn inputs(tick: u64) -> Vec<Input> {
    let hello = Draft::new("hello", &[]);
    match tick {
        0 => vec![
            Input::Emit(hello.clone()),
            Input::Emit(hello.clone()),
            Input::Emit(hello.after_ticks(5)),
        ],
        _ => Vec::new(),
    }
}

#[test]
fn inspection_tells_times_queues_and_latencies() {
    let clock = Counting(Cell::new(0));
    let mut inspector = Inspector::new(&clock);
    let mut simulation = simulation();
    simulation
        .step_watched(&inputs(0), &Workers::inline(), &mut inspector)
        .expect("a tick");
    let tick = inspector.take(simulation.world());
    assert_eq!((tick.tick, tick.entities), (0, 3));
    let steps: Vec<(StepKind, String, u64, u64)> = tick
        .steps
        .iter()
        .map(|step| (step.kind, step.names.join("+"), step.count, step.time_ns))
        .collect();
    assert_eq!(
        steps,
        [
            (StepKind::Handler, "greet".into(), 2, 2000),
            (StepKind::System, "count".into(), 1, 1000),
            (StepKind::System, "heal".into(), 1, 1000),
            (StepKind::Reduced, "count".into(), 1, 1000),
        ]
    );
    assert_eq!(tick.time_ns(), 5000);
    let queue = QueueLen {
        phase: Phase::Update,
        lane: Lane::Normal,
        at_begin: 3,
        at_end: 1,
    };
    assert_eq!(tick.queues, [queue]);
    let latency = Latency {
        kind: "hello".into(),
        heard: 2,
        late_ticks_max: 0,
    };
    assert_eq!(tick.latencies, [latency]);
    // Side by side they share a time.
    let workers = Workers::new(2).always();
    simulation
        .step_watched(&[], &workers, &mut inspector)
        .expect("a tick");
    let tick = inspector.take(simulation.world());
    assert_eq!(tick.tick, 1);
    assert_eq!(tick.steps[0].names, ["count", "heal"]);
    assert!(tick.latencies.is_empty());
}

#[test]
fn a_tick_that_is_inspected_gives_what_it_gives_alone() {
    let clock = Counting(Cell::new(0));
    for trace in [TraceDepth::None, TraceDepth::Values] {
        for workers in [Workers::inline(), Workers::new(3).always()] {
            let options = RecorderOptions {
                key_frame_ticks: 2,
                trace,
            };
            let recordings = [false, true].map(|is_inspected| {
                let mut simulation = simulation();
                let begun = Recorder::begin(Vec::new(), &mut simulation, &[], options);
                let mut recorder = begun.expect("a beginning");
                let mut inspector = Inspector::new(&clock);
                for tick in 0..8 {
                    let inputs = inputs(tick);
                    if is_inspected {
                        let watch: &mut dyn gatos_echo::schedule::Watch = &mut inspector;
                        recorder
                            .step_watched(&mut simulation, &inputs, &workers, Some(watch))
                            .expect("a tick");
                        assert!(inspector.take(simulation.world()).time_ns() > 0);
                    } else {
                        recorder
                            .step(&mut simulation, &inputs, &workers)
                            .expect("a tick");
                    }
                }
                recorder.finish().expect("an end")
            });
            assert_eq!(recordings[0], recordings[1]);
        }
    }
}
