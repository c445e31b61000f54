//! Plugins: who is loaded, in which order, under which names, and who is refused.

use crate::parts::{Health, Position};
use gatos_echo::bus::{Draft, Handler};
use gatos_echo::schedule::{Observer, Phase, ScheduleError, SetConfig, Workers, each, system};
use gatos_echo::simulation::{
    BuildError, Input, Manifest, Plugin, PluginError, Registrar, Simulation, Version,
};
use gatos_echo::{On, Relation, component};

#[derive(Clone, Copy, Debug, PartialEq)]
struct Age(u32);
component!(Age = "garden:age" { 0: u32 });

#[derive(Clone, Copy, Debug, PartialEq)]
struct Length(u32);
component!(Length = "river.delta:length" { 0: u32 });

/// A plugin made of closures.
struct Custom<R> {
    manifest: Manifest,
    register: R,
}

impl<R: Fn(&mut Registrar<'_>) + Send + Sync> Plugin for Custom<R> {
    fn manifest(&self) -> Manifest {
        self.manifest.clone()
    }

    fn register(&self, registrar: &mut Registrar<'_>) {
        (self.register)(registrar);
    }
}

fn plugin<R: Fn(&mut Registrar<'_>) + Send + Sync>(id: &str, register: R) -> Custom<R> {
    Custom {
        manifest: Manifest::new(id, Version::new(1, 2, 3)),
        register,
    }
}

fn garden() -> impl Plugin {
    plugin("garden", |registrar| {
        registrar.component::<Age>();
        registrar.system(each::<&mut Age, ()>("grow", |age| age.0 += 1).before("prune"));
        registrar.system(each::<&mut Age, ()>("prune", |age| age.0 = age.0.min(5)));
        registrar.handler(Handler::new("plant", Phase::Update, "seed", |context| {
            context.world.spawn(Age(0)).map(|_| ())
        }));
        registrar.setup(|world| world.spawn_batch([Age(3), Age(4)]).map(|_| ()));
    })
}

fn river() -> impl Plugin {
    plugin("river.delta", |registrar| {
        registrar.component::<Length>();
        registrar.system(system("flow", || {}).after("garden:grow"));
        registrar.setup(|world| world.spawn(Length(9)).map(|_| ()));
    })
}

#[test]
fn names_carry_the_plugins_id_and_the_order_of_adding_is_nothing() {
    let mut one = Simulation::builder().plugin(garden()).plugin(river());
    let mut other = Simulation::builder().plugin(river()).plugin(garden());
    one = one.component::<Health>().component::<Position>();
    other = other.component::<Position>().component::<Health>();
    let mut one = one.build().expect("the plugins fit together");
    let mut other = other.build().expect("the plugins fit together");
    let systems: Vec<&str> = one.schedule().systems(Phase::Update).collect();
    assert_eq!(systems, ["garden:grow", "garden:prune", "river.delta:flow"]);
    let ids: Vec<&str> = one.manifests().iter().map(Manifest::id).collect();
    assert_eq!(ids, ["garden", "river.delta"]);
    assert_eq!(one.identity(), other.identity());
    assert_eq!(one.hash(), other.hash());
    let seed = [Input::Emit(Draft::new("seed", &[]))];
    for _ in 0..4 {
        one.step(&seed, &Workers::inline()).expect("a tick");
        other.step(&seed, &Workers::new(2)).expect("a tick");
        assert_eq!(one.hash(), other.hash());
    }
    assert_eq!(one.world().len(), 7);
}

/// Whatever a manifest says is in the digest.
#[test]
fn every_part_of_a_manifest_is_in_the_digest_of_plugins() {
    let base = || Manifest::new("garden", Version::new(1, 2, 3));
    let with = |manifest: Manifest| {
        let plugin = Custom {
            manifest,
            register: |_: &mut Registrar<'_>| {},
        };
        let simulation = Simulation::builder()
            .grant("world:entity")
            .plugin(plugin)
            .build()
            .expect("a plugin that brings nothing");
        simulation.identity().plugins
    };
    let mut digests = vec![
        with(base()),
        with(base().needs("world:entity")),
        with(Manifest::new("gardens", Version::new(1, 2, 3))),
        with(Manifest::new("garden", Version::new(1, 2, 4))),
        with(Manifest::new("garden", Version::new(1, 3, 3))),
        with(Manifest::new("garden", Version::new(2, 2, 3))),
    ];
    assert_eq!(digests[0], with(base()));
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 6);
}

