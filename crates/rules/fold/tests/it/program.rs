//! Folds in Lua: what they declare, how their forms agree, what stops them, and what a `.rgf` of theirs may be.

use crate::support::{apply_all, compiled, encoded, files, fold_event, in_order, loader, program};
use crate::vectors::{events_of, examples};
use gatos_fold::{Fold, FoldFault, FoldState, InputsRoot, ProgramCause, RgfError, compile_lua};
use gatos_testkit::fold_twin::TwinEvent;
use gatos_values::{ErrorCode, Map, Text, Value, cbor};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn findings(source: &str) -> String {
    let findings = match compile_lua(source, "test.lua") {
        Ok(compiled) => compiled.warnings,
        Err(findings) => findings,
    };
    let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
    shown.join("\n")
}

/// A streaming fold with this step; the state is emitted whole.
fn stream(step: &str) -> String {
    format!(
        "function init() return {{n = 0, seen = {{}}}} end
         function step(s, e) {step} return s end
         function emit(s) emit_json_canonical('state/x.json', s) end"
    )
}

fn events(count: usize) -> Vec<TwinEvent> {
    let lines: Vec<String> = (0..count)
        .map(|number| {
            let actor = ["user:al", "user:bo", "agent:cy"][number % 3];
            let amount = number * 7 % 11;
            format!(
                r#"{{"type":"t.{}","actor":"{actor}","payload":{{"id":"k{}","amount":{amount},"bad":{}}}}}"#,
                number % 2,
                number % 5,
                number % 4 == 3,
            )
        })
        .collect();
    events_of(&lines.join("\n"))
}

fn fault(source: &str, lines: &[TwinEvent]) -> FoldFault {
    let fold = program(source);
    let mut state = FoldState::new(&fold);
    for event in lines {
        if let Err(fault) = state.apply(&fold, &fold_event(event)) {
            return fault;
        }
    }
    match state.emit(&fold) {
        Err(fault) => fault,
        Ok(_) => state
            .encode(&fold, &InputsRoot::new())
            .expect_err("something goes wrong"),
    }
}

