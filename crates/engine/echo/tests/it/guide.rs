//! The code of `docs/guide/echo.md`, compiled and run; a test compares it with the page line by line.

use gatos_echo::bus::{BusConfig, Draft, Handler};
use gatos_echo::recording::{Recorder, RecorderOptions, Recording, TraceDepth};
use gatos_echo::replay::{Bisection, ReplayOptions, Verdict, bisect, explain, verify};
use gatos_echo::schedule::{Local, Observer, SetConfig, each_into, every_ticks, in_state};
use gatos_echo::schedule::{Phase, Query, Res, Schedule, Workers, each, system};
use gatos_echo::simulation::{Input, Manifest, Plugin, Registrar, Simulation, Version};
use gatos_echo::{Commands, On, Relation, Template};
use gatos_echo::{Registry, World, component};

#[derive(Clone, Copy)]
struct Position {
    x: f64,
    y: f64,
}
component!(Position = "position" { x: f64, y: f64 });

#[derive(Clone, Copy)]
struct Velocity {
    x: f64,
    y: f64,
}
component!(Velocity = "velocity" { x: f64, y: f64 });

#[derive(Clone, Copy, Default, PartialEq)]
struct Gravity(f64);
component!(Gravity = "gravity" { 0: f64 });

fn fall(mut bodies: Query<&mut Velocity>, gravity: Res<Gravity>) {
    bodies.for_each(|velocity| velocity.y -= gravity.0);
}

#[test]
#[rustfmt::skip] // The page breaks lines as a page does.
fn the_code_of_the_guide_runs() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::builder().with::<Position>().with::<Velocity>().with::<Gravity>().build()?;
    let mut world = World::new(&registry);
    let ball = world.spawn((Position { x: 0.0, y: 0.0 }, Velocity { x: 1.0, y: 2.0 }))?;
    world.for_each::<(&mut Position, &Velocity)>(|(position, velocity)| {
        position.x += velocity.x;
        position.y += velocity.y;
    })?;
    world.set_resource(Gravity(0.5))?;
    let mut schedule = Schedule::builder(&registry)
        .add(system("fall", fall).phase(Phase::Update))
        .add(each::<(&mut Position, &Velocity), ()>("move", |(position, velocity)| {
            position.x += velocity.x;
        }).after("fall"))
        .build()?;
    let workers = Workers::new(4);
    schedule.tick(&mut world, &workers)?;
    assert_eq!(world.get::<Position>(ball)?.x, 2.0);
    assert_eq!(world.get::<Velocity>(ball)?.y, 1.5);
    let wind = Handler::new("wind", Phase::PreUpdate, "gust", |context| {
        let strength = context.envelope.payload()[0];
        context.world.for_each::<&mut Velocity>(|velocity| velocity.x += f64::from(strength))
    });
    let mut stormy = Schedule::builder(&registry).bus(BusConfig::new().handler(wind)).build()?;
    stormy.emit(&mut world, Draft::new("gust", &[3]).phase(Phase::PreUpdate).after_ticks(1))?;
    stormy.tick(&mut world, &workers)?;
    assert_eq!(world.get::<Velocity>(ball)?.x, 1.0);
    stormy.tick(&mut world, &workers)?;
    assert_eq!(world.get::<Velocity>(ball)?.x, 4.0);
    let mut what_if = world.fork();          // constant time; what neither writes is shared
    schedule.tick(&mut what_if, &workers)?;
    assert_ne!(what_if.hash(), world.hash()); // BLAKE3 over everything, but only what was touched is read
    let bytes = what_if.save();              // canonical bytes
    let same = World::load(&registry, &bytes)?;
    assert_eq!(same.tick(), 4);
    Ok(())
}

#[derive(Clone, Copy)]
struct Wind(f64);
component!(Wind = "weather:wind" { 0: f64 });

struct Weather;

impl Plugin for Weather {
    fn manifest(&self) -> Manifest {
        Manifest::new("weather", Version::new(1, 0, 0)).needs("world:component")
    }

