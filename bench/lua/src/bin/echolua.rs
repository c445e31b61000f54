//! Runs one file under EchoLua and prints what it wrote: the process that the table times.
//!
//! With `--fold` the file runs as a fold does. A fold prints nothing, so `print` collects lines that the program returns.
//!
//! Tests: none; `gatos-bench-lua` compares the output with every peer's.
#![forbid(unsafe_code)]

use gatos_echolua::{Fault, Limits, Profile, Value, Vm, compile};
use std::io::Write as _;
use std::process::ExitCode;

/// What `print` is in a fold.
const SAID: &str = "local lines = {}
local function said(...)
  local texts = {...}
  for i = 1, #texts do texts[i] = tostring(texts[i]) end
  lines[#lines + 1] = table.concat(texts, '\t')
end
";

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_fold = arguments.first().is_some_and(|first| first == "--fold");
    if is_fold {
        arguments.remove(0);
    }
    let [path] = &arguments[..] else {
        eprintln!("usage: echolua [--fold] FILE");
        return ExitCode::FAILURE;
    };
    let profile = if is_fold {
        Profile::Fold
    } else {
        Profile::Script
    };
    let mut source = match std::fs::read(path) {
        Ok(source) => source,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::FAILURE;
        }
    };
    if is_fold {
        let text = String::from_utf8_lossy(&source).replace("print(", "said(");
        source = format!("{SAID}{text}\nreturn table.concat(lines, '\\n') .. '\\n'\n").into_bytes();
    }
    let compiled = compile(&source, profile);
    let Some(module) = compiled.module else {
        eprintln!("{path}: {:?}", compiled.findings);
        return ExitCode::FAILURE;
    };
    let limits = Limits {
        memory_bytes: 2 << 30,
        ..Limits::default()
    };
    let mut vm = Vm::new(profile, limits);
    let Some(main) = vm.load(&module, path) else {
        eprintln!("{path}: too large");
        return ExitCode::FAILURE;
    };
    let result = vm.call(main, &[]);
    let mut output = vm.take_output();
    if let Ok(values) = &result
        && let Some(text @ Value::String(_)) = values.first()
    {
        output.extend_from_slice(vm.bytes(*text).unwrap_or_default());
    }
    if std::io::stdout().write_all(&output).is_err() {
        return ExitCode::FAILURE;
    }
    match result {
        Ok(_) => ExitCode::SUCCESS,
        Err(Fault::Raised(value)) => {
            eprintln!("{path}: {}", vm.show(value));
            ExitCode::FAILURE
        }
        Err(fault) => {
            eprintln!("{path}: {fault:?}");
            ExitCode::FAILURE
        }
    }
}