#[test]
fn declarations_are_read_without_running_and_wrong_ones_have_places() {
    let fold = "function fold(events) end\n";
    let rows = [
        (
            "local x = 1 return x",
            "1:1: error[missing-function]: there is neither `fold` nor `init`, `step` and `emit` (write `function fold(events) … end`)",
        ),
        (
            "function init() return {} end",
            "1:10: error[missing-function]: there is `init`, but no `step` (the streaming form needs `init`, `step` and `emit`)",
        ),
        (
            "inputs = {}",
            "2:1: error[declaration]: `inputs` is not a list of 1 to 256 patterns (write patterns such as `gatos/journal/finance/**`, or leave `inputs` out)",
        ),
        (
            "inputs = {'shop/**'}",
            "2:1: error[declaration]: `shop/**` matches no journal (write patterns such as `gatos/journal/finance/**`, or leave `inputs` out)",
        ),
        (
            "local p = string.rep('a', 3) inputs = {p}",
            "2:30: error[declaration]: `inputs` is not a constant (write its value out: it is read without running the fold)",
        ),
        (
            "limits = {fule = 1}",
            "2:1: error[declaration]: there is no limit `fule` (known limits: fuel, memory_bytes, output_bytes, stack_values)",
        ),
        (
            "limits = {fuel = 0}",
            "2:1: error[declaration]: the limit `fuel` is not an integer from 1000 to 1000000000000 (known limits: fuel, memory_bytes, output_bytes, stack_values)",
        ),
        (
            "allow = {'io'}",
            "2:1: error[declaration]: `allow` names something unknown (write `allow = {\"rng\"}`, or leave it out)",
        ),
        (
            "on_error = 'ignore'",
            "2:1: error[declaration]: `on_error` is neither \"fail\" nor \"skip\" (write `on_error = \"skip\"`, or leave it out to stop at an error)",
        ),
        (
            "privileged = 1",
            "2:1: error[declaration]: `privileged` is neither true nor false (write `privileged = true`, or leave it out)",
        ),
        (
            "merge = {['state/x.json'] = 'lvw'}",
            "2:1: error[declaration]: `state/x.json` merges by no known kind: counter-g, counter-pn, count-by, lww, map-join, map-join-lww, max, min, set-2p, set-g, set-lww, set-or, sum-by (write `merge = {[\"state/invoices.json\"] = \"map-join-lww\"}`)",
        ),
        (
            "if true then limits = {} end",
            "2:14: error[declaration]: `limits` is assigned twice, together with others, or inside something (assign it once, alone, outside functions and blocks)",
        ),
        (
            "limits = {} limits = {}",
            "2:13: error[declaration]: `limits` is assigned twice, together with others, or inside something (assign it once, alone, outside functions and blocks)",
        ),
        (
            "error('top')",
            "2:1: error[load]: the top level fails: top (correct the fold, compile and install it again)",
        ),
        (
            "step = 1 init = 2 emit = 3",
            "1:1: error[load]: `init` is no function but a number (correct the fold, compile and install it again)",
        ),
        (
            "local f = function() emit_json_canonical('x.json', 1) end f()",
            "2:42: error[bad-path]: `x.json` is not below `state/` (start the path with `state/`; use letters, digits, `_`, `-` and inner dots)",
        ),
        (
            "allow = {'rng'}",
            "2:1: warning[draws]: a fold that draws is run over all events each time (leave `rng` out if the events can decide)",
        ),
        ("local s = 'å' .. pairs", "2:18: error[no-pairs]"),
    ];
    for (source, expected) in rows {
        let whole = match source.contains("return x") || source.starts_with("function") {
            true => source.to_owned(),
            false => format!("{fold}{source}\n"),
        };
        let found = findings(&whole);
        assert!(found.starts_with(expected), "{source}\n{found}\n{expected}");
    }
    assert!(findings("function fold(e) for k in pairs(e) do end end").contains("error[no-pairs]"));
}

#[test]
fn what_is_declared_stands_in_the_container() {
    let source = "
        inputs = {'gatos/journal/b/**', 'gatos/journal/a/**', 'gatos/journal/b/**'}
        limits = {fuel = 100 * 1000, stack_values = 2000}
        merge = {['state/shop/*.json'] = 'lww'}
        privileged = true
        function fold(events) end";
    let fold = program(source);
    assert_eq!((fold.kind(), fold.functions()), ("elc", &["fold"][..]));
    let inputs: Vec<&str> = fold
        .inputs()
        .expect("inputs")
        .iter()
        .map(|glob| glob.as_str())
        .collect();
    assert_eq!(inputs, ["gatos/journal/a/**", "gatos/journal/b/**"]);
    let limits = fold.limits().expect("limits");
    assert_eq!((limits.fuel, limits.stack_values), (100_000, 2_000));
    assert!(fold.is_privileged() && fold.needs_order() && fold.needs_all_events());
    assert_eq!(
        fold.merge_contract().get("state/shop/*.json"),
        Some(&Value::text("lww").expect("text"))
    );
    // Comments, layout and local names are not in the bytes; what is declared is.
    let same = "-- note\nprivileged = true merge = {['state/shop/*.json'] = 'lww'}";
    let one = compile_lua(
        &format!("{same}\nfunction fold(events) local a = 1 return a end"),
        "a.lua",
    )
    .expect("compiles");
    let two = compile_lua(
        &format!("{same}\n\n  function  fold(list) local bcd = 1; return bcd end"),
        "b.lua",
    )
    .expect("compiles");
    assert_eq!(one.rgf, two.rgf);
    assert_ne!(one.map, two.map);
    let other = compile_lua(
        "merge = {['state/shop/*.json'] = 'lww'} function fold(events) local a = 1 return a end",
        "a.lua",
    )
    .expect("compiles");
    assert_ne!(one.rgf, other.rgf);
}

