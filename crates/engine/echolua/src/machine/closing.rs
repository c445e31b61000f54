//! Variables that are closed: at the end of a block, by an error on its way, with a coroutine.
//!
//! At the end of a block and on the way to a `pcall` a `__close` is called by frames like any function, so it may yield.
//! Where a native function or the end of a coroutine stands in the way, as in Lua, it may not.
//!
//! Tests: `tests/it/language.rs`, `testdata/script/close.lua`, `testdata/script/coroutines.lua`.

use super::call::Delivery;
use super::coroutine::Status;
use super::{After, Fault, FrameKind, Vm, event};
use crate::value::{CoroutineId, Value};
use alloc::string::String;

impl Vm {
    /// The highest stack place at or above `level` that is to be closed.
    pub(super) fn next_to_close(&self, level: usize) -> Option<usize> {
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
    pub(super) fn begin_close_with_error(
        &mut self,
        place: usize,
        error: Value,
    ) -> Result<(), Fault> {
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
                    .notes
                    .hints
                    .iter()
                    .find(|hint| hint.pc == pc)
                    .map(|hint| String::from(&*hint.name))
            });
        found.unwrap_or_else(|| String::from("?"))
    }

    /// Ends a coroutine that does not run: closes what it marked; gives the error it ended with.
    pub(crate) fn close_coroutine(&mut self, id: CoroutineId) -> Result<Option<Value>, Fault> {
        #[cfg(test)]
        if self.is_twin() {
            return crate::twin::coroutine::close(self, id);
        }
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
}
