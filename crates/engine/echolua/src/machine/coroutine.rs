//! Coroutines as data: a stack and frames that are swapped with the running ones.
//!
//! While a coroutine runs, its own place in the heap keeps the stack and frames of whoever resumed it.
//!
//! Tests: `tests/it/language.rs`.

use super::call::{Delivery, delivery_of};
use super::op::MULTIPLE;
use super::unchecked::copy;
use super::{After, Fault, Frame, FrameKind, NATIVE_DEPTH_MAX, Vm, WINDOW};
use crate::value::{ClosureId, CoroutineId, Value};
use alloc::vec::Vec;

/// What a coroutine is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    /// It has not begun, or it waits in a yield.
    #[default]
    Suspended,
    /// It runs.
    Running,
    /// It runs another coroutine.
    Normal,
    /// It has ended.
    Dead,
}

/// A coroutine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coroutine {
    pub stack: Vec<Value>,
    pub frames: Vec<Frame>,
    /// Stack places that are to be closed, ascending.
    pub to_close: Vec<u32>,
    pub status: Status,
    /// Who resumed it, while it runs.
    pub resumer: Option<CoroutineId>,
    /// Frames of native calls inside it, which nothing can yield across.
    pub boundary_count: u32,
    /// Protected calls inside it.
    pub protected_count: u32,
    /// The error it died of.
    pub failure: Value,
    /// Beyond this place its stack holds nil.
    pub high: usize,
    /// Bytes it counts for.
    pub counted: u32,
}

impl Coroutine {
    /// Size for the memory limit, in bytes.
    pub const SIZE: usize = 1024;

    /// Its stack is no longer needed.
    pub fn end(&mut self) {
        self.status = Status::Dead;
        self.stack = Vec::new();
        self.frames = Vec::new();
        self.to_close = Vec::new();
        self.high = 0;
    }

    /// Every value the collector has to follow.
    pub fn values(&self) -> impl Iterator<Item = Value> + '_ {
        let closures = self
            .frames
            .iter()
            .filter(|frame| frame.is_program())
            .map(|frame| Value::Closure(frame.closure));
        let resumer = self.resumer.map(Value::Coroutine);
        let used = self.high.min(self.stack.len());
        self.stack[..used]
            .iter()
            .copied()
            .chain(closures)
            .chain(resumer)
            .chain([self.failure])
    }
}

