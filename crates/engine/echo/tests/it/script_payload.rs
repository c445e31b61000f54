//! World values: golden bytes, one spelling, and nothing that hostile bytes can do.

use crate::vectors::check_file;
use gatos_echo::script::payload::{DEPTH_MAX, decode, encode};
use gatos_echolua::{Heap, Limits, Profile, Value, Vm, compile};
use gatos_numbers::Pcg32;
use std::fmt::Write as _;

fn machine(source: &str) -> (Vm, Vec<Value>) {
    let mut vm = Vm::new(Profile::Script, Limits::default());
    let module = compile(source.as_bytes(), Profile::Script).module;
    let main = vm
        .load(&module.expect("it compiles"), "test")
        .expect("it loads");
    let values = vm.call(main, &[]).expect("it runs");
    (vm, values)
}

fn bytes_of(expression: &str) -> Result<Vec<u8>, String> {
    let (mut vm, values) = machine(&format!("return {expression}"));
    let mut bytes = Vec::new();
    match encode(vm.heap_mut(), values[0], &mut |_, _| None, &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(refusal) => Err(refusal.reason),
    }
}

const VALUES: &[&str] = &[
    "nil",
    "false",
    "true",
    "0",
    "-1",
    "math.maxinteger",
    "0.0",
    "-0.0",
    "0/0",
    "-(0/0)",
    "1e300",
    "''",
    "'text'",
    "'\\255\\0'",
    "{}",
    "{1, 2, 3}",
    "{[-5] = 1, [5] = 2, a = 3, bb = 4}",
    "{{{}}, {k = {1.5}}}",
];

#[test]
fn golden_world_values() {
    let mut lines = String::new();
    for expression in VALUES {
        let bytes = bytes_of(expression).expect("it has bytes");
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(lines, "{expression}\t{hex}").expect("text grows");
    }
    check_file("world-values.tsv", lines.as_bytes());
}

#[test]
fn equal_values_have_equal_bytes_and_come_back() {
    for (left, right) in [
        (
            "{a = 1, b = 2}",
            "(function() local t = {} t.b = 2 t.a = 1 return t end)()",
        ),
        (
            "{1, 2, nil}",
            "(function() local t = {} t[2] = 2 t[1] = 1 return t end)()",
        ),
        ("0/0", "-(0/0)"),
        ("{[1.0] = 2}", "{2}"),
    ] {
        assert_eq!(bytes_of(left), bytes_of(right), "{left} {right}");
    }
    assert_ne!(bytes_of("1"), bytes_of("1.0"));
    for expression in VALUES {
        let bytes = bytes_of(expression).expect("it has bytes");
        let (mut vm, _) = machine("");
        let value = decode(vm.heap_mut(), &bytes).expect("its own bytes");
        let mut again = Vec::new();
        encode(vm.heap_mut(), value, &mut |_, _| None, &mut again).expect("it has bytes");
        assert_eq!(again, bytes, "{expression}");
    }
}

#[test]
fn a_table_that_stands_twice_is_written_twice() {
    for (shared, apart) in [
        (
            "(function() local t = {1, k = 'v'} return {t, {t, a = t}, t} end)()",
            "{{1, k = 'v'}, {{1, k = 'v'}, a = {1, k = 'v'}}, {1, k = 'v'}}",
        ),
        (
            "(function() local t = {} return {t, {t}} end)()",
            "{{}, {{}}}",
        ),
    ] {
        assert_eq!(bytes_of(shared), bytes_of(apart), "{shared}");
        assert!(bytes_of(shared).is_ok(), "{shared}");
    }
    // What is known from a shallow place does not go deeper than the rest.
    let nested = |levels: usize| {
        format!(
            "(function() local deep = {{}} for i = 2, 16 do deep = {{deep}} end
             local t = deep for i = 1, {levels} do t = {{t}} end return {{deep, t}} end)()"
        )
    };
    assert!(bytes_of(&nested(15)).is_ok());
    let reason = Err(String::from("tables nest deeper than 32"));
    assert_eq!(bytes_of(&nested(16)), reason);
}