#[test]
fn a_container_that_contradicts_its_program_is_refused() {
    let source = "inputs = {'gatos/journal/a/**'} function fold(events) end";
    let rgf = compile_lua(source, "a.lua").expect("compiles").rgf;
    let Ok(Value::Map(map)) = cbor::decode(&rgf, usize::MAX) else {
        panic!("a map");
    };
    let with = |key: &str, value: Value| {
        let mut map = map.clone();
        map.insert(Text::new(key).expect("text"), value);
        Fold::decode(&cbor::encode(&map.into()).expect("encodes")).map(drop)
    };
    assert_eq!(with("privileged", false.into()), Ok(()));
    let text = |text: &str| Value::text(text).expect("text");
    let limits = map
        .get("limits")
        .and_then(Value::as_map)
        .expect("limits")
        .clone();
    let rows = [
        ("v", 2_u8.into()),
        ("inputs", Value::Null),
        ("inputs", vec![text("gatos/journal/b/**")].into()),
        ("privileged", true.into()),
        ("allow", vec![text("rng")].into()),
        ("emit", vec![text("state/x.json")].into()),
        ("merge", Map::new().with("state/x.json", "lww").into()),
        ("limits", Map::new().into()),
        ("limits", limits.with("fuel", 1_000_u64).into()),
        ("more", Value::Null),
        ("kind", text("reducers")),
        ("code", Value::Bytes(vec![])),
        ("code", Value::List(vec![])),
    ];
    for (key, value) in rows {
        assert!(with(key, value.clone()).is_err(), "{key}: {value:?}");
    }
    // A script is no fold.
    let script = gatos_echolua::compile(b"fold = 1", gatos_echolua::Profile::Script);
    let script = gatos_echolua::elc::encode(&script.module.expect("compiles"));
    assert!(matches!(
        with("code", Value::Bytes(script)),
        Err(RgfError::Invalid(_))
    ));
}

#[test]
fn every_cut_and_every_changed_byte_is_refused_or_another_fold() {
    for (name, source, _) in examples("folds-lua", ".lua") {
        let rgf = compile_lua(&source, &name).expect("compiles").rgf;
        let step = rgf.len() / 64 + 1;
        for cut in (0..rgf.len()).step_by(step) {
            assert!(Fold::decode(&rgf[..cut]).is_err(), "{name} cut at {cut}");
        }
        for place in (0..rgf.len()).step_by(step) {
            let mut changed = rgf.clone();
            changed[place] ^= 0x15;
            if let Ok(fold) = Fold::decode(&changed) {
                assert_eq!(fold.bytes(), changed, "{name} changed at {place}");
                let _ = FoldState::new(&fold).emit(&fold);
            }
        }
    }
}

