//! Calls, returns and errors: frames come and go, results are delivered, markers wait for what they protect.
//!
//! A frame is a call of a program function, or a marker: the place where `pcall`, a resumer, a yield or a native
//! function that called back waits. The loop looks at the topmost frame and either runs it or settles the marker.
//!
//! Tests: `tests/it/language.rs`.

use super::meaning::Wrong;
use super::op::MULTIPLE;
use super::unchecked::copy;
use super::unwind::HANDLER_ROOM;
use super::{After, Fault, Frame, FrameKind, NATIVE_DEPTH_MAX, Vm, WINDOW, event};
use crate::library::{Arguments, Control, Native, native};
use crate::value::{ClosureId, NativeId, Value};
use alloc::vec::Vec;

/// Stack places that are written behind those that [`Vm::make_window`] was asked for.
const USED_BEYOND: usize = 8;

/// Where the results of a call go and how.
#[derive(Clone, Copy)]
pub(super) struct Delivery {
    pub to: usize,
    pub want: u8,
    pub after: After,
}

/// A function that a native one calls again and again, and the stack place where it is called.
#[derive(Clone, Copy)]
pub(crate) struct Repeated {
    pub function: Value,
    slot: usize,
}

impl Vm {
    /// Makes sure that a window is there behind `base`, and notes that the stack is used a little beyond it.
    #[inline]
    pub(super) fn make_window(&mut self, base: usize) -> Result<(), Fault> {
        self.high = self.high.max(base + USED_BEYOND);
        if self.stack.len() < base + WINDOW {
            return self.grow_stack(base + WINDOW);
        }
        Ok(())
    }

    #[cold]
    fn grow_stack(&mut self, size: usize) -> Result<(), Fault> {
        let more = if self.is_handling { HANDLER_ROOM } else { 0 };
        let size_max = self.stack_size_max + more;
        if size > size_max {
            return Err(self.raise("stack overflow"));
        }
        let size = (size * 2).min(size_max);
        self.stack.resize(size, Value::Nil);
        Ok(())
    }

    /// Calls the value at `slot` with the `count` values behind it. A function of the program gets a frame and runs when
    /// the loop goes on; a function of the library runs at once.
    pub(super) fn begin_call(
        &mut self,
        slot: usize,
        mut count: usize,
        delivery: Delivery,
    ) -> Result<(), Fault> {
        loop {
            match self.stack[slot] {
                Value::Closure(id) => return self.call_closure(id, slot, count, delivery),
                Value::Native(id) => return self.call_native(id, slot, count, delivery),
                callee => {
                    let handler = self.metamethod(callee, event::CALL);
                    if handler.is_nil() {
                        return Err(self.raise_named(Wrong::Call(callee)));
                    }
                    self.make_window(slot + count + 1)?;
                    self.stack.copy_within(slot..=slot + count, slot + 1);
                    self.stack[slot] = handler;
                    count += 1;
                    self.pay(1)?;
                }
            }
        }
    }

    /// Calls a closure, which the value at `slot` is: a function of the program, or one that is bound.
    #[inline]
    pub(super) fn call_closure(
        &mut self,
        id: ClosureId,
        slot: usize,
        count: usize,
        delivery: Delivery,
    ) -> Result<(), Fault> {
        let prototype = self.heap.closure(id).prototype;
        match self.program.prototypes[prototype as usize].bound {
            Some(native) => self.call_bound(native, id, slot, count, delivery),
            None => self.push_frame(id, slot, count, delivery),
        }
    }

    /// Calls the library function that a closure is bound to, in the closure's place and with what it keeps as the first
    /// argument: there is no frame between it and its caller, whose line its messages name.
    fn call_bound(
        &mut self,
        native: NativeId,
        id: ClosureId,
        slot: usize,
        count: usize,
        delivery: Delivery,
    ) -> Result<(), Fault> {
        self.make_window(slot + count + 1)?;
        for place in (slot + 1..=slot + count).rev() {
            self.stack[place + 1] = self.stack[place];
        }
        let kept = self.heap.closure(id).upvalues.first();
        self.stack[slot + 1] = kept.copied().unwrap_or_default();
        self.stack[slot] = Value::Native(native);
        self.call_native(native, slot, count + 1, delivery)
    }

