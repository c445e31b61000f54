//! The loop that runs register code.
//!
//! Fast paths are written out here; whatever does not fit one is left to `slow`, after which the loop looks at the
//! topmost frame again. A dispatch loop is long because splitting it costs the speed it is for. What it keeps in locals
//! (registers, upvalues, place in the code) is taken anew after everything that may move it.
//!
//! INVARIANT: an operation's fast path and its slow path mean the same.
//! TWIN: opcodes — `op.rs`, `lower`. Tests: `tests/it/language.rs`, `src/twin/tests.rs`, `testdata/script/guesses.lua`.

mod slow;

use super::call::Delivery;
use super::op::{Guess, LIST_UNIT, MULTIPLE, Op};
use super::unchecked::{Cursor, Upvalues, copy};
use super::{After, Fault, Frame, FrameKind, Program, Vm, WINDOW, event};
use crate::arithmetic::{self, Operator};
use crate::heap::{Closure, Heap};
use crate::library::{self, Native, PlainFunction, native};
use crate::profile::Profile;
use crate::table::{Entry, Table};
use crate::value::{StringId, TableId, Value};
use alloc::boxed::Box;
use alloc::sync::Arc;
use gatos_numbers::binary64;

/// Registers of a frame: a byte always names one.
type Window = [Value; WINDOW];

#[inline(always)]
fn window(stack: &mut [Value], base: usize) -> &mut Window {
    let registers = &mut stack[base..base + WINDOW];
    registers
        .try_into()
        .expect("the slice has the size of a window")
}

/// The window once more, after something that may have moved the stack. A call, so that the loop keeps no end of the window at
/// hand for it.
#[inline(never)]
fn window_again(stack: &mut [Value], base: usize) -> &mut Window {
    window(stack, base)
}

/// The window of a function that is about to be called, if the stack reaches a window beyond its registers.
#[inline(always)]
fn fresh_window(stack: &mut [Value], base: usize, register_count: usize) -> Option<&mut Window> {
    let rest = stack.get_mut(base..)?;
    if rest.len() < register_count + WINDOW {
        return None;
    }
    rest.first_chunk_mut()
}

/// Moves values to the beginning of a list, from `distance` behind it on: few, so that a loop is faster than a call.
#[inline(always)]
fn move_down(values: &mut [Value], distance: usize) {
    for place in distance..values.len() {
        let mut value = Value::Nil;
        copy(&mut value, &values[place]);
        copy(&mut values[place - distance], &value);
    }
}

/// The closure that runs. The loop keeps no name of it at hand, since it has few registers.
#[inline(never)]
fn running_closure<'h>(frames: &[Frame], heap: &'h Heap) -> &'h Closure {
    let frame = frames.last().expect("an instruction runs in a frame");
    heap.closure(frame.closure)
}

/// The register behind `a`.
#[inline(always)]
const fn after(a: u8, count: u8) -> usize {
    a.wrapping_add(count) as usize
}

/// What a numeric loop keeps from R[a] on: where it stands, how many rounds are left, its step, and its variable.
#[inline(always)]
fn state_of_loop(registers: &mut Window, a: u8) -> Option<&mut [Value; 4]> {
    registers[a as usize..].first_chunk_mut()
}

/// Whether an entry has this string as its key.
#[inline(always)]
fn is_of(entry: &Entry, name: StringId) -> bool {
    matches!(entry.key, Value::String(key) if key == name)
}

/// The value of a string key that is there and not nil, if it lies where it lay last time.
#[inline(always)]
fn guessed<'t>(table: &'t Table, name: StringId, guess: &Guess) -> Option<&'t Value> {
    let entry = table.entries.get(guess.get())?;
    if is_of(entry, name) && !entry.value.is_nil() {
        Some(&entry.value)
    } else {
        None
    }
}

/// The value of a string key that is there and not nil, wherever it lies.
#[inline]
fn search<'t>(table: &'t Table, name: StringId, guess: &Guess) -> Option<&'t Value> {
    if !table.may_have(name) {
        return None;
    }
    let position = table.position_of_string(name)?;
    guess.set(position);
    let entry = table.entries.get(position)?;
    if entry.value.is_nil() {
        None
    } else {
        Some(&entry.value)
    }
}

/// Tables that `__index` leads through before the slow path is asked.
const CLASS_COUNT_MAX: u32 = 8;

/// What the tables that `__index` leads through say of a name.
enum Inherited<'h> {
    Value(&'h Value),
    /// None of them has it.
    Nothing,
    /// It is not among the first few, or `__index` is no table.
    Unknown,
}

impl Heap {
    /// The table that `__index` of a metatable leads to, if it is the metatable's first key, as it mostly is.
    #[inline(always)]
    fn first_class(&self, metatable: TableId, index: StringId) -> Option<&Table> {
        let entry = self.table(metatable).entries.first()?;
        match entry.value {
            Value::Table(class) if is_of(entry, index) => Some(self.table(class)),
            _ => None,
        }
    }

    /// What a table, which has not the name where it was guessed, and the tables that `__index` leads through say of it.
    #[inline(never)]
    fn field<'h>(
        &'h self,
        table: &'h Table,
        index: StringId,
        name: StringId,
        guess: &Guess,
    ) -> Inherited<'h> {
        // A key that lies where it was guessed and was passed over has no value.
        let is_empty = table
            .entries
            .get(guess.get())
            .is_some_and(|entry| is_of(entry, name));
        if !is_empty && let Some(value) = search(table, name, guess) {
            return Inherited::Value(value);
        }
        match table.metatable {
            Some(metatable) => self.inherited(metatable, index, name, guess),
            None => Inherited::Nothing,
        }
    }

    /// What the tables that `__index` of a metatable leads through say of a name.
    #[inline(never)]
    fn inherited(
        &self,
        mut metatable: TableId,
        index: StringId,
        name: StringId,
        guess: &Guess,
    ) -> Inherited<'_> {
        for _ in 0..CLASS_COUNT_MAX {
            let class = match self.table(metatable).value_of_string(index) {
                Some(Value::Table(class)) => self.table(*class),
                Some(Value::Nil) | None => return Inherited::Nothing,
                Some(_) => return Inherited::Unknown,
            };
            if let Some(value) = guessed(class, name, guess) {
                return Inherited::Value(value);
            }
            if let Some(value) = search(class, name, guess) {
                return Inherited::Value(value);
            }
            match class.metatable {
                Some(next) => metatable = next,
                None => return Inherited::Nothing,
            }
        }
        Inherited::Unknown
    }

    /// Stores a field that does not lie where it was guessed, or has no value there; false where a `__newindex` may have a
    /// say.
    #[inline(never)]
    fn store_field(
        &mut self,
        id: TableId,
        new_index: StringId,
        name: StringId,
        value: &Value,
        guess: &Guess,
    ) -> bool {
        let table = self.table_mut(id);
        let metatable = table.metatable;
        if let Some(position) = table.position_of_string(name) {
            guess.set(position);
            let place = &mut table.entries[position].value;
            if !place.is_nil() {
                copy(place, value);
                self.note_stored(value);
                return true;
            }
        }
        if let Some(metatable) = metatable
            && self.table(metatable).may_have(new_index)
        {
            return false;
        }
        self.set(id, Value::String(name), *value);
        true
    }
}

