//! Values kept between runs, numbers that do not fit, state that hides, and lines beside a fold.

use crate::support::module;
use gatos_echolua::{BridgeError, Fault, Limits, Profile, Value, Vm, elc};
use gatos_values::{Value as Plain, json};
use proptest::prelude::*;

/// A machine that has run a fold's main function.
fn machine(source: &str) -> Vm {
    let compiled = module(source.as_bytes(), Profile::Fold);
    let mut vm = Vm::new(Profile::Fold, Limits::default());
    let main = vm.load(&compiled, "test.lua").expect("it loads");
    vm.call(main, &[]).expect("it runs");
    vm
}

/// What `init` of a source gives.
fn built(vm: &mut Vm) -> Value {
    let init = vm.export_of("init");
    vm.call(init, &[]).expect("it builds")[0]
}

fn shown(vm: &mut Vm, value: Value) -> Result<String, String> {
    let show = vm.export_of("emit");
    match vm.call(show, &[value]) {
        Ok(values) => Ok(vm.show(values[0])),
        Err(Fault::Raised(value)) => Err(vm.show(value)),
        Err(fault) => panic!("{fault:?}"),
    }
}

/// Whether the value that `init` builds behaves the same for `emit` before and after it was kept.
fn comes_back(init: &str, emit: &str) {
    let source = format!("function init() {init} end function emit(state) {emit} end");
    let mut vm = machine(&source);
    let value = built(&mut vm);
    let kept = vm.keep(value).expect("it can be kept");
    let before = shown(&mut vm, value).expect("it can be shown");
    let mut other = machine(&source);
    let revived = other.revive(&kept).expect("it can be revived");
    assert_eq!(other.keep(revived), Ok(kept), "{init}");
    assert_eq!(shown(&mut other, revived), Ok(before), "{init}");
}

#[test]
fn what_is_kept_comes_back_as_it_was() {
    comes_back("return {1, nil, 3}", "return #state .. tostring(state[2])");
    comes_back(
        "local t = {1, 2, 3} t[2] = nil t[10] = 'x' t['10'] = 'y' t[1.5] = true t[false] = 1 return t",
        "state[4] = 4 return #state .. state[10] .. state['10'] .. tostring(state[1.5]) .. state[false]",
    );
    comes_back(
        "return {json.array(), {}, json.object({1}), json.null, '\\xff'}",
        "return json.encode_canonical({state[1], state[2], state[3], state[4]}) .. #state[5]",
    );
    comes_back(
        "local s = set.or_set():add('a', 't1'):add('b', 't2'):remove('a') return {s = s, c = counter.pn():inc('x', 4):dec('y')}",
        "return table.concat(state.s:add('c', 't3'):values(), ',') .. state.c:inc('z'):value()",
    );
    comes_back("return 7", "return state + 1");
}

#[test]
fn what_would_come_back_different_is_refused_with_its_place() {
    let rows = [
        (
            "return {f = type}",
            "a function cannot be kept (at `state.f`)",
        ),
        ("return nil", "a nil cannot be kept (at `state`)"),
        (
            "local t = {} return {a = t, b = {t}}",
            "one table stands in two places, the second is `state.b[1]`: it would be two tables after the next run",
        ),
        (
            "local t = {} t.t = t return t",
            "one table stands in two places, the second is `state.t`: it would be two tables after the next run",
        ),
        (
            "return {x = setmetatable({}, {})}",
            "a table with a metatable of its own cannot be kept (at `state.x`)",
        ),
        (
            "return {[{}] = 1}",
            "a table as a key cannot be kept (at `state[table]`)",
        ),
        (
            "local t = {} local s = t for i = 1, 200 do s.t = {} s = s.t end return t",
            "tables nest deeper than 100",
        ),
    ];
    for (init, expected) in rows {
        let mut vm = machine(&format!("function init() {init} end"));
        let value = built(&mut vm);
        let error = vm.keep(value).expect_err(init).to_string();
        let error = error.replace("table: ", "table");
        assert_eq!(error, expected, "{init}");
    }
}