    /// Calls a function of the library, which the value at `slot` is.
    #[inline]
    fn call_native(
        &mut self,
        id: NativeId,
        slot: usize,
        count: usize,
        delivery: Delivery,
    ) -> Result<(), Fault> {
        match native(id) {
            Native::Plain(function) => {
                self.make_window(slot + count)?;
                let arguments = Arguments {
                    base: slot + 1,
                    count,
                };
                let kept = core::mem::replace(&mut self.native_end, slot + 1 + count);
                let results = function(self, arguments);
                self.native_end = kept;
                self.deliver(slot, results?, delivery);
                Ok(())
            }
            Native::Control(control) => self.begin_control(control, slot, count, delivery),
        }
    }

    #[inline]
    fn push_frame(
        &mut self,
        id: ClosureId,
        slot: usize,
        count: usize,
        delivery: Delivery,
    ) -> Result<(), Fault> {
        let closure = self.heap.closure(id);
        let prototype_index = closure.prototype;
        let prototype = &self.program.prototypes[prototype_index as usize];
        if closure.upvalues.len() != prototype.code.upvalue_count() {
            return Err(self.raise("a closure has lost its upvalues"));
        }
        let weight = u64::from(prototype.weight);
        let parameters = usize::from(prototype.parameter_count);
        let is_variadic = prototype.is_variadic;
        let register_count = usize::from(prototype.register_count);
        match self.fuel.checked_sub(weight) {
            Some(rest) => self.fuel = rest,
            None => {
                self.fuel = 0;
                return Err(Fault::FuelExhausted);
            }
        }
        let mut base = slot + 1;
        let mut rest_count = 0;
        if is_variadic && count > parameters {
            // Further arguments go below the parameters.
            rest_count = count - parameters;
            base += rest_count;
            self.make_window(base + register_count)?;
            if parameters > 0 {
                self.stack[slot + 1..slot + 1 + count].rotate_left(parameters);
            }
        } else {
            self.make_window(base + register_count)?;
            for index in count..parameters {
                self.stack[base + index] = Value::Nil;
            }
        }
        self.frames.push(Frame {
            kind: FrameKind::Program,
            closure: id,
            prototype: prototype_index,
            pc: 0,
            base: base as u32,
            rest_count: rest_count as u32,
            return_to: delivery.to as u32,
            want: delivery.want,
            after: delivery.after,
            joined: 0,
        });
        Ok(())
    }

    /// Puts `count` results, which begin at `from`, where they are wanted, and settles what has to come after.
    #[inline]
    pub(super) fn deliver(&mut self, from: usize, count: usize, delivery: Delivery) {
        let to = delivery.to;
        if delivery.want == MULTIPLE {
            if count == 1 {
                self.stack[to] = self.stack[from];
            } else if from != to {
                self.stack.copy_within(from..from + count, to);
            }
            self.top = to + count;
        } else {
            let want = usize::from(delivery.want);
            let given = count.min(want);
            if from != to {
                for index in 0..given {
                    self.stack[to + index] = self.stack[from + index];
                }
            }
            for index in given..want {
                self.stack[to + index] = Value::Nil;
            }
        }
        match delivery.after {
            After::Nothing => {}
            after => self.settle(to, after),
        }
    }

    #[cold]
    fn settle(&mut self, at: usize, after: After) {
        let value = self.stack[at];
        match after {
            After::Nothing => {}
            After::Test { flag, target } => {
                if value.is_true() == flag
                    && let Some(frame) = self.frames.last_mut()
                {
                    frame.pc = target;
                }
            }
            After::Concat { register, count } => {
                // The loop joins what is left when it meets the instruction again.
                if let Some(frame) = self.frames.last_mut() {
                    let base = frame.base as usize;
                    self.stack[base + usize::from(register) + usize::from(count) - 1] = value;
                    frame.joined = count;
                    frame.pc -= 1;
                }
            }
        }
    }

    pub(super) fn push_marker(&mut self, kind: FrameKind, slot: usize, delivery: Delivery) {
        self.frames.push(Frame {
            kind,
            closure: ClosureId(0),
            prototype: 0,
            pc: 0,
            base: slot as u32,
            rest_count: 0,
            return_to: delivery.to as u32,
            want: delivery.want,
            after: delivery.after,
            joined: 0,
        });
    }

