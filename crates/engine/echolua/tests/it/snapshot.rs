//! Saving, restoring, cloning at random points: nothing changes afterwards. Hostile bytes: an error, never a panic.

use crate::support::{module, programs, root, step};
use gatos_echolua::{Limits, Profile, SnapshotError, Value, Vm};
use gatos_numbers::Pcg32;
use std::fmt::Write as _;

const STEPPED: &[u8] = include_bytes!("../../testdata/stepped.lua");
const MEMORY_BYTES: usize = 64 << 20;

fn limits() -> Limits {
    Limits {
        fuel: 1 << 40,
        memory_bytes: MEMORY_BYTES,
    }
}

/// A machine whose global `step` gives true until its work is done.
fn stepped() -> Vm {
    let mut vm = Vm::new(Profile::Script, limits());
    let main = vm
        .load(&module(STEPPED, Profile::Script), "stepped")
        .expect("it loads");
    vm.call(main, &[]).expect("it begins");
    vm
}

/// What a machine has come to when its work is done.
fn ending(mut vm: Vm, mut round: impl FnMut(Vm) -> Vm) -> (String, u64, String) {
    while step(&mut vm) {
        vm = round(vm);
    }
    let hash = vm.hash().expect("nothing runs").to_string();
    (
        String::from_utf8_lossy(&vm.take_output()).into_owned(),
        vm.fuel(),
        hash,
    )
}

#[test]
fn what_is_saved_restored_or_cloned_at_random_goes_on_as_if_nothing_had_happened() {
    let undisturbed = ending(stepped(), |vm| vm);
    assert!(
        undisturbed.0.contains("handled stepped:"),
        "{}",
        undisturbed.0
    );
    for seed in 1..=4 {
        let mut dice = Pcg32::new(seed, 9);
        let disturbed = ending(stepped(), |vm| match dice.next_u32() % 4 {
            0 => {
                Vm::restore(&vm.save().expect("nothing runs"), MEMORY_BYTES).expect("it was saved")
            }
            1 => vm.clone(),
            2 => {
                // The other side goes on for a while and is dropped.
                let mut other = vm.clone();
                for _ in 0..dice.next_u32() % 5 {
                    step(&mut other);
                }
                vm
            }
            _ => vm,
        });
        assert_eq!(disturbed, undisturbed, "seed {seed}");
    }
}

/// Every program of `testdata` as a coroutine that waits before each of its outer lines.
#[test]
fn programs_that_wait_anywhere_are_restored() {
    let host = b"local co function start(f) co = coroutine.create(f) end
        function step() local ok, e = coroutine.resume(co) if not ok then print(e) end return coroutine.status(co) ~= 'dead' end";
    let mut count = 0;
    for (name, profile, source) in programs() {
        if profile != Profile::Script {
            continue;
        }
        let text = String::from_utf8(source).expect("a program");
        let mut lines = String::new();
        for line in text.lines() {
            if line.starts_with("print(") || line.starts_with("local ") || line.starts_with("for ")
            {
                lines.push_str("coroutine.yield() ");
            }
            lines.push_str(line);
            lines.push('\n');
        }
        let run = |disturbed: bool| {
            let mut vm = Vm::new(Profile::Script, limits());
            let main = vm
                .load(&module(host, Profile::Script), "host")
                .expect("it loads");
            vm.call(main, &[]).expect("it begins");
            let program = vm
                .load(&module(lines.as_bytes(), Profile::Script), "test")
                .expect("it loads");
            let start = vm.export_of("start");
            vm.call(start, &[program]).expect("it begins");
            let mut rounds = 0;
            let found = ending(vm, |vm| {
                rounds += 1;
                if disturbed {
                    let bytes = vm.save().expect("nothing runs");
                    let other = Vm::restore(&bytes, MEMORY_BYTES).expect("it was saved");
                    assert_eq!(
                        other.save().expect("nothing runs"),
                        bytes,
                        "{name}, round {rounds}"
                    );
                    other
                } else {
                    vm
                }
            });
            (found, rounds)
        };
        let (found, rounds) = run(true);
        assert_eq!(found, run(false).0, "{name}");
        assert!(rounds > 0, "{name}");
        count += 1;
    }
    assert!(count >= 8, "{count} programs");
}

#[test]
fn a_fold_is_restored_with_its_library() {
    let source = b"local seen = {} function step(e) seen[e] = (seen[e] or 0) + 0.5 return json.encode_canonical(seen) end";
    let mut vm = Vm::new(Profile::Fold, limits());
    let main = vm
        .load(&module(source, Profile::Fold), "fold")
        .expect("it loads");
    vm.call(main, &[]).expect("it begins");
    let mut other =
        Vm::restore(&vm.save().expect("nothing runs"), MEMORY_BYTES).expect("it was saved");
    for key in ["a", "b", "a"] {
        let shown: Vec<String> = [&mut vm, &mut other]
            .map(|vm| {
                let (step, key) = (vm.export_of("step"), vm.text(key));
                let values = vm.call(step, &[key]).expect("it runs");
                vm.show(values[0])
            })
            .into();
        assert_eq!(shown[0], shown[1]);
    }
    assert_eq!(vm.hash(), other.hash());
}

