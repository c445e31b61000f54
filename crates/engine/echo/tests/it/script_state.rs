//! Scripts as state: instances, timers and coroutines in hash, fork and bytes; code that is loaded anew; hostile bytes.

use crate::script_parts::{Rig, builder, log_of, rig};
use crate::vectors::check_file;
use gatos_echo::schedule::{Workers, each};
use gatos_echo::script::{ModuleSource, ScriptSet, ScriptSetError, ScriptSource, Scripts};
use gatos_echo::simulation::{Input, StepError};
use gatos_echo::{Component, component};
use gatos_echolua::{Profile, compile, elc};
use gatos_numbers::Pcg32;

/// Spawns, ends, timers, repeated timers, coroutines over ticks, events, chance, instances with closures over `self`.
const BUSY: &str = "
    local workers = {}
    total = 0
    local function work(name)
      for round = 1, 6 do
        total = total + round
        coroutine.yield(name .. round)
      end
    end
    function on_start()
      for i = 1, 4 do echo.spawn{position = {x = i, y = 0}, mass = i} end
      echo.every(0.3, function() echo.emit('pulse', {n = total, list = {1, 2, {k = 'v'}}}) end)
      echo.delay(0.4, function() echo.spawn{mass = echo.rng(100)} end)
    end
    echo.on('pulse', function(p, event)
      workers[#workers + 1] = coroutine.create(work)
      if #workers > 3 then table.remove(workers, 1) end
      echo.log('pulse', p.n, event.id, #workers)
    end)
    function update()
      for i, worker in ipairs(workers) do coroutine.resume(worker, 'w' .. i) end
      for e, m in echo.query{'mass'} do
        echo.set(e, 'mass', m + echo.rng())
        if m > 6 then echo.despawn(e) echo.spawn{mass = 1, position = {x = total}} end
      end
    end";

const ATTACHED: &str = "
    local seen = 0
    function on_start()
      echo.delay(0.2, function() self.position.y = self.position.y + 10 end)
    end
    function pre_update() seen = seen + 1 self.position.x = self.position.x + seen end
    function on_stop() echo.log('bye', seen, echo.alive(self)) end";

fn busy() -> Vec<ScriptSource> {
    vec![
        ScriptSource::new("busy.lua", BUSY),
        ScriptSource::new("attached.lua", ATTACHED).attached_to("position"),
    ]
}

#[test]
fn instances_come_and_go_with_their_component() {
    let source = "
        local name = echo.get(self, 'mass')
        echo.log('main', name)
        function on_start() echo.log('start', self.mass) end
        function update() echo.log('update', name, self.mass) self.mass = self.mass * 10 end
        function on_stop() echo.log('stop', name, pcall(function() return self.mass end)) end
        function on_event(kind) echo.log(kind, name) end";
    let driver = "
        function on_start() a = echo.spawn{position = {}, mass = 1} b = echo.spawn{position = {}, mass = 2} end
        function post_update()
          if echo.tick() == 0 then echo.remove(a, 'position') echo.despawn(b) echo.emit('news', nil, {delay = 0.1}) end
          if echo.tick() == 1 then echo.add(a, 'position') end
        end";
    let mut rig = rig(&[
        ScriptSource::new("driver.lua", driver),
        ScriptSource::new("agent.lua", source).attached_to("position"),
    ]);
    assert_eq!(
        log_of(&mut rig, 3),
        "main\t1.0|start\t1.0|main\t2.0|start\t2.0|update\t1.0\t1.0|update\t2.0\t2.0\
         |stop\t1.0\ttrue\t10.0|stop\t2.0\tfalse\tagent.lua:6: the entity 1v1 does not live\
         |main\t10.0|start\t10.0|update\t10.0\t10.0|stop\t10.0\ttrue\t100.0"
    );
}

#[test]
fn what_is_saved_forked_or_loaded_at_any_tick_goes_on_the_same() {
    let mut plain = rig(&busy());
    let mut disturbed = rig(&busy());
    for tick in 0..40 {
        plain.step(&[]).expect("a tick");
        disturbed.step(&[]).expect("a tick");
        let hash = plain.simulation.hash();
        assert_eq!(disturbed.simulation.hash(), hash, "tick {tick}");
        let bytes = disturbed.simulation.save();
        let branch = match tick % 3 {
            0 => disturbed.simulation.load(&bytes).expect("its own bytes"),
            1 => disturbed.simulation.fork(),
            _ => {
                // Into a simulation that was just built.
                let mut fresh = rig(&busy());
                let branch = fresh.simulation.load(&bytes).expect("its own bytes");
                fresh.simulation.switch(branch).expect("the same world");
                fresh.log = std::mem::take(&mut disturbed.log);
                disturbed = fresh;
                disturbed.simulation.fork()
            }
        };
        disturbed.simulation.switch(branch).expect("its own branch");
        assert_eq!(disturbed.simulation.hash(), hash, "tick {tick}");
        assert_eq!(disturbed.simulation.save(), bytes, "tick {tick}");
    }
    assert_eq!(plain.log, disturbed.log);
    assert!(plain.log.iter().any(|line| line.starts_with("pulse")));
    assert!(plain.log.iter().any(|line| line.starts_with("bye")));
}

#[test]
fn scripts_fork_with_their_world() {
    let mut rig = rig(&busy());
    for _ in 0..5 {
        rig.step(&[]).expect("a tick");
    }
    let before = rig.simulation.hash();
    let fork = rig.simulation.fork();
    let pulse = gatos_echo::bus::Draft::new("pulse", &[9]);
    // Another event: the payload is no world value, so the handler gets bytes and cannot index them.
    let error = rig.step(&[Input::Emit(pulse)]).map(|_| ());
    assert!(error.is_ok(), "text has a metatable: {error:?}");
    rig.step(&[]).expect("a tick");
    let ours = rig.simulation.hash();
    rig.simulation.switch(fork).expect("its own branch");
    assert_eq!(rig.simulation.hash(), before);
    rig.step(&[]).expect("a tick");
    rig.step(&[]).expect("a tick");
    assert_ne!(rig.simulation.hash(), ours);
}

/// A system beside the scripts, so that threads have something to do.
#[derive(Clone, Copy)]
struct Speed(f64);
component!(Speed = "speed" { 0: f64 });

#[test]
fn threads_beside_scripts_leave_no_trace() {
    let spawner = "
        function on_start() for i = 1, 3000 do echo.spawn{speed = i, position = {x = i}} end end
        function update() for e, s, x in echo.query{'speed', 'position.x'} do
          if x > 3000 then echo.set(e, 'position.x', 0, 'speed', s * 0.5) end end end";
    let hash = |workers: Workers| {
        let build = builder()
            .component::<Speed>()
            .system(each::<&mut Speed, ()>("faster", |speed| {
                speed.0 = speed.0 * 1.01 + 1.0;
            }));
        let mut rig = Rig::with(
            build,
            &ScriptSet {
                scripts: vec![ScriptSource::new("spawner.lua", spawner), busy().remove(0)],
                ..ScriptSet::default()
            },
        );
        rig.workers = workers;
        for _ in 0..6 {
            rig.step(&[]).expect("a tick");
        }
        rig.simulation.hash()
    };
    let alone = hash(Workers::inline());
    for threads in [1, 2, 3, 4, 8] {
        assert_eq!(hash(Workers::new(threads)), alone, "{threads} threads");
    }
    assert_eq!(hash(Workers::new(4).always()), alone);
    assert_eq!(Speed::SIZE, 8);
}

fn code(source: &str) -> Vec<u8> {
    let module = compile(source.as_bytes(), Profile::Script).module;
    elc::encode(&module.expect("it compiles"))
}

fn reload(source: &str) -> Input {
    Input::Reload {
        script: "main.lua".into(),
        code: code(source),
    }
}

#[test]
fn code_is_loaded_anew_between_ticks() {
    let first = "
        count = count or 0
        echo.on('news', function() print('old news') end)
        function on_start() echo.on('news', function() print('kept') end) end
        function update() count = count + 1 print('old', count) echo.emit('news', nil, {phase = 'post_update'}) end";
    let second = "
        count = count or 0
        echo.on('news', function() print('new news') end)
        function update() count = count + 10 print('new', count) echo.emit('news', nil, {phase = 'post_update'}) end";
    let mut rig = rig(&[ScriptSource::new("main.lua", first)]);
    rig.step(&[]).expect("a tick");
    let root = rig.simulation.script_roots();
    rig.step(&[reload(second)]).expect("a tick");
    assert_ne!(rig.simulation.script_roots(), root);
    // Between the two nothing has run, and that is state too.
    let bytes = rig.simulation.save();
    let branch = rig.simulation.load(&bytes).expect("its own bytes");
    rig.simulation.switch(branch).expect("its own branch");
    rig.step(&[]).expect("a tick");
    assert_eq!(
        rig.log.join("|"),
        "old\t1|old news|kept|new\t11|kept|new news|new\t21|kept|new news"
    );
    // What cannot be loaded changes nothing.
    let hash = rig.simulation.hash();
    for (input, expected) in [
        (
            Input::Reload {
                script: "other.lua".into(),
                code: code(""),
            },
            "input 0 of tick 3: the script `other.lua` gave up: the world has no such script",
        ),
        (
            Input::Reload {
                script: "main.lua".into(),
                code: vec![1, 2, 3],
            },
            "input 0 of tick 3: the script `main.lua` gave up: ",
        ),
        (
            reload("error('at once')"),
            "the script `main.lua` stopped the tick in pre_update: main.lua:1: at once",
        ),
    ] {
        let error = rig.step(&[input]).expect_err("it is refused").to_string();
        assert!(error.starts_with(expected), "{error}");
        assert_eq!(rig.simulation.hash(), hash);
    }
}

fn set(scripts: &[(&str, &str)], modules: &[(&str, &str)]) -> ScriptSet {
    ScriptSet {
        scripts: scripts
            .iter()
            .map(|(name, source)| ScriptSource::new(name, source))
            .collect(),
        modules: modules
            .iter()
            .map(|(name, source)| ModuleSource {
                name: (*name).into(),
                file: format!("{}.lua", name.replace('.', "/")),
                source: source.as_bytes().to_vec(),
            })
            .collect(),
        ..ScriptSet::default()
    }
}

#[test]
fn modules_are_shared_and_globals_are_not() {
    let mut rig = Rig::new(&set(
        &[
            (
                "a.lua",
                "x = 1 local v = require 'lib.vector' function update() v.n = v.n + 1 print(x, v.n, v.twice(2)) end",
            ),
            (
                "b.lua",
                "local v = require 'lib.vector' function update() print(x, v.n, require('lib.vector') == v) end",
            ),
        ],
        &[
            (
                "lib.vector",
                "local m = {n = 0} function m.twice(a) return a * 2 end return m",
            ),
            ("lib.unused", "error('never')"),
        ],
    ));
    assert_eq!(log_of(&mut rig, 1), "1\t1\t4|nil\t1\ttrue");
    let mut rig = Rig::new(&set(
        &[(
            "a.lua",
            "print(pcall(require, 'm')) print(pcall(require, 'm'))",
        )],
        &[("m", "require 'n'"), ("n", "require 'm'")],
    ));
    let expected = "false\tn.lua:1: the module 'm' requires itself";
    assert_eq!(log_of(&mut rig, 1), format!("{expected}|{expected}"));
}

#[test]
fn scripts_that_cannot_be_are_refused_with_their_place() {
    let refused = |set: &ScriptSet| {
        let registry = builder().build().expect("it builds");
        let made = Scripts::new(set, registry.world().registry());
        made.err().expect("it is refused")
    };
    let error = refused(&set(&[("a.lua", "x = 1\ny = = 2")], &[]));
    assert!(error.to_string().starts_with("a.lua:2:5: "), "{error}");
    let error = refused(&set(&[("a.lua", ""), ("a.lua", "")], &[]));
    assert_eq!(
        error,
        ScriptSetError::Twice {
            name: "a.lua".into()
        }
    );
    let mut attached = set(&[("a.lua", "")], &[]);
    attached.scripts[0].attached_to = Some("nothing".into());
    assert_eq!(
        refused(&attached).to_string(),
        "the script `a.lua`: no component `nothing` is registered"
    );
    let mut small = set(&[("a.lua", "")], &[]);
    small.limits.memory_bytes = 1000;
    assert_eq!(refused(&small), ScriptSetError::Memory);
}

#[test]
fn hostile_states_of_scripts_are_refused_or_run() {
    let mut rig = rig(&busy());
    for _ in 0..7 {
        rig.step(&[]).expect("a tick");
    }
    let (hash, bytes) = (rig.simulation.hash(), rig.simulation.save());
    let start = bytes
        .windows(8)
        .position(|window| window == b"ECHOSCPT")
        .expect("scripts are in it");
    let mut dice = Pcg32::new(17, 3);
    let mut accepted = 0;
    for round in 0..600 {
        let mut hostile = bytes.clone();
        let size = hostile.len() - start;
        if round % 5 == 0 {
            hostile.truncate(start + dice.bounded(size as u32).expect("a size") as usize);
        } else {
            // Heads are short and machines long: half the time near the beginning.
            let span = if round % 2 == 0 { 200 } else { size as u32 };
            let place = start + dice.bounded(span).expect("a size") as usize;
            hostile[place] ^= 1 << dice.bounded(8).expect("a bit");
        }
        match rig.simulation.load(&hostile) {
            Err(_) => {}
            // Another number, another text: then it is another world, which may go on or fail, and nothing worse.
            Ok(branch) => {
                accepted += 1;
                let own = rig.simulation.switch(branch).expect("the same components");
                for _ in 0..3 {
                    let _: Result<_, StepError> = rig.step(&[]);
                }
                rig.simulation.switch(own).expect("its own branch");
            }
        }
        assert_eq!(rig.simulation.hash(), hash);
    }
    assert!(accepted < 500, "{accepted} of 600 were taken");
}

#[test]
fn golden_scripts() {
    let mut rig = rig(&busy());
    for _ in 0..12 {
        rig.step(&[]).expect("a tick");
    }
    let hash = rig.simulation.hash();
    check_file("scripts.branch", &rig.simulation.save());
    check_file("scripts.hash", format!("{hash}\n").as_bytes());
}
