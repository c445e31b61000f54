//! EchoLua beside other Luas: the same programs, one after the other, CPU seconds of each process.
//!
//! Peers are commands that are installed: `lua5.4` is the one that counts, `luajit -joff` and `luau` are shown where they are.
//! Programs are the files of `programs`, and of the folder that `GATOS_LUA_PROGRAMS` names. Every output is compared
//! with stock Lua's. Runs are interleaved; a figure is the median. Guide: `docs/benchmarks-lua.md`.
//!
//! Tests: none; it times.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// A peer: its name in the table and its command.
struct Peer {
    name: &'static str,
    command: Vec<String>,
}

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
    let rounds: usize = match std::env::args().nth(1) {
        None => 5,
        Some(text) => text
            .parse()
            .map_err(|_| String::from("usage: gatos-bench-lua [ROUNDS]"))?,
    };
    let ours = std::env::current_exe()
        .map_err(|error| error.to_string())?
        .with_file_name("echolua");
    let stock = Peer {
        name: "lua5.4",
        command: vec![String::from("lua5.4")],
    };
    let mut peers = vec![
        stock,
        Peer {
            name: "EchoLua",
            command: vec![ours.display().to_string()],
        },
    ];
    for (name, command) in [
        ("luajit -joff", vec!["luajit", "-joff"]),
        ("luau", vec!["luau"]),
    ] {
        let command = command.into_iter().map(String::from).collect();
        peers.push(Peer { name, command });
    }
    let probe = std::env::temp_dir().join("gatos-bench-lua-probe.lua");
    std::fs::write(&probe, "print(1)\n").map_err(|error| error.to_string())?;
    peers.retain(|peer| output(peer, &probe).is_some_and(|(text, _)| text == b"1\n"));
    if peers.first().is_none_or(|peer| peer.name != "lua5.4") {
        return Err(String::from("no stock Lua: install `lua5.4`"));
    }
    if peers.get(1).is_none_or(|peer| peer.name != "EchoLua") {
        return Err(String::from(
            "EchoLua is not beside this program: build the whole folder with `cargo build --release`",
        ));
    }
    table(&peers, &programs()?, rounds);
    Ok(())
}

/// Files of our own programs and of the folder that was named.
fn programs() -> Result<Vec<PathBuf>, String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("programs")];
    folders.extend(std::env::var_os("GATOS_LUA_PROGRAMS").map(PathBuf::from));
    let mut found = Vec::new();
    for folder in folders {
        let entries =
            std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "lua"));
        paths.sort();
        found.extend(paths);
    }
    Ok(found)
}

/// What a peer prints for a program and the CPU seconds it takes; none where it fails.
fn output(peer: &Peer, program: &Path) -> Option<(Vec<u8>, f64)> {
    // `times` of the shell is the one portable way to ask for a child's CPU time without `unsafe`.
    let script = "\"$@\" >\"$OUT\" 2>/dev/null; code=$?; times; exit $code";
    let out = std::env::temp_dir().join(format!("gatos-bench-lua-{}.out", std::process::id()));
    let result = Command::new("bash")
        .args(["-c", script, "run"])
        .args(&peer.command)
        .arg(program)
        .env("OUT", &out)
        .output()
        .ok()?;
    if !result.status.success() {
        return None;
    }
    let times = String::from_utf8_lossy(&result.stdout).into_owned();
    let line = times.lines().nth(1)?;
    let seconds = line
        .split_whitespace()
        .map(seconds_of)
        .sum::<Option<f64>>()?;
    Some((std::fs::read(&out).ok()?, seconds))
}

/// `0m1.250s` in seconds.
fn seconds_of(text: &str) -> Option<f64> {
    let (minutes, seconds) = text.strip_suffix('s')?.split_once('m')?;
    Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints a row for each program and the geometric means.
fn table(peers: &[Peer], programs: &[PathBuf], rounds: usize) {
    let names: Vec<&str> = peers.iter().skip(1).map(|peer| peer.name).collect();
    println!("| program | lua5.4, s | {} |", names.join(" | "));
    println!("|---|---|{}", "---|".repeat(names.len()));
    let mut logarithms = vec![Vec::new(); peers.len()];
    for program in programs {
        let mut times = vec![Vec::new(); peers.len()];
        let mut outputs: Vec<Option<Vec<u8>>> = vec![None; peers.len()];
        for _ in 0..rounds {
            for (index, peer) in peers.iter().enumerate() {
                if let Some((text, seconds)) = output(peer, program) {
                    times[index].push(seconds);
                    outputs[index] = Some(text);
                }
            }
        }
        let name = program
            .file_stem()
            .map(|name| name.to_string_lossy())
            .unwrap_or_default();
        if times[0].is_empty() {
            println!("| {name} | fails | |");
            continue;
        }
        let stock = median(times[0].clone()).max(0.001);
        let mut row = format!("| {name} | {stock:.3} |");
        for index in 1..peers.len() {
            if times[index].is_empty() {
                row += " – |";
            } else if outputs[index] != outputs[0] {
                row += " other output |";
            } else {
                let ratio = median(times[index].clone()) / stock;
                logarithms[index].push(ratio.max(0.001).ln());
                row += &format!(" {ratio:.2} |");
            }
        }
        println!("{row}");
    }
    let means: Vec<String> = logarithms[1..]
        .iter()
        .map(|list| {
            let mean = list.iter().sum::<f64>() / list.len().max(1) as f64;
            format!("{:.2} ({})", mean.exp(), list.len())
        })
        .collect();
    println!("| geometric mean (programs) | | {} |", means.join(" | "));
}
