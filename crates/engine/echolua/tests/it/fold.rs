//! The fold's library: canonical order, JSON, lattices, files.

use crate::support::{module, value};
use gatos_echolua::{Limits, Profile, Value, Vm};
use gatos_values::json;

#[test]
fn the_prelude_by_rows() {
    let rows = [
        (
            "table.concat(dkeys({b = 1, a = 2, [10] = 3, [9] = 4}), ' ')",
            "9 10 a b",
        ),
        ("table.concat(dvalues({b = 1, a = 2}), ' ')", "2 1"),
        (
            "table.concat(dsort({3, 'b', 1.5, 'a', 2}), ' ')",
            "1.5 2 3 a b",
        ),
        (
            "(function() local s = '' for k, v in dpairs({z = 1, y = 2, 7}) do s = s .. k .. v end return s end)()",
            "17y2z1",
        ),
        (
            "select(2, pcall(dkeys, {[{}] = 1}))",
            "a table is no key with an order",
        ),
        (
            "json.encode_canonical({b = {1, 2, 3}, a = json.null, c = {}, d = json.array(), e = 0.5})",
            r#"{"a":null,"b":[1,2,3],"c":{},"d":[],"e":0.5}"#,
        ),
        (
            "json.encode_canonical(json.object({'x', 'y'}))",
            r#"{"1":"x","2":"y"}"#,
        ),
        (
            "json.encode_canonical({1, 2, x = 3})",
            r#"{"1":1,"2":2,"x":3}"#,
        ),
        (
            "select(2, pcall(json.encode_canonical, {1, ['1'] = 2, x = 1}))",
            "two keys have the text `1`",
        ),
        (
            "select(2, pcall(json.encode_canonical, {[true] = 1}))",
            "a boolean is no key of a map",
        ),
        (
            "select(2, pcall(json.encode_canonical, print_ or type))",
            "a function has no form in the value model",
        ),
        (
            "(function() local t = {} t.t = t return select(2, pcall(json.encode_canonical, t)) end)()",
            "nesting is deeper than 128",
        ),
        ("json.decode_strict('{\"a\":[1,2.5,null]}').a[2]", "2.5"),
        ("json.encode_canonical(json.decode_strict('[]'))", "[]"),
        (
            "select(2, pcall(json.decode_strict, '{'))",
            "the text ends too early (byte 1)",
        ),
        (
            "reduce({1, 2, 3}, function(a, b) return a + b end, 10)",
            "16",
        ),
        (
            "json.encode_canonical(map_join({{k = 'x', v = 1}, {k = 'y', v = 2}, {k = 'x', v = 3}}, function(e) return e.k end, function(a, e) return (a or 0) + e.v end))",
            r#"{"x":4,"y":2}"#,
        ),
        (
            "table.concat(cmp_sort({5, 3, 4, 1, 2}, function(a, b) return a < b end), '')",
            "12345",
        ),
        (
            "lww({ulid = 'A', value = 1}, {ulid = 'B', value = 2}).value",
            "2",
        ),
        ("join(1, 5, 'max') .. join(1, 5, 'min')", "51"),
        ("counter.pn():inc('a', 5):dec('b', 2):inc('a'):value()", "4"),
        (
            "counter.g():inc('a', 5):join(counter.g():inc('a', 7):inc('b')):value()",
            "8",
        ),
        (
            "table.concat(set.two_phase():add('x'):add('y'):remove('x'):values(), ',')",
            "y",
        ),
        (
            "table.concat(set.or_set():add('x', 't1'):remove('x'):add('x', 't2'):add('y', 't3'):values(), ',')",
            "x,y",
        ),
        (
            "hash.sha256('')",
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (
            "hash.blake3('')",
            "blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
        ),
        ("uri.parse('gatos://repo/finance/x').path", "finance/x"),
        (
            "ulid.compare('01ARZ3NDEKTSV4RRFFQ69G5FAV', '01ARZ3NDEKTSV4RRFFQ69G5FAW')",
            "-1",
        ),
        (
            "select(2, pcall(rng))",
            "rng is not allowed: write allow = {\"rng\"}",
        ),
    ];
    for (expression, expected) in rows {
        let expression = expression.replace("print_ or ", "");
        assert_eq!(value(&expression, Profile::Fold), expected, "{expression}");
    }
}

#[test]
fn the_first_fold_ever_written_runs_as_it_is() {
    let source = include_str!("../../testdata/invoices.lua");
    let compiled = module(source.as_bytes(), Profile::Fold);
    let mut vm = Vm::new(Profile::Fold, Limits::default());
    let main = vm.load(&compiled, "invoices.lua").expect("it loads");
    vm.call(main, &[]).expect("it defines the fold");
    let events = br#"[
        {"type":"intent.exec.insert_invoice","ulid":"01A","payload":{"id":"i-2","amount":250}},
        {"type":"intent.exec.insert_invoice","ulid":"01B","payload":{"id":"i-1","amount":99.5}},
        {"type":"intent.exec.approve_invoice","ulid":"01C","payload":{"id":"i-2"}},
        {"type":"intent.exec.approve_invoice","ulid":"01D","payload":{"id":"i-9"}}
    ]"#;
    let events = json::decode_strict(events, usize::MAX).expect("JSON");
    let events = vm.import(&events).expect("numbers that fit");
    let fold = vm.export_of("fold");
    assert!(matches!(fold, Value::Closure(_)));
    vm.call(fold, &[events]).expect("it runs");
    let files = vm.take_files();
    let text = String::from_utf8(files["state/finance/invoices.json"].clone()).expect("text");
    assert_eq!(
        text,
        r#"{"i-1":{"amount":99.5,"id":"i-1","status":"draft","ts":"01B"},"i-2":{"amount":250,"id":"i-2","status":"approved","ts":"01C"}}"#
    );
}

#[test]
fn a_path_is_emitted_once_and_draws_need_leave() {
    let twice = "emit_json_canonical('state/a.json', 1) emit_json_canonical('state/a.json', 2)";
    let ending = crate::support::run(twice.as_bytes(), Profile::Fold).1;
    assert_eq!(ending, "error: the path 'state/a.json' is emitted twice");
    let source = b"local draw = rng() return draw(6) .. ' ' .. draw(6) .. ' ' .. draw()";
    let compiled = module(source, Profile::Fold);
    let mut vm = Vm::new(Profile::Fold, Limits::default());
    vm.allow_draws(gatos_numbers::Pcg32::new(42, 54));
    let main = vm.load(&compiled, "draws").expect("it loads");
    let values = vm.call(main, &[]).expect("it may draw");
    let first = vm.show(values[0]);
    assert_eq!(first.split(' ').count(), 3);
    let mut again = Vm::new(Profile::Fold, Limits::default());
    again.allow_draws(gatos_numbers::Pcg32::new(42, 54));
    let main = again.load(&compiled, "draws").expect("it loads");
    let values = again.call(main, &[]).expect("it may draw");
    assert_eq!(again.show(values[0]), first);
}
