//! World manifests: what they say, what is wrong with them and where, and the built-in plugins.

use gatos_echo::manifest::{MANIFEST_NAME, Manifest, SEED_NAME, Sources, assemble};
use gatos_echo::plugins::{Position, Velocity, Wind, builtin};
use gatos_echo::schedule::Workers;
use gatos_numbers::Pcg32;

const WHOLE: &str = r#"
world: whole
tick_rate: 10
seed: 7
single_writer: ordered
components:
  place: {x: f64, y: f64}
  mass: f64
  marked: {}
  many: {list: "i32[3]", who: entity}
  weather: {heat: f32, wet: bool}
resources:
  weather: {heat: 0.5, wet: true}
entities:
  - count: 2
    components: {place: {x: 0.1}, mass: 2, marked: true}
  - components: {many: {list: [1, -2, 3]}}
modules: {lib.double: lib/double.lua}
scripts:
  - main.lua
  - file: agent.lua
    attach: marked
    reads: [mass]
    writes: [place]
    emits: [moved]
limits: {fuel: 1000000, memory_mib: 16, collector_units: 5000}
bus:
  lanes: {update.normal: {capacity: 50, overflow: drop_oldest}}
  grants: {main.lua: [physics:body]}
inputs:
  - {tick: 1, emit: kick, payload: {n: 1.5, list: [1, two]}, phase: update}
  - {tick: 2, emit: mass, payload: 0.25, lane: priority}
"#;

const MAIN: &str = "
    local double = require 'lib.double'
    echo.on('kick', function(p) echo.log('kick', p.n, p.list[2]) echo.emit('x', nil, {caps = {'physics:body'}}) end)
    echo.on('mass', function(m) echo.log('mass', m, double(m)) end)
    function on_start() echo.log(echo.get('weather').heat, echo.count{'marked'}, echo.get(12884901890 - 8589934592, 'many.list')[2]) end";
const AGENT: &str = "function update() self.place.x = self.place.x + self.mass end";

fn sources(manifest: &str) -> Sources {
    [
        (MANIFEST_NAME, manifest),
        ("main.lua", MAIN),
        ("agent.lua", AGENT),
        ("lib/double.lua", "return function(x) return x * 2 end"),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_string(), text.as_bytes().to_vec()))
    .collect()
}

/// What is wrong, a line each.
fn wrong(sources: &Sources) -> String {
    match assemble(sources, &builtin) {
        Ok(_) => String::new(),
        Err(findings) => findings
            .iter()
            .map(|found| {
                let finding = &found.finding;
                assert!(!finding.hint.is_empty(), "{finding:?}");
                format!(
                    "{}:{}:{}: {}\n",
                    found.file, finding.line, finding.column, finding.message
                )
            })
            .collect(),
    }
}

#[test]
fn a_manifest_makes_a_world() {
    let sources = sources(WHOLE);
    let mut world = assemble(&sources, &builtin).unwrap_or_else(|_| panic!("{}", wrong(&sources)));
    assert_eq!(world.name, "whole");
    assert_eq!(world.simulation.ticks_per_second(), 10);
    assert_eq!(world.simulation.world().len(), 3);
    let manifest = Manifest::read(WHOLE.as_bytes()).expect("it is one");
    assert_eq!(
        manifest.files(),
        ["agent.lua", "lib/double.lua", "main.lua"]
    );
    let mut log = Vec::new();
    for tick in 0..4 {
        let inputs = world.inputs.remove(&tick).unwrap_or_default();
        let report = world
            .simulation
            .step(&inputs, &Workers::inline())
            .unwrap_or_else(|error| panic!("{error}"));
        log.extend(report.log.into_iter().map(|line| line.text));
    }
    assert_eq!(log, ["0.5\t2\t-2", "kick\t1.5\ttwo", "mass\t0.25\t0.5"]);
    let registry = world.simulation.world().registry();
    let place = registry.id("place").expect("it is registered");
    let first = world
        .simulation
        .world()
        .entities()
        .next()
        .expect("it is there");
    let row = world
        .simulation
        .world()
        .get_row(first, place)
        .expect("it has one");
    let x = f64::from_le_bytes(row[..8].try_into().expect("8 bytes"));
    // 0.1 is the binary64 next to what is written, as in a script.
    assert_eq!(x.to_bits(), (0.1_f64 + 2.0 + 2.0 + 2.0 + 2.0).to_bits());
}

