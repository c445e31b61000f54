//! What is new: queries of scripts for what was added or changed, with a slow twin, and modules that are loaded anew.

use crate::script_parts::{Rig, log_of, rig};
use gatos_echo::script::{ModuleSource, ScriptSet, ScriptSource};
use gatos_echo::simulation::Input;
use gatos_echolua::{Profile, compile, elc};

fn run(source: &str, ticks: u64) -> String {
    log_of(&mut rig(&[ScriptSource::new("main.lua", source)]), ticks)
}

#[test]
fn queries_find_what_was_added_or_changed_since_the_script_asked_last() {
    let source = "
        function on_start() for i = 1, 4 do echo.spawn{mass = i, position = {}} end end
        local function list(word, name)
          local out = {}
          for e, m in echo.query{'mass', [word] = name} do out[#out + 1] = tostring(m) end
          return table.concat(out, ' ')
        end
        function update()
          print(list('changed', 'mass'), '/', list('added', 'mass'), '/', echo.count{changed = {'mass', 'position'}})
          if echo.tick() == 0 then for e, m in echo.query{'mass'} do if m == 2 then echo.set(e, 'mass', 20) end end end
          if echo.tick() == 1 then for e, m in echo.query{'mass'} do if m == 3 then echo.add(e, 'frozen') end end end
          if echo.tick() == 2 then echo.spawn{mass = 5} end
        end
        -- Asked only every other tick: what happened in between is new as well.
        function post_update() if echo.tick() % 2 == 1 then print('post', list('changed', 'mass')) end end";
    assert_eq!(
        run(source, 5),
        "1.0 2.0 3.0 4.0\t/\t1.0 2.0 3.0 4.0\t/\t4|20.0\t/\t\t/\t0|post\t1.0 20.0 4.0 3.0|\t/\t\t/\t0\
         |5.0\t/\t5.0\t/\t0|post\t5.0|\t/\t\t/\t0"
    );
}

#[test]
fn what_is_new_cannot_be_asked_at_events_and_is_kept_over_saving() {
    let found = run(
        "function on_start() print(pcall(echo.count, {changed = 'mass'})) end",
        1,
    );
    assert_eq!(
        found,
        "false\twhat is new is asked for in `pre_update`, `update` and `post_update`"
    );
    let source = "
        function on_start() for i = 1, 3000 do echo.spawn{mass = i} end end
        function update()
          print(echo.count{changed = 'mass'})
          for e, m in echo.query{'mass'} do if (m * 7 + echo.tick()) % 900 == 0 then echo.set(e, 'mass', m) end end
        end";
    let mut plain = rig(&[ScriptSource::new("main.lua", source)]);
    let mut saved = rig(&[ScriptSource::new("main.lua", source)]);
    for tick in 0..8 {
        plain.step(&[]).expect("a tick");
        saved.step(&[]).expect("a tick");
        let bytes = saved.simulation.save();
        let mut fresh = rig(&[ScriptSource::new("main.lua", source)]);
        let branch = fresh.simulation.load(&bytes).expect("its own bytes");
        fresh.simulation.switch(branch).expect("the same world");
        fresh.log = std::mem::take(&mut saved.log);
        saved = fresh;
        assert_eq!(
            plain.simulation.hash(),
            saved.simulation.hash(),
            "tick {tick}"
        );
    }
    // The slow twin: who was written to in the tick before, counted by hand.
    let written = |tick: u64| {
        (1..=3000)
            .filter(|mass| (mass * 7 + tick).is_multiple_of(900))
            .count()
    };
    let expected: Vec<String> = (0..8)
        .map(|tick| if tick == 0 { 3000 } else { written(tick - 1) })
        .map(|count| count.to_string())
        .collect();
    assert_eq!(plain.log, expected);
    assert_eq!(saved.log, expected);
}

fn reload(file: &str, source: &str) -> Input {
    let module = compile(source.as_bytes(), Profile::Script).module;
    Input::Reload {
        script: file.into(),
        code: elc::encode(&module.expect("it compiles")),
    }
}

fn with_module() -> Rig {
    let user = "
        local shape = require 'shape'
        local area = shape.area
        function update() print(shape.area(2), area(2), shape.name, require('shape') == shape, tostring(getmetatable(shape) ~= nil)) end";
    Rig::new(&ScriptSet {
        scripts: vec![ScriptSource::new("main.lua", user)],
        modules: vec![
            ModuleSource {
                name: "shape".into(),
                file: "lib/shape.lua".into(),
                source: b"return {area = function(x) return x * x end, name = 'square'}".to_vec(),
            },
            ModuleSource {
                name: "idle".into(),
                file: "lib/idle.lua".into(),
                source: b"return 1".to_vec(),
            },
        ],
        ..ScriptSet::default()
    })
}

#[test]
fn modules_are_loaded_anew_for_everybody_who_holds_them() {
    let mut rig = with_module();
    rig.step(&[]).expect("a tick");
    let roots = rig.simulation.script_roots();
    let names: Vec<&str> = roots.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["lib/idle.lua", "lib/shape.lua", "main.lua"]);
    let round = "return setmetatable({area = function(x) return 3 * x * x end}, {})";
    rig.step(&[
        reload("lib/shape.lua", round),
        reload("lib/idle.lua", "error('never required')"),
    ])
    .expect("a tick");
    assert_ne!(rig.simulation.script_roots(), roots);
    let bytes = rig.simulation.save();
    let branch = with_module().simulation.load(&bytes).expect("its bytes");
    rig.simulation.switch(branch).expect("the same world");
    rig.step(&[]).expect("a tick");
    assert_eq!(
        rig.log.join("|"),
        "4\t4\tsquare\ttrue\tfalse|12\t4\tnil\ttrue\ttrue|12\t4\tnil\ttrue\ttrue"
    );
    // What fails or acts leaves everything as it was.
    let hash = rig.simulation.hash();
    for (source, expected) in [
        (
            "error('no')",
            "the script `shape` stopped the tick in pre_update: lib/shape.lua:1: no",
        ),
        (
            "echo.spawn{} return {}",
            "the script `shape` stopped the tick in pre_update: lib/shape.lua:1: a module that is loaded anew defines",
        ),
        (
            "echo.delay(1, function() end) return {}",
            "the script `shape` stopped the tick in pre_update: lib/shape.lua:1: a module that is loaded anew defines",
        ),
    ] {
        let error = rig.step(&[reload("lib/shape.lua", source)]);
        let error = error.expect_err("it fails").to_string();
        assert!(error.starts_with(expected), "{error}");
        assert_eq!(rig.simulation.hash(), hash);
    }
}
