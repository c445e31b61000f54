//! Calls, returns and errors: frames come and go, results are delivered, markers wait for what they protect.
//!
//! A frame is a call of a program function, or a marker: the place where `pcall`, a resumer, a yield or a native
//! function that called back waits. The loop looks at the topmost frame and either runs it or settles the marker.
//!
//! Tests: `tests/it/language.rs`.

use super::coroutine::{Coroutine, Status};
use super::meaning::Wrong;
use super::op::{MULTIPLE, Op};
use super::{After, Fault, Frame, FrameKind, NATIVE_DEPTH_MAX, Vm, WINDOW, event};
use crate::library::{Arguments, Control, Native, native, native_name};
use crate::value::{ClosureId, CoroutineId, Value};
use alloc::string::String;
use alloc::vec::Vec;

/// Stack places that are written behind those that [`Vm::make_window`] was asked for.
const USED_BEYOND: usize = 8;

/// How often a message handler is called with its own error before it is given up.
pub(crate) const HANDLER_CALL_COUNT_MAX: u32 = 200;
/// Values that a message handler may have on a stack beyond the limit.
pub(super) const HANDLER_ROOM: usize = WINDOW * 4;
/// What an error comes to whose handler was given up.
pub(crate) const HANDLER_GIVEN_UP: &str = "error in error handling";

/// Where the results of a call go and how.
#[derive(Clone, Copy)]
pub(super) struct Delivery {
    pub to: usize,
    pub want: u8,
    pub after: After,
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
                Value::Closure(id) => return self.push_frame(id, slot, count, delivery),
                Value::Native(id) => {
                    return match native(id) {
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
                        Native::Control(control) => {
                            self.begin_control(control, slot, count, delivery)
                        }
                    };
                }
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