#[test]
fn a_seed_that_is_given_takes_the_place_of_the_manifests() {
    let mut own = sources(WHOLE);
    let seed = |sources: &Sources| {
        assemble(sources, &builtin)
            .ok()
            .map(|world| world.simulation.world().seed())
    };
    let first = seed(&own);
    own.insert(SEED_NAME.into(), b"8".to_vec());
    assert_ne!(seed(&own), first);
    own.insert(SEED_NAME.into(), b"7".to_vec());
    assert_eq!(seed(&own), first);
}

#[test]
fn mistakes_of_manifests_have_their_place() {
    let mut failed = String::new();
    for (manifest, expected) in [
        ("", "world.yaml:1:1: the world has no name\n"),
        ("world: [", "world.yaml:2:1: not well-formed YAML"),
        ("- a", "world.yaml:1:1: a manifest is a map, not a list\n"),
        (
            "world: a\nspeed: 3",
            "world.yaml:2:1: a manifest has no `speed`\n",
        ),
        (
            "world: a\ntick_rate: 0",
            "world.yaml:2:12: `tick_rate` is a whole number from 1 to 100000\n",
        ),
        (
            "world: a\nsingle_writer: yes",
            "world.yaml:2:16: `single_writer` is `strict` or `ordered`\n",
        ),
        (
            "world: a\ncomponents:\n  Pos: {x: f64}",
            "world.yaml:3:3: `Pos` is no name of a component",
        ),
        (
            "world: a\ncomponents:\n  pos: {x: float}",
            "world.yaml:3:12: `float` is no type of a field\n",
        ),
        (
            "world: a\ncomponents:\n  pos: {x: \"f64[0]\"}",
            "world.yaml:3:12: `f64[0]` is no type of a field\n",
        ),
        (
            "world: a\ncomponents: {echo.node: f64}",
            "world.yaml:2:14: `echo.node` is no name",
        ),
        (
            "world: a\nresources: {wind: 1}",
            "world.yaml:2:13: no component `wind` is registered\n",
        ),
        (
            "world: a\ncomponents: {m: u8}\nresources: {m: 300}",
            "world.yaml:3:13: `m`: `0`: 300 does not fit u8\n",
        ),
        (
            "world: a\nentities: [{count: -1}]",
            "world.yaml:2:20: `count` is a whole number",
        ),
        (
            "world: a\nentities: [{components: {x: 1}}]",
            "world.yaml:2:26: no component `x` is registered\n",
        ),
        (
            "world: a\nscripts: [../main.lua]",
            "world.yaml:2:11: `../main.lua` is no file of a world\n",
        ),
        (
            "world: a\nscripts: [/etc/passwd]",
            "world.yaml:2:11: `/etc/passwd` is no file of a world\n",
        ),
        (
            "world: a\nscripts: [none.lua]",
            "world.yaml:2:11: there is no file `none.lua`\n",
        ),
        (
            "world: a\nscripts: [main.lua, main.lua]",
            "world.yaml:2:21: `main.lua` is named twice\n",
        ),
        (
            "world: a\nscripts: [{attach: x}]",
            "world.yaml:2:11: the script has no file\n",
        ),
        (
            "world: a\nscripts: [{file: main.lua, attach: x}]",
            "world.yaml:2:11: the script `main.lua`: no component `x` is registered\n",
        ),
        (
            "world: a\ncomponents: {m: u8}\nscripts: [{file: main.lua, reads: [m], writes: [m]}]",
            "world.yaml:3:11: the script `main.lua`: the component `m` occurs twice\n",
        ),
        (
            "world: a\nplugins: {birds: {}}",
            "world.yaml:2:11: there is no plugin `birds`\n",
        ),
        (
            "world: a\nplugins: {flock: {sise: 3}}",
            "world.yaml:2:11: the plugin has no option `sise`\n",
        ),
        (
            "world: a\nplugins: {flock: {size: big}}",
            "world.yaml:2:25: the option `size` is a number, not text\n",
        ),
        (
            "world: a\nplugins: {flock: {size: 0}}",
            "world.yaml:2:11: `size` lies between 1 and 1000000\n",
        ),
        (
            "world: a\nbus: {lanes: {update: {}}}",
            "world.yaml:2:15: `update` is no lane",
        ),
        (
            "world: a\nbus: {lanes: {update.normal: {overflow: drop}}}",
            "world.yaml:2:41: `overflow` is `throw`, `drop_oldest` or `drop_newest`\n",
        ),
        (
            "world: a\ninputs: [{tick: 1}]",
            "world.yaml:2:10: an input emits a kind of 1 to 128 bytes",
        ),
        (
            "world: a\ninputs: [{emit: echo.timer}]",
            "world.yaml:2:10: an input emits a kind",
        ),
        (
            "world: a\ninputs: [{emit: x, phase: initialize}]",
            "world.yaml:2:27: this is no phase that hears events\n",
        ),
        (
            "world: a\nlimits: {memory_mib: 0}",
            "world.yaml:2:22: `memory_mib` is a whole number from 1 to 65536\n",
        ),
    ] {
        let found = wrong(&sources(manifest));
        let is_right = found.starts_with(expected.trim_end()) && found.lines().count() == 1;
        if !is_right {
            failed.push_str(&format!(
                "{manifest}\n  found    {found}  expected {expected}\n"
            ));
        }
    }
    assert!(failed.is_empty(), "{failed}");
    // All of it at once, and mistakes of scripts in their own files.
    let mut several = sources("world: a\nspeed: 1\ncomponents: {x: y}\nscripts: [main.lua]");
    assert_eq!(wrong(&several).lines().count(), 2);
    several = sources("world: a\nscripts: [main.lua]");
    several.insert("main.lua".into(), b"x = 1\ny = = 2\n".to_vec());
    assert!(
        wrong(&several).starts_with("main.lua:2:5: "),
        "{}",
        wrong(&several)
    );
    several.insert(MANIFEST_NAME.into(), vec![0xff]);
    assert_eq!(
        wrong(&several),
        "world.yaml:1:1: the manifest is not UTF-8\n"
    );
    several.remove(MANIFEST_NAME);
    assert_eq!(
        wrong(&several),
        "world.yaml:1:1: the world has no manifest\n"
    );
}

