//! How fast sources become programs: the folder `programs`, again and again up to a megabyte, as one source.
//!
//! Prints megabytes a second of one core for `compile` alone, and with encoding, decoding (which verifies) and loading.
//! CPU time where the system tells it, so that a busy machine disturbs little. Tests: none; it times.
#![forbid(unsafe_code)]

use gatos_echolua::{Limits, Profile, Vm, compile, elc};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

const SIZE: usize = 1 << 20;
const ROUND_COUNT: usize = 9;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let source = source()?;
    let megabytes = source.len() as f64 / 1e6;
    println!("source: {megabytes:.2} MB");
    let mut rows: Vec<(&str, Vec<f64>)> = Vec::new();
    for name in ["compile", "encode", "decode and verify", "load"] {
        rows.push((name, Vec::new()));
    }
    for _ in 0..ROUND_COUNT {
        let clock = Clock::now();
        let compiled = compile(&source, Profile::Script);
        let module = compiled.module.ok_or(format!("{:?}", compiled.findings))?;
        rows[0].1.push(clock.seconds());
        let clock = Clock::now();
        let bytes = elc::encode(&module);
        rows[1].1.push(clock.seconds());
        let clock = Clock::now();
        let module = elc::decode(&bytes).map_err(|error| error.to_string())?;
        rows[2].1.push(clock.seconds());
        let mut vm = Vm::new(Profile::Script, Limits::default());
        let clock = Clock::now();
        vm.load(&module, "source").ok_or("it is too large")?;
        rows[3].1.push(clock.seconds());
    }
    let mut all = 0.0;
    for (name, mut seconds) in rows {
        seconds.sort_by(f64::total_cmp);
        let median = seconds[seconds.len() / 2];
        all += median;
        println!("{name}: {:.1} MB/s", megabytes / median);
    }
    println!("all together: {:.1} MB/s", megabytes / all);
    Ok(())
}

/// Every program in a block of its own, until there is enough.
fn source() -> Result<Vec<u8>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    let entries = std::fs::read_dir(&folder).map_err(|error| error.to_string())?;
    let mut paths: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    paths.sort();
    let mut programs = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
        programs.push(format!("do\n{text}\nend\n"));
    }
    let text: String = programs
        .iter()
        .map(String::as_str)
        .cycle()
        .scan(0, |size, text| {
            let is_wanted = *size < SIZE;
            *size += text.len();
            is_wanted.then_some(text)
        })
        .collect();
    Ok(text.into_bytes())
}

/// CPU time of this thread's process where Linux tells it, else time.
struct Clock {
    instant: Instant,
    cpu_nanoseconds: Option<u64>,
}

impl Clock {
    fn now() -> Clock {
        Clock {
            instant: Instant::now(),
            cpu_nanoseconds: cpu_nanoseconds(),
        }
    }

    fn seconds(&self) -> f64 {
        match (self.cpu_nanoseconds, cpu_nanoseconds()) {
            (Some(before), Some(after)) => (after - before) as f64 / 1e9,
            _ => self.instant.elapsed().as_secs_f64(),
        }
    }
}

fn cpu_nanoseconds() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}
