//! Reading: no byte is trusted. Counts fit what is left, indices name objects, frames lie in their stack, closures have the
//! upvalues their code wants, tables are as operations leave them.
//!
//! TWIN: fields — `write.rs`, `docs/formats/machine.md`. Tests: `tests/it/snapshot.rs`.

use super::super::coroutine::{Coroutine, Status};
use super::super::lower::{self, Constant};
use super::super::unwind::HANDLER_ROOM;
use super::super::{
    After, EVENT_NAMES, Frame, FrameKind, Program, STACK_SIZE_MAX, Vm, WINDOW, Words,
};
use super::{MAGIC, SNAPSHOT_VERSION, SnapshotError};
use crate::elc;
use crate::heap::collect::{Cycle, Phase};
use crate::heap::slab::Slab;
use crate::heap::{Closure, Heap, Interned};
use crate::library::{BOUND, HostState, native_count};
use crate::profile::Profile;
use crate::table::{Entry, Shape, Table};
use crate::value::{CellId, ClosureId, CoroutineId, NativeId, StringId, TableId, Value};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_numbers::{PCG32_SIZE, Pcg32, binary64};

type Read<T> = Result<T, SnapshotError>;

const fn wrong<T>(what: &'static str) -> Read<T> {
    Err(SnapshotError::Bytes(what))
}

fn check(holds: bool, what: &'static str) -> Read<()> {
    if holds { Ok(()) } else { wrong(what) }
}

/// Bytes that are still to be read.
struct Reader<'b> {
    rest: &'b [u8],
    profile: Profile,
    /// Bytes that stacks and indices may still take.
    room: usize,
}