#[test]
fn what_stops_a_fold_names_event_line_and_cure() {
    let one = events(1);
    let found = fault(&stream("s.n = s.n +\n e.payload.missing"), &one);
    let expected = format!(
        "`step` failed at the event {} ({}, t.0): test.lua:2: attempt to perform arithmetic on a nil value",
        one[0].id, one[0].ulid
    );
    assert_eq!(
        (found.to_string(), found.code()),
        (expected, ErrorCode::FoldFailed)
    );
    assert!(found.hint().expect("a hint").contains("on_error"));
    let rows = [
        (format!("limits = {{fuel = 5000}} {}", stream("while true do end")), ErrorCode::FuelExhausted, "the fuel of a call, 5000, is used up"),
        (format!("limits = {{fuel = 5000}} {}", stream("pcall(function() while true do end end)")), ErrorCode::FuelExhausted, "5000, is used up"),
        (format!("limits = {{memory_bytes = 2 << 20}} {}", stream("local t = 'x' while true do t = t .. t s.seen[#s.seen + 1] = t end")), ErrorCode::MemoryExhausted, "the memory, 2097152 bytes, is used up"),
        (format!("limits = {{output_bytes = 1024}} {}", stream("s.text = string.rep('x', 2000)")), ErrorCode::MemoryExhausted, "the files are larger than 1024 bytes together"),
        (format!("limits = {{stack_values = 2000}} {}", stream("local function f(n) return 1 + f(n + 1) end s.n = f(1)")), ErrorCode::FoldFailed, "stack overflow"),
        (stream("s = nil"), ErrorCode::FoldFailed, "`step` gives nothing: return the state"),
        (stream("s.f = type"), ErrorCode::FoldFailed, "a function has no form in the value model"),
        (format!("local n = 0 {}", stream("n = n + 1 s.n = n")), ErrorCode::FoldFailed, "the fold keeps something outside its state"),
        (stream("s.a = e.payload s.b = e.payload"), ErrorCode::FoldFailed, "the fold's state cannot be kept: one table stands in two places"),
        (stream("s.seen = setmetatable({}, {})"), ErrorCode::FoldFailed, "a table with a metatable of its own cannot be kept (at `state.seen`)"),
        ("function fold(e) error('no\\nlines', 2) end".to_owned(), ErrorCode::FoldFailed, "`fold` failed: test.lua:1: no\nlines"),
        ("function fold(e) error({}) end".to_owned(), ErrorCode::FoldFailed, "`fold` failed: test.lua:1: "),
        ("function fold(e) emit_json_canonical('state/' .. e[1].type .. '/..', 1) end".to_owned(), ErrorCode::FoldFailed, "is no file name"),
        ("function fold(e) emit_json_canonical('state/a', 1) emit_json_canonical('state/A', 1) end".to_owned(), ErrorCode::FoldFailed, "are one path"),
        ("function init() end function step(s) return s end function emit() end".to_owned(), ErrorCode::FoldFailed, "`init` gives nothing"),
        (format!("function fold(e) emit_json_canonical('state/x.json', #e) end {}", stream("s.n = s.n + 1")), ErrorCode::FoldFailed, "`fold` and `step` give different bytes for `state/x.json`"),
    ];
    for (source, code, text) in rows {
        let found = fault(&source, &one);
        assert_eq!(found.code(), code, "{source}: {found}");
        assert!(found.to_string().contains(text), "{source}: {found}");
        assert!(found.hint().is_some());
    }
}

/// Whether a limit of memory is reached follows from the state and the events: not from garbage, and not from keys that were
/// there once, which a run that goes on from a kept state knows nothing of.
#[test]
fn running_out_of_memory_does_not_depend_on_where_a_run_began() {
    let step = "
        s.n = s.n + 1
        local n = s.n
        for i = 1, 8 do s.seen['k' .. n .. '-' .. i] = i .. ('x'):rep(n % 50 * 80 + 2000) .. n end
        if n % 10 == 0 then
          for m = n - 9, n - 5 do for i = 1, 8 do s.seen['k' .. m .. '-' .. i] = nil end end
        end
        for i = 1, n * 7 % 40 do s.list[i] = n end
        for i = #s.list, n * 3 % 30 + 1, -1 do s.list[i] = nil end
        local garbage = {}
        for i = 1, n * 13 % 100 do garbage[i] = 'g' .. n .. '-' .. i end
        if n % 7 == 0 then s.size = #('y'):rep(n * 3000) .. #table.concat(garbage, ',') end";
    let all = events(100);
    let ordered = in_order(&all);
    let ending = |fold: &Fold, cut: Option<usize>| {
        let mut state = FoldState::new(fold);
        for (number, event) in ordered.iter().enumerate() {
            if cut == Some(number) {
                let saved = encoded(fold, &state);
                let read = FoldState::decode(fold, &saved.manifest, loader(&saved));
                state = read.expect("decodes").0;
            }
            if let Err(fault) = state.apply(fold, &fold_event(event)) {
                assert_eq!(fault.code(), ErrorCode::MemoryExhausted, "{fault}");
                return Err((number, fault.to_string()));
            }
        }
        Ok(encoded(fold, &state).manifest)
    };
    let mut places = Vec::new();
    for limit in (1 << 20..1_400_000).step_by(46_006) {
        let source = format!(
            "limits = {{memory_bytes = {limit}}} {}",
            stream(step).replace("seen = {}", "seen = {}, list = {}")
        );
        let fold = program(&source);
        let whole = ending(&fold, None);
        let end = whole
            .as_ref()
            .map_or_else(|(place, _)| *place, |_| all.len());
        places.push(end);
        for cut in [end / 2, end.saturating_sub(1)] {
            assert_eq!(
                ending(&fold, Some(cut)),
                whole,
                "limit {limit}, kept before event {cut}"
            );
        }
    }
    places.dedup();
    assert!(places.len() > 2, "limits have to matter: {places:?}");
}

