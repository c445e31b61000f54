//! Coroutines of scripts. Who runs is changed by the machine; here is what looks at them.
//!
//! Tests: `tests/it/language.rs`.

use super::{Arguments, RESUME_WRAPPED};
use crate::machine::coroutine::Status;
use crate::machine::{Fault, Vm};
use crate::value::{CoroutineId, Value};

fn check(vm: &mut Vm, arguments: Arguments, function: &str) -> Result<CoroutineId, Fault> {
    match vm.argument(arguments, 0) {
        Value::Coroutine(id) => Ok(id),
        _ => Err(vm.bad_type(arguments, 0, function, "coroutine")),
    }
}

fn check_function(vm: &mut Vm, arguments: Arguments, function: &str) -> Result<Value, Fault> {
    match vm.argument(arguments, 0) {
        value @ (Value::Closure(_) | Value::Native(_)) => Ok(value),
        _ => Err(vm.bad_type(arguments, 0, function, "function")),
    }
}

pub(super) fn create(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let function = check_function(vm, arguments, "create")?;
    let coroutine = Value::Coroutine(vm.new_coroutine(function));
    Ok(vm.give(arguments, coroutine))
}

pub(super) fn wrap(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let function = check_function(vm, arguments, "wrap")?;
    let coroutine = Value::Coroutine(vm.new_coroutine(function));
    let wrapped = vm.bind(RESUME_WRAPPED, coroutine);
    Ok(vm.give(arguments, wrapped))
}

pub(super) fn status(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let id = check(vm, arguments, "status")?;
    let word = match vm.status_of(id) {
        Status::Suspended => "suspended",
        Status::Running => "running",
        Status::Normal => "normal",
        Status::Dead => "dead",
    };
    let word = vm.text(word);
    Ok(vm.give(arguments, word))
}

pub(super) fn is_yieldable(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let result = match vm.argument(arguments, 0) {
        Value::Coroutine(id) => vm.could_yield(id),
        _ => vm.can_yield(),
    };
    Ok(vm.give(arguments, Value::Boolean(result)))
}

pub(super) fn running(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let (coroutine, is_main) = vm.running_coroutine();
    vm.give_all(arguments, &[coroutine, Value::Boolean(is_main)])
}

pub(super) fn close(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let id = check(vm, arguments, "close")?;
    match vm.status_of(id) {
        Status::Suspended | Status::Dead => {
            let error = vm.close_coroutine(id)?;
            match error {
                None => Ok(vm.give(arguments, Value::Boolean(true))),
                Some(error) => vm.give_all(arguments, &[Value::Boolean(false), error]),
            }
        }
        Status::Running => Err(vm.raise("cannot close a running coroutine")),
        Status::Normal => Err(vm.raise("cannot close a normal coroutine")),
    }
}
