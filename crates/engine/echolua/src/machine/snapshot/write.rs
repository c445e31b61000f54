//! Writing: every list with its count, every object in the order of its place.
//!
//! TWIN: fields — `read.rs`, `docs/formats/machine.md`. Tests: `tests/it/snapshot.rs`.

use super::super::coroutine::{Coroutine, Status};
use super::super::{After, Frame, FrameKind, Vm};
use super::{MAGIC, SNAPSHOT_VERSION, SnapshotError};
use crate::elc;
use crate::heap::Heap;
use crate::heap::collect::Phase;
use crate::heap::slab::Slab;
use crate::profile::Profile;
use crate::table::{Shape, Table};
use crate::value::Value;
use alloc::vec::Vec;
use gatos_numbers::binary64;

/// Bytes that grow.
struct Writer(Vec<u8>);

pub(super) fn machine(vm: &Vm) -> Result<Vec<u8>, SnapshotError> {
    if !vm.frames.is_empty() || vm.native_depth != 0 || vm.current.is_some() || !vm.held.is_empty()
    {
        return Err(SnapshotError::Running);
    }
    let mut writer = Writer(Vec::new());
    writer.0.extend_from_slice(MAGIC);
    writer.byte(SNAPSHOT_VERSION);
    writer.byte(u8::from(vm.profile == Profile::Script));
    writer.heap(&vm.heap);
    writer.programs(vm);
    writer.long(vm.fuel);
    writer.word(vm.globals.0);
    writer.option(vm.string_metatable.map(|id| id.0));
    writer.option(vm.main_coroutine.map(|id| id.0));
    writer.byte(u8::from(vm.has_places));
    writer.byte(u8::from(vm.has_names));
    writer.word(vm.stack_size_max as u32);
    writer.host(vm);
    Ok(writer.0)
}

impl Writer {
    fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    fn word(&mut self, word: u32) {
        self.0.extend_from_slice(&word.to_le_bytes());
    }

    fn long(&mut self, long: u64) {
        self.0.extend_from_slice(&long.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u32);
        self.0.extend_from_slice(bytes);
    }

    /// An index, or `ffffffff` for none.
    fn option(&mut self, index: Option<u32>) {
        self.word(index.unwrap_or(u32::MAX));
    }

    fn value(&mut self, value: Value) {
        match value {
            Value::Nil => self.byte(0),
            Value::Boolean(value) => self.byte(1 + u8::from(value)),
            Value::Integer(integer) => {
                self.byte(3);
                self.long(integer.cast_unsigned());
            }
            Value::Float(float) => {
                self.byte(4);
                self.long(binary64::canonical_bits(float));
            }
            Value::Fixed(steps) => {
                self.byte(5);
                self.long(steps.cast_unsigned());
            }
            Value::String(id) => self.object(6, id.0),
            Value::Table(id) => self.object(7, id.0),
            Value::Closure(id) => self.object(8, id.0),
            Value::Native(id) => self.object(9, u32::from(id.0)),
            Value::Coroutine(id) => self.object(10, id.0),
            Value::Null => self.byte(11),
            Value::Cell(id) => self.object(12, id.0),
        }
    }

    fn object(&mut self, tag: u8, index: u32) {
        self.byte(tag);
        self.word(index);
    }

    fn values(&mut self, values: &[Value]) {
        self.word(values.len() as u32);
        for value in values {
            self.value(*value);
        }
    }

    fn slab<T: Default + Clone>(&mut self, slab: &Slab<T>, mut item: impl FnMut(&mut Writer, &T)) {
        let (used, marked) = slab.bits();
        self.word(slab.size());
        for word in used.iter().chain(marked) {
            self.long(*word);
        }
        for (_, object) in slab.iter() {
            item(self, object);
        }
    }

    fn heap(&mut self, heap: &Heap) {
        self.long(heap.bytes_max as u64);
        self.long(heap.bytes as u64);
        self.long(heap.threshold as u64);
        self.slab(&heap.strings, |writer, string| writer.bytes(&string.bytes));
        self.slab(&heap.tables, Writer::table);
        self.slab(&heap.closures, |writer, closure| {
            writer.word(closure.prototype);
            writer.values(&closure.upvalues);
        });
        self.slab(&heap.cells, |writer, value| writer.value(*value));
        self.slab(&heap.coroutines, Writer::coroutine);
        self.values(&heap.pinned);
        match heap.cycle.phase {
            Phase::Idle => self.byte(0),
            Phase::Mark => self.byte(1),
            Phase::Sweep(kind, word) => {
                self.byte(2);
                self.byte(kind);
                self.word(word);
            }
        }
        self.values(&heap.cycle.pending);
        self.word(heap.cycle.pinned_next);
        self.long(heap.cycle.units);
    }