#[test]
fn writing_ends_at_the_limit() {
    let reason = Err(String::from("the payload has more than 1 MiB"));
    for (fitting, above) in [
        ("('x'):rep((1 << 20) - 5)", "('x'):rep((1 << 20) - 4)"),
        // A table has 5 bytes, its key 9, a string 5 more.
        ("{('x'):rep((1 << 20) - 19)}", "{('x'):rep((1 << 20) - 18)}"),
        (
            "{[('k'):rep((1 << 20) - 11)] = true}",
            "{[('k'):rep((1 << 20) - 10)] = true}",
        ),
    ] {
        let size = bytes_of(fitting).map(|bytes| bytes.len());
        assert_eq!(size, Ok(1 << 20), "{fitting}");
        assert_eq!(bytes_of(above), reason, "{above}");
    }
    // Written out, these would be more than any machine holds.
    for unfolding in [
        "(function() local t = {1} for i = 1, 31 do t = {t, t, t, t} end return t end)()",
        "(function() local t = {} for i = 1, 31 do t = {t, t} end return t end)()",
    ] {
        let (mut vm, values) = machine(&format!("return {unfolding}"));
        let mut bytes = Vec::new();
        let outcome = encode(vm.heap_mut(), values[0], &mut |_, _| None, &mut bytes);
        let refusal = outcome.expect_err("it is too large");
        assert_eq!(Err(refusal.reason), reason);
        assert!(refusal.size > 1 << 18, "{} of {unfolding}", refusal.size);
        assert!(
            bytes.capacity() <= 2 << 20,
            "{} of {unfolding}",
            bytes.capacity()
        );
    }
    // A table may have been large before its pairs were removed; it is gone through once, however often it stands in another.
    let (mut vm, values) = machine("local e, t = {}, {} for i = 1, 70000 do t[i] = e end return t");
    let (mut bytes, mut count) = (Vec::new(), 0);
    let mut flatten = |_: &mut Heap, _| {
        count += 1;
        None
    };
    encode(vm.heap_mut(), values[0], &mut flatten, &mut bytes).expect("it fits");
    assert_eq!((bytes.len(), count), (5 + 70000 * 14, 2));
}

#[test]
fn hostile_payloads_are_refused_or_have_one_spelling() {
    let mut dice = Pcg32::new(5, 5);
    let mut draw = |below: usize| dice.bounded(below as u32).expect("a bound") as usize;
    let (mut vm, _) = machine("");
    let mut taken = 0;
    for round in 0..4000 {
        let mut bytes = bytes_of_cached(VALUES[round % VALUES.len()]);
        match round % 3 {
            0 => bytes.truncate(draw(bytes.len() + 1)),
            1 => {
                let place = draw(bytes.len());
                bytes[place] ^= 1 << draw(8);
            }
            _ => bytes.push(draw(256) as u8),
        }
        if let Ok(value) = decode(vm.heap_mut(), &bytes) {
            taken += 1;
            let mut again = Vec::new();
            encode(vm.heap_mut(), value, &mut |_, _| None, &mut again).expect("it was decoded");
            assert_eq!(again, bytes);
        }
    }
    assert!(taken > 100 && taken < 3000, "{taken}");
    // Depth and counts bring nothing down.
    let mut deep = Vec::new();
    for _ in 0..=DEPTH_MAX {
        deep.extend([6, 1, 0, 0, 0, 3, 0x80, 0, 0, 0, 0, 0, 0, 1]);
    }
    assert!(decode(vm.heap_mut(), &deep).is_err());
    assert!(decode(vm.heap_mut(), &[6, 255, 255, 255, 255]).is_err());
    assert!(decode(vm.heap_mut(), &[5, 255, 255, 255, 255, 1]).is_err());
}

fn bytes_of_cached(expression: &str) -> Vec<u8> {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    thread_local!(static KNOWN: RefCell<BTreeMap<String, Vec<u8>>> = const { RefCell::new(BTreeMap::new()) });
    KNOWN.with_borrow_mut(|known| {
        let bytes = known.entry(expression.to_string());
        bytes
            .or_insert_with(|| bytes_of(expression).expect("it has bytes"))
            .clone()
    })
}