impl Vm {
    pub(super) fn begin_resume(
        &mut self,
        slot: usize,
        count: usize,
        delivery: Delivery,
    ) -> Result<(), Fault> {
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
    pub(super) fn begin_resume_wrapped(
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

    /// Why a coroutine cannot be resumed, if so.
    pub(crate) fn refusal_to_resume(&self, id: CoroutineId) -> Option<&'static str> {
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
        let resumer = self.current;
        if let Some(resumer) = resumer {
            self.heap.coroutines.get_mut(resumer.0).status = Status::Normal;
        }
        self.swap(id);
        if resumer.is_some() {
            // Its place holds the stack of a coroutine that may have grown.
            self.heap.count_grown_coroutine(id);
        }
        let coroutine = self.heap.coroutines.get_mut(id.0);
        coroutine.status = Status::Running;
        coroutine.resumer = resumer;
        self.current = Some(id);
        self.heap.shade_again(Value::Coroutine(id));
        // A yield waits on top, or the body has not begun.
        let waiting = self.frames.last().copied();
        match waiting.filter(|frame| frame.kind == FrameKind::Yield) {
            Some(frame) => {
                self.frames.pop();
                let slot = frame.slot() as usize;
                self.take_kept(id, from, count, slot)?;
                self.deliver(slot, count, delivery_of(&frame));
                Ok(())
            }
            None => {
                self.take_kept(id, from, count, 1)?;
                let delivery = Delivery {
                    to: 0,
                    want: MULTIPLE,
                    after: After::Nothing,
                };
                self.begin_call(0, count, delivery)
            }
        }
    }

    /// Copies values of the stack that a coroutine's place keeps onto the running one.
    fn take_kept(
        &mut self,
        id: CoroutineId,
        from: usize,
        count: usize,
        to: usize,
    ) -> Result<(), Fault> {
        self.make_window(to + count)?;
        let kept = &self.heap.coroutines.get(id.0).stack[from..from + count];
        let places = &mut self.stack[to..to + count];
        for (place, value) in places.iter_mut().zip(kept) {
            copy(place, value);
        }
        Ok(())
    }

    /// Exchanges the running stack and frames with those kept in a coroutine's place.
    pub(super) fn swap(&mut self, id: CoroutineId) {
        let coroutine: &mut Coroutine = self.heap.coroutines.get_mut(id.0);
        core::mem::swap(&mut self.stack, &mut coroutine.stack);
        core::mem::swap(&mut self.frames, &mut coroutine.frames);
        core::mem::swap(&mut self.to_close, &mut coroutine.to_close);
        core::mem::swap(&mut self.high, &mut coroutine.high);
        core::mem::swap(&mut self.boundary_count, &mut coroutine.boundary_count);
        core::mem::swap(&mut self.protected_count, &mut coroutine.protected_count);
    }

    /// Goes back to whoever resumed the running coroutine, which has ended.
    pub(super) fn leave_dead(&mut self) {
        if let Some(id) = self.current {
            self.leave(id, Status::Dead);
            let coroutine = self.heap.coroutines.get_mut(id.0);
            if coroutine.to_close.is_empty() {
                coroutine.end();
            } else {
                self.heap.shade_again(Value::Coroutine(id));
            }
        }
    }

    /// Lets the resumer of the running coroutine run.
    fn leave(&mut self, id: CoroutineId, status: Status) {
        self.swap(id);
        self.heap.count_grown_coroutine(id);
        self.native_depth = self.native_depth.saturating_sub(1);
        let coroutine = self.heap.coroutines.get_mut(id.0);
        coroutine.status = status;
        self.current = coroutine.resumer.take();
        if let Some(resumer) = self.current {
            self.heap.coroutines.get_mut(resumer.0).status = Status::Running;
        }
    }

    pub(super) fn begin_yield(
        &mut self,
        slot: usize,
        count: usize,
        delivery: Delivery,
    ) -> Result<(), Fault> {
        let Some(id) = self.current else {
            return Err(self.raise_bare("attempt to yield from outside a coroutine"));
        };
        if self.boundary_count > 0 {
            return Err(self.raise_bare("attempt to yield across a C-call boundary"));
        }
        self.push_marker(FrameKind::Yield, slot, delivery);
        self.leave(id, Status::Suspended);
        let outcome = self.hand_over_kept(id, slot + 1, count);
        // What lies behind the marker is of no use to anybody, and a saved machine does not hold it.
        let coroutine = self.heap.coroutines.get_mut(id.0);
        let high = coroutine.high.min(coroutine.stack.len());
        if slot + 1 < high {
            coroutine.stack[slot + 1..high].fill(Value::Nil);
        }
        coroutine.high = slot + 1;
        self.heap.shade_again(Value::Coroutine(id));
        outcome
    }

    /// Gives values that a suspended coroutine's stack holds to the marker of its resumer.
    fn hand_over_kept(&mut self, id: CoroutineId, from: usize, count: usize) -> Result<(), Fault> {
        let Some(marker) = self.frames.pop() else {
            return Ok(());
        };
        let slot = marker.slot() as usize;
        let delivery = delivery_of(&marker);
        if marker.kind == FrameKind::Wrap {
            self.take_kept(id, from, count, slot)?;
            self.deliver(slot, count, delivery);
        } else {
            self.take_kept(id, from, count, slot + 1)?;
            self.stack[slot] = Value::Boolean(true);
            self.deliver(slot, count + 1, delivery);
        }
        Ok(())
    }

    /// Gives the values of a coroutine that has ended to the marker of its resumer.
    pub(super) fn hand_over(&mut self, is_ok: bool, values: &[Value]) -> Result<(), Fault> {
        let Some(marker) = self.frames.pop() else {
            return Ok(());
        };
        let slot = marker.slot() as usize;
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
