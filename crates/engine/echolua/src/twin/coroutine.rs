//! Coroutines of the twin: each has a thread of the host, of which one runs at a time.
//!
//! The twin's calls are calls of the host, so a coroutine that waits needs a stack of the host. The machine with its heap goes
//! from hand to hand: whoever resumes sends it along and waits until it comes back.
//!
//! A coroutine that dies of an error, or is closed while it waits, leaves what it marked to be closed to whoever closes it.
//!
//! INVARIANT: one thread has the machine; the others hold an empty one and wait.
//! Tests: `src/twin/tests.rs`, `src/twin/random.rs`.

use super::handler::Handlers;
use super::{call, call_from_outside, wrong};
use crate::machine::coroutine::Status;
use crate::machine::{Fault, Vm};
use crate::value::{CoroutineId, Value};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Stack of a coroutine's thread, in bytes: for [`super::DEPTH_MAX`] calls of an unoptimised build.
const STACK_SIZE: usize = 16 << 20;

/// What a coroutine's thread is told.
enum Order {
    /// Go on, with what the yield gives.
    Go(Box<Vm>, Vec<Value>),
    /// End, without running anything.
    End(Box<Vm>),
}

/// What it answers.
enum Report {
    Yielded(Box<Vm>, Vec<Value>),
    Ended(Box<Vm>, Result<Vec<Value>, Fault>),
}

std::thread_local! {
    /// How the thread of a coroutine answers, and gets its orders.
    static LINK: RefCell<Option<(Sender<Report>, Receiver<Order>)>> = const { RefCell::new(None) };
}

/// A coroutine that waits, and the lines its calls are at.
struct Waiting {
    orders: Sender<Order>,
    reports: Receiver<Report>,
    lines: Vec<(Arc<str>, u32)>,
    handlers: Handlers,
}

/// What a machine under the twin knows of its coroutines.
#[derive(Default)]
pub(crate) struct Coroutines {
    waiting: BTreeMap<CoroutineId, Waiting>,
    /// What dead coroutines have left to be closed, in the order in which it is.
    left: BTreeMap<CoroutineId, Vec<Value>>,
    /// The same of the running coroutine, which is ending.
    leaving: Vec<Value>,
    /// Whether it ends because it is closed.
    is_ended: bool,
}

impl Clone for Coroutines {
    /// # Panics
    /// Always, unless there are none: threads are not cloned.
    fn clone(&self) -> Coroutines {
        assert!(self.waiting.is_empty(), "the twin cannot be forked");
        Coroutines::default()
    }
}

impl fmt::Debug for Coroutines {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} waiting", self.waiting.len())
    }
}

/// The machine, to be sent; an empty one stays.
fn lend(vm: &mut Vm) -> Box<Vm> {
    let empty = vm.twin_empty();
    Box::new(core::mem::replace(vm, empty))
}

/// `coroutine.resume`.
pub(super) fn resume(vm: &mut Vm, mut arguments: Vec<Value>) -> Result<Vec<Value>, Fault> {
    let Some(Value::Coroutine(id)) = arguments.first().copied() else {
        let kind = arguments
            .first()
            .map_or("no value", |value| value.type_name());
        let text = format!("bad argument #1 to 'resume' (coroutine expected, got {kind})");
        return Err(vm.raise(&text));
    };
    if let Some(text) = vm.refusal_to_resume(id) {
        return Ok(Vec::from([Value::Boolean(false), vm.text(text)]));
    }
    arguments.remove(0);
    vm.twin_enter(id)?;
    match switch_to(vm, id, arguments) {
        Ok(mut values) => {
            values.insert(0, Value::Boolean(true));
            Ok(values)
        }
        Err(Fault::Raised(value)) => Ok(Vec::from([Value::Boolean(false), value])),
        Err(fault) => Err(fault),
    }
}

/// A function made by `coroutine.wrap`.
pub(super) fn resume_wrapped(vm: &mut Vm, mut arguments: Vec<Value>) -> Result<Vec<Value>, Fault> {
    let Value::Coroutine(id) = arguments.remove(0) else {
        panic!("it is bound to a coroutine");
    };
    if let Some(text) = vm.refusal_to_resume(id) {
        return Err(vm.raise(text));
    }
    vm.twin_enter(id)?;
    match switch_to(vm, id, arguments) {
        Err(Fault::Raised(_)) => {
            let raised = close(vm, id)?.unwrap_or_default();
            Err(Fault::Raised(vm.with_place(raised)))
        }
        outcome => outcome,
    }
}