/// One string in many places is little in a heap and much outside it.
#[test]
fn what_is_taken_out_keeps_to_the_limit_of_memory() {
    let source = "function init(n, key) local s, t = string.rep('x', 1000000), {}
        for i = 1, n do if key then t[i] = {[s] = 1} else t[i] = s end end return t end";
    let limits = Limits {
        memory_bytes: 4 << 20,
        ..Limits::default()
    };
    let compiled = module(source.as_bytes(), Profile::Fold);
    let mut vm = Vm::new(Profile::Fold, limits);
    let main = vm.load(&compiled, "test.lua").expect("it loads");
    vm.call(main, &[]).expect("it runs");
    let init = vm.export_of("init");
    for (count, has_key, refused_at) in [
        (4, false, None),
        (5, false, Some("state[5]")),
        (4000, false, Some("state[5]")),
        (4, true, None),
        (4000, true, Some(".xxx")),
    ] {
        let arguments = [Value::Integer(count), Value::Boolean(has_key)];
        let value = vm.call(init, &arguments).expect("it builds")[0];
        let kept = vm.keep(value).map_err(|error| error.to_string());
        let exported = vm.export(value);
        match refused_at {
            None => assert!(kept.is_ok() && exported.is_ok(), "{count}, {has_key}"),
            Some(place) => {
                let error = kept.expect_err("too large");
                assert!(error.starts_with("kept, the state is larger"), "{error}");
                assert!(error.contains(place), "{error}");
                assert_eq!(exported, Err(BridgeError::TooLarge));
            }
        }
    }
}

#[test]
fn a_kept_value_has_one_spelling() {
    let mut vm = machine("");
    let rows = [
        "{}",
        "[0,0]",
        "[3,0,0]",
        "[0,5,0]",
        "[0,0,1]",
        "[0,0,0,1,2]",
        "[0,0,0,\"b\",1,\"a\",1]",
        "[0,0,0,\"a\",1,\"a\",1]",
        "[0,0,0,[0,0,0],1]",
        "[0,0,0,\"a\"]",
        "[0,0,2,1,1]",
        "[0,0,1,1,1,2,2]",
        "[0,0,-1]",
        "[0,0,99999999999,99999999999,1]",
        "[0,0,4000000000,4000000000,1]",
    ];
    for row in rows {
        let plain = json::decode_strict(row.as_bytes(), usize::MAX).expect("JSON");
        assert!(vm.revive(&plain).is_err(), "{row}");
    }
    assert!(vm.revive(&Plain::Bytes(b"text".to_vec())).is_err());
}

fn any_plain() -> impl Strategy<Value = Plain> {
    let leaf = prop_oneof![
        Just(Plain::Null),
        any::<bool>().prop_map(Plain::Bool),
        (-4i64..5).prop_map(Plain::from),
        "[ab]{0,2}".prop_map(|text| Plain::text(&text).expect("text")),
        proptest::collection::vec(any::<u8>(), 0..3).prop_map(Plain::Bytes),
    ];
    leaf.prop_recursive(4, 24, 8, |inner| {
        proptest::collection::vec(inner, 0..9).prop_map(Plain::List)
    })
}

proptest! {
    /// Whatever is accepted is what would be written.
    #[test]
    fn reviving_is_the_inverse_of_keeping(plain in any_plain(), head in 0u8..3, length in 0u64..4) {
        let mut vm = machine("");
        let mut candidates = vec![plain.clone()];
        if let Plain::List(items) = plain {
            let mut list = vec![Plain::from(head), Plain::from(0u8), Plain::from(length)];
            list.extend(items);
            candidates.push(Plain::List(list));
        }
        for candidate in candidates {
            if let Ok(value) = vm.revive(&candidate) {
                prop_assert_eq!(vm.keep(value), Ok(candidate));
            }
        }
    }
}

