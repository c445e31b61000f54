//! Errors: named, seen by message handlers, and on their way to the marker that catches them.
//!
//! Tests: `tests/it/language.rs`, `testdata/script/errors.lua`.

use super::call::delivery_of;
use super::meaning::Wrong;
use super::op::Op;
use super::{Fault, Frame, FrameKind, Vm, WINDOW};
use crate::library::native_name;
use crate::value::Value;
use alloc::string::String;

/// How often a message handler is called with its own error before it is given up.
pub(crate) const HANDLER_CALL_COUNT_MAX: u32 = 200;
/// Values that a message handler may have on a stack beyond the limit.
pub(super) const HANDLER_ROOM: usize = WINDOW * 4;
/// What an error comes to whose handler was given up.
pub(crate) const HANDLER_GIVEN_UP: &str = "error in error handling";

impl Vm {
    /// How the running instruction names what it calls: the kind of the name, and the name.
    pub(crate) fn name_of_call(&self) -> Option<(&'static str, String)> {
        let frame = self.frames.last()?;
        if !frame.is_program() || !self.has_names {
            return None;
        }
        let prototype = self.program.prototypes.get(frame.prototype as usize)?;
        let pc = frame.pc.saturating_sub(1);
        let op = prototype.code.cursor(pc as usize).next();
        if !matches!(op, Op::Call { .. } | Op::TailCall { .. }) {
            return None;
        }
        let mut hints = prototype.notes.hints.iter();
        let hint = hints.find(|hint| hint.pc == pc && hint.operand == 0)?;
        Some((hint.kind, String::from(&*hint.name)))
    }

    /// The full name of a function of the library that another one calls, such as `pcall` or `table.sort`.
    pub(crate) fn full_name_of_call(&self) -> Option<&'static str> {
        let frame = self.frames.last().filter(|_| self.has_names)?;
        let place = match frame.kind {
            FrameKind::Boundary => frame.slot(),
            FrameKind::Protected => frame.slot() + 1,
            FrameKind::ProtectedWithHandler => frame.slot() + 2,
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
                let prototype = &self.program.prototypes[frame.prototype as usize];
                let notes = alloc::sync::Arc::clone(&prototype.notes);
                (notes, frame.pc.saturating_sub(1))
            });
        self.raise_wrong(wrong, |operand| {
            let Some((notes, pc)) = &found else {
                return String::new();
            };
            let mut hints = notes.hints.iter();
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
    pub(super) fn unwind_to_marker(&mut self, mut value: Value) -> Result<(), Fault> {
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
                    let value = self.close_from(frame.slot() as usize, Some(value))?;
                    self.frames.pop();
                    return Err(Fault::Raised(value.unwrap_or_default()));
                }
                FrameKind::Protected | FrameKind::ProtectedWithHandler => {
                    let slot = frame.slot() as usize;
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
        self.leave_dead();
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
    pub(super) fn seen_by_handler(&mut self, value: Value) -> Result<Value, Fault> {
        match self.nearest_handler() {
            Some(handler) => self.call_handler(handler, value),
            None => Ok(value),
        }
    }

    /// Whether nothing on the running stack catches errors.
    pub(super) fn is_uncaught(&self) -> bool {
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
        (marker.kind == FrameKind::ProtectedWithHandler).then(|| self.stack[marker.slot() as usize])
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
                None if self.current.is_some() => self.leave_dead(),
                None => return Err(fault),
                Some(FrameKind::Boundary) => {
                    self.frames.pop();
                    return Err(fault);
                }
                Some(FrameKind::Bottom) => {
                    self.frames.clear();
                    self.leave_dead();
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
}