impl Vm {
    /// Runs until the marker of the native function that called is on top, which stays there; where there is an error, the
    /// marker is gone.
    pub(super) fn run(&mut self, begun: Result<(), Fault>) -> Result<(), Fault> {
        // A program that is kept costs no counting of references, which a comparator that is called a million times would feel.
        let kept = self.kept_program.take();
        let mut program = kept
            .filter(|kept| Arc::ptr_eq(kept, &self.program))
            .unwrap_or_else(|| Arc::clone(&self.program));
        let outcome = self.run_program(&mut program, begun);
        self.kept_program = Some(program);
        outcome
    }

    fn run_program(
        &mut self,
        program: &mut Arc<Program>,
        begun: Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut outcome = begun;
        loop {
            if let Err(fault) = outcome {
                self.unwind(fault)?;
            }
            outcome = match self.profile {
                Profile::Fold => self.execute::<true>(program),
                Profile::Script => self.execute::<false>(program),
            };
            if outcome.is_ok() {
                return Ok(());
            }
        }
    }

    fn execute<const FOLD: bool>(&mut self, program: &mut Arc<Program>) -> Result<(), Fault> {
        while !self.execute_program::<FOLD>(program)? {
            // A function that was loaded since the loop began.
            *program = Arc::clone(&self.program);
        }
        Ok(())
    }

