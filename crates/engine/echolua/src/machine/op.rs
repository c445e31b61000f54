//! Register code: what the machine executes, derived from ELC when a program is loaded.
//!
//! Private and never stored: it may change for speed without changing a hash. `R[a]` is a register of the running
//! function, `K[k]` a constant, `U[b]` an upvalue, `name` a constant that is a string. Each instruction has 8 bytes, and
//! room in them for what it found out about its key. A target is the number of an instruction; in code that was loaded it
//! says how many instructions it lies behind the next one, in two's complement.
//!
//! INVARIANT: registers are bytes and a window of 256 is always there, so a register needs no check.
//! TWIN: opcodes — `execute.rs`, `lower`. Tests: `tests/it/language.rs`, `src/machine/unchecked/tests.rs`.

use crate::value::{StringId, Value};
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};

/// In a count of values: as many as there are.
pub(crate) const MULTIPLE: u8 = 255;

/// Values of an open list that cost a unit of fuel; see `docs/formats/elc.md`.
pub(crate) const LIST_UNIT: usize = 16;

/// Where the key of an instruction lay in the last table. It is checked where it is used, so that it changes nothing but
/// speed; forks on other threads may write it too.
#[derive(Debug, Default)]
pub(crate) struct Guess(AtomicU8);

impl Guess {
    #[inline(always)]
    pub fn get(&self) -> usize {
        usize::from(self.0.load(Ordering::Relaxed))
    }

    #[inline]
    pub fn set(&self, position: usize) {
        if let Ok(position) = u8::try_from(position) {
            self.0.store(position, Ordering::Relaxed);
        }
    }
}

/// Which function a call led to last time, by its number among the prototypes. It is checked where it is used, so that it
/// changes nothing but speed: a processor that guesses the same goes on in the callee while it still looks for the closure.
#[derive(Debug)]
pub(crate) struct Callee(AtomicU32);

impl Default for Callee {
    fn default() -> Callee {
        Callee(AtomicU32::new(u32::MAX))
    }
}

impl Callee {
    #[inline(always)]
    pub fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    #[inline]
    pub fn set(&self, prototype: u32) {
        self.0.store(prototype, Ordering::Relaxed);
    }
}

/// A key of an instruction: the number of a constant until code is loaded, from then on the string itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name(u32);

impl Name {
    pub fn of_constant(k: u16) -> Name {
        Name(u32::from(k))
    }

    /// The string, in code that was loaded.
    #[inline(always)]
    pub const fn string(self) -> StringId {
        StringId(self.0)
    }
}

