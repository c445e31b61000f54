//! What the twin, the slow interpreter in the tests, asks of the machine.
//!
//! Tests: `src/twin/tests.rs`.

use super::coroutine::Status;
use super::{Fault, NATIVE_DEPTH_MAX, Vm};
use crate::elc::Module;
use crate::heap::Heap;
use crate::library::{Arguments, Native, native};
use crate::value::{ClosureId, CoroutineId, Value};
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

    /// A machine that nobody runs, to stand where another one was.
    pub(crate) fn twin_empty(&self) -> Vm {
        Vm::bare(self.profile, Heap::new(0), self.words)
    }

    /// The function that a coroutine was made of.
    pub(crate) fn twin_body(&self, id: CoroutineId) -> Value {
        self.heap.coroutines.get(id.0).stack[0]
    }

    /// Whether no coroutine runs.
    pub(crate) const fn twin_is_main(&self) -> bool {
        self.current.is_none()
    }

    /// A coroutine is resumed.
    pub(crate) fn twin_enter(&mut self, id: CoroutineId) -> Result<(), Fault> {
        if self.native_depth >= NATIVE_DEPTH_MAX {
            return Err(self.raise("C stack overflow"));
        }
        self.native_depth += 1;
        if let Some(resumer) = self.current {
            self.heap.coroutines.get_mut(resumer.0).status = Status::Normal;
        }
        self.twin_exchange(id);
        let coroutine = self.heap.coroutines.get_mut(id.0);
        coroutine.status = Status::Running;
        coroutine.resumer = self.current.replace(id);
        Ok(())
    }

    /// It has yielded or ended.
    pub(crate) fn twin_leave(&mut self, id: CoroutineId, status: Status, failure: Value) {
        self.native_depth -= 1;
        self.twin_exchange(id);
        let coroutine = self.heap.coroutines.get_mut(id.0);
        coroutine.status = status;
        coroutine.failure = failure;
        self.current = coroutine.resumer.take();
        if let Some(resumer) = self.current {
            self.heap.coroutines.get_mut(resumer.0).status = Status::Running;
        }
    }

    /// The counts that each coroutine has of its own.
    fn twin_exchange(&mut self, id: CoroutineId) {
        let coroutine = self.heap.coroutines.get_mut(id.0);
        core::mem::swap(&mut self.boundary_count, &mut coroutine.boundary_count);
        core::mem::swap(&mut self.protected_count, &mut coroutine.protected_count);
    }

    /// A coroutine is closed: what it died of. Its handlers can neither resume nor close it.
    pub(crate) fn twin_end(&mut self, id: CoroutineId) -> Option<Value> {
        let coroutine = self.heap.coroutines.get_mut(id.0);
        coroutine.status = Status::Running;
        coroutine.boundary_count = 0;
        coroutine.protected_count = 0;
        let failure = core::mem::take(&mut coroutine.failure);
        (!failure.is_nil()).then_some(failure)
    }

    /// It is closed.
    pub(crate) fn twin_leave_closed(&mut self, id: CoroutineId) {
        self.heap.coroutines.get_mut(id.0).status = Status::Dead;
    }

    /// Whether an error on its way ends the running coroutine: nothing catches it before.
    pub(crate) const fn twin_dies(&self) -> bool {
        self.current.is_some() && self.boundary_count == 0 && self.protected_count == 0
    }

    /// A native function calls back, or has.
    pub(crate) const fn twin_boundary(&mut self, has_begun: bool) {
        self.boundary_count = if has_begun {
            self.boundary_count + 1
        } else {
            self.boundary_count.saturating_sub(1)
        };
    }

    /// A protected call begins, or has ended.
    pub(crate) const fn twin_protected(&mut self, has_begun: bool) {
        self.protected_count = if has_begun {
            self.protected_count + 1
        } else {
            self.protected_count.saturating_sub(1)
        };
    }
}