    #[rustfmt::skip] // The page puts the remark there.
    fn register(&self, registrar: &mut Registrar<'_>) {
        registrar.component::<Wind>(); // its name is `weather:wind`
        registrar.system(each::<&mut Wind, ()>("calm", |wind| wind.0 *= 0.5));
        registrar.setup(|world| world.spawn(Wind(8.0)).map(|_| ()));
    }
}

#[test]
#[rustfmt::skip] // The page breaks lines as a page does.
fn the_recordings_of_the_guide_are_replayed() -> Result<(), Box<dyn std::error::Error>> {
    let workers = Workers::inline();
    let build = || Simulation::builder().grant("world:component").plugin(Weather).build();
    let mut simulation = build()?;
    simulation.step(&[Input::Emit(Draft::new("gust", &[3]))], &workers)?;
    let options = RecorderOptions { key_frame_ticks: 100, trace: TraceDepth::Values };
    let mut recorder = Recorder::begin(Vec::new(), &mut simulation, &[], options)?;
    for _ in 0..10 {
        recorder.step(&mut simulation, &[], &workers)?;
    }
    let bytes = recorder.finish()?;
    let recording = Recording::read(&bytes)?;
    let mut again = build()?;
    let verdict = verify(&mut again, &recording, ReplayOptions::default(), &Workers::new(2), &mut |_| ())?;
    assert_eq!(verdict, Verdict::Identical { ticks: 10 });
    let other = Recording::read(&bytes)?;
    match bisect(&recording, &other)? {
        Bisection::Identical { ticks, .. } => assert_eq!(ticks, 10),
        Bisection::Different(found) => drop(explain(&mut again, &recording, &other, &found, &workers)?),
    }
    Ok(())
}

fn pulse(mut own: Local<Gravity>, commands: &mut Commands) {
    own.0 += 1.0;
    if own.0 == 2.0 {
        commands.spawn((Position { x: 0.0, y: 0.0 }, Velocity { x: 0.0, y: 0.0 }));
    }
}

struct Follows;
impl Relation for Follows {
    const NAME: &'static str = "follows";
}

#[test]
#[rustfmt::skip] // The page breaks lines as a page does.
fn the_code_about_sets_sums_and_observers_runs() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::builder().with::<Position>().with::<Velocity>().with::<Gravity>().build()?;
    let mut world = World::new(&registry);
    world.set_resource(Gravity(0.5))?;
    let workers = Workers::new(2);
    let settle = Observer::new::<Velocity, String>("settle", On::Add, |context| {
        context.commands.insert(context.entity, Position { x: 5.0, y: 5.0 });
        Ok(())
    });
    let mut rules = Schedule::builder(&registry)
        .add(system("pulse", pulse).in_set("life").run_if(in_state(Gravity(0.5))))
        .add(each_into::<&Position, (), Gravity>("weigh", |position, sum| sum.0 += position.x, |total, sum| total.0 += sum.0))
        .set(SetConfig::new("life").before("weigh").run_if(every_ticks(1)))
        .observe(settle)
        .build()?;
    rules.tick(&mut world, &workers)?;
    rules.tick(&mut world, &workers)?;
    rules.tick(&mut world, &workers)?;
    assert_eq!(world.resource::<Gravity>()?.0, 5.5);
    let related = Registry::builder().with::<Velocity>().with_relation::<Follows>().build()?;
    let mut pack = World::new(&related);
    let wolf = Template::new(Velocity { x: 1.0, y: 0.0 });
    let (first, second) = (wolf.spawn(&mut pack)?, wolf.spawn(&mut pack)?);
    pack.link::<Follows>(second, first)?;
    assert_eq!(pack.target::<Follows>(second), Some(first));
    Ok(())
}

#[test]
fn the_guide_shows_only_code_that_runs() {
    let page = include_str!("../../../../../docs/guide/echo.md");
    let code = include_str!("guide.rs");
    let lines: Vec<&str> = code.lines().map(str::trim).collect();
    let mut shown = 0;
    for block in page.split("```rust\n").skip(1) {
        let block = block.split("```").next().expect("a block ends");
        for line in block.lines().map(str::trim).filter(|line| !line.is_empty()) {
            assert!(lines.contains(&line), "`{line}` is not in guide.rs");
            shown += 1;
        }
    }
    assert!(shown > 30, "{shown}");
}
