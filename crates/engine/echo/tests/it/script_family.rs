//! Families and relations in scripts: parents, children, edges, what is refused, and handles that stay as promised.

use crate::script_parts::{Rig, builder, log_of};
use gatos_echo::schedule::{Signature, Workers};
use gatos_echo::script::{ScriptSet, ScriptSource};
use gatos_numbers::Pcg32;

fn run_with(source: ScriptSource, ticks: u64) -> String {
    let build = builder()
        .named_relation("follows", false)
        .named_relation("rides", true);
    let set = ScriptSet {
        scripts: vec![source],
        ..ScriptSet::default()
    };
    log_of(&mut Rig::with(build, &set), ticks)
}

fn run(source: &str, ticks: u64) -> String {
    run_with(ScriptSource::new("main.lua", source), ticks)
}

#[test]
fn parents_and_children_are_seen_and_made() {
    let source = "
        function on_start()
          a, b, c = echo.spawn{}, echo.spawn{}, echo.spawn{}
          echo.set_parent(b, a) echo.set_parent(c, a)
          print(pcall(echo.parent, b))
        end
        local function show() local l = echo.children(a) print(#l, l[1] == b, l[#l] == c, echo.parent(b) == a, echo.parent(a)) end
        function pre_update() show() echo.set_parent(b, nil) end
        function update() show() echo.set_parent(a, c) end
        function post_update() print(echo.parent(a) == nil) echo.despawn(a) end
        function on_stop() print(pcall(echo.children, a)) print(echo.parent(c)) end";
    assert_eq!(
        run(source, 1),
        "false\tthe entity 1v1 can be read in the next moment|2\ttrue\ttrue\ttrue\tnil|1\tfalse\ttrue\tfalse\tnil\
         |true|false\tthe entity 0v1 does not live|nil"
    );
}

#[test]
fn edges_are_made_and_cut_and_go_with_their_target() {
    let source = "
        function on_start()
          horse, rider, dog = echo.spawn{}, echo.spawn{mass = 80}, echo.spawn{}
          echo.link('rides', rider, horse) echo.link('follows', dog, horse) echo.link('follows', rider, dog)
        end
        function pre_update()
          local s = echo.sources('follows', horse)
          print(echo.target('rides', rider) == horse, #s, s[1] == dog, echo.target('follows', horse))
          echo.unlink('follows', rider)
        end
        function update() print(echo.target('follows', rider), #echo.sources('follows', dog)) end
        function post_update()
          -- The rider goes with the horse, so two slots are free, the rider's first.
          echo.despawn(horse)
          print(echo.alive(rider), echo.entity(echo.spawn{}), echo.entity(echo.spawn{}), echo.entity(echo.spawn{}))
        end
        function on_stop() print(echo.alive(rider), echo.target('follows', dog), echo.count{}) end";
    assert_eq!(
        run(source, 1),
        "true\t1\ttrue\tnil|nil\t0|false\tentity 0v2\tentity 1v2\tentity 3v1|false\tnil\t4"
    );
}

#[test]
fn what_would_break_links_is_refused() {
    for (body, expected) in [
        (
            "echo.spawn{follows = {}}",
            "`follows` is a relation: use `echo.link` and `echo.unlink`",
        ),
        (
            "echo.add(e, 'follows', {})",
            "`follows` is a relation: use `echo.link` and `echo.unlink`",
        ),
        (
            "echo.set(e, 'follows.target', e)",
            "`follows` is a relation: use `echo.link` and `echo.unlink`",
        ),
        (
            "echo.link('mass', e, e)",
            "bad argument #1 to 'link' (`mass` is no relation)",
        ),
        (
            "echo.link('hates', e, e)",
            "bad argument #1 to 'link' (no component `hates` is registered)",
        ),
        (
            "echo.link('follows', e, 77)",
            "the entity 77v0 does not live",
        ),
        (
            "echo.set_parent(e, 'x')",
            "bad argument #2 to 'set_parent' (entity expected, got string)",
        ),
    ] {
        let source = format!(
            "function on_start() e = echo.spawn{{}} echo.link('follows', e, e) end function update() {body} end"
        );
        let found = run(&source, 1);
        let expected = format!("error: main.lua: main.lua:1: {expected}");
        assert!(found.starts_with(&expected), "{body}: {found}");
    }
}

#[test]
fn signatures_cover_families_and_edges() {
    for (body, expected) in [
        ("echo.children(e)", "reads `echo.node`"),
        ("echo.set_parent(e, f)", "writes `echo.node`"),
        ("echo.target('rides', e)", "reads `rides`"),
        ("echo.link('rides', e, f)", "writes `rides`"),
        ("echo.link('follows', e, f) echo.sources('follows', f)", ""),
    ] {
        let signature = Signature {
            writes: vec!["follows".into(), "frozen".into()],
            ..Signature::default()
        };
        let source = format!(
            "function on_start() e, f = echo.spawn{{}}, echo.spawn{{}} end function update() {body} end"
        );
        let script = ScriptSource::new("main.lua", &source).signature(signature);
        let found = run_with(script, 1);
        assert_eq!(
            found.contains("ERR_ACCESS_UNDECLARED"),
            !expected.is_empty(),
            "{found}"
        );
        assert!(found.contains(expected), "{body}: {found}");
    }
}

/// Random links, parents, ends and beginnings in one moment each: every handle that was promised is the one that comes, and
/// a world with the same script that was saved and loaded in between is the same.
#[test]
fn promised_handles_come_true_whatever_goes_with_whom() {
    let seed = 23;
    println!("seed {seed}");
    let mut dice = Pcg32::new(seed, 1);
    let roll = |dice: &mut Pcg32, count: u32| dice.bounded(count).expect("not none");
    let mut body = String::from("local all = {}\n");
    body.push_str("local function some(i) local l = echo.list() if #l > 0 then return l[i % #l + 1] end end\n");
    body.push_str("steps = {\n");
    for _ in 0..60 {
        let (one, other) = (roll(&mut dice, 50), roll(&mut dice, 50));
        let step = match roll(&mut dice, 5) {
            0 => format!("echo.link('rides', some({one}), some({other}))"),
            1 => format!("pcall(echo.set_parent, some({one}), some({other}))"),
            2 => format!("echo.link('follows', some({one}), some({other}))"),
            _ => format!(
                "echo.despawn(some({one})) for i = 1, 3 do local e = echo.spawn{{mass = i}} all[#all + 1] = e end"
            ),
        };
        body.push_str(&format!("function() {step} end,\n"));
    }
    body.push_str("}\nfunction on_start() for i = 1, 30 do echo.spawn{} end end\n");
    body.push_str("function update() for _, e in ipairs(all) do assert(echo.alive(e)) end all = {} steps[echo.tick() + 1]() end");
    let make = || {
        let build = builder()
            .named_relation("follows", false)
            .named_relation("rides", true);
        let set = ScriptSet {
            scripts: vec![ScriptSource::new("main.lua", &body)],
            ..ScriptSet::default()
        };
        Rig::with(build, &set)
    };
    let (mut plain, mut saved) = (make(), make());
    saved.workers = Workers::new(2).always();
    for tick in 0..60 {
        let report = plain
            .step(&[])
            .unwrap_or_else(|error| panic!("tick {tick}: {error}"));
        let is_promise =
            |error: &&gatos_echo::WorldError| !matches!(error, gatos_echo::WorldError::Loop { .. });
        assert_eq!(report.refused.iter().find(is_promise), None, "tick {tick}");
        saved.step(&[]).expect("a tick");
        let bytes = saved.simulation.save();
        let branch = saved.simulation.load(&bytes).expect("its own bytes");
        saved.simulation.switch(branch).expect("its own branch");
        assert_eq!(
            plain.simulation.hash(),
            saved.simulation.hash(),
            "tick {tick}"
        );
    }
}