#[test]
fn changed_manifests_are_refused_or_make_a_world() {
    let mut dice = Pcg32::new(3, 3);
    let mut draw = |below: usize| dice.bounded(below as u32).expect("a bound") as usize;
    let mut made = 0;
    for _ in 0..400 {
        let mut text = WHOLE.as_bytes().to_vec();
        for _ in 0..=draw(2) {
            let place = draw(text.len());
            match draw(3) {
                0 => text[place] = b" :{}[],-x90\n"[draw(12)],
                1 => drop(text.remove(place)),
                _ => text.insert(place, b" :{}[],-x90\n"[draw(12)]),
            }
        }
        let mut sources = sources("");
        sources.insert(MANIFEST_NAME.into(), text);
        if let Ok(mut world) = assemble(&sources, &builtin) {
            made += 1;
            let _: Result<_, _> = world.simulation.step(&[], &Workers::inline());
        }
    }
    assert!(made > 20, "{made}");
}

#[test]
fn a_flock_is_the_same_with_any_threads() {
    let manifest =
        "world: flock\nplugins: {flock: {size: 60, cell: 6, speed: 1.5}}\nscripts: [main.lua]";
    let mut sources = sources(manifest);
    let spawn = "
        function on_start()
          for i = 1, 3000 do
            echo.spawn{['flock:position'] = {x = echo.rng() * 60, y = echo.rng() * 60},
                       ['flock:velocity'] = {x = echo.rng() - 0.5, y = echo.rng() - 0.5}}
          end
        end
        function pre_update() echo.set('flock:wind', {x = 0.01, y = 0}) end";
    sources.insert("main.lua".into(), spawn.as_bytes().to_vec());
    let run = |workers: Workers| {
        let world = assemble(&sources, &builtin);
        let mut simulation = world
            .unwrap_or_else(|_| panic!("{}", wrong(&sources)))
            .simulation;
        for _ in 0..20 {
            simulation
                .step(&[], &workers)
                .unwrap_or_else(|error| panic!("{error}"));
        }
        let mut speeds = (0.0, 0.0);
        let world = simulation.world_mut();
        world
            .for_each::<(&Position, &Velocity)>(|(position, velocity)| {
                assert!((0.0..60.0).contains(&position.x) && (0.0..60.0).contains(&position.y));
                let speed = velocity.x * velocity.x + velocity.y * velocity.y;
                assert!(speed <= 1.5 * 1.5 + 1e-9, "{speed}");
                speeds.0 += velocity.x;
                speeds.1 += velocity.y;
            })
            .expect("a query");
        assert!(world.resource::<Wind>().is_ok_and(|wind| wind.x == 0.01));
        // The wind blows all of them to the right.
        assert!(
            speeds.0 > 3000.0 * 0.1 && speeds.1.abs() < 3000.0 * 0.1,
            "{speeds:?}"
        );
        simulation.hash()
    };
    let alone = run(Workers::inline());
    for threads in [2, 4] {
        assert_eq!(
            run(Workers::new(threads).always()),
            alone,
            "{threads} threads"
        );
    }
}