    #[inline]
    pub(super) fn push_frame(
        &mut self,
        id: ClosureId,
        slot: usize,
        count: usize,
        delivery: Delivery,
    ) -> Result<(), Fault> {
        let prototype_index = self.heap.closure(id).prototype;
        let prototype = &self.program.prototypes[prototype_index as usize];
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
            slot: slot as u32,
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

    fn push_marker(&mut self, kind: FrameKind, slot: usize, delivery: Delivery) {
        self.frames.push(Frame {
            kind,
            closure: ClosureId(0),
            prototype: 0,
            pc: 0,
            base: slot as u32,
            slot: slot as u32,
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

    fn begin_resume(&mut self, slot: usize, count: usize, delivery: Delivery) -> Result<(), Fault> {
        let Some(Value::Coroutine(id)) = (count > 0).then(|| self.stack[slot + 1]) else {
            let kind = if count > 0 {
                self.stack[slot + 1].type_name()
            } else {
                "no value"
            };
            let text =
                alloc::format!("bad argument #1 to 'resume' (coroutine expected, got {kind})");
            return Err(self.raise(&text));
        };
        match self.refusal_to_resume(id) {
            Some(text) => {
                self.stack[slot] = Value::Boolean(false);
                self.stack[slot + 1] = Value::String(self.heap.string(text.as_bytes()));
                self.deliver(slot, 2, delivery);
                Ok(())
            }
            None => {
                self.push_marker(FrameKind::Resume, slot, delivery);
                self.switch_to(id, slot + 2, count - 1)
            }
        }
    }

    /// A function made by `coroutine.wrap` is a table-less closure over its coroutine: the callee itself.
    fn begin_resume_wrapped(
        &mut self,
        slot: usize,
        count: usize,
        delivery: Delivery,
    ) -> Result<(), Fault> {
        let Some(Value::Coroutine(id)) = (count > 0).then(|| self.stack[slot + 1]) else {
            return Err(self.raise("attempt to call a nil value"));
        };
        if let Some(text) = self.refusal_to_resume(id) {
            return Err(self.raise(text));
        }
        self.push_marker(FrameKind::Wrap, slot, delivery);
        self.switch_to(id, slot + 2, count - 1)
    }

    fn refusal_to_resume(&self, id: CoroutineId) -> Option<&'static str> {
        match self.status_of(id) {
            Status::Suspended => None,
            Status::Dead => Some("cannot resume dead coroutine"),
            Status::Running | Status::Normal => Some("cannot resume non-suspended coroutine"),
        }
    }

    /// Lets a suspended coroutine run with `count` values from `from` on.
    fn switch_to(&mut self, id: CoroutineId, from: usize, count: usize) -> Result<(), Fault> {
        self.native_depth += 1;
        if self.native_depth > NATIVE_DEPTH_MAX {
            self.native_depth -= 1;
            self.frames.pop();
            return Err(self.raise("C stack overflow"));
        }
        let values: Vec<Value> = self.stack[from..from + count].to_vec();
        let resumer = self.current;
        if let Some(resumer) = resumer {
            self.heap.coroutines.get_mut(resumer.0).status = Status::Normal;
        }
        self.swap(id);
        let coroutine = self.heap.coroutines.get_mut(id.0);
        coroutine.status = Status::Running;
        coroutine.resumer = resumer;
        self.current = Some(id);
        self.heap.shade_again(Value::Coroutine(id));
        // A yield waits on top, or the body has not begun.
        match self.frames.last().copied() {
            Some(frame) if frame.kind == FrameKind::Yield => {
                self.frames.pop();
                let slot = frame.slot as usize;
                self.place(slot, &values)?;
                let delivery = delivery_of(&frame);
                self.deliver(slot, count, delivery);
                Ok(())
            }
            _ => {
                self.place(1, &values)?;
                let delivery = Delivery {
                    to: 0,
                    want: MULTIPLE,
                    after: After::Nothing,
                };
                self.begin_call(0, count, delivery)
            }
        }
    }

    fn place(&mut self, at: usize, values: &[Value]) -> Result<(), Fault> {
        self.make_window(at + values.len())?;
        self.stack[at..at + values.len()].copy_from_slice(values);
        Ok(())
    }

    /// Exchanges the running stack and frames with those kept in a coroutine's place.
    fn swap(&mut self, id: CoroutineId) {
        let coroutine: &mut Coroutine = self.heap.coroutines.get_mut(id.0);
        core::mem::swap(&mut self.stack, &mut coroutine.stack);
        core::mem::swap(&mut self.frames, &mut coroutine.frames);
        core::mem::swap(&mut self.to_close, &mut coroutine.to_close);
        core::mem::swap(&mut self.high, &mut coroutine.high);
        core::mem::swap(&mut self.boundary_count, &mut coroutine.boundary_count);
        core::mem::swap(&mut self.protected_count, &mut coroutine.protected_count);
    }

    /// Goes back to whoever resumed the running coroutine.
    fn switch_back(&mut self, status: Status) {
        if let Some(id) = self.current {
            if status == Status::Suspended {
                let end = self
                    .frames
                    .last()
                    .map_or(0, |frame| frame.slot as usize + 1);
                self.clear_stack_from(end);
                self.high = end;
            }
            self.swap(id);
            self.native_depth = self.native_depth.saturating_sub(1);
            let coroutine = self.heap.coroutines.get_mut(id.0);
            coroutine.status = status;
            self.current = coroutine.resumer.take();
            if status == Status::Dead && coroutine.to_close.is_empty() {
                coroutine.end();
            } else {
                self.heap.shade_again(Value::Coroutine(id));
            }
            if let Some(resumer) = self.current {
                self.heap.coroutines.get_mut(resumer.0).status = Status::Running;
            }
        }
    }

    fn begin_yield(&mut self, slot: usize, count: usize, delivery: Delivery) -> Result<(), Fault> {
        if self.current.is_none() {
            return Err(self.raise_bare("attempt to yield from outside a coroutine"));
        }
        if self.boundary_count > 0 {
            return Err(self.raise_bare("attempt to yield across a C-call boundary"));
        }
        let values: Vec<Value> = self.stack[slot + 1..slot + 1 + count].to_vec();
        self.push_marker(FrameKind::Yield, slot, delivery);
        self.switch_back(Status::Suspended);
        self.hand_over(true, &values)
    }

    /// Gives the values of a coroutine that yielded or ended to the marker of its resumer.
    fn hand_over(&mut self, is_ok: bool, values: &[Value]) -> Result<(), Fault> {
        let Some(marker) = self.frames.pop() else {
            return Ok(());
        };
        let slot = marker.slot as usize;
        self.make_window(slot + 1 + values.len())?;
        let delivery = delivery_of(&marker);
        if marker.kind == FrameKind::Wrap {
            self.stack[slot..slot + values.len()].copy_from_slice(values);
            self.deliver(slot, values.len(), delivery);
        } else {
            self.stack[slot] = Value::Boolean(is_ok);
            self.stack[slot + 1..slot + 1 + values.len()].copy_from_slice(values);
            self.deliver(slot, values.len() + 1, delivery);
        }
        Ok(())
    }

    /// The topmost frame is a marker: what it waited for is there. Whether the loop has to stop.
    pub(super) fn settle_marker(&mut self, marker: Frame) -> Result<bool, Fault> {
        match marker.kind {
            FrameKind::Boundary => Ok(true),
            FrameKind::Protected | FrameKind::ProtectedWithHandler => {
                self.frames.pop();
                self.protected_count = self.protected_count.saturating_sub(1);
                let slot = marker.slot as usize;
                self.stack[slot] = Value::Boolean(true);
                let count = self.top.saturating_sub(slot);
                self.deliver(slot, count, delivery_of(&marker));
                Ok(false)
            }
            FrameKind::Bottom => {
                let end = self.top.min(self.stack.len());
                let values: Vec<Value> = self.stack[..end].to_vec();
                self.frames.clear();
                self.switch_back(Status::Dead);
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
                self.unwind_to_marker(self.stack[marker.slot as usize])?;
                Ok(false)
            }
            FrameKind::Pairs => {
                self.frames.pop();
                self.deliver(marker.slot as usize, 3, delivery_of(&marker));
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
        if self.native_depth >= NATIVE_DEPTH_MAX {
            return Err(self.raise("C stack overflow"));
        }
        self.make_window(slot + arguments.len())?;
        self.native_depth += 1;
        let delivery = Delivery {
            to: slot,
            want: MULTIPLE,
            after: After::Nothing,
        };
        self.push_marker(FrameKind::Boundary, slot, delivery);
        self.boundary_count += 1;
        self.stack[slot] = function;
        for (index, argument) in arguments.iter().enumerate() {
            self.stack[slot + 1 + index] = *argument;
        }
        let outcome = self.begin_call(slot, arguments.len(), delivery);
        let outcome = self.run(outcome);
        self.boundary_count = self.boundary_count.saturating_sub(1);
        self.native_depth -= 1;
        outcome
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

    /// How the running instruction names what it calls: the kind of the name, and the name.
    pub(crate) fn name_of_call(&self) -> Option<(&'static str, String)> {
        let frame = self.frames.last()?;
        if !frame.is_program() || !self.has_names {
            return None;
        }
        let prototype = self.program.prototypes.get(frame.prototype as usize)?;
        let pc = frame.pc.saturating_sub(1);
        let op = *prototype.code.cursor(pc as usize).next();
        if !matches!(op, Op::Call { .. } | Op::TailCall { .. }) {
            return None;
        }
        let mut hints = prototype.hints.iter();
        let hint = hints.find(|hint| hint.pc == pc && hint.operand == 0)?;
        Some((hint.kind, String::from(&*hint.name)))
    }

    /// The full name of a function of the library that another one calls, such as `pcall` or `table.sort`.
    pub(crate) fn full_name_of_call(&self) -> Option<&'static str> {
        let frame = self.frames.last().filter(|_| self.has_names)?;
        let place = match frame.kind {
            FrameKind::Boundary => frame.slot,
            FrameKind::Protected => frame.slot + 1,
            FrameKind::ProtectedWithHandler => frame.slot + 2,
            _ => return None,
        };
        match self.stack.get(place as usize) {
            Some(Value::Native(id)) => Some(native_name(*id)),
            _ => None,
        }
    }

    /// An error about the operand that the running instruction names.
    pub(super) fn raise_named(&mut self, wrong: Wrong) -> Fault {
        let found = self
            .frames
            .last()
            .filter(|frame| frame.is_program() && self.has_names)
            .map(|frame| {
                let prototype =
                    alloc::sync::Arc::clone(&self.program.prototypes[frame.prototype as usize]);
                (prototype, frame.pc.saturating_sub(1))
            });
        self.raise_wrong(wrong, |operand| {
            let Some((prototype, pc)) = &found else {
                return String::new();
            };
            let mut hints = prototype.hints.iter();
            let hint = hints.find(|hint| hint.pc == *pc && hint.operand == operand);
            hint.map_or_else(String::new, |hint| {
                alloc::format!(" ({} '{}')", hint.kind, hint.name)
            })
        })
    }

    /// Unwinds to the nearest marker that catches the fault; an error if none does before a native function.
    pub(super) fn unwind(&mut self, fault: Fault) -> Result<(), Fault> {
        let Fault::Raised(mut value) = fault else {
            return self.unwind_everything(fault);
        };
        if let Some(handler) = self.nearest_handler() {
            // The handler sees the stack as it is.
            value = self.call_handler(handler, value)?;
        }
        self.unwind_to_marker(value)
    }

    /// Unwinds to the nearest marker that catches an error, which its message handler has seen.
    fn unwind_to_marker(&mut self, mut value: Value) -> Result<(), Fault> {
        loop {
            let Some(frame) = self.frames.last().copied() else {
                return Err(Fault::Raised(value));
            };
            match frame.kind {
                FrameKind::Program => {
                    if self.frames.len() == 1 || self.trace.is_empty() && self.is_uncaught() {
                        self.note_trace();
                    }
                    self.frames.pop();
                }
                FrameKind::Yield
                | FrameKind::Resume
                | FrameKind::Wrap
                | FrameKind::Closing
                | FrameKind::ClosingWithError
                | FrameKind::Pairs => {
                    self.frames.pop();
                }
                FrameKind::Boundary => {
                    let value = self.close_from(frame.slot as usize, Some(value))?;
                    self.frames.pop();
                    return Err(Fault::Raised(value.unwrap_or_default()));
                }
                FrameKind::Protected | FrameKind::ProtectedWithHandler => {
                    let slot = frame.slot as usize;
                    if let Some(place) = self.next_to_close(slot) {
                        match self.begin_close_with_error(place, value) {
                            Ok(()) => return Ok(()),
                            // The next marked place is told of this error instead.
                            Err(Fault::Raised(raised)) => {
                                value = self.seen_by_handler(raised)?;
                                continue;
                            }
                            Err(fault) => return self.unwind_everything(fault),
                        }
                    }
                    self.frames.pop();
                    self.protected_count = self.protected_count.saturating_sub(1);
                    self.stack[slot] = Value::Boolean(false);
                    self.stack[slot + 1] = value;
                    self.deliver(slot, 2, delivery_of(&frame));
                    return Ok(());
                }
                FrameKind::Bottom => match self.end_with_error(value)? {
                    None => return Ok(()),
                    Some(raised) => value = self.seen_by_handler(raised)?,
                },
            }
        }
    }

    /// The running coroutine dies of an error. Who resumed it is told; a function made by `coroutine.wrap` first closes what
    /// is marked and then raises what is given here.
    fn end_with_error(&mut self, value: Value) -> Result<Option<Value>, Fault> {
        self.frames.clear();
        let Some(id) = self.current else {
            return Ok(Some(value));
        };
        self.heap.coroutines.get_mut(id.0).failure = value;
        self.heap.note_store(value);
        self.switch_back(Status::Dead);
        let is_wrap = self
            .frames
            .last()
            .is_some_and(|marker| marker.kind == FrameKind::Wrap);
        if !is_wrap {
            self.hand_over(false, &[value])?;
            return Ok(None);
        }
        self.frames.pop();
        self.held.push(Value::Coroutine(id));
        let closed = self.close_coroutine(id);
        self.held.pop();
        let raised = closed?.unwrap_or_default();
        Ok(Some(self.with_place(raised)))
    }

    /// What the message handler in force, if there is one, makes of an error.
    fn seen_by_handler(&mut self, value: Value) -> Result<Value, Fault> {
        match self.nearest_handler() {
            Some(handler) => self.call_handler(handler, value),
            None => Ok(value),
        }
    }

    /// The highest stack place at or above `level` that is to be closed.
    fn next_to_close(&self, level: usize) -> Option<usize> {
        let place = self.to_close.last().copied()? as usize;
        (place >= level).then_some(place)
    }

    /// The end of a block: calls the `__close` of the highest place that is marked at or above `level`, if there is one. The
    /// instruction is met again when it has returned.
    pub(super) fn begin_close(&mut self, level: usize) -> Result<(), Fault> {
        let Some(place) = self.next_to_close(level) else {
            return Ok(());
        };
        let slot = self.stack_end();
        self.make_window(slot + 3)?;
        self.to_close.pop();
        if let Some(frame) = self.frames.last_mut() {
            frame.pc -= 1;
        }
        let kept = Delivery {
            to: self.top.min(slot),
            want: 0,
            after: After::Nothing,
        };
        self.push_marker(FrameKind::Closing, slot, kept);
        self.begin_close_call(slot + 1, self.stack[place], Value::Nil)
    }

    /// An error on its way: calls the `__close` of a marked place with it.
    fn begin_close_with_error(&mut self, place: usize, error: Value) -> Result<(), Fault> {
        self.to_close.pop();
        let slot = place + 1;
        self.make_window(slot + 4)?;
        let value = self.stack[place];
        self.stack[slot] = error;
        let unused = Delivery {
            to: slot,
            want: 0,
            after: After::Nothing,
        };
        self.push_marker(FrameKind::ClosingWithError, slot, unused);
        self.begin_close_call(slot + 1, value, error)
    }

    fn begin_close_call(&mut self, slot: usize, value: Value, error: Value) -> Result<(), Fault> {
        let handler = self.meant_close(value);
        let handler = handler.map_err(|wrong| self.raise_wrong(wrong, |_| String::new()))?;
        self.stack[slot] = handler;
        self.stack[slot + 1] = value;
        self.stack[slot + 2] = error;
        let unused = Delivery {
            to: slot,
            want: 0,
            after: After::Nothing,
        };
        self.begin_call(slot, 2, unused)
    }

    /// Whether nothing on the running stack catches errors.
    fn is_uncaught(&self) -> bool {
        self.current.is_none()
            && !self.frames.iter().any(|frame| {
                matches!(
                    frame.kind,
                    FrameKind::Protected | FrameKind::ProtectedWithHandler
                )
            })
    }

    fn nearest_handler(&self) -> Option<Value> {
        let catches = |frame: &&Frame| {
            !matches!(
                frame.kind,
                FrameKind::Program
                    | FrameKind::Closing
                    | FrameKind::ClosingWithError
                    | FrameKind::Pairs
            )
        };
        let marker = self.frames.iter().rev().find(catches)?;
        (marker.kind == FrameKind::ProtectedWithHandler).then(|| self.stack[marker.slot as usize])
    }

    /// What a message handler makes of an error. As in Lua, it gets its own errors, too, and is given up where that does not
    /// end; for a stack overflow it gets a little more room.
    fn call_handler(&mut self, handler: Value, mut value: Value) -> Result<Value, Fault> {
        let is_inside = core::mem::replace(&mut self.is_handling, true);
        let mut outcome = None;
        for _ in 0..HANDLER_CALL_COUNT_MAX {
            match self.execute_call(handler, &[value]) {
                Ok(results) => outcome = Some(Ok(results.first().copied().unwrap_or_default())),
                Err(Fault::Raised(raised)) => value = raised,
                Err(fault) => outcome = Some(Err(fault)),
            }
            if outcome.is_some() {
                break;
            }
        }
        self.is_handling = is_inside;
        outcome.unwrap_or_else(|| Ok(self.text(HANDLER_GIVEN_UP)))
    }

    /// Fuel or memory is gone: nothing catches that, on no stack.
    fn unwind_everything(&mut self, fault: Fault) -> Result<(), Fault> {
        loop {
            match self.frames.last().map(|frame| frame.kind) {
                None if self.current.is_some() => self.switch_back(Status::Dead),
                None => return Err(fault),
                Some(FrameKind::Boundary) => {
                    self.frames.pop();
                    return Err(fault);
                }
                Some(FrameKind::Bottom) => {
                    self.frames.clear();
                    self.switch_back(Status::Dead);
                }
                Some(_) => {
                    if self.trace.is_empty() {
                        self.note_trace();
                    }
                    self.frames.pop();
                }
            }
        }
    }

    /// Closes what was marked at or above a stack place, last first. An error of a `__close` takes the place of the one
    /// before it.
    pub(crate) fn close_from(
        &mut self,
        level: usize,
        mut error: Option<Value>,
    ) -> Result<Option<Value>, Fault> {
        while let Some(place) = self
            .to_close
            .last()
            .copied()
            .filter(|place| *place as usize >= level)
        {
            self.to_close.pop();
            let value = self.stack[place as usize];
            let handler = self.meant_close(value);
            // The values above the marked place may still be wanted.
            let kept = self.native_end;
            self.native_end = self
                .native_end
                .max(self.stack_end())
                .max(place as usize + 1);
            let result = match handler {
                Ok(handler) => self.execute_call(handler, &[value, error.unwrap_or_default()]),
                Err(wrong) => Err(self.raise_wrong(wrong, |_| String::new())),
            };
            self.native_end = kept;
            match result {
                Ok(_) => {}
                Err(Fault::Raised(raised)) if error.is_some() => error = Some(raised),
                Err(Fault::Raised(raised)) => {
                    // From here on the block is left with an error.
                    let rest = self.close_from(level, Some(raised))?;
                    return Err(Fault::Raised(rest.unwrap_or_default()));
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(error)
    }

    /// Marks a stack place to be closed; false and nil need nothing.
    pub(super) fn mark_close(&mut self, place: usize) -> Result<(), Fault> {
        let value = self.stack[place];
        if !value.is_true() {
            return Ok(());
        }
        if self.metamethod(value, event::CLOSE).is_nil() {
            let name = self.name_of_register(place);
            let text = alloc::format!("variable '{name}' got a non-closable value");
            return Err(self.raise(&text));
        }
        self.to_close.push(place as u32);
        Ok(())
    }

    fn name_of_register(&self, _place: usize) -> String {
        let found = self
            .frames
            .last()
            .filter(|frame| frame.is_program() && self.has_names)
            .and_then(|frame| {
                let prototype = &self.program.prototypes[frame.prototype as usize];
                let pc = frame.pc.saturating_sub(1);
                prototype
                    .hints
                    .iter()
                    .find(|hint| hint.pc == pc)
                    .map(|hint| String::from(&*hint.name))
            });
        found.unwrap_or_else(|| String::from("?"))
    }

    /// Whether a yield would find its way.
    pub(crate) fn can_yield(&self) -> bool {
        self.current.is_some() && self.boundary_count == 0
    }

    /// What a coroutine is doing; the main one is normal while another runs.
    pub(crate) fn status_of(&self, id: CoroutineId) -> Status {
        if self.main_coroutine == Some(id) && self.current.is_some() {
            return Status::Normal;
        }
        self.heap.coroutines.get(id.0).status
    }

    /// Whether a yield of this coroutine would find its way.
    pub(crate) fn could_yield(&self, id: CoroutineId) -> bool {
        if self.current == Some(id) {
            return self.can_yield();
        }
        self.main_coroutine != Some(id) && self.heap.coroutines.get(id.0).boundary_count == 0
    }

    /// The running coroutine, and whether it is the main one, which gets an object of its own when it is asked for.
    pub(crate) fn running_coroutine(&mut self) -> (Value, bool) {
        if let Some(id) = self.current {
            return (Value::Coroutine(id), false);
        }
        let id = match self.main_coroutine {
            Some(id) => id,
            None => {
                let id = self.heap.new_coroutine(Coroutine {
                    status: Status::Running,
                    ..Coroutine::default()
                });
                self.main_coroutine = Some(id);
                id
            }
        };
        (Value::Coroutine(id), true)
    }

    /// Ends a coroutine that does not run: closes what it marked; gives the error it ended with.
    pub(crate) fn close_coroutine(&mut self, id: CoroutineId) -> Result<Option<Value>, Fault> {
        let coroutine = self.heap.coroutines.get_mut(id.0);
        let failure = core::mem::take(&mut coroutine.failure);
        let error = (!failure.is_nil()).then_some(failure);
        if coroutine.to_close.is_empty() {
            coroutine.end();
            return Ok(error);
        }
        // What is closed lies on its own stack; the one that is put aside must still be found by the collector.
        self.swap(id);
        // Its own handlers must neither resume nor close it meanwhile.
        self.heap.coroutines.get_mut(id.0).status = Status::Running;
        self.held.push(Value::Coroutine(id));
        self.heap.shade_again(Value::Coroutine(id));
        let kept_end = core::mem::replace(&mut self.native_end, 0);
        let kept_top = self.top;
        let closed = self.close_from(0, error);
        self.top = kept_top;
        self.native_end = kept_end;
        self.frames.clear();
        self.to_close.clear();
        self.held.pop();
        self.swap(id);
        let coroutine = self.heap.coroutines.get_mut(id.0);
        coroutine.end();
        // Where an error came from that was caught here is of no use to anybody.
        self.trace.clear();
        match closed {
            Ok(error) => Ok(error),
            Err(Fault::Raised(value)) => Ok(Some(value)),
            Err(fault) => Err(fault),
        }
    }

    /// Makes a coroutine of a function.
    pub(crate) fn new_coroutine(&mut self, function: Value) -> CoroutineId {
        let mut stack = alloc::vec![Value::Nil; WINDOW + 8];
        stack[0] = function;
        let bottom = Frame {
            kind: FrameKind::Bottom,
            closure: ClosureId(0),
            prototype: 0,
            pc: 0,
            base: 0,
            slot: 0,
            rest_count: 0,
            return_to: 0,
            want: MULTIPLE,
            after: After::Nothing,
            joined: 0,
        };
        self.heap.new_coroutine(Coroutine {
            stack,
            high: 1,
            frames: Vec::from([bottom]),
            ..Coroutine::default()
        })
    }
}

pub(super) fn delivery_of(frame: &Frame) -> Delivery {
    Delivery {
        to: frame.return_to as usize,
        want: frame.want,
        after: frame.after,
    }
}