#[test]
fn a_number_outside_64_bits_matters_only_where_it_is_used() {
    let lines = r#"{"type":"t","actor":"user:al","payload":{"amount":9223372036854775808,"half":4294967296.5}}"#;
    let passed = program(&stream("s.all = e.payload"));
    let mut state = FoldState::new(&passed);
    apply_all(&passed, &mut state, &events_of(lines));
    let text = String::from_utf8(files(&passed, &state).expect("emits")["state/x.json"].clone());
    assert_eq!(
        text.expect("UTF-8"),
        r#"{"all":{"amount":9223372036854775808,"half":4294967296.5},"n":0,"seen":{}}"#
    );
    let saved = encoded(&passed, &state);
    let (again, _) = FoldState::decode(&passed, &saved.manifest, loader(&saved)).expect("decodes");
    assert_eq!(encoded(&passed, &again), saved);
    let found = fault(&stream("s.n = e.payload.amount + 1"), &events_of(lines));
    assert!(
        found
            .to_string()
            .contains("the number 9223372036854775808 does not fit"),
        "{found}"
    );
}

#[test]
fn a_skipped_event_leaves_nothing_but_its_count() {
    let body = "s.n = s.n + 1 s.seen[e.id] = 1 if e.payload.bad then error('bad') end";
    let source = format!("on_error = 'skip' {}", stream(body));
    let fold = program(&source);
    let all = events(1200);
    let mut state = FoldState::new(&fold);
    apply_all(&fold, &mut state, &all);
    let skipped: BTreeMap<String, u64> = [("step".to_owned(), 300)].into();
    assert_eq!(state.skipped(&fold), skipped);
    let good: Vec<TwinEvent> = {
        let mut positions: BTreeMap<String, u64> = BTreeMap::new();
        let good = all
            .iter()
            .filter(|event| event.payload.get("bad") == Some(&Value::Bool(false)));
        good.cloned()
            .map(|mut event| {
                let position = positions.entry(event.journal.clone()).or_default();
                *position += 1;
                event.position = *position;
                event
            })
            .collect()
    };
    let mut honest = FoldState::new(&fold);
    apply_all(&fold, &mut honest, &good);
    assert_eq!(files(&fold, &state), files(&fold, &honest));
}

#[test]
fn draws_follow_from_events_policy_and_fold() {
    let fold = program(
        "allow = {'rng'} function fold(e) local draw = rng() emit_json_canonical('state/d.json', {draw(1000000), draw(1000000)}) end",
    );
    let drawn = |count: usize, policy: Option<u8>| {
        let mut state = FoldState::new(&fold);
        if let Some(byte) = policy {
            state.set_policy_root(gatos_values::Sha256Digest::from_bytes([byte; 32]));
        }
        apply_all(&fold, &mut state, &events(count));
        files(&fold, &state).expect("emits")
    };
    assert_eq!(drawn(3, None), drawn(3, None));
    assert_ne!(drawn(3, None), drawn(4, None));
    assert_ne!(drawn(3, None), drawn(3, Some(1)));
    // The streaming form draws the same way, and keeps no state either.
    let stream = program(
        "allow = {'rng'} function init() return {rng()(1000000)} end function step(s, e) s[#s + 1] = rng()(1000000) return s end function emit(s) emit_json_canonical('state/d.json', s) end",
    );
    assert!(stream.needs_all_events());
    let mut state = FoldState::new(&stream);
    apply_all(&stream, &mut state, &events(2));
    assert_eq!(files(&stream, &state), files(&stream, &state));
    let saved = encoded(&stream, &state);
    assert!(FoldState::decode(&stream, &saved.manifest, loader(&saved)).is_err());
}