    /// Whether the marker of the native function that called was met; else a function that the program has not.
    #[expect(clippy::too_many_lines, reason = "see the postcard")]
    fn execute_program<const FOLD: bool>(&mut self, program: &Program) -> Result<bool, Fault> {
        let prototypes = &program.prototypes[..];
        'frame: loop {
            let Some(frame) = self.frames.last() else {
                return Ok(true);
            };
            if !frame.is_program() {
                if frame.kind == FrameKind::Boundary {
                    return Ok(true);
                }
                let marker = *frame;
                if self.settle_marker(marker)? {
                    return Ok(true);
                }
                continue 'frame;
            }
            let mut base = frame.base as usize;
            let pc = frame.pc;
            let Some(prototype) = prototypes.get(frame.prototype as usize) else {
                return Ok(false);
            };
            let mut cursor: Cursor<'_> = prototype.code.resume(pc);
            let mut upvalues = Upvalues::unknown();
            let mut registers = window(&mut self.stack, base);

            macro_rules! save_pc {
                () => {
                    if let Some(frame) = self.frames.last_mut() {
                        frame.pc = cursor.pc() as u32;
                    }
                };
            }
            /// Leaves the fast path: the frame knows where it is, and the loop begins anew.
            macro_rules! slow {
                ($call:expr) => {{
                    save_pc!();
                    $call;
                    continue 'frame;
                }};
            }
            /// The same for what neither changes frames nor closures nor moves the stack, when all went well.
            macro_rules! aside {
                ($call:expr) => {{
                    save_pc!();
                    $call;
                    registers = window_again(&mut self.stack, base);
                }};
            }
            macro_rules! r {
                ($a:expr) => {
                    registers[$a as usize]
                };
            }
            macro_rules! upvalue {
                ($b:expr) => {
                    upvalues.get($b, || running_closure(&self.frames, &self.heap))
                };
            }
            macro_rules! jump_if {
                ($condition:expr, $target:expr) => {
                    if $condition {
                        cursor.jump($target);
                    }
                };
            }
            /// Stores a field of a table, unless something about it is unusual.
            macro_rules! set_field {
                ($id:expr, $name:expr, $value:expr, $guess:expr) => {{
                    let id = $id;
                    let table = self.heap.table_mut(id);
                    if let Some(entry) = table.entries.get_mut($guess.get())
                        && is_of(entry, $name)
                        && !entry.value.is_nil()
                    {
                        copy(&mut entry.value, &$value);
                        self.heap.note_stored(&$value);
                        continue;
                    }
                    let new_index = self.words.events[event::NEW_INDEX];
                    if self.heap.store_field(id, new_index, $name, &$value, $guess) {
                        continue;
                    }
                }};
            }
            macro_rules! pay {
                ($fuel:expr) => {
                    match self.fuel.checked_sub($fuel) {
                        Some(rest) => self.fuel = rest,
                        None => slow!(self.pay($fuel)?),
                    }
                };
            }
            /// An operation on two numbers, `$right` a reference.
            macro_rules! arithmetic {
                ($a:expr, $b:expr, $right:expr, $operator:ident, $wrapping:ident, $checked:ident, $float:tt) => {{
                    let (left, right) = (&r!($b), $right);
                    match (left, right) {
                        (Value::Integer(left), Value::Integer(right)) => {
                            if FOLD {
                                if let Some(result) = left.$checked(*right) {
                                    r!($a) = Value::Integer(result);
                                    continue;
                                }
                            } else {
                                r!($a) = Value::Integer(left.$wrapping(*right));
                                continue;
                            }
                        }
                        (Value::Float(left), Value::Float(right)) => {
                            r!($a) = Value::Float(left $float right);
                            continue;
                        }
                        (Value::Integer(left), Value::Float(right)) => {
                            r!($a) = Value::Float(*left as f64 $float right);
                            continue;
                        }
                        (Value::Float(left), Value::Integer(right)) => {
                            r!($a) = Value::Float(left $float *right as f64);
                            continue;
                        }
                        _ => {}
                    }
                    let (left, right) = (*left, *right);
                    slow!(self.slow_arithmetic(base, $a, Operator::$operator, left, right)?)
                }};
            }
            /// An operation on a number and a small integer.
            macro_rules! arithmetic_integer {
                ($a:expr, $b:expr, $i:expr, $operator:ident, $wrapping:ident, $checked:ident, $float:tt) => {{
                    match &r!($b) {
                        Value::Integer(left) => {
                            if FOLD {
                                if let Some(result) = left.$checked(i64::from($i)) {
                                    r!($a) = Value::Integer(result);
                                    continue;
                                }
                            } else {
                                r!($a) = Value::Integer(left.$wrapping(i64::from($i)));
                                continue;
                            }
                        }
                        Value::Float(left) => {
                            r!($a) = Value::Float(left $float f64::from($i));
                            continue;
                        }
                        _ => {}
                    }
                    let (left, right) = (r!($b), Value::Integer(i64::from($i)));
                    slow!(self.slow_arithmetic(base, $a, Operator::$operator, left, right)?)
                }};
            }
            /// An operation whose fast path is a function.
            macro_rules! computed {
                ($a:expr, $b:expr, $right:expr, $operator:ident, $function:expr) => {{
                    let (left, right) = (&r!($b), $right);
                    if let Some(value) = $function(left, right) {
                        r!($a) = value;
                        continue;
                    }
                    let (left, right) = (*left, *right);
                    slow!(self.slow_arithmetic(base, $a, Operator::$operator, left, right)?)
                }};
            }
            macro_rules! bitwise {
                ($a:expr, $b:expr, $c:expr, $operator:ident, $function:expr) => {{
                    if let (Value::Integer(left), Value::Integer(right)) = (&r!($b), &r!($c)) {
                        let function: fn(i64, i64) -> i64 = $function;
                        r!($a) = Value::Integer(function(*left, *right));
                        continue;
                    }
                    let (left, right) = (r!($b), r!($c));
                    slow!(self.slow_arithmetic(base, $a, Operator::$operator, left, right)?)
                }};
            }
            /// A comparison with a small integer; `$flipped` asks the other way round.
            macro_rules! compare_integer {
                ($a:expr, $i:expr, $target:expr, $test:tt, $flipped:expr, $or_equal:expr, $flag:expr) => {{
                    match &r!($a) {
                        Value::Integer(left) => jump_if!(*left $test i64::from($i), $target),
                        Value::Float(left) => {
                            let (left, right) = (*left, f64::from($i));
                            let (left, right) = if $flipped { (right, left) } else { (left, right) };
                            let holds = if $or_equal { left <= right } else { left < right };
                            jump_if!(holds == $flag, $target);
                        }
                        left => {
                            let (left, right) = (*left, Value::Integer(i64::from($i)));
                            let (left, right) = if $flipped { (right, left) } else { (left, right) };
                            slow!(self.slow_less(left, right, $or_equal, $flag, cursor.place($target))?)
                        }
                    }
                }};
            }

            /// Goes on in a function of the program, unless something about it is unusual.
            macro_rules! enter {
                ($id:expr, $called:expr, $index:expr, $slot:expr, $given:expr, $want:expr) => {{
                    if let Some(callee) = prototypes.get($index as usize)
                        && $called.upvalues.len() == callee.plain_upvalue_count as usize
                        && let Some(fuel) = self.fuel.checked_sub(u64::from(callee.weight))
                        && let register_count = usize::from(callee.register_count)
                        && let Some(fresh) =
                            fresh_window(&mut self.stack, $slot + 1, register_count)
                    {
                        self.fuel = fuel;
                        if $slot + 1 + register_count > self.high {
                            self.high = $slot + 1 + register_count;
                        }
                        save_pc!();
                        self.frames.push(Frame {
                            kind: FrameKind::Program,
                            closure: $id,
                            prototype: $index,
                            pc: 0,
                            base: $slot as u32 + 1,
                            rest_count: 0,
                            return_to: $slot as u32,
                            want: $want,
                            after: After::Nothing,
                            joined: 0,
                        });
                        upvalues = Upvalues::of($called);
                        cursor = callee.code.start();
                        base = $slot + 1;
                        registers = fresh;
                        for missing in $given..usize::from(callee.parameter_count) {
                            r!(missing) = Value::Nil;
                        }
                        continue;
                    }
                }};
            }

            /// The same in the place of the function that is left.
            macro_rules! replace {
                ($id:expr, $called:expr, $index:expr, $slot:expr, $given:expr) => {{
                    if let Some(callee) = prototypes.get($index as usize)
                        && let Some(frame) = self.frames.last_mut()
                        && let target = frame.slot() as usize
                        && $called.upvalues.len() == callee.plain_upvalue_count as usize
                        && let Some(fuel) = self.fuel.checked_sub(u64::from(callee.weight))
                        && let register_count = usize::from(callee.register_count)
                        && let Some(places) = self.stack.get_mut(target..)
                        && places.len() > register_count + WINDOW
                    {
                        self.fuel = fuel;
                        if target + 1 + register_count > self.high {
                            self.high = target + 1 + register_count;
                        }
                        frame.closure = $id;
                        frame.prototype = $index;
                        frame.pc = 0;
                        frame.base = target as u32 + 1;
                        frame.rest_count = 0;
                        frame.joined = 0;
                        move_down(&mut places[..=$slot + $given - target], $slot - target);
                        upvalues = Upvalues::of($called);
                        cursor = callee.code.start();
                        base = target + 1;
                        registers = window(places, 1);
                        for missing in $given..usize::from(callee.parameter_count) {
                            r!(missing) = Value::Nil;
                        }
                        continue;
                    }
                }};
            }

            loop {
                match *cursor.next() {
                    Op::Move { a, b } => {
                        let value = r!(b);
                        copy(&mut r!(a), &value);
                    }
                    Op::LoadNil { a, count } => {
                        registers[a as usize..a as usize + count as usize].fill(Value::Nil);
                    }
                    Op::LoadBoolean { a, value } => r!(a) = Value::Boolean(value),
                    Op::LoadInteger { a, value } => r!(a) = Value::Integer(i64::from(value)),
                    Op::LoadConstant { a, k } => copy(&mut r!(a), cursor.constant(k as usize)),
                    Op::GetUpvalue { a, b } => copy(&mut r!(a), upvalue!(b)),
                    Op::GetUpvalueCell { a, b } => {
                        if let Value::Cell(cell) = upvalue!(b) {
                            copy(&mut r!(a), self.heap.cell(*cell));
                        }
                    }
                    Op::SetUpvalueCell { a, b } => {
                        if let Value::Cell(cell) = upvalue!(b) {
                            let cell = *cell;
                            self.heap.set_cell(cell, &r!(a));
                        }
                    }
                    Op::NewCell { a } => {
                        let value = r!(a);
                        r!(a) = Value::Cell(self.heap.new_cell(value));
                    }
                    Op::GetCell { a, b } => {
                        if let Value::Cell(cell) = &r!(b) {
                            let cell = *cell;
                            copy(&mut r!(a), self.heap.cell(cell));
                        }
                    }
                    Op::SetCell { a, b } => {
                        if let Value::Cell(cell) = &r!(a) {
                            self.heap.set_cell(*cell, &r!(b));
                        }
                    }
                    Op::GetExport { a, k } => {
                        let table = self.heap.table(self.globals);
                        r!(a) = table.get(*cursor.constant(k as usize));
                    }
                    Op::SetExport { a, k } => {
                        let globals = self.globals;
                        self.heap.set(globals, *cursor.constant(k as usize), r!(a));
                    }
                    Op::GetEnvironment {
                        a,
                        b,
                        ref guess,
                        name,
                    } => {
                        let name = name.string();
                        if let Value::Table(id) = upvalue!(b) {
                            let table = self.heap.table(*id);
                            if let Some(value) = guessed(table, name, guess) {
                                copy(&mut r!(a), value);
                                continue;
                            }
                            if let Some(value) = search(table, name, guess) {
                                copy(&mut r!(a), value);
                                continue;
                            }
                        }
                        let environment = *upvalue!(b);
                        slow!(self.slow_index(base, a, environment, Value::String(name))?);
                    }
                    Op::SetEnvironment {
                        a,
                        b,
                        ref guess,
                        name,
                    } => {
                        let name = name.string();
                        if let Value::Table(id) = upvalue!(b) {
                            set_field!(*id, name, r!(a), guess);
                        }
                        let (environment, value) = (*upvalue!(b), r!(a));
                        let key = Value::String(name);
                        slow!(self.slow_set_index(environment, key, value)?);
                    }
                    Op::GetField {
                        a,
                        b,
                        ref guess,
                        name,
                    } => {
                        let name = name.string();
                        if let Value::Table(id) = &r!(b) {
                            let table = self.heap.table(*id);
                            if let Some(value) = guessed(table, name, guess) {
                                copy(&mut r!(a), value);
                                continue;
                            }
                            let index = self.words.events[event::INDEX];
                            match self.heap.field(table, index, name, guess) {
                                Inherited::Value(value) => {
                                    copy(&mut r!(a), value);
                                    continue;
                                }
                                Inherited::Nothing => {
                                    r!(a) = Value::Nil;
                                    continue;
                                }
                                Inherited::Unknown => {}
                            }
                        }
                        let object = r!(b);
                        slow!(self.slow_index(base, a, object, Value::String(name))?);
                    }
                    Op::GetIndex { a, b, c, ref guess } => {
                        if let (Value::Table(id), Value::Integer(index)) = (&r!(b), &r!(c)) {
                            let table = self.heap.table(*id);
                            if let Some(place) = table.place(*index)
                                && let value = &table.array[place]
                                && !value.is_nil()
                            {
                                copy(&mut r!(a), value);
                                continue;
                            }
                        }
                        let (object, key) = (r!(b), r!(c));
                        if let Value::Table(id) = object {
                            let table = self.heap.table(id);
                            let value = match key {
                                Value::Integer(integer) => table.get_integer(integer),
                                Value::String(name) => {
                                    let found = guessed(table, name, guess)
                                        .or_else(|| search(table, name, guess));
                                    found.copied().unwrap_or_default()
                                }
                                key => table.get(key),
                            };
                            if !value.is_nil() || table.metatable.is_none() {
                                copy(&mut r!(a), &value);
                                continue;
                            }
                        }
                        slow!(self.slow_index(base, a, object, key)?);
                    }
                    Op::GetInteger { a, b, i } => {
                        if let Value::Table(id) = &r!(b) {
                            let table = self.heap.table(*id);
                            if let Some(place) = table.place(i64::from(i))
                                && let value = &table.array[place]
                                && !value.is_nil()
                            {
                                copy(&mut r!(a), value);
                                continue;
                            }
                            let value = table.get_integer(i64::from(i));
                            if !value.is_nil() || table.metatable.is_none() {
                                r!(a) = value;
                                continue;
                            }
                        }
                        let (object, key) = (r!(b), Value::Integer(i64::from(i)));
                        slow!(self.slow_index(base, a, object, key)?);
                    }
                    Op::SetField {
                        a,
                        c,
                        ref guess,
                        name,
                    } => {
                        let name = name.string();
                        if let Value::Table(id) = &r!(a) {
                            set_field!(*id, name, r!(c), guess);
                        }
                        let (object, value) = (r!(a), r!(c));
                        slow!(self.slow_set_index(object, Value::String(name), value)?);
                    }
                    Op::SetIndex { a, b, c, ref guess } => {
                        if let (Value::Table(id), Value::Integer(index)) = (&r!(a), &r!(b)) {
                            let (id, index) = (*id, *index);
                            let table = self.heap.table_mut(id);
                            let is_plain = table.metatable.is_none();
                            if !r!(c).is_nil()
                                && let Some(place) = table.place(index)
                                && let place = &mut table.array[place]
                                && (is_plain || !place.is_nil())
                            {
                                copy(place, &r!(c));
                                self.heap.note_stored(&r!(c));
                                continue;
                            }
                            if is_plain {
                                self.heap.set_integer(id, index, &r!(c));
                                continue;
                            }
                        }
                        let (object, key, value) = (r!(a), r!(b), r!(c));
                        if let (Value::Table(id), Value::String(name)) = (object, key) {
                            set_field!(id, name, r!(c), guess);
                        }
                        slow!(self.slow_set_index(object, key, value)?);
                    }
                    Op::SetInteger { a, c, i } => {
                        if let Value::Table(id) = &r!(a) {
                            let id = *id;
                            let table = self.heap.table_mut(id);
                            let is_plain = table.metatable.is_none();
                            if !r!(c).is_nil()
                                && let Some(place) = table.place(i64::from(i))
                                && let place = &mut table.array[place]
                                && (is_plain || !place.is_nil())
                            {
                                copy(place, &r!(c));
                                self.heap.note_stored(&r!(c));
                                continue;
                            }
                            if is_plain {
                                self.heap.set_integer(id, i64::from(i), &r!(c));
                                continue;
                            }
                        }
                        let (object, value) = (r!(a), r!(c));
                        slow!(self.slow_set_index(object, Value::Integer(i64::from(i)), value)?);
                    }
                    Op::SetList { a, b, count, start } => {
                        aside!(self.set_list(base, a, b, count, start)?);
                    }
                    Op::SelfField {
                        a,
                        b,
                        ref guess,
                        name,
                    } => {
                        let name = name.string();
                        let mut object = Value::Nil;
                        copy(&mut object, &r!(b));
                        copy(&mut registers[after(a, 1)], &object);
                        let metatable = if let Value::Table(id) = object {
                            let table = self.heap.table(id);
                            if let Some(value) = guessed(table, name, guess) {
                                copy(&mut r!(a), value);
                                continue;
                            }
                            if table.may_have(name)
                                && let Some(value) = search(table, name, guess)
                            {
                                copy(&mut r!(a), value);
                                continue;
                            }
                            table.metatable
                        } else if let Value::String(_) = object {
                            self.string_metatable
                        } else {
                            None
                        };
                        if let Some(metatable) = metatable {
                            let index = self.words.events[event::INDEX];
                            if let Some(class) = self.heap.first_class(metatable, index)
                                && let Some(value) = guessed(class, name, guess)
                            {
                                copy(&mut r!(a), value);
                                continue;
                            }
                            if let Inherited::Value(value) =
                                self.heap.inherited(metatable, index, name, guess)
                            {
                                copy(&mut r!(a), value);
                                continue;
                            }
                        }
                        let object = registers[after(a, 1)];
                        slow!(self.slow_index(base, a, object, Value::String(name))?);
                    }
                    Op::NewTable { a, entries, array } => {
                        if self.heap.is_due() {
                            slow!({
                                self.collect_now(base)?;
                                self.new_table(base, a, entries, array);
                            });
                        }
                        let id = self.heap.new_table();
                        if entries > 0 || array > 0 {
                            self.heap
                                .reserve_table(id, array as usize, entries as usize);
                        }
                        r!(a) = Value::Table(id);
                    }
                    Op::Add { a, b, c } => {
                        arithmetic!(a, b, &r!(c), Add, wrapping_add, checked_add, +)
                    }
                    Op::Subtract { a, b, c } => {
                        arithmetic!(a, b, &r!(c), Subtract, wrapping_sub, checked_sub, -)
                    }
                    Op::Multiply { a, b, c } => {
                        arithmetic!(a, b, &r!(c), Multiply, wrapping_mul, checked_mul, *)
                    }
                    Op::AddConstant { a, b, k } => {
                        let right = cursor.constant(k as usize);
                        arithmetic!(a, b, right, Add, wrapping_add, checked_add, +)
                    }
                    Op::SubtractConstant { a, b, k } => {
                        let right = cursor.constant(k as usize);
                        arithmetic!(a, b, right, Subtract, wrapping_sub, checked_sub, -)
                    }
                    Op::AddInteger { a, b, i } => {
                        arithmetic_integer!(a, b, i, Add, wrapping_add, checked_add, +)
                    }
                    Op::SubtractInteger { a, b, i } => {
                        arithmetic_integer!(a, b, i, Subtract, wrapping_sub, checked_sub, -)
                    }
                    Op::MultiplyConstant { a, b, k } => {
                        let right = cursor.constant(k as usize);
                        arithmetic!(a, b, right, Multiply, wrapping_mul, checked_mul, *)
                    }
                    Op::Divide { a, b, c } => {
                        computed!(a, b, &r!(c), Divide, quotient::<FOLD>)
                    }
                    Op::DivideConstant { a, b, k } => {
                        let right = cursor.constant(k as usize);
                        computed!(a, b, right, Divide, quotient::<FOLD>)
                    }
                    Op::FloorDivide { a, b, c } => {
                        computed!(a, b, &r!(c), FloorDivide, floor_quotient)
                    }
                    Op::FloorDivideConstant { a, b, k } => {
                        computed!(
                            a,
                            b,
                            cursor.constant(k as usize),
                            FloorDivide,
                            floor_quotient
                        )
                    }
                    Op::Modulo { a, b, c } => computed!(a, b, &r!(c), Modulo, remainder),
                    Op::ModuloConstant { a, b, k } => {
                        computed!(a, b, cursor.constant(k as usize), Modulo, remainder)
                    }
                    Op::Power { a, b, c } => {
                        let (left, right) = (r!(b), r!(c));
                        slow!(self.slow_arithmetic(base, a, Operator::Power, left, right)?);
                    }
                    Op::BitAnd { a, b, c } => bitwise!(a, b, c, BitAnd, |x, y| x & y),
                    Op::BitOr { a, b, c } => bitwise!(a, b, c, BitOr, |x, y| x | y),
                    Op::BitXor { a, b, c } => bitwise!(a, b, c, BitXor, |x, y| x ^ y),
                    Op::ShiftLeft { a, b, c } => {
                        bitwise!(a, b, c, ShiftLeft, arithmetic::shift_left)
                    }
                    Op::ShiftRight { a, b, c } => {
                        bitwise!(a, b, c, ShiftRight, |x, y| arithmetic::shift_left(
                            x,
                            y.wrapping_neg()
                        ))
                    }
                    Op::Negate { a, b } => match &r!(b) {
                        Value::Integer(integer) if !FOLD => {
                            r!(a) = Value::Integer(integer.wrapping_neg());
                        }
                        Value::Float(float) => r!(a) = Value::Float(-float),
                        operand => {
                            let operand = *operand;
                            slow!(self.slow_negate(base, a, operand)?)
                        }
                    },
                    Op::Not { a, b } => r!(a) = Value::Boolean(!r!(b).is_true()),
                    Op::Length { a, b } => {
                        match &r!(b) {
                            Value::Table(id) => {
                                let table = self.heap.table(*id);
                                if table.metatable.is_none() {
                                    r!(a) = Value::Integer(table.length());
                                    continue;
                                }
                            }
                            Value::String(id) => {
                                let size = self.heap.bytes_of(*id).len();
                                r!(a) = Value::Integer(size as i64);
                                continue;
                            }
                            _ => {}
                        }
                        let operand = r!(b);
                        slow!(self.slow_length(base, a, operand)?);
                    }
                    Op::BitNot { a, b } => match &r!(b) {
                        Value::Integer(integer) => r!(a) = Value::Integer(!integer),
                        operand => {
                            let operand = *operand;
                            slow!(self.slow_bit_not(base, a, operand)?)
                        }
                    },
                    Op::Concat { a, b, count } => slow!({
                        self.collect_if_due(base)?;
                        self.concat(base, a, b, count)?;
                    }),
                    Op::Jump { target } => cursor.jump(target),
                    Op::Loop { fuel, target } => {
                        pay!(u64::from(fuel));
                        cursor.jump(target);
                        if self.heap.is_due() {
                            slow!(self.collect_now(base)?);
                        }
                    }
                    Op::Test { a, flag, target } => jump_if!(r!(a).is_true() == flag, target),
                    Op::Equal { a, b, flag, target } => {
                        let (left, right) = (&r!(a), &r!(b));
                        if left.is_nil() || right.is_nil() {
                            let is_same = left.is_nil() && right.is_nil();
                            jump_if!(is_same == flag, target);
                            continue;
                        }
                        if let (Value::Table(x), Value::Table(y)) = (left, right)
                            && x != y
                        {
                            let (left, right) = (*left, *right);
                            slow!(self.slow_equal(left, right, flag, cursor.place(target))?);
                        }
                        jump_if!(same(left, right) == flag, target);
                    }
                    Op::EqualConstant { a, k, target } => {
                        jump_if!(same(&r!(a), cursor.constant(k as usize)), target);
                    }
                    Op::UnequalConstant { a, k, target } => {
                        jump_if!(!same(&r!(a), cursor.constant(k as usize)), target);
                    }
                    Op::Less { a, b, flag, target } => {
                        let is_less = match (&r!(a), &r!(b)) {
                            (Value::Integer(left), Value::Integer(right)) => left < right,
                            (Value::Float(left), Value::Float(right)) => left < right,
                            (left, right) => {
                                let (left, right) = (*left, *right);
                                slow!(self.slow_less(
                                    left,
                                    right,
                                    false,
                                    flag,
                                    cursor.place(target)
                                )?)
                            }
                        };
                        jump_if!(is_less == flag, target);
                    }
                    Op::LessEqual { a, b, flag, target } => {
                        let is_less = match (&r!(a), &r!(b)) {
                            (Value::Integer(left), Value::Integer(right)) => left <= right,
                            (Value::Float(left), Value::Float(right)) => left <= right,
                            (left, right) => {
                                let (left, right) = (*left, *right);
                                slow!(self.slow_less(
                                    left,
                                    right,
                                    true,
                                    flag,
                                    cursor.place(target)
                                )?)
                            }
                        };
                        jump_if!(is_less == flag, target);
                    }
                    Op::LessInteger { a, i, target } => {
                        compare_integer!(a, i, target, <, false, false, true);
                    }
                    Op::NotLessInteger { a, i, target } => {
                        compare_integer!(a, i, target, >=, false, false, false);
                    }
                    Op::LessEqualInteger { a, i, target } => {
                        compare_integer!(a, i, target, <=, false, true, true);
                    }
                    Op::NotLessEqualInteger { a, i, target } => {
                        compare_integer!(a, i, target, >, false, true, false);
                    }
                    Op::GreaterInteger { a, i, target } => {
                        compare_integer!(a, i, target, >, true, false, true);
                    }
                    Op::NotGreaterInteger { a, i, target } => {
                        compare_integer!(a, i, target, <=, true, false, false);
                    }
                    Op::GreaterEqualInteger { a, i, target } => {
                        compare_integer!(a, i, target, >=, true, true, true);
                    }
                    Op::NotGreaterEqualInteger { a, i, target } => {
                        compare_integer!(a, i, target, <, true, true, false);
                    }
                    Op::ForPrepare { a, target } => {
                        aside!(self.prepare_loop(base, a, cursor.place(target))?);
                        if let Some(frame) = self.frames.last()
                            && frame.pc as usize != cursor.pc()
                        {
                            cursor.jump(target);
                        }
                    }
                    Op::ForLoop { a, fuel, target } => {
                        if let Some([current, left, step, variable]) = state_of_loop(registers, a)
                            && let Value::Integer(count) = left
                            && let Value::Integer(step) = step
                            && let Value::Integer(at) = current
                        {
                            if *count == 0 {
                                continue;
                            }
                            *count = count.wrapping_sub(1);
                            *at = at.wrapping_add(*step);
                            *variable = Value::Integer(*at);
                            pay!(u64::from(fuel));
                            cursor.jump(target);
                            if self.heap.is_due() {
                                slow!(self.collect_now(base)?);
                            }
                            continue;
                        }
                        slow!(self.step_loop(base, a, fuel, cursor.place(target))?);
                    }
                    Op::ForEachPrepare { a, closes } => slow!(self.prepare_each(base, a, closes)?),
                    Op::ForEach { a, count, target } => {
                        // Going through a table with the library's own iterators takes no call.
                        if let (Value::Native(iterator), Value::Table(id)) =
                            (r!(a), registers[after(a, 1)])
                        {
                            if iterator == library::IPAIRS_STEP
                                && let Value::Integer(index) = registers[after(a, 2)]
                            {
                                let table = self.heap.table(id);
                                let index = index.wrapping_add(1);
                                let value = match table.in_array(index) {
                                    Some(value) => *value,
                                    None => table.get_integer(index),
                                };
                                if !value.is_nil() {
                                    registers[after(a, 2)] = Value::Integer(index);
                                    registers[after(a, 5)] = Value::Integer(index);
                                    copy(&mut registers[after(a, 6)], &value);
                                    for extra in 2..count {
                                        registers[after(a, extra.wrapping_add(5))] = Value::Nil;
                                    }
                                    cursor.skip();
                                    continue;
                                }
                                if table.metatable.is_none() {
                                    cursor.jump(target);
                                    continue;
                                }
                            } else if iterator == library::NEXT
                                && let Value::Integer(state) = registers[after(a, 4)]
                            {
                                let table = self.heap.table(id);
                                let (position, additions) = (state as u32, (state >> 32) as u32);
                                if table.additions == additions {
                                    match table.step(position) {
                                        Some((key, value, position)) => {
                                            let state =
                                                i64::from(additions) << 32 | i64::from(position);
                                            copy(&mut registers[after(a, 2)], &key);
                                            registers[after(a, 4)] = Value::Integer(state);
                                            copy(&mut registers[after(a, 5)], &key);
                                            copy(&mut registers[after(a, 6)], &value);
                                            for extra in 2..count {
                                                registers[after(a, extra.wrapping_add(5))] =
                                                    Value::Nil;
                                            }
                                            cursor.skip();
                                        }
                                        None => cursor.jump(target),
                                    }
                                    continue;
                                }
                                slow!(self.refuse_change()?);
                            }
                        }
                        slow!(self.call_iterator(base, a, count)?);
                    }
                    Op::ForEachTest { a, target } => {
                        let control = registers[after(a, 5)];
                        if control.is_nil() {
                            cursor.jump(target);
                        } else {
                            copy(&mut registers[after(a, 2)], &control);
                        }
                    }
                    Op::Call {
                        a,
                        count,
                        want,
                        callee: ref guess,
                    } => {
                        if let Value::Closure(id) = &r!(a)
                            && (count != MULTIPLE
                                || (!self.heap.is_due()
                                    && self.top <= base + a as usize + LIST_UNIT))
                        {
                            let id = *id;
                            let slot = base + a as usize;
                            let given = match count {
                                MULTIPLE => self.top.saturating_sub(slot + 1),
                                count => usize::from(count),
                            };
                            // What follows hangs on the guess, not on the closure, which only has to agree.
                            let index = guess.get();
                            let called = self.heap.closure(id);
                            if called.prototype == index {
                                enter!(id, called, index, slot, given, want);
                            } else {
                                guess.set(called.prototype);
                                cursor.again();
                                continue;
                            }
                            slow!({
                                let delivery = Delivery {
                                    to: slot,
                                    want,
                                    after: After::Nothing,
                                };
                                self.call_closure(id, slot, given, delivery)?;
                            });
                        }
                        if let Value::Native(id) = &r!(a)
                            && let Native::Plain(function) = native(*id)
                        {
                            aside!(self.call_plain(base, a, count, want, function)?);
                            upvalues = Upvalues::unknown();
                            continue;
                        }
                        slow!(self.call_register(base, a, count, want)?);
                    }
                    Op::TailCall {
                        a,
                        count,
                        callee: ref guess,
                    } => {
                        // The same as a call, in the place of the frame that is left.
                        if let Value::Closure(id) = &r!(a)
                            && !self.heap.is_due()
                            && (count != MULTIPLE || self.top <= base + a as usize + LIST_UNIT)
                        {
                            let (id, slot) = (*id, base + a as usize);
                            let given = match count {
                                MULTIPLE => self.top.saturating_sub(slot + 1),
                                count => usize::from(count),
                            };
                            let index = guess.get();
                            let called = self.heap.closure(id);
                            if called.prototype == index {
                                replace!(id, called, index, slot, given);
                            } else {
                                guess.set(called.prototype);
                                cursor.again();
                                continue;
                            }
                        }
                        slow!(self.tail_call(base, a, count)?)
                    }
                    Op::Return { a, count, pays } => {
                        let from = base + a as usize;
                        let count = if count == MULTIPLE {
                            self.top.saturating_sub(from)
                        } else {
                            count as usize
                        };
                        if pays && count >= LIST_UNIT {
                            slow!({
                                self.pay_for_list(count)?;
                                self.return_values(from, count);
                            });
                        }
                        self.return_values(from, count);
                        continue 'frame;
                    }
                    Op::ReturnNothing => {
                        if let Some(frame) = self.frames.last()
                            && matches!(frame.after, After::Nothing)
                            && frame.want == 0
                        {
                            self.frames.pop();
                            continue 'frame;
                        }
                        self.return_values(base, 0);
                        continue 'frame;
                    }
                    Op::ReturnOne { a } => {
                        if let Some(frame) = self.frames.last()
                            && matches!(frame.after, After::Nothing)
                        {
                            let to = frame.return_to as usize;
                            if frame.want == 1 {
                                let mut value = Value::Nil;
                                copy(&mut value, &r!(a));
                                copy(&mut self.stack[to], &value);
                                self.frames.pop();
                                continue 'frame;
                            }
                            if frame.want == 0 {
                                self.frames.pop();
                                continue 'frame;
                            }
                        }
                        self.return_values(base + a as usize, 1);
                        continue 'frame;
                    }
                    Op::Rest { a, want } => slow!(self.rest(base, a, want)?),
                    Op::Closure {
                        a,
                        prototype: index,
                    } => {
                        if self.heap.is_due() {
                            slow!({
                                self.collect_now(base)?;
                                self.make_closure(program, base, a, index);
                            });
                        }
                        self.make_closure(program, base, a, index);
                        upvalues = Upvalues::unknown();
                        registers = window_again(&mut self.stack, base);
                    }
                    Op::MarkClose { a } => slow!(self.mark_close(base + a as usize)?),
                    Op::Close { a } => {
                        let level = base + a as usize;
                        if self
                            .to_close
                            .last()
                            .is_some_and(|place| *place as usize >= level)
                        {
                            slow!(self.begin_close(level)?);
                        }
                    }
                }
            }
        }
    }

    #[inline]
    fn return_values(&mut self, from: usize, count: usize) {
        if let Some(frame) = self.frames.pop() {
            self.deliver(from, count, super::call::delivery_of(&frame));
        }
    }

    /// Pays for a list whose length only the run knows: what it takes to hand it over must not be free.
    pub(super) fn pay_for_list(&mut self, count: usize) -> Result<(), Fault> {
        self.pay((count / LIST_UNIT) as u64)
    }

    #[cold]
    fn refuse_change(&mut self) -> Result<(), Fault> {
        Err(self.raise_named(super::meaning::Wrong::Changed))
    }

    fn make_closure(&mut self, program: &Program, base: usize, a: u8, index: u32) {
        let maker = self.frames.last().map(|frame| frame.closure);
        let running = self.frames.last().map_or(0, |frame| frame.prototype);
        let index = program.prototypes[running as usize].notes.module_start + index;
        let sources = &program.prototypes[index as usize].notes.sources;
        let mut itself = None;
        let upvalue = |(position, source): (usize, &super::Source)| match source {
            super::Source::Register(register) => self.stack[base + usize::from(*register)],
            super::Source::Upvalue(upvalue) => maker.map_or(Value::Nil, |maker| {
                self.heap.closure(maker).upvalues[usize::from(*upvalue)]
            }),
            super::Source::Itself => {
                itself = Some(position);
                Value::Nil
            }
        };
        let upvalues: Box<[Value]> = sources.iter().enumerate().map(upvalue).collect();
        debug_assert_eq!(
            upvalues.len(),
            program.prototypes[index as usize].code.upvalue_count()
        );
        let id = self.heap.new_closure(index, upvalues);
        if let Some(position) = itself {
            self.heap.closures.get_mut(id.0).upvalues[position] = Value::Closure(id);
        }
        self.stack[base + usize::from(a)] = Value::Closure(id);
    }

    fn new_table(&mut self, base: usize, a: u8, entries: u16, array: u32) {
        let id = self.heap.new_table();
        self.heap
            .reserve_table(id, array as usize, entries as usize);
        self.stack[base + usize::from(a)] = Value::Table(id);
    }

    fn collect_if_due(&mut self, base: usize) -> Result<(), Fault> {
        if self.heap.is_due() {
            return self.collect_now(base);
        }
        Ok(())
    }

    #[cold]
    fn collect_now(&mut self, base: usize) -> Result<(), Fault> {
        self.collect(self.end_of_registers(base).max(self.native_end))
    }

    /// Where the registers of the running function end, which begin at `base`.
    fn end_of_registers(&self, base: usize) -> usize {
        let running = self.frames.last().map_or(0, |frame| frame.prototype);
        let prototype = self.program.prototypes.get(running as usize);
        base + prototype.map_or(0, |prototype| usize::from(prototype.register_count))
    }

    /// How many values are given to R[a]; a collection that is due comes first, while every value is on the stack.
    #[inline]
    fn given_to(&mut self, base: usize, a: u8, count: u8) -> Result<usize, Fault> {
        let slot = base + usize::from(a);
        let count = if count == MULTIPLE {
            let count = self.top.saturating_sub(slot + 1);
            self.pay_for_list(count)?;
            count
        } else {
            usize::from(count)
        };
        if self.heap.is_due() {
            let end = self
                .end_of_registers(base)
                .max(slot + 1 + count)
                .max(self.native_end);
            self.collect(end)?;
        }
        Ok(count)
    }

    /// Calls whatever is in R[a].
    fn call_register(&mut self, base: usize, a: u8, count: u8, want: u8) -> Result<(), Fault> {
        let slot = base + usize::from(a);
        let count = self.given_to(base, a, count)?;
        let delivery = Delivery {
            to: slot,
            want,
            after: After::Nothing,
        };
        self.begin_call(slot, count, delivery)
    }

    /// Calls a function of the library that changes no frames.
    #[inline(never)]
    fn call_plain(
        &mut self,
        base: usize,
        a: u8,
        count: u8,
        want: u8,
        function: PlainFunction,
    ) -> Result<(), Fault> {
        let slot = base + usize::from(a);
        let count = self.given_to(base, a, count)?;
        self.make_window(slot + count)?;
        let kept = core::mem::replace(&mut self.native_end, slot + 1 + count);
        let arguments = library::Arguments {
            base: slot + 1,
            count,
        };
        let results = function(self, arguments);
        self.native_end = kept;
        let results = results?;
        // Results begin where the function was.
        if want == 0 {
            return Ok(());
        }
        if want == 1 {
            if results == 0 {
                self.stack[slot] = Value::Nil;
            }
            return Ok(());
        }
        let delivery = Delivery {
            to: slot,
            want,
            after: After::Nothing,
        };
        self.deliver(slot, results, delivery);
        Ok(())
    }

    fn tail_call(&mut self, base: usize, a: u8, count: u8) -> Result<(), Fault> {
        let slot = base + usize::from(a);
        let count = if count == MULTIPLE {
            let count = self.top.saturating_sub(slot + 1);
            self.pay_for_list(count)?;
            count
        } else {
            usize::from(count)
        };
        if !matches!(self.stack[slot], Value::Closure(_)) {
            // Anything else returns at once: call it, then return what it gives.
            self.call_for_return(slot, count, base)?;
            return Ok(());
        }
        self.collect_if_due(base.max(slot + 1 + count))?;
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        let target = frame.slot() as usize;
        self.stack.copy_within(slot..=slot + count, target);
        self.begin_call(target, count, super::call::delivery_of(&frame))
    }

    /// A tail call of a library function or a table: an ordinary call, and the next instruction returns.
    fn call_for_return(&mut self, slot: usize, count: usize, base: usize) -> Result<(), Fault> {
        if self.heap.is_due() {
            let end = self
                .end_of_registers(base)
                .max(slot + 1 + count)
                .max(self.native_end);
            self.collect(end)?;
        }
        let delivery = Delivery {
            to: slot,
            want: MULTIPLE,
            after: After::Nothing,
        };
        self.begin_call(slot, count, delivery)
    }
}

