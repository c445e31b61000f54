//! Folds written in Lua: what stands in a `.rgf` of kind `elc`, and what the program says about itself.
//!
//! The container holds the program as [ELC](gatos_echolua::elc) and, beside it, what readers want to know without running
//! anything: inputs, limits, what is allowed, the merge contract. A source states these as constants at its top level, and
//! `declared` reads them from the program itself, so that the container cannot contradict it.
//!
//! Reading order: this file (the container), `declared`, `compile` (from a source), `run` (over events), `saved` (the
//! state between runs).
//!
//! INVARIANT: `decode(bytes)` succeeds only for bytes that some source compiles to; no program is run to find out.
//! Format: `docs/formats/rgf.md`. Guide: `docs/guide/folds.md`. Tests: `tests/it/program.rs`.

mod compile;
mod declared;
mod run;
mod saved;

pub use compile::compile_lua;
pub(crate) use declared::Declared;
pub use declared::{OnError, ProgramLimits};
pub(crate) use run::ProgramState;
pub use run::{Attempt, ProgramCause, ProgramFault};
pub(crate) use saved::{decode_chunks, encode_chunks};

use crate::rgf::RgfError;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_echolua::{Limits, Module, Profile, Value as Lua, Vm, elc};
use gatos_values::{Glob, Map, Text, Value, cbor};

/// The name under which the events that a program did not take are counted.
pub(crate) const STEP: &str = "step";

/// Fields of the container.
const FIELD_COUNT: usize = 9;

/// A program that is ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The ELC bytes.
    code: Vec<u8>,
    pub(crate) declared: Declared,
    /// A machine that has loaded the program and run nothing: each run starts from a copy.
    template: Vm,
    main: Lua,
}

impl Program {
    /// The program of a module.
    fn new(module: &Module, source: &str) -> Result<Program, RgfError> {
        let declared =
            Declared::of(module).map_err(|mistake| RgfError::Invalid(mistake.to_string()))?;
        let (template, main) = load(module, source, &declared.limits)?;
        Ok(Program {
            code: elc::encode(module),
            declared,
            template,
            main,
        })
    }

    /// Reads the container's map; whether it is spelt as it should be is the caller's question.
    pub(crate) fn decode(map: &Map) -> Result<Program, RgfError> {
        if map.len() != FIELD_COUNT || map.get("v") != Some(&1_u8.into()) {
            return Err(RgfError::Form("the fields or the version of a program"));
        }
        let Some(code) = map.get("code").and_then(Value::as_bytes) else {
            return Err(RgfError::Form("`code` of a program is not bytes"));
        };
        let module = elc::decode(code).map_err(|error| RgfError::Invalid(error.to_string()))?;
        Program::new(&module, "")
    }

    /// The same program with the lines and names that a map holds.
    pub(crate) fn with_map(&self, map: &[u8]) -> Result<Program, RgfError> {
        let (module, source) = elc::decode_with_map(&self.code, map)
            .map_err(|error| RgfError::Invalid(error.to_string()))?;
        let (template, main) = load(&module, &source, &self.declared.limits)?;
        Ok(Program {
            code: self.code.clone(),
            declared: self.declared.clone(),
            template,
            main,
        })
    }

    /// The container's canonical bytes.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, String> {
        let declared = &self.declared;
        let inputs = declared.inputs.as_deref().map_or(Value::Null, patterns);
        let allow: Vec<Value> = declared
            .allows_draws
            .then(|| Value::Text(Text::from_ascii(declared::RNG)))
            .into_iter()
            .collect();
        let map = Map::new()
            .with("v", 1_u8)
            .with("kind", "elc")
            .with("inputs", inputs)
            .with("code", Value::Bytes(self.code.clone()))
            .with("emit", Vec::new())
            .with("merge", declared.merge.clone())
            .with("limits", declared.limits.to_map())
            .with("allow", allow)
            .with("privileged", declared.privileged);
        cbor::encode(&map.into()).map_err(|error| error.to_string())
    }
}

fn load(module: &Module, source: &str, limits: &ProgramLimits) -> Result<(Vm, Lua), RgfError> {
    let mut vm = Vm::new(
        Profile::Fold,
        Limits {
            fuel: limits.fuel,
            memory_bytes: usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX),
        },
    );
    vm.limit_stack(usize::try_from(limits.stack_values).unwrap_or(usize::MAX));
    let main = vm.load(module, source);
    main.map(|main| (vm, main)).ok_or(RgfError::Form(
        "a function of the program needs too many registers",
    ))
}

fn patterns(globs: &[Glob]) -> Value {
    let texts = globs
        .iter()
        .filter_map(|glob| Text::new(glob.as_str()).ok())
        .map(Value::Text);
    Value::List(texts.collect())
}
