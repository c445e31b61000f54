//! Simulations: steps, inputs, scripts behind their seam, branches.

use crate::parts::Health;
use gatos_echo::World;
use gatos_echo::bus::{Draft, Handler};
use gatos_echo::schedule::{Phase, Query, Step, TickError, Watch, Workers, each, system};
use gatos_echo::simulation::{
    BranchError, Input, Moment, ScriptError, ScriptHost, ScriptView, Simulation,
};
use gatos_values::Blake3Digest;

/// A host whose one script keeps a number and writes it down.
#[derive(Clone)]
struct Counter {
    /// How much is added at each call; the code, as it were.
    step: u8,
    count: u64,
    log: Vec<String>,
}

impl Counter {
    fn new() -> Counter {
        Counter {
            step: 1,
            count: 0,
            log: Vec::new(),
        }
    }

    fn fail(reason: &str) -> ScriptError {
        ScriptError {
            script: "counter".into(),
            reason: reason.into(),
        }
    }
}

impl ScriptHost for Counter {
    fn roots(&self) -> Vec<(String, Blake3Digest)> {
        vec![("counter".into(), Blake3Digest::of(&[self.step]))]
    }

    fn hears(&self, phase: Phase, kind: &str) -> bool {
        (phase, kind) == (Phase::Update, "hello")
    }

    fn call(&mut self, moment: Moment<'_>, view: &mut ScriptView<'_>) -> Result<(), ScriptError> {
        self.count += u64::from(self.step);
        match moment {
            Moment::Start => {
                view.commands().spawn(Health(100));
                self.log.push("start".into());
            }
            Moment::Phase(Phase::Update) => {
                let mut rng = view.generator("counter");
                let drawn = rng.next_u32();
                view.count_draws(rng.draws());
                view.commands().spawn(Health(drawn % 10));
                if view.world().tick() == 2 {
                    view.post("counter")
                        .emit(Draft::new("hello", &[7]).after_ticks(1));
                }
                self.log.push(format!("update {}", view.world().len()));
            }
            Moment::Phase(_) => {}
            Moment::Event(envelope) => {
                view.commands().spawn(Health(envelope.payload()[0].into()));
                self.log.push(format!("heard {}", envelope.source()));
                if envelope.payload()[0] == 13 {
                    return Err(Counter::fail(
                        "13 is too much\nstack traceback:\n\tcounter:1",
                    ));
                }
            }
            Moment::Stop => self.log.push("stop".into()),
        }
        Ok(())
    }

    fn reload(&mut self, script: &str, code: &[u8]) -> Result<(), ScriptError> {
        match (script, code) {
            ("counter", [step]) => {
                self.step = *step;
                Ok(())
            }
            _ => Err(Counter::fail("no code")),
        }
    }

    fn fork(&self) -> Box<dyn ScriptHost> {
        Box::new(self.clone())
    }

    fn save(&mut self) -> Vec<u8> {
        let mut bytes = vec![self.step];
        bytes.extend(self.count.to_le_bytes());
        bytes
    }

    fn load(&self, bytes: &[u8]) -> Result<Box<dyn ScriptHost>, String> {
        let (step, count) = bytes.split_first().ok_or("no state")?;
        let count = count.try_into().map_err(|_| "not eight bytes")?;
        Ok(Box::new(Counter {
            step: *step,
            count: u64::from_le_bytes(count),
            log: Vec::new(),
        }))
    }

    fn hash(&mut self) -> Blake3Digest {
        Blake3Digest::of(&self.save())
    }
}

fn simulation(has_scripts: bool) -> Simulation {
    let mut builder = Simulation::builder()
        .component::<Health>()
        .system(each::<&mut Health, ()>("heal", |health| health.0 += 1))
        .bus(gatos_echo::bus::BusConfig::new().handler(Handler::new(
            "greet",
            Phase::Update,
            "hello",
            |context| context.world.spawn(Health(1000)).map(|_| ()),
        )));
    if has_scripts {
        builder = builder.scripts(|_| Ok(Box::new(Counter::new())));
    }
    builder.build().expect("the parts fit together")
}