#[test]
fn sides_of_a_fork_do_not_see_each_other() {
    let source = b"shared = {list = {1, 2, 3}, name = 'old'} for i = 1, 5000 do shared['k' .. i] = {i} end
        function change(x) shared.name = x shared.list[2] = x shared.k77[1] = x shared['new' .. x] = {x} end
        function show() return shared.name .. tostring(shared.list[2]) .. tostring(shared.k77[1]) .. tostring(shared.newleft) .. tostring(shared.newright) end";
    let mut left = Vm::new(Profile::Script, limits());
    let main = left
        .load(&module(source, Profile::Script), "test")
        .expect("it loads");
    left.call(main, &[]).expect("it runs");
    let mut right = left.clone();
    for (vm, word) in [(&mut left, "left"), (&mut right, "right")] {
        let (change, word) = (vm.export_of("change"), vm.text(word));
        vm.call(change, &[word]).expect("it runs");
        while !vm.collect_between_calls(1000) {}
    }
    let show = |vm: &mut Vm| {
        let function = vm.export_of("show");
        let values = vm.call(function, &[]).expect("it runs");
        vm.show(values[0])
    };
    assert!(show(&mut left).starts_with("leftleftlefttable: 0x"));
    assert!(show(&mut right).starts_with("rightrightrightniltable: 0x"));
    assert_ne!(left.hash(), right.hash());
}

#[test]
fn results_do_not_depend_on_when_the_collector_steps() {
    let undisturbed = ending(stepped(), |vm| vm);
    let busy = ending(stepped(), |mut vm| {
        vm.collect_between_calls(50_000);
        vm
    });
    assert_eq!((busy.0, busy.1), (undisturbed.0, undisturbed.1));
}

#[test]
fn changed_bytes_are_refused_or_keep_to_their_limits() {
    let seed = 5;
    let mut dice = Pcg32::new(seed, 4);
    let mut vm = stepped();
    for _ in 0..12 {
        step(&mut vm);
    }
    vm.set_fuel(1 << 20);
    let bytes = vm.save().expect("nothing runs");
    let rounds: u32 = std::env::var("GATOS_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(150);
    let (mut accepted, mut errors) = (0, std::collections::BTreeSet::new());
    for _ in 0..rounds {
        let mut changed = bytes.clone();
        for _ in 0..1 + dice.next_u32() % 2 {
            let at = dice.next_u32() as usize % changed.len();
            match dice.next_u32() % 4 {
                0 => changed[at] = dice.next_u32() as u8,
                1 => changed[at] = changed[at].wrapping_add(1),
                2 => changed[at] ^= 1 << (dice.next_u32() % 8),
                _ => changed.truncate(at),
            }
        }
        match Vm::restore(&changed, MEMORY_BYTES) {
            Ok(mut other) => {
                accepted += 1;
                for _ in 0..20 {
                    let function = other.export_of("step");
                    if !matches!(function, Value::Closure(_)) || other.call(function, &[]).is_err()
                    {
                        break;
                    }
                }
            }
            Err(error) => {
                errors.insert(error.to_string());
            }
        }
    }
    assert!(accepted > 0, "{accepted} of {rounds}, seed {seed}");
    assert!(errors.len() > 5, "{errors:?}");
    for size in (0..bytes.len()).step_by(bytes.len() / 60) {
        assert!(
            Vm::restore(&bytes[..size], MEMORY_BYTES).is_err(),
            "{size} bytes"
        );
    }
    assert_eq!(
        Vm::restore(&bytes, MEMORY_BYTES - 1).err(),
        Some(SnapshotError::Memory(MEMORY_BYTES as u64))
    );
}

/// `GATOS_BLESS=1` writes the vector anew: bytes and digest of a machine after some steps, and what it prints at its end.
#[test]
fn a_saved_machine_has_its_golden_bytes() {
    let mut vm = stepped();
    for _ in 0..20 {
        step(&mut vm);
    }
    let bytes = vm.save().expect("nothing runs");
    let mut found = format!("blake3\t{}\nbytes\t", vm.hash().expect("nothing runs"));
    for byte in &bytes {
        write!(found, "{byte:02x}").expect("memory");
    }
    let restored = Vm::restore(&bytes, MEMORY_BYTES).expect("it was saved");
    let (output, fuel, hash) = ending(restored, |vm| vm);
    write!(found, "\nend\t{hash}\nfuel\t{fuel}\noutput\t{output:?}\n").expect("memory");
    let path = root().join("vectors/echolua-machine/stepped.tsv");
    if std::env::var_os("GATOS_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
        std::fs::write(&path, &found).expect("the vector can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{} differs", path.display());
}
