//! `gatos lua repl`: lines in, values out.
//!
//! A line that is an expression shows its values as `print` does, any other runs as a statement; one that is not finished
//! goes on with the next. Locals last for their line, globals until the end. An error is shown and the loop goes on.

use crate::console::{Answer, Console, Ending, Stop};
use crate::lua::host::{self, Bounds};
use crate::manual::{Manual, Reply, example};
use crate::{faults, lua};
use gatos_echolua::{Module, Profile, Severity, Value as Lua, Vm, compile};
use gatos_node::Fault;
use gatos_values::ErrorCode;
use std::io::{self, BufRead, IsTerminal, Write};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "lua repl",
    examples: &[
        example("try things", "gatos lua repl"),
        example("one expression", "echo '2^53 | 0' | gatos lua repl"),
        example(
            "with a fold's numbers",
            "echo '1 / 3' | gatos lua repl --profile fold",
        ),
    ],
    reply: Reply::Bytes("what the lines print"),
    no_when: "a line of standard input that is no terminal fails",
};

/// Longest text that is read before it is run, in bytes.
const TEXT_SIZE_MAX: usize = 1 << 20;

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Profile of the lines
    #[arg(long, value_parser = lua::parse_profile, value_name = "script|fold", default_value = "script")]
    profile: Profile,
    #[command(flatten)]
    bounds: Bounds,
}

impl Default for Arguments {
    fn default() -> Arguments {
        Arguments {
            profile: Profile::Script,
            bounds: Bounds::default(),
        }
    }
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let mut vm = self.bounds.machine(self.profile);
        let is_watched = io::stdin().is_terminal() && console.output_is_terminal();
        let mut input = io::stdin().lock();
        let mut text = String::new();
        let mut has_failed = false;
        loop {
            if is_watched {
                prompt(if text.is_empty() { "> " } else { ">> " });
            }
            let mut line = Vec::new();
            let read = input
                .read_until(b'\n', &mut line)
                .map_err(|error| faults::from_io("standard input", &error))?;
            text.push_str(&String::from_utf8_lossy(&line));
            if text.len() > TEXT_SIZE_MAX {
                return Err(faults::too_large("standard input", TEXT_SIZE_MAX as u64).into());
            }
            let is_end = read == 0;
            match self.read(&text) {
                Line::Unfinished if !is_end => continue,
                Line::Nothing => {}
                Line::Program(module) => {
                    if let Some(fuel) = self.bounds.fuel {
                        vm.set_fuel(fuel);
                    }
                    match run(&mut vm, console, &module) {
                        Err(Stop::ReaderGone) => return Err(Stop::ReaderGone),
                        Err(Stop::Fault(fault)) => {
                            has_failed = true;
                            console.fault(&fault);
                        }
                        Ok(()) => {}
                    }
                }
                Line::Wrong(reason) => {
                    has_failed = true;
                    let fault = Fault::new(ErrorCode::BadSource, "", reason);
                    console.fault(&fault.with_hint("correct the line"));
                }
                Line::Unfinished => {
                    has_failed = true;
                    let fault =
                        Fault::new(ErrorCode::BadSource, "", "the last line is not finished");
                    console.fault(&fault.with_hint("close what is open"));
                }
            }
            text.clear();
            if is_end {
                break;
            }
        }
        if is_watched {
            console.bytes(b"\n")?;
        }
        Ok(match has_failed && !is_watched {
            true => Answer::No,
            false => Answer::Yes,
        })
    }

    /// An expression if it is one, else statements.
    fn read(&self, text: &str) -> Line {
        if text.trim().is_empty() {
            return Line::Nothing;
        }
        // As Lua's own loop did: `= value` is an expression too.
        let expression = text.trim_start().strip_prefix('=').unwrap_or(text);
        if let Some(module) =
            compile(format!("return {expression}").as_bytes(), self.profile).module
        {
            return Line::Program(module);
        }
        let compiled = compile(text.as_bytes(), self.profile);
        if let Some(module) = compiled.module {
            return Line::Program(module);
        }
        let first = compiled
            .findings
            .iter()
            .find(|finding| finding.severity == Severity::Error);
        match first {
            Some(finding) if lua::is_unfinished(&finding.message) => Line::Unfinished,
            Some(finding) => {
                Line::Wrong(format!("stdin:{}: {}", finding.place.line, finding.message))
            }
            None => Line::Nothing,
        }
    }
}

/// What was typed.
enum Line {
    Nothing,
    Program(Module),
    Unfinished,
    Wrong(String),
}

fn prompt(text: &str) {
    let mut output = io::stdout().lock();
    // A terminal that has gone shows at the next line that is read.
    let _ = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
}

fn run(vm: &mut Vm, console: &mut Console, module: &Module) -> Result<(), Stop> {
    let main = vm
        .load(module, "stdin")
        .ok_or_else(|| faults::internal("a compiled line did not load"))?;
    let values = host::call(vm, console, main, &[], "standard input")?;
    if values.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = values.iter().map(|value| shown(vm, *value)).collect();
    console.bytes(format!("{}\n", shown.join("\t")).as_bytes())?;
    console.flush()
}

/// A value as `print` shows it; in the fold profile, where tables have no text, as canonical JSON.
fn shown(vm: &mut Vm, value: Lua) -> String {
    if let Some(text) = host::text_of(vm, value) {
        return text;
    }
    let plain = vm.export(value).ok();
    let bytes = plain.and_then(|plain| gatos_values::json::encode_canonical(&plain).ok());
    bytes.map_or_else(
        || value.type_name().to_owned(),
        |bytes| String::from_utf8_lossy(&bytes).into_owned(),
    )
}