/// One instruction.
#[derive(Debug)]
pub(crate) enum Op {
    /// R[a] := R[b]
    Move { a: u8, b: u8 },
    /// R[a], … R[a + count − 1] := nil
    LoadNil { a: u8, count: u8 },
    /// R[a] := value
    LoadBoolean { a: u8, value: bool },
    /// R[a] := value
    LoadInteger { a: u8, value: i32 },
    /// R[a] := K[k]
    LoadConstant { a: u8, k: u32 },
    /// R[a] := U[b]
    GetUpvalue { a: u8, b: u8 },
    /// R[a] := value of the cell U[b]
    GetUpvalueCell { a: u8, b: u8 },
    /// value of the cell U[b] := R[a]
    SetUpvalueCell { a: u8, b: u8 },
    /// R[a] := a new cell with R[a]
    NewCell { a: u8 },
    /// R[a] := value of the cell R[b]
    GetCell { a: u8, b: u8 },
    /// value of the cell R[a] := R[b]
    SetCell { a: u8, b: u8 },
    /// R[a] := globals[K[k]]
    GetExport { a: u8, k: u32 },
    /// globals[K[k]] := R[a]
    SetExport { a: u8, k: u32 },
    /// R[a] := U[b][name]
    GetEnvironment {
        a: u8,
        b: u8,
        guess: Guess,
        name: Name,
    },
    /// U[b][name] := R[a]
    SetEnvironment {
        a: u8,
        b: u8,
        guess: Guess,
        name: Name,
    },
    /// R[a] := R[b][name]
    GetField {
        a: u8,
        b: u8,
        guess: Guess,
        name: Name,
    },
    /// R[a] := R[b][R[c]]
    GetIndex { a: u8, b: u8, c: u8, guess: Guess },
    /// R[a] := R[b][i]
    GetInteger { a: u8, b: u8, i: i32 },
    /// R[a][name] := R[c]
    SetField {
        a: u8,
        c: u8,
        guess: Guess,
        name: Name,
    },
    /// R[a][R[b]] := R[c]
    SetIndex { a: u8, b: u8, c: u8, guess: Guess },
    /// R[a][i] := R[c]
    SetInteger { a: u8, c: u8, i: i32 },
    /// R[a][start + 1], … := R[b], …; count may be MULTIPLE
    SetList { a: u8, b: u8, count: u8, start: u32 },
    /// R[a + 1] := R[b]; R[a] := R[b][name]
    SelfField {
        a: u8,
        b: u8,
        guess: Guess,
        name: Name,
    },
    /// R[a] := a new table with room
    NewTable { a: u8, entries: u16, array: u32 },
    /// R[a] := R[b] + R[c]
    Add { a: u8, b: u8, c: u8 },
    /// R[a] := R[b] − R[c]
    Subtract { a: u8, b: u8, c: u8 },
    /// R[a] := R[b] · R[c]
    Multiply { a: u8, b: u8, c: u8 },
    /// R[a] := R[b] / R[c]
    Divide { a: u8, b: u8, c: u8 },
    /// R[a] := R[b] // R[c]
    FloorDivide { a: u8, b: u8, c: u8 },
    /// R[a] := R[b] % R[c]
    Modulo { a: u8, b: u8, c: u8 },
    /// R[a] := R[b] ^ R[c]
    Power { a: u8, b: u8, c: u8 },
    /// R[a] := R[b] + K[k]
    AddConstant { a: u8, b: u8, k: u16 },
    /// R[a] := R[b] − K[k]
    SubtractConstant { a: u8, b: u8, k: u16 },
    /// R[a] := R[b] + i
    AddInteger { a: u8, b: u8, i: i32 },
    /// R[a] := R[b] − i
    SubtractInteger { a: u8, b: u8, i: i32 },
    /// R[a] := R[b] · K[k]
    MultiplyConstant { a: u8, b: u8, k: u16 },
    /// R[a] := R[b] / K[k]
    DivideConstant { a: u8, b: u8, k: u16 },
    /// R[a] := R[b] // K[k]
    FloorDivideConstant { a: u8, b: u8, k: u16 },
    /// R[a] := R[b] % K[k]
    ModuloConstant { a: u8, b: u8, k: u16 },
    /// R[a] := R[b] & R[c]
    BitAnd { a: u8, b: u8, c: u8 },
    /// R[a] := R[b] | R[c]
    BitOr { a: u8, b: u8, c: u8 },
    /// R[a] := R[b] ~ R[c]
    BitXor { a: u8, b: u8, c: u8 },
    /// R[a] := R[b] << R[c]
    ShiftLeft { a: u8, b: u8, c: u8 },
    /// R[a] := R[b] >> R[c]
    ShiftRight { a: u8, b: u8, c: u8 },
    /// R[a] := −R[b]
    Negate { a: u8, b: u8 },
    /// R[a] := not R[b]
    Not { a: u8, b: u8 },
    /// R[a] := #R[b]
    Length { a: u8, b: u8 },
    /// R[a] := ~R[b]
    BitNot { a: u8, b: u8 },
    /// R[a] := R[b] .. … .. R[b + count − 1]
    Concat { a: u8, b: u8, count: u8 },
    /// go on at target
    Jump { target: u32 },
    /// pay fuel; go on at target
    Loop { fuel: u16, target: u32 },
    /// if R[a] counts as `flag`, go on at target
    Test { a: u8, flag: bool, target: u32 },
    /// if (R[a] == R[b]) is `flag`, go on at target
    Equal {
        a: u8,
        b: u8,
        flag: bool,
        target: u32,
    },
    /// if (R[a] == K[k]) is true, go on at target
    EqualConstant { a: u8, k: u16, target: u32 },
    /// if (R[a] == K[k]) is false, go on at target
    UnequalConstant { a: u8, k: u16, target: u32 },
    /// if (R[a] < R[b]) is `flag`, go on at target
    Less {
        a: u8,
        b: u8,
        flag: bool,
        target: u32,
    },
    /// if (R[a] <= R[b]) is `flag`, go on at target
    LessEqual {
        a: u8,
        b: u8,
        flag: bool,
        target: u32,
    },
    /// if (R[a] < i) is true, go on at target
    LessInteger { a: u8, i: i16, target: u32 },
    /// if (R[a] < i) is false, go on at target
    NotLessInteger { a: u8, i: i16, target: u32 },
    /// if (R[a] <= i) is true, go on at target
    LessEqualInteger { a: u8, i: i16, target: u32 },
    /// if (R[a] <= i) is false, go on at target
    NotLessEqualInteger { a: u8, i: i16, target: u32 },
    /// if (R[a] > i) is true, go on at target
    GreaterInteger { a: u8, i: i16, target: u32 },
    /// if (R[a] > i) is false, go on at target
    NotGreaterInteger { a: u8, i: i16, target: u32 },
    /// if (R[a] >= i) is true, go on at target
    GreaterEqualInteger { a: u8, i: i16, target: u32 },
    /// if (R[a] >= i) is false, go on at target
    NotGreaterEqualInteger { a: u8, i: i16, target: u32 },
    /// prepare to count R[a] to R[a + 1] by R[a + 2]; R[a + 3] := the first count, or go on at target
    ForPrepare { a: u8, target: u32 },
    /// count on: pay fuel, R[a + 3] := the next count, go on at target; or fall through
    ForLoop { a: u8, fuel: u16, target: u32 },
    /// mark R[a + 3] to be closed unless it is nil; prepare the hidden R[a + 4]
    ForEachPrepare { a: u8, closes: bool },
    /// R[a + 5], … := R[a](R[a + 1], R[a + 2]); if R[a + 5] is nil go on at target, else R[a + 2] := R[a + 5]
    ForEach { a: u8, count: u8, target: u32 },
    /// the second half of ForEach, behind a call
    ForEachTest { a: u8, target: u32 },
    /// R[a], … := R[a](R[a + 1], …): count arguments, want results
    Call {
        a: u8,
        count: u8,
        want: u8,
        callee: Callee,
    },
    /// return R[a](R[a + 1], …)
    TailCall { a: u8, count: u8, callee: Callee },
    /// return R[a], …; where it `pays`, for each 16 of them first
    Return { a: u8, count: u8, pays: bool },
    /// return
    ReturnNothing,
    /// return R[a]
    ReturnOne { a: u8 },
    /// R[a], … := the further arguments
    Rest { a: u8, want: u8 },
    /// R[a] := a new closure
    Closure { a: u8, prototype: u32 },
    /// mark R[a] to be closed
    MarkClose { a: u8 },
    /// close what is marked from R[a] on
    Close { a: u8 },
}