#[test]
fn a_number_that_does_not_fit_is_passed_on_and_refuses_to_be_computed_with() {
    let source = "
        local n, same
        function step(event) n, same = event.n, event.same return n end
        function emit(what)
          if what == 'pass' then return json.encode_canonical({n = n, list = {n}}) end
          if what == 'text' then return tostring(n) end
          if what == 'equal' then return tostring(n == same) .. tostring(n == 5) .. tostring(n ~= {}) end
          if what == 'add' then return n + 1 end
          if what == 'less' then return n < 1 end
          if what == 'field' then return n.x end
          if what == 'keys' then return dkeys(n) end
          if what == 'store' then n.x = 1 end
        end";
    let mut vm = machine(source);
    let wide = "340282366920938463463374607431768211455";
    let wide = &wide[..38];
    let event = format!("{{\"n\":{wide},\"same\":{wide}}}");
    let event = json::decode_strict(event.as_bytes(), usize::MAX).expect("JSON");
    assert!(vm.import(&event).is_err(), "the strict way refuses it");
    let event = vm.import_any(&event);
    let step = vm.export_of("step");
    let number = vm.call(step, &[event]).expect("nothing touches it")[0];
    let kept = vm.keep(number).expect("it can be kept");
    assert_eq!(
        kept,
        json::decode_strict(wide.as_bytes(), 99).expect("JSON")
    );
    let revived = vm.revive(&kept).expect("it can be revived");
    assert_eq!(vm.keep(revived), Ok(kept));
    let mut ask = |what: &str| {
        let what = vm.text(what);
        shown(&mut vm, what)
    };
    assert_eq!(
        ask("pass"),
        Ok(format!("{{\"list\":[{wide}],\"n\":{wide}}}"))
    );
    assert_eq!(ask("text"), Ok(wide.to_owned()));
    assert_eq!(ask("equal"), Ok("truefalsetrue".to_owned()));
    let refusal =
        format!("the number {wide} does not fit a fold's numbers: it can only be passed on");
    for what in ["add", "less", "field", "store"] {
        assert_eq!(ask(what), Err(refusal.clone()), "{what}");
    }
    assert_eq!(ask("keys"), Err("a number has no keys".to_owned()));
}

#[test]
fn what_a_program_hides_changes_the_digest_of_its_globals() {
    let honest =
        "local limit = {9} function step(s, e) s.n = (s.n or 0) + limit[1] s.t = {} return s end";
    let counter = "local n = 0 function step(s, e) n = n + 1 s.n = n return s end";
    let cache = "local seen = {} function step(s, e) seen[#seen + 1] = 1 return s end";
    let library = "function step(s, e) local m = math m.x = 1 return s end";
    let text = "local words = {'word', 'word', 'other'} function step(s, e) words[2] = ";
    let (same_text, other_text) = (
        format!("{text} ('wo'):rep(1) .. 'rd' return s end"),
        format!("{text} 'other' return s end"),
    );
    for (source, hides) in [
        (honest, false),
        (counter, true),
        (cache, true),
        (library, true),
        (&same_text, false),
        (&other_text, true),
    ] {
        let mut vm = machine(source);
        let state = Value::Table(vm.heap_mut().new_table());
        let globals = vm.globals();
        vm.heap_mut().set_text(globals, "kept state", state);
        let before = vm.digest_of_globals("kept state");
        let step = vm.export_of("step");
        vm.call(step, &[state, Value::Nil]).expect("it steps");
        assert_eq!(
            vm.digest_of_globals("kept state") != before,
            hides,
            "{source}"
        );
    }
}

#[test]
fn a_map_brings_lines_back_and_belongs_to_one_program() {
    let source = "-- first line\nfunction step(state, event)\n  local what = event.kind\n  return what.field\nend\n";
    let compiled = module(source.as_bytes(), Profile::Fold);
    let (bytes, map) = (
        elc::encode(&compiled),
        elc::encode_map(&compiled, "folds/a.lua"),
    );
    let (again, name) = elc::decode_with_map(&bytes, &map).expect("they fit");
    assert_eq!(name, "folds/a.lua");
    assert_eq!(elc::encode(&again), bytes, "a map changes no digest");
    assert_eq!(elc::encode_map(&again, &name), map);
    let mut vm = Vm::new(Profile::Fold, Limits::default());
    let main = vm.load(&again, &name).expect("it loads");
    vm.call(main, &[]).expect("it runs");
    let step = vm.export_of("step");
    let event = Value::Table(vm.heap_mut().new_table());
    assert!(vm.call(step, &[Value::Nil, event]).is_err());
    assert_eq!(
        vm.trace()[0].to_string(),
        "folds/a.lua:4: in the function of line 2"
    );
    let other = module(b"function step() return 1 end", Profile::Fold);
    assert!(elc::decode_with_map(&elc::encode(&other), &map).is_err());
    for cut in 0..map.len() {
        assert!(
            elc::decode_with_map(&bytes, &map[..cut]).is_err(),
            "{cut} bytes"
        );
    }
}