fn emit(value: u8) -> Input {
    Input::Emit(Draft::new("hello", &[value]))
}

/// All healths, in canonical order.
fn healths(world: &mut World) -> Vec<u32> {
    let mut healths = Vec::new();
    world
        .for_each::<&Health>(|health| healths.push(health.0))
        .expect("a query");
    healths
}

#[test]
fn scripts_are_called_at_their_moments_and_their_wishes_come_before_those_of_systems() {
    let mut simulation = simulation(true);
    let workers = Workers::inline();
    let report = simulation.step(&[], &workers).expect("a tick");
    assert_eq!((report.commands, report.draws), (2, 1));
    assert_eq!(simulation.world().len(), 2);
    let report = simulation.step(&[emit(7)], &workers).expect("a tick");
    // The handler's entity, the script's at the event, the script's in the update.
    assert_eq!(report.commands, 2);
    assert_eq!((report.delivered, report.unheard), (1, 0));
    let healths = healths(simulation.world_mut());
    assert_eq!(healths[0], 102, "spawned at the start, healed twice");
    // What came before the systems of the phase was healed in it.
    assert_eq!(healths[2..4], [1001, 8]);
    assert_eq!(healths.len(), 5);
}

#[test]
fn inputs_and_scripts_are_taken_back_when_a_tick_fails() {
    let mut simulation = simulation(true);
    let workers = Workers::inline();
    simulation.step(&[], &workers).expect("a tick");
    let before = simulation.hash();
    let bytes = simulation.save();
    let error = simulation.step(&[emit(1), emit(13)], &workers).unwrap_err();
    assert!(error.to_string().contains("stack traceback"), "{error}");
    let no_code = Input::Reload {
        script: "nobody".into(),
        code: vec![2],
    };
    let reload = Input::Reload {
        script: "counter".into(),
        code: vec![2],
    };
    let error = simulation.step(&[emit(1), reload, no_code], &workers);
    assert_eq!(
        error.unwrap_err().to_string(),
        "input 2 of tick 1: the script `counter` gave up: no code"
    );
    let forbidden = Input::Emit(Draft::new("hello", &[1]).capability("fly"));
    let error = simulation.step(&[emit(1), forbidden], &workers);
    assert_eq!(
        error.unwrap_err().to_string(),
        "input 1 of tick 1: ERR_CAPABILITY_DENIED: `input` has no `fly` for `hello`"
    );
    let error = simulation.step(&[Input::Stop, emit(1)], &workers);
    assert_eq!(
        error.unwrap_err().to_string(),
        "input 1 of tick 1 comes after the stop"
    );
    assert_eq!(simulation.hash(), before);
    assert_eq!(simulation.save(), bytes);
}

#[test]
fn code_that_is_reloaded_runs_from_that_tick_on() {
    let mut one = simulation(true);
    let mut other = simulation(true);
    let workers = Workers::inline();
    assert_eq!(one.script_roots()[0].1, Blake3Digest::of(&[1]));
    let reload = Input::Reload {
        script: "counter".into(),
        code: vec![5],
    };
    one.step(&[reload], &workers).expect("a tick");
    other.step(&[], &workers).expect("a tick");
    assert_eq!(one.script_roots()[0].1, Blake3Digest::of(&[5]));
    assert_ne!(one.hash(), other.hash());
    let (mut one, mut other) = (one.fork(), other.fork());
    assert_ne!(one.hash(), other.hash());
    let mut bare = simulation(false);
    let reload = Input::Reload {
        script: "counter".into(),
        code: vec![5],
    };
    assert_eq!(
        bare.step(&[reload], &workers).unwrap_err().to_string(),
        "input 0 of tick 0: the world has no scripts"
    );
}