impl Op {
    /// Where the instruction may go on besides at the next one.
    pub fn target(&self) -> Option<u32> {
        match *self {
            Op::Jump { target }
            | Op::Loop { target, .. }
            | Op::Test { target, .. }
            | Op::Equal { target, .. }
            | Op::EqualConstant { target, .. }
            | Op::UnequalConstant { target, .. }
            | Op::Less { target, .. }
            | Op::LessEqual { target, .. }
            | Op::LessInteger { target, .. }
            | Op::NotLessInteger { target, .. }
            | Op::LessEqualInteger { target, .. }
            | Op::NotLessEqualInteger { target, .. }
            | Op::GreaterInteger { target, .. }
            | Op::NotGreaterInteger { target, .. }
            | Op::GreaterEqualInteger { target, .. }
            | Op::NotGreaterEqualInteger { target, .. }
            | Op::ForPrepare { target, .. }
            | Op::ForLoop { target, .. }
            | Op::ForEach { target, .. }
            | Op::ForEachTest { target, .. } => Some(target),
            _ => None,
        }
    }

    /// Gives the instruction another target, where it has one.
    pub fn set_target(&mut self, position: u32) {
        match self {
            Op::Jump { target }
            | Op::Loop { target, .. }
            | Op::Test { target, .. }
            | Op::Equal { target, .. }
            | Op::EqualConstant { target, .. }
            | Op::UnequalConstant { target, .. }
            | Op::Less { target, .. }
            | Op::LessEqual { target, .. }
            | Op::LessInteger { target, .. }
            | Op::NotLessInteger { target, .. }
            | Op::LessEqualInteger { target, .. }
            | Op::NotLessEqualInteger { target, .. }
            | Op::GreaterInteger { target, .. }
            | Op::NotGreaterInteger { target, .. }
            | Op::GreaterEqualInteger { target, .. }
            | Op::NotGreaterEqualInteger { target, .. }
            | Op::ForPrepare { target, .. }
            | Op::ForLoop { target, .. }
            | Op::ForEach { target, .. }
            | Op::ForEachTest { target, .. } => *target = position,
            _ => {}
        }
    }

