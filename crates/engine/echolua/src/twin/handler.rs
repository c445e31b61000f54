//! Message handlers of the twin: each error is seen once, by the handler in force where it is raised, before anything is closed.
//!
//! Tests: `src/twin/tests.rs`, `testdata/script/coroutines.lua`.

use super::call_from_outside;
use crate::machine::unwind::{HANDLER_CALL_COUNT_MAX, HANDLER_GIVEN_UP};
use crate::machine::{Fault, Vm};
use crate::value::Value;
use alloc::vec::Vec;

/// What stands in the way of an error, outermost first, and whether the one on its way was seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handlers {
    /// The handler of an `xpcall`; none for a `pcall` and for a native function that called back.
    pub waiting: Vec<Option<Value>>,
    pub is_seen: bool,
}

/// Does `work` behind something that stops errors, whose handler sees what it raises.
pub(super) fn behind<T>(
    vm: &mut Vm,
    handler: Option<Value>,
    work: impl FnOnce(&mut Vm) -> Result<T, Fault>,
) -> Result<T, Fault> {
    vm.twin_handlers.waiting.push(handler);
    let outcome = match work(vm) {
        Err(Fault::Raised(value)) => Err(match see(vm, value) {
            Ok(value) => Fault::Raised(value),
            Err(fault) => fault,
        }),
        outcome => outcome,
    };
    vm.twin_handlers.waiting.pop();
    vm.twin_handlers.is_seen = false;
    outcome
}

/// What the handler in force makes of an error, unless it has seen it.
pub(super) fn see(vm: &mut Vm, value: Value) -> Result<Value, Fault> {
    let nearest = vm.twin_handlers.waiting.last().copied().flatten();
    match nearest {
        Some(handler) if !vm.twin_handlers.is_seen => {
            let value = handled(vm, handler, value)?;
            vm.twin_handlers.is_seen = true;
            Ok(value)
        }
        _ => Ok(value),
    }
}

/// What a message handler makes of an error; it gets its own errors, too.
fn handled(vm: &mut Vm, handler: Value, mut value: Value) -> Result<Value, Fault> {
    for _ in 0..HANDLER_CALL_COUNT_MAX {
        match call_from_outside(vm, handler, &[value]) {
            Ok(values) => return Ok(values.first().copied().unwrap_or_default()),
            Err(Fault::Raised(raised)) => value = raised,
            Err(fault) => return Err(fault),
        }
    }
    Ok(vm.text(HANDLER_GIVEN_UP))
}