/// `ops1 · save · load · ops2 = ops1 · ops2` at every tick boundary, and so with forks.
#[test]
fn saving_loading_and_forking_between_steps_never_shows() {
    let workers = Workers::inline();
    for has_scripts in [false, true] {
        let inputs = |tick: u64| -> Vec<Input> {
            match tick {
                1 | 4 => vec![emit(7), emit(2)],
                6 => vec![Input::Stop],
                _ => Vec::new(),
            }
        };
        let mut straight = simulation(has_scripts);
        let mut roots = Vec::new();
        for tick in 0..7 {
            straight.step(&inputs(tick), &workers).expect("a tick");
            roots.push(straight.hash());
        }
        for boundary in 0..7 {
            for is_saved in [false, true] {
                let mut first = simulation(has_scripts);
                for tick in 0..boundary {
                    first.step(&inputs(tick), &workers).expect("a tick");
                }
                let branch = if is_saved {
                    let bytes = first.save();
                    let mut branch = first.load(&bytes).expect("what was saved");
                    assert_eq!(branch.save(), bytes);
                    branch
                } else {
                    first.fork()
                };
                let mut second = simulation(has_scripts);
                second.switch(branch).expect("a branch of the same");
                for tick in boundary..7 {
                    second.step(&inputs(tick), &workers).expect("a tick");
                    assert_eq!(second.hash(), roots[tick as usize]);
                }
            }
        }
    }
}

#[test]
fn branches_of_others_and_broken_bytes_are_refused() {
    let mut with = simulation(true);
    let mut without = simulation(false);
    let other = Simulation::builder().build().expect("no parts");
    let foreign = |reason| BranchError::Foreign { reason };
    let no_scripts = foreign("one has scripts and the other none");
    assert_eq!(with.switch(without.fork()).err(), Some(no_scripts.clone()));
    assert_eq!(with.load(&without.save()).err(), Some(no_scripts.clone()));
    assert_eq!(without.load(&with.save()).err(), Some(no_scripts));
    assert_eq!(
        with.switch(other.fork()).err(),
        Some(foreign("it has other components"))
    );
    let bytes = with.save();
    for cut in 0..bytes.len() {
        assert!(with.load(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    let mut longer = without.save();
    longer.push(0);
    assert!(without.load(&longer).is_err());
}

/// Somebody who writes down what he sees.
#[derive(Default)]
struct Witness(Vec<String>);

impl Watch for Witness {
    fn done(&mut self, phase: Phase, step: Step<'_>, world: &World) {
        let name = match step {
            Step::Begin => return,
            Step::Handler { handler, .. } => handler.to_string(),
            Step::Event { .. } => "event".to_string(),
            Step::Scripts { .. } => "scripts".to_string(),
            Step::Systems(systems) => systems.iter().map(|ran| ran.name).collect::<String>(),
            Step::Reduced { source } => format!("commands of {source}"),
        };
        self.0.push(format!("{phase} {name} {}", world.len()));
    }
}

#[test]
fn a_watcher_sees_every_step_and_changes_nothing() {
    let inputs = [emit(7)];
    for workers in [Workers::inline(), Workers::new(2).always()] {
        let mut watched = simulation(true);
        let mut alone = simulation(true);
        let mut witness = Witness::default();
        for _ in 0..3 {
            witness.0.clear();
            watched
                .step_watched(&inputs, &workers, &mut witness)
                .expect("a tick");
            alone.step(&inputs, &workers).expect("a tick");
            assert_eq!(watched.hash(), alone.hash());
        }
        assert_eq!(
            witness.0,
            [
                "pre_update scripts 7",
                "pre_update commands of scripts 7",
                "update greet 8",
                "update event 9",
                "update scripts 9",
                "update heal 9",
                "update commands of scripts 10",
                "post_update scripts 10",
                "post_update commands of scripts 10",
            ]
        );
    }
}

#[test]
fn a_system_that_stops_the_tick_leaves_the_branch_as_it_was() {
    let mut simulation = Simulation::builder()
        .component::<Health>()
        .system(system("fail", |mut healths: Query<&mut Health>| {
            healths.for_each(|health| health.0 += 1);
            Err::<(), &str>("enough")
        }))
        .setup(|world| world.spawn(Health(1)).map(|_| ()))
        .build()
        .expect("the parts fit together");
    let before = simulation.hash();
    let error = simulation.step(&[], &Workers::inline()).unwrap_err();
    assert!(matches!(
        error,
        gatos_echo::simulation::StepError::Tick(TickError::System { .. })
    ));
    assert_eq!(simulation.hash(), before);
}