    /// The key that the instruction names.
    fn name_mut(&mut self) -> Option<&mut Name> {
        match self {
            Op::GetEnvironment { name, .. }
            | Op::SetEnvironment { name, .. }
            | Op::GetField { name, .. }
            | Op::SetField { name, .. }
            | Op::SelfField { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Counts the target from the next instruction on; `position` is the instruction's own number.
    pub fn make_relative(&mut self, position: usize) {
        if let Some(target) = self.target() {
            self.set_target(target.wrapping_sub(position as u32 + 1));
        }
    }

    /// Puts the string in the place of its number, where the instruction names one; whether there is such a string.
    pub fn link(&mut self, constants: &[Value]) -> bool {
        let Some(name) = self.name_mut() else {
            return true;
        };
        match constants.get(name.0 as usize) {
            Some(Value::String(string)) => {
                *name = Name(string.0);
                true
            }
            _ => false,
        }
    }

    /// The constant the instruction names, and whether it must be a string.
    pub fn constant(&self) -> Option<(usize, bool)> {
        match *self {
            Op::LoadConstant { k, .. } => Some((k as usize, false)),
            Op::GetExport { k, .. } | Op::SetExport { k, .. } => Some((k as usize, true)),
            Op::AddConstant { k, .. }
            | Op::SubtractConstant { k, .. }
            | Op::MultiplyConstant { k, .. }
            | Op::DivideConstant { k, .. }
            | Op::FloorDivideConstant { k, .. }
            | Op::ModuloConstant { k, .. }
            | Op::EqualConstant { k, .. }
            | Op::UnequalConstant { k, .. } => Some((usize::from(k), false)),
            _ => None,
        }
    }

    /// The upvalue the instruction names.
    pub fn upvalue(&self) -> Option<u8> {
        match *self {
            Op::GetUpvalue { b, .. }
            | Op::GetUpvalueCell { b, .. }
            | Op::SetUpvalueCell { b, .. }
            | Op::GetEnvironment { b, .. }
            | Op::SetEnvironment { b, .. } => Some(b),
            _ => None,
        }
    }
}