/// The YAML fold and its twin in Lua.
#[test]
fn a_twin_in_lua_gives_the_state_of_a_fold_in_yaml() {
    let yaml = "version: 1
reducers:
  - {name: map, kind: map-join-lww, key: $.id}
  - {name: counts, kind: count-by, key: event.type}
  - {name: sums, kind: sum-by, key: $.id, value: $.amount}
  - {name: actors, kind: set-g, value: event.actor}
emit:
  - {from: map, path: state/map.json}
  - {from: counts, path: state/counts.json}
  - {from: sums, path: state/sums.json}
  - {from: actors, path: state/actors.json}
";
    let lua = "
        function init() return {map = {}, counts = {}, sums = {}, actors = set.or_set()} end
        function step(s, e)
          local id = e.payload.id
          local row = s.map[id] or {}
          for field, value in dpairs(e.payload) do row[field] = value end
          s.map[id] = row
          s.counts[e.type] = (s.counts[e.type] or 0) + 1
          s.sums[id] = (s.sums[id] or 0) + e.payload.amount
          s.actors:add(e.actor, e.actor)
          return s
        end
        function emit(s)
          emit_json_canonical('state/map.json', json.object(s.map))
          emit_json_canonical('state/counts.json', s.counts)
          emit_json_canonical('state/sums.json', s.sums)
          emit_json_canonical('state/actors.json', json.array(s.actors:values()))
        end";
    let (yaml, lua) = (compiled(yaml), program(lua));
    for count in [1, 2, 7, 60] {
        let all = events(count);
        let of = |fold: &Fold| {
            let mut state = FoldState::new(fold);
            apply_all(fold, &mut state, &all);
            files(fold, &state).expect("emits")
        };
        assert_eq!(of(&yaml), of(&lua), "{count} events");
    }
}