pub(super) fn machine(bytes: &[u8], memory_bytes_max: usize) -> Read<Vm> {
    let mut reader = Reader {
        rest: bytes,
        profile: Profile::Fold,
        room: 0,
    };
    check(reader.take(4)? == MAGIC, "it begins with other bytes")?;
    match reader.byte()? {
        SNAPSHOT_VERSION => {}
        version => return Err(SnapshotError::Version(version)),
    }
    if reader.flag()? {
        reader.profile = Profile::Script;
    }
    let profile = reader.profile;
    let heap = reader.heap(memory_bytes_max)?;
    let program = reader.programs(&heap)?;
    let fuel = reader.long()?;
    let globals = TableId(reader.word()?);
    let string_metatable = reader.option()?.map(TableId);
    let main_coroutine = reader.option()?.map(CoroutineId);
    let (has_places, has_names) = (reader.flag()?, reader.flag()?);
    let stack_size_max = reader.word()? as usize;
    check(
        (WINDOW * 4..=STACK_SIZE_MAX).contains(&stack_size_max),
        "its limit of the stack is out of range",
    )?;
    let host = reader.host()?;
    check(reader.rest.is_empty(), "bytes follow its end")?;
    let mut events = [StringId(0); EVENT_NAMES.len()];
    for (index, name) in EVENT_NAMES.iter().enumerate() {
        match heap.pinned.get(index) {
            Some(Value::String(id))
                if heap.strings.is_used(id.0) && heap.bytes_of(*id) == name.as_bytes() =>
            {
                events[index] = *id;
            }
            _ => return wrong("the names of metamethods are missing"),
        }
    }
    let vm = Vm {
        fuel,
        globals,
        string_metatable,
        main_coroutine,
        has_places,
        has_names,
        stack_size_max,
        host,
        program: Arc::new(program),
        ..Vm::bare(profile, heap, Words { events })
    };
    Check { vm: &vm }.everything()?;
    Ok(vm)
}

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> Read<&'b [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return wrong("it ends early");
        };
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Read<u8> {
        Ok(self.take(1)?[0])
    }

    fn flag(&mut self) -> Read<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => wrong("a flag is neither 0 nor 1"),
        }
    }

    fn word(&mut self) -> Read<u32> {
        let mut word = [0; 4];
        word.copy_from_slice(self.take(4)?);
        Ok(u32::from_le_bytes(word))
    }

    fn long(&mut self) -> Read<u64> {
        let mut long = [0; 8];
        long.copy_from_slice(self.take(8)?);
        Ok(u64::from_le_bytes(long))
    }

    fn size(&mut self) -> Read<usize> {
        usize::try_from(self.long()?).or_else(|_| wrong("a size does not fit this machine"))
    }

    /// The count of a list whose items take at least `size` bytes.
    fn count(&mut self, size: usize) -> Read<usize> {
        let count = self.word()? as usize;
        check(count <= self.rest.len() / size, "a count exceeds the bytes")?;
        Ok(count)
    }

    fn bytes(&mut self) -> Read<&'b [u8]> {
        let count = self.count(1)?;
        self.take(count)
    }

    fn option(&mut self) -> Read<Option<u32>> {
        let index = self.word()?;
        Ok((index != u32::MAX).then_some(index))
    }

    /// Takes from the room that stacks and indices may use beyond the bytes that stand for them.
    fn claim(&mut self, bytes: usize) -> Read<()> {
        match self.room.checked_sub(bytes) {
            Some(rest) => {
                self.room = rest;
                Ok(())
            }
            None => wrong("it claims more memory than its limit"),
        }
    }

    fn value(&mut self) -> Read<Value> {
        Ok(match self.byte()? {
            0 => Value::Nil,
            1 => Value::Boolean(false),
            2 => Value::Boolean(true),
            3 => Value::Integer(self.long()?.cast_signed()),
            4 => Value::Float(f64::from_bits(self.long()?)),
            5 => Value::Fixed(self.long()?.cast_signed()),
            6 => Value::String(StringId(self.word()?)),
            7 => Value::Table(TableId(self.word()?)),
            8 => Value::Closure(ClosureId(self.word()?)),
            9 => match u16::try_from(self.word()?) {
                Ok(index) if index < native_count() => Value::Native(NativeId(index)),
                _ => return wrong("it names a function the library has not"),
            },
            10 => Value::Coroutine(CoroutineId(self.word()?)),
            11 => Value::Null,
            12 => Value::Cell(CellId(self.word()?)),
            _ => return wrong("a value has an unknown tag"),
        })
    }

    fn values(&mut self) -> Read<Vec<Value>> {
        let count = self.count(1)?;
        (0..count).map(|_| self.value()).collect()
    }

    fn slab<T: Default + Clone>(
        &mut self,
        mut item: impl FnMut(&mut Reader<'b>) -> Read<T>,
    ) -> Read<Slab<T>> {
        let size = self.word()?;
        let words = (size as usize).div_ceil(64);
        check(words <= self.rest.len() / 16, "a count exceeds the bytes")?;
        let used: Vec<u64> = (0..words).map(|_| self.long()).collect::<Read<_>>()?;
        let marked: Vec<u64> = (0..words).map(|_| self.long()).collect::<Read<_>>()?;
        let count: usize = used.iter().map(|word| word.count_ones() as usize).sum();
        check(count <= self.rest.len(), "a count exceeds the bytes")?;
        let items: Vec<T> = (0..count).map(|_| item(self)).collect::<Read<_>>()?;
        match Slab::from_parts(size, used, marked, items) {
            Some(slab) => Ok(slab),
            None => wrong("places of objects contradict each other"),
        }
    }

    fn heap(&mut self, memory_bytes_max: usize) -> Read<Heap> {
        let bytes_max = self.size()?;
        if bytes_max > memory_bytes_max {
            return Err(SnapshotError::Memory(bytes_max as u64));
        }
        self.room = bytes_max.saturating_add(16 << 20);
        let (bytes, threshold) = (self.size()?, self.size()?);
        let mut heap = Heap::new(bytes_max);
        let strings = self.slab(|reader| {
            let bytes = Arc::from(reader.bytes()?);
            Ok(Interned { bytes, hash: 0 })
        })?;
        check(heap.restore_strings(strings), "a string stands twice")?;
        heap.tables = self.slab(Reader::table)?;
        heap.closures = self.slab(|reader| {
            let prototype = reader.word()?;
            let upvalues = reader.values()?.into_boxed_slice();
            Ok(Closure {
                prototype,
                upvalues,
            })
        })?;
        heap.cells = self.slab(Reader::value)?;
        heap.coroutines = self.slab(Reader::coroutine)?;
        heap.pinned = self.values()?;
        let phase = match self.byte()? {
            0 => Phase::Idle,
            1 => Phase::Mark,
            2 => Phase::Sweep(self.byte()?, self.word()?),
            _ => return wrong("the collector is in an unknown phase"),
        };
        check(
            !matches!(phase, Phase::Sweep(kind, _) if kind > 4),
            "the collector frees an unknown kind",
        )?;
        heap.cycle = Cycle {
            phase,
            pending: self.values()?,
            pinned_next: self.word()?,
            units: self.long()?,
        };
        (heap.bytes, heap.threshold) = (bytes, threshold);
        Ok(heap)
    }

    fn table(&mut self) -> Read<Table> {
        let shape = match self.byte()? {
            0 => Shape::Plain,
            1 => Shape::List,
            2 => Shape::Map,
            _ => return wrong("a table has an unknown shape"),
        };
        let metatable = self.option()?.map(TableId);
        let (counted, additions, length_before) = (self.word()?, self.word()?, self.word()?);
        let array = self.values()?;
        let index_size = self.word()? as usize;
        self.claim(index_size.saturating_mul(4))?;
        let count = self.count(2)?;
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            let (key, value) = (self.value()?, self.value()?);
            entries.push(Entry { key, value });
        }
        let Some(mut table) = Table::from_parts(array, entries, index_size) else {
            return wrong("a table is not as operations leave it");
        };
        table.shape = shape;
        table.metatable = metatable;
        table.counted = counted;
        table.additions = additions;
        table.length_before = length_before;
        Ok(table)
    }

    fn coroutine(&mut self) -> Read<Coroutine> {
        let status = match self.byte()? {
            0 => Status::Suspended,
            1 => Status::Dead,
            2 => Status::Running,
            _ => return wrong("a coroutine has an unknown status"),
        };
        let counted = self.word()?;
        let failure = self.value()?;
        let size = self.word()? as usize;
        check(size <= STACK_SIZE_MAX + HANDLER_ROOM, "a stack is too long")?;
        self.claim(size * 16)?;
        let mut stack = self.values()?;
        let high = stack.len();
        check(high <= size, "a stack is shorter than its values")?;
        stack.resize(size, Value::Nil);
        let count = self.count(4)?;
        let to_close: Vec<u32> = (0..count).map(|_| self.word()).collect::<Read<_>>()?;
        let count = self.count(32)?;
        let frames: Vec<Frame> = (0..count).map(|_| self.frame()).collect::<Read<_>>()?;
        let is_protected = |frame: &&Frame| {
            matches!(
                frame.kind,
                FrameKind::Protected | FrameKind::ProtectedWithHandler
            )
        };
        let protected_count = frames.iter().filter(is_protected).count() as u32;
        Ok(Coroutine {
            stack,
            frames,
            to_close,
            status,
            resumer: None,
            boundary_count: 0,
            protected_count,
            failure,
            high,
            counted,
        })
    }

    fn frame(&mut self) -> Read<Frame> {
        let kind = match self.byte()? {
            0 => FrameKind::Program,
            1 => FrameKind::Protected,
            2 => FrameKind::ProtectedWithHandler,
            3 => FrameKind::Bottom,
            4 => FrameKind::Yield,
            5 => FrameKind::Closing,
            6 => FrameKind::ClosingWithError,
            7 => FrameKind::Pairs,
            _ => return wrong("a frame has an unknown kind"),
        };
        let closure = ClosureId(self.word()?);
        let (prototype, pc, base) = (self.word()?, self.word()?, self.word()?);
        let (slot, rest_count, return_to) = (self.word()?, self.word()?, self.word()?);
        let (want, joined) = (self.byte()?, self.byte()?);
        let after = match self.byte()? {
            0 => After::Nothing,
            tag @ (1 | 2) => After::Test {
                flag: tag == 2,
                target: self.word()?,
            },
            3 => After::Concat {
                register: self.byte()?,
                count: self.byte()?,
            },
            _ => return wrong("a frame waits for an unknown thing"),
        };
        // What was called lies just below its arguments.
        let below = match kind {
            FrameKind::Program => rest_count.checked_add(1),
            _ => Some(0),
        };
        check(
            below.and_then(|below| base.checked_sub(below)) == Some(slot),
            "a frame does not lie in its stack",
        )?;
        Ok(Frame {
            closure,
            prototype,
            base,
            return_to,
            pc,
            rest_count,
            after,
            kind,
            joined,
            want,
        })
    }

    /// Loads the programs again. Their constants are the pinned values, in the order of loading.
    fn programs(&mut self, heap: &Heap) -> Read<Program> {
        let mut program = Program::default();
        let mut pinned = heap.pinned.iter().skip(EVENT_NAMES.len());
        for _ in 0..self.count(5)? {
            if self.flag()? {
                let number = self.word()?;
                let mut known = BOUND.into_iter();
                let Some(native) = known.find(|native| u32::from(native.0) == number) else {
                    return wrong("it binds a function that the library does not bind");
                };
                program.add_bound(native);
                continue;
            }
            let Ok(name) = core::str::from_utf8(self.bytes()?) else {
                return wrong("the name of a program is not text");
            };
            let Ok(module) = elc::decode(self.bytes()?) else {
                return wrong("a program is not valid");
            };
            check(
                module.profile == self.profile,
                "a program has another profile",
            )?;
            let Ok(lowered) = lower::lower(&module) else {
                return wrong("a program cannot be loaded");
            };
            let start = program.prototypes.len() as u32;
            let source: Arc<str> = Arc::from(name);
            for function in lowered {
                let mut constants = Vec::with_capacity(function.constants.len());
                for constant in &function.constants {
                    match pinned.next() {
                        Some(value) if is_constant(heap, constant, *value) => {
                            constants.push(*value)
                        }
                        _ => return wrong("the constants of a program are others"),
                    }
                }
                match Vm::prototype_of(function, constants, start, &source) {
                    Some(prototype) => program.prototypes.push(prototype),
                    None => return wrong("a program cannot be loaded"),
                }
            }
            program.modules.push((start, Arc::new(module)));
        }
        check(
            pinned.next().is_none(),
            "more values are pinned than programs name",
        )?;
        Ok(program)
    }

    fn host(&mut self) -> Read<HostState> {
        let output = self.bytes()?.to_vec();
        let serial_next = self.long()?;
        let mut serials = BTreeMap::new();
        for _ in 0..self.count(17)? {
            let key = (self.byte()?, self.long()?);
            serials.insert(key, self.long()?);
        }
        let mut files = BTreeMap::new();
        for _ in 0..self.count(8)? {
            let Ok(path) = String::from_utf8(self.bytes()?.to_vec()) else {
                return wrong("a path is not text");
            };
            files.insert(path, self.bytes()?.to_vec());
        }
        let draws = if self.flag()? {
            let mut bytes = [0; PCG32_SIZE];
            bytes.copy_from_slice(self.take(PCG32_SIZE)?);
            match Pcg32::from_bytes(&bytes) {
                Some(draws) => Some(draws),
                None => return wrong("a stream of draws is not valid"),
            }
        } else {
            None
        };
        let random = [self.long()?, self.long()?, self.long()?, self.long()?];
        Ok(HostState {
            output,
            // A sink is the host's own; it gives one again.
            sink: None,
            serials,
            serial_next,
            files,
            draws,
            random: crate::library::xoshiro_of(random),
            scratch: Vec::new(),
        })
    }
}

