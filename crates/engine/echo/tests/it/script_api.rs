//! `echo` in scripts: each function and each error.

use crate::script_parts::{Rig, log_of, rig};
use gatos_echo::schedule::Signature;
use gatos_echo::script::{ScriptSet, ScriptSource};

/// Runs a script of a world for some ticks; the lines it logged, or the error that stopped a tick.
fn run(source: &str, ticks: u64) -> String {
    let mut rig = rig(&[ScriptSource::new("main.lua", source)]);
    log_of(&mut rig, ticks)
}

fn check(rows: &[(&str, u64, &str)]) {
    for (source, ticks, expected) in rows {
        assert_eq!(run(source, *ticks), *expected, "{source}");
    }
}

#[test]
fn entry_points_come_in_order() {
    check(&[(
        "print('main') function on_start() print('start') end
         function pre_update() print('pre', echo.tick()) end
         function update() print('update', echo.time()) end
         function post_update() print('post') end
         function on_stop() print('stop') end",
        2,
        "main|start|pre\t0|update\t0.0|post|pre\t1|update\t0.1|post|stop",
    )]);
}

#[test]
fn entities_are_spawned_read_and_changed() {
    check(&[
        (
            "function on_start()
               e = echo.spawn{position = {x = 1}, mass = 2.5, 'frozen'}
               print(echo.alive(e), pcall(echo.get, e, 'position'))
             end
             function update()
               local p = echo.get(e, 'position')
               print(p.x, p.y, echo.get(e, 'mass'), echo.has(e, 'frozen'), echo.get(e, 'tags'))
             end",
            1,
            "true\tfalse\tthe entity 0v1 can be read in the next moment|1.0\t0.0\t2.5\ttrue\tnil",
        ),
        // What is asked for is done when the moment is over, in order.
        (
            "function on_start() e = echo.spawn{position = {x = 1}} echo.set(e, 'position.y', 4) end
             function pre_update()
               echo.set(e, 'position.x', 7, 'position.y', echo.get(e, 'position.y') + 1)
               echo.set(e, 'position', {x = 8})
               print(echo.get(e, 'position.x'), echo.get(e, 'position.y'))
             end
             function update() print(echo.get(e, 'position.x'), echo.get(e, 'position.y')) end",
            1,
            "1.0\t4.0|8.0\t5.0",
        ),
        (
            "function on_start() e = echo.spawn{position = {}} end
             function pre_update()
               if echo.tick() == 0 then echo.add(e, 'mass', 3) echo.remove(e, 'position') echo.set(e, 'mass', 4)
               else echo.despawn(e) print(echo.alive(e), pcall(echo.set, e, 'mass', 1)) end
             end
             function update() print(echo.alive(e), echo.has(e, 'position'), echo.has(e, 'mass')) end",
            2,
            "true\tfalse\ttrue|false\tfalse\tthe entity 0v1 does not live|false\tfalse\tfalse",
        ),
        // A handle of a slot that is used again is another handle, and known at once.
        (
            "function on_start() a = echo.spawn{'frozen'} b = echo.spawn{} end
             function update()
               if echo.tick() > 0 then return end
               echo.despawn(a) echo.despawn(b)
               local c, d, e = echo.spawn{mass = 1}, echo.spawn{mass = 2}, echo.spawn{mass = 3}
               print(echo.entity(c), echo.entity(d), echo.entity(e))
             end
             function post_update() for e, m in echo.query{'mass'} do print(echo.entity(e), m) end end",
            1,
            "entity 1v2\tentity 0v2\tentity 2v1|entity 1v2\t1.0|entity 0v2\t2.0|entity 2v1\t3.0",
        ),
    ]);
}