    /// Library functions that change who runs.
    fn begin_control(
        &mut self,
        control: Control,
        slot: usize,
        count: usize,
        delivery: Delivery,
    ) -> Result<(), Fault> {
        self.make_window(slot + count)?;
        match control {
            Control::ProtectedCall => {
                if count == 0 {
                    return Err(self.raise("bad argument #1 to 'pcall' (value expected)"));
                }
                self.enter_protected()?;
                self.push_marker(FrameKind::Protected, slot, delivery);
                let inner = Delivery {
                    to: slot + 1,
                    want: MULTIPLE,
                    after: After::Nothing,
                };
                self.begin_call(slot + 1, count - 1, inner)
            }
            Control::ProtectedCallWithHandler => {
                if count < 2
                    || !matches!(self.stack[slot + 2], Value::Closure(_) | Value::Native(_))
                {
                    let kind = if count < 2 {
                        "no value"
                    } else {
                        self.stack[slot + 2].type_name()
                    };
                    let text = alloc::format!(
                        "bad argument #2 to 'xpcall' (function expected, got {kind})"
                    );
                    return Err(self.raise(&text));
                }
                let handler = self.stack[slot + 2];
                self.enter_protected()?;
                self.push_marker(FrameKind::ProtectedWithHandler, slot, delivery);
                self.stack[slot] = handler;
                // The function goes where the handler was.
                self.stack[slot + 2] = self.stack[slot + 1];
                let inner = Delivery {
                    to: slot + 1,
                    want: MULTIPLE,
                    after: After::Nothing,
                };
                self.begin_call(slot + 2, count - 2, inner)
            }
            Control::Resume => self.begin_resume(slot, count, delivery),
            Control::ResumeWrapped => self.begin_resume_wrapped(slot, count, delivery),
            Control::Yield => self.begin_yield(slot, count, delivery),
            Control::Pairs => self.begin_pairs(slot, count, delivery),
        }
    }

    /// `pairs`: what `__pairs` gives, three values of it, or `next` and the table.
    fn begin_pairs(&mut self, slot: usize, count: usize, delivery: Delivery) -> Result<(), Fault> {
        if count == 0 {
            return Err(self.raise("bad argument #1 to 'pairs' (value expected)"));
        }
        let value = self.stack[slot + 1];
        let handler = self.metamethod(value, event::PAIRS);
        if handler.is_nil() {
            self.stack[slot] = Value::Native(crate::library::NEXT);
            self.stack[slot + 2] = Value::Nil;
            self.deliver(slot, 3, delivery);
            return Ok(());
        }
        self.push_marker(FrameKind::Pairs, slot, delivery);
        self.stack[slot] = handler;
        let inner = Delivery {
            to: slot,
            want: 3,
            after: After::Nothing,
        };
        self.begin_call(slot, 1, inner)
    }

    /// Protected calls inside each other are limited, as in Lua, where they nest on the host's stack.
    fn enter_protected(&mut self) -> Result<(), Fault> {
        if self.protected_count >= NATIVE_DEPTH_MAX {
            return Err(self.raise("C stack overflow"));
        }
        self.protected_count += 1;
        Ok(())
    }

    /// The topmost frame is a marker: what it waited for is there. Whether the loop has to stop.
    pub(super) fn settle_marker(&mut self, marker: Frame) -> Result<bool, Fault> {
        match marker.kind {
            FrameKind::Boundary => Ok(true),
            FrameKind::Protected | FrameKind::ProtectedWithHandler => {
                self.frames.pop();
                self.protected_count = self.protected_count.saturating_sub(1);
                let slot = marker.slot() as usize;
                self.stack[slot] = Value::Boolean(true);
                let count = self.top.saturating_sub(slot);
                self.deliver(slot, count, delivery_of(&marker));
                Ok(false)
            }
            FrameKind::Bottom => {
                let end = self.top.min(self.stack.len());
                let values: Vec<Value> = self.stack[..end].to_vec();
                self.frames.clear();
                self.leave_dead();
                self.hand_over(true, &values)?;
                Ok(false)
            }
            FrameKind::Closing => {
                self.frames.pop();
                self.top = marker.return_to as usize;
                Ok(false)
            }
            FrameKind::ClosingWithError => {
                self.frames.pop();
                self.unwind_to_marker(self.stack[marker.slot() as usize])?;
                Ok(false)
            }
            FrameKind::Pairs => {
                self.frames.pop();
                self.deliver(marker.slot() as usize, 3, delivery_of(&marker));
                Ok(false)
            }
            // These are settled by whoever hands values over.
            _ => Ok(false),
        }
    }