/// Equality without metamethods.
#[inline(always)]
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Integer(left), Value::Integer(right)) => left == right,
        (Value::String(left), Value::String(right)) => left == right,
        (Value::Boolean(left), Value::Boolean(right)) => left == right,
        (Value::Table(left), Value::Table(right)) => left == right,
        (Value::Nil, other) | (other, Value::Nil) => other.is_nil(),
        (left, right) => left.raw_equal(*right),
    }
}

#[inline(always)]
fn quotient<const FOLD: bool>(left: &Value, right: &Value) -> Option<Value> {
    match (left, right) {
        (Value::Integer(left), Value::Integer(right)) if !FOLD => {
            Some(Value::Float(*left as f64 / *right as f64))
        }
        (Value::Float(left), Value::Float(right)) => Some(Value::Float(left / right)),
        (Value::Float(left), Value::Integer(right)) => Some(Value::Float(left / *right as f64)),
        (Value::Integer(left), Value::Float(right)) => Some(Value::Float(*left as f64 / right)),
        _ => None,
    }
}

#[inline(always)]
fn floor_quotient(left: &Value, right: &Value) -> Option<Value> {
    match (left, right) {
        (Value::Integer(left), Value::Integer(right)) if *right > 0 => {
            Some(Value::Integer(arithmetic::floor_div(*left, *right)))
        }
        (Value::Float(left), Value::Float(right)) => {
            Some(Value::Float(binary64::floor_div(*left, *right)))
        }
        _ => None,
    }
}

#[inline(always)]
fn remainder(left: &Value, right: &Value) -> Option<Value> {
    match (left, right) {
        (Value::Integer(left), Value::Integer(right)) if *right > 0 => {
            Some(Value::Integer(arithmetic::floor_mod(*left, *right)))
        }
        (Value::Float(left), Value::Float(right)) => {
            Some(Value::Float(binary64::floor_mod(*left, *right)))
        }
        _ => None,
    }
}
