//! What the twin, the slow interpreter in the tests, asks of the machine.
//!
//! Tests: `src/twin/tests.rs`.

use super::{Fault, Vm};
use crate::elc::Module;
use crate::library::{Arguments, Native, native};
use crate::value::{ClosureId, Value};
use alloc::sync::Arc;
use alloc::vec::Vec;

impl Vm {
    /// The library function that a bound closure calls, and its state.
    pub(crate) fn twin_bound(&self, id: ClosureId) -> Option<(Value, Value)> {
        let closure = self.heap.closure(id);
        let bound = self.program.prototypes[closure.prototype as usize].bound?;
        Some((Value::Native(bound), closure.upvalues[0]))
    }

    /// Module, index of the function in it, name of the source, index of the module's first function.
    pub(crate) fn twin_function(&self, id: ClosureId) -> (Arc<Module>, usize, Arc<str>, u32) {
        let index = self.heap.closure(id).prototype;
        let prototype = &self.program.prototypes[index as usize];
        let start = prototype.notes.module_start;
        let modules = &self.program.modules;
        let (_, module) = modules
            .iter()
            .find(|(first, _)| *first == start)
            .expect("it was loaded");
        (
            Arc::clone(module),
            (index - start) as usize,
            Arc::clone(&prototype.notes.source),
            start,
        )
    }

    /// Runs a function of the library.
    pub(crate) fn twin_native(
        &mut self,
        function: Value,
        arguments: &[Value],
    ) -> Result<Vec<Value>, Fault> {
        let Value::Native(id) = function else {
            return Ok(Vec::new());
        };
        let Native::Plain(run) = native(id) else {
            return Ok(Vec::new());
        };
        let slot = self.native_end;
        self.make_window(slot + arguments.len() + 1)?;
        self.stack[slot] = function;
        self.stack[slot + 1..=slot + arguments.len()].copy_from_slice(arguments);
        self.native_end = slot + 1 + arguments.len();
        let count = arguments.len();
        let results = run(
            self,
            Arguments {
                base: slot + 1,
                count,
            },
        );
        self.native_end = slot;
        let count = results?;
        Ok(self.stack[slot..slot + count].to_vec())
    }
}