    fn table(&mut self, table: &Table) {
        self.byte(match table.shape {
            Shape::Plain => 0,
            Shape::List => 1,
            Shape::Map => 2,
        });
        self.option(table.metatable.map(|id| id.0));
        self.word(table.counted);
        self.word(table.additions);
        self.word(table.length_before);
        self.values(&table.array);
        self.word(table.index_size() as u32);
        self.word(table.entries.len() as u32);
        for entry in &table.entries {
            self.value(entry.key);
            self.value(entry.value);
        }
    }

    fn coroutine(&mut self, coroutine: &Coroutine) {
        self.byte(match coroutine.status {
            Status::Suspended => 0,
            Status::Dead => 1,
            // Nothing runs: only the object that stands for the main program says so.
            Status::Running | Status::Normal => 2,
        });
        self.word(coroutine.counted);
        self.value(coroutine.failure);
        self.word(coroutine.stack.len() as u32);
        let used = coroutine.high.min(coroutine.stack.len());
        self.values(&coroutine.stack[..used]);
        self.word(coroutine.to_close.len() as u32);
        for place in &coroutine.to_close {
            self.word(*place);
        }
        self.word(coroutine.frames.len() as u32);
        for frame in &coroutine.frames {
            self.frame(frame);
        }
    }

    fn frame(&mut self, frame: &Frame) {
        self.byte(match frame.kind {
            FrameKind::Program => 0,
            FrameKind::Protected => 1,
            FrameKind::ProtectedWithHandler => 2,
            FrameKind::Bottom => 3,
            FrameKind::Yield => 4,
            FrameKind::Closing => 5,
            FrameKind::ClosingWithError => 6,
            FrameKind::Pairs => 7,
            // Never in a coroutine that waits.
            FrameKind::Boundary | FrameKind::Resume | FrameKind::Wrap => 8,
        });
        for word in [
            frame.closure.0,
            frame.prototype,
            frame.pc,
            frame.base,
            frame.slot(),
            frame.rest_count,
            frame.return_to,
        ] {
            self.word(word);
        }
        self.byte(frame.want);
        self.byte(frame.joined);
        match frame.after {
            After::Nothing => self.byte(0),
            After::Test { flag, target } => {
                self.byte(1 + u8::from(flag));
                self.word(target);
            }
            After::Concat { register, count } => {
                self.byte(3);
                self.byte(register);
                self.byte(count);
            }
        }
    }

    /// Programs in the order in which they were loaded, and the library functions that closures are bound to.
    fn programs(&mut self, vm: &Vm) {
        let prototypes = &vm.program.prototypes;
        let bound = prototypes
            .iter()
            .filter(|prototype| prototype.bound.is_some());
        self.word((vm.program.modules.len() + bound.count()) as u32);
        let mut modules = vm.program.modules.iter().peekable();
        for (index, prototype) in prototypes.iter().enumerate() {
            if let Some(native) = prototype.bound {
                self.byte(1);
                self.word(u32::from(native.0));
            } else if let Some((_, module)) = modules.next_if(|(start, _)| *start as usize == index)
            {
                self.byte(0);
                self.bytes(prototype.notes.source.as_bytes());
                self.bytes(&elc::encode(module));
            }
        }
    }

    fn host(&mut self, vm: &Vm) {
        let host = &vm.host;
        self.bytes(&host.output);
        self.long(host.serial_next);
        self.word(host.serials.len() as u32);
        for ((tag, payload), serial) in &host.serials {
            self.byte(*tag);
            self.long(*payload);
            self.long(*serial);
        }
        self.word(host.files.len() as u32);
        for (path, bytes) in &host.files {
            self.bytes(path.as_bytes());
            self.bytes(bytes);
        }
        match &host.draws {
            None => self.byte(0),
            Some(draws) => {
                self.byte(1);
                self.0.extend_from_slice(&draws.to_bytes());
            }
        }
        for word in host.random.state() {
            self.long(word);
        }
    }
}