#[test]
fn queries_give_rows_in_canonical_order() {
    check(&[(
        "function on_start()
           for i = 1, 5 do
             local e = echo.spawn{position = {x = i, y = -i}}
             if i % 2 == 0 then echo.add(e, 'mass', i) end
             if i == 4 then echo.add(e, 'frozen') end
           end
         end
         function update()
           local out = {}
           for e, x, p in echo.query{'position.x', 'position'} do out[#out + 1] = x .. p.y end
           print(table.concat(out, ' '))
           out = {}
           for e, x, m in echo.query{'position.x', '?mass', without = {'frozen'}} do out[#out + 1] = x .. tostring(m) end
           print(table.concat(out, ' '))
           print(echo.count{'position'}, echo.count{with = 'mass'}, echo.count('mass', 'frozen'), #echo.list{'position', with = {'frozen'}})
           -- One query inside another, and one of the two again.
           local n, q, s, c = 0, echo.query('mass')
           for _ in q, s, c do for _ in echo.query{'position'} do n = n + 1 end end
           for _ in q, s, c do n = n + 100 end
           print(n)
         end",
        1,
        "1.0-1.0 3.0-3.0 5.0-5.0 2.0-2.0 4.0-4.0|1.0nil 3.0nil 5.0nil 2.02.0|5\t2\t1\t1|210",
    )]);
}

#[test]
fn objects_find_their_entity_at_each_access() {
    check(&[(
        "function on_start() me = echo.entity(echo.spawn{position = {x = 1}, mass = 2}) end
         function update()
           if not echo.alive(me) then return end
           print(me.position.x, me.mass, me['position.y'], me.frozen, me == echo.entity(echo.id(me)), type(me.position))
           me.position.x = me.position.x + 1
           me.mass = 5
           me.frozen = true
           me['position.y'] = 9
           local names = {} for name, value in pairs(me.position) do names[#names + 1] = name .. value end
           print(table.concat(names, ' '), tostring(me), getmetatable(me))
         end
         function post_update()
           if not echo.alive(me) then return end
           print(me.position.x, me.position.y, me.mass, me.frozen ~= nil)
           me.frozen = nil me.position = {y = 1} me.tags = {a = 3}
           echo.set(echo.id(me), 'position.x', 100)
         end
         function pre_update()
           if echo.tick() == 1 then print(me.position.x, me.position.y, me.frozen, me.tags.a) echo.despawn(me)
             print(pcall(function() return me.mass end)) print(pcall(function() me.mass = 1 end)) end
         end
         function on_stop() print(pcall(function() return me.mass end)) end",
        2,
        "1.0\t2.0\t0.0\tnil\ttrue\ttable|x1.0 y0.0\tentity 0v1\tentity|2.0\t9.0\t5.0\ttrue\
         |100.0\t1.0\tnil\t3|true\t5.0|false\tmain.lua:20: the entity 0v1 does not live\
         |false\tmain.lua:22: the entity 0v1 does not live",
    )]);
}

#[test]
fn resources_go_by_their_names() {
    check(&[(
        "function on_start() print(echo.get('wind')) echo.set('wind.x', 2) end
         function update() print(echo.get('wind').x, echo.get('wind.y')) echo.set('wind', {y = 3}) end",
        2,
        "nil|2.0\t0.0|2.0\t3.0",
    )]);
}

#[test]
fn events_travel_with_any_value() {
    check(&[
        (
            "echo.on('hit', function(p, event) print(p.n, p.deep[1], p.deep.k, p[1], event.kind, event.source, event.tick) end)
             function on_start() echo.emit('hit', {n = 1.5, deep = {true, k = 'text'}, 7}) end",
            1,
            "1.5\ttrue\ttext\t7\thit\tmain.lua\t0",
        ),
        // A kind that is a component's name carries its row.
        (
            "echo.on('position', function(p) print(p.x, p.y) end)
             function on_event(kind, p) print('heard', kind, p and p.x) end
             function on_start() echo.emit('position', {y = 2}) echo.emit('bare') end",
            1,
            "0.0\t2.0|heard\tposition\t0.0|heard\tbare\tnil",
        ),
        // Phases, lanes, delays, priorities, once.
        (
            "echo.on('a', function() print('late', echo.tick()) end, {priority = 5})
             echo.on('a', function() print('early', echo.tick()) end, {priority = -5})
             echo.on('a', function() print('once') end, {once = true})
             function on_start()
               echo.emit('a', nil, {delay = 0.25, phase = 'post_update'})
               echo.emit('a', nil, {lane = 'priority'})
             end",
            4,
            "early\t0|once|late\t0|early\t3|late\t3",
        ),
        // A handle travels as a number, a view as a table.
        (
            "echo.on('me', function(p) print(echo.entity(p.who), p.where.x, p.n) end)
             function on_start() e = echo.entity(echo.spawn{position = {x = 3}}) end
             function pre_update() echo.emit('me', {who = e, where = e.position, n = 2}) end",
            1,
            "entity 0v1\t3.0\t2",
        ),
    ]);
}

#[test]
fn events_end_at_their_limit_and_what_was_written_is_paid_for() {
    check(&[(
        "echo.on('text', function(text) print(#text) end)
         echo.on('list', function(list) print(#list[1]) end)
         function on_start()
           local doubled = {1}
           for i = 1, 25 do doubled = {doubled, doubled} end
           print(pcall(echo.emit, 'list', doubled))
           for more = 0, 1 do
             print(pcall(echo.emit, 'text', ('x'):rep((1 << 20) - 5 + more)))
             print(pcall(echo.emit, 'list', {('x'):rep((1 << 20) - 19 + more)}))
           end
         end",
        1,
        "false\tthe payload has more than 1 MiB|true|true\
         |false\tthe payload has more than 1 MiB|false\tthe payload has more than 1 MiB|1048571|1048557",
    )]);
    // Whoever catches the error has paid for what was written before it: an eighth of more than half a mebibyte.
    let source = "function on_start()
           local doubled = {1}
           for i = 1, 25 do doubled = {doubled, doubled} end
           for i = 1, 8 do pcall(echo.emit, 'list', doubled) end
           print('done')
         end";
    let mut set = ScriptSet {
        scripts: vec![ScriptSource::new("main.lua", source)],
        ..ScriptSet::default()
    };
    set.limits.fuel = 1_100_000;
    assert_eq!(log_of(&mut Rig::new(&set), 1), "done");
    set.limits.fuel = 524_288;
    let found = log_of(&mut Rig::new(&set), 1);
    assert!(found.contains("the fuel of the tick is used up"), "{found}");
}

#[test]
fn timers_fire_in_the_order_in_which_they_were_set() {
    check(&[
        (
            "function on_start()
               echo.delay(0.3, function() print('c', echo.tick()) end)
               echo.delay(0.25, function() print('d', echo.tick()) end)
               echo.delay(0, function() print('a', echo.tick()) end)
               echo.delay(0.11, function() print('b', echo.tick()) end)
             end",
            5,
            "a\t1|b\t2|c\t3|d\t3",
        ),
        (
            "local n = 0
             function on_start()
               t = echo.every(0.2, function() n = n + 1 print(n, echo.tick()) if n == 3 then print(echo.cancel(t), echo.cancel(t)) end end)
               local u = echo.delay(0.1, function() print('never') end) print(echo.cancel(u))
             end",
            12,
            "true|1\t2|2\t4|3\t6|true\tfalse",
        ),
    ]);
    for wrong in ["-1", "0/0", "math.huge", "1e300"] {
        let source = format!("function on_start() echo.delay({wrong}, print) end");
        let found = run(&source, 1);
        assert!(
            found.starts_with("error: main.lua: main.lua:1: bad argument #1 to 'delay' ("),
            "{found}"
        );
        assert!(found.contains("is no time to wait"), "{found}");
    }
}

#[test]
fn chance_comes_from_the_world() {
    let source = "function update() print(echo.rng(6), echo.rng(10, 12), echo.rng() < 1) end";
    let first = run(source, 3);
    assert_eq!(first, run(source, 3));
    let lines: Vec<&str> = first.split('|').collect();
    assert_eq!(lines.len(), 3);
    assert_ne!(lines[0], lines[1], "each tick has numbers of its own");
    check(&[
        (
            "print(pcall(echo.rng, 0))",
            1,
            "false\tbad argument #1 to 'rng' (interval is empty)",
        ),
        (
            "print(math.random, load, os, io, collectgarbage, debug)",
            1,
            "nil\tnil\tnil\tnil\tnil\tnil",
        ),
    ]);
}

#[test]
fn coroutines_stay_suspended_over_ticks() {
    check(&[(
        "local function work(e)
           while echo.alive(e) do
             echo.set(e, 'mass', echo.get(e, 'mass') * 2)
             coroutine.yield()
           end
           return 'gone'
         end
         function on_start() e = echo.spawn{mass = 1} c = coroutine.create(work) end
         function update() if echo.tick() == 3 then echo.despawn(e) else print(coroutine.resume(c, e)) end end
         function post_update() print(echo.alive(e) and echo.get(e, 'mass')) end",
        5,
        "true|2.0|true|4.0|true|8.0|false|true\tgone|false",
    ), (
        // A traversal cannot outlive its moment.
        "function on_start() for i = 1, 3 do echo.spawn{mass = i} end
           c = coroutine.wrap(function() for e in echo.query{'mass'} do coroutine.yield(e) end end) end
         function update() c() print(pcall(c)) end
         function post_update() print(pcall(c)) end",
        1,
        "true\t4294967297|false\tmain.lua:2: the query belongs to an earlier moment: keep handles with `echo.list` instead",
    )]);
}

#[test]
fn wrong_calls_say_what_is_wrong() {
    for (call, expected) in [
        (
            "echo.spawn(1)",
            "bad argument #1 to 'spawn' (table expected, got number)",
        ),
        (
            "echo.spawn{nothing = 1}",
            "no component `nothing` is registered",
        ),
        (
            "echo.spawn{position = 1}",
            "`position`: a table is wanted, not a number",
        ),
        (
            "echo.spawn{position = {z = 1}}",
            "`position`: there is no field `z`",
        ),
        (
            "echo.spawn{tags = {a = 256}}",
            "`tags`: `a`: 256 does not fit u8",
        ),
        (
            "echo.spawn{tags = {a = 0.5}}",
            "`tags`: `a`: 0.5 does not fit u8",
        ),
        (
            "echo.spawn{tags = {list = {1, 2}}}",
            "`tags`: `list`: a list of 3 is wanted",
        ),
        (
            "echo.spawn{mass = 'much'}",
            "`mass`: `0`: a string does not fit f64",
        ),
        (
            "echo.spawn{tags = {who = 'x'}}",
            "`tags`: `who`: a string does not fit entity",
        ),
        ("echo.despawn(12345)", "the entity 12345v0 does not live"),
        (
            "echo.despawn()",
            "bad argument #1 to 'despawn' (entity expected, got no value)",
        ),
        (
            "echo.get(1)",
            "bad argument #2 to 'get' (name of a component expected, got no value)",
        ),
        (
            "echo.get(1, 'position.q')",
            "bad argument #2 to 'get' (`position` has no field `q`)",
        ),
        (
            "echo.set(echo.spawn{}, 'mass')",
            "bad argument #3 to 'set' (value expected)",
        ),
        (
            "echo.add(echo.spawn{}, 'mass.0', 1)",
            "bad argument #2 to 'add' (a component is wanted, not a field)",
        ),
        (
            "echo.query{'nothing'}",
            "no component `nothing` is registered",
        ),
        ("echo.query{1}", "a query names components, not a number"),
        (
            "echo.query{'mass', witout = {}}",
            "bad argument #1 to 'query' (unknown word `witout`: a query has `with`, `without`, `changed` and `added`)",
        ),
        (
            "echo.emit()",
            "bad argument #1 to 'emit' (string expected, got no value)",
        ),
        (
            "echo.emit('')",
            "bad argument #1 to 'emit' (a kind has 1 to 128 bytes of text)",
        ),
        (
            "echo.emit('echo.timer')",
            "bad argument #1 to 'emit' (kinds that begin with `echo.` are the engine's own)",
        ),
        ("echo.emit('x', print)", "a function cannot travel"),
        (
            "echo.emit('x', {[{}] = 1})",
            "a table as a key cannot travel",
        ),
        (
            "local t = {} t.t = t echo.emit('x', t)",
            "tables nest deeper than 32",
        ),
        (
            "echo.emit('x', nil, {phase = 'initialize'})",
            "bad argument #3 to 'emit' (`phase = initialize`: an event has `delay` in seconds, `phase`, `lane` (`priority` or `normal`) and a list of `caps`)",
        ),
        (
            "echo.on('x')",
            "bad argument #2 to 'on' (function expected, got no value)",
        ),
        (
            "echo.on('x', print, {first = true})",
            "bad argument #3 to 'on' (`first`: a handler has an integer `priority` and a boolean `once`)",
        ),
        (
            "echo.delay('soon', print)",
            "bad argument #1 to 'delay' (seconds expected, got string)",
        ),
        (
            "echo.delay(1)",
            "bad argument #2 to 'delay' (function expected, got no value)",
        ),
        (
            "echo.cancel('x')",
            "bad argument #1 to 'cancel' (number of a timer expected, got string)",
        ),
        (
            "echo.fork()",
            "bad argument #1 to 'fork' (string expected, got no value)",
        ),
        ("require 'nothing'", "the world has no module 'nothing'"),
        (
            "echo.nothing()",
            "attempt to call a nil value (field 'nothing')",
        ),
        (
            "echo.set('echo.node', {})",
            "`echo.node` is the engine's own",
        ),
    ] {
        let source = format!("function on_start() {call} end");
        let found = run(&source, 1);
        let expected = format!(
            "error: main.lua: main.lua:1: {expected}\n  main.lua:1: in the function of line 1"
        );
        assert!(found.starts_with(&expected), "{call}\n{found}\n{expected}");
    }
}

#[test]
fn errors_leave_world_and_machine_as_they_were() {
    let source = "
        count = 0
        function on_start() e = echo.spawn{mass = 1} end
        function update()
          count = count + 1
          echo.set(e, 'mass', 7)
          echo.spawn{mass = 2}
          echo.delay(0.1, print)
          if echo.tick() == 2 and not patched then error('broken') end
        end
        echo.on('patch', function() patched = true end)";
    let mut rig = rig(&[ScriptSource::new("main.lua", source)]);
    rig.step(&[]).expect("the first tick");
    rig.step(&[]).expect("the second tick");
    let (hash, saved) = (rig.simulation.hash(), rig.simulation.save());
    for _ in 0..3 {
        let error = rig.step(&[]).expect_err("the third tick");
        assert_eq!(
            error.to_string(),
            "the script `main.lua` stopped the tick in update: main.lua:9: broken\n  main.lua:9: in the function of line 4"
        );
        assert_eq!(rig.simulation.hash(), hash);
        assert_eq!(rig.simulation.save(), saved);
    }
    rig.emit("patch");
    rig.step_pending().expect("it goes on");
    assert_eq!(rig.simulation.world().len(), 4);
}

#[test]
fn limits_of_a_tick_cannot_be_caught() {
    let mut set = ScriptSet {
        scripts: vec![ScriptSource::new(
            "main.lua",
            "function update() pcall(function() while true do end end) end",
        )],
        ..ScriptSet::default()
    };
    set.limits.fuel = 100_000;
    let mut rig = Rig::new(&set);
    assert_eq!(
        log_of(&mut rig, 1),
        "error: main.lua: main.lua:1: the fuel of the tick is used up\n  main.lua:1: in the function of line 1\n  main.lua:1: in the function of line 1"
    );
    set.scripts[0] = ScriptSource::new(
        "main.lua",
        "function update() local t = {} pcall(function() for i = 1, 1e9 do t[i] = {i} end end) end",
    );
    (set.limits.fuel, set.limits.memory_bytes) = (1 << 40, 4 << 20);
    let found = log_of(&mut Rig::new(&set), 1);
    assert!(found.contains("the memory is used up"), "{found}");
    // Fuel is of each tick.
    set.limits.fuel = 100_000;
    set.scripts[0] = ScriptSource::new("main.lua", "function update() for i = 1, 20000 do end end");
    assert_eq!(log_of(&mut Rig::new(&set), 50), "");
}

#[test]
fn signatures_are_enforced() {
    let signature = Signature {
        reads: vec!["position".into()],
        writes: vec!["mass".into()],
        reads_resources: vec!["wind".into()],
        writes_resources: Vec::new(),
    };
    let set_up = "function on_start() echo.spawn{position = {}, mass = 1} end";
    for (body, expected) in [
        (
            "for e, x in echo.query{'position.x', with = 'frozen'} do end echo.get('wind')",
            "",
        ),
        (
            "for e, x in echo.query{'position.x'} do echo.set(e, 'mass', x) print(echo.get(e, 'mass')) end",
            "1.0",
        ),
        ("pcall(echo.count, {'tags'})", "reads `tags`"),
        ("pcall(echo.spawn, {position = {}})", "writes `position`"),
        (
            "for e in echo.query{'mass'} do pcall(echo.set, e, 'position.x', 1) end",
            "writes `position`",
        ),
        (
            "for e in echo.query{'mass'} do pcall(echo.despawn, e) end",
            "writes `position`",
        ),
        ("pcall(echo.set, 'wind.x', 1)", "writes `wind`"),
        (
            "for e in echo.query{'mass'} do pcall(function() echo.entity(e).frozen = true end) end",
            "writes `frozen`",
        ),
        ("pcall(echo.emit, 'other')", "emits `other`"),
        ("echo.emit('mine')", ""),
    ] {
        let mut signed = ScriptSource::new("signed.lua", &format!("function update() {body} end"))
            .signature(signature.clone());
        signed.emits = Some(["mine".to_string()].into());
        let mut rig = rig(&[ScriptSource::new("set_up.lua", set_up), signed]);
        let found = log_of(&mut rig, 1);
        if expected.contains('`') {
            // A function called by `pcall` itself has no line.
            let found = found.replace("signed.lua:1: ERR", "ERR");
            let expected = format!(
                "error: signed.lua: ERR_ACCESS_UNDECLARED: the script `signed.lua` {expected}, which its signature does not declare"
            );
            assert!(found.starts_with(&expected), "{body}: {found}");
        } else {
            assert_eq!(found, expected, "{body}");
        }
    }
}

#[test]
fn fields_of_every_kind_go_both_ways() {
    check(&[(
        "function on_start()
           other = echo.spawn{}
           e = echo.spawn{every = {u8 = 255, u16 = 65535, u32 = 4294967295, u64 = -1, u128 = '340282366920938463463374607431768211455',
             i8 = -128, i16 = -32768, i32 = -2147483648, i64 = math.mininteger, i128 = -5, f32 = 0.1, f64 = 0/0, bool = true,
             q32 = -1.25, entity = other, list = {1, 2.0, 3}}}
         end
         function update()
           local v = echo.get(e, 'every')
           print(v.u8, v.u16, v.u32, v.u64, v.u128, v.i8, v.i16, v.i32, v.i64, v.i128)
           print(v.f32, v.f64 ~= v.f64, v.bool, v.q32, v.entity == other, v.list[2], #v.list, echo.get(e, 'every.list')[3])
           echo.set(e, 'every.entity', false, 'every', {u8 = 7.0, list = {4, 5, 6}})
         end
         function post_update() local v = echo.get(e, 'every') print(v.entity, v.u8, v.list[1], v.u16) end",
        1,
        "255\t65535\t4294967295\t-1\t340282366920938463463374607431768211455\t-128\t-32768\t-2147483648\t-9223372036854775808\t-5\
         |0.10000000149012\ttrue\ttrue\t-1.25\ttrue\t2\t3\t3|false\t7\t4\t65535",
    )]);
}