/// Whether a pinned value is the constant that a program wants. Members of the library may be any value: the library was as
/// it was when the program was loaded.
fn is_constant(heap: &Heap, constant: &Constant, value: Value) -> bool {
    match (constant, value) {
        (Constant::Nil, Value::Nil) | (Constant::Intrinsic(_), _) => true,
        (Constant::Boolean(left), Value::Boolean(right)) => *left == right,
        (Constant::Integer(left), Value::Integer(right))
        | (Constant::Fixed(left), Value::Fixed(right)) => *left == right,
        (Constant::Float(bits), Value::Float(float)) => *bits == binary64::canonical_bits(float),
        (Constant::Text(text), Value::String(id)) => {
            heap.strings.is_used(id.0) && heap.bytes_of(id) == &**text
        }
        _ => false,
    }
}

/// What references and frames have to keep to.
struct Check<'v> {
    vm: &'v Vm,
}

impl Check<'_> {
    fn everything(&self) -> Read<()> {
        let (vm, heap) = (self.vm, &self.vm.heap);
        check(heap.tables.is_used(vm.globals.0), "the globals are missing")?;
        if let Some(id) = vm.string_metatable {
            self.value(Value::Table(id), false)?;
        }
        for (_, table) in heap.tables.iter() {
            if let Some(id) = table.metatable {
                self.value(Value::Table(id), false)?;
            }
            for value in &table.array {
                self.value(*value, false)?;
            }
            for entry in &table.entries {
                self.value(entry.key, false)?;
                self.value(entry.value, false)?;
            }
        }
        for (_, closure) in heap.closures.iter() {
            let prototype = vm.program.prototypes.get(closure.prototype as usize);
            let wanted = prototype.map(|prototype| prototype.code.upvalue_count());
            check(
                wanted == Some(closure.upvalues.len()),
                "a closure has other upvalues than its code",
            )?;
            for value in &closure.upvalues {
                self.value(*value, true)?;
            }
        }
        for (_, value) in heap.cells.iter() {
            self.value(*value, false)?;
        }
        for value in heap.pinned.iter().chain(&heap.cycle.pending) {
            self.value(*value, true)?;
        }
        check(
            heap.cycle.pinned_next as usize <= heap.pinned.len(),
            "the collector has looked at more than is pinned",
        )?;
        self.coroutines()
    }

    /// A value is of the profile and names an object.
    fn value(&self, value: Value, may_be_cell: bool) -> Read<()> {
        let heap = &self.vm.heap;
        let is_script = self.vm.profile == Profile::Script;
        let holds = match value {
            Value::Nil | Value::Boolean(_) | Value::Integer(_) => true,
            Value::Float(_) => is_script,
            Value::Fixed(steps) => !is_script && steps & 0xFFFF_FFFF != 0,
            Value::Null => !is_script,
            Value::String(id) => heap.strings.is_used(id.0),
            Value::Table(id) => heap.tables.is_used(id.0),
            Value::Closure(id) => heap.closures.is_used(id.0),
            Value::Native(_) => true,
            Value::Coroutine(id) => is_script && heap.coroutines.is_used(id.0),
            Value::Cell(id) => may_be_cell && heap.cells.is_used(id.0),
        };
        check(holds, "a value names no object, or has no place there")
    }

    fn coroutines(&self) -> Read<()> {
        let main = self.vm.main_coroutine;
        if let Some(id) = main {
            check(
                self.vm.heap.coroutines.is_used(id.0),
                "the main coroutine is missing",
            )?;
        }
        for (index, coroutine) in self.vm.heap.coroutines.iter() {
            self.value(coroutine.failure, false)?;
            let is_main = main == Some(CoroutineId(index));
            check(
                is_main == (coroutine.status == Status::Running),
                "a coroutine runs that cannot run",
            )?;
            if coroutine.status == Status::Suspended {
                self.suspended(coroutine)?;
            } else if coroutine.status == Status::Dead && !coroutine.to_close.is_empty() {
                // It died of an error; what it marked waits for `coroutine.close`.
                check(coroutine.frames.is_empty(), "a dead coroutine has frames")?;
                self.stack(coroutine)?;
            } else {
                let is_empty = coroutine.stack.is_empty()
                    && coroutine.frames.is_empty()
                    && coroutine.to_close.is_empty();
                check(is_empty, "a coroutine without work has a stack")?;
            }
        }
        Ok(())
    }

    fn stack(&self, coroutine: &Coroutine) -> Read<()> {
        for value in &coroutine.stack {
            self.value(*value, true)?;
        }
        let is_rising = coroutine.to_close.is_sorted_by(|left, right| left < right);
        let high = coroutine.high as u32;
        let lies_inside = coroutine.to_close.last().is_none_or(|place| *place < high);
        check(is_rising && lies_inside, "places to close are not in order")
    }

    fn suspended(&self, coroutine: &Coroutine) -> Read<()> {
        self.stack(coroutine)?;
        let high = coroutine.high as u32;
        let Some((bottom, rest)) = coroutine.frames.split_first() else {
            return wrong("a suspended coroutine has no frames");
        };
        check(
            bottom.kind == FrameKind::Bottom && bottom.slot() == 0,
            "a coroutine has no bottom",
        )?;
        if let Some((top, middle)) = rest.split_last() {
            check(
                top.kind == FrameKind::Yield,
                "a suspended coroutine does not wait",
            )?;
            let may_wait =
                |frame: &Frame| !matches!(frame.kind, FrameKind::Bottom | FrameKind::Yield);
            check(middle.iter().all(may_wait), "frames are out of order")?;
        }
        let mut below = 0;
        for frame in &coroutine.frames {
            check(
                frame.slot() >= below && frame.slot() < high.max(1),
                "frames do not lie in order",
            )?;
            below = frame.slot();
            self.frame(frame, coroutine.stack.len())?;
        }
        Ok(())
    }

    /// A frame and a window behind it lie in the stack; results go below it.
    fn frame(&self, frame: &Frame, stack_size: usize) -> Read<()> {
        let base = frame.base as usize;
        let fits = base + WINDOW <= stack_size
            && frame.rest_count <= frame.base
            && frame.return_to <= frame.slot()
            && match frame.after {
                After::Concat { register, count } => {
                    count > 0 && usize::from(register) + usize::from(count) <= WINDOW
                }
                After::Nothing | After::Test { .. } => true,
            };
        check(fits, "a frame does not lie in its stack")?;
        if frame.kind != FrameKind::Program {
            return Ok(());
        }
        let prototype = self.vm.program.prototypes.get(frame.prototype as usize);
        let is_its_own = self.vm.heap.closures.is_used(frame.closure.0)
            && self.vm.heap.closure(frame.closure).prototype == frame.prototype
            && prototype
                .is_some_and(|prototype| (1..prototype.code.size()).contains(&(frame.pc as usize)));
        check(is_its_own, "a frame runs other code than its closure")
    }
}