/// What a fold makes of events in canonical order, saved and read back at these places.
fn run(
    fold: &Fold,
    events: &[&TwinEvent],
    cuts: &[usize],
) -> (FoldState, BTreeMap<String, Vec<u8>>) {
    let mut state = FoldState::new(fold);
    for (number, event) in events.iter().enumerate() {
        if cuts.contains(&number) {
            // A run ends here: files are written, the state is kept, and another process goes on.
            files(fold, &state).expect("emits");
            let saved = encoded(fold, &state);
            let read = FoldState::decode(fold, &saved.manifest, loader(&saved)).expect("decodes");
            state = read.0;
            assert_eq!(encoded(fold, &state), saved);
        }
        state.apply(fold, &fold_event(event)).expect("applies");
    }
    let files = files(fold, &state).expect("emits");
    (state, files)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The forms agree, however the events are divided among runs.
    #[test]
    fn streaming_batch_and_incremental_runs_agree(
        count in 0usize..40,
        cuts in proptest::collection::vec(0usize..40, 0..4),
        numbers in proptest::collection::vec(0usize..5, 0..4),
    ) {
        let helpers = "
            local function take(s, e)
              local p = e.payload
              s.last = e.ulid .. e.actor
              local row = s.rows[p.id] or {tags = set.two_phase(), list = {}}
              s.rows[p.id] = row
              if p.bad then row.tags:remove(e.actor) else row.tags:add(e.actor) end
              row.list[#row.list + 1] = p.amount / 4
              if #row.list > 3 then row.list[2] = nil table.remove(row.list, 1) end
              s.index[p.amount] = p.id
              if p.amount == 5 then s.index[p.amount - 1] = nil end
            end
            local function show(s)
              local rows = {}
              for id, row in dpairs(s.rows) do
                rows[id] = {tags = json.array(row.tags:values()), count = #row.list, sum = reduce(json.array(row.list), function(a, b) return a + b end, 0)}
              end
              emit_json_canonical('state/rows.json', rows)
              emit_json_canonical('state/index.json', json.object(s.index))
              emit_json_canonical('state/last.json', s.last)
            end";
        let start = "{rows = {}, index = {}, last = json.null}";
        let stream = format!("{helpers} function init() return {start} end function step(s, e) take(s, e) return s end function emit(s) show(s) end");
        let batch = format!("{helpers} function fold(events) local s = {start} for _, e in dpairs(events) do take(s, e) end show(s) end");
        let (stream, batch) = (program(&stream), program(&batch));
        let mut all = events(count);
        for (event, number) in all.iter_mut().zip(&numbers) {
            if let Value::Map(map) = &mut event.payload {
                map.insert(Text::new("id").expect("text"), Value::text(&format!("k{number}")).expect("text"));
            }
        }
        let ordered = in_order(&all);
        let (whole, expected) = run(&stream, &ordered, &[]);
        let (parts, found) = run(&stream, &ordered, &cuts);
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(encoded(&stream, &parts), encoded(&stream, &whole));
        prop_assert_eq!(run(&batch, &ordered, &[]).1, expected);
    }

    /// A saved state with a changed byte is refused, or is exactly another state's bytes.
    #[test]
    fn a_changed_state_is_refused_or_another_state(count in 1usize..12, place: prop::sample::Index, bit in 0u8..8) {
        let fold = program(&stream("s.n = s.n + 1 s.seen[e.id] = {e.payload.amount, x = e.actor}"));
        let mut state = FoldState::new(&fold);
        apply_all(&fold, &mut state, &events(count));
        let mut saved = encoded(&fold, &state);
        let (name, bytes) = &mut saved.chunks[0];
        let old = gatos_values::Blake3Digest::of(bytes);
        let at = place.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let new = gatos_values::Blake3Digest::of(bytes);
        *name = new.to_hex()[..name.len()].to_owned();
        let found = saved.manifest.windows(32).position(|window| window == old.as_bytes()).expect("it is there");
        saved.manifest[found..found + 32].copy_from_slice(new.as_bytes());
        if let Ok((again, _)) = FoldState::decode(&fold, &saved.manifest, loader(&saved)) {
            let again = encoded(&fold, &again);
            prop_assert_eq!(again.manifest, saved.manifest);
        }
    }
}

#[test]
fn a_state_is_cut_into_chunks_that_unchanged_keys_share() {
    let fold = program(&stream(
        "s.seen[e.ulid .. e.payload.id] = {e.payload.amount}",
    ));
    let all = events(3000);
    let mut state = FoldState::new(&fold);
    apply_all(&fold, &mut state, &all[..2999]);
    let before = encoded(&fold, &state);
    apply_all(&fold, &mut state, &all);
    let after = encoded(&fold, &state);
    let shared = after
        .chunks
        .iter()
        .filter(|chunk| before.chunks.contains(chunk))
        .count();
    assert!(
        after.chunks.len() > 5 && shared + 2 >= after.chunks.len(),
        "{shared} of {}",
        after.chunks.len()
    );
}

#[test]
fn a_fault_is_told_by_its_cause() {
    let found = fault("function fold(e) error('x') end", &events(1));
    let FoldFault::Program(found) = found else {
        panic!("{found}");
    };
    assert_eq!(found.cause, ProgramCause::Raised("x".to_owned()));
    assert_eq!(found.trace, ["test.lua:1: in the function of line 1"]);
}