    /// Calls a function from a native one, or from outside, and gives its results.
    pub(crate) fn execute_call(
        &mut self,
        function: Value,
        arguments: &[Value],
    ) -> Result<Vec<Value>, Fault> {
        let slot = self.stack_end();
        let top = self.top;
        let outcome = self.execute_at(slot, function, arguments);
        let results = outcome.map(|()| self.stack[slot..self.top].to_vec());
        self.top = top;
        results
    }

    /// Calls a function from a native one and gives its first result.
    pub(crate) fn execute_for_one(
        &mut self,
        function: Value,
        arguments: &[Value],
    ) -> Result<Value, Fault> {
        let slot = self.stack_end();
        let top = self.top;
        let outcome = self.execute_at(slot, function, arguments);
        let result = outcome.map(|()| {
            if self.top > slot {
                self.stack[slot]
            } else {
                Value::Nil
            }
        });
        self.top = top;
        result
    }

    /// Calls a function with its values from a stack place on; its results come to lie between there and `top`.
    fn execute_at(
        &mut self,
        slot: usize,
        function: Value,
        arguments: &[Value],
    ) -> Result<(), Fault> {
        self.enter_native(slot, arguments.len())?;
        self.stack[slot] = function;
        self.stack[slot + 1..=slot + arguments.len()].copy_from_slice(arguments);
        let delivery = Delivery {
            to: slot,
            want: MULTIPLE,
            after: After::Nothing,
        };
        let outcome = self.begin_call(slot, arguments.len(), delivery);
        let outcome = self.run(outcome);
        self.leave_native(outcome)
    }

    /// A native function waits at a stack place for a function that it calls with so many arguments.
    fn enter_native(&mut self, slot: usize, count: usize) -> Result<(), Fault> {
        if self.native_depth >= NATIVE_DEPTH_MAX {
            return Err(self.raise("C stack overflow"));
        }
        self.make_window(slot + count)?;
        self.native_depth += 1;
        self.boundary_count += 1;
        let unused = Delivery {
            to: slot,
            want: MULTIPLE,
            after: After::Nothing,
        };
        self.push_marker(FrameKind::Boundary, slot, unused);
        Ok(())
    }

    /// It waits no longer. An error has taken its marker away.
    fn leave_native(&mut self, outcome: Result<(), Fault>) -> Result<(), Fault> {
        if outcome.is_ok() {
            self.frames.pop();
        }
        self.boundary_count = self.boundary_count.saturating_sub(1);
        self.native_depth -= 1;
        outcome
    }

    /// A function that the running native function is going to call again and again.
    pub(crate) fn repeated(&self, function: Value) -> Repeated {
        Repeated {
            function,
            slot: self.stack_end(),
        }
    }

    /// Calls such a function with two arguments and gives its first result.
    pub(crate) fn call_repeated(
        &mut self,
        repeated: Repeated,
        left: Value,
        right: Value,
    ) -> Result<Value, Fault> {
        let Repeated { function, slot } = repeated;
        let top = self.top;
        self.enter_native(slot, 2)?;
        if let Some([first, second, third]) = self.stack[slot..].first_chunk_mut() {
            copy(first, &function);
            copy(second, &left);
            copy(third, &right);
        }
        let delivery = Delivery {
            to: slot,
            want: 1,
            after: After::Nothing,
        };
        let outcome = match function {
            Value::Closure(id) => self.call_closure(id, slot, 2, delivery),
            _ => self.begin_call(slot, 2, delivery),
        };
        let outcome = self.run(outcome);
        self.top = top;
        self.leave_native(outcome)?;
        Ok(self.stack[slot])
    }

    /// Where the running function's values end.
    pub(crate) fn stack_end(&self) -> usize {
        let end = self.frames.last().map_or(0, |frame| match frame.kind {
            FrameKind::Program => {
                let registers = self.program.prototypes[frame.prototype as usize].register_count;
                frame.base as usize + usize::from(registers)
            }
            _ => frame.base as usize + 1,
        });
        end.max(self.native_end).max(self.top.min(self.stack.len()))
    }
}

pub(super) fn delivery_of(frame: &Frame) -> Delivery {
    Delivery {
        to: frame.return_to as usize,
        want: frame.want,
        after: frame.after,
    }
}