#[test]
fn plugins_that_cannot_be_loaded_are_refused_with_their_names() {
    let refused = |builder: gatos_echo::simulation::SimulationBuilder| match builder.build() {
        Ok(_) => String::from("loaded"),
        Err(error) => error.to_string(),
    };
    let bare = |manifest: Manifest| Custom {
        manifest,
        register: |_: &mut Registrar<'_>| {},
    };
    let manifest = |id: &str| Manifest::new(id, Version::new(1, 2, 3));
    let rows: [(gatos_echo::simulation::SimulationBuilder, &str); 8] = [
        (
            Simulation::builder().plugin(bare(manifest("Garden"))),
            "`Garden` is no id of a plugin: words of `a-z0-9_` that begin with a letter, joined by dots, 64 bytes at most",
        ),
        (
            Simulation::builder().plugin(bare(manifest("echo"))),
            "`echo` is no id of a plugin: words of `a-z0-9_` that begin with a letter, joined by dots, 64 bytes at most",
        ),
        (
            Simulation::builder()
                .plugin(bare(Manifest::new("garden", Version::new(0, 9, 0))))
                .plugin(garden()),
            "the plugin `garden` is there twice, as 0.9.0 and 1.2.3",
        ),
        (
            Simulation::builder().plugin(bare(manifest("garden").api_version(7))),
            "the plugin `garden` was written for version 7 of the API, this is 1",
        ),
        (
            Simulation::builder().grant("world:entity").plugin(bare(
                manifest("garden")
                    .needs("world:entity")
                    .needs("physics:body"),
            )),
            "the plugin `garden` needs `physics:body`, which is not granted",
        ),
        (
            Simulation::builder().plugin(plugin("river", |registrar| {
                registrar.component::<Age>();
            })),
            "the plugin `river` registers the component `garden:age`: call it `river:…`",
        ),
        (
            Simulation::builder().plugin(plugin("river", |registrar| {
                registrar.record("water", &[]);
            })),
            "the plugin `river` registers the component `water`: call it `river:…`",
        ),
        (
            Simulation::builder().ticks_per_second(0),
            "a world has at least one tick a second",
        ),
    ];
    for (builder, expected) in rows {
        assert_eq!(refused(builder), expected);
    }
}

/// A capability that a manifest names can be claimed by what the plugin registers, and by nobody else.
#[test]
fn granted_capabilities_are_those_of_the_plugins_handlers() {
    let speaker = |needs: bool| {
        let manifest = Manifest::new("speaker", Version::new(1, 0, 0));
        Custom {
            manifest: if needs {
                manifest.needs("cb:cross-branch")
            } else {
                manifest
            },
            register: |registrar: &mut Registrar<'_>| {
                registrar.handler(Handler::new("say", Phase::Update, "ask", |context| {
                    let draft = Draft::new("said", &[]).capability("cb:cross-branch");
                    context.post.emit(draft);
                    Ok::<(), String>(())
                }));
            },
        }
    };
    let ask = [Input::Emit(Draft::new("ask", &[]))];
    for needs in [true, false] {
        let mut simulation = Simulation::builder()
            .grant("cb:cross-branch")
            .plugin(speaker(needs))
            .build()
            .expect("the plugin loads");
        let before = simulation.hash();
        let result = simulation.step(&ask, &Workers::inline());
        assert_eq!(result.is_ok(), needs);
        if let Err(error) = result {
            let text = error.to_string();
            assert!(
                text.contains("ERR_CAPABILITY_DENIED: `speaker:say`"),
                "{text}"
            );
            assert_eq!(simulation.hash(), before, "inputs are taken back too");
        }
    }
}

