//! Hostile bytes and sources: an error or a program that keeps to its limits, never a panic.

use crate::support::{module, programs, run_module};
use gatos_echolua::{Limits, Profile, compile, elc};
use gatos_numbers::Pcg32;

/// Rounds of each random test; `GATOS_ROUNDS` asks for more.
fn rounds(default: u32) -> u32 {
    std::env::var("GATOS_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

const LIMITS: Limits = Limits {
    fuel: 200_000,
    memory_bytes: 8 << 20,
};

#[test]
fn changed_bytes_are_refused_or_run_within_their_limits() {
    let seed = 7;
    let mut dice = Pcg32::new(seed, 3);
    let mut accepted = 0;
    for (name, profile, source) in programs() {
        let bytes = elc::encode(&module(&source, profile));
        for round in 0..rounds(150) {
            let mut changed = bytes.clone();
            for _ in 0..1 + dice.next_u32() % 3 {
                let at = dice.next_u32() as usize % changed.len();
                match dice.next_u32() % 4 {
                    0 => changed[at] = dice.next_u32() as u8,
                    1 => changed[at] = changed[at].wrapping_add(1),
                    2 => changed.truncate(at + 1),
                    _ => changed.insert(at, dice.next_u32() as u8),
                }
            }
            if let Ok(found) = elc::decode(&changed) {
                assert_eq!(
                    elc::encode(&found),
                    changed,
                    "{name}, seed {seed}, round {round}"
                );
                run_module(&found, LIMITS);
                accepted += 1;
            }
        }
    }
    assert!(accepted > 20, "{accepted}");
}

#[test]
fn changed_sources_are_refused_or_run_within_their_limits() {
    let words = [
        "local", "function", "end", "(", ")", "{", "}", "return", "...", "goto", "::a::", "for",
        "in", "do", "while", "repeat", "until", "x", "1", "'s'", "..", "=", ",", "~", "#", "nil",
        "break", "<close>", "if", "then", "[[",
    ];
    let seed = 11;
    let mut dice = Pcg32::new(seed, 5);
    for (_, profile, source) in programs() {
        for _ in 0..rounds(60) {
            let mut changed = source.clone();
            for _ in 0..1 + dice.next_u32() % 4 {
                let at = dice.next_u32() as usize % changed.len();
                let end = (at + dice.next_u32() as usize % 12).min(changed.len());
                let word = words[dice.next_u32() as usize % words.len()];
                changed.splice(at..end, format!(" {word} ").bytes());
            }
            if let Some(found) = compile(&changed, profile).module {
                assert_eq!(elc::verify(&found), Ok(()));
                run_module(&found, LIMITS);
            }
        }
    }
}

#[test]
fn every_rule_of_a_module_is_checked() {
    use gatos_echolua::elc::{Capture, Expression, Statement, Target, Values};
    let check = |change: &dyn Fn(&mut elc::Module), profile: Profile, reason: &str| {
        let mut changed = module(b"local a, b = 1 return a", profile);
        change(&mut changed);
        let error = elc::verify(&changed).expect_err(reason).to_string();
        assert!(error.contains(reason), "{error} / {reason}");
        // Decoding refuses the same.
        assert!(elc::decode(&elc::encode(&changed)).is_err(), "{reason}");
    };
    let put = |index: usize, statement: Statement| {
        move |module: &mut elc::Module| module.functions[0].body.insert(index, statement.clone())
    };
    let give = |expression: Expression| {
        let values = Values {
            single: vec![expression],
            rest: None,
        };
        put(0, Statement::Local { count: 1, values })
    };
    let fold = Profile::Fold;
    check(&|module| module.functions.clear(), fold, "no main function");
    check(
        &|module| module.functions[0].is_variadic = false,
        fold,
        "no main function",
    );
    check(
        &|module| module.functions.push(elc::Function::default()),
        fold,
        "never made",
    );
    check(&give(Expression::Local(0)), fold, "not alive");
    check(&give(Expression::Upvalue(0)), fold, "does not exist");
    check(&give(Expression::Function(1)), fold, "no such function");
    check(&give(Expression::Float(0)), fold, "a float in a fold");
    check(&give(Expression::Export(10)), fold, "not a fold's");
    check(
        &give(Expression::Concat {
            operands: vec![],
            line: 0,
        }),
        fold,
        "too few",
    );
    check(&put(0, Statement::Break), fold, "outside a loop");
    check(
        &put(0, Statement::Goto { label: 0 }),
        fold,
        "cannot be seen",
    );
    check(&put(0, Statement::Label { label: 1 }), fold, "not in order");
    check(
        &put(1, Statement::Close { slot: 0, line: 0 }),
        fold,
        "closes nothing",
    );
    check(&put(0, Statement::Call(Expression::Nil)), fold, "no call");
    check(
        &put(
            0,
            Statement::Return {
                values: Values::default(),
                line: 0,
            },
        ),
        fold,
        "follows a return",
    );
    check(
        &put(
            0,
            Statement::Local {
                count: 0,
                values: Values::default(),
            },
        ),
        fold,
        "of nothing",
    );
    check(
        &put(
            0,
            Statement::Local {
                count: 201,
                values: Values::default(),
            },
        ),
        fold,
        "too many local",
    );
    check(
        &put(
            0,
            Statement::Assign {
                targets: vec![],
                values: Values::default(),
            },
        ),
        fold,
        "to nothing",
    );
    let assign = Statement::Assign {
        targets: vec![Target::Local(5)],
        values: Values::default(),
    };
    check(&put(0, assign), fold, "not alive");
    let rest = Values {
        single: vec![],
        rest: Some(Box::new(Expression::Nil)),
    };
    check(
        &put(
            0,
            Statement::Local {
                count: 1,
                values: rest,
            },
        ),
        fold,
        "one value",
    );
    let script = Profile::Script;
    let fixed = give(Expression::Fixed(1));
    check(
        &|module| {
            fixed(module);
            module.functions[0].debug.locals.push("x".into());
        },
        script,
        "out of place",
    );
    let nan = give(Expression::Float(0xFFF8_0000_0000_0000));
    check(
        &|module| {
            nan(module);
            module.functions[0].debug.locals.push("x".into());
        },
        script,
        "not canonical",
    );
    let intrinsic = give(Expression::Intrinsic("type"));
    check(
        &|module| {
            intrinsic(module);
            module.functions[0].debug.locals.push("x".into());
        },
        script,
        "from its globals",
    );
    check(
        &|module| module.functions[0].captures.clear(),
        script,
        "no main function",
    );
    check(
        &|module| module.functions[0].debug.locals.clear(),
        script,
        "not one name",
    );
    let inner = |module: &mut elc::Module| {
        module.functions.push(elc::Function {
            captures: vec![Capture::Local(9)],
            ..elc::Function::default()
        });
        module.functions[0]
            .body
            .insert(0, Statement::LocalFunction { function: 1 });
    };
    check(&inner, fold, "not alive");
}
