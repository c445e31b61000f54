//! The host table: `io.write` and where output goes, for hosts that run programs for people.
//!
//! Worlds and folds have none of this. There is no reading, no other file, and no clock.
//!
//! Tests: `tests/it/host.rs`.

use super::{Arguments, IO_WRITE, OUTPUT_WRITE};
use crate::machine::{Fault, Vm};
use crate::value::Value;
use alloc::format;

/// Takes what a program wrote; false where nobody wants more, which ends the program like the end of its fuel.
pub type Sink = fn(&[u8]) -> bool;

/// Output that is kept together before it is handed on, in bytes.
const PIECE_SIZE: usize = 1 << 13;

impl Vm {
    /// Gives a script the host's functions: `io.write`, `io.stdout:write`. What it writes goes to the sink, in pieces that end
    /// where [`Vm::take_output`] takes the last.
    pub fn open_host(&mut self, sink: Sink) {
        self.host.sink = Some(sink);
        let stdout = self.heap.new_table();
        self.heap
            .set_text(stdout, "write", Value::Native(OUTPUT_WRITE));
        let io = self.heap.new_table();
        self.heap.set_text(io, "write", Value::Native(IO_WRITE));
        self.heap.set_text(io, "stdout", Value::Table(stdout));
        let globals = self.globals;
        self.heap.set_text(globals, "io", Value::Table(io));
    }

    /// Hands on what was written, if it is enough to be worth it.
    pub(super) fn hand_output_on(&mut self) -> Result<(), Fault> {
        let Some(sink) = self.host.sink else {
            return Ok(());
        };
        if self.host.output.len() < PIECE_SIZE {
            return Ok(());
        }
        let is_wanted = sink(&self.host.output);
        self.host.output.clear();
        if !is_wanted {
            self.fuel = 0;
            return Err(Fault::FuelExhausted);
        }
        Ok(())
    }

    /// Adds to what was written. Until somebody takes it, it lies in memory like a string of the program.
    pub(super) fn push_output(&mut self, text: &[u8]) -> Result<(), Fault> {
        if self.host.output.len() + text.len() > self.heap.bytes_max {
            return Err(Fault::MemoryExhausted);
        }
        self.host.output.extend_from_slice(text);
        Ok(())
    }

    fn write_output(&mut self, arguments: Arguments, from: usize) -> Result<(), Fault> {
        for index in from..arguments.count {
            let value = self.argument(arguments, index);
            if !matches!(value, Value::String(_)) && value.as_numeral().is_none() {
                let text = format!("string expected, got {}", self.type_of(value));
                return Err(self.bad_argument(index - from, "write", &text));
            }
            let text = self.plain_text(value);
            self.pay(text.len() as u64 / 16)?;
            self.push_output(&text)?;
            self.hand_output_on()?;
        }
        Ok(())
    }
}

/// `io.write(…)`: gives `io.stdout`.
pub(super) fn io_write(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    vm.write_output(arguments, 0)?;
    let stdout = vm.library_value("io.stdout");
    Ok(vm.give(arguments, stdout))
}

/// `io.stdout:write(…)`: gives `io.stdout`.
pub(super) fn output_write(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    vm.write_output(arguments, 1)?;
    let stdout = vm.argument(arguments, 0);
    Ok(vm.give(arguments, stdout))
}
