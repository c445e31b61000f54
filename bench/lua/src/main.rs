//! EchoLua beside other Luas: the same programs, one after the other, CPU seconds of each process.
//!
//! Peers are commands that are installed: `lua5.4` is the one that counts, `luajit -joff` is shown where it is, and piccolo and
//! Luau where the folder `peers` was built. Programs are the files of `programs`, those of the folder that
//! `GATOS_LUA_PROGRAMS` names, and are-we-fast-yet's (`fast_yet`). Every output is compared with stock Lua's. Runs are
//! interleaved; a figure is the median, and a second table takes the least of all runs. Guide: `docs/benchmarks-lua.md`.
//!
//! Tests: none; it times.
#![forbid(unsafe_code)]

mod fast_yet;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// A peer: its name in the table and its command.
struct Peer {
    name: &'static str,
    command: Vec<String>,
    /// Whether its numbers and operators are those of Lua 5.1.
    is_old: bool,
}

impl Peer {
    fn new(name: &'static str, command: &[&str], is_old: bool) -> Peer {
        Peer {
            name,
            command: command.iter().map(|word| String::from(*word)).collect(),
            is_old,
        }
    }
}

/// A program: its name in the table, and its file for peers of today and for old ones.
struct Program {
    name: String,
    modern: PathBuf,
    old: PathBuf,
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
        .with_file_name("echolua")
        .display()
        .to_string();
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/target/release");
    let beside = |name: &str| built.join(name).display().to_string();
    let mut peers = vec![
        Peer::new("lua5.4", &["lua5.4"], false),
        Peer::new("EchoLua", &[&ours], false),
        Peer::new("EchoLua, fold", &[&ours, "--fold"], false),
        Peer::new("luajit -joff", &["luajit", "-joff"], true),
        Peer::new("Luau", &[&beside("luau")], true),
        Peer::new("piccolo", &[&beside("piccolo")], false),
    ];
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

/// Our own programs, those of the folder that was named, and are-we-fast-yet's.
fn programs() -> Result<Vec<Program>, String> {
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
        found.extend(paths.into_iter().map(|path| {
            Program {
                name: path
                    .file_stem()
                    .map(|name| name.to_string_lossy().into_owned())
                    .unwrap_or_default(),
                modern: path.clone(),
                old: path,
            }
        }));
    }
    if let Some(folder) = std::env::var_os("GATOS_AWFY") {
        let to = std::env::temp_dir().join("gatos-bench-lua-awfy");
        let bundles = fast_yet::bundles(Path::new(&folder), &to)?;
        found.extend(bundles.into_iter().map(|bundle| Program {
            name: bundle.name,
            modern: bundle.modern,
            old: bundle.old,
        }));
    }
    Ok(found)
}

/// What a peer prints for a program and the CPU seconds it takes; none where it fails.
fn output(peer: &Peer, program: &Path) -> Option<(Vec<u8>, f64)> {
    // `times` of the shell is the one portable way to ask for a child's CPU time without `unsafe`.
    // No program takes stock Lua two seconds; a peer that never ends is stopped.
    let script = "ulimit -t 30; \"$@\" >\"$OUT\" 2>/dev/null; code=$?; times; exit $code";
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

fn least(values: Vec<f64>) -> f64 {
    values.into_iter().fold(f64::INFINITY, f64::min)
}

/// What the rounds gave for one program: seconds of each peer's runs, and its last output.
struct Row {
    name: String,
    times: Vec<Vec<f64>>,
    outputs: Vec<Option<Vec<u8>>>,
}

fn measure(peers: &[Peer], program: &Program, rounds: usize) -> Row {
    let mut row = Row {
        name: program.name.clone(),
        times: vec![Vec::new(); peers.len()],
        outputs: vec![None; peers.len()],
    };
    for round in 0..rounds {
        for (index, peer) in peers.iter().enumerate() {
            let path = if peer.is_old {
                &program.old
            } else {
                &program.modern
            };
            let has_failed = round > 0 && row.outputs[index].is_none();
            if !has_failed && let Some((text, seconds)) = output(peer, path) {
                row.times[index].push(seconds);
                row.outputs[index] = Some(text);
            }
        }
    }
    row
}

/// Runs every program and prints two tables of ratios: of medians, and of the least times.
fn table(peers: &[Peer], programs: &[Program], rounds: usize) {
    let mut rows = Vec::new();
    for program in programs {
        eprintln!("{}", program.name);
        rows.push(measure(peers, program, rounds));
    }
    println!("Medians of {rounds} runs:\n");
    print(peers, &rows, median);
    println!("\nLeast of {rounds} runs:\n");
    print(peers, &rows, least);
}

fn print(peers: &[Peer], rows: &[Row], figure: fn(Vec<f64>) -> f64) {
    let names: Vec<&str> = peers.iter().skip(1).map(|peer| peer.name).collect();
    println!("| program | lua5.4, s | {} |", names.join(" | "));
    println!("|---|---|{}", "---|".repeat(names.len()));
    let mut logarithms = vec![Vec::new(); peers.len()];
    for Row {
        name,
        times,
        outputs,
    } in rows
    {
        if times[0].is_empty() {
            println!("| {name} | fails | |");
            continue;
        }
        let stock = figure(times[0].clone()).max(0.001);
        let mut text = format!("| {name} | {stock:.3} |");
        for index in 1..peers.len() {
            if times[index].is_empty() {
                text += " – |";
            } else if outputs[index] != outputs[0] {
                text += " other output |";
            } else {
                let ratio = figure(times[index].clone()) / stock;
                logarithms[index].push(ratio.max(0.001).ln());
                text += &format!(" {ratio:.2} |");
            }
        }
        println!("{text}");
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