/// Lets a coroutine run until it yields or ends.
fn switch_to(vm: &mut Vm, id: CoroutineId, values: Vec<Value>) -> Result<Vec<Value>, Fault> {
    let known = vm.twin_coroutines.waiting.remove(&id);
    let mut waiting = known.unwrap_or_else(|| begin(vm.twin_body(id)));
    let lines = core::mem::replace(&mut vm.twin_lines, waiting.lines);
    let handlers = core::mem::replace(&mut vm.twin_handlers, waiting.handlers);
    let order = Order::Go(lend(vm), values);
    assert!(waiting.orders.send(order).is_ok(), "its thread waits");
    match waiting.reports.recv().expect("a coroutine has panicked") {
        Report::Yielded(back, values) => {
            *vm = *back;
            waiting.lines = core::mem::replace(&mut vm.twin_lines, lines);
            waiting.handlers = core::mem::replace(&mut vm.twin_handlers, handlers);
            vm.twin_coroutines.waiting.insert(id, waiting);
            vm.twin_leave(id, Status::Suspended, Value::Nil);
            Ok(values)
        }
        Report::Ended(back, outcome) => {
            *vm = *back;
            vm.twin_lines = lines;
            vm.twin_handlers = handlers;
            let left = core::mem::take(&mut vm.twin_coroutines.leaving);
            vm.twin_coroutines.left.insert(id, left);
            let failure = match outcome {
                Err(Fault::Raised(value)) => value,
                _ => Value::Nil,
            };
            vm.twin_leave(id, Status::Dead, failure);
            outcome
        }
    }
}

/// A thread for a coroutine that has not begun.
fn begin(body: Value) -> Waiting {
    let (orders, orders_inside) = channel();
    let (reports_inside, reports) = channel();
    let work = move || {
        let Ok(Order::Go(vm, values)) = orders_inside.recv() else {
            return;
        };
        let mut vm = *vm;
        LINK.set(Some((reports_inside.clone(), orders_inside)));
        let outcome = call(&mut vm, body, values);
        // Nobody listens any more where the program has ended first.
        let _ = reports_inside.send(Report::Ended(Box::new(vm), outcome));
    };
    std::thread::Builder::new()
        .stack_size(STACK_SIZE)
        .spawn(work)
        .expect("the host has another thread");
    Waiting {
        orders,
        reports,
        lines: Vec::new(),
        handlers: Handlers::default(),
    }
}

/// `coroutine.yield`.
pub(super) fn hand_back(vm: &mut Vm, values: Vec<Value>) -> Result<Vec<Value>, Fault> {
    if !vm.can_yield() {
        return Err(vm.raise_bare(if vm.twin_is_main() {
            "attempt to yield from outside a coroutine"
        } else {
            "attempt to yield across a C-call boundary"
        }));
    }
    LINK.with_borrow(|link| {
        let (reports, orders) = link.as_ref().expect("coroutines run in their threads");
        let _ = reports.send(Report::Yielded(lend(vm), values));
        match orders.recv() {
            Ok(Order::Go(back, values)) => {
                *vm = *back;
                Ok(values)
            }
            Ok(Order::End(back)) => {
                *vm = *back;
                Err(Fault::MemoryExhausted)
            }
            // The program has ended; nothing that is left of this one is looked at.
            Err(_) => Err(Fault::MemoryExhausted),
        }
    })
}

/// Whether what an ending block has marked is left to whoever closes the coroutine; if so, takes it.
pub(super) fn leaves(vm: &mut Vm, fault: Option<Fault>, value: impl Fn(&Vm) -> Value) -> bool {
    let is_left = match fault {
        None => false,
        Some(Fault::Raised(_)) => vm.twin_dies(),
        Some(_) => vm.twin_coroutines.is_ended,
    };
    if is_left {
        let value = value(vm);
        vm.twin_coroutines.leaving.push(value);
    }
    is_left
}

/// `coroutine.close` of a coroutine that does not run: closes what it marked; gives the error it ended with.
pub(crate) fn close(vm: &mut Vm, id: CoroutineId) -> Result<Option<Value>, Fault> {
    let mut left = vm.twin_coroutines.left.remove(&id).unwrap_or_default();
    if let Some(waiting) = vm.twin_coroutines.waiting.remove(&id) {
        vm.twin_coroutines.is_ended = true;
        let lines = core::mem::replace(&mut vm.twin_lines, waiting.lines);
        let handlers = core::mem::replace(&mut vm.twin_handlers, waiting.handlers);
        let order = Order::End(lend(vm));
        assert!(waiting.orders.send(order).is_ok(), "its thread waits");
        let report = waiting.reports.recv().expect("a coroutine has panicked");
        let Report::Ended(back, _) = report else {
            panic!("a coroutine that is ended runs nothing");
        };
        *vm = *back;
        vm.twin_lines = lines;
        vm.twin_handlers = handlers;
        vm.twin_coroutines.is_ended = false;
        left = core::mem::take(&mut vm.twin_coroutines.leaving);
    }
    let mut error = vm.twin_end(id);
    for value in left {
        let given = [value, error.unwrap_or_default()];
        let closed = match vm.meant_close(value) {
            Ok(handler) => call_from_outside(vm, handler, &given),
            Err(not_callable) => Err(wrong(vm, not_callable)),
        };
        match closed {
            Ok(_) => {}
            Err(Fault::Raised(raised)) => error = Some(raised),
            Err(fault) => return Err(fault),
        }
    }
    vm.twin_leave_closed(id);
    Ok(error)
}
