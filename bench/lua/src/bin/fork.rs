//! The time of a fork: a machine with a 64 MiB heap is cloned, and one value is stored in each side.
//!
//! Prints the median of 101 forks, with the slowest, in microseconds; then what saving, hashing and restoring the machine
//! take. Tests: none; it times.
#![forbid(unsafe_code)]

use gatos_echolua::{Limits, Profile, Value, Vm, compile};
use std::process::ExitCode;
use std::time::Instant;

const SOURCE: &[u8] = b"
  heap = {}
  for i = 1, 220000 do heap[i] = {id = i, name = 'n' .. i % 1000, list = {i, i + 1, i + 2}} end
  function touch(i, v) heap[i].id = v end";

fn main() -> ExitCode {
    let limits = Limits {
        memory_bytes: 1 << 30,
        ..Limits::default()
    };
    let mut vm = Vm::new(Profile::Script, limits);
    let compiled = compile(SOURCE, Profile::Script);
    let Some(main) = compiled.module.and_then(|module| vm.load(&module, "fork")) else {
        return ExitCode::FAILURE;
    };
    if vm.call(main, &[]).is_err() {
        return ExitCode::FAILURE;
    }
    while !vm.collect_between_calls(1 << 20) {}
    println!("heap: {} MiB", vm.bytes_in_use() >> 20);
    let touch = vm.export_of("touch");
    let mut times = Vec::new();
    for round in 0..101i64 {
        let start = Instant::now();
        let mut other = vm.clone();
        let left = vm.call(
            touch,
            &[
                Value::Integer(round * 1999 % 220_000 + 1),
                Value::Integer(-1),
            ],
        );
        let right = other.call(
            touch,
            &[
                Value::Integer(round * 887 % 220_000 + 1),
                Value::Integer(-2),
            ],
        );
        times.push(start.elapsed().as_nanos() as f64 / 1000.0);
        if left.is_err() || right.is_err() {
            return ExitCode::FAILURE;
        }
    }
    times.sort_by(f64::total_cmp);
    println!(
        "fork and a store in each side: median {:.1} us, slowest {:.1} us",
        times[50], times[100]
    );
    saving(&vm)
}

/// Saves, hashes and restores, nine times each.
fn saving(vm: &Vm) -> ExitCode {
    let mut rows = [
        ("save", Vec::new()),
        ("hash", Vec::new()),
        ("restore", Vec::new()),
    ];
    let mut size = 0;
    for _ in 0..9 {
        let start = Instant::now();
        let Ok(bytes) = vm.save() else {
            return ExitCode::FAILURE;
        };
        rows[0].1.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let hash = vm.hash();
        rows[1].1.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let restored = Vm::restore(&bytes, 1 << 30);
        rows[2].1.push(start.elapsed().as_secs_f64());
        if hash.is_err() || restored.is_err() {
            return ExitCode::FAILURE;
        }
        size = bytes.len();
    }
    println!("saved: {} MiB", size >> 20);
    for (name, mut seconds) in rows {
        seconds.sort_by(f64::total_cmp);
        println!("{name}: median {:.0} ms", seconds[4] * 1000.0);
    }
    ExitCode::SUCCESS
}
