use super::super::op::{Guess, Name, Op};
use super::{Code, Parts, Upvalues, copy};
use crate::heap::Closure;
use crate::value::{StringId, TableId, Value};
use alloc::boxed::Box;
use alloc::vec::Vec;

#[test]
fn a_value_is_a_tag_and_a_payload() {
    assert_eq!(size_of::<Value>(), size_of::<Parts>());
    assert_eq!(core::mem::offset_of!(Parts, payload), 8);
    let values = [
        Value::Nil,
        Value::Boolean(true),
        Value::Integer(i64::MIN),
        Value::Float(-0.5),
        Value::Fixed(7),
        Value::String(StringId(3)),
        Value::Table(TableId(u32::MAX)),
        Value::Null,
    ];
    for value in values {
        let mut copied = Value::Integer(-1);
        copy(&mut copied, &value);
        assert_eq!(copied.bits(), value.bits(), "{value:?}");
    }
}

#[test]
fn code_that_could_lead_outside_is_refused() {
    let constants = [Value::Integer(1), Value::String(StringId(0))];
    let check =
        |op: Op| Code::new(Vec::from([op, Op::ReturnNothing]), constants.to_vec(), 1).is_some();
    assert!(check(Op::Jump { target: 1 }));
    assert!(!check(Op::Jump { target: 2 }));
    assert!(!check(Op::ForLoop {
        a: 0,
        fuel: 1,
        target: 9
    }));
    assert!(check(Op::LoadConstant { a: 0, k: 1 }));
    assert!(!check(Op::LoadConstant { a: 0, k: 2 }));
    let field = |k| Op::GetField {
        a: 0,
        b: 0,
        guess: Guess::default(),
        name: Name::of_constant(k),
    };
    assert!(check(field(1)));
    assert!(!check(field(0)), "a key of a field is a string");
    assert!(!check(field(2)));
    assert!(check(Op::GetUpvalue { a: 0, b: 0 }));
    assert!(!check(Op::GetUpvalue { a: 0, b: 1 }));
    assert!(
        !check(Op::ForEach {
            a: 0,
            count: 1,
            target: 1
        }),
        "its second half is missing"
    );
    assert!(Code::new(Vec::new(), Vec::new(), 0).is_none());
    assert!(Code::new(Vec::from([Op::Jump { target: 0 }]), Vec::new(), 0).is_none());
}

#[test]
fn a_cursor_walks_and_jumps() {
    let ops = Vec::from([
        Op::Jump { target: 2 },
        Op::Jump { target: 3 },
        Op::Jump { target: 1 },
        Op::ReturnOne { a: 4 },
    ]);
    let code = Code::new(ops, Vec::new(), 0).expect("it is whole");
    let mut cursor = code.start();
    // Forwards, backwards, forwards; an instruction that runs once more leads to the same place.
    for (from, to) in [(0, 2), (2, 1), (1, 3)] {
        assert_eq!(cursor.pc(), from);
        cursor.next();
        cursor.again();
        assert_eq!(cursor.pc(), from);
        let Op::Jump { target } = cursor.next() else {
            panic!("instruction {from} jumps");
        };
        assert_eq!(cursor.place(*target), to);
        cursor.jump(*target);
    }
    assert!(matches!(cursor.next(), Op::ReturnOne { a: 4 }));
    assert_eq!(code.resume(3).pc(), 3);
    assert_eq!(code.cursor(99).pc(), 3, "beyond the end lies the end");
}

#[test]
fn upvalues_are_the_closures() {
    let closure = Closure {
        prototype: 0,
        upvalues: Box::new([Value::Integer(5), Value::Boolean(true)]),
    };
    for mut upvalues in [Upvalues::of(&closure), Upvalues::unknown()] {
        assert!(upvalues.get(0, || &closure).raw_equal(Value::Integer(5)));
        assert!(upvalues.get(1, || panic!("it is known")).is_true());
    }
}

#[test]
fn an_instruction_has_room_for_its_key_and_a_guess() {
    assert_eq!(size_of::<Op>(), 8);
    let ops = Vec::from([
        Op::GetField {
            a: 0,
            b: 0,
            guess: Guess::default(),
            name: Name::of_constant(1),
        },
        Op::ReturnNothing,
    ]);
    let constants = Vec::from([Value::Nil, Value::String(StringId(70_000))]);
    let code = Code::new(ops, constants, 0).expect("it is whole");
    let Op::GetField { guess, name, .. } = code.start().next() else {
        panic!("the first instruction gets a field");
    };
    assert_eq!(name.string(), StringId(70_000));
    assert_eq!(guess.get(), 0);
    guess.set(9);
    guess.set(256);
    assert_eq!(guess.get(), 9, "what does not fit is not guessed");
}