#[test]
fn mistakes_of_systems_and_setups_name_the_plugin() {
    let twice = plugin("garden", |registrar| {
        registrar.system(system("grow", || {}));
        registrar.system(system("grow", || {}));
    });
    let error = Simulation::builder().plugin(twice).build().err();
    assert_eq!(
        error,
        Some(BuildError::Schedule(ScheduleError::Twice {
            name: "garden:grow".into()
        }))
    );
    let unregistered = plugin("garden", |registrar| {
        registrar.setup(|world| world.spawn(Age(1)).map(|_| ()));
    });
    let error = Simulation::builder().plugin(unregistered).build().err();
    let text = error.map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(
        text,
        "the world that `garden` sets up: no component `garden:age` is registered"
    );
    assert!(matches!(
        Simulation::builder()
            .plugin(plugin("A", |_| {}))
            .build()
            .err(),
        Some(BuildError::Plugin(PluginError::Id { .. }))
    ));
}

struct Shades;
impl Relation for Shades {
    const NAME: &'static str = "garden:shades";
}

/// Whether it is day.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Day(bool);
component!(Day = "garden:day" { 0: bool });

#[test]
fn plugins_bring_observers_sets_relations_and_machines() {
    let shady = || {
        plugin("garden", |registrar| {
            registrar.component::<Age>();
            registrar.component::<Day>();
            registrar.relation::<Shades>();
            registrar.machine::<Day>();
            registrar.system(each::<&mut Age, ()>("grow", |age| age.0 += 1).in_set("life"));
            registrar.set(
                SetConfig::new("life")
                    .run_if(|world| world.resource::<Day>().is_ok_and(|day| day.0)),
            );
            registrar.observer(Observer::new::<Age, String>("greet", On::Add, |context| {
                context.post.emit(Draft::new("born", &[]));
                Ok(())
            }));
            registrar.handler(Handler::new("plant", Phase::Update, "seed", |context| {
                context.world.spawn(Age(0)).map(|_| ())
            }));
            registrar.setup(|world| world.set_resource(Day(false)));
        })
    };
    let own = Observer::new::<Age, String>("own", On::Add, |context| {
        context.commands.insert(context.entity, Health(1));
        Ok(())
    });
    let mut simulation = Simulation::builder()
        .component::<Health>()
        .observe(own)
        .plugin(shady())
        .build()
        .expect("the parts fit together");
    let seed = [Input::Emit(Draft::new("seed", &[]))];
    let age = |simulation: &Simulation| {
        let tree = simulation.world().entities().next().expect("planted");
        simulation.world().get::<Age>(tree).expect("it has one").0
    };
    simulation.step(&seed, &Workers::inline()).expect("a tick");
    assert_eq!(age(&simulation), 0, "it is night");
    let tree = simulation.world().entities().next().expect("planted");
    assert!(
        simulation.world().has::<Health>(tree),
        "the world's own observer heard"
    );
    let report = simulation.step(&[], &Workers::inline()).expect("a tick");
    assert_eq!(
        report.delivered, 1,
        "the plugin's observer told that it was born"
    );
    let day = [Input::Emit(Draft::of(&Day(true)).phase(Phase::PreUpdate))];
    simulation.step(&day, &Workers::inline()).expect("a tick");
    assert_eq!(age(&simulation), 1);
    let world = simulation.world_mut();
    world.link::<Shades>(tree, tree).expect("registered");
    // Names are the plugin's, and two of one name are refused.
    let twice = Simulation::builder()
        .component::<Health>()
        .observe(Observer::new::<Health, String>(
            "garden:greet",
            On::Add,
            |_| Ok(()),
        ))
        .plugin(shady())
        .build()
        .err();
    assert_eq!(
        twice,
        Some(BuildError::Schedule(ScheduleError::Twice {
            name: "garden:greet".into()
        }))
    );
}
